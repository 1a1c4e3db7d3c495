//! How long a start takes, and what it reads, by how much is in the log: a sandbox on one data folder that grows from
//! size to size by small declined verdicts. They are appended through the library as the front end appends them, and
//! the program under measurement projects them. What belongs here: the folder and the table.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use clap::Args;
use domain::decide::{RecordVerdict, VerdictPhoto};
use domain::event::{AuditRecord, AuditRef, Event, Fingerprint};
use domain::ids::{ApiKeyId, CustomerId, CustomerRef, EventId, OrgId, VerificationId};
use domain::policy::POLICY_STANDARD;
use domain::ports::{EventLog as _, Topic};
use domain::raw_answer::{RawFinding, RawReading};
use domain::time::Timestamp;
use event_codec::{Codec, Meta, value_sha256};
use futures::future::try_join_all;
use store_sqlite::{SqliteLog, SqliteLogOptions};
use vault::random_id;

use crate::limits::{
    APPENDS_AT_ONCE, CUSTOMERS_START, LOOK_AT_START_EVERY, PROJECTED_WITHIN, ROUNDS_MAX, VERDICTS_START_MAX,
};
use crate::load::Target;
use crate::process::{Program, Read};
use crate::report::Report;
use crate::stat::Spread;
use crate::{Written, machine};

/// What is started, and on how much.
#[derive(Args)]
pub(crate) struct Arguments {
    /// The `ingest-api` to measure
    #[arg(long, value_name = "FILE")]
    program: PathBuf,
    /// Data goes here, in a folder that is removed again
    #[arg(long, value_name = "FOLDER")]
    work_dir: PathBuf,
    /// Starts at each size; the table shows medians and extremes
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=ROUNDS_MAX))]
    rounds: u32,
    /// Verdicts in the log, with commas, growing
    #[arg(long, value_delimiter = ',', default_value = "0,100000,1000000",
          value_parser = clap::value_parser!(u64).range(0..=VERDICTS_START_MAX))]
    verdicts: Vec<u64>,
    #[command(flatten)]
    pub(crate) written: Written,
}

/// What one start took until `sandbox.json` was there, and its end.
struct Start {
    ready_ms: f64,
    read: Read,
    stopped_ms: f64,
}

/// Measures and reports.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let folder = tempfile::Builder::new().prefix("bench-start-").tempdir_in(&arguments.work_dir)?;
    let before = machine::line();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut rows = Vec::new();
    let world = runtime.block_on(World::new(&arguments.program, folder.path()))?;
    let mut there = 0;
    for &verdicts in &arguments.verdicts {
        let more = verdicts.checked_sub(there).context("sizes must grow")?;
        runtime.block_on(world.append(more))?;
        there = verdicts;
        let (program, caught_up) = world.start(PROJECTED_WITHIN)?;
        program.stop()?;
        let starts: Vec<Start> = (0..arguments.rounds).map(|_| world.measure()).collect::<Result<_>>()?;
        let spread = |of: fn(&Start) -> f64| Spread::of(starts.iter().map(of));
        rows.push(vec![
            verdicts.to_string(),
            format!("{:.0}", folder_mib(&world.data)?),
            format!("{:.0}", spread(|start| start.ready_ms)),
            format!("{:.1}", spread(|start| start.read.bytes as f64 / (1024.0 * 1024.0))),
            format!("{:.0}", spread(|start| start.read.calls as f64)),
            format!("{:.0}", spread(|start| start.stopped_ms)),
            if more == 0 { "–".to_owned() } else { format!("{:.1}", caught_up.as_secs_f64()) },
        ]);
        eprintln!("{}", rows.last().map(|row| row.join(" | ")).unwrap_or_default());
    }
    let mut report = Report::new("start");
    report.say(&format!(
        "{before}, after {}. Medians of {} starts (min–max), each on a folder whose last program was stopped in \
         order, files in the system's cache.",
        machine::load_average(),
        arguments.rounds,
    ));
    report.table(
        &[
            "verdicts in the log",
            "folder, MiB",
            "ready after, ms",
            "read until then, MiB",
            "in reads",
            "stopped in, ms",
            "first start, projecting what was appended, s",
        ],
        &rows,
    );
    report.finish(arguments.written.write.as_deref())
}

/// A sandbox's folder.
struct World {
    program: PathBuf,
    folder: PathBuf,
    data: PathBuf,
    customers: Vec<CustomerRef>,
}

impl World {
    async fn new(program: &Path, folder: &Path) -> Result<Self> {
        let (program, folder) = (program.to_owned(), folder.to_owned());
        let mut world = Self { program, data: folder.join("data"), folder, customers: Vec::new() };
        let (program, _) = world.start(PROJECTED_WITHIN)?;
        let info = world.info()?;
        let text = |name: &str| info[name].as_str().map(str::to_owned).with_context(|| name.to_owned());
        let address = text("url")?.strip_prefix("http://").context("url")?.parse()?;
        let org = OrgId::parse(&text("orgId")?).map_err(|_| anyhow::anyhow!("no org's id"))?;
        let target = Target::prepare(address, text("apiKey")?, CUSTOMERS_START).await?;
        for customer in target.customers() {
            let customer = CustomerId::parse(customer).map_err(|_| anyhow::anyhow!("no customer's id"))?;
            world.customers.push(CustomerRef::new(org.clone(), customer));
        }
        program.stop()?;
        Ok(world)
    }

    fn info(&self) -> Result<serde_json::Value> {
        Ok(serde_json::from_slice(&std::fs::read(self.data.join("sandbox.json"))?)?)
    }

    /// Starts it, and waits until it says that it is ready.
    fn start(&self, within: Duration) -> Result<(Program, Duration)> {
        let data = self.data.to_str().context("the folder's name is not UTF-8")?;
        let listeners = ["--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0", "--ingest-limit", "0"];
        let arguments = [&["sandbox", "--data-dir", data], &listeners[..]].concat();
        let ready = self.data.join("sandbox.json");
        // The last start's: this one writes it anew.
        let aside = self.data.join("sandbox.last.json");
        if ready.exists() {
            std::fs::rename(&ready, aside)?;
        }
        let began = Instant::now();
        let mut program = Program::start(&self.program, &arguments, self.folder.join("server.log"))?;
        while !ready.exists() {
            program.check()?;
            ensure!(began.elapsed() < within, "not ready within {within:?}:\n{}", program.tail());
            std::thread::sleep(LOOK_AT_START_EVERY);
        }
        Ok((program, began.elapsed()))
    }

    fn measure(&self) -> Result<Start> {
        let (program, ready) = self.start(PROJECTED_WITHIN)?;
        let read = program.read()?;
        let stopped = program.stop()?;
        Ok(Start { ready_ms: ms(ready), read, stopped_ms: ms(stopped) })
    }

    /// So many declined verdicts without reason, raw answer or photo, evidence first, over all customers in turn.
    async fn append(&self, count: u64) -> Result<()> {
        let log = SqliteLog::open(&self.data.join("log"), SqliteLogOptions::default())?;
        let codec = Codec::committed();
        let mut customers = self.customers.iter().cycle();
        let mut left = count;
        while left > 0 {
            let some = left.min(APPENDS_AT_ONCE);
            left -= some;
            let appends = customers.by_ref().take(some as usize).map(async |customer| {
                let command = declined(customer);
                let meta = Meta { time: command.received_at, traceparent: None };
                let evidence = codec.audit(&AuditRecord::VerdictEvidence(command.evidence()), &meta)?;
                let value_sha256 = value_sha256(evidence.value.as_ref());
                let source = log.append(Topic::Audit, evidence).await?.source;
                let event = command.event(AuditRef { source, value_sha256 });
                let event = codec.event(&Event::DukcapilVerdictReceived(event), &meta)?;
                log.append(Topic::Events, event).await?;
                anyhow::Ok(())
            });
            try_join_all(appends).await?;
        }
        Ok(())
    }
}

fn declined(customer: &CustomerRef) -> RecordVerdict {
    RecordVerdict {
        event_id: EventId::from_bytes(random_id()),
        verification_id: VerificationId::from_bytes(random_id()),
        customer: customer.clone(),
        photo: VerdictPhoto::Declined { photo: None },
        reason: None,
        raw: None,
        raw_binding: None,
        sealed_sha256: Vec::new(),
        body_fingerprint: Fingerprint([7; 32]),
        policy_version: POLICY_STANDARD,
        raw_reading: RawReading::of(false, &RawFinding::Missing, None),
        received_at: Timestamp::from_millis(chrono::Utc::now().timestamp_millis()),
        api_key_id: ApiKeyId::from_bytes([7; 16]),
    }
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

fn folder_mib(folder: &Path) -> Result<f64> {
    let mut bytes = 0;
    for part in ["log", "views", "keystore"] {
        for entry in std::fs::read_dir(folder.join(part))? {
            bytes += entry?.metadata()?.len();
        }
    }
    Ok(bytes as f64 / (1024.0 * 1024.0))
}
