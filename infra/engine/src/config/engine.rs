//! `[engine]`.

use std::path::PathBuf;

use serde::Deserialize;

use super::error::{ConfigError, within};

/// Which engine is behind the ports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EngineKind {
    /// SQLite, in this process: one machine.
    Embedded,
    /// Kafka and CQL.
    Distributed,
}

/// `[engine]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct EngineConfig {
    /// `kind = "embedded"` (the default) or `"distributed"`.
    pub kind: EngineKind,
    /// The embedded engine's folder; `./data` by default.
    pub data_dir: PathBuf,
    /// Partitions of each of the embedded engine's topics; fixed when the folder is made.
    pub partitions: u32,
}

impl Default for EngineConfig {
    fn default() -> Self {
        Self { kind: EngineKind::Embedded, data_dir: PathBuf::from("data"), partitions: 8 }
    }
}

impl EngineConfig {
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        if self.data_dir.as_os_str().is_empty() {
            return Err(ConfigError::invalid("engine", "data_dir", "must not be empty"));
        }
        within("engine", "partitions", self.partitions, 1..=crate::limits::PARTITIONS_MAX)
    }
}
