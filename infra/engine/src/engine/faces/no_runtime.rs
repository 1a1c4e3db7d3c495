//! The same in a build without `face`: there are no models, and whoever configures some hears it.
#![cfg_attr(feature = "faces", expect(dead_code, reason = "here it is only asked for its words"))]

use std::io;
use std::path::Path;
use std::sync::Arc;

use capture_analysis::PoolPriority;
use domain::ports::{FaceModelSet, FaceReader, TextReader};

use super::FaceModelsError;

/// Models that nobody can have.
#[derive(Debug)]
pub(in crate::engine) enum FaceModels {}

impl FaceModels {
    /// Which they are.
    pub(in crate::engine) fn set(&self) -> &FaceModelSet {
        match *self {}
    }
}

/// Refuses any folder.
pub(super) fn load(_: &Path) -> Result<FaceModels, FaceModelsError> {
    Err(FaceModelsError::NotInThisBuild)
}

/// Starts nothing.
pub(super) fn reader(
    models: &Arc<FaceModels>,
    _: PoolPriority,
    _: usize,
    _: usize,
) -> io::Result<Arc<dyn FaceReader>> {
    match **models {}
}

/// Starts nothing either.
pub(super) fn text_reader(
    models: &Arc<FaceModels>,
    _: usize,
    _: usize,
) -> io::Result<Option<Arc<dyn TextReader>>> {
    match **models {}
}
