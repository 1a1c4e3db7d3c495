//! A rebuild: `projector rebuild` of a large log beside a projector and an API at work, compared with how fast
//! the same log was projected before. What is compared, row by row, is the command's own business.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use super::apart;
use super::cluster::{Cluster, Served};
use crate::limits::{
    BACK_WITHIN, CONNECTIONS_BUSY, CUSTOMERS_REBUILD, EVENTS_REBUILD, LOAD_SLICE, RATE_DURING_REBUILD,
};
use crate::load::{Outcome, Plan};
use crate::report::Report;

/// The aim: replayed to live events a second.
const AIM_TIMES: f64 = 3.0;

/// Measures and reports.
pub(super) async fn measure(cluster: &Cluster, report: &mut Report) -> Result<()> {
    let served = cluster.serve().await?;
    let plan = Plan { warm_up: Duration::ZERO, ..apart(CONNECTIONS_BUSY, LOAD_SLICE) };
    let mut events = CUSTOMERS_REBUILD as u64;
    // Half of it warms the servers up; how fast the other half is projected is what the replay is compared with.
    fill(&served, plan, &mut events, EVENTS_REBUILD / 2).await?;
    let first = cluster.project()?;
    first.worked_off().await?;
    first.program.stop()?;
    fill(&served, plan, &mut events, EVENTS_REBUILD).await?;
    let projector = cluster.project()?;
    let live = projector.worked_off().await?;
    let live_rate = live.events() as f64 / live.seconds();
    eprintln!("rebuild: {} events projected live at {live_rate:.0} a second", live.events());

    // What keeps coming, until the rebuild is done. A connection that waits for its 202 holds up no other.
    let rebuilding = tokio::time::timeout(BACK_WITHIN, cluster.rebuild());
    tokio::pin!(rebuilding);
    let trickle = Plan { rate: Some(RATE_DURING_REBUILD), ..plan };
    let mut meanwhile: Vec<Outcome> = Vec::new();
    let done = loop {
        let slice = served.target.run(trickle, &served.program);
        tokio::pin!(slice);
        tokio::select! {
            done = &mut rebuilding => {
                let done = done.context("the rebuild does not end")??;
                meanwhile.push(slice.await?);
                break done;
            }
            slice = &mut slice => meanwhile.push(slice?),
        }
    };
    projector.program.stop()?;
    served.program.stop()?;
    say(report, &done, live_rate, &meanwhile)
}

/// Verdicts until there are so many events.
async fn fill(served: &Served, plan: Plan, events: &mut u64, to: u64) -> Result<()> {
    while *events < to {
        let filled = served.target.run(Plan { respond_async: true, ..plan }, &served.program).await?;
        ensure!(filled.unexpected() == 0, "not all were accepted: {:?} {:?}", filled.others, filled.shown);
        *events += filled.latencies_us.len() as u64 + filled.late;
        eprintln!("rebuild: {events} events in the log");
    }
    Ok(())
}

fn say(report: &mut Report, done: &Value, live_rate: f64, meanwhile: &[Outcome]) -> Result<()> {
    let number = |of: &Value, name: &str| of[name].as_f64().with_context(|| format!("no {name}: {done}"));
    let comparison = &done["comparison"];
    ensure!(done["switched"] == true, "not switched to: {done}");
    ensure!(
        number(comparison, "different")? == 0.0 && comparison["oldDigest"] == comparison["newDigest"],
        "the digests differ: {done}"
    );
    let (events, replay) = (number(done, "events")?, number(done, "replaySeconds")?);
    let in_time: u64 = meanwhile.iter().map(|slice| slice.latencies_us.len() as u64 + slice.late).sum();
    let later: u64 = meanwhile.iter().filter_map(|slice| slice.others.get(&202)).sum();
    let all: u64 = in_time + meanwhile.iter().map(Outcome::unexpected).sum::<u64>();
    report.say(&format!(
        "Rebuild: {CUSTOMERS_REBUILD} customers with ten events each on average, a projector and an API at work, \
         {:.0} verdicts a second coming meanwhile. Digests equal, {:.0} customers, tallies and \
         books compared, {:.0} left out. Aim: replay ≥ {AIM_TIMES:.0} × live.",
        all as f64 / number(done, "seconds")?,
        number(comparison, "compared")?,
        number(comparison, "notCompared")?,
    ));
    report.table(
        &[
            "live events/s",
            "events replayed",
            "replayed in s",
            "events/s",
            "× live",
            "compared in s",
            "all in s",
        ],
        &[vec![
            format!("{live_rate:.0}"),
            format!("{events:.0}"),
            format!("{replay:.1}"),
            format!("{:.0}", events / replay),
            format!("{:.1}", events / replay / live_rate),
            format!("{:.1}", number(done, "compareSeconds")?),
            format!("{:.1}", number(done, "seconds")?),
        ]],
    );
    report.say(&format!(
        "Of {all} verdicts meanwhile {in_time} were answered with 200, {later} with 202, {} otherwise.",
        all - in_time - later,
    ));
    Ok(())
}
