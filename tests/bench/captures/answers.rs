//! Captures from outside with all models, one after the other: an honest card each, of a customer of its own. What
//! belongs here: their times, what was answered, and the program's memory.

use std::collections::BTreeMap;

use anyhow::Result;

use super::Arguments;
use super::bodies::Caller;
use crate::faces::portraits;
use crate::limits::{CAPTURE_RSS_MAX_MIB, CAPTURES, READY_WITHIN};
use crate::load::Target;
use crate::report::Report;
use crate::sandbox::Sandbox;
use crate::stat::{Spread, percentile};

/// One program's life.
struct Round {
    us: Vec<u32>,
    statuses: Vec<String>,
    peak_rss: u64,
}

/// Measures and reports.
pub(super) fn measure(arguments: &Arguments, report: &mut Report) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let rounds: Vec<Round> = (0..arguments.rounds)
        .map(|number| runtime.block_on(round(arguments, number)))
        .collect::<Result<_>>()?;
    let mut us: Vec<u32> = rounds.iter().flat_map(|round| &round.us).copied().collect();
    us.sort_unstable();
    let ms = |share: f64| format!("{:.0}", f64::from(percentile(&us, share)) / 1e3);
    let rss = Spread::of(rounds.iter().map(|round| round.peak_rss as f64 / (1024.0 * 1024.0)));
    let mut statuses: BTreeMap<&str, usize> = BTreeMap::new();
    rounds.iter().flat_map(|round| &round.statuses).for_each(|status| {
        *statuses.entry(status).or_default() += 1;
    });
    let told: Vec<String> = statuses.iter().map(|(status, count)| format!("{status} {count}")).collect();
    report.say(&format!(
        "Captures with all models, one after the other, from the first byte sent to the last one read: {} honest ones of \
         drawn cards with portraits ({CAPTURES} a round; a key may send 20 a minute), a still of 1600 × 1200 and frames of \
         960 × 720. What was answered: {}.",
        us.len(),
        told.join(", "),
    ));
    let limit = format!("< {CAPTURE_RSS_MAX_MIB}");
    report.table(
        &["p50 ms", "p95 ms", "largest ms", "peak RSS MiB", "limit"],
        &[vec![ms(0.5), ms(0.95), ms(1.0), format!("{rss:.0}"), limit]],
    );
    Ok(())
}

async fn round(arguments: &Arguments, number: u32) -> Result<Round> {
    let folder = tempfile::Builder::new().prefix("bench-capture-").tempdir_in(&arguments.work_dir)?;
    let sandbox =
        Sandbox::start(&arguments.program, folder.path(), Some(arguments.models.as_path()), READY_WITHIN)?;
    let target = Target::prepare(sandbox.address, sandbox.api_key.clone(), CAPTURES).await?;
    let portraits = portraits::all(&arguments.models)?;
    let mut caller = Caller::connect(&sandbox).await?;
    let mut round = Round { us: Vec::new(), statuses: Vec::new(), peak_rss: 0 };
    for (at, customer) in target.customers().iter().enumerate() {
        let (_, portrait) = &portraits[at % portraits.len()];
        let seed = u64::from(number) * CAPTURES as u64 + at as u64 + 1;
        let body = caller.drawn(customer, seed, portrait).await?;
        let (status, took) = caller.captured(&body).await?;
        round.us.push(u32::try_from(took.as_micros()).unwrap_or(u32::MAX));
        round.statuses.push(status);
    }
    round.peak_rss = sandbox.program.peak_rss()?;
    sandbox.program.stop()?;
    Ok(round)
}
