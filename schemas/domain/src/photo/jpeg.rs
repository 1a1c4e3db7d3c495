//! The structure of a JPEG (ITU-T T.81, annex B): markers and the lengths of their segments, the frame header,
//! the headers of scans. Tables, entropy-coded data and application segments are stepped over unread, an EXIF
//! thumbnail with markers of its own among them.

use memchr::memchr;

use super::{PhotoError, sides};

/// What every marker begins with, and what fills the space before one (T.81, B.1.1.2).
const MARKER: u8 = 0xFF;
const SOI: u8 = 0xD8;
const EOI: u8 = 0xD9;
const SOS: u8 = 0xDA;
/// In the range of the frame headers without being one: Huffman tables, an extension, arithmetic coding.
const NOT_FRAMES: [u8; 3] = [0xC4, 0xC8, 0xCC];

/// How every JPEG begins.
pub(super) const START: [u8; 2] = [MARKER, SOI];

/// Walks from SOI to EOI and gives the sides that the frame header states.
pub(super) fn walk(bytes: &[u8]) -> Result<(u32, u32), PhotoError> {
    let mut frame: Option<Frame<'_>> = None;
    let mut scanned = false;
    let mut at = START.len();
    // Each round goes on by a marker's two bytes at least, so the file's length bounds it.
    loop {
        let marker;
        (marker, at) = next_marker(bytes, at)?;
        match marker {
            EOI => {
                return match frame {
                    Some(frame) if scanned => Ok(frame.sides),
                    Some(_) | None => Err(PhotoError::Malformed),
                };
            }
            // TEM and RST stand alone; between segments they mean nothing, and decoders step over them.
            0x01 | 0xD0..=0xD7 => {}
            SOS => {
                let frame = frame.as_ref().ok_or(PhotoError::Malformed)?;
                let header;
                (header, at) = segment(bytes, at)?;
                frame.check_scan(header)?;
                at = entropy_end(bytes, at)?;
                scanned = true;
            }
            0xC0..=0xCF if !NOT_FRAMES.contains(&marker) => {
                // A second frame is the hierarchical mode, which decoders refuse; whose sides would hold?
                if frame.is_some() {
                    return Err(PhotoError::Malformed);
                }
                let header;
                (header, at) = segment(bytes, at)?;
                frame = Some(Frame::parse(header)?);
            }
            // 0x00 is a stuffed byte outside a scan, 0x02–0xBF are reserved, SOI cannot come twice.
            0x00 | 0x02..=0xBF | SOI => return Err(PhotoError::Malformed),
            // Tables, comments and application data.
            _ => (_, at) = segment(bytes, at)?,
        }
    }
}

fn byte_at(bytes: &[u8], at: usize) -> Result<u8, PhotoError> {
    bytes.get(at).copied().ok_or(PhotoError::Truncated)
}

/// The marker that must begin here, fill bytes before it, and where it ends.
fn next_marker(bytes: &[u8], mut at: usize) -> Result<(u8, usize), PhotoError> {
    if byte_at(bytes, at)? != MARKER {
        return Err(PhotoError::Malformed);
    }
    while byte_at(bytes, at)? == MARKER {
        at += 1;
    }
    Ok((bytes[at], at + 1))
}

/// The data of the segment whose length stands here, and where it ends; the length counts itself.
fn segment(bytes: &[u8], at: usize) -> Result<(&[u8], usize), PhotoError> {
    let length = usize::from(u16::from_be_bytes([byte_at(bytes, at)?, byte_at(bytes, at + 1)?]));
    if length < 2 {
        return Err(PhotoError::Malformed);
    }
    let end = at + length;
    let data = bytes.get(at + 2..end).ok_or(PhotoError::Truncated)?;
    Ok((data, end))
}

/// What a frame header says (T.81, B.2.2).
struct Frame<'a> {
    sides: (u32, u32),
    /// Three bytes each: identifier, sampling factors, quantization table.
    components: &'a [[u8; 3]],
}

impl<'a> Frame<'a> {
    /// Precision, height, width, number of components, then the components.
    fn parse(header: &'a [u8]) -> Result<Self, PhotoError> {
        let Some(([precision, h1, h0, w1, w0, count], components)) = header.split_first_chunk() else {
            return Err(PhotoError::Malformed);
        };
        let (components, rest) = components.as_chunks::<3>();
        let all = !components.is_empty() && components.len() == usize::from(*count) && rest.is_empty();
        // 8 and 12 bits, and 2 to 16 where nothing is lost (table B.2).
        if !all || !(2..=16).contains(precision) || !components.iter().all(is_component) {
            return Err(PhotoError::Malformed);
        }
        let (height, width) = (u16::from_be_bytes([*h1, *h0]), u16::from_be_bytes([*w1, *w0]));
        if height == 0 {
            return Err(PhotoError::HeightMissing);
        }
        Ok(Self { sides: sides(width.into(), height.into())?, components })
    }

    /// A scan header (T.81, B.2.3): the number of its components, two bytes of each, three for all.
    fn check_scan(&self, header: &[u8]) -> Result<(), PhotoError> {
        let Some((count, rest)) = header.split_first() else { return Err(PhotoError::Malformed) };
        let count = usize::from(*count);
        let known = |selector: &[u8]| self.components.iter().any(|[id, ..]| *id == selector[0]);
        let fits = (1..=4).contains(&count) && rest.len() == 2 * count + 3;
        if fits && rest.chunks_exact(2).take(count).all(known) { Ok(()) } else { Err(PhotoError::Malformed) }
    }
}

/// Sampling factors from 1 to 4, one of four quantization tables (table B.2).
fn is_component([_, sampling, table]: &[u8; 3]) -> bool {
    (1..=4).contains(&(sampling >> 4)) && (1..=4).contains(&(sampling & 0xF)) && *table <= 3
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
