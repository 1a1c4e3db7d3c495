//! `[face]`.

use std::path::PathBuf;

use serde::Deserialize;

/// `[face]`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FaceConfig {
    /// The folder of face models, with a manifest for each. None: photos are kept as references, and nothing is matched.
    pub models_dir: Option<PathBuf>,
}
