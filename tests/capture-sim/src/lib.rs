//! Captures of a drawn specimen card under a flash challenge, for tests of what judges them and for trying the API by
//! hand. What belongs here: a model of card, light, screen and camera, of attacks on them, and the body and signature of
//! a request. Not here: anything of what judges captures. No code and no constant is shared with it, so that a mistake
//! in one is not hidden by the same mistake in the other. See docs/capture-sim.md for what the model leaves out.

mod bundle;
mod camera;
mod canvas;
mod capture;
mod card;
mod challenge;
mod kinds;
mod light;
mod limits;
mod options;
mod person;
mod pose;
mod scene;
mod signature;
mod texture;

pub use bundle::{CaptureBundle, FlashSample};
pub use capture::generate;
pub use challenge::FlashChallenge;
pub use kinds::CaptureKind;
pub use options::{CaptureOptions, RoomLight, ScreenGain};
pub use person::SpecimenPerson;

/// Why there is no capture.
#[derive(Debug, thiserror::Error)]
pub enum CaptureSimError {
    /// The text is no answer of a challenge endpoint.
    #[error("no flash challenge: {0}")]
    Challenge(String),
    /// The portrait to place on the card cannot be decoded.
    #[error("the portrait is no JPEG that can be decoded: {0}")]
    Portrait(String),
    /// A frame came out larger than a request may have it.
    #[error("a frame is {0} bytes at the lowest quality")]
    FrameSize(usize),
}
