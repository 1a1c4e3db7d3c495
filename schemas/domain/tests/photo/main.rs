//! Photos from outside: real small files from `testdata/`, files built byte by byte, and noise.

mod jpeg;
mod png;

use bytes::Bytes;
use domain::limits::PHOTO_BYTES_MAX;
use domain::photo::{Photo, PhotoError, PhotoKind};
use proptest::prelude::*;

use crate::png::chunk;

const BASELINE: &[u8] = include_bytes!("../../testdata/baseline-16x24.jpg");
const PROGRESSIVE: &[u8] = include_bytes!("../../testdata/progressive-32x20.jpg");
const RESTARTS: &[u8] = include_bytes!("../../testdata/restarts-32x32.jpg");
const EXIF: &[u8] = include_bytes!("../../testdata/exif-thumbnail-48x40.jpg");
const PNG: &[u8] = include_bytes!("../../testdata/gradient-20x18.png");

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

#[test]
fn real_files_are_photos_of_their_size() {
    for (file, kind, width, height) in REAL {
        let photo = Photo::parse(Bytes::from_static(file)).expect("a photo");
        assert_eq!((photo.kind(), photo.width(), photo.height()), (kind, width, height));
        assert_eq!((photo.as_bytes(), photo.bytes()), (file, Bytes::from_static(file)));
        assert_eq!(PhotoKind::parse(photo.content_type()), Some(kind));
    }
}

#[test]
fn the_sandboxes_sample_is_a_photo() {
    let sample = include_bytes!("../../../../ingest-api/testdata/sample.jpg");
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
            jpeg::file(&[jpeg::frame(0xC0, width, height), jpeg::scan(&[1])]),
            png::file(&[png::header(width.into(), height.into()), chunk(b"IDAT", &[1]), chunk(b"IEND", &[])]),
        ];
        for file in files {
            assert_eq!(Photo::parse(file).err(), wanted, "{width} x {height}");
        }
    }
    assert_eq!(
        refused(png::file(&[png::header(30_000, 30_000)])),
        PhotoError::TooLarge,
        "before the file ends"
    );
    assert_eq!(refused(png::file(&[png::header(u32::MAX, u32::MAX)])), PhotoError::TooLarge);
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
