//! The embedder: a face turned upright and laid onto the model's own landmarks, then a vector of length 1. Not here:
//! whether the face is worth it (`reader`).

use domain::ports::{DetectedFace, FaceEmbedder, FaceModelFault, FaceModelId, FaceVector, Picture};

use crate::detect::tensor;
use crate::geometry::{Similarity, warp};
use crate::manifest::{Embedder, Input};
use crate::session::Session;

/// An embedder of aligned faces, as SFace and ArcFace are.
pub struct OnnxEmbedder {
    session: Session,
    input: Input,
    embedder: Embedder,
}

impl OnnxEmbedder {
    pub(crate) fn new(session: Session, input: Input, embedder: Embedder) -> Self {
        Self { session, input, embedder }
    }

    /// What it needs, and what its numbers mean.
    pub(crate) fn embedder(&self) -> &Embedder {
        &self.embedder
    }

    /// What the model is fed for an aligned face.
    pub fn tensor(&self, aligned: &Picture) -> Vec<f32> {
        tensor(aligned, &self.input)
    }

    /// The runtime alone, on such a tensor: what a benchmark holds [`FaceEmbedder::embed`] against.
    ///
    /// # Errors
    /// The runtime failed.
    pub fn run(&self, tensor: &[f32]) -> Result<Vec<Vec<f32>>, FaceModelFault> {
        self.session.run(tensor)
    }
}

impl FaceEmbedder for OnnxEmbedder {
    fn model(&self) -> &FaceModelId {
        self.session.id()
    }

    fn align(&self, picture: &Picture, face: &DetectedFace) -> Option<Picture> {
        let [_, _, height, width] = self.input.shape;
        warp(picture, Similarity::nearest(&face.landmarks, &self.embedder.landmarks)?, width, height)
    }

    fn embed(&self, aligned: &Picture) -> Result<FaceVector, FaceModelFault> {
        let fault =
            |words: &str| FaceModelFault { model: self.model().name.clone(), words: words.to_owned() };
        let [_, _, height, width] = self.input.shape;
        if (aligned.width(), aligned.height()) != (width, height) {
            return Err(fault("the aligned face has another size than the manifest says"));
        }
        let outputs = self.session.run(&self.tensor(aligned))?;
        let numbers = outputs.into_iter().next().unwrap_or_default();
        FaceVector::normalised(numbers).ok_or_else(|| fault("it gave a vector without a direction"))
    }
}
