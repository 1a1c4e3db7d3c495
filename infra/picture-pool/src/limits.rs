//! Every bound of this crate, with its reason.

/// Threads of one pool.
pub(crate) const THREADS_MAX: usize = 64;

/// Photos that may wait: a full queue of the largest bodies is what a byte budget of 64 MiB admits.
pub(crate) const WAITING_MAX: usize = 1024;
