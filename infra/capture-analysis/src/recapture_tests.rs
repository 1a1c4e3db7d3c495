//! How far a screen's grid stands out, and a card's print: the figures of decision 0028.

use super::*;
use crate::drawn::{CardKind, DrawnScene, lying};
use crate::limits::{GRID_ABSTAIN_MIN, GRID_FAIL_MIN};

fn prominence_of(scene: &DrawnScene) -> f64 {
    let numbers = GridNumbers::of(&scene.seen(), scene.quad.expect("a card"));
    assert!(numbers.windows >= 6, "{numbers:?}");
    numbers.prominence
}

#[test]
fn a_screens_grid_stands_out_and_print_does_not() {
    let fair = DrawnScene::fair();
    let (mut printed, mut screens) = (Vec::new(), Vec::new());
    for (turn, tilt) in [(0.0, 0.0), (3.0, 0.0), (-7.0, 15.0)] {
        let quad = Some(lying(fair.size, 0.75, turn, tilt));
        for jpeg_quality in [60, 85, 95] {
            for noise in [0.3, 3.0] {
                let scene = DrawnScene { quad, jpeg_quality, noise, ..fair.clone() };
                for card in [CardKind::Colour, CardKind::Grey] {
                    printed.push(prominence_of(&DrawnScene { card, ..scene.clone() }));
                }
                for pitch in [2.6, 3.4, 4.7, 6.1] {
                    screens
                        .push(prominence_of(&DrawnScene { card: CardKind::Screen(pitch), ..scene.clone() }));
                }
            }
        }
    }
    printed.sort_by(f64::total_cmp);
    screens.sort_by(f64::total_cmp);
    let most = printed.last().expect("some");
    println!("printed {printed:.1?}\nscreens {screens:.1?}");
    assert!(*most < GRID_ABSTAIN_MIN, "{printed:?}");
    assert!(screens[0] >= GRID_FAIL_MIN, "{screens:?}");
}

#[test]
fn a_small_card_has_no_windows() {
    let scene = DrawnScene { quad: Some(lying([1600, 1200], 0.15, 0.0, 0.0)), ..DrawnScene::fair() };
    let numbers = GridNumbers::of(&scene.seen(), scene.quad.expect("a card"));
    assert_eq!(numbers, GridNumbers { prominence: 0.0, windows: 0 });
}
