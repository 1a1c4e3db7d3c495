//! Which installation a command of an operator works on, as the command line says it.

use std::path::PathBuf;

use clap::Args;

use crate::config::{Config, ConfigError};
use crate::data_dir::DataDir;

/// Which installation.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct InstallationTarget {
    /// The settings of the installation
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The folder of a sandbox, running or not
    #[arg(long, value_name = "FOLDER")]
    data_dir: Option<PathBuf>,
}

/// Why an installation's settings are not to be had.
#[derive(Debug, thiserror::Error)]
pub enum TargetError {
    /// The file.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The folder.
    #[error("{} is no sandbox's folder", .0.display())]
    NoSandbox(PathBuf),
    /// Neither was given; the command line asks for one of them.
    #[error("--config or --data-dir is needed")]
    Unnamed,
}

impl InstallationTarget {
    /// Its settings.
    ///
    /// # Errors
    /// [`TargetError`].
    pub fn config(&self) -> Result<Config, TargetError> {
        match (&self.config, &self.data_dir) {
            (Some(file), _) => Ok(Config::from_file(file)?),
            (None, Some(folder)) if DataDir::exists(folder) => Ok(Config::sandbox_from_env(folder)?),
            (None, Some(folder)) => Err(TargetError::NoSandbox(folder.clone())),
            (None, None) => Err(TargetError::Unnamed),
        }
    }

    /// The flag, for a command that is shown to be copied.
    pub fn flag(&self) -> String {
        match (&self.config, &self.data_dir) {
            (Some(file), _) => format!("--config {}", file.display()),
            (None, Some(folder)) => format!("--data-dir {}", folder.display()),
            (None, None) => String::new(),
        }
    }
}
