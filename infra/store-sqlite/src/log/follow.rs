//! Following partitions: positions, turns, waiting. Used by followers and by members alike.

use std::sync::Arc;
use std::time::Instant;

use async_trait::async_trait;
use domain::event::{Offset, Partition};
use domain::ports::{Follower, LogError, ReadBounds, StoredRecord, TopicDescription};
use tokio::sync::watch;
use tokio::time::timeout_at;

use super::Shared;
use super::commits::Rings;
use super::readers::{Budget, read_batch};
use super::tail::Following;
use crate::limits::WAIT_MAX;

/// The moment a read with these bounds gives up.
pub(super) fn deadline(bounds: ReadBounds) -> tokio::time::Instant {
    tokio::time::Instant::now() + bounds.wait_max.min(WAIT_MAX)
}

/// Partitions of a topic, each with a position. `next` may be dropped at any await: no record is lost.
pub(super) struct Cursors {
    shared: Arc<Shared>,
    topic: TopicDescription,
    commits: watch::Receiver<Rings>,
    at: Arc<[(Partition, Offset)]>,
    /// Whose turn it is to be read first: with every read the next one's, so that a partition with much
    /// to read does not keep the others waiting.
    first: usize,
    current_at: Option<Instant>,
    /// The topic's tail, for those who stay.
    tail: Option<Following>,
    /// The watcher's rings before the file was last read to its end; none when that is still to do.
    read_at: Option<u64>,
}

impl Cursors {
    /// For one read.
    pub(super) fn new(shared: Arc<Shared>, topic: TopicDescription, at: Vec<(Partition, Offset)>) -> Self {
        let commits = shared.commits.subscribe(topic.topic);
        Self { shared, topic, commits, at: at.into(), first: 0, current_at: None, tail: None, read_at: None }
    }

    /// For as long as there is something to read.
    pub(super) fn following(
        shared: Arc<Shared>,
        topic: TopicDescription,
        at: Vec<(Partition, Offset)>,
    ) -> Self {
        let tail = shared.tail.follow(topic.topic);
        Self { tail: Some(tail), ..Self::new(shared, topic, at) }
    }

    /// What is there now, without waiting: from memory when it is certain that nothing else is in the file.
    async fn look(&mut self, bounds: ReadBounds) -> Result<Seen, LogError> {
        // Before the read, so that what is committed after it is a new ring.
        let rings = *self.commits.borrow_and_update();
        if self.read_at == Some(rings.watcher)
            && let Some(tail) = &self.tail
            && let Some((records, next)) = tail.read(&self.at, self.first, &mut Budget::new(bounds))
        {
            self.go_on(next);
            return Ok(Seen { records, in_file: false });
        }
        Ok(Seen { records: self.take(bounds).await?, in_file: true })
    }

    fn go_on(&mut self, next: Vec<Offset>) {
        self.at = self.at.iter().zip(next).map(|(&(partition, _), next)| (partition, next)).collect();
        self.first = (self.first + 1) % self.at.len().max(1);
    }

    /// What is in the file now, without waiting.
    pub(super) async fn take(&mut self, bounds: ReadBounds) -> Result<Vec<StoredRecord>, LogError> {
        // Before the read, so that what is committed after it is a new ring.
        let rings = *self.commits.borrow_and_update();
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
            self.read_at = Some(rings.watcher);
        }
        Ok(batch.records)
    }

    /// What is there, or what comes until the deadline.
    pub(super) async fn next(&mut self, bounds: ReadBounds) -> Result<Vec<StoredRecord>, LogError> {
        let deadline = deadline(bounds);
        loop {
            let Seen { records, in_file } = self.look(bounds).await?;
            if !records.is_empty() {
                return Ok(records);
            }
            if tokio::time::Instant::now() >= deadline {
                // At the end of its time it has looked into the file, whatever memory says.
                return if in_file { Ok(records) } else { self.take(bounds).await };
            }
            // Rung or out of time: each is a reason to look once more; given up: the file says why.
            if let Ok(Err(_)) = timeout_at(deadline, self.commits.changed()).await {
                return self.take(bounds).await;
            }
        }
    }
}

/// What a look found, and where.
struct Seen {
    records: Vec<StoredRecord>,
    in_file: bool,
}

/// The port's follower.
pub(super) struct SqliteFollower(pub(super) Cursors);

#[async_trait]
impl Follower for SqliteFollower {
    async fn next(&mut self, bounds: ReadBounds) -> Result<Vec<StoredRecord>, LogError> {
        self.0.next(bounds).await
    }

    fn current_at(&self) -> Option<Instant> {
        self.0.current_at
    }
}
