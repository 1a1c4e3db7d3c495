//! What is kept to be looked at: the portrait for an enrolment, the copy for a reviewer, both as JPEG. Not here: who may see
//! them.

use domain::ports::Picture;
use jpeg_encoder::{ColorType, Encoder};
use zeroize::Zeroizing;

use crate::limits::{CARD_HEIGHT, CARD_WIDTH, PORTRAIT_SCALE_MAX, REVIEW_COPY_BYTES_MAX};
use crate::quad::Quad;
use crate::raster::reduced;
use crate::straighten::{PORTRAIT, zone};

/// Of a picture that a face model reads again.
const PORTRAIT_QUALITY: u8 = 92;
/// From the best on, until the copy is small enough.
const REVIEW_QUALITIES: [u8; 5] = [85, 70, 55, 40, 25];

/// The portrait as large as the still has it, as pixels.
pub(crate) fn portrait(still: &Picture, quad: Quad) -> Option<Picture> {
    let scale = (quad.width() / CARD_WIDTH as f64).clamp(1.0, PORTRAIT_SCALE_MAX);
    let [left, upper, right, lower] = PORTRAIT;
    let size = |share: f64, whole: usize| (share * whole as f64 * scale).round() as usize;
    zone(still, quad, PORTRAIT, size(right - left, CARD_WIDTH), size(lower - upper, CARD_HEIGHT))
}

pub(crate) fn portrait_jpeg(portrait: &Picture) -> Option<Zeroizing<Vec<u8>>> {
    jpeg(portrait, PORTRAIT_QUALITY)
}

/// The card and beneath it the portrait; without a card, the still.
pub(crate) fn review_copy(
    still: &Picture,
    parts: Option<(&Picture, &Picture)>,
) -> Option<Zeroizing<Vec<u8>>> {
    let copy = match parts {
        Some((card, portrait)) => beneath(card, portrait)?,
        None => reduced(still, CARD_WIDTH).0,
    };
    let small = |copy: Zeroizing<Vec<u8>>| (copy.len() <= REVIEW_COPY_BYTES_MAX).then_some(copy);
    REVIEW_QUALITIES.into_iter().find_map(|quality| jpeg(&copy, quality).and_then(small))
}

/// One above the other, on grey.
fn beneath(upper: &Picture, lower: &Picture) -> Option<Picture> {
    const GREY: u8 = 128;
    let width = upper.width().max(lower.width());
    let mut rgb = Zeroizing::new(Vec::with_capacity(width * (upper.height() + lower.height()) * 3));
    for picture in [upper, lower] {
        for row in picture.rgb().chunks_exact(picture.width() * 3) {
            rgb.extend_from_slice(row);
            rgb.extend(std::iter::repeat_n(GREY, (width - picture.width()) * 3));
        }
    }
    Picture::new(width, upper.height() + lower.height(), std::mem::take(&mut *rgb))
}

fn jpeg(picture: &Picture, quality: u8) -> Option<Zeroizing<Vec<u8>>> {
    let (width, height) = (u16::try_from(picture.width()).ok()?, u16::try_from(picture.height()).ok()?);
    let mut bytes = Zeroizing::new(Vec::new());
    let encoder = Encoder::new(&mut *bytes, quality);
    encoder.encode(picture.rgb(), width, height, ColorType::Rgb).ok()?;
    Some(bytes)
}
