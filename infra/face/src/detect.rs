//! The detector: a picture laid into the model's input, its grids read, double finds dropped. The decoding is YuNet's
//! (Wu, Peng, Yu, *YuNet: A Tiny Millisecond-level Face Detector*, 2023; libfacedetection). Not here: what is done about
//! a face that lies on its side (`reader`).

use domain::ports::{DetectedFace, FaceDetector, FaceModelFault, FaceModelId, Picture};

use crate::geometry::shrink;
use crate::limits::{CANDIDATES_MAX, FACES_MAX};
use crate::manifest::{Channels, Decoding, Detector, Input};
use crate::session::Session;

/// A detector of YuNet's kind.
pub struct OnnxDetector {
    session: Session,
    input: Input,
    detector: Detector,
    /// For each stride, where its `cls`, `obj`, `bbox` and `kps` are among the outputs.
    places: Vec<(usize, [usize; 4])>,
}

impl OnnxDetector {
    pub(crate) fn new(
        session: Session,
        input: Input,
        detector: Detector,
        outputs: &[String],
    ) -> Option<Self> {
        let place = |stride: &usize| {
            let mut places = [0; 4];
            for (place, (name, _)) in places.iter_mut().zip(Detector::outputs_of(*stride)) {
                *place = outputs.iter().position(|output| *output == name)?;
            }
            Some((*stride, places))
        };
        let places = detector.strides.iter().map(place).collect::<Option<_>>()?;
        Some(Self { session, input, detector, places })
    }

    /// What the model is fed for a picture: the whole of it in the top left corner, made smaller where it must be.
    pub fn tensor(&self, picture: &Picture) -> Vec<f32> {
        let [_, _, height, width] = self.input.shape;
        let scale = self.scale(picture);
        let side = |pixels: usize| ((pixels as f32 * scale).round() as usize).max(1);
        let smaller = (scale < 1.0)
            .then(|| shrink(picture, side(picture.width()).min(width), side(picture.height()).min(height)))
            .flatten();
        tensor(smaller.as_ref().unwrap_or(picture), &self.input)
    }

    /// The runtime alone, on such a tensor: what a benchmark holds [`FaceDetector::detect`] against.
    ///
    /// # Errors
    /// The runtime failed.
    pub fn run(&self, tensor: &[f32]) -> Result<Vec<Vec<f32>>, FaceModelFault> {
        self.session.run(tensor)
    }

    /// One for both axes; a picture that fits is not made larger.
    fn scale(&self, picture: &Picture) -> f32 {
        let [_, _, height, width] = self.input.shape;
        (width as f32 / picture.width() as f32).min(height as f32 / picture.height() as f32).min(1.0)
    }

    /// From this score on a face needs no second look.
    pub(crate) fn score_sure(&self) -> f32 {
        self.detector.score_sure
    }

    /// Every cell above the threshold.
    fn candidates(&self, outputs: &[Vec<f32>], scale: f32) -> Vec<DetectedFace> {
        // The one decoding there is: another would not compile before it has its own way here.
        let Decoding::Yunet = self.detector.decoding;
        let mut found = Vec::new();
        for (stride, [cls, obj, bbox, kps]) in &self.places {
            let columns = self.input.shape[3] / stride;
            let (boxes, points) = (outputs[*bbox].as_chunks::<4>().0, outputs[*kps].as_chunks::<10>().0);
            let cells = outputs[*cls].iter().zip(&outputs[*obj]).zip(boxes).zip(points).enumerate();
            for (cell, (((cls, obj), bounds), points)) in cells {
                let score = (cls.clamp(0.0, 1.0) * obj.clamp(0.0, 1.0)).sqrt();
                // NaN is below every threshold.
                if score >= self.detector.score_min {
                    let (column, row) = ((cell % columns) as f32, (cell / columns) as f32);
                    found.extend(decoded([column, row], *stride as f32 / scale, bounds, points, score));
                }
            }
        }
        found
    }
}

/// One cell's face, in pixels of the picture. None where a number is not finite.
fn decoded(
    [column, row]: [f32; 2],
    stride: f32,
    bounds: &[f32; 4],
    points: &[f32; 10],
    score: f32,
) -> Option<DetectedFace> {
    let [x, y, log_width, log_height] = *bounds;
    let (width, height) = (log_width.exp() * stride, log_height.exp() * stride);
    let bounds = [(column + x) * stride - width / 2.0, (row + y) * stride - height / 2.0, width, height];
    let mut landmarks = [[0.0; 2]; 5];
    for (landmark, [x, y]) in landmarks.iter_mut().zip(points.as_chunks().0) {
        *landmark = [(column + x) * stride, (row + y) * stride];
    }
    let finite = bounds.iter().chain(landmarks.as_flattened()).all(|number| number.is_finite());
    finite.then_some(DetectedFace { bounds, landmarks, score })
}

/// How much of two boxes together they share.
fn overlap(a: &[f32; 4], b: &[f32; 4]) -> f32 {
    let side = |at: usize| (a[at] + a[at + 2]).min(b[at] + b[at + 2]) - a[at].max(b[at]);
    let shared = side(0).max(0.0) * side(1).max(0.0);
    let all = a[2] * a[3] + b[2] * b[3] - shared;
    if all > 0.0 { shared / all } else { 0.0 }
}

/// Of faces that overlap only the surest; then the largest first.
fn distinct(mut candidates: Vec<DetectedFace>, overlap_max: f32) -> Vec<DetectedFace> {
    candidates.sort_by(|a, b| b.score.total_cmp(&a.score));
    candidates.truncate(CANDIDATES_MAX);
    let mut kept: Vec<DetectedFace> = Vec::new();
    for face in candidates {
        if kept.len() < FACES_MAX
            && kept.iter().all(|other| overlap(&face.bounds, &other.bounds) <= overlap_max)
        {
            kept.push(face);
        }
    }
    kept.sort_by(|a, b| b.size().total_cmp(&a.size()));
    kept
}

/// A picture as a model's input: the given size, in the top left corner, the rest black.
pub(crate) fn tensor(picture: &Picture, input: &Input) -> Vec<f32> {
    let [_, _, height, width] = input.shape;
    // Black is 0 before the mean is taken off.
    let mut numbers: Vec<f32> =
        input.mean.iter().flat_map(|mean| std::iter::repeat_n(-mean * input.scale, width * height)).collect();
    let rows = picture.rgb().chunks_exact(picture.width() * 3).take(height);
    for (plane, numbers) in numbers.chunks_exact_mut(width * height).enumerate() {
        let channel = match input.channels {
            Channels::Rgb => plane,
            Channels::Bgr => 2 - plane,
        };
        for (row, line) in rows.clone().zip(numbers.chunks_exact_mut(width)) {
            for (number, pixel) in line.iter_mut().zip(row.as_chunks::<3>().0) {
                *number = (f32::from(pixel[channel]) - input.mean[plane]) * input.scale;
            }
        }
    }
    numbers
}

impl FaceDetector for OnnxDetector {
    fn model(&self) -> &FaceModelId {
        self.session.id()
    }

    fn detect(&self, picture: &Picture) -> Result<Vec<DetectedFace>, FaceModelFault> {
        let outputs = self.session.run(&self.tensor(picture))?;
        Ok(distinct(self.candidates(&outputs, self.scale(picture)), self.detector.overlap_max))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn face(bounds: [f32; 4], score: f32) -> DetectedFace {
        DetectedFace { bounds, landmarks: [[0.0; 2]; 5], score }
    }

    #[test]
    fn a_cell_is_decoded_as_worked_out_by_hand() {
        // Column 3, row 2 of stride 8, in a picture that was halved: 16 pixels a cell. Centre (3.5, 2.25) · 16 =
        // (56, 36); sides e^0 · 16 = 16 and e^ln 2 · 16 = 32; a landmark at (3 + 1, 2 − 1) · 16 = (64, 16).
        let points = [1.0, -1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.5];
        let found =
            decoded([3.0, 2.0], 8.0 / 0.5, &[0.5, 0.25, 0.0, 2.0_f32.ln()], &points, 0.9).expect("finite");
        assert_eq!(found.bounds, [48.0, 20.0, 16.0, 32.0]);
        assert_eq!(found.landmarks[0], [64.0, 16.0]);
        assert_eq!(found.landmarks[4], [48.0, 40.0]);
        assert_eq!(decoded([0.0; 2], 8.0, &[0.0, 0.0, f32::INFINITY, 0.0], &points, 0.9), None);
        assert_eq!(decoded([0.0; 2], 8.0, &[f32::NAN, 0.0, 0.0, 0.0], &points, 0.9), None);
    }

    #[test]
    fn overlap_is_intersection_over_union() {
        // Two squares of 10, shifted by 5: 50 of 150.
        assert_eq!(overlap(&[0.0, 0.0, 10.0, 10.0], &[5.0, 0.0, 10.0, 10.0]), 1.0 / 3.0);
        assert_eq!(overlap(&[0.0, 0.0, 10.0, 10.0], &[10.0, 0.0, 10.0, 10.0]), 0.0);
        assert_eq!(overlap(&[0.0; 4], &[0.0; 4]), 0.0);
    }

    #[test]
    fn double_finds_go_and_the_largest_comes_first() {
        let small = face([100.0, 100.0, 10.0, 10.0], 0.99);
        let large = face([0.0, 0.0, 40.0, 40.0], 0.8);
        let shifted = face([2.0, 2.0, 40.0, 40.0], 0.7);
        assert_eq!(distinct(vec![shifted, small, large], 0.3), [large, small]);
        let many = (0..2000).map(|at| face([at as f32 * 50.0, 0.0, 10.0, 10.0], 0.9)).collect();
        assert_eq!(distinct(many, 0.3).len(), FACES_MAX);
    }

    #[test]
    fn planes_follow_the_manifests_order() {
        let picture = Picture::new(1, 1, vec![10, 20, 30]).expect("one pixel");
        let mut input = Input {
            name: "x".to_owned(),
            shape: [1, 3, 1, 2],
            channels: Channels::Rgb,
            mean: [0.0; 3],
            scale: 1.0,
        };
        assert_eq!(tensor(&picture, &input), [10.0, 0.0, 20.0, 0.0, 30.0, 0.0]);
        input.channels = Channels::Bgr;
        assert_eq!(tensor(&picture, &input), [30.0, 0.0, 20.0, 0.0, 10.0, 0.0]);
        (input.mean, input.scale) = ([2.0, 4.0, 6.0], 0.5);
        assert_eq!(tensor(&picture, &input), [14.0, -1.0, 8.0, -2.0, 2.0, -3.0]);
    }
}
