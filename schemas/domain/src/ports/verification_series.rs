//! How many verifications there were, day by day: what charts are drawn from. Lists and their totals are in `views`.

use std::collections::BTreeMap;

use async_trait::async_trait;

use super::StoreError;
use crate::classify::ReasonCategory;
use crate::ids::{CustomerId, OrgId};
use crate::limits::SERIES_DAYS_MAX;
use crate::policy::Method;
use crate::rows::{Generation, VerificationStatus};
use crate::time::Timestamp;

/// Every day of a series has as many: it is for zones without daylight saving time.
const DAY_MS: i64 = 24 * 3_600_000;

/// Which verifications to count, and in which days.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeriesQuery {
    /// The tenant.
    pub org: OrgId,
    /// Only this method.
    pub method: Option<Method>,
    /// Only this status.
    pub status: Option<VerificationStatus>,
    /// Only this category of the reason.
    pub category: Option<ReasonCategory>,
    /// Only this customer.
    pub customer: Option<CustomerId>,
    /// Where the first day begins: a full hour in UTC, as midnight is in every zone of whole hours.
    pub first_day: Timestamp,
    /// How many days, at most [`SERIES_DAYS_MAX`].
    pub days: u32,
}

impl SeriesQuery {
    /// The first instant after the last day.
    pub fn end(&self) -> Timestamp {
        let days = i64::from(self.days.min(SERIES_DAYS_MAX));
        Timestamp::from_millis(self.first_day.millis().saturating_add(days * DAY_MS))
    }
}

/// Verifications of one day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DayCount {
    /// Where the day begins.
    pub start: Timestamp,
    /// How many of each status; one that is not named has none.
    pub by_status: BTreeMap<VerificationStatus, u64>,
}

impl DayCount {
    /// How many of that status.
    pub fn of(&self, status: VerificationStatus) -> u64 {
        self.by_status.get(&status).copied().unwrap_or(0)
    }
}

/// The numbers of some days.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerificationSeries {
    /// Every day of the query, the first one first, those without any included.
    pub days: Vec<DayCount>,
    /// How many of each category of a reason, in all days together. None where the generation was made before
    /// categories were counted.
    pub categories: Option<BTreeMap<ReasonCategory, u64>>,
}

impl VerificationSeries {
    /// The query's days, nothing counted. `with_categories` where they are known.
    pub fn blank(query: &SeriesQuery, with_categories: bool) -> Self {
        let start = |day: u32| query.first_day.millis().saturating_add(i64::from(day) * DAY_MS);
        let days = (0..query.days.min(SERIES_DAYS_MAX))
            .map(|day| DayCount { start: Timestamp::from_millis(start(day)), by_status: BTreeMap::new() })
            .collect();
        Self { days, categories: with_categories.then(BTreeMap::new) }
    }

    /// Adds so many verifications of that instant; those of another day than the query's are left out.
    pub fn add_status(&mut self, at: Timestamp, status: VerificationStatus, count: u64) {
        let Some(first) = self.days.first() else { return };
        let day = (at.millis() - first.start.millis()).div_euclid(DAY_MS);
        let day = usize::try_from(day).ok().and_then(|day| self.days.get_mut(day));
        if let Some(day) = day.filter(|_| count > 0) {
            *day.by_status.entry(status).or_default() += count;
        }
    }

    /// Adds so many of that category, where categories are known.
    pub fn add_category(&mut self, category: ReasonCategory, count: u64) {
        if let Some(categories) = self.categories.as_mut().filter(|_| count > 0) {
            *categories.entry(category).or_default() += count;
        }
    }
}

/// Counts of the read model by day. Sees every write that a projector's confirmed before.
#[async_trait]
pub trait VerificationCounts: Send + Sync {
    /// The numbers of the query's days, exact, without a look at every row. As [`super::Views::attempts`] where a
    /// category is asked for that is not counted.
    async fn series(
        &self,
        generation: Generation,
        query: &SeriesQuery,
    ) -> Result<VerificationSeries, StoreError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(days: u32) -> SeriesQuery {
        SeriesQuery {
            org: OrgId::from_bytes([0; 16]),
            method: None,
            status: None,
            category: None,
            customer: None,
            first_day: Timestamp::parse("2026-11-27T17:00:00Z").expect("a time"),
            days,
        }
    }

    #[test]
    fn what_is_counted_is_of_the_day_that_holds_it() {
        let mut series = VerificationSeries::blank(&query(2), true);
        for (at, count) in [
            ("2026-11-27T16:59:59.999Z", 1),
            ("2026-11-27T17:00:00.000Z", 2),
            ("2026-11-28T16:59:59.999Z", 4),
            ("2026-11-28T17:00:00.000Z", 8),
            ("2026-11-29T17:00:00.000Z", 16),
        ] {
            series.add_status(Timestamp::parse(at).expect("a time"), VerificationStatus::Failed, count);
        }
        let counts: Vec<_> = series.days.iter().map(|day| day.of(VerificationStatus::Failed)).collect();
        assert_eq!(counts, [6, 8]);
        assert_eq!(query(2).end().rfc3339(), "2026-11-29T17:00:00.000Z");
    }

    #[test]
    fn categories_are_counted_only_where_they_are_known_and_days_are_bounded() {
        for known in [true, false] {
            let mut series = VerificationSeries::blank(&query(u32::MAX), known);
            series.add_category(ReasonCategory::Quota, 3);
            assert_eq!(series.categories, known.then(|| BTreeMap::from([(ReasonCategory::Quota, 3)])));
            assert_eq!(series.days.len(), SERIES_DAYS_MAX as usize);
        }
    }
}
