//! The fact that a verification counts no more. What it does to the tier is the fold's.

use super::{Event, Fingerprint};
use crate::ids::{CustomerRef, EventId, VerificationId};
use crate::rows::VoidReason;
use crate::sealed::Sealed;

/// A verification that counted as verified was declared void.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerificationVoided {
    /// This event.
    pub event_id: EventId,
    /// Whom it is about.
    pub customer: CustomerRef,
    /// The verification row, which another event made.
    pub verification_id: VerificationId,
    /// Why.
    pub reason: VoidReason,
    /// [`crate::sealed::Field::VoidNote`].
    pub note: Option<Sealed>,
    /// Who: an API key's public name, or a member of staff.
    pub by: String,
    /// The tier policy that what stands is counted by ([`crate::policy`]).
    pub policy_version: u32,
    /// The request's body; none of a form of the console.
    pub body_fingerprint: Option<Fingerprint>,
}

impl Event {
    /// The verification that it makes void, if it does: one that another event made.
    pub fn void_of(&self) -> Option<&VerificationId> {
        match self {
            Self::VerificationVoided(e) => Some(&e.verification_id),
            Self::CustomerRegistered(_)
            | Self::DukcapilVerdictReceived(_)
            | Self::CustomerErased(_)
            | Self::CustomerReleased(_)
            | Self::FaceReferenceAdded(_)
            | Self::FaceMatchDecided(_)
            | Self::FlashChallengeIssued(_)
            | Self::KtpCaptureAssessed(_)
            | Self::VerificationReviewed(_)
            | Self::DukcapilAttemptFailed(_)
            | Self::FallbackRecheckClosed(_) => None,
        }
    }
}
