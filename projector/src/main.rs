//! `projector`: the command line. What the commands do is in the library; which engine they do it on is put
//! together in `compose.rs`.

mod cli;
mod compose;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use service::program::{self, BuildInfo};

use crate::cli::quarantine::QuarantineArgs;
use crate::cli::rebuild::RebuildArgs;
use crate::cli::run::RunArgs;
use crate::cli::status::StatusArgs;

/// Which build this is.
const BUILD: BuildInfo = BuildInfo { version: env!("CARGO_PKG_VERSION"), commit: env!("BUILD_COMMIT") };

/// See `docs/decisions/0010-projector-pipeline.md`.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Turns the facts in the log into the read model and the outcomes that others subscribe to.
#[derive(Debug, Parser)]
#[command(
    version = concat!(env!("CARGO_PKG_VERSION"), " (", env!("BUILD_COMMIT"), ")"),
    after_help = "Examples:
  projector run --config identity.toml
  projector status --data-dir ./data
  projector quarantine list --config identity.toml
  projector rebuild --config identity.toml --dry-run"
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Project, until SIGTERM (distributed engine; on the embedded one ingest-api does it)
    Run(RunArgs),
    /// How far each partition is, whether the books balance, which generation answers
    Status(StatusArgs),
    /// Customers whose events wait because one of them could not be applied
    Quarantine(QuarantineArgs),
    /// Build the read model anew beside the one that answers, compare them, and switch
    Rebuild(RebuildArgs),
}

fn main() -> ExitCode {
    let cli: Cli = match program::parse() {
        Ok(cli) => cli,
        Err(code) => return code,
    };
    program::run(async {
        match cli.command {
            Command::Run(args) => Box::pin(cli::run::run(args)).await,
            Command::Status(args) => Box::pin(cli::status::run(args)).await,
            Command::Quarantine(args) => Box::pin(cli::quarantine::run(args)).await,
            Command::Rebuild(args) => Box::pin(cli::rebuild::run(args)).await,
        }
    })
}
