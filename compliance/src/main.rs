//! `compliance`: the command line. What the commands do with the logs is in the library; which installation they do it
//! on is opened in `opened.rs`. Exit codes are of this program's own (contract §7): 0 done, 1 refused or not found, 2
//! wrong usage, 3 a log or a store did not answer.

mod command_error;
mod commands;
mod opened;
mod output;
mod signer_files;
mod target;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use service::program::{self, BuildInfo};

use crate::command_error::CommandError;
use crate::commands::access::AccessArgs;
use crate::commands::replay::ReplayArgs;
use crate::commands::signers::SignersArgs;
use crate::commands::state::StateArgs;
use crate::commands::unseal::UnsealArgs;
use crate::commands::what_if::WhatIfArgs;

/// Which build this is.
const BUILD: BuildInfo = BuildInfo { version: env!("CARGO_PKG_VERSION"), commit: env!("BUILD_COMMIT") };

/// Shows compliance what the logs hold, and lets two signers open evidence.
#[derive(Debug, Parser)]
#[command(
    name = "compliance",
    version = concat!(env!("CARGO_PKG_VERSION"), " (", env!("BUILD_COMMIT"), ")"),
    after_help = "Examples:
  compliance replay --data-dir ./data --customer cus_…
  compliance state --config compliance.toml --customer cus_… --as-of 2026-11-23T17:00:00+07:00
  compliance what-if --config compliance.toml --policy-version 2
  compliance access list --config compliance.toml --key key_…
  compliance signers list --data-dir ./data
  compliance unseal request --data-dir ./data --verification ver_… --purpose 'OJK question 12/2026' --ticket C-481 \\
      --signer ./data/compliance/signer-1.key

Exit code: 0 done, 1 refused or not found, 2 wrong usage, 3 a log or a store did not answer."
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// The facts in the log, in their order, with their evidence compared
    Replay(ReplayArgs),
    /// A customer's KYC as of a moment, from the log alone
    State(StateArgs),
    /// Whose tier another tier policy would make another one
    WhatIf(WhatIfArgs),
    /// Who looked at whom
    Access(AccessArgs),
    /// Who may open evidence
    Signers(SignersArgs),
    /// Open evidence: one signer asks, another approves, the first opens
    Unseal(UnsealArgs),
}

fn main() -> ExitCode {
    let cli: Cli = match program::parse() {
        Ok(cli) => cli,
        Err(code) => return code,
    };
    program::run(async {
        let done = match cli.command {
            Command::Replay(args) => Box::pin(commands::replay::run(args)).await,
            Command::State(args) => Box::pin(commands::state::run(args)).await,
            Command::WhatIf(args) => Box::pin(commands::what_if::run(args)).await,
            Command::Access(args) => Box::pin(commands::access::run(args)).await,
            Command::Signers(args) => Box::pin(commands::signers::run(args)).await,
            Command::Unseal(args) => Box::pin(commands::unseal::run(args)).await,
        };
        Ok::<_, CommandError>(done.unwrap_or_else(|error| {
            program::say(&format!("error: {error}"));
            error.exit_code()
        }))
    })
}
