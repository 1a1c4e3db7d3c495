//! A review copy as a reviewer is shown it: decoded, with who looks and when drawn across all of it, and encoded again, so
//! that a photograph of the screen says whose screen it was. Pure: from bytes to bytes.
//!
//! What does not belong here: who may look, what is recorded of it, and how a copy is sealed.

mod glyphs;
mod limits;
mod watermark;

use domain::ports::Picture;
use jpeg_encoder::{ColorType, Encoder};
use zeroize::Zeroizing;

use crate::limits::{JPEG_QUALITY, SIDE_PX_MAX};

/// Why there is no picture to show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReviewPictureError {
    /// The copy is no picture.
    #[error("the review copy cannot be decoded")]
    Undecodable,
    /// It is larger than a review copy is.
    #[error("the review copy is larger than one may be")]
    TooLarge,
    /// The encoder refused it.
    #[error("the picture cannot be encoded")]
    Unencodable,
}

/// The picture of a review copy with that text burnt in, as a JPEG. Of the text small letters are drawn as capitals, and
/// what there is no sign for as a square.
///
/// # Errors
/// [`ReviewPictureError`].
pub fn watermarked(copy: &[u8], text: &str) -> Result<Zeroizing<Vec<u8>>, ReviewPictureError> {
    let picture = picture_decode::decode(copy).map_err(|fault| match fault {
        picture_decode::PictureFault::Undecodable => ReviewPictureError::Undecodable,
        picture_decode::PictureFault::TooLarge => ReviewPictureError::TooLarge,
    })?;
    if picture.width() > SIDE_PX_MAX || picture.height() > SIDE_PX_MAX {
        return Err(ReviewPictureError::TooLarge);
    }
    let mut rgb = Zeroizing::new(picture.rgb().to_vec());
    watermark::draw(&mut rgb, picture.width(), picture.height(), text);
    encoded(&picture, &rgb)
}

fn encoded(of: &Picture, rgb: &[u8]) -> Result<Zeroizing<Vec<u8>>, ReviewPictureError> {
    let side = |pixels: usize| u16::try_from(pixels).map_err(|_| ReviewPictureError::TooLarge);
    let (width, height) = (side(of.width())?, side(of.height())?);
    let mut jpeg = Zeroizing::new(Vec::with_capacity(rgb.len() / 4));
    Encoder::new(&mut *jpeg, JPEG_QUALITY)
        .encode(rgb, width, height, ColorType::Rgb)
        .map_err(|_| ReviewPictureError::Unencodable)?;
    Ok(jpeg)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A grey picture of that size.
    fn copy(width: u16, height: u16, grey: u8) -> Vec<u8> {
        let mut jpeg = Vec::new();
        let rgb = vec![grey; usize::from(width) * usize::from(height) * 3];
        Encoder::new(&mut jpeg, 90).encode(&rgb, width, height, ColorType::Rgb).expect("encoded");
        jpeg
    }

    /// Pixels that are not what they were, as shares of each quarter.
    fn changed(picture: &Picture, grey: u8) -> [f64; 4] {
        let (width, height) = (picture.width(), picture.height());
        let mut changed = [0_usize; 4];
        for (at, pixel) in picture.rgb().chunks_exact(3).enumerate() {
            let (x, y) = (at % width, at / width);
            let quarter = usize::from(x >= width / 2) + 2 * usize::from(y >= height / 2);
            changed[quarter] += usize::from(pixel.iter().any(|channel| channel.abs_diff(grey) > 40));
        }
        changed.map(|pixels| pixels as f64 / (width * height / 4) as f64)
    }

    #[test]
    fn every_quarter_of_light_and_dark_pictures_has_the_text_and_most_of_the_picture_stays() {
        for (width, height) in [(1_024, 900), (500, 320), (160, 100)] {
            for grey in [10, 127, 128, 245] {
                let shown =
                    watermarked(&copy(width, height, grey), "rina 2026-11-29T21:12:05Z").expect("shown");
                let shown = picture_decode::decode(&shown).expect("a picture");
                assert_eq!((shown.width(), shown.height()), (usize::from(width), usize::from(height)));
                for share in changed(&shown, grey) {
                    assert!((0.02..0.4).contains(&share), "{width} x {height}, {grey}: {share}");
                }
            }
        }
    }

    #[test]
    fn another_reader_or_another_time_is_another_picture() {
        let copy = copy(400, 300, 128);
        let shown = |text: &str| watermarked(&copy, text).expect("shown");
        assert_eq!(shown("rina 2026-11-29T21:12:05Z"), shown("rina 2026-11-29T21:12:05Z"));
        assert_ne!(shown("rina 2026-11-29T21:12:05Z"), shown("rina 2026-11-29T21:12:06Z"));
        assert_ne!(shown("rina 2026-11-29T21:12:05Z"), shown("rini 2026-11-29T21:12:05Z"));
    }

    #[test]
    fn what_is_no_review_copy_is_not_shown() {
        assert_eq!(watermarked(b"", "rina"), Err(ReviewPictureError::Undecodable));
        assert_eq!(watermarked(b"\xff\xd8\xff", "rina"), Err(ReviewPictureError::Undecodable));
        let wide = copy(SIDE_PX_MAX as u16 + 1, 20, 128);
        assert_eq!(watermarked(&wide, "rina"), Err(ReviewPictureError::TooLarge));
        watermarked(&copy(8, 8, 128), "").expect("shown");
    }
}
