//! The driver's own retry policy, counted. It retries only what cannot have happened, and idempotent
//! statements; lightweight transactions are tried again in `session`, which knows what they mean.

use scylla::policies::retry::{DefaultRetryPolicy, RequestInfo, RetryDecision, RetryPolicy, RetrySession};

use crate::limits::RETRIES_MAX;

/// Counts `identity_cql_retries_total`.
#[derive(Debug, Default)]
pub(crate) struct CountedRetries(DefaultRetryPolicy);

impl RetryPolicy for CountedRetries {
    fn new_session(&self) -> Box<dyn RetrySession> {
        Box::new(Counting { inner: self.0.new_session(), retries: 0 })
    }
}

struct Counting {
    inner: Box<dyn RetrySession>,
    retries: u32,
}

impl RetrySession for Counting {
    fn decide_should_retry(&mut self, request: RequestInfo<'_>) -> RetryDecision {
        if self.retries >= RETRIES_MAX {
            return RetryDecision::DontRetry;
        }
        let decision = self.inner.decide_should_retry(request);
        if matches!(decision, RetryDecision::RetrySameTarget(_) | RetryDecision::RetryNextTarget(_)) {
            self.retries += 1;
            metrics::counter!("identity_cql_retries_total").increment(1);
        }
        decision
    }

    fn reset(&mut self) {
        self.retries = 0;
        self.inner.reset();
    }
}
