//! What a reader is shown of a verification that waits, and what can be decided.

use domain::capture::{FusedVerdict, Measure, VoterState};
use domain::staff::StaffRole;

use super::*;
use crate::{Language, PageReader};

fn frame(language: Language) -> PageFrame {
    let reader = PageReader {
        user: "rina".to_owned(),
        org_name: "Bank".to_owned(),
        role: StaffRole::Reviewer,
        csrf_token: "token".to_owned(),
    };
    PageFrame {
        language,
        reader: Some(reader),
        current: None,
        address: reviews::PATH.to_owned(),
        is_live: false,
    }
}

fn form(may_say_verified: MaySayVerified) -> DecisionForm {
    DecisionForm {
        may_say_verified,
        taken: None,
        reason_code: String::new(),
        note: String::new(),
        problems: Vec::new(),
    }
}

fn model() -> ReviewModel {
    let voter = |name: &str, state, value: Option<i64>| VoterLine {
        name: name.to_owned(),
        state,
        reason: "as_measured".to_owned(),
        value: value.map(Measure::from_millionths),
        threshold: Some(Measure::from_millionths(800_000)),
    };
    ReviewModel {
        id: VerificationId::from_bytes([1; 16]),
        customer: CustomerId::from_bytes([2; 16]),
        captured_at: Timestamp::from_millis(0),
        category: Some(ReasonCategory::Unclear),
        assurance: Some(AssuranceTier::Low),
        guidance: vec![GuidanceCode::Glare],
        panels: vec![PanelPart {
            is_anti_spoof: true,
            fused: FusedVerdict::Unclear,
            voters: vec![
                voter("flash_reflectance", VoterState::Pass, Some(853_000)),
                voter("grey_copy", VoterState::Abstain, None),
            ],
        }],
        recorded_at: Some(Timestamp::from_millis(0)),
        decided: None,
        is_sent: false,
        picture: PictureStanding::Hidden,
        form: Some(form(MaySayVerified::NotSeen)),
        refused: Vec::new(),
    }
}

fn page(model: &ReviewModel) -> String {
    render(&frame(Language::English), model)
}

#[test]
fn voters_are_shown_with_what_they_measured_and_against_what() {
    let shown = page(&model());
    for wanted in [
        "<tr data-id=\"flash_reflectance\">",
        "<td>0.853</td><td>0.8</td>",
        "passes",
        "cannot tell",
        "<code>glare</code>",
        "the phone (low)",
        "This view of personal data was recorded",
    ] {
        assert!(shown.contains(wanted), "{wanted}: {shown}");
    }
}

#[test]
fn that_it_is_verified_can_be_chosen_by_who_has_seen_it_alone() {
    let is_off = "value=\"verified\" required disabled";
    for (may, off, words) in [
        (MaySayVerified::Never, true, "your organisation shows no pictures"),
        (MaySayVerified::PictureGone, true, "the picture is gone"),
        (MaySayVerified::NotSeen, true, "(30 minutes)"),
        (MaySayVerified::Until(Timestamp::from_millis(0)), false, "can be said until"),
    ] {
        let shown = page(&ReviewModel { form: Some(form(may)), ..model() });
        assert_eq!(shown.contains(is_off), off, "{may:?}: {shown}");
        assert!(shown.contains(words), "{may:?}: {shown}");
        for always in ["value=\"failed\" required>", "value=\"retake\" required>"] {
            assert!(shown.contains(always), "{always}: {shown}");
        }
        assert!(shown.contains("name=\"csrf\" value=\"token\""));
    }
}

#[test]
fn the_picture_stands_in_the_page_once_it_was_asked_for() {
    let asked = page(&model());
    assert!(asked.contains("/picture\"") && !asked.contains("<img"), "{asked}");
    let picture = ShownPicture {
        data_url: "data:image/jpeg;base64,AAAA".to_owned(),
        until: Timestamp::from_millis(300_000),
    };
    let shown = page(&ReviewModel { picture: PictureStanding::Shown(picture), ..model() });
    assert!(
        shown.contains("<img class=\"review-copy\" src=\"data:image/jpeg;base64,AAAA\" alt=\"The captured")
    );
    assert!(shown.contains("1 Jan 1970, 07:05:00 WIB"), "{shown}");
    for (standing, words) in [
        (PictureStanding::Off, "reviews.pictures is off"),
        (PictureStanding::NotForRole, "reviewers and administrators alone"),
        (PictureStanding::Gone, "no picture any more"),
        (PictureStanding::Unreadable, "cannot be opened just now"),
    ] {
        let shown = page(&ReviewModel { picture: standing, ..model() });
        assert!(shown.contains(words) && !shown.contains("<img"), "{words}: {shown}");
    }
}

#[test]
fn what_was_refused_is_shown_again_as_text_and_what_was_decided_has_no_form() {
    let refused = DecisionForm {
        taken: Some(DecisionTaken::Failed),
        reason_code: "\"><script>".to_owned(),
        note: "</textarea><script>".to_owned(),
        problems: vec![DecisionProblem::ReasonCode, DecisionProblem::NotSeen],
        ..form(MaySayVerified::NotSeen)
    };
    let shown = page(&ReviewModel { form: Some(refused), ..model() });
    assert!(!shown.contains("<script"), "{shown}");
    assert!(shown.contains("Nobody approves what they have not seen"), "{shown}");
    assert_eq!(shown.matches("aria-invalid=\"true\"").count(), 1, "{shown}");
    let decided = DecidedReview {
        to_status: VerificationStatus::Failed,
        reason_code: "retake".to_owned(),
        by: "budi".to_owned(),
        created_at: Timestamp::from_millis(0),
    };
    let shown = page(&ReviewModel {
        decided: Some(decided),
        form: None,
        picture: PictureStanding::Gone,
        refused: vec![DecisionProblem::NotPending],
        ..model()
    });
    assert!(shown.contains("Somebody has decided already"), "{shown}");
    assert!(shown.contains("<code>retake</code>, budi, ") && !shown.contains("<textarea"), "{shown}");
    let indonesian = render(&frame(Language::Indonesian), &model());
    assert!(indonesian.contains("Tampilkan gambar") && indonesian.contains("Minta ulang"), "{indonesian}");
}
