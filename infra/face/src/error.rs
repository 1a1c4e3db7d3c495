//! Why a model is not used, in words for the operator who named the folder: which file, what was expected, what was
//! found, what to do. Not here: what is wrong with a photo, which is no error ([`domain::ports::FaceCause`]).

use std::path::{Path, PathBuf};

/// A folder of models that this program will not start with.
#[derive(Debug, thiserror::Error)]
#[error("{}: {words}", path.display())]
pub struct ModelError {
    /// The file or folder.
    pub path: PathBuf,
    /// What is wrong and what to do.
    pub words: String,
}

impl ModelError {
    pub(crate) fn new(path: &Path, words: impl Into<String>) -> Self {
        Self { path: path.to_owned(), words: words.into() }
    }

    /// Expected one thing, found another.
    pub(crate) fn other(path: &Path, what: &str, expected: &str, found: &str, remedy: &str) -> Self {
        Self::new(path, format!("{what}: expected {expected}, found {found}. {remedy}"))
    }
}
