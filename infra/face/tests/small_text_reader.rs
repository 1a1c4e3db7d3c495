//! A small text reader that a script made (tests/text-model/make.py), beside the small face models: that a folder may have
//! one or none, and that one that is not what its manifest says is refused in words. Not here: real cards.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use domain::ports::{Picture, TextReader as _};
use face::{FaceModels, OnnxTextReader};

fn committed() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests")
}

/// A folder with the committed files, to be spoiled.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for (from, names) in [
        ("models", &["detector.onnx", "detector.toml", "embedder.onnx", "embedder.toml"][..]),
        ("text-model", &["reader.onnx", "reader.toml"]),
    ] {
        for name in names {
            std::fs::copy(committed().join(from).join(name), folder.path().join(name)).expect("committed");
        }
    }
    folder
}

fn edit(folder: &Path, from: &str, to: &str) {
    let path = folder.join("reader.toml");
    let text = std::fs::read_to_string(&path).expect("committed");
    assert!(text.contains(from), "no {from}");
    std::fs::write(path, text.replacen(from, to, 1)).expect("written");
}

#[tokio::test]
async fn a_folder_may_have_a_text_reader_or_none() {
    let with = Arc::new(FaceModels::load(folder().path()).expect("whole"));
    let described = with.set().text_reader.as_ref().expect("loaded");
    assert_eq!((&*described.model.id.name, &*described.calibration), ("small-reader", "Made up."));
    let reader = OnnxTextReader::start(Arc::clone(&with), 1, 1).expect("a thread").expect("a text reader");
    assert_eq!(reader.model(), &described.model);
    let flat = || Picture::new(1024, 646, vec![200; 1024 * 646 * 3]).expect("a picture");
    assert!(reader.read(flat()).await.expect("runs").is_empty());
    // Dark lines, which are run through the model and are no card's.
    let striped =
        (0..1024 * 646 * 3).map(|at| if at / 3 / 1024 % 34 < 20 && at / 3 % 60 < 40 { 60 } else { 220 });
    let striped = Picture::new(1024, 646, striped.collect()).expect("a picture");
    assert!(reader.read(striped).await.expect("runs").is_empty());

    let without = Arc::new(FaceModels::load(&committed().join("models")).expect("whole"));
    assert!(without.set().text_reader.is_none());
    assert!(without.read_card(&flat()).expect("nothing to run").is_empty());
    assert!(OnnxTextReader::start(without, 1, 1).expect("nothing to start").is_none());
}

#[test]
fn a_text_reader_that_is_not_as_its_manifest_says_is_refused_in_words() {
    type Spoil = fn(&Path);
    let cases: [(Spoil, &[&str]); 10] = [
        (
            |at| std::fs::remove_file(at.join("reader.onnx")).expect("there"),
            &["reader.onnx", "cannot be read"],
        ),
        (
            |at| {
                let mut bytes = std::fs::read(at.join("reader.onnx")).expect("there");
                *bytes.last_mut().expect("not empty") ^= 1;
                std::fs::write(at.join("reader.onnx"), bytes).expect("written");
            },
            &["reader.onnx", "SHA-256", "cargo xtask models"],
        ),
        (|at| edit(at, "[1, 0, 4]", "[1, 0, 5]"), &["reader.onnx", "outputs", "[1, 0, 5]"]),
        (|at| edit(at, "[1, 0, 4]", "[1, 80, 4]"), &["reader.toml", "shape [1, 0, classes]"]),
        (|at| edit(at, "48, 640", "32, 640"), &["reader.onnx", "inputs", "32"]),
        (|at| edit(at, "48, 640", "48, 8"), &["reader.toml", "wider than high"]),
        (|at| edit(at, "\"A1\"", "\"AB\""), &["reader.toml", "alphabet", "'B'"]),
        (|at| edit(at, "confidence_min = 0.5", "confidence_min = 5.0"), &["reader.toml", "confidence_min"]),
        (|at| edit(at, "\"ctc\"", "\"attention\""), &["reader.toml", "ctc"]),
        (
            |at| {
                std::fs::copy(at.join("reader.toml"), at.join("second.toml")).expect("copied");
            },
            &["second.toml", "second text reader"],
        ),
    ];
    for (spoil, wanted) in cases {
        let folder = folder();
        spoil(folder.path());
        let words = FaceModels::load(folder.path()).expect_err("spoiled").to_string();
        for word in wanted {
            assert!(words.contains(word), "`{word}` is not in: {words}");
        }
    }
}
