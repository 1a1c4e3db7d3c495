//! `projector status`.

use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use domain::ports::SecondGeneration;
use engine::InstallationTarget;
use projector::status::{PartitionStatus, ProjectorStatus, partitions, status};
use projector::{DuePhotos, due_photos};
use serde_json::json;
use service::program::{print, table};

use crate::compose::Opened;

/// How far each partition is, whether the books balance, which generation answers.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  projector status --data-dir ./data
  projector status --config identity.toml --json

Exit code 1: some org's books do not balance.")]
pub(crate) struct StatusArgs {
    #[command(flatten)]
    target: InstallationTarget,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Between two looks at a partition that lags: one that is projected moves within this.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

pub(crate) async fn run(args: StatusArgs) -> anyhow::Result<ExitCode> {
    let opened = Opened::tool(&args.target).await?;
    let done = look(&opened).await;
    opened.close().await;
    let StatusSeen { status, still, faces } = &done?;
    let text = if args.json {
        format!("{}\n", as_json(status, still, faces))
    } else {
        format!("{}{}", as_text(status, still), faces_text(faces))
    };
    print(&text)?;
    Ok(if status.balances() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// What was found.
struct StatusSeen {
    status: ProjectorStatus,
    /// The partitions that lag and did not move while we looked.
    still: Vec<u32>,
    faces: Vec<DuePhotos>,
}

async fn look(opened: &Opened) -> anyhow::Result<StatusSeen> {
    let status = status(&opened.operator()).await?;
    let faces = due_photos(&opened.ports, &*opened.face_vectors).await?;
    let lags = |of: &&PartitionStatus| of.lag > 0;
    if !status.partitions.iter().any(|of| lags(&of)) {
        return Ok(StatusSeen { status, still: Vec::new(), faces });
    }
    tokio::time::sleep(LOOK_AGAIN).await;
    let later = partitions(&opened.operator(), &status.pointer).await?;
    let stood =
        |of: &&PartitionStatus| later.iter().any(|now| now.partition == of.partition && now.next == of.next);
    let still = status.partitions.iter().filter(lags).filter(stood).map(|of| of.partition.0).collect();
    Ok(StatusSeen { status, still, faces })
}

fn beside(beside: &SecondGeneration) -> (&'static str, u32) {
    let word = match beside {
        SecondGeneration::Building(_) => "being built",
        SecondGeneration::Next(..) => "being handed over to",
        SecondGeneration::Previous(..) => "kept",
        SecondGeneration::Leaving(..) => "being left",
        SecondGeneration::Dropping(_) => "being dropped",
    };
    (word, beside.generation().0)
}

fn as_text(status: &ProjectorStatus, still: &[u32]) -> String {
    let live = status.pointer.live.0;
    let beside = status.pointer.beside.as_ref().map(beside);
    let mut generations = vec![[live.to_string(), "live".to_owned()]];
    generations.extend(beside.map(|(word, generation)| [generation.to_string(), word.to_owned()]));
    let mut parts = vec![format!("generation {live} answers\n"), table(["generation", "state"], generations)];
    if beside.is_some() && !status.instances.is_empty() {
        let instances = status.instances.iter().map(|said| {
            let follows = if said.version == status.pointer.version { "yes" } else { "not yet" };
            [said.instance.clone(), follows.to_owned()]
        });
        parts.push(table(["instance", "follows"], instances));
    }
    let partitions = status.partitions.iter().map(|of| {
        let state = match of.lag {
            0 => "up to date",
            _ if still.contains(&of.partition.0) => "not moving",
            _ => "catching up",
        };
        let [partition, next, end, lag] =
            [u64::from(of.partition.0), of.next.0, of.end.0, of.lag].map(|number| number.to_string());
        [partition, next, end, lag, state.to_owned()]
    });
    parts.push(table(["partition", "projected to", "log ends at", "lag", "state"], partitions));
    for of in &status.partitions {
        for held in &of.held {
            let (org, from) = (&held.org, held.from.0);
            let partition = of.partition.0;
            parts.push(format!(
                "partition {partition}: events of {org} wait for a key, from offset {from} on\n"
            ));
        }
    }
    parts.push(books_table(status));
    parts.push(format!("{} customers quarantined\n", status.quarantined));
    parts.join("\n")
}

/// What each face model has not come to. A model that is no longer used stays where it stopped.
fn faces_text(faces: &[DuePhotos]) -> String {
    if faces.is_empty() {
        return String::new();
    }
    let rows = faces.iter().map(|of| {
        let (due, at_least) = of.total();
        let lag: u64 = of.partitions.iter().map(|of| of.end.0.saturating_sub(of.next.0)).sum();
        let due = if at_least { format!("at least {due}") } else { due.to_string() };
        [of.model.to_string(), lag.to_string(), due]
    });
    let mut text = format!("\n{}", table(["face model", "lag", "photos due"], rows));
    for (of, partition) in faces.iter().flat_map(|of| of.partitions.iter().map(move |part| (of, part))) {
        for held in &partition.held {
            let (number, org, from) = (partition.partition.0, &held.org, held.from.0);
            let model = &of.model;
            text += &format!(
                "partition {number}: photos of {org} wait for a key with {model}, from offset {from} on\n"
            );
        }
    }
    text
}

fn faces_json(faces: &[DuePhotos]) -> Vec<serde_json::Value> {
    let each = faces.iter().map(|of| {
        let (due, at_least) = of.total();
        let partitions = of.partitions.iter().map(|of| {
            let held = of.held.iter().map(|held| json!({"orgId": held.org.as_str(), "from": held.from.0}));
            json!({
                "partition": of.partition.0,
                "next": of.next.0,
                "end": of.end.0,
                "due": of.due,
                "held": held.collect::<Vec<_>>(),
            })
        });
        json!({
            "model": of.model.to_string(),
            "due": due,
            "dueAtLeast": at_least,
            "partitions": partitions.collect::<Vec<_>>(),
        })
    });
    each.collect()
}

fn books_table(status: &ProjectorStatus) -> String {
    let heads =
        ["org", "read", "applied", "duplicate", "conflict", "refused", "dead-lettered", "parked", "balance"];
    let rows = status.books.iter().map(|of| {
        let b = of.books;
        let counts = [b.read, b.applied, b.duplicate, b.conflict, b.refused, b.dead_lettered, b.parked];
        let [read, applied, duplicate, conflict, refused, dead_lettered, parked] =
            counts.map(|count| count.to_string());
        let balance = if of.balance { "yes" } else { "NO" }.to_owned();
        let org = of.org.as_str().to_owned();
        [org, read, applied, duplicate, conflict, refused, dead_lettered, parked, balance]
    });
    table(heads, rows)
}

fn as_json(status: &ProjectorStatus, still: &[u32], faces: &[DuePhotos]) -> serde_json::Value {
    let partitions: Vec<_> = status
        .partitions
        .iter()
        .map(|of| {
            let held: Vec<_> =
                of.held.iter().map(|held| json!({"orgId": held.org.as_str(), "from": held.from.0})).collect();
            json!({
                "partition": of.partition.0,
                "next": of.next.0,
                "end": of.end.0,
                "lag": of.lag,
                "beside": of.beside.map(|next| next.0),
                "held": held,
                "standsStill": still.contains(&of.partition.0),
            })
        })
        .collect();
    let books: Vec<_> = status
        .books
        .iter()
        .map(|of| {
            let b = of.books;
            json!({
                "orgId": of.org.as_str(),
                "read": b.read,
                "applied": b.applied,
                "duplicate": b.duplicate,
                "conflict": b.conflict,
                "refused": b.refused,
                "deadLettered": b.dead_lettered,
                "parked": b.parked,
                "balance": of.balance,
            })
        })
        .collect();
    let instances: Vec<_> = status
        .instances
        .iter()
        .map(|said| json!({"instance": said.instance, "follows": said.version == status.pointer.version}))
        .collect();
    json!({
        "generation": status.pointer.live.0,
        "beside": status.pointer.beside.as_ref().map(beside).map(|(word, generation)| {
            json!({"generation": generation, "is": word})
        }),
        "instances": instances,
        "partitions": partitions,
        "books": books,
        "quarantined": status.quarantined,
        "faces": faces_json(faces),
    })
}
