//! Folding a review: what a person decided of a pending verification. The verification's own row stays as it is; the
//! review is a row beside it, and the tier counts it.

use super::verification::{take_in, tier_change};
use super::{
    CAUSE_EVENT_INCONSISTENT, CAUSE_NOT_PENDING, CAUSE_NOT_REGISTERED, Effect, Fact, FoldStop, Folded,
    KnownRows, next_created_at, note, noted, quarantine, refuse,
};
use crate::event::{RecordedEvent, VerificationReviewed};
use crate::outcomes_of;
use crate::policy::{Methods, TierPolicy};
use crate::rows::{
    BookEntry, CustomerState, Disposition, EnrolmentRow, ReviewRow, ReviewSubject, TierEventRow,
    VerificationRow, VerificationStatus, ViewRow,
};
use crate::sealed::Purpose;

/// The first review of a pending verification counts; of whatever else, and of a second time, there is only a note.
pub(super) fn record_review(
    state: CustomerState,
    fact: &Fact,
    event: &RecordedEvent,
    reviewed: &VerificationReviewed,
    known: &mut KnownRows,
) -> Result<Folded, FoldStop> {
    let policy = TierPolicy::of_version(reviewed.policy_version)
        .ok_or(FoldStop::UnknownPolicy(reviewed.policy_version))?;
    if state.erased.contains(Purpose::Profile) {
        return Ok(refuse(state, fact, true));
    }
    if let Some(first) = known.review_before(&reviewed.verification_id, &reviewed.customer, event.source) {
        return Ok(repeated(state, fact, reviewed, first));
    }
    if state.registration.is_none() {
        return Ok(quarantine(state, fact, CAUSE_NOT_REGISTERED));
    }
    if !reviewed.is_consistent() {
        return Ok(quarantine(state, fact, CAUSE_EVENT_INCONSISTENT));
    }
    let row = known.verification_before(&reviewed.verification_id, &reviewed.customer, event.source);
    let Some(row) = row.filter(|row| row.status == VerificationStatus::Pending).cloned() else {
        let note = note(&state, fact, Disposition::Conflict, Some(CAUSE_NOT_PENDING));
        return Ok(noted(state, fact, note, BookEntry::Conflict));
    };
    Ok(record(state, event, reviewed, policy, &row, known))
}

fn record(
    mut state: CustomerState,
    event: &RecordedEvent,
    reviewed: &VerificationReviewed,
    policy: TierPolicy,
    row: &VerificationRow,
    known: &mut KnownRows,
) -> Folded {
    let created_at = next_created_at(&mut state, event);
    let before = state.kyc;
    let verified = reviewed.to_status == VerificationStatus::Verified;
    if verified {
        take_in(&mut state, policy, Methods::of(&[row.method]), created_at);
    }
    // The portrait opens for nobody after a withdrawn biometric consent; the decision is no biometric data.
    let enrols = verified && !state.erased.contains(Purpose::Biometric);
    let review = ReviewRow {
        verification_id: row.id.clone(),
        customer: state.customer.clone(),
        event_id: reviewed.event_id.clone(),
        source: event.source,
        to_status: reviewed.to_status,
        reason_code: reviewed.reason_code.clone(),
        note: reviewed.note.clone(),
        by: reviewed.by.clone(),
        body_fingerprint: reviewed.body_fingerprint,
        subject: ReviewSubject {
            method: row.method,
            reason_category: row.reason_category,
            place: row.place(),
        },
        enrolment: row.enrolment_on_review.clone().filter(|_| enrols),
        tier_event: tier_change(&reviewed.event_id, before, state.kyc),
        kyc_before: before,
        kyc_after: state.kyc,
        created_at,
    };
    let mut rows = vec![ViewRow::Review(Box::new(review.clone()))];
    rows.extend(enrolment_row(&review, row).map(ViewRow::Enrolment));
    rows.extend(tier_event_row(&review).map(ViewRow::TierEvent));
    known.reviews.insert(review.verification_id.clone(), review.clone());
    Folded {
        rows: rows.into_iter().map(|row| (event.source, row)).collect(),
        outcomes: outcomes_of::review(&review),
        effect: Effect { entry: Some(BookEntry::Applied), reviewed: vec![review], ..Effect::default() },
        dead_letters: Vec::new(),
        state,
    }
}

/// The verification was reviewed at an earlier offset. Whoever waits for this one hears which one counts.
fn repeated(state: CustomerState, fact: &Fact, reviewed: &VerificationReviewed, first: &ReviewRow) -> Folded {
    let is_same = first.event_id == reviewed.event_id && first.body_fingerprint == reviewed.body_fingerprint;
    let (disposition, entry) = if is_same {
        (Disposition::Duplicate, BookEntry::Duplicate)
    } else {
        (Disposition::Conflict, BookEntry::Conflict)
    };
    let note = note(&state, fact, disposition, None);
    let mut folded = noted(state, fact, note, entry);
    folded.outcomes = vec![outcomes_of::review_recorded(first)];
    folded
}

/// The portrait of the capture becomes a reference, from here on: its photo stays where the capture put it.
fn enrolment_row(review: &ReviewRow, of: &VerificationRow) -> Option<EnrolmentRow> {
    Some(EnrolmentRow {
        id: review.enrolment.clone()?,
        customer: review.customer.clone(),
        verification_id: Some(of.id.clone()),
        event_id: of.event_id.clone(),
        source: of.source,
        face_source: outcomes_of::brought_source(of.method),
        body_fingerprint: None,
        created_at: review.created_at,
    })
}

fn tier_event_row(review: &ReviewRow) -> Option<TierEventRow> {
    Some(TierEventRow {
        id: review.tier_event.clone()?,
        customer: review.customer.clone(),
        source: review.source,
        from_tier: review.kyc_before.tier,
        to_tier: review.kyc_after.tier,
        reason: outcomes_of::tier_reason(review.subject.method),
        created_at: review.created_at,
    })
}
