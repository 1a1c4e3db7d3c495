//! How any record about faces is made.

use domain::event::{
    AuditRef, FaceEvidence, FaceMatchDecided, FaceReferenceAdded, MatchReference, RiskLevel,
};
use domain::ids::EnrolmentId;
use domain::ports::FaceModelId;
use domain::rows::FaceSource;
use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;
use proptest::sample::select;

use super::compliance::binding;
use super::{category, customer, event_id, fingerprint, media, sealed, source, time, verification_id};

pub(crate) fn enrolment_id() -> impl Strategy<Value = EnrolmentId> {
    any::<[u8; 16]>().prop_map(EnrolmentId::from_bytes)
}

pub(crate) fn audit_ref() -> impl Strategy<Value = AuditRef> {
    (source(), any::<[u8; 32]>()).prop_map(|(source, value_sha256)| AuditRef { source, value_sha256 })
}

pub(crate) fn reference() -> impl Strategy<Value = FaceReferenceAdded> {
    let ids = (event_id(), customer(), enrolment_id(), fingerprint());
    (ids, select(&FaceSource::ALL[..]), media(), any::<String>(), audit_ref()).prop_map(
        |(ids, face_source, photo, photo_content_type, audit)| FaceReferenceAdded {
            event_id: ids.0,
            customer: ids.1,
            enrolment_id: ids.2,
            face_source,
            photo,
            photo_content_type,
            body_fingerprint: ids.3,
            audit,
        },
    )
}

pub(crate) fn face_match() -> impl Strategy<Value = FaceMatchDecided> {
    let ids = (event_id(), customer(), verification_id(), of(verification_id()), fingerprint());
    let numbers = any::<[u32; 3]>();
    let reference = (enrolment_id(), select(&FaceSource::ALL[..]), time()).prop_map(
        |(enrolment_id, face_source, enrolled_at)| MatchReference { enrolment_id, face_source, enrolled_at },
    );
    let model = (any::<String>(), any::<[u8; 32]>()).prop_map(|(name, sha256)| FaceModelId { name, sha256 });
    let words = (any::<bool>(), select(&RiskLevel::ALL[..]), of(category()), vec(any::<String>(), 0..4));
    (ids, numbers, reference, model, words, sealed(), audit_ref()).prop_map(
        |(ids, numbers, reference, model, words, similarity, audit)| FaceMatchDecided {
            event_id: ids.0,
            customer: ids.1,
            verification_id: ids.2,
            matched: words.0,
            risk_level: words.1,
            threshold_milli: numbers[0],
            model,
            liveness: ids.3,
            score: numbers[1],
            similarity,
            reference,
            signals: words.3,
            reason_category: words.2,
            policy_version: numbers[2],
            body_fingerprint: ids.4,
            audit,
        },
    )
}

pub(crate) fn face_evidence() -> impl Strategy<Value = FaceEvidence> {
    let ids = (event_id(), of(verification_id()), of(enrolment_id()), customer(), any::<String>());
    let parts = (of(media()), of(any::<String>()), of(binding()), vec(any::<(String, [u8; 32])>(), 0..4));
    (ids, parts, fingerprint(), time()).prop_map(|(ids, parts, body_fingerprint, received_at)| FaceEvidence {
        event_id: ids.0,
        verification_id: ids.1,
        enrolment_id: ids.2,
        customer: ids.3,
        probe: parts.0,
        probe_content_type: parts.1,
        raw_binding: parts.2,
        sealed_sha256: parts.3,
        body_fingerprint,
        received_at,
        api_key_id: ids.4,
    })
}
