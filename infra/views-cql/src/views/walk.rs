//! Walking a generation in the store's own order: by the token of a row's partition, then by its key. Pages are
//! cut by both, so that neither a table that ends earlier than another nor two keys of one token make a walk
//! leave out a row or show one twice.

use std::ops::ControlFlow;

use domain::classify::ReasonCategory;
use domain::event::Partition;
use domain::ids::{CustomerId, CustomerRef, OrgId};
use domain::policy::Method;
use domain::ports::StoreError;
use domain::rows::{CountedStatus, TallyKey, TallyRow};
use domain::time::Timestamp;
use futures::future::try_join_all;
use row_codec::{RowBody as _, parse_span, span_word};
use scylla::deserialize::row::DeserializeRow;

use super::read::{broken, key, tally_partition};
use super::statements::InspectStatements;
use super::times;
use crate::error::{Kind, failed};
use crate::session::CqlSession;
use crate::statement::{Cell, Statement};

/// Where a customer stands in the store's order: ids have one length, so text compares as the server's bytes do.
type Place = (i64, CustomerRef);

/// Below every key's token.
const START: i64 = i64::MIN;

fn token(statement: &Statement, cells: &[Cell]) -> Result<i64, StoreError> {
    let token = statement.prepared.calculate_token(&cells).ok().flatten();
    token.map(|token| token.value()).ok_or_else(|| failed(statement.name, Kind::Invalid))
}

/// Customers that are in any of those tables, after `after`.
pub(super) async fn customers(
    session: &CqlSession,
    looks: &InspectStatements,
    tables: &[&Statement],
    after: Option<&CustomerRef>,
    limit: usize,
) -> Result<Vec<CustomerRef>, StoreError> {
    let after = match after {
        Some(after) => Some((token(&looks.look_state, &key(after))?, after.clone())),
        None => None,
    };
    let from = after.as_ref().map_or(START, |(token, _)| *token);
    // The last one shown is read again, and whoever shares its token.
    let mut ask = limit.saturating_add(1);
    loop {
        let reading = tables.iter().map(|table| places(session, table, from, ask));
        let read = try_join_all(reading).await?;
        let any_cut = read.iter().any(|places| places.len() >= ask);
        let page = merge(read, after.as_ref(), ask, limit);
        if !page.is_empty() || !any_cut {
            return Ok(page.into_iter().map(|(_, customer)| customer).collect());
        }
        ask = ask.saturating_mul(2);
    }
}

async fn places(
    session: &CqlSession,
    table: &Statement,
    from: i64,
    limit: usize,
) -> Result<Vec<Place>, StoreError> {
    let cells = [Cell::Big(from), Cell::Int(i32::try_from(limit).unwrap_or(i32::MAX))];
    let mut places = Vec::new();
    session
        .each::<(String, String, i64)>(table, &cells, |(org, customer, token)| {
            let org = OrgId::parse(&org).map_err(|_| broken("org"))?;
            let customer = CustomerId::parse(&customer).map_err(|_| broken("customer"))?;
            places.push((token, CustomerRef::new(org, customer)));
            Ok(ControlFlow::Continue(()))
        })
        .await?;
    Ok(places)
}

/// What follows `after` in the order of all tables, as far as every table was read. One of which as many came as
/// were asked for was read up to its last.
fn merge(read: Vec<Vec<Place>>, after: Option<&Place>, asked: usize, limit: usize) -> Vec<Place> {
    let cut = read.iter().filter(|places| places.len() >= asked).filter_map(|places| places.last());
    let upto = cut.min().cloned();
    let mut all: Vec<Place> = read.into_iter().flatten().collect();
    all.retain(|place| {
        after.is_none_or(|after| place > after) && upto.as_ref().is_none_or(|upto| place <= upto)
    });
    all.sort();
    all.dedup();
    all.truncate(limit);
    all
}

/// Where a tally's partition stands in the store's order: words of three, four and five letters are by their
/// length, which the server compares first, what they are by their letters. Of a category's tallies the category is
/// compared likewise.
type Period<'a> = (i64, &'a str, (usize, &'static str), &'static str, u64);

fn period_of(token: i64, key: &TallyKey) -> Period<'_> {
    let period = times::period(key.span, key.start.millis());
    let category = key.category.map_or("", ReasonCategory::as_str);
    (token, key.org.as_str(), (category.len(), category), span_word(key.span), period.cast_unsigned())
}

/// Tallies after `after`: those of all rows, then those by category, table after table.
pub(super) async fn tallies(
    session: &CqlSession,
    looks: &InspectStatements,
    after: Option<&TallyKey>,
    limit: usize,
) -> Result<Vec<TallyRow>, StoreError> {
    let mut rows = Vec::new();
    if after.is_none_or(|after| after.category.is_none()) {
        let table = TallyTable {
            session,
            rest: &looks.rest_of_tallies,
            from: &looks.tallies_from,
            read: |row: Tally| of_all_rows(row),
        };
        table.walk(after, limit, &mut rows).await?;
    }
    if rows.len() < limit {
        let table = TallyTable {
            session,
            rest: &looks.rest_of_category_tallies,
            from: &looks.category_tallies_from,
            read: |row: CategoryTally| of_category(row),
        };
        table.walk(after.filter(|after| after.category.is_some()), limit, &mut rows).await?;
    }
    Ok(rows)
}

/// One of the two tables of tallies.
struct TallyTable<'a, F> {
    session: &'a CqlSession,
    rest: &'a Statement,
    from: &'a Statement,
    read: F,
}

impl<F> TallyTable<'_, F> {
    /// Tallies after `after`: the rest of its partition, then the partitions after it, until there are enough.
    async fn walk<R>(
        &self,
        after: Option<&TallyKey>,
        limit: usize,
        rows: &mut Vec<TallyRow>,
    ) -> Result<(), StoreError>
    where
        F: Fn(R) -> Result<(i64, TallyRow), StoreError>,
        R: for<'frame> DeserializeRow<'frame, 'frame>,
    {
        let Some(after) = after else {
            let cells = [Cell::Big(START)];
            return self
                .session
                .each(self.from, &cells, |row| take((self.read)(row)?, None, limit, rows))
                .await;
        };
        let mut cells = tally_partition(after);
        cells.extend([
            Cell::time(after.start),
            Cell::Word(after.method.as_str()),
            Cell::Word(after.status.as_str()),
            Cell::partition(after.partition)?,
        ]);
        self.session.each(self.rest, &cells, |row| take((self.read)(row)?, None, limit, rows)).await?;
        if rows.len() < limit {
            // The partition that was just read to its end is read again, once, because others may share its token.
            let from = token(self.rest, &cells)?;
            let (cells, after) = ([Cell::Big(from)], Some(period_of(from, after)));
            self.session.each(self.from, &cells, |row| take((self.read)(row)?, after, limit, rows)).await?;
        }
        Ok(())
    }
}

/// Takes a tally that lies after the partition, until there are enough.
fn take(
    (token, row): (i64, TallyRow),
    after: Option<Period<'_>>,
    limit: usize,
    rows: &mut Vec<TallyRow>,
) -> Result<ControlFlow<()>, StoreError> {
    if after.is_none_or(|after| period_of(token, &row.key) > after) {
        rows.push(row);
    }
    Ok(if rows.len() < limit { ControlFlow::Continue(()) } else { ControlFlow::Break(()) })
}

type Tally = (i64, String, String, i64, String, String, i32, i64, Vec<u8>);
type CategoryTally = (i64, String, String, String, i64, String, String, i32, i64, Vec<u8>);

fn of_category(read: CategoryTally) -> Result<(i64, TallyRow), StoreError> {
    let (token, org, category, span, start, method, status, partition, count, as_of) = read;
    let category = ReasonCategory::parse(&category).ok_or_else(|| broken("category"))?;
    let (token, mut row) = of_all_rows((token, org, span, start, method, status, partition, count, as_of))?;
    row.key.category = Some(category);
    Ok((token, row))
}

/// A tally with its partition's token.
fn of_all_rows(read: Tally) -> Result<(i64, TallyRow), StoreError> {
    let (token, org, span, start, method, status, partition, count, as_of) = read;
    let key = TallyKey {
        org: OrgId::parse(&org).map_err(|_| broken("org"))?,
        span: parse_span(&span).ok_or_else(|| broken("span"))?,
        start: Timestamp::from_millis(start),
        method: Method::parse(&method).ok_or_else(|| broken("method"))?,
        status: CountedStatus::parse(&status).ok_or_else(|| broken("status"))?,
        category: None,
        partition: Partition(u32::try_from(partition).map_err(|_| broken("partition"))?),
    };
    let count = u64::try_from(count).map_err(|_| broken("count"))?;
    Ok((token, TallyRow::read_body((key, count), &as_of)?))
}

#[cfg(test)]
mod tests {
    use testkit::samples::Samples;

    use super::*;

    /// Five places, the three in the middle of one token.
    fn five() -> [Place; 5] {
        let s = Samples::new(1);
        let mut customers: Vec<CustomerRef> = (0..5).map(|n| s.customer(n)).collect();
        customers.sort();
        let mut tokens = [-9, 4, 4, 4, 7].into_iter().zip(customers);
        std::array::from_fn(|_| tokens.next().expect("five"))
    }

    /// What a table answers that holds those places.
    fn answer(holds: &[&Place], from: i64, ask: usize) -> Vec<Place> {
        holds.iter().filter(|(token, _)| *token >= from).take(ask).map(|place| (*place).clone()).collect()
    }

    #[test]
    fn keys_of_one_token_are_each_shown_once_however_pages_are_cut() {
        let [a, b, c, d, e] = five();
        let all = [a.clone(), b.clone(), c.clone(), d.clone(), e.clone()];
        let tables: [&[&Place]; 3] = [&[&a, &c, &d, &e], &[&b, &d], &[]];
        for limit in 1..=6 {
            let mut seen: Vec<Place> = Vec::new();
            loop {
                let after = seen.last().cloned();
                let from = after.as_ref().map_or(START, |(token, _)| *token);
                let page = (0..8).map(|round| (limit + 1) << round).find_map(|ask| {
                    let read: Vec<_> = tables.iter().map(|table| answer(table, from, ask)).collect();
                    let cut = read.iter().any(|places| places.len() >= ask);
                    let page = merge(read, after.as_ref(), ask, limit);
                    (!page.is_empty() || !cut).then_some(page)
                });
                let page = page.expect("an end");
                assert!(page.len() <= limit);
                if page.is_empty() {
                    break;
                }
                seen.extend(page);
            }
            assert_eq!(seen, all, "pages of {limit}");
        }
    }
}
