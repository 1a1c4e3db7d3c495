//! The log port in memory.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use async_trait::async_trait;
use domain::event::{Offset, Partition, Source, TopicId};
use domain::limits::RECORD_BYTES_MAX;
use domain::ports::{
    Appended, EventLog, Follower, LogError, Member, NewRecord, OffsetRange, Polled, ReadBounds,
    StartPositions, StoredRecord, Topic, TopicDescription, partition_of,
};
use domain::time::Timestamp;
use tokio::sync::watch;

use super::lock;

/// Where the log's own clock starts.
const CLOCK_START_MS: i64 = 1_700_000_000_000;

struct Inner {
    records: BTreeMap<Topic, Vec<Vec<StoredRecord>>>,
    clock_ms: i64,
    /// Which member of a group has the partitions.
    groups: HashMap<String, u64>,
    members: u64,
}

/// A log in memory. Cloning shares it.
#[derive(Clone)]
pub struct MemoryLog {
    inner: Arc<Mutex<Inner>>,
    partitions: u32,
    appended: Arc<watch::Sender<u64>>,
    /// Every member gets every partition, also while another has them: zombies.
    exclusive: bool,
}

impl MemoryLog {
    /// An empty log with so many partitions in every topic.
    pub fn new(partitions: u32) -> Self {
        let empty = || vec![Vec::new(); partitions as usize];
        let records = Topic::ALL.into_iter().map(|topic| (topic, empty())).collect();
        let inner = Inner { records, clock_ms: CLOCK_START_MS, groups: HashMap::new(), members: 0 };
        Self {
            inner: Arc::new(Mutex::new(inner)),
            partitions,
            appended: Arc::new(watch::channel(0).0),
            exclusive: true,
        }
    }

    /// The same, but members of a group do not know of each other.
    pub fn with_zombies(partitions: u32) -> Self {
        Self { exclusive: false, ..Self::new(partitions) }
    }

    /// Another log with the same events and nothing else.
    pub fn fork_events(&self) -> Self {
        let fork = Self::new(self.partitions);
        let events = lock(&self.inner).records[&Topic::Events].clone();
        lock(&fork.inner).records.insert(Topic::Events, events);
        fork
    }

    /// Everything in a topic, partition by partition.
    pub fn all(&self, topic: Topic) -> Vec<StoredRecord> {
        lock(&self.inner).records[&topic].iter().flatten().cloned().collect()
    }

    /// Moves the log's clock, also backwards.
    pub fn shift_clock(&self, by_ms: i64) {
        lock(&self.inner).clock_ms += by_ms;
    }

    fn topic_id(topic: Topic) -> TopicId {
        TopicId([topic as u8 + 1; 16])
    }

    fn take(
        &self,
        topic: Topic,
        at: &mut [(Partition, Offset)],
        bounds: ReadBounds,
    ) -> Result<Vec<StoredRecord>, LogError> {
        let inner = lock(&self.inner);
        let mut taken = Vec::new();
        let mut bytes = 0;
        for (partition, next) in at {
            let records = inner.records[&topic]
                .get(partition.0 as usize)
                .ok_or_else(|| LogError::Halted("no such partition".to_owned()))?;
            if next.0 > records.len() as u64 {
                return Err(LogError::Halted(format!(
                    "offset {} is above the end of partition {}",
                    next.0, partition.0
                )));
            }
            for record in &records[next.0 as usize..] {
                let full = taken.len() >= bounds.records_max || bytes + record.size() > bounds.bytes_max;
                if full && !taken.is_empty() {
                    return Ok(taken);
                }
                bytes += record.size();
                taken.push(record.clone());
                next.0 += 1;
            }
        }
        Ok(taken)
    }

    async fn take_or_wait(
        &self,
        topic: Topic,
        at: &mut [(Partition, Offset)],
        bounds: ReadBounds,
    ) -> Result<Vec<StoredRecord>, LogError> {
        let mut appended = self.appended.subscribe();
        let deadline = tokio::time::Instant::now() + bounds.wait_max;
        loop {
            appended.mark_unchanged();
            let taken = self.take(topic, at, bounds)?;
            if !taken.is_empty() || at.is_empty() && bounds.wait_max.is_zero() {
                return Ok(taken);
            }
            if tokio::time::timeout_at(deadline, appended.changed()).await.is_err() {
                return Ok(Vec::new());
            }
        }
    }
}

#[async_trait]
impl EventLog for MemoryLog {
    async fn describe(&self, topic: Topic) -> Result<TopicDescription, LogError> {
        Ok(TopicDescription { topic, id: Self::topic_id(topic), partitions: self.partitions })
    }

    async fn append(&self, topic: Topic, record: NewRecord) -> Result<Appended, LogError> {
        let partition = partition_of(&record.key, self.partitions);
        let mut inner = lock(&self.inner);
        inner.clock_ms += 1;
        let appended_at = Timestamp::from_millis(inner.clock_ms);
        let records = inner.records.entry(topic).or_default();
        let offset = Offset(records[partition.0 as usize].len() as u64);
        let source = Source { topic_id: Self::topic_id(topic), partition, offset };
        let stored = StoredRecord {
            source,
            appended_at,
            key: record.key,
            headers: record.headers,
            value: Some(record.value),
        };
        if stored.size() > RECORD_BYTES_MAX {
            return Err(LogError::TooLarge { size: stored.size(), max: RECORD_BYTES_MAX });
        }
        records[partition.0 as usize].push(stored);
        drop(inner);
        self.appended.send_modify(|count| *count += 1);
        Ok(Appended { source, appended_at })
    }

    async fn offsets(&self, topic: Topic) -> Result<Vec<OffsetRange>, LogError> {
        let inner = lock(&self.inner);
        let range = |(partition, records): (usize, &Vec<StoredRecord>)| OffsetRange {
            partition: Partition(partition as u32),
            earliest: Offset(0),
            end: Offset(records.len() as u64),
        };
        Ok(inner.records[&topic].iter().enumerate().map(range).collect())
    }

    async fn read(
        &self,
        topic: Topic,
        partition: Partition,
        from: Offset,
        bounds: ReadBounds,
    ) -> Result<Vec<StoredRecord>, LogError> {
        self.take_or_wait(topic, &mut [(partition, from)], bounds).await
    }

    async fn follow(
        &self,
        topic: Topic,
        from: Vec<(Partition, Offset)>,
    ) -> Result<Box<dyn Follower>, LogError> {
        let none = ReadBounds { records_max: 0, bytes_max: 0, wait_max: std::time::Duration::ZERO };
        self.take(topic, &mut from.clone(), none)?;
        Ok(Box::new(MemoryFollower { log: self.clone(), topic, at: from, current_at: None }))
    }

    async fn join(
        &self,
        topic: Topic,
        group: &str,
        positions: Arc<dyn StartPositions>,
    ) -> Result<Box<dyn Member>, LogError> {
        let id = {
            let mut inner = lock(&self.inner);
            inner.members += 1;
            inner.members
        };
        Ok(Box::new(MemoryMember {
            log: self.clone(),
            topic,
            group: group.to_owned(),
            id,
            positions,
            at: VecDeque::new(),
        }))
    }
}

struct MemoryFollower {
    log: MemoryLog,
    topic: Topic,
    at: Vec<(Partition, Offset)>,
    current_at: Option<Instant>,
}

#[async_trait]
impl Follower for MemoryFollower {
    async fn next(&mut self, bounds: ReadBounds) -> Result<Vec<StoredRecord>, LogError> {
        let asked = Instant::now();
        // As in a member: the next turn begins with another partition.
        let turn = usize::from(!self.at.is_empty());
        self.at.rotate_left(turn);
        let taken = self.log.take_or_wait(self.topic, &mut self.at, bounds).await?;
        let ends = self.log.offsets(self.topic).await?;
        let at_end = self.at.iter().all(|(partition, next)| ends[partition.0 as usize].end <= *next);
        if at_end {
            self.current_at = Some(if taken.is_empty() { Instant::now() } else { asked });
        }
        Ok(taken)
    }

    fn current_at(&self) -> Option<Instant> {
        self.current_at
    }
}

struct MemoryMember {
    log: MemoryLog,
    topic: Topic,
    group: String,
    id: u64,
    positions: Arc<dyn StartPositions>,
    at: VecDeque<(Partition, Offset)>,
}

impl MemoryMember {
    /// Takes the group's partitions if nobody has them.
    fn try_own(&self) -> bool {
        if !self.log.exclusive {
            return true;
        }
        let mut inner = lock(&self.log.inner);
        *inner.groups.entry(self.group.clone()).or_insert(self.id) == self.id
    }
}

#[async_trait]
impl Member for MemoryMember {
    async fn poll(&mut self, bounds: ReadBounds) -> Result<Polled, LogError> {
        let mut polled = Polled::default();
        if self.at.is_empty() {
            if !self.try_own() {
                let mut appended = self.log.appended.subscribe();
                let _ = tokio::time::timeout(bounds.wait_max, appended.changed()).await;
                return Ok(polled);
            }
            let topic = self.log.describe(self.topic).await?;
            let partitions: Vec<Partition> = (0..topic.partitions).map(Partition).collect();
            let starts = self.positions.start_positions(&topic, &partitions).await?;
            self.at = partitions.iter().copied().zip(starts).collect();
            polled.assigned = partitions;
        }
        // The next poll begins with another partition, so that none starves.
        self.at.rotate_left(1);
        polled.records = self.log.take_or_wait(self.topic, self.at.make_contiguous(), bounds).await?;
        Ok(polled)
    }

    async fn more(&mut self, bounds: ReadBounds) -> Result<Vec<StoredRecord>, LogError> {
        if self.at.is_empty() {
            return Ok(Vec::new());
        }
        self.at.rotate_left(1);
        self.log.take_or_wait(self.topic, self.at.make_contiguous(), bounds).await
    }

    async fn report(&mut self, _next: &[(Partition, Offset)]) -> Result<(), LogError> {
        Ok(())
    }

    async fn leave(&mut self) -> Result<(), LogError> {
        self.give_up();
        Ok(())
    }
}

impl MemoryMember {
    fn give_up(&mut self) {
        let mut inner = lock(&self.log.inner);
        if inner.groups.get(&self.group) == Some(&self.id) {
            inner.groups.remove(&self.group);
        }
        drop(inner);
        self.at.clear();
        self.log.appended.send_modify(|count| *count += 1);
    }
}

impl Drop for MemoryMember {
    fn drop(&mut self) {
        self.give_up();
    }
}
