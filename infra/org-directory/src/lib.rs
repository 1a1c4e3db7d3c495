//! Orgs and their API keys: the directory that follows `identity.orgs` into memory, making and changing them, the
//! `orgs` commands, the sandbox's own org, and who may open an org's evidence.
//!
//! Not here: what a scope allows and how a request is let in (`ingest-api`), and where the ports come from (`engine`).

pub mod api_key;
pub mod directory;
mod directory_state;
mod limits;
pub mod orgs;
pub mod sandbox;
pub mod signers;

pub use directory::Directory;
