//! The front: verdicts into the log while no projector runs, beside a producer that only appends.

use std::time::Duration;

use anyhow::Result;

use super::cluster::Cluster;
use super::kafka_limit::Pace;
use super::{apart, kafka_limit, warm_up};
use crate::limits::{CONNECTIONS_BUSY, CONNECTIONS_DISTRIBUTED, WARM_UP_DISTRIBUTED};
use crate::load::{Outcome, Plan};
use crate::report::Report;
use crate::stages;
use crate::stat::Spread;

/// The aims.
const AIM_SHARE: f64 = 70.0;
const AIM_CPU_MS: f64 = 0.250;

/// One window of the API and the limit right after it.
struct Window {
    outcome: Outcome,
    bare: Pace,
}

/// The windows of one row of the table.
struct Row {
    connections: usize,
    keyed: bool,
    windows: Vec<Window>,
}

/// Measures and reports.
pub(super) async fn measure(
    cluster: &Cluster,
    named: Vec<usize>,
    rounds: u32,
    window: Duration,
    report: &mut Report,
) -> Result<()> {
    let connections = if named.is_empty() { CONNECTIONS_DISTRIBUTED.to_vec() } else { named };
    let mut rows: Vec<Row> = Vec::new();
    for connections in connections {
        rows.push(Row { connections, keyed: false, windows: Vec::new() });
        if connections == CONNECTIONS_BUSY {
            rows.push(Row { connections, keyed: true, windows: Vec::new() });
        }
    }
    let records = stages::records().await?;
    let bare = kafka_limit::Bare::new(&cluster.brokers(), cluster.servers().brokers, &records).await?;
    warm_up(cluster).await?;
    bare.run(CONNECTIONS_BUSY, window).await?;
    let (mut rss, mut perf) = (Vec::new(), Vec::new());
    for number in 1..=rounds {
        let served = cluster.serve().await?;
        let mut limit: Option<(usize, Pace)> = None;
        for row in &mut rows {
            let plan = Plan {
                warm_up: WARM_UP_DISTRIBUTED,
                keyed: row.keyed,
                respond_async: true,
                ..apart(row.connections, window)
            };
            let outcome = served.target.run(plan, &served.program).await?;
            let known = limit.filter(|(connections, _)| *connections == row.connections);
            let pace = match known {
                Some((_, pace)) => pace,
                None => bare.run(row.connections, window).await?,
            };
            limit = Some((row.connections, pace));
            eprintln!(
                "front {number}: {} connections, keys {}: {:.0} req/s of {:.0}",
                row.connections,
                row.keyed,
                outcome.rate(),
                pace.rate
            );
            row.windows.push(Window { outcome, bare: pace });
        }
        rss.push(served.program.peak_rss()? as f64 / (1024.0 * 1024.0));
        served.program.stop()?;
        perf.push(cluster.producer_performance(records.1.value.len())?);
    }
    say(report, &rows, &rss);
    report.say(&format!(
        "`ProducerPerformance` (`acks=all`, its default batches and linger 0), one append of {} bytes, without \
         waiting for the one before: {:.0} records/s.",
        records.1.value.len(),
        Spread::of(perf),
    ));
    Ok(())
}

fn say(report: &mut Report, rows: &[Row], rss: &[f64]) {
    let table: Vec<Vec<String>> = rows
        .iter()
        .map(|row| {
            let of = |of: &dyn Fn(&Window) -> f64| Spread::of(row.windows.iter().map(of));
            vec![
                row.connections.to_string(),
                if row.keyed { "new each" } else { "none" }.to_owned(),
                format!("{:.0}", of(&|w| w.outcome.rate())),
                format!("{:.1}", of(&|w| w.outcome.ms_at(0.5))),
                format!("{:.1}", of(&|w| w.outcome.ms_at(0.99))),
                format!("{:.3}", of(&|w| w.outcome.ms_each(w.outcome.cpu.total()))),
                format!("{:.3}", of(&|w| w.outcome.ms_each(w.outcome.cpu.system)).median),
                row.windows.iter().map(|w| w.outcome.unexpected()).sum::<u64>().to_string(),
                format!("{:.3}", of(&|w| w.outcome.ms_each(w.outcome.servers_cpu.total())).median),
                format!("{:.0}", of(&|w| w.bare.rate)),
                format!("{:.3} + {:.3}", of(&|w| w.bare.cpu_ms[0]).median, of(&|w| w.bare.cpu_ms[1]).median),
                format!("{:.0} %", of(&|w| 100.0 * w.outcome.rate() / w.bare.rate)),
            ]
        })
        .collect();
    report.say(&format!(
        "Front: projector stopped, `Prefer: respond-async`. Aims: share ≥ {AIM_SHARE:.0} %, API CPU ≤ \
         {AIM_CPU_MS:.3} ms a request.",
    ));
    report.table(
        &[
            "connections",
            "Idempotency-Key",
            "req/s",
            "p50 ms",
            "p99 ms",
            "API CPU ms/request",
            "of it system",
            "not 202",
            "broker's",
            "bare rdkafka, two appends, /s",
            "its CPU + the broker's, ms",
            "share",
        ],
        &table,
    );
    report.say(&format!("Peak RSS of the API: {:.0} MiB.", Spread::of(rss.iter().copied())));
    for row in rows {
        let Some(Window { outcome, .. }) = row.windows.last() else { continue };
        report.say(&format!(
            "{} connections, keys {}, last round, ms of CPU a request by thread: {}; the load generator's own {:.3}.",
            row.connections,
            if row.keyed { "new each" } else { "none" },
            outcome.threads(),
            outcome.ms_each(outcome.own_cpu.total()),
        ));
    }
    for shown in rows.iter().flat_map(|row| &row.windows).flat_map(|w| &w.outcome.shown).take(3) {
        report.say(&format!("Not expected: `{}`", shown.trim()));
    }
}
