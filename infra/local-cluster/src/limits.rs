//! The bounds of this crate, each with its reason. Not here: the servers' own settings
//! (`kafka_config`, `cassandra_config`).

use std::time::Duration;

/// A server that is not ready by then never will be. Measured: 3 to 12 s on two idle cores; a
/// build beside it and three brokers at once make it several times as much.
pub(crate) const READY_WITHIN: Duration = Duration::from_secs(180);

/// Between two looks at a server that starts or stops.
pub(crate) const LOOK_EVERY: Duration = Duration::from_millis(50);

/// From SIGTERM to SIGKILL. A broker of three that stop at once cannot hand over its leaders and
/// would wait minutes for a controller that is gone.
pub(crate) const STOP_WITHIN: Duration = Duration::from_secs(15);

/// A probe's connect, write and each read: loopback answers in microseconds or is not there.
pub(crate) const PROBE_WITHIN: Duration = Duration::from_secs(1);

/// The largest answer a probe reads; a metadata answer without topics is some hundred bytes.
pub(crate) const PROBE_BYTES_MAX: usize = 64 * 1024;

/// Maven on a cold local repository fetches 120 MB.
pub(crate) const MAVEN_WITHIN: Duration = Duration::from_secs(900);

/// A command-line tool of Kafka's; the longest is a benchmark's producer.
pub(crate) const TOOL_WITHIN: Duration = Duration::from_secs(900);

/// `java -version` and `mvn --version`, on a busy machine.
pub(crate) const VERSION_WITHIN: Duration = Duration::from_secs(60);

/// What of a log goes into an error: the end, where the reason is.
pub(crate) const LOG_TAIL_BYTES: u64 = 6 * 1024;

/// Ports are taken from here: below the kernel's ephemeral range (32768 up), else a client that
/// keeps dialling a killed server may get the server's own port as its source, connect to itself,
/// and `restart` finds the port taken.
pub(crate) const PORTS: std::ops::Range<u16> = 20_000..32_000;
