//! The second projection with real model files: the small ones of `infra/face`, whose answers are known.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use domain::ports::{FaceModelId, FaceReader, FaceVector};
use face::{FaceModels, FacePool, PoolPriority};
use sha2::{Digest as _, Sha256};
use vault::FacePlace;

use crate::world::World;

const WIDTH: usize = 128;
const HEIGHT: usize = 96;

/// A picture in which the small detector sees a face: a cell that is as blue as can be, in column 3 and row 2. Without any
/// compression, so that it can be written down here.
fn photo() -> Vec<u8> {
    let mut rows = Vec::new();
    for y in 0..HEIGHT {
        rows.push(0);
        for x in 0..WIDTH {
            let in_cell = (96..128).contains(&x) && (64..96).contains(&y);
            rows.extend_from_slice(if in_cell { &[200, 100, 255] } else { &[0; 3] });
        }
    }
    let mut deflated = vec![0x78, 0x01];
    let mut blocks = rows.chunks(60_000).peekable();
    while let Some(block) = blocks.next() {
        let length = block.len() as u16;
        deflated.push(u8::from(blocks.peek().is_none()));
        deflated.extend(length.to_le_bytes().into_iter().chain((!length).to_le_bytes()));
        deflated.extend_from_slice(block);
    }
    let adler = rows.iter().fold((1_u32, 0_u32), |(a, b), byte| {
        let a = (a + u32::from(*byte)) % 65_521;
        (a, (b + a) % 65_521)
    });
    deflated.extend(((adler.1 << 16) | adler.0).to_be_bytes());
    let mut png = b"\x89PNG\r\n\x1a\n".to_vec();
    let header =
        [&(WIDTH as u32).to_be_bytes()[..], &(HEIGHT as u32).to_be_bytes(), &[8, 2, 0, 0, 0]].concat();
    for (kind, data) in [(b"IHDR", &header[..]), (b"IDAT", &deflated), (b"IEND", &[])] {
        png.extend((data.len() as u32).to_be_bytes());
        let named = [&kind[..], data].concat();
        png.extend_from_slice(&named);
        png.extend(crc32fast::hash(&named).to_be_bytes());
    }
    png
}

fn committed() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../infra/face/tests/models")
}

/// The committed models, with another weight in the embedder's file: blue counts 8 instead of 4.
fn another_weight() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for name in ["detector.onnx", "detector.toml", "embedder.onnx", "embedder.toml"] {
        fs::copy(committed().join(name), folder.path().join(name)).expect("committed");
    }
    let file = folder.path().join("embedder.onnx");
    let before = fs::read(&file).expect("there");
    let scales = |last: f32| [0.5_f32.to_le_bytes(), last.to_le_bytes()].concat();
    let at = before.windows(8).position(|bytes| bytes == scales(4.0)).expect("the scales are there");
    let after = [&before[..at], &scales(8.0), &before[at + 8..]].concat();
    let digest =
        |bytes: &[u8]| Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let manifest = folder.path().join("embedder.toml");
    let text = fs::read_to_string(&manifest).expect("there");
    assert!(text.contains(&digest(&before)));
    fs::write(&manifest, text.replace(&digest(&before), &digest(&after))).expect("written");
    fs::write(&file, after).expect("written");
    folder
}

fn reader(folder: &Path) -> (Arc<dyn FaceReader>, FaceModelId) {
    let models = FaceModels::load(folder).expect("models");
    let reader = FacePool::start(Arc::new(models), PoolPriority::Background, 1, 8).expect("a thread");
    let model = reader.models().primary.model.id.clone();
    (Arc::new(reader), model)
}

#[tokio::test(flavor = "multi_thread")]
async fn another_embedder_file_makes_its_own_vectors_beside_the_old_ones() {
    let world = World::new(1).await;
    world.append(&world.verdict_with_photo(0, &photo())).await;
    let copy = another_weight();
    let mut made: Vec<FaceVector> = Vec::new();
    for folder in [committed(), copy.path().to_owned()] {
        let (reader, model) = reader(&folder);
        let running = world.project_reading(world.vault.clone(), "one", Some(reader));
        world.faces_read(&model).await;
        running.stop().await;
        let rows = world.rows(0).await;
        assert_eq!(rows.len(), made.len() + 1);
        let row = rows.iter().find(|row| row.model == model).expect("its own");
        assert_eq!(row.cause, None);
        let sealed = row.vector.as_ref().expect("a vector");
        let opened = world.customers[0].open_face_vector(FacePlace::of(row), sealed);
        made.push(opened.expect("opens").expect("not erased"));
    }
    // What of the face is the cell and what is the black around it weighs all channels alike.
    for (vector, blue) in made.iter().zip([4.0, 8.0]) {
        let wanted = FaceVector::normalised(vec![200.0, 2.0 * 100.0, blue * 255.0]).expect("a direction");
        let cosine = vector.cosine(&wanted).expect("of one dimension");
        assert!(cosine > 0.999, "{cosine}");
    }
}
