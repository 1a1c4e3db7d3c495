//! Following partitions: positions, turns, waiting. Used by followers and by members alike.

use std::sync::Arc;
use std::time::Instant;

use async_trait::async_trait;
use domain::event::{Offset, Partition};
use domain::ports::{Follower, LogError, ReadBounds, StoredRecord, TopicDescription};
use tokio::sync::watch;
use tokio::time::timeout_at;

use super::SqliteLogShared;
use super::commits::CommitCounts;
use super::readers::{ReadBudget, read_batch};
use super::tail::TailSubscription;
use crate::limits::WAIT_MAX;

/// The time until which a read with these bounds waits.
pub(super) fn deadline(bounds: ReadBounds) -> tokio::time::Instant {
    tokio::time::Instant::now() + bounds.wait_max.min(WAIT_MAX)
}

/// Partitions of a topic, each with a position. `next` may be dropped at any await: no record is lost.
pub(super) struct TopicCursors {
    shared: Arc<SqliteLogShared>,
    topic: TopicDescription,
    commits: watch::Receiver<CommitCounts>,
    at: Arc<[(Partition, Offset)]>,
    /// Whose turn it is to be read first: with every read the next one's, so that a partition with much
    /// to read does not keep the others waiting.
    first: usize,
    current_at: Option<Instant>,
    /// The topic's tail, for a follower.
    tail: Option<TailSubscription>,
    /// The watcher's signals before the file was last read to its end; none until it was.
    read_at: Option<u64>,
}

impl TopicCursors {
    /// For one read.
    pub(super) fn new(
        shared: Arc<SqliteLogShared>,
        topic: TopicDescription,
        at: Vec<(Partition, Offset)>,
    ) -> Self {
        let commits = shared.commits.subscribe(topic.topic);
        Self { shared, topic, commits, at: at.into(), first: 0, current_at: None, tail: None, read_at: None }
    }

    /// For a follower.
    pub(super) fn following(
        shared: Arc<SqliteLogShared>,
        topic: TopicDescription,
        at: Vec<(Partition, Offset)>,
    ) -> Self {
        let tail = shared.tail.follow(topic.topic);
        Self { tail: Some(tail), ..Self::new(shared, topic, at) }
    }

    /// The records that are there now, without waiting: from memory when the file certainly has no others.
    async fn look(&mut self, bounds: ReadBounds) -> Result<ReadResult, LogError> {
        // Before the read, so that a commit after it is a new signal.
        let counts = *self.commits.borrow_and_update();
        if self.read_at == Some(counts.watcher)
            && let Some(tail) = &self.tail
            && let Some((records, next)) = tail.read(&self.at, self.first, &mut ReadBudget::new(bounds))
        {
            self.go_on(next);
            return Ok(ReadResult { records, in_file: false });
        }
        Ok(ReadResult { records: self.take(bounds).await?, in_file: true })
    }

    fn go_on(&mut self, next: Vec<Offset>) {
        self.at = self.at.iter().zip(next).map(|(&(partition, _), next)| (partition, next)).collect();
        self.first = (self.first + 1) % self.at.len().max(1);
    }

    /// What is in the file now, without waiting.
    pub(super) async fn take(&mut self, bounds: ReadBounds) -> Result<Vec<StoredRecord>, LogError> {
        // Before the read, so that a commit after it is a new signal.
        let counts = *self.commits.borrow_and_update();
        self.read_at = None;
        let asked = Instant::now();
        let (topic, at, first) = (self.topic.clone(), Arc::clone(&self.at), self.first);
        let batch = self
            .shared
            .readers
            .run(move |connection| read_batch(connection, &topic, &at, first, bounds))
            .await?;
        self.go_on(batch.next);
        if batch.complete {
            self.current_at = Some(asked);
            self.read_at = Some(counts.watcher);
        }
        Ok(batch.records)
    }

    /// The records that are there, or the next ones until the deadline.
    pub(super) async fn next(&mut self, bounds: ReadBounds) -> Result<Vec<StoredRecord>, LogError> {
        let deadline = deadline(bounds);
        loop {
            let ReadResult { records, in_file } = self.look(bounds).await?;
            if !records.is_empty() {
                return Ok(records);
            }
            if tokio::time::Instant::now() >= deadline {
                // At the deadline the file is read once, whatever memory says.
                return if in_file { Ok(records) } else { self.take(bounds).await };
            }
            // A signal or the deadline is a reason to read once more; when the sender is gone, the file says why.
            if let Ok(Err(_)) = timeout_at(deadline, self.commits.changed()).await {
                return self.take(bounds).await;
            }
        }
    }
}

/// What was read, and where each cursor goes on.
struct ReadResult {
    records: Vec<StoredRecord>,
    in_file: bool,
}

/// The port's follower.
pub(super) struct SqliteFollower(pub(super) TopicCursors);

#[async_trait]
impl Follower for SqliteFollower {
    async fn next(&mut self, bounds: ReadBounds) -> Result<Vec<StoredRecord>, LogError> {
        self.0.next(bounds).await
    }

    fn current_at(&self) -> Option<Instant> {
        self.0.current_at
    }
}
