//! The EXIF orientation: how a camera was held. Read from a TIFF header (Exif 2.32, tag 0x0112 of the first directory)
//! and nothing else of it: where and when somebody was photographed is not looked at.

use domain::ports::Picture;
use zeroize::Zeroize as _;

use crate::Lying;
use crate::limits::EXIF_ENTRIES_MAX;

const TAG: u16 = 0x0112;
/// The tag's type: a 16-bit number.
const SHORT: u16 = 3;

/// 1 to 8; 1, which is upright, where nothing is said or nothing can be read.
pub(crate) fn of(tiff: &[u8]) -> u16 {
    orientation(tiff).filter(|orientation| (1..=8).contains(orientation)).unwrap_or(1)
}

fn orientation(tiff: &[u8]) -> Option<u16> {
    let big = match tiff.get(..4)? {
        b"MM\0*" => true,
        b"II*\0" => false,
        _ => return None,
    };
    let short = |at: usize| {
        let bytes = *tiff.get(at..)?.first_chunk()?;
        Some(if big { u16::from_be_bytes(bytes) } else { u16::from_le_bytes(bytes) })
    };
    let first = *tiff.get(4..)?.first_chunk()?;
    let first = if big { u32::from_be_bytes(first) } else { u32::from_le_bytes(first) } as usize;
    let entries = usize::from(short(first)?).min(EXIF_ENTRIES_MAX);
    let places = (0..entries).map_while(|entry| first.checked_add(2 + entry * 12));
    let mut found = places.filter(|at| short(*at) == Some(TAG));
    let at = found.next()?;
    (short(at + 2)? == SHORT).then(|| short(at + 8))?
}

/// The pixels as they are to be looked at, moved within their own memory: a second copy of 16 megapixels would be as
/// large again as all that decoding may hold.
pub(crate) fn upright(lying: Lying) -> Option<Picture> {
    let Lying { width, height, mut rgb, orientation } = lying;
    let mut rgb = std::mem::take(&mut *rgb);
    let (pixels, rest) = rgb.as_chunks_mut::<3>();
    if pixels.len() != width.checked_mul(height)? || pixels.is_empty() || !rest.is_empty() {
        rgb.zeroize();
        return None;
    }
    // 5 to 8 are 1 to 4 with rows and columns exchanged, then mirrored as is left to do.
    let (width, height) = if orientation >= 5 {
        transpose(pixels, width);
        (height, width)
    } else {
        (width, height)
    };
    if matches!(orientation, 2 | 3 | 6 | 7) {
        pixels.chunks_exact_mut(width).for_each(<[_]>::reverse);
    }
    if matches!(orientation, 3 | 4 | 7 | 8) {
        let mut rows: Vec<&mut [[u8; 3]]> = pixels.chunks_exact_mut(width).collect();
        let (upper, lower) = rows.split_at_mut(height / 2);
        upper.iter_mut().zip(lower.iter_mut().rev()).for_each(|(a, b)| a.swap_with_slice(b));
    }
    Picture::new(width, height, rgb)
}

/// Exchanges rows and columns: each pixel goes where it belongs, the one that was there next, until the round is
/// closed. A bit a pixel says which ones have been moved.
fn transpose(pixels: &mut [[u8; 3]], width: usize) {
    let height = pixels.len() / width;
    let mut moved = vec![0_u64; pixels.len().div_ceil(64)];
    for first in 0..pixels.len() {
        let (mut at, mut carried) = (first, pixels[first]);
        while moved[at / 64] & 1 << (at % 64) == 0 {
            moved[at / 64] |= 1 << (at % 64);
            let (row, column) = (at / width, at % width);
            at = column * height + row;
            std::mem::swap(&mut carried, &mut pixels[at]);
        }
    }
}

#[cfg(test)]
mod tests {
    use zeroize::Zeroizing;

    use super::*;

    /// A header of that byte order, a directory of one other entry and the orientation.
    fn tiff(big: bool, orientation: u16) -> Vec<u8> {
        let short = |number: u16| if big { number.to_be_bytes() } else { number.to_le_bytes() };
        let long = |number: u32| if big { number.to_be_bytes() } else { number.to_le_bytes() };
        let mut bytes = if big { b"MM\0*".to_vec() } else { b"II*\0".to_vec() };
        bytes.extend(long(8));
        bytes.extend(short(2));
        for (tag, value) in [(0x010f, 9), (TAG, orientation)] {
            bytes.extend(short(tag));
            bytes.extend(short(SHORT));
            bytes.extend(long(1));
            bytes.extend(short(value));
            bytes.extend([0, 0]);
        }
        bytes
    }

    #[test]
    fn both_byte_orders_say_the_same() {
        for orientation in 1..=8 {
            assert_eq!(of(&tiff(true, orientation)), orientation);
            assert_eq!(of(&tiff(false, orientation)), orientation);
        }
        for nothing in [0, 9, 0xffff] {
            assert_eq!(of(&tiff(true, nothing)), 1);
        }
        let whole = tiff(false, 6);
        for end in 0..whole.len() - 2 {
            assert_eq!(of(&whole[..end.min(whole.len() - 4)]), 1, "cut at {end}");
        }
        assert_eq!(of(b"II*\0\xff\xff\xff\xff"), 1);
    }

    /// Exif 2.32, orientation n: where the picture's first row and first column are seen. Two by three pixels that
    /// are named 1 to 6, in rows from the top; what a viewer shows of them.
    #[test]
    fn each_orientation_is_seen_as_the_standard_says() {
        for (orientation, width, seen) in [
            (1, 2, [1, 2, 3, 4, 5, 6]),
            (2, 2, [2, 1, 4, 3, 6, 5]),
            (3, 2, [6, 5, 4, 3, 2, 1]),
            (4, 2, [5, 6, 3, 4, 1, 2]),
            (5, 3, [1, 3, 5, 2, 4, 6]),
            (6, 3, [5, 3, 1, 6, 4, 2]),
            (7, 3, [6, 4, 2, 5, 3, 1]),
            (8, 3, [2, 4, 6, 1, 3, 5]),
        ] {
            let rgb = Zeroizing::new((1..=6).flat_map(|pixel| [pixel; 3]).collect());
            let picture = upright(Lying { width: 2, height: 3, rgb, orientation }).expect("six pixels");
            let pixels: Vec<u8> = picture.rgb().chunks(3).map(|pixel| pixel[0]).collect();
            assert_eq!((picture.width(), &pixels[..]), (width, &seen[..]), "orientation {orientation}");
        }
    }
}
