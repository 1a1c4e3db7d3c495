//! Customers whose events wait because one of them could not be applied: which they are, what waits, and their
//! release. A release is an event like any other; what it re-reads is folded where it stands.

use domain::event::{CustomerReleased, Event, Source};
use domain::fold::{Fact, FoldStop, KnownRows, fold};
use domain::ids::{CustomerRef, EventId};
use domain::ports::{Appended, LogError, StoreError, Topic};
use domain::rows::{
    AsOf, BookEntry, CustomerState, Disposition, EventNote, Generation, Quarantine, RowKey, ViewRow,
};
use event_codec::Meta;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::batch::batch_error::BatchError;
use crate::batch::prefetch::BatchReader;
use crate::limits::{QUARANTINE_PAGE, RELEASE_LOOK_EVERY, RELEASE_WAIT_MAX};
use crate::pause::wait;
use crate::rebuild::RebuildPorts;

/// Why a quarantine was not read or released.
#[derive(Debug, thiserror::Error)]
pub enum QuarantineError {
    /// The log.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The customer is not quarantined.
    #[error("{0} is not quarantined")]
    NotQuarantined(String),
    /// What waits cannot be read by this build.
    #[error("{0}")]
    Unreadable(String),
    /// The release is in the log, but was not projected in time.
    #[error(
        "the release is in the log at partition {} offset {}, but no projector has come to it in time; it takes \
         effect when one does", .0.partition.0, .0.offset.0
    )]
    NotYet(Source),
    /// Interrupted by the operator.
    #[error("interrupted")]
    Cancelled,
}

impl From<BatchError> for QuarantineError {
    fn from(error: BatchError) -> Self {
        Self::Unreadable(error.to_string())
    }
}

impl From<FoldStop> for QuarantineError {
    fn from(stop: FoldStop) -> Self {
        Self::Unreadable(stop.to_string())
    }
}

/// A quarantined customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuarantinedCustomer {
    /// Who.
    pub customer: CustomerRef,
    /// Since when, and why.
    pub quarantine: Quarantine,
}

/// All of them.
///
/// # Errors
/// [`QuarantineError`].
pub async fn list(ports: &RebuildPorts) -> Result<Vec<QuarantinedCustomer>, QuarantineError> {
    let live = ports.generations.pointer().await?.live;
    let mut all: Vec<QuarantinedCustomer> = Vec::new();
    loop {
        let after = all.last().map(|one| &one.customer);
        let page = ports.inspection.quarantined(live, after, QUARANTINE_PAGE).await?;
        if page.is_empty() {
            return Ok(all);
        }
        let of = |state: CustomerState| {
            Some(QuarantinedCustomer { quarantine: state.quarantine?, customer: state.customer })
        };
        all.extend(page.into_iter().filter_map(of));
    }
}

/// One that waits, and what this build would make of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WaitingEvent {
    /// Its note.
    pub note: EventNote,
    /// Why this build cannot apply it; none when it can.
    pub unappliable: Option<String>,
}

/// What waits for a customer's release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuarantineDetails {
    /// The quarantine.
    pub quarantined: QuarantinedCustomer,
    /// As many as one release re-reads, in order; the first is the one that could not be applied.
    pub waiting: Vec<WaitingEvent>,
}

impl QuarantineDetails {
    /// Those that this build cannot apply either.
    pub fn unappliable(&self) -> impl Iterator<Item = &WaitingEvent> {
        self.waiting.iter().filter(|one| one.unappliable.is_some())
    }
}

async fn state(
    ports: &RebuildPorts,
    live: Generation,
    customer: &CustomerRef,
) -> Result<Option<CustomerState>, StoreError> {
    let row = ports.ports.projection.load(live, &[RowKey::State(customer.clone())]).await?;
    Ok(row.into_iter().flatten().find_map(|row| match row {
        ViewRow::State(state) => Some(*state),
        _ => None,
    }))
}

/// What waits, each tried with this build: nothing is written.
///
/// # Errors
/// [`QuarantineError`].
pub async fn show(
    ports: &RebuildPorts,
    customer: &CustomerRef,
) -> Result<QuarantineDetails, QuarantineError> {
    let live = ports.generations.pointer().await?.live;
    let not = || QuarantineError::NotQuarantined(customer.record_key());
    let mut state = state(ports, live, customer).await?.ok_or_else(not)?;
    let quarantine = state.quarantine.clone().ok_or_else(not)?;
    let reader = BatchReader {
        log: &*ports.ports.log,
        projection: &*ports.ports.projection,
        vault: &ports.ports.vault,
        codec: &ports.ports.codec,
        nik_tags: &*ports.ports.nik_tags,
        generation: live,
    };
    let mut known = KnownRows::default();
    let (facts, _) = reader.waiting(&state, &mut known).await?;
    let keys =
        facts.iter().map(|(fact, _)| RowKey::Note(customer.clone(), fact.source())).collect::<Vec<_>>();
    let notes = ports.ports.projection.load(live, &keys).await?;
    let mut waiting = Vec::with_capacity(facts.len());
    for ((fact, _), note) in facts.iter().zip(notes) {
        state.quarantine = None;
        let folded = fold(state, fact, &mut known)?;
        let unappliable =
            (folded.effect.entry == Some(BookEntry::DeadLettered)).then(|| why(fact, &folded.rows));
        state = folded.state;
        if let Some(ViewRow::Note(note)) = note {
            waiting.push(WaitingEvent { note, unappliable });
        }
    }
    Ok(QuarantineDetails {
        quarantined: QuarantinedCustomer { customer: customer.clone(), quarantine },
        waiting,
    })
}

/// Why a fact was not applied: its own cause, or the fold's.
fn why(fact: &Fact, rows: &[(Source, ViewRow)]) -> String {
    if let Fact::Poison(poison) = fact {
        return poison.cause.clone();
    }
    let cause = rows.iter().find_map(|(_, row)| match row {
        ViewRow::Note(note) => note.cause.clone(),
        _ => None,
    });
    cause.unwrap_or_default()
}

/// What a release came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReleaseResult {
    /// The release.
    pub source: Source,
    /// What became of each event that waited.
    pub results: Vec<(Source, BookEntry)>,
    /// Events that wait beyond those that one release re-reads: release again.
    pub still_waiting: u64,
}

/// Appends the customer's release, and waits until it is projected. Whether what waits can be applied is asked
/// before, with [`show`]: what cannot stays in the dead letters for good and holds nobody up any more.
///
/// # Errors
/// [`QuarantineError::NotYet`] when no projector comes to it in time, and what else there is.
pub async fn release(
    ports: &RebuildPorts,
    customer: &CustomerRef,
    cancel: &CancellationToken,
) -> Result<ReleaseResult, QuarantineError> {
    let event_id = EventId::from_bytes(vault::random_id());
    let event = Event::CustomerReleased(CustomerReleased { event_id, customer: customer.clone() });
    let meta = Meta { time: ports.ports.clock.now(), traceparent: None };
    let record = ports.ports.codec.event(&event, &meta);
    let record = record.map_err(|error| QuarantineError::Unreadable(error.to_string()))?;
    let Appended { source, .. } = ports.ports.log.append(Topic::Events, record).await?;
    let until = Instant::now() + RELEASE_WAIT_MAX;
    let epoch = ports.ports.projection.claim_epoch(source.topic_id).await?;
    let here = AsOf { topic_id: source.topic_id, epoch, offset: source.offset };
    loop {
        let live = ports.generations.pointer().await?.live;
        if let Some(state) = state(ports, live, customer).await?
            && state.as_of.covers(here)
        {
            let note = [RowKey::Note(customer.clone(), source)];
            let note = ports.ports.projection.load(live, &note).await?.pop().flatten();
            let results = match note {
                Some(ViewRow::Note(EventNote { disposition: Disposition::Released(results), .. })) => results,
                _ => Vec::new(),
            };
            let still_waiting = state.quarantine.map_or(0, |quarantine| quarantine.waiting);
            return Ok(ReleaseResult { source, results, still_waiting });
        }
        if Instant::now() >= until {
            return Err(QuarantineError::NotYet(source));
        }
        if wait(RELEASE_LOOK_EVERY, cancel).await {
            return Err(QuarantineError::Cancelled);
        }
    }
}
