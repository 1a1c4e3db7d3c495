//! Why an engine was not opened, in words for an operator, and whether waiting may mend it.

use domain::ports::{LogError, StoreError, Topic};
use vault::KmsError;

use super::{FaceModelsError, InstallationError};
use crate::config::ConfigError;
use crate::data_dir::DataDirError;

/// Why an engine was not opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The settings.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The data folder.
    #[error(transparent)]
    DataDir(#[from] DataDirError),
    /// Its parts do not belong together.
    #[error(transparent)]
    Installation(#[from] InstallationError),
    /// One of the stores in it.
    #[error(transparent)]
    Store(#[from] store_sqlite::SqliteOpenError),
    /// The distributed engine's log.
    #[cfg(feature = "distributed")]
    #[error(transparent)]
    Kafka(#[from] log_kafka::KafkaOpenError),
    /// The distributed engine's read model and key store.
    #[cfg(feature = "distributed")]
    #[error(transparent)]
    Cql(#[from] views_cql::CqlOpenError),
    /// The external schema registry.
    #[cfg(feature = "distributed")]
    #[error(transparent)]
    Registry(#[from] schema_registry::RegistryError),
    /// The log's schema ids are not those that the settings ask for.
    #[error("the schema ids of this installation's records: {0}")]
    SchemaIds(String),
    /// A topic could not be looked into.
    #[error("{}: {}", .0.name(), .1)]
    Log(Topic, LogError),
    /// The key store, asked for its notes or for a customer's row.
    #[error("the key store: {0}")]
    Keys(StoreError),
    /// The org keys.
    #[error(transparent)]
    Kms(#[from] KmsError),
    /// The face models.
    #[error("[face] models_dir: {0}")]
    FaceModels(FaceModelsError),
    /// The threads that read photos.
    #[error("no thread for reading photos: {0}")]
    FaceThreads(std::io::Error),
    /// The distributed engine, which this build was made without.
    #[cfg(not(feature = "distributed"))]
    #[error(
        "this program was built with the embedded engine alone: build it with its default features for the distributed one"
    )]
    EmbeddedOnly,
    /// The task that opened them ended.
    #[error("opening the stores was interrupted")]
    BrokenOff,
}

// These two say their cause in their own words: as a source it would be said again.

impl From<StoreError> for OpenError {
    fn from(cause: StoreError) -> Self {
        Self::Keys(cause)
    }
}

impl From<FaceModelsError> for OpenError {
    fn from(cause: FaceModelsError) -> Self {
        Self::FaceModels(cause)
    }
}

impl OpenError {
    /// Whether waiting may mend it: a broker or a node that does not answer yet.
    pub(super) fn may_pass(&self) -> bool {
        match self {
            #[cfg(feature = "distributed")]
            Self::Kafka(error) => error.is_transient(),
            #[cfg(feature = "distributed")]
            Self::Cql(views_cql::CqlOpenError::Unreachable { .. } | views_cql::CqlOpenError::Store(_)) => {
                true
            }
            #[cfg(feature = "distributed")]
            Self::Registry(error) => error.is_transient(),
            Self::Log(_, error) => error.is_transient(),
            Self::Keys(error) => error.is_transient(),
            _ => false,
        }
    }
}
