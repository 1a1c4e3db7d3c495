//! Folding a captured card that was judged: its pixels are not looked at here, only what was decided.

use super::verification::{self, NewVerification};
use super::{
    CAUSE_CHALLENGE_VOID, CAUSE_EVENT_INCONSISTENT, CAUSE_NOT_REGISTERED, Fact, FoldStop, Folded, KnownRows,
    note, noted, quarantine, recheck, refuse,
};
use crate::capture::{CaptureVerdict, ChallengeStanding};
use crate::event::{KtpCaptureAssessed, RecordedEvent};
use crate::ids::ChallengeId;
use crate::policy::{Method, Methods, TierPolicy};
use crate::rows::{BookEntry, CustomerState, Disposition, VerificationStatus};
use crate::sealed::Purpose;

/// A second bundle for a used challenge is a conflict by itself, since the verification's id follows from the challenge.
/// After an erasure of the profile or of the biometric data a capture is refused, since without a portrait and without
/// what was measured nothing of it could be shown again; one that was applied before is still repeated as what it was.
pub(super) fn record_capture(
    state: CustomerState,
    fact: &Fact,
    event: &RecordedEvent,
    assessed: &KtpCaptureAssessed,
    known: &mut KnownRows,
) -> Result<Folded, FoldStop> {
    let policy = TierPolicy::of_version(assessed.policy_version)
        .ok_or(FoldStop::UnknownPolicy(assessed.policy_version))?;
    if state.erased.contains(Purpose::Profile) {
        return Ok(refuse(state, fact, true));
    }
    let first = known.verification_before(&assessed.verification_id, &assessed.customer, event.source);
    if let Some(first) = first {
        return Ok(verification::repeated(state, fact, event, assessed.body_fingerprint, first));
    }
    if state.erased.contains(Purpose::Biometric) {
        return Ok(refuse(state, fact, true));
    }
    if state.registration.is_none() {
        return Ok(quarantine(state, fact, CAUSE_NOT_REGISTERED));
    }
    if !assessed.is_consistent() {
        return Ok(quarantine(state, fact, CAUSE_EVENT_INCONSISTENT));
    }
    if !challenge_stands(&state, &assessed.assessment.challenge) {
        let note = note(&state, fact, Disposition::Refused, Some(CAUSE_CHALLENGE_VOID));
        return Ok(noted(state, fact, note, BookEntry::Refused));
    }
    let folded = verification::record(state, event, new_verification(assessed, policy), known);
    let row = known.verification(&assessed.verification_id, &assessed.customer).cloned();
    Ok(match (&assessed.fallback, row) {
        (Some(fallback), Some(row)) => recheck::declare_with(folded, &row, fallback, known),
        _ => folded,
    })
}

fn new_verification(assessed: &KtpCaptureAssessed, policy: TierPolicy) -> NewVerification {
    let (status, enrolment, enrolment_on_review) = match assessed.assessment.verdict {
        CaptureVerdict::Passed => (VerificationStatus::Verified, assessed.enrolment_id.clone(), None),
        CaptureVerdict::RequiresReview => (VerificationStatus::Pending, None, assessed.enrolment_id.clone()),
        CaptureVerdict::Failed => (VerificationStatus::Failed, None, None),
    };
    let passed = status == VerificationStatus::Verified;
    NewVerification {
        id: assessed.verification_id.clone(),
        method: Method::KtpCapture,
        status,
        score: assessed.score,
        reason: None,
        reason_category: assessed.reason_category,
        body_fingerprint: assessed.body_fingerprint,
        enrolment,
        enrolment_on_review,
        face_match: None,
        assessment: Some((*assessed.assessment).clone()),
        recheck: None,
        signals: assessed.signals.clone(),
        proved: passed.then(|| Methods::of(&[Method::KtpCapture])),
        policy,
    }
}

/// Whether a capture may answer the challenge: one that was issued beyond the cap is void (sequence §1.7). One that the
/// state has dropped was signed with its own secret, which nobody has who was not given it.
fn challenge_stands(state: &CustomerState, challenge: &ChallengeId) -> bool {
    state.challenges.standing(challenge) != ChallengeStanding::Void
}
