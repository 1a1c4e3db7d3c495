//! The facts: what is written to `identity.events` and `identity.audit`, once and for ever.
//!
//! Past tense, immutable, personal fields sealed. A change of meaning is a new version of an event with
//! an upcaster in `event-codec`, never an edit here that old records would not survive.

mod audit;
mod capture;
mod challenge;
mod compliance;
mod customer;
mod face;
mod fields;
mod nik;
mod noticed;
mod place;
mod recheck;
mod refold;
mod sealed_parts;
mod void;

use crate::classify::ReasonCategory;
use crate::ids::{CustomerRef, EnrolmentId, EventId, FallbackId, RecheckId, VerificationId};
use crate::raw_answer::RawReading;
use crate::sealed::{Field, Sealed, SealedMedia};
use crate::time::Timestamp;
pub use audit::*;
pub use capture::*;
pub use challenge::*;
pub use compliance::*;
pub use customer::*;
pub use face::*;
pub use fields::*;
pub use nik::*;
pub use place::*;
pub use recheck::*;
pub use sealed_parts::*;
pub use void::*;

/// Dukcapil's final verdict about a customer's NIK was received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DukcapilVerdictReceived {
    /// This event.
    pub event_id: EventId,
    /// Whom it is about.
    pub customer: CustomerRef,
    /// The verification row it makes.
    pub verification_id: VerificationId,
    /// The enrolment it makes; there exactly when `valid`.
    pub enrolment_id: Option<EnrolmentId>,
    /// Dukcapil's word.
    pub valid: bool,
    /// [`crate::sealed::Field::Photo`]; there exactly when `valid`.
    pub photo: Option<SealedMedia>,
    /// `image/jpeg` or `image/png`, by content.
    pub photo_content_type: Option<String>,
    /// [`crate::sealed::Field::Reason`].
    pub reason: Option<Sealed>,
    /// The reason's category, in clear, so that it outlives an erasure.
    pub reason_category: Option<ReasonCategory>,
    /// Which classifier said so.
    pub classifier_version: u32,
    /// The request's body.
    pub body_fingerprint: Fingerprint,
    /// The tier policy to fold with ([`crate::policy`]).
    pub policy_version: u32,
    /// The evidence, appended before this event.
    pub audit: AuditRef,
    /// What the raw answer came to, in words of ours; none of a build that did not look.
    pub raw_reading: Option<RawReading>,
}

impl DukcapilVerdictReceived {
    /// Whether enrolment and photo are there exactly when it is valid.
    pub fn is_consistent(&self) -> bool {
        self.valid == self.enrolment_id.is_some() && self.valid == self.photo.is_some()
    }
}

/// Everything that may stand in `identity.events`. No fold has a catch-all arm over it, and nothing but a fold
/// matches over it: the accessors below are total, and whoever adds an event answers them here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// See [`CustomerRegistered`].
    CustomerRegistered(CustomerRegistered),
    /// See [`DukcapilVerdictReceived`].
    DukcapilVerdictReceived(DukcapilVerdictReceived),
    /// See [`CustomerErased`].
    CustomerErased(CustomerErased),
    /// See [`CustomerReleased`].
    CustomerReleased(CustomerReleased),
    /// See [`FaceReferenceAdded`].
    FaceReferenceAdded(FaceReferenceAdded),
    /// See [`FaceMatchDecided`].
    FaceMatchDecided(FaceMatchDecided),
    /// See [`FlashChallengeIssued`].
    FlashChallengeIssued(FlashChallengeIssued),
    /// See [`KtpCaptureAssessed`].
    KtpCaptureAssessed(KtpCaptureAssessed),
    /// See [`VerificationReviewed`].
    VerificationReviewed(VerificationReviewed),
    /// See [`NikFormatChecked`].
    NikFormatChecked(NikFormatChecked),
    /// See [`DukcapilAttemptFailed`].
    DukcapilAttemptFailed(DukcapilAttemptFailed),
    /// See [`FallbackRecheckClosed`].
    FallbackRecheckClosed(FallbackRecheckClosed),
    /// See [`VerificationVoided`].
    VerificationVoided(VerificationVoided),
}

impl Event {
    /// The event's id.
    pub fn event_id(&self) -> &EventId {
        match self {
            Self::CustomerRegistered(e) => &e.event_id,
            Self::DukcapilVerdictReceived(e) => &e.event_id,
            Self::CustomerErased(e) => &e.event_id,
            Self::CustomerReleased(e) => &e.event_id,
            Self::FaceReferenceAdded(e) => &e.event_id,
            Self::FaceMatchDecided(e) => &e.event_id,
            Self::FlashChallengeIssued(e) => &e.event_id,
            Self::KtpCaptureAssessed(e) => &e.event_id,
            Self::VerificationReviewed(e) => &e.event_id,
            Self::NikFormatChecked(e) => &e.event_id,
            Self::DukcapilAttemptFailed(e) => &e.event_id,
            Self::FallbackRecheckClosed(e) => &e.event_id,
            Self::VerificationVoided(e) => &e.event_id,
        }
    }

    /// Whom the event is about.
    pub fn customer(&self) -> &CustomerRef {
        match self {
            Self::CustomerRegistered(e) => &e.customer,
            Self::DukcapilVerdictReceived(e) => &e.customer,
            Self::CustomerErased(e) => &e.customer,
            Self::CustomerReleased(e) => &e.customer,
            Self::FaceReferenceAdded(e) => &e.customer,
            Self::FaceMatchDecided(e) => &e.customer,
            Self::FlashChallengeIssued(e) => &e.customer,
            Self::KtpCaptureAssessed(e) => &e.customer,
            Self::VerificationReviewed(e) => &e.customer,
            Self::NikFormatChecked(e) => &e.customer,
            Self::DukcapilAttemptFailed(e) => &e.customer,
            Self::FallbackRecheckClosed(e) => &e.customer,
            Self::VerificationVoided(e) => &e.customer,
        }
    }

    /// The verification row it makes, if it is about one.
    pub fn verification_id(&self) -> Option<&VerificationId> {
        match self {
            Self::DukcapilVerdictReceived(e) => Some(&e.verification_id),
            Self::FaceMatchDecided(e) => Some(&e.verification_id),
            Self::KtpCaptureAssessed(e) => Some(&e.verification_id),
            Self::NikFormatChecked(e) => Some(&e.verification_id),
            Self::CustomerRegistered(_)
            | Self::CustomerErased(_)
            | Self::CustomerReleased(_)
            | Self::FaceReferenceAdded(_)
            | Self::FlashChallengeIssued(_)
            | Self::VerificationReviewed(_)
            | Self::DukcapilAttemptFailed(_)
            | Self::FallbackRecheckClosed(_)
            | Self::VerificationVoided(_) => None,
        }
    }

    /// The verification that it reviews, if it is a review: one that another event made.
    pub fn review_of(&self) -> Option<&VerificationId> {
        match self {
            Self::VerificationReviewed(e) => Some(&e.verification_id),
            Self::CustomerRegistered(_)
            | Self::DukcapilVerdictReceived(_)
            | Self::CustomerErased(_)
            | Self::CustomerReleased(_)
            | Self::FaceReferenceAdded(_)
            | Self::FaceMatchDecided(_)
            | Self::FlashChallengeIssued(_)
            | Self::KtpCaptureAssessed(_)
            | Self::NikFormatChecked(_)
            | Self::DukcapilAttemptFailed(_)
            | Self::FallbackRecheckClosed(_)
            | Self::VerificationVoided(_) => None,
        }
    }

    /// The enrolment that it makes without a verification, if it is a reference that came by itself.
    pub fn reference_id(&self) -> Option<&EnrolmentId> {
        match self {
            Self::FaceReferenceAdded(e) => Some(&e.enrolment_id),
            Self::CustomerRegistered(_)
            | Self::DukcapilVerdictReceived(_)
            | Self::CustomerErased(_)
            | Self::CustomerReleased(_)
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

    /// The declared failure that it makes, if it makes one: itself, or as a part of a capture.
    pub fn fallback_id(&self) -> Option<&FallbackId> {
        match self {
            Self::DukcapilAttemptFailed(e) => Some(&e.fallback_id),
            Self::KtpCaptureAssessed(e) => e.fallback.as_ref().map(|fallback| &fallback.id),
            Self::CustomerRegistered(_)
            | Self::DukcapilVerdictReceived(_)
            | Self::CustomerErased(_)
            | Self::CustomerReleased(_)
            | Self::FaceReferenceAdded(_)
            | Self::FaceMatchDecided(_)
            | Self::FlashChallengeIssued(_)
            | Self::VerificationReviewed(_)
            | Self::NikFormatChecked(_)
            | Self::FallbackRecheckClosed(_)
            | Self::VerificationVoided(_) => None,
        }
    }

    /// The recheck that it closes, if it closes one: one that another event opened.
    pub fn closes_recheck(&self) -> Option<&RecheckId> {
        match self {
            Self::FallbackRecheckClosed(e) => Some(&e.recheck_id),
            Self::CustomerRegistered(_)
            | Self::DukcapilVerdictReceived(_)
            | Self::CustomerErased(_)
            | Self::CustomerReleased(_)
            | Self::FaceReferenceAdded(_)
            | Self::FaceMatchDecided(_)
            | Self::FlashChallengeIssued(_)
            | Self::KtpCaptureAssessed(_)
            | Self::VerificationReviewed(_)
            | Self::NikFormatChecked(_)
            | Self::DukcapilAttemptFailed(_)
            | Self::VerificationVoided(_) => None,
        }
    }

    /// The fingerprint of the request's body that caused it; none where no request did.
    pub fn body_fingerprint(&self) -> Option<Fingerprint> {
        match self {
            Self::CustomerRegistered(e) => Some(e.body_fingerprint),
            Self::DukcapilVerdictReceived(e) => Some(e.body_fingerprint),
            Self::FaceReferenceAdded(e) => Some(e.body_fingerprint),
            Self::FaceMatchDecided(e) => Some(e.body_fingerprint),
            Self::KtpCaptureAssessed(e) => Some(e.body_fingerprint),
            Self::VerificationReviewed(e) => e.body_fingerprint,
            Self::NikFormatChecked(e) => Some(e.body_fingerprint),
            Self::DukcapilAttemptFailed(e) => Some(e.body_fingerprint),
            Self::FallbackRecheckClosed(e) => e.body_fingerprint,
            Self::VerificationVoided(e) => e.body_fingerprint,
            Self::CustomerErased(_) | Self::CustomerReleased(_) | Self::FlashChallengeIssued(_) => None,
        }
    }

    /// Every envelope that stands in it. Media that lies elsewhere is not among them.
    pub fn sealed_fields(&self) -> Vec<SealedField<'_>> {
        match self {
            Self::CustomerRegistered(e) => {
                let external_id = e.external_id.as_ref().map(|id| SealedField::text(Field::ExternalId, id));
                [SealedField::text(Field::FullName, &e.full_name)].into_iter().chain(external_id).collect()
            }
            Self::DukcapilVerdictReceived(e) => {
                let photo = e.photo.as_ref().and_then(SealedMedia::inline).map(|envelope| SealedField {
                    field: Field::Photo,
                    content_type: e.photo_content_type.as_deref().unwrap_or_default(),
                    envelope,
                });
                let reason = e.reason.as_ref().map(|reason| SealedField::text(Field::Reason, reason));
                photo.into_iter().chain(reason).collect()
            }
            Self::FaceReferenceAdded(e) => {
                let photo = e.photo.inline().map(|envelope| SealedField {
                    field: Field::Photo,
                    content_type: &e.photo_content_type,
                    envelope,
                });
                photo.into_iter().collect()
            }
            Self::FaceMatchDecided(e) => vec![SealedField {
                field: Field::MatchSimilarity,
                content_type: SIMILARITY_CONTENT_TYPE,
                envelope: &e.similarity,
            }],
            Self::KtpCaptureAssessed(e) => e.sealed_fields(),
            Self::VerificationReviewed(e) => {
                e.note.iter().map(|note| SealedField::text(Field::ReviewNote, note)).collect()
            }
            Self::NikFormatChecked(e) => vec![SealedField::text(Field::Nik, &e.nik)],
            Self::FallbackRecheckClosed(e) => {
                e.note.iter().map(|note| SealedField::text(Field::RecheckNote, note)).collect()
            }
            Self::VerificationVoided(e) => {
                e.note.iter().map(|note| SealedField::text(Field::VoidNote, note)).collect()
            }
            Self::CustomerErased(_)
            | Self::CustomerReleased(_)
            | Self::FlashChallengeIssued(_)
            | Self::DukcapilAttemptFailed(_) => Vec::new(),
        }
    }

    /// The photo that it makes a face reference of.
    pub fn reference_photo(&self) -> Option<ReferencePhoto<'_>> {
        match self {
            Self::DukcapilVerdictReceived(e) => Some(ReferencePhoto {
                enrolment: e.enrolment_id.as_ref()?,
                content_type: e.photo_content_type.as_deref().unwrap_or_default(),
                media: e.photo.as_ref()?,
            }),
            Self::FaceReferenceAdded(e) => Some(ReferencePhoto {
                enrolment: &e.enrolment_id,
                content_type: &e.photo_content_type,
                media: &e.photo,
            }),
            Self::KtpCaptureAssessed(e) => Some(ReferencePhoto {
                enrolment: e.enrolment_id.as_ref()?,
                content_type: e.portrait_content_type.as_deref().unwrap_or_default(),
                media: e.portrait.as_ref()?,
            }),
            Self::CustomerRegistered(_)
            | Self::FaceMatchDecided(_)
            | Self::VerificationReviewed(_)
            | Self::VerificationVoided(_)
            | Self::CustomerErased(_)
            | Self::CustomerReleased(_)
            | Self::FlashChallengeIssued(_)
            | Self::NikFormatChecked(_)
            | Self::DukcapilAttemptFailed(_)
            | Self::FallbackRecheckClosed(_) => None,
        }
    }

    /// Whether its fields agree with one another; one that does not is never applied.
    pub fn is_consistent(&self) -> bool {
        match self {
            Self::DukcapilVerdictReceived(e) => e.is_consistent(),
            Self::FaceReferenceAdded(e) => e.is_consistent(),
            Self::FaceMatchDecided(e) => e.is_consistent(),
            Self::FlashChallengeIssued(e) => e.is_consistent(),
            Self::KtpCaptureAssessed(e) => e.is_consistent(),
            Self::VerificationReviewed(e) => e.is_consistent(),
            Self::NikFormatChecked(e) => e.is_consistent(),
            Self::DukcapilAttemptFailed(e) => e.is_consistent(),
            Self::FallbackRecheckClosed(e) => e.is_consistent(),
            Self::CustomerRegistered(_)
            | Self::CustomerErased(_)
            | Self::CustomerReleased(_)
            | Self::VerificationVoided(_) => true,
        }
    }
}

/// An event as it stands in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedEvent {
    /// What happened.
    pub event: Event,
    /// Where it stands.
    pub source: Source,
    /// When the log took it, by the log's clock.
    pub appended_at: Timestamp,
}

#[cfg(test)]
#[path = "event_tests.rs"]
mod tests;
