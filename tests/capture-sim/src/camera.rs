//! A phone's camera: an exposure row by row, automatic exposure and white balance that lag, noise, sRGB, JPEG. Not here:
//! what is before it (`scene`, `light`, `pose`).

use std::f32::consts::TAU;

use jpeg_encoder::{ColorType, Encoder};
use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;

use crate::CaptureSimError;
use crate::light::{Room, Screen};
use crate::limits::{QUALITIES, QUALITY_MIN};
use crate::pose::PlaneView;
use crate::scene::{Scene, Surface, scattered};

/// What automatic exposure makes of the middle of a picture, linear: sRGB 155 or so.
const EXPOSED_TO: f32 = 0.33;

/// Part of a change in light that exposure follows from frame to frame, and white balance.
const EXPOSURE_FOLLOWS: f32 = 0.45;
const BALANCE_FOLLOWS: f32 = 0.03;

/// How far white balance takes a room's colour out.
const BALANCE_PART: f32 = 0.85;

/// Steps of the tables of sRGB.
const TABLE: usize = 4096;

/// Light on the sensor, row by row, linear and without a bound.
pub(crate) struct Radiance {
    pub(crate) size: (usize, usize),
    pub(crate) pixels: Vec<[f32; 3]>,
}

/// A lamp mirrored in a card: where, how wide and how bright.
#[derive(Clone, Copy)]
pub(crate) struct MirroredLamp {
    pub(crate) at: (f32, f32),
    pub(crate) width_mm: f32,
    pub(crate) strength: f32,
}

/// What is before the camera.
pub(crate) struct Exposure<'a> {
    pub(crate) scene: &'a Scene,
    pub(crate) room: &'a Room,
    pub(crate) screen: &'a Screen,
    pub(crate) lamp: Option<MirroredLamp>,
    pub(crate) view: &'a PlaneView,
    pub(crate) size: (usize, usize),
    pub(crate) time_ms: f32,
    /// Looks at small print four times a pixel.
    pub(crate) is_fine: bool,
}

/// A frame as it leaves the phone.
pub(crate) struct DevelopedFrame {
    pub(crate) rgb: Vec<u8>,
    /// Of red, green and blue, 0 to 255.
    pub(crate) means: [f64; 3],
}

pub(crate) struct Camera {
    exposure_ms: f32,
    readout_ms: f32,
    noise: f32,
    quality: u8,
    /// Factor on what automatic exposure wants.
    pub(crate) bias: f32,
    /// Pixels of 1000 that a point is blurred over.
    pub(crate) blur: f32,
    gain: Option<f32>,
    balance: [f32; 3],
    srgb: Vec<u8>,
    seed: u64,
    frames: u64,
}

impl Camera {
    pub(crate) fn new(room: &Room, rng: &mut ChaCha8Rng) -> Self {
        let srgb =
            (0..TABLE).map(|at| (level(at as f32 / (TABLE - 1) as f32) * 255.0).round() as u8).collect();
        Self {
            exposure_ms: [8.0, 16.0, 20.0, 33.0][rng.random_range(0..4)],
            readout_ms: rng.random_range(12.0..28.0),
            noise: rng.random_range(0.6..1.5),
            quality: rng.random_range(QUALITIES),
            bias: 1.0,
            blur: 0.0,
            gain: None,
            balance: room.color.map(|part| part.powf(-BALANCE_PART)),
            srgb,
            seed: rng.random(),
            frames: 0,
        }
    }

    /// Lets light in.
    pub(crate) fn expose(&self, from: &Exposure<'_>) -> Radiance {
        let (width, height) = from.size;
        let level = from.scene.level_for(from.view.pixels_per_mm * if from.is_fine { 2.0 } else { 1.0 });
        let mut pixels = Vec::with_capacity(width * height);
        for row in 0..height {
            let start = from.time_ms + self.readout_ms * row as f32 / height as f32;
            let flicker = from.room.flicker(start, self.exposure_ms);
            let room = from.room.color.map(|part| part * flicker);
            let light = Rays { room, screen: from.screen.light(start, self.exposure_ms) };
            let y = row as f32 + 0.5;
            for column in 0..width {
                let x = column as f32 + 0.5;
                let (u, v) = from.view.place(x, y);
                let surface = if from.is_fine && Scene::is_detailed(u, v) {
                    let looks = [(-0.25, -0.25), (0.25, -0.25), (-0.25, 0.25), (0.25, 0.25)];
                    Surface::mean(looks.map(|(right, down)| {
                        let (u, v) = from.view.place(x + right, y + down);
                        from.scene.surface(u, v, level)
                    }))
                } else {
                    from.scene.surface(u, v, level)
                };
                pixels.push(seen(from, &light, (u, v), &surface));
            }
        }
        let mut radiance = Radiance { size: from.size, pixels };
        let reach = (self.blur * width as f32 / 1000.0).round() as usize;
        if reach > 0 {
            radiance.blur(reach);
        }
        radiance
    }

    /// Makes levels of light, as exposure and white balance stand, which then follow.
    pub(crate) fn develop(&mut self, radiance: &Radiance) -> DevelopedFrame {
        let middle = radiance.middle();
        let wanted = self.bias * EXPOSED_TO / (middle[1] * self.balance[1]).max(1e-4);
        let gain = self.gain.map_or(wanted, |gain| gain + (wanted - gain) * EXPOSURE_FOLLOWS);
        self.gain = Some(gain);
        self.frames += 1;
        let factor = self.balance.map(|part| part * gain);
        let seed = scattered(self.seed, self.frames);
        let mut rgb = Vec::with_capacity(radiance.pixels.len() * 3);
        let mut sums = [0u64; 3];
        for (at, pixel) in radiance.pixels.iter().enumerate() {
            let mut lot = scattered(seed, at as u64);
            for channel in 0..3 {
                let light = pixel[channel] * factor[channel];
                let noisy = light + normal(lot) * self.noise * (0.000_03 + 0.000_12 * light).sqrt();
                lot >>= 21;
                let place = (noisy.clamp(0.0, 1.0) * (TABLE - 1) as f32 + 0.5) as usize;
                let level = self.srgb[place];
                sums[channel] += u64::from(level);
                rgb.push(level);
            }
        }
        // Towards a grey middle, slowly.
        for channel in [0, 2] {
            let grey = middle[1] * self.balance[1] / middle[channel].max(1e-4);
            let settled = self.balance[channel];
            self.balance[channel] =
                settled + (grey.clamp(settled * 0.8, settled * 1.25) - settled) * BALANCE_FOLLOWS;
        }
        let count = radiance.pixels.len() as f64;
        DevelopedFrame { rgb, means: sums.map(|sum| sum as f64 / count) }
    }

    /// Writes a JPEG of at most so many bytes, at lower quality where it must be.
    pub(crate) fn write(
        &self,
        rgb: &[u8],
        (width, height): (usize, usize),
        bytes_max: usize,
    ) -> Result<Vec<u8>, CaptureSimError> {
        let mut quality = self.quality;
        loop {
            let mut bytes = Vec::new();
            let encoder = Encoder::new(&mut bytes, quality);
            encoder
                .encode(rgb, width as u16, height as u16, ColorType::Rgb)
                .expect("a buffer takes what is written");
            if bytes.len() <= bytes_max {
                return Ok(bytes);
            }
            if quality <= QUALITY_MIN {
                return Err(CaptureSimError::FrameSize(bytes.len()));
            }
            quality = quality.saturating_sub(6).max(QUALITY_MIN);
        }
    }
}

/// Light of the room and the screen while a row was exposed.
struct Rays {
    room: [f32; 3],
    screen: [f32; 3],
}

fn seen(from: &Exposure<'_>, light: &Rays, (u, v): (f32, f32), surface: &Surface) -> [f32; 3] {
    let (room, screen) = (from.room.strength(u, v), Screen::strength(u, v));
    let mirrored = match from.lamp.filter(|_| surface.is_glossy) {
        Some(lamp) => {
            let away = ((u - lamp.at.0).powi(2) + (v - lamp.at.1).powi(2)) / lamp.width_mm.powi(2);
            lamp.strength * (-away).exp()
        }
        None => 0.0,
    };
    // Plastic throws a hundredth or two of the screen back as it is.
    let gloss = if surface.is_glossy { 0.015 } else { 0.0 };
    std::array::from_fn(|channel| {
        let from_room = light.room[channel] * room;
        let from_screen = light.screen[channel] * screen;
        surface.reflectance[channel] * (from_room + from_screen)
            + surface.emission[channel]
            + gloss * from_screen
            + mirrored * light.room[channel]
    })
}

impl Radiance {
    /// Mean of the middle half each way.
    fn middle(&self) -> [f32; 3] {
        let (width, height) = self.size;
        let (mut sum, mut count) = ([0.0f64; 3], 0.0);
        for row in (height / 4..height * 3 / 4).step_by(4) {
            for column in (width / 4..width * 3 / 4).step_by(4) {
                let pixel = self.pixels[row * width + column];
                sum = std::array::from_fn(|channel| sum[channel] + f64::from(pixel[channel]));
                count += 1.0;
            }
        }
        sum.map(|sum| (sum / count) as f32)
    }

    /// Every channel by a factor of its own.
    pub(crate) fn tinted(&self, factor: [f32; 3]) -> Self {
        let tint = |pixel: &[f32; 3]| std::array::from_fn(|channel| pixel[channel] * factor[channel]);
        Self { size: self.size, pixels: self.pixels.iter().map(tint).collect() }
    }

    /// Three passes of a mean both ways: near to a Gaussian.
    fn blur(&mut self, reach: usize) {
        let (width, height) = self.size;
        for _ in 0..3 {
            for row in 0..height {
                mean_along(&mut self.pixels, row * width, 1, width, reach);
            }
            for column in 0..width {
                mean_along(&mut self.pixels, column, width, height, reach);
            }
        }
    }
}

/// Replaces a row or column by means over its neighbours; beyond its ends it goes on as it ended.
fn mean_along(pixels: &mut [[f32; 3]], first: usize, stride: usize, count: usize, reach: usize) {
    let line: Vec<[f32; 3]> = (0..count).map(|at| pixels[first + at * stride]).collect();
    let of = |at: i64| line[at.clamp(0, count as i64 - 1) as usize];
    let span = (2 * reach + 1) as f32;
    let mut sum = [0.0f32; 3];
    for at in -(reach as i64)..=reach as i64 {
        sum = std::array::from_fn(|channel| sum[channel] + of(at)[channel]);
    }
    for at in 0..count {
        pixels[first + at * stride] = sum.map(|sum| sum / span);
        let (new, old) = (of((at + reach + 1) as i64), of(at as i64 - reach as i64));
        sum = std::array::from_fn(|channel| sum[channel] + new[channel] - old[channel]);
    }
}

/// sRGB level of linear light, both 0 to 1.
fn level(linear: f32) -> f32 {
    if linear <= 0.003_130_8 { linear * 12.92 } else { 1.055 * linear.powf(1.0 / 2.4) - 0.055 }
}

/// About normal, mean 0 and deviation 1, from the lowest 21 bits: three numbers of seven, added up.
fn normal(bits: u64) -> f32 {
    let sum = (bits & 127) + ((bits >> 7) & 127) + ((bits >> 14) & 127);
    (sum as f32 - 190.5) / 64.0
}

/// A hand's drift: slow turns of some phase.
pub(crate) fn drift(time_ms: f32, period_ms: f32, phase: f32) -> f32 {
    (TAU * (time_ms / period_ms + phase)).sin()
}
