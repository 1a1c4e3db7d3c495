//! The shapes of bodies, field for field as in `schemas/events`, and their way from and to `domain`. A type
//! here is always of the latest version of its schema; its name is the schema's, and its fields stand in the
//! schema's order (any other order would be encoded too, at the price of a second copy).
//!
//! What does not belong here: headers, ids of schemas, and anything that a body's meaning decides.

mod assessments;
mod audit;
mod capture_evidence;
mod captures;
mod challenges;
mod compliance;
mod events;
mod faces;
mod orgs;
mod outcomes;
mod parts;
mod rechecks;

pub(crate) use audit::*;
pub(crate) use capture_evidence::*;
pub(crate) use captures::*;
pub(crate) use challenges::*;
pub(crate) use compliance::*;
pub(crate) use events::*;
pub(crate) use faces::*;
pub(crate) use orgs::*;
pub(crate) use outcomes::*;
pub(crate) use rechecks::*;

/// A body that is the whole of a record; `records` has its schema.
pub(crate) trait Body: serde::Serialize {
    /// Bytes of its large parts, so that encoding allocates once.
    fn sealed_bytes(&self) -> usize {
        0
    }
}
