//! The card as if it lay straight before the camera. Not here: what is looked for in it.

use domain::ports::Picture;

use crate::limits::{CARD_HEIGHT, CARD_WIDTH};
use crate::quad::{Quad, SquareMap};
use crate::raster::Point;

/// A part of the card, in shares of its width and height: left, upper, right, lower.
pub(crate) type CardZone = [f64; 4];

/// All of it.
pub(crate) const WHOLE: CardZone = [0.0, 0.0, 1.0, 1.0];
/// Where a KTP has its text.
pub(crate) const TEXT: CardZone = [0.03, 0.04, 0.70, 0.96];
/// Where it has the portrait, with room around it.
pub(crate) const PORTRAIT: CardZone = [0.70, 0.14, 0.99, 0.80];

/// The whole card, 1024 × 646.
pub(crate) fn straightened(picture: &Picture, quad: Quad) -> Option<Picture> {
    zone(picture, quad, WHOLE, CARD_WIDTH, CARD_HEIGHT)
}

/// A zone of the card at that size: where the picture has more pixels each is the mean of a few of them, where it has
/// fewer it lies between them.
pub(crate) fn zone(
    picture: &Picture,
    quad: Quad,
    [left, upper, right, lower]: CardZone,
    width: usize,
    height: usize,
) -> Option<Picture> {
    let map = SquareMap::onto(quad);
    let across = quad.width() * (right - left) / width as f64;
    let down = quad.height() * (lower - upper) / height as f64;
    let samples = (across.max(down).round() as usize).clamp(1, 4);
    let step = 1.0 / samples as f64;
    let mut rgb = Vec::with_capacity(width * height * 3);
    // Within one pixel of the straight picture the map is as good as even.
    let line = |y: usize| -> Vec<Point> {
        let share = |at: usize, size: usize| at as f64 / size as f64;
        let place = |x: usize| {
            map.at([left + (right - left) * share(x, width), upper + (lower - upper) * share(y, height)])
        };
        (0..=width).map(place).collect()
    };
    let (mut above, share) = (line(0), 1.0 / (samples * samples) as f32);
    for y in 0..height {
        let below = line(y + 1);
        for x in 0..width {
            let ([from_x, from_y], [right_x, right_y], [low_x, low_y]) = (above[x], above[x + 1], below[x]);
            let mut sums = [0.0_f32; 3];
            for part in 0..samples * samples {
                let across = ((part % samples) as f64 + 0.5) * step;
                let down = ((part / samples) as f64 + 0.5) * step;
                let at = [
                    from_x + (right_x - from_x) * across + (low_x - from_x) * down,
                    from_y + (right_y - from_y) * across + (low_y - from_y) * down,
                ];
                let seen = if samples > 2 { nearest(picture, at) } else { between(picture, at) };
                sums.iter_mut().zip(seen).for_each(|(sum, level)| *sum += level);
            }
            rgb.extend(sums.map(|sum| (sum * share + 0.5) as u8));
        }
        above = below;
    }
    Picture::new(width, height, rgb)
}

fn pixel(picture: &Picture, x: usize, y: usize) -> [f32; 3] {
    let (x, y) = (x.min(picture.width() - 1), y.min(picture.height() - 1));
    let at = (y * picture.width() + x) * 3;
    [0, 1, 2].map(|channel| f32::from(picture.rgb()[at + channel]))
}

fn nearest(picture: &Picture, [x, y]: [f64; 2]) -> [f32; 3] {
    pixel(picture, (x + 0.5).max(0.0) as usize, (y + 0.5).max(0.0) as usize)
}

fn between(picture: &Picture, [x, y]: [f64; 2]) -> [f32; 3] {
    let (x, y) = (x.max(0.0), y.max(0.0));
    let (left, top) = (x as usize, y as usize);
    let (right_share, lower_share) = ((x - left as f64) as f32, (y - top as f64) as f32);
    let [a, b] = [0, 1].map(|off| pixel(picture, left + off, top));
    let [c, d] = [0, 1].map(|off| pixel(picture, left + off, top + 1));
    std::array::from_fn(|channel| {
        let upper = a[channel] + (b[channel] - a[channel]) * right_share;
        let lower = c[channel] + (d[channel] - c[channel]) * right_share;
        upper + (lower - upper) * lower_share
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quadrangle_fills_the_straight_picture() {
        // Left half black, right half white, in a square that lies askew.
        let quad = Quad([[20.0, 10.0], [80.0, 20.0], [70.0, 80.0], [10.0, 70.0]]);
        let pixel = |at: usize| {
            let (x, y) = ((at % 100) as f64, (at / 100) as f64);
            // The line through the middles of the upper and the lower side.
            if 60.0 * (x - 45.0) + 10.0 * (y - 45.0) < 0.0 { 0 } else { 255 }
        };
        let rgb = (0..100 * 100).flat_map(|at| [pixel(at); 3]).collect();
        let picture = Picture::new(100, 100, rgb).expect("as large as it is");
        let straight = zone(&picture, quad, WHOLE, 10, 10).expect("a hundred pixels");
        for (at, level) in straight.rgb().chunks(3).map(|pixel| pixel[0]).enumerate() {
            match at % 10 {
                0..4 => assert_eq!(level, 0, "{at}"),
                6.. => assert_eq!(level, 255, "{at}"),
                _ => {}
            }
        }
        let right = zone(&picture, quad, [0.7, 0.0, 1.0, 1.0], 3, 3).expect("nine pixels");
        assert!(right.rgb().iter().all(|level| *level == 255));
    }
}
