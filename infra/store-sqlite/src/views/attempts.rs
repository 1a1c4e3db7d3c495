//! Lists of verifications: pages that an index gives in their order, and totals that are exact without
//! counting every row. Runs inside the caller's transaction, so page and total are of one moment.

use domain::classify::ReasonCategory;
use domain::policy::Method;
use domain::ports::{AttemptsPage, AttemptsQuery, PageStart};
use domain::rows::{Generation, ReviewState, VerificationRow, VerificationStatus};
use domain::time::Timestamp;
use rusqlite::Transaction;

use super::limits::SKIPPED_ROWS_MAX;
use super::read::with_signals;
use super::tables::StoredRow as _;
use crate::columns::ParameterBinder;
use crate::pool::Failure;

const HOUR_MS: i64 = 3_600_000;

/// The columns that a list is in the order of, the latest first.
const ORDER: &str = "created_at, log_partition, log_offset";

/// Which rows of `verification` a query is about, by the index that has them in the list's order. Parameters
/// 1 to 5 are the same everywhere: generation, org, and the list's place above which (exclusive) nothing is
/// wanted; 6 is the lowest `created_at`, and from 7 on come the words of the filters.
struct Selection<'q> {
    index: &'static str,
    /// One condition per sorted run that the index has to offer: all of them merged are the list.
    runs: Vec<String>,
    words: Vec<&'q str>,
}

impl<'q> Selection<'q> {
    fn of(query: &'q AttemptsQuery) -> Self {
        if let Some(customer) = &query.customer {
            return Self::of_customer(customer.as_str(), query);
        }
        if let Some(review) = query.review {
            return Self::of_review(review, query);
        }
        if query.method.is_none() && query.status.is_none() && query.category.is_none() {
            return Self { index: "verification_of_org", runs: vec![String::new()], words: Vec::new() };
        }
        let mut runs = Vec::new();
        let mut words = Vec::new();
        let (index, category) = match query.category {
            None => ("verification_of_kind", ""),
            Some(category) => {
                words.push(category.as_str());
                ("verification_of_category", " AND reason_category = ?7")
            }
        };
        for method in Method::ALL.into_iter().filter(|m| query.method.is_none_or(|only| only == *m)) {
            for status in
                VerificationStatus::ALL.into_iter().filter(|s| query.status.is_none_or(|only| only == *s))
            {
                let at = 7 + words.len();
                runs.push(format!("{category} AND method = ?{at} AND status = ?{}", at + 1));
                words.extend([method.as_str(), status.as_str()]);
            }
        }
        Self { index, runs, words }
    }

    /// Reviews are of few methods, and of nearly one category: what the index does not have is looked at in the row.
    fn of_review(review: ReviewState, query: &'q AttemptsQuery) -> Self {
        let mut words = vec![review.as_str()];
        let mut condition = " AND review = ?7".to_owned();
        let filters = [
            ("status", query.status.map(VerificationStatus::as_str)),
            ("reason_category", query.category.map(ReasonCategory::as_str)),
        ];
        for (column, word) in filters {
            if let Some(word) = word {
                condition.push_str(&format!(" AND {column} = ?{}", 7 + words.len()));
                words.push(word);
            }
        }
        let mut runs = Vec::new();
        for method in Method::ALL.into_iter().filter(|m| query.method.is_none_or(|only| only == *m)) {
            runs.push(format!("{condition} AND method = ?{}", 7 + words.len()));
            words.push(method.as_str());
        }
        Self { index: "verification_of_review", runs, words }
    }

    fn of_customer(customer: &'q str, query: &'q AttemptsQuery) -> Self {
        let mut words = vec![customer];
        let mut condition = " AND customer = ?7".to_owned();
        let filters = [
            ("method", query.method.map(Method::as_str)),
            ("status", query.status.map(VerificationStatus::as_str)),
            ("reason_category", query.category.map(ReasonCategory::as_str)),
            ("review", query.review.map(ReviewState::as_str)),
        ];
        for (column, word) in filters {
            if let Some(word) = word {
                condition.push_str(&format!(" AND {column} = ?{}", 7 + words.len()));
                words.push(word);
            }
        }
        Self { index: "verification_of_customer", runs: vec![condition], words }
    }

    /// The statement of a page: its parameters after the words are the limit and how many rows to skip.
    fn page_statement(&self) -> String {
        let limit = 7 + self.words.len();
        // Merged runs can be ordered by what they show only.
        let columns = format!("{}, {ORDER}", VerificationRow::TABLE.read_columns());
        format!(
            "{} ORDER BY created_at DESC, log_partition DESC, log_offset DESC LIMIT ?{limit} OFFSET ?{}",
            self.statement(&columns),
            limit + 1,
        )
    }

    /// A statement per run, put together with `UNION ALL`.
    fn statement(&self, columns: &str) -> String {
        let runs: Vec<_> = self
            .runs
            .iter()
            .map(|condition| {
                format!(
                    "SELECT {columns} FROM verification INDEXED BY {} \
                     WHERE generation = ?1 AND org = ?2{condition} \
                     AND ({ORDER}) < (?3, ?4, ?5) AND created_at >= ?6",
                    self.index
                )
            })
            .collect();
        runs.join(" UNION ALL ")
    }
}

/// A place in the list; the parts of one that a row may have are never negative.
type Place = (i64, i64, i64);

/// Above every row before that time, below every row from it on.
fn before(time: i64) -> Place {
    (time, -1, -1)
}

/// The page and the total.
pub(super) fn page(
    transaction: &Transaction<'_>,
    generation: Generation,
    query: &AttemptsQuery,
) -> Result<AttemptsPage, Failure> {
    let selection = Selection::of(query);
    let end = query.to.map_or(i64::MAX, Timestamp::millis);
    let start = query.from.map_or(0, Timestamp::millis);
    let (below, skip) = match query.start {
        PageStart::Skip(rows) => {
            let (end, rows) = if rows > SKIPPED_ROWS_MAX && query.customer.is_none() {
                skip_hours(transaction, generation, query, &selection, (start, end), rows)?
            } else {
                (end, rows)
            };
            (before(end), i64::try_from(rows).unwrap_or(i64::MAX))
        }
        PageStart::After(place) => {
            let offset = i64::try_from(place.offset.0).unwrap_or(i64::MAX);
            (before(end).min((place.created_at.millis(), i64::from(place.partition.0), offset)), 0)
        }
    };
    // One more than asked for tells whether rows follow.
    let limit = i64::try_from(query.limit).unwrap_or(i64::MAX).saturating_add(1);
    let sql = selection.page_statement();
    let mut out = bound(transaction, generation, query, &selection, &sql, below, start)?;
    out.put(limit)?;
    out.put(skip)?;
    let mut rows = out.all(VerificationRow::take)?;
    let more = rows.len() > query.limit;
    rows.truncate(query.limit);
    let total = total(transaction, generation, query, &selection, start, end)?;
    let rows =
        rows.into_iter().map(|row| with_signals(transaction, generation, row)).collect::<Result<_, _>>()?;
    Ok(AttemptsPage { rows, total, more })
}

fn bound<'t>(
    transaction: &'t Transaction<'_>,
    generation: Generation,
    query: &AttemptsQuery,
    selection: &Selection<'_>,
    sql: &str,
    below: Place,
    start: i64,
) -> Result<ParameterBinder<'t>, Failure> {
    let mut out = ParameterBinder::new(transaction.prepare_cached(sql)?);
    out.put(generation.0)?;
    out.put(query.org.as_str())?;
    for part in [below.0, below.1, below.2, start] {
        out.put(part)?;
    }
    for word in &selection.words {
        out.put(*word)?;
    }
    Ok(out)
}

/// All rows the query matches. A customer's are counted; an org's are summed up from its full hours, and
/// only what sticks out of them at either end is counted.
fn total(
    transaction: &Transaction<'_>,
    generation: Generation,
    query: &AttemptsQuery,
    selection: &Selection<'_>,
    start: i64,
    end: i64,
) -> Result<u64, Failure> {
    let count = |start, end| count_rows(transaction, generation, query, selection, (start, end));
    let (first_hour, last_hour) = full_hours(start, end);
    if query.customer.is_some() || first_hour >= last_hour {
        return count(start, end);
    }
    let hours = sum_of_hours(transaction, generation, query, first_hour, last_hour)?;
    let ragged_end = if query.to.is_some() { count(last_hour, end)? } else { 0 };
    Ok(count(start, first_hour)? + hours + ragged_end)
}

fn count_rows(
    transaction: &Transaction<'_>,
    generation: Generation,
    query: &AttemptsQuery,
    selection: &Selection<'_>,
    (start, end): (i64, i64),
) -> Result<u64, Failure> {
    if start >= end {
        return Ok(0);
    }
    let sql = format!("SELECT count(*) FROM ({})", selection.statement("1"));
    let out = bound(transaction, generation, query, selection, &sql, before(end), start)?;
    Ok(out.first(|columns| columns.number())?.unwrap_or(0))
}

/// The first full hour's start, and the last one's end: not after it where there is none.
fn full_hours(start: i64, end: i64) -> (i64, i64) {
    (start.saturating_add(HOUR_MS - 1) / HOUR_MS * HOUR_MS, end / HOUR_MS * HOUR_MS)
}

/// Passes so many rows by the counts of their hours: what is left is the end of the hour in which the page begins, and how
/// many of the rows before that end are still to be passed.
fn skip_hours(
    transaction: &Transaction<'_>,
    generation: Generation,
    query: &AttemptsQuery,
    selection: &Selection<'_>,
    (start, end): (i64, i64),
    rows: u64,
) -> Result<(i64, u64), Failure> {
    let (first_hour, last_hour) = full_hours(start, end);
    if first_hour >= last_hour {
        return Ok((end, rows));
    }
    let ragged_end = match query.to {
        Some(_) => count_rows(transaction, generation, query, selection, (last_hour, end))?,
        None => 0,
    };
    if rows < ragged_end {
        return Ok((end, rows));
    }
    let mut left = rows - ragged_end;
    let counts = HourCounts::of(query);
    let sql = format!("SELECT hour, sum(n) {} GROUP BY hour ORDER BY hour DESC", counts.rows());
    let mut out = ParameterBinder::new(transaction.prepare_cached(&sql)?);
    put_hours(&mut out, generation, query, first_hour, last_hour)?;
    for (hour, count) in out.all(|columns| Ok((columns.int()?, columns.number()?)))? {
        if left < count {
            return Ok((hour + HOUR_MS, left));
        }
        left -= count;
    }
    Ok((first_hour, left))
}

fn sum_of_hours(
    transaction: &Transaction<'_>,
    generation: Generation,
    query: &AttemptsQuery,
    first: i64,
    end: i64,
) -> Result<u64, Failure> {
    let sql = format!("SELECT coalesce(sum(n), 0) {}", HourCounts::of(query).rows());
    let mut out = ParameterBinder::new(transaction.prepare_cached(&sql)?);
    put_hours(&mut out, generation, query, first, end)?;
    Ok(out.first(|columns| columns.number())?.unwrap_or(0))
}

/// The parameters of a statement about counts of hours.
fn put_hours(
    out: &mut ParameterBinder<'_>,
    generation: Generation,
    query: &AttemptsQuery,
    first: i64,
    end: i64,
) -> Result<(), Failure> {
    out.put(generation.0)?;
    out.put(query.org.as_str())?;
    out.put(first)?;
    out.put(end)?;
    out.put(query.method.map(Method::as_str))?;
    out.put(query.status.map(VerificationStatus::as_str))?;
    out.put(query.category.map(ReasonCategory::as_str))?;
    match query.review {
        Some(review) => out.put(review.as_str()),
        None => Ok(()),
    }
}

/// Where a query's rows are counted by hour.
enum HourCounts {
    Rows,
    Reviews,
}

impl HourCounts {
    fn of(query: &AttemptsQuery) -> Self {
        if query.review.is_some() { Self::Reviews } else { Self::Rows }
    }

    /// The part of a statement that says which counts: its parameters are those of [`put_hours`].
    fn rows(&self) -> &'static str {
        match self {
            Self::Rows => {
                "FROM verification_count WHERE generation = ?1 AND org = ?2 AND hour >= ?3 AND hour < ?4 \
                 AND (?5 IS NULL OR method = ?5) AND (?6 IS NULL OR status = ?6) \
                 AND (?7 IS NULL OR category = ?7)"
            }
            // Whatever is reviewed is pending.
            Self::Reviews => {
                "FROM review_count WHERE generation = ?1 AND org = ?2 AND hour >= ?3 AND hour < ?4 \
                 AND (?5 IS NULL OR method = ?5) AND (?6 IS NULL OR ?6 = 'pending') \
                 AND (?7 IS NULL OR category = ?7) AND review = ?8"
            }
        }
    }
}

/// The statement of the query's page.
#[cfg(test)]
pub(super) fn page_statement(query: &AttemptsQuery) -> String {
    Selection::of(query).page_statement()
}
