//! From a photo's bytes to upright pixels: the format by content, a bound on pixels before the first one is decoded, and
//! the EXIF orientation. The only crate that knows how pictures are decoded. Not here: whether the structure is whole
//! (`domain::photo` walks it at the edge), and what is looked for in the pixels.

mod jpeg;
mod jpeg_layout;
mod limits;
mod orientation;
mod png;

use domain::ports::Picture;
use zeroize::Zeroizing;

use crate::limits::PICTURE_PIXELS_MAX;

/// What keeps a photo's bytes from becoming pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum PictureFault {
    /// The bytes may have a picture's structure, and no decoder makes pixels of them.
    #[error("the photo cannot be decoded")]
    Undecodable,
    /// More pixels, or more to hold while decoding, than a photo may have.
    #[error("the photo is larger than what is decoded")]
    TooLarge,
}

/// Decoded as it lies in the file, and how it is to be turned.
struct Lying {
    width: usize,
    height: usize,
    rgb: Zeroizing<Vec<u8>>,
    orientation: u16,
}

/// Decodes a photo, JPEG or PNG.
///
/// # Errors
/// Any fault of the bytes is one of two.
pub fn decode(photo: &[u8]) -> Result<Picture, PictureFault> {
    let lying = match photo {
        [0xff, 0xd8, ..] => jpeg::decode(photo)?,
        [0x89, b'P', b'N', b'G', ..] => png::decode(photo)?,
        _ => return Err(PictureFault::Undecodable),
    };
    orientation::upright(lying).ok_or(PictureFault::Undecodable)
}

/// Refuses what is too large before it is decoded.
fn bounded(width: usize, height: usize) -> Result<(), PictureFault> {
    match width.checked_mul(height) {
        Some(1..=PICTURE_PIXELS_MAX) => Ok(()),
        Some(0) => Err(PictureFault::Undecodable),
        _ => Err(PictureFault::TooLarge),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    /// What tests/pictures/make.py drew, left and right.
    const LEFT: [u8; 3] = [200, 100, 50];
    const RIGHT: [u8; 3] = [20, 60, 220];

    fn file(name: &str) -> Vec<u8> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/pictures");
        std::fs::read(folder.join(name)).expect("committed")
    }

    /// ITU-R BT.601, as JPEG's grey is.
    fn grey([r, g, b]: [u8; 3]) -> [u8; 3] {
        [(0.299 * f32::from(r) + 0.587 * f32::from(g) + 0.114 * f32::from(b)).round() as u8; 3]
    }

    #[test]
    fn every_kind_of_picture_shows_its_colours() {
        for (name, left, right, off_max) in [
            ("baseline.jpg", LEFT, RIGHT, 4),
            ("progressive.jpg", LEFT, RIGHT, 4),
            ("cmyk.jpg", LEFT, RIGHT, 4),
            ("grey.jpg", grey(LEFT), grey(RIGHT), 2),
            ("sixteen.png", LEFT, RIGHT, 0),
            ("palette.png", LEFT, RIGHT, 0),
            ("one-bit.png", [0; 3], [255; 3], 0),
            ("interlaced.png", LEFT, RIGHT, 0),
            ("transparent.png", LEFT, [255; 3], 0),
        ] {
            let picture = decode(&file(name)).unwrap_or_else(|cause| panic!("{name}: {cause}"));
            assert_eq!((picture.width(), picture.height()), (32, 16), "{name}");
            for (x, wanted) in [(4, left), (28, right)] {
                let at = (8 * 32 + x) * 3;
                let seen = &picture.rgb()[at..at + 3];
                let off = seen.iter().zip(wanted).map(|(seen, wanted)| seen.abs_diff(wanted)).max();
                assert!(off <= Some(off_max), "{name} at {x}: {seen:?}, not {wanted:?}");
            }
        }
    }

    /// Damage anywhere is a picture or a cause, and never a panic.
    #[test]
    fn no_byte_makes_a_decoder_panic() {
        for name in ["baseline.jpg", "progressive.jpg", "cmyk.jpg", "palette.png", "interlaced.png"] {
            let whole = file(name);
            for at in 0..whole.len() {
                let _ = decode(&whole[..at]);
                for flip in [0x01, 0x80, 0xff] {
                    let mut damaged = whole.clone();
                    damaged[at] ^= flip;
                    let _ = decode(&damaged);
                }
            }
        }
    }

    /// More scans than any encoder writes: each is a walk over every block.
    #[test]
    fn a_jpeg_of_too_many_scans_is_refused() {
        let whole = file("progressive.jpg");
        let scan = whole.windows(2).rposition(|marker| marker == [0xff, 0xda]).expect("a scan");
        let repeated = |times: usize| {
            let mut jpeg = whole[..scan].to_vec();
            let last = &whole[scan..whole.len() - 2];
            jpeg.extend(std::iter::repeat_n(last, times).flatten());
            jpeg.extend([0xff, 0xd9]);
            decode(&jpeg)
        };
        assert!(repeated(1).is_ok());
        assert_eq!(repeated(40), Err(PictureFault::Undecodable));
    }

    #[test]
    fn what_is_too_large_is_refused_from_its_header() {
        // The header's CRC-32 is that of 65,535 by 65,535, worked out with zlib; no pixel follows.
        let mut huge = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\xff\xff\0\0\xff\xff\x08\x02\0\0\0".to_vec();
        huge.extend([0x39, 0x67, 0x4e, 0x07]);
        huge.extend(b"\0\0\0\0IDAT\x35\xaf\x06\x1e");
        assert_eq!(decode(&huge), Err(PictureFault::TooLarge));
        let mut jpeg = file("baseline.jpg");
        let frame = jpeg.windows(2).position(|marker| marker == [0xff, 0xc0]).expect("a frame");
        jpeg[frame + 5..frame + 9].copy_from_slice(&[0xff, 0xfe, 0xff, 0xfe]);
        assert_eq!(decode(&jpeg), Err(PictureFault::TooLarge));
        // Progressive in colour: the coefficients are as large again as the pixels.
        let sides = |side: u16| {
            let mut jpeg = file("progressive.jpg");
            let frame = jpeg.windows(2).position(|marker| marker == [0xff, 0xc2]).expect("a frame");
            jpeg[frame + 5..frame + 9].copy_from_slice(&[side.to_be_bytes(), side.to_be_bytes()].concat());
            decode(&jpeg)
        };
        assert_eq!(sides(4096), Err(PictureFault::TooLarge));
        assert_ne!(sides(1024), Err(PictureFault::TooLarge));
        assert_eq!(bounded(4096, 4096), Ok(()));
        assert_eq!(bounded(4097, 4096), Err(PictureFault::TooLarge));
    }
}
