//! A model that is loaded, and running it: the only module that knows the runtime. Not here: what goes in and what
//! comes out (`detect`, `embed`, `text`).
//!
//! Each thread that runs models has one thread of the runtime for itself, which takes on its priority: a photo is read
//! by one core, however many there are.

use std::cell::OnceCell;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;

use domain::ports::{FaceModelFault, FaceModelId};
use rten::{ModelOptions, NodeId, RunOptions, ThreadPool, Value};
use rten_tensor::NdTensorView;
use sha2::{Digest as _, Sha256};

use crate::error::ModelError;
use crate::limits::MODEL_BYTES_MAX;
use crate::manifest::{Input, Manifest};
use crate::onnx::{self, Folded, Port};

thread_local! {
    static LANE: OnceCell<Arc<ThreadPool>> = const { OnceCell::new() };
}

/// What PaddleOCR's models call the list of their classes.
const CHARACTERS: &str = "character";

/// A loaded model.
pub(crate) struct Session {
    model: rten::Model,
    id: FaceModelId,
    input: NodeId,
    input_shape: [usize; 4],
    /// As in the manifest: each with how many numbers it has.
    outputs: Vec<(NodeId, usize)>,
    characters: Option<String>,
}

impl Session {
    /// Reads and checks the manifest's file, folds and loads it.
    pub(crate) fn load(folder: &Path, manifest: &Manifest) -> Result<Self, ModelError> {
        let path = folder.join(&manifest.file);
        let shipped = read_checked(&path, manifest)?;
        let refused = |words: String| {
            ModelError::new(&path, format!("it cannot be used as a model: {words}. {REMEDY}"))
        };
        let folded = onnx::fold(&shipped).map_err(|error| refused(error.to_string()))?;
        let characters = onnx::property(&shipped, CHARACTERS).map_err(|error| refused(error.to_string()))?;
        drop(shipped);
        check_shapes(&path, manifest, &folded)?;
        // Packing weights beforehand holds them twice, for a speed that was not seen.
        let model =
            ModelOptions::with_all_ops().load(folded.bytes).map_err(|error| refused(error.to_string()))?;
        let node = |name: &str| model.node_id(name).map_err(|error| refused(error.to_string()));
        let input = node(&manifest.input.name)?;
        let outputs =
            manifest.output.iter().map(|output| Ok((node(&output.name)?, output.shape.iter().product())));
        let outputs = outputs.collect::<Result<_, ModelError>>()?;
        let mut sha256 = [0; 32];
        let decoded = data_encoding::HEXLOWER.decode_mut(manifest.sha256.as_bytes(), &mut sha256);
        decoded.map_err(|_| refused("its manifest's digest is not hexadecimal".to_owned()))?;
        let id = FaceModelId { name: manifest.name.clone(), sha256 };
        Ok(Self { model, id, input, input_shape: manifest.input.shape, outputs, characters })
    }

    pub(crate) fn id(&self) -> &FaceModelId {
        &self.id
    }

    /// The characters that its classes stand for, where it carries them along, each on a line.
    pub(crate) fn characters(&self) -> Option<&str> {
        self.characters.as_deref()
    }

    /// The outputs in the manifest's order.
    pub(crate) fn run(&self, input: &[f32]) -> Result<Vec<Vec<f32>>, FaceModelFault> {
        let values = self.run_shaped(self.input_shape, input)?;
        let numbers = values.into_iter().zip(&self.outputs).map(|(numbers, (_, count))| {
            if numbers.len() == *count {
                Ok(numbers)
            } else {
                Err(self.fault("an output has another shape than the manifest says"))
            }
        });
        numbers.collect()
    }

    /// The first output for an input of another width, which the file leaves open: how large it is goes by the width.
    pub(crate) fn run_wide(&self, width: usize, input: &[f32]) -> Result<Vec<f32>, FaceModelFault> {
        let [batch, channels, height, _] = self.input_shape;
        let outputs = self.run_shaped([batch, channels, height, width], input)?;
        outputs.into_iter().next().ok_or_else(|| self.fault("it gave nothing"))
    }

    pub(crate) fn fault(&self, words: &str) -> FaceModelFault {
        FaceModelFault { model: self.id.name.clone(), words: words.to_owned() }
    }

    fn run_shaped(&self, shape: [usize; 4], input: &[f32]) -> Result<Vec<Vec<f32>>, FaceModelFault> {
        let lane =
            LANE.with(|lane| Arc::clone(lane.get_or_init(|| Arc::new(ThreadPool::with_num_threads(1)))));
        let options = RunOptions::default().with_thread_pool(Some(lane));
        let view = NdTensorView::try_from_data(shape, input);
        let view = view.map_err(|_| self.fault("its input has another size than the manifest says"))?;
        let ids: Vec<NodeId> = self.outputs.iter().map(|(id, _)| *id).collect();
        let values = self.model.run(vec![(self.input, view.into())], &ids, Some(options));
        let values = values.map_err(|error| self.fault(&error.to_string()))?;
        let numbers = values.into_iter().map(|value| match value {
            Value::FloatTensor(tensor) => Ok(tensor.into_data()),
            _ => Err(self.fault("an output is of another type than float")),
        });
        numbers.collect()
    }
}

/// What to do about a file that is not the one that the manifest means.
const REMEDY: &str = "`cargo xtask models` fetches the models of the manifests that come with this program; a model of \
                      your own needs a manifest of its own";

/// The file, if it is the very one that the manifest means.
fn read_checked(path: &Path, manifest: &Manifest) -> Result<Vec<u8>, ModelError> {
    let unreadable = |error| ModelError::new(path, format!("it cannot be read: {error}. {REMEDY}"));
    let file = File::open(path).map_err(unreadable)?;
    let mut bytes = Vec::new();
    file.take(MODEL_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    let (expected, found) = (manifest.bytes, bytes.len() as u64);
    if found > MODEL_BYTES_MAX {
        return Err(ModelError::new(
            path,
            format!("it has more than {MODEL_BYTES_MAX} bytes: no model that is used here"),
        ));
    }
    if found != expected {
        let (expected, found) = (format!("{expected} bytes"), found.to_string());
        return Err(ModelError::other(path, "its size", &expected, &found, REMEDY));
    }
    let digest = data_encoding::HEXLOWER.encode(&Sha256::digest(&bytes));
    if digest != manifest.sha256 {
        return Err(ModelError::other(path, "its SHA-256", &manifest.sha256, &digest, REMEDY));
    }
    Ok(bytes)
}

/// Names and shapes of the file are those of the manifest.
fn check_shapes(path: &Path, manifest: &Manifest, folded: &Folded) -> Result<(), ModelError> {
    let Input { name, shape, .. } = &manifest.input;
    let remedy = "The manifest describes another model: correct its `input` and `output`.";
    let wanted = |ports: &[Port]| {
        let words: Vec<String> =
            ports.iter().map(|port| format!("`{}` {:?}", port.name, port.shape)).collect();
        if words.is_empty() { "none".to_owned() } else { words.join(", ") }
    };
    // A side that the file leaves open takes what the manifest says.
    let fits = |file: &[usize], manifest: &[usize]| {
        file.len() == manifest.len()
            && file.iter().zip(manifest).all(|(file, wanted)| *file == 0 || file == wanted)
    };
    if !matches!(&folded.inputs[..], [port] if port.name == *name && fits(&port.shape, shape)) {
        let expected = format!("`{name}` {shape:?}");
        return Err(ModelError::other(path, "its inputs", &expected, &wanted(&folded.inputs), remedy));
    }
    for output in &manifest.output {
        let found = folded.outputs.iter().find(|port| port.name == output.name);
        if !found.is_some_and(|port| fits(&port.shape, &output.shape)) {
            let expected = format!("`{}` {:?}", output.name, output.shape);
            return Err(ModelError::other(path, "its outputs", &expected, &wanted(&folded.outputs), remedy));
        }
    }
    Ok(())
}
