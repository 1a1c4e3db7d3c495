//! What a person decided of a pending verification: a row of its own beside it, and where the queue has it.

use super::{Kyc, VerificationStatus};
use crate::classify::ReasonCategory;
use crate::event::{Fingerprint, Source};
use crate::ids::{CustomerRef, EnrolmentId, EventId, TierEventId, VerificationId};
use crate::policy::Method;
use crate::ports::RowPlace;
use crate::sealed::Sealed;
use crate::time::Timestamp;

/// What a person decided of a pending verification, immutable: joined to it on reading. There is one a verification.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ReviewRow {
    /// The verification.
    pub verification_id: VerificationId,
    /// Its customer.
    pub customer: CustomerRef,
    /// The event that made it (the envelope of `note` is bound to it).
    pub event_id: EventId,
    /// Where that event stands.
    pub source: Source,
    /// Verified or failed.
    pub to_status: VerificationStatus,
    /// The bank's own code for why.
    pub reason_code: String,
    /// [`crate::sealed::Field::ReviewNote`], the event's own envelope.
    pub note: Option<Sealed>,
    /// Who: an API key's public name, or a member of staff.
    pub by: String,
    /// The body that made it; none of a form of the console.
    pub body_fingerprint: Option<Fingerprint>,
    /// What lists and counts that the verification is in go by.
    pub subject: ReviewSubject,
    /// The enrolment it made of the capture's portrait.
    pub enrolment: Option<EnrolmentId>,
    /// The tier change it caused.
    pub tier_event: Option<TierEventId>,
    /// KYC before it.
    pub kyc_before: Kyc,
    /// KYC after it.
    pub kyc_after: Kyc,
    /// max(append time, the customer's previous one).
    pub created_at: Timestamp,
}

/// What a review says again of its verification, so that whoever keeps lists and counts by it need not read the row.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ReviewSubject {
    /// How it was verified.
    pub method: Method,
    /// The category of its reason.
    pub reason_category: Option<ReasonCategory>,
    /// Its place in lists, which is not the review's.
    pub place: RowPlace,
}

/// Where a verification's review stands: what the queue is read by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ReviewState {
    /// It waits for a person.
    Open,
    /// One verified it.
    Verified,
    /// One did not.
    Failed,
}

impl ReviewState {
    /// Every state.
    pub const ALL: [Self; 3] = [Self::Open, Self::Verified, Self::Failed];

    /// The word in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Verified => "verified",
            Self::Failed => "failed",
        }
    }

    /// The state of that word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }
}

impl ReviewRow {
    /// Its own place in the customer's time, which is not its verification's.
    pub fn place(&self) -> RowPlace {
        RowPlace { created_at: self.created_at, partition: self.source.partition, offset: self.source.offset }
    }

    /// The state that it brings its verification to.
    pub fn state(&self) -> ReviewState {
        match self.to_status {
            VerificationStatus::Verified => ReviewState::Verified,
            VerificationStatus::Failed | VerificationStatus::Pending => ReviewState::Failed,
        }
    }
}
