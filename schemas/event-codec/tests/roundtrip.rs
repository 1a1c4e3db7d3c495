//! Whatever `domain` can hold comes back as it was, and whatever bytes come in, nothing panics.

#[path = "roundtrip/captures.rs"]
mod captures;
#[path = "roundtrip/challenges.rs"]
mod challenges;
#[path = "roundtrip/compliance.rs"]
mod compliance;
#[path = "roundtrip/directory.rs"]
mod directory;
#[path = "roundtrip/faces.rs"]
mod faces;
#[path = "roundtrip/fields.rs"]
mod fields;
#[path = "roundtrip/looks.rs"]
mod looks;
#[path = "roundtrip/niks.rs"]
mod niks;
#[path = "roundtrip/rechecks.rs"]
mod rechecks;
mod samples;
#[path = "roundtrip/signals.rs"]
mod signals;
#[path = "roundtrip/voids.rs"]
mod voids;

use bytes::Bytes;
use domain::classify::ReasonCategory;
use domain::event::{
    AuditRecord, AuditRef, CustomerErased, CustomerRegistered, CustomerReleased, DukcapilVerdictReceived,
    Event, Fingerprint, KeysDestroyed, Offset, Partition, Source, TopicId, VerdictEvidence,
};
use domain::ids::{CustomerId, CustomerRef, EnrolmentId, EventId, OrgId, TierEventId, VerificationId};
use domain::outcome::{
    EnrolmentSummary, ErasureAnnounced, FaceEnrolled, KycUpdated, Outcome, UnappliedCause, VerdictConflicted,
    VerdictUnapplied, VerificationCreated,
};
use domain::policy::{Method, Tier};
use domain::ports::{StoredRecord, Topic};
use domain::rows::{FaceSource, VerificationStatus};
use domain::sealed::{Purposes, Sealed, SealedMedia};
use domain::time::Timestamp;
use event_codec::{Codec, DeadLetter, Meta, registry};
use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;
use proptest::sample::select;
use samples::{Any, samples, stored};

fn event_id() -> impl Strategy<Value = EventId> {
    any::<[u8; 16]>().prop_map(EventId::from_bytes)
}

fn verification_id() -> impl Strategy<Value = VerificationId> {
    any::<[u8; 16]>().prop_map(VerificationId::from_bytes)
}

fn customer() -> impl Strategy<Value = CustomerRef> {
    any::<[[u8; 16]; 2]>()
        .prop_map(|[org, cus]| CustomerRef::new(OrgId::from_bytes(org), CustomerId::from_bytes(cus)))
}

fn source() -> impl Strategy<Value = Source> {
    (any::<[u8; 16]>(), 0..=i32::MAX as u32, 0..=i64::MAX as u64).prop_map(|(id, partition, offset)| Source {
        topic_id: TopicId(id),
        partition: Partition(partition),
        offset: Offset(offset),
    })
}

fn fingerprint() -> impl Strategy<Value = Fingerprint> {
    any::<[u8; 32]>().prop_map(Fingerprint)
}

fn bytes() -> impl Strategy<Value = Bytes> {
    vec(any::<u8>(), 0..300).prop_map(Bytes::from)
}

fn sealed() -> impl Strategy<Value = Sealed> {
    bytes().prop_map(Sealed::from_envelope)
}

fn media() -> impl Strategy<Value = SealedMedia> {
    prop_oneof![
        sealed().prop_map(SealedMedia::Inline),
        (any::<[u8; 32]>(), 0..=i64::MAX as u64, any::<String>())
            .prop_map(|(sha256, size, location)| SealedMedia::Reference { sha256, size, location }),
    ]
}

fn time() -> impl Strategy<Value = Timestamp> {
    (0..=253_402_300_799_999_i64).prop_map(Timestamp::from_millis)
}

fn purposes() -> impl Strategy<Value = Purposes> {
    any::<u8>().prop_map(Purposes::from_bits)
}

fn category() -> impl Strategy<Value = ReasonCategory> {
    select(&ReasonCategory::ALL[..])
}

fn verdict() -> impl Strategy<Value = DukcapilVerdictReceived> {
    let ids = (event_id(), customer(), verification_id(), of(any::<[u8; 16]>()), fingerprint());
    let photo = (any::<bool>(), of(media()), of(any::<String>()));
    let reason = (of(sealed()), of(category()), any::<u32>(), any::<u32>());
    let rest = (source(), any::<[u8; 32]>(), of(signals::reading()));
    (ids, photo, reason, rest).prop_map(|(ids, photo, reason, (source, digest, raw_reading))| {
        DukcapilVerdictReceived {
            event_id: ids.0,
            customer: ids.1,
            verification_id: ids.2,
            enrolment_id: ids.3.map(EnrolmentId::from_bytes),
            valid: photo.0,
            photo: photo.1,
            photo_content_type: photo.2,
            reason: reason.0,
            reason_category: reason.1,
            classifier_version: reason.2,
            body_fingerprint: ids.4,
            policy_version: reason.3,
            audit: AuditRef { source, value_sha256: digest },
            raw_reading,
        }
    })
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        (event_id(), customer(), sealed(), of(sealed()), fingerprint()).prop_map(
            |(id, who, name, ext, fp)| {
                Event::CustomerRegistered(CustomerRegistered {
                    event_id: id,
                    customer: who,
                    full_name: name,
                    external_id: ext,
                    body_fingerprint: fp,
                })
            }
        ),
        verdict().prop_map(Event::DukcapilVerdictReceived),
        faces::reference().prop_map(Event::FaceReferenceAdded),
        faces::face_match().prop_map(Event::FaceMatchDecided),
        challenges::challenge().prop_map(Event::FlashChallengeIssued),
        captures::capture().prop_map(Event::KtpCaptureAssessed),
        captures::review().prop_map(Event::VerificationReviewed),
        niks::checked().prop_map(Event::NikFormatChecked),
        rechecks::failed().prop_map(Event::DukcapilAttemptFailed),
        rechecks::closed().prop_map(Event::FallbackRecheckClosed),
        voids::voided().prop_map(Event::VerificationVoided),
        (event_id(), customer(), purposes()).prop_map(|(event_id, customer, purposes)| {
            Event::CustomerErased(CustomerErased { event_id, customer, purposes })
        }),
        (event_id(), customer()).prop_map(|(event_id, customer)| {
            Event::CustomerReleased(CustomerReleased { event_id, customer })
        }),
    ]
}

fn audit() -> impl Strategy<Value = AuditRecord> {
    let ids = (event_id(), verification_id(), customer(), any::<String>());
    let parts = (
        of(sealed()),
        of(compliance::binding()),
        of((media(), any::<String>())),
        vec(any::<(String, [u8; 32])>(), 0..4),
    );
    let evidence = (ids, parts, any::<bool>(), fingerprint(), time()).prop_map(
        |(ids, parts, valid, body_fingerprint, received_at)| VerdictEvidence {
            event_id: ids.0,
            verification_id: ids.1,
            customer: ids.2,
            valid,
            raw: parts.0,
            raw_binding: parts.1,
            declined_photo: parts.2.clone().map(|(media, _)| media),
            declined_photo_content_type: parts.2.map(|(_, content_type)| content_type),
            sealed_sha256: parts.3,
            body_fingerprint,
            received_at,
            api_key_id: ids.3,
        },
    );
    prop_oneof![
        evidence.prop_map(AuditRecord::VerdictEvidence),
        faces::face_evidence().prop_map(AuditRecord::FaceEvidence),
        captures::evidence().prop_map(AuditRecord::CaptureEvidence),
        rechecks::failed().prop_map(AuditRecord::DukcapilAttemptFailed),
        looks::viewed().prop_map(AuditRecord::PersonalDataViewed),
        looks::reads().prop_map(AuditRecord::PersonalDataRead),
        compliance::records(),
        (event_id(), customer(), purposes(), time()).prop_map(
            |(event_id, customer, purposes, destroyed_at)| {
                AuditRecord::KeysDestroyed(KeysDestroyed { event_id, customer, purposes, destroyed_at })
            }
        ),
    ]
}

fn enrolment() -> impl Strategy<Value = EnrolmentSummary> {
    (any::<[u8; 16]>(), select(&FaceSource::ALL[..]), any::<bool>()).prop_map(
        |(id, source, fallback_stub)| EnrolmentSummary {
            id: EnrolmentId::from_bytes(id),
            source,
            fallback_stub,
        },
    )
}

fn created() -> impl Strategy<Value = VerificationCreated> {
    let ids = (event_id(), customer(), event_id(), source(), verification_id());
    let words = (select(&Method::ALL[..]), select(&VerificationStatus::ALL[..]), of(category()));
    (ids, words, of(any::<u32>()), of(enrolment()), fingerprint(), time()).prop_map(
        |(ids, words, score, enrolment, body_fingerprint, created_at)| VerificationCreated {
            id: ids.0,
            customer: ids.1,
            event_id: ids.2,
            source: ids.3,
            verification_id: ids.4,
            method: words.0,
            status: words.1,
            score,
            reason_category: words.2,
            enrolment,
            body_fingerprint,
            created_at,
        },
    )
}

fn kyc() -> impl Strategy<Value = KycUpdated> {
    let tiers = (select(&Tier::ALL[..]), select(&Tier::ALL[..]), any::<String>());
    (event_id(), customer(), of(any::<[u8; 16]>()), tiers, time(), time(), time()).prop_map(
        |(id, customer, tier_event, tiers, last_verified_at, expires_at, created_at)| KycUpdated {
            id,
            customer,
            tier_event_id: tier_event.map(TierEventId::from_bytes),
            from_tier: tiers.0,
            to_tier: tiers.1,
            reason: tiers.2,
            last_verified_at,
            expires_at,
            created_at,
        },
    )
}

fn outcome() -> impl Strategy<Value = Outcome> {
    let causes = [UnappliedCause::Parked, UnappliedCause::DeadLettered, UnappliedCause::Refused];
    let brought_by = (of(verification_id()), of(event_id()));
    let enrolled = (event_id(), customer(), brought_by, enrolment(), of(any::<String>()), time());
    let conflicted =
        (event_id(), customer(), verification_id(), source(), fingerprint(), source(), fingerprint());
    prop_oneof![
        created().prop_map(Outcome::VerificationCreated),
        enrolled.prop_map(|(id, customer, brought_by, enrolment, model, created_at)| {
            Outcome::FaceEnrolled(FaceEnrolled {
                id,
                customer,
                verification_id: brought_by.0,
                event_id: brought_by.1,
                enrolment,
                model,
                created_at,
            })
        }),
        kyc().prop_map(Outcome::KycUpdated),
        conflicted.prop_map(|(id, customer, verification_id, source, fp, first_source, first_fp)| {
            Outcome::VerdictConflicted(VerdictConflicted {
                id,
                customer,
                verification_id,
                source,
                body_fingerprint: fp,
                first_source,
                first_body_fingerprint: first_fp,
            })
        }),
        (event_id(), customer(), of(verification_id()), source(), select(causes.to_vec())).prop_map(
            |(id, customer, verification_id, source, cause)| {
                Outcome::VerdictUnapplied(VerdictUnapplied { id, customer, verification_id, source, cause })
            }
        ),
        (event_id(), customer(), purposes()).prop_map(|(id, customer, purposes)| {
            Outcome::CustomerErased(ErasureAnnounced { id, customer, purposes })
        }),
        captures::recorded().prop_map(Outcome::ReviewRecorded),
        signals::raised().prop_map(Outcome::SignalRaised),
        rechecks::opened().prop_map(Outcome::FallbackRecheckOpened),
        rechecks::settled().prop_map(Outcome::FallbackRecheckSettled),
        voids::recorded().prop_map(Outcome::VoidRecorded),
    ]
}

fn letter() -> impl Strategy<Value = DeadLetter> {
    let texts = (any::<String>(), any::<String>());
    let headers = vec((any::<String>(), bytes()), 0..5);
    (source(), texts, of(event_id()), time(), of(bytes()), headers).prop_map(
        |(origin, (customer_key, cause), event_id, appended_at, value, headers)| DeadLetter {
            origin,
            customer_key,
            cause,
            event_id,
            appended_at,
            value,
            headers,
        },
    )
}

fn anything() -> impl Strategy<Value = Any> {
    prop_oneof![
        event().prop_map(Any::Event),
        audit().prop_map(Any::Audit),
        outcome().prop_map(Any::Outcome),
        directory::directory().prop_map(Any::Directory),
        letter().prop_map(Any::DeadLetter),
    ]
}

/// Decoding in every topic; what matters is that it comes back.
fn decode_everywhere(record: &StoredRecord) {
    let codec = Codec::committed();
    for topic in Topic::ALL {
        let _ = Any::decode(&codec, topic, record);
    }
}

proptest! {
    #[test]
    fn what_was_encoded_comes_back(value in anything(), now in time()) {
        let codec = Codec::committed();
        let meta = Meta { time: now, traceparent: None };
        let record = value.encode(&codec, &meta).expect("everything in range fits");
        prop_assert_eq!(&value.encode(&codec, &meta).expect("again"), &record);
        prop_assert_eq!(Any::decode(&codec, value.topic(), &stored(&record)), Ok(value));
    }

    #[test]
    fn no_bytes_panic(body in vec(any::<u8>(), 0..400), id in 0_u32..20, with_fingerprint: bool) {
        let mut record = stored(&samples()[0].1.encode(&Codec::committed(), &samples::meta()).expect("fits"));
        record.value = Some([&[0], id.to_be_bytes().as_slice(), &body].concat().into());
        record.headers.clear();
        if let (true, Some(known)) = (with_fingerprint, registry::schema_by_id(id)) {
            let fingerprint = Bytes::copy_from_slice(&known.schema.fingerprint());
            record.headers.push(("schema-fingerprint".into(), fingerprint));
        }
        decode_everywhere(&record);
        record.value = Some(body.into());
        decode_everywhere(&record);
    }

    #[test]
    fn no_damaged_record_panics(which: proptest::sample::Index, at: proptest::sample::Index, byte: u8, more: bool) {
        let samples = samples();
        let (_, value) = which.get(&samples);
        let mut record = stored(&value.encode(&Codec::committed(), &samples::meta()).expect("fits"));
        let mut bytes = record.value.take().expect("a value").to_vec();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        if more {
            bytes.insert(at, byte);
        }
        record.value = Some(bytes.into());
        decode_everywhere(&record);
    }
}
