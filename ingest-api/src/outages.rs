//! An org's outage windows out of the ledger of rechecks, for the API and for the command: which failures are read for a
//! stretch of time, and which windows of it are asked for. What a window is, the domain says (`recheck::outages`).

use std::fmt;

use domain::ids::OrgId;
use domain::limits::{FALLBACK_AHEAD_MAX_MS, OUTAGE_FAILURES_READ_MAX, OUTAGE_GAP_MAX_MS};
use domain::ports::{Rechecks, StoreError};
use domain::recheck::{FailureCluster, OutageFailure, OutageWindow, failure_clusters};
use domain::rows::Generation;
use domain::time::Timestamp;
use futures::stream::{self, StreamExt as _, TryStreamExt as _};

use crate::limits::OUTAGE_VERDICTS_AT_ONCE;

const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

/// How much of the failures after the stretch is read at once, to see where its last window ends.
const READ_ON_MS: i64 = 60 * 60 * 1_000;

/// Which windows to give.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutageQuery {
    /// The tenant.
    pub org: OrgId,
    /// Windows that begin from here, inclusive.
    pub from: Timestamp,
    /// To here, exclusive.
    pub to: Timestamp,
    /// Only those that go on, or only those that have ended.
    pub open: Option<bool>,
    /// Windows to pass over.
    pub skip: u64,
    /// Only those that begin before this one.
    pub before: Option<Timestamp>,
    /// Windows at most.
    pub limit: usize,
}

impl OutageQuery {
    /// All windows of an org's last days, and of what its clock may be ahead of ours.
    pub fn of_last_days(org: OrgId, days: i64, now: Timestamp) -> Self {
        let to = Timestamp::from_millis(now.millis() + FALLBACK_AHEAD_MAX_MS + 1);
        let from = Timestamp::from_millis(to.millis() - days * DAY_MS);
        Self { org, from, to, open: None, skip: 0, before: None, limit: usize::MAX }
    }
}

/// A page of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutagePage {
    /// Newest first.
    pub rows: Vec<OutageWindow>,
    /// All that are asked for, wherever the page is.
    pub total: u64,
    /// Whether windows follow.
    pub more: bool,
}

/// Why there are none to give.
#[derive(Debug)]
pub enum OutagesError {
    /// Nothing is left out without a word.
    TooMany,
    /// The store.
    Store(StoreError),
}

impl fmt::Display for OutagesError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooMany => write!(
                f,
                "has more than {OUTAGE_FAILURES_READ_MAX} failures after it; ask for a shorter time"
            ),
            Self::Store(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for OutagesError {}

impl From<StoreError> for OutagesError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// The ledger as of a moment.
pub struct OutageLedger<'a> {
    /// Its store.
    pub rechecks: &'a dyn Rechecks,
    /// The generation that answers.
    pub generation: Generation,
    /// What time it is.
    pub now: Timestamp,
}

impl OutageLedger<'_> {
    /// A page of windows.
    ///
    /// # Errors
    /// As said at [`OutagesError`].
    pub async fn page(&self, query: &OutageQuery) -> Result<OutagePage, OutagesError> {
        let mut clusters = failure_clusters(&self.failures(query).await?);
        clusters.retain(|cluster| cluster.first >= query.from && cluster.first < query.to);
        if let Some(open) = query.open {
            let ended = self.ended(&query.org, &clusters).await?;
            if open { drop(clusters.drain(..ended)) } else { clusters.truncate(ended) }
        }
        let total = clusters.len() as u64;
        let before = |cluster: &FailureCluster| query.before.is_none_or(|before| cluster.first < before);
        let skip = usize::try_from(query.skip).unwrap_or(usize::MAX);
        let mut rest = clusters.into_iter().rev().filter(before).skip(skip);
        let page: Vec<FailureCluster> = rest.by_ref().take(query.limit).collect();
        let more = rest.next().is_some();
        let windows = stream::iter(page).map(|cluster| self.window(&query.org, cluster));
        let rows = windows.buffered(OUTAGE_VERDICTS_AT_ONCE).try_collect().await?;
        Ok(OutagePage { rows, total, more })
    }

    async fn window(&self, org: &OrgId, cluster: FailureCluster) -> Result<OutageWindow, StoreError> {
        let verdict = self.rechecks.verdict_after(self.generation, org, cluster.last).await?;
        Ok(cluster.window(verdict, self.now))
    }

    /// How many of them have ended: all before the first that goes on, since a verdict after a later one comes after an earlier
    /// one too.
    async fn ended(&self, org: &OrgId, clusters: &[FailureCluster]) -> Result<usize, StoreError> {
        let (mut ended, mut going_on) = (0, clusters.len());
        while ended < going_on {
            let middle = ended + (going_on - ended) / 2;
            let window = self.window(org, clusters[middle].clone()).await?;
            if window.to.is_some() { ended = middle + 1 } else { going_on = middle }
        }
        Ok(ended)
    }

    /// The failures of that stretch; those right before it, so that a window that began earlier is known as such; and those
    /// after it that its last window takes in.
    async fn failures(&self, query: &OutageQuery) -> Result<Vec<OutageFailure>, OutagesError> {
        let latest = self.now.millis() + FALLBACK_AHEAD_MAX_MS + 1;
        let from = Timestamp::from_millis(query.from.millis() - OUTAGE_GAP_MAX_MS);
        let mut read_to = Timestamp::from_millis(query.to.millis().min(latest));
        let mut failures = self.read(&query.org, from, read_to, 0).await?;
        while read_to.millis() < latest
            && failures.last().is_some_and(|last| last.at.millis() + OUTAGE_GAP_MAX_MS >= read_to.millis())
        {
            let next = Timestamp::from_millis((read_to.millis() + READ_ON_MS).min(latest));
            failures.extend(self.read(&query.org, read_to, next, failures.len()).await?);
            read_to = next;
        }
        Ok(failures)
    }

    async fn read(
        &self,
        org: &OrgId,
        from: Timestamp,
        to: Timestamp,
        read: usize,
    ) -> Result<Vec<OutageFailure>, OutagesError> {
        let limit = OUTAGE_FAILURES_READ_MAX - read + 1;
        let failures = self.rechecks.failures(self.generation, org, from, to, limit).await?;
        if failures.len() == limit { Err(OutagesError::TooMany) } else { Ok(failures) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::policy::Method;
    use domain::ports::Projection as _;
    use domain::recheck::{DukcapilAttempt, outage_windows};
    use domain::rows::{FallbackRow, VerificationRow, ViewRow};
    use testkit::memory::MemoryViews;
    use testkit::samples::{Samples, written};

    const MINUTE_MS: i64 = 60_000;
    const START_MS: i64 = 1_795_000_000_000;
    const GENERATION: Generation = Generation(1);

    fn at(minutes: i64) -> Timestamp {
        Timestamp::from_millis(START_MS + minutes * MINUTE_MS)
    }

    /// A ledger with failures and verdicts at those minutes.
    async fn ledger(s: &Samples, failures: &[i64], verdicts: &[i64]) -> MemoryViews {
        let views = MemoryViews::default();
        let failed = failures.iter().zip(0..).map(|(minute, n)| {
            let row = s.fallback(&s.customer(n), n);
            let attempt = DukcapilAttempt { attempted_at: at(*minute), ..row.attempt };
            ViewRow::Fallback(FallbackRow { attempt, ..row })
        });
        let answered = verdicts.iter().zip(1_000..).map(|(minute, n)| {
            let row = s.verification(&s.customer(n), n);
            let row = VerificationRow { method: Method::NikDukcapil, created_at: at(*minute), ..row };
            ViewRow::Verification(Box::new(row))
        });
        let rows = failed.chain(answered).zip(1..).map(|(row, offset)| written(offset, row));
        views.write(GENERATION, rows.collect()).await.expect("written");
        views
    }

    /// Given failures and verdicts at any minutes, when any stretch is asked for, then it is what the whole history has in it.
    #[tokio::test]
    async fn a_stretch_is_cut_out_of_the_whole_history() {
        let s = Samples::new(1);
        // Chains that begin before a stretch, end after it, or are all of it; with and without a verdict after them.
        let failures = [0, 14, 28, 60, 61, 100, 116, 131, 140, 300];
        let now = at(310);
        for verdicts in [&[][..], &[30, 150][..], &[90][..], &[305][..]] {
            let views = ledger(&s, &failures, verdicts).await;
            let ledger = OutageLedger { rechecks: &views, generation: GENERATION, now };
            let failed: Vec<OutageFailure> =
                views.failures(GENERATION, &s.org(0), at(-1), at(999), 99).await.expect("read");
            let answered: Vec<Timestamp> = verdicts.iter().map(|minute| at(*minute)).collect();
            let whole = outage_windows(&failed, &answered, now);
            for (from, to) in [(-60, 400), (10, 400), (28, 61), (60, 117), (117, 131), (301, 400), (0, 1)] {
                for open in [None, Some(true), Some(false)] {
                    let query = OutageQuery {
                        from: at(from),
                        to: at(to),
                        open,
                        ..OutageQuery::of_last_days(s.org(0), 1, now)
                    };
                    let is_asked = |window: &&OutageWindow| {
                        (query.from..query.to).contains(&window.cluster.first)
                            && open.is_none_or(|open| window.to.is_none() == open)
                    };
                    let mut wanted: Vec<OutageWindow> = whole.iter().filter(is_asked).cloned().collect();
                    wanted.reverse();
                    let found = ledger.page(&query).await.expect("read");
                    assert_eq!(found.total, wanted.len() as u64, "{verdicts:?} {from} {to} {open:?}");
                    assert_eq!(
                        (found.rows, found.more),
                        (wanted, false),
                        "{verdicts:?} {from} {to} {open:?}"
                    );
                }
            }
        }
    }

    #[tokio::test]
    async fn pages_follow_one_another_by_number_and_by_where_the_last_one_began() {
        let s = Samples::new(2);
        let views = ledger(&s, &[0, 100, 200, 300, 400], &[]).await;
        let ledger = OutageLedger { rechecks: &views, generation: GENERATION, now: at(500) };
        let all = OutageQuery::of_last_days(s.org(0), 1, at(500));
        let whole = ledger.page(&all).await.expect("read").rows;
        let page = OutageQuery { limit: 2, ..all };
        let second = ledger.page(&OutageQuery { skip: 2, ..page.clone() }).await.expect("read");
        assert_eq!((&second.rows[..], second.total, second.more), (&whole[2..4], 5, true));
        let before = Some(whole[3].cluster.first);
        let last = ledger.page(&OutageQuery { before, ..page }).await.expect("read");
        assert_eq!((&last.rows[..], last.total, last.more), (&whole[4..], 5, false));
    }
}
