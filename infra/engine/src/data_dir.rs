//! The embedded engine's folder: what lies where in it, and that one server at a time has it. What stands in
//! the files is their owners' business.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

/// Why a data folder was not opened.
#[derive(Debug, thiserror::Error)]
pub enum DataDirError {
    /// A folder or file could not be made or opened.
    #[error("the data folder {path}: {error}")]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// Another server has it.
    #[error(
        "another server is running on the data folder {path}: stop it first, or give this one another folder"
    )]
    InUse {
        /// The folder.
        path: PathBuf,
    },
}

/// The embedded engine's folder.
#[derive(Debug, Clone)]
pub struct DataDir {
    root: PathBuf,
}

/// Held as long as a server has its folder; the operating system lets go when the process ends, however it
/// ends.
#[derive(Debug)]
pub struct ServerLock {
    _file: File,
}

impl DataDir {
    /// Opens the folder and makes what is missing in it, mode 0700.
    ///
    /// # Errors
    /// [`DataDirError::Io`].
    pub fn open(root: &Path) -> Result<Self, DataDirError> {
        let dir = Self { root: root.to_path_buf() };
        for path in [dir.root.clone(), dir.log(), dir.views(), dir.keystore(), dir.kms(), dir.compliance()] {
            DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(&path)
                .map_err(|error| DataDirError::Io { path, error })?;
        }
        Ok(dir)
    }

    /// Whether an embedded engine has been opened on that folder before.
    pub fn exists(root: &Path) -> bool {
        root.join("log").is_dir()
    }

    /// Takes the folder for a server. Command-line tools work beside it and do not ask.
    ///
    /// # Errors
    /// [`DataDirError::InUse`] when another server has it.
    pub fn lock(&self) -> Result<ServerLock, DataDirError> {
        let path = self.root.join("LOCK");
        let io = |error| DataDirError::Io { path: path.clone(), error };
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)
            .map_err(io)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(DataDirError::InUse { path: self.root.clone() }),
            Err(TryLockError::Error(error)) => return Err(io(error)),
        }
        // For whoever looks into the file and wonders; nobody reads it.
        file.set_len(0).and_then(|()| writeln!(file, "{}", std::process::id())).map_err(io)?;
        Ok(ServerLock { _file: file })
    }

    /// The folder itself.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The log's folder.
    pub fn log(&self) -> PathBuf {
        self.root.join("log")
    }

    /// The read model's folder.
    pub fn views(&self) -> PathBuf {
        self.root.join("views")
    }

    /// The key rows' folder.
    pub fn keystore(&self) -> PathBuf {
        self.root.join("keystore")
    }

    /// The org keys' folder; never in a backup of the key store.
    pub fn kms(&self) -> PathBuf {
        self.root.join("kms")
    }

    /// The private evidence keys' folder.
    pub fn compliance(&self) -> PathBuf {
        self.root.join("compliance")
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn every_folder_is_the_owners_alone() {
        let temp = tempfile::tempdir().expect("a folder");
        let dir = DataDir::open(&temp.path().join("new").join("data")).expect("opened");
        for path in
            [dir.root().to_path_buf(), dir.log(), dir.views(), dir.keystore(), dir.kms(), dir.compliance()]
        {
            let mode = std::fs::metadata(&path).expect("there").permissions().mode();
            assert_eq!(mode & 0o777, 0o700, "{}", path.display());
        }
        DataDir::open(dir.root()).expect("opened again");
    }

    #[test]
    fn one_server_at_a_time_has_the_folder() {
        let temp = tempfile::tempdir().expect("a folder");
        let dir = DataDir::open(temp.path()).expect("opened");
        let first = dir.lock().expect("free");
        let words = dir.lock().expect_err("taken").to_string();
        assert!(words.starts_with("another server is running on the data folder "), "{words}");
        drop(first);
        dir.lock().expect("free again");
    }
}
