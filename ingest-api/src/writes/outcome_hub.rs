//! What became of writes: follows `identity.outcomes`, tells each waiting caller, and evicts the keys of erased
//! customers. A waiter is registered before its event is appended, so that nothing is missed.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use domain::event::{Offset, Partition};
use domain::ids::VerificationId;
use domain::outcome::Outcome;
use domain::ports::{EventLog, Follower, LogError, OffsetRange, ReadBounds, StoredRecord, Topic};
use event_codec::{Codec, DecodeError, RecordType, record_type};
use retry_schedule::Backoff;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use vault::Vault;

use crate::limits::{
    OUTCOMES_BATCH_BYTES, OUTCOMES_BATCH_RECORDS, OUTCOMES_RETRY, OUTCOMES_WAIT, WAITER_OUTCOMES_MAX,
};
use crate::writes::change_feed::ChangeFeed;

/// Shards, so that callers rarely wait for one another.
const SHARDS: usize = 16;

type WaitingCallers = HashMap<VerificationId, Vec<(u64, mpsc::Sender<Arc<Outcome>>)>>;

/// How recently everything in the outcome stream was known here. Made before the vault, which asks it.
#[derive(Debug, Clone)]
pub struct OutcomeFreshness(Arc<FreshnessClock>);

#[derive(Debug)]
struct FreshnessClock {
    base: Instant,
    /// Milliseconds after `base`, plus one; 0 is never.
    at_ms: AtomicU64,
}

impl Default for OutcomeFreshness {
    fn default() -> Self {
        Self(Arc::new(FreshnessClock { base: Instant::now(), at_ms: AtomicU64::new(0) }))
    }
}

impl OutcomeFreshness {
    /// Whether everything that was in the stream so long ago is known here.
    pub fn is_fresh(&self, within: Duration) -> bool {
        match self.0.at_ms.load(Ordering::Acquire) {
            0 => false,
            at => self.0.base.elapsed().as_millis() as u64 <= at - 1 + within.as_millis() as u64,
        }
    }

    fn set(&self, at: Instant) {
        let ms = at.saturating_duration_since(self.0.base).as_millis() as u64 + 1;
        self.0.at_ms.fetch_max(ms, Ordering::AcqRel);
    }
}

/// The callers that wait for outcomes, told as they come.
#[derive(Debug)]
pub struct OutcomeHub {
    shards: [Mutex<WaitingCallers>; SHARDS],
    next_token: AtomicU64,
    freshness: OutcomeFreshness,
    changes: ChangeFeed,
}

impl OutcomeHub {
    /// Resolves the ends of all partitions, and follows from there until cancelled.
    ///
    /// # Errors
    /// The log did not say where its partitions end.
    pub async fn start(
        log: Arc<dyn EventLog>,
        codec: Codec,
        vault: Vault,
        freshness: OutcomeFreshness,
        cancel: CancellationToken,
    ) -> Result<Arc<Self>, LogError> {
        let ends = log.offsets(Topic::Outcomes).await?;
        let positions = ends.iter().map(|range| (range.partition, range.end)).collect();
        let hub = Arc::new(Self {
            shards: std::array::from_fn(|_| Mutex::default()),
            next_token: AtomicU64::new(0),
            freshness,
            changes: ChangeFeed::default(),
        });
        let follower = OutcomeFollower { hub: Arc::clone(&hub), log, codec, vault, positions };
        tokio::spawn(async move {
            cancel.run_until_cancelled(follower.run()).await;
        });
        Ok(hub)
    }

    /// Who looks at verifications as they come.
    pub fn changes(&self) -> &ChangeFeed {
        &self.changes
    }

    /// Whether everything that was in the stream so long ago is known here.
    pub fn is_fresh(&self, within: Duration) -> bool {
        self.freshness.is_fresh(within)
    }

    /// From now on, the outcomes of that verification are the waiter's too.
    pub fn wait_for(self: &Arc<Self>, id: &VerificationId) -> OutcomeWaiter {
        let (sender, outcomes) = mpsc::channel(WAITER_OUTCOMES_MAX);
        let token = self.next_token.fetch_add(1, Ordering::Relaxed);
        self.shard(id).entry(id.clone()).or_default().push((token, sender));
        OutcomeWaiter { hub: Arc::clone(self), id: id.clone(), token, outcomes }
    }

    fn shard(&self, id: &VerificationId) -> std::sync::MutexGuard<'_, WaitingCallers> {
        let byte = id.as_str().as_bytes().last().copied().unwrap_or_default();
        self.shards[usize::from(byte) % SHARDS].lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn deliver(&self, outcome: Outcome) {
        match &outcome {
            Outcome::VerificationCreated(o) => self.changes.tell(&o.customer.org),
            Outcome::VerdictConflicted(o) => self.changes.tell(&o.customer.org),
            Outcome::ReviewRecorded(o) => self.changes.tell(&o.customer.org),
            Outcome::FallbackRecheckOpened(o) => self.changes.tell(&o.customer.org),
            Outcome::FallbackRecheckSettled(o) => self.changes.tell(&o.customer.org),
            // No row of a list is another for these.
            Outcome::VerdictUnapplied(_)
            | Outcome::FaceEnrolled(_)
            | Outcome::KycUpdated(_)
            | Outcome::CustomerErased(_) => {}
        }
        let id = match &outcome {
            Outcome::VerificationCreated(o) => Some(&o.verification_id),
            Outcome::VerdictConflicted(o) => Some(&o.verification_id),
            Outcome::VerdictUnapplied(o) => o.verification_id.as_ref(),
            Outcome::ReviewRecorded(o) => Some(&o.verification_id),
            Outcome::FaceEnrolled(_)
            | Outcome::KycUpdated(_)
            | Outcome::CustomerErased(_)
            | Outcome::FallbackRecheckOpened(_)
            | Outcome::FallbackRecheckSettled(_) => None,
        };
        let Some(id) = id.cloned() else { return };
        let shard = self.shard(&id);
        let Some(waiting) = shard.get(&id) else { return };
        let outcome = Arc::new(outcome);
        for (_, sender) in waiting {
            // A full buffer: its caller reads the row at the end of its wait.
            let _ = sender.try_send(Arc::clone(&outcome));
        }
    }
}

/// A caller that waits for outcomes of one verification; no longer when dropped.
#[derive(Debug)]
pub struct OutcomeWaiter {
    hub: Arc<OutcomeHub>,
    id: VerificationId,
    token: u64,
    outcomes: mpsc::Receiver<Arc<Outcome>>,
}

impl OutcomeWaiter {
    /// The next outcome; none when the deadline came first.
    pub async fn next(&mut self, deadline: Instant) -> Option<Arc<Outcome>> {
        tokio::time::timeout_at(deadline.into(), self.outcomes.recv()).await.ok().flatten()
    }
}

impl Drop for OutcomeWaiter {
    fn drop(&mut self) {
        let mut shard = self.hub.shard(&self.id);
        if let Some(waiting) = shard.get_mut(&self.id) {
            waiting.retain(|(token, _)| *token != self.token);
            if waiting.is_empty() {
                shard.remove(&self.id);
            }
        }
    }
}

/// The task that follows the stream.
struct OutcomeFollower {
    hub: Arc<OutcomeHub>,
    log: Arc<dyn EventLog>,
    codec: Codec,
    vault: Vault,
    positions: HashMap<Partition, Offset>,
}

impl OutcomeFollower {
    async fn run(mut self) {
        let mut backoff = OUTCOMES_RETRY.start();
        loop {
            let Err(error) = self.follow(&mut backoff).await;
            tracing::warn!(%error, "reading the outcome stream failed; trying again");
            metrics::counter!("identity_outcome_stream_errors_total").increment(1);
            tokio::time::sleep(backoff.next_pause()).await;
            if matches!(error, LogError::Halted(_)) {
                self.reposition().await;
            }
        }
    }

    async fn follow(&mut self, backoff: &mut Backoff) -> Result<std::convert::Infallible, LogError> {
        let from = self.positions.iter().map(|(partition, offset)| (*partition, *offset)).collect();
        let mut follower: Box<dyn Follower> = self.log.follow(Topic::Outcomes, from).await?;
        let bounds = ReadBounds {
            records_max: OUTCOMES_BATCH_RECORDS,
            bytes_max: OUTCOMES_BATCH_BYTES,
            wait_max: OUTCOMES_WAIT,
        };
        loop {
            for record in follower.next(bounds).await? {
                self.process(&record);
            }
            // After the records were taken: a key is evicted before the stream counts as current.
            if let Some(at) = follower.current_at() {
                self.hub.freshness.set(at);
            }
            backoff.reset();
        }
    }

    fn process(&mut self, record: &StoredRecord) {
        self.positions.insert(record.source.partition, Offset(record.source.offset.0 + 1));
        if is_of_no_interest(record) {
            return;
        }
        match self.codec.decode_outcome(record) {
            Ok(Outcome::CustomerErased(erased)) => self.vault.forget(&erased.customer, erased.purposes),
            Ok(outcome) => self.hub.deliver(outcome),
            // Of a later build: nobody here waits for it.
            Err(DecodeError::UnknownSchema { .. }) => {}
            Err(error @ DecodeError::Malformed(_)) => {
                tracing::warn!(
                    %error,
                    partition = record.source.partition.0,
                    offset = record.source.offset.0,
                    "an outcome that cannot be decoded was skipped"
                );
                metrics::counter!("identity_outcomes_malformed_total").increment(1);
            }
        }
    }

    /// Our positions are gone from the log: everything that is still there is read again, so that no erasure is
    /// missed.
    async fn reposition(&mut self) {
        let Ok(ranges) = self.log.offsets(Topic::Outcomes).await else { return };
        self.positions =
            ranges.iter().map(|OffsetRange { partition, earliest, .. }| (*partition, *earliest)).collect();
    }
}

/// Outcomes nobody here waits for, told by their type without decoding them.
fn is_of_no_interest(record: &StoredRecord) -> bool {
    matches!(record_type(record), Some(RecordType::FaceEnrolled | RecordType::KycUpdated))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stream_is_fresh_for_a_while_after_it_was() {
        let freshness = OutcomeFreshness::default();
        assert!(!freshness.is_fresh(Duration::from_secs(3_600)));
        freshness.set(Instant::now());
        assert!(freshness.is_fresh(Duration::from_secs(5)));
        let earlier = OutcomeFreshness(Arc::new(FreshnessClock {
            base: Instant::now().checked_sub(Duration::from_secs(60)).expect("up for a minute"),
            at_ms: AtomicU64::new(0),
        }));
        earlier.set(earlier.0.base + Duration::from_secs(50));
        assert!(!earlier.is_fresh(Duration::from_secs(5)));
        assert!(earlier.is_fresh(Duration::from_secs(15)));
    }
}
