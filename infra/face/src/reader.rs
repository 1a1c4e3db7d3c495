//! One photo from its bytes to a vector or a cause: decode, detect, turn where it must be, judge, align, embed. All of it
//! on the thread that asks, and every step is bounded by the picture's pixels: none looks at a clock, or a busy machine
//! would read photos otherwise than an idle one. Not here: which thread that is (`pool`).

use domain::ports::{
    DetectedFace, FACE_PATCH_MARGIN, FACE_PATCH_SIDE, FaceCause, FaceDetector as _, FaceEmbedder as _,
    FaceModelFault, FaceModelId, FacePatch, FaceReaderError, FaceReading, Picture,
};
use picture_decode::PictureFault;

use crate::embed::OnnxEmbedder;
use crate::geometry::{Similarity, grey, shrink, turned, warp};
use crate::models::FaceModels;
use crate::sharpness::sharpness;

/// A face turned further is looked for again in the turned picture: alignment would set it upright all the same, but
/// the detector was trained on faces that stand, and its landmarks on others are guesses: at 45° it says 18° to 27°.
const ROLL_MAX_DEGREES: f32 = 15.0;

/// Turns that are tried where a detector is not sure of what it found: a face upside down may be found with its
/// landmarks in the places of an upright one, and no eye line shows it.
const TURNS: [f32; 5] = [90.0, 180.0, 270.0, 45.0, 315.0];

/// What reading a photo came to: about the photo, or about the machine.
pub(crate) type Read = Result<Result<FaceReading, FaceCause>, FaceReaderError>;

/// A picture as it was when its faces were found.
struct Found {
    /// None where it is the photo as it came.
    turned: Option<Picture>,
    faces: Vec<DetectedFace>,
}

impl Found {
    fn largest(&self) -> Option<&DetectedFace> {
        self.faces.first()
    }

    fn score(&self) -> f32 {
        self.largest().map_or(0.0, |face| face.score)
    }

    fn is_upright(&self) -> bool {
        self.largest().is_some_and(|face| face.roll_degrees().abs() <= ROLL_MAX_DEGREES)
    }
}

impl FaceModels {
    /// Reads one photo, JPEG or PNG, with the vector of that embedder.
    ///
    /// # Errors
    /// The runtime failed, or there is no such embedder; what is wrong with the photo is a [`FaceCause`].
    pub fn read(&self, photo: &[u8], embedder: &FaceModelId) -> Read {
        let unknown = || FaceReaderError::UnknownModel(embedder.clone());
        let embedder = self.embedder(embedder).ok_or_else(unknown)?;
        match Self::decode(photo) {
            Ok(picture) => self.read_picture(&picture, embedder),
            Err(cause) => Ok(Err(cause)),
        }
    }

    /// The photo's pixels, upright, and nothing more.
    ///
    /// # Errors
    /// It cannot be decoded, or not within the bounds.
    pub fn decode(photo: &[u8]) -> Result<Picture, FaceCause> {
        picture_decode::decode(photo).map_err(|fault| match fault {
            PictureFault::Undecodable => FaceCause::Undecodable,
            PictureFault::TooLarge => FaceCause::TooLarge,
        })
    }

    fn read_picture(&self, picture: &Picture, embedder: &OnnxEmbedder) -> Read {
        let Some(found) = self.find(picture)? else { return Ok(Err(FaceCause::NoFace)) };
        let seen = found.turned.as_ref().unwrap_or(picture);
        let [face, others @ ..] = &found.faces[..] else { return Ok(Err(FaceCause::NoFace)) };
        let wants = embedder.embedder();
        let eye_distance = face.eye_distance();
        if eye_distance < wants.eye_distance_min {
            return Ok(Err(FaceCause::FaceTooSmall));
        }
        let Some(aligned) = embedder.align(seen, face) else { return Ok(Err(FaceCause::NoFace)) };
        let sharpness = sharpness(&aligned);
        if sharpness < wants.sharpness_min {
            return Ok(Err(FaceCause::Blurred));
        }
        let Some(patch) = patch(seen, face) else { return Ok(Err(FaceCause::NoFace)) };
        let vector = embedder.embed(&aligned)?;
        let (model, crop) = (embedder.model().clone(), patch.crop());
        let second_face = others.first().map(|other| other.size() / face.size().max(f32::EPSILON));
        Ok(Ok(FaceReading { model, vector, crop, patch, eye_distance, sharpness, second_face }))
    }

    /// The faces of the picture, turned so that the largest stands; none where there is no such turn.
    fn find(&self, picture: &Picture) -> Result<Option<Found>, FaceModelFault> {
        let straight = Found { turned: None, faces: self.detector().detect(picture)? };
        if straight.is_upright() && straight.score() >= self.detector().score_sure() {
            return Ok(Some(straight));
        }
        // A turned picture is only ever looked at by the detector and the aligner: no need for all its pixels.
        let smaller = reduced(picture);
        let picture = smaller.as_ref().unwrap_or(picture);
        let roll =
            straight.largest().map(DetectedFace::roll_degrees).filter(|roll| roll.abs() > ROLL_MAX_DEGREES);
        let mut best = Some(straight).filter(Found::is_upright);
        for degrees in roll.map(|roll| -roll).into_iter().chain(TURNS) {
            let Some(turned) = turned(picture, degrees) else { continue };
            let faces = self.detector().detect(&turned)?;
            let found = Found { turned: Some(turned), faces };
            if found.is_upright() && found.score() > best.as_ref().map_or(0.0, Found::score) {
                let sure = found.score() >= self.detector().score_sure();
                best = Some(found);
                if sure {
                    break;
                }
            }
        }
        Ok(best)
    }
}

/// Pixels of the longer side of a picture that is turned: twice what the detector sees, enough for every embedder.
const TURNED_SIDE_MAX: usize = 1280;

/// The picture with a longer side of [`TURNED_SIDE_MAX`]; none where it has no more.
fn reduced(picture: &Picture) -> Option<Picture> {
    let longer = picture.width().max(picture.height());
    let side = |pixels: usize| (pixels * TURNED_SIDE_MAX / longer).max(1);
    (longer > TURNED_SIDE_MAX).then(|| shrink(picture, side(picture.width()), side(picture.height())))?
}

/// Where eyes, nose and mouth's corners lie in the square of a [`FacePatch`]: ArcFace's places, whatever an embedder's
/// are, so that a crop says the same beside every model.
const PATCH_LANDMARKS: [[f32; 2]; 5] =
    [[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]];

/// The face and a margin around it, grey. None where the landmarks lie in one point.
fn patch(picture: &Picture, face: &DetectedFace) -> Option<FacePatch> {
    let within = PATCH_LANDMARKS.map(|place| place.map(|at| at + FACE_PATCH_MARGIN as f32));
    let similarity = Similarity::nearest(&face.landmarks, &within)?;
    let patch = warp(picture, similarity, FACE_PATCH_SIDE, FACE_PATCH_SIDE)?;
    FacePatch::new(grey(&patch).into_iter().map(|grey| grey.round() as u8).collect())
}
