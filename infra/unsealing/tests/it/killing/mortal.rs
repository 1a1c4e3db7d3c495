//! Ports whose user is killed at one of the steps that last.

use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use async_trait::async_trait;
use domain::event::{Offset, Partition};
use domain::ports::{
    Appended, EventLog, Follower, KeyNotes, LogError, Member, NewRecord, OffsetRange, ReadBounds,
    StartPositions, StoreError, StoredRecord, Topic, TopicDescription,
};

/// Counts steps, and kills this process at one of them.
pub(super) struct Death(AtomicU32);

impl Death {
    /// At that step; 0 is never.
    pub(super) fn at(step: u32) -> Arc<Self> {
        Arc::new(Self(AtomicU32::new(step)))
    }

    fn step(&self) {
        if self.0.fetch_sub(1, Ordering::SeqCst) == 1 {
            let id = std::process::id().to_string();
            Command::new("sh").args(["-c", &format!("kill -9 {id}")]).status().expect("a shell runs");
            loop {
                std::thread::park();
            }
        }
    }
}

/// A real log whose writer may die before and after each append.
pub(super) struct MortalLog(pub(super) Arc<dyn EventLog>, pub(super) Arc<Death>);

#[async_trait]
impl EventLog for MortalLog {
    async fn describe(&self, topic: Topic) -> Result<TopicDescription, LogError> {
        self.0.describe(topic).await
    }

    async fn append(&self, topic: Topic, record: NewRecord) -> Result<Appended, LogError> {
        self.1.step();
        let done = self.0.append(topic, record).await;
        self.1.step();
        done
    }

    async fn offsets(&self, topic: Topic) -> Result<Vec<OffsetRange>, LogError> {
        self.0.offsets(topic).await
    }

    async fn read(
        &self,
        topic: Topic,
        partition: Partition,
        from: Offset,
        bounds: ReadBounds,
    ) -> Result<Vec<StoredRecord>, LogError> {
        self.0.read(topic, partition, from, bounds).await
    }

    async fn follow(
        &self,
        topic: Topic,
        from: Vec<(Partition, Offset)>,
    ) -> Result<Box<dyn Follower>, LogError> {
        self.0.follow(topic, from).await
    }

    async fn join(
        &self,
        topic: Topic,
        group: &str,
        positions: Arc<dyn StartPositions>,
    ) -> Result<Box<dyn Member>, LogError> {
        self.0.join(topic, group, positions).await
    }
}

/// The same of notes.
pub(super) struct MortalNotes(pub(super) Arc<dyn KeyNotes>, pub(super) Arc<Death>);

#[async_trait]
impl KeyNotes for MortalNotes {
    async fn note(&self, name: &str) -> Result<Option<String>, StoreError> {
        self.0.note(name).await
    }

    async fn change_note(&self, name: &str, old: Option<&str>, new: &str) -> Result<bool, StoreError> {
        self.1.step();
        let done = self.0.change_note(name, old, new).await;
        self.1.step();
        done
    }
}
