//! One value of every record type with everything in it, and one with nothing optional: what the golden
//! files hold. A literal here never changes; a new version gets new literals.

mod captures;
mod challenges;
mod compliance;
mod directory;
mod faces;
mod looks;
mod niks;
mod rechecks;
mod signals;
mod voids;

use bytes::Bytes;
use domain::classify::ReasonCategory;
use domain::event::{
    AuditRecord, AuditRef, CustomerErased, CustomerRegistered, CustomerReleased, DukcapilVerdictReceived,
    Event, Fingerprint, KeysDestroyed, Offset, Partition, RawBinding, Source, TopicId, VerdictEvidence,
};
use domain::ids::{
    ApiKeyId, CustomerId, CustomerRef, EnrolmentId, EventId, OrgId, TierEventId, VerificationId,
};
use domain::orgs::DirectoryRecord;
use domain::outcome::{
    EnrolmentSummary, ErasureAnnounced, FaceEnrolled, KycUpdated, Outcome, UnappliedCause, VerdictConflicted,
    VerdictUnapplied, VerificationCreated,
};
use domain::policy::{Method, Tier};
use domain::ports::{NewRecord, StoredRecord, Topic};
use domain::rows::{FaceSource, VerificationStatus};
use domain::sealed::{Purpose, Purposes, Sealed, SealedMedia};
use domain::time::Timestamp;
use event_codec::{Codec, DeadLetter, DecodeError, EncodeError, Meta};

/// A value of any topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Any {
    Event(Event),
    Audit(AuditRecord),
    Outcome(Outcome),
    Directory(DirectoryRecord),
    DeadLetter(DeadLetter),
}

impl Any {
    pub(crate) fn topic(&self) -> Topic {
        match self {
            Self::Event(_) => Topic::Events,
            Self::Audit(_) => Topic::Audit,
            Self::Outcome(_) => Topic::Outcomes,
            Self::Directory(_) => Topic::Orgs,
            Self::DeadLetter(_) => Topic::DeadLetters,
        }
    }

    pub(crate) fn encode(&self, codec: &Codec, meta: &Meta<'_>) -> Result<NewRecord, EncodeError> {
        match self {
            Self::Event(value) => codec.event(value, meta),
            Self::Audit(value) => codec.audit(value, meta),
            Self::Outcome(value) => codec.outcome(value, meta),
            Self::Directory(value) => codec.directory(value, meta),
            Self::DeadLetter(value) => codec.dead_letter(value, meta),
        }
    }

    pub(crate) fn decode(codec: &Codec, topic: Topic, record: &StoredRecord) -> Result<Self, DecodeError> {
        match topic {
            Topic::Events => codec.decode_event(record).map(Self::Event),
            Topic::Audit => codec.decode_audit(record).map(Self::Audit),
            Topic::Outcomes => codec.decode_outcome(record).map(Self::Outcome),
            Topic::Orgs => codec.decode_directory(record).map(Self::Directory),
            Topic::DeadLetters => codec.decode_dead_letter(record).map(Self::DeadLetter),
        }
    }
}

/// A record as a log would hand it out.
pub(crate) fn stored(record: &NewRecord) -> StoredRecord {
    StoredRecord {
        source: source(1),
        appended_at: at(0),
        key: record.key.clone(),
        headers: record.headers.clone(),
        value: Some(record.value.clone()),
    }
}

/// The same time and trace for every golden file.
pub(crate) fn meta() -> Meta<'static> {
    Meta { time: at(7), traceparent: Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01") }
}

pub(crate) fn at(ms: i64) -> Timestamp {
    Timestamp::from_millis(1_795_406_400_000 + ms)
}

pub(crate) fn who() -> CustomerRef {
    CustomerRef::new(OrgId::from_bytes([1; 16]), CustomerId::from_bytes([2; 16]))
}

pub(crate) fn source(offset: u64) -> Source {
    Source { topic_id: TopicId(*b"0123456789abcdef"), partition: Partition(3), offset: Offset(offset) }
}

pub(crate) fn sealed(byte: u8, length: usize) -> Sealed {
    Sealed::from_envelope(vec![byte; length].into())
}

fn event(byte: u8) -> EventId {
    EventId::from_bytes([byte; 16])
}

fn verification() -> VerificationId {
    VerificationId::from_bytes([5; 16])
}

fn enrolment() -> EnrolmentSummary {
    EnrolmentSummary {
        id: EnrolmentId::from_bytes([6; 16]),
        source: FaceSource::Dukcapil,
        fallback_stub: true,
    }
}

fn elsewhere() -> SealedMedia {
    SealedMedia::Reference { sha256: [7; 32], size: 70_000, location: "s3://bucket/object".into() }
}

/// Name of the golden file, value.
pub(crate) fn samples() -> Vec<(&'static str, Any)> {
    let mut all = events();
    all.extend(audit());
    all.extend(outcomes());
    all.extend(directory::others());
    all.extend(compliance::audit());
    all.extend(faces::events());
    all.extend(challenges::events());
    all.extend(captures::events().into_iter().chain(niks::events()));
    all.extend(rechecks::events().into_iter().chain(voids::events()));
    all.extend(faces::audit());
    all.extend(captures::audit());
    all.extend(rechecks::audit());
    all.extend(looks::audit());
    all.extend(faces::outcomes());
    all.extend(captures::outcomes());
    all.extend(signals::outcomes());
    all.extend(rechecks::outcomes());
    all.extend(voids::outcomes());
    all
}

fn events() -> Vec<(&'static str, Any)> {
    let registered = CustomerRegistered {
        event_id: event(10),
        customer: who(),
        full_name: sealed(0xA1, 120),
        external_id: Some(sealed(0xA2, 100)),
        body_fingerprint: Fingerprint([0xF1; 32]),
    };
    let received = DukcapilVerdictReceived {
        event_id: event(11),
        customer: who(),
        verification_id: verification(),
        enrolment_id: Some(EnrolmentId::from_bytes([6; 16])),
        valid: true,
        photo: Some(SealedMedia::Inline(sealed(0xA3, 300))),
        photo_content_type: Some("image/jpeg".into()),
        reason: Some(sealed(0xA4, 110)),
        reason_category: Some(ReasonCategory::Other),
        classifier_version: 1,
        body_fingerprint: Fingerprint([0xF2; 32]),
        policy_version: 1,
        audit: AuditRef { source: source(41), value_sha256: [0xD1; 32] },
        raw_reading: None,
    };
    let declined = DukcapilVerdictReceived {
        event_id: event(12),
        enrolment_id: None,
        valid: false,
        photo: None,
        photo_content_type: None,
        reason: None,
        reason_category: None,
        policy_version: 2,
        ..received.clone()
    };
    let moved = DukcapilVerdictReceived { photo: Some(elsewhere()), ..received.clone() };
    let erased = CustomerErased {
        event_id: event(13),
        customer: who(),
        purposes: Purposes::NONE.with(Purpose::Profile).with(Purpose::Biometric),
    };
    let released = CustomerReleased { event_id: event(14), customer: who() };
    let looked_at = signals::events(received.clone(), declined.clone());
    let anonymous = CustomerRegistered { external_id: None, ..registered.clone() };
    let of_one_version = [
        ("CustomerRegistered.v1", Event::CustomerRegistered(registered)),
        ("CustomerRegistered.v1.least", Event::CustomerRegistered(anonymous)),
        ("DukcapilVerdictReceived.v1", Event::DukcapilVerdictReceived(received)),
        ("DukcapilVerdictReceived.v1.least", Event::DukcapilVerdictReceived(declined)),
        ("DukcapilVerdictReceived.v1.reference", Event::DukcapilVerdictReceived(moved)),
        ("CustomerErased.v1", Event::CustomerErased(erased)),
        ("CustomerReleased.v1", Event::CustomerReleased(released)),
    ];
    of_one_version.map(|(name, value)| (name, Any::Event(value))).into_iter().chain(looked_at).collect()
}

fn audit() -> Vec<(&'static str, Any)> {
    let evidence = VerdictEvidence {
        event_id: event(12),
        verification_id: verification(),
        customer: who(),
        valid: false,
        raw: Some(sealed(0xA5, 200)),
        raw_binding: Some(RawBinding {
            evidence_key_id: "q83vEjRWeJCrze8S".into(),
            encapsulation: Bytes::from_static(&[0xE1; 32]),
            shared_at: None,
        }),
        declined_photo: Some(SealedMedia::Inline(sealed(0xA6, 300))),
        declined_photo_content_type: Some("image/png".into()),
        sealed_sha256: vec![
            ("declined_photo".into(), [0xD2; 32]),
            ("reason".into(), [0xD3; 32]),
            ("raw".into(), [0xD4; 32]),
        ],
        body_fingerprint: Fingerprint([0xF2; 32]),
        received_at: at(1),
        api_key_id: ApiKeyId::from_bytes([8; 16]).to_string(),
    };
    let bare = VerdictEvidence {
        valid: true,
        raw: None,
        raw_binding: None,
        declined_photo: None,
        declined_photo_content_type: None,
        sealed_sha256: Vec::new(),
        ..evidence.clone()
    };
    let destroyed = KeysDestroyed {
        event_id: event(15),
        customer: who(),
        purposes: Purposes::from_iter(Purpose::ALL),
        destroyed_at: at(2),
    };
    [
        ("VerdictEvidence.v1", AuditRecord::VerdictEvidence(evidence)),
        ("VerdictEvidence.v1.least", AuditRecord::VerdictEvidence(bare)),
        ("KeysDestroyed.v1", AuditRecord::KeysDestroyed(destroyed)),
    ]
    .map(|(name, value)| (name, Any::Audit(value)))
    .into()
}

fn outcomes() -> Vec<(&'static str, Any)> {
    let created = VerificationCreated {
        id: event(20),
        customer: who(),
        event_id: event(11),
        source: source(42),
        verification_id: verification(),
        method: Method::NikDukcapil,
        status: VerificationStatus::Verified,
        score: Some(100),
        reason_category: Some(ReasonCategory::Mismatch),
        enrolment: Some(enrolment()),
        body_fingerprint: Fingerprint([0xF2; 32]),
        created_at: at(3),
    };
    let failed = VerificationCreated {
        status: VerificationStatus::Failed,
        score: None,
        reason_category: None,
        enrolment: None,
        ..created.clone()
    };
    let enrolled = FaceEnrolled {
        id: event(21),
        customer: who(),
        verification_id: Some(verification()),
        event_id: None,
        enrolment: EnrolmentSummary { fallback_stub: false, ..enrolment() },
        model: Some("model/1".into()),
        created_at: at(3),
    };
    let stub = FaceEnrolled { enrolment: enrolment(), model: None, ..enrolled.clone() };
    let updated = KycUpdated {
        id: event(22),
        customer: who(),
        tier_event_id: Some(TierEventId::from_bytes([9; 16])),
        from_tier: Tier::None,
        to_tier: Tier::Standard,
        reason: "automatic on nik_dukcapil verify".into(),
        last_verified_at: at(3),
        expires_at: at(3).plus_months(12),
        created_at: at(3),
    };
    let renewed = KycUpdated { tier_event_id: None, from_tier: Tier::Standard, ..updated.clone() };
    let conflicted = VerdictConflicted {
        id: event(23),
        customer: who(),
        verification_id: verification(),
        source: source(43),
        body_fingerprint: Fingerprint([0xF3; 32]),
        first_source: source(42),
        first_body_fingerprint: Fingerprint([0xF2; 32]),
    };
    let unapplied = VerdictUnapplied {
        id: event(24),
        customer: who(),
        verification_id: Some(verification()),
        source: source(44),
        cause: UnappliedCause::Parked,
    };
    let unread =
        VerdictUnapplied { verification_id: None, cause: UnappliedCause::DeadLettered, ..unapplied.clone() };
    let announced = ErasureAnnounced {
        id: event(13),
        customer: who(),
        purposes: Purposes::NONE.with(Purpose::Profile).with(Purpose::Biometric),
    };
    [
        ("VerificationCreated.v1", Outcome::VerificationCreated(created)),
        ("VerificationCreated.v1.least", Outcome::VerificationCreated(failed)),
        ("FaceEnrolled.v1", Outcome::FaceEnrolled(enrolled)),
        ("FaceEnrolled.v1.least", Outcome::FaceEnrolled(stub)),
        ("KycUpdated.v1", Outcome::KycUpdated(updated)),
        ("KycUpdated.v1.least", Outcome::KycUpdated(renewed)),
        ("VerdictConflicted.v1", Outcome::VerdictConflicted(conflicted)),
        ("VerdictUnapplied.v1", Outcome::VerdictUnapplied(unapplied)),
        ("VerdictUnapplied.v1.least", Outcome::VerdictUnapplied(unread)),
        ("CustomerErased.v1.outcome", Outcome::CustomerErased(announced)),
    ]
    .map(|(name, value)| (name, Any::Outcome(value)))
    .into()
}
