//! Orgs and their API keys: the directory that follows `identity.orgs` into memory, making and changing them, the
//! `orgs` commands, the sandbox's own org, and who may open an org's evidence. And the staff of those orgs, with the
//! `staff` commands.
//!
//! Not here: what a scope allows and how a request is let in (`ingest-api`), and where the ports come from (`engine`).

pub mod api_key;
pub mod directory;
mod directory_state;
mod limits;
pub mod orgs;
pub mod sandbox;
mod setting_json;
pub mod signers;
pub mod staff;

pub use directory::Directory;
pub use setting_json::setting_json;
