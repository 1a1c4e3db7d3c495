//! Where brightness or colour changes in a picture, and along which direction. Not here: which of the changes are sides of
//! a card.

use std::f32::consts::PI;

use domain::ports::Picture;

/// Directions that are told apart in [`EdgeMap::has`]: 7.5° each.
const DIRECTIONS: usize = 24;

/// Sobel's response to a step of one level is about two and a half, smoothed as the picture is. What noise and a table's grain
/// give is below it.
const RESPONSE_MIN: f32 = 9.0;
/// Where the whole picture is grained, the threshold rises with it, up to here: a card's side is then a stronger edge.
const RESPONSE_MIN_MOST: f32 = 30.0;
/// Above it an edge counts as one whatever its contrast: print is black, a card's side may be faint.
const RESPONSE_FULL: f32 = 50.0;
/// What the faintest edge counts beside that.
const WEIGHT_MIN: f32 = 0.3;

/// One pixel on an edge.
#[derive(Debug, Clone, Copy)]
pub(crate) struct EdgePoint {
    pub(crate) x: f32,
    pub(crate) y: f32,
    /// Direction of the edge's normal, 0 to π.
    pub(crate) normal: f32,
    /// 0 to 1.
    pub(crate) weight: f32,
}

/// The edges of a picture.
pub(crate) struct EdgeMap {
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) points: Vec<EdgePoint>,
    /// The response at each pixel, for finding an edge's place to a part of a pixel.
    response: Vec<f32>,
    /// For each pixel, the directions of the edges at it and beside it, a bit each.
    directions: Vec<u32>,
}

impl EdgeMap {
    pub(crate) fn of(picture: &Picture) -> Self {
        let (width, height) = (picture.width(), picture.height());
        let gradients = gradients(picture);
        let response: Vec<f32> = gradients.iter().map(|[x, y]| x.hypot(*y)).collect();
        let mut sorted = response.clone();
        let middle = sorted.len() / 2;
        let (_, median, _) = sorted.select_nth_unstable_by(middle, f32::total_cmp);
        let threshold = (2.0 * *median).clamp(RESPONSE_MIN, RESPONSE_MIN_MOST);
        let mut points = Vec::new();
        let mut directions = vec![0_u32; response.len()];
        for y in 1..height.saturating_sub(1) {
            for x in 1..width.saturating_sub(1) {
                let at = y * width + x;
                if response[at] < threshold || !is_crest(&response, gradients[at], at, width) {
                    continue;
                }
                let normal = gradients[at][1].atan2(gradients[at][0]).rem_euclid(PI);
                let weight = WEIGHT_MIN + (1.0 - WEIGHT_MIN) * (response[at] / RESPONSE_FULL).min(1.0);
                points.push(EdgePoint { x: x as f32, y: y as f32, normal, weight });
                let bit = 1 << direction(normal);
                for row in [at - width, at, at + width] {
                    directions[row - 1..=row + 1].iter_mut().for_each(|directions| *directions |= bit);
                }
            }
        }
        Self { width, height, points, response, directions }
    }

    /// Whether an edge with about that normal is at a pixel or beside it.
    pub(crate) fn has(&self, x: f64, y: f64, normals: u32) -> bool {
        self.index(x, y).is_some_and(|at| self.directions[at] & normals != 0)
    }

    /// The response there, of the nearest pixel; nothing outside.
    pub(crate) fn response(&self, x: f64, y: f64) -> f64 {
        self.index(x, y).map_or(0.0, |at| f64::from(self.response[at]))
    }

    fn index(&self, x: f64, y: f64) -> Option<usize> {
        let (x, y) = (x.round(), y.round());
        let inside = x >= 0.0 && y >= 0.0 && x < self.width as f64 && y < self.height as f64;
        inside.then(|| y as usize * self.width + x as usize)
    }
}

/// The directions within about 11° of a normal, for [`EdgeMap::has`].
pub(crate) fn directions_near(normal: f64) -> u32 {
    let middle = direction((normal as f32).rem_euclid(PI));
    let at = |off: usize| 1_u32 << ((middle + DIRECTIONS + off - 1) % DIRECTIONS);
    at(0) | at(1) | at(2)
}

fn direction(normal: f32) -> usize {
    (normal / PI * DIRECTIONS as f32) as usize % DIRECTIONS
}

/// The picture without what is as fine as its pixels, which is noise and the rest of a screen's grid: binomial weights over
/// five pixels, across and then down.
fn smoothed(picture: &Picture) -> Vec<[f32; 3]> {
    const WEIGHTS: [f32; 5] = [0.0625, 0.25, 0.375, 0.25, 0.0625];
    let (width, height) = (picture.width(), picture.height());
    let mean = |values: [[f32; 3]; 5]| -> [f32; 3] {
        std::array::from_fn(|channel| {
            WEIGHTS.iter().zip(values).map(|(weight, value)| weight * value[channel]).sum()
        })
    };
    let beside = |at: usize, off: usize, size: usize| (at + off).saturating_sub(2).min(size - 1);
    let pixels = picture.rgb().as_chunks::<3>().0;
    let mut across = Vec::with_capacity(pixels.len());
    for row in pixels.chunks_exact(width) {
        for x in 0..width {
            across.push(mean(std::array::from_fn(|off| row[beside(x, off, width)].map(f32::from))));
        }
    }
    let mut down = Vec::with_capacity(pixels.len());
    for y in 0..height {
        for x in 0..width {
            down.push(mean(std::array::from_fn(|off| across[beside(y, off, height) * width + x])));
        }
    }
    down
}

/// The gradient of that channel which changes most.
fn gradients(picture: &Picture) -> Vec<[f32; 2]> {
    let (width, height) = (picture.width(), picture.height());
    let mut gradients = vec![[0.0; 2]; width * height];
    let pixels = smoothed(picture);
    let size = |[across, down]: [f32; 2]| across * across + down * down;
    for y in 1..height.saturating_sub(1) {
        for x in 1..width.saturating_sub(1) {
            let at = y * width + x;
            for channel in 0..3 {
                let found = sobel(&pixels, at, width, channel);
                if size(found) > size(gradients[at]) {
                    gradients[at] = found;
                }
            }
        }
    }
    gradients
}

/// Sobel's gradient of one channel at a pixel that has neighbours all around.
fn sobel(pixels: &[[f32; 3]], at: usize, width: usize, channel: usize) -> [f32; 2] {
    let level = |at: usize| pixels[at][channel];
    let (above, below) = (at - width, at + width);
    let corners = [level(above - 1), level(above + 1), level(below - 1), level(below + 1)];
    let (right, left) = (corners[1] + corners[3], corners[0] + corners[2]);
    let (lower, upper) = (corners[2] + corners[3], corners[0] + corners[1]);
    [
        right - left + 2.0 * (level(at + 1) - level(at - 1)),
        lower - upper + 2.0 * (level(below) - level(above)),
    ]
}

/// Whether the response falls off to both sides along the gradient.
fn is_crest(response: &[f32], [across, down]: [f32; 2], at: usize, width: usize) -> bool {
    // The neighbour that is nearest to the gradient's direction: tan 22.5° = 0.414.
    let step = if down.abs() <= 0.414 * across.abs() {
        1
    } else if across.abs() <= 0.414 * down.abs() {
        width
    } else if (across > 0.0) == (down > 0.0) {
        width + 1
    } else {
        width - 1
    };
    response[at] > response[at - step] && response[at] >= response[at + step]
}
