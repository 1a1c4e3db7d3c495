//! The ports of face recognition: who finds faces in a picture, who turns one into a vector, and what the house asks
//! of the two together. Their adapter is `infra/face`. Not here: when a photo is read, and what a match decides.

use async_trait::async_trait;
use zeroize::{Zeroize, Zeroizing};

use super::{FaceCrop, FaceModelId, FaceModelSet, FacePatch};

/// A decoded picture: 8 bits a channel, red, green, blue, rows from the top, upright as its EXIF orientation says.
/// Wiped when it is dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct Picture {
    width: usize,
    height: usize,
    rgb: Zeroizing<Vec<u8>>,
}

impl Picture {
    /// None where the bytes are not three for each of `width` × `height` pixels, or there is no pixel.
    pub fn new(width: usize, height: usize, rgb: Vec<u8>) -> Option<Self> {
        let rgb = Zeroizing::new(rgb);
        let wanted = width.checked_mul(height)?.checked_mul(3)?;
        (wanted > 0 && rgb.len() == wanted).then_some(Self { width, height, rgb })
    }

    /// Pixels a row.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Rows.
    pub fn height(&self) -> usize {
        self.height
    }

    /// Three bytes a pixel, row after row.
    pub fn rgb(&self) -> &[u8] {
        &self.rgb
    }
}

impl std::fmt::Debug for Picture {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Picture({} x {})", self.width, self.height)
    }
}

/// A face that a detector found. Pixels of the picture it was found in, x to the right, y down.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DetectedFace {
    /// Left, top, width, height. It may reach beyond the picture.
    pub bounds: [f32; 4],
    /// The eye at the picture's left, the eye at its right, the tip of the nose, the mouth's corner at the left, the
    /// one at the right: as one looks at the picture.
    pub landmarks: [[f32; 2]; 5],
    /// How sure the detector is, 0 to 1.
    pub score: f32,
}

impl DetectedFace {
    /// Between the two eyes, in pixels.
    pub fn eye_distance(&self) -> f32 {
        let [[left_x, left_y], [right_x, right_y], ..] = self.landmarks;
        (right_x - left_x).hypot(right_y - left_y)
    }

    /// The angle of the line between the eyes, in degrees, clockwise as one looks at the picture; 0 is upright.
    pub fn roll_degrees(&self) -> f32 {
        let [[left_x, left_y], [right_x, right_y], ..] = self.landmarks;
        (right_y - left_y).atan2(right_x - left_x).to_degrees()
    }

    /// The geometric mean of the box's sides: a face twice as near is twice as large.
    pub fn size(&self) -> f32 {
        (self.bounds[2].max(0.0) * self.bounds[3].max(0.0)).sqrt()
    }
}

/// What a model makes of a face: of length 1, so that a product of two is their cosine. It is biometric data: wiped
/// when dropped, never printed.
#[derive(Clone, PartialEq)]
pub struct FaceVector(Vec<f32>);

impl FaceVector {
    /// Brings the numbers to length 1. None where that cannot be done: a number that is not finite, all zero, none.
    pub fn normalised(mut values: Vec<f32>) -> Option<Self> {
        let length = values.iter().map(|value| f64::from(*value).powi(2)).sum::<f64>().sqrt();
        if !length.is_finite() || length <= f64::from(f32::EPSILON) {
            values.zeroize();
            return None;
        }
        values.iter_mut().for_each(|value| *value = (f64::from(*value) / length) as f32);
        Some(Self(values))
    }

    /// Its numbers, to be sealed.
    pub fn values(&self) -> &[f32] {
        &self.0
    }

    /// −1 to 1: the larger, the more alike. None for vectors of unequal dimension, which no one model made.
    pub fn cosine(&self, other: &Self) -> Option<f32> {
        let products = self.0.iter().zip(&other.0).map(|(a, b)| f64::from(*a) * f64::from(*b));
        (self.0.len() == other.0.len()).then(|| products.sum::<f64>().clamp(-1.0, 1.0) as f32)
    }
}

impl Drop for FaceVector {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl std::fmt::Debug for FaceVector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "FaceVector({} numbers)", self.0.len())
    }
}

/// What keeps a photo's face from being compared, or what to know of it. Kept with the enrolment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FaceCause {
    /// The detector found none.
    NoFace,
    /// There are more; the largest was taken. The one cause beside which there is a vector.
    SeveralFaces,
    /// The eyes are too close together, in pixels, for what the embedder was trained on.
    FaceTooSmall,
    /// Too little detail is left in the face.
    Blurred,
    /// The bytes have a picture's structure, and no decoder makes pixels of them.
    Undecodable,
    /// More pixels than a photo may have to be decoded.
    TooLarge,
    /// The photo's envelope is not what was sealed: nobody saw the photo. No reader gives this cause.
    NotAuthentic,
}

impl FaceCause {
    /// Every cause.
    pub const ALL: [Self; 7] = [
        Self::NoFace,
        Self::SeveralFaces,
        Self::FaceTooSmall,
        Self::Blurred,
        Self::Undecodable,
        Self::TooLarge,
        Self::NotAuthentic,
    ];

    /// Its name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::NoFace => "no_face",
            Self::SeveralFaces => "several_faces",
            Self::FaceTooSmall => "face_too_small",
            Self::Blurred => "blurred",
            Self::Undecodable => "undecodable",
            Self::TooLarge => "too_large",
            Self::NotAuthentic => "not_authentic",
        }
    }

    /// The cause of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|cause| cause.name() == name)
    }
}

/// What a photo's face came to.
#[derive(Debug, Clone, PartialEq)]
pub struct FaceReading {
    /// Which embedder made the vector.
    pub model: FaceModelId,
    /// Of the largest face.
    pub vector: FaceVector,
    /// The same face, small: what is kept of a reference to tell copies by. The same whichever embedder was asked for.
    pub crop: FaceCrop,
    /// The same face, larger: what a probe's is looked for in with a reference's crop. Never stored.
    pub patch: FacePatch,
    /// Between its eyes, in pixels of the photo; of a large one that had to be turned, in those of its reduced copy.
    pub eye_distance: f32,
    /// How much detail it holds, 0 to 1.
    pub sharpness: f32,
    /// How large the second largest face is against it, 0 to 1; none where there is no other.
    pub second_face: Option<f32>,
}

impl FaceReading {
    /// [`FaceCause::SeveralFaces`], or none.
    pub fn cause(&self) -> Option<FaceCause> {
        self.second_face.map(|_| FaceCause::SeveralFaces)
    }
}

/// Finds faces.
pub trait FaceDetector: Send + Sync {
    /// Which model does it.
    fn model(&self) -> &FaceModelId;

    /// Every face above the model's own threshold, the largest first, each once. No face is an empty list. The same
    /// picture gives the same faces.
    ///
    /// # Errors
    /// The runtime failed: no word about the picture.
    fn detect(&self, picture: &Picture) -> Result<Vec<DetectedFace>, FaceModelFault>;
}

/// Turns a face into a vector.
pub trait FaceEmbedder: Send + Sync {
    /// Which model does it: what its vectors are told apart by.
    fn model(&self) -> &FaceModelId;

    /// The face as the model wants to see it: turned upright, scaled and cropped by its landmarks. None where the
    /// landmarks lie in one point.
    fn align(&self, picture: &Picture, face: &DetectedFace) -> Option<Picture>;

    /// The vector of an aligned face. The same face gives the same vector on one machine, and one of cosine ≥ 0.9999
    /// on another: kernels differ between processors.
    ///
    /// # Errors
    /// The runtime failed.
    fn embed(&self, aligned: &Picture) -> Result<FaceVector, FaceModelFault>;
}

/// Reads photos: decodes, detects, aligns, judges, embeds. What the projector and the API are given.
#[async_trait]
pub trait FaceReader: Send + Sync {
    /// What it was given.
    fn models(&self) -> &FaceModelSet;

    /// One photo, JPEG or PNG, with the vector of that embedder. `Ok(Err(cause))` is an answer about the photo and comes
    /// out the same each time; an error is one of this machine at this moment, and worth trying again, but for
    /// [`FaceReaderError::UnknownModel`].
    async fn read(
        &self,
        photo: Zeroizing<Vec<u8>>,
        embedder: &FaceModelId,
    ) -> Result<Result<FaceReading, FaceCause>, FaceReaderError>;
}

/// The runtime refused a tensor or gave back another shape than the manifest says. Carries no word of the picture.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the model {model} could not be run: {words}")]
pub struct FaceModelFault {
    /// The manifest's name.
    pub model: String,
    /// The runtime's.
    pub words: String,
}

/// Why a photo was not read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FaceReaderError {
    /// As many photos as may wait are waiting.
    #[error("as many photos as may wait are waiting to be read")]
    Full,
    /// Reading it broke off: a defect in a decoder, say. Only this photo is lost by it.
    #[error("reading the photo broke off")]
    Broken,
    /// A model failed.
    #[error(transparent)]
    Model(#[from] FaceModelFault),
    /// The embedder that was asked for is none of [`FaceReader::models`].
    #[error("the model {0} is not loaded")]
    UnknownModel(FaceModelId),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vector(values: &[f32]) -> FaceVector {
        FaceVector::normalised(values.to_vec()).expect("has a length")
    }

    #[test]
    fn a_vector_has_length_one_and_cosine_is_what_it_says() {
        assert_eq!(vector(&[3.0, 4.0]).values(), [0.6, 0.8]);
        for (a, b, cosine) in
            [([3.0, 4.0], [6.0, 8.0], 1.0), ([1.0, 0.0], [0.0, 5.0], 0.0), ([1.0, 0.0], [-2.0, 0.0], -1.0)]
        {
            let found = vector(&a).cosine(&vector(&b)).expect("equal dimensions");
            assert!((found - cosine).abs() < 1e-6, "{a:?} {b:?}: {found}");
        }
        assert_eq!(vector(&[1.0]).cosine(&vector(&[1.0, 0.0])), None);
        for bad in [vec![], vec![0.0, 0.0], vec![f32::NAN, 1.0], vec![f32::INFINITY]] {
            assert_eq!(FaceVector::normalised(bad), None);
        }
        assert_eq!(format!("{:?}", vector(&[3.0, 4.0])), "FaceVector(2 numbers)");
    }

    #[test]
    fn the_eye_line_gives_distance_and_roll() {
        let face = |left: [f32; 2], right: [f32; 2]| DetectedFace {
            bounds: [0.0, 0.0, 40.0, 90.0],
            landmarks: [left, right, [0.0; 2], [0.0; 2], [0.0; 2]],
            score: 0.9,
        };
        for (left, right, roll) in [
            ([0.0, 0.0], [30.0, 0.0], 0.0),
            ([0.0, 0.0], [0.0, 30.0], 90.0),
            ([30.0, 0.0], [0.0, 0.0], 180.0),
            ([0.0, 30.0], [0.0, 0.0], -90.0),
        ] {
            let found = face(left, right);
            assert!((found.roll_degrees() - roll).abs() < 1e-3, "{left:?} {right:?}");
            assert!((found.eye_distance() - 30.0).abs() < 1e-3);
            assert!((found.size() - 60.0).abs() < 1e-3);
        }
    }

    #[test]
    fn causes_have_one_name_each() {
        for cause in FaceCause::ALL {
            assert_eq!(FaceCause::parse(cause.name()), Some(cause));
        }
        assert_eq!(FaceCause::parse("no_model"), None);
    }

    #[test]
    fn a_picture_is_as_large_as_it_says() {
        assert!(Picture::new(2, 1, vec![0; 6]).is_some());
        for (width, height, bytes) in [(2, 1, 5), (0, 1, 0), (usize::MAX, 2, 6)] {
            assert_eq!(Picture::new(width, height, vec![0; bytes]), None);
        }
    }
}
