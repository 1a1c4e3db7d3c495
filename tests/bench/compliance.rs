//! The auditor's program: `compliance replay` over the log of a sandbox beside a bare reader of the same two topics, how much
//! memory it takes by how long the log is, and what it costs to split an hour's secret among signers. With an earlier
//! `ingest-api`, also what a verdict costs in each of the two programs.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use clap::{Args, ValueEnum};
use domain::ids::OrgId;
use domain::ports::{EventLog as _, OffsetRange, ReadBounds, Topic};
use domain::signers::{SignerName, SignerSet};
use domain::time::Timestamp;
use store_sqlite::{SqliteLog, SqliteLogOptions};
use vault::{SignerKeys, UnsharedSecret};

use crate::limits::{
    BARE_READ_BYTES, BARE_READ_RECORDS, COMPLIANCE_RSS_MAX_MIB, CUSTOMERS, LOOK_EVERY, READY_WITHIN,
    REPLAY_WITHIN, REPLAYS, SPLIT_MAX_MS, SPLITS,
};
use crate::load::{Outcome, Plan, Target};
use crate::process::peak_rss_of;
use crate::report::Report;
use crate::sandbox::{Sandbox, data_of};
use crate::stat::Spread;
use crate::{Written, machine};

/// Connections that verdicts come by.
const CONNECTIONS: usize = 16;

/// What is measured.
#[derive(Args)]
pub(crate) struct Arguments {
    /// The `ingest-api` that fills the log
    #[arg(long, value_name = "FILE")]
    program: PathBuf,
    /// The `compliance` to measure
    #[arg(long, value_name = "FILE")]
    compliance: PathBuf,
    /// Data goes here, in folders that are removed again
    #[arg(long, value_name = "FOLDER")]
    work_dir: PathBuf,
    /// An earlier `ingest-api`, to compare a verdict's cost with
    #[arg(long, value_name = "FILE")]
    before: Option<PathBuf>,
    /// Only these parts, with commas
    #[arg(long, value_delimiter = ',')]
    part: Vec<Part>,
    /// Rounds in which each program takes verdicts
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=crate::limits::ROUNDS_MAX))]
    rounds: u32,
    /// Seconds of verdicts in the first log that is replayed, and of each program's window; in the second log four times as many
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=crate::limits::WINDOW_S_MAX))]
    seconds: u64,
    #[command(flatten)]
    written: Written,
}

/// A part of the measurement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// Replays beside a bare reader.
    Replay,
    /// Splits of hours' secrets.
    Split,
    /// A verdict's cost beside the earlier program's.
    Verdicts,
}

/// Measures and reports.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let wants = |part| arguments.part.is_empty() || arguments.part.contains(&part);
    let mut report = Report::new("compliance");
    let before = machine::line();
    if wants(Part::Split) {
        split(&mut report)?;
    }
    if wants(Part::Replay) {
        replay(arguments, &mut report)?;
    }
    if let (true, Some(earlier)) = (wants(Part::Verdicts), &arguments.before) {
        verdicts(arguments, earlier, &mut report)?;
    }
    report.say(&format!("{before}, after {}.", machine::load_average()));
    report.finish(arguments.written.write.as_deref())
}

/// What splitting a secret takes, by how many signers there are.
fn split(report: &mut Report) -> Result<()> {
    let org = OrgId::from_bytes([7; 16]);
    let mut rows = Vec::new();
    for (threshold, signers) in [(2, 2), (2, 3), (3, 5)] {
        let named = (1..=signers).map(|number| {
            let name = SignerName::parse(&format!("signer-{number}")).ok().context("a name")?;
            anyhow::Ok(SignerKeys::generate().public().named(name))
        });
        let set = SignerSet::new(org.clone(), 1, None, threshold, named.collect::<Result<_>>()?);
        let set = set.ok().context("a signer set")?;
        let mut took = Vec::with_capacity(SPLITS);
        for _ in 0..SPLITS {
            let began = Instant::now();
            let shares = UnsharedSecret::generate(org.clone(), Timestamp::EPOCH).share_among(&set);
            let shares = shares.ok().context("shares")?;
            took.push(began.elapsed().as_secs_f64() * 1e3);
            ensure!(shares.len() == signers, "{} shares", shares.len());
        }
        let Spread { median, max, .. } = Spread::of(took);
        rows.push(vec![
            format!("{threshold} of {signers}"),
            format!("{median:.3}"),
            format!("{max:.3}"),
            SPLIT_MAX_MS.to_string(),
        ]);
    }
    report
        .say(&format!("An hour's secret made, split, and each share sealed to its signer, {SPLITS} times."));
    report.table(&["signers", "median ms", "largest ms", "limit ms"], &rows);
    Ok(())
}

/// How many records and bytes a reader came upon, and how long it took.
#[derive(Debug, Clone, Copy, Default)]
struct LogPass {
    records: u64,
    bytes: u64,
    seconds: f64,
}

impl LogPass {
    fn rate(self) -> f64 {
        self.records as f64 / self.seconds
    }
}

/// A median with its extremes.
fn spread(values: Vec<f64>) -> (f64, String) {
    let Spread { median, min, max } = Spread::of(values);
    (median, format!("{median:.0} ({min:.0}–{max:.0})"))
}

fn replay(arguments: &Arguments, report: &mut Report) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut rows = Vec::new();
    for times in [1, 4] {
        let folder = tempfile::Builder::new().prefix("bench-compliance-").tempdir_in(&arguments.work_dir)?;
        let window = Duration::from_secs(arguments.seconds * times);
        runtime.block_on(taken(&arguments.program, folder.path(), window))?;
        let data = data_of(folder.path());
        let log = SqliteLog::open(&data.join("log"), SqliteLogOptions::default())?;
        let (mut bare, mut program, mut peak) = (Vec::new(), Vec::new(), 0);
        let mut read = LogPass::default();
        // In turn, so that what else the machine does meets both.
        for _ in 0..REPLAYS {
            read = runtime.block_on(bare_pass(&log))?;
            bare.push(read.rate());
            let (seconds, rss) = replayed(&arguments.compliance, folder.path(), &data)?;
            program.push(LogPass { seconds, ..read }.rate());
            peak = peak.max(rss);
        }
        let ((bare, bare_text), (program, program_text)) = (spread(bare), spread(program));
        rows.push(vec![
            read.records.to_string(),
            format!("{:.0}", read.bytes as f64 / 1e6),
            bare_text,
            program_text,
            format!("{:.0} %", 100.0 * program / bare),
            format!("{:.0}", peak as f64 / (1024.0 * 1024.0)),
        ]);
    }
    report.say(&format!(
        "`compliance replay --json` over both topics of a sandbox, its answer thrown away, the program's start and end \
         within the time. A bare reader takes the same records through the log's port and does nothing with them. In turn, \
         {REPLAYS} times each: records a second, medians (min–max). Asked for: at least 50 % of the bare reader, less than \
         {COMPLIANCE_RSS_MAX_MIB} MiB.",
    ));
    report.table(&["records", "MB", "bare reader", "replay", "share", "peak RSS MiB"], &rows);
    Ok(())
}

/// Verdicts for that long, on a folder of their own.
async fn taken(program: &Path, folder: &Path, window: Duration) -> Result<Outcome> {
    let Sandbox { program, address, api_key, .. } = Sandbox::start(program, folder, None, READY_WITHIN)?;
    let target = Target::prepare(address, api_key, CUSTOMERS).await?;
    let outcome = target.run(Plan::closed(CONNECTIONS, window), &program).await?;
    ensure!(outcome.unexpected() == 0, "{:?}", outcome.shown);
    program.stop()?;
    Ok(outcome)
}

/// Reads both topics and does nothing with them.
async fn bare_pass(log: &SqliteLog) -> Result<LogPass> {
    let mut pass = LogPass::default();
    let began = Instant::now();
    let bounds =
        ReadBounds { records_max: BARE_READ_RECORDS, bytes_max: BARE_READ_BYTES, wait_max: Duration::ZERO };
    for topic in [Topic::Events, Topic::Audit] {
        for OffsetRange { partition, earliest, end } in log.offsets(topic).await? {
            let mut next = earliest;
            while next < end {
                let records = log.read(topic, partition, next, bounds).await?;
                let last = records.last().context("a log that ends before its end")?;
                next = domain::event::Offset(last.source.offset.0 + 1);
                pass.records += records.len() as u64;
                pass.bytes += records.iter().map(|record| record.size() as u64).sum::<u64>();
            }
        }
    }
    pass.seconds = began.elapsed().as_secs_f64();
    Ok(pass)
}

/// Runs the program once; its seconds and the most memory it was seen to have.
fn replayed(program: &Path, folder: &Path, data: &Path) -> Result<(f64, u64)> {
    let said = folder.join("replay.log");
    let mut command = Command::new(program);
    command.args(["replay", "--json", "--data-dir"]).arg(data);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(File::create(&said)?);
    let began = Instant::now();
    let mut child = command.spawn().with_context(|| format!("start {}", program.display()))?;
    let mut peak = 0;
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        // One that has just ended has no memory any more.
        peak = peak_rss_of(child.id()).unwrap_or(peak);
        if began.elapsed() > REPLAY_WITHIN {
            child.kill()?;
        }
        std::thread::sleep(LOOK_EVERY);
    };
    let seconds = began.elapsed().as_secs_f64();
    ensure!(status.success(), "{status}: {}", std::fs::read_to_string(&said)?);
    Ok((seconds, peak))
}

/// What a verdict costs in an earlier program and in this one, in turn on fresh folders.
fn verdicts(arguments: &Arguments, earlier: &Path, report: &mut Report) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let window = Duration::from_secs(arguments.seconds);
    let programs = [("before", earlier), ("now", arguments.program.as_path())];
    let mut measured = [(Vec::new(), Vec::new()), (Vec::new(), Vec::new())];
    for _ in 0..arguments.rounds {
        for ((_, program), (rates, costs)) in programs.iter().zip(&mut measured) {
            let folder = tempfile::Builder::new().prefix("bench-").tempdir_in(&arguments.work_dir)?;
            let outcome = runtime.block_on(taken(program, folder.path(), window))?;
            rates.push(outcome.rate());
            costs.push(outcome.ms_each(outcome.cpu.total()));
        }
    }
    let mut rows = Vec::new();
    for ((name, _), (rates, costs)) in programs.iter().zip(measured) {
        let (_, rate) = spread(rates);
        let cost = Spread::of(costs);
        let cost = format!("{:.3} ({:.3}–{:.3})", cost.median, cost.min, cost.max);
        rows.push(vec![(*name).to_owned(), rate, cost]);
    }
    report.say(&format!(
        "Verdicts at {CONNECTIONS} connections in an earlier program and in this one, in turn on fresh folders: {} rounds, \
         windows of {} s. The server's CPU time a verdict tells more than the rate, which the machine moves.",
        arguments.rounds, arguments.seconds,
    ));
    report.table(&["program", "verdicts/s", "CPU ms each"], &rows);
    Ok(())
}
