//! The file that evidence is opened to: begun before the request is used, so that one that cannot be written costs
//! nothing; in its place only once it is whole. While it is begun it is locked, so that of two opens at once to the same
//! path the second gives way, and one after an interruption goes on.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use event_codec::value_sha256;
use rustix::fs::OFlags;
use rustix::process::geteuid;

use crate::limits::{OUT_BYTES_MAX, STATEMENT_BYTES_MAX};

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

/// What a plain file holds, if it is there and no longer than that.
fn read_file(path: &Path, bytes_max: u64) -> Option<Vec<u8>> {
    let is = path.symlink_metadata().ok()?;
    if is.is_file() && is.len() <= bytes_max { std::fs::read(path).ok() } else { None }
}

fn statement_in(path: &Path) -> Option<serde_json::Value> {
    serde_json::from_slice(&read_file(path, STATEMENT_BYTES_MAX)?).ok()
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
        let said = statement_in(&statement_of(&self.0))?;
        let sha256 = hex_sha256(&read_file(&self.0, OUT_BYTES_MAX)?);
        (said["requestId"] == request && said["sha256"] == sha256).then(|| self.0.clone())
    }

    /// Begins the file. It may not be there, and no statement but one of this request, which an interruption left.
    pub(super) fn begin(self, request: &str) -> io::Result<OutFile> {
        let Self(path) = self;
        let taken = |path: &Path| {
            let words = format!("{} is there already", path.display());
            Err(io::Error::new(io::ErrorKind::AlreadyExists, words))
        };
        if path.symlink_metadata().is_ok() {
            return taken(&path);
        }
        let statement = statement_of(&path);
        let is_own = || statement_in(&statement).is_some_and(|said| said["requestId"] == request);
        if statement.symlink_metadata().is_ok() && !is_own() {
            return taken(&statement);
        }
        let begun = beside(&path, ".part");
        let mut options = OpenOptions::new();
        // Neither a link is followed nor a pipe waited for: whoever may write to the folder chooses neither where it goes.
        let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
        options.write(true).create(true).truncate(false).mode(0o600).custom_flags(flags.bits() as i32);
        let file = options.open(&begun)?;
        let is = file.metadata()?;
        let is_private = is.is_file()
            && is.nlink() == 1
            && is.uid() == geteuid().as_raw()
            && is.permissions().mode() & 0o077 == 0;
        if !is_private {
            return Err(io::Error::other(format!("{} is somebody else's", begun.display())));
        }
        match file.try_lock() {
            Ok(()) => Ok(OutFile { path, begun, file }),
            Err(TryLockError::WouldBlock) => Err(io::Error::other("another program is writing it")),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }
}

impl OutFile {
    /// Writes the whole, and puts the statement in its place before the bytes: bytes without one are never there. Both are
    /// on the disk before either is in its place.
    pub(super) fn finish(mut self, bytes: &[u8], statement: &[u8]) -> io::Result<PathBuf> {
        self.file.set_len(0)?;
        self.file.write_all(bytes)?;
        self.file.sync_all()?;
        let said = beside(&self.path, ".json.part");
        match std::fs::remove_file(&said) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&said)?;
        file.write_all(statement)?;
        file.sync_all()?;
        let folder = File::open(self.path.parent().unwrap_or(Path::new("/")))?;
        std::fs::rename(&said, statement_of(&self.path))?;
        folder.sync_all()?;
        std::fs::rename(&self.begun, &self.path)?;
        folder.sync_all()?;
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
        let begin = |path: &Path| OutPath::of(path).and_then(|path| path.begin("uns_1"));
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

    #[test]
    fn what_was_interrupted_between_the_statement_and_the_bytes_is_gone_on_with() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("raw");
        let begin = |request: &str| OutPath::of(&path).and_then(|path| path.begin(request));
        std::fs::write(statement_of(&path), r#"{"requestId":"uns_1"}"#).expect("written");
        assert!(begin("uns_2").is_err(), "another request's");
        let statement = serde_json::json!({ "requestId": "uns_1", "sha256": hex_sha256(b"{}") }).to_string();
        begin("uns_1").and_then(|file| file.finish(b"{}", statement.as_bytes())).expect("written");
        assert!(OutPath::of(&path).expect("a path").finished("uns_1").is_some());
    }

    #[test]
    fn nobody_else_chooses_where_it_is_written_or_who_reads_it() {
        let dir = tempfile::tempdir().expect("a folder");
        let (path, stolen) = (dir.path().join("raw"), dir.path().join("stolen"));
        let (begun, said) = (beside(&path, ".part"), beside(&path, ".json.part"));
        let begin = || OutPath::of(&path).and_then(|path| path.begin("uns_1"));
        std::os::unix::fs::symlink(&stolen, &begun).expect("a link");
        assert!(begin().is_err(), "a link");
        std::fs::remove_file(&begun).expect("there");
        std::fs::write(&begun, b"").expect("written");
        std::fs::set_permissions(&begun, std::fs::Permissions::from_mode(0o666)).expect("set");
        assert!(begin().is_err(), "a file that others read");
        std::fs::remove_file(&begun).expect("there");
        std::os::unix::fs::symlink(&stolen, &said).expect("a link");
        begin().and_then(|file| file.finish(b"{}", b"{}")).expect("written");
        assert!(!stolen.exists());
        for written in [&path, &statement_of(&path)] {
            let is = written.symlink_metadata().expect("there");
            assert!(is.is_file() && is.permissions().mode() & 0o077 == 0, "{}", written.display());
        }
    }
}
