//! Cards drawn for the tests of this crate: flat shapes, a pinhole, room light and a screen's light, noise, JPEG. Simple on
//! purpose, and of another make than the generator that tries the whole from outside (`tests/capture-sim`). No person, no
//! number on them is anybody's.

use domain::capture::FlashColor;
use domain::ports::Picture;
use jpeg_encoder::{ColorType, Encoder};

use crate::quad::{Quad, SquareMap};

/// Light that comes back, red, green and blue.
pub(crate) type Light = [f64; 3];

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum CardKind {
    Colour,
    /// Printed in black.
    Grey,
    /// On a screen whose pixels are so many of the picture's apart.
    Screen(f64),
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum TableKind {
    Plain(f64),
    /// Boards with seams, books and papers with edges of their own.
    Cluttered,
}

/// What stands before the camera, and the camera.
#[derive(Debug, Clone)]
pub(crate) struct DrawnScene {
    pub(crate) size: [usize; 2],
    /// None: a table without a card.
    pub(crate) quad: Option<Quad>,
    pub(crate) card: CardKind,
    pub(crate) table: TableKind,
    pub(crate) room: Light,
    /// The phone's screen, on the card alone.
    pub(crate) screen: Light,
    pub(crate) exposure: f64,
    /// Standard deviation of a channel, in levels.
    pub(crate) noise: f64,
    /// Radius in pixels.
    pub(crate) blur: usize,
    /// A lamp's reflection: place on the card and radius, in shares of its width.
    pub(crate) glare: Option<[f64; 3]>,
    /// Shares of the first corner's sides that a thumb lies on, together.
    pub(crate) thumb: f64,
    pub(crate) second: Option<Quad>,
    pub(crate) jpeg_quality: u8,
    pub(crate) seed: u64,
}

impl DrawnScene {
    /// A card that lies well, in a picture of 1600 × 1200.
    pub(crate) fn fair() -> Self {
        Self {
            size: [1600, 1200],
            quad: Some(lying([1600, 1200], 0.72, 3.0, 0.0)),
            card: CardKind::Colour,
            table: TableKind::Plain(0.22),
            room: [1.0, 0.93, 0.85],
            screen: [0.0; 3],
            exposure: 0.62,
            noise: 1.5,
            blur: 0,
            glare: None,
            thumb: 0.0,
            second: None,
            jpeg_quality: 85,
            seed: 1,
        }
    }

    /// As a phone sends it.
    pub(crate) fn jpeg(&self) -> Vec<u8> {
        let picture = self.picture();
        let mut bytes = Vec::new();
        let [width, height] = [picture.width() as u16, picture.height() as u16];
        let encoder = Encoder::new(&mut bytes, self.jpeg_quality);
        encoder.encode(picture.rgb(), width, height, ColorType::Rgb).expect("a JPEG");
        bytes
    }

    /// The JPEG as it is decoded.
    pub(crate) fn seen(&self) -> Picture {
        picture_decode::decode(&self.jpeg()).expect("a JPEG")
    }

    fn picture(&self) -> Picture {
        let [width, height] = self.size;
        let inverses: Vec<Inverse> =
            self.second.iter().chain(&self.quad).map(|quad| Inverse::of(*quad)).collect();
        let mut random = Random(self.seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        let mut lights = Vec::with_capacity(width * height);
        for y in 0..height {
            for x in 0..width {
                let mut sum = [0.0; 3];
                for (off_x, off_y) in [(-0.25, -0.25), (0.25, -0.25), (-0.25, 0.25), (0.25, 0.25)] {
                    let light = self.light([x as f64 + off_x, y as f64 + off_y], &inverses);
                    sum.iter_mut().zip(light).for_each(|(sum, light)| *sum += light / 4.0);
                }
                lights.push(sum);
            }
        }
        for _ in 0..2 * usize::from(self.blur > 0) {
            blur_rows(&mut lights, width, self.blur);
            lights = transposed(&lights, width);
            blur_rows(&mut lights, height, self.blur);
            lights = transposed(&lights, height);
        }
        let mut rgb = Vec::with_capacity(width * height * 3);
        for light in lights {
            rgb.extend(light.map(|light| {
                let level = 255.0 * encoded((light * self.exposure).clamp(0.0, 1.0));
                (level + self.noise * random.normal()).round().clamp(0.0, 255.0) as u8
            }));
        }
        Picture::new(width, height, rgb).expect("as large as it is")
    }

    fn light(&self, at: [f64; 2], inverses: &[Inverse]) -> Light {
        if self.thumb > 0.0
            && let Some([x, y]) = inverses.last().map(|inverse| inverse.at(at))
            && x + y < self.thumb
            && x > -0.15
            && y > -0.2
        {
            return std::array::from_fn(|channel| [0.42, 0.24, 0.18][channel] * self.room[channel]);
        }
        let on_card = |inverse: &Inverse| {
            let [x, y] = inverse.at(at);
            is_on_card(x, y).then_some([x, y])
        };
        let Some([x, y]) = inverses.iter().rev().find_map(on_card) else {
            let ground = self.table_light(at);
            return std::array::from_fn(|channel| ground[channel] * self.room[channel]);
        };
        if let Some([glare_x, glare_y, radius]) = self.glare
            && (x - glare_x).hypot((y - glare_y) / 1.586) < radius
        {
            return [3.0; 3];
        }
        let ink = ink(x, y, self.card == CardKind::Grey);
        if let CardKind::Screen(pitch) = self.card {
            let width = inverses.last().map_or(1.0, |inverse| inverse.width);
            return screen_pixel(ink, x * width / pitch, y * width / 1.586 / pitch);
        }
        std::array::from_fn(|channel| ink[channel] * (self.room[channel] + self.screen[channel]))
    }

    fn table_light(&self, [x, y]: [f64; 2]) -> Light {
        let TableKind::Plain(grey) = self.table else {
            let board = ((y + 0.12 * x) / 170.0).floor();
            let seam = ((y + 0.12 * x) / 170.0).fract() < 0.03;
            let grain = 0.03 * ((0.03 * x + 7.0 * board).sin() + (0.11 * x + y * 0.4).sin());
            let book = x < 330.0 && y < 420.0 && (y - 0.3 * x) < 300.0;
            let paper = (x - 1500.0).abs() + (y - 1100.0).abs() < 420.0;
            return match (paper, book, seam) {
                (true, ..) => [0.8, 0.8, 0.78],
                (_, true, _) => [0.08, 0.2, 0.12],
                (_, _, true) => [0.05; 3],
                _ => [0.30 + grain, 0.2 + grain, 0.12 + grain],
            };
        };
        [grey; 3]
    }
}

/// A card across that share of the picture's width, turned, then tilted about its upright axis by an angle.
pub(crate) fn lying([width, height]: [usize; 2], share: f64, turn: f64, tilt: f64) -> Quad {
    let focal = 0.8 * width as f64;
    let (turn_sin, turn_cos) = turn.to_radians().sin_cos();
    let (tilt_sin, tilt_cos) = tilt.to_radians().sin_cos();
    // Half a card is 0.5 by 0.315; so far away that it fills the share.
    let distance = 0.8 / share;
    Quad([[-0.5, -0.315_26], [0.5, -0.315_26], [0.5, 0.315_26], [-0.5, 0.315_26]].map(|[x, y]| {
        let (x, z) = (x * tilt_cos, distance + x * tilt_sin);
        let (x, y) = (x * turn_cos - y * turn_sin, x * turn_sin + y * turn_cos);
        [x / z * focal + width as f64 / 2.0, y / z * focal + height as f64 / 2.0]
    }))
}

/// Rounded as ISO/IEC 7810 has it: 3.18 mm of 85.60.
fn is_on_card(x: f64, y: f64) -> bool {
    const RADIUS: f64 = 3.18 / 85.6;
    let (from_x, from_y) = (x.min(1.0 - x), y.min(1.0 - y) / 1.586);
    let corner = (RADIUS - from_x).max(0.0).hypot((RADIUS - from_y).max(0.0));
    from_x >= 0.0 && from_y >= 0.0 && corner <= RADIUS
}

/// What the card is printed with: a blue ground, rows of strokes, a red portrait ground with a figure.
fn ink(x: f64, y: f64, grey: bool) -> Light {
    let ground = [0.48 + 0.06 * y, 0.62, 0.72 - 0.04 * x];
    let colour = if is_stroke(x, y) {
        [0.03, 0.03, 0.04]
    } else if (0.735..0.965).contains(&x) && (0.19..0.74).contains(&y) {
        let face = ((x - 0.85) / 0.065).hypot((y - 0.42) / 0.15);
        let body = ((x - 0.85) / 0.1).hypot((y - 0.78) / 0.18);
        let feature = (y - 0.40).abs() < 0.012 && ((x - 0.85).abs() - 0.028).abs() < 0.012;
        match (feature, face < 1.0 && y > 0.34, face < 1.2, body < 1.0 && y < 0.74) {
            (true, ..) => [0.05; 3],
            (_, true, ..) => [0.5, 0.33, 0.24],
            (_, _, true, _) => [0.03, 0.025, 0.02],
            (.., true) => [0.7, 0.7, 0.7],
            _ => [0.45, 0.05, 0.05],
        }
    } else {
        ground
    };
    if grey { [0.2126 * colour[0] + 0.7152 * colour[1] + 0.0722 * colour[2]; 3] } else { colour }
}

/// Strokes of letters that say nothing, in rows.
fn is_stroke(x: f64, y: f64) -> bool {
    let (row, within) = ((y / 0.075).floor(), (y / 0.075).fract());
    let is_row = (1.0..12.0).contains(&row) && (0.2..0.75).contains(&within);
    let (cell, across) = ((x / 0.0145).floor(), (x / 0.0145).fract());
    let hash = ((row * 37.0 + cell * 101.0).sin() * 43_758.545_3).fract().abs();
    let length = 0.35 + 0.3 * (row * 12.9).sin().abs();
    if !is_row || x < 0.05 || x > length || hash < 0.18 || across > 0.8 {
        return false;
    }
    across < 0.22
        || (hash > 0.5 && within < 0.3)
        || (hash > 0.7 && (0.42..0.52).contains(&within))
        || (hash < 0.6 && across > 0.6)
}

/// A screen's pixel: three stripes, and black between rows.
fn screen_pixel(ink: Light, x: f64, y: f64) -> Light {
    let lit = if y.fract() < 0.82 { 3.2 } else { 0.2 };
    let stripe = (x.fract() * 3.0) as usize;
    std::array::from_fn(|channel| ink[channel] * lit * if channel == stripe { 1.0 } else { 0.12 })
}

fn encoded(light: f64) -> f64 {
    if light <= 0.003_130_8 { 12.92 * light } else { 1.055 * light.powf(1.0 / 2.4) - 0.055 }
}

fn transposed(lights: &[Light], width: usize) -> Vec<Light> {
    let height = lights.len() / width;
    (0..lights.len()).map(|at| lights[at % height * width + at / height]).collect()
}

fn blur_rows(lights: &mut [Light], width: usize, radius: usize) {
    for row in lights.chunks_exact_mut(width) {
        let sharp = row.to_vec();
        for (x, light) in row.iter_mut().enumerate() {
            let near = &sharp[x.saturating_sub(radius)..(x + radius + 1).min(width)];
            let mean = |channel: usize| near.iter().map(|one| one[channel]).sum::<f64>() / near.len() as f64;
            *light = [mean(0), mean(1), mean(2)];
        }
    }
}

/// From the picture to the card.
struct Inverse {
    rows: [[f64; 3]; 3],
    width: f64,
}

impl Inverse {
    fn of(quad: Quad) -> Self {
        // Four points of the square and their places say the map; its inverse is the adjugate, up to a factor.
        let map = SquareMap::onto(quad);
        let [a, b, c, d, e, f, g, h] = map.coefficients();
        let rows = [
            [e - f * h, c * h - b, b * f - c * e],
            [f * g - d, a - c * g, c * d - a * f],
            [d * h - e * g, b * g - a * h, a * e - b * d],
        ];
        Self { rows, width: quad.width() }
    }

    fn at(&self, [x, y]: [f64; 2]) -> [f64; 2] {
        let [u, v, w] = self.rows.map(|[p, q, r]| p * x + q * y + r);
        [u / w, v / w]
    }
}

/// Numbers from a seed: xorshift.
struct Random(u64);

impl Random {
    fn unit(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Nearly normal: a sum of four.
    fn normal(&mut self) -> f64 {
        let sum: f64 = (0..4).map(|_| self.unit() - 0.5).sum();
        sum * 3.0_f64.sqrt()
    }
}

/// The light of a screen that shows that colour, so strong beside the room's.
pub(crate) fn screen_light(color: FlashColor, gain: f64) -> Light {
    color.channels().map(|full| if full { gain } else { 0.0 })
}
