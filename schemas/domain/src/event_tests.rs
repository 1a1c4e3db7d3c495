//! What the accessors of events answer.

use bytes::Bytes;

use super::*;
use crate::ids::{CustomerId, OrgId};
use crate::sealed::Purposes;

fn customer() -> CustomerRef {
    CustomerRef::new(OrgId::from_bytes([1; 16]), CustomerId::from_bytes([1; 16]))
}

fn sealed(byte: u8) -> Sealed {
    Sealed::from_envelope(Bytes::from(vec![byte]))
}

fn verdict(valid: bool, enrolment: bool, photo: Option<SealedMedia>) -> DukcapilVerdictReceived {
    let source = Source { topic_id: TopicId([0; 16]), partition: Partition(0), offset: Offset(0) };
    DukcapilVerdictReceived {
        event_id: EventId::from_bytes([1; 16]),
        customer: customer(),
        verification_id: VerificationId::from_bytes([1; 16]),
        enrolment_id: enrolment.then(|| EnrolmentId::from_bytes([1; 16])),
        valid,
        photo,
        photo_content_type: Some("image/png".to_owned()),
        reason: Some(sealed(2)),
        reason_category: None,
        classifier_version: 1,
        body_fingerprint: Fingerprint([7; 32]),
        policy_version: 1,
        audit: AuditRef { source, value_sha256: [0; 32] },
    }
}

#[test]
fn a_verdict_has_an_enrolment_and_a_photo_exactly_when_it_is_valid() {
    for (valid, enrolment, photo, consistent) in [
        (true, true, true, true),
        (true, true, false, false),
        (true, false, true, false),
        (true, false, false, false),
        (false, false, false, true),
        (false, true, false, false),
        (false, false, true, false),
        (false, true, true, false),
    ] {
        let verdict = verdict(valid, enrolment, photo.then(|| SealedMedia::Inline(sealed(1))));
        assert_eq!(verdict.is_consistent(), consistent, "{valid} {enrolment} {photo}");
        assert_eq!(Event::DukcapilVerdictReceived(verdict).is_consistent(), consistent);
    }
}

#[test]
fn a_valid_verdict_makes_a_reference_of_its_photo() {
    let media = SealedMedia::Inline(sealed(1));
    let event = |valid, photo: Option<&SealedMedia>| {
        Event::DukcapilVerdictReceived(verdict(valid, valid, photo.cloned()))
    };
    let enrolment = EnrolmentId::from_bytes([1; 16]);
    let reference = ReferencePhoto { enrolment: &enrolment, content_type: "image/png", media: &media };
    assert_eq!(event(true, Some(&media)).reference_photo(), Some(reference));
    assert_eq!(event(true, None).reference_photo(), None);
    assert_eq!(event(false, Some(&media)).reference_photo(), None);
}

#[test]
fn the_sealed_fields_of_a_verdict_are_its_envelopes_with_what_they_are_bound_to() {
    let event = Event::DukcapilVerdictReceived(verdict(true, true, Some(SealedMedia::Inline(sealed(1)))));
    assert_eq!(
        event.sealed_fields(),
        [
            SealedField { field: Field::Photo, content_type: "image/png", envelope: &sealed(1) },
            SealedField { field: Field::Reason, content_type: "text/plain", envelope: &sealed(2) },
        ]
    );
    assert_eq!(event.verification_id(), Some(&VerificationId::from_bytes([1; 16])));
    assert_eq!(event.body_fingerprint(), Some(Fingerprint([7; 32])));

    let elsewhere = SealedMedia::Reference { sha256: [0; 32], size: 1, location: String::new() };
    let event = Event::DukcapilVerdictReceived(verdict(true, true, Some(elsewhere)));
    assert_eq!(event.sealed_fields().len(), 1, "media that lies elsewhere is not in the record");
}

#[test]
fn an_erasure_and_a_release_are_known_as_such_and_have_nothing_sealed() {
    let event_id = EventId::from_bytes([1; 16]);
    let erasure = Event::CustomerErased(CustomerErased {
        event_id: event_id.clone(),
        customer: customer(),
        purposes: Purposes::NONE,
    });
    let release = Event::CustomerReleased(CustomerReleased { event_id, customer: customer() });
    for (event, erases, releases) in [(erasure, true, false), (release, false, true)] {
        assert_eq!((event.as_erasure().is_some(), event.as_release().is_some()), (erases, releases));
        assert!(event.is_consistent() && event.sealed_fields().is_empty());
        assert_eq!((event.verification_id(), event.body_fingerprint()), (None, None));
    }
}

fn reference(face_source: crate::rows::FaceSource, photo: SealedMedia) -> Event {
    let source = Source { topic_id: TopicId([0; 16]), partition: Partition(0), offset: Offset(0) };
    Event::FaceReferenceAdded(FaceReferenceAdded {
        event_id: EventId::from_bytes([1; 16]),
        customer: customer(),
        enrolment_id: EnrolmentId::from_bytes([2; 16]),
        face_source,
        photo,
        photo_content_type: "image/png".to_owned(),
        body_fingerprint: Fingerprint([7; 32]),
        audit: AuditRef { source, value_sha256: [0; 32] },
    })
}

#[test]
fn a_reference_names_its_enrolment_and_no_verification_and_comes_from_where_photos_come_by_themselves() {
    use crate::rows::FaceSource::{self, OnboardingSelfie, StepUpPromotion};
    for source in FaceSource::ALL {
        let event = reference(source, SealedMedia::Inline(sealed(1)));
        assert_eq!(event.is_consistent(), matches!(source, OnboardingSelfie | StepUpPromotion), "{source:?}");
        assert_eq!(
            (event.reference_id(), event.verification_id()),
            (Some(&EnrolmentId::from_bytes([2; 16])), None)
        );
        assert_eq!(event.body_fingerprint(), Some(Fingerprint([7; 32])));
        let photo = SealedField { field: Field::Photo, content_type: "image/png", envelope: &sealed(1) };
        assert_eq!(event.sealed_fields(), [photo]);
    }
    let elsewhere = SealedMedia::Reference { sha256: [0; 32], size: 1, location: String::new() };
    assert!(reference(OnboardingSelfie, elsewhere).sealed_fields().is_empty());
    let verdict = Event::DukcapilVerdictReceived(verdict(true, true, None));
    assert_eq!(verdict.reference_id(), None, "its enrolment came with a verification");
}

#[test]
fn a_match_says_why_exactly_where_it_is_none_and_its_similarity_is_sealed() {
    let source = Source { topic_id: TopicId([0; 16]), partition: Partition(0), offset: Offset(0) };
    let decided = |matched, reason_category| FaceMatchDecided {
        event_id: EventId::from_bytes([1; 16]),
        customer: customer(),
        verification_id: VerificationId::from_bytes([3; 16]),
        matched,
        risk_level: RiskLevel::Low,
        threshold_milli: 400,
        model: crate::ports::FaceModelId { name: String::new(), sha256: [0; 32] },
        liveness: None,
        score: 0,
        similarity: sealed(9),
        reference: MatchReference {
            enrolment_id: EnrolmentId::from_bytes([2; 16]),
            face_source: crate::rows::FaceSource::Dukcapil,
            enrolled_at: Timestamp::EPOCH,
        },
        signals: Vec::new(),
        reason_category,
        policy_version: 1,
        body_fingerprint: Fingerprint([7; 32]),
        audit: AuditRef { source, value_sha256: [0; 32] },
    };
    let category = Some(ReasonCategory::NoMatch);
    for (matched, category, consistent) in
        [(true, None, true), (false, category, true), (true, category, false), (false, None, false)]
    {
        let event = Event::FaceMatchDecided(decided(matched, category));
        assert_eq!(event.is_consistent(), consistent, "{matched} {category:?}");
        let id = VerificationId::from_bytes([3; 16]);
        assert_eq!((event.verification_id(), event.reference_id()), (Some(&id), None));
        assert_eq!(event.body_fingerprint(), Some(Fingerprint([7; 32])));
        let similarity = SealedField {
            field: Field::MatchSimilarity,
            content_type: SIMILARITY_CONTENT_TYPE,
            envelope: &sealed(9),
        };
        assert_eq!(event.sealed_fields(), [similarity]);
        assert!(event.as_erasure().is_none() && event.as_release().is_none());
    }
}

#[test]
fn a_reference_that_came_by_itself_is_one_of_its_photo() {
    let media = SealedMedia::Inline(sealed(2));
    let event = reference(crate::rows::FaceSource::OnboardingSelfie, media.clone());
    assert_eq!(event.reference_photo().map(|photo| photo.media.clone()), Some(media));
}

#[test]
fn an_event_says_its_method_and_where_its_evidence_stands() {
    let verdict = Event::DukcapilVerdictReceived(verdict(false, false, None));
    let source = Source { topic_id: TopicId([0; 16]), partition: Partition(0), offset: Offset(0) };
    let evidence = AuditRef { source, value_sha256: [0; 32] };
    assert_eq!(
        (verdict.method(), verdict.audit()),
        (Some(crate::policy::Method::NikDukcapil), Some(evidence))
    );
    let reference = reference(crate::rows::FaceSource::OnboardingSelfie, SealedMedia::Inline(sealed(1)));
    assert_eq!((reference.method(), reference.audit()), (None, Some(evidence)));
    let event_id = EventId::from_bytes([1; 16]);
    let release = Event::CustomerReleased(CustomerReleased { event_id, customer: customer() });
    assert_eq!((release.method(), release.audit()), (None, None));
}

#[test]
fn what_is_sealed_is_shown_as_sealed_and_what_is_not_there_as_absent() {
    let value = |event: &Event, name: &str| {
        event.fields().into_iter().find(|field| field.name == name).map(|field| field.value)
    };
    let with = Event::DukcapilVerdictReceived(verdict(true, true, Some(SealedMedia::Inline(sealed(1)))));
    assert_eq!(value(&with, "photo"), Some(FieldValue::Sealed(Field::Photo)));
    assert_eq!(value(&with, "reason"), Some(FieldValue::Sealed(Field::Reason)));
    assert_eq!(value(&with, "valid"), Some(FieldValue::Flag(true)));
    assert_eq!(value(&with, "bodyFingerprint"), Some(FieldValue::Text("07".repeat(32))));
    let without = Event::DukcapilVerdictReceived(verdict(false, false, None));
    assert_eq!(value(&without, "photo"), Some(FieldValue::Absent));
    assert_eq!(value(&without, "enrolmentId"), Some(FieldValue::Absent));
}

#[test]
fn without_payloads_an_event_keeps_everything_but_what_was_in_its_envelopes() {
    let whole = verdict(true, true, Some(SealedMedia::Inline(sealed(1))));
    let nothing = Sealed::from_envelope(Bytes::new());
    let wanted = DukcapilVerdictReceived {
        photo: Some(SealedMedia::Inline(nothing.clone())),
        reason: Some(nothing),
        ..whole.clone()
    };
    let bare = Event::DukcapilVerdictReceived(whole).without_payloads();
    assert_eq!(bare, Event::DukcapilVerdictReceived(wanted.clone()));
    let under = bare.under_policy(3);
    assert_eq!(
        under,
        Event::DukcapilVerdictReceived(DukcapilVerdictReceived { policy_version: 3, ..wanted })
    );
}
