//! The back: a projector works off a log that was filled before, while no front end runs, beside the bare
//! driver making the same prepared writes.

use std::time::Duration;

use anyhow::Result;

use super::cluster::Cluster;
use super::cql_limit::{Bare, Best, Form};
use super::{apart, warm_up};
use crate::limits::{BACKLOG_WINDOWS, CONNECTIONS_BUSY};
use crate::load::Plan;
use crate::report::Report;
use crate::stat::Spread;

/// The aims.
const AIM_SHARE: f64 = 80.0;
const AIM_RSS_MIB: u64 = 300;

/// One backlog worked off, and the limits right after it.
struct Round {
    events: u64,
    seconds: f64,
    rows: u64,
    requests: u64,
    /// Of an event: the projector's, the broker's, the store's.
    cpu_us: [f64; 3],
    peak_rss: f64,
    threads: String,
    single: Best,
    together: Best,
}

impl Round {
    fn events_rate(&self) -> f64 {
        self.events as f64 / self.seconds
    }

    fn rows_rate(&self) -> f64 {
        self.rows as f64 / self.seconds
    }
}

/// Measures and reports.
pub(super) async fn measure(
    cluster: &Cluster,
    rounds: u32,
    window: Duration,
    report: &mut Report,
) -> Result<()> {
    warm_up(cluster).await?;
    let bare = Bare::new(&cluster.cql_node(), cluster.servers().store).await?;
    // The concurrency that is best for each form is looked for once, with time, and this compiles the server too.
    let single = bare.best(Form::Single, window).await?;
    let together = bare.best(Form::Together, window).await?;
    // Nor is the first round measured. After the warm-up a quarter of Cassandra's CPU was still its compiler's, and
    // the rate grew from round to round (4,491, 4,880, 5,440 events a second).
    round(cluster, window, &bare, single, together).await?;
    let mut done = Vec::new();
    for number in 1..=rounds {
        let round = round(cluster, window, &bare, single, together).await?;
        eprintln!(
            "back {number}: {:.0} events/s, {:.0} rows/s of {:.0} (together {:.0})",
            round.events_rate(),
            round.rows_rate(),
            round.single.rows,
            round.together.rows
        );
        done.push(round);
    }
    say(report, &done);
    Ok(())
}

async fn round(
    cluster: &Cluster,
    window: Duration,
    bare: &Bare,
    single: Best,
    together: Best,
) -> Result<Round> {
    let served = cluster.serve().await?;
    let plan = Plan {
        warm_up: Duration::ZERO,
        respond_async: true,
        ..apart(CONNECTIONS_BUSY, window * BACKLOG_WINDOWS)
    };
    served.target.run(plan, &served.program).await?;
    served.program.stop()?;
    let projector = cluster.project()?;
    let work = projector.worked_off().await?;
    let events = work.events();
    let round = Round {
        events,
        seconds: work.seconds(),
        rows: work.rows(),
        requests: work.requests(),
        cpu_us: work.cpu_us(),
        peak_rss: projector.program.peak_rss()? as f64 / (1024.0 * 1024.0),
        threads: work.threads(),
        single: bare.pace(Form::Single, single.in_flight, window).await?,
        together: bare.pace(Form::Together, together.in_flight, window).await?,
    };
    projector.program.stop()?;
    Ok(round)
}

fn say(report: &mut Report, rounds: &[Round]) {
    let of = |of: &dyn Fn(&Round) -> f64| Spread::of(rounds.iter().map(of));
    report.say(&format!(
        "Back: one projector, the front end stopped, a backlog of {:.0} events each round. Aims: rows ≥ \
         {AIM_SHARE:.0} % of the bare driver's, RSS < {AIM_RSS_MIB} MiB.",
        of(&|r| r.events as f64),
    ));
    report.table(
        &[
            "events/s",
            "rows/s",
            "rows an event",
            "CQL requests an event",
            "projector CPU ms/event",
            "broker's",
            "Cassandra's",
            "peak RSS MiB",
        ],
        &[vec![
            format!("{:.0}", of(&Round::events_rate)),
            format!("{:.0}", of(&Round::rows_rate)),
            format!("{:.2}", of(&|r| r.rows as f64 / r.events as f64)),
            format!("{:.2}", of(&|r| r.requests as f64 / r.events as f64)),
            format!("{:.3}", of(&|r| r.cpu_us[0] / 1e3)),
            format!("{:.3}", of(&|r| r.cpu_us[1] / 1e3)),
            format!("{:.3}", of(&|r| r.cpu_us[2] / 1e3)),
            format!("{:.0}", of(&|r| r.peak_rss)),
        ]],
    );
    report.table(
        &[
            "the bare driver, same tables, statements and sizes",
            "in flight",
            "rows/s",
            "projector's share of it",
            "its CPU µs/row",
            "Cassandra's",
        ],
        &[
            vec![
                "an INSERT a row".to_owned(),
                rounds.last().map_or(0, |r| r.single.in_flight).to_string(),
                format!("{:.0}", of(&|r| r.single.rows)),
                format!("{:.0} %", of(&|r| 100.0 * r.rows_rate() / r.single.rows)),
                format!("{:.1}", of(&|r| r.single.cpu_us[0])),
                format!("{:.1}", of(&|r| r.single.cpu_us[1])),
            ],
            vec![
                "several in a request, as the projector sends them".to_owned(),
                rounds.last().map_or(0, |r| r.together.in_flight).to_string(),
                format!("{:.0}", of(&|r| r.together.rows)),
                format!("{:.0} %", of(&|r| 100.0 * r.rows_rate() / r.together.rows)),
                format!("{:.1}", of(&|r| r.together.cpu_us[0])),
                format!("{:.1}", of(&|r| r.together.cpu_us[1])),
            ],
        ],
    );
    if let Some(round) = rounds.last() {
        report.say(&format!("Last round, ms of the projector's CPU an event by thread: {}.", round.threads));
    }
}
