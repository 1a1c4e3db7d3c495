//! What decoding a JPEG will cost, from its markers alone (ITU-T T.81, annex B): the sides, the coefficients that must be
//! held where a picture comes in several scans, and how many scans there are. Not here: decoding.

/// What every marker begins with.
const MARKER: u8 = 0xff;
const EOI: u8 = 0xd9;
const SOS: u8 = 0xda;
const PROGRESSIVE: u8 = 0xc2;
/// In the range of the frame headers without being one: Huffman tables, an extension, arithmetic coding.
const NOT_FRAMES: [u8; 3] = [0xc4, 0xc8, 0xcc];

/// A block's coefficients: 64 of 16 bits.
const BLOCK_BYTES: usize = 128;

/// How a JPEG is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct JpegLayout {
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) scans: usize,
    /// What must be held until the last scan has been read; none where one scan brings everything.
    coefficient_bytes: usize,
}

impl JpegLayout {
    /// None where the markers do not follow each other, or there is no frame or no scan. That the end is missing is
    /// no fault here.
    pub(crate) fn of(photo: &[u8]) -> Option<Self> {
        let (mut frame, mut scans, mut whole) = (None::<Frame>, 0, false);
        let mut at = 2;
        // Each round goes on by a marker's two bytes at least, so the photo's length bounds it.
        while let Some((marker, after)) = next_marker(photo, at) {
            at = after;
            match marker {
                EOI => break,
                0x01 | 0xd0..=0xd7 => continue,
                _ => {}
            }
            let length = usize::from(u16::from_be_bytes(*photo.get(at..)?.first_chunk()?));
            let header = photo.get(at + 2..at.checked_add(length)?)?;
            at += length;
            match marker {
                SOS => {
                    let components = usize::from(*header.first()?);
                    whole |= scans == 0 && components == frame.as_ref()?.components.len();
                    scans += 1;
                    at = entropy_end(photo, at);
                }
                0xc0..=0xcf if !NOT_FRAMES.contains(&marker) => {
                    if frame.is_some() {
                        return None;
                    }
                    frame = Some(Frame::parse(header, marker == PROGRESSIVE)?);
                }
                _ => {}
            }
        }
        let frame = frame.filter(|_| scans > 0)?;
        let held = frame.progressive || !whole;
        let coefficient_bytes = if held { frame.blocks()?.checked_mul(BLOCK_BYTES)? } else { 0 };
        Some(Self { width: frame.width, height: frame.height, scans, coefficient_bytes })
    }

    /// The pixels, and the coefficients beside them.
    pub(crate) fn decoding_bytes(self) -> usize {
        (self.width * self.height * 3).saturating_add(self.coefficient_bytes)
    }
}

/// A frame header (T.81, B.2.2).
struct Frame {
    progressive: bool,
    width: usize,
    height: usize,
    /// Sampling factors of each, across and down.
    components: Vec<(usize, usize)>,
}

impl Frame {
    fn parse(header: &[u8], progressive: bool) -> Option<Self> {
        let ([_, h1, h0, w1, w0, count], components) = header.split_first_chunk()?;
        let sampling = |[_, sampling, _]: &[u8; 3]| (usize::from(sampling >> 4), usize::from(sampling & 0xf));
        let components: Vec<_> = components.as_chunks().0.iter().map(sampling).collect();
        let fits = (1..=4).contains(&components.len()) && components.len() == usize::from(*count);
        let sampled = components.iter().all(|(h, v)| (1..=4).contains(h) && (1..=4).contains(v));
        let [height, width] = [[*h1, *h0], [*w1, *w0]].map(|side| usize::from(u16::from_be_bytes(side)));
        (fits && sampled).then_some(Self { progressive, width, height, components })
    }

    /// Blocks of 8 × 8 of all components, in whole units of the picture; a single component has no other to be
    /// sampled against.
    fn blocks(&self) -> Option<usize> {
        let alone = self.components.len() == 1;
        let most = |side: fn(&(usize, usize)) -> usize| self.components.iter().map(side).max();
        let (across, down) = if alone { (1, 1) } else { (most(|(h, _)| *h)?, most(|(_, v)| *v)?) };
        let units = self.width.div_ceil(8 * across).checked_mul(self.height.div_ceil(8 * down))?;
        let a_unit = if alone { 1 } else { self.components.iter().map(|(h, v)| h * v).sum() };
        units.checked_mul(a_unit)
    }
}

/// The marker that begins here, fill bytes before it, and where it ends; none at the photo's end or where none begins.
fn next_marker(photo: &[u8], at: usize) -> Option<(u8, usize)> {
    let fill = photo.get(at..)?.iter().take_while(|byte| **byte == MARKER).count();
    let marker = *photo.get(at + fill)?;
    (fill > 0).then_some((marker, at + fill + 1))
}

/// Where the marker begins that ends the entropy-coded data; stuffed zeros and restarts belong to the data.
fn entropy_end(photo: &[u8], start: usize) -> usize {
    let rest = photo.get(start..).unwrap_or_default();
    let ends = |pair: &[u8]| pair[0] == MARKER && !matches!(pair[1], 0x00 | 0xd0..=0xd7 | MARKER);
    start + rest.windows(2).position(ends).unwrap_or(rest.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A JPEG's markers without its tables: a frame of that marker and those components (sampling as one byte), then
    /// scans of so many components each.
    fn jpeg(frame: u8, width: u16, height: u16, sampling: &[u8], scans: &[u8]) -> Vec<u8> {
        let mut photo = vec![0xff, 0xd8, 0xff, frame, 0, 8 + 3 * sampling.len() as u8, 8];
        photo.extend(height.to_be_bytes());
        photo.extend(width.to_be_bytes());
        photo.push(sampling.len() as u8);
        photo.extend(sampling.iter().enumerate().flat_map(|(at, sampling)| [at as u8, *sampling, 0]));
        for components in scans {
            photo.extend([0xff, SOS, 0, 6 + 2 * components, *components]);
            photo.extend(std::iter::repeat_n(0, 2 * usize::from(*components) + 3));
            // Entropy-coded: a stuffed zero and a restart belong to it.
            photo.extend([1, 0xff, 0x00, 2, 0xff, 0xd3, 3]);
        }
        photo.extend([0xff, 0xff, EOI]);
        photo
    }

    #[test]
    fn coefficients_are_counted_where_they_must_be_held() {
        let cost = |frame, sampling: &[u8], scans: &[u8]| {
            let layout = JpegLayout::of(&jpeg(frame, 100, 50, sampling, scans)).expect("a layout");
            assert_eq!((layout.width, layout.height, layout.scans), (100, 50, scans.len()));
            layout.decoding_bytes() - 100 * 50 * 3
        };
        // One scan of everything is decoded row by row.
        assert_eq!(cost(0xc0, &[0x22, 0x11, 0x11], &[3]), 0);
        // 4:2:0 in units of 16 × 16: 7 × 4 of six blocks.
        assert_eq!(cost(0xc2, &[0x22, 0x11, 0x11], &[3, 1, 1, 1]), 7 * 4 * 6 * 128);
        assert_eq!(cost(0xc0, &[0x22, 0x11, 0x11], &[1, 1, 1]), 7 * 4 * 6 * 128);
        // 4:4:4 in units of 8 × 8: 13 × 7 of three; grey of one, whatever its sampling says.
        assert_eq!(cost(0xc2, &[0x11, 0x11, 0x11], &[3]), 13 * 7 * 3 * 128);
        assert_eq!(cost(0xc2, &[0x22], &[1]), 13 * 7 * 128);
    }

    #[test]
    fn what_is_no_jpeg_has_no_layout() {
        let whole = jpeg(0xc0, 100, 50, &[0x11], &[1]);
        for end in 0..20 {
            assert_eq!(JpegLayout::of(&whole[..end]), None, "{end}");
        }
        assert!(JpegLayout::of(&whole[..whole.len() - 4]).is_some());
        assert_eq!(JpegLayout::of(&jpeg(0xc0, 100, 50, &[0x50], &[1])), None);
        assert_eq!(JpegLayout::of(&jpeg(0xc0, 100, 50, &[0x11], &[])), None);
    }
}
