//! The votes on a captured card, from what was measured alone: the same features come to the same votes, years later too
//! (sequence §1.14). Not here: measuring, and what the votes come to together (`domain::capture::decide_capture`).

use domain::capture::{GuidanceCode, Measure, VoterFinding, VoterState};
use domain::ports::CaptureSignal;

use crate::features::{CardFeatures, CardNumbers, FrameNumbers};
use crate::flash::{FlashOutcome, FlashTimeline, ReflectanceLimits, RegionSeries, judge};
use crate::limits::{
    BRIGHTNESS_MAX, BRIGHTNESS_MIN, CARD_AREA_MIN, CARD_PIXELS_MIN, CARD_RATIO, CARD_RATIO_OFF_MAX,
    CHROMA_ABSTAIN_MAX, CHROMA_FAIL_MAX, CLAIM_FRAMES_MAX, CLAIM_OFF_MAX, GLARE_MAX, GRID_ABSTAIN_MIN,
    GRID_FAIL_MIN, SHARPNESS_MIN, SHARPNESS_NO_CARD_MIN, TILT_MAX_DEGREES, USABLE_SHARE_MIN,
};

/// What the voters say of a capture.
#[derive(Debug, Clone, PartialEq)]
pub struct CardVotes {
    /// In the order of [`domain::capture::ANTI_SPOOF_VOTERS`].
    pub findings: Vec<VoterFinding>,
    /// What the person can do better, each once.
    pub guidance: Vec<GuidanceCode>,
    /// What else was noticed.
    pub signals: Vec<CaptureSignal>,
}

/// The votes, worked out again from the features that an analysis kept; none of bytes that are not features of this engine.
pub fn findings_of(features: &[u8]) -> Option<CardVotes> {
    CardFeatures::decode(features).map(|features| votes(&features))
}

/// One voter's vote.
struct Vote {
    state: VoterState,
    reason: &'static str,
    value: Option<f64>,
    threshold: Option<f64>,
    guidance: Option<GuidanceCode>,
}

impl Vote {
    fn new(state: VoterState, reason: &'static str, value: f64, threshold: f64) -> Self {
        Self { state, reason, value: Some(value), threshold: Some(threshold), guidance: None }
    }

    fn pass(value: f64, threshold: f64) -> Self {
        Self::new(VoterState::Pass, "as_expected", value, threshold)
    }

    fn fail(reason: &'static str, value: f64, threshold: f64) -> Self {
        Self::new(VoterState::Fail, reason, value, threshold)
    }

    fn silent(state: VoterState, reason: &'static str) -> Self {
        Self { state, reason, value: None, threshold: None, guidance: None }
    }

    fn no_card() -> Self {
        Self::silent(VoterState::Abstain, "no_card")
    }

    fn advising(self, code: GuidanceCode) -> Self {
        Self { guidance: Some(code), ..self }
    }

    fn finding(&self, name: &str) -> VoterFinding {
        VoterFinding {
            name: name.to_owned(),
            state: self.state,
            reason: self.reason.to_owned(),
            value: self.value.and_then(Measure::of),
            threshold: self.threshold.and_then(Measure::of),
        }
    }
}

pub(crate) fn votes(features: &CardFeatures) -> CardVotes {
    let disagree = claims_disagree(features);
    let card = features.card.as_ref();
    let all = [
        ("card_geometry", card_geometry(features)),
        ("image_quality", image_quality(features)),
        ("screen_recapture", card.map_or_else(Vote::no_card, screen_recapture)),
        (
            "grey_copy",
            card.filter(|card| is_card_shaped(features, card)).map_or_else(Vote::no_card, grey_copy),
        ),
        ("flash_reflectance", flash_reflectance(features, disagree)),
    ];
    let guidance =
        GuidanceCode::ALL.into_iter().filter(|code| all.iter().any(|(_, vote)| vote.guidance == Some(*code)));
    CardVotes {
        findings: all.iter().map(|(name, vote)| vote.finding(name)).collect(),
        guidance: guidance.collect(),
        signals: disagree.then_some(CaptureSignal::SamplesDisagreeWithFrames).into_iter().collect(),
    }
}

/// Whether what was found has a card's shape. A steep card may be found as part of itself, which need not have its colours:
/// it does not pass for its shape, and nobody is accused of a copy.
fn is_card_shaped(features: &CardFeatures, card: &CardNumbers) -> bool {
    let pose = card.quad.pose(features.still.map(f64::from), CARD_RATIO);
    pose.is_some_and(|pose| (pose.ratio / CARD_RATIO - 1.0).abs() <= CARD_RATIO_OFF_MAX)
}

/// (a)
fn card_geometry(features: &CardFeatures) -> Vote {
    let Some(CardNumbers { quad, hidden_corners, .. }) = features.card else {
        return Vote::no_card().advising(GuidanceCode::CardCut);
    };
    let size = features.still.map(f64::from);
    let Some(pose) = quad.pose(size, CARD_RATIO) else {
        return Vote::silent(VoterState::Fail, "wrong_shape").advising(GuidanceCode::CardCut);
    };
    let area = quad.area() / (size[0] * size[1]);
    if !quad.is_inside(size, 0.0) || hidden_corners > 0 {
        Vote::fail("card_cut", f64::from(hidden_corners), 0.0).advising(GuidanceCode::CardCut)
    } else if (pose.ratio / CARD_RATIO - 1.0).abs() > CARD_RATIO_OFF_MAX {
        Vote::fail("wrong_shape", pose.ratio, CARD_RATIO).advising(GuidanceCode::CardCut)
    } else if pose.tilt_degrees > TILT_MAX_DEGREES {
        Vote::fail("card_tilted", pose.tilt_degrees, TILT_MAX_DEGREES).advising(GuidanceCode::Retry)
    } else if area < CARD_AREA_MIN {
        Vote::fail("card_small", area, CARD_AREA_MIN).advising(GuidanceCode::MoveCloser)
    } else {
        Vote::pass(pose.ratio, CARD_RATIO)
    }
}

/// (b). Blur and glare come first: they alone can be mended at once.
fn image_quality(features: &CardFeatures) -> Vote {
    let quality = features.quality;
    let Some(card) = features.card else {
        return if quality.sharpness < SHARPNESS_NO_CARD_MIN {
            Vote::fail("blur", quality.sharpness, SHARPNESS_NO_CARD_MIN).advising(GuidanceCode::Blur)
        } else {
            Vote::no_card()
        };
    };
    let across = card.quad.width();
    if quality.sharpness < SHARPNESS_MIN {
        Vote::fail("blur", quality.sharpness, SHARPNESS_MIN).advising(GuidanceCode::Blur)
    } else if quality.brightness > BRIGHTNESS_MAX {
        Vote::fail("too_bright", quality.brightness, BRIGHTNESS_MAX).advising(GuidanceCode::TooBright)
    } else if quality.glare > GLARE_MAX {
        Vote::fail("glare", quality.glare, GLARE_MAX).advising(GuidanceCode::Glare)
    } else if quality.brightness < BRIGHTNESS_MIN {
        Vote::fail("too_dark", quality.brightness, BRIGHTNESS_MIN).advising(GuidanceCode::TooDark)
    } else if across < CARD_PIXELS_MIN {
        Vote::fail("card_small", across, CARD_PIXELS_MIN).advising(GuidanceCode::MoveCloser)
    } else {
        Vote::pass(quality.sharpness, SHARPNESS_MIN)
    }
}

/// (c)
fn screen_recapture(card: &CardNumbers) -> Vote {
    let found = card.grid.prominence;
    if card.grid.windows == 0 {
        Vote::silent(VoterState::Abstain, "card_small").advising(GuidanceCode::MoveCloser)
    } else if found >= GRID_FAIL_MIN {
        Vote::fail("screen_grid", found, GRID_FAIL_MIN)
    } else if found >= GRID_ABSTAIN_MIN {
        Vote::new(VoterState::Abstain, "cannot_tell", found, GRID_FAIL_MIN)
    } else {
        Vote::pass(found, GRID_FAIL_MIN)
    }
}

/// (d)
fn grey_copy(card: &CardNumbers) -> Vote {
    match card.chroma_spread {
        None => Vote::silent(VoterState::Abstain, "cannot_tell"),
        Some(spread) if spread < CHROMA_FAIL_MAX => Vote::fail("no_colors", spread, CHROMA_FAIL_MAX),
        Some(spread) if spread < CHROMA_ABSTAIN_MAX => {
            Vote::new(VoterState::Abstain, "cannot_tell", spread, CHROMA_FAIL_MAX)
        }
        Some(spread) => Vote::pass(spread, CHROMA_FAIL_MAX),
    }
}

/// (e)
fn flash_reflectance(features: &CardFeatures, disagree: bool) -> Vote {
    let CardFeatures { colors, holds_ms, color_times_ms, frames, .. } = features;
    if disagree {
        return Vote::silent(VoterState::Fail, CaptureSignal::SamplesDisagreeWithFrames.as_str());
    }
    let Some(timeline) = FlashTimeline::new(colors, holds_ms, color_times_ms.as_deref()) else {
        return Vote::silent(VoterState::Fail, "timeline_altered");
    };
    let frames = frames.get(1..).unwrap_or_default();
    if frames.iter().all(|frame| frame.time_ms.is_none()) && !frames.is_empty() {
        return Vote::silent(VoterState::Abstain, "no_frame_times");
    }
    if frames.iter().all(|frame| frame.card.is_none()) && !frames.is_empty() {
        return Vote::no_card();
    }
    let limits = ReflectanceLimits::CARD;
    let FlashOutcome { state, reason, numbers } = judge(&series(frames), &timeline, &limits);
    let Some(numbers) = numbers else { return Vote::silent(state, reason).advising(GuidanceCode::Retry) };
    match reason {
        "weak_reflection" => {
            Vote::new(state, reason, numbers.gain, limits.gain_min).advising(GuidanceCode::ScreenBrighter)
        }
        "too_few_frames" => Vote::silent(state, reason).advising(GuidanceCode::Retry),
        "wrong_delay" => Vote::new(state, reason, numbers.lag_ms, limits.lag_ms[1]),
        "wrong_steps" => Vote::new(state, reason, numbers.wrong_steps as f64, limits.wrong_steps_max as f64),
        _ => Vote::new(state, reason, numbers.rho, limits.rho_min),
    }
}

/// The card's colour over time, of the frames that say one.
fn series(frames: &[FrameNumbers]) -> RegionSeries {
    let mut series = RegionSeries::default();
    for FrameNumbers { time_ms, card, .. } in frames {
        if let (Some(time), Some(chroma)) = (time_ms, card.and_then(|card| card.chroma(USABLE_SHARE_MIN))) {
            series.times_ms.push(f64::from(*time));
            series.chroma.push(chroma);
        }
    }
    series
}

/// Whether the phone's means are others than the frames' own (sequence §1.5). They are of all frames, or of all but the
/// still; of any other number nobody knows which frame they mean.
fn claims_disagree(features: &CardFeatures) -> bool {
    let CardFeatures { frames, claims, .. } = features;
    let Some(frames) =
        frames.len().checked_sub(claims.len()).filter(|left| *left <= 1).map(|left| &frames[left..])
    else {
        return false;
    };
    let off = |(frame, claim): &(&FrameNumbers, &[f64; 3])| {
        frame.levels.iter().zip(*claim).any(|(own, claim)| (own - claim).abs() > CLAIM_OFF_MAX)
    };
    let off = frames.iter().zip(claims).filter(off).count();
    off as f64 > CLAIM_FRAMES_MAX * claims.len() as f64
}

#[cfg(test)]
#[path = "votes_tests.rs"]
mod tests;
