//! The distributed engine: `ingest-api serve` and `projector run` on a real Kafka and a real Cassandra of this
//! machine, beside the bare drivers. What belongs here: which parts there are, and what they share.

mod back;
mod cluster;
mod cql_limit;
mod freshness;
mod front;
mod kafka_limit;
mod projecting;
mod rebuild;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;
use clap::{Args, ValueEnum};

use self::cluster::Cluster;
use crate::limits::{COMPILING, CONNECTIONS_BUSY, ROUNDS_DISTRIBUTED, WINDOW_S_DISTRIBUTED};
use crate::load::Plan;
use crate::report::Report;
use crate::{Written, limits, machine};

/// What is measured, and for how long.
#[derive(Args)]
pub(crate) struct Arguments {
    /// The `ingest-api` to measure
    #[arg(long, value_name = "FILE")]
    program: PathBuf,
    /// The `projector` to measure
    #[arg(long, value_name = "FILE")]
    projector: PathBuf,
    /// Settings and logs of the programs go here, in folders that are removed again
    #[arg(long, value_name = "FOLDER")]
    work_dir: PathBuf,
    /// Rounds; the tables show medians and extremes
    #[arg(long, default_value_t = ROUNDS_DISTRIBUTED, value_parser = clap::value_parser!(u32).range(1..=limits::ROUNDS_MAX))]
    rounds: u32,
    /// Seconds of each measured window
    #[arg(long, default_value_t = WINDOW_S_DISTRIBUTED, value_parser = clap::value_parser!(u64).range(1..=limits::WINDOW_S_MAX))]
    seconds: u64,
    /// Connections of the front, with commas
    #[arg(long, value_delimiter = ',', value_parser = clap::value_parser!(u64).range(1..=limits::CONNECTIONS_MAX))]
    connections: Vec<u64>,
    /// Only these parts, with commas
    #[arg(long, value_delimiter = ',')]
    part: Vec<Part>,
    #[command(flatten)]
    written: Written,
}

/// What can be measured alone; each has a Kafka and a Cassandra of its own, and its place in the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Part {
    /// Verdicts into the log, no projector.
    Front,
    /// The log into the read model, no front end.
    Back,
    /// From POST to visible, everything at once.
    Freshness,
    /// `projector rebuild` of a large log, while verdicts keep coming; once, whatever the rounds.
    Rebuild,
}

impl Part {
    fn marks(self) -> &'static str {
        match self {
            Self::Front => "distributed-front",
            Self::Back => "distributed-back",
            Self::Freshness => "distributed-freshness",
            Self::Rebuild => "distributed-rebuild",
        }
    }
}

/// Measures the parts, one after the other, and reports each as soon as it is done.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let parts = match arguments.part.as_slice() {
        [] => Part::value_variants(),
        named => named,
    };
    for part in parts {
        let mut report = Report::new(part.marks());
        measure(arguments, *part, &mut report)?;
        report.finish(arguments.written.write.as_deref())?;
    }
    Ok(())
}

fn measure(arguments: &Arguments, part: Part, report: &mut Report) -> Result<()> {
    let (rounds, window) = (arguments.rounds, Duration::from_secs(arguments.seconds));
    let before = machine::line();
    let folder = tempfile::Builder::new().prefix("bench-").tempdir_in(&arguments.work_dir)?;
    let customers =
        if part == Part::Rebuild { limits::CUSTOMERS_REBUILD } else { limits::CUSTOMERS_DISTRIBUTED };
    let cluster = Cluster::start(folder.path(), &arguments.program, &arguments.projector, customers)?;
    let how_often = match part {
        Part::Rebuild => String::from("One run."),
        _ => format!("Medians of {rounds} rounds (min–max), windows of {} s.", window.as_secs()),
    };
    report.say(&format!(
        "{before}; one broker, one CassandraNode node, no TLS. Load generator, programs, servers and limits share \
         the machine. {how_often}",
    ));
    // Two threads: rdkafka and scylla want one beside the load's.
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(async {
        match part {
            Part::Front => {
                let named = arguments.connections.iter().map(|n| *n as usize).collect();
                front::measure(&cluster, named, rounds, window, report).await
            }
            Part::Back => back::measure(&cluster, rounds, window, report).await,
            Part::Freshness => freshness::measure(&cluster, rounds, window, report).await,
            Part::Rebuild => rebuild::measure(&cluster, report).await,
        }
    })?;
    report.say(&format!("Load average after it: {}.", machine::load_average()));
    Ok(())
}

/// A closed loop in which a customer's next verdict comes after all other customers'.
fn apart(connections: usize, window: Duration) -> Plan {
    Plan { apart: true, ..Plan::closed(connections, window) }
}

/// Puts verdicts through everything for a while and forgets about them: servers that were just started are
/// slow in the first seconds.
async fn warm_up(cluster: &Cluster) -> Result<()> {
    let served = cluster.serve().await?;
    let projector = cluster.project()?;
    let plan = Plan { warm_up: Duration::ZERO, ..apart(CONNECTIONS_BUSY, COMPILING) };
    served.target.run(Plan { respond_async: true, ..plan }, &served.program).await?;
    projector.worked_off().await?;
    projector.program.stop()?;
    served.program.stop()?;
    Ok(())
}
