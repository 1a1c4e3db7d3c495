//! Which colours a screen is asked to show, and for how long: generator `fc1` (sequence §1.6). What the bytes are drawn
//! from is the challenge's; here are the rules, so that they can be tried with any bytes.

use super::FlashColor;
use crate::limits::{FLASH_HOLD_MS, FLASH_HOLD_STEP_MS, FLASH_ORDERS_DRAWN_MAX};

/// Colours in their order, each with its time on the screen.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct FlashSequence {
    /// The colours.
    pub colors: Vec<FlashColor>,
    /// Milliseconds of each, as many as colours.
    pub hold_ms: Vec<u32>,
}

/// Chroma classes: black and white are one for a sensor that adapts, every other colour is one of its own.
const CLASSES: u32 = 7;

/// The class of black and white.
const ACHROMATIC: u32 = 0;

impl FlashSequence {
    /// So many colours from those bytes; the same bytes give the same colours, for ever.
    ///
    /// Classes are drawn, not colours: then of the 7·6^(n−1) orders each is as likely as any other, which is what an old
    /// recording is played against.
    pub fn generate(steps: u8, next: &mut impl FnMut() -> u8) -> Self {
        let colors = (0..FLASH_ORDERS_DRAWN_MAX)
            .map(|_| draw_order(steps, next))
            .find(|colors| keeps_rules(colors))
            .unwrap_or_else(|| lawful_order(steps));
        let holds = (FLASH_HOLD_MS.end() - FLASH_HOLD_MS.start()) / FLASH_HOLD_STEP_MS + 1;
        let hold_ms =
            colors.iter().map(|_| FLASH_HOLD_MS.start() + FLASH_HOLD_STEP_MS * below(holds, next)).collect();
        Self { colors, hold_ms }
    }

    /// From the first colour to the end of the last, in milliseconds.
    pub fn total_ms(&self) -> u32 {
        self.hold_ms.iter().sum()
    }
}

/// A number from 0, below that one. Of four bytes, so that none is likelier by more than 2 in 10^9.
fn below(bound: u32, next: &mut impl FnMut() -> u8) -> u32 {
    let drawn = u32::from_be_bytes([next(), next(), next(), next()]);
    ((u64::from(drawn) * u64::from(bound)) >> 32) as u32
}

fn draw_order(steps: u8, next: &mut impl FnMut() -> u8) -> Vec<FlashColor> {
    let mut before: Option<u32> = None;
    (0..steps)
        .map(|_| {
            let class = match before {
                None => below(CLASSES, next),
                Some(before) => {
                    let other = below(CLASSES - 1, next);
                    if other >= before { other + 1 } else { other }
                }
            };
            before = Some(class);
            color_of(class, next)
        })
        .collect()
}

/// The classes above that of black and white are the palette's first six colours.
fn color_of(class: u32, next: &mut impl FnMut() -> u8) -> FlashColor {
    match (class, FlashColor::ALL.get((class as usize).wrapping_sub(1))) {
        (ACHROMATIC, _) | (_, None) => {
            if below(2, next) == 0 {
                FlashColor::White
            } else {
                FlashColor::Black
            }
        }
        (_, Some(color)) => *color,
    }
}

/// The rules that hold for an order as a whole; that no neighbours are of one class, every order keeps as it is drawn.
fn keeps_rules(colors: &[FlashColor]) -> bool {
    let hues = FlashColor::ALL.into_iter().filter(|color| color.is_chromatic() && colors.contains(color));
    let wanted = if colors.len() <= 3 { 2 } else { 3 };
    hues.count() >= wanted && colors.iter().any(|color| !color.is_chromatic())
}

/// What stands in for a draw that never kept the rules: bytes that are no random ones.
fn lawful_order(steps: u8) -> Vec<FlashColor> {
    use FlashColor::{Blue, Cyan, Green, Magenta, Red, White, Yellow};
    let order = [White, Red, Green, Blue, Cyan, Magenta, Yellow];
    order.into_iter().cycle().take(steps.into()).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;
    use crate::limits::{CHALLENGE_STEPS, FLASH_TOTAL_MS_MAX};

    /// Bytes of a small generator (SplitMix64), which is good enough to count by.
    fn bytes(seed: u64) -> impl FnMut() -> u8 {
        let mut state = seed;
        move || {
            state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
            let mut mixed = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            (mixed ^ (mixed >> 31)) as u8
        }
    }

    fn same_class(a: FlashColor, b: FlashColor) -> bool {
        a == b || (!a.is_chromatic() && !b.is_chromatic())
    }

    /// Sequence §1.6, each rule in words of its own.
    fn check(sequence: &FlashSequence, steps: u8) {
        let FlashSequence { colors, hold_ms } = sequence;
        assert_eq!((colors.len(), hold_ms.len()), (steps.into(), steps.into()));
        assert!(colors.windows(2).all(|pair| !same_class(pair[0], pair[1])), "{colors:?}");
        let mut hues: Vec<_> = colors.iter().filter(|color| color.is_chromatic()).collect();
        hues.sort();
        hues.dedup();
        assert!(hues.len() >= if steps == 3 { 2 } else { 3 }, "{colors:?}");
        assert!(colors.iter().any(|color| !color.is_chromatic()), "{colors:?}");
        for hold in hold_ms {
            assert!([350, 400, 450, 500, 550, 600, 650].contains(hold), "{hold_ms:?}");
        }
        assert!(sequence.total_ms() <= FLASH_TOTAL_MS_MAX, "{hold_ms:?}");
    }

    proptest! {
        #[test]
        fn every_sequence_keeps_every_rule(steps in CHALLENGE_STEPS, seed: u64) {
            let sequence = FlashSequence::generate(steps, &mut bytes(seed));
            check(&sequence, steps);
            prop_assert_eq!(sequence, FlashSequence::generate(steps, &mut bytes(seed)));
        }

        /// Bytes that repeat, as nobody's key gives them: it ends all the same, with a sequence that is one.
        #[test]
        fn whatever_the_bytes_it_ends_with_a_sequence(steps in CHALLENGE_STEPS, few in prop::collection::vec(any::<u8>(), 1..6)) {
            let mut repeated = few.into_iter().cycle();
            check(&FlashSequence::generate(steps, &mut || repeated.next().unwrap_or_default()), steps);
        }
    }

    /// Of three colours, the orders of classes that keep the rules can be counted by hand: 3 places for black or white,
    /// 6·5 pairs of hues beside it. Each comes as often as the next.
    #[test]
    fn every_order_is_as_likely_as_any_other() {
        let mut drawn: BTreeMap<Vec<u8>, u32> = BTreeMap::new();
        let mut holds: BTreeMap<u32, u32> = BTreeMap::new();
        let mut next = bytes(1);
        for _ in 0..90_000 {
            let sequence = FlashSequence::generate(3, &mut next);
            let class = |color: &FlashColor| if color.is_chromatic() { *color as u8 } else { 9 };
            *drawn.entry(sequence.colors.iter().map(class).collect()).or_default() += 1;
            *holds.entry(sequence.hold_ms[1]).or_default() += 1;
        }
        assert_eq!(drawn.len(), 90);
        assert!(drawn.values().all(|times| (850..1_150).contains(times)), "{drawn:?}");
        assert_eq!(holds.len(), 7);
        assert!(holds.values().all(|times| (12_400..13_300).contains(times)), "{holds:?}");
    }
}
