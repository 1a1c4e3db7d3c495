//! Folding challenges: they make no row and lift no tier, they are counted.

use super::{
    CAUSE_EVENT_INCONSISTENT, CAUSE_NOT_REGISTERED, Fact, Folded, next_created_at, note, noted, quarantine,
    refuse,
};
use crate::event::{FlashChallengeIssued, RecordedEvent};
use crate::rows::{BookEntry, CustomerState, Disposition};
use crate::sealed::Purpose;

/// One beyond the cap is taken in as void: that is its effect, and it stands in the log as evidence like any other.
pub(super) fn record_challenge(
    mut state: CustomerState,
    fact: &Fact,
    event: &RecordedEvent,
    issued: &FlashChallengeIssued,
) -> Folded {
    if state.erased.contains(Purpose::Profile) {
        return refuse(state, fact, false);
    }
    if state.registration.is_none() {
        return quarantine(state, fact, CAUSE_NOT_REGISTERED);
    }
    if !issued.is_consistent() {
        return quarantine(state, fact, CAUSE_EVENT_INCONSISTENT);
    }
    if !state.challenges.issue(&issued.challenge_id, issued.purpose, issued.issued_at) {
        let note = note(&state, fact, Disposition::Duplicate, None);
        return noted(state, fact, note, BookEntry::Duplicate);
    }
    next_created_at(&mut state, event);
    let note = note(&state, fact, Disposition::Applied, None);
    noted(state, fact, note, BookEntry::Applied)
}
