//! Samples of what is recorded about faces.

use bytes::Bytes;
use domain::classify::ReasonCategory;
use domain::event::{
    AuditRecord, AuditRef, Event, FaceEvidence, FaceMatchDecided, FaceReferenceAdded, Fingerprint,
    MatchReference, RawBinding, RiskLevel,
};
use domain::ids::{ApiKeyId, EnrolmentId, EvidenceSecretId, VerificationId};
use domain::outcome::{EnrolmentSummary, FaceEnrolled, Outcome};
use domain::ports::FaceModelId;
use domain::rows::FaceSource;
use domain::sealed::SealedMedia;

use super::{Any, at, elsewhere, event, sealed, source, verification, who};

fn reference_id() -> EnrolmentId {
    EnrolmentId::from_bytes([16; 16])
}

pub(super) fn events() -> Vec<(&'static str, Any)> {
    let audit = AuditRef { source: source(51), value_sha256: [0xD5; 32] };
    let added = FaceReferenceAdded {
        event_id: event(30),
        customer: who(),
        enrolment_id: reference_id(),
        face_source: FaceSource::OnboardingSelfie,
        photo: SealedMedia::Inline(sealed(0xA7, 300)),
        photo_content_type: "image/jpeg".into(),
        body_fingerprint: Fingerprint([0xF4; 32]),
        audit,
    };
    let moved = FaceReferenceAdded { photo: elsewhere(), ..added.clone() };
    let decided = FaceMatchDecided {
        event_id: event(31),
        customer: who(),
        verification_id: VerificationId::from_bytes([17; 16]),
        matched: false,
        risk_level: RiskLevel::High,
        threshold_milli: 500,
        model: FaceModelId { name: "sface-2021dec".into(), sha256: [0xC1; 32] },
        liveness: Some(VerificationId::from_bytes([18; 16])),
        score: 40,
        similarity: sealed(0xA8, 120),
        reference: MatchReference {
            enrolment_id: EnrolmentId::from_bytes([6; 16]),
            face_source: FaceSource::Dukcapil,
            enrolled_at: at(3),
        },
        signals: vec!["probe_equals_reference".into()],
        reason_category: Some(ReasonCategory::NoMatch),
        policy_version: 3,
        body_fingerprint: Fingerprint([0xF5; 32]),
        audit,
    };
    let matched = FaceMatchDecided {
        matched: true,
        risk_level: RiskLevel::Medium,
        liveness: None,
        score: 80,
        signals: Vec::new(),
        reason_category: None,
        policy_version: 1,
        ..decided.clone()
    };
    [
        ("FaceReferenceAdded.v1", Event::FaceReferenceAdded(added)),
        ("FaceReferenceAdded.v1.reference", Event::FaceReferenceAdded(moved)),
        ("FaceMatchDecided.v1", Event::FaceMatchDecided(decided)),
        ("FaceMatchDecided.v1.least", Event::FaceMatchDecided(matched)),
    ]
    .map(|(name, value)| (name, Any::Event(value)))
    .into()
}

pub(super) fn audit() -> Vec<(&'static str, Any)> {
    let of_match = FaceEvidence {
        event_id: event(31),
        verification_id: Some(VerificationId::from_bytes([17; 16])),
        enrolment_id: None,
        customer: who(),
        probe: Some(SealedMedia::Inline(sealed(0xA9, 300))),
        probe_content_type: Some("image/png".into()),
        raw_binding: Some(RawBinding {
            evidence_key_id: "q83vEjRWeJCrze8S".into(),
            encapsulation: Bytes::from_static(&[0xE2; 32]),
            shared_at: None,
        }),
        sealed_sha256: vec![("probe".into(), [0xD6; 32]), ("match_similarity".into(), [0xD7; 32])],
        body_fingerprint: Fingerprint([0xF5; 32]),
        received_at: at(1),
        api_key_id: ApiKeyId::from_bytes([8; 16]).to_string(),
    };
    let of_reference = FaceEvidence {
        event_id: event(30),
        verification_id: None,
        enrolment_id: Some(reference_id()),
        probe: None,
        probe_content_type: None,
        raw_binding: None,
        sealed_sha256: vec![("photo".into(), [0xD8; 32])],
        body_fingerprint: Fingerprint([0xF4; 32]),
        ..of_match.clone()
    };
    let bare = FaceEvidence { enrolment_id: None, sealed_sha256: Vec::new(), ..of_reference.clone() };
    let of_shared_secret = FaceEvidence {
        raw_binding: Some(RawBinding {
            evidence_key_id: EvidenceSecretId::from_bytes([18; 16]).to_string(),
            encapsulation: Bytes::new(),
            shared_at: Some(source(46)),
        }),
        ..of_match.clone()
    };
    [
        ("FaceEvidence.v2", of_shared_secret),
        ("FaceEvidence.v2.reference", of_reference.clone()),
        ("FaceEvidence.v2.least", bare.clone()),
        ("FaceEvidence.v1", of_match),
        ("FaceEvidence.v1.reference", of_reference),
        ("FaceEvidence.v1.least", bare),
    ]
    .map(|(name, value)| (name, Any::Audit(AuditRecord::FaceEvidence(value))))
    .into()
}

pub(super) fn outcomes() -> Vec<(&'static str, Any)> {
    let brought = FaceEnrolled {
        id: event(21),
        customer: who(),
        verification_id: Some(verification()),
        event_id: Some(event(11)),
        enrolment: EnrolmentSummary {
            id: EnrolmentId::from_bytes([6; 16]),
            source: FaceSource::Dukcapil,
            fallback_stub: true,
        },
        model: Some("model/1".into()),
        created_at: at(3),
    };
    let by_itself = FaceEnrolled {
        id: event(25),
        verification_id: None,
        event_id: Some(event(30)),
        enrolment: EnrolmentSummary {
            id: reference_id(),
            source: FaceSource::OnboardingSelfie,
            fallback_stub: true,
        },
        model: None,
        ..brought.clone()
    };
    let least = FaceEnrolled { event_id: None, ..by_itself.clone() };
    [("FaceEnrolled.v2", brought), ("FaceEnrolled.v2.reference", by_itself), ("FaceEnrolled.v2.least", least)]
        .map(|(name, value)| (name, Any::Outcome(Outcome::FaceEnrolled(value))))
        .into()
}
