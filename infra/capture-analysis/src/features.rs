//! All numbers that the voters of a captured card go by, and their bytes: what is kept, so that every vote can be worked
//! out again when the pixels are gone. Format 1: numbers little endian, lists with their length before them in a byte.
//! Not here: the votes.

use domain::capture::FlashColor;

use crate::flash::RegionLight;
use crate::limits::{COLORS_MAX, FEATURE_BYTES_MAX, FRAMES_MAX};
use crate::quad::Quad;
use crate::quality::QualityNumbers;
use crate::recapture::GridNumbers;

/// Raised when the bytes mean something else.
const FORMAT: u8 = 1;

/// What was measured of a capture.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct CardFeatures {
    /// Width and height of the still.
    pub(crate) still: [u32; 2],
    pub(crate) card: Option<CardNumbers>,
    /// Of the straightened card; where there is none, of the still.
    pub(crate) quality: QualityNumbers,
    /// In the order of the capture, the still first.
    pub(crate) frames: Vec<FrameNumbers>,
    pub(crate) colors: Vec<FlashColor>,
    pub(crate) holds_ms: Vec<u32>,
    pub(crate) color_times_ms: Option<Vec<u32>>,
    /// Means of frames as the phone claims them.
    pub(crate) claims: Vec<[f64; 3]>,
}

/// What was measured of the card in the still.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct CardNumbers {
    pub(crate) quad: Quad,
    pub(crate) hidden_corners: u32,
    pub(crate) grid: GridNumbers,
    /// None where too little of it says a colour.
    pub(crate) chroma_spread: Option<f64>,
}

/// What was measured of a frame.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct FrameNumbers {
    pub(crate) time_ms: Option<u32>,
    /// Mean red, green and blue of all of it, 0 to 255.
    pub(crate) levels: [f64; 3],
    /// Of the card; none of the still, and where the card is not known.
    pub(crate) card: Option<RegionLight>,
}

impl CardFeatures {
    /// None where it is more than is kept: the caller's bounds were passed over.
    pub(crate) fn encode(&self) -> Option<Vec<u8>> {
        let mut bytes = vec![FORMAT];
        self.still.iter().for_each(|side| bytes.extend(side.to_le_bytes()));
        bytes.push(u8::from(self.card.is_some()));
        if let Some(CardNumbers { quad, hidden_corners, grid, chroma_spread }) = self.card {
            put_all(&mut bytes, quad.0.as_flattened());
            bytes.extend([hidden_corners as u8, grid.windows as u8]);
            put_all(&mut bytes, &[grid.prominence]);
            bytes.push(u8::from(chroma_spread.is_some()));
            put_all(&mut bytes, &[chroma_spread.unwrap_or_default()]);
        }
        let QualityNumbers { sharpness, glare, brightness } = self.quality;
        put_all(&mut bytes, &[sharpness, glare, brightness]);
        bytes.push(u8::try_from(self.frames.len()).ok()?);
        for FrameNumbers { time_ms, levels, card } in &self.frames {
            bytes.push(u8::from(time_ms.is_some()) | u8::from(card.is_some()) << 1);
            bytes.extend(time_ms.unwrap_or_default().to_le_bytes());
            put_all(&mut bytes, levels);
            if let Some(RegionLight { light, usable }) = card {
                put_all(&mut bytes, light);
                put_all(&mut bytes, &[*usable]);
            }
        }
        bytes.push(u8::try_from(self.colors.len()).ok()?);
        for color in &self.colors {
            bytes.push(FlashColor::ALL.iter().position(|one| one == color)? as u8);
        }
        put_times(&mut bytes, &self.holds_ms)?;
        bytes.push(u8::from(self.color_times_ms.is_some()));
        put_times(&mut bytes, self.color_times_ms.as_deref().unwrap_or_default())?;
        bytes.push(u8::try_from(self.claims.len()).ok()?);
        put_all(&mut bytes, self.claims.as_flattened());
        (bytes.len() <= FEATURE_BYTES_MAX).then_some(bytes)
    }

    /// None of bytes that [`CardFeatures::encode`] did not make.
    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let mut rest = Reader(bytes);
        if rest.byte()? != FORMAT {
            return None;
        }
        let still = [rest.number()?, rest.number()?];
        let card = if rest.flag()? { Some(rest.card()?) } else { None };
        let [sharpness, glare, brightness] = rest.reals()?;
        let quality = QualityNumbers { sharpness, glare, brightness };
        let count = rest.count(FRAMES_MAX)?;
        let frames = (0..count).map(|_| rest.frame()).collect::<Option<_>>()?;
        let count = rest.count(COLORS_MAX)?;
        let color = |at: u8| FlashColor::ALL.get(usize::from(at)).copied();
        let colors = (0..count).map(|_| color(rest.byte()?)).collect::<Option<_>>()?;
        let holds_ms = rest.times()?;
        let told = rest.flag()?;
        let color_times_ms = Some(rest.times()?).filter(|_| told);
        let count = rest.count(FRAMES_MAX)?;
        let claims = (0..count).map(|_| rest.reals()).collect::<Option<_>>()?;
        rest.0.is_empty().then_some(Self {
            still,
            card,
            quality,
            frames,
            colors,
            holds_ms,
            color_times_ms,
            claims,
        })
    }
}

fn put_all(bytes: &mut Vec<u8>, values: &[f64]) {
    values.iter().for_each(|value| bytes.extend(value.to_bits().to_le_bytes()));
}

fn put_times(bytes: &mut Vec<u8>, times: &[u32]) -> Option<()> {
    bytes.push(u8::try_from(times.len()).ok()?);
    times.iter().for_each(|time| bytes.extend(time.to_le_bytes()));
    Some(())
}

/// What is left of the bytes.
struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*taken)
    }

    fn byte(&mut self) -> Option<u8> {
        self.take::<1>().map(|[byte]| byte)
    }

    fn flag(&mut self) -> Option<bool> {
        match self.byte()? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }

    fn number(&mut self) -> Option<u32> {
        self.take().map(u32::from_le_bytes)
    }

    fn reals<const N: usize>(&mut self) -> Option<[f64; N]> {
        let mut reals = [0.0; N];
        for real in &mut reals {
            *real = f64::from_bits(u64::from_le_bytes(self.take()?));
        }
        Some(reals)
    }

    fn count(&mut self, most: usize) -> Option<usize> {
        Some(usize::from(self.byte()?)).filter(|count| *count <= most)
    }

    fn times(&mut self) -> Option<Vec<u32>> {
        let count = self.count(COLORS_MAX)?;
        (0..count).map(|_| self.number()).collect()
    }

    fn card(&mut self) -> Option<CardNumbers> {
        let [ax, ay, bx, by, cx, cy, dx, dy] = self.reals()?;
        let quad = Quad([[ax, ay], [bx, by], [cx, cy], [dx, dy]]);
        let (hidden_corners, windows) = (u32::from(self.byte()?), u32::from(self.byte()?));
        let [prominence] = self.reals()?;
        let told = self.flag()?;
        let [spread] = self.reals()?;
        let grid = GridNumbers { prominence, windows };
        Some(CardNumbers { quad, hidden_corners, grid, chroma_spread: told.then_some(spread) })
    }

    fn frame(&mut self) -> Option<FrameNumbers> {
        let flags = self.byte()?;
        let time_ms = Some(self.number()?).filter(|_| flags & 1 != 0);
        let levels = self.reals()?;
        let card = if flags & 2 == 0 {
            None
        } else {
            let [r, g, b, usable] = self.reals()?;
            Some(RegionLight { light: [r, g, b], usable })
        };
        (flags < 4).then_some(FrameNumbers { time_ms, levels, card })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As much as there can be.
    pub(crate) fn full() -> CardFeatures {
        let frame = |at: u32| FrameNumbers {
            time_ms: at.checked_mul(100),
            levels: [1.0 / 3.0, f64::from(at), 250.5],
            card: (at > 0).then_some(RegionLight { light: [0.1, 0.2, 0.3], usable: 0.9 }),
        };
        CardFeatures {
            still: [4096, 3072],
            card: Some(CardNumbers {
                quad: Quad([[1.5, 2.5], [3.0, 4.0], [5.0, 6.0], [7.0, 8.25]]),
                hidden_corners: 1,
                grid: GridNumbers { prominence: 4.2, windows: 12 },
                chroma_spread: Some(0.2),
            }),
            quality: QualityNumbers { sharpness: 812.0, glare: 0.001, brightness: 131.0 },
            frames: (0..FRAMES_MAX as u32).map(frame).collect(),
            colors: FlashColor::ALL.into_iter().cycle().take(COLORS_MAX).collect(),
            holds_ms: vec![650; COLORS_MAX],
            color_times_ms: Some(vec![7; COLORS_MAX]),
            claims: vec![[1.0, 2.0, 3.0]; FRAMES_MAX],
        }
    }

    #[test]
    fn numbers_come_back_to_the_last_bit() {
        let whole = full();
        let bytes = whole.encode().expect("within what is kept");
        assert_eq!(CardFeatures::decode(&bytes), Some(whole.clone()));
        let poor = CardFeatures { card: None, color_times_ms: None, claims: Vec::new(), ..whole };
        assert_eq!(CardFeatures::decode(&poor.encode().expect("less")), Some(poor));
    }

    #[test]
    fn other_bytes_are_no_features() {
        let bytes = full().encode().expect("within what is kept");
        for end in 0..bytes.len() {
            assert_eq!(CardFeatures::decode(&bytes[..end]), None, "{end}");
        }
        let longer = [&bytes[..], &[0]].concat();
        assert_eq!(CardFeatures::decode(&longer), None);
        let mut other = bytes;
        other[0] = 2;
        assert_eq!(CardFeatures::decode(&other), None);
    }
}
