//! Outcomes from rows: the fold publishes through here, and a redelivery rebuilds the same outcomes from
//! the rows that were written, so that both are the same by construction.

use crate::event::Source;
use crate::ids::{EnrolmentId, EventId, derived};
use crate::outcome::{
    EnrolmentSummary, FaceEnrolled, KycUpdated, Outcome, VerdictConflicted, VerdictUnapplied,
    VerificationCreated,
};
use crate::policy::Method;
use crate::rows::{EventNote, FaceSource, ReferenceRow, VerificationRow};

/// What an outcome's id is derived with: fixed for ever, one per kind.
#[derive(Clone, Copy)]
enum Ordinal {
    VerificationCreated = 1,
    FaceEnrolled = 2,
    KycUpdated = 3,
}

fn outcome_id(event_id: &EventId, ordinal: Ordinal) -> EventId {
    EventId::from_bytes(derived(EventId::PREFIX, event_id.as_str(), ordinal as u64))
}

/// An outcome about a record rather than an event: two records may carry the same event id.
fn record_outcome_id(kind: &str, source: Source) -> EventId {
    let place = format!("{kind}/{}/{}", source.topic_id.to_hex(), source.partition.0);
    EventId::from_bytes(derived(EventId::PREFIX, &place, source.offset.0))
}

/// Why a tier changed: the causing method.
pub fn tier_reason(method: Method) -> String {
    format!("automatic on {} verify", method.as_str())
}

fn enrolment_summary(row: &VerificationRow) -> Option<EnrolmentSummary> {
    row.enrolment.clone().map(|id| summary(id, FaceSource::Dukcapil))
}

/// Of a reference that has just been made: its vector is made afterwards, and nobody waits for it here.
fn summary(id: EnrolmentId, source: FaceSource) -> EnrolmentSummary {
    EnrolmentSummary { id, source, fallback_stub: true }
}

/// The outcome that a reference exists which came by itself.
pub fn face_enrolled(row: &ReferenceRow) -> Outcome {
    Outcome::FaceEnrolled(FaceEnrolled {
        id: outcome_id(&row.event_id, Ordinal::FaceEnrolled),
        customer: row.customer.clone(),
        verification_id: None,
        event_id: Some(row.event_id.clone()),
        enrolment: summary(row.id.clone(), row.face_source),
        model: None,
        created_at: row.created_at,
    })
}

/// The outcome that a row exists.
pub fn verification_created(row: &VerificationRow) -> Outcome {
    Outcome::VerificationCreated(VerificationCreated {
        id: outcome_id(&row.event_id, Ordinal::VerificationCreated),
        customer: row.customer.clone(),
        event_id: row.event_id.clone(),
        source: row.source,
        verification_id: row.id.clone(),
        method: row.method,
        status: row.status,
        score: row.score,
        reason_category: row.reason_category,
        enrolment: enrolment_summary(row),
        body_fingerprint: row.body_fingerprint,
        created_at: row.created_at,
    })
}

/// All outcomes of a row's event, `VerificationCreated` last.
pub fn verification(row: &VerificationRow) -> Vec<Outcome> {
    let mut outcomes = Vec::with_capacity(3);
    if let Some(enrolment) = enrolment_summary(row) {
        outcomes.push(Outcome::FaceEnrolled(FaceEnrolled {
            id: outcome_id(&row.event_id, Ordinal::FaceEnrolled),
            customer: row.customer.clone(),
            verification_id: Some(row.id.clone()),
            event_id: Some(row.event_id.clone()),
            enrolment,
            model: None,
            created_at: row.created_at,
        }));
    }
    if row.kyc_before != row.kyc_after
        && let (Some(last_verified_at), Some(expires_at)) =
            (row.kyc_after.last_verified_at, row.kyc_after.expires_at)
    {
        outcomes.push(Outcome::KycUpdated(KycUpdated {
            id: outcome_id(&row.event_id, Ordinal::KycUpdated),
            customer: row.customer.clone(),
            tier_event_id: row.tier_event.clone(),
            from_tier: row.kyc_before.tier,
            to_tier: row.kyc_after.tier,
            reason: tier_reason(row.method),
            last_verified_at,
            expires_at,
            created_at: row.created_at,
        }));
    }
    outcomes.push(verification_created(row));
    outcomes
}

/// The outcome of a body that lost to the first one.
pub fn conflict(note: &EventNote, first: &VerificationRow) -> Option<Outcome> {
    Some(Outcome::VerdictConflicted(VerdictConflicted {
        id: record_outcome_id("conflict", note.source),
        customer: note.customer.clone(),
        verification_id: first.id.clone(),
        source: note.source,
        body_fingerprint: note.body_fingerprint?,
        first_source: first.source,
        first_body_fingerprint: first.body_fingerprint,
    }))
}

/// The outcome of a verdict or a match that has no effect (yet). A record that could be read and is neither has none.
pub fn note(note: &EventNote) -> Option<Outcome> {
    let cause = note.unapplied()?;
    if note.event_id.is_some() && note.verification_id.is_none() {
        return None;
    }
    Some(Outcome::VerdictUnapplied(VerdictUnapplied {
        id: record_outcome_id(cause.as_str(), note.source),
        customer: note.customer.clone(),
        verification_id: note.verification_id.clone(),
        source: note.source,
        cause,
    }))
}
