//! Logs in memory with facts and evidence as the API writes them, but for what is sealed.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use compliance::{CompliancePorts, ReadProgress};
use domain::event::{
    AuditRecord, AuditRef, CustomerErased, CustomerRegistered, CustomerReleased, DukcapilVerdictReceived,
    Event, FaceMatchDecided, Fingerprint, MatchReference, RiskLevel, Source, VerdictEvidence,
};
use domain::ids::{ApiKeyId, CustomerId, CustomerRef, EnrolmentId, EventId, OrgId, VerificationId};
use domain::ports::{
    Appended, DataKey, EventLog as _, FaceModelId, KeyRow, KeyRowState, KeyRows as _, NewRecord, Topic,
};
use domain::rows::FaceSource;
use domain::sealed::{Purpose, Purposes, Sealed, SealedMedia};
use domain::time::Timestamp;
use event_codec::{Codec, Meta, value_sha256};
use testkit::memory::{MemoryKeys, MemoryLog};

/// Counts what it hears of.
#[derive(Default)]
pub(crate) struct Counted(AtomicU64);

impl Counted {
    pub(crate) fn records(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl ReadProgress for Counted {
    fn records(&self, count: u64) {
        self.0.fetch_add(count, Ordering::Relaxed);
    }
}

/// An installation's logs and key rows.
pub(crate) struct World {
    pub(crate) log: MemoryLog,
    pub(crate) keys: MemoryKeys,
    pub(crate) codec: Codec,
}

pub(crate) fn org(number: u8) -> OrgId {
    OrgId::from_bytes([number; 16])
}

pub(crate) fn sealed(bytes: usize) -> Sealed {
    Sealed::from_envelope(Bytes::from(vec![0xA5; bytes]))
}

/// Sixteen bytes that are nobody else's.
pub(crate) fn fresh() -> [u8; 16] {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let number = u128::from(NEXT.fetch_add(1, Ordering::Relaxed));
    // Spread over all ids, as random ones are.
    number.wrapping_mul(0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835).to_be_bytes()
}

/// A verdict to append.
#[derive(Debug, Clone)]
pub(crate) struct Verdict {
    pub(crate) id: VerificationId,
    pub(crate) valid: bool,
    pub(crate) policy_version: u32,
    pub(crate) fingerprint: u8,
}

impl Verdict {
    pub(crate) fn new(valid: bool) -> Self {
        Self { id: VerificationId::from_bytes(fresh()), valid, policy_version: 1, fingerprint: 1 }
    }
}

impl World {
    pub(crate) fn new(partitions: u32) -> Self {
        Self { log: MemoryLog::new(partitions), keys: MemoryKeys::default(), codec: Codec::committed() }
    }

    pub(crate) fn ports(&self) -> CompliancePorts {
        CompliancePorts {
            log: Arc::new(self.log.clone()),
            keys: Arc::new(self.keys.clone()),
            codec: self.codec.clone(),
        }
    }

    fn meta() -> Meta<'static> {
        Meta { time: Timestamp::EPOCH, traceparent: None }
    }

    pub(crate) async fn append(&self, topic: Topic, record: NewRecord) -> Appended {
        self.log.append(topic, record).await.expect("appended")
    }

    pub(crate) async fn event(&self, event: &Event) -> Appended {
        self.append(Topic::Events, self.codec.event(event, &Self::meta()).expect("it fits")).await
    }

    pub(crate) async fn audit(&self, record: &AuditRecord) -> AuditRef {
        let record = self.codec.audit(record, &Self::meta()).expect("it fits");
        let value_sha256 = value_sha256(&record.value);
        AuditRef { source: self.append(Topic::Audit, record).await.source, value_sha256 }
    }

    /// A customer with key rows, registered.
    pub(crate) async fn customer(&self, org: &OrgId) -> CustomerRef {
        let customer = CustomerRef::new(org.clone(), CustomerId::from_bytes(fresh()));
        let event_id = EventId::from_bytes(fresh());
        let key = |purpose: Purpose| DataKey::Active {
            key_id: format!("dk_{}", purpose.as_str()),
            kms_version: 1,
            wrapped: Bytes::from_static(b"wrapped"),
        };
        let row = KeyRow {
            customer: customer.clone(),
            state: KeyRowState::Active,
            keys: Purpose::ALL.map(key),
            registration_event_id: event_id.clone(),
            registration_fingerprint: Fingerprint([0; 32]),
            external_id_hmac: None,
        };
        self.keys.create(row).await.expect("made");
        self.event(&Event::CustomerRegistered(CustomerRegistered {
            event_id,
            customer: customer.clone(),
            full_name: sealed(60),
            external_id: None,
            body_fingerprint: Fingerprint([0; 32]),
        }))
        .await;
        customer
    }

    pub(crate) async fn evidence(&self, customer: &CustomerRef, event_id: &EventId) -> AuditRef {
        let evidence = VerdictEvidence {
            event_id: event_id.clone(),
            verification_id: VerificationId::from_bytes(fresh()),
            customer: customer.clone(),
            valid: true,
            raw: None,
            raw_binding: None,
            declined_photo: None,
            declined_photo_content_type: None,
            sealed_sha256: Vec::new(),
            body_fingerprint: Fingerprint([1; 32]),
            received_at: Timestamp::EPOCH,
            api_key_id: ApiKeyId::from_bytes([8; 16]).to_string(),
        };
        self.audit(&AuditRecord::VerdictEvidence(evidence)).await
    }

    /// The event of a verdict with that evidence.
    pub(crate) fn verdict_event(customer: &CustomerRef, verdict: &Verdict, audit: AuditRef) -> Event {
        Event::DukcapilVerdictReceived(DukcapilVerdictReceived {
            event_id: EventId::from_bytes(fresh()),
            customer: customer.clone(),
            verification_id: verdict.id.clone(),
            enrolment_id: verdict.valid.then(|| EnrolmentId::from_bytes(fresh())),
            valid: verdict.valid,
            photo: verdict.valid.then(|| SealedMedia::Inline(sealed(300))),
            photo_content_type: verdict.valid.then(|| "image/jpeg".to_owned()),
            reason: (!verdict.valid).then(|| sealed(80)),
            reason_category: None,
            classifier_version: 1,
            body_fingerprint: Fingerprint([verdict.fingerprint; 32]),
            policy_version: verdict.policy_version,
            audit,
            raw_reading: None,
        })
    }

    /// Evidence, then its event.
    pub(crate) async fn verdict(&self, customer: &CustomerRef, verdict: &Verdict) -> Appended {
        let audit = self.evidence(customer, &EventId::from_bytes(fresh())).await;
        self.event(&Self::verdict_event(customer, verdict, audit)).await
    }

    /// A match against the registry's photo.
    pub(crate) async fn matched(&self, customer: &CustomerRef) -> Appended {
        let audit = self.evidence(customer, &EventId::from_bytes(fresh())).await;
        let decided = FaceMatchDecided {
            event_id: EventId::from_bytes(fresh()),
            customer: customer.clone(),
            verification_id: VerificationId::from_bytes(fresh()),
            matched: true,
            risk_level: RiskLevel::Medium,
            threshold_milli: 450,
            model: FaceModelId { name: "sface".to_owned(), sha256: [7; 32] },
            liveness: None,
            score: 90,
            similarity: sealed(90),
            reference: MatchReference {
                enrolment_id: EnrolmentId::from_bytes(fresh()),
                face_source: FaceSource::Dukcapil,
                enrolled_at: Timestamp::EPOCH,
            },
            signals: Vec::new(),
            reason_category: None,
            policy_version: 1,
            body_fingerprint: Fingerprint([2; 32]),
            audit,
        };
        self.event(&Event::FaceMatchDecided(decided)).await
    }

    /// The erasure, as the eraser does it: the event, then the keys.
    pub(crate) async fn erase(&self, customer: &CustomerRef, purposes: Purposes) {
        let event_id = EventId::from_bytes(fresh());
        self.event(&Event::CustomerErased(CustomerErased { event_id, customer: customer.clone(), purposes }))
            .await;
        assert!(self.keys.destroy(customer, purposes).await.expect("the key store answers"));
    }

    pub(crate) async fn release(&self, customer: &CustomerRef) -> Appended {
        let event_id = EventId::from_bytes(fresh());
        self.event(&Event::CustomerReleased(CustomerReleased { event_id, customer: customer.clone() })).await
    }

    /// Bytes under a customer's key that nobody can decode.
    pub(crate) async fn noise(&self, customer: &CustomerRef) -> Source {
        let key = Bytes::from(customer.record_key());
        let record = NewRecord { key, headers: Vec::new(), value: Bytes::from_static(b"\x01noise") };
        self.append(Topic::Events, record).await.source
    }
}
