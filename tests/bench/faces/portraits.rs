//! The portraits of `cargo xtask models`. Not here: what is done with them.

use std::path::Path;

use anyhow::{Context as _, Result, ensure};

use crate::limits::PORTRAITS_MAX;

/// Every portrait of the folder with its file's name, in their order.
pub(crate) fn all(models: &Path) -> Result<Vec<(String, Vec<u8>)>> {
    let folder = models.join("portraits");
    let entries = std::fs::read_dir(&folder).with_context(|| folder.display().to_string())?;
    let mut portraits = Vec::new();
    for entry in entries.take(PORTRAITS_MAX) {
        let path = entry?.path();
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        portraits.push((name, std::fs::read(&path)?));
    }
    portraits.sort();
    ensure!(!portraits.is_empty(), "{} holds no portrait", folder.display());
    Ok(portraits)
}

/// One of them.
pub(super) fn named(models: &Path, name: &str) -> Result<Vec<u8>> {
    let path = models.join("portraits").join(format!("{name}.jpg"));
    std::fs::read(&path).with_context(|| path.display().to_string())
}

/// The same JPEG with a comment behind its first marker (T.81, B.2.4.5) that makes it so many bytes.
pub(super) fn padded(jpeg: &[u8], bytes: usize) -> Result<Vec<u8>> {
    let start_of_image = 2;
    let length = bytes.checked_sub(jpeg.len() + 2).context("the portrait has more bytes than that")?;
    let length = u16::try_from(length).context("the portrait has far fewer bytes than that")?;
    let mut padded = jpeg[..start_of_image].to_vec();
    padded.extend_from_slice(&[0xFF, 0xFE]);
    padded.extend_from_slice(&length.to_be_bytes());
    padded.resize(start_of_image + 2 + usize::from(length), b' ');
    padded.extend_from_slice(&jpeg[start_of_image..]);
    Ok(padded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_padded_photo_is_one_of_that_many_bytes() {
        let jpeg = crate::sample::photo();
        let padded = padded(&jpeg, jpeg.len() + 10).expect("room for a comment");
        assert_eq!(padded.len(), jpeg.len() + 10);
        assert_eq!(padded[..6], [0xFF, 0xD8, 0xFF, 0xFE, 0, 8]);
        domain::photo::Photo::parse(padded).expect("a photo");
    }
}
