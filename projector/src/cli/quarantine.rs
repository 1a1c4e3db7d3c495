//! `projector quarantine …`.

use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand};
use domain::ids::{CustomerId, CustomerRef, OrgId};
use domain::rows::BookEntry;
use projector::quarantine::{self, QuarantineDetails, QuarantinedCustomer, ReleaseResult};
use serde_json::{Value, json};
use service::program::{print, say, stop_on_signal, table};

use super::{Target, topic_hex};
use crate::compose::Opened;

/// Customers whose events wait because one of them could not be applied.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  projector quarantine list --data-dir ./data
  projector quarantine show --config identity.toml org_…/cus_…
  projector quarantine drain --config identity.toml org_…/cus_…
  projector quarantine drain --config identity.toml --all")]
pub(crate) struct QuarantineArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List the quarantined customers
    #[command(after_help = "Examples:
  projector quarantine list --data-dir ./data
  projector quarantine list --config identity.toml --json")]
    List {
        #[command(flatten)]
        common: Common,
    },
    /// What waits for a customer, why, and whether this build can apply it
    #[command(after_help = "Examples:
  projector quarantine show --config identity.toml org_…/cus_…")]
    Show {
        /// The customer
        #[arg(value_name = "ORG/CUSTOMER", value_parser = customer)]
        customer: CustomerRef,
        #[command(flatten)]
        common: Common,
    },
    /// Release a customer: what waits is applied where the release stands
    #[command(after_help = "Examples:
  projector quarantine drain --config identity.toml org_…/cus_…
  projector quarantine drain --config identity.toml org_…/cus_… --skip-unappliable

Refuses while this build cannot apply everything that waits. With --skip-unappliable such events stay in the dead
letters for good, and no longer hold up the rest.")]
    Drain {
        /// The customer
        #[arg(value_name = "ORG/CUSTOMER", value_parser = customer, required_unless_present = "all")]
        customer: Option<CustomerRef>,
        /// Every quarantined customer
        #[arg(long, conflicts_with = "customer")]
        all: bool,
        /// Release also when something that waits cannot be applied
        #[arg(long)]
        skip_unappliable: bool,
        #[command(flatten)]
        common: Common,
    },
}

#[derive(Debug, Args)]
struct Common {
    #[command(flatten)]
    target: Target,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

fn customer(text: &str) -> Result<CustomerRef, String> {
    let (org, customer) = text.split_once('/').ok_or("a customer is named ORG/CUSTOMER")?;
    let org = OrgId::parse(org).map_err(|error| error.to_string())?;
    Ok(CustomerRef::new(org, CustomerId::parse(customer).map_err(|error| error.to_string())?))
}

pub(crate) async fn run(args: QuarantineArgs) -> anyhow::Result<ExitCode> {
    let (Command::List { common } | Command::Show { common, .. } | Command::Drain { common, .. }) =
        &args.command;
    let opened = Opened::tool(&common.target).await?;
    let done = command(&args.command, &opened).await;
    opened.close().await;
    done.map(|()| ExitCode::SUCCESS)
}

async fn command(command: &Command, opened: &Opened) -> anyhow::Result<()> {
    match command {
        Command::List { common } => {
            let all = quarantine::list(&opened.operator()).await?;
            let text = if common.json {
                format!("{}\n", Value::Array(all.iter().map(quarantined_json).collect()))
            } else if all.is_empty() {
                "nobody is quarantined\n".to_owned()
            } else {
                quarantined_table(&all)
            };
            Ok(print(&text)?)
        }
        Command::Show { customer, common } => {
            let shown = quarantine::show(&opened.operator(), customer).await?;
            let text = if common.json { format!("{}\n", shown_json(&shown)) } else { shown_text(&shown) };
            Ok(print(&text)?)
        }
        Command::Drain { customer, skip_unappliable, common, .. } => {
            let customers = match customer {
                Some(customer) => vec![customer.clone()],
                None => {
                    quarantine::list(&opened.operator()).await?.into_iter().map(|one| one.customer).collect()
                }
            };
            drain(opened, &customers, *skip_unappliable, common.json).await
        }
    }
}

/// Each on its own: one that is refused does not keep the others.
async fn drain(
    opened: &Opened,
    customers: &[CustomerRef],
    skip_unappliable: bool,
    as_json: bool,
) -> anyhow::Result<()> {
    let stop = stop_on_signal()?;
    let mut refused = 0;
    for customer in customers {
        let shown = quarantine::show(&opened.operator(), customer).await?;
        let unappliable = shown.unappliable().count();
        if unappliable > 0 && !skip_unappliable {
            refused += 1;
            say(&format!(
                "{}: {unappliable} of {} events that wait cannot be applied by this build either; a later build \
                 may, or --skip-unappliable leaves them in the dead letters for good",
                customer.record_key(),
                shown.waiting.len()
            ));
            continue;
        }
        let released = quarantine::release(&opened.operator(), customer, &stop).await;
        let released = released.with_context(|| customer.record_key())?;
        let line = if as_json {
            released_json(customer, &released).to_string()
        } else {
            released_line(customer, &released)
        };
        print(&format!("{line}\n"))?;
    }
    if refused > 0 {
        bail!("{refused} of {} not released", customers.len());
    }
    Ok(())
}

fn quarantined_table(all: &[QuarantinedCustomer]) -> String {
    let heads = ["customer", "since partition", "offset", "waiting events", "cause"];
    let rows = all.iter().map(|one| {
        let quarantine = &one.quarantine;
        [
            one.customer.record_key(),
            quarantine.since.partition.0.to_string(),
            quarantine.since.offset.0.to_string(),
            quarantine.waiting.to_string(),
            quarantine.cause.to_string(),
        ]
    });
    table(heads, rows)
}

fn quarantined_json(one: &QuarantinedCustomer) -> Value {
    json!({
        "orgId": one.customer.org.as_str(),
        "customerId": one.customer.customer.as_str(),
        "topicId": topic_hex(one.quarantine.since.topic_id),
        "partition": one.quarantine.since.partition.0,
        "offset": one.quarantine.since.offset.0,
        "cause": one.quarantine.cause,
        "waiting": one.quarantine.waiting,
    })
}

fn shown_text(shown: &QuarantineDetails) -> String {
    let mut text = quarantined_table(std::slice::from_ref(&shown.quarantined));
    let rows = shown.waiting.iter().map(|one| {
        let id = one.note.event_id.as_ref().map_or("an unreadable event", |id| id.as_str());
        let word = match &one.unappliable {
            Some(cause) => format!("cannot be applied: {cause}"),
            None => "can be applied".to_owned(),
        };
        [one.note.source.offset.0.to_string(), id.to_owned(), word]
    });
    text += "\n";
    text += &table(["waiting at offset", "event", "with this build it"], rows);
    let beyond = shown.quarantined.quarantine.waiting.saturating_sub(shown.waiting.len() as u64);
    if beyond > 0 {
        text += &format!("and {beyond} more than one release takes\n");
    }
    text
}

fn shown_json(shown: &QuarantineDetails) -> Value {
    let waiting: Vec<Value> = shown
        .waiting
        .iter()
        .map(|one| {
            json!({
                "partition": one.note.source.partition.0,
                "offset": one.note.source.offset.0,
                "eventId": one.note.event_id.as_ref().map(|id| id.as_str()),
                "verificationId": one.note.verification_id.as_ref().map(|id| id.as_str()),
                "cause": one.note.cause,
                "unappliable": one.unappliable,
            })
        })
        .collect();
    let mut all = quarantined_json(&shown.quarantined);
    all["events"] = Value::Array(waiting);
    all
}

fn counted(released: &ReleaseResult, entry: BookEntry) -> usize {
    released.results.iter().filter(|(_, to)| *to == entry).count()
}

fn released_line(customer: &CustomerRef, released: &ReleaseResult) -> String {
    let left = match released.still_waiting {
        0 => String::new(),
        more => format!("; {more} more wait, drain again"),
    };
    format!(
        "{}: released at partition {} offset {}: {} applied, {} duplicate, {} conflict, {} dead-lettered{left}",
        customer.record_key(),
        released.source.partition.0,
        released.source.offset.0,
        counted(released, BookEntry::Applied),
        counted(released, BookEntry::Duplicate),
        counted(released, BookEntry::Conflict),
        counted(released, BookEntry::DeadLettered),
    )
}

fn released_json(customer: &CustomerRef, released: &ReleaseResult) -> Value {
    json!({
        "orgId": customer.org.as_str(),
        "customerId": customer.customer.as_str(),
        "partition": released.source.partition.0,
        "offset": released.source.offset.0,
        "applied": counted(released, BookEntry::Applied),
        "duplicate": counted(released, BookEntry::Duplicate),
        "conflict": counted(released, BookEntry::Conflict),
        "refused": counted(released, BookEntry::Refused),
        "deadLettered": counted(released, BookEntry::DeadLettered),
        "stillWaiting": released.still_waiting,
    })
}
