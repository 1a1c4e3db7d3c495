//! What `ingest-api models check` says: which models of faces and of text a program would load, of which file and licence, what their
//! numbers mean, and where a person gets them. Loading them is the engine's work.

use std::fmt::Write as _;

use data_encoding::HEXLOWER;
use domain::ports::{EmbedderModel, FaceModel, FaceModelSet};

/// Where a person gets models.
const WHERE_FROM: &str = "\
Models are not part of the programs. `cargo xtask models`, in the source tree, makes a folder of three that may be used \
commercially by their licences, target/models; any other of the same kinds needs a manifest (docs/face.md). Name the \
folder with `--models` (sandbox) or `[face] models_dir` (serve, projector).
";

/// The report on these models; none are configured where there are none.
pub fn model_report(models: Option<&FaceModelSet>) -> String {
    let mut report = String::new();
    match models {
        None => report.push_str("No face models are configured: every face reference is a fallback stub, and no match is possible.\n\n"),
        Some(models) => {
            describe(&mut report, "detector", &models.detector);
            for (at, EmbedderModel { model, thresholds }) in models.embedders().enumerate() {
                let role = if at == 0 { "embedder" } else { "embedder of older vectors" };
                describe(&mut report, role, model);
                let cosine = |milli: u32| f64::from(milli) / 1_000.0;
                let (low, medium, high) = (thresholds.low_milli, thresholds.medium_milli, thresholds.high_milli);
                let _ = writeln!(
                    report,
                    "  thresholds   low {:.3}, medium {:.3}, high {:.3}\n  calibration  {}",
                    cosine(low),
                    cosine(medium),
                    cosine(high),
                    thresholds.calibration
                );
            }
            if let Some(reader) = &models.text_reader {
                describe(&mut report, "text reader", &reader.model);
                let _ = writeln!(report, "  calibration  {}", reader.calibration);
            } else {
                report.push_str("No text reader is in the folder: what a card says is the phone's word.\n");
            }
            report.push('\n');
        }
    }
    report.push_str(WHERE_FROM);
    report
}

fn describe(report: &mut String, role: &str, model: &FaceModel) {
    let FaceModel { id, file, licence, licence_note, source } = model;
    let sha256 = HEXLOWER.encode(&id.sha256);
    let _ = writeln!(
        report,
        "{role}: {}\n  file         {file}\n  sha256       {sha256}\n  licence      {licence}\n  note         \
         {licence_note}\n  from         {source}",
        id.name
    );
}

#[cfg(test)]
mod tests {
    use domain::ports::{FaceModelId, MatchThresholds, TextReaderModel};

    use super::*;

    fn model(name: &str, byte: u8) -> FaceModel {
        let text = |suffix: &str| format!("{name}{suffix}");
        FaceModel {
            id: FaceModelId { name: name.to_owned(), sha256: [byte; 32] },
            file: text(".onnx"),
            licence: "Apache-2.0".to_owned(),
            licence_note: text(" note"),
            source: text(" source"),
        }
    }

    #[test]
    fn everything_that_a_manifest_says_is_shown_and_where_models_come_from() {
        let thresholds = MatchThresholds {
            low_milli: 400,
            medium_milli: 450,
            high_milli: 500,
            calibration: "seven people".to_owned(),
        };
        let embedder =
            |name, byte| EmbedderModel { model: model(name, byte), thresholds: thresholds.clone() };
        let models = FaceModelSet {
            detector: model("finder", 1),
            primary: embedder("new", 2),
            others: vec![embedder("old", 3)],
            text_reader: Some(TextReaderModel {
                model: model("letters", 4),
                calibration: "drawn cards".to_owned(),
            }),
        };
        let report = model_report(Some(&models));
        for words in [
            "detector: finder",
            "embedder: new",
            "embedder of older vectors: old",
            "text reader: letters",
            "finder.onnx",
            "0202020202020202020202020202020202020202020202020202020202020202",
            "Apache-2.0",
            "new note",
            "old source",
            "low 0.400, medium 0.450, high 0.500",
            "seven people",
            "drawn cards",
            "cargo xtask models",
        ] {
            assert!(report.contains(words), "{words} is not in\n{report}");
        }
        let none = model_report(None);
        assert!(
            none.contains("No face models are configured") && none.contains("cargo xtask models"),
            "{none}"
        );
    }
}
