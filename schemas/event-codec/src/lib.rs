//! The only crate that knows Avro: how facts, evidence, outcomes, directory records and dead letters of
//! `domain` become the bytes and headers of a log record, and back (contract §5). The schemas themselves lie
//! in `schemas/events`; a committed one never changes ([`compat`]).
//!
//! What does not belong here: what a record means (that is `domain`), where it is kept, what opens a sealed
//! field. No network, no disk, no clock: the schemas are compiled in, times come in as arguments.

mod catalogue;
mod codec;
pub mod compat;
mod dead_letter;
pub mod docs;
mod error;
mod headers;
mod ids;
pub mod limits;
mod lint;
mod records;
pub mod registry;
mod sensitivity;
mod wire;

pub use catalogue::{CommittedSchema, SchemaFile};
pub use codec::{Codec, value_sha256};
pub use dead_letter::DeadLetter;
pub use error::{DecodeError, EncodeError, IdsError};
pub use headers::{Meta, record_id, record_type};
pub use ids::SchemaIds;
pub use records::{RecordType, event_type};
