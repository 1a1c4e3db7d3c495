//! The structure of a PNG (ISO/IEC 15948): chunks in their order, their lengths, the checksums of the critical
//! ones, and a header that means something. An ancillary chunk may be damaged: decoders drop it and show the
//! picture all the same.

use super::{PhotoError, sides};

/// How every PNG begins.
pub(super) const SIGNATURE: [u8; 8] = *b"\x89PNG\r\n\x1a\n";

/// Entries of a palette (11.2.3).
const PALETTE_MAX: usize = 256;

/// Walks from the signature to IEND and gives the sides that the header states.
pub(super) fn walk(bytes: &[u8]) -> Result<(u32, u32), PhotoError> {
    let mut header: Option<Header> = None;
    let mut pixels = Pixels::None;
    let mut palette = false;
    let mut rest = &bytes[SIGNATURE.len()..];
    // Each round goes on by a chunk's frame at least, so the file's length bounds it.
    loop {
        let chunk;
        (chunk, rest) = Chunk::parse(rest)?;
        let Some(stated) = header else {
            // Nothing may stand before it; without it nothing else has a meaning.
            if chunk.kind != *b"IHDR" {
                return Err(PhotoError::Malformed);
            }
            header = Some(Header::parse(chunk.data)?);
            continue;
        };
        match &chunk.kind {
            b"IEND" => {
                let whole = pixels != Pixels::None && chunk.data.is_empty();
                return if whole { Ok(stated.sides) } else { Err(PhotoError::Malformed) };
            }
            b"IDAT" => {
                if pixels == Pixels::Over || (stated.wants_palette && !palette) {
                    return Err(PhotoError::Malformed);
                }
                // An empty one is allowed and is no picture.
                if !chunk.data.is_empty() {
                    pixels = Pixels::Begun;
                }
                continue;
            }
            b"PLTE" => {
                let entries = chunk.data.len() / 3;
                let fits = (1..=PALETTE_MAX).contains(&entries) && chunk.data.len().is_multiple_of(3);
                if palette || pixels != Pixels::None || !fits {
                    return Err(PhotoError::Malformed);
                }
                palette = true;
            }
            // A second header, or a critical chunk that nobody knows: what is in it changes the picture.
            _ if chunk.is_critical() => return Err(PhotoError::Malformed),
            _ => {}
        }
        // Chunks of pixels follow each other (5.6).
        if pixels == Pixels::Begun {
            pixels = Pixels::Over;
        }
    }
}

/// How far the chunks of pixels have come.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Pixels {
    None,
    Begun,
    Over,
}

struct Chunk<'a> {
    kind: [u8; 4],
    data: &'a [u8],
}

impl<'a> Chunk<'a> {
    /// The chunk at the front and what follows it: length, type, data, checksum (5.3).
    fn parse(bytes: &'a [u8]) -> Result<(Self, &'a [u8]), PhotoError> {
        let (length, rest) = bytes.split_first_chunk::<4>().ok_or(PhotoError::Truncated)?;
        let (kind, rest) = rest.split_first_chunk::<4>().ok_or(PhotoError::Truncated)?;
        // Before the length is believed: where a type should stand, noise is damage rather than a missing end.
        if !kind.iter().all(u8::is_ascii_alphabetic) {
            return Err(PhotoError::Malformed);
        }
        let length = u32::from_be_bytes(*length) as usize;
        let (data, rest) = rest.split_at_checked(length).ok_or(PhotoError::Truncated)?;
        let (checksum, rest) = rest.split_first_chunk::<4>().ok_or(PhotoError::Truncated)?;
        let chunk = Self { kind: *kind, data };
        if chunk.is_critical() && chunk.checksum() != u32::from_be_bytes(*checksum) {
            return Err(PhotoError::Malformed);
        }
        Ok((chunk, rest))
    }

    /// Whether the picture cannot be shown without it: the first letter of its type is a capital (5.4).
    fn is_critical(&self) -> bool {
        self.kind[0].is_ascii_uppercase()
    }

    /// CRC-32 over type and data (5.5).
    fn checksum(&self) -> u32 {
        let mut crc = crc32fast::Hasher::new();
        crc.update(&self.kind);
        crc.update(self.data);
        crc.finalize()
    }
}

/// What IHDR says.
#[derive(Clone, Copy)]
struct Header {
    sides: (u32, u32),
    /// Pixels are indices into a palette, which must come before them.
    wants_palette: bool,
}

impl Header {
    /// Width, height, bit depth, colour type, compression, filter, interlace: 13 bytes (11.2.2).
    fn parse(data: &[u8]) -> Result<Self, PhotoError> {
        let Ok([w3, w2, w1, w0, h3, h2, h1, h0, depth, colour, compression, filter, interlace]) =
            <[u8; 13]>::try_from(data)
        else {
            return Err(PhotoError::Malformed);
        };
        // Table 11.1.
        let depths: &[u8] = match colour {
            0 => &[1, 2, 4, 8, 16],
            3 => &[1, 2, 4, 8],
            2 | 4 | 6 => &[8, 16],
            _ => &[],
        };
        if !depths.contains(&depth) || (compression, filter) != (0, 0) || interlace > 1 {
            return Err(PhotoError::Malformed);
        }
        let (width, height) = (u32::from_be_bytes([w3, w2, w1, w0]), u32::from_be_bytes([h3, h2, h1, h0]));
        Ok(Self { sides: sides(width, height)?, wants_palette: colour == 3 })
    }
}
