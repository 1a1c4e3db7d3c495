//! The rows of the read model, as the fold makes them and every view store keeps them: whole rows, never
//! counters or collection appends, each with a write timestamp that follows from the event's offset, so
//! that writing one twice, late, or by a zombie comes to the same (design §2).

mod counts;
mod enrolment;
mod recheck;
mod review;
mod write;

pub use counts::*;
pub use enrolment::*;
pub use recheck::*;
pub use review::*;
pub use write::*;

use crate::capture::{CaptureAssessment, RecentChallenges};
use crate::classify::ReasonCategory;
use crate::event::{Fingerprint, MatchReference, Offset, Partition, RiskLevel, Source, TopicId};
use crate::ids::{CustomerRef, EnrolmentId, EventId, FallbackId, RecheckId, TierEventId, VerificationId};
use crate::outcome::UnappliedCause;
use crate::policy::{Method, Methods, Tier};
use crate::ports::{FaceModelId, RowPlace};
use crate::sealed::{Purposes, Sealed};
use crate::time::Timestamp;

/// The number of a topic id in a view store: given once, from 1, by whoever came first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Epoch(pub u32);

/// Epochs stay below this: ScyllaDB refuses write timestamps days ahead of its clock.
pub const EPOCH_LIMIT: u32 = 100;

/// The generation of tables a row is written to or read from (rebuilds are side by side).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Generation(pub u32);

/// How far a row has taken the events of its partition in: all up to and including this.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AsOf {
    /// The topic.
    pub topic_id: TopicId,
    /// Its number in this store.
    pub epoch: Epoch,
    /// The last event taken in.
    pub offset: Offset,
}

impl AsOf {
    /// Whether everything up to `other` is taken in: by epoch and offset, the topic id only names them.
    pub fn covers(self, other: Self) -> bool {
        (self.epoch, self.offset) >= (other.epoch, other.offset)
    }
}

/// What came of a verification.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum VerificationStatus {
    /// It is this person.
    Verified,
    /// It is not, or not known.
    Failed,
    /// A person decides; what was decided is a row of its own ([`ReviewRow`]).
    Pending,
}

impl VerificationStatus {
    /// Every status.
    pub const ALL: [Self; 3] = [Self::Verified, Self::Failed, Self::Pending];

    /// The word in the API and in schemas.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Verified => "verified",
            Self::Failed => "failed",
            Self::Pending => "pending",
        }
    }

    /// The status of that word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.as_str() == word)
    }
}

/// Where a face reference came from, best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FaceSource {
    /// Dukcapil's official photo.
    Dukcapil,
    /// Cut from a captured identity card.
    KtpExtract,
    /// A selfie at onboarding.
    OnboardingSelfie,
    /// A selfie that passed a step-up.
    StepUpPromotion,
}

impl FaceSource {
    /// Every source, the one a match prefers first (contract §3).
    pub const ALL: [Self; 4] =
        [Self::Dukcapil, Self::KtpExtract, Self::OnboardingSelfie, Self::StepUpPromotion];

    /// The word in the API and in schemas.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Dukcapil => "dukcapil",
            Self::KtpExtract => "ktp_extract",
            Self::OnboardingSelfie => "onboarding_selfie",
            Self::StepUpPromotion => "step_up_promotion",
        }
    }

    /// The source of that word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.as_str() == word)
    }
}

/// The customer's KYC right after an event: kept with the event's row, so that `asOf` needs one row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Kyc {
    /// The tier.
    pub tier: Tier,
    /// The last verified row that supported it.
    pub last_verified_at: Option<Timestamp>,
    /// Until when it counts.
    pub expires_at: Option<Timestamp>,
}

impl Kyc {
    /// Whether a customer may be served at that moment (contract §4): at least standard, and not expired.
    pub fn is_eligible(self, at: Timestamp) -> bool {
        self.tier >= Tier::Standard && self.expires_at.is_some_and(|end| at < end)
    }
}

/// A change of the tier.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TierEventRow {
    /// The change; follows from the causing event's id.
    pub id: TierEventId,
    /// Whose.
    pub customer: CustomerRef,
    /// The event that caused it.
    pub source: Source,
    /// Before.
    pub from_tier: Tier,
    /// After.
    pub to_tier: Tier,
    /// `automatic on nik_dukcapil verify`: the causing method.
    pub reason: String,
    /// When.
    pub created_at: Timestamp,
}

/// One verification, immutable. Carries what its outcomes are rebuilt from.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct VerificationRow {
    /// The row.
    pub id: VerificationId,
    /// Whose.
    pub customer: CustomerRef,
    /// The event that made it (the envelope of `reason` is bound to it).
    pub event_id: EventId,
    /// Where that event stands.
    pub source: Source,
    /// How.
    pub method: Method,
    /// What came of it.
    pub status: VerificationStatus,
    /// 100 when Dukcapil verified; of a match in steps of 10.
    pub score: Option<u32>,
    /// [`crate::sealed::Field::Reason`], the event's own envelope.
    pub reason: Option<Sealed>,
    /// Its category, in clear.
    pub reason_category: Option<ReasonCategory>,
    /// The body that made it.
    pub body_fingerprint: Fingerprint,
    /// The enrolment it made.
    pub enrolment: Option<EnrolmentId>,
    /// The enrolment that its review makes, where it is pending and brought a portrait.
    pub enrolment_on_review: Option<EnrolmentId>,
    /// What a match decided; none of another method.
    pub face_match: Option<FaceMatchRow>,
    /// What a capture came to; none of another method.
    pub assessment: Option<CaptureAssessment>,
    /// What a verdict did to the customer's recheck; none where it left it as it was.
    pub recheck: Option<RecheckMark>,
    /// The tier change it caused.
    pub tier_event: Option<TierEventId>,
    /// KYC before it.
    pub kyc_before: Kyc,
    /// KYC after it.
    pub kyc_after: Kyc,
    /// max(append time, the customer's previous one).
    pub created_at: Timestamp,
}

impl VerificationRow {
    /// Its place in lists.
    pub fn place(&self) -> RowPlace {
        RowPlace { created_at: self.created_at, partition: self.source.partition, offset: self.source.offset }
    }
}

/// What a match decided, beside its verification's status and score. Its signals are rows of their own.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct FaceMatchRow {
    /// Whether the two show one person.
    pub matched: bool,
    /// The level that was asked for.
    pub risk_level: RiskLevel,
    /// The similarity that was asked for, in thousandths.
    pub threshold_milli: u32,
    /// Which model made both vectors.
    pub model: FaceModelId,
    /// The liveness verification whose probe it was; none of a picture that was sent alone.
    pub bound: Option<VerificationId>,
    /// What the probe was compared with.
    pub reference: MatchReference,
    /// [`crate::sealed::Field::MatchSimilarity`], the event's own envelope.
    pub similarity: Sealed,
}

/// Something noticed about a verification, joined to it on reading.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SignalRow {
    /// The verification.
    pub verification_id: VerificationId,
    /// Its customer.
    pub customer: CustomerRef,
    /// The event it was noticed at.
    pub source: Source,
    /// What: `idempotency_conflict`, `probe_equals_reference`.
    pub kind: String,
    /// max(append time of that event, the customer's previous one).
    pub created_at: Timestamp,
}

/// What became of an event that made no verification and no reference row of its own.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Disposition {
    /// Its effect is in the state (registration, erasure).
    Applied,
    /// The same id and body stood at an earlier offset.
    Duplicate,
    /// The same id with another body stood at an earlier offset.
    Conflict,
    /// The customer was erased before it.
    Refused,
    /// It could not be applied and quarantined its customer.
    DeadLettered,
    /// It waits for its customer's release.
    Parked,
    /// A release: what it re-read, in order, and what became of each.
    Released(Vec<(Source, BookEntry)>),
}

/// The note about such an event: by it a redelivery finds what was published, and a tally that is behind
/// finds what to count.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct EventNote {
    /// Whose.
    pub customer: CustomerRef,
    /// The event.
    pub source: Source,
    /// Its id, when it could be read.
    pub event_id: Option<EventId>,
    /// The verification it would have made or did make, when there is one.
    pub verification_id: Option<VerificationId>,
    /// The enrolment that it would have made by itself or did make, when there is one.
    pub reference_id: Option<EnrolmentId>,
    /// The verification that it would have reviewed or did review, when it is a review.
    pub review_of: Option<VerificationId>,
    /// The declared failure that it would have made or did make, when it is one or carries one.
    pub fallback_id: Option<FallbackId>,
    /// The recheck that it would have closed or did close; of an erasure, the one that it settled.
    pub recheck: Option<RecheckId>,
    /// What became of it.
    pub disposition: Disposition,
    /// Its body, when it could be read.
    pub body_fingerprint: Option<Fingerprint>,
    /// Why, for a dead letter: a word of ours, never a value from the record.
    pub cause: Option<String>,
}

impl EventNote {
    /// The cause a caller hears of, for a verdict that is not applied.
    pub fn unapplied(&self) -> Option<UnappliedCause> {
        match self.disposition {
            Disposition::Parked => Some(UnappliedCause::Parked),
            Disposition::DeadLettered => Some(UnappliedCause::DeadLettered),
            Disposition::Refused => Some(UnappliedCause::Refused),
            Disposition::Applied
            | Disposition::Duplicate
            | Disposition::Conflict
            | Disposition::Released(_) => None,
        }
    }
}

/// How a customer was registered.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Registration {
    /// The event (the envelopes below are bound to it).
    pub event_id: EventId,
    /// Where it stands.
    pub source: Source,
    /// [`crate::sealed::Field::FullName`]; nulled by a profile erasure.
    pub full_name: Option<Sealed>,
    /// [`crate::sealed::Field::ExternalId`]; nulled by a profile erasure.
    pub external_id: Option<Sealed>,
    /// The registration's body.
    pub body_fingerprint: Fingerprint,
    /// When.
    pub created_at: Timestamp,
}

/// Why and since when a customer's events are parked.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Quarantine {
    /// The event that could not be applied.
    pub since: Source,
    /// A word of ours for why.
    pub cause: String,
    /// Events that wait, the first one included.
    pub waiting: u64,
}

/// A customer, as of an offset of its partition: a pure function of the events up to there.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct CustomerState {
    /// Who.
    pub customer: CustomerRef,
    /// The partition all its events stand in.
    pub partition: Partition,
    /// How far the events are taken in.
    pub as_of: AsOf,
    /// Set by the registration.
    pub registration: Option<Registration>,
    /// The purposes whose keys were destroyed; for ever.
    pub erased: Purposes,
    /// Methods with at least one verified row.
    pub verified: Methods,
    /// Tier and validity.
    pub kyc: Kyc,
    /// The latest `createdAt` given: the next one is not earlier.
    pub last_created_at: Timestamp,
    /// Set while events are parked.
    pub quarantine: Option<Quarantine>,
    /// The challenges of the last day that one was issued on.
    pub challenges: RecentChallenges,
    /// The latest recheck, settled or not.
    pub recheck: Option<Box<RecheckRow>>,
}
