//! Face models: loaded once, shared by every pool of threads that reads photos with them. A build without the feature
//! `faces` loads none and says so; that there are two builds is known in this file alone. Not here: what a pool is for
//! (its callers), and what a folder of models must hold (`face`).

use std::num::NonZero;
use std::sync::Arc;
use std::thread::available_parallelism;

use capture_analysis::CardAnalyserPool;
pub use capture_analysis::PoolPriority;
use domain::ports::{CardAnalyser, FaceModelSet, FaceReader, TextReader};

use super::{Engine, OpenError};
use crate::config::FaceConfig;

#[cfg(feature = "faces")]
mod runtime;

#[cfg(not(feature = "faces"))]
#[path = "faces/no_runtime.rs"]
mod runtime;

/// Beside the other one, so that what a small build says is tested where all is built.
#[cfg(all(test, feature = "faces"))]
mod no_runtime;

pub(super) use self::runtime::FaceModels;

/// Why no face models were loaded.
#[derive(Debug, thiserror::Error)]
pub enum FaceModelsError {
    /// What is wrong with the folder.
    #[cfg(feature = "faces")]
    #[error(transparent)]
    Folder(#[from] face::ModelError),
    /// Nothing here could run them.
    #[error(
        "this build has no face models: it was built without the feature `faces`, as `./sandbox` builds it. Build it with its default features (cargo build --release --bins), or name no folder of models: then every face reference is a fallback stub, and nothing is matched"
    )]
    NotInThisBuild,
}

impl Engine {
    /// The models that are loaded; none where no folder of them is configured, and for a tool.
    pub fn face_models(&self) -> Option<&FaceModelSet> {
        self.face_models.as_deref().map(FaceModels::set)
    }

    /// A reader with threads of its own, one for each core, at that priority; so many photos may wait for them. None without
    /// models.
    ///
    /// # Errors
    /// [`OpenError::FaceThreads`].
    pub fn face_reader(
        &self,
        priority: PoolPriority,
        waiting_max: usize,
    ) -> Result<Option<Arc<dyn FaceReader>>, OpenError> {
        let Some(models) = &self.face_models else { return Ok(None) };
        let threads = available_parallelism().map_or(1, NonZero::get);
        runtime::reader(models, priority, threads, waiting_max).map(Some).map_err(OpenError::FaceThreads)
    }

    /// A reader of cards with threads of its own, somebody waits for what they read; so many cards may wait for them. None
    /// where the folder of models has no text reader.
    ///
    /// # Errors
    /// [`OpenError::FaceThreads`].
    pub fn text_reader(&self, waiting_max: usize) -> Result<Option<Arc<dyn TextReader>>, OpenError> {
        let Some(models) = &self.face_models else { return Ok(None) };
        let threads = available_parallelism().map_or(1, NonZero::get);
        runtime::text_reader(models, threads, waiting_max).map_err(OpenError::FaceThreads)
    }

    /// Who looks at captured cards, likewise; no model is needed for it.
    ///
    /// # Errors
    /// [`OpenError::FaceThreads`].
    pub fn card_analyser(&self, waiting_max: usize) -> Result<Arc<dyn CardAnalyser>, OpenError> {
        let threads = available_parallelism().map_or(1, NonZero::get);
        let pool = CardAnalyserPool::start(threads, waiting_max).map_err(OpenError::FaceThreads)?;
        Ok(Arc::new(pool))
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
    let loading = tokio::task::spawn_blocking(move || runtime::load(&folder));
    let models = loading.await.map_err(|_| OpenError::BrokenOff)??;
    let embedder = &models.set().primary.model.id;
    tracing::info!(detector = %models.set().detector.id, %embedder, "face models are loaded");
    if let Some(reader) = &models.set().text_reader {
        tracing::info!(text_reader = %reader.model.id, "the text reader is loaded");
    }
    Ok(Some(Arc::new(models)))
}

#[cfg(all(test, feature = "faces"))]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn a_build_without_face_models_says_so_and_what_to_do() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../face/tests/models");
        assert!(runtime::load(&folder).is_ok(), "a good folder");
        let refused = OpenError::from(no_runtime::load(&folder).expect_err("nothing runs them"));
        let said = refused.to_string();
        for words in [
            "[face] models_dir: this build has no face models",
            "without the feature `faces`",
            "cargo build --release --bins",
        ] {
            assert!(said.contains(words), "{words}: {said}");
        }
    }
}
