//! The embedded engine under load: a sandbox of the real program, a closed loop of verdicts, and in the same
//! round the bare loop on the same schema. What belongs here: the rounds and their tables.

use std::path::Path;
use std::time::Duration;

use anyhow::Result;

use crate::limits::{CONNECTIONS, CUSTOMERS, READY_WITHIN};
use crate::load::{Outcome, Plan, Target};
use crate::process::Program;
use crate::report::Report;
use crate::sandbox::{Sandbox, data_of};
use crate::sqlite_limit::{Verdict, adapter, bare};
use crate::stat::Spread;
use crate::{Measured, machine};

/// One server's life: with and without keys, then the limits on what it wrote.
struct Round {
    keyless: Outcome,
    keyed: Outcome,
    peak_rss: u64,
    stopped_in: Duration,
    bare: f64,
    bare_with_outcomes: f64,
    adapter: f64,
    wrote: String,
}

/// Measures everything and reports it.
pub(crate) fn run(measured: &Measured, report: &mut Report) -> Result<()> {
    let connections: Vec<usize> = match measured.connections.as_slice() {
        [] => CONNECTIONS.to_vec(),
        named => named.iter().map(|n| *n as usize).collect(),
    };
    let before = machine::line();
    let fsync = machine::fsync_us(&measured.work_dir)?;
    let mut rounds: Vec<(usize, Vec<Round>)> = connections.iter().map(|n| (*n, Vec::new())).collect();
    for number in 1..=measured.rounds {
        for (connections, done) in &mut rounds {
            eprintln!("round {number} of {}, {connections} connections", measured.rounds);
            let round = round(measured, *connections)?;
            eprintln!(
                "  {:.0} req/s, with keys {:.0}, the limit {:.0}; load average {}",
                round.keyless.rate(),
                round.keyed.rate(),
                round.bare,
                machine::load_average(),
            );
            done.push(round);
        }
    }
    report.say(&format!(
        "{before}, after {}; data on the file system of `target/`, an appended page with its fsync takes \
         {fsync:.0} µs there. Load generator, server and limit share the machine. Medians of {} rounds \
         (min–max), windows of {} s.",
        machine::load_average(),
        measured.rounds,
        measured.seconds,
    ));
    say_rounds(report, &rounds);
    Ok(())
}

/// One round at that many connections, on a fresh server.
fn round(measured: &Measured, connections: usize) -> Result<Round> {
    let folder = tempfile::Builder::new().prefix("bench-").tempdir_in(&measured.work_dir)?;
    let data = data_of(folder.path());
    let window = Duration::from_secs(measured.seconds);
    // One thread: the load generator must not take both cores.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (keyless, keyed, peak_rss, stopped_in) = runtime.block_on(async {
        let (program, target) = sandbox(&measured.program, folder.path()).await?;
        let plan = Plan::closed(connections, window);
        let keyless = target.run(plan, &program).await?;
        let keyed = target.run(Plan { keyed: true, ..plan }, &program).await?;
        let peak_rss = program.peak_rss()?;
        anyhow::Ok((keyless, keyed, peak_rss, program.stop()?))
    })?;
    let verdict = Verdict::of_last(&data)?;
    // The disk's room is the limits' now.
    std::fs::remove_dir_all(&data)?;
    let window = window / 2;
    Ok(Round {
        keyless,
        keyed,
        peak_rss,
        stopped_in,
        bare: bare(folder.path(), &verdict, connections, false, window)?.rate,
        bare_with_outcomes: bare(folder.path(), &verdict, connections, true, window)?.rate,
        adapter: runtime.block_on(adapter(folder.path(), &verdict, connections, window))?.rate,
        wrote: verdict.describe(),
    })
}

/// A sandbox that is ready, and customers in it.
async fn sandbox(program: &Path, folder: &Path) -> Result<(Program, Target)> {
    let Sandbox { program, address, api_key, .. } = Sandbox::start(program, folder, None, READY_WITHIN)?;
    Ok((program, Target::prepare(address, api_key, CUSTOMERS).await?))
}

fn spread(rounds: &[Round], of: impl Fn(&Round) -> f64) -> Spread {
    Spread::of(rounds.iter().map(of))
}

fn say_rounds(report: &mut Report, all: &[(usize, Vec<Round>)]) {
    let mut loads = Vec::new();
    let mut limits = Vec::new();
    for (connections, rounds) in all {
        for (kind, outcome) in
            [("none", (|round| &round.keyless) as fn(&Round) -> &Outcome), ("new each", |round| &round.keyed)]
        {
            let at = |share| spread(rounds, |r| outcome(r).ms_at(share));
            let cpu = spread(rounds, |r| outcome(r).ms_each(outcome(r).cpu.total()));
            let system = spread(rounds, |r| outcome(r).ms_each(outcome(r).cpu.system));
            let others: u64 = rounds.iter().map(|r| outcome(r).unexpected()).sum();
            loads.push(vec![
                connections.to_string(),
                kind.to_owned(),
                format!("{:.0}", spread(rounds, |r| outcome(r).rate())),
                format!("{:.1}", at(0.5)),
                format!("{:.1}", at(0.99)),
                format!("{cpu:.3}"),
                format!("{:.3}", system.median),
                others.to_string(),
                format!("{:.0}", spread(rounds, |r| r.peak_rss as f64 / (1024.0 * 1024.0))),
            ]);
        }
        limits.push(vec![
            connections.to_string(),
            format!("{:.0}", spread(rounds, |r| r.bare)),
            format!("{:.0} %", spread(rounds, |r| 100.0 * r.keyless.rate() / r.bare)),
            format!("{:.0}", spread(rounds, |r| r.bare_with_outcomes)),
            format!("{:.0} %", spread(rounds, |r| 100.0 * r.keyless.rate() / r.bare_with_outcomes)),
            format!("{:.0}", spread(rounds, |r| r.adapter)),
        ]);
    }
    report.table(
        &[
            "connections",
            "Idempotency-Key",
            "req/s",
            "p50 ms",
            "p99 ms",
            "server CPU ms/request",
            "of it system",
            "not 200",
            "peak RSS MiB",
        ],
        &loads,
    );
    if let Some(round) = all.iter().flat_map(|(_, rounds)| rounds).next_back() {
        report.say(&format!("One verdict in the log: {}.", round.wrote));
    }
    report.table(
        &[
            "in flight",
            "bare loop, two appends, /s",
            "server's share of it",
            "with the outcomes' append, /s",
            "server's share of it",
            "two appends through `SqliteLog`, /s",
        ],
        &limits,
    );
    for (connections, rounds) in all {
        say_threads(report, *connections, rounds);
    }
}

/// Where the server's CPU time went, by thread, and what was not expected.
fn say_threads(report: &mut Report, connections: usize, rounds: &[Round]) {
    let Some(round) = rounds.last() else { return };
    let outcome = &round.keyless;
    report.say(&format!(
        "{connections} connections, last round, ms of CPU a request by thread: {}; the load generator's own {:.3}. \
         It drained and ended {:.1} s after SIGTERM.",
        outcome.threads(),
        outcome.ms_each(outcome.own_cpu.total()),
        round.stopped_in.as_secs_f64(),
    ));
    for shown in rounds.iter().flat_map(|r| r.keyless.shown.iter().chain(&r.keyed.shown)).take(3) {
        report.say(&format!("Not expected: `{}`", shown.trim()));
    }
}
