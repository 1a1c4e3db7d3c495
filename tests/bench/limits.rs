//! Every bound of the benchmarks, with its reason.

use std::time::Duration;

/// Rounds at most: eleven are enough for any median, and a bench that nobody stops must end.
pub(crate) const ROUNDS_MAX: i64 = 11;

/// Seconds of a window at most: at 10,000 verdicts a second this is what a disk of 60 GB holds of one server.
pub(crate) const WINDOW_S_MAX: u64 = 60;

/// Connections at most: far above where two cores are busy, far below a process's usual 1,024 files.
pub(crate) const CONNECTIONS_MAX: u64 = 512;

/// Connections where the caller names none: the issue's.
pub(crate) const CONNECTIONS: [usize; 3] = [1, 16, 64];

/// The same for the distributed engine.
pub(crate) const CONNECTIONS_DISTRIBUTED: [usize; 3] = [16, 64, 256];

/// Before each window, not measured: caches fill, the log's file gets its first pages.
pub(crate) const WARM_UP: Duration = Duration::from_secs(2);

/// Customers that verdicts are about, in turn: enough that no one customer's order of events is the limit.
pub(crate) const CUSTOMERS: usize = 100;

/// A program that does not answer by then never will; it needs a second.
pub(crate) const READY_WITHIN: Duration = Duration::from_secs(60);

/// Between two looks at a program that starts or ends.
pub(crate) const LOOK_EVERY: Duration = Duration::from_millis(50);

/// From SIGTERM to SIGKILL: a little above the 25 s in which every program must have drained.
pub(crate) const STOP_WITHIN: Duration = Duration::from_secs(30);

/// After the window every request in flight must have been answered by then: above every deadline of the API.
pub(crate) const ANSWERS_WITHIN: Duration = Duration::from_secs(45);

/// The largest answer that is read; the API's are below 1 KiB.
pub(crate) const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// Examples of unexpected answers that are shown.
pub(crate) const SHOWN_MAX: usize = 3;

/// The bare loop's WAL is copied into its file each time it has grown by this: what the log's writer does.
pub(crate) const CHECKPOINT_BYTES: u64 = 16 * 1024 * 1024;

/// Fsyncs that are timed.
pub(crate) const FSYNCS: usize = 200;

/// Batches of each stage, of which the median is shown.
pub(crate) const BATCHES: usize = 60;

/// How long a batch of a stage takes, about: long against the clock, short against the scheduler's slice.
pub(crate) const BATCH: Duration = Duration::from_millis(4);

/// Records of Kafka's own producer: some seconds' worth, about 1 GB.
pub(crate) const PERF_RECORDS: u64 = 30_000;

/// The bare producer's append and flush: above any pause of a broker on a busy machine.
pub(crate) const DELIVERY_WITHIN: Duration = Duration::from_secs(30);

/// How often the read model's total is asked for while the projector works.
pub(crate) const LOOK_AT_TOTAL_EVERY: Duration = Duration::from_secs(1);

/// The projector must have worked off what the front left within this.
pub(crate) const BACK_WITHIN: Duration = Duration::from_secs(600);
