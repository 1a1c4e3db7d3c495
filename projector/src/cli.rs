//! The commands: their arguments, what they print. What they print on stdout is the answer; words go to
//! stderr. Exit codes: 0 done, 1 failed, 2 wrong usage (contract §6).

pub(crate) mod progress;
pub(crate) mod quarantine;
pub(crate) mod rebuild;
pub(crate) mod run;
pub(crate) mod status;

use std::path::PathBuf;

use clap::Args;
use domain::event::TopicId;

/// Which installation.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct Target {
    /// The settings of the installation
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// The folder of a sandbox, running or not
    #[arg(long, value_name = "FOLDER")]
    pub(crate) data_dir: Option<PathBuf>,
}

/// A topic id as hexadecimal digits, for people to compare.
pub(crate) fn topic_hex(topic: TopicId) -> String {
    topic.0.iter().map(|byte| format!("{byte:02x}")).collect()
}
