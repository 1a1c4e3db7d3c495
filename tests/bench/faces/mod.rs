//! Faces: what reading a photo takes, what a match takes from outside, and what photos that are read beside verdicts
//! leave of their rate. What belongs here: which parts there are, and what they share.

mod backlog;
mod client;
mod first_projection;
mod matches;
pub(crate) mod portraits;
mod steps;
mod verdicts;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;
use clap::{Args, ValueEnum};

use crate::report::Report;
use crate::{Written, limits, machine};

/// What is measured, and for how long.
#[derive(Args)]
pub(crate) struct Arguments {
    /// The `ingest-api` to measure
    #[arg(long, value_name = "FILE")]
    program: PathBuf,
    /// Data goes here, in folders that are removed again
    #[arg(long, value_name = "FOLDER")]
    work_dir: PathBuf,
    /// The folder that `cargo xtask models` makes
    #[arg(long, value_name = "FOLDER")]
    models: PathBuf,
    /// An earlier build of `ingest-api`, to compare the projection's CPU time with
    #[arg(long, value_name = "FILE")]
    before: Option<PathBuf>,
    /// Rounds; the tables show medians and extremes
    #[arg(long, default_value_t = limits::ROUNDS_FACE, value_parser = clap::value_parser!(u32).range(1..=limits::ROUNDS_MAX))]
    rounds: u32,
    /// Seconds of each measured window of verdicts
    #[arg(long, default_value_t = limits::WINDOW_S_FACE, value_parser = clap::value_parser!(u64).range(1..=limits::WINDOW_S_MAX))]
    seconds: u64,
    /// Connections of the verdicts, with commas
    #[arg(long, value_delimiter = ',', value_parser = clap::value_parser!(u64).range(1..=limits::CONNECTIONS_MAX))]
    connections: Vec<u64>,
    /// Only these parts, with commas
    #[arg(long, value_delimiter = ',')]
    part: Vec<Part>,
    #[command(flatten)]
    written: Written,
}

impl Arguments {
    fn window(&self) -> Duration {
        Duration::from_secs(self.seconds)
    }
}

/// What can be measured alone; each has its place in the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Part {
    /// A photo step by step on one thread, beside the bare runtime.
    Steps,
    /// A match from outside, one after the other.
    Match,
    /// Verdicts a second with models and without.
    Verdicts,
    /// Photos a second of the second projection, and the memory it takes.
    Backlog,
    /// The first projection's CPU time an event.
    FirstProjection,
}

impl Part {
    fn marks(self) -> &'static str {
        match self {
            Self::Steps => "face-steps",
            Self::Match => "face-match",
            Self::Verdicts => "face-verdicts",
            Self::Backlog => "face-backlog",
            Self::FirstProjection => "face-first-projection",
        }
    }
}

/// Measures the parts, one after the other, and reports each as soon as it is done.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let parts = match arguments.part.as_slice() {
        [] => Part::value_variants(),
        named => named,
    };
    for part in parts {
        let mut report = Report::new(part.marks());
        eprintln!("{part:?}");
        let rounds = arguments.rounds;
        report.say(&format!("{}. Medians of {rounds} rounds (min–max).", machine::line()));
        match part {
            Part::Steps => steps::measure(arguments, &mut report)?,
            Part::Match => matches::measure(arguments, &mut report)?,
            Part::Verdicts => verdicts::measure(arguments, &mut report)?,
            Part::Backlog => backlog::measure(arguments, &mut report)?,
            Part::FirstProjection => first_projection::measure(arguments, &mut report)?,
        }
        report.say(&format!("Load average after it: {}.", machine::load_average()));
        report.finish(arguments.written.write.as_deref())?;
    }
    Ok(())
}
