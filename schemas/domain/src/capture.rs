//! Captures that we judge ourselves (sequence §1): what a phone is asked to show, what it answers, and what is decided of
//! it. Not here: how pixels are looked at (`capture-analysis`), and the events.

mod admission;
mod assessment;
mod attempts;
mod bundle;
mod challenge;
mod decision;
mod flash_color;
mod flash_sequence;
#[cfg(test)]
mod test_prf;
mod voter;

pub use admission::{
    CaptureRefusal, SIGNAL_CLOCK_SKEW, admit_capture, answered_challenge, clock_signal, has_signed,
    signed_text,
};
pub use assessment::{
    AssuranceTier, CaptureAssessment, CaptureVerdict, GuidanceCode, TextAgreement, TextSource,
};
pub use attempts::{ChallengeEntry, ChallengeStanding, RecentChallenges};
pub use bundle::{CaptureBundle, CapturePlatform, CapturedAt, FlashSample, FrameFault};
pub use challenge::{ChallengePrf, ChallengePurpose, FlashChallenge};
pub use decision::{
    ANTI_SPOOF_VOTERS, CAPTURE_POLICY_VERSION, CaptureDecision, CaptureFindings, decide_capture,
};
pub use flash_color::FlashColor;
pub use flash_sequence::FlashSequence;
pub use voter::{FusedVerdict, Measure, VoterFinding, VoterPanel, VoterState};
