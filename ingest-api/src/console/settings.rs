//! How the console's sessions and cookies are.

use std::time::Duration;

use engine::config::ConsoleConfig;

/// Settings of one instance.
#[derive(Debug, Clone)]
pub struct ConsoleSettings {
    /// A session ends that is not used for so long.
    pub idle: Duration,
    /// A session ends after so long, used or not.
    pub session_max: Duration,
    /// How many proxies stand before this listener, each of which adds to `X-Forwarded-For`.
    pub proxies: usize,
    /// Cookies go over TLS only. Set wherever the listener is not for this machine alone.
    pub secure_cookies: bool,
}

impl ConsoleSettings {
    /// As configured, for a listener of plaintext on loopback; [`ConsoleSettings::secure_cookies`] is the rest.
    pub fn of(config: &ConsoleConfig) -> Self {
        Self {
            idle: config.idle_timeout,
            session_max: config.session_timeout,
            proxies: config.proxies as usize,
            secure_cookies: false,
        }
    }

    /// How old the note of a session's last use may become before it is written anew: an eighth of the time that a
    /// session may stand unused, so that nobody loses more of it, and at most a minute.
    pub fn touch_every(&self) -> Duration {
        (self.idle / 8).min(Duration::from_secs(60))
    }
}
