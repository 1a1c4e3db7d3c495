//! Every bound of the key store, with its reason.

/// Page cache of each connection, in KiB: a row is asked for when a customer's keys are not in the vault's
/// own cache, so only the inner pages are worth keeping.
pub(super) const CACHE_KIB: i64 = 4 * 1024;
