//! That a key store applies every erasure of the log before it serves a key (design §3): one that was restored
//! from a backup holds keys again that were promised to be gone. The key store notes how far in
//! `identity.outcomes` the erasures were applied a day before it was written; the note is as old as the backup it
//! came with, so whatever was erased since is found again by reading on from there. Not here: erasing, which is
//! compliance's.
//!
//! Outcomes are kept 90 days. A key store that is older than that learns from `identity.events`, which is kept
//! for ever; an instance that may not read it waits until one that may (a projector) has.

use std::sync::{Arc, Mutex, PoisonError};

use domain::event::{Fingerprint, Offset, Partition};
use domain::ids::{CustomerRef, EventId};
use domain::outcome::Outcome;
use domain::ports::{
    Created, DataKey, EventLog, ExternalIds, KeyNotes, KeyRow, KeyRowState, KeyRows, LogError, OffsetRange,
    ReadBounds, ReviewKeys, StoreError, StoredRecord, Topic,
};
use domain::sealed::{Purpose, Purposes};
use domain::time::Timestamp;
use event_codec::{Codec, DecodeError, RecordType, record_type};
use tokio_util::sync::CancellationToken;

use self::note::{Marks, Note, Reached};
use super::{Engine, OpenError};
use crate::limits::{
    ERASURES_EVERY, ERASURES_LAST_MAX, ERASURES_NOTE_RECORDS, ERASURES_NOTE_TRIES, ERASURES_READ_BYTES_MAX,
    ERASURES_READ_RECORDS_MAX, ERASURES_READ_TRIES, ERASURES_READ_WAIT, OPEN_RETRY,
};

mod note;

/// The note's name in the key store.
pub(super) const NOTE: &str = "erasures";

/// What it takes to apply them.
#[derive(Clone)]
pub(super) struct Erasures {
    log: Arc<dyn EventLog>,
    codec: Codec,
    keys: Arc<dyn KeyRows>,
    review_keys: Arc<dyn ReviewKeys>,
    external_ids: Arc<dyn ExternalIds>,
    notes: Arc<dyn KeyNotes>,
    clock: fn() -> Timestamp,
    /// The key store is one file, so a copy of it is one moment, and its newest marks hold for all of it.
    is_one_file: bool,
    /// What this process has itself applied; it goes on from there, also after a failure.
    own: Arc<Mutex<Marks>>,
}

impl Erasures {
    pub(super) fn of(engine: &Engine) -> Self {
        Self {
            log: Arc::clone(&engine.log),
            codec: engine.codec.clone(),
            keys: Arc::clone(&engine.keys),
            review_keys: Arc::clone(&engine.review_keys),
            external_ids: Arc::clone(&engine.external_ids),
            notes: Arc::clone(&engine.notes),
            clock: service::clock::now,
            is_one_file: engine.data_dir.is_some(),
            own: Arc::default(),
        }
    }

    /// Applies what the log says up to its end as of now, and notes how far that is.
    ///
    /// # Errors
    /// [`OpenError`]: the log or the key store did not answer, or an erasure is of a later build.
    pub(super) async fn apply(&self) -> Result<(), OpenError> {
        let topic = Topic::Outcomes;
        let id = self.id(topic).await?;
        let (trusted, mut applied, mut jumped, mut caught_up) =
            (self.note().await?.0.trusted, 0, false, false);
        for Partition(partition) in self.ranges(topic).await?.into_iter().map(|range| range.partition) {
            // Asked when its turn comes: reading those before it may have taken days, and outcomes go.
            let mut range = self.range(topic, Partition(partition)).await?;
            let mark = self.reached(&id, partition).max(trusted.get(&id, partition)).unwrap_or(0);
            if mark < range.earliest.0 && !caught_up {
                tracing::warn!(
                    "the key store is older than identity.outcomes goes back: reading identity.events"
                );
                applied += self.catch_up().await?;
                caught_up = true;
                range = self.range(topic, Partition(partition)).await?;
            }
            // A mark above the end: the log was cut, so all that is there is read again. One below the earliest:
            // the events had what is gone.
            jumped |= mark > range.end.0;
            let from = if mark > range.end.0 { range.earliest } else { Offset(mark.max(range.earliest.0)) };
            applied += self.read(topic, &id, range, from).await?;
        }
        if applied > 0 {
            metrics::counter!("identity_erasures_applied_total").increment(applied);
            tracing::warn!(
                applied,
                "keys of erased customers were still there (a restored key store?): destroyed"
            );
        }
        let reached = Reached { marks: self.own_of(&id), at: (self.clock)().millis() };
        self.change_note(|note| note.all_applied(&reached, jumped || caught_up || self.is_one_file)).await
    }

    /// Again and again, so that little is left to read; once more at the end, where the next start goes by it.
    pub(super) async fn keep_applying(self, cancel: CancellationToken) {
        let mut every = tokio::time::interval(ERASURES_EVERY);
        every.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        every.reset();
        while cancel.run_until_cancelled(every.tick()).await.is_some() {
            match cancel.run_until_cancelled(self.apply()).await {
                None => break,
                Some(Ok(())) => {}
                Some(Err(error)) => {
                    tracing::warn!(%error, "erasures could not be looked for; next try in a minute");
                }
            }
        }
        if self.is_one_file
            && let Ok(Err(error)) = tokio::time::timeout(ERASURES_LAST_MAX, self.apply()).await
        {
            tracing::warn!(%error, "erasures could not be looked for at the end; the next start does it");
        }
    }

    /// Reads identity.events from where the note or this process is; how many found a key.
    async fn catch_up(&self) -> Result<u64, OpenError> {
        let topic = Topic::Events;
        let (id, noted, mut applied) = (self.id(topic).await?, self.note().await?.0.events, 0);
        for range in self.ranges(topic).await? {
            let partition = range.partition.0;
            let mark = self.reached(&id, partition).or_else(|| noted.get(&id, partition));
            let from = mark.filter(|mark| (range.earliest.0..=range.end.0).contains(mark));
            applied += self.read(topic, &id, range, from.map_or(range.earliest, Offset)).await?;
        }
        Ok(applied)
    }

    /// Applies the erasures from an offset to the range's end; how many found a key. How far it came is kept in
    /// memory, and of events in the note too.
    async fn read(
        &self,
        topic: Topic,
        id: &str,
        range: OffsetRange,
        mut from: Offset,
    ) -> Result<u64, OpenError> {
        let (partition, mut applied, mut unnoted) = (range.partition.0, 0, 0);
        self.keep(id, partition, from);
        while from < range.end {
            let records = self.read_once(topic, range.partition, from).await?;
            for record in &records {
                if let Some((event, customer, purposes)) = self.erasure(topic, record)? {
                    applied += u64::from(self.destroy(event, &customer, purposes).await?);
                }
                from = Offset(record.source.offset.0 + 1);
            }
            self.keep(id, partition, from);
            unnoted += records.len();
            if topic == Topic::Events && (unnoted >= ERASURES_NOTE_RECORDS || from >= range.end) {
                self.change_note(|note| note.events_read(id, partition, from.0)).await?;
                unnoted = 0;
            }
        }
        Ok(applied)
    }

    /// One read, tried again where it stands; never empty. Whoever drops it cancels it.
    async fn read_once(
        &self,
        topic: Topic,
        partition: Partition,
        from: Offset,
    ) -> Result<Vec<StoredRecord>, OpenError> {
        let bounds = ReadBounds {
            records_max: ERASURES_READ_RECORDS_MAX,
            bytes_max: ERASURES_READ_BYTES_MAX,
            wait_max: ERASURES_READ_WAIT,
        };
        let mut backoff = OPEN_RETRY.start();
        let mut tries = 1;
        loop {
            let why = match self.log.read(topic, partition, from, bounds).await {
                Ok(records) if !records.is_empty() => return Ok(records),
                Ok(_) => LogError::Unavailable("records before the end did not come".to_owned()),
                Err(why) => why,
            };
            if matches!(why, LogError::Halted(_)) && from < self.range(topic, partition).await?.earliest {
                // Not the end of the process: the next look asks where the topic begins, and the events.
                let gone = LogError::Unavailable("records went while they were read".to_owned());
                return Err(OpenError::Log(topic, gone));
            }
            if !why.is_transient() || tries >= ERASURES_READ_TRIES {
                return Err(OpenError::Log(topic, why));
            }
            tokio::time::sleep(backoff.next_pause()).await;
            tries += 1;
        }
    }

    fn erasure(
        &self,
        topic: Topic,
        record: &StoredRecord,
    ) -> Result<Option<(EventId, CustomerRef, Purposes)>, OpenError> {
        if record_type(record) != Some(RecordType::CustomerErased) {
            return Ok(None);
        }
        let erased = match topic {
            Topic::Events => self.codec.decode_event(record).map(|event| {
                event.as_erasure().map(|e| (e.event_id.clone(), e.customer.clone(), e.purposes))
            }),
            _ => self.codec.decode_outcome(record).map(|outcome| match outcome {
                Outcome::CustomerErased(e) => Some((e.id, e.customer, e.purposes)),
                Outcome::VerificationCreated(_)
                | Outcome::ReviewRecorded(_)
                | Outcome::FallbackRecheckOpened(_)
                | Outcome::FallbackRecheckSettled(_)
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

    /// Destroys what is still there, and gives an external id free; last of all review copies' keys, whatever was erased:
    /// whoever makes one looks afterwards whether the customer's keys are there, so that it is seen here or there. False
    /// when no key was there.
    async fn destroy(
        &self,
        event: EventId,
        customer: &CustomerRef,
        purposes: Purposes,
    ) -> Result<bool, OpenError> {
        let had_keys = self.destroy_keys(event, customer, purposes).await?;
        Ok(self.review_keys.destroy_review_keys_of(customer).await? > 0 || had_keys)
    }

    async fn destroy_keys(
        &self,
        event: EventId,
        customer: &CustomerRef,
        purposes: Purposes,
    ) -> Result<bool, OpenError> {
        let row = match self.keys.get(customer).await? {
            Some(row) => row,
            None => match self.keys.create(lost(event, customer)).await? {
                Created::New => return Ok(false),
                Created::Existing(row) => *row,
            },
        };
        let had_keys = purposes.iter().any(|purpose| matches!(row.key(purpose), DataKey::Active { .. }));
        let hmac = row.external_id_hmac.filter(|_| purposes.contains(Purpose::Profile));
        if let Some(hmac) = hmac {
            self.external_ids.release(&customer.org, hmac, &customer.customer).await?;
        }
        // Where only the HMAC is left, a build that did not blank it destroyed the keys.
        if had_keys || hmac.is_some() {
            self.keys.destroy(customer, purposes).await?;
        }
        Ok(had_keys)
    }

    async fn id(&self, topic: Topic) -> Result<String, OpenError> {
        let described = self.log.describe(topic).await.map_err(|error| OpenError::Log(topic, error))?;
        Ok(described.id.to_hex())
    }

    async fn ranges(&self, topic: Topic) -> Result<Vec<OffsetRange>, OpenError> {
        self.log.offsets(topic).await.map_err(|error| OpenError::Log(topic, error))
    }

    async fn range(&self, topic: Topic, partition: Partition) -> Result<OffsetRange, OpenError> {
        let range = self.ranges(topic).await?.into_iter().find(|range| range.partition == partition);
        let gone = || LogError::Halted(format!("partition {} is gone", partition.0));
        range.ok_or_else(|| OpenError::Log(topic, gone()))
    }

    fn reached(&self, id: &str, partition: u32) -> Option<u64> {
        self.own.lock().unwrap_or_else(PoisonError::into_inner).get(id, partition)
    }

    fn own_of(&self, id: &str) -> Marks {
        self.own.lock().unwrap_or_else(PoisonError::into_inner).only(id)
    }

    fn keep(&self, id: &str, partition: u32, reached: Offset) {
        self.own.lock().unwrap_or_else(PoisonError::into_inner).set(id, partition, reached.0);
    }

    async fn note(&self) -> Result<(Note, Option<String>), OpenError> {
        let text = self.notes.note(NOTE).await?;
        let note = text.as_deref().map(serde_json::from_str).transpose();
        let note = note.map_err(|_| StoreError::Corrupt(format!("the note {NOTE:?} cannot be read")))?;
        Ok((note.unwrap_or_default(), text))
    }

    /// Others note too, each what it has itself applied.
    async fn change_note(&self, change: impl Fn(&mut Note)) -> Result<(), OpenError> {
        for _ in 0..ERASURES_NOTE_TRIES {
            let (mut note, old) = self.note().await?;
            change(&mut note);
            let new = serde_json::to_string(&note).expect("texts and numbers");
            if old.as_deref() == Some(new.as_str())
                || self.notes.change_note(NOTE, old.as_deref(), &new).await?
            {
                return Ok(());
            }
        }
        Err(StoreError::Unavailable(format!("the note {NOTE:?} keeps changing")).into())
    }
}

/// The row of an erased customer who was registered after the backup: every key of it is lost with the rows that
/// the backup lacks, and the registration, repeated under its old Idempotency-Key, must not make new ones.
fn lost(event: EventId, customer: &CustomerRef) -> KeyRow {
    KeyRow {
        customer: customer.clone(),
        state: KeyRowState::Active,
        keys: Purpose::ALL.map(|_| DataKey::Destroyed { key_id: String::new() }),
        registration_event_id: event,
        registration_fingerprint: Fingerprint([0; 32]),
        external_id_hmac: None,
    }
}

#[cfg(test)]
mod tests;
