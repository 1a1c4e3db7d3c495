//! Folding a verdict: applied, repeated, or never applicable.

use super::verification::{self, NewVerification};
use super::{
    CAUSE_INCONSISTENT, CAUSE_NOT_REGISTERED, Fact, FoldStop, Folded, KnownRows, quarantine, recheck, refuse,
};
use crate::event::{DukcapilVerdictReceived, RecordedEvent};
use crate::policy::{Method, Methods, TierPolicy};
use crate::rows::{CustomerState, VerificationStatus};
use crate::sealed::Purpose;

pub(super) fn record_verdict(
    state: CustomerState,
    fact: &Fact,
    event: &RecordedEvent,
    verdict: &DukcapilVerdictReceived,
    known: &mut KnownRows,
) -> Result<Folded, FoldStop> {
    let policy = TierPolicy::of_version(verdict.policy_version)
        .ok_or(FoldStop::UnknownPolicy(verdict.policy_version))?;
    if state.erased.contains(Purpose::Profile) {
        return Ok(refuse(state, fact, true));
    }
    let first = known.verification_before(&verdict.verification_id, &verdict.customer, event.source);
    if let Some(first) = first {
        return Ok(verification::repeated(state, fact, event, verdict.body_fingerprint, first));
    }
    if state.registration.is_none() {
        return Ok(quarantine(state, fact, CAUSE_NOT_REGISTERED));
    }
    if !verdict.is_consistent() {
        return Ok(quarantine(state, fact, CAUSE_INCONSISTENT));
    }
    // A withdrawn biometric consent leaves the registry's word, which is no biometric data, and enrols nothing.
    let enrolment = verdict.enrolment_id.clone().filter(|_| !state.erased.contains(Purpose::Biometric));
    let mark = recheck::mark_of(&state, verdict);
    let signal = mark.as_ref().and_then(|mark| mark.effect.signal());
    let new = NewVerification {
        id: verdict.verification_id.clone(),
        method: Method::NikDukcapil,
        status: if verdict.valid { VerificationStatus::Verified } else { VerificationStatus::Failed },
        score: verdict.valid.then_some(100),
        reason: verdict.reason.clone(),
        reason_category: verdict.reason_category,
        body_fingerprint: verdict.body_fingerprint,
        enrolment,
        enrolment_on_review: None,
        face_match: None,
        assessment: None,
        signals: signal.map(str::to_owned).into_iter().collect(),
        recheck: mark,
        proved: verdict.valid.then(|| Methods::of(&[Method::NikDukcapil])),
        policy,
    };
    Ok(verification::record(state, event, new, known))
}
