//! Cards that lie about in drawn scenes, and where they are found.

use super::*;
use crate::drawn::{CardKind, DrawnScene, TableKind, lying};
use crate::limits::STILL_SEARCH_SIDE;

fn found(scene: &DrawnScene) -> Option<FoundCard> {
    search_card(&scene.seen(), STILL_SEARCH_SIDE)
}

/// The largest distance of a corner from where it was drawn, in shares of the card's width.
fn off(found: Quad, drawn: Quad) -> f64 {
    let far = |at: usize| {
        let ([x, y], [drawn_x, drawn_y]) = (found.0[at], drawn.lying().0[at]);
        (x - drawn_x).hypot(y - drawn_y)
    };
    (0..4).map(far).fold(0.0, f64::max) / drawn.width()
}

#[test]
fn a_card_is_found_to_half_a_hundredth_of_its_width() {
    let fair = DrawnScene::fair();
    for table in [TableKind::Plain(0.22), TableKind::Plain(0.9), TableKind::Plain(0.02), TableKind::Cluttered]
    {
        for (share, turn, tilt) in
            [(0.72, 3.0, 0.0), (0.6, -8.0, 12.0), (0.8, 0.0, 0.0), (0.65, 14.0, -20.0), (0.62, 35.0, 0.0)]
        {
            let quad = lying(fair.size, share, turn, tilt);
            let found = found(&DrawnScene { quad: Some(quad), table, ..fair.clone() });
            let case = format!("{table:?} {share} {turn} {tilt}: {found:?}");
            let found = found.unwrap_or_else(|| panic!("{case}"));
            let off = off(found.quad, quad);
            assert!(off < 0.006 && found.hidden_corners == 0, "{case}: off by {off}");
        }
    }
}

/// What a screen's grid and the camera's make of each other is strong, and everywhere: it is found to a
/// twentieth of its width, enough to be told. A finer grid (3.4
/// pixels) hides a card that is no brighter than its table: decision 0028.
#[test]
fn a_card_on_a_screen_is_found_too() {
    let fair = DrawnScene::fair();
    for pitch in [4.7, 6.1] {
        let found = found(&DrawnScene { card: CardKind::Screen(pitch), ..fair.clone() });
        let found = found.unwrap_or_else(|| panic!("none at {pitch}"));
        assert!(off(found.quad, fair.quad.expect("a card")) < 0.05, "{pitch}: {found:?}");
    }
}

#[test]
fn a_table_without_a_card_has_none() {
    for table in [TableKind::Plain(0.4), TableKind::Cluttered] {
        let found = found(&DrawnScene { quad: None, table, ..DrawnScene::fair() });
        assert_eq!(found, None, "{table:?}");
    }
}

#[test]
fn a_thumb_on_a_corner_is_seen() {
    let found = found(&DrawnScene { thumb: 0.28, ..DrawnScene::fair() }).expect("three sides and a half");
    assert_eq!(found.hidden_corners, 1);
}

#[test]
fn of_two_cards_the_larger_one_is_taken() {
    let fair = DrawnScene::fair();
    let (near, far) = (
        Quad([[420.0, 330.0], [1500.0, 350.0], [1490.0, 1030.0], [410.0, 1010.0]]),
        Quad([[60.0, 40.0], [700.0, 30.0], [705.0, 433.0], [65.0, 443.0]]),
    );
    let found = found(&DrawnScene { quad: Some(near), second: Some(far), ..fair }).expect("one of them");
    assert!(off(found.quad, near) < 0.01, "{found:?}");
}
