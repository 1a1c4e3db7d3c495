//! How long a test waits for what takes as long as the machine lets it.

use std::time::Duration;

/// Until every photo of a test is read: the threads that read photos have the lowest priority, so beside other programs
/// they get next to nothing for minutes. A slow test is better than a wrong one.
pub const PHOTOS_READ_WITHIN: Duration = Duration::from_secs(20 * 60);
