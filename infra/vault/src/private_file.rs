//! Files that hold keys: mode 0600 in a folder of mode 0700, written durably, refused when others can read
//! them. What stands in them is not known here.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

/// Bits that let a group or everyone in.
const OTHERS: u32 = 0o077;

fn folder_of(path: &Path) -> PathBuf {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        Some(_) | None => PathBuf::from("."),
    }
}

fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(folder_of(path))?.sync_all()
}

/// Makes the file's folder, mode 0700, if it is not there.
pub(crate) fn make_folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder_of(path))
}

/// Refuses a file or folder that a group or everyone can reach.
fn refuse_open_to_others(path: &Path, metadata: &std::fs::Metadata) -> io::Result<()> {
    if metadata.permissions().mode() & OTHERS == 0 {
        return Ok(());
    }
    let wanted = if metadata.is_dir() { "0700" } else { "0600" };
    let message = format!("{} holds keys and is open to others; its mode must be {wanted}", path.display());
    Err(io::Error::new(io::ErrorKind::PermissionDenied, message))
}

/// Refuses a folder that others can reach.
pub(crate) fn check_folder(path: &Path) -> io::Result<()> {
    let folder = folder_of(path);
    refuse_open_to_others(&folder, &std::fs::metadata(&folder)?)
}

/// Reads a private file of at most so many bytes.
pub(crate) fn read(path: &Path, bytes_max: u64) -> io::Result<Zeroizing<Vec<u8>>> {
    let file = File::open(path)?;
    let metadata = file.metadata()?;
    refuse_open_to_others(path, &metadata)?;
    if metadata.len() > bytes_max {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "larger than such a file can be"));
    }
    // Room for the whole, so that no growing leaves a copy behind.
    let mut content = Zeroizing::new(Vec::with_capacity(metadata.len() as usize + 1));
    file.take(bytes_max).read_to_end(&mut content)?;
    Ok(content)
}

/// Writes a new private file; one that exists is left as it is.
pub(crate) fn create(path: &Path, content: &[u8]) -> io::Result<()> {
    make_folder(path)?;
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    if let Err(error) = file.write_all(content).and_then(|()| file.sync_all()) {
        // Half a key is no key, and would stand in the way of the next try; the first error is the one to tell.
        let _ = std::fs::remove_file(path);
        return Err(error);
    }
    sync_folder(path)
}

/// Puts a private file in the place of another, all or nothing. The caller holds [`lock`].
pub(crate) fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    let beside = beside(path, "new");
    // Left over from a crash, it may have another's mode.
    match std::fs::remove_file(&beside) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    create(&beside, content)?;
    std::fs::rename(&beside, path)?;
    sync_folder(path)
}

/// Waits for the file's lock among processes; held until the handle goes.
pub(crate) fn lock(path: &Path) -> io::Result<File> {
    let file =
        OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(beside(path, "lock"))?;
    file.lock()?;
    Ok(file)
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".");
    name.push(suffix);
    path.with_file_name(name)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::folder_of;

    #[test]
    fn a_file_without_a_folder_in_its_path_lies_in_the_present_one() {
        for (path, folder) in
            [("kms/keys.json", "kms"), ("/kms/keys.json", "/kms"), ("/keys.json", "/"), ("keys.json", ".")]
        {
            assert_eq!(folder_of(Path::new(path)), Path::new(folder), "{path}");
        }
    }
}
