//! The real log, with its reads written down, and one of them failed or preceded by something.

use std::pin::Pin;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use domain::event::{Offset, Partition};
use domain::ports::{
    Appended, EventLog, Follower, LogError, Member, NewRecord, OffsetRange, ReadBounds, StartPositions,
    StoredRecord, Topic, TopicDescription,
};
type Before = Pin<Box<dyn Future<Output = ()> + Send>>;

pub(super) struct Watched {
    log: Arc<dyn EventLog>,
    reads: Mutex<Vec<(Topic, u64)>>,
    failure: Mutex<Option<(Topic, LogError)>>,
    before: Mutex<Option<Before>>,
}

impl Watched {
    pub(super) fn new(log: Arc<dyn EventLog>) -> Self {
        Self { log, reads: Mutex::default(), failure: Mutex::default(), before: Mutex::default() }
    }

    /// From which offsets was read.
    pub(super) fn reads(&self) -> Vec<(Topic, u64)> {
        self.reads.lock().expect("not poisoned").clone()
    }

    /// The next read of that topic fails so.
    pub(super) fn fail(&self, topic: Topic, error: LogError) {
        *self.failure.lock().expect("not poisoned") = Some((topic, error));
    }

    /// Happens before the next read.
    pub(super) fn at_next_read(&self, before: Before) {
        *self.before.lock().expect("not poisoned") = Some(before);
    }
}

#[async_trait]
impl EventLog for Watched {
    async fn describe(&self, topic: Topic) -> Result<TopicDescription, LogError> {
        self.log.describe(topic).await
    }

    async fn append(&self, topic: Topic, record: NewRecord) -> Result<Appended, LogError> {
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
        let before = self.before.lock().expect("not poisoned").take();
        if let Some(before) = before {
            before.await;
        }
        if let Some((_, error)) = self.failure.lock().expect("not poisoned").take_if(|(t, _)| *t == topic) {
            return Err(error);
        }
        self.log.read(topic, partition, from, bounds).await
    }

    async fn follow(
        &self,
        topic: Topic,
        from: Vec<(Partition, Offset)>,
    ) -> Result<Box<dyn Follower>, LogError> {
        self.log.follow(topic, from).await
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
