//! Composition: settings in, a set of ports out. The only crate that names the adapters, and where the things
//! live that every program needs around them: settings, the data folder, the directory of orgs and API keys,
//! the `orgs` commands, logs, metrics, traces, TLS, and how a program behaves as a process.
//!
//! Not here: HTTP, the projector, and what an event means.

pub mod api_key;
mod clock;
pub mod config;
pub mod data_dir;
pub mod directory;
mod engine;
mod limits;
pub mod orgs;
pub mod program;
mod roll;
pub mod sandbox;
pub mod telemetry;
pub mod tls;

pub use config::Config;
pub use directory::Directory;
pub use engine::{
    Durability, Engine, InstallationError, InstallationPart, OpenError, Operations, PartFault, Role,
};

#[cfg(test)]
mod faults;
