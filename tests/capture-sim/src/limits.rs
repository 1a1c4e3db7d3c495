//! What a request may hold, written down here once more from the API's page on captures: the generator keeps within it,
//! and its tests say so. Not here: the API's own limits, which these must not be taken from.

/// Pixels of the still picture, width and height: its long side must have 1280 to 4096.
pub(crate) const STILL_SIZE: (usize, usize) = (1600, 1200);

/// Pixels of a frame taken while a colour was shown. Small print stays readable, ten of them stay under a second's work.
pub(crate) const FLASH_SIZE: (usize, usize) = (960, 720);

/// Bytes of the still picture: 1 MiB.
pub(crate) const STILL_BYTES_MAX: usize = 1 << 20;

/// Bytes of each other frame: 200 KiB.
pub(crate) const FLASH_BYTES_MAX: usize = 200 << 10;

/// Frames of one bundle, the still among them.
pub(crate) const FRAMES_MAX: usize = 12;

/// Frames of one colour: a third says whether the light still changes.
pub(crate) const FRAMES_PER_COLOR_MAX: usize = 3;

/// Qualities of JPEG that phones write, and the lowest that a frame is pressed to so that it fits.
pub(crate) const QUALITIES: std::ops::RangeInclusive<u8> = 60..=90;
