//! The port of whoever looks at the pixels of a captured card: what goes in, and what is kept of it. Its adapter is
//! `infra/capture-analysis`. Not here: what is decided of the findings (`crate::capture::decide_capture`), and reading the
//! card's text.

use async_trait::async_trait;
use zeroize::Zeroizing;

use super::Picture;
use crate::capture::{FlashColor, GuidanceCode, VoterFinding};
use crate::signals::SignalKind;

/// A captured card as the phone sent it, and the challenge that it answers. Bounds on counts and bytes are the caller's
/// (sequence §1.3). Wiped when it is dropped.
#[derive(Clone)]
pub struct CardCapture {
    /// JPEG or PNG each. The first is the still, the others were taken while the screen showed the colours.
    pub frames: Vec<Zeroizing<Vec<u8>>>,
    /// Milliseconds since the first colour was painted, one a frame, never falling. None where the phone does not say:
    /// then nothing can be said of the colours.
    pub frame_times_ms: Option<Vec<u32>>,
    /// When each colour really appeared, on the same clock.
    pub color_times_ms: Option<Vec<u32>>,
    /// What the screen was asked to show.
    pub colors: Vec<FlashColor>,
    /// How long each was asked to stay.
    pub hold_ms: Vec<u32>,
    /// Mean red, green and blue of frames as the phone measured them, 0 to 255: a claim that is held against the frames.
    /// One a frame, or one a frame without the still; any other count cannot be compared and is no claim.
    pub client_means: Vec<[f64; 3]>,
}

impl std::fmt::Debug for CardCapture {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "CardCapture({} frames, {} colours)", self.frames.len(), self.colors.len())
    }
}

/// Something to know of a capture beside its voters' votes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum CaptureSignal {
    /// The means that the phone claims are not those of the frames that it sent (sequence §1.5).
    SamplesDisagreeWithFrames,
}

impl CaptureSignal {
    /// The word in rows and answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SamplesDisagreeWithFrames => SignalKind::SamplesDisagreeWithFrames.as_str(),
        }
    }
}

/// What the pixels of a captured card come to.
#[derive(Clone, PartialEq)]
pub struct CardAnalysis {
    /// Which arithmetic it was.
    pub engine: &'static str,
    /// `card_geometry`, `image_quality`, `screen_recapture`, `grey_copy`, `flash_reflectance`, in this order.
    pub findings: Vec<VoterFinding>,
    /// What the person can do better, each once.
    pub guidance: Vec<GuidanceCode>,
    /// What else was noticed.
    pub signals: Vec<CaptureSignal>,
    /// All numbers that the findings go by, at most 4 KB: the findings can be worked out from them again, to the last bit.
    pub features: Zeroizing<Vec<u8>>,
    /// The card, straightened, 1024 × 646: of the still, then of the sharpest other frame. Those where it was found.
    pub cards: Vec<Picture>,
    /// The portrait on the card, a JPEG.
    pub portrait: Option<Zeroizing<Vec<u8>>>,
    /// What a reviewer may see, a JPEG of at most 200 KiB: the card and beneath it its portrait, larger; of a card that was
    /// not found, the still.
    pub review_copy: Option<Zeroizing<Vec<u8>>>,
}

impl std::fmt::Debug for CardAnalysis {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { engine, findings, guidance, signals, features, cards, portrait, review_copy } = self;
        f.debug_struct("CardAnalysis")
            .field("engine", engine)
            .field("findings", findings)
            .field("guidance", guidance)
            .field("signals", signals)
            .field("features", &features.len())
            .field("cards", cards)
            .field("portrait", &portrait.is_some())
            .field("review_copy", &review_copy.is_some())
            .finish()
    }
}

/// Looks at captured cards. The same capture comes to the same analysis.
#[async_trait]
pub trait CardAnalyser: Send + Sync {
    /// One capture. What is wrong with the card is in the findings; an error is about bytes that are no capture, or about
    /// this machine at this moment.
    async fn analyse(&self, capture: CardCapture) -> Result<CardAnalysis, CardAnalyserError>;
}

/// Why a capture was not analysed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum CardAnalyserError {
    /// As many captures as may wait are waiting; worth trying again.
    #[error("as many captures as may wait are waiting to be analysed")]
    Full,
    /// It broke off: a defect in a decoder, say. Only this capture is lost by it.
    #[error("analysing the capture broke off")]
    Broken,
    /// No decoder makes pixels of that frame.
    #[error("frame {frame} cannot be decoded")]
    Undecodable {
        /// Its place among the frames.
        frame: usize,
    },
    /// That frame has more pixels than are decoded.
    #[error("frame {frame} is larger than what is decoded")]
    TooLarge {
        /// Its place among the frames.
        frame: usize,
    },
    /// That frame's sides are out of bounds, or not those of the frames beside it.
    #[error("frame {frame} has sides that a capture's frame may not have")]
    FrameSize {
        /// Its place among the frames.
        frame: usize,
    },
}
