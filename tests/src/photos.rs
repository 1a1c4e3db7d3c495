//! Small images made for tests: nobody's face. Built from files of the tree, so that they are real ones.

use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

/// A real JPEG of 64 × 64 pixels.
pub fn jpeg() -> Vec<u8> {
    include_bytes!("../../ingest-api/testdata/sample.jpg").to_vec()
}

/// A real PNG of 20 × 18 pixels.
pub fn png() -> Vec<u8> {
    include_bytes!("../../schemas/domain/testdata/gradient-20x18.png").to_vec()
}

/// A real JPEG that nobody has seen before: a comment of so many random bytes (T.81, B.2.4.5).
pub fn jpeg_with_noise(seed: u64, bytes: u16) -> Vec<u8> {
    let mut noise = vec![0; usize::from(bytes)];
    ChaCha8Rng::seed_from_u64(seed).fill_bytes(&mut noise);
    let mut photo = vec![0xFF, 0xD8, 0xFF, 0xFE];
    photo.extend_from_slice(&(bytes + 2).to_be_bytes());
    photo.extend_from_slice(&noise);
    photo.extend_from_slice(&jpeg()[2..]);
    photo
}

/// A JPEG of exactly so many bytes, the last of them after its end.
pub fn jpeg_of_size(bytes: usize) -> Vec<u8> {
    let mut photo = jpeg();
    assert!(photo.len() <= bytes, "the sample is larger");
    photo.resize(bytes, 0x5A);
    photo
}

/// The PNG with other sides in its header, and the header's checksum to match.
pub fn png_of_sides(width: u32, height: u32) -> Vec<u8> {
    let mut photo = png();
    photo[16..20].copy_from_slice(&width.to_be_bytes());
    photo[20..24].copy_from_slice(&height.to_be_bytes());
    let checksum = crc32(&photo[12..29]);
    photo[29..33].copy_from_slice(&checksum.to_be_bytes());
    photo
}

/// CRC-32 as PNG has it (ISO/IEC 15948, annex D), bit by bit.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ (0xEDB8_8320 & (crc & 1).wrapping_neg()))
    })
}

#[test]
fn the_checksum_is_pngs() {
    let photo = png();
    assert_eq!(crc32(&photo[12..29]).to_be_bytes(), photo[29..33]);
}
