//! Verifications by day, in memory: a look at every row.

use async_trait::async_trait;
use domain::ports::{SeriesQuery, StoreError, VerificationCounts, VerificationSeries};
use domain::rows::Generation;

use super::MemoryViews;

#[async_trait]
impl VerificationCounts for MemoryViews {
    async fn series(
        &self,
        generation: Generation,
        query: &SeriesQuery,
    ) -> Result<VerificationSeries, StoreError> {
        let mut series = VerificationSeries::blank(query, true);
        let days = query.first_day..query.end();
        for row in self.verifications(generation) {
            let is_asked = row.customer.org == query.org
                && days.contains(&row.created_at)
                && query.method.is_none_or(|method| row.method == method)
                && query.status.is_none_or(|status| row.status == status)
                && query.category.is_none_or(|category| row.reason_category == Some(category))
                && query.customer.as_ref().is_none_or(|customer| row.customer.customer == *customer);
            if is_asked {
                series.add_status(row.created_at, row.status, 1);
                row.reason_category.into_iter().for_each(|category| series.add_category(category, 1));
            }
        }
        Ok(series)
    }
}
