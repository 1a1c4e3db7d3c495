//! Which face models there are: what a vector is told apart by, and what a model's numbers mean. Not here: what a model
//! does with a picture (`faces`).

/// Which model made a vector. Vectors of two models say nothing about each other, so both parts are compared: the
/// same network with weights stored otherwise is another model.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct FaceModelId {
    /// The manifest's name for it.
    pub name: String,
    /// SHA-256 of the model file as it was shipped.
    pub sha256: [u8; 32],
}

impl std::fmt::Display for FaceModelId {
    /// The name and the digest's first 8 bytes, in hexadecimal: what answers and status lines show.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}@", self.name)?;
        self.sha256[..8].iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// A model that is loaded, as its manifest describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FaceModel {
    /// What its answers are told apart by.
    pub id: FaceModelId,
    /// The ONNX file, in the folder that the operator named.
    pub file: String,
    /// Of the weights, as SPDX names it.
    pub licence: String,
    /// What is known and what is not about licence and training data.
    pub licence_note: String,
    /// Where file and licence were taken from.
    pub source: String,
}

/// From which cosine on two faces are one person's, in thousandths, by how much is at stake; low ≤ medium ≤ high.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MatchThresholds {
    /// Little is at stake.
    pub low_milli: u32,
    /// The ordinary case.
    pub medium_milli: u32,
    /// Much is at stake.
    pub high_milli: u32,
    /// Where the numbers come from, and what was not measured.
    pub calibration: String,
}

/// A loaded embedder, and what its cosines mean.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EmbedderModel {
    /// Which model it is.
    pub model: FaceModel,
    /// When two of its vectors are one person's.
    pub thresholds: MatchThresholds,
}

/// A loaded reader of text, and how far it was tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextReaderModel {
    /// Which model it is.
    pub model: FaceModel,
    /// On what its bounds were tried, and what was not measured.
    pub calibration: String,
}

/// The models of a reader.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FaceModelSet {
    /// Finds the faces, whichever embedder they are for.
    pub detector: FaceModel,
    /// Makes the vectors of references.
    pub primary: EmbedderModel,
    /// Embed a probe where the reference has no vector of the primary yet.
    pub others: Vec<EmbedderModel>,
    /// Reads cards; none where the folder has none.
    pub text_reader: Option<TextReaderModel>,
}

impl FaceModelSet {
    /// Every embedder, the primary first.
    pub fn embedders(&self) -> impl Iterator<Item = &EmbedderModel> {
        std::iter::once(&self.primary).chain(&self.others)
    }

    /// The embedder of that id; none where it is not loaded.
    pub fn embedder(&self, id: &FaceModelId) -> Option<&EmbedderModel> {
        self.embedders().find(|embedder| embedder.model.id == *id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn embedder(name: &str, first: u8) -> EmbedderModel {
        let id = FaceModelId { name: name.to_owned(), sha256: [first; 32] };
        let [file, licence, licence_note, source] = ["a.onnx", "MIT", "", ""].map(str::to_owned);
        let thresholds = MatchThresholds {
            low_milli: 400,
            medium_milli: 450,
            high_milli: 500,
            calibration: String::new(),
        };
        EmbedderModel { model: FaceModel { id, file, licence, licence_note, source }, thresholds }
    }

    #[test]
    fn a_model_is_found_by_name_and_digest() {
        let [primary, older] = [embedder("sface", 1), embedder("sface", 2)];
        let set = FaceModelSet {
            detector: embedder("yunet", 3).model,
            primary: primary.clone(),
            others: vec![older.clone()],
            text_reader: None,
        };
        assert_eq!(set.embedders().collect::<Vec<_>>(), [&primary, &older]);
        assert_eq!(set.embedder(&older.model.id), Some(&older));
        assert_eq!(set.embedder(&set.detector.id), None);
        assert_eq!(older.model.id.to_string(), "sface@0202020202020202");
    }
}
