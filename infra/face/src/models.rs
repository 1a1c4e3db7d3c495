//! A folder of models: its manifests, and the files that they name. A folder that is not whole is refused as a whole:
//! nobody wants to learn from answers that a model was left out. Not here: how it came to be (`cargo xtask models`).

use std::io::Read as _;
use std::path::{Path, PathBuf};

use domain::ports::{
    EmbedderModel, FaceDetector as _, FaceEmbedder as _, FaceModel, FaceModelId, FaceModelSet,
    MatchThresholds, TextReaderModel,
};

use crate::detect::OnnxDetector;
use crate::embed::OnnxEmbedder;
use crate::error::ModelError;
use crate::limits::{MANIFEST_BYTES_MAX, MANIFESTS_MAX};
use crate::manifest::{Detector, Embedder, Manifest, TextLines};
use crate::session::Session;
use crate::text::TextRecogniser;

/// A detector, one or more embedders and perhaps a text reader, loaded and checked.
pub struct FaceModels {
    detector: OnnxDetector,
    /// The primary first, the others in the order of their manifests' names.
    embedders: Vec<OnnxEmbedder>,
    /// None where the folder has none.
    text_lines: Option<TextRecogniser>,
    set: FaceModelSet,
}

impl std::fmt::Debug for FaceModels {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "FaceModels({}", self.detector.model())?;
        self.embedders.iter().try_for_each(|embedder| write!(f, ", {}", embedder.model()))?;
        f.write_str(")")
    }
}

impl FaceModels {
    /// Reads every manifest (`*.toml`) of the folder and loads what it describes.
    ///
    /// # Errors
    /// Which file is missing, damaged, another one than its manifest means, or of another shape; in words.
    pub fn load(folder: &Path) -> Result<Self, ModelError> {
        let (mut detectors, mut embedders, mut text_readers) = (Vec::new(), Vec::new(), Vec::new());
        for path in manifest_paths(folder)? {
            let manifest = Manifest::parse(&path, &read_manifest(&path)?)?;
            if let Some(settings) = manifest.detector.clone() {
                detectors.push((path, manifest, settings));
            } else if let Some(settings) = manifest.embedder.clone() {
                embedders.push((path, manifest, settings));
            } else if let Some(settings) = manifest.text_reader.clone() {
                text_readers.push((path, manifest, settings));
            }
        }
        if let Some((second, ..)) = detectors.get(1) {
            let words = "it is the folder's second detector. Keep one manifest of a detector there.";
            return Err(ModelError::new(second, words));
        }
        let (path, manifest, settings) = detectors.pop().ok_or_else(|| missing(folder, "a detector"))?;
        let detector = loaded_detector(folder, &path, &manifest, settings)?;
        let found = model(&manifest, detector.model());
        let (mut loaded, mut described) = (Vec::new(), Vec::new());
        for (path, manifest, settings) in in_order(folder, embedders)? {
            let thresholds = thresholds(&path, &settings)?;
            let session = Session::load(folder, &manifest)?;
            let embedder = OnnxEmbedder::new(session, manifest.input.clone(), settings);
            if loaded.iter().any(|other: &OnnxEmbedder| other.model() == embedder.model()) {
                let words = format!("another manifest of the folder describes {} too", embedder.model());
                return Err(ModelError::new(&path, words));
            }
            described.push(EmbedderModel { model: model(&manifest, embedder.model()), thresholds });
            loaded.push(embedder);
        }
        let mut described = described.into_iter();
        let primary = described.next().ok_or_else(|| missing(folder, "an embedder"))?;
        let (text_lines, text_reader) = loaded_text_reader(folder, text_readers)?.unzip();
        let set = FaceModelSet { detector: found, primary, others: described.collect(), text_reader };
        Ok(Self { detector, embedders: loaded, text_lines, set })
    }

    /// Finds faces, for every embedder.
    pub fn detector(&self) -> &OnnxDetector {
        &self.detector
    }

    /// The embedder of that id; none where it is not loaded.
    pub fn embedder(&self, id: &FaceModelId) -> Option<&OnnxEmbedder> {
        self.embedders.iter().find(|embedder| embedder.model() == id)
    }

    /// Reads lines of text; none where the folder has no such model.
    pub(crate) fn text_lines(&self) -> Option<&TextRecogniser> {
        self.text_lines.as_ref()
    }

    /// What is loaded, in words and numbers.
    pub fn set(&self) -> &FaceModelSet {
        &self.set
    }
}

fn missing(folder: &Path, role: &str) -> ModelError {
    ModelError::new(
        folder,
        format!(
            "no manifest (*.toml) of {role} is in this folder; a face needs a detector and an embedder. \
             `cargo xtask models` makes a folder with both, target/models"
        ),
    )
}

type EmbedderManifest = (PathBuf, Manifest, Embedder);

/// The primary first; refused where it is not clear which that is.
fn in_order(
    folder: &Path,
    mut embedders: Vec<EmbedderManifest>,
) -> Result<Vec<EmbedderManifest>, ModelError> {
    let marked = embedders.iter().filter(|(_, _, embedder)| embedder.primary).count();
    if embedders.len() > 1 && marked != 1 {
        return Err(ModelError::new(
            folder,
            format!(
                "of its {} embedders {marked} say `primary = true` under `[embedder]`; exactly one must: it makes the \
                 vectors of references",
                embedders.len()
            ),
        ));
    }
    embedders.sort_by_key(|(_, _, embedder)| !embedder.primary);
    Ok(embedders)
}

fn loaded_detector(
    folder: &Path,
    path: &Path,
    manifest: &Manifest,
    settings: Detector,
) -> Result<OnnxDetector, ModelError> {
    let session = Session::load(folder, manifest)?;
    let outputs: Vec<String> = manifest.output.iter().map(|output| output.name.clone()).collect();
    let built = OnnxDetector::new(session, manifest.input.clone(), settings, &outputs);
    built.ok_or_else(|| ModelError::new(path, "its outputs do not fit its decoding"))
}

/// Of one manifest at most: two would read a card in two ways.
fn loaded_text_reader(
    folder: &Path,
    found: Vec<(PathBuf, Manifest, TextLines)>,
) -> Result<Option<(TextRecogniser, TextReaderModel)>, ModelError> {
    let mut found = found.into_iter();
    let Some((path, manifest, settings)) = found.next() else { return Ok(None) };
    if let Some((second, ..)) = found.next() {
        let words = "it is the folder's second text reader. Keep one manifest of a text reader there.";
        return Err(ModelError::new(&second, words));
    }
    let session = Session::load(folder, &manifest)?;
    let calibration = settings.calibration.clone();
    let described = TextReaderModel { model: model(&manifest, session.id()), calibration };
    let recogniser = TextRecogniser::new(session, &manifest, &settings);
    let recogniser = recogniser.map_err(|words| ModelError::new(&path, words))?;
    Ok(Some((recogniser, described)))
}

fn model(manifest: &Manifest, id: &FaceModelId) -> FaceModel {
    let Manifest { file, licence, licence_note, source, .. } = manifest.clone();
    FaceModel { id: id.clone(), file, licence, licence_note, source }
}

fn thresholds(path: &Path, embedder: &Embedder) -> Result<MatchThresholds, ModelError> {
    let milli = embedder.threshold.milli();
    let [low_milli, medium_milli, high_milli] =
        milli.ok_or_else(|| ModelError::new(path, "its thresholds are not in order"))?;
    let calibration = embedder.threshold.source.clone();
    Ok(MatchThresholds { low_milli, medium_milli, high_milli, calibration })
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
