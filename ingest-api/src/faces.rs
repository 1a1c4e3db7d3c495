//! Faces as this instance sees them: the models that it reads probes with, and what was read of references' photos. Who
//! reads those is the projector. Not here either: what a match decides (`domain::face_match`).

use std::sync::Arc;
use std::time::{Duration, Instant};

use domain::event::Source;
use domain::face_match::{EnrolledPhoto, VectorStanding};
use domain::ids::CustomerRef;
use domain::photo::Photo;
use domain::ports::{
    FaceCause, FaceModelId, FaceModelSet, FaceReader, FaceReaderError, FaceReading, FaceVectorRow,
    FaceVectors,
};
use domain::sealed::{Purpose, Purposes};
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

use crate::serving::errors::ApiError;
use crate::writes::poll_until_projected;

/// Whose keys together make the fingerprint of a body with a picture: the picture is biometric, and what else the body
/// holds stands with the evidence. Once either key is gone, no body can be tried against it (sequence §1.12).
pub const PICTURE_BODY_PURPOSES: Purposes = Purposes::NONE.with(Purpose::Biometric).with(Purpose::Evidence);

/// Probes, and references' vectors.
pub struct FaceServices {
    /// None: no models are configured.
    reader: Option<Arc<dyn FaceReader>>,
    vectors: Arc<dyn FaceVectors>,
    /// The one verdict that may wait for its vector (contract §2): of several each would wait for the others' too.
    waiting_verdict: Semaphore,
}

impl FaceServices {
    /// Over the engine's store, with a reader where models are configured.
    pub fn new(vectors: Arc<dyn FaceVectors>, reader: Option<Arc<dyn FaceReader>>) -> Self {
        Self { reader, vectors, waiting_verdict: Semaphore::new(1) }
    }

    /// The models that are loaded.
    pub fn models(&self) -> Option<&FaceModelSet> {
        self.reader.as_ref().map(|reader| reader.models())
    }

    /// The model that compares faces, for whoever looks after the program; `none` where there is none.
    pub fn embedder_name(&self) -> String {
        self.models().map_or_else(|| "none".to_owned(), |models| models.primary.model.id.to_string())
    }

    /// The model that reads cards, likewise.
    pub fn text_reader_name(&self) -> String {
        let reader = self.models().and_then(|models| models.text_reader.as_ref());
        reader.map_or_else(|| "none".to_owned(), |reader| reader.model.id.to_string())
    }

    /// What was read of those photos of the customer, by the places of the events that carry them. Nothing where no models
    /// are loaded: whatever was read counts for nothing then.
    ///
    /// # Errors
    /// From the store.
    pub async fn of_photos(
        &self,
        customer: &CustomerRef,
        photos: &[Source],
    ) -> Result<Vec<FaceVectorRow>, ApiError> {
        match self.reader {
            Some(_) if !photos.is_empty() => Ok(self.vectors.of_customer(customer, Some(photos)).await?),
            _ => Ok(Vec::new()),
        }
    }

    /// Whether no match can rely on the reference of that photo now; so it is where there is no photo.
    ///
    /// # Errors
    /// From the store.
    pub async fn is_fallback_stub(&self, photo: Option<EnrolledPhoto<'_>>) -> Result<bool, ApiError> {
        match photo {
            Some(photo) => Ok(self.standing(photo).await?.is_fallback_stub()),
            None => Ok(true),
        }
    }

    /// The same once the photo was read, for a caller that waits until then. Only one at a time waits; for another one,
    /// and at the end of the wait, it is a stub.
    pub async fn await_vector(&self, photo: EnrolledPhoto<'_>, until: Instant) -> bool {
        if self.reader.is_none() {
            return true;
        }
        let Ok(_only_one) = self.waiting_verdict.try_acquire() else { return true };
        let read = || async {
            let standing = self.standing(photo).await?;
            Ok::<_, ApiError>((standing != VectorStanding::Due).then_some(standing))
        };
        poll_until_projected(until, read).await.is_none_or(VectorStanding::is_fallback_stub)
    }

    async fn standing(&self, photo: EnrolledPhoto<'_>) -> Result<VectorStanding, ApiError> {
        let faces = self.of_photos(photo.customer, &[photo.source]).await?;
        Ok(photo.standing(&faces, self.models()).0)
    }

    /// Reads a probe with that embedder, in this instance's own pool.
    ///
    /// # Errors
    /// [`ApiError::ProbesWaiting`] when as many wait as may; [`ApiError::ProbeReadLate`] when it takes longer than that;
    /// [`ApiError::NoFaceModel`]; [`ApiError::Internal`] when a model or a decoder broke.
    pub async fn read_probe(
        &self,
        probe: &Photo,
        embedder: &FaceModelId,
        within: Duration,
    ) -> Result<Result<FaceReading, FaceCause>, ApiError> {
        let bytes = Zeroizing::new(probe.as_bytes().to_vec());
        let read = tokio::time::timeout(within, self.read(bytes, embedder)).await;
        read.map_err(|_| ApiError::ProbeReadLate)?
    }

    /// Reads the portrait that was cut from a card, in the same pool.
    ///
    /// # Errors
    /// As [`FaceServices::read_probe`], but that its caller bounds the time.
    pub async fn read_portrait(
        &self,
        portrait: Zeroizing<Vec<u8>>,
    ) -> Result<Result<FaceReading, FaceCause>, ApiError> {
        let models = self.models().ok_or(ApiError::NoFaceModel)?;
        self.read(portrait, &models.primary.model.id).await
    }

    async fn read(
        &self,
        picture: Zeroizing<Vec<u8>>,
        embedder: &FaceModelId,
    ) -> Result<Result<FaceReading, FaceCause>, ApiError> {
        let reader = self.reader.as_ref().ok_or(ApiError::NoFaceModel)?;
        reader.read(picture, embedder).await.map_err(|error| match error {
            FaceReaderError::Full => ApiError::ProbesWaiting,
            FaceReaderError::Broken | FaceReaderError::Model(_) | FaceReaderError::UnknownModel(_) => {
                ApiError::Internal(error.to_string())
            }
        })
    }
}
