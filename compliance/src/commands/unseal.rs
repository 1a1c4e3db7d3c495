//! `compliance unseal`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use domain::ids::{UnsealRequestId, VerificationId};
use serde_json::json;
use service::program::print;
use unsealing::unseal::{self, UnsealField, UnsealOrder};

use crate::command_error::CommandError;
use crate::opened::OpenedInstallation;
use crate::signer_files::read_signer;
use crate::target::{CommonArgs, OrgArgs};

/// Open evidence: one signer asks, another approves, the first opens.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  compliance unseal request --data-dir ./data --verification ver_… --purpose 'OJK question 12/2026' --ticket C-481 \\
      --signer ./data/compliance/signer-1.key
  compliance unseal approve uns_… --data-dir ./data --signer ./data/compliance/signer-2.key
  compliance unseal open uns_… --data-dir ./data --signer ./data/compliance/signer-1.key --out raw.json")]
pub(crate) struct UnsealArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Args)]
struct SignerArgs {
    #[command(flatten)]
    common: CommonArgs,
    #[command(flatten)]
    org: OrgArgs,
    /// The signer's private file
    #[arg(long, value_name = "FILE")]
    signer: PathBuf,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Ask for a sealed part of a verification; good for an hour
    Request {
        #[command(flatten)]
        signer: SignerArgs,
        /// The verification
        #[arg(long, value_name = "VERIFICATION", value_parser = |text: &str| VerificationId::parse(text))]
        verification: VerificationId,
        /// raw; photo (of a face match the picture that was compared, of a capture the card's portrait); or frames (of a
        /// capture, a tar)
        #[arg(long, default_value = "raw", value_parser = |text: &str| {
            UnsealField::parse(text).ok_or("raw, photo or frames")
        })]
        field: UnsealField,
        /// What it is opened for
        #[arg(long, value_name = "TEXT")]
        purpose: String,
        /// Under which number that is kept
        #[arg(long, value_name = "TEXT")]
        ticket: String,
    },
    /// Give the one who asked a share for it; by another signer
    Approve {
        /// The request
        #[arg(value_name = "REQUEST", value_parser = |text: &str| UnsealRequestId::parse(text))]
        request: UnsealRequestId,
        #[command(flatten)]
        signer: SignerArgs,
    },
    /// Open it, once, by the one who asked
    Open {
        /// The request
        #[arg(value_name = "REQUEST", value_parser = |text: &str| UnsealRequestId::parse(text))]
        request: UnsealRequestId,
        #[command(flatten)]
        signer: SignerArgs,
        /// Where the bytes go, as they were sent; FILE.json says who, why and when
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
}

impl Command {
    fn signer(&self) -> &SignerArgs {
        match self {
            Self::Request { signer, .. } | Self::Approve { signer, .. } | Self::Open { signer, .. } => signer,
        }
    }
}

pub(crate) async fn run(args: UnsealArgs) -> Result<ExitCode, CommandError> {
    let opened = OpenedInstallation::open(&args.command.signer().common.target).await?;
    opened.run(async |opened| act(&args.command, opened).await).await
}

async fn act(command: &Command, opened: &OpenedInstallation) -> Result<ExitCode, CommandError> {
    let SignerArgs { common, org, signer } = command.signer();
    let keys = read_signer(signer, None)?;
    let org = org.only(opened).await?.org;
    let ports = opened.unseal_ports();
    let (answer, words) = match command {
        Command::Request { verification, field, purpose, ticket, .. } => {
            let order = UnsealOrder {
                org,
                verification: verification.clone(),
                field: *field,
                purpose: purpose.clone(),
                ticket: ticket.clone(),
            };
            let (id, expires_at) = unseal::request(&ports, &keys, &order).await?;
            let expires_at = expires_at.rfc3339();
            let words = format!("{id}, until {expires_at}; another signer: compliance unseal approve {id}\n");
            (json!({ "requestId": id.as_str(), "expiresAt": expires_at }), words)
        }
        Command::Approve { request, .. } => {
            let missing = unseal::approve(&ports, &keys, &org, request).await?;
            let (state, words) = match missing {
                0 => ("approved", format!("{request} is approved: whoever asked may open it\n")),
                more => ("requested", format!("{request} wants {more} more approvals, by other signers\n")),
            };
            (json!({ "requestId": request.as_str(), "state": state, "missing": missing }), words)
        }
        Command::Open { request, out, .. } => {
            let opened = unseal::open(&ports, &keys, &org, request, out).await?;
            let (out, statement) = (opened.out.display().to_string(), opened.statement.display().to_string());
            let words = format!("{out}\n{statement}\n");
            (json!({ "requestId": request.as_str(), "out": out, "statement": statement }), words)
        }
    };
    print(&if common.json { format!("{answer}\n") } else { words })?;
    Ok(ExitCode::SUCCESS)
}
