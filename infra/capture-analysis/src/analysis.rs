//! One capture from its bytes to its analysis: decode, find the card, measure, vote, cut out what is kept. All of it on the
//! thread that asks, bounded by pixels: none looks at a clock. Not here: which thread that is (`pool`), and how anything is
//! measured.

use domain::ports::{CardAnalyserError, CardAnalysis, CardCapture, Picture};
use picture_decode::PictureFault;
use zeroize::Zeroizing;

use crate::card_search::{FoundCard, search_card};
use crate::chroma::chroma_spread;
use crate::crops;
use crate::features::{CardFeatures, CardNumbers, FrameNumbers};
use crate::flash::RegionLight;
use crate::limits::{
    CARD_WIDTH, COLORS_MAX, FLASH_SEARCH_SIDE, FLASH_SIDE_MIN, FRAMES_MAX, STILL_SEARCH_SIDE, STILL_SIDE_MAX,
    STILL_SIDE_MIN,
};
use crate::quad::{Quad, SquareMap};
use crate::quality::QualityNumbers;
use crate::raster::{GreyPlane, Point, enlarged, mean_levels, reduced};
use crate::recapture::GridNumbers;
use crate::straighten::straightened;
use crate::votes::{CardVotes, votes};

/// Which arithmetic this is: another one that measures or votes otherwise has another name.
pub const ENGINE: &str = "ktp1";

/// Share of the card around it that its colour over time is not taken from: a hand moves, and the card's place is that of
/// all frames together.
const BORDER: f64 = 0.08;
/// Places across and down the card that its colour is taken from.
const PLACES: [u32; 2] = [64, 40];

/// The still and the card in it.
struct StillCard {
    still: Picture,
    found: Option<FoundCard>,
    straight: Option<Picture>,
}

/// A frame under the screen's colours, small.
struct FlashFrame {
    small: Picture,
    factor: usize,
    quad: Option<Quad>,
    levels: [f64; 3],
    sharpness: f64,
}

/// Analyses one capture.
///
/// # Errors
/// Its bytes are no capture; never [`CardAnalyserError::Full`] or [`CardAnalyserError::Broken`].
pub fn analyse(capture: &CardCapture) -> Result<CardAnalysis, CardAnalyserError> {
    let CardCapture { frames, colors, hold_ms, .. } = capture;
    let Some((still, others)) = frames.split_first() else {
        return Err(CardAnalyserError::Undecodable { frame: 0 });
    };
    if frames.len() > FRAMES_MAX {
        return Err(CardAnalyserError::TooLarge { frame: FRAMES_MAX });
    }
    let still = StillCard::look_at(still)?;
    let flash = flash_frames(others)?;
    let region = card_region(&still, &flash);
    let features = CardFeatures {
        still: [still.still.width() as u32, still.still.height() as u32],
        card: still.numbers(),
        quality: still.quality(),
        frames: frame_numbers(capture, mean_levels(&still.still), &flash, region),
        colors: colors.iter().copied().take(COLORS_MAX).collect(),
        holds_ms: hold_ms.iter().copied().take(COLORS_MAX).collect(),
        color_times_ms: capture.color_times_ms.as_ref().map(|times| bounded(times)),
        claims: if capture.client_means.len() > FRAMES_MAX {
            Vec::new()
        } else {
            capture.client_means.clone()
        },
    };
    let CardVotes { findings, guidance, signals } = votes(&features);
    let portrait = still.found.and_then(|found| crops::portrait(&still.still, found.quad));
    let parts = still.straight.as_ref().zip(portrait.as_ref());
    Ok(CardAnalysis {
        engine: ENGINE,
        findings,
        guidance,
        signals,
        features: Zeroizing::new(features.encode().ok_or(CardAnalyserError::TooLarge { frame: 0 })?),
        portrait: portrait.as_ref().and_then(crops::portrait_jpeg),
        review_copy: crops::review_copy(&still.still, parts),
        cards: still.straight.into_iter().chain(sharpest_card(others, &flash)).collect(),
    })
}

/// More times than colours can be are one too many, whichever they are: the timeline is then altered.
fn bounded(times: &[u32]) -> Vec<u32> {
    times.iter().copied().take(COLORS_MAX).collect()
}

fn decoded(bytes: &[u8], frame: usize) -> Result<Picture, CardAnalyserError> {
    picture_decode::decode(bytes).map_err(|fault| match fault {
        PictureFault::Undecodable => CardAnalyserError::Undecodable { frame },
        PictureFault::TooLarge => CardAnalyserError::TooLarge { frame },
    })
}

impl StillCard {
    fn look_at(bytes: &[u8]) -> Result<Self, CardAnalyserError> {
        let still = decoded(bytes, 0)?;
        let longer = still.width().max(still.height());
        if !(STILL_SIDE_MIN..=STILL_SIDE_MAX).contains(&longer)
            || still.width().min(still.height()) < FLASH_SIDE_MIN
        {
            return Err(CardAnalyserError::FrameSize { frame: 0 });
        }
        let found = search_card(&still, STILL_SEARCH_SIDE);
        let straight = found.and_then(|found| straightened(&still, found.quad));
        Ok(Self { still, found, straight })
    }

    fn numbers(&self) -> Option<CardNumbers> {
        let (found, straight) = (self.found?, self.straight.as_ref()?);
        Some(CardNumbers {
            quad: found.quad,
            hidden_corners: found.hidden_corners,
            grid: GridNumbers::of(&self.still, found.quad),
            chroma_spread: chroma_spread(straight),
        })
    }

    fn quality(&self) -> QualityNumbers {
        match &self.straight {
            Some(straight) => QualityNumbers::of(straight),
            None => QualityNumbers::of(&reduced(&self.still, CARD_WIDTH).0),
        }
    }
}

fn flash_frames(others: &[Zeroizing<Vec<u8>>]) -> Result<Vec<FlashFrame>, CardAnalyserError> {
    let mut flash: Vec<FlashFrame> = Vec::with_capacity(others.len());
    let mut size = None;
    for (at, bytes) in others.iter().enumerate() {
        let frame = at + 1;
        let picture = decoded(bytes, frame)?;
        let sides = (picture.width(), picture.height());
        let out_of_bounds = sides.0.min(sides.1) < FLASH_SIDE_MIN || sides.0.max(sides.1) > STILL_SIDE_MAX;
        if out_of_bounds || *size.get_or_insert(sides) != sides {
            return Err(CardAnalyserError::FrameSize { frame });
        }
        let levels = mean_levels(&picture);
        let (small, factor) = reduced(&picture, FLASH_SEARCH_SIDE);
        let quad = search_card(&small, FLASH_SEARCH_SIDE).map(|found| found.quad);
        let sharpness = GreyPlane::of(&small).sharpness();
        flash.push(FlashFrame { small, factor, quad, levels, sharpness });
    }
    Ok(flash)
}

/// Where the card is in the small frames: each corner's median over the frames in which it was found; where it was found in
/// none, where the still has it, if the frames show the same.
fn card_region(still: &StillCard, flash: &[FlashFrame]) -> Option<Quad> {
    let small = &flash.first()?.small;
    let quads: Vec<Quad> = flash.iter().filter_map(|frame| frame.quad).collect();
    if quads.is_empty() {
        let size = |picture: &Picture| [picture.width() as f64, picture.height() as f64];
        let ([width, height], [small_width, small_height]) = (size(&still.still), size(small));
        let scale = [small_width / width, small_height / height];
        let quad = still.found?.quad.map(|[x, y]| [x * scale[0], y * scale[1]]);
        return ((scale[0] / scale[1] - 1.0).abs() < 0.03).then_some(quad);
    }
    let median = |corner: usize, axis: usize| {
        let mut all: Vec<f64> = quads.iter().map(|Quad(corners)| corners[corner][axis]).collect();
        all.sort_by(f64::total_cmp);
        all[all.len() / 2]
    };
    Some(Quad(std::array::from_fn(|corner| [median(corner, 0), median(corner, 1)])))
}

/// The still's numbers and the other frames'.
fn frame_numbers(
    capture: &CardCapture,
    still_levels: [f64; 3],
    flash: &[FlashFrame],
    region: Option<Quad>,
) -> Vec<FrameNumbers> {
    let times = capture
        .frame_times_ms
        .as_ref()
        .filter(|times| times.len() == capture.frames.len() && times[1..].is_sorted());
    let time = |frame: usize| times.map(|times| times[frame]);
    let still = FrameNumbers { time_ms: time(0), levels: still_levels, card: None };
    let others = flash.iter().enumerate().map(|(at, frame)| FrameNumbers {
        time_ms: time(at + 1),
        levels: frame.levels,
        card: region.map(|quad| RegionLight::of(&frame.small, places(quad))),
    });
    std::iter::once(still).chain(others).collect()
}

/// Places spread over the card.
fn places(quad: Quad) -> impl Iterator<Item = Point> {
    let map = SquareMap::onto(quad);
    let [columns, rows] = PLACES;
    let share =
        |at: u32, count: u32| BORDER + (1.0 - 2.0 * BORDER) * (f64::from(at) + 0.5) / f64::from(count);
    (0..columns * rows).map(move |at| map.at([share(at % columns, columns), share(at / columns, rows)]))
}

/// The card of the sharpest frame in which it was found.
fn sharpest_card(others: &[Zeroizing<Vec<u8>>], flash: &[FlashFrame]) -> Option<Picture> {
    let found = flash.iter().zip(others).filter_map(|(frame, bytes)| Some((frame, frame.quad?, bytes)));
    let (frame, quad, bytes) = found.max_by(|(a, ..), (b, ..)| a.sharpness.total_cmp(&b.sharpness))?;
    let picture = picture_decode::decode(bytes).ok()?;
    straightened(&picture, quad.map(|corner| enlarged(corner, frame.factor)))
}
