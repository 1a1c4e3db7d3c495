//! Orgs of a partition whose events wait, because a key that would authenticate them is away
//! (docs/decisions/0016-keys-that-are-away.md). The partition goes on without them, its position says whom it has
//! left behind and where, and they are taken up from there, in their order and at their own offsets, once the key
//! is here: the rows come to the same as if it had never been away.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::time::Duration;

use domain::event::{Offset, Partition};
use domain::ids::{CustomerRef, OrgId};
use domain::ports::{ReadBounds, StoredRecord, Topic};
use domain::rows::{Generation, HeldOrg};
use retry_schedule::Backoff;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::{error, info};

use crate::batch::batch_error::BatchError;
use crate::batch::decode_record::KeyWait;
use crate::batch::partition_worker::{BatchEnd, PartitionWorker, Publish};
use crate::batch::split::{BatchWork, split_at_handover, split_at_releases};
use crate::limits::{HELD_ORG_RETRY, HELD_ORGS_MAX};

/// One org that waits.
struct OrgHold {
    /// The first of its events that is not taken in.
    from: Offset,
    /// When it is tried again.
    due: Instant,
    /// How long it is left alone between tries; none while it comes along.
    backoff: Option<Backoff>,
}

/// The orgs of one partition and generation that wait.
pub(crate) struct HeldOrgs {
    partition: Partition,
    generation: Generation,
    orgs: BTreeMap<OrgId, OrgHold>,
}

impl HeldOrgs {
    /// From the held orgs of a stored position.
    pub(crate) fn new(partition: Partition, generation: Generation, held: &[HeldOrg]) -> Self {
        let hold = |from| OrgHold { from, due: Instant::now(), backoff: None };
        let orgs = held.iter().map(|held| (held.org.clone(), hold(held.from))).collect();
        let held = Self { partition, generation, orgs };
        if !held.orgs.is_empty() {
            held.show();
        }
        held
    }

    /// As they are stored with a position.
    pub(crate) fn rows(&self) -> Vec<HeldOrg> {
        self.orgs.iter().map(|(org, hold)| HeldOrg { org: org.clone(), from: hold.from }).collect()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.orgs.is_empty()
    }

    pub(crate) fn is_due(&self) -> bool {
        self.orgs.values().any(|hold| hold.due <= Instant::now())
    }

    /// The records of orgs that do not wait.
    pub(crate) fn without<'a>(&self, records: &'a [StoredRecord]) -> Cow<'a, [StoredRecord]> {
        if self.orgs.is_empty() {
            return Cow::Borrowed(records);
        }
        let waits = |record: &StoredRecord| org_of(record).is_some_and(|org| self.orgs.contains_key(&org));
        Cow::Owned(records.iter().filter(|record| !waits(record)).cloned().collect())
    }

    /// From now on the org waits, from its first event among the records. False when too many do: then it is
    /// not an org's key that is away.
    pub(crate) fn hold(&mut self, wait: &KeyWait, records: &[StoredRecord]) -> bool {
        let first = records.iter().find(|record| org_of(record).as_ref() == Some(&wait.org));
        let Some(first) = first.filter(|_| self.orgs.len() < HELD_ORGS_MAX) else { return false };
        let from = first.source.offset;
        error!(partition = self.partition.0, org = %wait.org, from = from.0, why = %wait.why,
            "a key is not available: the events of this org wait, the others are applied");
        // Tried at once: what stands before the event whose key is away need not wait.
        self.orgs.insert(wait.org.clone(), OrgHold { from, due: Instant::now(), backoff: None });
        self.show();
        true
    }

    /// The key is still not available: the org is tried again after a pause that doubles.
    fn still_waits(&mut self, org: &OrgId) {
        let Some(hold) = self.orgs.get_mut(org) else { return };
        let backoff = hold.backoff.get_or_insert_with(|| HELD_ORG_RETRY.start());
        hold.due = Instant::now() + backoff.next_pause();
        metrics::counter!("identity_projector_key_waits_total").increment(1);
    }

    /// Its events before that are taken in.
    fn comes_along(&mut self, org: &OrgId, next: Offset) {
        if let Some(hold) = self.orgs.get_mut(org) {
            *hold = OrgHold { from: next, due: Instant::now(), backoff: None };
        }
    }

    /// Nothing of it before that is left: asked again, it is that one event.
    fn stands_at(&mut self, org: &OrgId, at: Offset) {
        if let Some(hold) = self.orgs.get_mut(org) {
            hold.from = hold.from.max(at);
        }
    }

    fn let_go(&mut self, org: &OrgId) {
        if self.orgs.remove(org).is_some() {
            info!(partition = self.partition.0, %org, "the keys of this org are available again: its events no longer wait");
            self.show();
        }
    }

    fn show(&self) {
        let labels =
            [("partition", self.partition.0.to_string()), ("generation", self.generation.0.to_string())];
        metrics::gauge!("identity_projector_held_orgs", &labels).set(self.orgs.len() as f64);
    }
}

/// When the partition is revoked, the gauge no longer shows its held orgs.
impl Drop for HeldOrgs {
    fn drop(&mut self) {
        if !self.orgs.is_empty() {
            self.orgs.clear();
            self.show();
        }
    }
}

fn org_of(record: &StoredRecord) -> Option<OrgId> {
    CustomerRef::of_record_key(&record.key).map(|customer| customer.org)
}

impl PartitionWorker {
    /// Takes up what waited and is due, of each org at most a batch; once nobody waits any more, the position
    /// says so.
    pub(crate) async fn take_up_held(&mut self, work: BatchWork<'_>, cancel: &CancellationToken) -> BatchEnd {
        let now = Instant::now();
        let due = self.held.orgs.iter().filter(|(_, hold)| hold.due <= now);
        for org in due.map(|(org, _)| org.clone()).collect::<Vec<_>>() {
            if cancel.is_cancelled() {
                return BatchEnd::Cancelled;
            }
            match self.take_up(work, &org).await {
                Ok(()) => {}
                Err(BatchError::Halted(why)) => return self.halt(why),
                Err(why) => {
                    // Whatever was written is read again; of what waits for a key nothing was.
                    if !matches!(why, BatchError::KeyAway(_)) {
                        self.forget();
                    }
                    tracing::debug!(partition = self.held.partition.0, %org, %why, "the events of this org still wait");
                    self.held.still_waits(&org);
                }
            }
        }
        if self.held.is_empty()
            && let Err(why) = self.show_released(work.reader).await
        {
            // The next position says it, or whoever reads the old one finds that everything is taken in.
            tracing::warn!(%why, "the position without held orgs could not be written yet");
        }
        BatchEnd::Done
    }

    async fn take_up(&mut self, work: BatchWork<'_>, org: &OrgId) -> Result<(), BatchError> {
        let (Some(hold), Some(upto)) = (self.held.orgs.get(org), self.reached()) else { return Ok(()) };
        // While its key is away one event is asked for, not a batch of photos.
        let records_max = if hold.backoff.is_some() { 1 } else { work.settings.batch_records_max };
        let bounds =
            ReadBounds { records_max, bytes_max: work.settings.batch_bytes_max, wait_max: Duration::ZERO };
        let partition = self.held.partition;
        let read = if hold.from < upto {
            work.reader.log.read(Topic::Events, partition, hold.from, bounds).await?
        } else {
            Vec::new()
        };
        let next = read.last().map_or(upto, |last| Offset(last.source.offset.0 + 1)).min(upto);
        let is_its =
            |record: &StoredRecord| record.source.offset < upto && org_of(record).as_ref() == Some(org);
        let records: Vec<StoredRecord> = read.into_iter().filter(is_its).collect();
        for part in split_at_releases(work.reader.codec, &records) {
            for part in split_at_handover(work.pointer, partition, part) {
                self.take_up_part(work, org, part).await?;
            }
        }
        self.held.comes_along(org, next);
        if next >= upto {
            self.held.let_go(org);
        }
        Ok(())
    }

    /// Processes records whose outcomes the same generation publishes, up to the first whose key is not available.
    async fn take_up_part(
        &mut self,
        work: BatchWork<'_>,
        org: &OrgId,
        records: &[StoredRecord],
    ) -> Result<(), BatchError> {
        let (Some(first), Some(last)) = (records.first(), records.last()) else { return Ok(()) };
        let (publishing, _) = work.pointer.publishing_generation(self.held.partition, first.source.offset);
        let publishes = publishing == work.reader.generation;
        let publish = if publishes { Publish::Yes(work.clock) } else { Publish::No };
        let (reader, settings) = (work.reader, work.settings);
        let Err(error) = self.try_batch(reader, settings, publish, records, None).await else {
            self.held.comes_along(org, Offset(last.source.offset.0 + 1));
            return Ok(());
        };
        if let BatchError::KeyAway(wait) = &error {
            let before = records.partition_point(|record| record.source.offset < wait.at);
            if before > 0 && before < records.len() {
                self.try_batch(reader, settings, publish, &records[..before], None).await?;
                self.held.comes_along(org, wait.at);
            }
            self.held.stands_at(org, wait.at);
        }
        Err(error)
    }
}
