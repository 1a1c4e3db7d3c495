//! How the camera is held over the table: a pinhole with its principal point in the middle, and the way back from a
//! pixel to a place on the table. Places on the table are millimetres from the card's middle, to the right and down.
//! Not here: what lies there (`scene`).

/// Focal length beside the picture's width: a phone's main camera, about 28 mm on film.
const FOCAL: f32 = 0.80;

/// How the card is seen.
#[derive(Clone, Copy)]
pub(crate) struct Pose {
    /// The card's width beside the picture's, were it not tilted.
    pub(crate) width_part: f32,
    /// Between the card's plane and the picture's.
    pub(crate) tilt_degrees: f32,
    /// Direction of the axis it is tilted about.
    pub(crate) axis_degrees: f32,
    pub(crate) roll_degrees: f32,
    /// The card's middle from the picture's, in parts of the picture's width.
    pub(crate) shift: (f32, f32),
}

/// From pixels to the table.
pub(crate) struct PlaneView {
    inverse: [[f32; 3]; 3],
    pub(crate) pixels_per_mm: f32,
}

impl PlaneView {
    pub(crate) fn new(pose: &Pose, (width, height): (usize, usize), card_width_mm: f32) -> Self {
        let (width, height) = (width as f32, height as f32);
        let focal = FOCAL * width;
        let pixels_per_mm = pose.width_part * width / card_width_mm;
        let distance = focal / pixels_per_mm;
        let columns = rotation(pose);
        let shift =
            [pose.shift.0 * width / focal * distance, pose.shift.1 * width / focal * distance, distance];
        let (middle_x, middle_y) = (width / 2.0, height / 2.0);
        // The camera's matrix times two columns of the rotation and the shift.
        let project = |v: [f32; 3]| [focal * v[0] + middle_x * v[2], focal * v[1] + middle_y * v[2], v[2]];
        let [a, b, c] = [columns[0], columns[1], shift].map(project);
        let forward = [[a[0], b[0], c[0]], [a[1], b[1], c[1]], [a[2], b[2], c[2]]];
        Self { inverse: adjugate(&forward), pixels_per_mm }
    }

    /// The place on the table that is seen there.
    pub(crate) fn place(&self, x: f32, y: f32) -> (f32, f32) {
        let [u, v, w] = self.inverse.map(|row| row[0] * x + row[1] * y + row[2]);
        (u / w, v / w)
    }
}

/// The first two columns of a rotation: a tilt about an axis in the plane, then a roll.
fn rotation(pose: &Pose) -> [[f32; 3]; 2] {
    let (sin_tilt, cos_tilt) = pose.tilt_degrees.to_radians().sin_cos();
    let (axis_y, axis_x) = pose.axis_degrees.to_radians().sin_cos();
    let (sin_roll, cos_roll) = pose.roll_degrees.to_radians().sin_cos();
    let rest = 1.0 - cos_tilt;
    let first = [cos_tilt + axis_x * axis_x * rest, axis_x * axis_y * rest, -axis_y * sin_tilt];
    let second = [axis_x * axis_y * rest, cos_tilt + axis_y * axis_y * rest, axis_x * sin_tilt];
    let rolled = |[x, y, z]: [f32; 3]| [cos_roll * x - sin_roll * y, sin_roll * x + cos_roll * y, z];
    [rolled(first), rolled(second)]
}

/// The inverse up to a factor, which places do not depend on.
fn adjugate(m: &[[f32; 3]; 3]) -> [[f32; 3]; 3] {
    let minor = |r: usize, s: usize, c: usize, d: usize| m[r][c] * m[s][d] - m[r][d] * m[s][c];
    [
        [minor(1, 2, 1, 2), -minor(0, 2, 1, 2), minor(0, 1, 1, 2)],
        [-minor(1, 2, 0, 2), minor(0, 2, 0, 2), -minor(0, 1, 0, 2)],
        [minor(1, 2, 0, 1), -minor(0, 2, 0, 1), minor(0, 1, 0, 1)],
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    const FLAT: Pose =
        Pose { width_part: 0.5, tilt_degrees: 0.0, axis_degrees: 0.0, roll_degrees: 0.0, shift: (0.0, 0.0) };

    #[test]
    fn the_middle_of_the_picture_is_the_middle_of_the_card() {
        for (tilt_degrees, roll_degrees) in [(0.0, 0.0), (30.0, 0.0), (20.0, 80.0)] {
            let pose = Pose { tilt_degrees, roll_degrees, axis_degrees: 33.0, ..FLAT };
            let (u, v) = PlaneView::new(&pose, (1000, 800), 100.0).place(500.0, 400.0);
            assert!(u.abs() < 1e-3 && v.abs() < 1e-3, "{u} {v}");
        }
    }

    #[test]
    fn a_tilt_makes_the_far_half_smaller() {
        let flat = PlaneView::new(&FLAT, (1000, 800), 100.0);
        let (u, _) = flat.place(750.0, 400.0);
        assert!((u - 50.0).abs() < 1e-2, "half of 100 mm lies a quarter of the picture from the middle: {u}");
        let tilted = Pose { tilt_degrees: 30.0, axis_degrees: 90.0, ..FLAT };
        let view = PlaneView::new(&tilted, (1000, 800), 100.0);
        let (right, left) = (view.place(700.0, 400.0).0, -view.place(300.0, 400.0).0);
        assert!((right - left).abs() > 10.0, "{right} {left}");
        let rolled = Pose { roll_degrees: 90.0, ..FLAT };
        let (u, v) = PlaneView::new(&rolled, (1000, 800), 100.0).place(500.0, 500.0);
        assert!((u - 20.0).abs() < 1e-2 && v.abs() < 1e-2, "{u} {v}");
    }
}
