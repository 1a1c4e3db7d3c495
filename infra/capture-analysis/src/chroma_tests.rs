//! How far a card's colours lie apart, and a grey copy's, under five lights: the figures of decision 0028.

use super::*;
use crate::drawn::{CardKind, DrawnScene};
use crate::limits::{CHROMA_ABSTAIN_MAX, CHROMA_FAIL_MAX};
use crate::straighten::straightened;

fn spread(scene: &DrawnScene) -> f64 {
    let card = straightened(&scene.seen(), scene.quad.expect("a card")).expect("a card");
    chroma_spread(&card).expect("light enough")
}

#[test]
fn a_grey_copy_is_grey_under_every_light() {
    let lights =
        [[1.0, 1.0, 1.0], [1.3, 0.95, 0.55], [1.0, 0.93, 0.85], [0.8, 0.95, 1.15], [0.85, 1.05, 0.8]];
    let (mut coloured, mut grey) = (Vec::new(), Vec::new());
    for room in lights {
        for exposure in [0.25, 0.5, 0.8] {
            for jpeg_quality in [60, 90] {
                let scene = DrawnScene { room, exposure, jpeg_quality, noise: 3.0, ..DrawnScene::fair() };
                coloured.push(spread(&scene));
                grey.push(spread(&DrawnScene { card: CardKind::Grey, ..scene }));
            }
        }
    }
    coloured.sort_by(f64::total_cmp);
    grey.sort_by(f64::total_cmp);
    println!("coloured {coloured:.3?}\ngrey {grey:.3?}");
    assert!(grey.last().expect("some") < &CHROMA_FAIL_MAX, "{grey:?}");
    assert!(coloured[0] > CHROMA_ABSTAIN_MAX, "{coloured:?}");
}

#[test]
fn a_lamp_at_one_side_makes_no_colours() {
    let level = |at: usize| {
        let share = (at % 320) as f64 / 320.0;
        [(120.0 + 60.0 * share) as u8, 140, (170.0 - 60.0 * share) as u8]
    };
    let rgb: Vec<u8> = (0..320 * 200).flat_map(level).collect();
    let card = Picture::new(320, 200, rgb).expect("as large as it is");
    let found = chroma_spread(&card).expect("light enough");
    assert!(found < CHROMA_FAIL_MAX, "{found}");
}

#[test]
fn what_is_black_or_burnt_out_says_no_colour() {
    for level in [0, 255] {
        let card = Picture::new(320, 200, vec![level; 320 * 200 * 3]).expect("as large as it is");
        assert_eq!(chroma_spread(&card), None);
    }
}
