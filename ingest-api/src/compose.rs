//! Putting an instance together: the engine's ports, the directory, the outcome stream, on the embedded engine
//! the projector, and the listeners; and taking it apart again in order.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use chrono::Utc;
use domain::ports::LogError;
use domain::time::Timestamp;
use engine::config::{ApiConfig, Config, EngineKind, Listener};
use engine::telemetry::Metrics;
use engine::{Directory, Engine, Role};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use vault::Vault;

use crate::app::{App, Ports};
use crate::limits;
use crate::management::{Management, Readiness};
use crate::outcomes::{Currency, OutcomeHub};
use crate::server::{self, Bound, Serving};
use crate::settings::Settings;

/// A running instance. [`Instance::shutdown`] at the end.
pub struct Instance {
    /// The ports it works through.
    pub engine: Engine,
    /// What its handlers reach for.
    pub app: Arc<App>,
    /// Base URL of the public listener.
    pub url: String,
    /// Base URL of the management listener.
    pub admin_url: String,
    readiness: Arc<Readiness>,
    cancel: CancellationToken,
    /// Cancelled when a part of the instance has ended that it cannot do without.
    failed: CancellationToken,
    public: Serving,
    management: Serving,
    tasks: Vec<JoinHandle<()>>,
}

impl Instance {
    /// Opens the engine, binds both listeners, and serves. Returns once every dependency has answered; what
    /// does not answer yet is waited for, with a line in the log, until `stop`.
    ///
    /// # Errors
    /// A setting, a socket or a store that cannot be used; or `stop` came first.
    pub async fn start(config: &Config, metrics: Metrics, stop: &CancellationToken) -> anyhow::Result<Self> {
        let settings = settings(&config.api);
        let public = bind(&config.api.public_listener()?).context("the public listener")?;
        let management = bind(&config.api.admin_listener()?).context("the management listener")?;
        let (url, admin_url) = (public.url(), management.url());
        // Alive and unready from the start, also while a broker or a node is not there yet.
        let readiness = Arc::new(Readiness::default());
        let committed_ids = config.registry.url.is_none();
        let shown = Management { readiness: Arc::clone(&readiness), metrics, committed_ids };
        let management = server::serve_management(shown, management)?;
        tracing::info!(address = %admin_url, "health and metrics");
        let opening = stop.run_until_cancelled(Box::pin(Engine::open(config, Role::Server))).await;
        let engine = opening.context("stopped before it was ready")??;
        let (cancel, failed) = (CancellationToken::new(), CancellationToken::new());
        let currency = Currency::default();
        let stale = settings.outcomes_stale;
        let known = currency.clone();
        let vault = engine.vault(Arc::new(move || known.is_current(stale)));
        let (directory, following) = Directory::start(
            Arc::clone(&engine.log),
            Arc::clone(&engine.kms),
            engine.codec.clone(),
            cancel.clone(),
        );
        let generations = Arc::clone(&engine.operations.generations);
        let (live, reading) = projector::Live::follow(generations, &instance_name(), cancel.clone());
        let mut tasks = vec![following, reading, sweep(vault.clone(), cancel.clone())];
        if config.engine.kind == EngineKind::Embedded {
            tasks.push(spawn_projector(config, &engine, vault.clone(), cancel.clone(), failed.clone()));
        }
        let waiting = async {
            let outcomes = follow_outcomes(&engine, &vault, currency, &cancel).await;
            probe(&engine).await;
            directory.wait_ready().await;
            outcomes
        };
        let outcomes = stop.run_until_cancelled(waiting).await.context("stopped before it was ready")?;
        let ports = Ports {
            log: Arc::clone(&engine.log),
            views: Arc::clone(&engine.views),
            live,
            external_ids: Arc::clone(&engine.external_ids),
            vault,
            codec: engine.codec.clone(),
            directory,
        };
        let app = App::new(ports, settings, outcomes);
        let public = server::serve_public(Arc::clone(&app), public)?;
        readiness.set_ready();
        tracing::info!(%url, %admin_url, "ready");
        Ok(Self { engine, app, url, admin_url, readiness, cancel, failed, public, management, tasks })
    }

    /// Returns when a part has ended that the instance cannot do without.
    pub async fn failed(&self) {
        self.failed.cancelled().await;
    }

    /// Ends in order: unready from the first moment, requests in flight finished, then everything else.
    pub async fn shutdown(self) {
        self.readiness.set_draining();
        self.public.stop().await;
        self.cancel.cancel();
        for task in self.tasks {
            if let Err(error) = task.await {
                tracing::warn!(%error, "a task did not end in order");
            }
        }
        self.management.stop().await;
        drop(self.app);
        self.engine.close().await;
    }
}

/// The front end's part of the settings.
pub fn settings(api: &ApiConfig) -> Settings {
    let defaults = Settings::default();
    let bytes = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
    Settings {
        body_progress: api.body_progress_timeout,
        body_total: api.body_timeout,
        admission_bytes: bytes(api.bytes_in_flight_max),
        admission_org_bytes: bytes(api.org_bytes_in_flight_max()),
        wait_default: api.wait_default,
        wait_max: api.wait_max,
        directory_stale: api.directory_stale,
        outcomes_stale: api.outcomes_current,
        // The rest of the process ends within what is left of the contract's 25 s.
        drain: api.drain_timeout.min(limits::DRAIN),
        workers: match api.workers {
            0 => defaults.workers,
            n => n as usize,
        },
        ..defaults
    }
}

fn bind(listener: &Listener) -> anyhow::Result<Bound> {
    let addresses = listener.addresses()?;
    let tls = listener.tls.as_ref().map(engine::tls::server_config).transpose()?;
    let mut bound = Err(std::io::Error::other("no address"));
    for address in addresses {
        bound = Bound::new(address, tls.clone());
        if bound.is_ok() {
            break;
        }
    }
    bound.with_context(|| format!("{} cannot be listened on", listener.address))
}

/// Follows the outcomes; tries until the log says where they end.
async fn follow_outcomes(
    engine: &Engine,
    vault: &Vault,
    currency: Currency,
    cancel: &CancellationToken,
) -> Arc<OutcomeHub> {
    let mut pause = limits::OUTCOMES_RETRY_MIN;
    loop {
        let started = OutcomeHub::start(
            Arc::clone(&engine.log),
            engine.codec.clone(),
            vault.clone(),
            currency.clone(),
            cancel.clone(),
        );
        let error: LogError = match started.await {
            Ok(hub) => return hub,
            Err(error) => error,
        };
        tracing::warn!(%error, "the outcome stream cannot be followed yet; trying again");
        again(&mut pause).await;
    }
}

/// Asks every dependency once; tries until each has answered.
async fn probe(engine: &Engine) {
    let mut pause = limits::OUTCOMES_RETRY_MIN;
    while let Err(error) = engine.probe().await {
        tracing::warn!(%error, "not ready yet; trying again");
        again(&mut pause).await;
    }
}

async fn again(pause: &mut Duration) {
    tokio::time::sleep(*pause).await;
    *pause = (*pause * 2).min(limits::OUTCOMES_RETRY_MAX);
}

/// Drops keys that are past their time, also when nobody asks for any.
fn sweep(vault: Vault, cancel: CancellationToken) -> JoinHandle<()> {
    tokio::spawn(async move {
        let mut every = tokio::time::interval(limits::SWEEP_EVERY);
        while cancel.run_until_cancelled(every.tick()).await.is_some() {
            vault.sweep();
        }
    })
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
    failed: CancellationToken,
) -> JoinHandle<()> {
    let now = || Timestamp::from_millis(Utc::now().timestamp_millis());
    let ports = projector::Ports {
        log: Arc::clone(&engine.log),
        projection: Arc::clone(&engine.projection),
        vault,
        codec: engine.codec.clone(),
        clock: Arc::new(now),
    };
    let wanted = &config.projector;
    let settings = projector::Settings {
        group: wanted.group.clone(),
        batch_records_max: wanted.batch_records_max as usize,
        poison_max: wanted.dead_letters_max as usize,
        batch_bytes_max: usize::try_from(wanted.batch_bytes_max).unwrap_or(usize::MAX),
        ..projector::Settings::default()
    };
    let generations = Arc::clone(&engine.operations.generations);
    let runner = projector::Runner::new(ports, settings).following(generations, instance_name());
    tokio::spawn(async move {
        if let Err(error) = runner.run(cancel).await {
            tracing::error!(%error, "the projector ended");
            failed.cancel();
        }
    })
}
