//! The distributed engine's read model and key store on CQL (ScyllaDB or Cassandra): the ports Projection,
//! Views, Generations and Inspection ([`CqlViews`]), KeyRows, ReviewKeys, ExternalIds and KeyNotes ([`CqlKeys`]), FaceVectors
//! ([`CqlFaceVectors`]), over one [`CqlSession`].
//!
//! The only crate that knows the driver; nobody else names a table. What does not belong here: folding,
//! sealing, and deciding when a generation answers. The tables and their reasons: `docs/decisions/0006-cql.md`.

mod error;
mod faces;
mod keys;
mod limits;
mod migrate;
mod options;
mod retry;
mod schema;
mod session;
mod statement;
mod tls;
mod views;

pub use error::CqlOpenError;
pub use faces::CqlFaceVectors;
pub use keys::CqlKeys;
pub use options::{ClientCertificate, CqlCredentials, CqlOptions, KeyspaceReplication, TlsOptions};
pub use session::CqlSession;
pub use views::CqlViews;
