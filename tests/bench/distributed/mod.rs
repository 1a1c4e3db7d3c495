//! The distributed engine: `ingest-api serve` and `projector run` on a real Kafka and a real Cassandra of this
//! machine, beside the bare drivers. What belongs here: the order of the measurements and their tables.

mod cluster;
mod cql_limit;
mod kafka_limit;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use clap::Args;

use self::cluster::{Cluster, Served};
use crate::limits::{BACK_WITHIN, CONNECTIONS_DISTRIBUTED, LOOK_AT_TOTAL_EVERY};
use crate::load::{Outcome, Plan};
use crate::process::Program;
use crate::report::Report;
use crate::stat::{Spread, percentile};
use crate::{Measured, machine, stages};

/// As for the embedded engine, and the other program.
#[derive(Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) measured: Measured,
    /// The `projector` to measure
    #[arg(long, value_name = "FILE")]
    projector: PathBuf,
}

/// Rows of the read model that every event changes at least: verification, enrolment, the customer's state.
/// Tallies, books and positions are shared by a batch and not counted.
const ROWS_PER_EVENT: f64 = 3.0;

/// One round of the front: a server, then the bare loop at the same concurrency.
struct Front {
    outcome: Outcome,
    peak_rss: u64,
    bare: f64,
}

/// Measures front, back and freshness and reports them.
pub(crate) fn run(arguments: &Arguments, report: &mut Report) -> Result<()> {
    let measured = &arguments.measured;
    let window = Duration::from_secs(measured.seconds);
    let before = machine::line();
    let folder = tempfile::Builder::new().prefix("bench-").tempdir_in(&measured.work_dir)?;
    let cluster = Cluster::start(folder.path(), &measured.program, &arguments.projector)?;
    // Two threads: rdkafka and scylla want one beside the load's.
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    report.say(&format!(
        "{before}; one broker, one Cassandra node, no TLS. Medians of {} rounds (min–max), windows of {} s.",
        measured.rounds, measured.seconds,
    ));
    runtime.block_on(async {
        front(&cluster, measured, window, report).await?;
        back(&cluster, window, report).await?;
        freshness(&cluster, window, report).await
    })?;
    report.say(&format!("Load average after it: {}.", machine::load_average()));
    Ok(())
}

async fn front(cluster: &Cluster, measured: &Measured, window: Duration, report: &mut Report) -> Result<()> {
    let connections: Vec<usize> = match measured.connections.as_slice() {
        [] => CONNECTIONS_DISTRIBUTED.to_vec(),
        named => named.iter().map(|n| *n as usize).collect(),
    };
    let records = stages::records().await?;
    let bare = kafka_limit::Bare::new(&cluster.brokers(), &records).await?;
    let mut rounds: Vec<(usize, Vec<Front>)> = connections.into_iter().map(|n| (n, Vec::new())).collect();
    for number in 1..=measured.rounds {
        for (connections, done) in &mut rounds {
            let served = cluster.serve().await?;
            let plan =
                Plan { connections: *connections, window, keyed: true, respond_async: true, rate: None };
            let outcome = served.target.run(plan, &served.program).await?;
            let peak_rss = served.program.peak_rss()?;
            served.program.stop()?;
            let bare = bare.run(*connections, window / 2).await?;
            eprintln!("front {number}, {connections}: {:.0} req/s, bare {bare:.0}", outcome.rate());
            done.push(Front { outcome, peak_rss, bare });
        }
    }
    let spread = |rounds: &[Front], of: fn(&Front) -> f64| Spread::of(rounds.iter().map(of));
    let rows: Vec<Vec<String>> = rounds
        .iter()
        .map(|(connections, r)| {
            vec![
                connections.to_string(),
                format!("{:.0}", spread(r, |f| f.outcome.rate())),
                format!("{:.1}", spread(r, |f| f64::from(percentile(&f.outcome.latencies_us, 0.5)) / 1e3)),
                format!("{:.1}", spread(r, |f| f64::from(percentile(&f.outcome.latencies_us, 0.99)) / 1e3)),
                format!("{:.3}", spread(r, |f| f.outcome.ms_each(f.outcome.cpu.total()))),
                format!("{:.0}", spread(r, |f| f.peak_rss as f64 / (1024.0 * 1024.0))),
                r.iter().flat_map(|f| f.outcome.others.values()).sum::<u64>().to_string(),
                format!("{:.0}", spread(r, |f| f.bare)),
                format!("{:.0} %", spread(r, |f| 100.0 * f.outcome.rate() / f.bare)),
            ]
        })
        .collect();
    report.say("Front: projector stopped, `Prefer: respond-async`, an `Idempotency-Key` each.");
    report.table(
        &[
            "connections",
            "req/s",
            "p50 ms",
            "p99 ms",
            "API CPU ms/request",
            "peak RSS MiB",
            "not 202",
            "bare rdkafka, two appends, /s",
            "share",
        ],
        &rows,
    );
    let size = records.1.value.len();
    report.say(&format!(
        "`ProducerPerformance`, one append of {size} bytes: {}.",
        cluster.producer_performance(size)?
    ));
    for shown in rounds.iter().flat_map(|(_, r)| r).flat_map(|f| &f.outcome.shown).take(3) {
        report.say(&format!("Not expected: `{}`", shown.trim()));
    }
    Ok(())
}

/// How fast the projector works off what the front left behind.
async fn back(cluster: &Cluster, window: Duration, report: &mut Report) -> Result<()> {
    let served = cluster.serve().await?;
    let projector = cluster.project()?;
    let (began, from) = first_total(&served, &projector).await?;
    let cpu = projector.cpu()?;
    let (mut ended, mut to) = (began, from);
    let give_up = Instant::now() + BACK_WITHIN;
    loop {
        tokio::time::sleep(LOOK_AT_TOTAL_EVERY).await;
        let total = served.total().await?;
        if total == to || Instant::now() > give_up {
            break;
        }
        (ended, to) = (Instant::now(), total);
    }
    let seconds = (ended - began).as_secs_f64();
    let events = (to - from) as f64;
    let used = projector.cpu()?.since(cpu).total().as_secs_f64();
    let rss = projector.peak_rss()?;
    projector.stop()?;
    served.program.stop()?;
    let bare = cql_limit::best(&cluster.cql_node(), window / 2).await?;
    let rows = events * ROWS_PER_EVENT / seconds;
    report.say(&format!(
        "Back: {events:.0} events in {seconds:.1} s: {:.0} events/s, at least {rows:.0} rows/s \
         ({ROWS_PER_EVENT:.0} an event); projector CPU {:.3} ms an event, peak RSS {} MiB. The bare driver, \
         three prepared INSERTs a message, best at {} messages in flight: {:.0} rows/s; share {:.0} %.",
        events / seconds,
        used * 1e3 / events.max(1.0),
        rss / (1024 * 1024),
        bare.in_flight,
        bare.rows,
        100.0 * rows / bare.rows,
    ));
    Ok(())
}

/// The first rows, and when they were seen.
async fn first_total(served: &Served, projector: &Program) -> Result<(Instant, u64)> {
    let before = served.total().await?;
    let give_up = Instant::now() + BACK_WITHIN;
    loop {
        let total = served.total().await?;
        if total > before {
            return Ok((Instant::now(), total));
        }
        anyhow::ensure!(Instant::now() < give_up, "nothing was projected:\n{}", projector.tail());
        tokio::time::sleep(LOOK_AT_TOTAL_EVERY).await;
    }
}

/// From POST to visible (a 200) at half of what the whole takes at most.
async fn freshness(cluster: &Cluster, window: Duration, report: &mut Report) -> Result<()> {
    let served = cluster.serve().await?;
    let projector = cluster.project()?;
    let most = Plan { connections: 64, window, keyed: true, respond_async: false, rate: None };
    let most = served.target.run(most, &served.program).await?;
    let half = most.rate() / 2.0;
    let plan = Plan { connections: 64, window, keyed: true, respond_async: false, rate: Some(half) };
    let outcome = served.target.run(plan, &served.program).await.context("at half the maximum")?;
    let ms = |share| f64::from(percentile(&outcome.latencies_us, share)) / 1e3;
    report.say(&format!(
        "Freshness: with waiting for the projector the most is {:.0} verdicts/s; at half of it ({:.0}/s) POST → \
         visible takes p50 {:.1} ms, p99 {:.1} ms; {} answers were not 200; projector RSS {} MiB.",
        most.rate(),
        outcome.rate(),
        ms(0.5),
        ms(0.99),
        outcome.others.values().sum::<u64>(),
        projector.peak_rss()? / (1024 * 1024),
    ));
    projector.stop()?;
    served.program.stop()?;
    Ok(())
}
