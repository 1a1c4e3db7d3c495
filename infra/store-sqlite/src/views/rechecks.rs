//! The ledger of rechecks: pages that an index gives in their order, totals that are summed up from full days, and what
//! outage windows are made of. Runs inside the caller's transaction, so page and total are of one moment.

use domain::ids::{FallbackId, OrgId, RecheckId};
use domain::policy::Method;
use domain::ports::{PageStart, RECHECK_AGES_MS, RecheckOrder, RecheckSummary, RechecksPage, RechecksQuery};
use domain::recheck::{AttemptCause, OutageFailure, RecheckStatus};
use domain::rows::{FallbackRow, Generation, RecheckRow, VerificationStatus};
use domain::time::Timestamp;
use rusqlite::Transaction;

use super::tables::StoredRow as _;
use crate::columns::{ColumnReader, ParameterBinder};
use crate::pool::Failure;

const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

/// The recheck of that id.
pub(super) fn recheck(
    transaction: &Transaction<'_>,
    generation: Generation,
    org: &OrgId,
    id: &RecheckId,
) -> Result<Option<RecheckRow>, Failure> {
    RecheckRow::find(transaction, generation, |out| {
        out.put(org.as_str())?;
        out.put(id.as_str())
    })
}

/// The declaration of that id.
pub(super) fn fallback(
    transaction: &Transaction<'_>,
    generation: Generation,
    org: &OrgId,
    id: &FallbackId,
) -> Result<Option<FallbackRow>, Failure> {
    FallbackRow::find(transaction, generation, |out| {
        out.put(org.as_str())?;
        out.put(id.as_str())
    })
}

/// The index that has a query's rows in the list's order, and what of the query it has before the order's columns.
fn selection(query: &RechecksQuery) -> (&'static str, String, Vec<&str>) {
    let status = query.status.map(RecheckStatus::as_str);
    match (&query.customer, status) {
        (Some(customer), Some(status)) => (
            "recheck_of_customer",
            " AND customer = ?7 AND status = ?8".to_owned(),
            vec![customer.as_str(), status],
        ),
        (Some(customer), None) => {
            ("recheck_of_customer", " AND customer = ?7".to_owned(), vec![customer.as_str()])
        }
        (None, Some(status)) => ("recheck_of_status", " AND status = ?7".to_owned(), vec![status]),
        (None, None) => ("recheck_of_org", String::new(), Vec::new()),
    }
}

/// The statement of a query's page. Parameters: generation, org, then the place beyond which the page is (exclusive), the
/// bound of `opened_at` at the other end, the filters' words, the limit, and how many rows to skip.
pub(super) fn page_statement(query: &RechecksQuery) -> String {
    let (index, condition, words) = selection(query);
    let (beyond, bound, order) = match query.order {
        RecheckOrder::NewestFirst => ("<", "opened_at >= ?6", "DESC"),
        RecheckOrder::OldestFirst => (">", "opened_at < ?6", "ASC"),
    };
    format!(
        "SELECT {} FROM recheck INDEXED BY {index} WHERE generation = ?1 AND org = ?2{condition} \
         AND (opened_at, log_partition, log_offset) {beyond} (?3, ?4, ?5) AND {bound} \
         ORDER BY opened_at {order}, log_partition {order}, log_offset {order} LIMIT ?{} OFFSET ?{}",
        RecheckRow::TABLE.read_columns(),
        7 + words.len(),
        8 + words.len(),
    )
}

/// The page and the total.
pub(super) fn page(
    transaction: &Transaction<'_>,
    generation: Generation,
    query: &RechecksQuery,
) -> Result<RechecksPage, Failure> {
    let from = query.from.map_or(0, Timestamp::millis);
    let to = query.to.map_or(i64::MAX, Timestamp::millis);
    let edge = match query.order {
        RecheckOrder::NewestFirst => (to, -1, -1),
        RecheckOrder::OldestFirst => (from, -1, -1),
    };
    let start = match query.start {
        PageStart::Skip(_) => edge,
        PageStart::After(place) => {
            let offset = i64::try_from(place.offset.0).unwrap_or(i64::MAX);
            let after = (place.created_at.millis(), i64::from(place.partition.0), offset);
            match query.order {
                RecheckOrder::NewestFirst => edge.min(after),
                RecheckOrder::OldestFirst => edge.max(after),
            }
        }
    };
    let other_end = match query.order {
        RecheckOrder::NewestFirst => from,
        RecheckOrder::OldestFirst => to,
    };
    let sql = page_statement(query);
    let mut out = ParameterBinder::new(transaction.prepare_cached(&sql)?);
    out.put(generation.0)?;
    out.put(query.org.as_str())?;
    for part in [start.0, start.1, start.2, other_end] {
        out.put(part)?;
    }
    for word in selection(query).2 {
        out.put(word)?;
    }
    // One more than asked for tells whether rows follow.
    out.put(i64::try_from(query.limit).unwrap_or(i64::MAX).saturating_add(1))?;
    out.put(i64::try_from(query.skip()).unwrap_or(i64::MAX))?;
    let mut rows = out.all(RecheckRow::take)?;
    let more = rows.len() > query.limit;
    rows.truncate(query.limit);
    let total = match &query.customer {
        Some(_) => count_rows(transaction, generation, query, from, to)?,
        None => total(transaction, generation, query, from, to)?,
    };
    Ok(RechecksPage { rows, total, more })
}

/// All rows the query matches: summed up from full days, and only what sticks out of them at either end is counted.
fn total(
    transaction: &Transaction<'_>,
    generation: Generation,
    query: &RechecksQuery,
    from: i64,
    to: i64,
) -> Result<u64, Failure> {
    let first = from.saturating_add(DAY_MS - 1) / DAY_MS * DAY_MS;
    let last = to / DAY_MS * DAY_MS;
    if first >= last {
        return count_rows(transaction, generation, query, from, to);
    }
    let mut sum = count_rows(transaction, generation, query, from, first)?;
    if query.to.is_some() {
        sum += count_rows(transaction, generation, query, last, to)?;
    }
    let sql = "SELECT coalesce(sum(n), 0) FROM recheck_count \
               WHERE generation = ?1 AND org = ?2 AND status = ?3 AND day >= ?4 AND day < ?5";
    for status in RecheckStatus::ALL.into_iter().filter(|of| query.status.is_none_or(|only| only == *of)) {
        let mut out = ParameterBinder::new(transaction.prepare_cached(sql)?);
        out.put(generation.0)?;
        out.put(query.org.as_str())?;
        out.put(status.as_str())?;
        out.put(first)?;
        out.put(last)?;
        sum += out.first(|columns| columns.number())?.unwrap_or(0);
    }
    Ok(sum)
}

fn count_rows(
    transaction: &Transaction<'_>,
    generation: Generation,
    query: &RechecksQuery,
    from: i64,
    to: i64,
) -> Result<u64, Failure> {
    if from >= to {
        return Ok(0);
    }
    let (index, condition, words) = selection(query);
    // The place in a page's statement is not asked for here.
    let sql = format!(
        "SELECT count(*) FROM recheck INDEXED BY {index} WHERE generation = ?1 AND org = ?2{condition} \
         AND opened_at >= ?3 AND opened_at < ?4 AND ?5 IS NULL AND ?6 IS NULL"
    );
    let mut out = ParameterBinder::new(transaction.prepare_cached(&sql)?);
    out.put(generation.0)?;
    out.put(query.org.as_str())?;
    out.put(from)?;
    out.put(to)?;
    out.put(None::<i64>)?;
    out.put(None::<i64>)?;
    for word in words {
        out.put(word)?;
    }
    Ok(out.first(|columns| columns.number())?.unwrap_or(0))
}

/// Declared failures by when the attempt was made.
pub(super) fn failures(
    transaction: &Transaction<'_>,
    generation: Generation,
    org: &OrgId,
    (from, to): (Timestamp, Timestamp),
    limit: usize,
) -> Result<Vec<OutageFailure>, Failure> {
    let sql = "SELECT f.attempted_at, f.cause, r.status \
               FROM fallback AS f INDEXED BY fallback_of_org \
               LEFT JOIN recheck AS r ON r.generation = ?1 AND r.org = ?2 AND r.id = f.opens \
               WHERE f.generation = ?1 AND f.org = ?2 AND f.attempted_at >= ?3 AND f.attempted_at < ?4 \
               ORDER BY f.attempted_at, f.log_partition, f.log_offset LIMIT ?5";
    let mut out = ParameterBinder::new(transaction.prepare_cached(sql)?);
    out.put(generation.0)?;
    out.put(org.as_str())?;
    out.put(from.millis())?;
    out.put(to.millis())?;
    out.put(i64::try_from(limit).unwrap_or(i64::MAX))?;
    out.all(take_failure)
}

fn take_failure(columns: &mut ColumnReader<'_>) -> Result<OutageFailure, Failure> {
    let at = columns.time()?;
    let cause = AttemptCause::parse(columns.text()?).ok_or(Failure::Stored("a cause nobody knows"))?;
    let opened = match columns.maybe_text()? {
        Some(word) => {
            Some(RecheckStatus::parse(word).ok_or(Failure::Stored("a recheck status nobody knows"))?)
        }
        None => None,
    };
    Ok(OutageFailure { at, cause, opened })
}

/// When the first verdict after that moment was taken in.
pub(super) fn verdict_after(
    transaction: &Transaction<'_>,
    generation: Generation,
    org: &OrgId,
    after: Timestamp,
) -> Result<Option<Timestamp>, Failure> {
    let sql = "SELECT created_at FROM verification INDEXED BY verification_of_kind \
               WHERE generation = ?1 AND org = ?2 AND method = ?3 AND status = ?4 AND created_at > ?5 \
               ORDER BY created_at LIMIT 1";
    let mut first: Option<Timestamp> = None;
    for status in [VerificationStatus::Verified, VerificationStatus::Failed] {
        let mut out = ParameterBinder::new(transaction.prepare_cached(sql)?);
        out.put(generation.0)?;
        out.put(org.as_str())?;
        out.put(Method::NikDukcapil.as_str())?;
        out.put(status.as_str())?;
        out.put(after.millis())?;
        let found = out.first(|columns| columns.time())?;
        first = first.into_iter().chain(found).min();
    }
    Ok(first)
}

/// What is open, by its age.
pub(super) fn summary(
    transaction: &Transaction<'_>,
    generation: Generation,
    org: &OrgId,
    now: Timestamp,
) -> Result<RecheckSummary, Failure> {
    let mut query = RechecksQuery {
        org: org.clone(),
        status: Some(RecheckStatus::Open),
        customer: None,
        from: None,
        to: None,
        order: RecheckOrder::OldestFirst,
        start: PageStart::Skip(0),
        limit: 1,
    };
    let oldest = page(transaction, generation, &query)?;
    let mut ages = [0; 4];
    // Those of at least the first age, of at least the second, …: an age is what is in one and not in the next.
    let mut older = [oldest.total, 0, 0, 0, 0];
    for (at, age) in RECHECK_AGES_MS.into_iter().enumerate() {
        // Of an age or older is what was opened at that moment or before.
        let to = (now.millis() - age).saturating_add(1).max(0);
        query.to = Some(Timestamp::from_millis(to));
        older[at + 1] = total(transaction, generation, &query, 0, to)?;
    }
    for (at, count) in ages.iter_mut().enumerate() {
        *count = older[at].saturating_sub(older[at + 1]);
    }
    let oldest_opened_at = oldest.rows.first().map(|row| row.opened_at);
    Ok(RecheckSummary { open: oldest.total, ages, oldest_opened_at })
}
