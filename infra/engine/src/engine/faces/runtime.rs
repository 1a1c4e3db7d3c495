//! Models and pools as `face` has them.

use std::io;
use std::path::Path;
use std::sync::Arc;

use capture_analysis::PoolPriority;
use domain::ports::{FaceReader, TextReader};
use face::{FacePool, OnnxTextReader};

use super::FaceModelsError;

pub(in crate::engine) use face::FaceModels;

/// Loads a folder's models.
pub(super) fn load(folder: &Path) -> Result<FaceModels, FaceModelsError> {
    Ok(FaceModels::load(folder)?)
}

/// Starts threads that read photos with them.
pub(super) fn reader(
    models: &Arc<FaceModels>,
    priority: PoolPriority,
    threads: usize,
    waiting_max: usize,
) -> io::Result<Arc<dyn FaceReader>> {
    Ok(Arc::new(FacePool::start(Arc::clone(models), priority, threads, waiting_max)?))
}

/// Starts threads that read cards, where there is a model for it.
pub(super) fn text_reader(
    models: &Arc<FaceModels>,
    threads: usize,
    waiting_max: usize,
) -> io::Result<Option<Arc<dyn TextReader>>> {
    let reader = OnnxTextReader::start(Arc::clone(models), threads, waiting_max)?;
    Ok(reader.map(|reader| Arc::new(reader) as _))
}
