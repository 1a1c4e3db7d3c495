//! Every bound of this crate, with its reason.

/// Pixels of a photo that is decoded: 16 × 2²⁰, which a phone's 12 or 16 megapixels fit. The decoded picture is three
/// bytes of each, 48 MiB.
pub(crate) const PICTURE_PIXELS_MAX: usize = 16 * 1024 * 1024;

/// What decoding one picture may hold at once: the pixels, a PNG's alpha beside them, the coefficients of a JPEG that
/// brings them in several scans. 16 × 2²⁰ pixels of four bytes.
pub(crate) const PICTURE_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Scans of a JPEG: cameras and libjpeg write about ten. Each may cost a walk over every block, which is the cheapest
/// way to make a small file dear. With [`PICTURE_BYTES_MAX`] it bounds the time: half a million blocks, 32 times.
pub(crate) const JPEG_SCANS_MAX: usize = 32;

/// Entries of an EXIF directory that are looked through for the orientation: cameras write a dozen.
pub(crate) const EXIF_ENTRIES_MAX: usize = 256;
