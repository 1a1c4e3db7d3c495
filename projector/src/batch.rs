//! One batch of one partition: from records to a [`Plan`]. Reads the log and the store, writes nothing, so
//! that it can be done again from the start whenever something is not available.

use std::collections::HashMap;

use domain::event::{Offset, Source};
use domain::fold::{
    CAUSE_INCONSISTENT, CAUSE_NOT_REGISTERED, Fact, FoldStop, Folded, KnownRows, blank, fold, fold_release,
    needs_envelopes,
};
use domain::ids::{OrgId, VerificationId};
use domain::limits::RELEASE_EVENTS_MAX;
use domain::outcome::UnappliedCause;
use domain::ports::{EventLog, LogError, Projection, ReadBounds, StoreError, StoredRecord, Topic};
use domain::redelivery::recall;
use domain::rows::{AsOf, BookEntry, CustomerState, Disposition, EventNote, Generation, RowKey, ViewRow};
use domain::sealed::Purposes;
use event_codec::{Codec, RecordType, record_type};
use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use vault::Vault;

use crate::intake::{Intake, IntakeError, KeyWait, Unopened, take_in};
use crate::limits::RELEASE_READS_AT_ONCE;
use crate::memory::Memory;
use crate::plan::Plan;
use crate::standing::{Standing, States};

/// Why a batch did not get through.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BatchError {
    /// Worth trying again.
    #[error("{0}")]
    Unavailable(String),
    /// A key is away: its org waits, and the partition goes on.
    #[error("{}", .0.why)]
    KeyAway(KeyWait),
    /// The partition waits for a later build.
    #[error("{0}")]
    NeedsUpgrade(String),
    /// The partition waits for an operator.
    #[error("{0}")]
    Halted(String),
}

impl From<StoreError> for BatchError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable(text) => Self::Unavailable(text),
            StoreError::Corrupt(text) => Self::Halted(text),
        }
    }
}

impl From<LogError> for BatchError {
    fn from(error: LogError) -> Self {
        match error {
            LogError::Unavailable(text) | LogError::Unconfirmed(text) => Self::Unavailable(text),
            LogError::TooLarge { .. } | LogError::Halted(_) => Self::Halted(error.to_string()),
        }
    }
}

impl From<IntakeError> for BatchError {
    fn from(error: IntakeError) -> Self {
        match error {
            IntakeError::Unavailable(text) => Self::Unavailable(text),
            IntakeError::UnknownSchema => Self::NeedsUpgrade(error.to_string()),
        }
    }
}

impl From<FoldStop> for BatchError {
    fn from(stop: FoldStop) -> Self {
        Self::NeedsUpgrade(stop.to_string())
    }
}

/// The facts of a batch whose envelopes did not open, by their offsets.
type UnopenedFacts = HashMap<Offset, Unopened>;

/// What a batch reads through.
#[derive(Clone, Copy)]
pub(crate) struct Reader<'a> {
    pub(crate) log: &'a dyn EventLog,
    pub(crate) projection: &'a dyn Projection,
    pub(crate) vault: &'a Vault,
    pub(crate) codec: &'a Codec,
    pub(crate) generation: Generation,
}

impl Reader<'_> {
    /// The same for another generation.
    pub(crate) fn of(self, generation: Generation) -> Self {
        Self { generation, ..self }
    }

    /// Takes the records in, in order, and says which did not open. Records nobody can attribute go to the dead
    /// letters of the plan.
    async fn facts(
        &self,
        records: &[StoredRecord],
        plan: &mut Plan,
    ) -> Result<(Vec<Fact>, UnopenedFacts), BatchError> {
        let mut facts = Vec::with_capacity(records.len());
        let mut unopened = UnopenedFacts::new();
        for record in records {
            match take_in(self.codec, self.vault, record).await? {
                Intake::Fact(fact) => facts.push(*fact),
                Intake::Unopened(fact, why) => {
                    unopened.insert(record.source.offset, why);
                    facts.push(*fact);
                }
                Intake::Unattributable(cause) => plan.dead_letters.push((record.source, cause.to_owned())),
            }
        }
        Ok((facts, unopened))
    }

    async fn notes(&self, keys: Vec<RowKey>) -> Result<HashMap<Source, EventNote>, BatchError> {
        let rows = self.load(&keys).await?.into_iter();
        Ok(rows
            .filter_map(|row| if let ViewRow::Note(note) = row { Some((note.source, note)) } else { None })
            .collect())
    }

    /// Notes of the redelivered facts, and of what the releases among them re-read.
    async fn redelivered_notes(
        &self,
        redelivered: &[&Fact],
        known: &mut KnownRows,
    ) -> Result<HashMap<Source, EventNote>, BatchError> {
        // Whatever is remembered: the store may have been asked for the ids before a zombie wrote the state.
        let named = redelivered.iter().filter_map(|f| Some((f.customer().org.clone(), f.verification_id()?)));
        self.load_known(named.map(|(org, id)| (org, id.clone())).collect(), known).await?;
        let keys = redelivered.iter().map(|f| RowKey::Note(f.customer().clone(), f.source())).collect();
        let mut notes = self.notes(keys).await?;
        let released: Vec<RowKey> = notes
            .values()
            .filter_map(|note| match &note.disposition {
                Disposition::Released(results) => Some((note.customer.clone(), results)),
                _ => None,
            })
            .flat_map(|(customer, results)| {
                results.iter().map(move |(source, _)| RowKey::Note(customer.clone(), *source))
            })
            .collect();
        if !released.is_empty() {
            let more = self.notes(released).await?;
            let ids: Vec<(OrgId, VerificationId)> = more
                .values()
                .filter_map(|note| Some((note.customer.org.clone(), note.verification_id.clone()?)))
                .collect();
            self.load_known(ids, known).await?;
            notes.extend(more);
        }
        Ok(notes)
    }

    /// Folds a batch. A release in it stands alone in its batch ([`split_at_releases`]).
    pub(crate) async fn plan(
        &self,
        records: &[StoredRecord],
        as_of: AsOf,
        memory: &Memory,
    ) -> Result<Plan, BatchError> {
        let mut plan = Plan::default();
        let (facts, unopened) = self.facts(records, &mut plan).await?;
        let Standing { mut states, mut known } = self.standing(&facts, memory, &mut plan).await?;
        let is_redelivery = |states: &States, fact: &Fact| {
            let here = AsOf { offset: fact.source().offset, ..as_of };
            states.get(fact.customer()).is_some_and(|state| state.as_of.covers(here))
        };
        let redelivered: Vec<&Fact> = facts.iter().filter(|f| is_redelivery(&states, f)).collect();
        let notes = if redelivered.is_empty() {
            HashMap::new()
        } else {
            self.redelivered_notes(&redelivered, &mut known).await?
        };
        for fact in &facts {
            let (org, offset) = (fact.customer().org.clone(), fact.source().offset);
            if is_redelivery(&states, fact) {
                let recalled = recall(fact, &|source| notes.get(&source).cloned(), &known)
                    .map_err(|e| BatchError::Halted(e.to_string()))?;
                plan.outcomes.extend(recalled.outcomes);
                // Whoever took it in first may have been silent, or have ended before the letter was out.
                for source in recalled.dead_letters {
                    let noted = notes.get(&source).and_then(|note| note.cause.clone());
                    let cause = match noted {
                        Some(cause) => cause,
                        None => self.cause_at(source).await?,
                    };
                    plan.dead_letters.push((source, cause));
                }
                plan.effects.push((org, offset, recalled.effect));
                continue;
            }
            let partition = fact.source().partition;
            let state = states
                .remove(fact.customer())
                .unwrap_or_else(|| blank(fact.customer().clone(), as_of, partition));
            let state = CustomerState { as_of: AsOf { offset, ..as_of }, ..state };
            let fact = match unopened.get(&offset).filter(|_| needs_envelopes(&state, fact)) {
                None => fact,
                Some(Unopened::Tampered(poison)) => poison,
                Some(Unopened::KeyAway(wait)) => return Err(BatchError::KeyAway(wait.clone())),
            };
            let folded = self.fold(state, fact, &mut known).await?;
            if let Fact::Event { event, .. } = fact
                && event.event.as_erasure().is_some()
            {
                // Its keys go after it; no later event of the customer is opened with a cached one. Nothing is
                // taken as destroyed: this batch may be done again, and must come to the same.
                self.vault.forget(fact.customer(), Purposes::NONE);
            }
            states.insert(fact.customer().clone(), folded.state.clone());
            plan.states.insert(fact.customer().clone(), folded.state);
            plan.outcomes.extend(folded.outcomes);
            plan.dead_letters.extend(folded.dead_letters);
            plan.effects.push((org, offset, folded.effect));
            plan.add_rows(as_of.epoch, folded.rows);
        }
        Ok(plan)
    }

    async fn fold(
        &self,
        state: CustomerState,
        fact: &Fact,
        known: &mut KnownRows,
    ) -> Result<Folded, BatchError> {
        if let Fact::Event { event, .. } = fact
            && let Some(released) = event.event.as_release()
        {
            let (waiting, next) = self.waiting(&state, known).await?;
            return Ok(fold_release(state, event, released, &waiting, next, known)?);
        }
        Ok(fold(state, fact, known)?)
    }

    /// The facts that a release re-reads from their origin, and the first one that waits beyond them.
    pub(crate) async fn waiting(
        &self,
        state: &CustomerState,
        known: &mut KnownRows,
    ) -> Result<(Vec<(Fact, BookEntry)>, Option<Source>), BatchError> {
        let Some(quarantine) = &state.quarantine else { return Ok((Vec::new(), None)) };
        let from = quarantine.since.offset;
        let mut notes =
            self.projection.waiting(self.generation, &state.customer, from, RELEASE_EVENTS_MAX + 1).await?;
        let next = (notes.len() > RELEASE_EVENTS_MAX).then(|| notes.pop().map(|note| note.source)).flatten();
        let sources: Vec<Source> = notes.iter().map(|note| note.source).collect();
        let facts: Vec<Fact> = stream::iter(sources)
            .map(|source| self.origin(source))
            .buffered(RELEASE_READS_AT_ONCE)
            .try_collect()
            .await?;
        let ids = facts
            .iter()
            .filter_map(|fact| Some((state.customer.org.clone(), fact.verification_id()?.clone())))
            .collect();
        self.load_known(ids, known).await?;
        let entered = notes.iter().map(|note| match note.unapplied() {
            Some(UnappliedCause::DeadLettered) => BookEntry::DeadLettered,
            _ => BookEntry::Parked,
        });
        Ok((facts.into_iter().zip(entered).collect(), next))
    }

    async fn origin(&self, source: Source) -> Result<Fact, BatchError> {
        let record = self.record_at(source).await?;
        match take_in(self.codec, self.vault, &record).await? {
            Intake::Fact(fact) => Ok(*fact),
            Intake::Unopened(_, Unopened::Tampered(poison)) => Ok(*poison),
            Intake::Unopened(_, Unopened::KeyAway(wait)) => Err(BatchError::KeyAway(wait)),
            Intake::Unattributable(cause) => {
                Err(BatchError::Halted(format!("a parked record cannot be attributed any more: {cause}")))
            }
        }
    }

    /// Why the record at that place cannot be applied, where its note does not say it: it was parked then.
    async fn cause_at(&self, source: Source) -> Result<String, BatchError> {
        Ok(match self.origin(source).await? {
            Fact::Poison(poison) => poison.cause,
            Fact::Event { event, .. } if !event.event.is_consistent() => CAUSE_INCONSISTENT.to_owned(),
            Fact::Event { .. } => CAUSE_NOT_REGISTERED.to_owned(),
        })
    }

    /// The record at that very place of `identity.events`.
    async fn record_at(&self, source: Source) -> Result<StoredRecord, BatchError> {
        let one = ReadBounds { records_max: 1, bytes_max: 1, wait_max: std::time::Duration::ZERO };
        let found = self.log.read(Topic::Events, source.partition, source.offset, one).await?;
        found.into_iter().find(|record| record.source == source).ok_or_else(|| {
            BatchError::Halted(format!(
                "the record at partition {} offset {} is gone from the log",
                source.partition.0, source.offset.0
            ))
        })
    }

    /// Fetches the records that a plan's dead letters name, from the batch or from the log.
    pub(crate) async fn dead_records(
        &self,
        plan: &Plan,
        records: &[StoredRecord],
    ) -> Result<Vec<(StoredRecord, String)>, BatchError> {
        let mut dead = Vec::with_capacity(plan.dead_letters.len());
        for (source, cause) in &plan.dead_letters {
            let record = match records.iter().find(|record| record.source == *source) {
                Some(record) => record.clone(),
                None => self.record_at(*source).await?,
            };
            dead.push((record, cause.clone()));
        }
        Ok(dead)
    }
}

/// Cuts a batch so that every release stands alone: what it re-reads must have been written before.
pub(crate) fn split_at_releases<'a>(codec: &Codec, records: &'a [StoredRecord]) -> Vec<&'a [StoredRecord]> {
    let is_release = |record: &StoredRecord| match record_type(record) {
        Some(named) => named == RecordType::CustomerReleased,
        None => codec.decode_event(record).is_ok_and(|event| event.as_release().is_some()),
    };
    let mut parts = Vec::new();
    let mut rest = records;
    while let Some(at) = rest.iter().position(is_release) {
        let (before, from) = rest.split_at(at);
        let (release, after) = from.split_at(1);
        parts.extend([before, release]);
        rest = after;
    }
    parts.push(rest);
    parts.retain(|part| !part.is_empty());
    parts
}

/// The offset after the last record.
pub(crate) fn next_after(records: &[StoredRecord]) -> Option<Offset> {
    records.last().map(|record| Offset(record.source.offset.0 + 1))
}
