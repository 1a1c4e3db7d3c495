//! Outage windows (sequence §4.3): a pure function of an org's failures and verdicts in time order. In no event, no outcome
//! and no row, since a late declaration may move one.

use std::collections::BTreeMap;

use super::{AttemptCause, RecheckStatus};
use crate::limits::{FALLBACK_AGE_MAX_MS, OUTAGE_GAP_MAX_MS};
use crate::time::Timestamp;

/// A declared failure, as windows are made of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutageFailure {
    /// When it was, by the bank's clock.
    pub at: Timestamp,
    /// How Dukcapil failed.
    pub cause: AttemptCause,
    /// Where the recheck stands now that it opened; none where it opened none.
    pub opened: Option<RecheckStatus>,
}

/// Failures that are each at most fifteen minutes after the one before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailureCluster {
    /// The first one.
    pub first: Timestamp,
    /// The last one.
    pub last: Timestamp,
    /// How many.
    pub failures: u64,
    /// How many of each cause.
    pub causes: BTreeMap<AttemptCause, u64>,
    /// Rechecks that they opened.
    pub opened: u64,
    /// Those of them that are confirmed now.
    pub confirmed: u64,
    /// Those of them that are contradicted now.
    pub contradicted: u64,
    /// Those of them that are open now.
    pub open: u64,
}

/// A time in which Dukcapil did not answer this bank.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutageWindow {
    /// Its failures; the first one begins it.
    pub cluster: FailureCluster,
    /// The first verdict after the last failure; none while it goes on.
    pub to: Option<Timestamp>,
    /// Whether no declaration can move it any more.
    pub settled: bool,
}

impl FailureCluster {
    fn of(failure: &OutageFailure) -> Self {
        let mut cluster = Self {
            first: failure.at,
            last: failure.at,
            failures: 0,
            causes: BTreeMap::new(),
            opened: 0,
            confirmed: 0,
            contradicted: 0,
            open: 0,
        };
        cluster.take(failure);
        cluster
    }

    fn take(&mut self, failure: &OutageFailure) {
        self.last = failure.at;
        self.failures += 1;
        *self.causes.entry(failure.cause).or_default() += 1;
        let Some(status) = failure.opened else { return };
        self.opened += 1;
        match status {
            RecheckStatus::Open => self.open += 1,
            RecheckStatus::Confirmed => self.confirmed += 1,
            RecheckStatus::Contradicted => self.contradicted += 1,
            RecheckStatus::Closed | RecheckStatus::Erased => {}
        }
    }

    fn absorbs(&self, at: Timestamp) -> bool {
        at.millis() - self.last.millis() <= OUTAGE_GAP_MAX_MS
    }

    /// The window, given the first verdict after [`FailureCluster::last`]: it has ended once no failure can follow any more
    /// that belongs to it, and is settled once none can be declared any more that would.
    pub fn window(self, verdict_after: Option<Timestamp>, now: Timestamp) -> OutageWindow {
        let to = verdict_after.filter(|_| !self.absorbs(now));
        let last_joins = self.last.millis() + OUTAGE_GAP_MAX_MS;
        let moves_until = to.map(|to| to.millis().max(last_joins) + FALLBACK_AGE_MAX_MS);
        let settled = moves_until.is_some_and(|until| now.millis() > until);
        OutageWindow { cluster: self, to, settled }
    }
}

/// Failures, in time order, by the windows that they are in.
pub fn failure_clusters(failures: &[OutageFailure]) -> Vec<FailureCluster> {
    let mut clusters: Vec<FailureCluster> = Vec::new();
    for failure in failures {
        match clusters.last_mut().filter(|cluster| cluster.absorbs(failure.at)) {
            Some(cluster) => cluster.take(failure),
            None => clusters.push(FailureCluster::of(failure)),
        }
    }
    clusters
}

/// The windows of failures and verdicts, both in time order, as of that moment. A window that another one follows before
/// any verdict ends with that one, at the same verdict.
pub fn outage_windows(
    failures: &[OutageFailure],
    verdicts: &[Timestamp],
    now: Timestamp,
) -> Vec<OutageWindow> {
    let window = |cluster: FailureCluster| {
        let after = verdicts.partition_point(|verdict| *verdict <= cluster.last);
        cluster.window(verdicts.get(after).copied(), now)
    };
    failure_clusters(failures).into_iter().map(window).collect()
}
