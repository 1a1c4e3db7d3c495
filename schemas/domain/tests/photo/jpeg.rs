//! JPEGs built marker by marker: what the walk takes and what it refuses (T.81, annex B).

use domain::photo::{Photo, PhotoError};

use crate::{BASELINE, EXIF, PROGRESSIVE, RESTARTS, refused};

pub(crate) fn segment(marker: u8, data: &[u8]) -> Vec<u8> {
    let length = u16::try_from(data.len() + 2).expect("a short segment").to_be_bytes();
    [&[0xFF, marker], length.as_slice(), data].concat()
}

/// A frame header of one component.
pub(crate) fn frame(marker: u8, width: u16, height: u16) -> Vec<u8> {
    framed(marker, 8, width, height, &[[1, 0x11, 0]])
}

fn framed(marker: u8, precision: u8, width: u16, height: u16, components: &[[u8; 3]]) -> Vec<u8> {
    let (w, h) = (width.to_be_bytes(), height.to_be_bytes());
    let count = u8::try_from(components.len()).expect("few components");
    segment(marker, &[&[precision, h[0], h[1], w[0], w[1], count], components.concat().as_slice()].concat())
}

/// A scan of the component 1.
pub(crate) fn scan(entropy: &[u8]) -> Vec<u8> {
    scan_of(&[1, 1, 0, 0, 63, 0], entropy)
}

fn scan_of(header: &[u8], entropy: &[u8]) -> Vec<u8> {
    [segment(0xDA, header).as_slice(), entropy].concat()
}

pub(crate) fn file(parts: &[Vec<u8>]) -> Vec<u8> {
    [&[0xFF, 0xD8], parts.concat().as_slice(), &[0xFF, 0xD9]].concat()
}

#[test]
fn every_frame_header_is_read_and_nothing_else_taken_for_one() {
    for marker in 0xC0..=0xCF_u8 {
        let file = file(&[frame(marker, 40, 30), scan(&[1])]);
        if [0xC4, 0xC8, 0xCC].contains(&marker) {
            assert_eq!(refused(file), PhotoError::Malformed, "{marker:x}");
        } else {
            let photo = Photo::parse(file).expect("a photo");
            assert_eq!((photo.width(), photo.height()), (40, 30), "{marker:x}");
        }
    }
}

#[test]
fn segments_and_scans_are_walked() {
    let frame = || frame(0xC0, 40, 30);
    let fine = [
        vec![frame(), scan(&[1, 2])],
        vec![segment(0xE1, &[0xFF; 60_000]), frame(), scan(&[1])],
        // A thumbnail: an SOI, a frame, a scan and an EOI of its own inside of an application segment.
        vec![segment(0xE1, BASELINE), frame(), scan(&[1])],
        vec![segment(0xFE, b""), frame(), scan(b"")],
        vec![vec![0xFF; 1000], frame(), vec![0xFF, 0xFF], scan(&[1, 0xFF, 0xFF])],
        vec![frame(), scan(&[0xFF, 0, 0xFF, 0xD0, 7, 0xFF, 0xD7, 0xFF, 0])],
        // A restart after fill bytes is still within the scan.
        vec![frame(), scan(&[1, 0xFF, 0xFF, 0xD0, 7, 0xFF, 0xFF, 0xFF, 0xD7, 7])],
        // Progressive: scan after scan, tables between them.
        vec![frame(), scan(&[1]), segment(0xC4, &[9; 20]), scan(&[2]), scan(&[3])],
        vec![vec![0xFF, 0x01, 0xFF, 0xD3], frame(), scan(&[1]), segment(0xDC, &[0, 30])],
    ];
    for (case, parts) in fine.iter().enumerate() {
        assert_eq!(Photo::parse(file(parts)).map(|p| p.height()), Ok(30), "case {case}");
    }
    let damaged = [
        ("nothing", vec![]),
        ("no scan", vec![frame()]),
        ("no frame", vec![scan(&[1])]),
        ("the frame after its scan", vec![scan(&[1]), frame()]),
        ("two frames", vec![frame(), frame(), scan(&[1])]),
        ("a second frame after the scan", vec![frame(), scan(&[1]), frame()]),
        ("no marker where one must be", vec![frame(), vec![0], scan(&[1])]),
        ("a stuffed zero outside of a scan", vec![frame(), vec![0xFF, 0], scan(&[1])]),
        ("a second SOI", vec![frame(), vec![0xFF, 0xD8], scan(&[1])]),
        ("a reserved marker", vec![frame(), vec![0xFF, 0x50], scan(&[1])]),
        ("a reserved marker in a scan", vec![frame(), scan(&[1, 0xFF, 0x50])]),
        ("a length of 0", vec![vec![0xFF, 0xE0, 0, 0], frame(), scan(&[1])]),
        ("a length of 1", vec![vec![0xFF, 0xE0, 0, 1], frame(), scan(&[1])]),
    ];
    for (case, parts) in damaged {
        assert_eq!(refused(file(&parts)), PhotoError::Malformed, "{case}");
    }
    let beyond = file(&[frame(), vec![0xFF, 0xDA, 0xFF, 0xFF], scan(&[1])]);
    assert_eq!(refused(beyond), PhotoError::Truncated, "a length beyond the file");
}

#[test]
fn a_frame_header_must_mean_something() {
    let (one, three) = ([[1, 0x11, 0]], [[1, 0x22, 0], [2, 0x11, 1], [3, 0x11, 1]]);
    let header = |precision, components: &[[u8; 3]]| framed(0xC0, precision, 40, 30, components);
    let fine = [
        ("one component", header(8, &one)),
        ("three components", header(8, &three)),
        ("12 bits", header(12, &one)),
        ("2 bits", header(2, &one)),
        ("16 bits", header(16, &one)),
        ("the largest sampling factors and table", header(8, &[[1, 0x44, 3]])),
    ];
    for (case, header) in fine {
        assert!(Photo::parse(file(&[header, scan(&[1])])).is_ok(), "{case}");
    }
    let damaged = [
        ("empty", segment(0xC0, &[])),
        ("cut within the sides", segment(0xC0, &[8, 0, 30, 0])),
        ("no component", segment(0xC0, &[8, 0, 30, 0, 40, 0])),
        ("one component for three", segment(0xC0, &[8, 0, 30, 0, 40, 3, 1, 0x11, 0])),
        ("one for none", segment(0xC0, &[8, 0, 30, 0, 40, 0, 1, 0x11, 0])),
        ("a byte too many", segment(0xC0, &[8, 0, 30, 0, 40, 1, 1, 0x11, 0, 0])),
        ("a byte too few", segment(0xC0, &[8, 0, 30, 0, 40, 1, 1, 0x11])),
        ("no bit", header(0, &one)),
        ("1 bit", header(1, &one)),
        ("17 bits", header(17, &one)),
        ("a sampling factor of 0 across", header(8, &[[1, 0x01, 0]])),
        ("a sampling factor of 0 down", header(8, &[[1, 0x10, 0]])),
        ("a sampling factor of 5 across", header(8, &[[1, 0x51, 0]])),
        ("a sampling factor of 5 down", header(8, &[[1, 0x15, 0]])),
        ("a fifth table", header(8, &[[1, 0x11, 4]])),
        ("a fault in the last component", header(8, &[[1, 0x11, 0], [2, 0x11, 9]])),
    ];
    for (case, header) in damaged {
        assert_eq!(refused(file(&[header, scan(&[1])])), PhotoError::Malformed, "{case}");
    }
    assert_eq!(refused(file(&[frame(0xC0, 40, 0), scan(&[1])])), PhotoError::HeightMissing);
    assert_eq!(refused(file(&[frame(0xC0, 0, 30), scan(&[1])])), PhotoError::TooSmall);
}

#[test]
fn a_scan_header_must_belong_to_its_frame() {
    let components = [1, 2, 3, 4].map(|id| [id, 0x11, 0]);
    let photo = |header: &[u8]| {
        Photo::parse(file(&[framed(0xC0, 8, 40, 30, &components), scan_of(header, &[1])])).map(|p| p.width())
    };
    for (case, header) in [
        ("one component", [1, 1, 0, 0, 63, 0].as_slice()),
        ("another", &[1, 4, 0, 0, 63, 0]),
        ("three components", &[3, 1, 0, 2, 0x11, 3, 0x11, 0, 63, 0]),
        ("all four", &[4, 1, 0, 2, 0, 3, 0, 4, 0, 0, 0, 0]),
    ] {
        assert_eq!(photo(header), Ok(40), "{case}");
    }
    for (case, header) in [
        ("empty", [].as_slice()),
        ("no component", &[0, 0, 63, 0]),
        ("a component that the frame has not", &[1, 5, 0, 0, 63, 0]),
        ("such a one after one that it has", &[2, 1, 0, 5, 0, 0, 63, 0]),
        ("five components", &[5, 1, 0, 2, 0, 3, 0, 4, 0, 4, 0, 0, 63, 0]),
        ("one byte too few", &[1, 1, 0, 0, 63]),
        ("one byte too many", &[1, 1, 0, 0, 63, 0, 0]),
        ("two components for one", &[1, 1, 0, 2, 0, 0, 63, 0]),
    ] {
        assert_eq!(photo(header), Err(PhotoError::Malformed), "{case}");
    }
}

#[test]
fn a_real_file_without_one_of_its_parts_is_refused() {
    let without = |file: &[u8], marker: u8| {
        let at = file.windows(2).position(|two| two == [0xFF, marker]).expect("the marker stands there");
        let length = usize::from(u16::from_be_bytes([file[at + 2], file[at + 3]]));
        [&file[..at], &file[at + 2 + length..]].concat()
    };
    for (file, frame) in [(BASELINE, 0xC0), (PROGRESSIVE, 0xC2), (RESTARTS, 0xC0), (EXIF, 0xE1)] {
        // Without its header a scan's data stand where a marker must; without EXIF the rest is a photo still.
        assert_eq!(Photo::parse(without(file, frame)).is_ok(), frame == 0xE1);
        if frame != 0xE1 {
            assert_eq!(refused(without(file, 0xDA)), PhotoError::Malformed);
        }
    }
}
