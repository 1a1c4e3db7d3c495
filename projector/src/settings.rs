//! What a projector works through and how it works. Not here: what it does (`runner`), where its settings come
//! from (`from_engine`), and why each bound is what it is (`limits`).

use std::sync::Arc;
use std::time::Duration;

use domain::ports::{EventLog, Projection};
use domain::rows::Generation;
use domain::time::Timestamp;
use event_codec::Codec;
use vault::Vault;

use crate::nik_tags::NikTags;

/// What a projector works through.
#[derive(Clone)]
pub struct ProjectorPorts {
    /// Events in, outcomes and dead letters out.
    pub log: Arc<dyn EventLog>,
    /// The rows.
    pub projection: Arc<dyn Projection>,
    /// Authenticates envelopes.
    pub vault: Vault,
    /// Reads and writes records.
    pub codec: Codec,
    /// What stands for NIKs in rows.
    pub nik_tags: Arc<dyn NikTags>,
    /// For the informative `ce_time` of outcomes; nothing is decided by it.
    pub clock: Arc<dyn HeaderClock>,
}

/// What time it is, for headers.
pub trait HeaderClock: Send + Sync {
    /// Now.
    fn now(&self) -> Timestamp;
}

impl<F: Fn() -> Timestamp + Send + Sync> HeaderClock for F {
    fn now(&self) -> Timestamp {
        self()
    }
}

/// How a projector works.
#[derive(Debug, Clone)]
pub struct ProjectorSettings {
    /// The group whose members share the partitions.
    pub group: String,
    /// The generation it writes, unless it follows the pointer ([`crate::ProjectorRunner::following`]).
    pub generation: Generation,
    /// Records of one poll.
    pub batch_records_max: usize,
    /// Bytes of one poll. What is read ahead meanwhile is bounded by as much again, and by one poll more.
    pub batch_bytes_max: usize,
    /// See [`crate::limits::POLL_WAIT`].
    pub poll_wait: Duration,
    /// A partition halts when more than this many of its last `poison_window_records` could not be applied: one bad
    /// record is a customer's trouble, many are ours.
    pub poison_max: usize,
    /// See [`crate::limits::POISON_WINDOW_RECORDS`].
    pub poison_window_records: u64,
}
