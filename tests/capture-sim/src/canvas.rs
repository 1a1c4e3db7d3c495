//! Where a card is drawn: rectangles, ellipses and letters, in millimetres from its top left corner. Not here: what
//! stands where on a card (`card`).

use ab_glyph::{Font as _, FontRef, PxScale, ScaleFont as _, point};

use crate::texture::{Texture, linear};

/// Samples to a millimetre: finer than any picture of the card.
const PER_MM: f32 = 16.0;

/// What the whitest ink reflects.
const WHITEST: f32 = 0.88;

/// Height of a capital of DejaVu beside ascender and descender together, by its tables: 1493 of 2384 units.
const CAPITAL: f32 = 0.626;

/// sRGB levels, 0 to 1.
pub(crate) type Ink = [f32; 3];

pub(crate) struct Canvas {
    width: usize,
    height: usize,
    inks: Vec<Ink>,
}

/// The typefaces of a card.
#[derive(Clone, Copy)]
pub(crate) enum Typeface {
    Plain,
    Bold,
    Digits,
}

/// Letters and where their baseline begins.
pub(crate) struct Lettering<'a> {
    pub(crate) text: &'a str,
    pub(crate) at: (f32, f32),
    /// Of a capital.
    pub(crate) height_mm: f32,
    pub(crate) face: Typeface,
    pub(crate) ink: Ink,
    /// 1 covers what is beneath.
    pub(crate) strength: f32,
}

impl Canvas {
    /// A canvas of that size, each place inked by what stands there.
    pub(crate) fn new(width_mm: f32, height_mm: f32, ground: impl Fn(f32, f32) -> Ink) -> Self {
        let (width, height) = ((width_mm * PER_MM).round() as usize, (height_mm * PER_MM).round() as usize);
        let mut inks = Vec::with_capacity(width * height);
        for y in 0..height {
            inks.extend((0..width).map(|x| ground(x as f32 / PER_MM, y as f32 / PER_MM)));
        }
        Self { width, height, inks }
    }

    /// Inks a part, where `shape` says so of places in millimetres.
    pub(crate) fn shape(&mut self, part: [f32; 4], ink: Ink, shape: impl Fn(f32, f32) -> bool) {
        self.paint(part, |x, y| shape(x, y).then_some(ink));
    }

    /// Inks an ellipse between left, top, right and bottom.
    pub(crate) fn ellipse(&mut self, [left, top, right, bottom]: [f32; 4], ink: Ink) {
        let (across, down) = ((right - left) / 2.0, (bottom - top) / 2.0);
        let (middle_x, middle_y) = (left + across, top + down);
        self.shape([left, top, right, bottom], ink, |x, y| {
            ((x - middle_x) / across).powi(2) + ((y - middle_y) / down).powi(2) <= 1.0
        });
    }

    /// Inks each place between left, top, right and bottom for which there is an ink.
    pub(crate) fn paint(&mut self, part: [f32; 4], ink: impl Fn(f32, f32) -> Option<Ink>) {
        let [left, top, right, bottom] = part.map(|mm| (mm * PER_MM).round().max(0.0) as usize);
        for y in top..bottom.min(self.height) {
            for x in left..right.min(self.width) {
                if let Some(ink) = ink(x as f32 / PER_MM, y as f32 / PER_MM) {
                    self.inks[y * self.width + x] = ink;
                }
            }
        }
    }

    /// Draws letters and gives where the next would begin.
    pub(crate) fn letters(&mut self, lettering: &Lettering<'_>) -> f32 {
        let Lettering { text, at, height_mm, face, ink, strength } = *lettering;
        let bytes = match face {
            Typeface::Plain => dejavu::sans_condensed::regular(),
            Typeface::Bold => dejavu::sans::bold(),
            Typeface::Digits => dejavu::sans_mono::bold(),
        };
        let font = FontRef::try_from_slice(bytes).expect("an embedded font");
        let scale = PxScale::from(height_mm * PER_MM / CAPITAL);
        let scaled = font.as_scaled(scale);
        let (mut x, y) = (at.0 * PER_MM, at.1 * PER_MM);
        for character in text.chars() {
            let id = font.glyph_id(character);
            if let Some(outline) = font.outline_glyph(id.with_scale_and_position(scale, point(x, y))) {
                let corner = outline.px_bounds().min;
                outline.draw(|column, row, cover| {
                    let place = (corner.x as i64 + i64::from(column), corner.y as i64 + i64::from(row));
                    self.blend(place, ink, cover.min(1.0) * strength);
                });
            }
            x += scaled.h_advance(id);
        }
        x / PER_MM
    }

    /// As letters, with their middle at the place.
    pub(crate) fn centred_letters(&mut self, mut lettering: Lettering<'_>) {
        let middle = lettering.at.0;
        let strength = std::mem::replace(&mut lettering.strength, 0.0);
        let width = self.letters(&lettering) - middle;
        lettering.at.0 = middle - width / 2.0;
        lettering.strength = strength;
        self.letters(&lettering);
    }

    fn blend(&mut self, (x, y): (i64, i64), ink: Ink, cover: f32) {
        let (Ok(x), Ok(y)) = (usize::try_from(x), usize::try_from(y)) else { return };
        if x < self.width && y < self.height {
            let under = &mut self.inks[y * self.width + x];
            *under = std::array::from_fn(|channel| under[channel] + (ink[channel] - under[channel]) * cover);
        }
    }

    pub(crate) fn into_texture(self) -> Texture {
        let table: Vec<f32> =
            (0..=1023u16).map(|level| linear(f32::from(level) / 1023.0) * WHITEST).collect();
        let reflectance = |level: f32| table[(level.clamp(0.0, 1.0) * 1023.0) as usize];
        let samples = self.inks.iter().map(|ink| ink.map(reflectance)).collect();
        Texture::new(self.width, PER_MM, samples)
    }
}
