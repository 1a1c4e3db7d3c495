//! The fact that a NIK's form was looked at. The NIK itself is sealed; what its digits told is in clear, so that it outlives
//! an erasure and tells nobody which NIK it was. Not here: the rules (`nik`).

use super::{Event, Fingerprint};
use crate::capture::VoterState;
use crate::ids::{CustomerRef, EventId, VerificationId};
use crate::nik::NikFindings;
use crate::sealed::Sealed;

/// The voters of a capture that say whether its NIK can be one, and whose it is.
const NIK_VOTERS: [&str; 2] = ["nik_read", "nik_consistency"];

/// A NIK's form was checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NikFormatChecked {
    /// This event.
    pub event_id: EventId,
    /// Whom it is about.
    pub customer: CustomerRef,
    /// The verification row it makes.
    pub verification_id: VerificationId,
    /// [`crate::sealed::Field::Nik`]: its sixteen digits.
    pub nik: Sealed,
    /// What they told.
    pub findings: NikFindings,
    /// Codes of what was noticed: `nik_region_unknown`. Each becomes a signal's row.
    pub signals: Vec<String>,
    /// The tier policy to fold with ([`crate::policy`]).
    pub policy_version: u32,
    /// The request's body.
    pub body_fingerprint: Fingerprint,
}

impl NikFormatChecked {
    /// Whether nothing is verified that cannot be a NIK, or that is somebody else's by what was said of the person.
    pub fn is_consistent(&self) -> bool {
        !self.findings.verified || self.findings.carries_a_verification()
    }
}

impl Event {
    /// Whether the NIK in it, if there is one, stands for its customer among the org's NIKs. One that cannot be a NIK, or that
    /// two readings of a card disagree on, is a slip of fingers or of a reader, and no other person's number. By what
    /// stands in clear, so that a later build, with another table of regions, comes to the same.
    pub fn stands_for_a_nik(&self) -> bool {
        match self {
            Self::NikFormatChecked(e) => e.findings.fault.is_none(),
            Self::KtpCaptureAssessed(e) => {
                let mut voters = e.assessment.tamper.voters.iter();
                !voters.any(|of| of.state == VoterState::Fail && NIK_VOTERS.contains(&of.name.as_str()))
            }
            Self::CustomerRegistered(_)
            | Self::DukcapilVerdictReceived(_)
            | Self::CustomerErased(_)
            | Self::CustomerReleased(_)
            | Self::FaceReferenceAdded(_)
            | Self::FaceMatchDecided(_)
            | Self::FlashChallengeIssued(_)
            | Self::VerificationReviewed(_)
            | Self::DukcapilAttemptFailed(_)
            | Self::FallbackRecheckClosed(_)
            | Self::VerificationVoided(_) => false,
        }
    }
}
