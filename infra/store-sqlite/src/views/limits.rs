//! Every bound of the read model, with its reason.

/// Page cache of each connection, in KiB: the inner pages of every index of some millions of rows.
pub(super) const CACHE_KIB: i64 = 16 * 1024;

/// Signals shown with one verification, oldest first: whoever sends a thousand other bodies under one key
/// must not make the row's page a thousand lines long.
pub(super) const SIGNALS_MAX: u32 = 100;

/// Pages of the write-ahead log before it is copied into the file (32 MiB): a batch touches a page of several
/// indexes per row, so SQLite's own 1000 would copy and fsync after every batch.
pub(super) const WAL_PAGES: i32 = 8_192;

/// Above so many pages (128 MiB) whoever commits copies them itself: a generation is being dropped, say, while no
/// projector writes.
pub(super) const WAL_BLOCKING_PAGES: i32 = 4 * WAL_PAGES;

/// Rows of one table that one transaction deletes of a generation that is dropped: some tens of milliseconds,
/// for which the projector's next batch waits.
pub(super) const DROP_STEP_ROWS: u32 = 2_000;

/// After so long without a word an instance is forgotten (`domain::ports::Generations::acknowledge` promises a
/// minute).
pub(super) const ACKNOWLEDGEMENT_KEPT_MS: i64 = 120_000;

/// Loads and writes of the projector that may wait at once: a few for each partition (at most 1,024) of a
/// projector and of a rebuild beside it.
pub(super) const TURN_JOBS_MAX: usize = 4_096;

/// Rows that one turn of the projector's thread loads or writes (one job always fits): tens of milliseconds, and
/// few enough changed pages for the page cache.
pub(super) const TURN_ROWS_MAX: usize = 8_192;

/// Rows before a page that are passed one by one: merged runs look at each in its table, some microseconds. More are passed
/// by the counts of their hours.
pub(super) const SKIPPED_ROWS_MAX: u64 = 256;
