//! The port's face reader: photos are read on threads of a low priority (`picture-pool`). Not here: what reading is
//! (`reader`).

use std::sync::Arc;

use async_trait::async_trait;
use domain::ports::{FaceCause, FaceModelId, FaceModelSet, FaceReader, FaceReaderError, FaceReading};
use picture_pool::{PicturePool, PoolError, PoolPriority};
use zeroize::Zeroizing;

use crate::models::FaceModels;
use crate::reader::Read;

/// Reads photos on threads of its own. Dropped, it lets go of them: each ends after the photo it is at.
pub struct FacePool {
    models: Arc<FaceModels>,
    pool: PicturePool<Read>,
}

impl FacePool {
    /// Starts the threads, at least one.
    ///
    /// # Errors
    /// The system gave no thread.
    pub fn start(
        models: Arc<FaceModels>,
        priority: PoolPriority,
        threads: usize,
        queue: usize,
    ) -> std::io::Result<Self> {
        Ok(Self { models, pool: PicturePool::start("face", priority, threads, queue)? })
    }
}

#[async_trait]
impl FaceReader for FacePool {
    fn models(&self) -> &FaceModelSet {
        self.models.set()
    }

    async fn read(
        &self,
        photo: Zeroizing<Vec<u8>>,
        embedder: &FaceModelId,
    ) -> Result<Result<FaceReading, FaceCause>, FaceReaderError> {
        let (models, embedder) = (Arc::clone(&self.models), embedder.clone());
        match self.pool.run(move || models.read(&photo, &embedder)).await {
            Ok(read) => read,
            Err(PoolError::Full) => Err(FaceReaderError::Full),
            Err(PoolError::Broken) => Err(FaceReaderError::Broken),
        }
    }
}
