//! `projector run`.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use clap::Args;
use engine::config::{Config, ListenAddress, Listener};
use projector::ProjectorRunner;
use projector::limits::FAILURE_RETRY;
use service::health_listener::{Bound, HealthSources};
use service::program::stop_on_signal;
use service::telemetry::Telemetry;
use service::{Readiness, UnreadyReason};
use tokio_util::sync::CancellationToken;

use crate::BUILD;
use crate::compose::Opened;

/// Project, until SIGTERM.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  projector run --config identity.toml
  IDENTITY_PROJECTOR__INSTANCE_ID=projector-0 projector run --config identity.toml --admin-listen 0.0.0.0:9465

Every setting of the file can also be given as IDENTITY_<SECTION>__<NAME>. Secrets come from files or the
environment, never from flags.")]
pub(crate) struct RunArgs {
    /// The settings, TOML
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// Address of health and metrics, in place of the file's
    #[arg(long, value_name = "ADDRESS")]
    admin_listen: Option<ListenAddress>,
}

pub(crate) async fn run(args: RunArgs) -> anyhow::Result<ExitCode> {
    let mut config = Config::from_file(&args.config)?;
    config.projector.admin_listen = args.admin_listen.unwrap_or(config.projector.admin_listen);
    let stop = stop_on_signal()?;
    let telemetry = Telemetry::init(config.telemetry.log_format, "projector", BUILD)?;
    let management = bind(&config.projector.admin_listener()?).await.context("the management listener")?;
    // Alive and unready from the start, also while a broker or a node is not there yet.
    let waits_for = [UnreadyReason::Dependencies, UnreadyReason::OrgKeys, UnreadyReason::Projector];
    let readiness = Arc::new(Readiness::waiting_for(waits_for, &stop));
    let metrics = telemetry.metrics();
    let shown =
        HealthSources { readiness: Arc::clone(&readiness), metrics: Arc::new(move || metrics.render()) };
    let listening = CancellationToken::new();
    tracing::info!(address = %management.address()?, "health and metrics");
    let serving = tokio::spawn(management.serve(shown, listening.clone()));
    let Some(opened) = stop.run_until_cancelled(Box::pin(Opened::projector(config, telemetry))).await else {
        return Ok(ExitCode::SUCCESS);
    };
    let opened = opened?;

    let instance = format!("projector/{:016x}", rand::random::<u64>());
    let runner = ProjectorRunner::new(opened.ports.clone(), opened.settings())
        .following(Arc::clone(&opened.operations.generations), instance)
        .reading_faces(opened.faces()?);
    let progress = runner.progress();
    let mut ended = Ok(());
    // Before it has a share of the partitions: what it could not work on is left to those that can.
    if stop.run_until_cancelled(answered(&opened, &readiness)).await.is_some() {
        let ready = async {
            // One that refuses its positions, or waits for a store, has not begun.
            if stop.run_until_cancelled(progress.begun()).await.is_some() {
                readiness.settle(UnreadyReason::Projector);
                tracing::info!("ready");
            }
        };
        let projecting = async {
            let ended = runner.run(stop.clone()).await;
            readiness.set_ending();
            // Whatever ended it, nobody waits for readiness any more.
            stop.cancel();
            ended
        };
        (ended, ()) = tokio::join!(projecting, ready);
    }
    readiness.set_ending();
    tracing::info!("drained");
    listening.cancel();
    serving.await?;
    drop(runner);
    opened.close().await;
    ended?;
    Ok(ExitCode::SUCCESS)
}

async fn bind(listener: &Listener) -> anyhow::Result<Bound> {
    let addresses = listener.addresses()?;
    let tls = listener.tls.as_ref().map(service::tls::server_config).transpose()?;
    let mut bound = Err(std::io::Error::other("no address"));
    for address in addresses {
        bound = Bound::new(address, tls.clone()).await;
        if bound.is_ok() {
            break;
        }
    }
    bound.with_context(|| format!("{} cannot be listened on", listener.address))
}

/// Returns once every dependency has answered, and the key management with a key of some org.
async fn answered(opened: &Opened, readiness: &Readiness) {
    until_ok(|| opened.probe()).await;
    readiness.settle(UnreadyReason::Dependencies);
    until_ok(|| opened.probe_org_keys()).await;
    readiness.settle(UnreadyReason::OrgKeys);
}

async fn until_ok<F: Future<Output = Result<(), String>>>(ask: impl Fn() -> F) {
    let mut backoff = FAILURE_RETRY.start();
    while let Err(error) = ask().await {
        tracing::warn!(%error, "not ready yet; trying again");
        tokio::time::sleep(backoff.next_pause()).await;
    }
}
