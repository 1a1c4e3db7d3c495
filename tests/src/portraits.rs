//! The face models and portraits that `cargo xtask models` fetched. The portraits are of real people, with their credits
//! in `xtask/models/models.toml`: they are fetched, never committed, and nothing that is made of them is kept.

use std::io::Write as _;
use std::path::PathBuf;

use data_encoding::BASE64;
use domain::ports::Picture;
use face::FaceModels;
use jpeg_encoder::{ColorType, Encoder};

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../target/models")
}

/// The folder of models; none where they were not fetched, which is said loudly, and fails in CI.
pub fn models() -> Option<PathBuf> {
    let folder = folder();
    if folder.join("sface.toml").exists() {
        return Some(folder);
    }
    let in_ci = std::env::var_os("CI").is_some_and(|value| !value.is_empty() && value != "false");
    assert!(!in_ci, "the tests on faces cannot run: target/models is missing, cargo xtask models makes it");
    // Past the test harness, which would keep it to itself.
    let remark = "NOT RUN HERE: a test on faces. target/models is missing: cargo xtask models makes it\n";
    std::io::stderr().write_all(remark.as_bytes()).expect("stderr");
    None
}

/// A portrait by its file's name.
pub fn portrait(name: &str) -> Vec<u8> {
    std::fs::read(folder().join(format!("portraits/{name}.jpg"))).expect("what xtask fetched")
}

/// The same as a request has it.
pub fn portrait_text(name: &str) -> String {
    BASE64.encode(&portrait(name))
}

/// The portrait's pixels.
pub fn portrait_pixels(name: &str) -> Picture {
    FaceModels::decode(&portrait(name)).expect("a portrait")
}

/// Pixels as a JPEG of that quality.
pub fn jpeg(picture: &Picture, quality: u8) -> Vec<u8> {
    let mut bytes = Vec::new();
    let (width, height) = (picture.width() as u16, picture.height() as u16);
    Encoder::new(&mut bytes, quality).encode(picture.rgb(), width, height, ColorType::Rgb).expect("encodes");
    bytes
}

/// The same JPEG with a comment of so many bytes before everything else.
pub fn commented(jpeg: &[u8], comment: &[u8]) -> Vec<u8> {
    let length = (comment.len() as u16 + 2).to_be_bytes();
    [&[0xff, 0xd8, 0xff, 0xfe][..], &length, comment, &jpeg[2..]].concat()
}
