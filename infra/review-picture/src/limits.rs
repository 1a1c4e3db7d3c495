//! Every bound of the crate, with its reason.

/// A side of a review copy: a straightened card of 1024 × 646 with the portrait beside or beneath it, twice over. What the
/// server holds while it draws is 12 MB at most.
pub(crate) const SIDE_PX_MAX: usize = 2_048;

/// What a picture is encoded with again: nobody measures in it any more.
pub(crate) const JPEG_QUALITY: u8 = 85;
