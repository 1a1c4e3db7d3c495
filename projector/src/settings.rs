//! What a projector works through and how it works. Not here: what it does (`runner`), and why each bound is what
//! it is (`limits`).

use std::sync::Arc;
use std::time::Duration;

use domain::ports::{EventLog, Projection};
use domain::rows::Generation;
use domain::time::Timestamp;
use event_codec::Codec;
use vault::Vault;

use crate::limits::{BATCH_BYTES_MAX, BATCH_RECORDS_MAX, POISON_MAX, POISON_WINDOW_RECORDS, POLL_WAIT};

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
    /// See [`crate::limits::BATCH_RECORDS_MAX`].
    pub batch_records_max: usize,
    /// See [`crate::limits::BATCH_BYTES_MAX`].
    pub batch_bytes_max: usize,
    /// See [`crate::limits::POLL_WAIT`].
    pub poll_wait: Duration,
    /// See [`crate::limits::POISON_MAX`].
    pub poison_max: usize,
    /// See [`crate::limits::POISON_WINDOW_RECORDS`].
    pub poison_window_records: u64,
}

impl Default for ProjectorSettings {
    fn default() -> Self {
        Self {
            group: "identity-projector".to_owned(),
            generation: Generation(1),
            batch_records_max: BATCH_RECORDS_MAX,
            batch_bytes_max: BATCH_BYTES_MAX,
            poll_wait: POLL_WAIT,
            poison_max: POISON_MAX,
            poison_window_records: POISON_WINDOW_RECORDS,
        }
    }
}
