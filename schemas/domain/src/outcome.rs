//! What came of an event: what the projector publishes to `identity.outcomes`, for waiting API instances
//! and for analytics. No direct identifiers; customer ids are pseudonymous.

mod recheck;

pub use recheck::*;

use crate::classify::ReasonCategory;
use crate::event::{Fingerprint, Source};
use crate::ids::{CustomerRef, EnrolmentId, EventId, TierEventId, VerificationId};
use crate::policy::{Method, Tier};
use crate::rows::{FaceSource, VerificationStatus};
use crate::sealed::Purposes;
use crate::time::Timestamp;

/// An enrolment as an answer shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnrolmentSummary {
    /// The enrolment.
    pub id: EnrolmentId,
    /// Where the photo came from.
    pub source: FaceSource,
    /// No vector of a real face model stands (yet).
    pub fallback_stub: bool,
}

/// A verification row exists. The last outcome of its event; published again for a duplicate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerificationCreated {
    /// This outcome; follows from the event's id.
    pub id: EventId,
    /// Whom it is about.
    pub customer: CustomerRef,
    /// The event that made the row.
    pub event_id: EventId,
    /// Where that event stands: of duplicates, the first.
    pub source: Source,
    /// The row.
    pub verification_id: VerificationId,
    /// How it was verified.
    pub method: Method,
    /// What came of it.
    pub status: VerificationStatus,
    /// 100 when verified by Dukcapil; of a match in steps of 10.
    pub score: Option<u32>,
    /// Category of the reason.
    pub reason_category: Option<ReasonCategory>,
    /// The face reference it made.
    pub enrolment: Option<EnrolmentSummary>,
    /// The body that made the row.
    pub body_fingerprint: Fingerprint,
    /// The row's `createdAt`.
    pub created_at: Timestamp,
}

/// A face reference exists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FaceEnrolled {
    /// This outcome.
    pub id: EventId,
    /// Whom it is about.
    pub customer: CustomerRef,
    /// The verification that brought it; none of a reference that came by itself.
    pub verification_id: Option<VerificationId>,
    /// The event that brought it; none in records of before this was said.
    pub event_id: Option<EventId>,
    /// The reference.
    pub enrolment: EnrolmentSummary,
    /// The model that made its vector. None since vectors are made after the fact is published.
    pub model: Option<String>,
    /// The enrolment's `createdAt`.
    pub created_at: Timestamp,
}

/// A customer's tier changed, or its validity was renewed (then `from` equals `to`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KycUpdated {
    /// This outcome.
    pub id: EventId,
    /// Whom it is about.
    pub customer: CustomerRef,
    /// The tier event, when the tier changed.
    pub tier_event_id: Option<TierEventId>,
    /// Before.
    pub from_tier: Tier,
    /// After.
    pub to_tier: Tier,
    /// `automatic on nik_dukcapil verify`: the causing method.
    pub reason: String,
    /// `kycLastVerifiedAt` after it.
    pub last_verified_at: Timestamp,
    /// `kycExpiresAt` after it.
    pub expires_at: Timestamp,
    /// When.
    pub created_at: Timestamp,
}

/// The same `Idempotency-Key` came with another body: it had no effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerdictConflicted {
    /// This outcome.
    pub id: EventId,
    /// Whom it is about.
    pub customer: CustomerRef,
    /// The row of the first body.
    pub verification_id: VerificationId,
    /// Where the event without effect stands.
    pub source: Source,
    /// Its body.
    pub body_fingerprint: Fingerprint,
    /// Where the first event stands.
    pub first_source: Source,
    /// The first body.
    pub first_body_fingerprint: Fingerprint,
}

/// Why a verdict was not applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum UnappliedCause {
    /// An earlier event of the customer could not be applied; this one waits for its release.
    Parked,
    /// This one could not be applied.
    DeadLettered,
    /// The customer is erased.
    Refused,
}

impl UnappliedCause {
    /// The word in the outcome.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Parked => "parked",
            Self::DeadLettered => "dead_lettered",
            Self::Refused => "refused",
        }
    }

    /// The cause of that word.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Parked, Self::DeadLettered, Self::Refused].into_iter().find(|c| c.as_str() == word)
    }
}

/// A verdict has no effect (yet): its caller gets 202, 202 or 404.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerdictUnapplied {
    /// This outcome.
    pub id: EventId,
    /// Whom it is about.
    pub customer: CustomerRef,
    /// The row it would have made; none when the record could not be read.
    pub verification_id: Option<VerificationId>,
    /// Where the event stands.
    pub source: Source,
    /// Why.
    pub cause: UnappliedCause,
}

/// An erasure, written by the eraser itself, so that caches hear of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErasureAnnounced {
    /// This outcome.
    pub id: EventId,
    /// Whom it is about.
    pub customer: CustomerRef,
    /// Which keys go.
    pub purposes: Purposes,
}

/// A person decided about a pending verification: the last outcome of the review's event. Published again for every later
/// review of the same verification, which has no effect; that one's own event id is another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReviewRecorded {
    /// This outcome; follows from the event's id.
    pub id: EventId,
    /// Whom it is about.
    pub customer: CustomerRef,
    /// The review that counts: the first one's event.
    pub event_id: EventId,
    /// Where that event stands.
    pub source: Source,
    /// The verification.
    pub verification_id: VerificationId,
    /// Verified or failed.
    pub to_status: VerificationStatus,
    /// The bank's own code for why.
    pub reason_code: String,
    /// The face reference it made.
    pub enrolment: Option<EnrolmentSummary>,
    /// The body that made it; none of a form of the console.
    pub body_fingerprint: Option<Fingerprint>,
    /// The review's `createdAt`.
    pub created_at: Timestamp,
}

/// Everything that may stand in `identity.outcomes`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// See [`VerificationCreated`].
    VerificationCreated(VerificationCreated),
    /// See [`FaceEnrolled`].
    FaceEnrolled(FaceEnrolled),
    /// See [`KycUpdated`].
    KycUpdated(KycUpdated),
    /// See [`VerdictConflicted`].
    VerdictConflicted(VerdictConflicted),
    /// See [`VerdictUnapplied`].
    VerdictUnapplied(VerdictUnapplied),
    /// See [`ErasureAnnounced`]; `CustomerErased` in the topic.
    CustomerErased(ErasureAnnounced),
    /// See [`ReviewRecorded`].
    ReviewRecorded(ReviewRecorded),
    /// See [`FallbackRecheckOpened`].
    FallbackRecheckOpened(FallbackRecheckOpened),
    /// See [`FallbackRecheckSettled`].
    FallbackRecheckSettled(FallbackRecheckSettled),
}

impl Outcome {
    /// The outcome's id.
    pub fn id(&self) -> &EventId {
        match self {
            Self::VerificationCreated(o) => &o.id,
            Self::FaceEnrolled(o) => &o.id,
            Self::KycUpdated(o) => &o.id,
            Self::VerdictConflicted(o) => &o.id,
            Self::VerdictUnapplied(o) => &o.id,
            Self::CustomerErased(o) => &o.id,
            Self::ReviewRecorded(o) => &o.id,
            Self::FallbackRecheckOpened(o) => &o.id,
            Self::FallbackRecheckSettled(o) => &o.id,
        }
    }

    /// Whom the outcome is about.
    pub fn customer(&self) -> &CustomerRef {
        match self {
            Self::VerificationCreated(o) => &o.customer,
            Self::FaceEnrolled(o) => &o.customer,
            Self::KycUpdated(o) => &o.customer,
            Self::VerdictConflicted(o) => &o.customer,
            Self::VerdictUnapplied(o) => &o.customer,
            Self::CustomerErased(o) => &o.customer,
            Self::ReviewRecorded(o) => &o.customer,
            Self::FallbackRecheckOpened(o) => &o.customer,
            Self::FallbackRecheckSettled(o) => &o.customer,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::UnappliedCause;

    #[test]
    fn causes_have_their_words() {
        for (cause, word) in [
            (UnappliedCause::Parked, "parked"),
            (UnappliedCause::DeadLettered, "dead_lettered"),
            (UnappliedCause::Refused, "refused"),
        ] {
            assert_eq!((cause.as_str(), UnappliedCause::parse(word)), (word, Some(cause)));
        }
        for no_word in ["", "Parked", "lost"] {
            assert_eq!(UnappliedCause::parse(no_word), None, "{no_word}");
        }
    }
}
