//! Verifications by day: an org's are summed up from its full hours, a customer's are counted. Runs inside the caller's
//! transaction.

use domain::classify::ReasonCategory;
use domain::policy::Method;
use domain::ports::{SeriesQuery, VerificationSeries};
use domain::rows::{Generation, VerificationStatus};
use domain::time::Timestamp;
use rusqlite::Transaction;

use super::tables::take_category;
use crate::columns::ParameterBinder;
use crate::pool::Failure;

const DAY_MS: i64 = 24 * 3_600_000;

/// By day since ?3, status and category. ?4 is the end; what a filter is null for is not asked.
const OF_ORG: &str = "SELECT (hour - ?3) / 86400000, status, category, sum(n) FROM verification_count \
     WHERE generation = ?1 AND org = ?2 AND hour >= ?3 AND hour < ?4 \
     AND (?5 IS NULL OR method = ?5) AND (?6 IS NULL OR status = ?6) AND (?7 IS NULL OR category = ?7) \
     GROUP BY 1, 2, 3";

/// The same of one customer, ?8.
const OF_CUSTOMER: &str = "SELECT (created_at - ?3) / 86400000, status, coalesce(reason_category, ''), \
     count(*) FROM verification INDEXED BY verification_of_customer \
     WHERE generation = ?1 AND org = ?2 AND customer = ?8 AND created_at >= ?3 AND created_at < ?4 \
     AND (?5 IS NULL OR method = ?5) AND (?6 IS NULL OR status = ?6) \
     AND (?7 IS NULL OR reason_category = ?7) \
     GROUP BY 1, 2, 3";

/// The query's numbers.
pub(super) fn of(
    transaction: &Transaction<'_>,
    generation: Generation,
    query: &SeriesQuery,
) -> Result<VerificationSeries, Failure> {
    let mut series = VerificationSeries::blank(query, true);
    let sql = if query.customer.is_some() { OF_CUSTOMER } else { OF_ORG };
    let mut out = ParameterBinder::new(transaction.prepare_cached(sql)?);
    out.put(generation.0)?;
    out.put(query.org.as_str())?;
    out.put(query.first_day.millis())?;
    out.put(query.end().millis())?;
    out.put(query.method.map(Method::as_str))?;
    out.put(query.status.map(VerificationStatus::as_str))?;
    out.put(query.category.map(ReasonCategory::as_str))?;
    if let Some(customer) = &query.customer {
        out.put(customer.as_str())?;
    }
    out.all(|columns| {
        let day = columns.int()?;
        let status = columns.word(VerificationStatus::parse)?;
        let category = take_category(columns)?;
        let count = columns.number()?;
        let start = query.first_day.millis().saturating_add(day.saturating_mul(DAY_MS));
        series.add_status(Timestamp::from_millis(start), status, count);
        if let Some(category) = category {
            series.add_category(category, count);
        }
        Ok(())
    })?;
    Ok(series)
}
