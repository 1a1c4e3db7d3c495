//! Captured cards against the budgets of sequence §8: the steps of one capture on one core, captures from outside, and
//! what verdicts feel of captures beside them. What belongs here: which parts there are, and what they share. What comes
//! of each kind of capture is no time, and stands in `infra/capture-analysis` (`--example kinds`).

mod answers;
mod beside;
mod bodies;
mod steps;

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
    /// Rounds of what is asked from outside
    #[arg(long, default_value_t = limits::ROUNDS_CAPTURE, value_parser = clap::value_parser!(u32).range(1..=limits::ROUNDS_MAX))]
    rounds: u32,
    /// Seconds of each measured window of verdicts
    #[arg(long, default_value_t = limits::WINDOW_S_CAPTURE, value_parser = clap::value_parser!(u64).range(1..=limits::WINDOW_S_MAX))]
    seconds: u64,
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
    /// The steps of one capture on one thread.
    Steps,
    /// Captures from outside, one after the other.
    Answers,
    /// Verdicts with captures beside them and without.
    Beside,
}

impl Part {
    fn marks(self) -> &'static str {
        match self {
            Self::Steps => "capture-steps",
            Self::Answers => "capture-answers",
            Self::Beside => "capture-beside",
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
        report.say(&format!("{}.", machine::line()));
        match part {
            Part::Steps => steps::measure(arguments, &mut report)?,
            Part::Answers => answers::measure(arguments, &mut report)?,
            Part::Beside => beside::measure(arguments, &mut report)?,
        }
        report.say(&format!("Load average after it: {}.", machine::load_average()));
        report.finish(arguments.written.write.as_deref())?;
    }
    Ok(())
}
