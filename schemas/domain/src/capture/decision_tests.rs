//! The rules of sequence §2.3 as a table: a capture in which all is well, changed in a few votes, and what is decided.

use super::*;
use CaptureVerdict::{Failed, Passed, RequiresReview};
use FusedVerdict::{Authentic, Live, Spoof, Tampered, Unclear};
use VoterState::{Abstain, Fail, Pass};

/// Votes that differ from those of a capture in which all is well.
type Changes = &'static [(&'static str, VoterState)];

fn vote(name: &str, state: VoterState, reason: &str) -> VoterFinding {
    VoterFinding { name: name.to_owned(), state, reason: reason.to_owned(), value: None, threshold: None }
}

fn all_well() -> CaptureFindings {
    CaptureFindings {
        anti_spoof: ANTI_SPOOF_VOTERS.map(|name| vote(name, Pass, "as_expected")).to_vec(),
        nik_read: vote("nik_read", Pass, "as_expected"),
        nik_consistency: vote("nik_consistency", Pass, "as_expected"),
        portrait_face: vote("portrait_face", Pass, "as_expected"),
        text_source: Some(TextSource::Server),
        guidance: Vec::new(),
        assurance_min: AssuranceTier::Standard,
    }
}

/// All well, but for these votes; a reason after a colon.
fn but(changes: &[(&str, VoterState)]) -> CaptureFindings {
    let mut findings = all_well();
    for (voter, state) in changes {
        let (name, reason) = voter.split_once(':').unwrap_or((voter, "some_reason"));
        let CaptureFindings { anti_spoof, nik_read, nik_consistency, portrait_face, .. } = &mut findings;
        let mut all = anti_spoof.iter_mut().chain([nik_read, nik_consistency, portrait_face]);
        *all.find(|voter| voter.name == name).expect("a voter") = vote(name, *state, reason);
    }
    findings
}

#[test]
fn votes_come_to_verdicts() {
    let unclear = Some(ReasonCategory::Unclear);
    let spoof = Some(ReasonCategory::Spoof);
    let tampered = Some(ReasonCategory::Tampered);
    let quality = Some(ReasonCategory::Quality);
    let table: [(Changes, _, _, _, _); 29] = [
        (&[], Passed, None, Live, Authentic),
        // (a), (b), (e), (f), (g), (h) must pass.
        (&[("card_geometry", Abstain)], RequiresReview, unclear, Unclear, Authentic),
        (&[("card_geometry", Fail)], RequiresReview, unclear, Unclear, Authentic),
        (&[("image_quality", Abstain)], RequiresReview, unclear, Unclear, Authentic),
        (&[("flash_reflectance", Abstain)], RequiresReview, unclear, Unclear, Authentic),
        (&[("nik_read", Abstain)], RequiresReview, unclear, Live, Unclear),
        (&[("nik_consistency", Abstain)], RequiresReview, unclear, Live, Unclear),
        (&[("portrait_face", Abstain)], RequiresReview, unclear, Live, Unclear),
        (&[("portrait_face", Fail)], RequiresReview, unclear, Live, Unclear),
        // (c) and (d) must not fail.
        (&[("screen_recapture", Abstain)], Passed, None, Live, Authentic),
        (&[("grey_copy", Abstain)], Passed, None, Live, Authentic),
        (&[("screen_recapture", Abstain), ("grey_copy", Abstain)], Passed, None, Live, Authentic),
        // (c), (d), (e), (f), (g) fail it, whatever else there is.
        (&[("screen_recapture", Fail)], Failed, spoof, Spoof, Authentic),
        (&[("grey_copy", Fail)], Failed, spoof, Spoof, Authentic),
        (&[("flash_reflectance", Fail)], Failed, spoof, Spoof, Authentic),
        (&[("flash_reflectance:samples_disagree_with_frames", Fail)], Failed, spoof, Spoof, Authentic),
        (&[("nik_read", Fail)], Failed, tampered, Live, Tampered),
        (&[("nik_consistency", Fail)], Failed, tampered, Live, Tampered),
        (&[("nik_read", Abstain), ("nik_consistency", Fail)], Failed, tampered, Live, Tampered),
        (&[("grey_copy", Fail), ("nik_read", Fail)], Failed, spoof, Spoof, Tampered),
        (&[("card_geometry", Fail), ("nik_read", Fail)], Failed, tampered, Unclear, Tampered),
        (&[("image_quality:blur", Fail), ("grey_copy", Fail)], Failed, spoof, Spoof, Authentic),
        // Blur or glare alone.
        (&[("image_quality:blur", Fail)], Failed, quality, Unclear, Authentic),
        (&[("image_quality:glare", Fail)], Failed, quality, Unclear, Authentic),
        (&[("image_quality:blur", Fail), ("nik_read", Abstain)], Failed, quality, Unclear, Unclear),
        (
            &[("image_quality:blur", Fail), ("flash_reflectance", Abstain)],
            Failed,
            quality,
            Unclear,
            Authentic,
        ),
        (
            &[("image_quality:blur", Fail), ("card_geometry", Fail)],
            RequiresReview,
            unclear,
            Unclear,
            Authentic,
        ),
        (&[("image_quality:blur", Fail), ("portrait_face", Fail)], RequiresReview, unclear, Unclear, Unclear),
        (&[("image_quality:too_dark", Fail)], RequiresReview, unclear, Unclear, Authentic),
    ];
    for (changes, verdict, category, anti_spoof, tamper) in table {
        let decision = decide_capture(but(changes));
        assert_eq!((decision.verdict, decision.reason_category), (verdict, category), "{changes:?}");
        assert_eq!((decision.anti_spoof.fused, decision.tamper.fused), (anti_spoof, tamper), "{changes:?}");
    }
}

#[test]
fn whose_reading_it_is_says_how_far_it_can_be_relied_on() {
    use AssuranceTier::{Low, Standard};
    for (source, least, assurance, verdict) in [
        (Some(TextSource::Server), Standard, Standard, Passed),
        (Some(TextSource::Server), Low, Standard, Passed),
        (Some(TextSource::Client), Low, Low, Passed),
        (Some(TextSource::Client), Standard, Low, RequiresReview),
        (None, Standard, Low, RequiresReview),
    ] {
        let findings = CaptureFindings { text_source: source, assurance_min: least, ..all_well() };
        let decision = decide_capture(findings);
        assert_eq!((decision.assurance, decision.verdict), (assurance, verdict), "{source:?} {least:?}");
        let unclear = (verdict == RequiresReview).then_some(ReasonCategory::Unclear);
        assert_eq!(decision.reason_category, unclear);
    }
    // A pass that is too weak stays a matter of review, and a failure a failure.
    let weak = CaptureFindings { text_source: Some(TextSource::Client), ..but(&[("grey_copy", Fail)]) };
    assert_eq!(decide_capture(weak).verdict, Failed);
}

#[test]
fn the_score_counts_who_did_not_abstain_in_steps_of_ten() {
    const A: &str = ANTI_SPOOF_VOTERS[0];
    const B: &str = ANTI_SPOOF_VOTERS[1];
    const C: &str = ANTI_SPOOF_VOTERS[2];
    const D: &str = ANTI_SPOOF_VOTERS[3];
    const E: &str = ANTI_SPOOF_VOTERS[4];
    let table: [(Changes, Option<u32>); 8] = [
        (&[], Some(100)),
        (&[(A, Fail)], Some(80)),
        (&[(A, Fail), (B, Fail)], Some(60)),
        (&[(A, Abstain)], Some(100)),
        // 2 of 3 is 6.67 tenths, 1 of 3 is 3.33, 3 of 4 is 7.5.
        (&[(A, Abstain), (B, Abstain), (C, Fail)], Some(70)),
        (&[(A, Abstain), (B, Abstain), (C, Fail), (D, Fail)], Some(30)),
        (&[(A, Abstain), (C, Fail)], Some(80)),
        (&[(A, Abstain), (B, Abstain), (C, Abstain), (D, Abstain), (E, Abstain)], None),
    ];
    for (changes, score) in table {
        assert_eq!(decide_capture(but(changes)).score, score, "{changes:?}");
    }
    assert_eq!(decide_capture(but(&[("nik_read", Fail)])).score, Some(100), "the card's text is not in it");
}

#[test]
fn a_voter_that_is_missing_never_passes() {
    for name in ANTI_SPOOF_VOTERS {
        let mut findings = all_well();
        findings.anti_spoof.retain(|voter| voter.name != name);
        let required = ["card_geometry", "image_quality", "flash_reflectance"].contains(&name);
        let verdict = if required { RequiresReview } else { Passed };
        assert_eq!(decide_capture(findings).verdict, verdict, "{name}");
    }
    let none = CaptureFindings { anti_spoof: Vec::new(), ..all_well() };
    assert_eq!(decide_capture(none).score, None);
}

#[test]
fn guidance_is_for_who_did_not_pass() {
    let noticed = || vec![GuidanceCode::Glare, GuidanceCode::HoldStill, GuidanceCode::Glare];
    let with = |changes: &[(&str, VoterState)]| {
        decide_capture(CaptureFindings { guidance: noticed(), ..but(changes) }).guidance
    };
    assert_eq!(with(&[]), []);
    assert_eq!(with(&[("nik_read", Abstain)]), [GuidanceCode::HoldStill, GuidanceCode::Glare]);
    assert_eq!(
        with(&[("image_quality:glare", Fail)]),
        [GuidanceCode::HoldStill, GuidanceCode::Glare, GuidanceCode::Retry]
    );
}

#[test]
fn what_nobody_built_says_so() {
    let decision = decide_capture(all_well());
    let names: Vec<&str> = decision.tamper.voters.iter().map(|voter| voter.name.as_str()).collect();
    assert_eq!(names, ["nik_read", "nik_consistency", "portrait_face", "hologram", "font"]);
    for voter in &decision.tamper.voters[3..] {
        assert_eq!((voter.state, voter.reason.as_str()), (Abstain, "not_built"));
    }
}
