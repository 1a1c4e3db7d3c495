//! A failed attempt to ask Dukcapil, as the bank declares it: we do not see the outage, the bank does.

use crate::limits::{
    FALLBACK_AGE_MAX_MS, FALLBACK_AHEAD_MAX_MS, FALLBACK_ATTEMPTS, FALLBACK_ELAPSED_MAX_MS,
    FALLBACK_HTTP_STATUS,
};
use crate::time::Timestamp;

words! {
    /// How Dukcapil failed.
    AttemptCause {
        /// It did not answer in time.
        Timeout = "timeout",
        /// It answered that it failed.
        Http5xx = "http_5xx",
        /// It could not be reached.
        Connection = "connection",
        /// No secure connection came about.
        Tls = "tls",
        /// The bank's quota was used up.
        Quota = "quota",
        /// It was announced to be down.
        Maintenance = "maintenance",
    }
}

/// One declaration: attempts that all failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct DukcapilAttempt {
    /// How the last one failed.
    pub cause: AttemptCause,
    /// The status of HTTP, where there was one: 500 to 599.
    pub http_status: Option<u32>,
    /// When the last one was made, by the bank's clock.
    pub attempted_at: Timestamp,
    /// How many there were.
    pub attempts: u32,
    /// How long they took together, in milliseconds.
    pub elapsed_ms: Option<u32>,
}

/// What is wrong with a declaration, by its field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AttemptFault {
    /// The status does not say that a server failed.
    HttpStatus,
    /// None, or too many.
    Attempts,
    /// Longer than a day.
    Elapsed,
    /// More than seven days ago.
    TooOld,
    /// More than two minutes ahead.
    InFuture,
}

impl AttemptFault {
    /// The field, as the API has it.
    pub fn field(self) -> &'static str {
        match self {
            Self::HttpStatus => "httpStatus",
            Self::Attempts => "attempts",
            Self::Elapsed => "elapsedMs",
            Self::TooOld | Self::InFuture => "attemptedAt",
        }
    }

    /// What to tell the caller.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::HttpStatus => "must be a whole number from 500 to 599",
            Self::Attempts => "must be a whole number from 1 to 50",
            Self::Elapsed => "must be at most a day in milliseconds",
            Self::TooOld => "must be at most 7 days ago",
            Self::InFuture => "must be at most 2 minutes in the future",
        }
    }
}

impl DukcapilAttempt {
    /// Everything that is wrong with it, by what its numbers are alone: so it may stand in an event.
    pub fn faults(&self) -> Vec<AttemptFault> {
        let status = self.http_status.is_some_and(|status| !FALLBACK_HTTP_STATUS.contains(&status));
        let elapsed = self.elapsed_ms.is_some_and(|elapsed| elapsed > FALLBACK_ELAPSED_MAX_MS);
        let found = [
            status.then_some(AttemptFault::HttpStatus),
            (!FALLBACK_ATTEMPTS.contains(&self.attempts)).then_some(AttemptFault::Attempts),
            elapsed.then_some(AttemptFault::Elapsed),
        ];
        found.into_iter().flatten().collect()
    }

    /// Everything that is wrong with it when it is declared at that moment.
    pub fn faults_at(&self, now: Timestamp) -> Vec<AttemptFault> {
        let age = now.millis() - self.attempted_at.millis();
        let found = [
            (age > FALLBACK_AGE_MAX_MS).then_some(AttemptFault::TooOld),
            (age < -FALLBACK_AHEAD_MAX_MS).then_some(AttemptFault::InFuture),
        ];
        self.faults().into_iter().chain(found.into_iter().flatten()).collect()
    }

    /// Whether it may stand in an event.
    pub fn is_consistent(&self) -> bool {
        self.faults().is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_800_000_000_000;

    fn attempt(change: impl FnOnce(&mut DukcapilAttempt)) -> DukcapilAttempt {
        let mut attempt = DukcapilAttempt {
            cause: AttemptCause::Timeout,
            http_status: None,
            attempted_at: Timestamp::from_millis(NOW),
            attempts: 3,
            elapsed_ms: Some(9_000),
        };
        change(&mut attempt);
        attempt
    }

    #[test]
    fn what_a_bank_may_declare() {
        let at = |ms: i64| move |a: &mut DukcapilAttempt| a.attempted_at = Timestamp::from_millis(NOW + ms);
        let status = |status: u32| move |a: &mut DukcapilAttempt| a.http_status = Some(status);
        let attempts = |attempts: u32| move |a: &mut DukcapilAttempt| a.attempts = attempts;
        let cases: Vec<(DukcapilAttempt, Vec<AttemptFault>)> = vec![
            (attempt(|_| ()), vec![]),
            (attempt(at(-FALLBACK_AGE_MAX_MS)), vec![]),
            (attempt(at(-FALLBACK_AGE_MAX_MS - 1)), vec![AttemptFault::TooOld]),
            (attempt(at(FALLBACK_AHEAD_MAX_MS)), vec![]),
            (attempt(at(FALLBACK_AHEAD_MAX_MS + 1)), vec![AttemptFault::InFuture]),
            (attempt(status(500)), vec![]),
            (attempt(status(599)), vec![]),
            (attempt(status(499)), vec![AttemptFault::HttpStatus]),
            (attempt(status(600)), vec![AttemptFault::HttpStatus]),
            (attempt(attempts(1)), vec![]),
            (attempt(attempts(50)), vec![]),
            (attempt(attempts(0)), vec![AttemptFault::Attempts]),
            (attempt(attempts(51)), vec![AttemptFault::Attempts]),
            (attempt(|a| a.elapsed_ms = Some(FALLBACK_ELAPSED_MAX_MS + 1)), vec![AttemptFault::Elapsed]),
        ];
        for (given, faults) in cases {
            assert_eq!(given.faults_at(Timestamp::from_millis(NOW)), faults, "{given:?}");
        }
    }

    #[test]
    fn causes_have_their_words() {
        let words: Vec<&str> = AttemptCause::ALL.iter().map(|cause| cause.as_str()).collect();
        assert_eq!(words, ["timeout", "http_5xx", "connection", "tls", "quota", "maintenance"]);
        assert_eq!(AttemptCause::parse("http_5xx"), Some(AttemptCause::Http5xx));
        assert_eq!(AttemptCause::parse("http_4xx"), None);
    }
}
