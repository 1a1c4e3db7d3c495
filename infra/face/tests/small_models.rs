//! Small models that a script made (tests/models/make.py): what comes out is worked out by hand here. What belongs here:
//! that a model is fed and read as its manifest says, and that any other file is refused in words. Not here: real faces.

use std::path::{Path, PathBuf};

use domain::ports::{
    FaceCause, FaceDetector as _, FaceEmbedder as _, FaceModelId, FaceReaderError, MatchThresholds, Picture,
};
use face::{FaceModels, ModelError};

fn committed() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/models")
}

fn models() -> FaceModels {
    FaceModels::load(&committed()).expect("the committed models")
}

fn primary(models: &FaceModels) -> &FaceModelId {
    &models.set().primary.model.id
}

/// A folder with the committed files, to be spoiled.
fn copy() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for name in ["detector.onnx", "detector.toml", "embedder.onnx", "embedder.toml"] {
        std::fs::copy(committed().join(name), folder.path().join(name)).expect("committed");
    }
    folder
}

fn edit(folder: &Path, file: &str, from: &str, to: &str) {
    let text = std::fs::read_to_string(folder.join(file)).expect("committed");
    assert!(text.contains(from), "{file} has no {from}");
    std::fs::write(folder.join(file), text.replacen(from, to, 1)).expect("written");
}

/// A second manifest of the embedder's file, with the first's lines replaced.
fn add_embedder(folder: &Path, file: &str, edits: &[(&str, &str)]) {
    std::fs::copy(folder.join("embedder.toml"), folder.join(file)).expect("committed");
    edits.iter().for_each(|(from, to)| edit(folder, file, from, to));
}

const NAME: &str = "name = \"small-embedder\"";
const SECOND_NAME: &str = "name = \"second-embedder\"";
const MARKED: (&str, &str) = ("[embedder]", "[embedder]\nprimary = true");

fn flat(width: usize, height: usize, rgb: [u8; 3]) -> Picture {
    Picture::new(width, height, rgb.repeat(width * height)).expect("as large as it is")
}

/// The channels' means are 200, 100, 50; blocks of 8 bits weigh them 1, 2, 4: 200 each, so the vector's direction is
/// (1, 1, 1). Fed blue first it would be (50, 200, 800): a cosine of 0.73.
#[test]
fn the_embedder_is_fed_red_first_and_its_weights_are_unfolded() {
    let models = models();
    let embedder = models.embedder(primary(&models)).expect("loaded");
    let vector = embedder.embed(&flat(112, 112, [200, 100, 50])).expect("runs");
    for value in vector.values() {
        assert!((value - 1.0 / 3.0_f32.sqrt()).abs() < 1e-5, "{:?}", vector.values());
    }
}

/// A blue square over the cell in column 3, row 2: the centre is (3.5, 2.5) · 32 = (112, 80), the sides e · 32 = 87.0,
/// the eyes at (96, 64) and (128, 64). A red one is nothing to a model that reads blue.
#[test]
fn the_detector_is_fed_blue_first_and_its_grid_is_read() {
    let models = models();
    let faces = models.detector().detect(&blue_square()).expect("runs");
    let [face] = &faces[..] else { panic!("one face, not {faces:?}") };
    let side = 1.0_f32.exp() * 32.0;
    for (found, wanted) in face.bounds.into_iter().zip([112.0 - side / 2.0, 80.0 - side / 2.0, side, side]) {
        assert!((found - wanted).abs() < 1e-3, "{:?}", face.bounds);
    }
    assert_eq!(face.landmarks[..2], [[96.0, 64.0], [128.0, 64.0]]);
    assert!((face.score - 1.0).abs() < 1e-4);
    assert_eq!(models.detector().detect(&square([255, 0, 0])), Ok(Vec::new()));
}

#[test]
fn a_model_id_is_name_and_digest() {
    let shown = primary(&models()).to_string();
    let (name, digest) = shown.split_once('@').expect("both");
    assert_eq!((name, digest.len()), ("small-embedder", 16));
}

fn square(rgb: [u8; 3]) -> Picture {
    let pixel = |at: usize| {
        let (x, y) = (at % 640, at / 640);
        if (96..128).contains(&x) && (64..96).contains(&y) { rgb } else { [0; 3] }
    };
    Picture::new(640, 640, (0..640 * 640).flat_map(pixel).collect()).expect("640 x 640")
}

fn blue_square() -> Picture {
    square([0, 0, 255])
}

fn png(picture: &Picture) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, picture.width() as u32, picture.height() as u32);
    encoder.set_color(png::ColorType::Rgb);
    let mut writer = encoder.write_header().expect("a header");
    writer.write_image_data(picture.rgb()).expect("pixels");
    writer.finish().expect("an end");
    bytes
}

/// What is done to a good folder.
type Spoil = fn(&Path);

#[test]
fn a_folder_that_is_not_whole_is_refused_in_words() {
    let cases: [(Spoil, &[&str]); 10] = [
        (
            |at| std::fs::remove_file(at.join("embedder.toml")).expect("there"),
            &["no manifest", "an embedder"],
        ),
        (
            |at| std::fs::remove_file(at.join("embedder.onnx")).expect("there"),
            &["embedder.onnx", "cannot be read"],
        ),
        (
            |at| std::fs::write(at.join("embedder.onnx"), b"short").expect("written"),
            &["embedder.onnx", "size", "found 5", "cargo xtask models"],
        ),
        (
            |at| {
                let mut bytes = std::fs::read(at.join("embedder.onnx")).expect("there");
                *bytes.last_mut().expect("not empty") ^= 1;
                std::fs::write(at.join("embedder.onnx"), bytes).expect("written");
            },
            &["embedder.onnx", "SHA-256", "expected", "found"],
        ),
        (
            |at| edit(at, "embedder.toml", "[1, 3]", "[1, 4]"),
            &["embedder.onnx", "outputs", "[1, 4]", "[1, 3]"],
        ),
        (
            |at| edit(at, "embedder.toml", "\"data\"", "\"date\""),
            &["embedder.onnx", "inputs", "date", "data"],
        ),
        (|at| edit(at, "detector.toml", "strides = [32]", "strides = [30]"), &["detector.toml", "strides"]),
        (|at| edit(at, "detector.toml", "format = 1", "format = 2"), &["detector.toml", "`format` is 2"]),
        (
            |at| {
                std::fs::copy(at.join("detector.toml"), at.join("second.toml")).expect("copied");
            },
            &["second.toml", "second detector"],
        ),
        (
            |at| edit(at, "embedder.toml", "low = 0.4", "low = 0.4004"),
            &["embedder.toml", "whole thousandths"],
        ),
    ];
    refused(&cases);
    let missing = FaceModels::load(Path::new("/nowhere/at/all")).expect_err("not there").to_string();
    assert!(missing.contains("/nowhere/at/all"), "{missing}");
}

fn refused(cases: &[(Spoil, &[&str])]) {
    for (spoil, wanted) in cases {
        let folder = copy();
        spoil(folder.path());
        let error: ModelError = FaceModels::load(folder.path()).expect_err("spoiled");
        let words = error.to_string();
        for word in *wanted {
            assert!(words.contains(word), "`{word}` is not in: {words}");
        }
    }
}

#[test]
fn of_several_embedders_one_must_be_the_primary() {
    let cases: [(Spoil, &[&str]); 3] = [
        (
            |at| add_embedder(at, "second.toml", &[(NAME, SECOND_NAME)]),
            &["its 2 embedders 0 say `primary = true`", "exactly one"],
        ),
        (
            |at| {
                edit(at, "embedder.toml", MARKED.0, MARKED.1);
                add_embedder(at, "second.toml", &[(NAME, SECOND_NAME)]);
            },
            &["its 2 embedders 2 say"],
        ),
        (
            |at| add_embedder(at, "second.toml", &[MARKED]),
            &["embedder.toml", "another manifest", "small-embedder@"],
        ),
    ];
    refused(&cases);
}

#[test]
fn thresholds_come_out_in_thousandths_with_where_they_are_from() {
    let models = models();
    let wanted = MatchThresholds {
        low_milli: 400,
        medium_milli: 450,
        high_milli: 500,
        calibration: "Made up.".to_owned(),
    };
    assert_eq!(models.set().primary.thresholds, wanted);
    assert_eq!(models.set().primary.model.file, "embedder.onnx");
    assert_eq!(models.set().detector.licence, "Apache-2.0");
}

/// The marked embedder is the primary; the other, which reads blue first, embeds the same face when it is asked to.
#[test]
fn several_embedders_read_one_photo_each_its_own_way() {
    let folder = copy();
    let blue_first = ("channels = \"rgb\"", "channels = \"bgr\"");
    add_embedder(folder.path(), "second.toml", &[(NAME, SECOND_NAME), MARKED, blue_first]);
    let models = FaceModels::load(folder.path()).expect("one is marked");
    let names: Vec<&str> = models.set().embedders().map(|embedder| &*embedder.model.id.name).collect();
    assert_eq!(names, ["second-embedder", "small-embedder"]);
    let photo = png(&blue_square());
    let ids: Vec<&FaceModelId> = models.set().embedders().map(|embedder| &embedder.model.id).collect();
    let read = |id: &FaceModelId| models.read(&photo, id).expect("runs").expect("a face");
    let (marked, other) = (read(ids[0]), read(ids[1]));
    assert_eq!((&marked.model, &other.model), (ids[0], ids[1]));
    assert_eq!((&marked.crop, &marked.patch), (&other.crop, &other.patch));
    // Nothing but blue: its weight is 4 to the one, and 1 to the other, who takes it for red.
    assert!(marked.vector.values()[0] > 0.999, "{:?}", marked.vector.values());
    assert!(other.vector.values()[2] > 0.999, "{:?}", other.vector.values());
    let unknown = FaceModelId { name: "third-embedder".to_owned(), ..ids[0].clone() };
    assert_eq!(models.read(&photo, &unknown), Err(FaceReaderError::UnknownModel(unknown.clone())));
}

/// A file that has the right digest and no sense: cut anywhere, it is refused or loads, and nothing panics.
#[test]
fn a_cut_file_with_a_right_digest_is_refused() {
    use sha2::Digest as _;
    let whole = std::fs::read(committed().join("embedder.onnx")).expect("committed");
    for end in (0..whole.len()).step_by(13) {
        let folder = copy();
        let cut = &whole[..end];
        std::fs::write(folder.path().join("embedder.onnx"), cut).expect("written");
        let manifest = std::fs::read_to_string(folder.path().join("embedder.toml")).expect("committed");
        let line = |line: &str| match line.split(' ').next() {
            Some("sha256") => {
                format!("sha256 = \"{}\"", data_encoding::HEXLOWER.encode(&sha2::Sha256::digest(cut)))
            }
            Some("bytes") => format!("bytes = {end}"),
            _ => line.to_owned(),
        };
        let manifest: Vec<String> = manifest.lines().map(line).collect();
        std::fs::write(folder.path().join("embedder.toml"), manifest.join("\n")).expect("written");
        let error = FaceModels::load(folder.path()).expect_err("cut").to_string();
        assert!(error.contains("embedder.onnx"), "{end}: {error}");
    }
}

/// Grey through every path of the decoders: no face is a cause, bytes that are none another.
#[test]
fn causes_are_told_apart() {
    let models = models();
    for (photo, cause) in [
        (&b"\xff\xd8\xff\xd9"[..], FaceCause::Undecodable),
        (b"\x89PNG\r\n\x1a\n", FaceCause::Undecodable),
        (b"GIF89a", FaceCause::Undecodable),
        (b"", FaceCause::Undecodable),
    ] {
        assert_eq!(models.read(photo, primary(&models)), Ok(Err(cause)), "{photo:?}");
    }
}
