//! A photo that is one: JPEG or PNG by content, of a bearable size, walked from its first byte to its end
//! marker. The walks (a file per format) look at structure alone: what any decoder of the format would refuse
//! before its first pixel. Pixels and colours are the business of whoever decodes it, and a photo that will not
//! decode still stands as evidence.

mod jpeg;
mod png;

use std::fmt;

use bytes::Bytes;

use crate::limits::{PHOTO_BYTES_MAX, PHOTO_SIDE_PX};

/// Which format a photo's bytes have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PhotoKind {
    /// ITU-T T.81.
    Jpeg,
    /// ISO/IEC 15948.
    Png,
}

impl PhotoKind {
    /// The media type: what a photo is sealed under.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
        }
    }

    /// The format of that media type.
    pub fn parse(content_type: &str) -> Option<Self> {
        [Self::Jpeg, Self::Png].into_iter().find(|k| k.content_type() == content_type)
    }
}

/// Why bytes are not a photo. The texts are the ones that `details.fieldErrors` shows: they say what to do
/// and repeat nothing that was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PhotoError {
    /// Neither format's signature.
    #[error("must be a JPEG or PNG image; its bytes decide, not its name")]
    NotAnImage,
    /// The bytes end before the image does.
    #[error("is cut off before the end of the image: send the whole file")]
    Truncated,
    /// The signature is right, what follows is not.
    #[error("is a damaged JPEG or PNG image: save it again and send that file")]
    Malformed,
    /// A JPEG frame of height 0, which only a DNL marker after the pixels would tell (T.81, B.2.5).
    #[error("is a JPEG image that does not state its height: save it again and send that file")]
    HeightMissing,
    /// A side is too short to show a face.
    #[error("must be at least {min} pixels on each side", min = PHOTO_SIDE_PX.start())]
    TooSmall,
    /// A side is so long that decoding it would be a burden.
    #[error("must be at most {max} pixels on each side: scale it down", max = PHOTO_SIDE_PX.end())]
    TooLarge,
    /// Too many bytes.
    #[error("must be at most {max} bytes before base64 encoding: compress it further or scale it down")]
    TooManyBytes {
        /// How many are allowed.
        max: usize,
    },
}

/// A photo. Cheap to clone; its `Debug` shows no byte of it.
#[derive(Clone, PartialEq, Eq)]
pub struct Photo {
    bytes: Bytes,
    kind: PhotoKind,
    width: u32,
    height: u32,
}

impl Photo {
    /// Takes bytes for a photo if they are one. What follows the end of the image is kept: phones append
    /// to their photos, and evidence is kept as it came.
    ///
    /// # Errors
    /// [`PhotoError`], whichever is found first: too many bytes, no signature, then in the order of the bytes.
    pub fn parse(bytes: impl Into<Bytes>) -> Result<Self, PhotoError> {
        let bytes = bytes.into();
        if bytes.len() > PHOTO_BYTES_MAX {
            return Err(PhotoError::TooManyBytes { max: PHOTO_BYTES_MAX });
        }
        let (kind, (width, height)) = if bytes.starts_with(&png::SIGNATURE) {
            (PhotoKind::Png, png::walk(&bytes)?)
        } else if bytes.starts_with(&jpeg::START) {
            (PhotoKind::Jpeg, jpeg::walk(&bytes)?)
        } else {
            return Err(PhotoError::NotAnImage);
        };
        Ok(Self { bytes, kind, width, height })
    }

    /// Its format.
    pub fn kind(&self) -> PhotoKind {
        self.kind
    }

    /// `image/jpeg` or `image/png`.
    pub fn content_type(&self) -> &'static str {
        self.kind.content_type()
    }

    /// Pixels across, as the file states them.
    pub fn width(&self) -> u32 {
        self.width
    }

    /// Pixels down, as the file states them.
    pub fn height(&self) -> u32 {
        self.height
    }

    /// The file, with whatever follows the image's end.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The file, shared.
    pub fn bytes(&self) -> Bytes {
        self.bytes.clone()
    }
}

impl fmt::Debug for Photo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Photo({:?}, {} x {}, {} bytes)", self.kind, self.width, self.height, self.bytes.len())
    }
}

/// Both sides within their bounds; otherwise says which bound.
fn sides(width: u32, height: u32) -> Result<(u32, u32), PhotoError> {
    if width < *PHOTO_SIDE_PX.start() || height < *PHOTO_SIDE_PX.start() {
        Err(PhotoError::TooSmall)
    } else if width > *PHOTO_SIDE_PX.end() || height > *PHOTO_SIDE_PX.end() {
        Err(PhotoError::TooLarge)
    } else {
        Ok((width, height))
    }
}
