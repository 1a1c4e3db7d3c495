//! The log on SQLite: the contract suite, and what only this adapter promises (its file, its guards, its
//! neighbours in other processes, crashes and full disks).

mod child;
mod crash;
mod files;
mod guards;
mod load;
mod retention;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use domain::event::{Offset, Partition};
use domain::ports::{Appended, EventLog, LogError, NewRecord, ReadBounds, StoredRecord, Topic};
use store_sqlite::{SqliteLog, SqliteLogOptions};
use testkit::log_suite::LogSubject;

/// Partitions of the tests' logs: several, and not a power of two.
const PARTITIONS: u32 = 3;

/// Whatever takes longer than this will not happen.
const PATIENCE: Duration = Duration::from_secs(60);

async fn subject() -> LogSubject {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().to_owned();
    let reopen = {
        let path = path.clone();
        Box::new(move || -> futures::future::BoxFuture<'static, Arc<dyn EventLog>> {
            Box::pin(async move { open(&path) as Arc<dyn EventLog> })
        })
    };
    LogSubject { log: open(&path), reopen: Some(reopen), keep: Box::new(folder) }
}

testkit::log_contract!(subject);

fn options() -> SqliteLogOptions {
    SqliteLogOptions { partitions: PARTITIONS, ..SqliteLogOptions::default() }
}

fn open(dir: &Path) -> Arc<SqliteLog> {
    SqliteLog::open(dir, options()).expect("opens")
}

fn file(dir: &Path) -> PathBuf {
    dir.join("log.sqlite")
}

/// A connection that knows nothing of the adapter, as an intruder's or an operator's would be.
fn raw(dir: &Path) -> rusqlite::Connection {
    rusqlite::Connection::open(file(dir)).expect("opens")
}

fn record(key: &str, value: impl Into<Vec<u8>>) -> NewRecord {
    let headers = vec![("ce_id".to_owned(), Bytes::from_static(b"evt_test"))];
    NewRecord { key: Bytes::from(key.to_owned()), headers, value: Bytes::from(value.into()) }
}

/// Beside another process, which may have the file's lock for longer than an append waits for it.
async fn append_in_the_end(log: &SqliteLog, topic: Topic, new: NewRecord) -> Result<Appended, LogError> {
    let began = Instant::now();
    loop {
        match log.append(topic, new.clone()).await {
            Err(LogError::Unavailable(_)) if began.elapsed() < PATIENCE => {}
            appended => return appended,
        }
    }
}

fn bounds(wait_max: Duration) -> ReadBounds {
    ReadBounds { records_max: 1000, bytes_max: 16 * 1024 * 1024, wait_max }
}

/// All records of the topic, by partition and offset.
async fn everything(log: &SqliteLog, topic: Topic) -> Vec<StoredRecord> {
    let mut all = Vec::new();
    for range in log.offsets(topic).await.expect("offsets") {
        let mut from = range.earliest;
        while from < range.end {
            let some = log.read(topic, range.partition, from, bounds(Duration::ZERO)).await.expect("read");
            from = some.last().map_or(range.end, |last| Offset(last.source.offset.0 + 1));
            all.extend(some);
        }
    }
    all
}

/// Offsets of this adapter have no holes where nothing may be deleted.
fn assert_dense(records: &[StoredRecord]) {
    for partition in (0..PARTITIONS).map(Partition) {
        let offsets = records.iter().filter(|r| r.source.partition == partition).map(|r| r.source.offset.0);
        assert!(offsets.enumerate().all(|(at, offset)| at as u64 == offset), "no holes");
    }
}
