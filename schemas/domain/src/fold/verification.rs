//! What verdicts, matches and captures have in common: a verification row that is made once, what it does to the tier, and what
//! becomes of its repetition.

use super::{Effect, Fact, Folded, KnownRows, SIGNAL_CONFLICT, next_created_at, note, noted, recheck};
use crate::capture::CaptureAssessment;
use crate::classify::ReasonCategory;
use crate::event::{Fingerprint, RecordedEvent};
use crate::ids::{EnrolmentId, EventId, TierEventId, VerificationId, derived};
use crate::outcomes_of;
use crate::policy::{KYC_VALIDITY_MONTHS, Method, Methods, TierPolicy};
use crate::rows::{
    BookEntry, CustomerState, Disposition, EnrolmentRow, FaceMatchRow, Kyc, RecheckMark, SignalRow,
    TierEventRow, VerificationRow, VerificationStatus, ViewRow,
};
use crate::sealed::Sealed;
use crate::time::Timestamp;

/// What an event says of the verification that it makes.
pub(super) struct NewVerification {
    pub(super) id: VerificationId,
    pub(super) method: Method,
    pub(super) status: VerificationStatus,
    pub(super) score: Option<u32>,
    pub(super) reason: Option<Sealed>,
    pub(super) reason_category: Option<ReasonCategory>,
    pub(super) body_fingerprint: Fingerprint,
    pub(super) enrolment: Option<EnrolmentId>,
    /// The reference that a review makes.
    pub(super) enrolment_on_review: Option<EnrolmentId>,
    pub(super) face_match: Option<FaceMatchRow>,
    pub(super) assessment: Option<CaptureAssessment>,
    /// What it does to the customer's recheck.
    pub(super) recheck: Option<RecheckMark>,
    /// Codes of what was noticed.
    pub(super) signals: Vec<String>,
    /// What it proves, for the tier; none where it proves nothing.
    pub(super) proved: Option<Methods>,
    pub(super) policy: TierPolicy,
}

/// Makes the row and what follows from it.
pub(super) fn record(
    mut state: CustomerState,
    event: &RecordedEvent,
    new: NewVerification,
    known: &mut KnownRows,
) -> Folded {
    let created_at = next_created_at(&mut state, event);
    let before = state.kyc;
    if let Some(proved) = new.proved {
        take_in(&mut state, new.policy, proved, created_at);
    }
    let event_id = event.event.event_id();
    let tier_event = tier_change(event_id, before, state.kyc);
    let row = VerificationRow {
        id: new.id,
        customer: state.customer.clone(),
        event_id: event_id.clone(),
        source: event.source,
        method: new.method,
        status: new.status,
        score: new.score,
        reason: new.reason,
        reason_category: new.reason_category,
        body_fingerprint: new.body_fingerprint,
        enrolment: new.enrolment,
        enrolment_on_review: new.enrolment_on_review,
        face_match: new.face_match,
        assessment: new.assessment,
        recheck: new.recheck,
        tier_event,
        kyc_before: before,
        kyc_after: state.kyc,
        created_at,
    };
    let mut rows = vec![ViewRow::Verification(Box::new(row.clone()))];
    rows.extend(enrolment_row(&row).map(ViewRow::Enrolment));
    rows.extend(tier_event_row(&row).map(ViewRow::TierEvent));
    rows.extend(
        new.signals.into_iter().map(|kind| ViewRow::Signal(signal_row(&row, event, kind, created_at))),
    );
    known.verifications.insert(row.id.clone(), row.clone());
    let settled = recheck::settle_by(&mut state, &row);
    Folded {
        rows: rows.into_iter().map(|r| (event.source, r)).chain(settled).collect(),
        outcomes: outcomes_of::verification(&row),
        effect: Effect { entry: Some(BookEntry::Applied), counted: vec![row], ..Effect::default() },
        dead_letters: Vec::new(),
        state,
    }
}

/// The same verification id stood at an earlier offset: the first body counts.
pub(super) fn repeated(
    mut state: CustomerState,
    fact: &Fact,
    event: &RecordedEvent,
    body_fingerprint: Fingerprint,
    first: &VerificationRow,
) -> Folded {
    if first.body_fingerprint == body_fingerprint {
        let note = note(&state, fact, Disposition::Duplicate, None);
        let mut folded = noted(state, fact, note, BookEntry::Duplicate);
        folded.outcomes = vec![outcomes_of::verification_created(first)];
        return folded;
    }
    let created_at = next_created_at(&mut state, event);
    let note = note(&state, fact, Disposition::Conflict, None);
    let conflict = outcomes_of::conflict(&note, first);
    let mut folded = noted(state, fact, note, BookEntry::Conflict);
    folded.outcomes = conflict.into_iter().collect();
    let signal = signal_row(first, event, SIGNAL_CONFLICT.to_owned(), created_at);
    folded.rows.push((event.source, ViewRow::Signal(signal)));
    folded
}

/// A verified row that proves this: a tier only rises, and only a row that carries it renews it.
pub(super) fn take_in(state: &mut CustomerState, policy: TierPolicy, proved: Methods, at: Timestamp) {
    state.verified = state.verified.union(proved);
    state.kyc.tier = state.kyc.tier.max(policy.tier(state.verified));
    if policy.supports(state.kyc.tier, proved) {
        state.kyc.last_verified_at = Some(at);
        state.kyc.expires_at = Some(at.plus_months(KYC_VALIDITY_MONTHS));
    }
}

/// The id of the tier's change, if it changed: it follows from the causing event's.
pub(super) fn tier_change(event_id: &EventId, before: Kyc, after: Kyc) -> Option<TierEventId> {
    (after.tier != before.tier)
        .then(|| TierEventId::from_bytes(derived(TierEventId::PREFIX, event_id.as_str(), 0)))
}

/// The reference that a verdict or a capture brought.
fn enrolment_row(row: &VerificationRow) -> Option<EnrolmentRow> {
    Some(EnrolmentRow {
        id: row.enrolment.clone()?,
        customer: row.customer.clone(),
        verification_id: Some(row.id.clone()),
        event_id: row.event_id.clone(),
        source: row.source,
        face_source: outcomes_of::brought_source(row.method),
        body_fingerprint: None,
        created_at: row.created_at,
    })
}

fn tier_event_row(row: &VerificationRow) -> Option<TierEventRow> {
    Some(TierEventRow {
        id: row.tier_event.clone()?,
        customer: row.customer.clone(),
        source: row.source,
        from_tier: row.kyc_before.tier,
        to_tier: row.kyc_after.tier,
        reason: outcomes_of::tier_reason(row.method),
        created_at: row.created_at,
    })
}

fn signal_row(
    row: &VerificationRow,
    event: &RecordedEvent,
    kind: String,
    created_at: Timestamp,
) -> SignalRow {
    SignalRow {
        verification_id: row.id.clone(),
        customer: row.customer.clone(),
        source: event.source,
        kind,
        created_at,
    }
}
