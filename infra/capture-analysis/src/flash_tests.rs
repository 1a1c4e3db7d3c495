//! Surfaces that follow a screen's colours, and such that do not, as series of light worked out here.

use domain::capture::FlashColor::{self, Black, Blue, Cyan, Green, Magenta, Red, White, Yellow};
use domain::capture::VoterState::{self, Abstain, Fail, Pass};

use super::reflectance::ReflectanceNumbers;
use super::*;

const COLORS: [FlashColor; 5] = [Red, Cyan, White, Blue, Yellow];
const HOLDS: [u32; 5] = [450, 500, 400, 450, 500];

/// A surface of some reddish colour in the light of a room and of a screen, two frames a step, later by a delay.
fn surface(colors: &[FlashColor], gain: f64, delay_ms: f64, noise: f64) -> RegionSeries {
    let timeline = FlashTimeline::new(colors, &HOLDS, None).expect("as many");
    let mut series = RegionSeries::default();
    let mut at = 120.0;
    let mut random = 0.3_f64;
    while at < 2300.0 {
        let color = timeline.colors()[timeline.step_at(at - delay_ms).0];
        let light: Vec<f64> = color
            .channels()
            .iter()
            .zip([(0.5, 1.0), (0.35, 0.9), (0.25, 0.7)])
            .map(|(full, (albedo, room))| {
                random = (random * 997.0 + 0.123).fract();
                albedo * (room + if *full { gain * room } else { 0.0 }) * (1.0 + noise * (random - 0.5))
            })
            .collect();
        let light = RegionLight { light: [light[0], light[1], light[2]], usable: 1.0 };
        series.times_ms.push(at);
        series.chroma.push(light.chroma(0.5).expect("usable"));
        at += 200.0;
    }
    series
}

fn judged(series: &RegionSeries) -> (VoterState, &'static str) {
    let timeline = FlashTimeline::new(&COLORS, &HOLDS, None).expect("as many");
    let outcome = judge(series, &timeline, &ReflectanceLimits::CARD);
    (outcome.state, outcome.reason)
}

#[test]
fn a_surface_in_the_screens_light_passes() {
    for gain in [0.05, 0.1, 0.3, 0.8] {
        for delay in [0.0, 60.0, 120.0, 200.0] {
            let series = surface(&COLORS, gain, delay, 0.004);
            assert_eq!(judged(&series), (Pass, "as_expected"), "{gain} {delay}");
        }
    }
}

#[test]
fn the_gain_is_the_screens_light_over_the_rooms() {
    let timeline = FlashTimeline::new(&COLORS, &HOLDS, None).expect("as many");
    for gain in [0.05, 0.1, 0.2] {
        let numbers =
            ReflectanceNumbers::of(&surface(&COLORS, gain, 40.0, 0.0), &timeline).expect("it changes");
        assert!((numbers.gain / gain - 1.0).abs() < 0.2, "{gain}: {numbers:?}");
        assert!(numbers.rho > 0.98 && numbers.wrong_steps == 0, "{numbers:?}");
    }
}

#[test]
fn other_colours_no_colours_and_swapped_steps_fail() {
    // Recorded under another challenge.
    assert_eq!(judged(&surface(&[Green, Magenta, Black, Yellow, Blue], 0.2, 60.0, 0.004)).0, Fail);
    assert_eq!(judged(&surface(&[Cyan, Red, Black, Yellow, Blue], 0.2, 60.0, 0.004)).0, Fail);
    // A still: of nothing but noise, chance may look like a reflection that is too weak.
    assert_ne!(judged(&surface(&COLORS, 0.0, 60.0, 0.004)).0, Pass);
    // Two of five swapped.
    assert_eq!(judged(&surface(&[Red, Cyan, White, Yellow, Blue], 0.2, 60.0, 0.004)).0, Fail);
    // Too late by more than any camera.
    assert_eq!(judged(&surface(&COLORS, 0.2, 330.0, 0.0)), (Fail, "wrong_delay"));
}

#[test]
fn where_nobody_can_tell_nobody_says() {
    let weak = surface(&COLORS, 0.02, 60.0, 0.001);
    assert_eq!(judged(&weak), (Abstain, "weak_reflection"));
    let mut few = surface(&COLORS, 0.2, 60.0, 0.0);
    few.times_ms.truncate(5);
    few.chroma.truncate(5);
    assert_eq!(judged(&few), (Abstain, "too_few_frames"));
    // Enough frames, none of them in the last step.
    let mut early = surface(&COLORS, 0.2, 60.0, 0.0);
    early.times_ms.truncate(8);
    early.chroma.truncate(8);
    assert_eq!(judged(&early), (Abstain, "too_few_frames"));
    let still = RegionSeries { chroma: vec![[0.1, 0.2]; 11], ..surface(&COLORS, 0.2, 60.0, 0.0) };
    assert_eq!(judged(&still).0, Fail, "not one bit changes");
}

#[test]
fn pixels_that_are_drowned_or_burnt_out_do_not_count() {
    let picture =
        Picture::new(4, 1, vec![2, 9, 9, 9, 9, 251, 100, 100, 100, 100, 100, 100]).expect("four pixels");
    let points = (0..5).map(|x| [f64::from(x), 0.0]);
    let found = RegionLight::of(&picture, points);
    assert_eq!((found.usable, found.light), (0.4, [light(100); 3]));
    assert_eq!(found.chroma(0.4), Some([0.0, 0.0]));
    assert_eq!(found.chroma(0.5), None);
}
