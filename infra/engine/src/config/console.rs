//! `[console]`.

use std::time::Duration;

use serde::Deserialize;

use super::error::{ConfigError, within, within_ms};
use super::source::millis;
use crate::limits;

/// `[console]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ConsoleConfig {
    /// `idle_timeout_ms`: a session that is not used for so long ends.
    #[serde(rename = "idle_timeout_ms", deserialize_with = "millis")]
    pub idle_timeout: Duration,
    /// `session_timeout_ms`: a session ends after so long, used or not.
    #[serde(rename = "session_timeout_ms", deserialize_with = "millis")]
    pub session_timeout: Duration,
    /// How many proxies stand before the public listener, each of which adds the address that it saw to
    /// `X-Forwarded-For`. With another number a stranger's tries at a password count as everybody's, or as nobody's.
    pub proxies: u32,
}

impl Default for ConsoleConfig {
    fn default() -> Self {
        Self {
            // A break is longer, a telephone call is not.
            idle_timeout: Duration::from_secs(30 * 60),
            // One working day.
            session_timeout: Duration::from_secs(12 * 60 * 60),
            proxies: 0,
        }
    }
}

const SECTION: &str = "console";

impl ConsoleConfig {
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        for (name, value) in
            [("idle_timeout_ms", self.idle_timeout), ("session_timeout_ms", self.session_timeout)]
        {
            within_ms(SECTION, name, value, 1..=limits::CONSOLE_SESSION_MS_MAX)?;
        }
        within(SECTION, "proxies", self.proxies, 0..=limits::PROXIES_MAX)
    }
}
