//! The text across the picture: in lines one beneath the other, each begun elsewhere, so that no part of the picture that is
//! worth a photograph is without it. It is lighter where the picture is dark and darker where it is light.

use crate::glyphs::{GLYPH_HEIGHT, GLYPH_WIDTH, glyph};

/// A sign with the space beside it.
const ADVANCE: usize = GLYPH_WIDTH + 1;

/// Between two texts of a line, in signs.
const GAP: usize = 4;

/// A line with the space beneath it, in heights of a sign.
const LINE_HEIGHTS: usize = 3;

/// How much of the text there is in a pixel, in sixteenths: the picture beneath can still be read.
const OPACITY: u32 = 8;

/// Draws the text over red, green and blue bytes of that size.
pub(crate) fn draw(rgb: &mut [u8], width: usize, height: usize, text: &str) {
    let signs: Vec<[u8; GLYPH_HEIGHT]> = text.chars().map(glyph).collect();
    if signs.is_empty() {
        return;
    }
    // A text takes some two thirds of the width, and no less than a pixel for each of its points.
    let scale = (width * 2 / (3 * signs.len() * ADVANCE)).max(1);
    let period = signs.len() + GAP;
    for y in 0..height {
        let (line, within) =
            (y / scale / (GLYPH_HEIGHT * LINE_HEIGHTS), y / scale % (GLYPH_HEIGHT * LINE_HEIGHTS));
        if within >= GLYPH_HEIGHT {
            continue;
        }
        // Each line begins a third of a text later than the one above.
        let shift = line * period * ADVANCE / 3;
        for x in 0..width {
            let column = x / scale + shift;
            let (sign, point) = (column / ADVANCE % period, column % ADVANCE);
            let is_drawn = point < GLYPH_WIDTH
                && signs.get(sign).is_some_and(|rows| rows[within] & (1 << (GLYPH_WIDTH - 1 - point)) != 0);
            if is_drawn {
                blend(&mut rgb[(y * width + x) * 3..][..3]);
            }
        }
    }
}

/// Half of the pixel, and half of black or white, whichever is farther from it.
fn blend(pixel: &mut [u8]) {
    let sum: u32 = pixel.iter().map(|channel| u32::from(*channel)).sum();
    let ink = if sum >= 3 * 128 { 0 } else { 255 };
    for channel in pixel {
        let mixed = (u32::from(*channel) * (16 - OPACITY) + ink * OPACITY) / 16;
        *channel = u8::try_from(mixed).unwrap_or(u8::MAX);
    }
}
