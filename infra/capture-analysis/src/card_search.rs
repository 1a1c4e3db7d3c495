//! Finds the card in a picture: straight lines, and of all quadrangles of four of them the one whose sides lie on edges
//! from corner to corner. Print on the card, a patterned table or a second card bring lines too; what they do not bring is
//! four sides of a card's shape that end where they meet. Not here: whether the card may be seen like that (`votes`).

use std::f64::consts::PI;

use domain::ports::Picture;

use crate::edges::{EdgeMap, directions_near};
use crate::limits::{CARD_RATIO, LINES_MAX, QUADS_MAX};
use crate::quad::Quad;
use crate::raster::{Point, enlarged, reduced};

/// Directions of lines that are told apart.
const DEGREES: usize = 180;
/// An edge's direction is known to about so many degrees.
const VOTE_REACH: usize = 2;
/// Share of the picture's shorter side that a line is at least.
const LINE_MIN: f32 = 0.12;
/// Opposite sides of a card tilted by some 30° differ by less.
const OPPOSITE_OFF_MAX: f64 = 0.45;
/// Neighbouring sides meet at less than a right angle then, but not at much less.
const CORNER_MIN: f64 = 0.9;
/// Share of the picture that is looked at as a card: less than a capture may have, so that one that is too far away is found
/// and told so.
const AREA_MIN: f64 = 0.1;
/// A quadrangle's sides, seen at a slant, are off a card's ratio by less than this factor.
const SHAPE_OFF_MAX: f64 = 1.55;
/// Share of a side that lies on an edge, of the worst side and of all.
const SIDE_MIN: f64 = 0.42;
const SIDES_MEAN_MIN: f64 = 0.6;
/// Rounded corners (ISO/IEC 7810: a radius of 3.18 mm) have no straight side.
const CORNER_SHARE: f64 = 0.06;
/// A card's longer and shorter side.
const SIDES_MM: [f64; 2] = [85.60, 53.98];
/// From the corner, beyond its rounding and as far as the end of a thumb that lies on it reaches.
const CORNER_MM: [f64; 2] = [4.0, 9.0];
/// Share of that stretch that lies on an edge; with less on both sides something lies there.
const CORNER_EDGE_MIN: f64 = 0.3;

/// x·cos + y·sin = distance.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Line {
    angle: f64,
    distance: f64,
}

impl Line {
    fn crossing(self, other: Self) -> Option<Point> {
        let ((sin, cos), (other_sin, other_cos)) = (self.angle.sin_cos(), other.angle.sin_cos());
        let size = cos * other_sin - sin * other_cos;
        (size.abs() > 1e-6).then(|| {
            [
                (self.distance * other_sin - other.distance * sin) / size,
                (other.distance * cos - self.distance * other_cos) / size,
            ]
        })
    }
}

/// A card that was found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct FoundCard {
    pub(crate) quad: Quad,
    /// How many corners have their two sides' ends on no edge: something lies on them.
    pub(crate) hidden_corners: u32,
}

/// The card, with its corners in pixels of the picture. It is looked for in a copy of so many pixels on the longer side, and
/// where none is found once more at half of that: noise, blur or a screen's grid may leave no line in the larger one.
pub(crate) fn search_card(picture: &Picture, side: usize) -> Option<FoundCard> {
    [side, side / 2].into_iter().find_map(|side| {
        let (small, factor) = reduced(picture, side);
        let found = find_card(&EdgeMap::of(&small))?;
        Some(FoundCard { quad: found.quad.map(|corner| enlarged(corner, factor)), ..found })
    })
}

/// None where no quadrangle is likely to be one.
fn find_card(edges: &EdgeMap) -> Option<FoundCard> {
    let lines = strongest_lines(edges);
    let mut quads = candidates(edges, &lines);
    quads.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    quads.truncate(QUADS_MAX);
    let judged = quads.into_iter().filter_map(|(_, quad)| Some((merit(edges, quad)?, quad)));
    let (_, quad) = judged.max_by(|(a, _), (b, _)| a.total_cmp(b))?;
    let fitted = fitted(edges, quad).unwrap_or(quad).lying();
    Some(FoundCard { quad: fitted, hidden_corners: hidden_corners(edges, fitted) })
}

/// Hough's transform, each edge voting for the lines along it only; then the lines with most votes about them.
fn strongest_lines(edges: &EdgeMap) -> Vec<Line> {
    let reach = (edges.width as f64).hypot(edges.height as f64).ceil() as usize + 2;
    let bins = 2 * reach + 1;
    let mut votes = vec![0.0_f32; DEGREES * bins];
    let turns: Vec<(f32, f32)> = (0..DEGREES).map(|degree| (degree as f32).to_radians().sin_cos()).collect();
    for point in &edges.points {
        let middle = point.normal.to_degrees().round() as usize;
        for off in 0..=2 * VOTE_REACH {
            let degree = (middle + DEGREES + off - VOTE_REACH) % DEGREES;
            let (sin, cos) = turns[degree];
            let distance = (point.x * cos + point.y * sin).round() as isize + reach as isize;
            votes[degree * bins + distance as usize] += point.weight;
        }
    }
    let least = LINE_MIN * edges.width.min(edges.height) as f32;
    let mut peaks: Vec<(f32, usize, usize)> = Vec::new();
    for degree in 0..DEGREES {
        for distance in 3..bins - 3 {
            let here = votes[degree * bins + distance];
            if here >= least && is_peak(&votes, bins, degree, distance) {
                peaks.push((here, degree, distance));
            }
        }
    }
    peaks.sort_by(|a, b| b.0.total_cmp(&a.0));
    peaks.truncate(LINES_MAX);
    let line = |(_, degree, distance): (f32, usize, usize)| Line {
        angle: (degree as f64).to_radians(),
        distance: distance as f64 - reach as f64,
    };
    peaks.into_iter().map(line).collect()
}

/// No more votes among the neighbours, and of equals the first. At 180° directions begin anew with distances negated.
fn is_peak(votes: &[f32], bins: usize, degree: usize, distance: usize) -> bool {
    let here = votes[degree * bins + distance];
    (-3_isize..=3).all(|turn| {
        let other = degree as isize + turn;
        let wraps = !(0..DEGREES as isize).contains(&other);
        let other = other.rem_euclid(DEGREES as isize) as usize;
        let middle = if wraps { bins - 1 - distance } else { distance };
        (middle.saturating_sub(2)..=(middle + 2).min(bins - 1)).all(|near| {
            let there = votes[other * bins + near];
            here > there || (here == there && (degree, distance) <= (other, near))
        })
    })
}

/// How far two directions are apart, 0 to π/2.
fn angle_between(a: f64, b: f64) -> f64 {
    let off = (a - b).rem_euclid(PI);
    off.min(PI - off)
}

/// Every quadrangle of two pairs of opposite sides that could be a card's, with a first estimate of its merit.
fn candidates(edges: &EdgeMap, lines: &[Line]) -> Vec<(f64, Quad)> {
    let mut pairs = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        for other in &lines[at + 1..] {
            if angle_between(line.angle, other.angle) <= OPPOSITE_OFF_MAX {
                pairs.push((*line, *other));
            }
        }
    }
    let mut quads = Vec::new();
    for (at, (top, bottom)) in pairs.iter().enumerate() {
        for (left, right) in &pairs[at + 1..] {
            if angle_between(top.angle, left.angle) < CORNER_MIN {
                continue;
            }
            let Some(quad) = quad_of(*top, *bottom, *left, *right) else { continue };
            if is_likely(edges, quad)
                && let Some(support) = sides(edges, quad, 14)
            {
                quads.push((support, quad));
            }
        }
    }
    quads
}

fn quad_of(top: Line, bottom: Line, left: Line, right: Line) -> Option<Quad> {
    let quad =
        Quad([top.crossing(left)?, top.crossing(right)?, bottom.crossing(right)?, bottom.crossing(left)?]);
    let Quad([a, b, c, d]) = quad;
    Some(if quad.area() >= 0.0 { quad } else { Quad([a, d, c, b]) })
}

fn is_likely(edges: &EdgeMap, quad: Quad) -> bool {
    let size = [edges.width as f64, edges.height as f64];
    // A corner may lie a little outside: a card that is cut is found, and told so.
    if !quad.is_inside(size, -0.05 * size[0].max(size[1])) || quad.area() < AREA_MIN * size[0] * size[1] {
        return false;
    }
    let shape = quad.width().max(quad.height()) / quad.width().min(quad.height()).max(1.0);
    quad.is_convex() && (CARD_RATIO / SHAPE_OFF_MAX..CARD_RATIO * SHAPE_OFF_MAX).contains(&shape)
}

/// Share of the points on a stretch of a side that lie on an edge along it.
fn stretch(edges: &EdgeMap, [from, to]: [Point; 2], [start, end]: [f64; 2], count: u32) -> f64 {
    let (across, down) = (to[0] - from[0], to[1] - from[1]);
    let normals = directions_near(down.atan2(across) + PI / 2.0);
    let on_edge = |step: &u32| {
        let share = start + (end - start) * (f64::from(*step) + 0.5) / f64::from(count);
        edges.has(from[0] + across * share, from[1] + down * share, normals)
    };
    f64::from((0..count).filter(on_edge).count() as u32) / f64::from(count)
}

/// Half the worst side's share of edge, half all sides'; none where it is too little for a card.
fn sides(edges: &EdgeMap, Quad(corners): Quad, count: u32) -> Option<f64> {
    let (mut worst, mut sum) = (1.0_f64, 0.0);
    for at in 0..4 {
        let side = [corners[at], corners[(at + 1) % 4]];
        let share = stretch(edges, side, [CORNER_SHARE, 1.0 - CORNER_SHARE], count);
        if share < SIDE_MIN {
            return None;
        }
        worst = worst.min(share);
        sum += share;
    }
    (sum / 4.0 >= SIDES_MEAN_MIN).then_some(f64::midpoint(worst, sum / 4.0))
}

/// What speaks for a quadrangle: edges along its sides, none beyond its corners, a card's shape, its size.
fn merit(edges: &EdgeMap, quad: Quad) -> Option<f64> {
    let Quad(corners) = quad;
    let size = [edges.width as f64, edges.height as f64];
    let support = sides(edges, quad, 80)?;
    let beyond = (0..4).map(|at| {
        let side = [corners[at], corners[(at + 1) % 4]];
        stretch(edges, side, [-0.14, -0.03], 12) + stretch(edges, side, [1.03, 1.14], 12)
    });
    let beyond = beyond.sum::<f64>() / 8.0;
    let pose = quad.lying().pose(size, CARD_RATIO)?;
    let off = (pose.ratio / CARD_RATIO).ln().abs().min(0.4);
    Some(support - 0.25 * beyond - 1.2 * off + 0.25 * quad.area() / (size[0] * size[1]))
}

/// Moves each side onto the edge it lies along, to a part of a pixel, and crosses them again.
fn fitted(edges: &EdgeMap, Quad(corners): Quad) -> Option<Quad> {
    let mut lines = [Line { angle: 0.0, distance: 0.0 }; 4];
    for (at, line) in lines.iter_mut().enumerate() {
        *line = fitted_line(edges, corners[at], corners[(at + 1) % 4])?;
    }
    let [top, right, bottom, left] = lines;
    Some(Quad([left.crossing(top)?, top.crossing(right)?, right.crossing(bottom)?, bottom.crossing(left)?]))
}

fn fitted_line(edges: &EdgeMap, from: Point, to: Point) -> Option<Line> {
    const SAMPLES: u32 = 96;
    const REACH: i32 = 3;
    let (across, down) = (to[0] - from[0], to[1] - from[1]);
    let length = across.hypot(down);
    let normal = [-down / length, across / length];
    let normals = directions_near(down.atan2(across) + PI / 2.0);
    let mut places = Vec::new();
    for step in 0..SAMPLES {
        let share = CORNER_SHARE + (1.0 - 2.0 * CORNER_SHARE) * f64::from(step) / f64::from(SAMPLES - 1);
        let base = [from[0] + across * share, from[1] + down * share];
        let place = |off: f64| [base[0] + normal[0] * off, base[1] + normal[1] * off];
        let response = |off: i32| {
            let [x, y] = place(f64::from(off));
            if edges.has(x, y, normals) { edges.response(x, y) } else { 0.0 }
        };
        let Some(best) = (-REACH..=REACH).max_by(|a, b| response(*a).total_cmp(&response(*b))) else {
            continue;
        };
        let (before, here, after) = (response(best - 1), response(best), response(best + 1));
        if here > 0.0 {
            let bend = before - 2.0 * here + after;
            let part = if bend < 0.0 { ((before - after) / (2.0 * bend)).clamp(-0.5, 0.5) } else { 0.0 };
            places.push((share * length, f64::from(best) + part));
        }
    }
    let (slope, offset) = line_through(&places)?;
    let (start, end) = (offset, offset + slope * length);
    let moved = |[x, y]: Point, off: f64| [x + normal[0] * off, y + normal[1] * off];
    let ([ax, ay], [bx, by]) = (moved(from, start), moved(to, end));
    let angle = (by - ay).atan2(bx - ax) + PI / 2.0;
    let (sin, cos) = angle.sin_cos();
    Some(Line { angle, distance: ax * cos + ay * sin })
}

/// Least squares, three times, each time without what was furthest off.
fn line_through(places: &[(f64, f64)]) -> Option<(f64, f64)> {
    let mut kept = places.to_vec();
    let mut found = None;
    for _ in 0..3 {
        let count = kept.len() as f64;
        if count < 12.0 {
            return found;
        }
        let (x, y) = kept.iter().fold((0.0, 0.0), |sums, place| (sums.0 + place.0, sums.1 + place.1));
        let (x, y) = (x / count, y / count);
        let along: f64 = kept.iter().map(|place| (place.0 - x) * (place.1 - y)).sum();
        let spread: f64 = kept.iter().map(|place| (place.0 - x) * (place.0 - x)).sum();
        let slope = along / spread.max(1e-9);
        found = Some((slope, y - slope * x));
        kept.sort_by(|a, b| {
            let off = |place: &(f64, f64)| (place.1 - y - slope * (place.0 - x)).abs();
            off(a).total_cmp(&off(b))
        });
        kept.truncate(kept.len() * 3 / 4);
    }
    found
}

/// Corners at which neither side's last stretch lies on an edge, though the side as a whole does.
fn hidden_corners(edges: &EdgeMap, Quad(corners): Quad) -> u32 {
    // The sides lie, so the first and the third are the long ones.
    let end = |at: usize, to: usize, side: usize| {
        let reach = CORNER_MM.map(|mm| mm / SIDES_MM[side % 2]);
        stretch(edges, [corners[at], corners[to]], reach, 16)
    };
    let hidden = |at: &usize| {
        let (next, last) = ((at + 1) % 4, (at + 3) % 4);
        end(*at, next, *at) < CORNER_EDGE_MIN && end(*at, last, last) < CORNER_EDGE_MIN
    };
    (0..4).filter(hidden).count() as u32
}

#[cfg(test)]
#[path = "card_search_tests.rs"]
mod tests;
