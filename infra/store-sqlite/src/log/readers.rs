//! Reading: a few read-only connections, used on tokio's blocking threads, and the queries for records. Each read is
//! one transaction, so that it sees whole groups, and its bounds and records agree.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use domain::event::{Offset, Partition, Source};
use domain::ports::{LogError, ReadBounds, StoredRecord, TopicDescription};
use domain::time::Timestamp;
use rusqlite::{Connection, OpenFlags, Row, params};
use tokio::sync::Semaphore;

use super::headers;
use super::schema::{self, PartitionExtent, log_error};
use crate::limits::{BUSY_TIMEOUT, READ_RECORDS_MAX, READERS_MAX};

/// A connection that cannot write.
pub(super) fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    Ok(connection)
}

/// The reading connections, opened when they are first needed.
pub(super) struct ReaderConnections {
    path: PathBuf,
    /// None once closed.
    idle: Mutex<Option<Vec<Connection>>>,
    permits: Arc<Semaphore>,
}

impl ReaderConnections {
    pub(super) fn new(path: &Path) -> Arc<Self> {
        Arc::new(Self {
            path: path.to_owned(),
            idle: Mutex::new(Some(Vec::new())),
            permits: Arc::new(Semaphore::new(READERS_MAX)),
        })
    }

    /// Runs `read` in a transaction on a blocking thread.
    pub(super) async fn run<T: Send + 'static>(
        self: &Arc<Self>,
        read: impl FnOnce(&Connection) -> Result<T, LogError> + Send + 'static,
    ) -> Result<T, LogError> {
        let closed = || LogError::Unavailable("the log is closed".to_owned());
        // The job keeps the permit, not the caller: a caller that gives up frees no permit before its connection is
        // back.
        let permit = Arc::clone(&self.permits).acquire_owned().await.map_err(|_| closed())?;
        let readers = Arc::clone(self);
        let job = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            let connection = readers.take().ok_or_else(closed)?.map_err(log_error)?;
            let transaction = connection.unchecked_transaction().map_err(log_error)?;
            let result = read(&transaction);
            // A read transaction has nothing to keep or to lose.
            drop(transaction);
            readers.give_back(connection);
            result
        });
        job.await.unwrap_or_else(|error| Err(LogError::Unavailable(error.to_string())))
    }

    /// Closes the connections; one in use is closed when its read is done.
    pub(super) fn close(&self) {
        self.permits.close();
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).take();
    }

    fn take(&self) -> Option<rusqlite::Result<Connection>> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let found = idle.as_mut()?.pop();
        drop(idle);
        Some(found.map_or_else(|| connect(&self.path), Ok))
    }

    fn give_back(&self, connection: Connection) {
        if let Some(idle) = self.idle.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
            idle.push(connection);
        }
    }
}

/// The result of one read.
pub(super) struct ReadBatch {
    pub(super) records: Vec<StoredRecord>,
    /// Where each partition goes on, in the order asked.
    pub(super) next: Vec<Offset>,
    /// Whether every partition was read to its end.
    pub(super) complete: bool,
}

/// Reads from each partition in turn, beginning with number `first` of them, until the bounds are reached.
/// Each position is checked before anything is read.
pub(super) fn read_batch(
    connection: &Connection,
    topic: &TopicDescription,
    cursors: &[(Partition, Offset)],
    first: usize,
    bounds: ReadBounds,
) -> Result<ReadBatch, LogError> {
    let mut extents = Vec::with_capacity(cursors.len());
    for &(partition, from) in cursors {
        let extent = schema::extent(connection, topic.topic, partition).map_err(log_error)?;
        check_position(topic, partition, from, extent)?;
        extents.push(extent);
    }
    let mut batch = ReadBatch {
        records: Vec::new(),
        next: cursors.iter().map(|&(_, from)| from).collect(),
        complete: true,
    };
    let mut budget = ReadBudget::new(bounds);
    for turn in 0..cursors.len() {
        let index = (first + turn) % cursors.len();
        if batch.next[index] < extents[index].end {
            let partition = cursors[index].0;
            let next = read_partition(
                connection,
                topic,
                partition,
                batch.next[index],
                &mut budget,
                &mut batch.records,
            )?;
            // Without a cut there is nothing more, even if compaction left a hole before the end.
            batch.next[index] = next.unwrap_or(extents[index].end);
            batch.complete &= next.is_none();
        }
    }
    Ok(batch)
}

/// Refuses a position outside the partition: it would skip or repeat records in silence.
fn check_position(
    topic: &TopicDescription,
    partition: Partition,
    from: Offset,
    extent: PartitionExtent,
) -> Result<(), LogError> {
    let (name, partition, at) = (topic.topic.name(), partition.0, from.0);
    if from < extent.earliest {
        let earliest = extent.earliest.0;
        return Err(LogError::Halted(format!(
            "{name} partition {partition} begins at offset {earliest}; offset {at} is gone"
        )));
    }
    if from > extent.end {
        let end = extent.end.0;
        return Err(LogError::Halted(format!(
            "{name} partition {partition} ends at offset {end}; offset {at} was never there"
        )));
    }
    Ok(())
}

/// How many records and bytes may still be read.
pub(super) struct ReadBudget {
    records: usize,
    bytes: usize,
    fresh: bool,
}

impl ReadBudget {
    pub(super) fn new(bounds: ReadBounds) -> Self {
        Self { records: bounds.records_max.clamp(1, READ_RECORDS_MAX), bytes: bounds.bytes_max, fresh: true }
    }

    /// Takes a record of that size, unless it does not fit; the first one always does, alone if too large.
    pub(super) fn take(&mut self, size: usize) -> bool {
        if self.records == 0 || (size > self.bytes && !self.fresh) {
            return false;
        }
        self.records -= 1;
        self.bytes = self.bytes.saturating_sub(size);
        self.fresh = false;
        true
    }

    fn spent(&self) -> bool {
        self.records == 0 || (self.bytes == 0 && !self.fresh)
    }
}

/// Reads one partition. Returns where it was cut, or nothing if it was read to its end.
fn read_partition(
    connection: &Connection,
    topic: &TopicDescription,
    partition: Partition,
    from: Offset,
    budget: &mut ReadBudget,
    records: &mut Vec<StoredRecord>,
) -> Result<Option<Offset>, LogError> {
    if budget.spent() {
        return Ok(Some(from));
    }
    let mut statement =
        connection.prepare_cached(&schema::statements(topic.topic).read).map_err(log_error)?;
    // One more than fits, so that a cut is told from the end.
    let limit = budget.records as i64 + 1;
    let range = params![schema::place(partition, from), schema::place_after(partition), limit];
    let mut rows = statement.query(range).map_err(log_error)?;
    while let Some(row) = rows.next().map_err(log_error)? {
        let place: i64 = row.get(0).map_err(log_error)?;
        let source = Source { topic_id: topic.id, partition, offset: schema::offset(place) };
        let (key, value) = (blob(row, 2)?, blob(row, 4)?);
        let headers = headers::decode(blob(row, 3)?)?;
        let names: usize = headers.iter().map(|(name, value)| name.len() + value.len()).sum();
        if !budget.take(key.len() + names + value.len()) {
            return Ok(Some(source.offset));
        }
        records.push(StoredRecord {
            source,
            appended_at: Timestamp::from_millis(row.get(1).map_err(log_error)?),
            key: Bytes::copy_from_slice(key),
            headers,
            value: Some(Bytes::copy_from_slice(value)),
        });
    }
    Ok(None)
}

fn blob<'a>(row: &'a Row<'_>, column: usize) -> Result<&'a [u8], LogError> {
    let damaged = |error: rusqlite::types::FromSqlError| {
        LogError::Halted(format!("the log's file is damaged: {error}"))
    };
    row.get_ref(column).map_err(log_error)?.as_blob().map_err(damaged)
}
