//! Captures that the generator draws, and the votes that must come of each kind of them. The whole table, over more seeds,
//! is docs/capture.md's (`--example kinds`). Not here: what text and portrait come to, and single rules (`votes_tests`).

#[path = "../examples/kinds/captured.rs"]
mod captured;

use capture_sim::CaptureKind;
use domain::capture::{GuidanceCode, VoterState};
use domain::ports::CardAnalysis;

const SEEDS: [u64; 3] = [1, 2, 3];

/// One capture of a kind, and its votes.
struct Voted {
    case: String,
    analysis: CardAnalysis,
}

impl Voted {
    fn all(kind: CaptureKind) -> Vec<Self> {
        let voted = |seed| {
            let analysis = captured::analysed(kind, seed);
            Self { case: format!("{kind} {seed}: {:?}", analysis.findings), analysis }
        };
        SEEDS.map(voted).into()
    }

    fn state(&self, name: &str) -> VoterState {
        let voter = self.analysis.findings.iter().find(|voter| voter.name == name);
        voter.unwrap_or_else(|| panic!("no {name} in {}", self.case)).state
    }

    fn passes(&self, name: &str) -> bool {
        self.state(name) == VoterState::Pass
    }

    fn fails(&self, name: &str) -> bool {
        self.state(name) == VoterState::Fail
    }

    /// Whether pixels alone say spoof.
    fn is_spoof(&self) -> bool {
        ["screen_recapture", "grey_copy", "flash_reflectance"].into_iter().any(|name| self.fails(name))
    }

    fn all_pass(&self) -> bool {
        self.analysis.findings.iter().all(|voter| voter.state == VoterState::Pass)
    }

    fn advises(&self, code: GuidanceCode) -> bool {
        self.analysis.guidance.contains(&code)
    }
}

/// Whether it holds for every seed.
fn always(kind: CaptureKind, holds: impl Fn(&Voted) -> bool) {
    for voted in Voted::all(kind) {
        assert!(holds(&voted), "{}", voted.case);
    }
}

#[test]
fn an_honest_capture_passes_every_voter() {
    always(CaptureKind::Bona, Voted::all_pass);
}

/// What nothing here can tell from a card: said in docs/capture.md, and held, so that whoever changes it changes that too.
#[test]
fn a_good_color_print_and_the_right_light_on_a_still_pass() {
    always(CaptureKind::ColorPrint, Voted::all_pass);
    always(CaptureKind::Tinted, Voted::all_pass);
}

#[test]
fn a_screen_has_its_grid_or_does_not_answer_the_colors() {
    always(CaptureKind::Screen, |of| of.fails("screen_recapture") || of.fails("flash_reflectance"));
}

#[test]
fn a_grey_copy_has_no_colors() {
    always(CaptureKind::GreyCopy, |of| of.fails("grey_copy"));
}

#[test]
fn other_colors_late_ones_or_none_do_not_pass() {
    for kind in [CaptureKind::Replay, CaptureKind::Untinted, CaptureKind::Shifted] {
        always(kind, |of| !of.passes("flash_reflectance"));
    }
}

#[test]
fn a_thumb_on_a_corner_cuts_the_card() {
    always(CaptureKind::Thumb, |of| of.fails("card_geometry") && of.advises(GuidanceCode::CardCut));
}

#[test]
fn a_steep_or_a_distant_card_is_not_straight_enough() {
    for kind in [CaptureKind::Tilted, CaptureKind::Small] {
        always(kind, |of| !of.passes("card_geometry") && !of.analysis.guidance.is_empty() && !of.is_spoof());
    }
}

#[test]
fn of_two_cards_the_upper_one_is_read_and_no_one_is_accused() {
    always(CaptureKind::TwoCards, |of| !of.is_spoof());
}

/// Its pixels are an honest capture of something else: that it is no KTP is for who reads it.
#[test]
fn another_card_is_no_spoof() {
    always(CaptureKind::OtherCard, |of| !of.is_spoof());
}

#[test]
fn a_table_full_of_things_is_no_spoof() {
    always(CaptureKind::Clutter, |of| !of.is_spoof());
}

#[test]
fn who_takes_a_poor_picture_is_told_how_to_mend_it_and_not_accused() {
    for (kind, code) in [
        (CaptureKind::Blur, GuidanceCode::Blur),
        (CaptureKind::Glare, GuidanceCode::Glare),
        (CaptureKind::Dark, GuidanceCode::TooDark),
        (CaptureKind::OverExposed, GuidanceCode::TooBright),
    ] {
        always(kind, |of| of.fails("image_quality") && of.advises(code) && !of.is_spoof());
    }
}
