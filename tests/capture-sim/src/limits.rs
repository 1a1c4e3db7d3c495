//! What a request may hold, written down here once more from the API's page on captures: the generator keeps within it,
//! and its tests say so. Not here: the API's own limits, which these must not be taken from.

/// Pixels of the still picture, width and height: its long side must have 1280 to 4096.
pub(crate) const STILL_SIZE: (usize, usize) = (1600, 1200);

/// Pixels of a frame taken while a colour was shown. Small print stays readable, and eleven of them take less than a second to make.
pub(crate) const FLASH_SIZE: (usize, usize) = (960, 720);

/// Bytes of the still picture: 1 MiB.
pub(crate) const STILL_BYTES_MAX: usize = 1 << 20;

/// Bytes of each other frame: 200 KiB may be sent, but all frames together may have 2.8 MiB, and eleven of these and the
/// largest still have 2.75.
pub(crate) const FLASH_BYTES_MAX: usize = 160 << 10;

/// Frames of one bundle, the still among them.
pub(crate) const FRAMES_MAX: usize = 12;

/// Frames of one colour: a third says whether the light still changes.
pub(crate) const FRAMES_PER_COLOR_MAX: usize = 3;

/// Quality of JPEG that a frame is pressed to at the lowest so that it fits: grids of pixels at ten steps need it.
pub(crate) const QUALITY_MIN: u8 = 40;

/// Qualities of JPEG that phones write.
pub(crate) const QUALITIES: std::ops::RangeInclusive<u8> = 60..=90;
