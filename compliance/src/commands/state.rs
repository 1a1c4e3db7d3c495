//! `compliance state`.

use std::process::ExitCode;

use clap::Args;
use compliance::customer_state::customer_kyc;
use domain::time::Timestamp;
use serde_json::Value;
use service::program::{print, table};

use crate::command_error::CommandError;
use crate::opened::OpenedInstallation;
use crate::output::ProgressDisplay;
use crate::target::{CommonArgs, CustomerArgs, OrgArgs, moment};

/// A customer's KYC as of a moment, from the log alone.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  compliance state --data-dir ./data --customer cus_… --as-of 2026-11-23T17:00:00+07:00
  compliance state --config compliance.toml --external-id CIF-0001 --as-of 2026-11-23T10:00:00Z --json

With --json the body of GET /api/identity/kyc/{customerId}?asOf=, with what is sealed as {\"sealed\":true}.

Exit code 1: there is no such customer, or there was none then.")]
pub(crate) struct StateArgs {
    #[command(flatten)]
    common: CommonArgs,
    #[command(flatten)]
    org: OrgArgs,
    #[command(flatten)]
    customer: CustomerArgs,
    /// As of this moment, inclusive (RFC 3339)
    #[arg(long, value_name = "TIME", value_parser = moment)]
    as_of: Timestamp,
}

pub(crate) async fn run(args: StateArgs) -> Result<ExitCode, CommandError> {
    let opened = OpenedInstallation::open(&args.common.target).await?;
    let body = opened.run(async |opened| state(&args, opened).await).await?;
    let text = if args.common.json { format!("{body}\n") } else { as_text(&body) };
    print(&text)?;
    Ok(ExitCode::SUCCESS)
}

async fn state(args: &StateArgs, opened: &OpenedInstallation) -> Result<Value, CommandError> {
    let customer = args.customer.require(opened, &args.org).await?;
    // Of one partition; how many records it has is not worth a question of its own.
    let progress = ProgressDisplay::of(None);
    let found = customer_kyc(&opened.ports(), &customer, args.as_of, &progress).await;
    progress.finish();
    let found = found?.ok_or_else(|| {
        let (customer, at) = (&customer.customer, args.as_of.rfc3339());
        CommandError::Refused(format!("{customer} was not registered at {at}"))
    })?;
    Ok(found.body())
}

/// A value as a person reads it.
fn words(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Object(sealed) => sealed.keys().cloned().collect::<Vec<_>>().join(" "),
        other => other.to_string(),
    }
}

fn as_text(body: &Value) -> String {
    let customer = &body["customer"];
    let eligible = if body["eligible"] == true { "yes" } else { "no" };
    let facts = [
        ("customer", words(&customer["id"])),
        ("full name", words(&customer["fullName"])),
        ("tier", words(&customer["kycLevel"])),
        ("eligible", eligible.to_owned()),
        ("rests on", words(&body["assurance"]["path"])),
        ("recheck", words(&body["assurance"]["recheck"]["status"])),
        ("last verified at", words(&customer["kycLastVerifiedAt"])),
        ("expires at", words(&customer["kycExpiresAt"])),
    ];
    let rows_of = |name: &str| body[name].as_array().cloned().unwrap_or_default();
    let verifications = rows_of("verifications")
        .into_iter()
        .map(|row| ["createdAt", "method", "status", "score", "reason", "id"].map(|name| words(&row[name])));
    let history = rows_of("history")
        .into_iter()
        .map(|row| ["createdAt", "fromTier", "toTier", "reason", "id"].map(|name| words(&row[name])));
    [
        table(["fact", "value"], facts.map(|(name, value)| [name.to_owned(), value])),
        table(["verified at", "method", "status", "score", "reason", "verification"], verifications),
        table(["changed at", "from", "to", "reason", "change"], history),
    ]
    .join("\n")
}
