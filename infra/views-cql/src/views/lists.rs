//! Lists of verifications. A customer's are read from its own partition; an org's from buckets by hour,
//! which the tallies lead to: a deep page reads counts down to its hour, not the rows before it.
//!
//! Places are merged first, and only the rows of the page are read whole.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use domain::event::{Offset, Partition};
use domain::ids::{CustomerId, VerificationId};
use domain::policy::Method;
use domain::ports::{AttemptsPage, AttemptsQuery, PageStart, RowPlace, StoreError, VerificationView};
use domain::rows::{ReviewState, Span, VerificationStatus};
use domain::time::Timestamp;
use futures::stream::{self, StreamExt as _, TryStreamExt as _};

use super::read;
use super::statements::Statements;
use super::times;
use super::totals::{Bucket, Counter, Stretch};
use crate::limits::{BUCKETS_AT_ONCE, HOURS_AT_ONCE};
use crate::session::CqlSession;
use crate::statement::Cell;

/// A row's place and its name.
type Placed = (RowPlace, VerificationId);

/// The page and the total.
pub(super) async fn page(
    session: &CqlSession,
    tables: &Statements,
    query: &AttemptsQuery,
) -> Result<AttemptsPage, StoreError> {
    let from = query.from.map_or(0, Timestamp::millis);
    let to = query.to.map_or(times::END, Timestamp::millis);
    if from >= to {
        return Ok(AttemptsPage { rows: Vec::new(), total: 0, more: false });
    }
    match &query.customer {
        Some(customer) => page_of_customer(session, tables, query, customer, (from, to)).await,
        None => page_of_org(Counter { session, tables, query }, from, to).await,
    }
}

/// A place in a customer's list: time, log partition, offset, id, method, status, category, and what its review decided.
/// Without method and status where only the review is there yet.
pub(super) type OfCustomer =
    (i64, i32, i64, String, Option<String>, Option<String>, Option<String>, Option<String>);

/// Whether the review of a row of that status stands there, of which that word was written.
fn stands(asked: ReviewState, status: VerificationStatus, review: Option<&str>) -> bool {
    let word = review.unwrap_or(ReviewState::Open.as_str());
    status == VerificationStatus::Pending && word == asked.as_str()
}

/// One pass over the customer's places counts them all and picks the page's.
async fn page_of_customer(
    session: &CqlSession,
    tables: &Statements,
    query: &AttemptsQuery,
    customer: &CustomerId,
    (from, to): (i64, i64),
) -> Result<AttemptsPage, StoreError> {
    let cells =
        [Cell::Org(query.org.clone()), Cell::Customer(customer.clone()), Cell::Big(from), Cell::Big(to)];
    let wanted = query.limit.saturating_add(1);
    let mut total = 0_u64;
    let mut ids = Vec::new();
    session
        .each::<OfCustomer>(
            &tables.of_customer,
            &cells,
            |(created_at, partition, offset, id, method, status, category, review)| {
                // Its review alone stands there yet.
                let Some((method, status)) = method.zip(status) else {
                    return Ok(ControlFlow::Continue(()));
                };
                let method = Method::parse(&method).ok_or_else(broken)?;
                let status = VerificationStatus::parse(&status).ok_or_else(broken)?;
                if query.method.is_some_and(|only| only != method)
                    || query.status.is_some_and(|only| only != status)
                    || query.category.is_some_and(|only| category.as_deref() != Some(only.as_str()))
                    || query.review.is_some_and(|only| !stands(only, status, review.as_deref()))
                {
                    return Ok(ControlFlow::Continue(()));
                }
                let before = match query.start {
                    PageStart::Skip(rows) => total < rows,
                    PageStart::After(after) => place(created_at, partition, offset)? >= after,
                };
                if !before && ids.len() < wanted {
                    ids.push(VerificationId::parse(&id).map_err(|_| broken())?);
                }
                total += 1;
                Ok(ControlFlow::Continue(()))
            },
        )
        .await?;
    let mut rows = read::views(session, tables, &query.org, ids).await?;
    let more = rows.len() > query.limit;
    rows.truncate(query.limit);
    Ok(AttemptsPage { rows, total, more })
}

async fn page_of_org(counter: Counter<'_>, from: i64, to: i64) -> Result<AttemptsPage, StoreError> {
    let months = counter.tallies(Span::Month, 0, times::END).await?;
    let parts = counter.parts(&months, Some(Span::Month), from, to).await?;
    let total = parts.iter().map(|part| part.count).sum();
    let start = match counter.query.start {
        PageStart::Skip(0) => Some((above(to), 0)),
        PageStart::Skip(rows) => locate(counter, parts, rows).await?,
        PageStart::After(after) => Some((above(to).min(below(after)?), 0)),
    };
    let Some((upper, skip)) = start else { return Ok(AttemptsPage { rows: Vec::new(), total, more: false }) };
    let mut rows = Walk { counter, months: &months, from }.rows(upper, skip).await?;
    let more = rows.len() > counter.query.limit;
    rows.truncate(counter.query.limit);
    Ok(AttemptsPage { rows, total, more })
}

/// Where so many rows have been passed: below that place, after so many more. None beyond the end.
async fn locate(
    counter: Counter<'_>,
    mut parts: Vec<Stretch>,
    mut skip: u64,
) -> Result<Option<(Upper, usize)>, StoreError> {
    loop {
        let mut found = None;
        for part in parts {
            if skip < part.count {
                found = Some(part);
                break;
            }
            skip -= part.count;
        }
        let Some(part) = found else { return Ok(None) };
        match counter.divide(&part).await? {
            Some(finer) => parts = finer,
            None => return Ok(Some((above(part.to), usize::try_from(skip).unwrap_or(usize::MAX)))),
        }
    }
}

/// A place below which (exclusive) a page's rows are: time, log partition, offset. Partitions and offsets of
/// rows are never negative.
type Upper = (i64, i64, i64);

/// Above every row before that time, below every row from it on.
fn above(time: i64) -> Upper {
    (time, -1, -1)
}

fn below(place: RowPlace) -> Result<Upper, StoreError> {
    // A cursor is a caller's: what no row can have is as good as the largest that one can.
    let offset = i64::try_from(place.offset.0).unwrap_or(i64::MAX);
    Ok((place.created_at.millis(), i64::from(place.partition.0), offset))
}

/// Reads an org's rows downwards from a place.
struct Walk<'a> {
    counter: Counter<'a>,
    /// All monthly tallies: months without rows are not looked at.
    months: &'a BTreeMap<i64, u64>,
    from: i64,
}

impl Walk<'_> {
    /// The page's rows, and one more when there is one.
    async fn rows(&self, mut upper: Upper, mut skip: usize) -> Result<Vec<VerificationView>, StoreError> {
        let Counter { session, tables, query } = self.counter;
        let wanted = query.limit.saturating_add(1);
        let mut rows = Vec::new();
        loop {
            let n = skip.saturating_add(wanted - rows.len());
            let places = self.places(upper, n).await?;
            let last = places.last().map(|(place, _)| below(*place)).transpose()?;
            let ended = places.len() < n;
            let ids = places.into_iter().skip(skip).map(|(_, id)| id).collect();
            skip = 0;
            rows.extend(read::views(session, tables, &query.org, ids).await?);
            match last {
                Some(last) if !ended && rows.len() < wanted => upper = last,
                _ => return Ok(rows),
            }
        }
    }

    /// The `n` newest places below the upper one, month by month and hour by hour.
    async fn places(&self, upper: Upper, n: usize) -> Result<Vec<Placed>, StoreError> {
        let mut places = Vec::new();
        let hour_from = times::start(Span::Hour, self.from);
        let newest_first = self.months.keys().rev().copied();
        for month in newest_first.filter(|month| *month <= upper.0) {
            let end = times::end(Span::Month, month);
            if end <= self.from {
                break;
            }
            let bottom = month.max(hour_from);
            let mut to = end.min(times::end(Span::Hour, times::start(Span::Hour, upper.0)));
            while to > bottom && places.len() < n {
                let buckets = self.counter.buckets(bottom, to, HOURS_AT_ONCE).await?;
                let mut hours = 0;
                for hour in buckets.chunk_by(|a, b| a.hour == b.hour) {
                    hours += 1;
                    if places.len() < n {
                        places.extend(self.hour(hour, upper, n - places.len()).await?);
                    }
                }
                match buckets.last() {
                    Some(oldest) if hours == HOURS_AT_ONCE => to = oldest.hour,
                    _ => break,
                }
            }
            if places.len() >= n {
                break;
            }
        }
        Ok(places)
    }

    /// The `n` newest places of an hour, merged from all of its buckets.
    async fn hour(&self, buckets: &[Bucket], upper: Upper, n: usize) -> Result<Vec<Placed>, StoreError> {
        let mut places: Vec<Placed> = stream::iter(buckets.to_vec())
            .map(|bucket| self.bucket(bucket, upper, n))
            .buffer_unordered(BUCKETS_AT_ONCE)
            .try_concat()
            .await?;
        places.sort_unstable_by(|a, b| b.cmp(a));
        places.truncate(n);
        Ok(places)
    }

    async fn bucket(&self, bucket: Bucket, upper: Upper, n: usize) -> Result<Vec<Placed>, StoreError> {
        let (time, partition, offset) = upper;
        // All of a bucket's rows are of one log partition, so of the upper place's instant it has all, none,
        // or those below its offset.
        let offset = match i64::from(bucket.partition).cmp(&partition) {
            std::cmp::Ordering::Less => i64::MAX,
            std::cmp::Ordering::Equal => offset,
            std::cmp::Ordering::Greater => i64::MIN,
        };
        let mut cells = bucket.cells(self.counter);
        cells.extend([Cell::Big(self.from), Cell::Big(i64::MIN), Cell::Big(time), Cell::Big(offset)]);
        cells.push(Cell::Int(i32::try_from(n).unwrap_or(i32::MAX)));
        let mut places = Vec::new();
        let Counter { session, tables, .. } = self.counter;
        let statement = self.counter.choose(&tables.of_hour, &tables.of_category);
        session
            .each::<(i64, i64, String)>(statement, &cells, |(created_at, offset, id)| {
                let id = VerificationId::parse(&id).map_err(|_| broken())?;
                places.push((place(created_at, bucket.partition, offset)?, id));
                Ok(ControlFlow::Continue(()))
            })
            .await?;
        Ok(places)
    }
}

fn place(created_at: i64, partition: i32, offset: i64) -> Result<RowPlace, StoreError> {
    Ok(RowPlace {
        created_at: Timestamp::from_millis(created_at),
        partition: Partition(u32::try_from(partition).map_err(|_| broken())?),
        offset: Offset(u64::try_from(offset).map_err(|_| broken())?),
    })
}

fn broken() -> StoreError {
    StoreError::Corrupt("a stored place in a list that cannot be one".to_owned())
}
