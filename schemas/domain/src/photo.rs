//! A photo that is one: JPEG or PNG by content, of a bearable size, walked from its first byte to its end
//! marker. The walk looks at structure alone (markers, lengths, chunk types): pixels, checksums and colours
//! are the business of whoever decodes it, and a photo that will not decode still stands as evidence.

use std::fmt;

use bytes::Bytes;
use memchr::memchr;

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
        let (kind, (width, height)) = if bytes.starts_with(&PNG_SIGNATURE) {
            (PhotoKind::Png, walk_png(&bytes)?)
        } else if bytes.starts_with(&[MARKER, SOI]) {
            (PhotoKind::Jpeg, walk_jpeg(&bytes)?)
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

fn byte_at(bytes: &[u8], at: usize) -> Result<u8, PhotoError> {
    bytes.get(at).copied().ok_or(PhotoError::Truncated)
}

fn u16_at(bytes: &[u8], at: usize) -> Result<u16, PhotoError> {
    Ok(u16::from_be_bytes([byte_at(bytes, at)?, byte_at(bytes, at + 1)?]))
}

// --------------------------------------------------------------------------------------------------- JPEG

/// What every JPEG marker begins with, and what fills the space before one (T.81, B.1.1.2).
const MARKER: u8 = 0xFF;
const SOI: u8 = 0xD8;
const EOI: u8 = 0xD9;
const SOS: u8 = 0xDA;
/// In the range of the frame headers without being one: Huffman tables, an extension, arithmetic coding.
const NOT_FRAMES: [u8; 3] = [0xC4, 0xC8, 0xCC];

/// Walks a JPEG from SOI to EOI and gives the sides its frame header states.
fn walk_jpeg(bytes: &[u8]) -> Result<(u32, u32), PhotoError> {
    let mut frame = None;
    let mut scanned = false;
    let mut at = 2;
    // Each round goes on by a marker's two bytes at least, so the file's length bounds it.
    loop {
        let marker;
        (marker, at) = next_marker(bytes, at)?;
        match marker {
            EOI => {
                return if scanned { frame.ok_or(PhotoError::Malformed) } else { Err(PhotoError::Malformed) };
            }
            // TEM and RST stand alone; between segments they mean nothing, and decoders step over them.
            0x01 | 0xD0..=0xD7 => {}
            SOS => {
                if frame.is_none() {
                    return Err(PhotoError::Malformed);
                }
                at = entropy_end(bytes, segment_end(bytes, at)?)?;
                scanned = true;
            }
            0xC0..=0xCF if !NOT_FRAMES.contains(&marker) => {
                // A second frame is the hierarchical mode, which decoders refuse; whose sides would hold?
                if frame.is_some() {
                    return Err(PhotoError::Malformed);
                }
                frame = Some(frame_sides(bytes, at)?);
                at = segment_end(bytes, at)?;
            }
            // 0x00 is a stuffed byte outside a scan, 0x02–0xBF are reserved, SOI cannot come twice.
            0x00 | 0x02..=0xBF | SOI => return Err(PhotoError::Malformed),
            // Tables, comments and application data, an EXIF thumbnail with markers of its own among them.
            _ => at = segment_end(bytes, at)?,
        }
    }
}

/// The marker that must begin here, fill bytes before it, and where it ends.
fn next_marker(bytes: &[u8], at: usize) -> Result<(u8, usize), PhotoError> {
    if byte_at(bytes, at)? != MARKER {
        return Err(PhotoError::Malformed);
    }
    let mut at = at + 1;
    while byte_at(bytes, at)? == MARKER {
        at += 1;
    }
    Ok((bytes[at], at + 1))
}

/// Where the segment ends whose length stands here; the length counts itself.
fn segment_end(bytes: &[u8], at: usize) -> Result<usize, PhotoError> {
    let length = usize::from(u16_at(bytes, at)?);
    if length < 2 {
        return Err(PhotoError::Malformed);
    }
    let end = at + length;
    if end > bytes.len() { Err(PhotoError::Truncated) } else { Ok(end) }
}

/// The sides in a frame header (T.81, B.2.2): length, precision, height, width, components, 3 bytes of each.
fn frame_sides(bytes: &[u8], at: usize) -> Result<(u32, u32), PhotoError> {
    let length = u16_at(bytes, at)?;
    let (height, width) = (u16_at(bytes, at + 3)?, u16_at(bytes, at + 5)?);
    let components = u16::from(byte_at(bytes, at + 7)?);
    if components == 0 || length != 8 + 3 * components {
        return Err(PhotoError::Malformed);
    }
    if height == 0 {
        return Err(PhotoError::HeightMissing);
    }
    sides(u32::from(width), u32::from(height))
}

/// Where the marker begins that ends the entropy-coded data; stuffed zeros and restarts belong to the data.
fn entropy_end(bytes: &[u8], mut at: usize) -> Result<usize, PhotoError> {
    loop {
        at += memchr(MARKER, &bytes[at..]).ok_or(PhotoError::Truncated)?;
        match byte_at(bytes, at + 1)? {
            0x00 | 0xD0..=0xD7 => at += 2,
            MARKER => at += 1,
            _ => return Ok(at),
        }
    }
}

// ---------------------------------------------------------------------------------------------------- PNG

const PNG_SIGNATURE: [u8; 8] = *b"\x89PNG\r\n\x1a\n";

/// Length, type and checksum of a chunk: what it takes up beside its data.
const PNG_CHUNK_FRAME: usize = 12;

/// Walks a PNG from its signature to IEND and gives the sides its header states.
fn walk_png(bytes: &[u8]) -> Result<(u32, u32), PhotoError> {
    let mut size = None;
    let mut pixels = false;
    let mut rest = &bytes[PNG_SIGNATURE.len()..];
    // Each round goes on by a chunk's frame at least, so the file's length bounds it.
    loop {
        let PngChunk { kind, data, after } = png_chunk(rest)?;
        match (kind, size) {
            (b"IHDR", None) => size = Some(png_header(data)?),
            (_, None) | (b"IHDR", Some(_)) => return Err(PhotoError::Malformed),
            (b"IEND", Some(size)) => {
                return if pixels && data.is_empty() { Ok(size) } else { Err(PhotoError::Malformed) };
            }
            (b"IDAT", Some(_)) => pixels = true,
            (_, Some(_)) => {}
        }
        rest = after;
    }
}

struct PngChunk<'a> {
    kind: &'a [u8; 4],
    data: &'a [u8],
    /// What follows it.
    after: &'a [u8],
}

/// The chunk at the front.
fn png_chunk(rest: &[u8]) -> Result<PngChunk<'_>, PhotoError> {
    let (length, rest) = rest.split_first_chunk::<4>().ok_or(PhotoError::Truncated)?;
    let (kind, rest) = rest.split_first_chunk::<4>().ok_or(PhotoError::Truncated)?;
    // Before the length is believed: where a type should stand, noise is damage rather than a missing end.
    if !kind.iter().all(u8::is_ascii_alphabetic) {
        return Err(PhotoError::Malformed);
    }
    let length = u32::from_be_bytes(*length) as usize;
    let checksum = PNG_CHUNK_FRAME - 8;
    if rest.len() < checksum || rest.len() - checksum < length {
        return Err(PhotoError::Truncated);
    }
    let (data, rest) = rest.split_at(length);
    Ok(PngChunk { kind, data, after: &rest[checksum..] })
}

/// The sides in IHDR: width and height lead its 13 bytes.
fn png_header(data: &[u8]) -> Result<(u32, u32), PhotoError> {
    let (Some((width, rest)), 13) = (data.split_first_chunk::<4>(), data.len()) else {
        return Err(PhotoError::Malformed);
    };
    let height = [rest[0], rest[1], rest[2], rest[3]];
    sides(u32::from_be_bytes(*width), u32::from_be_bytes(height))
}
