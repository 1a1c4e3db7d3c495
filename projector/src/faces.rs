//! The second projection of `identity.events`: from reference photos to face vectors. It reads the partitions that the
//! first one has, behind it and at its own pace: it has its own positions, one for each model, its own rows and its own
//! lag, and nothing that it waits for is waited for by the first. Everything before its position may happen twice and
//! comes to the same, so a partition that two projectors have for a while harms nothing.
//!
//! A new model's positions begin at the log's start, so every reference gets a vector of it, from the sealed photos.
//! Vectors of the models before it stay.
//!
//! Not here: how a photo is read (`infra/face`), and what a match makes of vectors.

pub(crate) mod due_photos;
pub(crate) mod face_projection;
pub(crate) mod held_faces;
pub(crate) mod partition_faces;
pub(crate) mod reference_photo;

use std::sync::Arc;

use domain::ports::{FaceReader, FaceVectors};

/// What the second projection works through beside the projector's ports.
#[derive(Clone)]
pub struct FacePorts {
    /// Reads photos, on threads that only it has.
    pub reader: Arc<dyn FaceReader>,
    /// Keeps what came of them.
    pub vectors: Arc<dyn FaceVectors>,
}
