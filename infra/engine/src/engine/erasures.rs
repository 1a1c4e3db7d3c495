//! That a key store applies every erasure of the log before it serves a key (design §3): one that was restored
//! from a backup holds keys again that were promised to be gone. The key store notes how far in
//! `identity.outcomes` the erasures are applied; the note is as old as the backup it came with, so whatever was
//! erased since is found again by reading on from there. Not here: erasing, which is compliance's.
//!
//! Outcomes are kept 90 days. A key store that is older than that learns from `identity.events`, which is kept
//! for ever; an instance that may not read it waits until one that may (a projector) has.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::event::{Event, Offset, Partition, TopicId};
use domain::ids::CustomerRef;
use domain::outcome::Outcome;
use domain::ports::{
    DataKey, EventLog, ExternalIds, KeyNotes, KeyRows, LogError, OffsetRange, ReadBounds, StoreError,
    StoredRecord, Topic,
};
use domain::sealed::{Purpose, Purposes};
use event_codec::{Codec, DecodeError};
use tokio_util::sync::CancellationToken;

use super::{Engine, OpenError};
use crate::limits::{
    ERASURES_EVERY, ERASURES_NOTE_TRIES, ERASURES_READ_BYTES_MAX, ERASURES_READ_RECORDS_MAX,
    ERASURES_READ_WAIT,
};

/// The note's name in the key store.
const NOTE: &str = "erasures";

/// How an erasure's `ce_type` begins, whatever its version. Nothing else is decoded.
const TYPE: &[u8] = b"identity.CustomerErased.";

/// By topic id (hexadecimal) and partition: the first offset whose erasures may not be applied yet.
type Marks = BTreeMap<String, BTreeMap<u32, u64>>;

/// What it takes to apply them.
#[derive(Clone)]
pub(super) struct Erasures {
    log: Arc<dyn EventLog>,
    codec: Codec,
    keys: Arc<dyn KeyRows>,
    external_ids: Arc<dyn ExternalIds>,
    notes: Arc<dyn KeyNotes>,
}

impl Erasures {
    pub(super) fn of(engine: &Engine) -> Self {
        Self {
            log: Arc::clone(&engine.log),
            codec: engine.codec.clone(),
            keys: Arc::clone(&engine.keys),
            external_ids: Arc::clone(&engine.external_ids),
            notes: Arc::clone(&engine.notes),
        }
    }

    /// Applies what the log says up to its end as of now, and notes how far that is.
    ///
    /// # Errors
    /// [`OpenError`]: the log or the key store did not answer, or an erasure is of a later build.
    pub(super) async fn apply(&self) -> Result<(), OpenError> {
        let topic = Topic::Outcomes;
        let failed = |error| OpenError::Log(topic, error);
        let id = self.log.describe(topic).await.map_err(failed)?.id;
        let ranges = self.log.offsets(topic).await.map_err(failed)?;
        let marks = self.marks().await?.0.remove(&hex(id)).unwrap_or_default();
        let from = |range: &OffsetRange| marks.get(&range.partition.0).copied().unwrap_or(0);
        let mut applied = 0;
        if ranges.iter().any(|range| from(range) < range.earliest.0) {
            tracing::warn!(
                "the key store is older than identity.outcomes goes back: reading identity.events"
            );
            let events = self.log.offsets(Topic::Events).await;
            for range in events.map_err(|error| OpenError::Log(Topic::Events, error))? {
                applied += self.read(Topic::Events, range.partition, range.earliest, range.end).await?;
            }
        }
        for range in &ranges {
            // A mark above the end: the log was cut, so all that is there is read again.
            let from = Some(from(range)).filter(|mark| (range.earliest.0..=range.end.0).contains(mark));
            let from = from.map_or(range.earliest, Offset);
            applied += self.read(topic, range.partition, from, range.end).await?;
        }
        if applied > 0 {
            metrics::counter!("identity_erasures_applied_total").increment(applied);
            tracing::warn!(
                applied,
                "keys of erased customers were still there (a restored key store?): destroyed"
            );
        }
        let moved = ranges.iter().any(|range| marks.get(&range.partition.0) != Some(&range.end.0));
        if moved { self.note(id, &ranges, &marks).await } else { Ok(()) }
    }

    /// Again and again, so that little is left to read at the next start.
    pub(super) async fn keep_applying(self, cancel: CancellationToken) {
        let mut every = tokio::time::interval(ERASURES_EVERY);
        every.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        every.reset();
        while cancel.run_until_cancelled(every.tick()).await.is_some() {
            match cancel.run_until_cancelled(self.apply()).await {
                None => return,
                Some(Ok(())) => {}
                Some(Err(error)) => {
                    tracing::warn!(%error, "erasures could not be looked for; next try in a minute");
                }
            }
        }
    }

    /// Applies the erasures between two offsets; how many found a key.
    async fn read(
        &self,
        topic: Topic,
        partition: Partition,
        mut from: Offset,
        end: Offset,
    ) -> Result<u64, OpenError> {
        let bounds = ReadBounds {
            records_max: ERASURES_READ_RECORDS_MAX,
            bytes_max: ERASURES_READ_BYTES_MAX,
            wait_max: ERASURES_READ_WAIT,
        };
        let mut applied = 0;
        while from < end {
            let records = self.log.read(topic, partition, from, bounds).await;
            let records = records.map_err(|error| OpenError::Log(topic, error))?;
            let Some(last) = records.last() else {
                let why = LogError::Unavailable("records before the end did not come".to_owned());
                return Err(OpenError::Log(topic, why));
            };
            from = Offset(last.source.offset.0 + 1);
            for record in &records {
                if let Some((customer, purposes)) = self.erasure(topic, record)? {
                    applied += u64::from(self.destroy(&customer, purposes).await?);
                }
            }
        }
        Ok(applied)
    }

    fn erasure(
        &self,
        topic: Topic,
        record: &StoredRecord,
    ) -> Result<Option<(CustomerRef, Purposes)>, OpenError> {
        if !record.header("ce_type").is_some_and(|name| name.starts_with(TYPE)) {
            return Ok(None);
        }
        let erased = match topic {
            Topic::Events => self.codec.decode_event(record).map(|event| match event {
                Event::CustomerErased(erased) => Some((erased.customer, erased.purposes)),
                Event::CustomerRegistered(_)
                | Event::DukcapilVerdictReceived(_)
                | Event::CustomerReleased(_) => None,
            }),
            _ => self.codec.decode_outcome(record).map(|outcome| match outcome {
                Outcome::CustomerErased(erased) => Some((erased.customer, erased.purposes)),
                Outcome::VerificationCreated(_)
                | Outcome::FaceEnrolled(_)
                | Outcome::KycUpdated(_)
                | Outcome::VerdictConflicted(_)
                | Outcome::VerdictUnapplied(_) => None,
            }),
        };
        match erased {
            Ok(erased) => Ok(erased),
            // Of a later build: passing it over would serve a key that is to be gone.
            Err(error @ DecodeError::UnknownSchema { .. }) => Err(OpenError::Log(
                topic,
                LogError::Halted(format!("an erasure that this build does not know: {error}")),
            )),
            // Nobody will ever read it; the projector's own view of such a record is a dead letter.
            Err(error @ DecodeError::Malformed(_)) => {
                let (partition, offset) = (record.source.partition.0, record.source.offset.0);
                tracing::error!(%error, topic = topic.name(), partition, offset, "an erasure cannot be read");
                metrics::counter!("identity_erasures_unreadable_total").increment(1);
                Ok(None)
            }
        }
    }

    /// Destroys what is still there, and gives an external id free. False when nothing was there.
    async fn destroy(&self, customer: &CustomerRef, purposes: Purposes) -> Result<bool, OpenError> {
        let Some(row) = self.keys.get(customer).await? else { return Ok(false) };
        if purposes.iter().all(|purpose| matches!(row.key(purpose), DataKey::Destroyed { .. })) {
            return Ok(false);
        }
        if let Some(hmac) = row.external_id_hmac.filter(|_| purposes.contains(Purpose::Profile)) {
            self.external_ids.release(&customer.org, hmac, &customer.customer).await?;
        }
        self.keys.destroy(customer, purposes).await?;
        Ok(true)
    }

    async fn marks(&self) -> Result<(Marks, Option<String>), OpenError> {
        let text = self.notes.note(NOTE).await?;
        let marks = text.as_deref().map(serde_json::from_str).transpose();
        let marks = marks.map_err(|_| StoreError::Corrupt(format!("the note {NOTE:?} cannot be read")))?;
        Ok((marks.unwrap_or_default(), text))
    }

    /// Others note too, each what it has itself applied: the furthest stays.
    async fn note(
        &self,
        id: TopicId,
        ranges: &[OffsetRange],
        before: &BTreeMap<u32, u64>,
    ) -> Result<(), OpenError> {
        for _ in 0..ERASURES_NOTE_TRIES {
            let (mut marks, old) = self.marks().await?;
            let of_topic = marks.entry(hex(id)).or_default();
            for range in ranges {
                let (end, mark) = (range.end.0, of_topic.entry(range.partition.0).or_insert(0));
                // Further than ours is another instance's, unless the log was cut below it.
                let was_cut = before.get(&range.partition.0).is_some_and(|mark| *mark > end);
                *mark = if was_cut { end } else { end.max(*mark) };
            }
            let new = serde_json::to_string(&marks).expect("texts and numbers");
            if old.as_deref() == Some(new.as_str())
                || self.notes.change_note(NOTE, old.as_deref(), &new).await?
            {
                return Ok(());
            }
        }
        Err(StoreError::Unavailable(format!("the note {NOTE:?} keeps changing")).into())
    }
}

fn hex(id: TopicId) -> String {
    id.0.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
#[path = "erasures_tests.rs"]
mod tests;
