//! A capture's bundle (sequence §1.3, §1.4), in a form that cannot be invalid, and the bounds of its frames. How it is
//! written down as JSON is not here; nor is what may be believed of it: everything but the frames is the client's word.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use super::ChallengePurpose;
use crate::limits::{
    CAPTURE_FRAME_PIXELS_MAX, FACE_FRAME_BYTES_MAX, FACE_FRAME_SHORT_SIDE_PX, FACE_FRAMES_MAX,
    KTP_FRAME_BYTES_MAX, KTP_FRAME_PIXELS_MAX, KTP_FRAMES_MAX, KTP_STILL_BYTES_MAX, KTP_STILL_LONG_SIDE_PX,
    PHOTO_SIDE_PX,
};
use crate::photo::{Photo, PhotoError};
use crate::time::Timestamp;

words! {
    /// What a bundle was made with.
    CapturePlatform {
        /// React Native on iOS.
        RnIos = "rn-ios",
        /// React Native on Android.
        RnAndroid = "rn-android",
        /// iOS.
        Ios = "ios",
        /// Android.
        Android = "android",
        /// Flutter.
        Flutter = "flutter",
        /// A browser.
        Web = "web",
    }
}

/// What the client measured in a frame.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FlashSample {
    /// When, in milliseconds since the first colour was painted.
    pub t_ms: u32,
    /// Mean of red, green and blue, 0 to 255.
    pub mean: [f64; 3],
}

/// A moment as the client wrote it: what it signed is the text.
#[derive(Clone, PartialEq, Eq)]
pub struct CapturedAt {
    text: String,
    time: Timestamp,
}

impl CapturedAt {
    /// Takes up a time of RFC 3339.
    pub fn parse(text: &str) -> Option<Self> {
        Some(Self { text: text.to_owned(), time: Timestamp::parse(text)? })
    }

    /// As it was sent.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Which moment that is.
    pub fn time(&self) -> Timestamp {
        self.time
    }
}

/// What a phone captured under a challenge. It has no `Debug`: frames and texts are of a person.
#[derive(Clone, PartialEq)]
pub struct CaptureBundle {
    /// What made it.
    pub sdk_version: Option<String>,
    /// What it was made with.
    pub platform: CapturePlatform,
    /// The pictures, in the order in which they were sent and signed; of a card, the first is the still.
    pub frames: Vec<Photo>,
    /// When, by the client.
    pub captured_at: CapturedAt,
    /// As it was sent; whether it is right is asked of [`has_signed`](super::has_signed).
    pub signature: String,
    /// As it was sent; whether it is one is asked of [`FlashChallenge::of_nonce`](super::FlashChallenge::of_nonce).
    pub nonce: String,
    /// What the client measured.
    pub flash_samples: Vec<FlashSample>,
    /// When each frame was taken, in milliseconds since the first colour was painted; as many as frames.
    pub frame_times_ms: Option<Vec<u32>>,
    /// When each colour really appeared.
    pub color_times_ms: Vec<u32>,
    /// What the client read off a card, by field.
    pub ocr_fields: BTreeMap<String, String>,
    /// How sure it says it is.
    pub ocr_confidence: Option<f64>,
}

impl CaptureBundle {
    /// When that frame was taken, by the client: what it says of it, or of the sample in its place; none otherwise, and
    /// then nothing can be said of the flashes (sequence §1.4).
    pub fn frame_time_ms(&self, frame: usize) -> Option<u32> {
        match &self.frame_times_ms {
            Some(times) => times.get(frame).copied(),
            None if self.flash_samples.len() == self.frames.len() => {
                self.flash_samples.get(frame).map(|sample| sample.t_ms)
            }
            None => None,
        }
    }

    /// The same of all frames, where it is known of all.
    pub fn all_frame_times_ms(&self) -> Option<Vec<u32>> {
        (0..self.frames.len()).map(|frame| self.frame_time_ms(frame)).collect()
    }
}

/// Bounds of one frame.
#[derive(Debug, Clone, PartialEq, Eq)]
struct FrameBounds {
    bytes_max: usize,
    short_px: RangeInclusive<u32>,
    long_px: RangeInclusive<u32>,
    pixels_max: u64,
}

/// Why bytes are no frame. The texts are the ones that `details.fieldErrors` shows.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FrameFault {
    /// No photo.
    #[error(transparent)]
    Photo(#[from] PhotoError),
    /// Its shorter side.
    #[error("must be {min} to {max} pixels on its shorter side", min = .0.start(), max = .0.end())]
    ShortSide(RangeInclusive<u32>),
    /// Its longer side.
    #[error("must be {min} to {max} pixels on its longer side", min = .0.start(), max = .0.end())]
    LongSide(RangeInclusive<u32>),
    /// Both.
    #[error("must have at most {0} pixels")]
    Pixels(u64),
}

impl ChallengePurpose {
    /// Frames of a bundle.
    pub fn frames_max(self) -> usize {
        match self {
            Self::Ktp => KTP_FRAMES_MAX,
            Self::Face => FACE_FRAMES_MAX,
        }
    }

    /// The largest that any frame may be, in bytes, at that place.
    pub fn frame_bytes_max(self, frame: usize) -> usize {
        self.frame_bounds(frame).bytes_max
    }

    /// The first frame that was taken while the colours were shown: of a card, the one before is the still.
    pub fn first_flash_frame(self) -> usize {
        match self {
            Self::Ktp => 1,
            Self::Face => 0,
        }
    }

    fn frame_bounds(self, frame: usize) -> FrameBounds {
        match self {
            Self::Ktp if frame < self.first_flash_frame() => FrameBounds {
                bytes_max: KTP_STILL_BYTES_MAX,
                short_px: PHOTO_SIDE_PX,
                long_px: KTP_STILL_LONG_SIDE_PX,
                pixels_max: CAPTURE_FRAME_PIXELS_MAX,
            },
            Self::Ktp => FrameBounds {
                bytes_max: KTP_FRAME_BYTES_MAX,
                short_px: PHOTO_SIDE_PX,
                long_px: *PHOTO_SIDE_PX.start()..=*KTP_STILL_LONG_SIDE_PX.end(),
                pixels_max: KTP_FRAME_PIXELS_MAX,
            },
            Self::Face => FrameBounds {
                bytes_max: FACE_FRAME_BYTES_MAX,
                short_px: FACE_FRAME_SHORT_SIDE_PX,
                long_px: PHOTO_SIDE_PX,
                pixels_max: CAPTURE_FRAME_PIXELS_MAX,
            },
        }
    }

    /// Takes bytes for the frame at that place if they may be one. Its structure is walked; no pixel is decoded.
    ///
    /// # Errors
    /// [`FrameFault`], whichever is found first.
    pub fn parse_frame(self, frame: usize, bytes: impl Into<bytes::Bytes>) -> Result<Photo, FrameFault> {
        let (bytes, bounds) = (bytes.into(), self.frame_bounds(frame));
        if bytes.len() > bounds.bytes_max {
            return Err(PhotoError::TooManyBytes { max: bounds.bytes_max }.into());
        }
        let photo = Photo::parse(bytes)?;
        let (short, long) = (photo.width().min(photo.height()), photo.width().max(photo.height()));
        if !bounds.short_px.contains(&short) {
            Err(FrameFault::ShortSide(bounds.short_px))
        } else if !bounds.long_px.contains(&long) {
            Err(FrameFault::LongSide(bounds.long_px))
        } else if u64::from(short) * u64::from(long) > bounds.pixels_max {
            Err(FrameFault::Pixels(bounds.pixels_max))
        } else {
            Ok(photo)
        }
    }

    /// The first flash frame that is not of the size of those before it.
    pub fn frame_of_other_size(self, frames: &[Photo]) -> Option<usize> {
        let size = |frame: &Photo| (frame.width(), frame.height());
        let first = size(frames.get(self.first_flash_frame())?);
        let mut flash_frames = frames.iter().enumerate().skip(self.first_flash_frame());
        flash_frames.find(|(_, frame)| size(frame) != first).map(|(place, _)| place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The head of a PNG of that size, and as little after it as a walk wants; with that many bytes appended.
    fn png(width: u32, height: u32, more: usize) -> Vec<u8> {
        fn chunk(out: &mut Vec<u8>, kind: [u8; 4], data: &[u8]) {
            out.extend((data.len() as u32).to_be_bytes());
            let start = out.len();
            out.extend(kind);
            out.extend(data);
            let checksum = crc32fast::hash(&out[start..]);
            out.extend(checksum.to_be_bytes());
        }
        let mut out = b"\x89PNG\r\n\x1a\n".to_vec();
        let sides = [width.to_be_bytes(), height.to_be_bytes()].concat();
        chunk(&mut out, *b"IHDR", &[&sides[..], &[8, 2, 0, 0, 0]].concat());
        chunk(&mut out, *b"IDAT", &[0]);
        chunk(&mut out, *b"IEND", &[]);
        out.resize(out.len() + more, 0);
        out
    }

    fn few(width: u32, height: u32) -> Vec<u8> {
        png(width, height, 0)
    }

    fn filled(width: u32, height: u32, to: usize) -> Vec<u8> {
        png(width, height, to - few(width, height).len())
    }

    type Row = (&'static str, usize, Vec<u8>, Option<FrameFault>);

    fn taken(purpose: ChallengePurpose, table: Vec<Row>) {
        for (name, frame, bytes, wrong) in table {
            assert_eq!(purpose.parse_frame(frame, bytes).err(), wrong, "{name}");
        }
    }

    fn heavy(max: usize) -> Option<FrameFault> {
        Some(FrameFault::Photo(PhotoError::TooManyBytes { max }))
    }

    #[test]
    fn given_a_frame_of_a_card_then_it_is_taken_within_its_bounds() {
        let side = || Some(FrameFault::LongSide(1_280..=4_096));
        taken(
            ChallengePurpose::Ktp,
            vec![
                ("a still", 0, few(1_280, 720), None),
                ("a high still", 0, few(3_072, 4_096), None),
                ("a small still", 0, few(1_279, 720), side()),
                ("a wide still", 0, few(4_097, 720), side()),
                ("a still of a mebibyte", 0, filled(1_280, 720, 1_048_576), None),
                ("one more byte", 0, filled(1_280, 720, 1_048_577), heavy(1_048_576)),
                ("a flash frame", 1, few(640, 480), None),
                ("a flash frame of 200 KiB", 11, filled(640, 480, 204_800), None),
                ("one more byte", 1, filled(640, 480, 204_801), heavy(204_800)),
                ("a large flash frame", 1, few(2_048, 2_048), None),
                ("one more row", 1, few(2_048, 2_049), Some(FrameFault::Pixels(4_194_304))),
                ("no picture", 0, b"%PDF-1.7".to_vec(), Some(PhotoError::NotAnImage.into())),
            ],
        );
        let told = side().map(|fault| fault.to_string());
        assert_eq!(told.as_deref(), Some("must be 1280 to 4096 pixels on its longer side"));
    }

    #[test]
    fn given_a_frame_of_a_face_then_it_is_taken_within_its_bounds() {
        let side = || Some(FrameFault::ShortSide(320..=1_280));
        taken(
            ChallengePurpose::Face,
            vec![
                ("the smallest", 0, few(320, 480), None),
                ("the largest", 23, few(1_280, 1_280), None),
                ("smaller", 0, few(319, 480), side()),
                ("larger", 0, few(1_281, 1_281), side()),
                ("of 256 KiB", 0, filled(320, 480, 262_144), None),
                ("one more byte", 0, filled(320, 480, 262_145), heavy(262_144)),
                ("a line of pixels", 0, few(1_280, 8_193), Some(PhotoError::TooLarge.into())),
            ],
        );
    }

    #[test]
    fn flash_frames_are_of_one_size_and_a_still_is_of_its_own() {
        let frames = |sizes: &[(u32, u32)]| -> Vec<Photo> {
            sizes.iter().map(|(width, height)| Photo::parse(png(*width, *height, 0)).expect("one")).collect()
        };
        use ChallengePurpose::{Face, Ktp};
        let mixed = frames(&[(1_280, 720), (640, 480), (640, 480), (480, 640)]);
        for (purpose, frames, other) in [
            (Ktp, &mixed[..], Some(3)),
            (Ktp, &mixed[..3], None),
            (Ktp, &mixed[..1], None),
            (Face, &mixed[..], Some(1)),
            (Face, &mixed[1..3], None),
            (Face, &[], None),
        ] {
            assert_eq!(purpose.frame_of_other_size(frames), other);
        }
    }

    #[test]
    fn platforms_have_their_words() {
        let words = CapturePlatform::ALL.map(CapturePlatform::as_str);
        assert_eq!(words, ["rn-ios", "rn-android", "ios", "android", "flutter", "web"]);
        for platform in CapturePlatform::ALL {
            assert_eq!(CapturePlatform::parse(platform.as_str()), Some(platform));
        }
        assert_eq!(CapturePlatform::parse("iOS"), None);
    }
}
