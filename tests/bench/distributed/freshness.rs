//! Freshness: from POST to visible with everything at work, at half of the most that the whole takes.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};

use super::cluster::Cluster;
use super::{apart, warm_up};
use crate::limits::{COMPILING_WAITING, CONNECTIONS_BUSY, WARM_UP_DISTRIBUTED};
use crate::load::{Outcome, Plan};
use crate::report::Report;
use crate::stat::Spread;

/// The aim.
const AIM_P50_MS: f64 = 20.0;

struct Round {
    alone: Outcome,
    most: Outcome,
    half: Outcome,
    projector_rss: f64,
}

/// Measures and reports.
pub(super) async fn measure(
    cluster: &Cluster,
    rounds: u32,
    window: Duration,
    report: &mut Report,
) -> Result<()> {
    warm_up(cluster).await?;
    let served = cluster.serve().await?;
    let projector = cluster.project()?;
    projector.settled().await?;
    // Waiting for the projector is a way of its own through both servers, and it may not have joined yet.
    let waiting = Plan { warm_up: Duration::ZERO, ..apart(CONNECTIONS_BUSY, COMPILING_WAITING) };
    served.target.run(waiting, &served.program).await?;
    let mut done: Vec<Round> = Vec::new();
    for number in 1..=rounds {
        let plan = |connections| Plan { warm_up: WARM_UP_DISTRIBUTED, ..apart(connections, window) };
        let alone = served.target.run(plan(1), &served.program).await?;
        let most = served.target.run(plan(CONNECTIONS_BUSY), &served.program).await?;
        ensure!(most.rate() > 0.0, "no verdict was visible in time: {:?} {:?}", most.others, most.shown);
        let rate = Some(most.rate() / 2.0);
        let half = Plan { rate, ..plan(CONNECTIONS_BUSY) };
        let half = served.target.run(half, &served.program).await.context("at half the maximum")?;
        eprintln!(
            "freshness {number}: most {:.0}/s, at half p50 {:.1} ms, p99 {:.1} ms; alone p50 {:.1} ms",
            most.rate(),
            half.ms_at(0.5),
            half.ms_at(0.99),
            alone.ms_at(0.5)
        );
        let projector_rss = projector.program.peak_rss()? as f64 / (1024.0 * 1024.0);
        done.push(Round { alone, most, half, projector_rss });
    }
    projector.program.stop()?;
    served.program.stop()?;
    say(report, &done);
    Ok(())
}

fn say(report: &mut Report, rounds: &[Round]) {
    report.say(&format!(
        "Freshness: from the POST's first byte to the 200, with one API and one projector. Aim: p50 < \
         {AIM_P50_MS:.0} ms at half the most.",
    ));
    let row = |name: &str, of: fn(&Round) -> &Outcome| {
        let spread = |what: &dyn Fn(&Outcome) -> f64| Spread::of(rounds.iter().map(|r| what(of(r))));
        vec![
            name.to_owned(),
            format!("{:.0}", spread(&Outcome::rate)),
            format!("{:.1}", spread(&|o| o.ms_at(0.5))),
            format!("{:.1}", spread(&|o| o.ms_at(0.99))),
            rounds.iter().map(|r| of(r).unexpected()).sum::<u64>().to_string(),
        ]
    };
    report.table(
        &["load", "verdicts/s", "p50 ms", "p99 ms", "not 200"],
        &[
            row("one at a time", |r| &r.alone),
            row(&format!("the most, {CONNECTIONS_BUSY} connections"), |r| &r.most),
            row("half of that", |r| &r.half),
        ],
    );
    let rss = Spread::of(rounds.iter().map(|r| r.projector_rss));
    report.say(&format!("Peak RSS of the projector: {rss:.0} MiB."));
    for shown in rounds.iter().flat_map(|r| r.half.shown.iter().chain(&r.most.shown)).take(3) {
        report.say(&format!("Not expected: `{}`", shown.trim()));
    }
}
