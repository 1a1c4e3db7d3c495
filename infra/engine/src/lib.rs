//! Composition: settings in, a set of ports out. The only crate that names the adapters; with it go what composing
//! needs, the settings and the data folder.
//!
//! Not here: how a program behaves as a process (`service`), orgs and their API keys (`org-directory`), HTTP, the
//! projector, and what an event means.

#[cfg(feature = "distributed")]
mod client_files;
pub mod config;
pub mod data_dir;
mod engine;
mod installation_target;
mod limits;

pub use config::Config;
pub use engine::{
    Durability, Engine, FaceModelsError, InstallationError, InstallationPart, OpenError, Operations,
    PartFault, PoolPriority, Role, face_model_set,
};
pub use installation_target::{InstallationTarget, TargetError};
