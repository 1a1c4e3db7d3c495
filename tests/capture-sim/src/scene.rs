//! What lies on the table: cards, papers, a thumb, or a display that shows all of it. What belongs here: what each place
//! reflects and emits. Not here: the light (`light`) and who sees it (`pose`, `camera`).

use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;

use crate::card::{HEIGHT_MM, RADIUS_MM, WIDTH_MM};
use crate::texture::Texture;

/// Reflectances of tables: walnut, oak, a grey desk, a green mat, a light desk.
const TABLES: [[f32; 3]; 5] =
    [[0.15, 0.09, 0.055], [0.33, 0.22, 0.13], [0.085, 0.085, 0.09], [0.06, 0.16, 0.11], [0.40, 0.38, 0.35]];

/// Papers, pens and the like around a card in clutter.
const PATCHES: usize = 16;

/// Samples of a table's grain to a millimetre, and in all: the numbers of its cells divide them.
const GRAIN_PER_MM: f32 = 2.7;
const GRAIN_SIZE: (usize, usize) = (648, 432);

const SKIN: [f32; 3] = [0.46, 0.27, 0.19];

/// A place's part in a picture.
#[derive(Clone, Copy)]
pub(crate) struct Surface {
    pub(crate) reflectance: [f32; 3],
    pub(crate) emission: [f32; 3],
    /// Whether a lamp can be mirrored in it.
    pub(crate) is_glossy: bool,
}

impl Surface {
    /// What four looks at one pixel come to.
    pub(crate) fn mean(looks: [Self; 4]) -> Self {
        let mean = |part: fn(&Self) -> [f32; 3]| {
            std::array::from_fn(|channel| looks.iter().map(|look| part(look)[channel]).sum::<f32>() / 4.0)
        };
        Self {
            reflectance: mean(|look| look.reflectance),
            emission: mean(|look| look.emission),
            is_glossy: looks[0].is_glossy,
        }
    }
}

/// A card that lies there, turned about its middle.
struct PlacedCard {
    texture: usize,
    middle: (f32, f32),
    turn: (f32, f32),
}

/// A rectangle of one colour, with lines where it is printed.
struct Patch {
    middle: (f32, f32),
    half: (f32, f32),
    turn: (f32, f32),
    reflectance: [f32; 3],
    /// Millimetres from line to line.
    lines: Option<f32>,
}

/// A lit display: how many pixels it has to a millimetre of what it shows, and how bright its white is.
struct Display {
    per_mm: f32,
    phase: (f32, f32),
    white: f32,
}

/// A table's grain, drawn once: 240 × 160 mm that repeat.
struct Grain {
    samples: Vec<f32>,
}

pub(crate) struct Scene {
    textures: Vec<Texture>,
    cards: Vec<PlacedCard>,
    table: [f32; 3],
    grain: Grain,
    patches: Vec<Patch>,
    thumb: Option<(f32, f32)>,
    display: Option<Display>,
}

impl Scene {
    /// One card on a table.
    pub(crate) fn new(card: Texture, rng: &mut ChaCha8Rng) -> Self {
        let cards = vec![PlacedCard { texture: 0, middle: (0.0, 0.0), turn: (0.0, 1.0) }];
        let table = TABLES[rng.random_range(0..TABLES.len())];
        let (patches, thumb, display) = (Vec::new(), None, None);
        Self { textures: vec![card], cards, table, grain: Grain::new(rng.random()), patches, thumb, display }
    }

    /// A second card, half beneath the first.
    pub(crate) fn add_card(&mut self, card: Texture, rng: &mut ChaCha8Rng) {
        let turn = rng.random_range(6.0f32..14.0).to_radians().sin_cos();
        self.cards.push(PlacedCard { texture: self.textures.len(), middle: (10.0, -32.0), turn });
        self.textures.push(card);
    }

    /// A thumb over one corner.
    pub(crate) fn add_thumb(&mut self, rng: &mut ChaCha8Rng) {
        let [right, low] = [(); 2].map(|()| if rng.random_bool(0.5) { 1.0 } else { -1.0 });
        self.thumb = Some((right * (WIDTH_MM / 2.0 - 2.0), low * (HEIGHT_MM / 2.0 - 2.0)));
    }

    /// Papers and pens around the card, some of them a little beneath it.
    pub(crate) fn add_clutter(&mut self, rng: &mut ChaCha8Rng) {
        for at in 0..PATCHES {
            let is_pen = at % 4 == 0;
            let half = if is_pen {
                (rng.random_range(30.0..60.0), rng.random_range(2.0..4.0))
            } else {
                (rng.random_range(10.0..45.0), rng.random_range(8.0..30.0))
            };
            let (sin, cos) = rng.random_range(0.0..std::f32::consts::TAU).sin_cos();
            let grey: f32 = rng.random_range(0.05..0.8);
            self.patches.push(Patch {
                middle: (cos * rng.random_range(48.0..85.0), sin * rng.random_range(36.0..60.0)),
                half,
                turn: rng.random_range(0.0..std::f32::consts::PI).sin_cos(),
                reflectance: std::array::from_fn(|_| (grey * rng.random_range(0.6..1.3)).min(0.85)),
                lines: (!is_pen && at % 2 == 1).then(|| rng.random_range(2.5..5.0)),
            });
        }
    }

    /// Shows everything on a display instead.
    pub(crate) fn put_on_display(&mut self, rng: &mut ChaCha8Rng) {
        self.display = Some(Display {
            per_mm: rng.random_range(220.0..420.0) / WIDTH_MM,
            phase: (rng.random_range(0.0..1.0), rng.random_range(0.0..1.0)),
            white: rng.random_range(0.8..1.3),
        });
    }

    /// Which level of a card's texture suits a picture of that scale.
    pub(crate) fn level_for(&self, pixels_per_mm: f32) -> usize {
        self.textures[0].level_for(pixels_per_mm)
    }

    /// Whether small print may be there, which one look at a pixel's middle would miss.
    pub(crate) fn is_detailed(u: f32, v: f32) -> bool {
        u.abs() < WIDTH_MM / 2.0 + 1.0 && v.abs() < HEIGHT_MM / 2.0 + 1.0
    }

    pub(crate) fn surface(&self, u: f32, v: f32, level: usize) -> Surface {
        let (reflectance, is_glossy) = self.thing(u, v, level);
        let Some(display) = &self.display else {
            return Surface { reflectance, emission: [0.0; 3], is_glossy };
        };
        // Glass reflects a little of everything; the colours of a pixel stand side by side.
        let emission = std::array::from_fn(|channel| {
            reflectance[channel] * display.white * display.grid(u, v, channel as f32 / 3.0)
        });
        Surface { reflectance: [0.03; 3], emission, is_glossy: true }
    }

    fn thing(&self, u: f32, v: f32, level: usize) -> ([f32; 3], bool) {
        if let Some(skin) = self.thumb.and_then(|thumb| thumb_at(thumb, u, v)) {
            return (skin, false);
        }
        let mut nearest_edge = f32::MAX;
        for card in &self.cards {
            let (x, y) = turned_back((u - card.middle.0, v - card.middle.1), card.turn);
            let edge = beyond_edge(x, y);
            if edge <= 0.0 {
                let texture = &self.textures[card.texture];
                let (mut reflectance, shade) =
                    (texture.sample(level, x + WIDTH_MM / 2.0, y + HEIGHT_MM / 2.0), shadow(nearest_edge));
                reflectance = reflectance.map(|part| part * shade);
                return (reflectance, true);
            }
            nearest_edge = nearest_edge.min(edge);
        }
        let shade = shadow(nearest_edge);
        (self.beneath(u, v).map(|part| part * shade), false)
    }

    /// Papers, or the table.
    fn beneath(&self, u: f32, v: f32) -> [f32; 3] {
        for patch in &self.patches {
            let (x, y) = turned_back((u - patch.middle.0, v - patch.middle.1), patch.turn);
            if x.abs() <= patch.half.0 && y.abs() <= patch.half.1 {
                let on_line = patch
                    .lines
                    .is_some_and(|apart| (y / apart).rem_euclid(1.0) < 0.3 && x.abs() < patch.half.0 - 3.0);
                return if on_line { patch.reflectance.map(|part| part * 0.35) } else { patch.reflectance };
            }
        }
        let grain = self.grain.at(u, v);
        self.table.map(|part| part * (0.72 + 0.56 * grain))
    }
}

impl Display {
    fn grid(&self, u: f32, v: f32, side: f32) -> f32 {
        let turn = std::f32::consts::TAU;
        let column = (turn * (u * self.per_mm + self.phase.0 - side)).cos();
        let row = (turn * (v * self.per_mm + self.phase.1)).cos();
        (1.0 + 0.40 * column) * (1.0 + 0.25 * row)
    }
}

fn turned_back((x, y): (f32, f32), (sin, cos): (f32, f32)) -> (f32, f32) {
    (cos * x + sin * y, cos * y - sin * x)
}

/// How far a place is beyond the card's edge, in millimetres; at most 0 on it.
fn beyond_edge(x: f32, y: f32) -> f32 {
    let (over_x, over_y) = (x.abs() - (WIDTH_MM / 2.0 - RADIUS_MM), y.abs() - (HEIGHT_MM / 2.0 - RADIUS_MM));
    let (right, low) = (over_x.max(0.0), over_y.max(0.0));
    let outside = (right * right + low * low).sqrt();
    outside + over_x.max(over_y).min(0.0) - RADIUS_MM
}

/// What is left of the light beside a card that is not quite flat on what is beneath.
fn shadow(beyond_mm: f32) -> f32 {
    if beyond_mm > 7.0 {
        return 1.0;
    }
    1.0 - 0.45 * (-beyond_mm / 0.7).exp()
}

/// A thumb's end, rounder and darker to its rim.
fn thumb_at((x, y): (f32, f32), u: f32, v: f32) -> Option<[f32; 3]> {
    let outward = (x.hypot(y)).max(1.0);
    let (along, across) = (((u - x) * x + (v - y) * y) / outward, ((v - y) * x - (u - x) * y) / outward);
    let from_axis = if along > 0.0 { across.abs() / 9.5 } else { (across / 9.5).hypot(along / 11.0) };
    (from_axis <= 1.0).then(|| SKIN.map(|part| part * (1.0 - 0.55 * from_axis.powi(4))))
}

/// A number from two: the finaliser of splitmix64.
pub(crate) fn scattered(seed: u64, at: u64) -> u64 {
    let mut mixed = seed.wrapping_add(at.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

impl Grain {
    fn new(seed: u64) -> Self {
        let mut samples = Vec::with_capacity(GRAIN_SIZE.0 * GRAIN_SIZE.1);
        for row in 0..GRAIN_SIZE.1 {
            for column in 0..GRAIN_SIZE.0 {
                let part = (column as f32 / GRAIN_SIZE.0 as f32, row as f32 / GRAIN_SIZE.1 as f32);
                // Long fibres, and fine dirt.
                samples.push(
                    0.7 * smooth_noise(seed, part, (12, 96)) + 0.3 * smooth_noise(seed, part, (216, 144)),
                );
            }
        }
        Self { samples }
    }

    /// 0 to 1.
    fn at(&self, u: f32, v: f32) -> f32 {
        let (x, y) = (u * GRAIN_PER_MM + 1.0e5, v * GRAIN_PER_MM + 1.0e5);
        let (left, top) = (x as usize, y as usize);
        let (across, down) = (x - left as f32, y - top as f32);
        let sample = |x: usize, y: usize| self.samples[(y % GRAIN_SIZE.1) * GRAIN_SIZE.0 + x % GRAIN_SIZE.0];
        let high = sample(left, top) * (1.0 - across) + sample(left + 1, top) * across;
        let low = sample(left, top + 1) * (1.0 - across) + sample(left + 1, top + 1) * across;
        high * (1.0 - down) + low * down
    }
}

/// 0 to 1 over a lattice of so many cells that begins again at its end.
fn smooth_noise(seed: u64, part: (f32, f32), cells: (u32, u32)) -> f32 {
    let (x, y) = (part.0 * cells.0 as f32, part.1 * cells.1 as f32);
    let (left, top) = (x as u32, y as u32);
    let corner = |column: u32, row: u32| {
        let at = u64::from(cells.0) << 40 | u64::from(column % cells.0) << 20 | u64::from(row % cells.1);
        (scattered(seed, at) >> 40) as f32 / (1u32 << 24) as f32
    };
    let ease = |part: f32| part * part * (3.0 - 2.0 * part);
    let (across, down) = (ease(x - left as f32), ease(y - top as f32));
    let high = corner(left, top) + (corner(left + 1, top) - corner(left, top)) * across;
    let low = corner(left, top + 1) + (corner(left + 1, top + 1) - corner(left, top + 1)) * across;
    high + (low - high) * down
}
