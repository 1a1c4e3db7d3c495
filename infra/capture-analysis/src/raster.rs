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

/// A smaller copy, and by which factor: the smallest with which the longer side is at most `side_max`. Each pixel is a mean of about
/// twice the factor's pixels across and down, those in the middle counting most: a plain mean of squares lets a screen's grid
/// through as stripes that are no edges of anything. What is left over at the right and below is not in it.
pub(crate) fn reduced(picture: &Picture, side_max: usize) -> (Picture, usize) {
    let longer = picture.width().max(picture.height());
    let shorter = picture.width().min(picture.height());
    let factor = longer.div_ceil(side_max.max(1)).clamp(1, shorter);
    if factor == 1 {
        return (picture.clone(), 1);
    }
    // Of many pixels the first step is means of pairs: a quarter of the numbers is left, and little of a grid is lost to it.
    if factor > 3
        && let Some(half) = halved(picture)
    {
        let (smaller, factor) = tented(&half, factor.div_ceil(2));
        return (smaller, 2 * factor);
    }
    tented(picture, factor)
}

fn halved(picture: &Picture) -> Option<Picture> {
    let (width, height) = (picture.width() / 2, picture.height() / 2);
    let mut rgb = Vec::with_capacity(width * height * 3);
    let stride = picture.width() * 3;
    for rows in picture.rgb().chunks_exact(2 * stride) {
        let (upper, lower) = rows.split_at(stride);
        for (a, b) in upper.chunks_exact(6).zip(lower.chunks_exact(6)) {
            rgb.extend([0, 1, 2].map(|channel| {
                let sum = [a[channel], a[channel + 3], b[channel], b[channel + 3]].map(u16::from);
                ((sum.iter().sum::<u16>() + 2) / 4) as u8
            }));
        }
    }
    Picture::new(width, height, rgb)
}

fn tented(picture: &Picture, factor: usize) -> (Picture, usize) {
    let (across, down) = (TentAxis::new(picture.width(), factor), TentAxis::new(picture.height(), factor));
    let (width, height) = (across.totals.len(), down.totals.len());
    let mut sums = vec![0.0_f32; width * height * 3];
    let mut narrow = vec![0.0_f32; width * 3];
    for (row, [near, far]) in picture.rgb().chunks_exact(picture.width() * 3).zip(&down.parts) {
        narrow.fill(0.0);
        for (pixel, [left, right]) in row.as_chunks::<3>().0.iter().zip(&across.parts) {
            for (at, weight) in [left, right] {
                for (channel, level) in pixel.iter().enumerate() {
                    narrow[at * 3 + channel] += weight * f32::from(*level);
                }
            }
        }
        for (line, weight) in [near, far] {
            let line = &mut sums[line * width * 3..(line + 1) * width * 3];
            line.iter_mut().zip(&narrow).for_each(|(sum, value)| *sum += weight * value);
        }
    }
    let level = |(at, sum): (usize, f32)| {
        (sum / (across.totals[at / 3 % width] * down.totals[at / 3 / width]) + 0.5) as u8
    };
    let rgb = sums.into_iter().enumerate().map(level).collect();
    Picture::new(width, height, rgb).map_or_else(|| (picture.clone(), 1), |smaller| (smaller, factor))
}

/// How the pixels of one axis are shared among those of a smaller one.
struct TentAxis {
    /// For each, the two that it has a part in, and which.
    parts: Vec<[(usize, f32); 2]>,
    /// For each of the smaller axis, all parts together.
    totals: Vec<f32>,
}

impl TentAxis {
    fn new(size: usize, factor: usize) -> Self {
        let smaller = size / factor;
        let mut totals = vec![0.0; smaller];
        let part = |at: usize| {
            let place = (at as f32 + 0.5) / factor as f32 - 0.5;
            let (first, share) = (place.floor(), place - place.floor());
            // Beyond the ends there is nothing to have a part in.
            let within = |line: f32, share: f32| {
                let inside = line >= 0.0 && (line as usize) < smaller;
                if inside { (line as usize, share) } else { (0, 0.0) }
            };
            [within(first, 1.0 - share), within(first + 1.0, share)]
        };
        let parts: Vec<_> = (0..size).map(part).collect();
        parts.as_flattened().iter().for_each(|(line, share)| totals[*line] += share);
        Self { parts, totals }
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

    /// Waves of three pixels and a bit: means of three would leave an eighth of them.
    #[test]
    fn a_grid_does_not_come_through() {
        let stripes = picture(600, 30, |x, _| (100.0 + 100.0 * (x as f64 * 1.848).sin()) as u8);
        let (small, _) = reduced(&stripes, 200);
        let row = &small.rgb()[5 * 600 + 30..6 * 600 - 30];
        let (least, most) = (row.iter().min().expect("some"), row.iter().max().expect("some"));
        assert!(most - least <= 6, "{least} {most}");
    }

    #[test]
    fn reducing_keeps_what_changes_evenly() {
        let ramp = |x: usize, y: usize| (2 * x + 4 * y) as u8;
        let (small, factor) = reduced(&picture(31, 22, ramp), 10);
        // By four: the last three columns and the last two rows are left over. Even change stays as it is.
        assert_eq!((factor, small.width(), small.height()), (4, 7, 5));
        for (x, y) in [(1, 1), (5, 3)] {
            let [middle_x, middle_y] = enlarged([x as f64, y as f64], factor);
            let (seen, wanted) = (small.rgb()[(y * 7 + x) * 3], 2.0 * middle_x + 4.0 * middle_y);
            assert!((f64::from(seen) - wanted).abs() <= 0.5, "{seen} {wanted}");
        }
        assert_eq!(enlarged([0.0, 0.0], 3), [1.0, 1.0]);
        assert_eq!(reduced(&small, 7), (small, 1));
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
