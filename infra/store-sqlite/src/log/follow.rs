//! Following partitions: positions, turns, waiting. Used by followers and by members alike.

use std::sync::Arc;
use std::time::Instant;

use async_trait::async_trait;
use domain::event::{Offset, Partition};
use domain::ports::{Follower, LogError, ReadBounds, StoredRecord, TopicDescription};
use tokio::sync::watch;
use tokio::time::timeout_at;

use super::Shared;
use super::readers::read_batch;
use crate::limits::WAIT_MAX;

/// The moment a read with these bounds gives up.
pub(super) fn deadline(bounds: ReadBounds) -> tokio::time::Instant {
    tokio::time::Instant::now() + bounds.wait_max.min(WAIT_MAX)
}

/// Partitions of a topic, each with a position. `next` may be dropped at any await: no record is lost.
pub(super) struct Cursors {
    shared: Arc<Shared>,
    topic: TopicDescription,
    commits: watch::Receiver<u64>,
    at: Arc<[(Partition, Offset)]>,
    /// Whose turn it is to be read first: with every read the next one's, so that a partition with much
    /// to read does not keep the others waiting.
    first: usize,
    current_at: Option<Instant>,
}

impl Cursors {
    pub(super) fn new(shared: Arc<Shared>, topic: TopicDescription, at: Vec<(Partition, Offset)>) -> Self {
        let commits = shared.commits.subscribe(topic.topic);
        Self { shared, topic, commits, at: at.into(), first: 0, current_at: None }
    }

    /// What is there now, without waiting.
    pub(super) async fn take(&mut self, bounds: ReadBounds) -> Result<Vec<StoredRecord>, LogError> {
        // Before the read, so that what is committed after it is a new ring.
        self.commits.borrow_and_update();
        let asked = Instant::now();
        let (topic, at, first) = (self.topic.clone(), Arc::clone(&self.at), self.first);
        let batch = self
            .shared
            .readers
            .run(move |connection| read_batch(connection, &topic, &at, first, bounds))
            .await?;
        self.at = self.at.iter().zip(batch.next).map(|(&(partition, _), next)| (partition, next)).collect();
        self.first = (self.first + 1) % self.at.len().max(1);
        if batch.complete {
            self.current_at = Some(asked);
        }
        Ok(batch.records)
    }

    /// What is there, or what comes until the deadline.
    pub(super) async fn next(&mut self, bounds: ReadBounds) -> Result<Vec<StoredRecord>, LogError> {
        let deadline = deadline(bounds);
        loop {
            let records = self.take(bounds).await?;
            if !records.is_empty() || tokio::time::Instant::now() >= deadline {
                return Ok(records);
            }
            // Rung, given up or out of time: each is a reason to look once more.
            let _ = timeout_at(deadline, self.commits.changed()).await;
        }
    }
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
