//! A model's manifest, one TOML file beside its ONNX file: what the model is, how it is fed, what its answers mean, how
//! sure is sure enough, and where all of that was taken from. Another model of a known role needs a manifest alone.
//! Not here: opening the model file.

use std::path::Path;

use serde::Deserialize;

use crate::error::ModelError;
use crate::limits::{
    TENSOR_NUMBERS_MAX, TEXT_CLASSES_MAX, TEXT_HEIGHT_MAX, TEXT_HEIGHT_MIN, VECTOR_NUMBERS_MAX,
};

/// The manifest as it stands in the file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Manifest {
    /// Of this format: 1.
    pub(crate) format: u32,
    /// What the model's vectors and answers are called after.
    pub(crate) name: String,
    /// The ONNX file, in the manifest's folder.
    pub(crate) file: String,
    /// Of the file as it was shipped, in hexadecimal.
    pub(crate) sha256: String,
    /// The file's size.
    pub(crate) bytes: u64,
    /// Of the weights, as SPDX names it.
    pub(crate) licence: String,
    /// What is known and what is not about licence and training data.
    pub(crate) licence_note: String,
    /// Where file and licence were taken from.
    pub(crate) source: String,
    /// What it is fed.
    pub(crate) input: Input,
    /// What it gives, every one that is used.
    pub(crate) output: Vec<Output>,
    /// What it is for: exactly one of these three.
    pub(crate) detector: Option<Detector>,
    /// What it is for: exactly one of these three.
    pub(crate) embedder: Option<Embedder>,
    /// What it is for: exactly one of these three.
    pub(crate) text_reader: Option<TextLines>,
}

/// A model's input.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Input {
    /// Its name in the file.
    pub(crate) name: String,
    /// Batch, channels, height, width: `[1, 3, h, w]`.
    pub(crate) shape: [usize; 4],
    /// The order of the channels.
    pub(crate) channels: Channels,
    /// Taken off each channel of 0…255, in the order of `channels`.
    #[serde(default)]
    pub(crate) mean: [f32; 3],
    /// Then multiplied.
    pub(crate) scale: f32,
}

/// The order in which a model wants its colours. Fed the wrong way most models still answer, only worse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Channels {
    /// Red first.
    Rgb,
    /// Blue first, as OpenCV keeps pictures.
    Bgr,
}

/// A model's output.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Output {
    /// Its name in the file.
    pub(crate) name: String,
    /// As the file says.
    pub(crate) shape: Vec<usize>,
}

/// What the answers of a detector mean.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Detector {
    /// How the outputs are read.
    pub(crate) decoding: Decoding,
    /// Pixels between a grid's cells; outputs are `cls_<s>`, `obj_<s>`, `bbox_<s>`, `kps_<s>` of each.
    pub(crate) strides: Vec<usize>,
    /// A face below this is none.
    pub(crate) score_min: f32,
    /// A face at or above this needs no second look at the turned picture.
    pub(crate) score_sure: f32,
    /// Two boxes that share more (intersection over union) are one face.
    pub(crate) overlap_max: f32,
}

/// The ways to read a detector's outputs that are known here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Decoding {
    /// A grid a stride, without anchors, as YuNet of 2023 does it.
    Yunet,
}

/// What an embedder needs, and what its numbers mean.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Embedder {
    /// Whether it makes the vectors of references. Of several embedders in a folder exactly one says so; a single one
    /// need not.
    #[serde(default)]
    pub(crate) primary: bool,
    /// Where the five landmarks belong in the aligned picture, in pixels.
    pub(crate) landmarks: [[f32; 2]; 5],
    /// Below it a face is too small, in pixels between the eyes.
    pub(crate) eye_distance_min: f32,
    /// Below it a face is too blurred, 0 to 1.
    pub(crate) sharpness_min: f32,
    /// From which cosine on two faces are one person's.
    pub(crate) threshold: Thresholds,
}

/// What a recogniser of lines of text needs, and what its numbers mean.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TextLines {
    /// How the output is read.
    pub(crate) decoding: TextDecoding,
    /// The characters that may be read, besides a space; classes of others are passed over.
    pub(crate) alphabet: String,
    /// A line that is read less surely is not read, 0 to 1.
    pub(crate) confidence_min: f32,
    /// Where these come from, and what was not measured.
    pub(crate) calibration: String,
}

/// The ways to read a recogniser's output that are known here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum TextDecoding {
    /// Connectionist temporal classification, as PaddleOCR's: class 0 is blank, then the file's characters, then a space.
    Ctc,
}

/// Cosines, by how much is at stake.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Thresholds {
    /// Little.
    pub(crate) low: f64,
    /// The ordinary case.
    pub(crate) medium: f64,
    /// Much.
    pub(crate) high: f64,
    /// Where these come from, and what was not measured.
    pub(crate) source: String,
}

impl Thresholds {
    /// Low, medium and high in thousandths; none where they are not whole ones of 0 to 1 in that order.
    pub(crate) fn milli(&self) -> Option<[u32; 3]> {
        let Self { low, medium, high, .. } = self;
        let milli = [low, medium, high].map(|threshold| threshold * 1000.0);
        let whole = |milli: &f64| (0.0..=1000.0).contains(milli) && (milli - milli.round()).abs() < 1e-6;
        (milli.iter().all(whole) && milli.is_sorted()).then(|| milli.map(|milli| milli.round() as u32))
    }
}

/// The one format there is.
const FORMAT: u32 = 1;

impl Manifest {
    /// Reads a manifest and holds it against itself.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub(crate) fn parse(path: &Path, text: &str) -> Result<Self, ModelError> {
        let manifest: Self = toml::from_str(text).map_err(|error| {
            ModelError::new(
                path,
                format!("it is no manifest of a model (docs/face.md has the format): {error}"),
            )
        })?;
        match manifest.fault() {
            Some(fault) => Err(ModelError::new(path, format!("{fault}. Correct the manifest."))),
            None => Ok(manifest),
        }
    }

    /// What in it cannot be.
    fn fault(&self) -> Option<String> {
        let Self { format, name, file, sha256, input, output, detector, embedder, text_reader, .. } = self;
        let [batch, channels, height, width] = input.shape;
        let numbers = channels.saturating_mul(height).saturating_mul(width);
        let plain = |text: &str| {
            !text.is_empty()
                && text.len() <= 100
                && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
                && !text.starts_with('.')
        };
        let fault = if *format != FORMAT {
            format!("`format` is {format}; this program reads {FORMAT}")
        } else if !plain(name) || !plain(file) {
            "`name` and `file` are letters, digits, `.`, `_` and `-`, at most 100, and no path".to_owned()
        } else if sha256.len() != 64 || !sha256.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
            "`sha256` is not 64 lowercase hexadecimal digits".to_owned()
        } else if batch != 1 || channels != 3 || numbers == 0 || numbers > TENSOR_NUMBERS_MAX {
            format!(
                "`input.shape` is {:?}; it must be [1, 3, height, width], neither empty nor huge",
                input.shape
            )
        } else if !input.scale.is_finite() || input.scale == 0.0 || input.mean.iter().any(|m| !m.is_finite())
        {
            "`input.scale` must be a number other than 0, `input.mean` numbers".to_owned()
        } else if output.is_empty() {
            "`output` names none".to_owned()
        } else {
            return match (detector, embedder, text_reader) {
                (Some(detector), None, None) => detector.fault(input, output),
                (None, Some(embedder), None) => embedder.fault(input, output),
                (None, None, Some(lines)) => lines.fault(input, output),
                _ => Some("it must have one of `[detector]`, `[embedder]` and `[text_reader]`".to_owned()),
            };
        };
        Some(fault)
    }
}

fn share(value: f32) -> bool {
    (0.0..=1.0).contains(&value)
}

impl Detector {
    /// The outputs of a stride, in the order in which they are read: their names, and numbers a cell.
    pub(crate) fn outputs_of(stride: usize) -> [(String, usize); 4] {
        [("cls", 1), ("obj", 1), ("bbox", 4), ("kps", 10)]
            .map(|(name, each)| (format!("{name}_{stride}"), each))
    }

    fn fault(&self, input: &Input, output: &[Output]) -> Option<String> {
        let [_, _, height, width] = input.shape;
        if self.strides.is_empty()
            || self.strides.iter().any(|s| *s == 0 || height % s != 0 || width % s != 0)
        {
            return Some("`detector.strides` must divide the input's height and width".to_owned());
        }
        if ![self.score_min, self.score_sure, self.overlap_max].into_iter().all(share) {
            return Some("`detector`'s scores and overlap are from 0 to 1".to_owned());
        }
        let wanted = self.strides.iter().flat_map(|stride| {
            let cells = (height / stride) * (width / stride);
            Self::outputs_of(*stride).map(|(name, each)| (name, vec![1, cells, each]))
        });
        for (name, shape) in wanted {
            if !output.iter().any(|output| output.name == name && output.shape == shape) {
                return Some(format!("the decoding needs an output `{name}` of shape {shape:?}"));
            }
        }
        None
    }
}

impl Embedder {
    fn fault(&self, input: &Input, output: &[Output]) -> Option<String> {
        let [_, _, height, width] = input.shape;
        let within = |[x, y]: &[f32; 2]| (0.0..width as f32).contains(x) && (0.0..height as f32).contains(y);
        if !self.landmarks.iter().all(within) {
            return Some("`embedder.landmarks` lie outside of the input".to_owned());
        }
        if !matches!(output, [Output { shape, .. }] if matches!(shape[..], [1, 1..=VECTOR_NUMBERS_MAX])) {
            return Some("an embedder has one output, of shape [1, n]".to_owned());
        }
        if self.threshold.milli().is_none() {
            return Some(
                "`embedder.threshold`s are whole thousandths from 0 to 1, `low` ≤ `medium` ≤ `high`"
                    .to_owned(),
            );
        }
        if !self.eye_distance_min.is_finite() || self.eye_distance_min < 0.0 || !share(self.sharpness_min) {
            return Some(
                "`embedder.eye_distance_min` is pixels, `embedder.sharpness_min` from 0 to 1".to_owned(),
            );
        }
        None
    }
}

impl TextLines {
    fn fault(&self, input: &Input, output: &[Output]) -> Option<String> {
        let [_, _, height, width] = input.shape;
        let fault = if !(TEXT_HEIGHT_MIN..=TEXT_HEIGHT_MAX).contains(&height) || width < height {
            format!(
                "a line of text is {TEXT_HEIGHT_MIN} to {TEXT_HEIGHT_MAX} pixels high and wider than high: \
                 `input.shape` has its height and the most of its width"
            )
        } else if !matches!(output, [Output { shape, .. }] if matches!(shape[..], [1, 0, 2..=TEXT_CLASSES_MAX]))
        {
            "a recogniser of text has one output, of shape [1, 0, classes]: how long it is goes by the width"
                .to_owned()
        } else if self.alphabet.is_empty() || !share(self.confidence_min) {
            "`text_reader.alphabet` holds characters, `text_reader.confidence_min` is from 0 to 1".to_owned()
        } else {
            return None;
        };
        Some(fault)
    }
}
