//! How a program of the house behaves as a process, whatever it does: command line, standard streams, signals and exit
//! codes, the clock, logs, metrics and traces, TLS of its listeners, readiness, and the listener that shows health and
//! metrics.
//!
//! Not here: settings (`engine`), and anything that an event, an org or a store means.

pub mod clock;
pub mod health_listener;
mod limits;
pub mod program;
mod readiness;
pub mod telemetry;
pub mod tls;
mod write_progress;

pub use readiness::{Readiness, UnreadyReason};
pub use write_progress::Progressing;
