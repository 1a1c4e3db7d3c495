//! The file that evidence is opened to: begun before the request is used, so that one that cannot be written costs
//! nothing; in its place only once it is whole. While it is begun it is locked, so that of two opens at once to the same
//! path the second gives way, and one after an interruption goes on.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use event_codec::value_sha256;

/// Where evidence is to be opened to.
pub(super) struct OutPath(PathBuf);

/// A file that is begun.
pub(super) struct OutFile {
    path: PathBuf,
    begun: PathBuf,
    file: File,
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(suffix);
    path.with_file_name(name)
}

fn hex_sha256(bytes: &[u8]) -> String {
    value_sha256(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Where it is said who opened it, why and when.
pub(super) fn statement_of(path: &Path) -> PathBuf {
    beside(path, ".json")
}

impl OutPath {
    /// The path in its folder, which must be there.
    pub(super) fn of(path: &Path) -> io::Result<Self> {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let folder = folder.unwrap_or(Path::new(".")).canonicalize()?;
        let name = path.file_name().ok_or_else(|| io::Error::other("it names no file"))?;
        Ok(Self(folder.join(name)))
    }

    /// Names the path without telling it.
    pub(super) fn sha256(&self) -> String {
        hex_sha256(self.0.as_os_str().as_encoded_bytes())
    }

    /// The file and its statement, if both are there, whole, and of that request.
    pub(super) fn finished(&self, request: &str) -> Option<PathBuf> {
        let said: serde_json::Value =
            serde_json::from_slice(&std::fs::read(statement_of(&self.0)).ok()?).ok()?;
        let sha256 = hex_sha256(&std::fs::read(&self.0).ok()?);
        (said["requestId"] == request && said["sha256"] == sha256).then(|| self.0.clone())
    }

    /// Begins the file. Neither it nor its statement may be there.
    pub(super) fn begin(self) -> io::Result<OutFile> {
        let Self(path) = self;
        for taken in [&path, &statement_of(&path)] {
            if taken.exists() {
                let words = format!("{} is there already", taken.display());
                return Err(io::Error::new(io::ErrorKind::AlreadyExists, words));
            }
        }
        let begun = beside(&path, ".part");
        let mut options = OpenOptions::new();
        let file = options.write(true).create(true).truncate(false).mode(0o600).open(&begun)?;
        match file.try_lock() {
            Ok(()) => Ok(OutFile { path, begun, file }),
            Err(TryLockError::WouldBlock) => Err(io::Error::other("another program is writing it")),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }
}

impl OutFile {
    /// Writes the whole, and the statement before it: bytes without one are never there.
    pub(super) fn finish(mut self, bytes: &[u8], statement: &[u8]) -> io::Result<PathBuf> {
        let said = beside(&self.path, ".json.part");
        let mut options = OpenOptions::new();
        let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(&said)?;
        file.write_all(statement)?;
        file.sync_all()?;
        std::fs::rename(&said, statement_of(&self.path))?;
        self.file.set_len(0)?;
        self.file.write_all(bytes)?;
        self.file.sync_all()?;
        std::fs::rename(&self.begun, &self.path)?;
        let folder = self.path.parent().unwrap_or(Path::new("/"));
        File::open(folder)?.sync_all()?;
        Ok(self.path)
    }

    /// Leaves nothing behind.
    pub(super) fn abandon(self) {
        // It is empty, and whoever begins it again takes it over.
        let _ = std::fs::remove_file(&self.begun);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_there_when_it_is_whole_and_one_program_writes_it() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("raw.json");
        let begin = |path: &Path| OutPath::of(path).and_then(OutPath::begin);
        let first = begin(&path).expect("begun");
        assert!(begin(&path).is_err(), "another writes it");
        drop(first);
        let again = begin(&path).expect("one that was interrupted is gone on with");
        assert!(!path.exists());
        let statement = serde_json::json!({ "requestId": "uns_1", "sha256": hex_sha256(b"{}") }).to_string();
        let finished = |request| OutPath::of(&path).expect("a path").finished(request).is_some();
        assert!(!finished("uns_1"));
        let written = again.finish(b"{}", statement.as_bytes()).expect("written");
        assert_eq!(std::fs::read(&written).expect("there"), b"{}");
        assert_eq!(std::fs::read(dir.path().join("raw.json.json")).expect("there"), statement.as_bytes());
        assert!(begin(&path).is_err(), "nothing is written over");
        assert!(finished("uns_1") && !finished("uns_2"));
        std::fs::write(&path, b"{ }").expect("written");
        assert!(!finished("uns_1"), "other bytes");
        assert_eq!(std::fs::read_dir(dir.path()).expect("there").count(), 2);
        assert!(begin(&dir.path().join("none/raw.json")).is_err(), "a folder that is not there");
        let left = begin(&dir.path().join("other")).expect("begun");
        left.abandon();
        assert_eq!(std::fs::read_dir(dir.path()).expect("there").count(), 2);
    }
}
