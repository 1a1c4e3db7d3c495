//! The limit of the embedded engine: the records that a server wrote, written again by a bare loop into the
//! same SQLite schema with the same durability. What belongs here: that loop, and the same through the log's
//! adapter. Not here: HTTP, sealing, anything of the server.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use bytes::Bytes;
use domain::ports::{EventLog as _, NewRecord, Topic};
use futures::future::try_join_all;
use rusqlite::{Connection, OpenFlags, params};
use store_sqlite::{SqliteLog, SqliteLogOptions};

use crate::limits::CHECKPOINT_BYTES;

/// The log's own schema, with the triggers that guard it.
const SCHEMA: &str = include_str!("../../infra/store-sqlite/src/log/v1.sql");

/// Partitions the records are spread over: the engine's default.
const PARTITIONS: i64 = 8;

/// Bits of a place that are the offset (`v1.sql`).
const OFFSET_BITS: i64 = 40;

/// A record as it lies in its table.
#[derive(Clone)]
struct Row {
    key: Vec<u8>,
    headers: Vec<u8>,
    value: Vec<u8>,
}

impl Row {
    fn bytes(&self) -> usize {
        self.key.len() + self.headers.len() + self.value.len()
    }
}

/// What one verdict puts into the log.
pub(crate) struct Verdict {
    audit: Row,
    event: Row,
    outcomes: Vec<Row>,
    /// Of the file they lay in.
    page_bytes: i64,
}

/// How fast the loop went.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pace {
    /// Verdicts per second.
    pub(crate) rate: f64,
}

impl Verdict {
    /// The last verdict in the log that a server left in that data folder.
    pub(crate) fn of_last(data_dir: &Path) -> Result<Self> {
        let path = data_dir.join("log").join("log.sqlite");
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY;
        let log = Connection::open_with_flags(&path, flags).with_context(|| path.display().to_string())?;
        let event = last(&log, "events", 1)?.pop().context("no event")?;
        let audit = last(&log, "audit", 1)?.pop().context("no evidence")?;
        // Registrations have neither evidence nor outcomes, so all outcomes are of verdicts.
        let each = (count(&log, "outcomes")? as f64 / count(&log, "audit")? as f64).round() as usize;
        let outcomes = last(&log, "outcomes", each)?;
        ensure!(event.value.len() > 30_000, "the last event has no photo: {} bytes", event.value.len());
        let page_bytes = log.pragma_query_value(None, "page_size", |row| row.get(0))?;
        Ok(Self { audit, event, outcomes, page_bytes })
    }

    /// In words.
    pub(crate) fn describe(&self) -> String {
        let outcomes: usize = self.outcomes.iter().map(Row::bytes).sum();
        format!(
            "audit record {} bytes, event {} bytes, {} outcomes {outcomes} bytes (key, headers, value)",
            self.audit.bytes(),
            self.event.bytes(),
            self.outcomes.len(),
        )
    }
}

/// The last records of partition 0 or the next one that has enough.
fn last(log: &Connection, table: &str, how_many: usize) -> Result<Vec<Row>> {
    for partition in 0..PARTITIONS {
        let sql = format!(
            "SELECT key, headers, value FROM {table} WHERE place >= ?1 AND place < ?2 \
             ORDER BY place DESC LIMIT ?3"
        );
        let mut statement = log.prepare(&sql)?;
        let range = params![partition << OFFSET_BITS, (partition + 1) << OFFSET_BITS, how_many as i64];
        let rows: Vec<Row> = statement
            .query_map(range, |row| Ok(Row { key: row.get(0)?, headers: row.get(1)?, value: row.get(2)? }))?
            .collect::<Result<_, _>>()?;
        if rows.len() == how_many {
            return Ok(rows);
        }
    }
    anyhow::bail!("the log has too little in {table}")
}

/// Offsets have no gaps in a log that retention has not touched.
fn count(log: &Connection, table: &str) -> Result<i64> {
    let mut all = 0;
    for partition in 0..PARTITIONS {
        let sql = format!("SELECT max(place) FROM {table} WHERE place >= ?1 AND place < ?2");
        let range = params![partition << OFFSET_BITS, (partition + 1) << OFFSET_BITS];
        let last: Option<i64> = log.query_row(&sql, range, |row| row.get(0))?;
        all += last.map_or(0, |place| (place & ((1 << OFFSET_BITS) - 1)) + 1);
    }
    Ok(all)
}

/// The bare loop on a file of its own.
struct Loop {
    connection: Connection,
    /// The next place of each partition, per table.
    places: [[i64; PARTITIONS as usize]; 3],
    turn: usize,
    wal_bytes: u64,
}

const TABLES: [&str; 3] = ["audit", "events", "outcomes"];

impl Loop {
    /// The settings of `store-sqlite`'s writer.
    fn open(path: &Path, page_bytes: i64) -> Result<Self> {
        let connection = Connection::open(path)?;
        // Before anything is in the file; later it changes nothing.
        connection.pragma_update(None, "page_size", page_bytes)?;
        connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
        for (name, value) in [
            ("synchronous", "FULL"),
            ("fullfsync", "1"),
            ("checkpoint_fullfsync", "1"),
            ("secure_delete", "1"),
            ("trusted_schema", "0"),
            ("wal_autocheckpoint", "0"),
            ("journal_size_limit", "33554432"),
            ("cache_size", "-16384"),
        ] {
            connection.pragma_update(None, name, value)?;
        }
        connection.execute_batch(SCHEMA)?;
        let first: [i64; PARTITIONS as usize] = std::array::from_fn(|number| (number as i64) << OFFSET_BITS);
        Ok(Self { connection, places: [first; 3], turn: 0, wal_bytes: 0 })
    }

    /// Appends each row once for each verdict of the group, in one transaction that is fsynced.
    fn append(&mut self, table: usize, rows: &[Row], group: usize) -> Result<()> {
        let transaction =
            self.connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
        let sql = format!(
            "INSERT INTO {} (place, appended_at, key, headers, value) VALUES (?1, ?2, ?3, ?4, ?5)",
            TABLES[table]
        );
        {
            let mut insert = transaction.prepare_cached(&sql)?;
            for verdict in 0..group {
                let place = &mut self.places[table][(self.turn + verdict) % PARTITIONS as usize];
                for row in rows {
                    insert.execute(params![*place, 0, row.key, row.headers, row.value])?;
                    *place += 1;
                    self.wal_bytes += row.bytes() as u64;
                }
            }
        }
        transaction.commit()?;
        Ok(())
    }

    fn checkpoint_if_due(&mut self) -> Result<()> {
        if self.wal_bytes >= CHECKPOINT_BYTES {
            self.connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))?;
            self.wal_bytes = 0;
        }
        Ok(())
    }
}

/// Verdicts per second of the bare loop with that many in flight, each group's appends one after the other as
/// one verdict's must be: evidence, commit; event, commit; and, if wanted, outcomes, commit.
pub(crate) fn bare(
    folder: &Path,
    verdict: &Verdict,
    in_flight: usize,
    with_outcomes: bool,
    window: Duration,
) -> Result<Pace> {
    let folder = tempfile::Builder::new().prefix("limit-").tempdir_in(folder)?;
    let mut work = Loop::open(&folder.path().join("log.sqlite"), verdict.page_bytes)?;
    let began = Instant::now();
    let mut done = 0;
    while began.elapsed() < window {
        work.append(0, std::slice::from_ref(&verdict.audit), in_flight)?;
        work.append(1, std::slice::from_ref(&verdict.event), in_flight)?;
        if with_outcomes {
            work.append(2, &verdict.outcomes, in_flight)?;
        }
        work.turn += in_flight;
        done += in_flight;
        work.checkpoint_if_due()?;
    }
    Ok(Pace { rate: done as f64 / began.elapsed().as_secs_f64() })
}

/// The same two appends through the log's adapter, by that many tasks: what of the distance to the bare loop
/// is the adapter's.
pub(crate) async fn adapter(
    folder: &Path,
    verdict: &Verdict,
    in_flight: usize,
    window: Duration,
) -> Result<Pace> {
    let folder = tempfile::Builder::new().prefix("limit-").tempdir_in(folder)?;
    let path = folder.path().to_owned();
    let log =
        tokio::task::spawn_blocking(move || SqliteLog::open(&path, SqliteLogOptions::default())).await??;
    let began = Instant::now();
    let tasks = (0..in_flight).map(|task| {
        let log = Arc::clone(&log);
        // The headers' bytes ride along in the value: encoding them is a microsecond that is not missed here.
        let record = |row: &Row| [row.headers.as_slice(), &row.value].concat();
        let (audit, event) = (Bytes::from(record(&verdict.audit)), Bytes::from(record(&verdict.event)));
        async move {
            let mut done = 0_u64;
            while began.elapsed() < window {
                let key = Bytes::from(format!("bench/{task}-{done}"));
                let new =
                    |value: &Bytes| NewRecord { key: key.clone(), headers: Vec::new(), value: value.clone() };
                log.append(Topic::Audit, new(&audit)).await?;
                log.append(Topic::Events, new(&event)).await?;
                done += 1;
            }
            anyhow::Ok(done)
        }
    });
    let done: u64 = try_join_all(tasks).await?.into_iter().sum();
    let rate = done as f64 / began.elapsed().as_secs_f64();
    // Its last handle writes and closes, which blocks.
    tokio::task::spawn_blocking(move || drop(log)).await?;
    Ok(Pace { rate })
}
