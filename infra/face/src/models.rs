//! A folder of models: its manifests, and the files that they name. A folder that is not whole is refused as a whole:
//! nobody wants to learn from answers that a model was left out. Not here: how it came to be (`cargo xtask models`).

use std::io::Read as _;
use std::path::{Path, PathBuf};

use domain::ports::{FaceDetector as _, FaceEmbedder as _};

use crate::detect::OnnxDetector;
use crate::embed::OnnxEmbedder;
use crate::error::ModelError;
use crate::limits::{MANIFEST_BYTES_MAX, MANIFESTS_MAX};
use crate::manifest::Manifest;
use crate::session::Session;

/// A detector and an embedder, loaded and checked.
pub struct FaceModels {
    /// Finds faces.
    pub detector: OnnxDetector,
    /// Compares them.
    pub embedder: OnnxEmbedder,
    /// Both manifests, for whoever shows what is configured.
    pub manifests: Vec<Manifest>,
}

impl std::fmt::Debug for FaceModels {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "FaceModels({}, {})", self.detector.model(), self.embedder.model())
    }
}

impl FaceModels {
    /// Reads every manifest (`*.toml`) of the folder and loads what it describes.
    ///
    /// # Errors
    /// Which file is missing, damaged, another one than its manifest means, or of another shape; in words.
    pub fn load(folder: &Path) -> Result<Self, ModelError> {
        let (mut detector, mut embedder, mut manifests) = (None, None, Vec::new());
        for path in manifest_paths(folder)? {
            let manifest = Manifest::parse(&path, &read_manifest(&path)?)?;
            let second = |role: &str| {
                ModelError::new(
                    &path,
                    format!("it is the folder's second {role}. Keep one manifest of each role there."),
                )
            };
            let session = Session::load(folder, &manifest)?;
            let Manifest { input, output, .. } = manifest.clone();
            if let Some(settings) = manifest.detector.clone() {
                let outputs: Vec<String> = output.into_iter().map(|output| output.name).collect();
                let built = OnnxDetector::new(session, input, settings, &outputs);
                let built =
                    built.ok_or_else(|| ModelError::new(&path, "its outputs do not fit its decoding"))?;
                if detector.replace(built).is_some() {
                    return Err(second("detector"));
                }
            } else if let Some(settings) = manifest.embedder.clone()
                && embedder.replace(OnnxEmbedder::new(session, input, settings)).is_some()
            {
                return Err(second("embedder"));
            }
            manifests.push(manifest);
        }
        let missing = |role: &str| {
            ModelError::new(
                folder,
                format!(
                    "no manifest (*.toml) of {role} is in this folder; a face needs a detector and an embedder. \
                     `cargo xtask models` makes a folder with both, target/models"
                ),
            )
        };
        let detector = detector.ok_or_else(|| missing("a detector"))?;
        Ok(Self { detector, embedder: embedder.ok_or_else(|| missing("an embedder"))?, manifests })
    }
}

/// In the order of their names, so that errors come out the same.
fn manifest_paths(folder: &Path) -> Result<Vec<PathBuf>, ModelError> {
    let unreadable =
        |error| ModelError::new(folder, format!("this folder of models cannot be read: {error}"));
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.extension().is_some_and(|extension| extension == "toml") {
            paths.push(path);
        }
        if paths.len() > MANIFESTS_MAX {
            return Err(ModelError::new(
                folder,
                format!("more than {MANIFESTS_MAX} manifests: not a folder of models"),
            ));
        }
    }
    paths.sort();
    Ok(paths)
}

fn read_manifest(path: &Path) -> Result<String, ModelError> {
    let unreadable = |error| ModelError::new(path, format!("it cannot be read: {error}"));
    let mut text = String::new();
    let file = std::fs::File::open(path).map_err(unreadable)?;
    file.take(MANIFEST_BYTES_MAX + 1).read_to_string(&mut text).map_err(unreadable)?;
    if text.len() as u64 > MANIFEST_BYTES_MAX {
        return Err(ModelError::new(
            path,
            format!("it has more than {MANIFEST_BYTES_MAX} bytes: no manifest"),
        ));
    }
    Ok(text)
}
