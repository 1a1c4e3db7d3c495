//! Every bound of the SQLite stores, with its reason.

use std::time::Duration;

// ------------------------------------------------------------------------------------------ all stores

/// How long a statement waits for another process's write before it gives up: longer than any group
/// commit or migration takes, shorter than a request's deadline.
pub(crate) const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// How often opening tries to switch a new file to WAL: two programs that make the same file at once meet
/// here, and SQLite does not wait by itself on this one lock.
pub(crate) const WAL_SWITCH_TRIES: u32 = 200;

/// The pause between two such tries: together with the tries this is a little over [`BUSY_TIMEOUT`].
pub(crate) const WAL_SWITCH_PAUSE: Duration = Duration::from_millis(30);

/// Page cache of each connection to the face vectors, in KiB: rows of 2 KB that are read one customer at a time.
pub(crate) const FACES_CACHE_KIB: i64 = 2 * 1024;

// ------------------------------------------------------------------------------------------- the log

/// Partitions of a topic: far above what one machine can use (its one writer is the limit), far below
/// what the 23 bits in a record's place hold.
pub(crate) const PARTITIONS_MAX: u32 = 1024;

/// Appends that may wait for the writer: about two full groups at the largest, so that a queue that is full
/// means seconds of waiting, which is worse for the caller than an immediate refusal.
pub(crate) const QUEUE_RECORDS_MAX: usize = 2048;

/// Bytes that may wait for the writer: what one process can spare when every waiting record is large. An
/// empty queue takes any one record, so this need not be above the largest.
pub(crate) const QUEUE_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Records of one group: above it the share of the fsync in a record's cost is nothing, and the first of
/// the group would only wait longer.
pub(crate) const GROUP_RECORDS_MAX: usize = 1024;

/// Bytes of one group: a few tens of milliseconds of writing on an ordinary disk, and small enough for the
/// writer's page cache, so that nothing spills before the commit.
pub(crate) const GROUP_BYTES_MAX: usize = 8 * 1024 * 1024;

/// The writer's page cache in KiB: a group and the pages it touches.
pub(crate) const WRITER_CACHE_KIB: i64 = 16 * 1024;

/// Statements the writer keeps prepared: all of them, with room for a few more.
pub(crate) const WRITER_STATEMENTS: usize = 32;

/// A checkpoint is begun above so many bytes of WAL: what a restart after a crash reads again, and what readers
/// look records up in.
pub(crate) const CHECKPOINT_BYTES: u64 = 16 * 1024 * 1024;

/// Frames (of 4 KiB) that a checkpoint beside the writer may leave to it: some milliseconds of copying, for which
/// appends wait.
pub(crate) const CHECKPOINT_LEFT_FRAMES: i64 = 256;

/// Passes of a checkpoint beside the writer. The WAL grows meanwhile; each pass leaves about half of what the one
/// before left, and where it does not, the disk is at its limit and the writer has to wait.
pub(crate) const CHECKPOINT_PASSES_MAX: u32 = 6;

/// Above so many bytes of WAL that no checkpoint could give back, because some reader was always in the
/// way, the writer waits for the readers instead: the file would grow without end otherwise.
pub(crate) const CHECKPOINT_BLOCKING_BYTES: u64 = 8 * CHECKPOINT_BYTES;

/// After so long without an append the writer uses the time for a checkpoint.
pub(crate) const CHECKPOINT_IDLE: Duration = Duration::from_millis(200);

/// The WAL file is cut back to this after a checkpoint: what usual load needs anyway.
pub(crate) const WAL_KEPT_BYTES: i64 = 2 * CHECKPOINT_BYTES as i64;

/// Reading connections: reads are short and mostly come from the page cache; more than a few only compete
/// for the cores.
pub(crate) const READERS_MAX: usize = 4;

/// Records of one read, whatever the caller allows: bounds the memory of a batch of tiny records.
pub(crate) const READ_RECORDS_MAX: usize = 16 * 1024;

/// Bytes of a topic's latest records that are kept for its followers: a hundred events with a photo, more than a
/// projector is behind under load. Whoever is further behind reads the file.
pub(crate) const TAIL_BYTES_MAX: usize = 4 * 1024 * 1024;

/// How often other processes' commits are looked for: the design promises 250 ms, and this leaves room for
/// a busy machine.
pub(crate) const WATCH_EVERY: Duration = Duration::from_millis(100);

/// The longest a read waits, whatever the caller allows: keeps deadlines within what clocks can add.
pub(crate) const WAIT_MAX: Duration = Duration::from_secs(3600);

/// Members of one group in this process: one works, the others wait to take over.
pub(crate) const GROUP_MEMBERS_MAX: usize = 64;

/// Records that one step of retention deletes, in one transaction: appends wait for no more than this.
pub(crate) const RETENTION_STEP_RECORDS: usize = 256;
