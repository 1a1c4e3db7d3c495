//! Four corners of a plane rectangle as a camera sees it: the map from the rectangle, its side ratio, its tilt. Not here:
//! finding the corners.

use crate::raster::Point;

/// Focal lengths of phones, in longer sides of the picture: from wide angle (24 mm) to a double zoom.
const FOCAL_MIN: f64 = 0.6;
const FOCAL_MAX: f64 = 1.6;
const FOCAL_STEPS: u32 = 20;

/// Below it, opposite sides of a card are too nearly parallel to say a focal length: relative change of scale over the card.
const CONVERGENCE_MIN: f64 = 0.05;

/// The corners, clockwise as one looks at the picture: upper left, upper right, lower right, lower left of the card.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Quad(pub(crate) [Point; 4]);

/// What a rectangle is, seen through a pinhole with its axis through the picture's middle.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Pose {
    /// Width to height.
    pub(crate) ratio: f64,
    /// Between the rectangle's normal and the camera's axis.
    pub(crate) tilt_degrees: f64,
}

impl Quad {
    pub(crate) fn map(self, f: impl FnMut(Point) -> Point) -> Self {
        Self(self.0.map(f))
    }

    /// In pixels; positive where the corners go clockwise on the screen.
    pub(crate) fn area(self) -> f64 {
        let Self(corners) = self;
        let cross = |at: usize| {
            let ([x, y], [next_x, next_y]) = (corners[at], corners[(at + 1) % 4]);
            x * next_y - next_x * y
        };
        (0..4).map(cross).sum::<f64>() / 2.0
    }

    pub(crate) fn is_convex(self) -> bool {
        let Self(corners) = self;
        (0..4).all(|at| {
            let ([ax, ay], [bx, by], [cx, cy]) = (corners[at], corners[(at + 1) % 4], corners[(at + 2) % 4]);
            (bx - ax) * (cy - by) - (by - ay) * (cx - bx) > 0.0
        })
    }

    /// Of the side from that corner to the next.
    pub(crate) fn side(self, at: usize) -> f64 {
        let ([ax, ay], [bx, by]) = (self.0[at % 4], self.0[(at + 1) % 4]);
        libm::hypot(bx - ax, by - ay)
    }

    /// Mean of the upper and the lower side.
    pub(crate) fn width(self) -> f64 {
        f64::midpoint(self.side(0), self.side(2))
    }

    /// Mean of the two others.
    pub(crate) fn height(self) -> f64 {
        f64::midpoint(self.side(1), self.side(3))
    }

    /// The same corners named so that the card lies: its longer sides above and below, its upper left corner the one
    /// nearest to the picture's.
    pub(crate) fn lying(self) -> Self {
        let Self(mut corners) = self;
        let first = (0..4).min_by(|a, b| {
            let sum = |at: usize| corners[at][0] + corners[at][1];
            sum(*a).total_cmp(&sum(*b))
        });
        corners.rotate_left(first.unwrap_or(0));
        let upright = Self(corners);
        if upright.width() >= upright.height() {
            return upright;
        }
        corners.rotate_left(1);
        Self(corners)
    }

    /// Whether every corner is so far inside of a picture of that size.
    pub(crate) fn is_inside(self, [width, height]: [f64; 2], margin: f64) -> bool {
        let inside = |[x, y]: Point| {
            x >= margin && y >= margin && x <= width - 1.0 - margin && y <= height - 1.0 - margin
        };
        self.0.into_iter().all(inside)
    }

    /// Side ratio and tilt (Zhang and He, *Whiteboard scanning and image enhancement*, 2007, §3.3). Two vanishing points
    /// say the focal length; where the card is seen so straight that they do not, any phone's will do, and the one is
    /// taken under which it is most nearly a card. None of a quadrangle that is no rectangle's picture.
    pub(crate) fn pose(self, [width, height]: [f64; 2], wanted: f64) -> Option<Pose> {
        let centred = |[x, y]: Point| [x - (width - 1.0) / 2.0, y - (height - 1.0) / 2.0, 1.0];
        let [m1, m2, m4, m3] = self.0.map(centred);
        let k2 = dot(cross(m1, m4), m3) / dot(cross(m2, m4), m3);
        let k3 = dot(cross(m1, m4), m2) / dot(cross(m3, m4), m2);
        let toward = |k: f64, m: [f64; 3]| [k * m[0] - m1[0], k * m[1] - m1[1], k - 1.0];
        let (across, down) = (toward(k2, m2), toward(k3, m3));
        let longer = width.max(height);
        let seen = |focal: f64| {
            let real = |[x, y, z]: [f64; 3]| [x / focal, y / focal, z];
            let (across, down) = (real(across), real(down));
            let normal = cross(across, down);
            let ratio = length(across) / length(down);
            let cosine = (normal[2].abs() / length(normal)).clamp(0.0, 1.0);
            let tilt_degrees = libm::acos(cosine).to_degrees();
            Pose { ratio, tilt_degrees }
        };
        let squared = -(across[0] * down[0] + across[1] * down[1]) / (across[2] * down[2]);
        let tells = across[2].abs() >= CONVERGENCE_MIN && down[2].abs() >= CONVERGENCE_MIN && squared > 0.0;
        let pose = if tells {
            seen(squared.sqrt().clamp(FOCAL_MIN * longer, FOCAL_MAX * longer))
        } else {
            let focal =
                |step: u32| FOCAL_MIN + (FOCAL_MAX - FOCAL_MIN) * f64::from(step) / f64::from(FOCAL_STEPS);
            let off = |pose: &Pose| (libm::log(pose.ratio / wanted)).abs();
            (0..=FOCAL_STEPS)
                .map(|step| seen(focal(step) * longer))
                .min_by(|a, b| off(a).total_cmp(&off(b)))?
        };
        (pose.ratio.is_finite() && pose.tilt_degrees.is_finite()).then_some(pose)
    }
}

fn cross([ax, ay, az]: [f64; 3], [bx, by, bz]: [f64; 3]) -> [f64; 3] {
    [ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx]
}

fn dot(a: [f64; 3], b: [f64; 3]) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

fn length(a: [f64; 3]) -> f64 {
    dot(a, a).sqrt()
}

/// From the unit square to a quadrangle: (ax + by + c, dx + ey + f) / (gx + hy + 1).
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct SquareMap([f64; 8]);

impl SquareMap {
    /// Heckbert, *Fundamentals of texture mapping and image warping*, 1989, §2.2.3.
    pub(crate) fn onto(Quad([p0, p1, p2, p3]): Quad) -> Self {
        let ([x0, y0], [x1, y1], [x2, y2], [x3, y3]) = (p0, p1, p2, p3);
        let (dx1, dx2, sx) = (x1 - x2, x3 - x2, x0 - x1 + x2 - x3);
        let (dy1, dy2, sy) = (y1 - y2, y3 - y2, y0 - y1 + y2 - y3);
        let size = dx1 * dy2 - dx2 * dy1;
        let (g, h) = ((sx * dy2 - dx2 * sy) / size, (dx1 * sy - sx * dy1) / size);
        Self([x1 - x0 + g * x1, x3 - x0 + h * x3, x0, y1 - y0 + g * y1, y3 - y0 + h * y3, y0, g, h])
    }

    #[cfg(test)]
    pub(crate) fn coefficients(&self) -> [f64; 8] {
        self.0
    }

    pub(crate) fn at(&self, [x, y]: Point) -> Point {
        let [a, b, c, d, e, f, g, h] = self.0;
        let w = g * x + h * y + 1.0;
        [(a * x + b * y + c) / w, (d * x + e * y + f) / w]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A rectangle of that ratio, turned about both axes, before a pinhole: its corners in a picture of 4000 × 3000.
    fn seen(ratio: f64, about_x: f64, about_y: f64, focal: f64, shift: [f64; 2]) -> Quad {
        let (sin_x, cos_x) = about_x.to_radians().sin_cos();
        let (sin_y, cos_y) = about_y.to_radians().sin_cos();
        Quad([[-1.0, -1.0], [1.0, -1.0], [1.0, 1.0], [-1.0, 1.0]].map(|[x, y]| {
            let (x, y) = (x * ratio, y);
            let (x, z) = (x * cos_y, -x * sin_y);
            let (y, z) = (y * cos_x - z * sin_x, y * sin_x + z * cos_x);
            let z = z + 5.0;
            let place = |at: f64, shift: f64, middle: f64| focal * 4000.0 * (at + shift) / z + middle;
            [place(x, shift[0], 1999.5), place(y, shift[1], 1499.5)]
        }))
    }

    #[test]
    fn ratio_and_tilt_come_back_from_a_pinholes_picture() {
        for (ratio, about_x, about_y, tilt) in [
            (1.586, 0.0, 0.0, 0.0),
            (1.586, 20.0, 0.0, 20.0),
            (1.586, 0.0, 20.0, 20.0),
            (1.586, 17.0, 17.0, 23.9),
            (1.586, 24.0, 24.0, 33.4),
        ] {
            for shift in [[0.0, 0.0], [0.2, -0.1]] {
                let quad = seen(ratio, about_x, about_y, 0.8, shift);
                let pose = quad.pose([4000.0, 3000.0], 1.586).expect("a rectangle");
                let case = format!("{about_x} {about_y} {shift:?} {pose:?}");
                assert!((pose.ratio - ratio).abs() < 0.01, "{case}");
                assert!((pose.tilt_degrees - tilt).abs() < 2.0, "{case}");
            }
        }
    }

    /// A square, a passport's page (125 × 88 mm) and A4 are no cards, whatever the camera.
    #[test]
    fn other_rectangles_keep_their_ratio() {
        for ratio in [1.0, 1.42, 1.414] {
            for (about_x, about_y) in [(0.0, 0.0), (15.0, 15.0)] {
                let quad = seen(ratio, about_x, about_y, 0.8, [0.0, 0.0]);
                let pose = quad.pose([4000.0, 3000.0], 1.586).expect("a rectangle");
                assert!((pose.ratio / ratio - 1.0).abs() < 0.02, "{ratio} {about_x}: {pose:?}");
            }
        }
    }

    #[test]
    fn the_square_is_laid_onto_the_corners() {
        let quad = seen(1.586, 12.0, -9.0, 0.8, [0.1, 0.0]);
        let map = SquareMap::onto(quad);
        let corners = [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]];
        for (corner, wanted) in corners.into_iter().zip(quad.0) {
            let found = map.at(corner);
            assert!((0..2).all(|axis| (found[axis] - wanted[axis]).abs() < 1e-6), "{found:?} {wanted:?}");
        }
    }

    #[test]
    fn corners_are_named_by_how_the_card_lies() {
        let lying = Quad([[10.0, 10.0], [110.0, 12.0], [108.0, 70.0], [9.0, 68.0]]);
        for turn in 0..4 {
            let mut corners = lying.0;
            corners.rotate_left(turn);
            assert_eq!(Quad(corners).lying(), lying);
        }
        assert!(lying.is_convex() && (lying.area() - 5_744.0).abs() < 60.0);
        let standing = Quad([[10.0, 10.0], [70.0, 10.0], [70.0, 110.0], [10.0, 110.0]]);
        assert_eq!(standing.lying().0[0], [70.0, 10.0]);
        assert!(lying.is_inside([120.0, 80.0], 5.0) && !lying.is_inside([120.0, 80.0], 10.0));
    }
}
