//! Opening the engine and putting the projector's ports together: the only place here that knows the engine.

use std::sync::Arc;

use anyhow::bail;
use domain::ports::FaceVectors;
use engine::config::{Config, EngineKind};
use engine::data_dir::DataDir;
use engine::{Engine, InstallationTarget, Operations, PoolPriority, Role};
use projector::limits::FACE_PHOTOS_WAITING_MAX;
use projector::rebuild::RebuildPorts;
use projector::{FacePorts, ProjectorPorts, ProjectorSettings};
use service::telemetry::Telemetry;
use vault::AlwaysCurrent;

use crate::BUILD;

/// An engine that a command works on.
pub(crate) struct Opened {
    engine: Engine,
    /// Its settings.
    pub(crate) config: Config,
    /// What a projector works through.
    pub(crate) ports: ProjectorPorts,
    /// What was made of reference photos.
    pub(crate) face_vectors: Arc<dyn FaceVectors>,
    /// What an operator's commands need besides.
    pub(crate) operations: Operations,
    telemetry: Telemetry,
}

impl Opened {
    /// Opens the installation that the target names, to do one thing beside whoever serves it.
    pub(crate) async fn tool(target: &InstallationTarget) -> anyhow::Result<Self> {
        let config = target.config()?;
        if config.engine.kind == EngineKind::Embedded && !DataDir::exists(&config.engine.data_dir) {
            bail!("{} is no data folder: nothing has served on it", config.engine.data_dir.display());
        }
        let telemetry = Telemetry::init(config.telemetry.log_format, "projector", BUILD)?;
        Self::open(config, telemetry, Role::Tool).await
    }

    /// Opens the engine to project on it; waits for brokers and nodes that are not there yet.
    pub(crate) async fn projector(config: Config, telemetry: Telemetry) -> anyhow::Result<Self> {
        if config.engine.kind == EngineKind::Embedded {
            bail!("on the embedded engine the projector runs inside ingest-api");
        }
        Self::open(config, telemetry, Role::Server).await
    }

    async fn open(config: Config, telemetry: Telemetry, role: Role) -> anyhow::Result<Self> {
        let engine = Engine::open(&config, role).await?;
        let operations = engine.operations.clone();
        let face_vectors = Arc::clone(&engine.face_vectors);
        // A customer's keys are forgotten when its erasure is projected, and later events come later.
        let ports = ProjectorPorts::of(&engine, engine.vault(Arc::new(AlwaysCurrent)));
        Ok(Self { engine, config, ports, face_vectors, operations, telemetry })
    }

    /// What an operator's commands work through.
    pub(crate) fn operator(&self) -> RebuildPorts {
        let Operations { generations, inspection } = self.operations.clone();
        RebuildPorts { ports: self.ports.clone(), generations, inspection }
    }

    /// What photos are read with, on threads that begin now; none without models.
    pub(crate) fn faces(&self) -> Result<Option<FacePorts>, engine::OpenError> {
        let reader = self.engine.face_reader(PoolPriority::Background, FACE_PHOTOS_WAITING_MAX)?;
        Ok(reader.map(|reader| FacePorts { reader, vectors: Arc::clone(&self.face_vectors) }))
    }

    /// The projector's settings.
    pub(crate) fn settings(&self) -> ProjectorSettings {
        ProjectorSettings::of(&self.config.projector)
    }

    /// Asks every dependency something once.
    pub(crate) async fn probe(&self) -> Result<(), String> {
        self.engine.probe().await
    }

    /// Whether the key management holds the key of any org, where there are orgs.
    pub(crate) async fn probe_org_keys(&self) -> Result<(), String> {
        self.engine.probe_org_keys().await
    }

    /// Closes everything.
    pub(crate) async fn close(self) {
        drop(self.ports);
        drop(self.operations);
        drop(self.face_vectors);
        self.engine.close().await;
        self.telemetry.shutdown().await;
    }
}
