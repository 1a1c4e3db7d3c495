//! The time of day, for whoever composes; the domain never asks.

use domain::time::Timestamp;

/// Now, by this machine's clock.
pub fn now() -> Timestamp {
    Timestamp::from_millis(chrono::Utc::now().timestamp_millis())
}
