//! A screen's grid of pixels in a picture of a card: a line in the spectrum that stands far above what surrounds it, in
//! every part of the card. Print has strong frequencies too, but broad ones, and blank parts have none of them. So each
//! window says how far its sharpest line stands out, and of the windows the one counts that a quarter of them stay below
//! (decision 0028). Not here: from
//! which number on it is a screen.

use domain::ports::Picture;

use crate::fourier::FourierPlan;
use crate::limits::{WINDOW_SIDE, WINDOWS_MAX};
use crate::quad::{Quad, SquareMap};
use crate::raster::luma;

/// Cycles a pixel: above what print is made of, below where interpolation leaves nothing.
const RING: [f64; 2] = [0.15, 0.45];
/// Bins around a line that its surroundings are measured in, and bins beside it that belong to the line.
const AROUND: isize = 7;
const LINE: isize = 2;
/// JPEG's blocks of 8 repeat at every eighth of a cycle along the axes: so many bins beside those are not looked at.
const BLOCK_REACH: usize = 2;

/// How far a grid stands out.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct GridNumbers {
    /// Magnitude of the sharpest line above its surroundings' median: a quarter of the windows have less.
    pub(crate) prominence: f64,
    /// Windows that were looked at; none fits into a small card.
    pub(crate) windows: u32,
}

impl GridNumbers {
    /// In the picture's own pixels: straightening would smooth away what is looked for.
    pub(crate) fn of(picture: &Picture, quad: Quad) -> Self {
        let plan = FourierPlan::new(WINDOW_SIDE);
        let mut found: Vec<f64> = places(picture, quad)
            .into_iter()
            .map(|place| prominence(&plan.magnitudes(&window(picture, place))))
            .collect();
        found.sort_by(f64::total_cmp);
        let prominence = found.get(found.len() / 4).copied().unwrap_or(0.0);
        Self { prominence, windows: found.len() as u32 }
    }
}

/// Upper left corners of windows spread over the card.
fn places(picture: &Picture, quad: Quad) -> Vec<[usize; 2]> {
    let map = SquareMap::onto(quad);
    let (columns, rows) = (4, 3);
    let half = WINDOW_SIDE as f64 / 2.0;
    let reach = [half / quad.width().max(1.0), half / quad.height().max(1.0)].map(|reach| reach + 0.02);
    if reach[0] > 0.5 || reach[1] > 0.5 {
        return Vec::new();
    }
    let mut places = Vec::new();
    for at in 0..columns * rows {
        let (column, row) = (f64::from(at % columns), f64::from(at / columns));
        let share = |at: f64, count: i32, reach: f64| reach + (1.0 - 2.0 * reach) * at / f64::from(count - 1);
        let [x, y] = map.at([share(column, columns, reach[0]), share(row, rows, reach[1])]);
        let (x, y) = ((x - half).max(0.0) as usize, (y - half).max(0.0) as usize);
        if x + WINDOW_SIDE <= picture.width() && y + WINDOW_SIDE <= picture.height() {
            places.push([x, y]);
        }
    }
    places.truncate(WINDOWS_MAX);
    places
}

fn window(picture: &Picture, [left, top]: [usize; 2]) -> Vec<f32> {
    let pixels = picture.rgb().as_chunks::<3>().0;
    let row = |y: usize| {
        let start = y * picture.width() + left;
        pixels[start..start + WINDOW_SIDE].iter().map(luma)
    };
    (top..top + WINDOW_SIDE).flat_map(row).collect()
}

/// Of the ring's bins, half of them (the other half mirrors them), the one that stands out most.
fn prominence(magnitudes: &[f32]) -> f64 {
    let side = WINDOW_SIDE as isize;
    let bin = |x: isize, y: isize| magnitudes[(y.rem_euclid(side) * side + x.rem_euclid(side)) as usize];
    let [inner, outer] = RING.map(|cycles| cycles * WINDOW_SIDE as f64);
    let mut highest: Vec<(f32, isize, isize)> = Vec::new();
    for y in 0..side / 2 {
        for x in -side / 2..side / 2 {
            let radius = (x as f64).hypot(y as f64);
            if !(inner..=outer).contains(&radius) || is_of_blocks(x, y) {
                continue;
            }
            let here = bin(x, y);
            let is_crest = here >= bin(x - 1, y) && here >= bin(x + 1, y);
            if is_crest && here >= bin(x, y - 1) && here >= bin(x, y + 1) {
                highest.push((here, x, y));
            }
        }
    }
    highest.sort_by(|a, b| b.0.total_cmp(&a.0));
    let above = |(here, x, y): &(f32, isize, isize)| {
        let mut near = Vec::new();
        for off_y in -AROUND..=AROUND {
            for off_x in -AROUND..=AROUND {
                if off_x.abs() > LINE || off_y.abs() > LINE {
                    near.push(bin(x + off_x, y + off_y));
                }
            }
        }
        let middle = near.len() / 2;
        let (_, median, _) = near.select_nth_unstable_by(middle, f32::total_cmp);
        f64::from(*here) / f64::from(median.max(1e-3))
    };
    highest.iter().take(24).map(above).fold(0.0, f64::max)
}

/// Whether a bin is one of those that JPEG's blocks fill.
fn is_of_blocks(x: isize, y: isize) -> bool {
    let eighth = WINDOW_SIDE / 8;
    let beside = |at: isize| {
        let off = at.unsigned_abs() % eighth;
        off.min(eighth - off) <= BLOCK_REACH
    };
    beside(x) && beside(y)
}

#[cfg(test)]
#[path = "recapture_tests.rs"]
mod tests;
