//! Captures that we judge ourselves (sequence §1): what a phone is asked to show, what it answers, and what is decided of
//! it. Not here: how pixels are looked at (`capture-analysis`), and the events.

mod assessment;
mod decision;
mod flash_color;
mod voter;

pub use assessment::{
    AssuranceTier, CaptureAssessment, CaptureVerdict, GuidanceCode, TextAgreement, TextSource,
};
pub use decision::{
    ANTI_SPOOF_VOTERS, CAPTURE_POLICY_VERSION, CaptureDecision, CaptureFindings, decide_capture,
};
pub use flash_color::FlashColor;
pub use voter::{FusedVerdict, Measure, VoterFinding, VoterPanel, VoterState};
