//! Models and pools as `face` has them.

use std::io;
use std::path::Path;
use std::sync::Arc;

use domain::ports::FaceReader;
use face::FacePool;

use super::FaceModelsError;

pub(in crate::engine) use face::FaceModels;

/// Loads a folder's models.
pub(super) fn load(folder: &Path) -> Result<FaceModels, FaceModelsError> {
    Ok(FaceModels::load(folder)?)
}

/// Starts threads that read photos with them.
pub(super) fn reader(
    models: &Arc<FaceModels>,
    threads: usize,
    waiting_max: usize,
) -> io::Result<Arc<dyn FaceReader>> {
    Ok(Arc::new(FacePool::start(Arc::clone(models), threads, waiting_max)?))
}
