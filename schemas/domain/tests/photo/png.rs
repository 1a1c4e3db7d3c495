//! PNGs built chunk by chunk: what the walk takes and what it refuses (ISO/IEC 15948).

use domain::photo::{Photo, PhotoError};
use proptest::prelude::*;

use crate::{PNG, refused};

/// The checksum of annex D, written out bit by bit: another way than the code's.
fn checksum(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ (0xEDB8_8320 * (crc & 1)))
    })
}

pub(crate) fn chunk(kind: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let length = u32::try_from(data.len()).expect("a short chunk").to_be_bytes();
    let checksum = checksum(&[kind, data].concat()).to_be_bytes();
    [length.as_slice(), kind, data, &checksum].concat()
}

/// The header of a picture in true colour.
pub(crate) fn header(width: u32, height: u32) -> Vec<u8> {
    headed(width, height, [8, 2, 0, 0, 0])
}

/// Bit depth, colour type, compression, filter, interlace.
fn headed(width: u32, height: u32, rest: [u8; 5]) -> Vec<u8> {
    chunk(b"IHDR", &[width.to_be_bytes().as_slice(), &height.to_be_bytes(), &rest].concat())
}

pub(crate) fn file(chunks: &[Vec<u8>]) -> Vec<u8> {
    [b"\x89PNG\r\n\x1a\n".as_slice(), &chunks.concat()].concat()
}

fn pixels() -> Vec<u8> {
    chunk(b"IDAT", &[1, 2])
}

fn end() -> Vec<u8> {
    chunk(b"IEND", &[])
}

/// Where each chunk of a file begins, and where its checksum does.
fn places(file: &[u8]) -> Vec<(usize, usize)> {
    let mut at = 8;
    let mut places = Vec::new();
    while at < file.len() {
        let length = u32::from_be_bytes(file[at..at + 4].try_into().expect("four bytes")) as usize;
        places.push((at, at + 8 + length));
        at += 12 + length;
    }
    places
}

#[test]
fn chunks_are_walked_in_their_order() {
    let text = || chunk(b"tEXt", b"IEND");
    let palette = || chunk(b"PLTE", &[7; 3]);
    let head = || header(40, 30);
    let indexed = || headed(40, 30, [8, 3, 0, 0, 0]);
    let empty = || chunk(b"IDAT", &[]);
    let fine = [
        ("the least", vec![head(), pixels(), end()]),
        ("text on both sides", vec![head(), text(), pixels(), pixels(), text(), end()]),
        ("empty chunks of pixels", vec![head(), empty(), pixels(), empty(), pixels(), end()]),
        ("a palette", vec![indexed(), palette(), pixels(), end()]),
        ("a palette that is a proposal", vec![head(), palette(), pixels(), end()]),
        ("256 entries", vec![indexed(), chunk(b"PLTE", &[7; 768]), pixels(), end()]),
    ];
    for (case, chunks) in fine {
        assert_eq!(Photo::parse(file(&chunks)).map(|p| p.width()), Ok(40), "{case}");
    }
    let damaged = [
        ("pixels first", vec![pixels(), head(), end()]),
        ("text first", vec![text(), head(), pixels(), end()]),
        ("only an end", vec![end()]),
        ("no pixels", vec![head(), end()]),
        ("empty pixels only", vec![head(), empty(), end()]),
        ("two headers", vec![head(), head(), pixels(), end()]),
        ("a second header behind the pixels", vec![head(), pixels(), head(), end()]),
        ("an end with data", vec![head(), pixels(), chunk(b"IEND", &[0])]),
        ("pixels apart from each other", vec![head(), pixels(), text(), pixels(), end()]),
        ("a type that is none", vec![head(), chunk(b"ID\0T", &[1]), pixels(), end()]),
        ("a critical chunk that nobody knows", vec![head(), chunk(b"XDAT", &[1]), pixels(), end()]),
        ("no palette", vec![indexed(), pixels(), end()]),
        ("a palette behind the pixels", vec![indexed(), pixels(), palette(), end()]),
        ("a late palette that is a proposal", vec![head(), pixels(), palette(), end()]),
        ("two palettes", vec![indexed(), palette(), palette(), pixels(), end()]),
        ("an empty palette", vec![indexed(), chunk(b"PLTE", &[]), pixels(), end()]),
        ("two thirds of an entry", vec![indexed(), chunk(b"PLTE", &[7; 2]), pixels(), end()]),
        ("an entry and a third", vec![indexed(), chunk(b"PLTE", &[7; 4]), pixels(), end()]),
        ("257 entries", vec![indexed(), chunk(b"PLTE", &[7; 771]), pixels(), end()]),
    ];
    for (case, chunks) in damaged {
        assert_eq!(refused(file(&chunks)), PhotoError::Malformed, "{case}");
    }
    for length in [19_u32, 1 << 31, u32::MAX] {
        let beyond = [length.to_be_bytes().as_slice(), b"IDAT", &[0; 22]].concat();
        assert_eq!(refused(file(&[head(), beyond])), PhotoError::Truncated, "a length of {length} in 18");
    }
}

#[test]
fn a_header_must_mean_something() {
    // Table 11.1: which bit depths each colour type has.
    let depths: [(u8, &[u8]); 8] = [
        (0, &[1, 2, 4, 8, 16]),
        (1, &[]),
        (2, &[8, 16]),
        (3, &[1, 2, 4, 8]),
        (4, &[8, 16]),
        (5, &[]),
        (6, &[8, 16]),
        (7, &[]),
    ];
    let photo = |rest| Photo::parse(file(&[headed(40, 30, rest), chunk(b"PLTE", &[7; 3]), pixels(), end()]));
    for (colour, allowed) in depths {
        for depth in 0..=32 {
            let taken = photo([depth, colour, 0, 0, 0]).is_ok();
            assert_eq!(taken, allowed.contains(&depth), "{depth} bits, colour type {colour}");
        }
    }
    for (rest, taken) in
        [([0, 0, 0], true), ([0, 0, 1], true), ([1, 0, 0], false), ([0, 1, 0], false), ([0, 0, 2], false)]
    {
        assert_eq!(photo([8, 2, rest[0], rest[1], rest[2]]).is_ok(), taken, "{rest:?}");
    }
    let of_length = |length: usize| {
        let data = [0, 0, 0, 40, 0, 0, 0, 30, 8, 2, 0, 0, 0, 0];
        file(&[chunk(b"IHDR", &data[..length]), pixels(), end()])
    };
    for length in [0, 4, 8, 12, 14] {
        assert_eq!(refused(of_length(length)), PhotoError::Malformed, "{length} bytes");
    }
    assert!(Photo::parse(of_length(13)).is_ok());
    assert_eq!(refused(file(&[header(0, 30), pixels(), end()])), PhotoError::TooSmall);
    assert_eq!(refused(file(&[header(40, 0), pixels(), end()])), PhotoError::TooSmall);
}

#[test]
fn a_critical_chunks_checksum_must_be_right() {
    let built = file(&[
        header(40, 30),
        chunk(b"tEXt", b"Comment\0x"),
        chunk(b"PLTE", &[7; 3]),
        pixels(),
        pixels(),
        end(),
    ]);
    for original in [PNG, &built] {
        assert!(Photo::parse(original.to_vec()).is_ok());
        for (start, crc) in places(original) {
            let critical = original[start + 4].is_ascii_uppercase();
            for bit in 0..32 {
                let mut damaged = original.to_vec();
                damaged[crc + bit / 8] ^= 1 << (bit % 8);
                // Decoders drop an ancillary chunk that is damaged, and show the picture.
                let wanted = critical.then_some(PhotoError::Malformed);
                assert_eq!(Photo::parse(damaged).err(), wanted, "bit {bit} of the checksum at {crc}");
            }
        }
    }
}

proptest! {
    /// Whatever happens to one byte of a header, a palette or the pixels, their checksum tells.
    #[test]
    fn one_other_byte_in_a_critical_chunk_is_noticed(
        which in any::<prop::sample::Index>(),
        at in any::<prop::sample::Index>(),
        change in 1..=u8::MAX,
    ) {
        let critical: Vec<_> = places(PNG)
            .into_iter()
            .filter(|(start, crc)| PNG[start + 4].is_ascii_uppercase() && crc - start > 8)
            .collect();
        let (start, crc) = critical[which.index(critical.len())];
        let mut damaged = PNG.to_vec();
        damaged[start + 8 + at.index(crc - start - 8)] ^= change;
        prop_assert_eq!(refused(damaged), PhotoError::Malformed);
    }
}
