//! Sample rows and values for the suites: valid, deterministic, and apart from every other test's, because
//! everything is derived from a seed. Nothing random is made here but the seed itself.

mod access;
mod captures;
mod faces;
mod rechecks;
mod reviews;
mod tallies;

use bytes::Bytes;
use domain::capture::RecentChallenges;
use domain::classify::ReasonCategory;
use domain::event::{Fingerprint, MatchReference, Offset, Partition, RiskLevel, Source, TopicId};
use domain::ids::{
    CustomerId, CustomerRef, EnrolmentId, EventId, OrgId, TierEventId, VerificationId, derived,
};
use domain::policy::{Method, Methods, Tier};
use domain::ports::{DataKey, FaceModelId, KeyRow, KeyRowState};
use domain::rows::{
    AsOf, Books, BooksKey, BooksRow, CountedStatus, CustomerState, Disposition, EnrolmentRow, Epoch,
    EventNote, FaceMatchRow, FaceSource, HeldOrg, Kyc, PositionRow, Quarantine, ReferenceRow, Registration,
    SignalRow, Span, TallyKey, TallyRow, TierEventRow, VerificationRow, VerificationStatus, ViewRow,
    ViewWrite, WriteTimestamp,
};
use domain::sealed::{Purpose, Purposes, Sealed};
use domain::time::Timestamp;

pub use tallies::{TallyCounter, bucket_start};

/// The epoch of every sample: rows of different tests never meet, so they need no epoch of their own.
pub const EPOCH: Epoch = Epoch(1);

/// The first sample's time: 2026-11-23T04:05:06.007Z.
pub const START_MS: i64 = 1_795_406_706_007;

/// Seconds between one sample's time and the next one's.
pub const STEP_MS: i64 = 1_000;

/// Makes samples. Those of one seed are the same in every run; those of two seeds share no org, customer,
/// topic or id.
#[derive(Debug, Clone)]
pub struct Samples {
    seed: String,
}

impl Samples {
    /// Samples of that seed.
    pub fn new(seed: u64) -> Self {
        Self { seed: format!("{seed:016x}") }
    }

    /// Samples that no earlier run has made either: for stores that outlive a run.
    pub fn fresh() -> Self {
        Self::new(rand::random())
    }

    fn bytes16(&self, kind: &str, n: u64) -> [u8; 16] {
        derived(kind, &self.seed, n)
    }

    /// 32 bytes, for hashes and HMACs.
    pub fn bytes32(&self, kind: &str, n: u64) -> [u8; 32] {
        let mut bytes = [0; 32];
        bytes[..16].copy_from_slice(&self.bytes16(kind, 2 * n));
        bytes[16..].copy_from_slice(&self.bytes16(kind, 2 * n + 1));
        bytes
    }

    /// Org number `n`.
    pub fn org(&self, n: u64) -> OrgId {
        OrgId::from_bytes(self.bytes16("org", n))
    }

    /// Customer number `n` of org 0.
    pub fn customer(&self, n: u64) -> CustomerRef {
        self.customer_of(0, n)
    }

    /// Customer number `n` of that org; its id is unlike that of any other org's.
    pub fn customer_of(&self, org: u64, n: u64) -> CustomerRef {
        CustomerRef::new(self.org(org), CustomerId::from_bytes(self.bytes16("customer", (org << 32) + n)))
    }

    /// Topic number `n`.
    pub fn topic(&self, n: u64) -> TopicId {
        TopicId(self.bytes16("topic", n))
    }

    /// Event number `n`.
    pub fn event_id(&self, n: u64) -> EventId {
        EventId::from_bytes(self.bytes16("event", n))
    }

    /// Verification number `n`.
    pub fn verification_id(&self, n: u64) -> VerificationId {
        VerificationId::from_bytes(self.bytes16("verification", n))
    }

    /// Enrolment number `n`.
    pub fn enrolment_id(&self, n: u64) -> EnrolmentId {
        EnrolmentId::from_bytes(self.bytes16("enrolment", n))
    }

    /// Tier change number `n`.
    pub fn tier_event_id(&self, n: u64) -> TierEventId {
        TierEventId::from_bytes(self.bytes16("tier", n))
    }

    /// An envelope's stand-in: every byte value occurs, zeros and non-UTF-8 included.
    pub fn sealed(&self, n: u64) -> Sealed {
        let mut bytes = self.bytes32("sealed", n).to_vec();
        bytes.extend(0..=u8::MAX);
        Sealed::from_envelope(bytes.into())
    }

    /// A fingerprint.
    pub fn fingerprint(&self, n: u64) -> Fingerprint {
        Fingerprint(self.bytes32("fingerprint", n))
    }

    /// A place in topic 0.
    pub fn source(&self, partition: u32, offset: u64) -> Source {
        Source { topic_id: self.topic(0), partition: Partition(partition), offset: Offset(offset) }
    }

    /// As of an offset of topic 0.
    pub fn as_of(&self, offset: u64) -> AsOf {
        AsOf { topic_id: self.topic(0), epoch: EPOCH, offset: Offset(offset) }
    }

    /// Verification number `n`: at offset `n` of partition 0, `n` steps after the start. Even ones are
    /// verified by Dukcapil with everything that a row may have; odd ones failed, with as little.
    pub fn verification(&self, customer: &CustomerRef, n: u64) -> VerificationRow {
        let verified = n.is_multiple_of(2);
        let created_at = time(n);
        let renewed = Kyc {
            tier: Tier::Standard,
            last_verified_at: Some(created_at),
            expires_at: Some(created_at.plus_months(12)),
        };
        VerificationRow {
            id: self.verification_id(n),
            customer: customer.clone(),
            event_id: self.event_id(n),
            source: self.source(0, n),
            method: Method::NikDukcapil,
            status: if verified { VerificationStatus::Verified } else { VerificationStatus::Failed },
            score: verified.then_some(100),
            reason: verified.then(|| self.sealed(n)),
            reason_category: verified.then_some(ReasonCategory::ALL[n as usize / 2 % 8]),
            body_fingerprint: self.fingerprint(n),
            enrolment: verified.then(|| self.enrolment_id(n)),
            enrolment_on_review: None,
            face_match: None,
            assessment: None,
            recheck: None,
            tier_event: verified.then(|| self.tier_event_id(n)),
            kyc_before: Kyc::default(),
            kyc_after: if verified { renewed } else { Kyc::default() },
            created_at,
        }
    }

    /// The enrolment that verification number `n` (an even one) brought.
    pub fn enrolment(&self, customer: &CustomerRef, n: u64) -> EnrolmentRow {
        EnrolmentRow {
            id: self.enrolment_id(n),
            customer: customer.clone(),
            verification_id: Some(self.verification_id(n)),
            event_id: self.event_id(n),
            source: self.source(0, n),
            face_source: FaceSource::Dukcapil,
            body_fingerprint: None,
            created_at: time(n),
        }
    }

    /// Enrolment number `n`, of a selfie that came by itself.
    pub fn reference(&self, customer: &CustomerRef, n: u64) -> EnrolmentRow {
        EnrolmentRow {
            verification_id: None,
            face_source: FaceSource::OnboardingSelfie,
            body_fingerprint: Some(self.fingerprint(n)),
            ..self.enrolment(customer, n)
        }
    }

    /// What is kept of that selfie when its enrolment is erased.
    pub fn kept_reference(&self, customer: &CustomerRef, n: u64) -> ReferenceRow {
        ReferenceRow {
            id: self.enrolment_id(n),
            customer: customer.clone(),
            event_id: self.event_id(n),
            source: self.source(0, n),
            face_source: FaceSource::OnboardingSelfie,
            body_fingerprint: self.fingerprint(n),
            created_at: time(n),
        }
    }

    /// Verification number `n`, of a match against enrolment number `n`, with everything that one may have.
    pub fn matched(&self, customer: &CustomerRef, n: u64) -> VerificationRow {
        let face_match = FaceMatchRow {
            matched: true,
            risk_level: RiskLevel::Medium,
            threshold_milli: 450,
            model: FaceModelId { name: "a-model".to_owned(), sha256: self.bytes32("model", 0) },
            bound: Some(self.verification_id(n + 1)),
            reference: MatchReference {
                enrolment_id: self.enrolment_id(n),
                face_source: FaceSource::Dukcapil,
                enrolled_at: time(n),
            },
            similarity: self.sealed(n),
        };
        VerificationRow {
            method: Method::FaceMatch,
            status: VerificationStatus::Verified,
            score: Some(80),
            reason: None,
            reason_category: None,
            enrolment: None,
            face_match: Some(face_match),
            ..self.verification(customer, n)
        }
    }

    /// The tier change of verification number `n`.
    pub fn tier_event(&self, customer: &CustomerRef, n: u64) -> TierEventRow {
        TierEventRow {
            id: self.tier_event_id(n),
            customer: customer.clone(),
            source: self.source(0, n),
            from_tier: Tier::None,
            to_tier: Tier::Standard,
            reason: "automatic on nik_dukcapil verify".to_owned(),
            created_at: time(n),
        }
    }

    /// A signal about verification number `n`, noticed at an offset.
    pub fn signal(&self, customer: &CustomerRef, n: u64, offset: u64) -> SignalRow {
        SignalRow {
            verification_id: self.verification_id(n),
            customer: customer.clone(),
            source: self.source(0, offset),
            kind: "idempotency_conflict".to_owned(),
            created_at: time(offset),
        }
    }

    /// The note about event number `n`, with everything a note may have.
    pub fn note(&self, customer: &CustomerRef, n: u64, disposition: Disposition) -> EventNote {
        EventNote {
            customer: customer.clone(),
            source: self.source(0, n),
            event_id: Some(self.event_id(n)),
            verification_id: Some(self.verification_id(n)),
            reference_id: None,
            review_of: None,
            fallback_id: None,
            recheck: None,
            disposition,
            body_fingerprint: Some(self.fingerprint(n)),
            cause: Some("schema_unknown".to_owned()),
        }
    }

    /// A customer's state as of offset `n`, with everything a state may have.
    pub fn state(&self, customer: &CustomerRef, n: u64) -> CustomerState {
        CustomerState {
            customer: customer.clone(),
            partition: Partition(0),
            as_of: self.as_of(n),
            registration: Some(Registration {
                event_id: self.event_id(0),
                source: self.source(0, 0),
                full_name: Some(self.sealed(n)),
                external_id: Some(self.sealed(n + 1)),
                body_fingerprint: self.fingerprint(0),
                created_at: time(0),
            }),
            erased: Purposes::NONE.with(Purpose::Biometric),
            verified: Methods::default().with(Method::NikDukcapil).with(Method::FaceMatch),
            kyc: Kyc {
                tier: Tier::Premium,
                last_verified_at: Some(time(n)),
                expires_at: Some(time(n).plus_months(12)),
            },
            last_created_at: time(n),
            quarantine: Some(Quarantine {
                since: self.source(0, n),
                cause: "schema_unknown".to_owned(),
                waiting: n + 1,
            }),
            challenges: RecentChallenges::default(),
            recheck: Some(Box::new(self.recheck(customer, n))),
        }
    }

    /// A tally of org 0, as of offset `n`.
    pub fn tally(&self, n: u64) -> TallyRow {
        let key = TallyKey {
            org: self.org(0),
            span: Span::Hour,
            start: bucket_start(Span::Hour, time(0)),
            method: Method::NikDukcapil,
            status: CountedStatus::Of(VerificationStatus::Verified),
            category: None,
            partition: Partition(0),
        };
        TallyRow { key, count: n, as_of: self.as_of(n) }
    }

    /// Books of org 0, as of offset `n`: other numbers in every column, and they balance.
    pub fn books(&self, n: u64) -> BooksRow {
        let (applied, duplicate, conflict, refused, dead_lettered, parked) =
            (n, n + 1, n + 2, n + 3, n + 4, n + 5);
        let read = applied + duplicate + conflict + refused + dead_lettered + parked;
        let key = BooksKey { org: self.org(0), partition: Partition(0) };
        let books = Books { read, applied, duplicate, conflict, refused, dead_lettered, parked };
        BooksRow { key, books, as_of: self.as_of(n) }
    }

    /// The position after offset `n` of topic 0, partition 0; some orgs wait from `n` = 3 on.
    pub fn position(&self, n: u64) -> PositionRow {
        let held = |org| HeldOrg { org: self.org(org), from: Offset(n.saturating_sub(org)) };
        PositionRow {
            topic_id: self.topic(0),
            partition: Partition(0),
            next: Offset(n + 1),
            last_event_id: Some(self.event_id(n)),
            held: (0..(n / 3).min(3)).map(held).collect(),
        }
    }

    /// A pending key row, with a wrapped key of 60 bytes for each purpose under version 1.
    pub fn key_row(&self, customer: &CustomerRef, n: u64) -> KeyRow {
        let key = |purpose: Purpose| DataKey::Active {
            key_id: format!("{}-{n}", purpose.as_str()),
            kms_version: 1,
            wrapped: self.wrapped(purpose, n, 60),
        };
        KeyRow {
            customer: customer.clone(),
            state: KeyRowState::Pending { attempt_until: time(n) },
            keys: Purpose::ALL.map(key),
            registration_event_id: self.event_id(n),
            registration_fingerprint: self.fingerprint(n),
            external_id_hmac: Some(self.bytes32("external id", n)),
        }
    }

    /// A wrapped key's stand-in: no sixteen bytes of it occur anywhere else.
    pub fn wrapped(&self, purpose: Purpose, n: u64, length: usize) -> Bytes {
        let kind = format!("wrapped {}", purpose.as_str());
        let blocks = (0..length.div_ceil(16) as u64).flat_map(|block| self.bytes16(&kind, (n << 16) + block));
        blocks.take(length).collect()
    }
}

/// The time of sample number `n`.
pub fn time(n: u64) -> Timestamp {
    Timestamp::from_millis(START_MS + STEP_MS * n as i64)
}

/// A row as written because of the event at that offset.
pub fn written(offset: u64, row: ViewRow) -> ViewWrite {
    ViewWrite { at: WriteTimestamp::upsert(EPOCH, Offset(offset)), row }
}

/// A deletion because of the event at that offset.
pub fn deleted(offset: u64, row: ViewRow) -> ViewWrite {
    ViewWrite { at: WriteTimestamp::delete(EPOCH, Offset(offset)), row }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_the_same_samples_and_another_gives_others() {
        let (one, same, other) = (Samples::new(1), Samples::new(1), Samples::new(2));
        assert_eq!(one.verification(&one.customer(3), 4), same.verification(&same.customer(3), 4));
        assert_ne!(one.org(0), other.org(0));
        assert_ne!(one.customer_of(0, 1), one.customer_of(1, 1));
    }
}
