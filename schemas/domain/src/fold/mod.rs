//! The fold: `(state, fact) -> state + rows + outcomes`. Pure, total, and without a catch-all arm over
//! events, so that a new event breaks this file until somebody has thought about it.
//!
//! A fact is an event, or a record that cannot be applied (poison). What a fact does to books and tallies
//! is returned with it; the projector adds it up. Redeliveries are told apart by the projector
//! ([`crate::redelivery`] rebuilds what they published).

mod capture;
mod challenge;
mod face;
mod fact;
mod known;
mod recheck;
mod release;
mod review;
mod verdict;
mod verification;

pub use fact::{Fact, Poison};
pub use known::KnownRows;
pub use recheck::reopened;
pub use release::fold_release;

use crate::capture::RecentChallenges;
use crate::event::{CustomerErased, CustomerRegistered, Event, RecordedEvent, Source};
use crate::ids::CustomerRef;
use crate::outcome::Outcome;
use crate::outcomes_of;
use crate::rows::{
    AsOf, BookEntry, CustomerState, Disposition, EventNote, Kyc, Quarantine, Registration, ReviewRow,
    VerificationRow, ViewRow,
};
use crate::sealed::Purpose;
use crate::signals::SignalKind;
use crate::time::Timestamp;

/// The signal of a reused key with another body.
pub const SIGNAL_CONFLICT: &str = SignalKind::IdempotencyConflict.as_str();

/// The cause of an event before any registration: the customer's events are out of order, which cannot happen.
pub const CAUSE_NOT_REGISTERED: &str = "customer_not_registered";

/// The cause of a verdict whose parts contradict each other.
pub const CAUSE_INCONSISTENT: &str = "verdict_inconsistent";

/// The cause of another event whose parts contradict each other.
pub const CAUSE_EVENT_INCONSISTENT: &str = "event_inconsistent";

/// The cause of a capture that answers a challenge which does not stand.
pub const CAUSE_CHALLENGE_VOID: &str = "challenge_void";

/// The cause of a review of what no person was to decide.
pub const CAUSE_NOT_PENDING: &str = "not_pending";

/// The cause of a closing of what is not open.
pub const CAUSE_RECHECK_NOT_OPEN: &str = "recheck_not_open";

/// What one fact came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folded {
    /// The customer after it.
    pub state: CustomerState,
    /// Rows to write with the timestamp of the offset beside them.
    pub rows: Vec<(Source, ViewRow)>,
    /// What to publish, in this order.
    pub outcomes: Vec<Outcome>,
    /// What it does to books and tallies.
    pub effect: Effect,
    /// Records to keep in the dead letters, each with its cause.
    pub dead_letters: Vec<(Source, String)>,
}

/// What a fact does to books and tallies, once, at its own offset.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Effect {
    /// The column it is entered in.
    pub entry: Option<BookEntry>,
    /// What a release moved: from one column to another.
    pub moved: Vec<(BookEntry, BookEntry)>,
    /// Rows that lists count from here on.
    pub counted: Vec<VerificationRow>,
    /// Reviews that the queue counts from here on.
    pub reviewed: Vec<ReviewRow>,
}

/// Why a fold stops: the partition waits for a build that can go on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FoldStop {
    /// Made by a later build.
    #[error("tier policy {0} is not known to this build")]
    UnknownPolicy(u32),
    /// The caller folds a release without what it re-reads.
    #[error("a release was folded without the events it re-reads")]
    ReleaseAlone,
}

/// A customer nothing is known of yet.
pub fn blank(customer: CustomerRef, as_of: AsOf, partition: crate::event::Partition) -> CustomerState {
    CustomerState {
        customer,
        partition,
        as_of,
        registration: None,
        erased: crate::sealed::Purposes::NONE,
        verified: crate::policy::Methods::default(),
        kyc: Kyc::default(),
        last_created_at: Timestamp::default(),
        quarantine: None,
        challenges: RecentChallenges::default(),
        recheck: None,
    }
}

/// Folds one fact. A release goes through [`fold_release`].
pub fn fold(mut state: CustomerState, fact: &Fact, known: &mut KnownRows) -> Result<Folded, FoldStop> {
    state.as_of.offset = fact.source().offset;
    if must_park(&state, fact) {
        return Ok(park(state, fact));
    }
    apply(state, fact, known)
}

/// While a customer is quarantined everything waits but an erasure, which nobody may keep waiting.
fn must_park(state: &CustomerState, fact: &Fact) -> bool {
    let waits = match fact {
        Fact::Event(event) => match &event.event {
            Event::CustomerRegistered(_)
            | Event::DukcapilVerdictReceived(_)
            | Event::FaceReferenceAdded(_)
            | Event::FaceMatchDecided(_)
            | Event::FlashChallengeIssued(_)
            | Event::KtpCaptureAssessed(_)
            | Event::VerificationReviewed(_)
            | Event::DukcapilAttemptFailed(_)
            | Event::FallbackRecheckClosed(_) => true,
            Event::CustomerErased(_) | Event::CustomerReleased(_) => false,
        },
        Fact::Poison(_) => true,
    };
    waits && state.quarantine.is_some() && !state.erased.contains(Purpose::Profile)
}

/// Whether folding the event would use its envelopes: only what may be applied does. What is parked, refused, or
/// about a customer whom the log has not registered comes to the same whatever is in them.
pub fn needs_envelopes(state: &CustomerState, fact: &Fact) -> bool {
    if must_park(state, fact) || state.erased.contains(Purpose::Profile) {
        return false;
    }
    match fact {
        Fact::Event(event) => match &event.event {
            Event::CustomerRegistered(_) => true,
            Event::DukcapilVerdictReceived(_)
            | Event::VerificationReviewed(_)
            | Event::FallbackRecheckClosed(_) => state.registration.is_some(),
            Event::FaceReferenceAdded(_) | Event::FaceMatchDecided(_) | Event::KtpCaptureAssessed(_) => {
                state.registration.is_some() && !state.erased.contains(Purpose::Biometric)
            }
            Event::CustomerErased(_)
            | Event::CustomerReleased(_)
            | Event::FlashChallengeIssued(_)
            | Event::DukcapilAttemptFailed(_) => false,
        },
        Fact::Poison(_) => false,
    }
}

fn apply(state: CustomerState, fact: &Fact, known: &mut KnownRows) -> Result<Folded, FoldStop> {
    match fact {
        Fact::Poison(poison) if state.erased.contains(Purpose::Profile) => {
            Ok(refuse(state, fact, poison.is_heard_of()))
        }
        Fact::Poison(poison) => Ok(quarantine(state, fact, &poison.cause)),
        Fact::Event(event) => match &event.event {
            Event::CustomerRegistered(registered) => Ok(register(state, fact, event, registered)),
            Event::DukcapilVerdictReceived(verdict) => {
                verdict::record_verdict(state, fact, event, verdict, known)
            }
            Event::FaceReferenceAdded(reference) => {
                Ok(face::add_reference(state, fact, event, reference, known))
            }
            Event::FaceMatchDecided(decided) => face::record_match(state, fact, event, decided, known),
            Event::FlashChallengeIssued(issued) => {
                Ok(challenge::record_challenge(state, fact, event, issued))
            }
            Event::KtpCaptureAssessed(assessed) => {
                capture::record_capture(state, fact, event, assessed, known)
            }
            Event::VerificationReviewed(reviewed) => {
                review::record_review(state, fact, event, reviewed, known)
            }
            Event::DukcapilAttemptFailed(failed) => {
                Ok(recheck::record_failure(state, fact, event, failed, known))
            }
            Event::FallbackRecheckClosed(closed) => {
                Ok(recheck::record_closure(state, fact, event, closed, known))
            }
            Event::CustomerErased(erased) => Ok(erase(state, fact, event, erased)),
            Event::CustomerReleased(_) => Err(FoldStop::ReleaseAlone),
        },
    }
}

fn note(state: &CustomerState, fact: &Fact, disposition: Disposition, cause: Option<&str>) -> EventNote {
    let (event_id, body_fingerprint) = match fact {
        Fact::Event(event) => (Some(event.event.event_id().clone()), event.event.body_fingerprint()),
        Fact::Poison(poison) => (poison.event_id.clone(), poison.body_fingerprint),
    };
    EventNote {
        customer: state.customer.clone(),
        source: fact.source(),
        event_id,
        verification_id: fact.verification_id().cloned(),
        reference_id: fact.reference_id().cloned(),
        review_of: fact.review_of().cloned(),
        fallback_id: fact.fallback_id().cloned(),
        recheck: fact.closes_recheck().cloned(),
        disposition,
        body_fingerprint,
        cause: cause.map(str::to_owned),
    }
}

/// What is wrong with an event whose parts contradict each other.
pub fn inconsistency(event: &Event) -> &'static str {
    match event {
        Event::DukcapilVerdictReceived(_) => CAUSE_INCONSISTENT,
        Event::CustomerRegistered(_)
        | Event::CustomerErased(_)
        | Event::CustomerReleased(_)
        | Event::FaceReferenceAdded(_)
        | Event::FaceMatchDecided(_)
        | Event::FlashChallengeIssued(_)
        | Event::KtpCaptureAssessed(_)
        | Event::VerificationReviewed(_)
        | Event::DukcapilAttemptFailed(_)
        | Event::FallbackRecheckClosed(_) => CAUSE_EVENT_INCONSISTENT,
    }
}

/// The `createdAt` of what the event makes: never before the customer's previous one.
fn next_created_at(state: &mut CustomerState, event: &RecordedEvent) -> Timestamp {
    state.last_created_at = state.last_created_at.max(event.appended_at);
    state.last_created_at
}

/// The end of every fact that makes no row of its own: a note, perhaps an outcome.
fn noted(state: CustomerState, fact: &Fact, note: EventNote, entry: BookEntry) -> Folded {
    let outcomes = outcomes_of::note(&note).into_iter().collect();
    Folded {
        rows: vec![(fact.source(), ViewRow::Note(note))],
        outcomes,
        effect: Effect { entry: Some(entry), ..Effect::default() },
        dead_letters: Vec::new(),
        state,
    }
}

fn park(mut state: CustomerState, fact: &Fact) -> Folded {
    if let Some(quarantine) = &mut state.quarantine {
        quarantine.waiting += 1;
    }
    let note = note(&state, fact, Disposition::Parked, None);
    noted(state, fact, note, BookEntry::Parked)
}

fn refuse(state: CustomerState, fact: &Fact, verdict: bool) -> Folded {
    let mut note = note(&state, fact, Disposition::Refused, None);
    if !verdict {
        note.verification_id = None;
    }
    noted(state, fact, note, BookEntry::Refused)
}

fn quarantine(mut state: CustomerState, fact: &Fact, cause: &str) -> Folded {
    let source = fact.source();
    state.quarantine.get_or_insert_with(|| Quarantine { since: source, cause: cause.to_owned(), waiting: 1 });
    let note = note(&state, fact, Disposition::DeadLettered, Some(cause));
    let mut folded = noted(state, fact, note, BookEntry::DeadLettered);
    folded.dead_letters.push((source, cause.to_owned()));
    folded
}

fn register(
    mut state: CustomerState,
    fact: &Fact,
    event: &RecordedEvent,
    registered: &CustomerRegistered,
) -> Folded {
    if state.erased.contains(Purpose::Profile) {
        return refuse(state, fact, false);
    }
    if let Some(first) = &state.registration {
        let (disposition, entry) = if first.body_fingerprint == registered.body_fingerprint {
            (Disposition::Duplicate, BookEntry::Duplicate)
        } else {
            (Disposition::Conflict, BookEntry::Conflict)
        };
        let note = note(&state, fact, disposition, None);
        return noted(state, fact, note, entry);
    }
    let created_at = next_created_at(&mut state, event);
    state.registration = Some(Registration {
        event_id: registered.event_id.clone(),
        source: event.source,
        full_name: Some(registered.full_name.clone()),
        external_id: registered.external_id.clone(),
        body_fingerprint: registered.body_fingerprint,
        created_at,
    });
    let note = note(&state, fact, Disposition::Applied, None);
    noted(state, fact, note, BookEntry::Applied)
}

fn erase(mut state: CustomerState, fact: &Fact, event: &RecordedEvent, erased: &CustomerErased) -> Folded {
    state.erased = state.erased.union(erased.purposes);
    if erased.purposes.contains(Purpose::Profile)
        && let Some(registration) = &mut state.registration
    {
        registration.full_name = None;
        registration.external_id = None;
    }
    let settled = recheck::settle_by_erasure(&mut state, event.appended_at);
    let mut note = note(&state, fact, Disposition::Applied, None);
    note.recheck = settled;
    let customer = state.customer.clone();
    let recheck = note.recheck.as_ref().and_then(|_| recheck::erased_row(&state, event.source));
    let outcome = outcomes_of::recheck_erased(&note, event.appended_at);
    let mut folded = noted(state, fact, note, BookEntry::Applied);
    folded.rows.extend(recheck);
    folded.outcomes.extend(outcome);
    if erased.purposes.contains(Purpose::Biometric) {
        folded.rows.push((fact.source(), ViewRow::EraseEnrolments(customer)));
    }
    folded
}
