//! Folding rechecks (sequence §4.2). A customer has one at a time: the first declared failure opens it while no valid
//! verdict stands, further ones raise its count, and a verdict, the bank or an erasure settles it. No tier changes here.

use super::{
    CAUSE_EVENT_INCONSISTENT, CAUSE_NOT_REGISTERED, CAUSE_RECHECK_NOT_OPEN, Effect, Fact, Folded, KnownRows,
    next_created_at, note, noted, quarantine, refuse,
};
use crate::event::{
    DeclaredFallback, DukcapilAttemptFailed, DukcapilVerdictReceived, FallbackRecheckClosed, RecordedEvent,
    Source,
};
use crate::ids::{EventId, RecheckId, derived};
use crate::outcomes_of;
use crate::policy::Method;
use crate::recheck::{RecheckEffect, RecheckStatus, SettledHow};
use crate::rows::{
    BookEntry, CustomerState, Disposition, FallbackRow, RecheckClosed, RecheckClosureRow, RecheckMark,
    RecheckRow, VerificationRow, ViewRow,
};
use crate::sealed::Purpose;
use crate::time::Timestamp;

/// A declaration that came alone.
pub(super) fn record_failure(
    mut state: CustomerState,
    fact: &Fact,
    event: &RecordedEvent,
    failed: &DukcapilAttemptFailed,
    known: &mut KnownRows,
) -> Folded {
    if state.erased.contains(Purpose::Profile) {
        return refuse(state, fact, true);
    }
    if let Some(first) = known.fallback_before(&failed.fallback_id, &failed.customer, event.source) {
        let is_same = first.body_fingerprint == failed.body_fingerprint;
        let (disposition, entry) = repetition(is_same);
        let note = note(&state, fact, disposition, None);
        let mut folded = noted(state, fact, note, entry);
        if is_same {
            folded.outcomes = outcomes_of::fallback(first);
        }
        return folded;
    }
    if state.registration.is_none() {
        return quarantine(state, fact, CAUSE_NOT_REGISTERED);
    }
    if !failed.is_consistent() {
        return quarantine(state, fact, CAUSE_EVENT_INCONSISTENT);
    }
    let created_at = next_created_at(&mut state, event);
    let row = FallbackRow {
        id: failed.fallback_id.clone(),
        customer: state.customer.clone(),
        event_id: failed.event_id.clone(),
        source: event.source,
        attempt: failed.attempt,
        recheck: None,
        opened: false,
        verification_id: None,
        body_fingerprint: failed.body_fingerprint,
        created_at,
    };
    let mut folded = Folded {
        state,
        rows: Vec::new(),
        outcomes: Vec::new(),
        effect: Effect { entry: Some(BookEntry::Applied), ..Effect::default() },
        dead_letters: Vec::new(),
    };
    let row = declare(&mut folded, row, known);
    folded.outcomes = outcomes_of::fallback(&row);
    folded
}

/// The declaration that a capture carries, once the capture itself was taken in: its row says which. One under an id that
/// stands already has no effect.
pub(super) fn declare_with(
    mut folded: Folded,
    of: &VerificationRow,
    fallback: &DeclaredFallback,
    known: &mut KnownRows,
) -> Folded {
    if known.fallback_before(&fallback.id, &of.customer, of.source).is_some() {
        return folded;
    }
    let row = FallbackRow {
        id: fallback.id.clone(),
        customer: of.customer.clone(),
        event_id: of.event_id.clone(),
        source: of.source,
        attempt: fallback.attempt,
        recheck: None,
        opened: false,
        verification_id: Some(of.id.clone()),
        body_fingerprint: of.body_fingerprint,
        created_at: of.created_at,
    };
    let row = declare(&mut folded, row, known);
    folded.outcomes = outcomes_of::with_fallback(folded.outcomes, &row);
    folded
}

/// Takes the failure into the customer's recheck, or opens one for it.
fn declare(folded: &mut Folded, mut row: FallbackRow, known: &mut KnownRows) -> FallbackRow {
    let state = &mut folded.state;
    let attempts = u64::from(row.attempt.attempts);
    let open = state.recheck.as_deref_mut().filter(|recheck| recheck.status == RecheckStatus::Open);
    if let Some(recheck) = open {
        recheck.attempts += attempts;
        recheck.last_attempt_at = recheck.last_attempt_at.max(row.attempt.attempted_at);
        row.recheck = Some(recheck.id.clone());
    } else if !state.verified.contains(Method::NikDukcapil) {
        let recheck = RecheckRow {
            id: opened_by(&row.event_id),
            customer: row.customer.clone(),
            status: RecheckStatus::Open,
            cause: row.attempt.cause,
            opened_at: row.created_at,
            last_attempt_at: row.attempt.attempted_at,
            attempts,
            settled_at: None,
            how: None,
            verification_id: None,
            closed: None,
            source: row.source,
        };
        row.recheck = Some(recheck.id.clone());
        row.opened = true;
        state.recheck = Some(Box::new(recheck));
    }
    if row.recheck.is_some() {
        folded.rows.extend(recheck_row(&folded.state, row.source));
    }
    known.fallbacks.insert(row.id.clone(), row.clone());
    folded.rows.push((row.source, ViewRow::Fallback(row.clone())));
    row
}

/// The recheck that the event opens.
fn opened_by(event_id: &EventId) -> RecheckId {
    RecheckId::from_bytes(derived(RecheckId::PREFIX, event_id.as_str(), 0))
}

fn recheck_row(state: &CustomerState, at: Source) -> Option<(Source, ViewRow)> {
    Some((at, ViewRow::Recheck(state.recheck.clone()?)))
}

/// What a verdict does to the customer's recheck, before it is itself taken in.
pub(super) fn mark_of(state: &CustomerState, verdict: &DukcapilVerdictReceived) -> Option<RecheckMark> {
    let recheck = state.recheck.as_deref()?;
    let stood = state.verified.contains(Method::NikDukcapil);
    let effect = RecheckEffect::of_verdict(recheck.status, verdict.valid, verdict.reason_category, stood)?;
    Some(RecheckMark { recheck: recheck.id.clone(), effect })
}

/// The verdict of that row settles what it marks. Its outcomes are among those of the row.
pub(super) fn settle_by(state: &mut CustomerState, row: &VerificationRow) -> Option<(Source, ViewRow)> {
    let mark = row.recheck.as_ref().filter(|mark| mark.effect.settles())?;
    let recheck = state.recheck.as_deref_mut().filter(|recheck| recheck.id == mark.recheck)?;
    settle(recheck, mark.effect.status(), SettledHow::Verdict, row.created_at);
    recheck.verification_id = Some(row.id.clone());
    recheck_row(state, row.source)
}

fn settle(recheck: &mut RecheckRow, status: RecheckStatus, how: SettledHow, at: Timestamp) {
    recheck.status = status;
    recheck.how = Some(how);
    recheck.settled_at = Some(at);
}

/// The same recheck, open again: the verdict that confirmed it does not count any more.
#[must_use]
pub fn reopened(recheck: &RecheckRow) -> RecheckRow {
    RecheckRow {
        status: RecheckStatus::Open,
        settled_at: None,
        how: None,
        verification_id: None,
        ..recheck.clone()
    }
}

/// The first closing of an open recheck counts; of whatever else there is only a note.
pub(super) fn record_closure(
    state: CustomerState,
    fact: &Fact,
    event: &RecordedEvent,
    closed: &FallbackRecheckClosed,
    known: &mut KnownRows,
) -> Folded {
    if state.erased.contains(Purpose::Profile) {
        return refuse(state, fact, true);
    }
    if let Some(first) = known.closure_before(&closed.recheck_id, &closed.customer, event.source) {
        let is_same = first.event_id == closed.event_id && first.body_fingerprint == closed.body_fingerprint;
        let (disposition, entry) = repetition(is_same);
        let note = note(&state, fact, disposition, None);
        let mut folded = noted(state, fact, note, entry);
        folded.outcomes = vec![outcomes_of::recheck_closed(first)];
        return folded;
    }
    if state.registration.is_none() {
        return quarantine(state, fact, CAUSE_NOT_REGISTERED);
    }
    if !closed.is_consistent() {
        return quarantine(state, fact, CAUSE_EVENT_INCONSISTENT);
    }
    let is_open =
        |recheck: &RecheckRow| recheck.id == closed.recheck_id && recheck.status == RecheckStatus::Open;
    if !state.recheck.as_deref().is_some_and(is_open) {
        let note = note(&state, fact, Disposition::Conflict, Some(CAUSE_RECHECK_NOT_OPEN));
        return noted(state, fact, note, BookEntry::Conflict);
    }
    close(state, event, closed, known)
}

fn close(
    mut state: CustomerState,
    event: &RecordedEvent,
    closed: &FallbackRecheckClosed,
    known: &mut KnownRows,
) -> Folded {
    let created_at = next_created_at(&mut state, event);
    let closure = RecheckClosureRow {
        recheck: closed.recheck_id.clone(),
        customer: state.customer.clone(),
        event_id: closed.event_id.clone(),
        source: event.source,
        reason_code: closed.reason_code.clone(),
        note: closed.note.clone(),
        by: closed.by.clone(),
        body_fingerprint: closed.body_fingerprint,
        created_at,
    };
    if let Some(recheck) = state.recheck.as_deref_mut() {
        settle(recheck, RecheckStatus::Closed, SettledHow::Close, created_at);
        recheck.closed = Some(RecheckClosed {
            event_id: closure.event_id.clone(),
            body_fingerprint: closure.body_fingerprint,
            reason_code: closure.reason_code.clone(),
            by: closure.by.clone(),
            created_at,
        });
    }
    known.closures.insert(closure.recheck.clone(), closure.clone());
    let mut rows = vec![(event.source, ViewRow::RecheckClosure(closure.clone()))];
    rows.extend(recheck_row(&state, event.source));
    Folded {
        rows,
        outcomes: vec![outcomes_of::recheck_closed(&closure)],
        effect: Effect { entry: Some(BookEntry::Applied), ..Effect::default() },
        dead_letters: Vec::new(),
        state,
    }
}

/// The recheck that an erasure settles: an open one, once the profile is erased, since no verdict of the customer counts
/// from then on. At the erasure's own time, so that whoever folds it again need not know what came before.
pub(super) fn settle_by_erasure(state: &mut CustomerState, at: Timestamp) -> Option<RecheckId> {
    let is_erased = state.erased.contains(Purpose::Profile);
    let recheck = state.recheck.as_deref_mut().filter(|recheck| recheck.status == RecheckStatus::Open)?;
    if !is_erased {
        return None;
    }
    settle(recheck, RecheckStatus::Erased, SettledHow::Erasure, at);
    Some(recheck.id.clone())
}

/// Its row, to be written with the erasure's.
pub(super) fn erased_row(state: &CustomerState, at: Source) -> Option<(Source, ViewRow)> {
    recheck_row(state, at)
}

fn repetition(is_same: bool) -> (Disposition, BookEntry) {
    if is_same {
        (Disposition::Duplicate, BookEntry::Duplicate)
    } else {
        (Disposition::Conflict, BookEntry::Conflict)
    }
}
