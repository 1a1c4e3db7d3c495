//! Exact numbers of rows in a stretch of time, from tallies: whole months, then whole days, then whole hours
//! of what is left, and only what sticks out of those at either end is counted row by row.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use domain::policy::Method;
use domain::ports::{AttemptsQuery, StoreError};
use domain::rows::{CountedStatus, Span};
use futures::future::BoxFuture;
use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use row_codec::span_word;

use super::list_kinds::{ListKind, weight};
use super::statements::Statements;
use super::times;
use crate::limits::{BUCKETS_AT_ONCE, MERGED_PLACES_MAX};
use crate::session::CqlSession;
use crate::statement::{Cell, Statement};

/// A stretch of a list and how many of the query's rows are in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stretch {
    /// What tally it is; none for part of an hour.
    pub(super) span: Option<Span>,
    /// First instant.
    pub(super) from: i64,
    /// First instant after it.
    pub(super) to: i64,
    /// Rows in it.
    pub(super) count: u64,
}

/// One partition of the list by hour.
#[derive(Debug, Clone)]
pub(super) struct Bucket {
    pub(super) hour: i64,
    pub(super) method: Method,
    pub(super) kind: ListKind,
    pub(super) partition: i32,
    pub(super) chunk: i64,
}

impl Bucket {
    /// The first cells of every statement about it.
    pub(super) fn cells(&self, counter: Counter<'_>) -> Vec<Cell> {
        let mut cells = counter.whose();
        cells.extend([
            Cell::Big(self.hour),
            Cell::Word(self.method.as_str()),
            Cell::Word(self.kind.as_str()),
            Cell::Int(self.partition),
            Cell::Big(self.chunk),
        ]);
        cells
    }
}

/// What a query's counts and buckets are read through. The query has no customer. Rows of a category have lists and
/// tallies of their own, like those of all rows but for one more column.
#[derive(Clone, Copy)]
pub(super) struct Counter<'a> {
    pub(super) session: &'a CqlSession,
    pub(super) tables: &'a Statements,
    pub(super) query: &'a AttemptsQuery,
}

impl Counter<'_> {
    /// The first cells of every key: the org, and the category where one is asked for.
    fn whose(&self) -> Vec<Cell> {
        let category = self.query.category.map(|category| Cell::Word(category.as_str()));
        [Cell::Org(self.query.org.clone())].into_iter().chain(category).collect()
    }

    /// The statement for rows of a category, or the one for all.
    pub(super) fn choose<'s>(&self, of_all: &'s Statement, of_category: &'s Statement) -> &'s Statement {
        if self.query.category.is_some() { of_category } else { of_all }
    }

    fn asks_for(&self, method: Method) -> bool {
        self.query.method.is_none_or(|only| only == method)
    }

    /// The tallies of buckets that start in the stretch, with counts above zero. Days are asked for within
    /// one month, hours within one day, so they lie in one partition; months all do.
    pub(super) async fn tallies(
        &self,
        span: Span,
        from: i64,
        to: i64,
    ) -> Result<BTreeMap<i64, u64>, StoreError> {
        let mut counts: BTreeMap<i64, i64> = BTreeMap::new();
        if from >= to {
            return Ok(BTreeMap::new());
        }
        let broken = || StoreError::Corrupt("a stored tally that cannot be one".to_owned());
        let mut cells = self.whose();
        cells.extend([
            Cell::Word(span_word(span)),
            Cell::Big(times::period(span, from)),
            Cell::Big(from),
            Cell::Big(to),
        ]);
        let statement = self.choose(&self.tables.tallies, &self.tables.category_tallies);
        self.session
            .each::<(i64, String, String, i64)>(statement, &cells, |(start, method, status, n)| {
                let method = Method::parse(&method).ok_or_else(broken)?;
                let counted = CountedStatus::parse(&status).ok_or_else(broken)?;
                if self.asks_for(method) && n > 0 {
                    *counts.entry(start).or_insert(0) += n * weight(counted, self.query);
                }
                Ok(ControlFlow::Continue(()))
            })
            .await?;
        // A review may be counted by a read a moment before the row that it takes from the queue.
        let counts = counts.into_iter().filter_map(|(start, n)| Some((start, u64::try_from(n).ok()?)));
        Ok(counts.filter(|(_, n)| *n > 0).collect())
    }

    /// The stretch's parts, newest first: whole spans between its first and its last boundary, and what
    /// sticks out at either end in parts of finer spans. `months` are all monthly tallies.
    pub(super) fn parts<'s>(
        &'s self,
        months: &'s BTreeMap<i64, u64>,
        span: Option<Span>,
        from: i64,
        to: i64,
    ) -> BoxFuture<'s, Result<Vec<Stretch>, StoreError>> {
        Box::pin(async move {
            if from >= to {
                return Ok(Vec::new());
            }
            let Some(span) = span else {
                let count = self.count_rows(from, to).await?;
                return Ok(vec![Stretch { span: None, from, to, count }]);
            };
            let (first, last) = (times::start_from(span, from), times::start_until(span, to));
            if first > last {
                return self.parts(months, finer(span), from, to).await;
            }
            let between = async {
                Ok(match span {
                    Span::Month => months.range(first..last).map(|(start, n)| (*start, *n)).collect(),
                    Span::Day | Span::Hour => self.tallies(span, first, last).await?,
                })
            };
            let newest = self.parts(months, finer(span), last, to);
            let oldest = self.parts(months, finer(span), from, first);
            let (mut parts, between, oldest) = futures::try_join!(newest, between, oldest)?;
            parts.extend(whole(span, between));
            parts.extend(oldest);
            Ok(parts)
        })
    }

    /// A stretch in smaller ones, newest first; none when its places can be merged as it is.
    pub(super) async fn divide(&self, stretch: &Stretch) -> Result<Option<Vec<Stretch>>, StoreError> {
        let Stretch { span, from, to, count } = *stretch;
        Ok(match span {
            Some(Span::Month) => Some(whole(Span::Day, self.tallies(Span::Day, from, to).await?)),
            Some(Span::Day) => Some(whole(Span::Hour, self.tallies(Span::Hour, from, to).await?)),
            Some(Span::Hour) | None if count > MERGED_PLACES_MAX && to - from > times::MINUTE_MS => {
                let mut minutes = Vec::new();
                let mut end = to;
                while end > from {
                    let start = (end - times::MINUTE_MS).max(from);
                    let count = self.count_rows(start, end).await?;
                    minutes.push(Stretch { span: None, from: start, to: end, count });
                    end = start;
                }
                Some(minutes)
            }
            Some(Span::Hour) | None => None,
        })
    }

    /// Rows between two instants of one hour.
    async fn count_rows(&self, from: i64, to: i64) -> Result<u64, StoreError> {
        let hour = times::start(Span::Hour, from);
        let buckets = self.buckets(hour, times::end(Span::Hour, hour), 1).await?;
        stream::iter(buckets)
            .map(|bucket| async move {
                let mut cells = bucket.cells(*self);
                cells.extend([Cell::Big(from), Cell::Big(to)]);
                let statement = self.choose(&self.tables.count_of_hour, &self.tables.count_of_category);
                let count = self.session.first::<(i64,)>(statement, &cells).await?;
                Ok(count.map_or(0, |(count,)| count.unsigned_abs()))
            })
            .buffer_unordered(BUCKETS_AT_ONCE)
            .try_fold(0, |sum, count| async move { Ok(sum + count) })
            .await
    }

    /// The buckets of hours that start in the stretch, which lies within a month: the newest hour first, and
    /// at most so many hours that have any.
    pub(super) async fn buckets(
        &self,
        from: i64,
        to: i64,
        hours_max: usize,
    ) -> Result<Vec<Bucket>, StoreError> {
        let mut cells = self.whose();
        cells.extend([Cell::Big(times::start(Span::Month, from)), Cell::Big(from), Cell::Big(to)]);
        let statement = self.choose(&self.tables.buckets, &self.tables.category_buckets);
        let broken = || StoreError::Corrupt("a stored bucket that cannot be one".to_owned());
        let mut buckets: Vec<Bucket> = Vec::new();
        let mut hours = 0;
        self.session
            .each::<(i64, String, String, i32, i64)>(
                statement,
                &cells,
                |(hour, method, status, partition, chunk)| {
                    let method = Method::parse(&method).ok_or_else(broken)?;
                    let kind = ListKind::parse(&status).ok_or_else(broken)?;
                    if !self.asks_for(method) || !kind.is_asked(self.query) {
                        return Ok(ControlFlow::Continue(()));
                    }
                    if buckets.last().is_none_or(|last: &Bucket| last.hour != hour) {
                        hours += 1;
                    }
                    if hours > hours_max {
                        return Ok(ControlFlow::Break(()));
                    }
                    buckets.push(Bucket { hour, method, kind, partition, chunk });
                    Ok(ControlFlow::Continue(()))
                },
            )
            .await?;
        Ok(buckets)
    }
}

fn finer(span: Span) -> Option<Span> {
    match span {
        Span::Month => Some(Span::Day),
        Span::Day => Some(Span::Hour),
        Span::Hour => None,
    }
}

/// Whole spans by their tallies, newest first.
fn whole(span: Span, counts: BTreeMap<i64, u64>) -> Vec<Stretch> {
    let newest_first = counts.into_iter().rev();
    newest_first
        .map(|(from, count)| Stretch { span: Some(span), from, to: times::end(span, from), count })
        .collect()
}
