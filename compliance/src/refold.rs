//! One customer's facts folded anew from the log, with the same fold as the read model's (`domain::fold`), and beside it,
//! where it is asked for, under another tier policy. What waits while a customer is quarantined is kept here until its
//! release, as a projector reads it again from the log.
//!
//! Whether envelopes are authentic is not looked at: that takes keys, and a fact that no projector took in for that reason
//! is in the dead letters and in `projector quarantine list`.

use domain::event::{CustomerReleased, Event, RecordedEvent, Source};
use domain::fold::{Fact, FoldStop, Folded, KnownRows, Poison, blank, fold, fold_release};
use domain::ids::CustomerRef;
use domain::limits::RELEASE_EVENTS_MAX;
use domain::ports::StoredRecord;
use domain::rows::{AsOf, BookEntry, CustomerState, Epoch, ViewRow};
use event_codec::{Codec, DecodeError};

use crate::ReadError;
use crate::limits::CUSTOMER_ROWS_MAX;

/// Why a customer cannot be folded.
#[derive(Debug, thiserror::Error)]
pub enum RefoldError {
    /// A log or the key store did not answer.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// A later build is needed.
    #[error("the record at partition {} offset {} was written by a later build", .0.partition.0, .0.offset.0)]
    LaterBuild(Source),
    /// Likewise.
    #[error(transparent)]
    Stopped(#[from] FoldStop),
    /// More than this program keeps in memory.
    #[error("{} has more than {CUSTOMER_ROWS_MAX} verifications and references", .0.customer)]
    TooMany(CustomerRef),
}

impl From<domain::ports::LogError> for RefoldError {
    fn from(error: domain::ports::LogError) -> Self {
        Self::Read(error.into())
    }
}

/// A record of a customer as a fact, without payloads: a record that cannot be applied is one too.
pub(crate) fn fact_of(
    codec: &Codec,
    record: &StoredRecord,
    customer: &CustomerRef,
) -> Result<Fact, RefoldError> {
    let poison = |event: Option<&Event>| {
        Fact::Poison(Poison {
            customer: customer.clone(),
            source: record.source,
            appended_at: record.appended_at,
            event_id: event.map(|event| event.event_id().clone()),
            verification_id: event.and_then(Event::verification_id).cloned(),
            reference_id: event.and_then(Event::reference_id).cloned(),
            review_of: event.and_then(Event::review_of).cloned(),
            fallback_id: event.and_then(Event::fallback_id).cloned(),
            closes_recheck: event.and_then(Event::closes_recheck).cloned(),
            void_of: event.and_then(Event::void_of).cloned(),
            body_fingerprint: event.and_then(Event::body_fingerprint),
            cause: String::new(),
        })
    };
    Ok(match codec.decode_event(record) {
        Ok(event) if event.customer() == customer => Fact::Event(RecordedEvent {
            event: event.without_payloads(),
            source: record.source,
            appended_at: record.appended_at,
        }),
        Ok(event) => poison(Some(&event)),
        Err(DecodeError::Malformed(_)) => poison(None),
        Err(DecodeError::UnknownSchema { .. }) => return Err(RefoldError::LaterBuild(record.source)),
    })
}

/// A customer on the way through its facts.
#[derive(Debug)]
pub(crate) struct CustomerFold {
    state: CustomerState,
    /// The same facts under another policy. Nothing but the tier differs.
    other: Option<(u32, CustomerState)>,
    known: KnownRows,
    /// What a release will read again, each with the column that it was entered in.
    waiting: Vec<(Fact, BookEntry)>,
}

impl CustomerFold {
    /// Before the customer's first fact.
    pub(crate) fn new(customer: CustomerRef, first: Source, policy: Option<u32>) -> Self {
        let as_of = AsOf { topic_id: first.topic_id, epoch: Epoch(1), offset: first.offset };
        let state = blank(customer, as_of, first.partition);
        Self {
            other: policy.map(|version| (version, state.clone())),
            state,
            known: KnownRows::default(),
            waiting: Vec::new(),
        }
    }

    /// After the facts so far.
    pub(crate) fn state(&self) -> &CustomerState {
        &self.state
    }

    /// The same under the other policy.
    pub(crate) fn other_state(&self) -> Option<&CustomerState> {
        self.other.as_ref().map(|(_, state)| state)
    }

    /// Rows that it keeps in memory.
    pub(crate) fn rows(&self) -> usize {
        let known = &self.known;
        let kept =
            known.verifications.len() + known.references.len() + known.reviews.len() + known.voids.len();
        1 + kept + self.waiting.len()
    }

    /// Folds the next fact: the rows that it makes.
    pub(crate) fn take(&mut self, fact: Fact) -> Result<Vec<ViewRow>, RefoldError> {
        if self.rows() > CUSTOMER_ROWS_MAX {
            return Err(RefoldError::TooMany(self.state.customer.clone()));
        }
        let read_again = self.waiting.len().min(RELEASE_EVENTS_MAX);
        let next = self.waiting.get(read_again).map(|(fact, _)| fact.source());
        // First: the rows that it leaves are those of this very fact, which the fold then makes again.
        if let Some((version, state)) = &mut self.other {
            let under = |fact: &Fact| under_policy(fact, *version);
            let waiting: Vec<_> =
                self.waiting[..read_again].iter().map(|(fact, entry)| (under(fact), *entry)).collect();
            let folded = fold_fact(state.clone(), &under(&fact), &waiting, next, &mut self.known)?;
            *state = folded.state;
        }
        let waiting = &self.waiting[..read_again];
        let folded = fold_fact(self.state.clone(), &fact, waiting, next, &mut self.known)?;
        if release_in(&fact).is_some() {
            if self.state.quarantine.is_some() {
                self.waiting.drain(..read_again);
            }
        } else if let Some(entry @ (BookEntry::Parked | BookEntry::DeadLettered)) = folded.effect.entry {
            self.waiting.push((fact, entry));
        }
        self.state = folded.state;
        Ok(folded.rows.into_iter().map(|(_, row)| row).collect())
    }
}

fn release_in(fact: &Fact) -> Option<(&RecordedEvent, &CustomerReleased)> {
    match fact {
        Fact::Event(event) => event.event.as_release().map(|release| (event, release)),
        Fact::Poison(_) => None,
    }
}

fn under_policy(fact: &Fact, version: u32) -> Fact {
    match fact {
        Fact::Event(recorded) => Fact::Event(RecordedEvent {
            event: recorded.event.clone().under_policy(version),
            ..recorded.clone()
        }),
        Fact::Poison(poison) => Fact::Poison(poison.clone()),
    }
}

fn fold_fact(
    state: CustomerState,
    fact: &Fact,
    waiting: &[(Fact, BookEntry)],
    next: Option<Source>,
    known: &mut KnownRows,
) -> Result<Folded, FoldStop> {
    match release_in(fact) {
        Some((event, release)) => fold_release(state, event, release, waiting, next, known),
        None => fold(state, fact, known),
    }
}
