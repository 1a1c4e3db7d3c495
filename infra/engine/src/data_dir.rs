//! The embedded engine's folder: what lies where in it, and that one server at a time has it. What stands in
//! the files is their owners' business.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Instant;

use crate::limits::{OPENING_WAIT_EVERY, OPENING_WAIT_MAX};

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
    /// Another program is opening it, and does not get on.
    #[error("another program has been opening the data folder {path} for too long: is it stopped?")]
    Opening {
        /// The folder.
        path: PathBuf,
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

/// Held while a program opens the folder.
#[derive(Debug)]
pub struct OpeningLock {
    _file: File,
}

impl DataDir {
    /// The folder, made if it is not there, mode 0700. Nothing is made in it.
    ///
    /// # Errors
    /// [`DataDirError::Io`].
    pub fn at(root: &Path) -> Result<Self, DataDirError> {
        make_folder(root)?;
        Ok(Self { root: root.to_path_buf() })
    }

    /// Makes the parts' folders that are missing, mode 0700.
    ///
    /// # Errors
    /// [`DataDirError::Io`].
    pub fn make_parts(&self) -> Result<(), DataDirError> {
        let parts = [self.log(), self.views(), self.keystore(), self.kms(), self.compliance()];
        parts.iter().try_for_each(|part| make_folder(part))
    }

    /// Whether there is an installation in that folder, or a part of one.
    pub fn exists(root: &Path) -> bool {
        let dir = Self { root: root.to_path_buf() };
        [dir.log(), dir.views(), dir.keystore(), dir.kms()].iter().any(|part| part.is_dir())
    }

    /// Waits until no other program is opening the folder; from then on others wait, until the answer is dropped.
    /// Two that make an installation at once would each take the other's parts for a half of one.
    ///
    /// # Errors
    /// [`DataDirError`].
    pub fn begin_opening(&self) -> Result<OpeningLock, DataDirError> {
        let path = self.root.join("OPENING");
        let io = |error| DataDirError::Io { path: path.clone(), error };
        let file = private_file(&path).map_err(io)?;
        let began = Instant::now();
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(OpeningLock { _file: file }),
                Err(TryLockError::WouldBlock) if began.elapsed() < OPENING_WAIT_MAX => {
                    std::thread::sleep(OPENING_WAIT_EVERY);
                }
                Err(TryLockError::WouldBlock) => {
                    return Err(DataDirError::Opening { path: self.root.clone() });
                }
                Err(TryLockError::Error(error)) => return Err(io(error)),
            }
        }
    }

    /// Takes the folder for a server. Command-line tools work beside it and do not ask.
    ///
    /// # Errors
    /// [`DataDirError::InUse`] when another server has it.
    pub fn lock(&self) -> Result<ServerLock, DataDirError> {
        let path = self.root.join("LOCK");
        let io = |error| DataDirError::Io { path: path.clone(), error };
        let mut file = private_file(&path).map_err(io)?;
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

    /// The folder of the sandbox's signers.
    pub fn compliance(&self) -> PathBuf {
        self.root.join("compliance")
    }
}

fn make_folder(path: &Path) -> Result<(), DataDirError> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(path);
    made.map_err(|error| DataDirError::Io { path: path.to_path_buf(), error })
}

fn private_file(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn every_folder_is_the_owners_alone() {
        let temp = tempfile::tempdir().expect("a folder");
        let dir = DataDir::at(&temp.path().join("new").join("data")).expect("made");
        assert!(!DataDir::exists(dir.root()));
        dir.make_parts().expect("made");
        assert!(DataDir::exists(dir.root()));
        for path in
            [dir.root().to_path_buf(), dir.log(), dir.views(), dir.keystore(), dir.kms(), dir.compliance()]
        {
            let mode = std::fs::metadata(&path).expect("there").permissions().mode();
            assert_eq!(mode & 0o777, 0o700, "{}", path.display());
        }
        dir.make_parts().expect("made again");
    }

    #[test]
    fn one_server_at_a_time_has_the_folder() {
        let temp = tempfile::tempdir().expect("a folder");
        let dir = DataDir::at(temp.path()).expect("made");
        let first = dir.lock().expect("free");
        let words = dir.lock().expect_err("taken").to_string();
        assert!(words.starts_with("another server is running on the data folder "), "{words}");
        drop(first);
        dir.lock().expect("free again");
    }
}
