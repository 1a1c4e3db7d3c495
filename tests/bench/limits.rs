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

/// The same for the distributed engine, whose batches hold hundreds of events: rows of one customer travel
/// together, and with few customers nearly all of them would. In all rounds together each of these has fewer
/// verdicts than a projector remembers of a customer (256), as any real one has.
pub(crate) const CUSTOMERS_DISTRIBUTED: usize = 2_000;

/// The same for the rebuild: the ten events a customer, of its 100,000.
pub(crate) const CUSTOMERS_REBUILD: usize = 10_000;

/// Events in the log before it is rebuilt from: the issue's.
pub(crate) const EVENTS_REBUILD: u64 = 100_000;

/// Verdicts a second in each slice while it is rebuilt: well below what two cores take beside a rebuild.
pub(crate) const RATE_DURING_REBUILD: f64 = 20.0;

/// Seconds of load at a time while the log is filled, and while it is rebuilt.
pub(crate) const LOAD_SLICE: Duration = Duration::from_secs(5);

/// Customers that are registered at once: a second's work, not a load.
pub(crate) const REGISTERED_AT_ONCE: usize = 8;

/// Verdicts in the log of a measured start at most: some GB.
pub(crate) const VERDICTS_START_MAX: u64 = 2_000_000;

/// Customers of those verdicts: a thousand each at the largest size that is asked for by default.
pub(crate) const CUSTOMERS_START: usize = 1_000;

/// Verdicts that are appended at once through the library: the log's writer takes some hundreds in a group.
pub(crate) const APPENDS_AT_ONCE: u64 = 2_000;

/// The start that projects them must be ready within this: 600 events a second, a fifth of what was seen.
pub(crate) const PROJECTED_WITHIN: Duration = Duration::from_secs(1_800);

/// Between two looks at a program whose start is measured: small against a start.
pub(crate) const LOOK_AT_START_EVERY: Duration = Duration::from_millis(2);

/// CPU a request below which a thread is not shown, in ms.
pub(crate) const THREAD_SHOWN_MS: f64 = 0.001;

/// A program that does not answer by then never will; it needs a second.
pub(crate) const READY_WITHIN: Duration = Duration::from_secs(60);

/// Between two looks at a program that starts or ends.
pub(crate) const LOOK_EVERY: Duration = Duration::from_millis(50);

/// From SIGTERM to SIGKILL: a little above the 25 s in which every program must have drained.
pub(crate) const STOP_WITHIN: Duration = Duration::from_secs(30);

/// After the window every request in flight must have been answered by then: above every deadline of the API.
pub(crate) const ANSWERS_WITHIN: Duration = Duration::from_secs(45);

/// The largest answer that is read: the API's are below 1 KiB, a page of metrics some 100 KiB.
pub(crate) const ANSWER_BYTES_MAX: usize = 1024 * 1024;

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

/// Rounds of the distributed engine where the caller names none, and seconds of a window: every part then
/// takes less than three minutes, which is how long one can hope that a machine does nothing else.
pub(crate) const ROUNDS_DISTRIBUTED: u32 = 5;
/// See [`ROUNDS_DISTRIBUTED`].
pub(crate) const WINDOW_S_DISTRIBUTED: u64 = 3;

/// Before each window of the distributed engine: its servers go on from the window before.
pub(crate) const WARM_UP_DISTRIBUTED: Duration = Duration::from_secs(1);

/// Load on everything before the first round: two JVMs compile what they are made to do often. After eight
/// seconds of it a backlog's rate still grew from round to round (2,141, 2,324, 3,471 events a second).
pub(crate) const COMPILING: Duration = Duration::from_secs(20);

/// The same where every verdict is waited for: a third of the rate, and without it the rate grew from window
/// to window (215, 541, 582, 933 verdicts a second).
pub(crate) const COMPILING_WAITING: Duration = Duration::from_secs(30);

/// Records of Kafka's own producer in a round: about two seconds' worth, 0.4 GB.
pub(crate) const PERF_RECORDS: u64 = 12_000;

/// The bare producer's append and flush: above any pause of a broker on a busy machine.
pub(crate) const DELIVERY_WITHIN: Duration = Duration::from_secs(30);

/// Connections of every load but the front's own table: where two cores are busy, and nobody waits long.
pub(crate) const CONNECTIONS_BUSY: usize = 64;

/// How long verdicts are piled up for the projector, in windows: it is faster than the front that makes them.
pub(crate) const BACKLOG_WINDOWS: u32 = 4;

/// How often the projector's counters are read while it works: a batch takes about as long.
pub(crate) const LOOK_AT_COUNTERS_EVERY: Duration = Duration::from_millis(50);

/// The projector has worked everything off when its counters stand still for so long.
pub(crate) const STANDS_STILL: Duration = Duration::from_millis(1_500);

/// The projector must have worked off what the front left within this, and a rebuild be done: ten minutes for
/// 100,000 events.
pub(crate) const BACK_WITHIN: Duration = Duration::from_secs(600);

/// Rounds of the faces where the caller names none, and seconds of a window: all parts then take a quarter of an hour.
pub(crate) const ROUNDS_FACE: u32 = 5;
/// See [`ROUNDS_FACE`].
pub(crate) const WINDOW_S_FACE: u64 = 5;

/// Connections of verdicts with models and without: where two cores are busy. One of them at a time waits for its
/// vector, which with a few connections would be what is measured.
pub(crate) const CONNECTIONS_FACE: [usize; 2] = [16, 64];

/// Portraits that are read: `cargo xtask models` brings six.
pub(crate) const PORTRAITS_MAX: usize = 64;

/// How often each portrait is read in a round: with six of them and 0.4 s for all steps, ten seconds.
pub(crate) const PORTRAIT_REPEATS: u32 = 4;

/// Matches of a round: enough that two are above the 95th percentile.
pub(crate) const MATCHES: usize = 40;

/// A reference's photo must have been read by then: a tenth of a second, and it has the lowest priority there is.
pub(crate) const PHOTO_READ_WITHIN: Duration = Duration::from_secs(120);

/// Photos of the backlog that is worked off: half a minute on two cores.
pub(crate) const BACKLOG_PHOTOS: usize = 400;

/// The backlog, whose time is worked out from the one above.
pub(crate) const BACKLOG_ASKED: u32 = 10_000;

/// By then it must be worked off: one photo a second.
pub(crate) const BACKLOG_WITHIN: Duration = Duration::from_secs(400);
/// Verifications of the read model whose pages are measured, at most: a file of some GB.
pub(crate) const CONSOLE_ROWS_MAX: u64 = 5_000_000;

/// Customers that they are of, in turn.
pub(crate) const CONSOLE_CUSTOMERS: u64 = 50_000;

/// Verifications of the customer whose page is measured: the issue's.
pub(crate) const CONSOLE_VERIFICATIONS: usize = 1_000;

/// Rows that are written at once: some thousands in a transaction, as a projector that is behind has them.
pub(crate) const CONSOLE_ROWS_AT_ONCE: u64 = 5_000;

/// Times that a page is asked for, at most: above it no percentile becomes better.
pub(crate) const CONSOLE_PAGE_READS_MAX: i64 = 10_000;

/// What a replay may take of memory, whatever the log's length: the issue's.
pub(crate) const COMPLIANCE_RSS_MAX_MIB: u64 = 150;

/// Replays of each log, and passes of the bare reader in turn with them.
pub(crate) const REPLAYS: u32 = 3;

/// By then a replay has ended: a log of some GB.
pub(crate) const REPLAY_WITHIN: Duration = Duration::from_secs(600);

/// Records that the bare reader asks for at once: more makes it no faster.
pub(crate) const BARE_READ_RECORDS: usize = 1_000;

/// Bytes that the bare reader asks for at once.
pub(crate) const BARE_READ_BYTES: usize = 8 * 1024 * 1024;

/// Secrets that are split for a median.
pub(crate) const SPLITS: usize = 1_000;

/// What a split may take, once an hour and org: the issue's.
pub(crate) const SPLIT_MAX_MS: u32 = 5;

/// Rounds of the captures where the caller names none, and seconds of a window: all parts then take five minutes.
pub(crate) const ROUNDS_CAPTURE: u32 = 3;
/// See [`ROUNDS_CAPTURE`].
pub(crate) const WINDOW_S_CAPTURE: u64 = 8;

/// Captures of one program's life: a key may send 20 a minute.
pub(crate) const CAPTURES: usize = 18;

/// Frames of a card's capture at most.
pub(crate) const KTP_FRAMES: usize = 12;

/// Runs of a step that takes hundreds of milliseconds.
pub(crate) const CAPTURE_STEP_REPEATS: usize = 20;

/// Verdicts a second that are offered beside captures: the specification's.
pub(crate) const VERDICTS_BESIDE_RATE: f64 = 500.0;

/// What a program with models may take of memory: the specification's.
pub(crate) const CAPTURE_RSS_MAX_MIB: u64 = 400;
