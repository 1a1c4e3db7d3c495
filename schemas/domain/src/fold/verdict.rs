//! Folding a verdict: applied, repeated, or never applicable.

use super::{
    CAUSE_INCONSISTENT, CAUSE_NOT_REGISTERED, Effect, Fact, FoldStop, Folded, KnownRows, SIGNAL_CONFLICT,
};
use super::{note, noted, quarantine, refuse};
use crate::event::{DukcapilVerdictReceived, RecordedEvent};
use crate::ids::{TierEventId, derived};
use crate::outcomes_of;
use crate::policy::{KYC_VALIDITY_MONTHS, Method, TierPolicy};
use crate::rows::{
    BookEntry, CustomerState, Disposition, EnrolmentRow, FaceSource, SignalRow, TierEventRow,
    VerificationRow, VerificationStatus, ViewRow,
};
use crate::sealed::Purpose;
use crate::time::Timestamp;

pub(super) fn record_verdict(
    state: CustomerState,
    fact: &Fact,
    event: &RecordedEvent,
    verdict: &DukcapilVerdictReceived,
    embedding_model: Option<&str>,
    known: &mut KnownRows,
) -> Result<Folded, FoldStop> {
    let policy = TierPolicy::of_version(verdict.policy_version)
        .ok_or(FoldStop::UnknownPolicy(verdict.policy_version))?;
    if state.erased.contains(Purpose::Profile) {
        return Ok(refuse(state, fact, true));
    }
    // Rows of this very offset, and of later ones, were written before a crash, by this batch or by the release
    // that re-reads this event; they are made again, the same.
    let stood_before = |row: &&VerificationRow| {
        row.customer == verdict.customer
            && (row.source.topic_id != event.source.topic_id || row.source.offset < event.source.offset)
    };
    if let Some(first) = known.get(&verdict.verification_id).filter(stood_before) {
        return Ok(repeated(state, fact, event, verdict, first));
    }
    if state.registration.is_none() {
        return Ok(quarantine(state, fact, CAUSE_NOT_REGISTERED));
    }
    if !verdict.is_consistent() {
        return Ok(quarantine(state, fact, CAUSE_INCONSISTENT));
    }
    Ok(verified(state, event, verdict, policy, embedding_model, known))
}

/// The same verification id stood at an earlier offset: the first body counts.
fn repeated(
    mut state: CustomerState,
    fact: &Fact,
    event: &RecordedEvent,
    verdict: &DukcapilVerdictReceived,
    first: &VerificationRow,
) -> Folded {
    if first.body_fingerprint == verdict.body_fingerprint {
        let note = note(&state, fact, Disposition::Duplicate, None);
        let mut folded = noted(state, fact, note, BookEntry::Duplicate);
        folded.outcomes = vec![outcomes_of::verification_created(first)];
        return folded;
    }
    let created_at = event.appended_at.max(state.last_created_at);
    state.last_created_at = created_at;
    let note = note(&state, fact, Disposition::Conflict, None);
    let conflict = outcomes_of::conflict(&note, first);
    let mut folded = noted(state, fact, note, BookEntry::Conflict);
    folded.outcomes = conflict.into_iter().collect();
    let signal = SignalRow {
        verification_id: first.id.clone(),
        customer: first.customer.clone(),
        source: event.source,
        kind: SIGNAL_CONFLICT.to_owned(),
        created_at,
    };
    folded.rows.push((event.source, ViewRow::Signal(signal)));
    folded
}

fn verified(
    mut state: CustomerState,
    event: &RecordedEvent,
    verdict: &DukcapilVerdictReceived,
    policy: TierPolicy,
    embedding_model: Option<&str>,
    known: &mut KnownRows,
) -> Folded {
    let created_at = event.appended_at.max(state.last_created_at);
    state.last_created_at = created_at;
    let before = state.kyc;
    if verdict.valid {
        take_in(&mut state, policy, Method::NikDukcapil, created_at);
    }
    let tier_event = (state.kyc.tier != before.tier)
        .then(|| TierEventId::from_bytes(derived(TierEventId::PREFIX, verdict.event_id.as_str(), 0)));
    let enrolled = verdict.enrolment_id.clone().filter(|_| !state.erased.contains(Purpose::Biometric));
    let row = VerificationRow {
        id: verdict.verification_id.clone(),
        customer: verdict.customer.clone(),
        event_id: verdict.event_id.clone(),
        source: event.source,
        method: Method::NikDukcapil,
        status: if verdict.valid { VerificationStatus::Verified } else { VerificationStatus::Failed },
        score: verdict.valid.then_some(100),
        reason: verdict.reason.clone(),
        reason_category: verdict.reason_category,
        body_fingerprint: verdict.body_fingerprint,
        enrolment: enrolled,
        embedding_model: embedding_model.map(str::to_owned),
        tier_event,
        kyc_before: before,
        kyc_after: state.kyc,
        created_at,
    };
    let mut rows = vec![ViewRow::Verification(Box::new(row.clone()))];
    rows.extend(enrolment_row(&row).map(ViewRow::Enrolment));
    rows.extend(tier_event_row(&row).map(ViewRow::TierEvent));
    known.insert(row.id.clone(), row.clone());
    Folded {
        rows: rows.into_iter().map(|r| (event.source, r)).collect(),
        outcomes: outcomes_of::verification(&row),
        effect: Effect { entry: Some(BookEntry::Applied), moved: Vec::new(), counted: vec![row] },
        dead_letters: Vec::new(),
        state,
    }
}

/// A verified row of that method: a tier only rises, and only a row that carries it renews it.
fn take_in(state: &mut CustomerState, policy: TierPolicy, method: Method, at: Timestamp) {
    state.verified = state.verified.with(method);
    state.kyc.tier = state.kyc.tier.max(policy.tier(state.verified));
    if policy.supports(state.kyc.tier, method) {
        state.kyc.last_verified_at = Some(at);
        state.kyc.expires_at = Some(at.plus_months(KYC_VALIDITY_MONTHS));
    }
}

fn enrolment_row(row: &VerificationRow) -> Option<EnrolmentRow> {
    Some(EnrolmentRow {
        id: row.enrolment.clone()?,
        customer: row.customer.clone(),
        verification_id: row.id.clone(),
        event_id: row.event_id.clone(),
        source: row.source,
        face_source: FaceSource::Dukcapil,
        model: row.embedding_model.clone(),
        fallback_stub: row.embedding_model.is_none(),
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
