//! Every bound of this crate, with its reason.

use std::time::Duration;

// --------------------------------------------------------------------------------------- health listener

/// Connections at once: probes and one or two scrapers need a handful, more wait in the kernel's queue. Some tens of
/// KiB each.
pub(crate) const CONNECTIONS_MAX: usize = 64;

/// With fewer places free than this, a new connection has [`CROWDED_HEAD_MAX`] for its head: half of them.
pub(crate) const CROWDED_FREE_MIN: usize = CONNECTIONS_MAX / 2;

/// A probe sends its head at once. Connections that send nothing must not hold every place for the time of a head,
/// while an orchestrator's probe waits in the kernel's queue and fails.
pub(crate) const CROWDED_HEAD_MAX: Duration = Duration::from_millis(250);

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

/// How long, and how much, an answered connection is read on that still sends something: heads are small.
pub(crate) const LINGER: Duration = Duration::from_secs(1);

/// See [`LINGER`].
pub(crate) const LINGER_BYTES_MAX: u64 = 64 * 1024;

/// How long answers under way may take once the listener closes.
pub(crate) const DRAIN: Duration = Duration::from_secs(2);

// --------------------------------------------------------------------- logs, metrics, traces, the process

/// How often histograms are folded into their buckets while nobody scrapes, so that they do not grow.
pub(crate) const METRICS_UPKEEP_EVERY: Duration = Duration::from_secs(5);

/// How long the last spans may take to leave at the end: of the 5 s that are left of the contract's 25 s when
/// requests were waited for as long as they may be.
pub(crate) const TRACES_FLUSH_MAX: Duration = Duration::from_secs(2);

/// Log lines that wait for whoever reads standard error: some thousand, a second or two of a busy instance. The
/// thread that writes holds as much again. Beyond it lines are dropped and counted.
pub(crate) const LOG_BUFFER_BYTES_MAX: usize = 1024 * 1024;

/// How often the same place in a driver may say something: an outage is said once, and its going on now and then.
pub(crate) const REPEATED_LINE_EVERY: Duration = Duration::from_secs(300);

/// Places in drivers that are remembered: they have some dozen; beyond it lines are let through.
pub(crate) const REPEATED_LINES_MAX: usize = 1_024;

/// How long the last log lines may take to be read at the end: a reader that takes longer has stopped reading.
pub(crate) const LOG_FLUSH_MAX: Duration = Duration::from_secs(1);

/// Between two tries at a stream that is full and set not to block: its reader needs about as long.
pub(crate) const STREAM_BUSY_PAUSE: Duration = Duration::from_millis(10);

/// How long threads that are still at work when everything is done (asking a name server, closing a file) may
/// hold up the end.
pub(crate) const RUNTIME_END_MAX: Duration = Duration::from_secs(1);

/// A PEM file: a chain of a few certificates is some KiB, a bundle of authorities some hundred.
pub(crate) const PEM_FILE_BYTES_MAX: u64 = 4 * 1024 * 1024;
