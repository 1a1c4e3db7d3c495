//! The EXIF orientation: how a camera was held. Read from a TIFF header (Exif 2.32, tag 0x0112 of the first directory)
//! and nothing else of it: where and when somebody was photographed is not looked at.

use domain::ports::Picture;

use super::Lying;
use crate::limits::EXIF_ENTRIES_MAX;

const TAG: u16 = 0x0112;
/// The tag's type: a 16-bit number.
const SHORT: u16 = 3;

/// 1 to 8; 1, which is upright, where nothing is said or nothing can be read.
pub(super) fn of(tiff: &[u8]) -> u16 {
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

/// The pixels as they are to be looked at.
pub(super) fn upright(lying: Lying) -> Option<Picture> {
    let Lying { width, height, mut rgb, orientation } = lying;
    if orientation <= 1 {
        return Picture::new(width, height, std::mem::take(&mut *rgb));
    }
    let (new_width, new_height) = if orientation >= 5 { (height, width) } else { (width, height) };
    let mut turned = Vec::with_capacity(rgb.len());
    for y in 0..new_height {
        for x in 0..new_width {
            // Which pixel of the file is seen at (x, y).
            let (from_x, from_y) = match orientation {
                2 => (width - 1 - x, y),
                3 => (width - 1 - x, height - 1 - y),
                4 => (x, height - 1 - y),
                5 => (y, x),
                6 => (y, height - 1 - x),
                7 => (width - 1 - y, height - 1 - x),
                8 => (width - 1 - y, x),
                _ => (x, y),
            };
            let at = (from_y * width + from_x) * 3;
            turned.extend_from_slice(rgb.get(at..at + 3)?);
        }
    }
    Picture::new(new_width, new_height, turned)
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
