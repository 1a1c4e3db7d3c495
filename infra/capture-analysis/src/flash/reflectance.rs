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
    /// Steps of which a settled frame says the colour.
    pub(crate) settled_steps: usize,
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
    if step_frames(series, timeline) < limits.step_frames_min {
        return too_few(None);
    }
    let Some(numbers) = ReflectanceNumbers::of(series, timeline) else { return too_few(None) };
    let [earliest, latest] = limits.lag_ms;
    let (state, reason) = if numbers.gain < limits.gain_min && numbers.rho >= RHO_WEAK_MIN {
        (VoterState::Abstain, "weak_reflection")
    } else if numbers.rho < limits.rho_min || numbers.gain < limits.gain_min {
        (VoterState::Fail, "colors_not_followed")
    } else if !(earliest..=latest).contains(&numbers.lag_ms) {
        (VoterState::Fail, "wrong_delay")
    } else if numbers.wrong_steps > limits.wrong_steps_max {
        (VoterState::Fail, "wrong_steps")
    } else if numbers.settled_steps * 3 < timeline.colors().len() * 2 {
        (VoterState::Abstain, "too_few_frames")
    } else {
        (VoterState::Pass, "as_expected")
    };
    FlashOutcome { state, reason, numbers: Some(numbers) }
}

impl ReflectanceNumbers {
    /// None of colours that have no hue.
    pub(crate) fn of(series: &RegionSeries, timeline: &FlashTimeline) -> Option<Self> {
        let times = &series.times_ms;
        let seen = detrended(times, &series.chroma);
        // Frames that are one frame again and again follow nothing: 0, and not 0 / 0.
        let seen_length = dot(&seen, &seen).sqrt().max(1e-9);
        let tried: Vec<(f64, f64, f64)> = (0..LAGS)
            .filter_map(|lag| {
                let lag_ms = LAG_FIRST_MS + LAG_STEP_MS * f64::from(lag);
                let shown = detrended(times, &shown(times, timeline, lag_ms));
                let square = dot(&shown, &shown);
                let along = dot(&seen, &shown);
                let rho = along / (seen_length * square.sqrt());
                rho.is_finite().then_some((rho, lag_ms, along / square))
            })
            .collect();
        let most = tried.iter().map(|(rho, ..)| *rho).max_by(f64::total_cmp)?;
        // With few frames, neighbouring delays put every frame into the same step: the middle one of them is taken.
        let first = tried.iter().position(|(rho, ..)| *rho == most)?;
        let alike = tried[first..].iter().take_while(|(rho, ..)| *rho == most).count();
        let (rho, lag_ms, gain) = tried[first + (alike - 1) / 2];
        let (wrong_steps, settled_steps) = steps(series, timeline, lag_ms, gain);
        Some(Self { rho, lag_ms, gain, wrong_steps, settled_steps })
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

/// Frames of the step that has the fewest.
fn step_frames(series: &RegionSeries, timeline: &FlashTimeline) -> usize {
    let mut counts = vec![0; timeline.colors().len()];
    series.times_ms.iter().for_each(|at| counts[timeline.step_at(*at).0] += 1);
    counts.into_iter().min().unwrap_or(0)
}

/// Steps whose colour is nearer to another class than to the one that was shown, and the steps that could be judged. What
/// remains once the screen's part is taken out is the baseline; it may drift.
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
    let settled = sums.iter().zip(timeline.colors()).filter(|((_, count), _)| *count > 0);
    let is_wrong = |((sum, count), color): &(&([f64; 2], usize), &FlashColor)| {
        nearest_class(sum.map(|part| part / *count as f64), gain) != direction(**color)
    };
    (settled.clone().filter(is_wrong).count(), settled.count())
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
