//! One photo from its bytes to a vector or a cause: decode, detect, turn where it must be, judge, align, embed. All of it
//! on the thread that asks. Not here: which thread that is (`pool`).

use std::time::Instant;

use domain::ports::{
    DetectedFace, FACE_CROP_SIDE, FaceCause, FaceCrop, FaceDetector as _, FaceEmbedder as _, FaceModelFault,
    FaceReading, Picture,
};

use crate::geometry::{grey, shrink, turned};
use crate::limits::PHOTO_TIME_MAX;
use crate::models::FaceModels;
use crate::picture::decode;
use crate::sharpness::sharpness;

/// A face turned further is looked for again in the turned picture: alignment would set it upright all the same, but
/// the detector was trained on faces that stand, and its landmarks on others are guesses: at 45° it says 18° to 27°.
const ROLL_MAX_DEGREES: f32 = 15.0;

/// Turns that are tried where a detector is not sure of what it found: a face upside down may be found with its
/// landmarks in the places of an upright one, and no eye line shows it.
const TURNS: [f32; 5] = [90.0, 180.0, 270.0, 45.0, 315.0];

/// What reading a photo came to: about the photo, or about the machine.
pub(crate) type Read = Result<Result<FaceReading, FaceCause>, FaceModelFault>;

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
    /// Reads one photo, JPEG or PNG.
    ///
    /// # Errors
    /// The runtime failed; what is wrong with the photo is a [`FaceCause`].
    pub fn read(&self, photo: &[u8]) -> Read {
        let started = Instant::now();
        match decode(photo) {
            Ok(picture) => self.read_picture(&picture, started),
            Err(cause) => Ok(Err(cause)),
        }
    }

    fn read_picture(&self, picture: &Picture, started: Instant) -> Read {
        let Some(found) = self.find(picture, started)? else { return Ok(Err(FaceCause::NoFace)) };
        let seen = found.turned.as_ref().unwrap_or(picture);
        let [face, others @ ..] = &found.faces[..] else { return Ok(Err(FaceCause::NoFace)) };
        let wants = self.embedder.embedder();
        let eye_distance = face.eye_distance();
        if eye_distance < wants.eye_distance_min {
            return Ok(Err(FaceCause::FaceTooSmall));
        }
        let Some(aligned) = self.embedder.align(seen, face) else { return Ok(Err(FaceCause::NoFace)) };
        let sharpness = sharpness(&aligned);
        if sharpness < wants.sharpness_min {
            return Ok(Err(FaceCause::Blurred));
        }
        let Some(crop) = crop(&aligned) else { return Ok(Err(FaceCause::FaceTooSmall)) };
        let vector = self.embedder.embed(&aligned)?;
        let second_face = others.first().map(|other| other.size() / face.size().max(f32::EPSILON));
        Ok(Ok(FaceReading { vector, crop, eye_distance, sharpness, second_face }))
    }

    /// The faces of the picture, turned so that the largest stands; none where there is no such turn.
    fn find(&self, picture: &Picture, started: Instant) -> Result<Option<Found>, FaceModelFault> {
        let straight = Found { turned: None, faces: self.detector.detect(picture)? };
        if straight.is_upright() && straight.score() >= self.detector.score_sure() {
            return Ok(Some(straight));
        }
        // A turned picture is only ever looked at by the detector and the aligner: no need for all its pixels.
        let smaller = reduced(picture);
        let picture = smaller.as_ref().unwrap_or(picture);
        let roll =
            straight.largest().map(DetectedFace::roll_degrees).filter(|roll| roll.abs() > ROLL_MAX_DEGREES);
        let mut best = Some(straight).filter(Found::is_upright);
        for degrees in roll.map(|roll| -roll).into_iter().chain(TURNS) {
            if started.elapsed() > PHOTO_TIME_MAX {
                break;
            }
            let Some(turned) = turned(picture, degrees) else { continue };
            let faces = self.detector.detect(&turned)?;
            let found = Found { turned: Some(turned), faces };
            if found.is_upright() && found.score() > best.as_ref().map_or(0.0, Found::score) {
                let sure = found.score() >= self.detector.score_sure();
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

/// The aligned face, small and grey.
fn crop(aligned: &Picture) -> Option<FaceCrop> {
    let small = shrink(aligned, FACE_CROP_SIDE, FACE_CROP_SIDE)?;
    FaceCrop::new(grey(&small).into_iter().map(|grey| grey.round() as u8).collect())
}
