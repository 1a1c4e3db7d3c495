//! Pixels without meaning: making a picture smaller, brightness, means, and light from sRGB's numbers. Not here: where the
//! card is.

use std::sync::LazyLock;

use domain::ports::Picture;

/// A point of a picture: x to the right, y down, the middle of the first pixel at (0, 0).
pub(crate) type Point = [f64; 2];

/// sRGB's numbers as light, 0 to 1 (IEC 61966-2-1).
static LIGHT: LazyLock<[f64; 256]> = LazyLock::new(|| {
    std::array::from_fn(|level| {
        let value = level as f64 / 255.0;
        if value <= 0.040_45 { value / 12.92 } else { libm::pow((value + 0.055) / 1.055, 2.4) }
    })
});

/// The light that a channel's number stands for.
pub(crate) fn light(level: u8) -> f64 {
    LIGHT[usize::from(level)]
}

/// Brightness, one number a pixel, 0 to 255.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct GreyPlane {
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) values: Vec<f32>,
}

impl GreyPlane {
    /// ITU-R BT.601, as JPEG's own.
    pub(crate) fn of(picture: &Picture) -> Self {
        let values = picture.rgb().as_chunks().0.iter().map(luma).collect();
        Self { width: picture.width(), height: picture.height(), values }
    }

    pub(crate) fn mean(&self) -> f64 {
        self.values.iter().map(|value| f64::from(*value)).sum::<f64>() / self.values.len().max(1) as f64
    }

    /// The variance of what each pixel is above its four neighbours, as if the mean were 128: how much fine detail there
    /// is, whatever the exposure.
    pub(crate) fn sharpness(&self) -> f64 {
        let gain = 128.0 / self.mean().max(1.0);
        let (mut sum, mut squares, mut count) = (0.0, 0.0, 0_u32);
        for y in 1..self.height.saturating_sub(1) {
            let row = &self.values[y * self.width..(y + 1) * self.width];
            let above = &self.values[(y - 1) * self.width..y * self.width];
            let below = &self.values[(y + 1) * self.width..(y + 2) * self.width];
            for x in 1..self.width.saturating_sub(1) {
                let near = row[x - 1] + row[x + 1] + above[x] + below[x];
                let laplacian = f64::from(near - 4.0 * row[x]);
                sum += laplacian;
                squares += laplacian * laplacian;
                count += 1;
            }
        }
        let count = f64::from(count.max(1));
        (squares / count - (sum / count) * (sum / count)) * gain * gain
    }
}

pub(crate) fn luma([r, g, b]: &[u8; 3]) -> f32 {
    0.299 * f32::from(*r) + 0.587 * f32::from(*g) + 0.114 * f32::from(*b)
}

/// A copy each pixel of which is the mean of a square of them, and the square's side: the smallest with which the longer
/// side is at most `side_max`. What is left over at the right and below is not in it.
pub(crate) fn reduced(picture: &Picture, side_max: usize) -> (Picture, usize) {
    let longer = picture.width().max(picture.height());
    let shorter = picture.width().min(picture.height());
    let factor = longer.div_ceil(side_max.max(1)).clamp(1, shorter);
    if factor == 1 {
        return (picture.clone(), 1);
    }
    let (width, height) = (picture.width() / factor, picture.height() / factor);
    let stride = picture.width() * 3;
    let share = 1.0 / (factor * factor) as f32;
    let mut rgb = Vec::with_capacity(width * height * 3);
    let mut sums = vec![0_u32; width * 3];
    for y in 0..height {
        sums.fill(0);
        for row in picture.rgb()[y * factor * stride..(y + 1) * factor * stride].chunks_exact(stride) {
            for (sum, block) in sums.as_chunks_mut::<3>().0.iter_mut().zip(row.chunks_exact(factor * 3)) {
                for [r, g, b] in block.as_chunks().0 {
                    *sum = [sum[0] + u32::from(*r), sum[1] + u32::from(*g), sum[2] + u32::from(*b)];
                }
            }
        }
        rgb.extend(sums.iter().map(|sum| (*sum as f32 * share + 0.5) as u8));
    }
    match Picture::new(width, height, rgb) {
        Some(smaller) => (smaller, factor),
        None => (picture.clone(), 1),
    }
}

/// Where a point of the reduced copy lies in the picture it was made of.
pub(crate) fn enlarged(point: Point, factor: usize) -> Point {
    let factor = factor as f64;
    point.map(|at| (at + 0.5) * factor - 0.5)
}

/// Mean red, green and blue of the whole picture, 0 to 255.
pub(crate) fn mean_levels(picture: &Picture) -> [f64; 3] {
    let mut sums = [0_u64; 3];
    for pixel in picture.rgb().as_chunks::<3>().0 {
        sums.iter_mut().zip(pixel).for_each(|(sum, level)| *sum += u64::from(*level));
    }
    let pixels = (picture.width() * picture.height()) as f64;
    sums.map(|sum| sum as f64 / pixels)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(width: usize, height: usize, level: impl Fn(usize, usize) -> u8) -> Picture {
        let rgb = (0..width * height).flat_map(|at| [level(at % width, at / width); 3]).collect();
        Picture::new(width, height, rgb).expect("as large as it is")
    }

    #[test]
    fn light_follows_the_standard() {
        for (level, wanted) in [(0, 0.0), (10, 0.003_035_3), (128, 0.215_860_5), (255, 1.0)] {
            assert!((light(level) - wanted).abs() < 1e-6, "{level}: {}", light(level));
        }
    }

    #[test]
    fn reducing_takes_means_of_squares() {
        let (small, factor) = reduced(&picture(5, 4, |x, y| (10 * x + 40 * y) as u8), 2);
        // Squares of three: the last two columns and the last row are left over.
        assert_eq!((factor, small.width(), small.height(), small.rgb()[0]), (3, 1, 1, 50));
        assert_eq!(enlarged([0.0, 0.0], 3), [1.0, 1.0]);
        assert_eq!(reduced(&small, 2), (small, 1));
    }

    #[test]
    fn sharpness_does_not_depend_on_exposure_and_a_blur_lowers_it() {
        let edge = |low: u8, high: u8, soft: bool| {
            let level = move |x: usize, _| match (x / 8 % 2, x % 8, soft) {
                (_, 0, true) => low / 2 + high / 2,
                (0, ..) => low,
                _ => high,
            };
            GreyPlane::of(&picture(64, 16, level)).sharpness()
        };
        let (bright, dark, soft) = (edge(80, 160, false), edge(40, 80, false), edge(80, 160, true));
        assert!((bright / dark - 1.0).abs() < 0.01, "{bright} {dark}");
        assert!(soft < 0.7 * bright, "{soft} {bright}");
    }

    #[test]
    fn means_are_of_all_pixels() {
        let picture = Picture::new(2, 1, vec![10, 20, 30, 20, 40, 60]).expect("two pixels");
        assert_eq!(mean_levels(&picture), [15.0, 30.0, 45.0]);
    }
}
