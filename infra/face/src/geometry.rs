//! Moving pictures: shrinking, turning, and the similarity that lays five landmarks onto five places. Not here: which
//! places those are (a manifest's).

use domain::ports::Picture;

/// x' = a·x − b·y + c, y' = b·x + a·y + d: a turn, one scale for both axes, a shift.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Similarity {
    pub(crate) a: f64,
    pub(crate) b: f64,
    pub(crate) c: f64,
    pub(crate) d: f64,
}

impl Similarity {
    /// The one that brings `from` nearest to `to`, in the sense of least squares (Umeyama, PAMI 13(4), 1991; for
    /// proper turns in the plane the closed form is this simple). None where `from` lies in one point.
    pub(crate) fn nearest(from: &[[f32; 2]], to: &[[f32; 2]]) -> Option<Self> {
        let mean = |points: &[[f32; 2]], axis: usize| {
            points.iter().map(|point| f64::from(point[axis])).sum::<f64>() / points.len() as f64
        };
        let (from_x, from_y, to_x, to_y) = (mean(from, 0), mean(from, 1), mean(to, 0), mean(to, 1));
        let (mut along, mut across, mut spread) = (0.0, 0.0, 0.0);
        for (p, q) in from.iter().zip(to) {
            let (px, py) = (f64::from(p[0]) - from_x, f64::from(p[1]) - from_y);
            let (qx, qy) = (f64::from(q[0]) - to_x, f64::from(q[1]) - to_y);
            along += px * qx + py * qy;
            across += px * qy - py * qx;
            spread += px * px + py * py;
        }
        let (a, b) = (along / spread, across / spread);
        let found = Self { a, b, c: to_x - a * from_x + b * from_y, d: to_y - b * from_x - a * from_y };
        (spread > 1e-6 && found.scale() > 1e-6 && found.scale().is_finite()).then_some(found)
    }

    /// A turn about a point of the source that comes to lie on a point of the target.
    pub(crate) fn turn(degrees: f32, about: [f64; 2], onto: [f64; 2]) -> Self {
        let (b, a) = f64::from(degrees).to_radians().sin_cos();
        let [x, y] = about;
        Self { a, b, c: onto[0] - a * x + b * y, d: onto[1] - b * x - a * y }
    }

    pub(crate) fn scale(self) -> f64 {
        self.a.hypot(self.b)
    }

    /// Where a point of the target comes from.
    fn origin(self, x: f64, y: f64) -> (f64, f64) {
        let (x, y) = (x - self.c, y - self.d);
        let square = self.a * self.a + self.b * self.b;
        ((self.a * x + self.b * y) / square, (self.a * y - self.b * x) / square)
    }
}

/// The picture through a similarity, bilinear; what lies outside of it is black. Where it shrinks to less than half,
/// it is first averaged down, or single pixels would stand for many.
pub(crate) fn warp(
    picture: &Picture,
    similarity: Similarity,
    width: usize,
    height: usize,
) -> Option<Picture> {
    let factor = (1.0 / similarity.scale()).floor() as usize;
    if factor >= 2 {
        let smaller = shrink(picture, (picture.width() / factor).max(1), (picture.height() / factor).max(1))?;
        // A pixel's centre is at a half: x = (x_small + ½)·k − ½.
        let (kx, ky) = (
            picture.width() as f64 / smaller.width() as f64,
            picture.height() as f64 / smaller.height() as f64,
        );
        let k = (kx * ky).sqrt();
        let Similarity { a, b, c, d } = similarity;
        let half = (k - 1.0) / 2.0;
        let similarity =
            Similarity { a: a * k, b: b * k, c: c + a * half - b * half, d: d + b * half + a * half };
        return Picture::new(width, height, sampled(&smaller, similarity, width, height));
    }
    Picture::new(width, height, sampled(picture, similarity, width, height))
}

fn sampled(picture: &Picture, similarity: Similarity, width: usize, height: usize) -> Vec<u8> {
    let pixel = |x: i64, y: i64, channel: usize| -> f64 {
        let (Ok(x), Ok(y)) = (usize::try_from(x), usize::try_from(y)) else { return 0.0 };
        if x >= picture.width() || y >= picture.height() {
            return 0.0;
        }
        f64::from(picture.rgb()[(y * picture.width() + x) * 3 + channel])
    };
    let mut rgb = Vec::with_capacity(width * height * 3);
    for y in 0..height {
        for x in 0..width {
            let (from_x, from_y) = similarity.origin(x as f64, y as f64);
            let (left, top) = (from_x.floor(), from_y.floor());
            let (right_share, lower_share) = (from_x - left, from_y - top);
            let (left, top) = (left as i64, top as i64);
            for channel in 0..3 {
                let upper = pixel(left, top, channel) * (1.0 - right_share)
                    + pixel(left.saturating_add(1), top, channel) * right_share;
                let lower = pixel(left, top.saturating_add(1), channel) * (1.0 - right_share)
                    + pixel(left.saturating_add(1), top.saturating_add(1), channel) * right_share;
                rgb.push((upper * (1.0 - lower_share) + lower * lower_share).round() as u8);
            }
        }
    }
    rgb
}

/// The picture at no larger size, each pixel the mean of what it covers, parts of pixels by their share.
pub(crate) fn shrink(picture: &Picture, width: usize, height: usize) -> Option<Picture> {
    let (width, height) = (width.min(picture.width()), height.min(picture.height()));
    let across = shares(picture.width(), width);
    let down = shares(picture.height(), height);
    let row = picture.width() * 3;
    let mut rgb = Vec::with_capacity(width * height * 3);
    // One narrowed line at a time: two neighbours below share at most the one between them.
    let (mut narrow, mut narrowed) = (vec![0.0_f32; width * 3], None);
    let mut sums = vec![0.0_f32; width * 3];
    for cover in &down {
        sums.fill(0.0);
        for (at, share) in cover.weights() {
            if narrowed != Some(at) {
                narrow_line(&picture.rgb()[at * row..(at + 1) * row], &across, &mut narrow);
                narrowed = Some(at);
            }
            sums.iter_mut().zip(&narrow).for_each(|(sum, value)| *sum += share * value);
        }
        rgb.extend(sums.iter().map(|sum| (sum + 0.5) as u8));
    }
    Picture::new(width, height, rgb)
}

fn narrow_line(line: &[u8], across: &[Cover], narrow: &mut [f32]) {
    for (pixel, cover) in narrow.as_chunks_mut::<3>().0.iter_mut().zip(across) {
        *pixel = [0.0; 3];
        for (at, share) in cover.weights() {
            for channel in 0..3 {
                pixel[channel] += share * f32::from(line[at * 3 + channel]);
            }
        }
    }
}

/// What one pixel of the smaller picture covers along one axis.
struct Cover {
    first: usize,
    shares: Vec<f32>,
}

impl Cover {
    fn weights(&self) -> impl Iterator<Item = (usize, f32)> {
        self.shares.iter().enumerate().map(|(at, share)| (self.first + at, *share))
    }
}

fn shares(from: usize, to: usize) -> Vec<Cover> {
    let step = from as f64 / to.max(1) as f64;
    let cover = |at: usize| {
        let (start, end) = (at as f64 * step, ((at + 1) as f64 * step).min(from as f64));
        let (first, last) = (start as usize, (end.ceil() as usize).clamp(start as usize + 1, from));
        let share = |pixel: usize| ((end.min(pixel as f64 + 1.0) - start.max(pixel as f64)) / step) as f32;
        Cover { first, shares: (first..last).map(share).collect() }
    };
    (0..to).map(cover).collect()
}

/// The whole picture, turned about its middle and as large as it must be to hold all corners.
pub(crate) fn turned(picture: &Picture, degrees: f32) -> Option<Picture> {
    let (width, height) = (picture.width() as f64, picture.height() as f64);
    let (sin, cos) = f64::from(degrees).to_radians().sin_cos();
    let (new_width, new_height) = (
        (width * cos.abs() + height * sin.abs()).round().max(1.0),
        (width * sin.abs() + height * cos.abs()).round().max(1.0),
    );
    let middle = |width: f64, height: f64| [(width - 1.0) / 2.0, (height - 1.0) / 2.0];
    let turn = Similarity::turn(degrees, middle(width, height), middle(new_width, new_height));
    let (new_width, new_height) = (new_width as usize, new_height as usize);
    Picture::new(new_width, new_height, sampled(picture, turn, new_width, new_height))
}

/// Brightness of each pixel, 0 to 255 (ITU-R BT.601).
pub(crate) fn grey(picture: &Picture) -> Vec<f32> {
    let luma = |[r, g, b]: &[u8; 3]| 0.299 * f32::from(*r) + 0.587 * f32::from(*g) + 0.114 * f32::from(*b);
    picture.rgb().as_chunks().0.iter().map(luma).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grey_picture(width: usize, height: usize, pixels: &[u8]) -> Picture {
        Picture::new(width, height, pixels.iter().flat_map(|grey| [*grey; 3]).collect())
            .expect("as large as it is")
    }

    fn pixels(picture: &Picture) -> Vec<u8> {
        picture.rgb().chunks(3).map(|pixel| pixel[0]).collect()
    }

    #[test]
    fn a_similarity_is_found_again_from_its_points() {
        // A turn by 90° clockwise on the screen, twice as large, shifted by (5, 7): (x, y) → (5 − 2y, 7 + 2x).
        let from = [[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [3.0, 2.0], [1.0, 5.0]];
        let to = from.map(|[x, y]: [f32; 2]| [5.0 - 2.0 * y, 7.0 + 2.0 * x]);
        let Similarity { a, b, c, d } = Similarity::nearest(&from, &to).expect("not one point");
        for (found, wanted) in [(a, 0.0), (b, 2.0), (c, 5.0), (d, 7.0)] {
            assert!((found - wanted).abs() < 1e-5, "{found} {wanted}");
        }
        assert_eq!(Similarity::nearest(&[[1.0, 1.0]; 5], &to), None);
        assert_eq!(Similarity::nearest(&[[f32::NAN, 1.0]; 5], &to), None);
    }

    #[test]
    fn shrinking_takes_the_mean_of_what_is_covered() {
        let picture = grey_picture(4, 2, &[10, 20, 30, 40, 50, 60, 70, 80]);
        assert_eq!(pixels(&shrink(&picture, 2, 1).expect("smaller")), [35, 55]);
        // Three to two: each takes one and a half: (10 + 20/2)/1.5 = 13.3, (20/2 + 40)/1.5 = 33.3.
        assert_eq!(pixels(&shrink(&grey_picture(3, 1, &[10, 20, 40]), 2, 1).expect("smaller")), [13, 33]);
        assert_eq!(shrink(&picture, 9, 9).as_ref(), Some(&picture));
    }

    #[test]
    fn warping_moves_pixels_where_the_similarity_says() {
        let picture = grey_picture(2, 2, &[10, 20, 30, 40]);
        let shift = Similarity { a: 1.0, b: 0.0, c: 1.0, d: 0.0 };
        assert_eq!(pixels(&warp(&picture, shift, 3, 2).expect("six pixels")), [0, 10, 20, 0, 30, 40]);
        let half = Similarity { a: 1.0, b: 0.0, c: 0.5, d: 0.0 };
        assert_eq!(pixels(&warp(&picture, half, 2, 1).expect("two pixels")), [5, 15]);
    }

    #[test]
    fn a_quarter_turn_keeps_every_pixel() {
        // Clockwise: the left column is the new top row, read upwards.
        let picture = grey_picture(2, 3, &[1, 2, 3, 4, 5, 6]);
        let quarter = turned(&picture, 90.0).expect("six pixels");
        assert_eq!((quarter.width(), pixels(&quarter)), (3, vec![5, 3, 1, 6, 4, 2]));
        assert_eq!(pixels(&turned(&picture, 180.0).expect("six pixels")), [6, 5, 4, 3, 2, 1]);
    }
}
