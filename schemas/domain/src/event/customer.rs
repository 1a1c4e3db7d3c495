//! Facts about a customer as a whole: registered, erased, released.

use super::{Event, Fingerprint};
use crate::ids::{CustomerRef, EventId};
use crate::sealed::{Purposes, Sealed};

/// A customer was registered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomerRegistered {
    /// This event.
    pub event_id: EventId,
    /// Whom it is about.
    pub customer: CustomerRef,
    /// [`crate::sealed::Field::FullName`].
    pub full_name: Sealed,
    /// [`crate::sealed::Field::ExternalId`].
    pub external_id: Option<Sealed>,
    /// The registration's body.
    pub body_fingerprint: Fingerprint,
}

/// A customer's personal data for some purposes is to be unreadable from here on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomerErased {
    /// This event.
    pub event_id: EventId,
    /// Whom it is about.
    pub customer: CustomerRef,
    /// Which keys go.
    pub purposes: Purposes,
}

/// An operator released a quarantined customer: what was parked is applied now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomerReleased {
    /// This event.
    pub event_id: EventId,
    /// Whom it is about.
    pub customer: CustomerRef,
}

impl Event {
    /// The erasure, if it is one.
    pub fn as_erasure(&self) -> Option<&CustomerErased> {
        match self {
            Self::CustomerErased(e) => Some(e),
            Self::CustomerRegistered(_)
            | Self::DukcapilVerdictReceived(_)
            | Self::CustomerReleased(_)
            | Self::FaceReferenceAdded(_)
            | Self::FaceMatchDecided(_)
            | Self::FlashChallengeIssued(_)
            | Self::KtpCaptureAssessed(_)
            | Self::VerificationReviewed(_)
            | Self::NikFormatChecked(_)
            | Self::DukcapilAttemptFailed(_)
            | Self::FallbackRecheckClosed(_)
            | Self::VerificationVoided(_) => None,
        }
    }

    /// The release, if it is one.
    pub fn as_release(&self) -> Option<&CustomerReleased> {
        match self {
            Self::CustomerReleased(e) => Some(e),
            Self::CustomerRegistered(_)
            | Self::DukcapilVerdictReceived(_)
            | Self::CustomerErased(_)
            | Self::FaceReferenceAdded(_)
            | Self::FaceMatchDecided(_)
            | Self::FlashChallengeIssued(_)
            | Self::KtpCaptureAssessed(_)
            | Self::VerificationReviewed(_)
            | Self::NikFormatChecked(_)
            | Self::DukcapilAttemptFailed(_)
            | Self::FallbackRecheckClosed(_)
            | Self::VerificationVoided(_) => None,
        }
    }
}
