//! `projector run`.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use clap::Args;
use engine::config::{Config, ListenAddress};
use projector::ProjectorRunner;
use projector::limits::FAILURE_RETRY;
use service::health_listener::{BoundHealthListener, ClientTimes, HealthSources};
use service::listener::bind_first;
use service::program::stop_on_signal;
use service::telemetry::Telemetry;
use service::{Readiness, UnreadyReason};

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
    let wanted = config.projector.admin_listener()?;
    let bound =
        bind_first(&wanted.address, &wanted.addresses()?, wanted.tls.as_ref(), BoundHealthListener::new);
    let bound = bound.context("the management listener")?;
    // Alive and unready from the start, also while a broker or a node is not there yet.
    let waits_for = [UnreadyReason::Dependencies, UnreadyReason::OrgKeys, UnreadyReason::Projector];
    let readiness = Arc::new(Readiness::waiting_for(waits_for, &stop));
    let metrics = telemetry.metrics();
    let sources = HealthSources::new(Arc::clone(&readiness), move || metrics.render());
    let management = bound.serve(sources, ClientTimes::default())?;
    tracing::info!(address = %management.url(), "health and metrics");
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
    management.stop().await;
    drop(runner);
    opened.close().await;
    ended?;
    Ok(ExitCode::SUCCESS)
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
