//! The ports: what the house needs of a log, a view store and a key store, and what each must promise.
//! Small on purpose. Every adapter passes the contract suites of `infra/testkit`, which hold it to the
//! obligations written here.

mod access_index;
mod access_look;
mod card_analysis;
mod face_copies;
mod face_models;
mod face_vectors;
mod faces;
mod generations;
mod keys;
mod log;
mod rechecks;
mod review_keys;
mod staff;
mod text_reader;
mod verification_series;
mod views;

pub use access_index::*;
pub use access_look::*;
pub use card_analysis::*;
pub use face_copies::*;
pub use face_models::*;
pub use face_vectors::*;
pub use faces::*;
pub use generations::*;
pub use keys::*;
pub use log::*;
pub use rechecks::*;
pub use review_keys::*;
pub use staff::*;
pub use text_reader::*;
pub use verification_series::*;
pub use views::*;

/// Why a view or key store did not do it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Worth trying again; a write may or may not have happened.
    #[error("the store is not available: {0}")]
    Unavailable(String),
    /// An operator is needed: what is stored cannot be what this build expects.
    #[error("the store holds something unexpected: {0}")]
    Corrupt(String),
}

impl StoreError {
    /// Whether the same call may succeed later, without anybody's help.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Unavailable(_) => true,
            Self::Corrupt(_) => false,
        }
    }
}
