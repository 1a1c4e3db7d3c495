//! Folding faces: a reference that came by itself, and the decision of a match. Pictures are not looked at here, and
//! vectors are not waited for.

use super::verification::{self, NewVerification};
use super::{
    CAUSE_EVENT_INCONSISTENT, CAUSE_NOT_REGISTERED, Effect, Fact, FoldStop, Folded, KnownRows,
    next_created_at, note, noted, quarantine, refuse,
};
use crate::event::{FaceMatchDecided, FaceReferenceAdded, RecordedEvent};
use crate::outcomes_of;
use crate::policy::{Method, Methods, TierPolicy};
use crate::rows::{
    BookEntry, CustomerState, Disposition, EnrolmentRow, FaceMatchRow, FaceSource, ReferenceRow,
    VerificationStatus, ViewRow,
};
use crate::sealed::Purpose;

/// After an erasure of the profile or of the biometric data a reference is refused: to be one is all it is for, and
/// the photo opens for nobody any more. One that was enrolled before the latter is still repeated as what it was.
pub(super) fn add_reference(
    mut state: CustomerState,
    fact: &Fact,
    event: &RecordedEvent,
    reference: &FaceReferenceAdded,
    known: &mut KnownRows,
) -> Folded {
    if state.erased.contains(Purpose::Profile) {
        return refuse(state, fact, false);
    }
    let first = known.reference_before(&reference.enrolment_id, &reference.customer, event.source);
    if let Some(first) = first {
        return repeated(state, fact, reference, first);
    }
    if state.erased.contains(Purpose::Biometric) {
        return refuse(state, fact, false);
    }
    if state.registration.is_none() {
        return quarantine(state, fact, CAUSE_NOT_REGISTERED);
    }
    if !reference.is_consistent() {
        return quarantine(state, fact, CAUSE_EVENT_INCONSISTENT);
    }
    let row = ReferenceRow {
        id: reference.enrolment_id.clone(),
        customer: reference.customer.clone(),
        event_id: reference.event_id.clone(),
        source: event.source,
        face_source: reference.face_source,
        body_fingerprint: reference.body_fingerprint,
        created_at: next_created_at(&mut state, event),
    };
    known.references.insert(row.id.clone(), row.clone());
    let enrolment = EnrolmentRow {
        id: row.id.clone(),
        customer: row.customer.clone(),
        verification_id: None,
        event_id: row.event_id.clone(),
        source: row.source,
        face_source: row.face_source,
        body_fingerprint: Some(row.body_fingerprint),
        created_at: row.created_at,
    };
    Folded {
        outcomes: vec![outcomes_of::face_enrolled(&row)],
        rows: [ViewRow::Reference(row), ViewRow::Enrolment(enrolment)]
            .map(|row| (event.source, row))
            .to_vec(),
        effect: Effect { entry: Some(BookEntry::Applied), ..Effect::default() },
        dead_letters: Vec::new(),
        state,
    }
}

/// The same enrolment id stood at an earlier offset: the first body counts. Nobody is told of another one by an
/// outcome: whoever waits for a reference reads its row, which says whose body made it.
fn repeated(
    state: CustomerState,
    fact: &Fact,
    reference: &FaceReferenceAdded,
    first: &ReferenceRow,
) -> Folded {
    let is_same = first.body_fingerprint == reference.body_fingerprint;
    let (disposition, entry) = if is_same {
        (Disposition::Duplicate, BookEntry::Duplicate)
    } else {
        (Disposition::Conflict, BookEntry::Conflict)
    };
    let note = note(&state, fact, disposition, None);
    let mut folded = noted(state, fact, note, entry);
    folded.outcomes = is_same.then(|| outcomes_of::face_enrolled(first)).into_iter().collect();
    folded
}

/// After an erasure of the biometric data a match is refused, since all of it is biometric; one that was applied
/// before is still repeated as what it was.
pub(super) fn record_match(
    state: CustomerState,
    fact: &Fact,
    event: &RecordedEvent,
    decided: &FaceMatchDecided,
    known: &mut KnownRows,
) -> Result<Folded, FoldStop> {
    let policy = TierPolicy::of_version(decided.policy_version)
        .ok_or(FoldStop::UnknownPolicy(decided.policy_version))?;
    if state.erased.contains(Purpose::Profile) {
        return Ok(refuse(state, fact, true));
    }
    let first = known.verification_before(&decided.verification_id, &decided.customer, event.source);
    if let Some(first) = first {
        return Ok(verification::repeated(state, fact, event, decided.body_fingerprint, first));
    }
    if state.erased.contains(Purpose::Biometric) {
        return Ok(refuse(state, fact, true));
    }
    if state.registration.is_none() {
        return Ok(quarantine(state, fact, CAUSE_NOT_REGISTERED));
    }
    if !decided.is_consistent() {
        return Ok(quarantine(state, fact, CAUSE_EVENT_INCONSISTENT));
    }
    let counts = decided.matched && carries_a_tier(decided.reference.face_source);
    let new = NewVerification {
        id: decided.verification_id.clone(),
        method: Method::FaceMatch,
        status: if decided.matched { VerificationStatus::Verified } else { VerificationStatus::Failed },
        score: Some(decided.score),
        reason: None,
        reason_category: decided.reason_category,
        body_fingerprint: decided.body_fingerprint,
        enrolment: None,
        enrolment_on_review: None,
        face_match: Some(match_row(decided)),
        assessment: None,
        recheck: None,
        signals: decided.signals.clone(),
        proved: counts.then(|| Methods::of_match(decided.liveness.is_some())),
        policy,
    };
    Ok(verification::record(state, event, new, known))
}

/// Whether a match against a reference of that source counts for the tier: only where somebody else than the person
/// in front of the camera vouches for whose face it is (contract §3).
fn carries_a_tier(source: FaceSource) -> bool {
    match source {
        FaceSource::Dukcapil | FaceSource::KtpExtract => true,
        FaceSource::OnboardingSelfie | FaceSource::StepUpPromotion => false,
    }
}

fn match_row(decided: &FaceMatchDecided) -> FaceMatchRow {
    FaceMatchRow {
        matched: decided.matched,
        risk_level: decided.risk_level,
        threshold_milli: decided.threshold_milli,
        model: decided.model.clone(),
        bound: decided.liveness.clone(),
        reference: decided.reference.clone(),
        similarity: decided.similarity.clone(),
    }
}
