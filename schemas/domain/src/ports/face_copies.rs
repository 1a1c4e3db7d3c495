//! Telling that two photos are copies of one: a small grey crop of the face is kept of the reference, a larger patch of the
//! probe is searched for it. What belongs here: both, and how alike they are. Not here: finding and aligning the face.
//!
//! A copy that was recompressed, resized or cropped is the same face, but a detector puts its landmarks a pixel or two
//! elsewhere, and at this size that alone costs up to 0.19 of correlation (docs/face.md). So the crop is laid onto the patch in
//! many places, turns and sizes, and the best of them counts.

use zeroize::Zeroizing;

use crate::limits::{
    COPY_REFINEMENTS_MAX, COPY_SCALE_REACH, COPY_SHIFT_REACH_PX, COPY_STEP_HALVINGS, COPY_TURN_REACH_DEGREES,
};

/// Side of [`FaceCrop`], in pixels.
pub const FACE_CROP_SIDE: usize = 32;

/// Side of the square that an aligned face fills, in pixels of a [`FacePatch`]: the places of the landmarks are given in
/// it, and the crop covers it.
pub const FACE_SQUARE_SIDE: usize = 112;

/// Pixels of a [`FacePatch`] around that square, on each side: room for the search.
pub const FACE_PATCH_MARGIN: usize = 16;

/// Side of [`FacePatch`], in pixels.
pub const FACE_PATCH_SIDE: usize = FACE_SQUARE_SIDE + 2 * FACE_PATCH_MARGIN;

/// The aligned face, grey, 32 × 32: enough to tell that two photos are copies of one, and too little to show to
/// anybody. Personal data all the same.
#[derive(Clone, PartialEq, Eq)]
pub struct FaceCrop(Zeroizing<Vec<u8>>);

impl FaceCrop {
    /// None where it is not 32 × 32 bytes.
    pub fn new(grey: Vec<u8>) -> Option<Self> {
        let grey = Zeroizing::new(grey);
        (grey.len() == FACE_CROP_SIDE * FACE_CROP_SIDE).then_some(Self(grey))
    }

    /// A byte a pixel, to be sealed.
    pub fn grey(&self) -> &[u8] {
        &self.0
    }
}

impl std::fmt::Debug for FaceCrop {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("FaceCrop")
    }
}

/// The aligned face with a margin, grey. It is made of a photo, compared, and wiped.
#[derive(Clone, PartialEq, Eq)]
pub struct FacePatch(Zeroizing<Vec<u8>>);

impl FacePatch {
    /// None where it is not [`FACE_PATCH_SIDE`] bytes squared.
    pub fn new(grey: Vec<u8>) -> Option<Self> {
        let grey = Zeroizing::new(grey);
        (grey.len() == FACE_PATCH_SIDE * FACE_PATCH_SIDE).then_some(Self(grey))
    }

    /// The crop of the face as it was aligned.
    pub fn crop(&self) -> FaceCrop {
        let seen = self.smoothed().seen(Placement::ALIGNED);
        FaceCrop(Zeroizing::new(seen.iter().map(|grey| grey.round() as u8).collect()))
    }

    /// Pearson's correlation of that crop with this face where they agree best, −1 to 1; 0 where one of them is a single
    /// flat grey. Brightness and contrast make no difference.
    pub fn copy_correlation(&self, crop: &FaceCrop) -> f32 {
        let wanted = Centred::of(crop.0.iter().map(|grey| f32::from(*grey)).collect());
        let smoothed = self.smoothed();
        let judge = |placement: Placement| Centred::of(smoothed.seen(placement)).correlation(&wanted);
        let (mut best, mut found) = (Placement::ALIGNED, judge(Placement::ALIGNED));
        for placement in Placement::coarse() {
            let correlation = judge(placement);
            if correlation > found {
                (best, found) = (placement, correlation);
            }
        }
        // From there downhill by ever smaller steps.
        let mut size = 0.5;
        let mut halvings = 0;
        for _ in 0..COPY_REFINEMENTS_MAX {
            let near = best.neighbours(size).into_iter().filter(Placement::is_within_reach);
            let better =
                near.map(|placement| (placement, judge(placement))).max_by(|(_, a), (_, b)| a.total_cmp(b));
            match better {
                Some((placement, correlation)) if correlation > found => {
                    (best, found) = (placement, correlation);
                }
                _ if halvings == COPY_STEP_HALVINGS => break,
                _ => (size, halvings) = (size / 2.0, halvings + 1),
            }
        }
        found
    }

    /// Each pixel the mean of the square around it that a pixel of the crop covers.
    fn smoothed(&self) -> Smoothed {
        let grey = Zeroizing::new(self.0.iter().map(|grey| f32::from(*grey)).collect::<Vec<f32>>());
        let along = |grey: &[f32], step: usize, other: usize| {
            let mut means = Zeroizing::new(vec![0.0; grey.len()]);
            for line in 0..FACE_PATCH_SIDE {
                for place in 0..FACE_PATCH_SIDE {
                    let tap = |(at, share): (usize, f32)| {
                        let near = (place + at).saturating_sub(TAPS.len() / 2).min(FACE_PATCH_SIDE - 1);
                        share * grey[line * other + near * step]
                    };
                    let mean: f32 = TAPS.into_iter().enumerate().map(tap).sum();
                    means[line * other + place * step] = mean;
                }
            }
            means
        };
        let rows = along(&grey, 1, FACE_PATCH_SIDE);
        Smoothed(along(&rows, FACE_PATCH_SIDE, 1))
    }
}

impl std::fmt::Debug for FacePatch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("FacePatch")
    }
}

/// Pixels of the patch that one pixel of the crop is wide.
const PITCH: f32 = FACE_SQUARE_SIDE as f32 / FACE_CROP_SIDE as f32;

/// A box as wide as [`PITCH`], three and a half pixels, about the middle of a pixel.
const TAPS: [f32; 5] = [0.25 / PITCH, 1.0 / PITCH, 1.0 / PITCH, 1.0 / PITCH, 0.25 / PITCH];

/// Where the crop is laid onto the patch: about the patch's middle, in pixels of the patch.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Placement {
    right: f32,
    down: f32,
    scale: f32,
    turn: f32,
}

impl Placement {
    const ALIGNED: Self = Self { right: 0.0, down: 0.0, scale: 1.0, turn: 0.0 };

    /// Shifts in five steps along each axis, sizes and turns in three.
    fn coarse() -> impl Iterator<Item = Self> {
        let steps =
            |count: i8, reach: f32| (-count..=count).map(move |at| f32::from(at) / f32::from(count) * reach);
        steps(2, COPY_SHIFT_REACH_PX).flat_map(move |right| {
            steps(2, COPY_SHIFT_REACH_PX).flat_map(move |down| {
                steps(1, COPY_SCALE_REACH).flat_map(move |scale| {
                    steps(1, COPY_TURN_REACH_DEGREES.to_radians()).map(move |turn| Self {
                        right,
                        down,
                        scale: 1.0 + scale,
                        turn,
                    })
                })
            })
        })
    }

    fn is_within_reach(&self) -> bool {
        // A rounding's worth beyond a reach is within it.
        let within = |value: f32, reach: f32| value.abs() <= reach * 1.001;
        within(self.right, COPY_SHIFT_REACH_PX)
            && within(self.down, COPY_SHIFT_REACH_PX)
            && within(self.scale - 1.0, COPY_SCALE_REACH)
            && within(self.turn, COPY_TURN_REACH_DEGREES.to_radians())
    }

    /// A step to both sides along each of the four, by that share of a coarse step.
    fn neighbours(self, size: f32) -> [Self; 8] {
        let Self { right, down, scale, turn } = self;
        let shift = size * COPY_SHIFT_REACH_PX / 2.0;
        let (stretch, twist) = (size * COPY_SCALE_REACH, size * COPY_TURN_REACH_DEGREES.to_radians());
        [
            Self { right: right - shift, ..self },
            Self { right: right + shift, ..self },
            Self { down: down - shift, ..self },
            Self { down: down + shift, ..self },
            Self { scale: scale - stretch, ..self },
            Self { scale: scale + stretch, ..self },
            Self { turn: turn - twist, ..self },
            Self { turn: turn + twist, ..self },
        ]
    }
}

/// A patch whose pixels are means.
struct Smoothed(Zeroizing<Vec<f32>>);

impl Smoothed {
    /// What the crop's pixels see of it from there, bilinear; the edge goes on beyond the edge.
    fn seen(&self, placement: Placement) -> Vec<f32> {
        let (sin, cos) = placement.turn.sin_cos();
        let (along, across) = (cos * placement.scale * PITCH, sin * placement.scale * PITCH);
        let middle = (FACE_PATCH_SIDE - 1) as f32 / 2.0;
        let half = (FACE_CROP_SIDE - 1) as f32 / 2.0;
        let mut seen = Vec::with_capacity(FACE_CROP_SIDE * FACE_CROP_SIDE);
        for row in 0..FACE_CROP_SIDE {
            for column in 0..FACE_CROP_SIDE {
                let (u, v) = (column as f32 - half, row as f32 - half);
                let x = middle + placement.right + along * u - across * v;
                let y = middle + placement.down + across * u + along * v;
                seen.push(self.at(x, y));
            }
        }
        seen
    }

    fn at(&self, x: f32, y: f32) -> f32 {
        let last = (FACE_PATCH_SIDE - 1) as f32;
        let (x, y) = (x.clamp(0.0, last), y.clamp(0.0, last));
        let (left, top) = (x as usize, y as usize);
        let (right, bottom) = ((left + 1).min(FACE_PATCH_SIDE - 1), (top + 1).min(FACE_PATCH_SIDE - 1));
        let (across, down) = (x - left as f32, y - top as f32);
        let pixel = |x: usize, y: usize| self.0[y * FACE_PATCH_SIDE + x];
        let upper = pixel(left, top) + across * (pixel(right, top) - pixel(left, top));
        let lower = pixel(left, bottom) + across * (pixel(right, bottom) - pixel(left, bottom));
        upper + down * (lower - upper)
    }
}

/// Pixels about their mean, and the root of the sum of their squares.
struct Centred {
    pixels: Zeroizing<Vec<f32>>,
    length: f32,
}

impl Centred {
    fn of(mut pixels: Vec<f32>) -> Self {
        let mean = pixels.iter().sum::<f32>() / pixels.len() as f32;
        pixels.iter_mut().for_each(|pixel| *pixel -= mean);
        let length = pixels.iter().map(|pixel| pixel * pixel).sum::<f32>().sqrt();
        Self { pixels: Zeroizing::new(pixels), length }
    }

    fn correlation(&self, other: &Self) -> f32 {
        // A flat grey has rounding for a length: less than a hundredth of a grey level a pixel.
        let flat = 0.01 * (self.pixels.len() as f32).sqrt();
        if self.length <= flat || other.length <= flat {
            return 0.0;
        }
        let both: f32 = self.pixels.iter().zip(other.pixels.iter()).map(|(a, b)| a * b).sum();
        (both / (self.length * other.length)).clamp(-1.0, 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Something with the shapes of a face: an oval, two dark eyes, a mouth; `at` moves a point of the patch first.
    fn drawn(at: impl Fn(f32, f32) -> (f32, f32)) -> FacePatch {
        let pixel = |index: usize| {
            let (x, y) = at((index % FACE_PATCH_SIDE) as f32, (index / FACE_PATCH_SIDE) as f32);
            let blob = |left: f32, top: f32, width: f32, height: f32| {
                (-((x - left) / width).powi(2) - ((y - top) / height).powi(2)).exp()
            };
            let face = 40.0 + 160.0 * blob(72.0, 76.0, 50.0, 64.0);
            let eyes = 90.0 * (blob(54.0, 68.0, 8.0, 4.0) + blob(90.0, 68.0, 8.0, 4.0));
            (face - eyes - 60.0 * blob(72.0, 108.0, 16.0, 4.0)) as u8
        };
        FacePatch::new((0..FACE_PATCH_SIDE * FACE_PATCH_SIDE).map(pixel).collect()).expect("a patch")
    }

    #[test]
    fn a_crop_is_found_where_it_was_moved_to() {
        let crop = drawn(|x, y| (x, y)).crop();
        let moved = |right: f32, down: f32, scale: f32, degrees: f32| {
            let (sin, cos) = degrees.to_radians().sin_cos();
            drawn(move |x, y| {
                let (x, y) = (x - 71.5 - right, y - 71.5 - down);
                (71.5 + (cos * x + sin * y) / scale, 71.5 + (cos * y - sin * x) / scale)
            })
        };
        for (right, down, scale, degrees) in
            [(0.0, 0.0, 1.0, 0.0), (3.0, -2.0, 1.0, 0.0), (-5.0, 4.0, 1.04, 2.0), (1.5, 1.5, 0.96, -3.0)]
        {
            let found = moved(right, down, scale, degrees).copy_correlation(&crop);
            assert!(found > 0.998, "{right} {down} {scale} {degrees}: {found}");
        }
        // Where it is not looked for any more, it is another picture.
        let far = moved(22.0, -22.0, 1.0, 0.0).copy_correlation(&crop);
        assert!(far < 0.98, "{far}");
    }

    #[test]
    fn brightness_and_contrast_make_no_difference_and_flat_grey_is_like_nothing() {
        let face = drawn(|x, y| (x, y));
        let changed = |change: fn(u8) -> u8| {
            FacePatch::new(face.0.iter().map(|grey| change(*grey)).collect()).expect("a patch")
        };
        assert!(changed(|grey| grey / 2 + 40).copy_correlation(&face.crop()) > 0.998);
        assert!(changed(|grey| 255 - grey).copy_correlation(&face.crop()) < 0.9);
        assert_eq!(changed(|_| 7).copy_correlation(&face.crop()), 0.0);
        assert_eq!(face.copy_correlation(&changed(|_| 7).crop()), 0.0);
    }

    #[test]
    fn sizes_are_checked_and_nothing_is_shown() {
        assert_eq!(FaceCrop::new(vec![0; 1023]), None);
        assert_eq!(FacePatch::new(vec![0; 1024]), None);
        let patch = FacePatch::new(vec![90; FACE_PATCH_SIDE * FACE_PATCH_SIDE]).expect("a patch");
        assert_eq!(patch.crop().grey(), [90; 1024]);
        assert_eq!(format!("{patch:?} {:?}", patch.crop()), "FacePatch FaceCrop");
    }
}
