//! Samples of what is recorded about voids.

use domain::event::{Event, Fingerprint, VerificationVoided};
use domain::ids::{ApiKeyId, EnrolmentId, VerificationId};
use domain::outcome::{Outcome, VoidRecorded};
use domain::policy::Tier;
use domain::rows::VoidReason;

use super::{Any, at, event, sealed, source, who};

fn voided() -> VerificationId {
    VerificationId::from_bytes([0x2B; 16])
}

pub(super) fn events() -> Vec<(&'static str, Any)> {
    let full = VerificationVoided {
        event_id: event(60),
        customer: who(),
        verification_id: voided(),
        reason: VoidReason::WrongCustomer,
        note: Some(sealed(0xB6, 80)),
        by: ApiKeyId::from_bytes([8; 16]).to_string(),
        policy_version: 1,
        body_fingerprint: Some(Fingerprint([0xF9; 32])),
    };
    let least = VerificationVoided {
        reason: VoidReason::Fraud,
        note: None,
        by: "rina".into(),
        body_fingerprint: None,
        ..full.clone()
    };
    [("VerificationVoided.v1", full), ("VerificationVoided.v1.least", least)]
        .map(|(name, value)| (name, Any::Event(Event::VerificationVoided(value))))
        .into()
}

pub(super) fn outcomes() -> Vec<(&'static str, Any)> {
    let full = VoidRecorded {
        id: event(61),
        customer: who(),
        event_id: event(60),
        source: source(60),
        verification_id: voided(),
        reason: VoidReason::WrongCustomer,
        enrolment_id: Some(EnrolmentId::from_bytes([0x2C; 16])),
        from_tier: Tier::Premium,
        to_tier: Tier::Standard,
        last_verified_at: Some(at(3)),
        expires_at: Some(at(3).plus_months(12)),
        body_fingerprint: Some(Fingerprint([0xF9; 32])),
        created_at: at(9),
    };
    let least = VoidRecorded {
        reason: VoidReason::CallerError,
        enrolment_id: None,
        to_tier: Tier::None,
        last_verified_at: None,
        expires_at: None,
        body_fingerprint: None,
        ..full.clone()
    };
    [("VoidRecorded.v1", full), ("VoidRecorded.v1.least", least)]
        .map(|(name, value)| (name, Any::Outcome(Outcome::VoidRecorded(value))))
        .into()
}
