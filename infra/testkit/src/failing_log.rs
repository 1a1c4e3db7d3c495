//! Faults in front of a real log: what it cannot be asked to do by itself.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use domain::event::{Offset, Partition};
use domain::ports::{
    Appended, EventLog, Follower, LogError, Member, NewRecord, OffsetRange, ReadBounds, StartPositions,
    StoredRecord, Topic, TopicDescription,
};

type Before = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A log whose next calls fail as told: errors of followers' `next`, of appends, and of a topic's reads, which
/// are also written down.
pub struct FailingLog {
    /// The log itself.
    pub log: Arc<dyn EventLog>,
    /// What the next calls of followers fail with.
    pub next_errors: Arc<Mutex<VecDeque<LogError>>>,
    /// What the next appends fail with.
    pub append_errors: Mutex<VecDeque<LogError>>,
    reads: Mutex<Vec<(Topic, u64)>>,
    read_error: Mutex<Option<(Topic, LogError)>>,
    before_read: Mutex<Option<Before>>,
}

impl FailingLog {
    /// In front of that log, without a fault yet.
    pub fn new(log: Arc<dyn EventLog>) -> Self {
        Self {
            log,
            next_errors: Arc::default(),
            append_errors: Mutex::default(),
            reads: Mutex::default(),
            read_error: Mutex::default(),
            before_read: Mutex::default(),
        }
    }

    /// From which offsets was read.
    pub fn reads(&self) -> Vec<(Topic, u64)> {
        self.reads.lock().expect("not poisoned").clone()
    }

    /// The next read of that topic fails so.
    pub fn fail_read(&self, topic: Topic, error: LogError) {
        *self.read_error.lock().expect("not poisoned") = Some((topic, error));
    }

    /// Happens before the next read.
    pub fn at_next_read(&self, before: Before) {
        *self.before_read.lock().expect("not poisoned") = Some(before);
    }
}

fn take(errors: &Mutex<VecDeque<LogError>>) -> Result<(), LogError> {
    errors.lock().expect("not poisoned").pop_front().map_or(Ok(()), Err)
}

#[async_trait]
impl EventLog for FailingLog {
    async fn describe(&self, topic: Topic) -> Result<TopicDescription, LogError> {
        self.log.describe(topic).await
    }

    async fn append(&self, topic: Topic, record: NewRecord) -> Result<Appended, LogError> {
        take(&self.append_errors)?;
        self.log.append(topic, record).await
    }

    async fn offsets(&self, topic: Topic) -> Result<Vec<OffsetRange>, LogError> {
        self.log.offsets(topic).await
    }

    async fn read(
        &self,
        topic: Topic,
        partition: Partition,
        from: Offset,
        bounds: ReadBounds,
    ) -> Result<Vec<StoredRecord>, LogError> {
        self.reads.lock().expect("not poisoned").push((topic, from.0));
        let before = self.before_read.lock().expect("not poisoned").take();
        if let Some(before) = before {
            before.await;
        }
        if let Some((_, error)) = self.read_error.lock().expect("not poisoned").take_if(|(t, _)| *t == topic)
        {
            return Err(error);
        }
        self.log.read(topic, partition, from, bounds).await
    }

    async fn follow(
        &self,
        topic: Topic,
        from: Vec<(Partition, Offset)>,
    ) -> Result<Box<dyn Follower>, LogError> {
        let follower = self.log.follow(topic, from).await?;
        Ok(Box::new(FailingFollower { follower, errors: Arc::clone(&self.next_errors) }))
    }

    async fn join(
        &self,
        topic: Topic,
        group: &str,
        positions: Arc<dyn StartPositions>,
    ) -> Result<Box<dyn Member>, LogError> {
        self.log.join(topic, group, positions).await
    }
}

struct FailingFollower {
    follower: Box<dyn Follower>,
    errors: Arc<Mutex<VecDeque<LogError>>>,
}

#[async_trait]
impl Follower for FailingFollower {
    async fn next(&mut self, bounds: ReadBounds) -> Result<Vec<StoredRecord>, LogError> {
        take(&self.errors)?;
        self.follower.next(bounds).await
    }

    fn current_at(&self) -> Option<std::time::Instant> {
        self.follower.current_at()
    }
}
