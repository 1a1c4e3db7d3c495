//! What a verdict becomes: its evidence and its event, put together so that they cannot disagree.

use bytes::Bytes;
use domain::classify::{CLASSIFIER_VERSION, ReasonCategory};
use domain::decide::{RecordVerdict, VerdictPhoto};
use domain::event::{AuditRef, Fingerprint, Offset, Partition, RawBinding, Source, TopicId};
use domain::ids::{ApiKeyId, CustomerId, CustomerRef, EnrolmentId, EventId, OrgId, VerificationId};
use domain::raw_answer::RawReading;
use domain::sealed::{Field, Sealed, SealedMedia};
use domain::time::Timestamp;

fn sealed(n: u8) -> Sealed {
    Sealed::from_envelope(Bytes::from(vec![n; 8]))
}

fn audit() -> AuditRef {
    let source = Source { topic_id: TopicId([7; 16]), partition: Partition(3), offset: Offset(9) };
    AuditRef { source, value_sha256: [8; 32] }
}

/// A verdict with a reason and a raw answer.
fn command(photo: VerdictPhoto) -> RecordVerdict {
    RecordVerdict {
        event_id: EventId::from_bytes([1; 16]),
        verification_id: VerificationId::from_bytes([2; 16]),
        customer: CustomerRef::new(OrgId::from_bytes([3; 16]), CustomerId::from_bytes([4; 16])),
        photo,
        reason: Some((sealed(5), ReasonCategory::Mismatch)),
        raw: Some(sealed(6)),
        raw_binding: Some(RawBinding {
            evidence_key_id: "key".into(),
            encapsulation: Bytes::new(),
            shared_at: None,
        }),
        sealed_sha256: vec![(Field::Reason, [1; 32]), (Field::Raw, [2; 32])],
        body_fingerprint: Fingerprint([9; 32]),
        policy_version: 2,
        raw_reading: RawReading { shape: None, signals: Vec::new(), quota_counter: None, classifier: 1 },
        received_at: Timestamp::from_millis(1_700_000_000_123),
        api_key_id: ApiKeyId::from_bytes([5; 16]),
    }
}

fn enrolled() -> VerdictPhoto {
    VerdictPhoto::Valid {
        enrolment_id: EnrolmentId::from_bytes([6; 16]),
        photo: sealed(7),
        content_type: "image/png",
    }
}

#[test]
fn evidence_and_event_name_the_same() {
    let declined = VerdictPhoto::Declined { photo: Some((sealed(7), "image/jpeg")) };
    for (photo, valid) in [(enrolled(), true), (declined, false)] {
        let command = command(photo);
        let evidence = command.evidence();
        let event = command.clone().event(audit());
        assert_eq!((evidence.valid, event.valid), (valid, valid));
        assert_eq!((&evidence.event_id, &event.event_id), (&command.event_id, &command.event_id));
        assert_eq!((&evidence.customer, &event.customer), (&command.customer, &command.customer));
        assert_eq!(evidence.verification_id, event.verification_id);
        assert_eq!(evidence.verification_id, command.verification_id);
        assert_eq!(evidence.body_fingerprint, event.body_fingerprint);
        assert_eq!(evidence.body_fingerprint, command.body_fingerprint);
        assert_eq!((event.policy_version, event.classifier_version), (2, CLASSIFIER_VERSION));
        assert_eq!(event.audit, audit());
        assert!(event.is_consistent());
    }
}

#[test]
fn the_evidence_keeps_the_raw_answer_who_brought_it_and_when() {
    let command = command(enrolled());
    let evidence = command.evidence();
    assert_eq!((&evidence.raw, &evidence.raw_binding), (&command.raw, &command.raw_binding));
    assert_eq!(evidence.sealed_sha256, [("reason".to_owned(), [1; 32]), ("raw".to_owned(), [2; 32])]);
    assert_eq!(evidence.received_at, command.received_at);
    assert_eq!(evidence.api_key_id, command.api_key_id.as_str());
}

/// Contract §2: a photo of a valid verdict is enrolled, one of a declined verdict is evidence; never both.
#[test]
fn a_photo_is_a_face_reference_or_evidence() {
    let inline = |n| Some(SealedMedia::Inline(sealed(n)));
    let jpeg = VerdictPhoto::Declined { photo: Some((sealed(8), "image/jpeg")) };
    let none = VerdictPhoto::Declined { photo: None };
    for (photo, enrolled, event_photo, event_type, evidence_photo, evidence_type) in [
        (enrolled(), true, inline(7), Some("image/png"), None, None),
        (jpeg, false, None, None, inline(8), Some("image/jpeg")),
        (none, false, None, None, None, None),
    ] {
        let command = command(photo);
        let evidence = command.evidence();
        assert_eq!(evidence.declined_photo, evidence_photo);
        assert_eq!(evidence.declined_photo_content_type.as_deref(), evidence_type);
        let event = command.event(audit());
        assert_eq!(event.enrolment_id, enrolled.then(|| EnrolmentId::from_bytes([6; 16])));
        assert_eq!((event.photo, event.photo_content_type.as_deref()), (event_photo, event_type));
    }
}

/// Contract §3: the reason is kept whatever `valid` says; its category is null without a reason and where `valid`
/// is true.
#[test]
fn a_category_goes_with_a_declined_reason_only() {
    let declined = || VerdictPhoto::Declined { photo: None };
    let reason = || Some((sealed(5), ReasonCategory::Mismatch));
    for (photo, reason, kept, category) in [
        (declined(), reason(), Some(sealed(5)), Some(ReasonCategory::Mismatch)),
        (declined(), None, None, None),
        (enrolled(), reason(), Some(sealed(5)), None),
        (enrolled(), None, None, None),
    ] {
        let event = RecordVerdict { reason, ..command(photo) }.event(audit());
        assert_eq!((event.reason, event.reason_category), (kept, category));
    }
}
