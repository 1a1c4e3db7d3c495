//! Face models: loaded once, shared by every pool of threads that reads photos with them. Not here: what a pool is for
//! (its callers), and what a folder of models must hold (`face`).

use std::num::NonZero;
use std::sync::Arc;
use std::thread::available_parallelism;

use domain::ports::{FaceModelSet, FaceReader};
use face::{FaceModels, FacePool};

use super::{Engine, OpenError};
use crate::config::FaceConfig;

impl Engine {
    /// The models that are loaded; none where no folder of them is configured, and for a tool.
    pub fn face_models(&self) -> Option<&FaceModelSet> {
        self.face_models.as_deref().map(FaceModels::set)
    }

    /// A reader with threads of its own, one for each core, at the lowest priority; so many photos may wait for them.
    /// None without models.
    ///
    /// # Errors
    /// [`OpenError::FaceThreads`].
    pub fn face_reader(&self, waiting_max: usize) -> Result<Option<Arc<dyn FaceReader>>, OpenError> {
        let Some(models) = &self.face_models else { return Ok(None) };
        let threads = available_parallelism().map_or(1, NonZero::get);
        let pool = FacePool::start(Arc::clone(models), threads, waiting_max);
        Ok(Some(Arc::new(pool.map_err(OpenError::FaceThreads)?)))
    }
}

/// Loads the folder's models, to know which they are.
///
/// # Errors
/// [`OpenError::FaceModels`], in words.
pub async fn face_model_set(config: &FaceConfig) -> Result<Option<FaceModelSet>, OpenError> {
    Ok(load(config).await?.map(|models| models.set().clone()))
}

/// None where no folder is configured.
pub(super) async fn load(config: &FaceConfig) -> Result<Option<Arc<FaceModels>>, OpenError> {
    let Some(folder) = config.models_dir.clone() else { return Ok(None) };
    // Tens of megabytes are read, checked and unpacked.
    let loading = tokio::task::spawn_blocking(move || FaceModels::load(&folder));
    let models = loading.await.map_err(|_| OpenError::BrokenOff)??;
    let embedder = &models.set().primary.model.id;
    tracing::info!(detector = %models.set().detector.id, %embedder, "face models are loaded");
    Ok(Some(Arc::new(models)))
}
