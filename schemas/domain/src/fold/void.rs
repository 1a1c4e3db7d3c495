//! Folding a void: the tier is computed again from what stands. The verification's own row stays as it is, and so does
//! everything that was so before.

use super::recheck::reopened;
use super::standing::{StandingProofs, counts_as_verified};
use super::verification::tier_change;
use super::{
    CAUSE_NOT_REGISTERED, CAUSE_NOT_VOIDABLE, Effect, Fact, FoldStop, Folded, KnownRows, next_created_at,
    note, noted, quarantine, refuse,
};
use crate::event::{RecordedEvent, VerificationVoided};
use crate::ids::{EnrolmentId, VerificationId};
use crate::outcomes_of;
use crate::policy::TierPolicy;
use crate::recheck::RecheckStatus;
use crate::rows::{BookEntry, CustomerState, Disposition, TierEventRow, ViewRow, VoidEntry, VoidRow};
use crate::sealed::Purpose;

impl Fact {
    /// The verification that it makes void, if it does.
    pub fn void_of(&self) -> Option<&VerificationId> {
        match self {
            Self::Event(event) => event.event.void_of(),
            Self::Poison(poison) => poison.void_of.as_ref(),
        }
    }
}

/// The first void of a verification that counts as verified takes it away; of whatever else, and of a second time, there
/// is only a note.
pub(super) fn record_void(
    state: CustomerState,
    fact: &Fact,
    event: &RecordedEvent,
    voided: &VerificationVoided,
    known: &mut KnownRows,
) -> Result<Folded, FoldStop> {
    let policy = TierPolicy::of_version(voided.policy_version)
        .ok_or(FoldStop::UnknownPolicy(voided.policy_version))?;
    if state.erased.contains(Purpose::Profile) {
        return Ok(refuse(state, fact, true));
    }
    if let Some(first) = known.void_before(&voided.verification_id, &voided.customer, event.source) {
        return Ok(repeated(state, fact, voided, first));
    }
    if state.registration.is_none() {
        return Ok(quarantine(state, fact, CAUSE_NOT_REGISTERED));
    }
    let row = known.verification_before(&voided.verification_id, &voided.customer, event.source);
    let review = known.review_before(&voided.verification_id, &voided.customer, event.source);
    let row = row.filter(|row| counts_as_verified(row, review) && !state.voids.is_full());
    let proofs = known.standing_proofs(&state.customer, event.source);
    let Some((row, proofs)) = row.zip(proofs) else {
        let note = note(&state, fact, Disposition::Conflict, Some(CAUSE_NOT_VOIDABLE));
        return Ok(noted(state, fact, note, BookEntry::Conflict));
    };
    let of_review = review.and_then(|review| review.enrolment.clone());
    let enrolment = row.enrolment.clone().or(of_review);
    Ok(record(state, event, voided, Standing { policy, proofs, enrolment }, known))
}

/// What the fold found of the customer right before a void.
struct Standing {
    policy: TierPolicy,
    proofs: StandingProofs,
    /// The reference that goes.
    enrolment: Option<EnrolmentId>,
}

fn record(
    mut state: CustomerState,
    event: &RecordedEvent,
    voided: &VerificationVoided,
    before_it: Standing,
    known: &mut KnownRows,
) -> Folded {
    let Standing { policy, proofs, enrolment } = before_it;
    let created_at = next_created_at(&mut state, event);
    let before = state.kyc;
    state.voids.add(VoidEntry { verification: voided.verification_id.clone(), enrolment: enrolment.clone() });
    (state.verified, state.kyc) = proofs.kyc(policy, &state.voids, event.source, before);
    let row = VoidRow {
        verification_id: voided.verification_id.clone(),
        customer: state.customer.clone(),
        event_id: voided.event_id.clone(),
        source: event.source,
        reason: voided.reason,
        note: voided.note.clone(),
        by: voided.by.clone(),
        body_fingerprint: voided.body_fingerprint,
        enrolment,
        tier_event: tier_change(&voided.event_id, before, state.kyc),
        kyc_before: before,
        kyc_after: state.kyc,
        created_at,
    };
    let mut rows = vec![ViewRow::Void(Box::new(row.clone()))];
    // The verdict that confirmed the customer's recheck: it is open again.
    let confirmed = state.recheck.take_if(|recheck| {
        recheck.status == RecheckStatus::Confirmed
            && recheck.verification_id.as_ref() == Some(&row.verification_id)
    });
    if let Some(recheck) = confirmed {
        let recheck = Box::new(reopened(&recheck));
        rows.push(ViewRow::Recheck(recheck.clone()));
        state.recheck = Some(recheck);
    }
    rows.extend(tier_event_row(&row).map(ViewRow::TierEvent));
    known.voids.insert(row.verification_id.clone(), row.clone());
    Folded {
        rows: rows.into_iter().map(|row| (event.source, row)).collect(),
        outcomes: outcomes_of::void(&row),
        effect: Effect { entry: Some(BookEntry::Applied), ..Effect::default() },
        dead_letters: Vec::new(),
        state,
    }
}

/// The verification was void at an earlier offset. Whoever waits for this one hears which one counts.
fn repeated(state: CustomerState, fact: &Fact, voided: &VerificationVoided, first: &VoidRow) -> Folded {
    let is_same = first.event_id == voided.event_id && first.body_fingerprint == voided.body_fingerprint;
    let (disposition, entry) = if is_same {
        (Disposition::Duplicate, BookEntry::Duplicate)
    } else {
        (Disposition::Conflict, BookEntry::Conflict)
    };
    let note = note(&state, fact, disposition, None);
    let mut folded = noted(state, fact, note, entry);
    folded.outcomes = vec![outcomes_of::void_recorded(first)];
    folded
}

fn tier_event_row(row: &VoidRow) -> Option<TierEventRow> {
    Some(TierEventRow {
        id: row.tier_event.clone()?,
        customer: row.customer.clone(),
        source: row.source,
        from_tier: row.kyc_before.tier,
        to_tier: row.kyc_after.tier,
        reason: outcomes_of::void_reason(&row.verification_id),
        created_at: row.created_at,
    })
}
