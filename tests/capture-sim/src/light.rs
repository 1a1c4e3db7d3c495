//! Light that falls on the table, linear: the room's, with its colour, side and flicker, and the screen's, which comes
//! late and not at once. Not here: what reflects it (`scene`), nor what a sensor makes of it (`camera`).

use std::f32::consts::TAU;

use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;

use crate::{RoomLight, ScreenGain};

/// Lamps on 50 Hz flicker twice in a period.
const FLICKER_PER_MS: f32 = 0.1;

/// What a sensor's red, green and blue see of a screen's: no filter is pure.
const CROSSTALK: [[f32; 3]; 3] = [[0.92, 0.06, 0.02], [0.04, 0.90, 0.06], [0.02, 0.09, 0.89]];

/// From the card's middle to the screen, in millimetres.
const SCREEN_AWAY: f32 = 130.0;

/// The room's light.
pub(crate) struct Room {
    /// Green is 1.
    pub(crate) color: [f32; 3],
    /// Part of the light that comes and goes with the mains.
    flicker: f32,
    /// Change of light over 100 mm, to the right and down.
    slope: (f32, f32),
    /// Milliseconds.
    phase: f32,
}

impl Room {
    pub(crate) fn new(light: RoomLight, rng: &mut ChaCha8Rng) -> Self {
        let (color, flicker, steepness) = match light {
            RoomLight::Window => ([0.97, 1.0, 1.08], 0.0, 0.22),
            RoomLight::Shade => ([0.86, 1.0, 1.24], 0.0, 0.08),
            RoomLight::Office => ([1.06, 1.0, 0.84], 0.10, 0.06),
            RoomLight::WarmLed => ([1.26, 1.0, 0.60], 0.22, 0.14),
            RoomLight::Bulb => ([1.48, 1.0, 0.42], 0.09, 0.25),
        };
        let (sin, cos) = rng.random_range(0.0..TAU).sin_cos();
        Self { color, flicker, slope: (cos * steepness, sin * steepness), phase: rng.random_range(0.0..10.0) }
    }

    /// At a place, beside 1 in the middle.
    pub(crate) fn strength(&self, u: f32, v: f32) -> f32 {
        (1.0 + (u * self.slope.0 + v * self.slope.1) / 100.0).max(0.2)
    }

    /// Mean over an exposure, beside 1 without flicker.
    pub(crate) fn flicker(&self, start_ms: f32, long_ms: f32) -> f32 {
        let turn = TAU * FLICKER_PER_MS;
        let (begin, end) = (turn * (start_ms + self.phase), turn * (start_ms + long_ms + self.phase));
        1.0 + self.flicker * (end.sin() - begin.sin()) / (end - begin)
    }
}

/// The screen's light over time.
pub(crate) struct Screen {
    /// Of each step, as a sensor sees it.
    steps: Vec<[f32; 3]>,
    onsets: Vec<f32>,
    /// From painting to light, and the time constant of a pixel's change.
    late_ms: f32,
    rise_ms: f32,
    /// Beside the room's light on the card.
    pub(crate) gain: f32,
}

impl Screen {
    pub(crate) fn new(
        emissions: &[[f32; 3]],
        onsets: Vec<f32>,
        gain: ScreenGain,
        rng: &mut ChaCha8Rng,
    ) -> Self {
        let gain = match gain {
            ScreenGain::Low => 0.09,
            ScreenGain::Middle => 0.27,
            ScreenGain::High => 0.70,
        };
        Self {
            steps: emissions.iter().copied().map(through_filters).collect(),
            onsets,
            late_ms: rng.random_range(25.0..95.0),
            rise_ms: rng.random_range(3.0..14.0),
            gain: gain * rng.random_range(0.9..1.1),
        }
    }

    /// A screen that stays dark.
    pub(crate) fn dark() -> Self {
        Self { steps: vec![[0.0; 3]], onsets: vec![0.0], late_ms: 0.0, rise_ms: 1.0, gain: 0.0 }
    }

    /// Light in the card's middle: mean over an exposure.
    pub(crate) fn light(&self, start_ms: f32, long_ms: f32) -> [f32; 3] {
        let moments = [1.0, 3.0, 5.0].map(|sixth| self.at(start_ms + long_ms * sixth / 6.0));
        let mean = |channel: usize| moments.iter().map(|light| light[channel]).sum::<f32>() / 3.0;
        std::array::from_fn(|channel| mean(channel) * self.gain)
    }

    /// Beside 1 in the middle: it comes from above the card's upper edge.
    pub(crate) fn strength(u: f32, v: f32) -> f32 {
        let away = (u * u + (v + 30.0).powi(2)) / (SCREEN_AWAY * SCREEN_AWAY);
        1.05 / (1.0 + away)
    }

    fn at(&self, ms: f32) -> [f32; 3] {
        let shown = ms - self.late_ms;
        let Some(step) = self.onsets.iter().rposition(|onset| *onset <= shown) else { return [0.0; 3] };
        let now = self.steps[step.min(self.steps.len() - 1)];
        let before = if step == 0 { [0.0; 3] } else { self.steps[step - 1] };
        let left = (-(shown - self.onsets[step]) / self.rise_ms).exp();
        std::array::from_fn(|channel| now[channel] + (before[channel] - now[channel]) * left)
    }
}

/// What a sensor sees of a screen's colour.
pub(crate) fn through_filters(color: [f32; 3]) -> [f32; 3] {
    CROSSTALK.map(|row| row[0] * color[0] + row[1] * color[1] + row[2] * color[2])
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng as _;

    use super::*;

    #[test]
    fn a_colour_comes_late_and_replaces_the_one_before() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let (red, blue) = ([1.0, 0.0, 0.0], [0.0, 0.0, 1.0]);
        let screen = Screen::new(&[red, blue], vec![0.0, 400.0], ScreenGain::High, &mut rng);
        assert_eq!(screen.light(0.0, 10.0), [0.0; 3], "not yet");
        let [first, second] = [300.0, 700.0].map(|ms| screen.light(ms, 10.0));
        assert!(first[0] > 5.0 * first[2] && second[2] > 5.0 * second[0], "{first:?} {second:?}");
        assert_eq!(Screen::dark().light(500.0, 10.0), [0.0; 3]);
    }

    #[test]
    fn flicker_vanishes_over_a_whole_period() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let room = Room::new(RoomLight::WarmLed, &mut rng);
        assert!((room.flicker(3.0, 10.0) - 1.0).abs() < 1e-3);
        let short: Vec<f32> = (0..10u8).map(|at| room.flicker(f32::from(at), 1.0)).collect();
        let (least, most) =
            (short.iter().copied().fold(2.0, f32::min), short.iter().copied().fold(0.0, f32::max));
        assert!(most - least > 0.3, "{least} to {most}");
    }
}
