//! `ingest-api`: the command line. What the commands do is in the library.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use engine::Config;
use engine::config::{ApiConfig, FaceConfig, ListenAddress};
use ingest_api::compose::Instance;
use ingest_api::fallback_cli::{FallbackArgs, run_fallback};
use ingest_api::model_report::model_report;
use ingest_api::sandbox;
use org_directory::orgs::cli::{OrgsArgs, run_orgs};
use org_directory::staff::cli::{StaffArgs, run_staff};
use service::program::{self, BuildInfo};
use service::telemetry::Telemetry;

/// Which build this is.
const BUILD: BuildInfo = BuildInfo { version: env!("CARGO_PKG_VERSION"), commit: env!("BUILD_COMMIT") };

/// Takes Dukcapil's verdicts about customers' NIKs, keeps the evidence, and shows the result.
#[derive(Debug, Parser)]
#[command(
    version = concat!(env!("CARGO_PKG_VERSION"), " (", env!("BUILD_COMMIT"), ")"),
    after_help = "Examples:
  ingest-api sandbox
  ingest-api sandbox --data-dir /tmp/try --listen 127.0.0.1:0 --admin-listen 127.0.0.1:0
  ingest-api serve --config identity.toml
  ingest-api orgs create --config identity.toml --name 'Bank Contoh' --dukcapil-enabled
  ingest-api staff add ana --role analyst --config identity.toml
  ingest-api models check --models target/models
  ingest-api fallback list --open --config identity.toml"
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// The whole system in one process, with an org, a key and a customer that are ready
    #[command(after_help = "Examples:
  ingest-api sandbox
  ingest-api sandbox --data-dir /tmp/try --ingest-limit 0
  ingest-api sandbox --models target/models
  IDENTITY_API__ALLOW_PLAINTEXT=true ingest-api sandbox --listen 0.0.0.0:8080

Prints a curl that works as it stands, and writes <DATA_DIR>/sandbox.json (mode 0600). Started again on the
same folder it goes on where it was, with the same key. Off loopback it wants IDENTITY_API__ALLOW_PLAINTEXT=true
(for --admin-listen IDENTITY_API__ADMIN_ALLOW_PLAINTEXT=true), or the files of TLS.")]
    Sandbox {
        /// Where everything is kept
        #[arg(long, default_value = "./data", value_name = "FOLDER")]
        data_dir: PathBuf,
        /// Address of the API, or a name; port 0 takes a free one
        #[arg(long, default_value_t = ApiConfig::default().listen, value_name = "ADDRESS")]
        listen: ListenAddress,
        /// Address of health, metrics and the schema registry
        #[arg(long, default_value_t = ApiConfig::default().admin_listen, value_name = "ADDRESS")]
        admin_listen: ListenAddress,
        /// Verdicts a minute; 0 is no limit
        #[arg(long, default_value_t = 60_000, value_name = "N")]
        ingest_limit: u32,
        /// The folder of the face models; `cargo xtask models` makes one
        #[arg(long, value_name = "FOLDER")]
        models: Option<PathBuf>,
    },
    /// The API alone (on the embedded engine the projector runs inside it)
    #[command(after_help = "Examples:
  ingest-api serve --config identity.toml
  IDENTITY_API__WORKERS=4 ingest-api serve --config identity.toml --listen 0.0.0.0:8443

Every setting of the file can also be given as IDENTITY_<SECTION>__<NAME>. Secrets come from files or the
environment, never from flags.")]
    Serve {
        /// The settings, TOML
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
        /// Address of the API, in place of the file's
        #[arg(long, value_name = "ADDRESS")]
        listen: Option<ListenAddress>,
        /// Address of health, metrics and the schema registry, in place of the file's
        #[arg(long, value_name = "ADDRESS")]
        admin_listen: Option<ListenAddress>,
    },
    /// Make and change orgs and their API keys
    Orgs(OrgsArgs),
    /// Make and change who may sign in to the console
    Staff(StaffArgs),
    /// The face models that the programs would load
    #[command(subcommand)]
    Models(ModelsCommand),
    /// Who was onboarded while Dukcapil did not answer, and what became of it
    Fallback(FallbackArgs),
}

#[derive(Debug, Subcommand)]
enum ModelsCommand {
    /// Load them, and say what they are: files, digests, licences, thresholds, and where to get them
    #[command(after_help = "Examples:
  ingest-api models check --config identity.toml
  ingest-api models check --models target/models")]
    Check(ModelsArgs),
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct ModelsArgs {
    /// The settings, TOML
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The folder of the models
    #[arg(long, value_name = "FOLDER")]
    models: Option<PathBuf>,
}

/// See `docs/decisions/0011-embedded-speed.md`.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli: Cli = match program::parse() {
        Ok(cli) => cli,
        Err(code) => return code,
    };
    program::run(Box::pin(command(cli.command)))
}

async fn command(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Orgs(args) => return Ok(run_orgs(args).await),
        Command::Staff(args) => return Ok(Box::pin(run_staff(args)).await),
        Command::Models(ModelsCommand::Check(args)) => check_models(args).await?,
        Command::Fallback(args) => return Box::pin(run_fallback(args)).await,
        Command::Sandbox { data_dir, listen, admin_listen, ingest_limit, models } => {
            let mut config = Config::sandbox_from_env(&data_dir)?;
            config.face.models_dir = models.or(config.face.models_dir);
            config.api.listen = listen;
            config.api.admin_listen = admin_listen;
            Box::pin(serve(&config, Some(ingest_limit))).await?;
        }
        Command::Serve { config, listen, admin_listen } => {
            let mut config = Config::from_file(&config)?;
            config.api.listen = listen.unwrap_or(config.api.listen);
            config.api.admin_listen = admin_listen.unwrap_or(config.api.admin_listen);
            Box::pin(serve(&config, None)).await?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Loads the models as a program would, and prints what they are.
async fn check_models(args: ModelsArgs) -> anyhow::Result<()> {
    let config = match args.config {
        Some(config) => Config::from_file(&config)?.face,
        None => FaceConfig { models_dir: args.models },
    };
    let models = engine::face_model_set(&config).await?;
    program::print(&model_report(models.as_ref()))?;
    Ok(())
}

/// Serves until a signal, or until it cannot; the sandbox gets its org, key and customer.
async fn serve(config: &Config, sandbox_limit: Option<u32>) -> anyhow::Result<()> {
    let telemetry = Telemetry::init(config.telemetry.log_format, "ingest-api", BUILD)?;
    let stop = program::stop_on_signal()?;
    let started = match sandbox_limit {
        Some(limit) => Box::pin(sandbox::start(config, telemetry.metrics(), &stop, limit))
            .await
            .map(|(instance, info)| (instance, Some(info))),
        None => Box::pin(Instance::start(config, telemetry.metrics(), &stop))
            .await
            .map(|instance| (instance, None)),
    };
    let (instance, info) = match started {
        Ok(started) => started,
        // Told to end while it waited for a broker or a node: that is no failure.
        Err(why) if stop.is_cancelled() => {
            tracing::info!("{why:#}");
            return Ok(());
        }
        Err(error) => return Err(error),
    };
    if let Some(info) = info {
        show(sandbox::first_steps(&info, instance.app.faces.models().is_some()));
    }
    let served = tokio::select! {
        () = stop.cancelled() => Ok(()),
        cause = instance.failed() => Err(cause),
    };
    tracing::info!("draining");
    instance.shutdown().await;
    telemetry.shutdown().await;
    served
}

/// Prints what to try first, beside everything else: who started the sandbox may not read it (`| head -1`, a full
/// disk, a pipe that nobody empties), and all of it can be had from `sandbox.json`.
fn show(text: String) {
    let printing = std::thread::Builder::new().name("first-steps".to_owned()).spawn(move || {
        if let Err(error) = program::print(&text) {
            tracing::warn!(%error, "what to try first was not shown; sandbox.json has URL, key and customer");
        }
    });
    if let Err(error) = printing {
        tracing::warn!(%error, "what to try first was not shown; sandbox.json has URL, key and customer");
    }
}
