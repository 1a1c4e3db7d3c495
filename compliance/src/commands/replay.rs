//! `compliance replay`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use compliance::replay::{
    CsvRow, EventEnvelopes, FactContent, FactLine, LogReplay, ReplayCounts, ReplayFilter,
};
use domain::event::{EventField, FieldValue};
use domain::policy::Method;
use domain::ports::Topic;
use domain::time::Timestamp;
use event_codec::{RecordType, event_type, registry};
use service::program::say;
use unsealing::reveal::{self, RevealOrder};

use crate::command_error::CommandError;
use crate::opened::OpenedInstallation;
use crate::output::{AnswerLines, ProgressDisplay, fixed_row, json_line};
use crate::signer_files::read_signer;
use crate::target::{CommonArgs, CustomerArgs, OrgArgs, TimeArgs};

/// The facts in the log, in their order, with their evidence compared.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  compliance replay --data-dir ./data
  compliance replay --config compliance.toml --customer cus_… --json
  compliance replay --config compliance.toml --from 2026-11-01T00:00:00+07:00 --type DukcapilVerdictReceived --csv

Of each customer in the log's order, across partitions by (appendedAt, partition, offset). What is sealed is
shown as sealed, or as erased where nobody can open it any more; with --reveal what the customers' own keys open is shown,
once it is recorded who asked for it and why. A record that cannot be read is a line
with an error.

Exit code 1: some record could not be read, or some evidence is missing or is not what the event refers to.")]
pub(crate) struct ReplayArgs {
    #[command(flatten)]
    common: CommonArgs,
    #[command(flatten)]
    org: OrgArgs,
    #[command(flatten)]
    customer: CustomerArgs,
    #[command(flatten)]
    times: TimeArgs,
    /// Only events of this type: DukcapilVerdictReceived, CustomerRegistered, …
    #[arg(long = "type", value_name = "TYPE", value_parser = record_type)]
    record_type: Option<RecordType>,
    /// Only verifications by this method: nik_dukcapil, face_match, …
    #[arg(long, value_name = "METHOD", value_parser = method)]
    method: Option<Method>,
    /// Print rows for a spreadsheet
    #[arg(long, conflicts_with = "json")]
    csv: bool,
    #[command(flatten)]
    reveal: RevealArgs,
}

/// Who wants to see what is sealed, and why.
#[derive(Debug, Args)]
struct RevealArgs {
    /// Show names, external ids, reasons, reference photos and similarities too; recorded first
    #[arg(long, requires_all = ["purpose", "ticket", "signer"])]
    reveal: bool,
    /// What they are shown for
    #[arg(long, value_name = "TEXT", requires = "reveal")]
    purpose: Option<String>,
    /// Under which number that is kept
    #[arg(long, value_name = "TEXT", requires = "reveal")]
    ticket: Option<String>,
    /// A signer's private file
    #[arg(long, value_name = "FILE", requires = "reveal")]
    signer: Option<PathBuf>,
}

fn record_type(text: &str) -> Result<RecordType, &'static str> {
    let name = text.strip_prefix("identity.").unwrap_or(text);
    let full_name = format!("identity.{name}");
    let is_event = registry::latest(&format!("{}-{full_name}", Topic::Events.name())).is_some();
    RecordType::parse(&full_name).filter(|_| is_event).ok_or("not a type of event in identity.events")
}

fn method(text: &str) -> Result<Method, &'static str> {
    Method::parse(text).ok_or("not a method of verification")
}

pub(crate) async fn run(args: ReplayArgs) -> Result<ExitCode, CommandError> {
    let opened = OpenedInstallation::open(&args.common.target).await?;
    let counts = opened.run(async |opened| replay(&args, opened).await).await?;
    if counts.is_sound() {
        return Ok(ExitCode::SUCCESS);
    }
    say(&format!(
        "{} of {} facts with an error, and {} whose evidence is not what they refer to",
        counts.errors, counts.facts, counts.altered
    ));
    Ok(ExitCode::FAILURE)
}

async fn replay(args: &ReplayArgs, opened: &OpenedInstallation) -> Result<ReplayCounts, CommandError> {
    let mut filter = ReplayFilter {
        customer: args.customer.find(opened, &args.org).await?,
        org: args.org.checked(opened).await?,
        from: args.times.from,
        to: args.times.to,
        record_type: args.record_type,
        method: args.method,
    };
    let ports = opened.ports();
    let is_revealed = record_reveal(args, opened, &mut filter).await?;
    let mut replay = LogReplay::open(&ports, filter).await?;
    if is_revealed {
        replay = replay.revealing(opened.unseal_ports().vault);
    }
    let progress = ProgressDisplay::of(Some(replay.records()));
    let mut lines = AnswerLines::beside(&progress);
    let form: fn(&FactLine) -> String = match (args.common.json, args.csv) {
        (true, _) => json_line,
        (false, true) => |line| CsvRow::of(line).text(),
        (false, false) => table_row,
    };
    match (args.common.json, args.csv) {
        (true, _) => {}
        (false, true) => lines.push(&CsvRow::head())?,
        (false, false) => lines.push(&head())?,
    }
    let counts = replay.run(form, &progress, |line: String| lines.push(&line)).await;
    progress.finish();
    // What was read is shown, also where the rest could not be.
    lines.flush()?;
    Ok(counts?)
}

/// Records that a signer is shown what is sealed, if one asked for it: of one org, to which the replay then keeps.
async fn record_reveal(
    args: &ReplayArgs,
    opened: &OpenedInstallation,
    filter: &mut ReplayFilter,
) -> Result<bool, CommandError> {
    let RevealArgs { purpose: Some(purpose), ticket: Some(ticket), signer: Some(signer), .. } = &args.reveal
    else {
        return Ok(false);
    };
    let keys = read_signer(signer, None)?;
    let org = match &filter.customer {
        Some(customer) => customer.org.clone(),
        None => args.org.only(opened).await?.org,
    };
    let narrowed = [
        ("from", filter.from.map(Timestamp::rfc3339)),
        ("to", filter.to.map(Timestamp::rfc3339)),
        ("type", filter.record_type.map(|kind| kind.full_name().to_owned())),
        ("method", filter.method.map(|method| method.as_str().to_owned())),
    ];
    let order = RevealOrder {
        org: org.clone(),
        customer: filter.customer.clone(),
        filter: narrowed.into_iter().filter_map(|(name, value)| Some((name, value?))).collect(),
        purpose: purpose.clone(),
        ticket: ticket.clone(),
    };
    reveal::record_reveal(&opened.unseal_ports(), &keys, &order).await?;
    filter.org = Some(org);
    Ok(true)
}

fn head() -> String {
    row(["appended at", "partition", "offset", "customer", "event", "evidence", ""])
}

fn row(cells: [&str; 7]) -> String {
    let [at, partition, offset, customer, event, evidence, what] = cells;
    let widths =
        [(at, 24), (partition, 9), (offset, 10), (customer, 30), (event, 23), (evidence, 8), (what, 0)];
    fixed_row(widths)
}

/// What a person reads of an event's fields: all that stands there, but for digests.
fn said_in(fields: &[EventField], above: &str, envelopes: &EventEnvelopes) -> String {
    let said = fields.iter().filter_map(|EventField { name, value }| {
        let name = format!("{above}{name}");
        let text = match value {
            FieldValue::Absent => return None,
            FieldValue::Text(_) if name.ends_with("ingerprint") || name.ends_with("sha256") => return None,
            FieldValue::Words(_) if name.ends_with("Sha256") => return None,
            FieldValue::Words(words) if words.is_empty() => return None,
            FieldValue::Fields(fields) => return Some(said_in(fields, &format!("{name}."), envelopes)),
            FieldValue::Text(text) => text.clone(),
            FieldValue::Words(words) => words.join(","),
            FieldValue::Flag(flag) => flag.to_string(),
            FieldValue::Number(number) => number.to_string(),
            FieldValue::Time(time) => time.rfc3339(),
            FieldValue::Sealed(field) => envelopes.word_of(*field).into_owned(),
        };
        Some(format!("{name}={text}"))
    });
    said.collect::<Vec<_>>().join(" ")
}

fn table_row(line: &FactLine) -> String {
    let place = line.place;
    let customer = line.customer().map_or("", |customer| customer.customer.as_str());
    let (event, evidence, said) = match &line.content {
        FactContent::Readable { event, evidence, envelopes, .. } => {
            let word = match evidence.as_ref().map(|evidence| evidence.matches) {
                None => "",
                Some(Some(true)) => "matches",
                Some(Some(false)) => "ALTERED",
                Some(None) => "MISSING",
            };
            let said = said_in(&event.fields(), "", envelopes);
            let of_evidence = evidence.as_ref().map(|of| said_in(&of.fields, "evidence.", envelopes));
            let said = [said, of_evidence.unwrap_or_default()].join(" ");
            (event_type(event).short_name(), word, said)
        }
        FactContent::Unreadable { .. } => ("", "", String::new()),
    };
    let said = match line.error() {
        Some(error) => format!("ERROR {error} {said}"),
        None => said,
    };
    let (partition, offset) = (place.partition.0.to_string(), place.offset.0.to_string());
    row([&place.created_at.rfc3339(), &partition, &offset, customer, event, evidence, said.trim_end()])
}
