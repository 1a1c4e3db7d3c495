//! Photos from outside: real small files from `testdata/`, files built byte by byte, and noise.

use bytes::Bytes;
use domain::limits::PHOTO_BYTES_MAX;
use domain::photo::{Photo, PhotoError, PhotoKind};
use proptest::prelude::*;

const BASELINE: &[u8] = include_bytes!("../testdata/baseline-16x24.jpg");
const PROGRESSIVE: &[u8] = include_bytes!("../testdata/progressive-32x20.jpg");
const RESTARTS: &[u8] = include_bytes!("../testdata/restarts-32x32.jpg");
const EXIF: &[u8] = include_bytes!("../testdata/exif-thumbnail-48x40.jpg");
const PNG: &[u8] = include_bytes!("../testdata/gradient-20x18.png");

const REAL: [(&[u8], PhotoKind, u32, u32); 5] = [
    (BASELINE, PhotoKind::Jpeg, 16, 24),
    (PROGRESSIVE, PhotoKind::Jpeg, 32, 20),
    (RESTARTS, PhotoKind::Jpeg, 32, 32),
    (EXIF, PhotoKind::Jpeg, 48, 40),
    (PNG, PhotoKind::Png, 20, 18),
];

fn refused(bytes: impl Into<Vec<u8>>) -> PhotoError {
    Photo::parse(bytes.into()).expect_err("no photo")
}

fn segment(marker: u8, data: &[u8]) -> Vec<u8> {
    let length = u16::try_from(data.len() + 2).expect("a short segment").to_be_bytes();
    [&[0xFF, marker], length.as_slice(), data].concat()
}

/// A frame header of one component.
fn frame(marker: u8, width: u16, height: u16) -> Vec<u8> {
    let (w, h) = (width.to_be_bytes(), height.to_be_bytes());
    segment(marker, &[8, h[0], h[1], w[0], w[1], 1, 1, 0x11, 0])
}

fn scan(entropy: &[u8]) -> Vec<u8> {
    [segment(0xDA, &[1, 1, 0, 0, 63, 0]).as_slice(), entropy].concat()
}

fn jpeg(parts: &[Vec<u8>]) -> Vec<u8> {
    [&[0xFF, 0xD8], parts.concat().as_slice(), &[0xFF, 0xD9]].concat()
}

fn chunk(kind: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let length = u32::try_from(data.len()).expect("a short chunk").to_be_bytes();
    // The checksum is not looked at.
    [length.as_slice(), kind, data, &[0; 4]].concat()
}

fn header(width: u32, height: u32) -> Vec<u8> {
    let data = [width.to_be_bytes().as_slice(), &height.to_be_bytes(), &[8, 2, 0, 0, 0]].concat();
    chunk(b"IHDR", &data)
}

fn png(chunks: &[Vec<u8>]) -> Vec<u8> {
    [b"\x89PNG\r\n\x1a\n".as_slice(), &chunks.concat()].concat()
}

#[test]
fn real_files_are_photos_of_their_size() {
    for (file, kind, width, height) in REAL {
        let photo = Photo::parse(Bytes::from_static(file)).expect("a photo");
        assert_eq!((photo.kind(), photo.width(), photo.height()), (kind, width, height));
        assert_eq!(photo.as_bytes(), file);
        assert_eq!(PhotoKind::parse(photo.content_type()), Some(kind));
    }
}

#[test]
fn the_sandboxes_sample_is_a_photo() {
    let sample = include_bytes!("../../../ingest-api/testdata/sample.jpg");
    let photo = Photo::parse(sample.as_slice()).expect("a photo");
    assert_eq!((photo.kind(), photo.width(), photo.height()), (PhotoKind::Jpeg, 64, 64));
}

#[test]
fn a_file_cut_off_anywhere_is_no_photo() {
    for (file, ..) in REAL {
        for length in 0..file.len() {
            let wanted = match file[..length] {
                [0xFF, 0xD8, ..] | [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1A, b'\n', ..] => {
                    PhotoError::Truncated
                }
                _ => PhotoError::NotAnImage,
            };
            assert_eq!(refused(&file[..length]), wanted, "{length} of {}", file.len());
        }
    }
}

#[test]
fn what_follows_the_end_is_kept() {
    for (file, ..) in REAL {
        for tail in [b"\0".as_slice(), b"MotionPhoto\xFF\xD8\xFF", &[0xFF; 100]] {
            let longer = [file, tail].concat();
            assert_eq!(Photo::parse(longer.clone()).expect("a photo").as_bytes(), longer);
        }
    }
}

#[test]
fn other_files_are_no_photos() {
    for file in [
        b"".as_slice(),
        b"%PDF-1.7\n",
        b"GIF89a\x40\0\x40\0",
        b"<svg xmlns='x'/>",
        b"RIFF\0\0\0\0WEBP",
        b"\xFF",
        b"BM",
    ] {
        assert_eq!(refused(file), PhotoError::NotAnImage);
    }
}

#[test]
fn a_side_has_its_bounds() {
    let cases = [
        (16, 16, None),
        (8192, 8192, None),
        (15, 16, Some(PhotoError::TooSmall)),
        (16, 15, Some(PhotoError::TooSmall)),
        (4, 4, Some(PhotoError::TooSmall)),
        (0, 16, Some(PhotoError::TooSmall)),
        (8193, 16, Some(PhotoError::TooLarge)),
        (16, 8193, Some(PhotoError::TooLarge)),
        (30_000, 30_000, Some(PhotoError::TooLarge)),
    ];
    for (width, height, wanted) in cases {
        let files = [
            jpeg(&[frame(0xC0, width, height), scan(&[1])]),
            png(&[header(width.into(), height.into()), chunk(b"IDAT", &[1]), chunk(b"IEND", &[])]),
        ];
        for file in files {
            assert_eq!(Photo::parse(file).err(), wanted, "{width} x {height}");
        }
    }
    assert_eq!(refused(png(&[header(30_000, 30_000)])), PhotoError::TooLarge, "before the file ends");
    assert_eq!(refused(png(&[header(u32::MAX, u32::MAX)])), PhotoError::TooLarge);
}

#[test]
fn bytes_have_their_bound() {
    let mut file = BASELINE.to_vec();
    file.resize(PHOTO_BYTES_MAX, 0);
    assert!(Photo::parse(file.clone()).is_ok());
    file.push(0);
    assert_eq!(refused(file), PhotoError::TooManyBytes { max: PHOTO_BYTES_MAX });
}

#[test]
fn every_frame_header_is_read_and_nothing_else_taken_for_one() {
    for marker in 0xC0..=0xCF_u8 {
        let file = jpeg(&[frame(marker, 40, 30), scan(&[1])]);
        if [0xC4, 0xC8, 0xCC].contains(&marker) {
            assert_eq!(refused(file), PhotoError::Malformed, "{marker:x}");
        } else {
            assert_eq!(Photo::parse(file).expect("a photo").width(), 40, "{marker:x}");
        }
    }
}

#[test]
fn a_jpegs_structure_is_walked() {
    let frame = || frame(0xC0, 40, 30);
    let fine = [
        vec![frame(), scan(&[1, 2])],
        vec![segment(0xE1, &[0xFF; 60_000]), frame(), scan(&[1])],
        vec![segment(0xE1, BASELINE), frame(), scan(&[1])],
        vec![segment(0xFE, b""), frame(), scan(b"")],
        vec![vec![0xFF; 1000], frame(), vec![0xFF, 0xFF], scan(&[1, 0xFF, 0xFF])],
        vec![frame(), scan(&[0xFF, 0, 0xFF, 0xD0, 7, 0xFF, 0xD7, 0xFF, 0])],
        vec![frame(), scan(&[1]), segment(0xC4, &[9; 20]), scan(&[2]), scan(&[3])],
        vec![vec![0xFF, 0x01, 0xFF, 0xD3], frame(), scan(&[1]), segment(0xDC, &[0, 30])],
    ];
    for (case, parts) in fine.iter().enumerate() {
        assert_eq!(Photo::parse(jpeg(parts)).map(|p| p.height()), Ok(30), "case {case}");
    }
    let damaged = [
        vec![],
        vec![frame()],
        vec![scan(&[1])],
        vec![scan(&[1]), frame()],
        vec![frame(), frame(), scan(&[1])],
        vec![frame(), vec![0], scan(&[1])],
        vec![frame(), vec![0xFF, 0], scan(&[1])],
        vec![frame(), vec![0xFF, 0xD8], scan(&[1])],
        vec![frame(), vec![0xFF, 0x50], scan(&[1])],
        vec![vec![0xFF, 0xE0, 0, 0], frame(), scan(&[1])],
        vec![vec![0xFF, 0xE0, 0, 1], frame(), scan(&[1])],
        vec![segment(0xC0, &[8, 0, 30, 0, 40, 0]), scan(&[1])],
        vec![segment(0xC0, &[8, 0, 30, 0, 40, 3, 1, 0x11, 0]), scan(&[1])],
    ];
    for (case, parts) in damaged.iter().enumerate() {
        assert_eq!(refused(jpeg(parts)), PhotoError::Malformed, "case {case}");
    }
    assert_eq!(refused(jpeg(&[self::frame(0xC0, 40, 0), scan(&[1])])), PhotoError::HeightMissing);
}

#[test]
fn a_pngs_structure_is_walked() {
    let (head, pixels, end) = (header(40, 30), chunk(b"IDAT", &[1, 2]), chunk(b"IEND", &[]));
    let text = chunk(b"tEXt", b"IEND");
    let fine = png(&[head.clone(), text.clone(), pixels.clone(), pixels.clone(), text.clone(), end.clone()]);
    assert_eq!(Photo::parse(fine).map(|p| p.width()), Ok(40));
    let long = chunk(b"IHDR", &[0, 0, 0, 40, 0, 0, 0, 30, 8, 2, 0, 0, 0, 0]);
    let damaged = [
        png(&[pixels.clone(), head.clone(), end.clone()]),
        png(&[text, head.clone(), pixels.clone(), end.clone()]),
        png(&[head.clone(), end.clone()]),
        png(&[head.clone(), head.clone(), pixels.clone(), end.clone()]),
        png(&[head.clone(), pixels.clone(), chunk(b"IEND", &[0])]),
        png(&[chunk(b"IHDR", &[0, 0, 0, 40]), pixels.clone(), end.clone()]),
        png(&[long, pixels.clone(), end.clone()]),
        png(&[head.clone(), chunk(b"ID\0T", &[1]), pixels.clone(), end.clone()]),
        png(&[end]),
    ];
    for (case, file) in damaged.into_iter().enumerate() {
        assert_eq!(refused(file), PhotoError::Malformed, "case {case}");
    }
    let beyond = [&u32::MAX.to_be_bytes(), b"IDAT".as_slice(), &[0; 64]].concat();
    assert_eq!(refused(png(&[head, beyond])), PhotoError::Truncated);
}

#[test]
fn errors_and_debug_say_what_to_do_and_show_nothing() {
    let texts = [
        (PhotoError::NotAnImage, "must be a JPEG or PNG image; its bytes decide, not its name"),
        (PhotoError::Truncated, "is cut off before the end of the image: send the whole file"),
        (PhotoError::TooSmall, "must be at least 16 pixels on each side"),
        (PhotoError::TooLarge, "must be at most 8192 pixels on each side: scale it down"),
        (
            PhotoError::TooManyBytes { max: PHOTO_BYTES_MAX },
            "must be at most 1048576 bytes before base64 encoding: compress it further or scale it down",
        ),
    ];
    for (error, text) in texts {
        assert_eq!(error.to_string(), text);
    }
    let photo = Photo::parse(Bytes::from_static(BASELINE)).expect("a photo");
    assert_eq!(format!("{photo:?}"), "Photo(Jpeg, 16 x 24, 705 bytes)");
}

/// Whatever comes, there is an answer, and a photo is what was sent and within its bounds.
fn answered(bytes: Vec<u8>) {
    if let Ok(photo) = Photo::parse(bytes.clone()) {
        assert_eq!(photo.as_bytes(), bytes);
        assert!((16..=8192).contains(&photo.width()) && (16..=8192).contains(&photo.height()));
    }
}

proptest! {
    #[test]
    fn noise_is_answered(kind in 0..3_usize, noise in prop::collection::vec(any::<u8>(), 0..400)) {
        let start: [&[u8]; 3] = [b"", b"\xFF\xD8", b"\x89PNG\r\n\x1a\n"];
        answered([start[kind], &noise].concat());
    }

    #[test]
    fn noise_of_markers_is_answered(
        noise in prop::collection::vec(prop::sample::select(vec![0, 1, 2, 8, 0xC0, 0xD0, 0xD9, 0xDA, 0xE1, 0xFF_u8]), 0..200),
    ) {
        answered([b"\xFF\xD8".as_slice(), &noise].concat());
    }

    #[test]
    fn damaged_files_are_answered(
        which in 0..REAL.len(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        cut in any::<prop::sample::Index>(),
        cuts in any::<bool>(),
    ) {
        let mut file = REAL[which].0.to_vec();
        for (at, byte) in changes {
            let at = at.index(file.len());
            file[at] = byte;
        }
        if cuts {
            file.truncate(cut.index(file.len()));
        }
        answered(file);
    }
}
