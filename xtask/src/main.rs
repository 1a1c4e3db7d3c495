//! The project's own tool: `cargo xtask <command>`. What belongs here: the list of commands and
//! their exit codes. Not here: what a command does, which is its own module.

/// Prints a line to standard output. Where that cannot be done (`| head -1`, a full disk) the program ends as
/// failed, in words, and does not panic.
macro_rules! say {
    ($($words:tt)*) => { $crate::print_line(format_args!($($words)*)) };
}

mod bench;
mod browser;
mod capture;
mod ci;
mod cluster;
mod deploy;
mod models;
mod mutants;
mod node;
mod python;
mod regions;
mod sandbox;
mod schemathesis;
mod signing;
mod subscribers;
mod tidy;

use std::fmt;
use std::io::{self, Write as _};
use std::path::Path;
use std::process::{self, ExitCode};

use clap::{Parser, Subcommand};

/// The project's own tool. Exit codes: 0 done, 1 failed, 2 wrong usage.
#[derive(Parser)]
#[command(
    name = "cargo xtask",
    bin_name = "cargo xtask",
    version = concat!(env!("CARGO_PKG_VERSION"), " (", env!("BUILD_COMMIT"), ")"),
    arg_required_else_help = true,
    after_help = "Examples:
  cargo xtask ci
  cargo xtask tidy
  cargo xtask cluster up --brokers 3"
)]
struct Xtask {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// A real Kafka and a real Cassandra on this machine, for trying the distributed engine.
    Cluster(cluster::Arguments),
    /// How fast, how much memory, how far from the limit; see docs/performance.md.
    Bench(bench::Arguments),
    /// The console in a real browser, against a real sandbox; see docs/console.md.
    Browser,
    /// A capture of a drawn specimen card, as a request's body for curl; see docs/capture-sim.md.
    Capture(capture::Arguments),
    /// The whole gate: fmt, clippy, docs, tests, deployment files, tidy; stops at the first that fails.
    Ci,
    /// What can be said of infra/deploy and its pages without a container engine.
    Deploy,
    /// The models of faces and of text and the tests' portraits into target/models, by digest; see docs/face.md.
    Models,
    /// Whether the tests of domain and vault would notice a change of the code; see CONTRIBUTING.md.
    Mutants(mutants::Arguments),
    /// The table of region codes that NIKs are read with, made anew from its sources; see docs/decisions/0029.
    Regions,
    /// A real sandbox against its own OpenAPI document, with every check of Schemathesis.
    Schemathesis,
    /// The examples of docs/capture-signing, in Python and TypeScript, against their test vectors.
    Signing,
    /// The examples of docs/subscribing, in Python and Java, on a real Kafka and a real registry.
    Subscribers(subscribers::Arguments),
    /// The rules of the house that neither rustc nor clippy knows.
    Tidy,
}

fn main() -> ExitCode {
    let Xtask { command } = Xtask::parse();
    let done = match command {
        Command::Cluster(arguments) => cluster::run(&arguments),
        Command::Bench(arguments) => bench::run(&arguments),
        Command::Browser => browser::run(),
        Command::Capture(arguments) => capture::run(&arguments),
        Command::Ci => ci::run(),
        Command::Deploy => deploy::run(),
        Command::Models => models::run(),
        Command::Regions => regions::run(),
        Command::Mutants(arguments) => mutants::run(&arguments),
        Command::Schemathesis => schemathesis::run(),
        Command::Signing => signing::run(),
        Command::Subscribers(arguments) => subscribers::run(&arguments),
        Command::Tidy => tidy::run(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Who does not listen is not told.
            let _ = writeln!(io::stderr(), "error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// For `say!`.
fn print_line(words: fmt::Arguments<'_>) {
    if let Err(error) = writeln!(io::stdout(), "{words}") {
        let _ = writeln!(io::stderr(), "error: standard output: {error}");
        process::exit(1);
    }
}

/// The workspace this program was built in: it is only ever run by `cargo xtask`.
fn workspace_root() -> &'static Path {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.parent().unwrap_or(manifest)
}

/// The cargo that runs this, so that a toolchain chosen once holds for every step; in the workspace, without
/// what it set for this program alone (`CARGO_PKG_NAME` and the like): ring's build script asks for those, and
/// everything behind it would be built again by each that has others.
fn cargo(arguments: &[&str]) -> process::Command {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = without_own_package(process::Command::new(cargo));
    command.current_dir(workspace_root()).args(arguments);
    command
}

/// Not told which package this program is of: whoever asks for his own would take it for his.
fn without_own_package(mut command: process::Command) -> process::Command {
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
            command.env_remove(&name);
        }
    }
    command
}
