//! The installation that a command works on, opened beside whoever serves it or without anybody, and the org in it.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use domain::ids::OrgId;
use domain::orgs::OrgRecord;
use engine::{Engine, InstallationTarget, Role};
use org_directory::orgs::Orgs;
use org_directory::signers::SignerSets;
use service::clock;
use vault::AlwaysCurrent;

use super::CommandError;
use crate::unseal::UnsealPorts;

/// Which installation, whose org, and how the answer is printed.
#[derive(Debug, Args)]
pub(super) struct CommonArgs {
    #[command(flatten)]
    pub(super) target: InstallationTarget,
    /// The org, where there is more than one
    #[arg(long, value_name = "ORG", value_parser = |text: &str| OrgId::parse(text))]
    org: Option<OrgId>,
    /// Print JSON
    #[arg(long)]
    pub(super) json: bool,
}

/// An installation.
pub(super) struct OpenedInstallation {
    pub(super) engine: Engine,
    key_dir: PathBuf,
}

impl OpenedInstallation {
    pub(super) async fn open(target: &InstallationTarget) -> Result<Self, CommandError> {
        let config = target.config()?;
        let engine = Box::pin(Engine::open(&config, Role::Tool)).await?;
        Ok(Self { engine, key_dir: config.compliance_key_dir() })
    }

    /// Where an earlier build wrote evidence keys, and where a sandbox's signers lie.
    pub(super) fn key_dir(&self) -> &std::path::Path {
        &self.key_dir
    }

    pub(super) fn ports(&self) -> UnsealPorts {
        UnsealPorts {
            log: Arc::clone(&self.engine.log),
            codec: self.engine.codec.clone(),
            notes: Arc::clone(&self.engine.notes),
            views: Arc::clone(&self.engine.views),
            vault: self.engine.vault(Arc::new(AlwaysCurrent)),
            signers: SignerSets::of(&self.engine),
            now: clock::now,
        }
    }

    /// The org that was named, or the only one.
    pub(super) async fn org(&self, common: &CommonArgs) -> Result<OrgRecord, CommandError> {
        let mut all = Orgs::new(&self.engine).list().await?;
        if let Some(wanted) = &common.org {
            let found = all.into_iter().find(|record| record.org == *wanted);
            return found.ok_or_else(|| CommandError::Refused(format!("there is no org {wanted}")));
        }
        match (all.pop(), all.is_empty()) {
            (Some(only), true) => Ok(only),
            (Some(_), false) => {
                Err(CommandError::WrongUsage("there are several orgs: say which with --org".to_owned()))
            }
            (None, _) => Err(CommandError::Refused("there is no org".to_owned())),
        }
    }

    /// Does something with it, and closes it whatever came of that.
    pub(super) async fn run<T>(
        self,
        work: impl AsyncFnOnce(&Self) -> Result<T, CommandError>,
    ) -> Result<T, CommandError> {
        let done = work(&self).await;
        self.engine.close().await;
        done
    }
}
