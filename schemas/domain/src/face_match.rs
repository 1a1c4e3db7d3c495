//! What a face match decides, and on what: which reference of the customer, how alike is alike enough, what an answer may
//! show of it, and which pictures are no probe (sequence §2.6). Pure: photos are read, and vectors opened, elsewhere. Not
//! here: the records of a match (`event`), and what it does to the tier (`fold`).

mod disagreement;
mod reference;

use std::fmt;

pub use self::disagreement::*;
pub use self::reference::*;
use crate::event::RiskLevel;
use crate::orgs::{Environment, OrgRecord, OrgSetting, SettingValue};
use crate::ports::{FaceCause, FaceCrop, FaceReading, FaceVector, MatchThresholds};
use crate::signals::SignalKind;
use crate::time::Timestamp;

/// The signal of a probe that is the reference itself, or a copy of it: a picture that proves nothing.
pub const SIGNAL_PROBE_EQUALS_REFERENCE: &str = SignalKind::ProbeEqualsReference.as_str();

/// From which correlation on two aligned faces are copies of one picture (sequence §2.6).
const COPY_CORRELATION_MIN: f32 = 0.98;

/// From which size on, against the largest, a second face makes it a guess whose picture it is.
const SECOND_FACE_MAX: f32 = 0.5;

/// Pixels between the eyes of a probe at least; a model's manifest may ask for more.
const PROBE_EYE_DISTANCE_MIN: f32 = 24.0;

/// Matches that found another person, without a bound liveness verification, until a customer's are closed (sequence
/// §1.7).
const NO_MATCHES_MAX: usize = 5;

/// Within how long, and then for how long.
const CLOSED_FOR_MS: i64 = 30 * 60 * 1_000;

/// Between the score at the threshold, 50, and the highest: a similarity of so many millionths.
const SCORE_SPAN_MICRO: i64 = 350_000;

/// What an org asks for at least, in thousandths; none: what the model asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct OrgThresholds {
    /// Where little is at stake.
    pub low_milli: Option<u32>,
    /// The ordinary case.
    pub medium_milli: Option<u32>,
    /// Where much is at stake.
    pub high_milli: Option<u32>,
}

impl OrgThresholds {
    /// What that org asks for.
    pub fn of(org: &OrgRecord) -> Self {
        let asked = |level| match org.setting(threshold_setting(level)) {
            Some(SettingValue::Share { milli }) => Some(milli),
            _ => None,
        };
        Self {
            low_milli: asked(RiskLevel::Low),
            medium_milli: asked(RiskLevel::Medium),
            high_milli: asked(RiskLevel::High),
        }
    }
}

/// The setting by which an org asks for more where so much is at stake.
pub fn threshold_setting(level: RiskLevel) -> OrgSetting {
    match level {
        RiskLevel::Low => OrgSetting::MatchLow,
        RiskLevel::Medium => OrgSetting::MatchMedium,
        RiskLevel::High => OrgSetting::MatchHigh,
    }
}

/// The similarity that a match of that risk wants: the model's, made stricter by what the org asks for. No org can loosen
/// it.
pub fn threshold_milli(model: &MatchThresholds, org: OrgThresholds, level: RiskLevel) -> u32 {
    let (model, org) = match level {
        RiskLevel::Low => (model.low_milli, org.low_milli),
        RiskLevel::Medium => (model.medium_milli, org.medium_milli),
        RiskLevel::High => (model.high_milli, org.high_milli),
    };
    model.max(org.unwrap_or(0))
}

/// How alike two faces are: a cosine in millionths, so that what is compared, scored and kept is one number. Biometric
/// data: it is kept sealed, and shown to nobody.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Similarity(i32);

impl Similarity {
    /// Of two vectors of one model; none where they have unequal dimensions, and so are not.
    pub fn of(probe: &FaceVector, reference: &FaceVector) -> Option<Self> {
        probe.cosine(reference).map(Self::from_cosine)
    }

    fn from_cosine(cosine: f32) -> Self {
        Self((f64::from(cosine) * 1_000_000.0).round() as i32)
    }

    /// The cosine, to be sealed.
    pub fn cosine(self) -> f32 {
        (f64::from(self.0) / 1_000_000.0) as f32
    }

    /// So far above the threshold, in millionths.
    fn above(self, threshold_milli: u32) -> i64 {
        i64::from(self.0) - i64::from(threshold_milli) * 1_000
    }
}

impl fmt::Debug for Similarity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Similarity")
    }
}

/// What is compared, beside the vectors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MatchEvidence {
    /// Of probe and reference.
    pub similarity: Similarity,
    /// The probe is the reference's photo, or a copy of it.
    pub is_copy: bool,
}

/// What a match came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MatchDecision {
    /// It is the same person.
    pub matched: bool,
    /// A multiple of 10 from 0 to 100; 50 and more is at or above the threshold. Nothing finer is ever shown: an exact
    /// number is a ladder to climb.
    pub score: u32,
    /// What was noticed.
    pub signals: Vec<&'static str>,
}

/// Decides a match. The reference shown again proves nothing, however alike; an org that tries things out may do it.
pub fn decide_match(
    evidence: MatchEvidence,
    threshold_milli: u32,
    environment: Environment,
) -> MatchDecision {
    let MatchEvidence { similarity, is_copy } = evidence;
    let above = similarity.above(threshold_milli);
    let is_refused = is_copy && environment == Environment::Live;
    MatchDecision {
        matched: above >= 0 && !is_refused,
        score: score(above),
        signals: if is_copy { vec![SIGNAL_PROBE_EQUALS_REFERENCE] } else { Vec::new() },
    }
}

/// 50 + 50·(s − t)/0.35, from 0 to 100, rounded down to a step of 10 (sequence §2.6).
fn score(above_micro: i64) -> u32 {
    let tens = (50 * SCORE_SPAN_MICRO + 50 * above_micro).div_euclid(10 * SCORE_SPAN_MICRO);
    tens.clamp(0, 10) as u32 * 10
}

/// Until when no more matches of a customer are decided: so many that found another person, in so short a time, are
/// somebody who tries. Of those that no liveness verification is bound to, newest first.
pub fn closed_until(no_matches: &[Timestamp], now: Timestamp) -> Option<Timestamp> {
    no_matches.windows(NO_MATCHES_MAX).find_map(|tried| {
        let (newest, oldest) = (tried.first()?.millis(), tried.last()?.millis());
        let until = newest + CLOSED_FOR_MS;
        (newest - oldest <= CLOSED_FOR_MS && now.millis() < until).then(|| Timestamp::from_millis(until))
    })
}

/// Whether a probe shows the picture that the crop was made of: recompressed, resized or cropped a little, say.
pub fn is_copied_face(probe: &FaceReading, reference: &FaceCrop) -> bool {
    probe.patch.copy_correlation(reference) >= COPY_CORRELATION_MIN
}

/// Why a picture is no probe. The texts are what `details.fieldErrors` shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProbeFault {
    /// None was found.
    #[error("must show a face: none was found in it")]
    NoFace,
    /// Whose picture it is would be a guess.
    #[error("must show one person alone: a second face is at least half as large")]
    SecondFace,
    /// Too few pixels.
    #[error("must show the face larger: at least {PROBE_EYE_DISTANCE_MIN} pixels between the eyes")]
    TooSmall,
    /// Too little detail.
    #[error("must show the face sharper: it is blurred")]
    Blurred,
    /// Whole in structure, and no picture.
    #[error("cannot be decoded: save it again and send that file")]
    Undecodable,
    /// More pixels than are decoded.
    #[error("has too many pixels: scale it down")]
    TooLarge,
}

/// A picture that may be compared. What of a reference is kept as a cause, of a probe is refused: its sender is there to
/// take another.
///
/// # Errors
/// [`ProbeFault`].
pub fn usable_probe(read: Result<FaceReading, FaceCause>) -> Result<FaceReading, ProbeFault> {
    let reading = read.map_err(|cause| match cause {
        FaceCause::NoFace | FaceCause::NotAuthentic => ProbeFault::NoFace,
        FaceCause::SeveralFaces => ProbeFault::SecondFace,
        FaceCause::FaceTooSmall => ProbeFault::TooSmall,
        FaceCause::Blurred => ProbeFault::Blurred,
        FaceCause::Undecodable => ProbeFault::Undecodable,
        FaceCause::TooLarge => ProbeFault::TooLarge,
    })?;
    if reading.second_face.is_some_and(|size| size >= SECOND_FACE_MAX) {
        return Err(ProbeFault::SecondFace);
    }
    if reading.eye_distance < PROBE_EYE_DISTANCE_MIN {
        return Err(ProbeFault::TooSmall);
    }
    Ok(reading)
}

#[cfg(test)]
mod disagreement_tests;
#[cfg(test)]
mod tests;
