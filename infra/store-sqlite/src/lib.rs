//! The embedded engine's stores: the log, the read model, the key store and the face vectors, each a SQLite file of its
//! own.
//! The only crate that knows rusqlite. No projection, no sealing, no HTTP: what is stored here is opaque.

mod checkpoint;
mod columns;
mod faces;
pub mod installation;
mod keys;
mod limits;
mod log;
mod migrate;
mod pool;
mod views;

pub use faces::SqliteFaceVectors;
pub use keys::SqliteKeys;
pub use log::{LogClock, RetentionCounts, SqliteLog, SqliteLogOptions};
pub use migrate::{OlderFormat, SqliteOpenError};
pub use views::SqliteViews;
