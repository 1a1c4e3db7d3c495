//! A reader of "photos" without pictures: what a photo comes to follows from its bytes alone, as with a real one, but at
//! once and without a model file. It can be made to fail, and says what it was given.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use domain::ids::derived;
use domain::ports::{
    EmbedderModel, FACE_CROP_SIDE, FACE_PATCH_SIDE, FaceCause, FaceCrop, FaceModel, FaceModelId,
    FaceModelSet, FacePatch, FaceReader, FaceReaderError, FaceReading, FaceVector, MatchThresholds,
};
use zeroize::Zeroizing;

/// Numbers of its vectors.
const NUMBERS: u64 = 16;

/// Photos that begin so have no face: [`FaceCause::NoFace`].
pub const NO_FACE: &[u8] = b"no face";

/// Photos that begin so have two: [`FaceCause::SeveralFaces`].
pub const TWO_FACES: &[u8] = b"two faces";

/// Photos that begin so end the reading every time: [`FaceReaderError::Broken`].
pub const BREAKS: &[u8] = b"breaks";

/// The reader. Two of one name and number read every photo alike, others read no two alike.
pub struct ByteReader {
    models: FaceModelSet,
    failure: Mutex<Option<FaceReaderError>>,
    read: AtomicUsize,
}

impl ByteReader {
    /// With a primary model of that name, whose file has that digest.
    pub fn new(name: &str, digest: u8) -> Self {
        let models = FaceModelSet {
            detector: model("a-detector", 0),
            primary: EmbedderModel {
                model: model(name, digest),
                thresholds: MatchThresholds {
                    low_milli: 400,
                    medium_milli: 500,
                    high_milli: 600,
                    calibration: "made up".to_owned(),
                },
            },
            others: Vec::new(),
            text_reader: None,
        };
        Self { models, failure: Mutex::default(), read: AtomicUsize::new(0) }
    }

    /// The model that makes its vectors.
    pub fn model(&self) -> &FaceModelId {
        &self.models.primary.model.id
    }

    /// From now on every photo ends in that error; none: photos are read again.
    pub fn fail(&self, error: Option<FaceReaderError>) {
        *self.failure.lock().unwrap_or_else(PoisonError::into_inner) = error;
    }

    /// How many photos it was given.
    pub fn photos_read(&self) -> usize {
        self.read.load(Ordering::SeqCst)
    }

    /// The vector that it makes of those bytes.
    pub fn vector(&self, photo: &[u8]) -> FaceVector {
        let numbers = (0..NUMBERS).map(|n| f32::from(self.bytes(photo, n)[0]) - 127.5).collect();
        FaceVector::normalised(numbers).expect("numbers that are not all zero")
    }

    fn bytes(&self, photo: &[u8], n: u64) -> [u8; 16] {
        let photo: String = photo.iter().map(|byte| format!("{byte:02x}")).collect();
        derived(&self.model().to_string(), &photo, n)
    }

    fn reading(&self, photo: &[u8]) -> FaceReading {
        let grey = |side: usize| {
            let seed = self.bytes(photo, NUMBERS);
            (0..side * side).map(|at| seed[at % seed.len()]).collect()
        };
        FaceReading {
            model: self.model().clone(),
            vector: self.vector(photo),
            crop: FaceCrop::new(grey(FACE_CROP_SIDE)).expect("of that side"),
            patch: FacePatch::new(grey(FACE_PATCH_SIDE)).expect("of that side"),
            eye_distance: 60.0,
            sharpness: 0.75,
            second_face: photo.starts_with(TWO_FACES).then_some(0.5),
        }
    }
}

fn model(name: &str, digest: u8) -> FaceModel {
    FaceModel {
        id: FaceModelId { name: name.to_owned(), sha256: [digest; 32] },
        file: format!("{name}.onnx"),
        licence: "none".to_owned(),
        licence_note: "no model".to_owned(),
        source: "no file".to_owned(),
    }
}

#[async_trait]
impl FaceReader for ByteReader {
    fn models(&self) -> &FaceModelSet {
        &self.models
    }

    async fn read(
        &self,
        photo: Zeroizing<Vec<u8>>,
        embedder: &FaceModelId,
    ) -> Result<Result<FaceReading, FaceCause>, FaceReaderError> {
        self.read.fetch_add(1, Ordering::SeqCst);
        if let Some(error) = self.failure.lock().unwrap_or_else(PoisonError::into_inner).clone() {
            return Err(error);
        }
        if embedder != self.model() {
            return Err(FaceReaderError::UnknownModel(embedder.clone()));
        }
        if photo.starts_with(BREAKS) {
            return Err(FaceReaderError::Broken);
        }
        if photo.starts_with(NO_FACE) {
            return Ok(Err(FaceCause::NoFace));
        }
        Ok(Ok(self.reading(&photo)))
    }
}
