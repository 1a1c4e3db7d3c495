//! Every bound of the key store, with its reason.

/// Page cache of each connection, in KiB: a row is asked for when a customer's keys are not in the vault's
/// own cache, so only the inner pages are worth keeping.
pub(super) const CACHE_KIB: i64 = 4 * 1024;

/// Sessions that have ended and are deleted with each one that begins: more than one, so that they never pile up, and
/// few enough that nobody waits for it.
pub(super) const EXPIRED_SESSIONS_PER_INSERT: i64 = 64;
