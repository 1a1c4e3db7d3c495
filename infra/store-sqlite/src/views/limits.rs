//! Every bound of the read model, with its reason.

/// Page cache of each connection, in KiB: the inner pages of every index of some millions of rows.
pub(super) const CACHE_KIB: i64 = 16 * 1024;

/// Signals shown with one verification, oldest first: whoever sends a thousand other bodies under one key
/// must not make the row's page a thousand lines long.
pub(super) const SIGNALS_MAX: u32 = 100;

/// Pages of the write-ahead log before it is copied into the file (32 MiB): a batch touches a page of several
/// indexes per row, so SQLite's own 1000 would copy and fsync after every batch.
pub(super) const WAL_PAGES: i64 = 8_192;

/// Rows of one table that one transaction deletes of a generation that is dropped: some tens of milliseconds,
/// for which the projector's next batch waits.
pub(super) const DROP_STEP_ROWS: u32 = 2_000;

/// After so long without a word an instance is forgotten (`domain::ports::Generations::acknowledge` promises a
/// minute).
pub(super) const ACKNOWLEDGEMENT_KEPT_MS: i64 = 120_000;
