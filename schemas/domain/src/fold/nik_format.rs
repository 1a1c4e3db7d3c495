//! Folding a NIK whose form was checked: its digits are not looked at here, only what was found.

use super::verification::{self, NewVerification};
use super::{
    CAUSE_EVENT_INCONSISTENT, CAUSE_NOT_REGISTERED, Fact, FoldStop, Folded, KnownRows, quarantine, refuse,
};
use crate::event::{NikFormatChecked, RecordedEvent};
use crate::policy::{Method, Methods, TierPolicy};
use crate::rows::{CustomerState, NikErasure, VerificationStatus, ViewRow};
use crate::sealed::{Purpose, Purposes};

/// The score of a NIK that can be the person's: there is nothing between that and one that cannot.
const SCORE_VERIFIED: u32 = 100;

pub(super) fn record_nik_format(
    state: CustomerState,
    fact: &Fact,
    event: &RecordedEvent,
    checked: &NikFormatChecked,
    known: &mut KnownRows,
) -> Result<Folded, FoldStop> {
    let policy = TierPolicy::of_version(checked.policy_version)
        .ok_or(FoldStop::UnknownPolicy(checked.policy_version))?;
    if state.erased.contains(Purpose::Profile) {
        return Ok(refuse(state, fact, true));
    }
    let first = known.verification_before(&checked.verification_id, &checked.customer, event.source);
    if let Some(first) = first {
        return Ok(verification::repeated(state, fact, event, checked.body_fingerprint, first));
    }
    if state.registration.is_none() {
        return Ok(quarantine(state, fact, CAUSE_NOT_REGISTERED));
    }
    if !checked.is_consistent() {
        return Ok(quarantine(state, fact, CAUSE_EVENT_INCONSISTENT));
    }
    let findings = &checked.findings;
    let new = NewVerification {
        id: checked.verification_id.clone(),
        method: Method::NikFormat,
        status: if findings.verified { VerificationStatus::Verified } else { VerificationStatus::Failed },
        score: findings.verified.then_some(SCORE_VERIFIED),
        reason: None,
        reason_category: findings.reason_category(),
        body_fingerprint: checked.body_fingerprint,
        enrolment: None,
        enrolment_on_review: None,
        face_match: None,
        assessment: None,
        nik_format: Some(findings.clone()),
        recheck: None,
        noticed: checked.signals.clone(),
        proved: findings.verified.then(|| Methods::of(&[Method::NikFormat])),
        policy,
    };
    Ok(verification::record(state, event, new, known))
}

/// What an erasure of the profile takes away: the customer's tags, and by them the rows that name it.
pub(super) fn erase_niks(state: &mut CustomerState, purposes: Purposes) -> Option<ViewRow> {
    purposes.contains(Purpose::Profile).then(|| {
        let tags = std::mem::take(&mut state.niks).tags();
        ViewRow::EraseNiks(NikErasure { customer: state.customer.clone(), tags })
    })
}
