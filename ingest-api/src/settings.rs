//! What an operator may change about the front end. Parsing a configuration file is the engine's work.

use std::time::Duration;

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
    /// Whom the errors name that only the operator can mend.
    pub support_contact: Option<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            body_progress: limits::BODY_PROGRESS,
            body_total: limits::BODY_TOTAL,
            body_rate_min: limits::BODY_RATE_MIN,
            body_rate_after: limits::BODY_RATE_AFTER,
            head_timeout: limits::HEAD_TIMEOUT,
            answer_progress: limits::ANSWER_PROGRESS,
            docs: true,
            admission_bytes: limits::ADMISSION_BYTES,
            admission_org_bytes: limits::ADMISSION_ORG_BYTES,
            wait_default: limits::WAIT_DEFAULT,
            wait_max: limits::WAIT_MAX,
            append_deadline: limits::APPEND_DEADLINE,
            directory_stale: limits::DIRECTORY_STALE,
            outcomes_stale: limits::OUTCOMES_STALE,
            drain: limits::DRAIN,
            linger: limits::LINGER,
            workers: std::thread::available_parallelism().map_or(2, std::num::NonZero::get),
            support_contact: None,
        }
    }
}
