//! How the front end works. What of it an operator may change, and each default, stands in the engine's configuration
//! (`engine::config::ApiConfig`).

use std::num::NonZero;
use std::time::Duration;

use engine::config::{ApiConfig, ConsoleConfig, SupportConfig};

use crate::console::settings::ConsoleSettings;
use crate::limits;

/// Settings of one instance.
#[derive(Debug, Clone)]
pub struct Settings {
    /// A body must make progress at least this often.
    pub body_progress: Duration,
    /// A body must have ended after this.
    pub body_total: Duration,
    /// The least average rate of a body, in bytes a second.
    pub body_rate_min: u64,
    /// From when on that counts.
    pub body_rate_after: Duration,
    /// A request's head must have come within this.
    pub head_timeout: Duration,
    /// An answer must make progress at least this often.
    pub answer_progress: Duration,
    /// Whether `/docs` is served.
    pub docs: bool,
    /// Bytes of bodies in flight.
    pub admission_bytes: usize,
    /// Bytes of bodies that one org may have in flight while no other has any.
    pub admission_org_bytes: usize,
    /// How long a caller waits for the projector when it does not say.
    pub wait_default: Duration,
    /// The longest a caller may ask to wait.
    pub wait_max: Duration,
    /// How long the log may take to confirm.
    pub append_deadline: Duration,
    /// How old the org directory may be.
    pub directory_stale: Duration,
    /// How old the outcome stream may be for a cached key to serve.
    pub outcomes_stale: Duration,
    /// How long in-flight requests get to end at shutdown.
    pub drain: Duration,
    /// How long an answered connection whose body was not read is read on.
    pub linger: Duration,
    /// Worker threads of the public listener.
    pub workers: usize,
    /// Sessions and cookies of the console.
    pub console: ConsoleSettings,
    /// Whom the errors name that only the operator can mend.
    pub support_contact: Option<String>,
}

impl Settings {
    /// As configured. What is not set there stands in [`crate::limits`].
    pub fn of(api: &ApiConfig, console: &ConsoleConfig, support: &SupportConfig) -> Self {
        let bytes = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
        Self {
            body_progress: api.body_progress_timeout,
            body_total: api.body_timeout,
            body_rate_min: api.body_bytes_per_second_min,
            body_rate_after: api.body_rate_after,
            head_timeout: api.head_timeout,
            answer_progress: api.answer_progress_timeout,
            docs: api.docs,
            admission_bytes: bytes(api.bytes_in_flight_max),
            admission_org_bytes: bytes(api.org_bytes_in_flight_max()),
            wait_default: api.wait_default,
            wait_max: api.wait_max,
            append_deadline: limits::APPEND_DEADLINE,
            directory_stale: api.directory_stale,
            outcomes_stale: api.outcomes_current,
            drain: api.drain_timeout,
            linger: limits::LINGER,
            workers: match api.workers {
                0 => std::thread::available_parallelism().map_or(2, NonZero::get),
                n => n as usize,
            },
            console: ConsoleSettings::of(console),
            support_contact: support.contact.clone(),
        }
    }
}
