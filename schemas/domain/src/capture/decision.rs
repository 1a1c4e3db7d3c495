//! What is decided of a captured card, from its voters' votes alone (sequence §2.3). Not here: how a voter comes to its vote
//! (`capture-analysis` for pixels, `crate::ktp` and the face reader for what the card says).

use super::{
    AssuranceTier, CaptureVerdict, FusedVerdict, GuidanceCode, TextSource, VoterFinding, VoterPanel,
    VoterState,
};
use crate::classify::ReasonCategory;

/// The rules below, by number: kept with every decision, raised when a rule changes.
pub const CAPTURE_POLICY_VERSION: u32 = 1;

/// Voters of the pixels, in the order of the answer.
pub const ANTI_SPOOF_VOTERS: [&str; 5] =
    ["card_geometry", "image_quality", "screen_recapture", "grey_copy", "flash_reflectance"];

/// Why an image of poor quality alone is a failure that the person can mend at once.
const MENDABLE: [&str; 2] = ["blur", "glare"];

/// All that a decision goes by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaptureFindings {
    /// Of [`ANTI_SPOOF_VOTERS`]; one that is missing counts as if it abstained.
    pub anti_spoof: Vec<VoterFinding>,
    /// Whether the card's NIK was read, and by one more than its bearer.
    pub nik_read: VoterFinding,
    /// Whether the NIK is possible and agrees with what is printed beside it.
    pub nik_consistency: VoterFinding,
    /// Whether a face is where the portrait should be.
    pub portrait_face: VoterFinding,
    /// Whose reading counts; none where nobody read the card.
    pub text_source: Option<TextSource>,
    /// What was noticed that the person can do better.
    pub guidance: Vec<GuidanceCode>,
    /// The org's `ktp.minAssurance`: a pass below it is for a person to decide.
    pub assurance_min: AssuranceTier,
}

/// What was decided, and how it is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaptureDecision {
    /// The decision.
    pub verdict: CaptureVerdict,
    /// Whether it is what stood before the camera.
    pub anti_spoof: VoterPanel,
    /// Whether the document says what an authentic one says.
    pub tamper: VoterPanel,
    /// By whose reading it is.
    pub assurance: AssuranceTier,
    /// Why it did not pass; none of a pass.
    pub reason_category: Option<ReasonCategory>,
    /// Of the pixels' voters that were present, how many passed, in steps of ten; none where none was present.
    pub score: Option<u32>,
    /// What the person can do better; nothing of a pass.
    pub guidance: Vec<GuidanceCode>,
}

/// Decides.
pub fn decide_capture(findings: CaptureFindings) -> CaptureDecision {
    let assurance = match findings.text_source {
        Some(TextSource::Server) => AssuranceTier::Standard,
        Some(TextSource::Client) | None => AssuranceTier::Low,
    };
    let anti_spoof = anti_spoof_panel(findings.anti_spoof);
    let tamper = tamper_panel(findings.nik_read, findings.nik_consistency, findings.portrait_face);
    let mended = mended_by_retry(&anti_spoof, &tamper);
    let (verdict, reason_category) = match (anti_spoof.fused, tamper.fused) {
        (FusedVerdict::Spoof, _) => (CaptureVerdict::Failed, Some(ReasonCategory::Spoof)),
        (_, FusedVerdict::Tampered) => (CaptureVerdict::Failed, Some(ReasonCategory::Tampered)),
        (FusedVerdict::Live, FusedVerdict::Authentic) if assurance >= findings.assurance_min => {
            (CaptureVerdict::Passed, None)
        }
        _ if mended => (CaptureVerdict::Failed, Some(ReasonCategory::Quality)),
        _ => (CaptureVerdict::RequiresReview, Some(ReasonCategory::Unclear)),
    };
    let score = score(&anti_spoof);
    let guidance = guidance(verdict, mended, &findings.guidance);
    CaptureDecision { verdict, anti_spoof, tamper, assurance, reason_category, score, guidance }
}

/// A screen, a grey copy or the wrong light is a spoof; live is who shows a card, in a fair picture, in the right light,
/// with neither of the other two found.
fn anti_spoof_panel(voters: Vec<VoterFinding>) -> VoterPanel {
    let state = |name: &str| voters.iter().find(|voter| voter.name == name).map(|voter| voter.state);
    let all = |names: [&str; 3], wanted| names.into_iter().all(|name| state(name) == Some(wanted));
    let fails = ["screen_recapture", "grey_copy", "flash_reflectance"]
        .into_iter()
        .any(|name| state(name) == Some(VoterState::Fail));
    let fused = if fails {
        FusedVerdict::Spoof
    } else if all(["card_geometry", "image_quality", "flash_reflectance"], VoterState::Pass) {
        FusedVerdict::Live
    } else {
        FusedVerdict::Unclear
    };
    VoterPanel { fused, voters }
}

/// Two readings that disagree, or a NIK that cannot be, is tampering. A portrait without a face is not: no detector sees
/// every face.
fn tamper_panel(
    nik_read: VoterFinding,
    nik_consistency: VoterFinding,
    portrait_face: VoterFinding,
) -> VoterPanel {
    let states = [nik_read.state, nik_consistency.state];
    let fused = if states.contains(&VoterState::Fail) {
        FusedVerdict::Tampered
    } else if states == [VoterState::Pass; 2] && portrait_face.state == VoterState::Pass {
        FusedVerdict::Authentic
    } else {
        FusedVerdict::Unclear
    };
    let mut voters = vec![nik_read, nik_consistency, portrait_face];
    voters.extend(["hologram", "font"].map(not_built));
    VoterPanel { fused, voters }
}

/// A voter that the contract names and nobody built: it abstains, and says so.
fn not_built(name: &str) -> VoterFinding {
    VoterFinding {
        name: name.to_owned(),
        state: VoterState::Abstain,
        reason: "not_built".to_owned(),
        value: None,
        threshold: None,
    }
}

/// Whether blur or glare is all that was found against it.
fn mended_by_retry(anti_spoof: &VoterPanel, tamper: &VoterPanel) -> bool {
    let mut against =
        anti_spoof.voters.iter().chain(&tamper.voters).filter(|voter| voter.state == VoterState::Fail);
    let first = against.next();
    let quality =
        |voter: &VoterFinding| voter.name == "image_quality" && MENDABLE.contains(&voter.reason.as_str());
    first.is_some_and(quality) && against.next().is_none()
}

fn score(panel: &VoterPanel) -> Option<u32> {
    let (passed, present) = (panel.passed(), panel.present());
    // In whole numbers, halves upwards: ⌊(20·passed + present) / (2·present)⌋ tenths.
    let tenths = (20 * passed + present).checked_div(2 * present)?;
    u32::try_from(10 * tenths).ok()
}

fn guidance(verdict: CaptureVerdict, mended: bool, noticed: &[GuidanceCode]) -> Vec<GuidanceCode> {
    if verdict == CaptureVerdict::Passed {
        return Vec::new();
    }
    let wanted = |code: &GuidanceCode| noticed.contains(code) || (mended && *code == GuidanceCode::Retry);
    GuidanceCode::ALL.into_iter().filter(wanted).collect()
}

#[cfg(test)]
#[path = "decision_tests.rs"]
mod tests;
