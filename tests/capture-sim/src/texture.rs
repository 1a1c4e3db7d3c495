//! A flat thing's reflectance, to be sampled at any scale: halved pictures of itself keep small print from aliasing. Not
//! here: what is drawn on it.

/// Halvings that are kept: a card that is small in a frame is sampled from the second.
const HALVINGS: usize = 2;

/// Linear light of an sRGB level, both 0 to 1 (IEC 61966-2-1).
pub(crate) fn linear(level: f32) -> f32 {
    if level <= 0.040_45 { level / 12.92 } else { ((level + 0.055) / 1.055).powf(2.4) }
}

/// Reflectances, linear, row by row.
pub(crate) struct Texture {
    levels: Vec<Level>,
    /// Samples of the finest level to a millimetre.
    per_mm: f32,
}

struct Level {
    width: usize,
    height: usize,
    samples: Vec<[f32; 3]>,
}

impl Texture {
    pub(crate) fn new(width: usize, per_mm: f32, samples: Vec<[f32; 3]>) -> Self {
        let height = samples.len() / width;
        let mut levels = vec![Level { width, height, samples }];
        for _ in 0..HALVINGS {
            levels.extend(levels.last().map(Level::halved));
        }
        Self { levels, per_mm }
    }

    /// The level whose samples are about as dense as a picture's pixels.
    pub(crate) fn level_for(&self, pixels_per_mm: f32) -> usize {
        let halvings = (self.per_mm / pixels_per_mm).log2().round().max(0.0);
        (halvings as usize).min(self.levels.len() - 1)
    }

    /// Reflectance so many millimetres from the top left corner, between its neighbours.
    pub(crate) fn sample(&self, level: usize, x_mm: f32, y_mm: f32) -> [f32; 3] {
        let of = &self.levels[level];
        let per_mm = self.per_mm / (1 << level) as f32;
        let x = (x_mm * per_mm - 0.5).clamp(0.0, (of.width - 2) as f32);
        let y = (y_mm * per_mm - 0.5).clamp(0.0, (of.height - 2) as f32);
        let (left, top) = (x as usize, y as usize);
        let (right_part, low_part) = (x - left as f32, y - top as f32);
        let at = top * of.width + left;
        let [a, b] = [of.samples[at], of.samples[at + 1]];
        let [c, d] = [of.samples[at + of.width], of.samples[at + of.width + 1]];
        std::array::from_fn(|channel| {
            let high = a[channel] + (b[channel] - a[channel]) * right_part;
            let low = c[channel] + (d[channel] - c[channel]) * right_part;
            high + (low - high) * low_part
        })
    }

    /// The same thing in other inks: each reflectance by what stands here, with the place in millimetres.
    pub(crate) fn reprinted(self, ink: impl Fn([f32; 3], f32, f32) -> [f32; 3]) -> Self {
        let per_mm = self.per_mm;
        let finest = self.levels.into_iter().next().expect("a texture has a level");
        let width = finest.width;
        let place = |at: usize| ((at % width) as f32 / per_mm, (at / width) as f32 / per_mm);
        let inked = finest.samples.iter().enumerate().map(|(at, sample)| {
            let (x, y) = place(at);
            ink(*sample, x, y)
        });
        Self::new(width, per_mm, inked.collect())
    }
}

impl Level {
    fn halved(&self) -> Self {
        let (width, height) = (self.width / 2, self.height / 2);
        let mut samples = Vec::with_capacity(width * height);
        for y in 0..height {
            for x in 0..width {
                let at = 2 * y * self.width + 2 * x;
                let four = [at, at + 1, at + self.width, at + self.width + 1].map(|at| self.samples[at]);
                samples.push(std::array::from_fn(|channel| {
                    four.iter().map(|sample| sample[channel]).sum::<f32>() / 4.0
                }));
            }
        }
        Self { width, height, samples }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_sampled_between_its_neighbours() {
        let ramp = (0..64).map(|at| [(at % 8) as f32; 3]).collect();
        let texture = Texture::new(8, 1.0, ramp);
        for (x, expected) in [(0.5, 0.0), (3.5, 3.0), (4.0, 3.5), (-9.0, 0.0)] {
            assert_eq!(texture.sample(0, x, 4.0), [expected; 3], "at {x} mm");
        }
        assert_eq!(texture.sample(1, 4.0, 4.0), [3.5; 3], "a halved picture lies where the whole lay");
        assert_eq!([8.0, 1.0, 0.5, 0.01].map(|scale| texture.level_for(scale)), [0, 0, 1, 2]);
    }
}
