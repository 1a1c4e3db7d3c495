//! The one thread that writes: takes every append that waits, writes them in one transaction, and answers each after
//! the fsync. Between groups it makes checkpoints and does one step of retention. Offsets are read
//! inside the transaction each time: another process may have appended.

use std::collections::HashMap;
use std::sync::Arc;

use domain::event::{Offset, Partition, Source};
use domain::ports::{Appended, LogError, StoredRecord, Topic, TopicDescription};
use domain::time::Timestamp;
use rusqlite::{Connection, TransactionBehavior, params};

use super::commits::CommitSignals;
use super::queue::{NextWork, PendingAppend, RetentionRun, WriterJob, WriterQueue};
use super::schema::{self, commit_error, log_error, statements};
use super::tail::LogTail;
use super::{LogClock, retention};
use crate::checkpoint::{Checkpointer, checkpoint};
use crate::limits::{
    CHECKPOINT_BLOCKING_BYTES, CHECKPOINT_BYTES, CHECKPOINT_IDLE, WAL_KEPT_BYTES, WRITER_CACHE_KIB,
    WRITER_STATEMENTS,
};

/// The writer's state; lives in its thread.
pub(super) struct LogWriter {
    connection: Connection,
    topics: [TopicDescription; 5],
    clock: LogClock,
    channels: WriterChannels,
    /// Copies most of the WAL beside the groups.
    checkpointer: Checkpointer,
    /// Bytes committed since the last complete checkpoint.
    wal_bytes: u64,
    /// The bytes from which the next checkpoint under load is tried.
    checkpoint_at: u64,
    /// Nothing was appended since the last checkpoint in idle time.
    rested: bool,
}

/// What the writer takes jobs from, and what it notifies.
pub(super) struct WriterChannels {
    pub(super) queue: Arc<WriterQueue>,
    pub(super) commits: Arc<CommitSignals>,
    pub(super) tail: Arc<LogTail>,
}

/// Closes the queue however the thread ends, so that no caller waits for a writer that is gone.
struct QueueCloser(Arc<WriterQueue>);

impl Drop for QueueCloser {
    fn drop(&mut self) {
        self.0.abandon();
    }
}

impl LogWriter {
    pub(super) fn new(
        connection: Connection,
        topics: [TopicDescription; 5],
        clock: LogClock,
        channels: WriterChannels,
        checkpointer: Checkpointer,
    ) -> rusqlite::Result<Self> {
        // Checkpoints are begun here, between groups, not by whichever commit happens to cross a line.
        connection.pragma_update(None, "wal_autocheckpoint", 0)?;
        connection.pragma_update(None, "journal_size_limit", WAL_KEPT_BYTES)?;
        connection.pragma_update(None, "cache_size", -WRITER_CACHE_KIB)?;
        connection.set_prepared_statement_cache_capacity(WRITER_STATEMENTS);
        let checkpoint_at = CHECKPOINT_BYTES;
        Ok(Self {
            connection,
            topics,
            clock,
            channels,
            checkpointer,
            wal_bytes: 0,
            checkpoint_at,
            rested: true,
        })
    }

    /// Works until the queue is closed and empty, then truncates the WAL and closes the file.
    pub(super) fn run(mut self) {
        let _last = QueueCloser(Arc::clone(&self.channels.queue));
        loop {
            let idle = (!self.rested).then_some(CHECKPOINT_IDLE);
            match self.channels.queue.next(idle) {
                NextWork::Group(group) => self.append_group(group),
                NextWork::Retain(run) => self.retain(run),
                NextWork::Idle => {
                    self.checkpoint("PASSIVE");
                    self.rested = true;
                }
                NextWork::Closed => break,
            }
            if self.wal_bytes >= CHECKPOINT_BLOCKING_BYTES {
                self.checkpoint("TRUNCATE");
            } else if self.checkpointer.is_done() {
                self.checkpoint("PASSIVE");
            } else if self.wal_bytes >= self.checkpoint_at {
                self.checkpointer.begin();
            }
        }
        self.checkpointer.stop();
        self.checkpoint("TRUNCATE");
        if let Err((_, error)) = self.connection.close() {
            tracing::warn!(%error, "the log's file was not closed in order; nothing that was confirmed is lost");
        }
    }

    fn append_group(&mut self, group: Vec<PendingAppend>) {
        metrics::histogram!("identity_log_group_records").record(group.len() as f64);
        match self.commit_group(&group) {
            Ok(appended) => {
                self.rested = false;
                self.tell(group, appended);
            }
            Err(error) => {
                for record in group {
                    let _ = record.answer.send(Err(error.clone()));
                }
            }
        }
    }

    /// Wakes the followers and answers the callers.
    fn tell(&mut self, group: Vec<PendingAppend>, appended: Vec<Appended>) {
        let mut committed: [Vec<StoredRecord>; 5] = Default::default();
        let mut answers = Vec::with_capacity(group.len());
        for (record, appended) in group.into_iter().zip(appended) {
            self.wal_bytes += record.size() as u64;
            let PendingAppend { topic, key, named: headers, value, answer, .. } = record;
            let Appended { source, appended_at } = appended;
            let value = Some(value);
            committed[topic as usize].push(StoredRecord { source, appended_at, key, headers, value });
            answers.push((answer, appended));
        }
        for (topic, records) in Topic::ALL.into_iter().zip(committed) {
            if !records.is_empty() {
                self.channels.tail.committed(topic, records.into_iter());
                self.channels.commits.signal(topic);
            }
        }
        for (answer, appended) in answers {
            // A caller that gave up needs no answer; its record is in the log all the same.
            let _ = answer.send(Ok(appended));
        }
    }

    fn commit_group(&mut self, group: &[PendingAppend]) -> Result<Vec<Appended>, LogError> {
        if !self.connection.is_autocommit() {
            // The last transaction could not be rolled back; nothing else can be written before it is.
            self.connection.execute_batch("ROLLBACK").map_err(log_error)?;
        }
        let transaction =
            self.connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(log_error)?;
        let now = (self.clock)();
        let mut ends: HashMap<(Topic, Partition), (Offset, Timestamp)> = HashMap::new();
        let mut appended = Vec::with_capacity(group.len());
        for record in group {
            let at = (record.topic, record.partition);
            let (offset, appended_at) = match ends.get(&at) {
                Some(&(offset, newest)) => (offset, newest),
                None => {
                    let (end, newest) = schema::end(&transaction, at.0, at.1).map_err(log_error)?;
                    (end, newest.map_or(now, |newest| newest.max(now)))
                }
            };
            transaction
                .prepare_cached(&statements(record.topic).insert)
                .map_err(log_error)?
                .execute(params![
                    schema::place(record.partition, offset),
                    appended_at.millis(),
                    record.key.as_ref(),
                    record.headers,
                    record.value.as_ref(),
                ])
                .map_err(log_error)?;
            ends.insert(at, (Offset(offset.0 + 1), appended_at));
            let topic_id = self.topics[record.topic as usize].id;
            let source = Source { topic_id, partition: record.partition, offset };
            appended.push(Appended { source, appended_at });
        }
        transaction.commit().map_err(commit_error)?;
        Ok(appended)
    }

    fn retain(&mut self, mut run: RetentionRun) {
        let step = retention::step(&mut self.connection, &self.topics, run.now, &mut run.so_far);
        Topic::ALL.into_iter().for_each(|topic| self.channels.tail.forget(topic));
        match step {
            Ok(true) => drop(run.answer.send(Ok(run.so_far))),
            Ok(false) => self.channels.queue.put_back(WriterJob::Retain(run)),
            Err(error) => drop(run.answer.send(Err(log_error(error)))),
        }
    }

    /// Copies the WAL into the file. PASSIVE copies what no reader uses; TRUNCATE waits for readers.
    fn checkpoint(&mut self, mode: &str) {
        match checkpoint(&self.connection, mode) {
            Ok(Some(copied)) if copied.is_all() => {
                self.wal_bytes = 0;
                self.checkpoint_at = CHECKPOINT_BYTES;
            }
            // A reader or another process is in the way: try again after as many bytes more.
            Ok(_) => self.checkpoint_at = self.wal_bytes + CHECKPOINT_BYTES,
            Err(error) => {
                tracing::warn!(%error, "the log's WAL could not be copied into its file; appends go on");
                self.checkpoint_at = self.wal_bytes + CHECKPOINT_BYTES;
            }
        }
    }
}
