//! `compliance access`.

use std::collections::HashMap;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use compliance::ReadError;
use compliance::access::{AccessContent, AccessFilter, AccessLine, AccessList, ActSignatures, signed_by};
use domain::event::ComplianceAct;
use domain::ids::{ApiKeyId, OrgId};
use domain::signers::{SignedSignerSet, SignerSet};
use org_directory::signers::SignerSets;
use unsealing::act::{is_of_nobody, is_signed_in};

use crate::command_error::CommandError;
use crate::opened::OpenedInstallation;
use crate::output::{AnswerLines, ProgressDisplay, fixed_row, json_line};
use crate::target::{CommonArgs, CustomerArgs, OrgArgs, TimeArgs};

/// Who looked at whom.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  compliance access list --data-dir ./data --customer cus_…
  compliance access list --config compliance.toml --key key_… --from 2026-11-23T00:00:00+07:00 --json")]
pub(crate) struct AccessArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List the looks at personal data, oldest first
    #[command(after_help = "Examples:
  compliance access list --data-dir ./data --customer cus_…
  compliance access list --config compliance.toml --key key_… --from 2026-11-23T00:00:00+07:00 --json

A view in the console (console_view) and what signers do (signer_act) are recorded before anything is shown. Reads with an
API key (api_read) are recorded by the minute, as it ends: one line for each customer whose name, external id or reasons
were in an answer.

Exit code 1: some record could not be read, or is an act that no signer of the org signed (not_signed): whoever can write
to the topic can write such a record, and it opens nothing.")]
    List(ListArgs),
}

#[derive(Debug, Args)]
struct ListArgs {
    #[command(flatten)]
    common: CommonArgs,
    #[command(flatten)]
    org: OrgArgs,
    #[command(flatten)]
    customer: CustomerArgs,
    /// Only what this person looked at: a user of the console, or a signer
    #[arg(long, value_name = "NAME")]
    actor: Option<String>,
    /// Only what was read with this API key
    #[arg(long, value_name = "KEY", value_parser = |text: &str| ApiKeyId::parse(text))]
    key: Option<ApiKeyId>,
    #[command(flatten)]
    times: TimeArgs,
}

pub(crate) async fn run(args: AccessArgs) -> Result<ExitCode, CommandError> {
    let Command::List(args) = args.command;
    let opened = OpenedInstallation::open(&args.common.target).await?;
    let is_sound = opened.run(async |opened| list(&args, opened).await).await?;
    Ok(if is_sound { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn list(args: &ListArgs, opened: &OpenedInstallation) -> Result<bool, CommandError> {
    let filter = AccessFilter {
        customer: args.customer.find(opened, &args.org).await?,
        org: args.org.checked(opened).await?,
        actor: args.actor.clone(),
        key: args.key.clone(),
        from: args.times.from,
        to: args.times.to,
    };
    let ports = opened.ports();
    let all = AccessList::open(&ports, filter).await?;
    let progress = ProgressDisplay::of(Some(all.records()));
    let mut lines = AnswerLines::beside(&progress);
    if !args.common.json {
        lines.push(&row(["at", "kind", "who", "customer", "what"]))?;
    }
    let form = if args.common.json { json_line } else { table_row };
    let mut signatures = SignerChains { sets: SignerSets::of(&opened.engine), known: HashMap::new() };
    let done = all.run(&mut signatures, &progress, |line| lines.push(&form(line))).await;
    progress.finish();
    // What was read is shown, also where the rest could not be.
    lines.flush()?;
    Ok(done?)
}

/// The signer sets of the orgs that were met, all that ever were in force.
struct SignerChains {
    sets: SignerSets,
    known: HashMap<OrgId, Vec<SignerSet>>,
}

impl ActSignatures for SignerChains {
    async fn is_signed(&mut self, act: &ComplianceAct) -> Result<bool, ReadError> {
        if is_of_nobody(act) {
            return Ok(true);
        }
        Ok(is_signed_in(act, self.of(&act.org).await?))
    }

    async fn is_in_force(&mut self, set: &SignerSet) -> Result<bool, ReadError> {
        Ok(self.of(set.org()).await?.contains(set))
    }
}

impl SignerChains {
    /// The org's sets, read once.
    async fn of(&mut self, org: &OrgId) -> Result<&[SignerSet], ReadError> {
        if !self.known.contains_key(org) {
            let chain = self.sets.chain(org).await.map_err(|error| ReadError::Signers(error.to_string()))?;
            let sets = chain.into_iter().map(|signed| signed.set).collect();
            self.known.insert(org.clone(), sets);
        }
        Ok(self.known.get(org).map_or(&[], Vec::as_slice))
    }
}

fn row([at, kind, who, customer, what]: [&str; 5]) -> String {
    fixed_row([(at, 24), (kind, 15), (who, 30), (customer, 30), (what, 0)])
}

fn table_row(line: &AccessLine) -> String {
    match &line.content {
        AccessContent::ConsoleView(view) => {
            let fields: Vec<&str> = view.fields.iter().map(|field| field.as_str()).collect();
            let who = format!("{} ({})", view.staff_user.as_str(), view.staff_role.as_str());
            let what = format!("{}, on the {} page", fields.join(" "), view.page.as_str());
            row([&view.viewed_at.rfc3339(), line.kind(), &who, view.customer.customer.as_str(), &what])
        }
        AccessContent::KeyRead { minute, key, customer, .. } => {
            row([&minute.rfc3339(), line.kind(), key.as_str(), customer.as_str(), "within this minute"])
        }
        AccessContent::SignerAct { act, .. } => {
            let customer = act.customer.as_ref().map_or("", |of| of.customer.as_str());
            let refused = act.refusal.as_ref().map(|code| format!(" REFUSED {code}")).unwrap_or_default();
            let error = line.error().map(|error| format!(" ERROR {error}")).unwrap_or_default();
            let what = format!("{} {}{refused}{error}", act.kind.as_str(), act.request);
            row([&act.acted_at.rfc3339(), line.kind(), act.signer.as_str(), customer, what.trim_end()])
        }
        AccessContent::SignersChanged { record, .. } => {
            let SignedSignerSet { set, signatures } = &record.set;
            let names: Vec<&str> = set.signers().iter().map(|signer| signer.name.as_str()).collect();
            let error = line.error().map(|error| format!(" ERROR {error}")).unwrap_or_default();
            let (version, threshold) = (set.version(), set.threshold());
            let what = format!("version {version}: {threshold} of {}{error}", names.join(", "));
            row([&record.changed_at.rfc3339(), line.kind(), &signed_by(signatures), "", &what])
        }
        AccessContent::Unreadable(error) => {
            row([&line.place.created_at.rfc3339(), "", "", "", &format!("ERROR {error}")])
        }
    }
}
