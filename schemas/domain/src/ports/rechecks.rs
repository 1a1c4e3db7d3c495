//! The port of the ledger of rechecks, for whoever reads it (sequence §4.4).

use async_trait::async_trait;

use super::{PageStart, RowPlace, StoreError};
use crate::ids::{CustomerId, FallbackId, OrgId, RecheckId};
use crate::recheck::{OutageFailure, RecheckStatus};
use crate::rows::{FallbackRow, Generation, RecheckRow};
use crate::time::Timestamp;

/// In which order rechecks are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RecheckOrder {
    /// The one that was opened last comes first.
    NewestFirst,
    /// The one that has waited longest comes first.
    OldestFirst,
}

/// Which rechecks to list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RechecksQuery {
    /// The tenant.
    pub org: OrgId,
    /// Only this status.
    pub status: Option<RecheckStatus>,
    /// Only this customer.
    pub customer: Option<CustomerId>,
    /// `openedAt` from here, inclusive.
    pub from: Option<Timestamp>,
    /// `openedAt` to here, exclusive.
    pub to: Option<Timestamp>,
    /// In which order.
    pub order: RecheckOrder,
    /// Where the page starts, in that order.
    pub start: PageStart,
    /// Rows at most.
    pub limit: usize,
}

impl RechecksQuery {
    /// Whether the row is one of those that are asked for, wherever the page is.
    pub fn matches(&self, row: &RecheckRow) -> bool {
        row.customer.org == self.org
            && self.status.is_none_or(|only| row.status == only)
            && self.customer.as_ref().is_none_or(|only| row.customer.customer == *only)
            && self.from.is_none_or(|from| row.opened_at >= from)
            && self.to.is_none_or(|to| row.opened_at < to)
    }

    /// Whether a row at that place comes after the one that the page starts after.
    pub fn is_after_start(&self, place: RowPlace) -> bool {
        match (&self.start, self.order) {
            (PageStart::Skip(_), _) => true,
            (PageStart::After(after), RecheckOrder::NewestFirst) => place < *after,
            (PageStart::After(after), RecheckOrder::OldestFirst) => place > *after,
        }
    }

    /// Rows that come before the page.
    pub fn skip(&self) -> u64 {
        match self.start {
            PageStart::Skip(rows) => rows,
            PageStart::After(_) => 0,
        }
    }

    /// The page out of all rows that are asked for, in any order.
    pub fn page(&self, mut matching: Vec<RecheckRow>) -> RechecksPage {
        let total = matching.len() as u64;
        match self.order {
            RecheckOrder::NewestFirst => matching.sort_by_key(|row| std::cmp::Reverse(row.place())),
            RecheckOrder::OldestFirst => matching.sort_by_key(RecheckRow::place),
        }
        let skip = usize::try_from(self.skip()).unwrap_or(usize::MAX);
        let mut rows = matching.into_iter().filter(|row| self.is_after_start(row.place())).skip(skip);
        let page: Vec<RecheckRow> = rows.by_ref().take(self.limit).collect();
        RechecksPage { rows: page, total, more: rows.next().is_some() }
    }
}

/// A page of rechecks.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RechecksPage {
    /// In the order that was asked for, by [`RecheckRow::place`].
    pub rows: Vec<RecheckRow>,
    /// All rows the query matches, exact as of the answer.
    pub total: u64,
    /// Whether rows follow.
    pub more: bool,
}

/// How many rechecks are open, by how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RecheckSummary {
    /// All of them.
    pub open: u64,
    /// Of those, how many for less than a day, one to seven, seven to thirty, and longer.
    pub ages: [u64; 4],
    /// When the one was opened that has waited longest.
    pub oldest_opened_at: Option<Timestamp>,
}

/// The ages between which [`RecheckSummary::ages`] tells, in milliseconds: one day, seven and thirty.
pub const RECHECK_AGES_MS: [i64; 3] =
    [24 * 60 * 60 * 1_000, 7 * 24 * 60 * 60 * 1_000, 30 * 24 * 60 * 60 * 1_000];

impl RecheckSummary {
    /// Takes up an open one.
    pub fn take(&mut self, opened_at: Timestamp, now: Timestamp) {
        let age = now.millis() - opened_at.millis();
        self.open += 1;
        self.ages[RECHECK_AGES_MS.iter().filter(|limit| age >= **limit).count()] += 1;
        self.oldest_opened_at = Some(self.oldest_opened_at.map_or(opened_at, |oldest| oldest.min(opened_at)));
    }
}

/// The ledger's reading side. Sees every write of the projector's that was confirmed before.
#[async_trait]
pub trait Rechecks: Send + Sync {
    /// A recheck of the org.
    async fn recheck(
        &self,
        generation: Generation,
        org: &OrgId,
        id: &RecheckId,
    ) -> Result<Option<RecheckRow>, StoreError>;

    /// A declaration of the org.
    async fn fallback(
        &self,
        generation: Generation,
        org: &OrgId,
        id: &FallbackId,
    ) -> Result<Option<FallbackRow>, StoreError>;

    /// A page of rechecks.
    async fn rechecks(
        &self,
        generation: Generation,
        query: &RechecksQuery,
    ) -> Result<RechecksPage, StoreError>;

    /// The org's declared failures whose attempt was made from then on and before `to`, in time order, the first `limit`;
    /// each with where the recheck stands now that it opened.
    async fn failures(
        &self,
        generation: Generation,
        org: &OrgId,
        from: Timestamp,
        to: Timestamp,
        limit: usize,
    ) -> Result<Vec<OutageFailure>, StoreError>;

    /// When Dukcapil's first verdict after that moment was taken in, whatever it said.
    async fn verdict_after(
        &self,
        generation: Generation,
        org: &OrgId,
        after: Timestamp,
    ) -> Result<Option<Timestamp>, StoreError>;

    /// What is open at that moment.
    async fn recheck_summary(
        &self,
        generation: Generation,
        org: &OrgId,
        now: Timestamp,
    ) -> Result<RecheckSummary, StoreError>;
}
