//! The first projection's CPU time an event, of this build and of an earlier one: a log of valid verdicts with photos,
//! and the read model as it was before them, so that a start projects them all before it is ready. Models are not
//! loaded. The two builds take turns, each on a folder that it made itself.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Result, ensure};
use tempfile::TempDir;

use super::{Arguments, portraits};
use crate::counters;
use crate::limits::{CONNECTIONS_BUSY, CUSTOMERS, PROJECTED_WITHIN, READY_WITHIN};
use crate::load::{Plan, Target};
use crate::report::Report;
use crate::sample::PHOTO_BYTES;
use crate::sandbox::{Sandbox, data_of};
use crate::stat::Spread;

/// A build's folder.
struct World<'a> {
    name: &'static str,
    program: &'a Path,
    folder: TempDir,
    rounds: Vec<Round>,
}

struct Round {
    events: u64,
    /// From start to ready, less what a start with nothing to project takes.
    cpu: Duration,
}

impl Round {
    fn us_each(&self) -> f64 {
        self.cpu.as_secs_f64() * 1e6 / self.events as f64
    }
}

/// Measures and reports.
pub(super) fn measure(arguments: &Arguments, report: &mut Report) -> Result<()> {
    let mut worlds = Vec::new();
    let builds = [("before", arguments.before.as_deref()), ("this build", Some(&*arguments.program))];
    for (name, program) in builds {
        if let Some(program) = program {
            worlds.push(World::filled(name, program, arguments)?);
        }
    }
    for number in 0..arguments.rounds {
        if number % 2 == 1 {
            worlds.reverse();
        }
        for world in &mut worlds {
            let round = world.round()?;
            eprintln!("  {}: {} events, {:.1} µs each", world.name, round.events, round.us_each());
            world.rounds.push(round);
        }
    }
    report.say(
        "The first projection on the embedded engine, no models: CPU time of the whole process from its start until all \
         verdicts of the log are in the read model, less that of a start with nothing to project. Every verdict has a \
         photo and a raw answer, no reason. Builds take turns.",
    );
    worlds.sort_by_key(|world| world.name);
    let rows: Vec<_> = worlds.iter().map(World::row).collect();
    report.table(&["build", "events a round", "CPU µs/event"], &rows);
    if let [before, now] = &worlds[..] {
        let rounds = before.rounds.iter().zip(&now.rounds);
        let share = Spread::of(rounds.map(|(before, now)| 100.0 * now.us_each() / before.us_each()));
        report.say(&format!("This build takes {share:.0} % of the CPU time of the one before."));
    }
    Ok(())
}

impl<'a> World<'a> {
    /// Customers, a copy of the read model that knows them, then verdicts for a window.
    fn filled(name: &'static str, program: &'a Path, arguments: &Arguments) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("bench-first-").tempdir_in(&arguments.work_dir)?;
        let photo = portraits::padded(&portraits::named(&arguments.models, "macron_2014")?, PHOTO_BYTES)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let sandbox = Sandbox::start(program, folder.path(), None, READY_WITHIN)?;
        let preparing = Target::prepare(sandbox.address, sandbox.api_key.clone(), CUSTOMERS);
        let target = runtime.block_on(preparing)?.with_photo(&photo);
        sandbox.program.stop()?;
        let world = Self { name, program, folder, rounds: Vec::new() };
        copy_files(&world.views(), &world.views_before())?;
        let sandbox = Sandbox::start(program, world.folder.path(), None, READY_WITHIN)?;
        let plan = Plan::closed(CONNECTIONS_BUSY, arguments.window());
        let outcome = runtime.block_on(target.at(sandbox.address).run(plan, &sandbox.program))?;
        ensure!(outcome.unexpected() == 0, "not every verdict was answered with a 200: {:?}", outcome.shown);
        sandbox.program.stop()?;
        Ok(world)
    }

    fn views(&self) -> PathBuf {
        data_of(self.folder.path()).join("views")
    }

    fn views_before(&self) -> PathBuf {
        self.folder.path().join("views-before")
    }

    fn round(&self) -> Result<Round> {
        std::fs::remove_dir_all(self.views())?;
        copy_files(&self.views_before(), &self.views())?;
        let (events, all) = self.start()?;
        let (again, idle) = self.start()?;
        ensure!(again == 0, "{again} events were projected once more");
        ensure!(events > 0, "nothing was projected");
        Ok(Round { events, cpu: all.saturating_sub(idle) })
    }

    /// Events projected, and CPU time, from the start until it was ready.
    fn start(&self) -> Result<(u64, Duration)> {
        let sandbox = Sandbox::start(self.program, self.folder.path(), None, PROJECTED_WITHIN)?;
        let cpu = sandbox.program.cpu()?.total();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let page = runtime.block_on(counters::page(sandbox.admin))?;
        sandbox.program.stop()?;
        Ok((counters::sum(&page, "identity_projector_events_total"), cpu))
    }

    fn row(&self) -> Vec<String> {
        let spread = |of: &dyn Fn(&Round) -> f64| Spread::of(self.rounds.iter().map(of));
        let events = spread(&|round| round.events as f64);
        vec![self.name.to_owned(), format!("{:.0}", events.median), format!("{:.1}", spread(&Round::us_each))]
    }
}

fn copy_files(from: &Path, to: &Path) -> Result<()> {
    std::fs::create_dir(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        ensure!(entry.file_type()?.is_file(), "a folder among the read model's files");
        std::fs::copy(entry.path(), to.join(entry.file_name()))?;
    }
    Ok(())
}
