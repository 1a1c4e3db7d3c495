//! The installation that a command works on, opened beside whoever serves it or without anybody.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use compliance::CompliancePorts;
use engine::config::{Config, EngineKind};
use engine::data_dir::DataDir;
use engine::{Engine, InstallationTarget, Role};
use org_directory::signers::SignerSets;
use service::clock;
use service::telemetry::Telemetry;
use unsealing::unseal::UnsealPorts;
use vault::AlwaysCurrent;

use crate::BUILD;
use crate::command_error::CommandError;

/// An installation.
pub(crate) struct OpenedInstallation {
    /// Its ports.
    pub(crate) engine: Engine,
    key_dir: PathBuf,
    telemetry: Telemetry,
}

impl OpenedInstallation {
    pub(crate) async fn open(target: &InstallationTarget) -> Result<Self, CommandError> {
        let config = target.config()?;
        Self::has_been_served(&config)?;
        let telemetry = Telemetry::init(config.telemetry.log_format, "compliance", BUILD);
        let telemetry = telemetry.map_err(|error| CommandError::WrongUsage(error.to_string()))?;
        let engine = Box::pin(Engine::open(&config, Role::Tool)).await?;
        Ok(Self { engine, key_dir: config.compliance_key_dir(), telemetry })
    }

    /// Opening an embedded engine makes what is not there, and an auditor makes no installation.
    fn has_been_served(config: &Config) -> Result<(), CommandError> {
        let folder = &config.engine.data_dir;
        if config.engine.kind == EngineKind::Embedded && !DataDir::exists(folder) {
            let words = format!("{} is no data folder: nothing has served on it", folder.display());
            return Err(CommandError::WrongUsage(words));
        }
        Ok(())
    }

    /// What the library works through.
    pub(crate) fn ports(&self) -> CompliancePorts {
        CompliancePorts {
            log: self.engine.log.clone(),
            keys: self.engine.keys.clone(),
            codec: self.engine.codec.clone(),
        }
    }

    /// What signers work through.
    pub(crate) fn unseal_ports(&self) -> UnsealPorts {
        UnsealPorts {
            log: Arc::clone(&self.engine.log),
            codec: self.engine.codec.clone(),
            notes: Arc::clone(&self.engine.notes),
            index: Arc::clone(&self.engine.access_index),
            views: Arc::clone(&self.engine.views),
            vault: self.engine.vault(Arc::new(AlwaysCurrent)),
            signers: SignerSets::of(&self.engine),
            now: clock::now,
        }
    }

    /// Where a sandbox's signers lie, and where an earlier build wrote evidence keys.
    pub(crate) fn key_dir(&self) -> &Path {
        &self.key_dir
    }

    /// Does something with it, and closes it whatever came of that.
    pub(crate) async fn run<T>(
        self,
        work: impl AsyncFnOnce(&Self) -> Result<T, CommandError>,
    ) -> Result<T, CommandError> {
        let done = work(&self).await;
        self.engine.close().await;
        self.telemetry.shutdown().await;
        done
    }
}
