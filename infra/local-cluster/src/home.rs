//! Where a server's files are: a folder of the caller's, kept, or a temporary one that goes with
//! the handle. Not here: what is in it.

use std::fs;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::error::ClusterError;
use crate::guard::ProcessGuard;

/// A folder and the guard that removes it if it was only lent.
pub(crate) struct ServerFolder {
    path: PathBuf,
    temporary: bool,
    pub(crate) guard: Arc<ProcessGuard>,
}

impl ServerFolder {
    pub(crate) fn open(wanted: Option<&Path>, prefix: &str) -> Result<Self, ClusterError> {
        let path = match wanted {
            Some(path) => {
                fs::create_dir_all(path).map_err(ClusterError::io("create", path))?;
                // The servers' settings want absolute paths.
                path.canonicalize().map_err(ClusterError::io("resolve", path))?
            }
            None => tempfile::Builder::new()
                .prefix(prefix)
                .tempdir()
                .map_err(ClusterError::io("create a temporary folder in", std::env::temp_dir()))?
                .keep(),
        };
        let temporary = wanted.is_none();
        let guard = Arc::new(ProcessGuard::start(temporary.then_some(path.as_path()))?);
        Ok(Self { path, temporary, guard })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Nobody will look at the files again: no need to stop in good order.
    pub(crate) fn is_temporary(&self) -> bool {
        self.temporary
    }
}

/// Creates the folder and the file; a settings file may name a password, so only we may read it.
pub(crate) fn write_private(path: &Path, content: &str) -> Result<(), ClusterError> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(ClusterError::io("create", folder))?;
    }
    fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)
        .and_then(|mut file| file.write_all(content.as_bytes()))
        .map_err(ClusterError::io("write", path))
}

/// A PEM file's text.
pub(crate) fn read_pem(path: &Path) -> Result<String, ClusterError> {
    fs::read_to_string(path).map_err(ClusterError::io("read", path))
}
