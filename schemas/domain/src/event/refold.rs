//! What whoever folds the log for himself makes of an event before he does: the same under another tier policy, and the
//! same without what is sealed in it, which no fold looks into.

use bytes::Bytes;

use super::Event;
use crate::sealed::{Sealed, SealedMedia};

/// An envelope with nothing in it: it stands where one stood, and opens for nobody.
fn emptied(envelope: &mut Sealed) {
    *envelope = Sealed::from_envelope(Bytes::new());
}

fn emptied_media(media: &mut SealedMedia) {
    if let SealedMedia::Inline(envelope) = media {
        emptied(envelope);
    }
}

impl Event {
    /// The same under another tier policy, where it carries one.
    #[must_use]
    pub fn under_policy(mut self, version: u32) -> Self {
        match &mut self {
            Self::DukcapilVerdictReceived(e) => e.policy_version = version,
            Self::FaceMatchDecided(e) => e.policy_version = version,
            Self::KtpCaptureAssessed(e) => e.policy_version = version,
            Self::VerificationReviewed(e) => e.policy_version = version,
            Self::CustomerRegistered(_)
            | Self::CustomerErased(_)
            | Self::CustomerReleased(_)
            | Self::FaceReferenceAdded(_)
            | Self::FlashChallengeIssued(_)
            | Self::DukcapilAttemptFailed(_)
            | Self::FallbackRecheckClosed(_) => {}
        }
        self
    }

    /// The same with nothing in its envelopes: it folds to the same, and takes as much memory as its clear parts.
    #[must_use]
    pub fn without_payloads(mut self) -> Self {
        match &mut self {
            Self::CustomerRegistered(e) => {
                emptied(&mut e.full_name);
                e.external_id.iter_mut().for_each(emptied);
            }
            Self::DukcapilVerdictReceived(e) => {
                e.photo.iter_mut().for_each(emptied_media);
                e.reason.iter_mut().for_each(emptied);
            }
            Self::FaceReferenceAdded(e) => emptied_media(&mut e.photo),
            Self::FaceMatchDecided(e) => emptied(&mut e.similarity),
            Self::KtpCaptureAssessed(e) => {
                e.assessment.values.iter_mut().for_each(emptied);
                e.text.iter_mut().for_each(emptied);
                e.portrait.iter_mut().for_each(emptied_media);
                e.review_copy.iter_mut().for_each(emptied_media);
            }
            Self::VerificationReviewed(e) => e.note.iter_mut().for_each(emptied),
            Self::FallbackRecheckClosed(e) => e.note.iter_mut().for_each(emptied),
            Self::CustomerErased(_)
            | Self::CustomerReleased(_)
            | Self::FlashChallengeIssued(_)
            | Self::DukcapilAttemptFailed(_) => {}
        }
        self
    }
}
