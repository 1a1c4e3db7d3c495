//! Whether the straightened card can be judged: detail, burnt-out pixels, brightness. Not here: which numbers are enough.

use domain::ports::Picture;

use crate::raster::GreyPlane;
use crate::straighten::{CardZone, PORTRAIT, TEXT};

/// What a picture of a card is like.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct QualityNumbers {
    /// Variance of the Laplacian at a mean of 128.
    pub(crate) sharpness: f64,
    /// Share of pixels with all channels at 250 or more, where text and portrait are.
    pub(crate) glare: f64,
    /// Mean brightness, 0 to 255.
    pub(crate) brightness: f64,
}

impl QualityNumbers {
    pub(crate) fn of(card: &Picture) -> Self {
        let grey = GreyPlane::of(card);
        let (text, portrait) = (burnt_out(card, TEXT), burnt_out(card, PORTRAIT));
        let (burnt, all) = (text.0 + portrait.0, text.1 + portrait.1);
        Self { sharpness: grey.sharpness(), glare: burnt as f64 / all.max(1) as f64, brightness: grey.mean() }
    }
}

/// Burnt-out pixels of a zone, and all of it.
fn burnt_out(card: &Picture, [left, upper, right, lower]: CardZone) -> (usize, usize) {
    let place = |share: f64, size: usize| (share * size as f64) as usize;
    let (left, right) = (place(left, card.width()), place(right, card.width()));
    let (upper, lower) = (place(upper, card.height()), place(lower, card.height()));
    let pixels = card.rgb().as_chunks::<3>().0;
    let rows = (upper..lower).map(|y| &pixels[y * card.width() + left..y * card.width() + right]);
    let burnt = rows.flatten().filter(|pixel| pixel.iter().all(|level| *level >= 250)).count();
    (burnt, (right - left) * (lower - upper))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn glare_counts_where_it_hides_something() {
        let card = |burnt: fn(usize, usize) -> bool| {
            let level = |at: usize| if burnt(at % 100, at / 100) { 255 } else { 100 };
            let rgb = (0..100 * 60).flat_map(|at| [level(at); 3]).collect();
            QualityNumbers::of(&Picture::new(100, 60, rgb).expect("as large as it is"))
        };
        let none = card(|_, _| false);
        assert_eq!((none.sharpness, none.glare, none.brightness.round()), (0.0, 0.0, 100.0));
        // A stripe of ten columns: of the text's 67 and the portrait's 29.
        assert!(
            (card(|x, _| (20..30).contains(&x)).glare - 550.0 / (67.0 * 55.0 + 29.0 * 40.0)).abs() < 0.01
        );
        assert_eq!(card(|_, y| y < 2).glare, 0.0, "above the text");
    }
}
