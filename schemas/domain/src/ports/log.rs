//! The log port: topics of partitions of records, appended once, read in order.

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use bytes::Bytes;

use crate::event::{Offset, Partition, Source, TopicId};
use crate::time::Timestamp;

/// The five topics (contract §5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Topic {
    /// The facts.
    Events,
    /// The evidence.
    Audit,
    /// What came of the facts.
    Outcomes,
    /// Orgs and API keys.
    Orgs,
    /// What could not be projected.
    DeadLetters,
}

impl Topic {
    /// All five.
    pub const ALL: [Self; 5] = [Self::Events, Self::Audit, Self::Outcomes, Self::Orgs, Self::DeadLetters];

    /// The topic's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Events => "identity.events",
            Self::Audit => "identity.audit",
            Self::Outcomes => "identity.outcomes",
            Self::Orgs => "identity.orgs",
            Self::DeadLetters => "identity.dead-letters",
        }
    }

    /// How long and how its records are kept.
    pub fn retention(self) -> Retention {
        match self {
            Self::Events | Self::Audit => Retention::Forever,
            Self::Outcomes => Retention::Days(90),
            Self::Orgs => Retention::LatestPerKey,
            Self::DeadLetters => Retention::Days(30),
        }
    }
}

/// A topic's policy (contract §5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retention {
    /// Written once, never deleted or changed.
    Forever,
    /// Append-only; records older than this may go.
    Days(u32),
    /// Compacted: the latest record of each key stays.
    LatestPerKey,
}

/// What a log knows of a topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopicDescription {
    /// Which.
    pub topic: Topic,
    /// Its identity.
    pub id: TopicId,
    /// How many partitions; fixed when it was made.
    pub partitions: u32,
}

/// A record to append.
#[derive(Clone, PartialEq, Eq)]
pub struct NewRecord {
    /// Decides the partition (murmur2 of the key, Kafka's Java default).
    pub key: Bytes,
    /// In this order.
    pub headers: Vec<(String, Bytes)>,
    /// The body.
    pub value: Bytes,
}

/// A record that was read. Its `Debug` shows no payload.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredRecord {
    /// Where it stands.
    pub source: Source,
    /// When the log took it, by the log's clock.
    pub appended_at: Timestamp,
    /// Its key.
    pub key: Bytes,
    /// Its headers.
    pub headers: Vec<(String, Bytes)>,
    /// Its body; none is a tombstone.
    pub value: Option<Bytes>,
}

impl StoredRecord {
    /// Bytes of key, headers and value: what batches are bounded by.
    pub fn size(&self) -> usize {
        let headers: usize = self.headers.iter().map(|(name, value)| name.len() + value.len()).sum();
        self.key.len() + headers + self.value.as_ref().map_or(0, Bytes::len)
    }

    /// The first header of that name.
    pub fn header(&self, name: &str) -> Option<&[u8]> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_ref())
    }
}

impl std::fmt::Debug for NewRecord {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "NewRecord({} bytes)", self.value.len())
    }
}

impl std::fmt::Debug for StoredRecord {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "StoredRecord({:?}, {} bytes)", self.source, self.size())
    }
}

/// A record that is in the log for good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Appended {
    /// Where.
    pub source: Source,
    /// When, by the log's clock.
    pub appended_at: Timestamp,
}

/// How much one read may bring, and how long it may wait for the first record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadBounds {
    /// Records at most.
    pub records_max: usize,
    /// Bytes at most ([`StoredRecord::size`]); a first record above it comes alone.
    pub bytes_max: usize,
    /// How long to wait while there is nothing.
    pub wait_max: Duration,
}

/// What a partition holds: offsets from `earliest` up to but not including `end`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OffsetRange {
    /// The partition.
    pub partition: Partition,
    /// The first offset still there.
    pub earliest: Offset,
    /// The offset that the next record gets at the earliest.
    pub end: Offset,
}

/// Why the log did not do it. Texts are for operators: no payloads, no keys of records.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LogError {
    /// Certainly not appended, or not read; worth trying again.
    #[error("the log is not available: {0}")]
    Unavailable(String),
    /// An append may or may not have happened.
    #[error("the log did not confirm: {0}")]
    Unconfirmed(String),
    /// Never will be: the record is too large.
    #[error("a record of {size} bytes is above the log's limit of {max}")]
    TooLarge {
        /// Its bytes.
        size: usize,
        /// The limit.
        max: usize,
    },
    /// Going on would skip or repeat records in silence: an operator is needed.
    #[error("the log and our position do not fit: {0}")]
    Halted(String),
}

impl LogError {
    /// Whether the same call may succeed later, without anybody's help.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Unavailable(_) | Self::Unconfirmed(_) => true,
            Self::TooLarge { .. } | Self::Halted(_) => false,
        }
    }
}

/// An append-only log of topics and partitions.
#[async_trait]
pub trait EventLog: Send + Sync {
    /// The topic's identity and partition count, asked anew each time.
    async fn describe(&self, topic: Topic) -> Result<TopicDescription, LogError>;

    /// Appends one record to the partition its key names. `Ok` promises: durable (every in-sync replica, or
    /// fsynced), at this offset, for ever; and records that one caller appends one after the other, each
    /// after the `Ok` of the last, stand in that order within a partition. Many calls at once share a
    /// commit; of calls that one task polls for the first time one after the other and that all succeed, each
    /// stands after the one before it in their partition. `Unavailable` promises that nothing was appended.
    async fn append(&self, topic: Topic, record: NewRecord) -> Result<Appended, LogError>;

    /// What each partition holds now.
    async fn offsets(&self, topic: Topic) -> Result<Vec<OffsetRange>, LogError>;

    /// Records of one partition from an offset on, in order, without gaps in what is there. An offset below
    /// the earliest or above the end is `Halted`; at the end it waits up to `bounds.wait_max`, then is empty.
    async fn read(
        &self,
        topic: Topic,
        partition: Partition,
        from: Offset,
        bounds: ReadBounds,
    ) -> Result<Vec<StoredRecord>, LogError>;

    /// Follows named partitions, each from an offset (the same rules as [`EventLog::read`]).
    async fn follow(
        &self,
        topic: Topic,
        from: Vec<(Partition, Offset)>,
    ) -> Result<Box<dyn Follower>, LogError>;

    /// Joins a group whose members share a topic's partitions. Each partition has one member at a time, as
    /// far as the members can know; one that does not know better yet may still write (a zombie).
    async fn join(
        &self,
        topic: Topic,
        group: &str,
        positions: Arc<dyn StartPositions>,
    ) -> Result<Box<dyn Member>, LogError>;
}

/// Follows fixed partitions of a topic.
#[async_trait]
pub trait Follower: Send {
    /// The next records, in order per partition; empty when none came within `bounds.wait_max`.
    async fn next(&mut self, bounds: ReadBounds) -> Result<Vec<StoredRecord>, LogError>;

    /// The last moment at which everything then in the log had been handed out; none before the first.
    /// Grows also while nothing is appended, as long as the log can be asked.
    fn current_at(&self) -> Option<Instant>;
}

/// Where a member starts reading the partitions it was given. Asked before the first record is fetched.
#[async_trait]
pub trait StartPositions: Send + Sync {
    /// The next offset of each, in the order asked. `Halted` keeps the member from reading them.
    async fn start_positions(
        &self,
        topic: &TopicDescription,
        partitions: &[Partition],
    ) -> Result<Vec<Offset>, LogError>;
}

/// What a member heard.
#[derive(Debug, Default)]
pub struct Polled {
    /// Partitions it has from here on, already positioned; records of this poll may be theirs.
    pub assigned: Vec<Partition>,
    /// Partitions it no longer has; what it has in memory of them is stale.
    pub revoked: Vec<Partition>,
    /// Records of partitions it has, in order per partition.
    pub records: Vec<StoredRecord>,
}

/// A member of a group. While it does not poll, nothing is taken from it in an orderly way: a batch is
/// finished before the next poll, so that a hand-over finds nothing in flight.
#[async_trait]
pub trait Member: Send {
    /// Assignment changes and the next records; empty when nothing came within `bounds.wait_max`.
    async fn poll(&mut self, bounds: ReadBounds) -> Result<Polled, LogError>;

    /// The next records while earlier ones are still in flight. Changes no assignment: when the group wants
    /// one changed, or anything else is the next poll's to say, it is empty at once, and so it is when
    /// nothing came within `bounds.wait_max`. Dropped, it loses nothing. A log that does not read ahead
    /// answers never.
    async fn more(&mut self, bounds: ReadBounds) -> Result<Vec<StoredRecord>, LogError> {
        let _ = bounds;
        std::future::pending().await
    }

    /// Tells the log how far the group is, for tools that show lag. Never a position to start from.
    async fn report(&mut self, next: &[(Partition, Offset)]) -> Result<(), LogError>;

    /// Leaves the group, so that others take over at once.
    async fn leave(&mut self) -> Result<(), LogError>;
}

/// The partition of a key: murmur2 as Kafka's Java client has it, so that both engines agree and any
/// producer's default does too.
pub fn partition_of(key: &[u8], partitions: u32) -> Partition {
    Partition((murmur2(key) & 0x7fff_ffff) % partitions.max(1))
}

/// Murmur2, 32 bit, seed 0x9747b28c (`org.apache.kafka.common.utils.Utils.murmur2`).
fn murmur2(data: &[u8]) -> u32 {
    const M: u32 = 0x5bd1_e995;
    let mut h: u32 = 0x9747_b28c ^ (data.len() as u32);
    let mut words = data.chunks_exact(4);
    for word in &mut words {
        let mut k = u32::from_le_bytes([word[0], word[1], word[2], word[3]]);
        k = k.wrapping_mul(M);
        k ^= k >> 24;
        k = k.wrapping_mul(M);
        h = h.wrapping_mul(M) ^ k;
    }
    let tail = words.remainder();
    if !tail.is_empty() {
        for (index, byte) in tail.iter().enumerate() {
            h ^= u32::from(*byte) << (8 * index);
        }
        h = h.wrapping_mul(M);
    }
    h ^= h >> 13;
    h = h.wrapping_mul(M);
    h ^ (h >> 15)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values of Kafka's own `UtilsTest.testMurmur2` (org.apache.kafka.common.utils).
    #[test]
    fn murmur2_is_kafkas() {
        for (text, hash) in [
            ("21", -973_932_308_i32),
            ("foobar", -790_332_482),
            ("a-little-bit-long-string", -985_981_536),
            ("a-little-bit-longer-string", -1_486_304_829),
            ("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58_897_971),
            ("abc", 479_470_107),
        ] {
            assert_eq!(murmur2(text.as_bytes()) as i32, hash, "{text}");
        }
    }
}
