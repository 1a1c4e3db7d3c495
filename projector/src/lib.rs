//! The projector: turns the facts of `identity.events` into the rows of the read model and the outcomes of
//! `identity.outcomes`. Per partition and in order: read a batch, check its envelopes, fold, write rows,
//! publish outcomes, move the position. Everything before the position moves may happen twice and comes to
//! the same (design §2). Behind it, on its own positions, a second projection turns reference photos into face
//! vectors.
//!
//! What does not belong here: what an event means (`domain`), how a log or a store works (the adapters).

mod batch;
mod faces;
mod from_engine;
mod group;
pub mod limits;
mod nik_tags;
mod pause;
pub mod quarantine;
pub mod rebuild;
mod runner;
mod settings;
pub mod status;

pub use faces::FacePorts;
pub use faces::due_photos::{DuePhotos, PartitionDue, due_photos};
pub use group::positions::StoredPositions;
pub use group::progress::SessionProgress;
pub use nik_tags::{LoggedNikTags, NikTags};
pub use runner::{ProjectorRunner, RunError};
pub use settings::{HeaderClock, ProjectorPorts, ProjectorSettings};
