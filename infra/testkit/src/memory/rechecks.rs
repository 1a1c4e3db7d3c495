//! The ledger of rechecks in memory: a look at every row.

use async_trait::async_trait;
use domain::ids::{FallbackId, OrgId, RecheckId};
use domain::policy::Method;
use domain::ports::{RecheckSummary, Rechecks, RechecksPage, RechecksQuery, StoreError};
use domain::recheck::{OutageFailure, RecheckStatus};
use domain::rows::{FallbackRow, Generation, RecheckRow, ViewRow};
use domain::time::Timestamp;

use super::MemoryViews;

impl MemoryViews {
    fn all_rechecks(&self, generation: Generation, org: &OrgId) -> Vec<RecheckRow> {
        let rows = self.dump(generation).into_iter();
        rows.filter_map(|(_, row)| if let ViewRow::Recheck(row) = row { Some(*row) } else { None })
            .filter(|row| row.customer.org == *org)
            .collect()
    }

    fn all_fallbacks(&self, generation: Generation, org: &OrgId) -> Vec<FallbackRow> {
        let rows = self.dump(generation).into_iter();
        rows.filter_map(|(_, row)| if let ViewRow::Fallback(row) = row { Some(row) } else { None })
            .filter(|row| row.customer.org == *org)
            .collect()
    }
}

#[async_trait]
impl Rechecks for MemoryViews {
    async fn recheck(
        &self,
        generation: Generation,
        org: &OrgId,
        id: &RecheckId,
    ) -> Result<Option<RecheckRow>, StoreError> {
        Ok(self.all_rechecks(generation, org).into_iter().find(|row| row.id == *id))
    }

    async fn fallback(
        &self,
        generation: Generation,
        org: &OrgId,
        id: &FallbackId,
    ) -> Result<Option<FallbackRow>, StoreError> {
        Ok(self.all_fallbacks(generation, org).into_iter().find(|row| row.id == *id))
    }

    async fn rechecks(
        &self,
        generation: Generation,
        query: &RechecksQuery,
    ) -> Result<RechecksPage, StoreError> {
        let rows = self.all_rechecks(generation, &query.org).into_iter();
        Ok(query.page(rows.filter(|row| query.matches(row)).collect()))
    }

    async fn failures(
        &self,
        generation: Generation,
        org: &OrgId,
        from: Timestamp,
        to: Timestamp,
        limit: usize,
    ) -> Result<Vec<OutageFailure>, StoreError> {
        let rechecks = self.all_rechecks(generation, org);
        let mut rows = self.all_fallbacks(generation, org);
        rows.retain(|row| (from..to).contains(&row.attempt.attempted_at));
        rows.sort_by_key(|row| (row.attempt.attempted_at, row.source.partition, row.source.offset));
        let failure = |row: FallbackRow| {
            let opened = row.recheck.filter(|_| row.opened);
            let found = opened.and_then(|id| rechecks.iter().find(|recheck| recheck.id == id));
            OutageFailure {
                at: row.attempt.attempted_at,
                cause: row.attempt.cause,
                opened: found.map(|recheck| recheck.status),
            }
        };
        Ok(rows.into_iter().take(limit).map(failure).collect())
    }

    async fn verdict_after(
        &self,
        generation: Generation,
        org: &OrgId,
        after: Timestamp,
    ) -> Result<Option<Timestamp>, StoreError> {
        let rows = self.verifications(generation).into_iter();
        let verdicts = rows.filter(|row| row.customer.org == *org && row.method == Method::NikDukcapil);
        Ok(verdicts.map(|row| row.created_at).filter(|at| *at > after).min())
    }

    async fn recheck_summary(
        &self,
        generation: Generation,
        org: &OrgId,
        now: Timestamp,
    ) -> Result<RecheckSummary, StoreError> {
        let mut summary = RecheckSummary::default();
        for row in self.all_rechecks(generation, org) {
            if row.status == RecheckStatus::Open {
                summary.take(row.opened_at, now);
            }
        }
        Ok(summary)
    }
}
