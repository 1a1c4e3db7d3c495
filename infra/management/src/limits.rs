//! Every bound of the management listener, with its reason.

use std::time::Duration;

/// Connections at once: probes and one or two scrapers; more wait in the kernel's queue.
pub(crate) const CONNECTIONS_MAX: usize = 64;

/// A TLS handshake, and a request's head, must come within this.
pub(crate) const HEAD_MAX: Duration = Duration::from_secs(10);

/// A client must take another byte of an answer within this (contract §1).
pub(crate) const ANSWER_PROGRESS: Duration = Duration::from_secs(10);

/// What the kernel keeps of an answer, at most about twice that: it takes more once a third of it is acknowledged, so a
/// client that reads some kilobytes a second is seen to make progress, and one that reads nothing costs little.
pub(crate) const SEND_BUFFER_BYTES: usize = 16 * 1024;

/// A request's head: ours need a line and a few headers.
pub(crate) const HEAD_BYTES_MAX: usize = 16 * 1024;

/// After a failed accept (no descriptor left) the listener waits this long.
pub(crate) const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// How long answers under way may take once the listener closes.
pub(crate) const DRAIN: Duration = Duration::from_secs(2);
