//! The settings of every program: a TOML file, over it the environment (`IDENTITY_<SECTION>__<NAME>`). One
//! file per section beneath `config/`; `source.rs` reads both and refuses what no section knows.
//!
//! Not here: what the settings do. A setting without a reader does not belong here either.

mod api;
mod console;
mod cql;
mod engine;
mod error;
mod face;
mod kafka;
mod keys;
mod listen_address;
mod listener;
mod projector;
mod registry;
mod secret;
mod source;
mod support;
mod telemetry;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

pub use api::ApiConfig;
pub use console::ConsoleConfig;
pub use cql::CqlConfig;
pub use engine::{EngineConfig, EngineKind};
pub use error::ConfigError;
pub use face::FaceConfig;
pub use kafka::KafkaConfig;
pub use keys::{ComplianceConfig, KmsConfig};
pub use listen_address::ListenAddress;
pub use listener::{Listener, is_loopback_host};
pub use projector::ProjectorConfig;
pub use registry::RegistryConfig;
pub use secret::Secret;
pub use support::SupportConfig;
pub use telemetry::TelemetryConfig;

use source::Source;

/// All settings, checked.
#[derive(Debug, Clone)]
pub struct Config {
    /// `[engine]`: embedded or distributed, and where the embedded one keeps its data.
    pub engine: EngineConfig,
    /// `[api]`: listeners, waits and budgets of the HTTP front end.
    pub api: ApiConfig,
    /// `[projector]`: its group, batches and management listener.
    pub projector: ProjectorConfig,
    /// `[kafka]`: brokers and topics of the distributed engine.
    pub kafka: KafkaConfig,
    /// `[cql]`: nodes of the distributed engine's stores.
    pub cql: CqlConfig,
    /// `[registry]`: an external schema registry of the distributed engine.
    pub registry: RegistryConfig,
    /// `[kms]`: where org keys live.
    pub kms: KmsConfig,
    /// `[compliance]`: where a sandbox's signers lie.
    pub compliance: ComplianceConfig,
    /// `[face]`: the face models.
    pub face: FaceConfig,
    /// `[console]`: sessions of staff.
    pub console: ConsoleConfig,
    /// `[support]`: whom callers ask.
    pub support: SupportConfig,
    /// `[telemetry]`: logs.
    pub telemetry: TelemetryConfig,
}

impl Config {
    /// Reads a file and this process's environment.
    ///
    /// # Errors
    /// The first thing that is wrong, with the setting's name: a file that cannot be read or is not TOML, an
    /// unknown section or setting, a value of another type or out of its range, two settings that exclude
    /// each other.
    pub fn from_file(path: &Path) -> Result<Self, ConfigError> {
        Self::read(Some(path), std::env::vars_os())
    }

    /// The same with a given environment, and without a file when there is none.
    ///
    /// # Errors
    /// As [`Config::from_file`].
    pub fn read(
        path: Option<&Path>,
        env: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Result<Self, ConfigError> {
        let mut source = Source::default();
        if let Some(path) = path {
            source.file(path)?;
        }
        source.env(env)?;
        Self::take(source)
    }

    /// The sandbox's: the embedded engine in that folder, everything else as it is by default.
    ///
    /// # Errors
    /// None that this program's own values could cause; kept as a `Result` because it is read like a file.
    pub fn sandbox(data_dir: &Path) -> Result<Self, ConfigError> {
        Self::sandbox_with(data_dir, [])
    }

    /// The sandbox's with this process's environment over it, so that tests can shorten a limit.
    ///
    /// # Errors
    /// As [`Config::from_file`].
    pub fn sandbox_from_env(data_dir: &Path) -> Result<Self, ConfigError> {
        Self::sandbox_with(data_dir, std::env::vars_os())
    }

    fn sandbox_with(
        data_dir: &Path,
        env: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Result<Self, ConfigError> {
        let mut source = Source::default();
        source.env(env)?;
        let mut config = Self::take(source)?;
        // The folder that was asked for on the command line, whatever the environment says.
        config.engine.kind = EngineKind::Embedded;
        config.engine.data_dir = data_dir.to_path_buf();
        config.check()?;
        Ok(config)
    }

    fn take(mut source: Source) -> Result<Self, ConfigError> {
        let config = Self {
            engine: source.section("engine")?,
            api: source.section("api")?,
            projector: source.section("projector")?,
            kafka: source.section("kafka")?,
            cql: source.section("cql")?,
            registry: source.section("registry")?,
            kms: source.section("kms")?,
            compliance: source.section("compliance")?,
            face: source.section("face")?,
            console: source.section("console")?,
            support: source.section("support")?,
            telemetry: source.section("telemetry")?,
        };
        source.finish()?;
        config.check()?;
        Ok(config)
    }

    /// Whether the values fit together. Already done for what was read; for whoever changes a value after.
    /// Listeners are not among it: each program checks those it opens ([`Listener::check`]).
    ///
    /// # Errors
    /// The first setting that is out of its range or misses its other half.
    pub fn check(&self) -> Result<(), ConfigError> {
        self.engine.check()?;
        self.api.check()?;
        self.projector.check()?;
        self.console.check()?;
        self.support.check()?;
        if self.engine.kind == EngineKind::Distributed {
            self.kafka.check()?;
            self.cql.check()?;
            self.registry.check()?;
            if self.kms.file.is_none() {
                return Err(ConfigError::missing("kms", "file", "the distributed engine"));
            }
        } else if self.registry.url.is_some() {
            let what = "is of the distributed engine only: the embedded one's log has no readers but ours";
            return Err(ConfigError::invalid("registry", "url", what));
        }
        Ok(())
    }

    /// The file of the org keys: as set, or in the embedded engine's folder.
    pub fn kms_file(&self) -> PathBuf {
        self.kms.file.clone().unwrap_or_else(|| self.engine.data_dir.join("kms").join("org-keys.json"))
    }

    /// The folder of a sandbox's signers: as set, or in the embedded engine's folder.
    pub fn compliance_key_dir(&self) -> PathBuf {
        self.compliance.key_dir.clone().unwrap_or_else(|| self.engine.data_dir.join("compliance"))
    }
}

#[cfg(test)]
mod tests;
