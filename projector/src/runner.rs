//! A projector: what it works through and how, and one stay in the group after the other. What is done in a
//! stay is in `session`.

use std::sync::Arc;
use std::time::Duration;

use domain::ports::{EventLog, Generations, LogError, Projection, StoreError, Topic};
use domain::rows::Generation;
use domain::time::Timestamp;
use event_codec::Codec;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};
use vault::Vault;

use crate::following::{Following, Heard};
use crate::limits::{
    BATCH_BYTES_MAX, BATCH_RECORDS_MAX, FAILURE_RETRY, POISON_MAX, POISON_WINDOW_RECORDS, POLL_WAIT,
};
use crate::partition::wait;
use crate::positions::Positions;
use crate::progress::Progress;
use crate::session::Session;

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

/// Why a session ended before it was told to.
pub(crate) enum Ended {
    /// Worth starting again.
    Again(String),
    /// An operator is needed.
    Refused(String),
}

impl From<LogError> for Ended {
    fn from(error: LogError) -> Self {
        if error.is_transient() { Self::Again(error.to_string()) } else { Self::Refused(error.to_string()) }
    }
}

impl From<StoreError> for Ended {
    fn from(error: StoreError) -> Self {
        if error.is_transient() { Self::Again(error.to_string()) } else { Self::Refused(error.to_string()) }
    }
}

/// A projector.
pub struct Runner {
    ports: Ports,
    settings: Settings,
    following: Following,
    progress: Progress,
}

impl Runner {
    /// A projector over those ports, of one generation.
    pub fn new(ports: Ports, settings: Settings) -> Self {
        let following = Following::Fixed(settings.generation);
        Self { ports, settings, following, progress: Progress::default() }
    }

    /// The same, of whichever generations the pointer names. `instance` is a name nobody else has: under it
    /// this projector says which pointer it works by.
    #[must_use]
    pub fn following(self, generations: Arc<dyn Generations>, instance: String) -> Self {
        Self { following: Following::Pointer(Box::new(Heard::new(generations, instance))), ..self }
    }

    /// How far it is, for whoever waits for it.
    pub fn progress(&self) -> Progress {
        self.progress.clone()
    }

    /// Projects until cancelled. Outages are waited out; only what needs an operator ends it.
    pub async fn run(&self, cancel: CancellationToken) -> Result<(), RunError> {
        self.following.during(self.sessions(&cancel)).await
    }

    async fn sessions(&self, cancel: &CancellationToken) -> Result<(), RunError> {
        let mut backoff = FAILURE_RETRY.start();
        while !cancel.is_cancelled() {
            match self.session(cancel).await {
                // Cancelled, or the pointer changed: then by the new one.
                Ok(()) => backoff.reset(),
                Err(Ended::Refused(why)) => return Err(RunError::Refused(why)),
                Err(Ended::Again(why)) => {
                    warn!(%why, "the projector was interrupted; starting again");
                    if wait(backoff.next_pause(), cancel).await {
                        break;
                    }
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
        let mut session =
            Session::new((&self.ports, &self.settings, &self.following), pointer, (topic, epoch), positions)
                .telling(&self.progress);
        let lag = session.lag();
        let ended = tokio::select! {
            ended = session.run(&mut *member, &cancel) => ended,
            never = lag.watch(&*self.ports.log) => match never {},
        };
        lag.forget_all();
        self.progress.ended();
        if let Err(error) = member.leave().await {
            warn!(%error, "left the group without saying so");
        }
        ended
    }
}
