//! The loop of a projector: a member of the group, polling, handing each partition its records, reporting
//! how far it is. Partitions of one poll are done side by side; the next poll waits for all of them, so
//! that a hand-over finds nothing in flight.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use domain::event::{Offset, Partition};
use domain::ports::{
    EventLog, Generations, LogError, Member, Pointer, Polled, Projection, ReadBounds, StoreError,
    StoredRecord, Topic, TopicDescription,
};
use domain::rows::{Epoch, Generation};
use domain::time::Timestamp;
use event_codec::Codec;
use futures::future::join_all;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};
use vault::Vault;

use crate::batch::Reader;
use crate::following::{Following, Heard};
use crate::lanes::{Lanes, Work};
use crate::limits::{
    BACKOFF_MAX, BACKOFF_MIN, BATCH_BYTES_MAX, BATCH_RECORDS_MAX, POISON_MAX, POISON_WINDOW_RECORDS,
    POLL_WAIT,
};
use crate::partition::wait;
use crate::positions::Positions;

/// What a projector works through.
#[derive(Clone)]
pub struct Ports {
    /// Events in, outcomes and dead letters out.
    pub log: Arc<dyn EventLog>,
    /// The rows.
    pub projection: Arc<dyn Projection>,
    /// Authenticates envelopes.
    pub vault: Vault,
    /// Reads and writes records.
    pub codec: Codec,
    /// For the informative `ce_time` of outcomes; nothing is decided by it.
    pub clock: Arc<dyn Clock>,
}

/// What time it is, for headers.
pub trait Clock: Send + Sync {
    /// Now.
    fn now(&self) -> Timestamp;
}

impl<F: Fn() -> Timestamp + Send + Sync> Clock for F {
    fn now(&self) -> Timestamp {
        self()
    }
}

/// How a projector works.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The group whose members share the partitions.
    pub group: String,
    /// The generation it writes, unless it follows the pointer ([`Runner::following`]).
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

impl Default for Settings {
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

/// Why a projector ended before it was told to.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The log and our positions do not fit; an operator is needed.
    #[error("the projector refuses to start: {0}")]
    Refused(String),
}

enum Ended {
    Again(String),
    Refused(String),
}

impl From<LogError> for Ended {
    fn from(error: LogError) -> Self {
        match error {
            LogError::Unavailable(text) | LogError::Unconfirmed(text) => Self::Again(text),
            LogError::TooLarge { .. } | LogError::Halted(_) => Self::Refused(error.to_string()),
        }
    }
}

impl From<StoreError> for Ended {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable(text) => Self::Again(text),
            StoreError::Corrupt(text) => Self::Refused(text),
        }
    }
}

/// A projector.
pub struct Runner {
    ports: Ports,
    settings: Settings,
    following: Following,
}

/// One stay in the group, under one pointer.
struct Session {
    pointer: Pointer,
    topic: TopicDescription,
    epoch: Epoch,
    positions: Arc<Positions>,
    partitions: BTreeMap<Partition, Lanes>,
}

impl Runner {
    /// A projector over those ports, of one generation.
    pub fn new(ports: Ports, settings: Settings) -> Self {
        let following = Following::Fixed(settings.generation);
        Self { ports, settings, following }
    }

    /// The same, of whichever generations the pointer names. `instance` is a name nobody else has: under it
    /// this projector says which pointer it works by.
    #[must_use]
    pub fn following(self, generations: Arc<dyn Generations>, instance: String) -> Self {
        Self { following: Following::Pointer(Box::new(Heard::new(generations, instance))), ..self }
    }

    /// Projects until cancelled. Outages are waited out; only what needs an operator ends it.
    pub async fn run(&self, cancel: CancellationToken) -> Result<(), RunError> {
        self.following.during(self.sessions(&cancel)).await
    }

    async fn sessions(&self, cancel: &CancellationToken) -> Result<(), RunError> {
        let mut pause = BACKOFF_MIN;
        while !cancel.is_cancelled() {
            match self.session(cancel).await {
                // Cancelled, or the pointer changed: then by the new one.
                Ok(()) => pause = BACKOFF_MIN,
                Err(Ended::Refused(why)) => return Err(RunError::Refused(why)),
                Err(Ended::Again(why)) => {
                    warn!(%why, "the projector lost its footing; starting again");
                    if wait(pause, cancel).await {
                        break;
                    }
                    pause = (pause * 2).min(BACKOFF_MAX);
                }
            }
        }
        Ok(())
    }

    async fn session(&self, cancel: &CancellationToken) -> Result<(), Ended> {
        let (pointer, cancel) = self.following.begin(cancel).await?;
        let topic = self.ports.log.describe(Topic::Events).await?;
        let epoch = self.ports.projection.claim_epoch(topic.id).await?;
        let positions = Arc::new(Positions::new(
            Arc::clone(&self.ports.log),
            Arc::clone(&self.ports.projection),
            pointer.written(),
        ));
        info!(version = pointer.version, live = pointer.live.0, written = ?pointer.written(), "projecting");
        let from: Arc<Positions> = Arc::clone(&positions);
        let mut member = self.ports.log.join(Topic::Events, &self.settings.group, from).await?;
        let mut session = Session { pointer, topic, epoch, positions, partitions: BTreeMap::new() };
        let ended = self.poll_until(&mut *member, &mut session, &cancel).await;
        if let Err(error) = member.leave().await {
            warn!(%error, "left the group without saying so");
        }
        ended
    }

    async fn poll_until(
        &self,
        member: &mut dyn Member,
        session: &mut Session,
        cancel: &CancellationToken,
    ) -> Result<(), Ended> {
        let bounds = ReadBounds {
            records_max: self.settings.batch_records_max,
            bytes_max: self.settings.batch_bytes_max,
            wait_max: self.settings.poll_wait,
        };
        while !cancel.is_cancelled() {
            if let Some(pointer) = self.following.next()
                && !self.adopt(pointer, session)
            {
                break;
            }
            let polled = tokio::select! {
                biased;
                () = cancel.cancelled() => break,
                polled = member.poll(bounds) => polled?,
            };
            session.take_over(&polled);
            if !self.following.still(session.pointer.version).await? {
                break;
            }
            let done = self.process(polled.records, session, cancel).await;
            if !done.is_empty()
                && let Err(error) = member.report(&done).await
            {
                // Only lag tools look at it; the positions that count are with the rows.
                warn!(%error, "could not report how far the group is");
            }
        }
        Ok(())
    }

    /// Goes on by a later pointer, between two batches; false when only a new session can: what stands still
    /// is tried again by that one.
    fn adopt(&self, pointer: Pointer, session: &mut Session) -> bool {
        if session.partitions.values().any(Lanes::stands_still) {
            return false;
        }
        let written = pointer.written();
        session.partitions.values_mut().for_each(|lanes| lanes.keep(&written));
        session.positions.keep(&written);
        info!(version = pointer.version, live = pointer.live.0, ?written, "going on by another pointer");
        self.following.works_by(pointer.version);
        session.pointer = pointer;
        true
    }

    async fn process(
        &self,
        records: Vec<StoredRecord>,
        session: &mut Session,
        cancel: &CancellationToken,
    ) -> Vec<(Partition, Offset)> {
        let mut by_partition: BTreeMap<Partition, Vec<StoredRecord>> = BTreeMap::new();
        for record in records {
            by_partition.entry(record.source.partition).or_default().push(record);
        }
        let reader = Reader {
            log: &*self.ports.log,
            projection: &*self.ports.projection,
            vault: &self.ports.vault,
            codec: &self.ports.codec,
            generation: session.pointer.live,
        };
        let with =
            Work { reader, settings: &self.settings, clock: &*self.ports.clock, pointer: &session.pointer };
        let mut work = Vec::new();
        for (partition, lanes) in session.partitions.iter_mut().filter(|(_, lanes)| !lanes.halted) {
            if let Some(records) = by_partition.remove(partition) {
                work.push(async move {
                    let next = lanes.process(with, &records, cancel).await?;
                    Some((*partition, next))
                });
            }
        }
        join_all(work).await.into_iter().flatten().collect()
    }
}

impl Session {
    fn take_over(&mut self, polled: &Polled) {
        for partition in &polled.revoked {
            self.partitions.remove(partition);
            info!(partition = partition.0, "partition handed over");
        }
        for partition in &polled.assigned {
            let start_of = |generation| self.positions.start_of(generation, *partition);
            let lanes = Lanes::new(self.topic.id, self.epoch, *partition, &self.pointer, start_of);
            self.partitions.insert(*partition, lanes);
            info!(partition = partition.0, "partition taken over");
        }
    }
}
