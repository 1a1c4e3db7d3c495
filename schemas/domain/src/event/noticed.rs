//! What an event says was noticed about the verification that it makes, beside what was decided. Not here: what is raised
//! of it as a signal, which may depend on the customer (`outcomes_of::raised`).

use super::{DukcapilVerdictReceived, Event};
use crate::classify::ReasonCategory;
use crate::signals::SignalKind;

impl Event {
    /// Words of [`SignalKind`], of a later build perhaps others.
    pub fn noticed(&self) -> Vec<String> {
        match self {
            Self::DukcapilVerdictReceived(e) => of_verdict(e),
            Self::FaceMatchDecided(e) => e.signals.clone(),
            Self::KtpCaptureAssessed(e) => e.signals.clone(),
            Self::NikFormatChecked(e) => e.signals.clone(),
            Self::CustomerRegistered(_)
            | Self::CustomerErased(_)
            | Self::CustomerReleased(_)
            | Self::FaceReferenceAdded(_)
            | Self::FlashChallengeIssued(_)
            | Self::VerificationReviewed(_)
            | Self::DukcapilAttemptFailed(_)
            | Self::FallbackRecheckClosed(_)
            | Self::VerificationVoided(_) => Vec::new(),
        }
    }
}

/// An event of a build that did not look at the raw answer folds for ever to what it folded to then: without signals.
fn of_verdict(e: &DukcapilVerdictReceived) -> Vec<String> {
    let Some(reading) = &e.raw_reading else { return Vec::new() };
    let is_death = !e.valid && e.reason_category == Some(ReasonCategory::Deceased);
    let death = is_death.then(|| SignalKind::DeceasedAfterVerified.as_str().to_owned());
    reading.signals.iter().cloned().chain(death).collect()
}
