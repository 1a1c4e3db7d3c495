//! Photos a second of the second projection: a log that was filled without models, then the sandbox on it with models
//! and nobody asking anything.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use futures::future::try_join_all;

use super::client::Client;
use super::{Arguments, portraits};
use crate::limits::{
    BACKLOG_ASKED, BACKLOG_PHOTOS, BACKLOG_WITHIN, CUSTOMERS, LOOK_EVERY, READY_WITHIN, REGISTERED_AT_ONCE,
    THREAD_SHOWN_MS,
};
use crate::load::Target;
use crate::process::{Cpu, Program};
use crate::report::Report;
use crate::sandbox::{Sandbox, data_of};
use crate::stat::Spread;
use crate::{counters, machine};

/// The aim.
const AIM_RSS_MIB: u64 = 400;

/// A backlog worked off, from the first photo seen read to the last.
struct Round {
    photos: u64,
    seconds: f64,
    cpu: Cpu,
    by_thread: BTreeMap<String, Duration>,
    peak_rss: u64,
}

impl Round {
    fn rate(&self) -> f64 {
        self.photos as f64 / self.seconds
    }

    fn cpu_ms(&self) -> f64 {
        self.cpu.total().as_secs_f64() * 1e3 / self.photos as f64
    }
}

/// Measures and reports.
pub(super) fn measure(arguments: &Arguments, report: &mut Report) -> Result<()> {
    let folder = tempfile::Builder::new().prefix("bench-backlog-").tempdir_in(&arguments.work_dir)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let sandbox = Sandbox::start(&arguments.program, folder.path(), None, READY_WITHIN)?;
    runtime.block_on(fill(arguments, &sandbox))?;
    sandbox.program.stop()?;
    let mut rounds = Vec::new();
    for _ in 0..arguments.rounds {
        forget_vectors(folder.path())?;
        let models = Some(arguments.models.as_path());
        let sandbox = Sandbox::start(&arguments.program, folder.path(), models, READY_WITHIN)?;
        let round = runtime.block_on(worked_off(&sandbox))?;
        sandbox.program.stop()?;
        eprintln!("  {:.1} photos/s, {:.1} ms of CPU each", round.rate(), round.cpu_ms());
        rounds.push(round);
    }
    say(report, &rounds);
    Ok(())
}

/// So many verdicts, whose photos are the portraits in turn.
async fn fill(arguments: &Arguments, sandbox: &Sandbox) -> Result<()> {
    let portraits = portraits::all(&arguments.models)?;
    let target = Target::prepare(sandbox.address, sandbox.api_key.clone(), CUSTOMERS).await?;
    let (portraits, customers) = (&portraits, target.customers());
    let callers = (0..REGISTERED_AT_ONCE).map(|first| async move {
        let mut client = Client::connect(sandbox).await?;
        for number in (first..BACKLOG_PHOTOS).step_by(REGISTERED_AT_ONCE) {
            let (_, photo) = &portraits[number % portraits.len()];
            client.verdict(&customers[number % customers.len()], photo).await?;
        }
        anyhow::Ok(())
    });
    try_join_all(callers).await?;
    Ok(())
}

/// Without them, and their positions, the second projection begins at the log's start.
fn forget_vectors(folder: &Path) -> Result<()> {
    for entry in std::fs::read_dir(data_of(folder).join("views"))? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with("faces.sqlite") {
            std::fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// The program when the first photo was seen read.
struct Began {
    at: Instant,
    photos: u64,
    cpu: Cpu,
    by_thread: BTreeMap<String, Duration>,
}

async fn worked_off(sandbox: &Sandbox) -> Result<Round> {
    let (waiting_since, program) = (Instant::now(), &sandbox.program);
    let mut began: Option<Began> = None;
    loop {
        ensure!(waiting_since.elapsed() < BACKLOG_WITHIN, "not worked off within {BACKLOG_WITHIN:?}");
        let page = counters::page(sandbox.admin).await?;
        let (at, photos) = (Instant::now(), counters::sum(&page, "identity_face_photos_total"));
        match &began {
            None if photos > 0 => {
                let (cpu, by_thread) = (program.cpu()?, program.cpu_by_thread()?);
                began = Some(Began { at, photos, cpu, by_thread });
            }
            Some(began) if photos >= BACKLOG_PHOTOS as u64 => return since(began, at, photos, program),
            _ => {}
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

fn since(began: &Began, at: Instant, photos: u64, program: &Program) -> Result<Round> {
    let mut by_thread = program.cpu_by_thread()?;
    for (name, used) in &mut by_thread {
        *used = used.saturating_sub(began.by_thread.get(name).copied().unwrap_or_default());
    }
    Ok(Round {
        photos: photos - began.photos,
        seconds: (at - began.at).as_secs_f64(),
        cpu: program.cpu()?.since(began.cpu),
        by_thread,
        peak_rss: program.peak_rss()?,
    })
}

fn say(report: &mut Report, rounds: &[Round]) {
    let of = |of: &dyn Fn(&Round) -> f64| Spread::of(rounds.iter().map(of));
    let (rate, cpu) = (of(&Round::rate), of(&Round::cpu_ms));
    let cores = machine::cores() as f64;
    report.say(&format!(
        "The second projection on a log of {BACKLOG_PHOTOS} verdicts, whose photos are the portraits in turn, made \
         without models; nobody asks anything meanwhile. The time of {BACKLOG_ASKED} photos is worked out from the \
         rate. Photos are read at the lowest priority, so whatever else the machine does is taken off the rate first; \
         what {cores} cores make of them with nothing else running is worked out from the CPU time. Aim: RSS < \
         {AIM_RSS_MIB} MiB.",
    ));
    let minutes = |rate: f64| f64::from(BACKLOG_ASKED) / rate / 60.0;
    let free = cores * 1e3 / cpu.median;
    report.table(
        &[
            "photos/s",
            "10,000 photos at that rate, minutes",
            "program's CPU ms/photo",
            "photos/s with all cores",
            "10,000 photos then, minutes",
            "peak RSS MiB",
            "aim",
        ],
        &[vec![
            format!("{rate:.1}"),
            format!("{:.1}", minutes(rate.median)),
            format!("{cpu:.1}"),
            format!("{free:.1}"),
            format!("{:.1}", minutes(free)),
            format!("{:.0}", of(&|round| round.peak_rss as f64 / (1024.0 * 1024.0))),
            format!("< {AIM_RSS_MIB}"),
        ]],
    );
    if let Some(round) = rounds.last() {
        report.say(&format!("Last round, ms of CPU a photo by thread: {}.", threads(round)));
    }
}

/// The largest first.
fn threads(round: &Round) -> String {
    let ms = |used: &Duration| used.as_secs_f64() * 1e3 / round.photos as f64;
    let mut used: Vec<_> = round.by_thread.iter().map(|(name, used)| (name, ms(used))).collect();
    used.sort_by(|(_, a), (_, b)| b.total_cmp(a));
    let shown = used.iter().filter(|(_, ms)| *ms >= THREAD_SHOWN_MS);
    shown.map(|(name, ms)| format!("`{name}` {ms:.3}")).collect::<Vec<_>>().join(", ")
}
