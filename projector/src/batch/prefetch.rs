//! What a batch is read with: records become facts, and what the store already has of their customers,
//! verifications and references is fetched, from the cache where it is there. Reads the log and the store, writes nothing, so
//! that it can be done again from the start whenever something is not available.

use std::collections::HashMap;

use domain::event::{Offset, Source};
use domain::fold::{Fact, KnownRows};
use domain::ids::{CustomerRef, VerificationId};
use domain::limits::RELEASE_EVENTS_MAX;
use domain::outcome::UnappliedCause;
use domain::ports::{EventLog, Projection, ReadBounds, StoredRecord, Topic};
use domain::rows::{BookEntry, CustomerState, Disposition, EventNote, Generation, RowKey, ViewRow};
use event_codec::Codec;
use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use vault::Vault;

use crate::batch::batch_error::BatchError;
use crate::batch::customer_cache::{CachedIds, CustomerCache};
use crate::batch::decode_record::{DecodedRecord, UnopenedCause, decode_record};
use crate::batch::plan::BatchPlan;
use crate::limits::{RELEASE_READS_AT_ONCE, REMEMBERED_IDS_MAX};

/// The facts of a batch whose envelopes did not open, by their offsets.
pub(crate) type UnopenedFacts = HashMap<Offset, UnopenedCause>;

/// Customers' states.
pub(crate) type CustomerStates = HashMap<CustomerRef, CustomerState>;

/// What stands already, of the customers, verifications and references of a batch.
pub(crate) struct BatchState {
    pub(crate) states: CustomerStates,
    pub(crate) known: KnownRows,
}

/// What a batch reads through.
#[derive(Clone, Copy)]
pub(crate) struct BatchReader<'a> {
    pub(crate) log: &'a dyn EventLog,
    pub(crate) projection: &'a dyn Projection,
    pub(crate) vault: &'a Vault,
    pub(crate) codec: &'a Codec,
    pub(crate) generation: Generation,
}

impl BatchReader<'_> {
    /// The same for another generation.
    pub(crate) fn of(self, generation: Generation) -> Self {
        Self { generation, ..self }
    }

    /// Takes the records in, in order, and says which did not open. Records nobody can attribute go to the dead
    /// letters of the plan.
    pub(crate) async fn decode_all(
        &self,
        records: &[StoredRecord],
        plan: &mut BatchPlan,
    ) -> Result<(Vec<Fact>, UnopenedFacts), BatchError> {
        let mut facts = Vec::with_capacity(records.len());
        let mut unopened = UnopenedFacts::new();
        for record in records {
            match decode_record(self.codec, self.vault, record).await? {
                DecodedRecord::Fact(fact) => facts.push(*fact),
                DecodedRecord::Unopened(fact, why) => {
                    unopened.insert(record.source.offset, why);
                    facts.push(*fact);
                }
                DecodedRecord::Unattributable(cause) => {
                    plan.dead_letters.push((record.source, cause.to_owned()));
                }
            }
        }
        Ok((facts, unopened))
    }

    /// What stands, from cache where it is there, the rest from the store. What the store said of customers
    /// that were not remembered is noted in the plan.
    pub(crate) async fn prefetch(
        &self,
        facts: &[Fact],
        cache: &CustomerCache,
        plan: &mut BatchPlan,
    ) -> Result<BatchState, BatchError> {
        let mut prefetched = BatchState { states: HashMap::new(), known: KnownRows::default() };
        let (mut strangers, mut unasked) = (Vec::new(), Vec::new());
        let mut customers: Vec<(&CustomerRef, bool)> =
            facts.iter().map(|fact| (fact.customer(), named_verification(fact).is_some())).collect();
        // Those with a verification first among one customer's.
        customers.sort_by(|a, b| a.0.cmp(b.0).then(b.1.cmp(&a.1)));
        customers.dedup_by_key(|(customer, _)| *customer);
        for (customer, has_verification) in customers {
            match cache.state(customer) {
                Some(state) => drop(prefetched.states.insert(customer.clone(), state.clone())),
                None => strangers.push(RowKey::State(customer.clone())),
            }
            if has_verification && matches!(cache.ids(customer), None | Some(CachedIds::Unasked)) {
                unasked.push(customer.clone());
            }
        }
        let (states, ids) = tokio::try_join!(self.load(&strangers), self.ids_of(&unasked))?;
        for row in states {
            let ViewRow::State(state) = row else { return Err(another_kind()) };
            prefetched.states.insert(state.customer.clone(), *state);
        }
        plan.ids = unasked.into_iter().zip(ids.into_iter().map(|said| cache.ids_of(said))).collect();
        for key in strangers {
            // Of whom there is no state, no event was ever taken in.
            if let RowKey::State(customer) = key
                && !prefetched.states.contains_key(&customer)
            {
                plan.ids.entry(customer).or_insert_with(|| cache.ids_of(Some(Vec::new())));
            }
        }
        let may_exist = |fact: &Fact| {
            let (customer, id) = (fact.customer(), named_verification(fact)?);
            let ids = plan.ids.get(customer).or_else(|| cache.ids(customer));
            let asked = ids.is_none_or(|ids| cache.may_exist(ids, id));
            asked.then(|| RowKey::Verification(customer.org.clone(), id.clone()))
        };
        let always = facts.iter().flat_map(always_asked_for).flatten();
        let names = facts.iter().filter_map(may_exist).chain(always).collect();
        self.load_known(names, &mut prefetched.known).await?;
        Ok(prefetched)
    }

    /// Rows that are there.
    pub(crate) async fn load(&self, keys: &[RowKey]) -> Result<Vec<ViewRow>, BatchError> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        Ok(self.projection.load(self.generation, keys).await?.into_iter().flatten().collect())
    }

    async fn ids_of(
        &self,
        customers: &[CustomerRef],
    ) -> Result<Vec<Option<Vec<VerificationId>>>, BatchError> {
        if customers.is_empty() {
            return Ok(Vec::new());
        }
        Ok(self.projection.verification_ids(self.generation, customers, REMEMBERED_IDS_MAX).await?)
    }

    /// Adds those of the verifications and references that are there.
    pub(crate) async fn load_known(
        &self,
        names: Vec<RowKey>,
        known: &mut KnownRows,
    ) -> Result<(), BatchError> {
        for row in self.load(&names).await? {
            match row {
                ViewRow::Verification(row) => drop(known.verifications.insert(row.id.clone(), *row)),
                ViewRow::Reference(row) => drop(known.references.insert(row.id.clone(), row)),
                ViewRow::Review(row) => drop(known.reviews.insert(row.verification_id.clone(), *row)),
                ViewRow::Fallback(row) => drop(known.fallbacks.insert(row.id.clone(), row)),
                ViewRow::RecheckClosure(row) => drop(known.closures.insert(row.recheck.clone(), row)),
                ViewRow::Void(row) => drop(known.voids.insert(row.verification_id.clone(), *row)),
                _ => return Err(another_kind()),
            }
        }
        Ok(())
    }

    async fn notes(&self, keys: Vec<RowKey>) -> Result<HashMap<Source, EventNote>, BatchError> {
        let rows = self.load(&keys).await?.into_iter();
        Ok(rows
            .filter_map(|row| if let ViewRow::Note(note) = row { Some((note.source, note)) } else { None })
            .collect())
    }

    /// Notes of the redelivered facts, and of what the releases among them re-read.
    pub(crate) async fn redelivered_notes(
        &self,
        redelivered: &[&Fact],
        known: &mut KnownRows,
    ) -> Result<HashMap<Source, EventNote>, BatchError> {
        // Whatever is remembered: the store may have been asked for the ids before a zombie wrote the state.
        let named = redelivered.iter().flat_map(|fact| names_of(fact));
        self.load_known(named.flatten().collect(), known).await?;
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
            let names = more.values().flat_map(|note| {
                let org = &note.customer.org;
                let verification = note.verification_id.clone();
                let reference = note.reference_id.clone();
                let review = note.review_of.clone();
                let fallback = note.fallback_id.clone();
                let closure = note.recheck.clone();
                let void = note.void_of.clone();
                [
                    verification.map(|id| RowKey::Verification(org.clone(), id)),
                    reference.map(|id| RowKey::Reference(note.customer.clone(), id)),
                    review.map(|id| RowKey::Review(org.clone(), id)),
                    fallback.map(|id| RowKey::Fallback(org.clone(), id)),
                    closure.map(|id| RowKey::RecheckClosure(org.clone(), id)),
                    void.map(|id| RowKey::Void(org.clone(), id)),
                ]
            });
            self.load_known(names.flatten().collect(), known).await?;
            notes.extend(more);
        }
        Ok(notes)
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
        // A batch that broke off may have left notes of events that come after this one. They wait for the next release:
        // whoever had not seen them would have let go without them.
        notes.retain(|note| note.source.offset <= state.as_of.offset);
        let next = (notes.len() > RELEASE_EVENTS_MAX).then(|| notes.pop().map(|note| note.source)).flatten();
        let sources: Vec<Source> = notes.iter().map(|note| note.source).collect();
        let facts: Vec<Fact> = stream::iter(sources)
            .map(|source| self.origin(source))
            .buffered(RELEASE_READS_AT_ONCE)
            .try_collect()
            .await?;
        let names = facts.iter().flat_map(names_of);
        self.load_known(names.flatten().collect(), known).await?;
        let entered = notes.iter().map(|note| match note.unapplied() {
            Some(UnappliedCause::DeadLettered) => BookEntry::DeadLettered,
            _ => BookEntry::Parked,
        });
        Ok((facts.into_iter().zip(entered).collect(), next))
    }

    pub(crate) async fn origin(&self, source: Source) -> Result<Fact, BatchError> {
        let record = self.record_at(source).await?;
        match decode_record(self.codec, self.vault, &record).await? {
            DecodedRecord::Fact(fact) => Ok(*fact),
            DecodedRecord::Unopened(_, UnopenedCause::Tampered(poison)) => Ok(*poison),
            DecodedRecord::Unopened(_, UnopenedCause::KeyAway(wait)) => Err(BatchError::KeyAway(wait)),
            DecodedRecord::Unattributable(cause) => {
                Err(BatchError::Halted(format!("a parked record cannot be attributed any more: {cause}")))
            }
        }
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
        plan: &BatchPlan,
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

/// Every row that a fact names: of a review and of a void also that of the verification, of a void its review too.
fn names_of(fact: &Fact) -> [Option<RowKey>; 7] {
    let [reference, review, fallback, closure, void, voided_review] = always_asked_for(fact);
    [verification_of(fact), reference, review, fallback, closure, void, voided_review]
}

/// Those that no cache remembers: they are few beside verdicts.
fn always_asked_for(fact: &Fact) -> [Option<RowKey>; 6] {
    let org = &fact.customer().org;
    let fallback = fact.fallback_id().map(|id| RowKey::Fallback(org.clone(), id.clone()));
    let closure = fact.closes_recheck().map(|id| RowKey::RecheckClosure(org.clone(), id.clone()));
    [reference_of(fact), review_of(fact), fallback, closure, void_of(fact), voided_review_of(fact)]
}

/// The verification that a fact makes, that it reviews, or that it makes void.
fn named_verification(fact: &Fact) -> Option<&VerificationId> {
    fact.verification_id().or_else(|| fact.review_of()).or_else(|| fact.void_of())
}

fn verification_of(fact: &Fact) -> Option<RowKey> {
    Some(RowKey::Verification(fact.customer().org.clone(), named_verification(fact)?.clone()))
}

/// The row of the review that a fact makes. It is always asked for, as references are.
fn review_of(fact: &Fact) -> Option<RowKey> {
    Some(RowKey::Review(fact.customer().org.clone(), fact.review_of()?.clone()))
}

/// The row of the void that a fact makes.
fn void_of(fact: &Fact) -> Option<RowKey> {
    Some(RowKey::Void(fact.customer().org.clone(), fact.void_of()?.clone()))
}

/// The review of the verification that a fact makes void: with it a pending one may count as verified.
fn voided_review_of(fact: &Fact) -> Option<RowKey> {
    Some(RowKey::Review(fact.customer().org.clone(), fact.void_of()?.clone()))
}

/// The row of the reference that a fact is about. It is always asked for: references are few beside verdicts, and no
/// cache remembers which stand.
fn reference_of(fact: &Fact) -> Option<RowKey> {
    Some(RowKey::Reference(fact.customer().clone(), fact.reference_id()?.clone()))
}

fn another_kind() -> BatchError {
    BatchError::Halted("the store answered another kind of row".to_owned())
}
