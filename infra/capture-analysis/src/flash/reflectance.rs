//! Whether a region's colour followed the screen's: how closely, how late, how strongly, and in which steps not. Everything
//! is in a fixed order of additions, so that the same numbers come to the same verdict to the last bit. Not here: means
//! of pixels.

use domain::capture::{FlashColor, VoterState};

use super::timeline::{FlashTimeline, direction};

/// Delays that are tried, in milliseconds: a camera's clock may be a little early, its pipeline late.
const LAG_FIRST_MS: f64 = -60.0;
const LAG_STEP_MS: f64 = 20.0;
const LAGS: u32 = 25;
/// A step's frames count once its colour has settled: screens and exposures take that long.
const SETTLED_MS: f64 = 70.0;
/// With a weak reflection, but one that follows the colours so far, nobody can tell.
const RHO_WEAK_MIN: f64 = 0.3;

/// What is asked of a region.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct ReflectanceLimits {
    pub(crate) rho_min: f64,
    pub(crate) lag_ms: [f64; 2],
    pub(crate) gain_min: f64,
    pub(crate) wrong_steps_max: usize,
    pub(crate) frames_min: usize,
    pub(crate) step_frames_min: usize,
}

impl ReflectanceLimits {
    /// Of a card (sequence §2.3 (e)): at most twelve frames come of it, so fewer must do than of a face.
    pub(crate) const CARD: Self = Self {
        rho_min: 0.80,
        lag_ms: [-20.0, 260.0],
        gain_min: 0.03,
        wrong_steps_max: 1,
        frames_min: 6,
        step_frames_min: 1,
    };
}

/// A region's colour over time: usable frames alone.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct RegionSeries {
    pub(crate) times_ms: Vec<f64>,
    pub(crate) chroma: Vec<[f64; 2]>,
}

/// How a region followed the colours.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ReflectanceNumbers {
    /// Correlation at the best delay, −1 to 1.
    pub(crate) rho: f64,
    pub(crate) lag_ms: f64,
    /// The screen's light over the room's, on that surface.
    pub(crate) gain: f64,
    pub(crate) wrong_steps: usize,
    /// Settled frames of the step that has the fewest.
    pub(crate) step_frames: usize,
}

/// What comes of it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct FlashOutcome {
    pub(crate) state: VoterState,
    pub(crate) reason: &'static str,
    pub(crate) numbers: Option<ReflectanceNumbers>,
}

/// The rule of sequence §3.1.
pub(crate) fn judge(
    series: &RegionSeries,
    timeline: &FlashTimeline,
    limits: &ReflectanceLimits,
) -> FlashOutcome {
    let too_few = |numbers| FlashOutcome { state: VoterState::Abstain, reason: "too_few_frames", numbers };
    if series.times_ms.len() < limits.frames_min {
        return too_few(None);
    }
    let Some(numbers) = ReflectanceNumbers::of(series, timeline) else { return too_few(None) };
    if numbers.step_frames < limits.step_frames_min {
        return too_few(Some(numbers));
    }
    let [earliest, latest] = limits.lag_ms;
    let (state, reason) = if numbers.gain < limits.gain_min && numbers.rho >= RHO_WEAK_MIN {
        (VoterState::Abstain, "weak_reflection")
    } else if numbers.rho < limits.rho_min || numbers.gain < limits.gain_min {
        (VoterState::Fail, "colors_not_followed")
    } else if !(earliest..=latest).contains(&numbers.lag_ms) {
        (VoterState::Fail, "wrong_delay")
    } else if numbers.wrong_steps > limits.wrong_steps_max {
        (VoterState::Fail, "wrong_steps")
    } else {
        (VoterState::Pass, "as_expected")
    };
    FlashOutcome { state, reason, numbers: Some(numbers) }
}

impl ReflectanceNumbers {
    /// None of a series in which nothing changes, or colours that have no hue.
    pub(crate) fn of(series: &RegionSeries, timeline: &FlashTimeline) -> Option<Self> {
        let times = &series.times_ms;
        let seen = detrended(times, &series.chroma);
        let seen_length = dot(&seen, &seen).sqrt();
        let mut best: Option<(f64, f64, f64)> = None;
        for lag in 0..LAGS {
            let lag_ms = LAG_FIRST_MS + LAG_STEP_MS * f64::from(lag);
            let shown = detrended(times, &shown(times, timeline, lag_ms));
            let square = dot(&shown, &shown);
            let rho = dot(&seen, &shown) / (seen_length * square.sqrt());
            if rho.is_finite() && best.is_none_or(|(most, ..)| rho > most) {
                best = Some((rho, lag_ms, dot(&seen, &shown) / square));
            }
        }
        let (rho, lag_ms, gain) = best?;
        let (wrong_steps, step_frames) = steps(series, timeline, lag_ms, gain);
        Some(Self { rho, lag_ms, gain, wrong_steps, step_frames })
    }
}

fn shown(times: &[f64], timeline: &FlashTimeline, lag_ms: f64) -> Vec<[f64; 2]> {
    times.iter().map(|at| timeline.direction_at(at - lag_ms)).collect()
}

fn dot(a: &[[f64; 2]], b: &[[f64; 2]]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a[0] * b[0] + a[1] * b[1]).sum()
}

/// Without the line that is nearest to it, each component for itself.
fn detrended(times: &[f64], values: &[[f64; 2]]) -> Vec<[f64; 2]> {
    let lines = trend(times, values);
    let off = |(at, value): (&f64, &[f64; 2])| {
        std::array::from_fn(|part| value[part] - lines[part].0 - lines[part].1 * at)
    };
    times.iter().zip(values).map(off).collect()
}

/// Offset and slope of each component's line.
fn trend(times: &[f64], values: &[[f64; 2]]) -> [(f64, f64); 2] {
    let count = times.len().max(1) as f64;
    let time = times.iter().sum::<f64>() / count;
    let spread: f64 = times.iter().map(|at| (at - time) * (at - time)).sum();
    std::array::from_fn(|part| {
        let mean = values.iter().map(|value| value[part]).sum::<f64>() / count;
        let along: f64 = times.iter().zip(values).map(|(at, value)| (at - time) * (value[part] - mean)).sum();
        let slope = if spread > 0.0 { along / spread } else { 0.0 };
        (mean - slope * time, slope)
    })
}

/// Steps whose colour is nearer to another class than to the one that was shown, and the settled frames of the step with
/// the fewest. What remains once the screen's part is taken out is the baseline; it may drift.
fn steps(series: &RegionSeries, timeline: &FlashTimeline, lag_ms: f64, gain: f64) -> (usize, usize) {
    let times = &series.times_ms;
    let screen = shown(times, timeline, lag_ms);
    let rest: Vec<[f64; 2]> = series
        .chroma
        .iter()
        .zip(&screen)
        .map(|(seen, shown)| [seen[0] - gain * shown[0], seen[1] - gain * shown[1]])
        .collect();
    let baseline = trend(times, &rest);
    let mut sums = vec![([0.0; 2], 0_usize); timeline.colors().len()];
    for (at, seen) in times.iter().zip(&series.chroma) {
        let (step, held) = timeline.step_at(at - lag_ms);
        if held >= SETTLED_MS {
            let (sum, count) = &mut sums[step];
            for part in 0..2 {
                sum[part] += seen[part] - baseline[part].0 - baseline[part].1 * at;
            }
            *count += 1;
        }
    }
    let wrong = sums.iter().zip(timeline.colors()).filter(|((sum, count), color)| {
        *count > 0 && nearest_class(sum.map(|part| part / *count as f64), gain) != direction(**color)
    });
    let fewest = sums.iter().map(|(_, count)| *count).min().unwrap_or(0);
    (wrong.count(), fewest)
}

/// The class of colours, of seven, that a change is nearest to: black and white are one.
fn nearest_class(seen: [f64; 2], gain: f64) -> [f64; 2] {
    let off = |color: &FlashColor| {
        let [red, blue] = direction(*color);
        let (red, blue) = (seen[0] - gain * red, seen[1] - gain * blue);
        red * red + blue * blue
    };
    let nearest = FlashColor::ALL.into_iter().min_by(|a, b| off(a).total_cmp(&off(b)));
    nearest.map_or([0.0; 2], direction)
}
