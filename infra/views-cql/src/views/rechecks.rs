//! The ledger of rechecks. A customer's are read from its own partition; an org's by day, whose counts say which days a page
//! is in. A total is the sum of its days' counts, each counted by the server: exact, and dearer than a tally.

use std::ops::ControlFlow;

use async_trait::async_trait;
use domain::event::{Offset, Partition};
use domain::ids::{CustomerId, CustomerRef, FallbackId, OrgId, RecheckId};
use domain::policy::Method;
use domain::ports::{
    AttemptsQuery, PageStart, RECHECK_AGES_MS, RecheckOrder, RecheckSummary, Rechecks, RechecksPage,
    RechecksQuery, RowPlace, StoreError,
};
use domain::recheck::{AttemptCause, OutageFailure, RecheckStatus};
use domain::rows::{FallbackRow, Generation, RecheckRow, Span};
use domain::time::Timestamp;
use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use row_codec::RowBody as _;

use super::read::{broken, key};
use super::statements::Statements;
use super::{CqlViews, lists, times};
use crate::limits::{BUCKETS_AT_ONCE, PAGE_READS_AT_ONCE};
use crate::session::CqlSession;
use crate::statement::Cell;

/// A recheck's place in the lists, and its name.
type Placed = (RowPlace, RecheckId);

/// A day of one status's list, and how many of the asked-for rechecks are in it.
#[derive(Debug, Clone, Copy)]
struct CountedDay {
    day: i64,
    status: RecheckStatus,
    count: u64,
}

/// What the lists of one generation are read through.
#[derive(Clone, Copy)]
struct Ledger<'a> {
    session: &'a CqlSession,
    tables: &'a Statements,
    org: &'a OrgId,
}

fn recheck_id(text: &str) -> Result<RecheckId, StoreError> {
    RecheckId::parse(text).map_err(|_| broken("recheck id"))
}

impl Ledger<'_> {
    async fn recheck(&self, id: &RecheckId) -> Result<Option<RecheckRow>, StoreError> {
        let cells = [Cell::Org(self.org.clone()), Cell::Text(id.as_str().to_owned())];
        let found = self.session.first::<(Option<Vec<u8>>,)>(&self.tables.recheck, &cells).await?;
        let body = found.and_then(|(body,)| body);
        Ok(body.map(|body| RecheckRow::read_body((self.org.clone(), id.clone()), &body)).transpose()?)
    }

    async fn of_customer(&self, customer: &CustomerId) -> Result<Vec<RecheckRow>, StoreError> {
        let customer = CustomerRef::new(self.org.clone(), customer.clone());
        let mut rows = Vec::new();
        let statement = &self.tables.rechecks_of_customer;
        self.session
            .each::<(String, Option<Vec<u8>>)>(statement, &key(&customer), |(id, body)| {
                // Its closing alone stands there yet.
                if let Some(body) = body {
                    rows.push(RecheckRow::read_body((self.org.clone(), recheck_id(&id)?), &body)?);
                }
                Ok(ControlFlow::Continue(()))
            })
            .await?;
        Ok(rows)
    }

    /// The days that have rechecks of those statuses which were opened in that stretch, in time order, each with its count.
    async fn days(
        &self,
        status: Option<RecheckStatus>,
        from: i64,
        to: i64,
    ) -> Result<Vec<CountedDay>, StoreError> {
        let mut days = Vec::new();
        if from >= to {
            return Ok(Vec::new());
        }
        for status in RecheckStatus::ALL.into_iter().filter(|of| status.is_none_or(|only| only == *of)) {
            let cells = [
                Cell::Org(self.org.clone()),
                Cell::Word(status.as_str()),
                Cell::Big(times::start(Span::Day, from)),
                Cell::Big(to),
            ];
            self.session
                .each::<(i64,)>(&self.tables.recheck_days, &cells, |(day,)| {
                    days.push((day, status));
                    Ok(ControlFlow::Continue(()))
                })
                .await?;
        }
        let mut counted: Vec<CountedDay> = stream::iter(days)
            .map(|(day, status)| async move {
                let count = self.count(status, day, from, to).await?;
                Ok::<_, StoreError>(CountedDay { day, status, count })
            })
            .buffer_unordered(BUCKETS_AT_ONCE)
            .try_collect()
            .await?;
        counted.retain(|day| day.count > 0);
        counted.sort_by_key(|day| (day.day, day.status));
        Ok(counted)
    }

    async fn count(&self, status: RecheckStatus, day: i64, from: i64, to: i64) -> Result<u64, StoreError> {
        let cells = [
            Cell::Org(self.org.clone()),
            Cell::Word(status.as_str()),
            Cell::Big(day),
            Cell::Big(from),
            Cell::Big(to),
        ];
        let found = self.session.first::<(i64,)>(&self.tables.count_of_recheck_day, &cells).await?;
        u64::try_from(found.map_or(0, |(count,)| count)).map_err(|_| broken("count"))
    }

    /// The first `n` places of a day's list that come after the page's start, in the page's order.
    async fn places(
        &self,
        day: CountedDay,
        query: &RechecksQuery,
        (from, to): (i64, i64),
        n: usize,
    ) -> Result<Vec<Placed>, StoreError> {
        let after = match &query.start {
            PageStart::Skip(_) => None,
            PageStart::After(place) => Some(place.created_at.millis()),
        };
        let (statement, from, to) = match query.order {
            RecheckOrder::NewestFirst => {
                let to = after.map_or(to, |after| to.min(after.saturating_add(1)));
                (&self.tables.recheck_day_down, from, to)
            }
            RecheckOrder::OldestFirst => {
                (&self.tables.recheck_day_up, after.map_or(from, |after| from.max(after)), to)
            }
        };
        let cells = [
            Cell::Org(self.org.clone()),
            Cell::Word(day.status.as_str()),
            Cell::Big(day.day),
            Cell::Big(from),
            Cell::Big(to),
        ];
        let mut places = Vec::new();
        self.session
            .each::<(i64, i32, i64, String)>(statement, &cells, |(at, partition, offset, id)| {
                let place = RowPlace {
                    created_at: Timestamp::from_millis(at),
                    partition: Partition(u32::try_from(partition).map_err(|_| broken("partition"))?),
                    offset: Offset(u64::try_from(offset).map_err(|_| broken("offset"))?),
                };
                if query.is_after_start(place) {
                    places.push((place, recheck_id(&id)?));
                }
                Ok(if places.len() < n { ControlFlow::Continue(()) } else { ControlFlow::Break(()) })
            })
            .await?;
        Ok(places)
    }

    async fn page(&self, query: &RechecksQuery) -> Result<RechecksPage, StoreError> {
        let from = query.from.map_or(0, Timestamp::millis);
        let to = query.to.map_or(times::END, Timestamp::millis);
        let mut days = self.days(query.status, from, to).await?;
        let total = days.iter().map(|day| day.count).sum();
        if query.order == RecheckOrder::NewestFirst {
            days.reverse();
        }
        let mut skip = query.skip();
        let mut placed: Vec<Placed> = Vec::new();
        // One more than asked for tells whether rows follow.
        let wanted = query.limit.saturating_add(1);
        for day in days.chunk_by(|a, b| a.day == b.day) {
            let count: u64 = day.iter().map(|of| of.count).sum();
            if skip >= count {
                skip -= count;
                continue;
            }
            let passed = usize::try_from(skip).unwrap_or(usize::MAX);
            let n = passed.saturating_add(wanted - placed.len());
            let mut of_day: Vec<Placed> = stream::iter(day.to_vec())
                .map(|of| self.places(of, query, (from, to), n))
                .buffer_unordered(BUCKETS_AT_ONCE)
                .try_concat()
                .await?;
            of_day.sort_unstable();
            if query.order == RecheckOrder::NewestFirst {
                of_day.reverse();
            }
            placed.extend(of_day.into_iter().skip(passed).take(wanted - placed.len()));
            skip = 0;
            if placed.len() >= wanted {
                break;
            }
        }
        let more = placed.len() > query.limit;
        placed.truncate(query.limit);
        // One whose place was written by a batch that is not confirmed is left out.
        let rows: Vec<Option<RecheckRow>> = stream::iter(placed)
            .map(|(_, id)| async move { self.recheck(&id).await })
            .buffered(PAGE_READS_AT_ONCE)
            .try_collect()
            .await?;
        Ok(RechecksPage { rows: rows.into_iter().flatten().collect(), total, more })
    }

    async fn failures(&self, from: i64, to: i64, limit: usize) -> Result<Vec<OutageFailure>, StoreError> {
        let mut found: Vec<(i64, String, String)> = Vec::new();
        if from >= to || limit == 0 {
            return Ok(Vec::new());
        }
        let cells = [Cell::Org(self.org.clone()), Cell::Big(times::start(Span::Day, from)), Cell::Big(to)];
        let mut days = Vec::new();
        self.session
            .each::<(i64,)>(&self.tables.fallback_days, &cells, |(day,)| {
                days.push(day);
                Ok(ControlFlow::Continue(()))
            })
            .await?;
        for day in days {
            let cells = [Cell::Org(self.org.clone()), Cell::Big(day), Cell::Big(from), Cell::Big(to)];
            self.session
                .each::<(i64, String, String)>(&self.tables.fallbacks_of_day, &cells, |read| {
                    found.push(read);
                    Ok(if found.len() < limit { ControlFlow::Continue(()) } else { ControlFlow::Break(()) })
                })
                .await?;
            if found.len() >= limit {
                break;
            }
        }
        stream::iter(found)
            .map(|(at, cause, opens)| async move {
                let recheck =
                    if opens.is_empty() { None } else { self.recheck(&recheck_id(&opens)?).await? };
                Ok(OutageFailure {
                    at: Timestamp::from_millis(at),
                    cause: AttemptCause::parse(&cause).ok_or_else(|| broken("cause"))?,
                    opened: recheck.map(|row| row.status),
                })
            })
            .buffered(PAGE_READS_AT_ONCE)
            .try_collect()
            .await
    }

    async fn summary(&self, now: Timestamp) -> Result<RecheckSummary, StoreError> {
        let days = self.days(Some(RecheckStatus::Open), 0, times::END).await?;
        let open = days.iter().map(|day| day.count).sum();
        // Those of at least the first age, of at least the second, …: an age is what is in one and not in the next.
        let mut older = [open, 0, 0, 0, 0];
        for (at, age) in RECHECK_AGES_MS.into_iter().enumerate() {
            // Of an age or older is what was opened at that moment or before.
            let to = (now.millis() - age).saturating_add(1);
            for day in days.iter().filter(|of| of.day < to) {
                let is_whole = times::end(Span::Day, day.day) <= to;
                let count = if is_whole { day.count } else { self.count(day.status, day.day, 0, to).await? };
                older[at + 1] += count;
            }
        }
        let mut ages = [0; 4];
        for (at, count) in ages.iter_mut().enumerate() {
            *count = older[at].saturating_sub(older[at + 1]);
        }
        let oldest = RechecksQuery {
            org: self.org.clone(),
            status: Some(RecheckStatus::Open),
            customer: None,
            from: None,
            to: None,
            order: RecheckOrder::OldestFirst,
            start: PageStart::Skip(0),
            limit: 1,
        };
        let oldest_opened_at = match days.first() {
            Some(day) => {
                let first = self.places(*day, &oldest, (0, times::END), 1).await?;
                first.first().map(|(place, _)| place.created_at)
            }
            None => None,
        };
        Ok(RecheckSummary { open, ages, oldest_opened_at })
    }
}

#[async_trait]
impl Rechecks for CqlViews {
    async fn recheck(
        &self,
        generation: Generation,
        org: &OrgId,
        id: &RecheckId,
    ) -> Result<Option<RecheckRow>, StoreError> {
        let tables = Statements::of(&self.session, generation).await?;
        Ledger { session: &self.session, tables: &tables, org }.recheck(id).await
    }

    async fn fallback(
        &self,
        generation: Generation,
        org: &OrgId,
        id: &FallbackId,
    ) -> Result<Option<FallbackRow>, StoreError> {
        let tables = Statements::of(&self.session, generation).await?;
        super::read::fallback(&self.session, &tables, org, id).await
    }

    async fn rechecks(
        &self,
        generation: Generation,
        query: &RechecksQuery,
    ) -> Result<RechecksPage, StoreError> {
        let tables = Statements::of(&self.session, generation).await?;
        let ledger = Ledger { session: &self.session, tables: &tables, org: &query.org };
        match &query.customer {
            Some(customer) => {
                let rows = ledger.of_customer(customer).await?;
                Ok(query.page(rows.into_iter().filter(|row| query.matches(row)).collect()))
            }
            None => ledger.page(query).await,
        }
    }

    async fn failures(
        &self,
        generation: Generation,
        org: &OrgId,
        from: Timestamp,
        to: Timestamp,
        limit: usize,
    ) -> Result<Vec<OutageFailure>, StoreError> {
        let tables = Statements::of(&self.session, generation).await?;
        let ledger = Ledger { session: &self.session, tables: &tables, org };
        ledger.failures(from.millis(), to.millis(), limit).await
    }

    /// The last one of a list that is newest first: its total says where that is.
    async fn verdict_after(
        &self,
        generation: Generation,
        org: &OrgId,
        after: Timestamp,
    ) -> Result<Option<Timestamp>, StoreError> {
        let tables = Statements::of(&self.session, generation).await?;
        let mut query = AttemptsQuery {
            org: org.clone(),
            method: Some(Method::NikDukcapil),
            status: None,
            category: None,
            review: None,
            customer: None,
            from: Some(Timestamp::from_millis(after.millis().saturating_add(1))),
            to: None,
            start: PageStart::Skip(0),
            limit: 1,
        };
        let newest = lists::page(&self.session, &tables, &query).await?;
        let last = if newest.total > 1 {
            query.start = PageStart::Skip(newest.total - 1);
            lists::page(&self.session, &tables, &query).await?
        } else {
            newest
        };
        Ok(last.rows.first().map(|view| view.row.created_at))
    }

    async fn recheck_summary(
        &self,
        generation: Generation,
        org: &OrgId,
        now: Timestamp,
    ) -> Result<RecheckSummary, StoreError> {
        let tables = Statements::of(&self.session, generation).await?;
        Ledger { session: &self.session, tables: &tables, org }.summary(now).await
    }
}
