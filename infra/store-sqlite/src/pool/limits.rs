//! Every bound of a store's connections, with its reason.

/// Readers of one store: more than the cores a machine with one disk keeps busy, few enough that their page
/// caches stay small.
pub(super) const READERS: usize = 4;

/// Statements each connection keeps prepared: every statement of a store, so that none is parsed twice. A
/// list's statement differs by its filters (at most some thirty).
pub(super) const STATEMENTS_PREPARED_MAX: usize = 96;
