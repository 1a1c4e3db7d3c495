//! Faces: from a photo's bytes to a vector that can be compared, or a cause why there is none; and the text of a card, read
//! line by line by a model of the same folder. The only crate that knows ONNX. The models are files that an operator names,
//! each with a manifest; nothing of them is in the program (`docs/face.md`, `docs/decisions/0020-face-runtime.md`).
//!
//! What does not belong here: how pictures are decoded (`picture-decode`), when photos are read, where vectors are kept
//! and how they are sealed, what a match decides, and what follows from a card's text.

mod detect;
mod embed;
mod error;
mod geometry;
mod limits;
mod manifest;
mod models;
mod onnx;
mod pool;
mod reader;
mod session;
mod sharpness;
mod text;

pub use detect::OnnxDetector;
pub use embed::OnnxEmbedder;
pub use error::ModelError;
pub use models::FaceModels;
pub use picture_pool::PoolPriority;
pub use pool::FacePool;
pub use text::OnnxTextReader;
