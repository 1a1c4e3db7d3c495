//! Verdicts a second with face models and without: the same load, whose photo shows a face, on one machine in turns.
//! While verdicts come, the second projection reads the photos of those before them; what it takes of the rate is what
//! is measured.

use anyhow::Result;

use super::{Arguments, portraits};
use crate::counters;
use crate::limits::{CONNECTIONS_FACE, CUSTOMERS, READY_WITHIN};
use crate::load::{Outcome, Plan, Target};
use crate::report::Report;
use crate::sample::PHOTO_BYTES;
use crate::sandbox::Sandbox;
use crate::stat::Spread;

/// The aim.
const AIM_SHARE: f64 = 90.0;

/// The smallest portrait, which a comment makes as large as every other bench's photo.
const PORTRAIT: &str = "macron_2014";

/// One server's life.
struct Served {
    outcome: Outcome,
    /// Since its start, when the window ended.
    photos: u64,
    peak_rss: u64,
}

/// The two of one round, one right after the other.
struct Round {
    without: Served,
    with: Served,
}

impl Round {
    fn share(&self) -> f64 {
        100.0 * self.with.outcome.rate() / self.without.outcome.rate()
    }
}

/// Measures and reports.
pub(super) fn measure(arguments: &Arguments, report: &mut Report) -> Result<()> {
    let photo = portraits::padded(&portraits::named(&arguments.models, PORTRAIT)?, PHOTO_BYTES)?;
    let connections: Vec<usize> = match arguments.connections.as_slice() {
        [] => CONNECTIONS_FACE.to_vec(),
        named => named.iter().map(|n| *n as usize).collect(),
    };
    let mut all: Vec<(usize, Vec<Round>)> = connections.iter().map(|n| (*n, Vec::new())).collect();
    for number in 0..arguments.rounds {
        for (connections, done) in &mut all {
            let serve = |with_models| serve(arguments, &photo, *connections, with_models);
            // Neither is always the first: what the other left behind falls on both.
            let round = if number % 2 == 0 {
                let without = serve(false)?;
                Round { without, with: serve(true)? }
            } else {
                let with = serve(true)?;
                Round { without: serve(false)?, with }
            };
            eprintln!(
                "  {connections} connections: {:.0} req/s without, {:.0} with, {:.1} %, {} photos",
                round.without.outcome.rate(),
                round.with.outcome.rate(),
                round.share(),
                round.with.photos
            );
            done.push(round);
        }
    }
    say(arguments, report, &all);
    Ok(())
}

/// A fresh sandbox under load. It is ended with most photos unread: the next one shall have the machine for itself.
fn serve(arguments: &Arguments, photo: &[u8], connections: usize, with_models: bool) -> Result<Served> {
    let folder = tempfile::Builder::new().prefix("bench-verdicts-").tempdir_in(&arguments.work_dir)?;
    let models = with_models.then_some(arguments.models.as_path());
    let sandbox = Sandbox::start(&arguments.program, folder.path(), models, READY_WITHIN)?;
    // One thread: the load generator must not take both cores.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let served = runtime.block_on(async {
        let target = Target::prepare(sandbox.address, sandbox.api_key.clone(), CUSTOMERS).await?;
        let plan = Plan::closed(connections, arguments.window());
        let outcome = target.with_photo(photo).run(plan, &sandbox.program).await?;
        let photos = counters::sum(&counters::page(sandbox.admin).await?, "identity_face_photos_total");
        anyhow::Ok(Served { outcome, photos, peak_rss: sandbox.program.peak_rss()? })
    })?;
    sandbox.program.stop()?;
    Ok(served)
}

fn say(arguments: &Arguments, report: &mut Report, all: &[(usize, Vec<Round>)]) {
    report.say(&format!(
        "The sandbox under the same load without models and with them, in turns, windows of {} s; the photo of every \
         verdict shows a face ({PHOTO_BYTES} bytes). Aim: with models ≥ {AIM_SHARE:.0} % of the rate without.",
        arguments.window().as_secs(),
    ));
    let mut rows = Vec::new();
    for (connections, rounds) in all {
        for (models, of) in
            [("none", (|round| &round.without) as fn(&Round) -> &Served), ("loaded", |round| &round.with)]
        {
            let spread = |value: &dyn Fn(&Served) -> f64| Spread::of(rounds.iter().map(|r| value(of(r))));
            let others: u64 = rounds.iter().map(|round| of(round).outcome.unexpected()).sum();
            let share = Spread::of(rounds.iter().map(Round::share));
            let [share, aim] = match models {
                "none" => ["–".to_owned(), "–".to_owned()],
                _ => [format!("{share:.1} %"), format!("≥ {AIM_SHARE:.0} %")],
            };
            rows.push(vec![
                connections.to_string(),
                models.to_owned(),
                format!("{:.0}", spread(&|served| served.outcome.rate())),
                share,
                aim,
                format!("{:.1}", spread(&|served| served.outcome.ms_at(0.5))),
                format!("{:.1}", spread(&|served| served.outcome.ms_at(0.99))),
                format!("{:.3}", spread(&|served| served.outcome.ms_each(served.outcome.cpu.total()))),
                format!("{:.0}", spread(&|served| served.photos as f64)),
                others.to_string(),
                format!("{:.0}", spread(&|served| served.peak_rss as f64 / (1024.0 * 1024.0))),
            ]);
        }
    }
    report.table(
        &[
            "connections",
            "models",
            "req/s",
            "share",
            "aim",
            "p50 ms",
            "p99 ms",
            "server CPU ms/request",
            "photos read meanwhile",
            "not 200",
            "peak RSS MiB",
        ],
        &rows,
    );
    for (connections, rounds) in all {
        if let Some(round) = rounds.last() {
            report.say(&format!(
                "{connections} connections, models loaded, last round, ms of CPU a request by thread: {}.",
                round.with.outcome.threads()
            ));
        }
    }
}
