//! Putting an instance together: the engine's ports, the directory, the outcome stream, on the embedded engine
//! the projector, and the listeners; and taking it apart again in order.

use std::sync::Arc;

use anyhow::Context as _;
use domain::ports::LogError;
use engine::config::{Config, EngineKind};
use engine::{Engine, PoolPriority, Role};
use generation_watch::LiveGeneration;
use org_directory::Directory;
use org_directory::signers::SignerSets;
use projector::{ProjectorPorts, ProjectorRunner, ProjectorSettings, SessionProgress};
use service::health_listener::{
    BoundHealthListener, ClientTimes, HealthListener, HealthSources, ProgramPages,
};
use service::listener::bind_first;
use service::telemetry::Metrics;
use service::{Readiness, UnreadyReason};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use vault::Vault;

use crate::app::{App, Ports};
use crate::captures::CaptureServices;
use crate::faces::FaceServices;
use crate::limits;
use crate::pipeline::{InstanceParts, ManagementPages};
use crate::reading::read_records::ReadRecords;
use crate::registry_pages::SchemaIds;
use crate::serving::server::{self, Bound, Serving};
use crate::settings::Settings;
use crate::writes::outcome_hub::{OutcomeFreshness, OutcomeHub};

mod background;
mod readiness;
mod recheck_gauges;

use self::background::{sweep_keys, sweep_review_copies, sweep_secrets, write_reads};
use self::readiness::{Failure, Waits};

/// An instance: assembled, then serving. [`Instance::shutdown`] at the end.
pub struct Instance {
    /// The ports it works through.
    pub engine: Engine,
    /// What its handlers reach for.
    pub app: Arc<App>,
    /// Base URL of the public listener.
    pub url: String,
    /// Base URL of the management listener.
    pub admin_url: String,
    /// The public listener is for this machine only.
    pub is_on_loopback: bool,
    /// What `/readyz` says.
    pub readiness: Arc<Readiness>,
    cancel: CancellationToken,
    /// Cancelled when a part of the instance has ended that it cannot do without.
    failed: Failure,
    public: Public,
    management: HealthListener,
    pages: Arc<ManagementPages>,
    tasks: Vec<JoinHandle<()>>,
}

/// The public listener.
enum Public {
    /// Nobody can connect yet.
    Bound(Box<Bound>),
    Serving(Serving),
    Closed,
}

impl Instance {
    /// Assembles an instance and serves.
    ///
    /// # Errors
    /// As for [`Instance::assemble`] and [`Instance::serve`].
    pub async fn start(config: &Config, metrics: Metrics, stop: &CancellationToken) -> anyhow::Result<Self> {
        let mut instance = Box::pin(Self::assemble(config, metrics, stop, &[])).await?;
        match instance.serve() {
            Ok(()) => Ok(instance),
            Err(error) => {
                instance.shutdown().await;
                Err(error)
            }
        }
    }

    /// Opens the engine, binds both listeners, and serves health and metrics. Returns once every dependency has
    /// answered and, on the embedded engine, the read model has everything that the log had at the start; what does
    /// not answer yet is waited for, with a line in the log, until `stop`. Nobody can connect to the public
    /// listener before [`Instance::serve`]: an earlier answer could deny what is in the log. `also` is what whoever
    /// assembles it settles before that.
    ///
    /// # Errors
    /// A setting, a socket or a store that cannot be used; the projector refused; or `stop` came first.
    pub async fn assemble(
        config: &Config,
        metrics: Metrics,
        stop: &CancellationToken,
        also: &[UnreadyReason],
    ) -> anyhow::Result<Self> {
        let mut settings = Settings::of(&config.api, &config.console, &config.support);
        let wanted = config.api.public_listener()?;
        let public = bind_first(&wanted.address, &wanted.addresses()?, wanted.tls.as_ref(), Bound::new);
        let public = public.context("the public listener")?;
        let is_on_loopback = public.address().ip().is_loopback();
        // Behind a proxy the browser speaks TLS, also where the proxy speaks plaintext over loopback.
        let is_behind_proxy = config.console.proxies > 0;
        settings.console.secure_cookies = !is_on_loopback || is_behind_proxy || wanted.tls.is_some();
        // Alive and unready from the start, also while a broker or a node is not there yet.
        let readiness = Arc::new(Readiness::waiting_for(readiness::reasons(config, also), stop));
        let management = serve_management(config, &settings, &readiness, metrics);
        let (management, pages) = management.context("the management listener")?;
        let (url, admin_url) = (public.url(), management.url().to_owned());
        tracing::info!(address = %admin_url, "health and metrics");
        let opening = stop.run_until_cancelled(Box::pin(Engine::open(config, Role::Server))).await;
        let engine = opening.context("stopped before it was ready")??;
        if also.contains(&UnreadyReason::SandboxOrg) {
            org_directory::sandbox::put_last_aside(&engine)?;
        }
        let probes = engine.face_reader(PoolPriority::Awaited, limits::PROBES_WAITING_MAX)?;
        let faces = FaceServices::new(Arc::clone(&engine.face_vectors), probes);
        let cards = engine.card_analyser(limits::CAPTURES_WAITING_MAX)?;
        let captures = CaptureServices::new(cards, engine.text_reader(limits::CAPTURES_WAITING_MAX)?);
        readiness.show("faceModels", faces.embedder_name());
        readiness.show("textReader", faces.text_reader_name());
        let begun = Begun::on(&engine, config, &settings, &faces, &pages);
        let outcomes = match Box::pin(begun.outcomes_once_ready(&engine, config, &readiness, stop)).await {
            Ok(outcomes) => outcomes,
            Err(error) => {
                readiness.set_ending();
                pages.close();
                begun.end(management, engine).await;
                return Err(error);
            }
        };
        let ports = begun.ports(&engine, faces, captures);
        let Begun { cancel, failed, mut tasks, .. } = begun;
        let app = App::new(ports, settings, outcomes);
        tasks.push(sweep_secrets(Arc::clone(&app), cancel.clone()));
        tasks.push(recheck_gauges::count_open_rechecks(Arc::clone(&app), cancel.clone()));
        let public = Public::Bound(Box::new(public));
        Ok(Self {
            engine,
            app,
            url,
            admin_url,
            is_on_loopback,
            readiness,
            cancel,
            failed,
            public,
            management,
            pages,
            tasks,
        })
    }

    /// Serves the public listener from now on.
    ///
    /// # Errors
    /// The operating system's.
    pub fn serve(&mut self) -> anyhow::Result<()> {
        if let Public::Bound(bound) = std::mem::replace(&mut self.public, Public::Closed) {
            let serving = server::serve_public(Arc::clone(&self.app), *bound);
            self.public = Public::Serving(serving.with_context(|| format!("{} cannot be served", self.url))?);
            self.readiness.settle(UnreadyReason::PublicListener);
            tracing::info!(url = %self.url, admin_url = %self.admin_url, "ready");
        }
        Ok(())
    }

    /// Returns when a part has ended that the instance cannot do without: why.
    pub async fn failed(&self) -> anyhow::Error {
        self.failed.cause().await
    }

    /// Ends in order: unready from the first moment, requests in flight finished, then everything else.
    pub async fn shutdown(self) {
        self.readiness.set_ending();
        // They would go on for as long as anybody listens.
        self.app.outcomes.changes().end();
        if let Public::Serving(public) = self.public {
            public.stop().await;
        }
        self.cancel.cancel();
        self.pages.close();
        drop(self.app);
        end(self.tasks, self.management, self.engine).await;
    }
}

/// What an instance begins on its engine before it is ready.
struct Begun {
    cancel: CancellationToken,
    failed: Failure,
    tasks: Vec<JoinHandle<()>>,
    freshness: OutcomeFreshness,
    vault: Vault,
    directory: Directory,
    live: LiveGeneration,
    reads: Arc<ReadRecords>,
    /// Of the projector in this process, where there is one.
    progress: Option<SessionProgress>,
}

impl Begun {
    fn on(
        engine: &Engine,
        config: &Config,
        settings: &Settings,
        faces: &FaceServices,
        pages: &ManagementPages,
    ) -> Self {
        let (cancel, failed) = (CancellationToken::new(), Failure::default());
        let (freshness, stale) = (OutcomeFreshness::default(), settings.outcomes_stale);
        let freshness_now = freshness.clone();
        let vault = engine.vault(Arc::new(move || freshness_now.is_fresh(stale)));
        let (directory, following) = Directory::start(
            Arc::clone(&engine.log),
            Arc::clone(&engine.kms),
            engine.codec.clone(),
            cancel.clone(),
        );
        let generations = Arc::clone(&engine.operations.generations);
        let (live, reading) = LiveGeneration::start(generations, &instance_name(), cancel.clone());
        let reads = Arc::new(ReadRecords::default());
        let mut tasks = vec![following, reading, sweep_keys(vault.clone(), cancel.clone())];
        tasks.push(sweep_review_copies(engine.review_vault(), cancel.clone()));
        tasks.extend(write_reads(engine, Arc::clone(&reads), &cancel));
        let parts = InstanceParts {
            vault: vault.clone(),
            directory: directory.clone(),
            outcomes: freshness.clone(),
            face_model: faces.models().map(|models| models.primary.model.id.clone()),
            settings,
        };
        tasks.push(pages.open(engine, parts, cancel.clone()));
        let mut progress = None;
        if config.engine.kind == EngineKind::Embedded {
            let (task, its_progress) =
                spawn_projector(config, engine, vault.clone(), cancel.clone(), failed.clone());
            tasks.push(task);
            progress = Some(its_progress);
        }
        Self { cancel, failed, tasks, freshness, vault, directory, live, reads, progress }
    }

    /// What handlers work through.
    fn ports(&self, engine: &Engine, faces: FaceServices, captures: CaptureServices) -> Ports {
        Ports {
            log: Arc::clone(&engine.log),
            views: Arc::clone(&engine.views),
            counts: Arc::clone(&engine.counts),
            nik_index: Arc::clone(&engine.nik_index),
            rechecks: Arc::clone(&engine.rechecks),
            inspection: Arc::clone(&engine.operations.inspection),
            live: self.live.clone(),
            external_ids: Arc::clone(&engine.external_ids),
            staff_accounts: Arc::clone(&engine.staff_accounts),
            staff_sessions: Arc::clone(&engine.staff_sessions),
            access_index: Arc::clone(&engine.access_index),
            vault: self.vault.clone(),
            review_vault: engine.review_vault(),
            codec: engine.codec.clone(),
            directory: self.directory.clone(),
            signers: SignerSets::of(engine),
            faces,
            captures,
            reads: Arc::clone(&self.reads),
        }
    }

    /// Ends it; nobody was served yet.
    async fn end(self, management: HealthListener, engine: Engine) {
        self.cancel.cancel();
        let tasks = self.tasks;
        drop((self.vault, self.directory, self.live));
        end(tasks, management, engine).await;
    }

    /// The outcome stream, once everything else is there too.
    async fn outcomes_once_ready(
        &self,
        engine: &Engine,
        config: &Config,
        readiness: &Readiness,
        stop: &CancellationToken,
    ) -> anyhow::Result<Arc<OutcomeHub>> {
        let waits = Waits { engine, directory: &self.directory, progress: self.progress.as_ref(), readiness };
        let outcomes = async {
            let outcomes = follow_outcomes(engine, &self.vault, self.freshness.clone(), &self.cancel).await;
            readiness.settle(UnreadyReason::OutcomeStream);
            waits.all().await;
            outcomes
        };
        let outcomes = self.failed.or(stop.run_until_cancelled(outcomes)).await?;
        let outcomes = outcomes.context("stopped before it was ready")?;
        readiness::refuse_evidence_keys(&self.directory, &*engine.notes, config).await?;
        Ok(outcomes)
    }
}

/// What was told to end, ends; then the stores are closed.
async fn end(tasks: Vec<JoinHandle<()>>, management: HealthListener, engine: Engine) {
    for task in tasks {
        if let Err(error) = task.await {
            tracing::warn!(%error, "a task did not end in order");
        }
    }
    management.stop().await;
    engine.close().await;
}

/// Health, metrics, the schemas and the pipeline's page, from now on.
fn serve_management(
    config: &Config,
    settings: &Settings,
    readiness: &Arc<Readiness>,
    metrics: Metrics,
) -> anyhow::Result<(HealthListener, Arc<ManagementPages>)> {
    let wanted = config.api.admin_listener()?;
    let bound =
        bind_first(&wanted.address, &wanted.addresses()?, wanted.tls.as_ref(), BoundHealthListener::new)?;
    let ids = if config.registry.url.is_none() { SchemaIds::Committed } else { SchemaIds::External };
    let pages = ManagementPages::new(ids, Arc::clone(readiness), metrics.clone());
    let sources = HealthSources::new(Arc::clone(readiness), move || metrics.render())
        .with_pages(Arc::clone(&pages) as Arc<dyn ProgramPages>);
    let times = ClientTimes { head: settings.head_timeout, progress: settings.answer_progress };
    Ok((bound.serve(sources, times)?, pages))
}

/// Follows the outcomes; tries until the log says where they end.
async fn follow_outcomes(
    engine: &Engine,
    vault: &Vault,
    freshness: OutcomeFreshness,
    cancel: &CancellationToken,
) -> Arc<OutcomeHub> {
    let mut backoff = limits::OUTCOMES_RETRY.start();
    loop {
        let started = OutcomeHub::start(
            Arc::clone(&engine.log),
            engine.codec.clone(),
            vault.clone(),
            freshness.clone(),
            cancel.clone(),
        );
        let error: LogError = match started.await {
            Ok(hub) => return hub,
            Err(error) => error,
        };
        tracing::warn!(%error, "the outcome stream cannot be followed yet; trying again");
        tokio::time::sleep(backoff.next_pause()).await;
    }
}

/// Under which this process says which pointer it works by. Another name at each start: one that was killed is
/// not taken for this one.
fn instance_name() -> String {
    format!("ingest-api/{}", domain::ids::crockford(vault::random_id()))
}

/// The projector inside this process, as the embedded engine has it.
fn spawn_projector(
    config: &Config,
    engine: &Engine,
    vault: Vault,
    cancel: CancellationToken,
    failed: Failure,
) -> (JoinHandle<()>, SessionProgress) {
    let (ports, settings) = (ProjectorPorts::of(engine, vault), ProjectorSettings::of(&config.projector));
    let generations = Arc::clone(&engine.operations.generations);
    let reader = engine
        .face_reader(PoolPriority::Background, projector::limits::FACE_PHOTOS_WAITING_MAX)
        .unwrap_or_else(|error| {
            failed.tell(&error);
            None
        });
    let vectors = Arc::clone(&engine.face_vectors);
    let runner = ProjectorRunner::new(ports, settings)
        .following(generations, instance_name())
        .reading_faces(reader.map(|reader| projector::FacePorts { reader, vectors }));
    let progress = runner.progress();
    let task = tokio::spawn(async move {
        if let Err(error) = runner.run(cancel).await {
            tracing::error!(%error, "the projector ended");
            failed.tell(&error);
        }
    });
    (task, progress)
}
