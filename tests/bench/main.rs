//! `bench`: how fast, how much memory, and how far from the limit; started by `cargo xtask bench`, never by a
//! test. What belongs here: the command line. Each kind of measurement is a module of its own; what they
//! share is `load` (requests), `process` and `sandbox` (the measured program), `counters` (what it says of itself), `sample`
//! (what is sent), `stat`, `report`.

mod captures;
mod compliance;
mod console;
mod counters;
mod distributed;
mod embedded;
mod faces;
mod http;
mod limits;
mod load;
mod machine;
mod process;
mod report;
mod sample;
mod sandbox;
mod sqlite_limit;
mod stages;
mod start;
mod stat;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, Parser, Subcommand};

use crate::report::Report;

/// Measures; prints tables. Exit codes: 0 done, 1 failed, 2 wrong usage.
#[derive(Parser)]
#[command(version, arg_required_else_help = true)]
struct Bench {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// The sandbox under load, beside a bare loop on the same SQLite schema, and the stages of one verdict.
    Embedded(Measured),
    /// `serve` and `projector run` on a real Kafka and Cassandra, beside the bare drivers.
    Distributed(Box<distributed::Arguments>),
    /// How long a start takes by how much is in the log, and what it reads.
    Start(start::Arguments),
    /// The console's pages over a large read model.
    Console(console::Arguments),
    /// Replays beside a bare reader, splits of secrets, a verdict's cost beside an earlier build's.
    Compliance(compliance::Arguments),
    /// Only the stages of one verdict on one core.
    Stages(Written),
    /// Captured cards: a capture's steps beside their limits, captures from outside, verdicts beside them.
    Capture(Box<captures::Arguments>),
    /// Faces: a photo's steps, matches, verdicts with models and without, a backlog of photos.
    Face(Box<faces::Arguments>),
}

/// What is measured, and for how long.
#[derive(Args)]
struct Measured {
    /// The `ingest-api` to measure
    #[arg(long, value_name = "FILE")]
    program: PathBuf,
    /// Data goes here, in folders that are removed again: the file system that is measured
    #[arg(long, value_name = "FOLDER")]
    work_dir: PathBuf,
    /// Rounds; the tables show medians and extremes
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=limits::ROUNDS_MAX))]
    rounds: u32,
    /// Seconds of each measured window
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=limits::WINDOW_S_MAX))]
    seconds: u64,
    /// Connections, with commas
    #[arg(long, value_delimiter = ',', value_parser = clap::value_parser!(u64).range(1..=limits::CONNECTIONS_MAX))]
    connections: Vec<u64>,
    #[command(flatten)]
    written: Written,
}

#[derive(Args)]
struct Written {
    /// Also put the tables between their marks in this file
    #[arg(long, value_name = "FILE")]
    write: Option<PathBuf>,
}

fn main() -> ExitCode {
    match run(Bench::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<()> {
    match command {
        Command::Embedded(measured) => {
            let mut report = Report::new("embedded");
            embedded::run(&measured, &mut report)?;
            report.finish(measured.written.write.as_deref())?;
            run(Command::Stages(measured.written))
        }
        Command::Distributed(arguments) => distributed::run(&arguments),
        Command::Start(arguments) => start::run(&arguments),
        Command::Console(arguments) => console::run(&arguments),
        Command::Compliance(arguments) => compliance::run(&arguments),
        Command::Stages(written) => {
            let mut report = Report::new("stages");
            stages::run(&mut report)?;
            report.finish(written.write.as_deref())
        }
        Command::Capture(arguments) => captures::run(&arguments),
        Command::Face(arguments) => faces::run(&arguments),
    }
}
