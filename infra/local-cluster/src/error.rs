//! What can go wrong here, in words a developer can act on. Not here: the probes' failures, which
//! are answers (`None`, `false`).

use std::path::PathBuf;

/// Why a server could not be fetched, started, hurt or stopped.
#[derive(Debug, thiserror::Error)]
pub enum ClusterError {
    /// The options contradict themselves; nothing was started.
    #[error("{0}")]
    Options(String),
    /// Maven did not bring the artifacts.
    #[error("could not fetch {what} with Maven: {why}")]
    Fetch {
        /// The artifact and its version.
        what: String,
        /// The end of Maven's own output.
        why: String,
    },
    /// A program of theirs ended badly or did not end in time.
    #[error("{what}: {why}\n{log_tail}")]
    Program {
        /// Which program.
        what: String,
        /// What it did.
        why: String,
        /// The end of its log.
        log_tail: String,
    },
    /// No free port was left in our range.
    #[error("no free loopback port between {} and {}", crate::limits::PORTS.start, crate::limits::PORTS.end)]
    Ports,
    /// The operating system refused.
    #[error("{what}: {source}")]
    Io {
        /// What was tried, with the path.
        what: String,
        /// Its answer.
        source: std::io::Error,
    },
}

impl ClusterError {
    /// For `map_err`: says what was being done to which path.
    pub(crate) fn io(what: &str, path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let what = format!("{what} {}", path.into().display());
        move |source| Self::Io { what, source }
    }
}
