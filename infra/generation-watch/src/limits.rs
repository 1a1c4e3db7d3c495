//! How often the pointer is read and acknowledged, with reasons.

use std::time::Duration;

/// How often an instance reads the pointer: a change is applied within a second.
pub const POINTER_EVERY: Duration = Duration::from_millis(250);

/// How often an instance acknowledges the version it applies, while there is a second generation beside the live
/// one.
pub const ACKNOWLEDGE_EVERY: Duration = Duration::from_secs(2);

/// A pointer that was read longer ago than this is read again before it is used. Shorter than the time after which
/// a rebuild takes a silent instance for gone.
pub const POINTER_STALE: Duration = Duration::from_secs(4);
