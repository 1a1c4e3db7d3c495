//! Every bound of this crate, and every threshold of its voters, with its reason. Figures: decision 0028.

/// Longer side of the still, in pixels (sequence §1.3).
pub(crate) const STILL_SIDE_MIN: usize = 1280;
/// Longer side of the still, in pixels (sequence §1.3).
pub(crate) const STILL_SIDE_MAX: usize = 4096;
/// Shorter side of the other frames: below it a card of a quarter of the frame has fewer pixels than colours need.
pub(crate) const FLASH_SIDE_MIN: usize = 200;
/// Frames of one capture that are looked at: twice what a card's capture may have (sequence §1.3), so that features of
/// this many still fit into [`FEATURE_BYTES_MAX`].
pub(crate) const FRAMES_MAX: usize = 24;
/// Colours of a challenge (sequence §2.2 has ten).
pub(crate) const COLORS_MAX: usize = 16;
/// Features as they are kept (sequence §1.14).
pub(crate) const FEATURE_BYTES_MAX: usize = 4096;

/// Longer side of the copy of the still in which the card is looked for: a pixel of it is less than a millimetre of the
/// card, and fitted lines are good to a fifth of it.
pub(crate) const STILL_SEARCH_SIDE: usize = 640;
/// The same of the other frames, of which there are many and from which only means are taken.
pub(crate) const FLASH_SEARCH_SIDE: usize = 400;
/// Lines that are tried as sides of the card: rows of text and a patterned table bring some dozens, and quadruples grow
/// with the fourth power.
pub(crate) const LINES_MAX: usize = 44;
/// Quadrangles that are looked at closely.
pub(crate) const QUADS_MAX: usize = 96;

/// The straightened card: 12 pixels a millimetre.
pub(crate) const CARD_WIDTH: usize = 1024;
/// The straightened card.
pub(crate) const CARD_HEIGHT: usize = 646;

/// ID-1: 85.60 × 53.98 mm (ISO/IEC 7810).
pub(crate) const CARD_RATIO: f64 = 1.586;
/// How far from it a card may be measured.
pub(crate) const CARD_RATIO_OFF_MAX: f64 = 0.08;
/// Degrees between the card's normal and the camera's axis.
pub(crate) const TILT_MAX_DEGREES: f64 = 25.0;
/// Share of the still that the card fills at least.
pub(crate) const CARD_AREA_MIN: f64 = 0.25;

/// Pixels of the still across the card: 10 a millimetre, at which a digit of the NIK is about 25 high.
pub(crate) const CARD_PIXELS_MIN: f64 = 900.0;
/// Variance of the Laplacian of the straightened card at a mean of 128.
pub(crate) const SHARPNESS_MIN: f64 = 60.0;
/// Of a still without a card: so little detail that no card could have been found.
pub(crate) const SHARPNESS_NO_CARD_MIN: f64 = 12.0;
/// Share of burnt-out pixels where text and portrait are.
pub(crate) const GLARE_MAX: f64 = 0.015;
/// Brightness, 0 to 255.
pub(crate) const BRIGHTNESS_MIN: f64 = 60.0;
/// Brightness, 0 to 255.
pub(crate) const BRIGHTNESS_MAX: f64 = 200.0;

/// Side of a window whose spectrum is taken.
pub(crate) const WINDOW_SIDE: usize = 256;
/// Windows of one card: more say no more, and cost milliseconds each.
pub(crate) const WINDOWS_MAX: usize = 12;
/// How far a spectral line stands out above its surroundings: from here on it is a screen's grid.
pub(crate) const GRID_FAIL_MIN: f64 = 18.0;
/// From here on it may be one.
pub(crate) const GRID_ABSTAIN_MIN: f64 = 12.0;

/// Spread of colour over the card, as the deviation of logarithms of channel ratios: below it the card is grey.
pub(crate) const CHROMA_FAIL_MAX: f64 = 0.06;
/// Below it nobody can tell.
pub(crate) const CHROMA_ABSTAIN_MAX: f64 = 0.09;

/// Levels by which a claimed mean may be off the frame's own (sequence §1.5).
pub(crate) const CLAIM_OFF_MAX: f64 = 12.0;
/// Share of the frames for which it may be off by more.
pub(crate) const CLAIM_FRAMES_MAX: f64 = 0.2;

/// Bytes of the picture that a reviewer may see (sequence §2.7).
pub(crate) const REVIEW_COPY_BYTES_MAX: usize = 200 * 1024;
/// How much larger than in the straightened card the portrait is kept, where the still has the pixels.
pub(crate) const PORTRAIT_SCALE_MAX: f64 = 2.0;

/// Share of a region's pixels that must be neither drowned nor burnt out for a frame to say the region's colour.
pub(crate) const USABLE_SHARE_MIN: f64 = 0.5;
