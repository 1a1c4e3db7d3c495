//! `compliance signers`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Subcommand};
use data_encoding::BASE64URL_NOPAD;
use domain::ids::{EvidenceSecretId, OrgId};
use domain::orgs::{Environment, OrgRecord};
use domain::signers::{SignedSignerSet, Signer, SignerName, SignerSet};
use org_directory::orgs::Orgs;
use org_directory::signers::{make_signer, public_file_of, read_public_file, sandbox_signer_set};
use serde_json::json;
use service::program::{print, say};
use unsealing::adopt::bring_over;
use unsealing::signer_changes::{self, SignerChange};
use unsealing::unseal::UnsealPorts;
use vault::{SignerKeys, signer_set_sha256};

use crate::command_error::CommandError;
use crate::opened::OpenedInstallation;
use crate::signer_files::{passphrase, read_signer};
use crate::target::{CommonArgs, OrgArgs};

/// Who may open evidence.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  compliance signers keygen --out siti.key
  compliance signers init --config compliance.toml --org org_… --signer siti=siti.pub --signer budi=budi.pub \\
      --signer rina=rina.pub --threshold 2
  compliance signers init --adopt --data-dir ./data
  compliance signers list --data-dir ./data
  compliance signers drill --data-dir ./data --signer ./data/compliance/signer-1.key \\
      --signer ./data/compliance/signer-2.key

A file under a passphrase asks the environment: IDENTITY_SIGNER_PASSPHRASE, or the file that
IDENTITY_SIGNER_PASSPHRASE_FILE names. Where several sign, each has its own by its place in the order of --signer:
IDENTITY_SIGNER_PASSPHRASE_1, IDENTITY_SIGNER_PASSPHRASE_FILE_2.")]
pub(crate) struct SignersArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make a signer: a private file (0600), and its public file beside it
    Keygen {
        /// The private file, ending in .key; the public one ends in .pub
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
    /// Give an org its first signers; with --adopt also bring over what was sealed before there were any
    Init(InitArgs),
    /// Add a signer, from the next secret on
    Add(AddArgs),
    /// Remove a signer, from the next secret on
    Remove(RemoveArgs),
    /// List an org's signers, each set with those before it
    List(ListArgs),
    /// Share older secrets among the present signers
    Reshare(ByArgs),
    /// Prove that these signers' keys work: they open a secret that is made for it
    Drill(ByArgs),
}

#[derive(Debug, Args)]
struct InitArgs {
    #[command(flatten)]
    common: CommonArgs,
    #[command(flatten)]
    org: OrgArgs,
    /// A signer's name and public file; once for each [default for an org of environment sandbox: two that are made, or
    /// found, in the folder of signers]
    #[arg(long = "signer", value_name = "NAME=PUBFILE", value_parser = named_file)]
    signers: Vec<(SignerName, PathBuf)>,
    /// How many of them open evidence
    #[arg(long, value_name = "N", default_value_t = 2)]
    threshold: u32,
    /// Bring over the evidence that an earlier build sealed to one key, and destroy that key
    #[arg(long)]
    adopt: bool,
    /// That key's file [default: <org>.key in the folder of signers]
    #[arg(long, value_name = "FILE", requires = "adopt")]
    evidence_key: Option<PathBuf>,
}

#[derive(Debug, Args)]
struct ListArgs {
    #[command(flatten)]
    common: CommonArgs,
    #[command(flatten)]
    org: OrgArgs,
}

/// An act of several signers.
#[derive(Debug, Args)]
struct ByArgs {
    #[command(flatten)]
    common: CommonArgs,
    #[command(flatten)]
    org: OrgArgs,
    /// A signer's private file; once for each
    #[arg(long = "signer", value_name = "FILE", required = true)]
    by: Vec<PathBuf>,
}

#[derive(Debug, Args)]
struct AddArgs {
    #[command(flatten)]
    by: ByArgs,
    /// The new signer's name and public file
    #[arg(value_name = "NAME=PUBFILE", value_parser = named_file)]
    signer: (SignerName, PathBuf),
    /// How many of them open evidence from now on [default: as many as before]
    #[arg(long, value_name = "N")]
    threshold: Option<u32>,
}

#[derive(Debug, Args)]
struct RemoveArgs {
    #[command(flatten)]
    by: ByArgs,
    /// The signer's name
    #[arg(value_name = "NAME", value_parser = |text: &str| SignerName::parse(text))]
    signer: SignerName,
    /// How many of them open evidence from now on [default: as many as before]
    #[arg(long, value_name = "N")]
    threshold: Option<u32>,
}

fn named_file(text: &str) -> Result<(SignerName, PathBuf), String> {
    let (name, file) = text.split_once('=').ok_or("a name, =, and the public file")?;
    Ok((SignerName::parse(name).map_err(|error| error.to_string())?, PathBuf::from(file)))
}

pub(crate) async fn run(args: SignersArgs) -> Result<ExitCode, CommandError> {
    match args.command {
        Command::Keygen { out } => keygen(&out),
        Command::Init(args) => {
            let opened = OpenedInstallation::open(&args.common.target).await?;
            opened.run(async |opened| init(&args, opened).await).await
        }
        Command::Add(args) => {
            let public = read_public_file(&args.signer.1)?;
            let change = SignerChange::Add(public.named(args.signer.0.clone()));
            changed(&args.by, args.threshold, &change).await
        }
        Command::Remove(args) => {
            changed(&args.by, args.threshold, &SignerChange::Remove(args.signer.clone())).await
        }
        Command::List(args) => {
            let opened = OpenedInstallation::open(&args.common.target).await?;
            opened.run(async |opened| list(&args, opened).await).await
        }
        Command::Reshare(args) => {
            let keys = read_all(&args.by)?;
            let opened = OpenedInstallation::open(&args.common.target).await?;
            opened.run(async |opened| reshare(&args, &keys, opened).await).await
        }
        Command::Drill(args) => {
            let keys = read_all(&args.by)?;
            let opened = OpenedInstallation::open(&args.common.target).await?;
            opened.run(async |opened| drill(&args, &keys, opened).await).await
        }
    }
}

fn read_all(files: &[PathBuf]) -> Result<Vec<SignerKeys>, CommandError> {
    files.iter().zip(1..).map(|(file, number)| read_signer(file, Some(number))).collect()
}

fn keygen(out: &Path) -> Result<ExitCode, CommandError> {
    if out.extension().is_none_or(|extension| extension != "key") {
        return Err(CommandError::WrongUsage("the private file's name ends in .key".to_owned()));
    }
    let beside = public_file_of(out);
    if beside.symlink_metadata().is_ok() && !out.exists() {
        let words = format!("{} is there already: another signer's, it may be", beside.display());
        return Err(CommandError::WrongUsage(words));
    }
    let passphrase = passphrase(None)?;
    make_signer(out, passphrase.as_ref().map(|text| text.as_str()))?;
    say(&format!("The private file is {}: it is this person's alone.", out.display()));
    print(&format!("{}\n", beside.display()))?;
    Ok(ExitCode::SUCCESS)
}

async fn init(args: &InitArgs, opened: &OpenedInstallation) -> Result<ExitCode, CommandError> {
    let record = args.org.only(opened).await?;
    let ports = opened.unseal_ports();
    if record.has_evidence_key() && !args.adopt {
        let words = format!("the evidence of {} was sealed to one key before: add --adopt", record.org);
        return Err(CommandError::Refused(words));
    }
    let set = match ports.signers.in_force(&record.org).await? {
        // Signers may have changed since it was interrupted: what is left to bring over is shared among those in force.
        Some(set) if args.adopt => set,
        _ => {
            // Again with the same signers, after an interruption, is no error.
            let signers = first_signers(args, opened, &record)?;
            let environment = record.environment;
            signer_changes::init(&ports, &record.org, environment, signers, args.threshold).await?
        }
    };
    if args.adopt {
        adopt(args, opened, &ports, &record).await?;
    }
    show_set(args.common.json, &record.org, &set)
}

/// Those who were named; of a sandbox, otherwise, the two whose files lie in its folder.
fn first_signers(
    args: &InitArgs,
    opened: &OpenedInstallation,
    record: &OrgRecord,
) -> Result<Vec<Signer>, CommandError> {
    if args.signers.is_empty() {
        if record.environment != Environment::Sandbox {
            return Err(CommandError::WrongUsage(
                "--signer NAME=PUBFILE is needed, once for each".to_owned(),
            ));
        }
        return Ok(sandbox_signer_set(&record.org, opened.key_dir())?.set.signers().to_vec());
    }
    let named = args.signers.iter().map(|(name, file)| Ok(read_public_file(file)?.named(name.clone())));
    named.collect()
}

async fn adopt(
    args: &InitArgs,
    opened: &OpenedInstallation,
    ports: &UnsealPorts,
    record: &OrgRecord,
) -> Result<(), CommandError> {
    let org = &record.org;
    let file = args.evidence_key.clone();
    let file = file.unwrap_or_else(|| opened.key_dir().join(format!("{org}.key")));
    let adopted = bring_over(ports, &Orgs::new(&opened.engine), record, &file).await?;
    say(&format!(
        "{} secrets of {} records are shared among the signers ({} were before).",
        adopted.shared, adopted.records, adopted.present,
    ));
    if adopted.unreadable > 0 {
        say(&format!("{} records of evidence cannot be read: nobody opens those.", adopted.unreadable));
    }
    let file = file.display();
    say(&if adopted.is_destroyed {
        format!("{file} is gone. Copies of it open what it opened: destroy them too.")
    } else {
        format!("{file} was left alone: nothing of {org} was sealed to it.")
    });
    Ok(())
}

async fn changed(
    args: &ByArgs,
    threshold: Option<u32>,
    change: &SignerChange,
) -> Result<ExitCode, CommandError> {
    let keys = read_all(&args.by)?;
    let opened = OpenedInstallation::open(&args.common.target).await?;
    opened
        .run(async |opened| {
            let org = args.org.only(opened).await?;
            let ports = opened.unseal_ports();
            let set = signer_changes::change(&ports, &org.org, &keys, threshold, change).await?;
            if org.environment == Environment::Live && set.signers().len() <= set.threshold() as usize {
                say("No signer is to spare now: one who is lost locks everybody out.");
            }
            say("It holds from the next secret on. For older hours: compliance signers reshare.");
            show_set(args.common.json, &org.org, &set)
        })
        .await
}

async fn list(args: &ListArgs, opened: &OpenedInstallation) -> Result<ExitCode, CommandError> {
    let org = args.org.only(opened).await?.org;
    let as_json = args.common.json;
    let chain = opened.unseal_ports().signers.chain(&org).await?;
    if chain.is_empty() {
        return Err(CommandError::Refused(format!("{org} has no signers: compliance signers init")));
    }
    let lines = chain.iter().map(|signed| if as_json { json_line(&org, signed) } else { row(signed) });
    print(&lines.collect::<String>())?;
    Ok(ExitCode::SUCCESS)
}

async fn reshare(
    args: &ByArgs,
    keys: &[SignerKeys],
    opened: &OpenedInstallation,
) -> Result<ExitCode, CommandError> {
    let org = args.org.only(opened).await?.org;
    let done = signer_changes::reshare(&opened.unseal_ports(), &org, keys).await?;
    let unopened: Vec<&str> = done.unopened.iter().map(EvidenceSecretId::as_str).collect();
    if args.common.json {
        let line = json!({"shared": done.shared, "present": done.present, "unopened": unopened});
        print(&format!("{line}\n"))?;
    } else {
        print(&format!("{} secrets shared anew, {} were already\n", done.shared, done.present))?;
    }
    if unopened.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    let words =
        format!("these signers' shares do not open {} secrets: {}", unopened.len(), unopened.join(" "));
    Err(CommandError::Refused(words))
}

async fn drill(
    args: &ByArgs,
    keys: &[SignerKeys],
    opened: &OpenedInstallation,
) -> Result<ExitCode, CommandError> {
    let org = args.org.only(opened).await?.org;
    let names = signer_changes::drill(&opened.unseal_ports(), &org, keys).await?;
    let names: Vec<&str> = names.iter().map(SignerName::as_str).collect();
    if args.common.json {
        print(&format!("{}\n", json!({ "opened": true, "signers": names })))?;
    } else {
        print(&format!("{} opened a secret together: their keys work\n", names.join(" and ")))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn show_set(as_json: bool, org: &OrgId, set: &SignerSet) -> Result<ExitCode, CommandError> {
    let signed = SignedSignerSet { set: set.clone(), signatures: Vec::new() };
    print(&if as_json { json_line(org, &signed) } else { row(&signed) })?;
    Ok(ExitCode::SUCCESS)
}

fn names(set: &SignerSet) -> Vec<&str> {
    set.signers().iter().map(|signer| signer.name.as_str()).collect()
}

fn json_line(org: &OrgId, signed: &SignedSignerSet) -> String {
    let SignedSignerSet { set, signatures } = signed;
    let by: Vec<&str> = signatures.iter().map(|signature| signature.signer.as_str()).collect();
    let line = json!({
        "orgId": org.as_str(),
        "version": set.version(),
        "threshold": set.threshold(),
        "signers": names(set),
        "keys": set.signers().iter().map(key_of).collect::<Vec<_>>(),
        "sha256": digest_of(set),
        "signedBy": by,
    });
    format!("{line}\n")
}

fn row(signed: &SignedSignerSet) -> String {
    let set = &signed.set;
    format!(
        "version {}  {} of {}  {}  {}\n",
        set.version(),
        set.threshold(),
        set.signers().len(),
        digest_of(set),
        set.signers()
            .iter()
            .map(|signer| format!("{} {}", signer.name, key_of(signer)))
            .collect::<Vec<_>>()
            .join(", ")
    )
}

/// A signer's public key for signatures, as public files have it.
fn key_of(signer: &Signer) -> String {
    BASE64URL_NOPAD.encode(&signer.ed25519)
}

/// What the log's records name the set by.
fn digest_of(set: &SignerSet) -> String {
    signer_set_sha256(set).iter().map(|byte| format!("{byte:02x}")).collect()
}
