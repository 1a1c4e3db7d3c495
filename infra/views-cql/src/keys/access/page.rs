//! A page of the access index, while its rows are collected partition by partition.

use std::ops::ControlFlow;

use domain::ports::{AccessQuery, AccessRow, StoreError};
use domain::time::Timestamp;
use scylla::deserialize::row::DeserializeRow;

use crate::session::CqlSession;
use crate::statement::{Cell, Statement};

/// A place in the list below which, exclusive, or from which on rows are: time, log partition, offset.
pub(super) type PlaceBound = (i64, i32, i64);

/// Below every row of that time and later.
fn at(millis: i64) -> PlaceBound {
    (millis, i32::MIN, i64::MIN)
}

/// From where to where rows are asked for.
pub(super) fn bounds(query: &AccessQuery) -> (PlaceBound, PlaceBound) {
    let from = at(query.from.map_or(0, Timestamp::millis));
    let to = at(query.to.map_or(i64::MAX, Timestamp::millis));
    let after = query.after.map_or(to, |after| {
        // A cursor is a caller's: what no row can have is as good as the largest that one can.
        let partition = i32::try_from(after.partition.0).unwrap_or(i32::MAX);
        (after.created_at.millis(), partition, i64::try_from(after.offset.0).unwrap_or(i64::MAX))
    });
    (from, to.min(after))
}

fn bound_cells((time, partition, offset): PlaceBound) -> [Cell; 3] {
    [Cell::Big(time), Cell::Int(partition), Cell::Big(offset)]
}

/// The rows of one kind on a page.
pub(super) struct PageRows<'a> {
    session: &'a CqlSession,
    query: &'a AccessQuery,
    bounds: (PlaceBound, PlaceBound),
    rows: Vec<AccessRow>,
}

impl<'a> PageRows<'a> {
    pub(super) fn new(session: &'a CqlSession, query: &'a AccessQuery) -> Self {
        Self { session, query, bounds: bounds(query), rows: Vec::new() }
    }

    /// How many rows are still wanted: one more than the page has, to know whether there is one.
    pub(super) fn missing(&self) -> usize {
        self.query.limit.saturating_add(1) - self.rows.len()
    }

    /// Takes rows of one partition, as long as some are wanted.
    pub(super) async fn take<R>(
        &mut self,
        statement: &Statement,
        key: Vec<Cell>,
        limit: usize,
        decode: impl Fn(R) -> Result<AccessRow, StoreError>,
    ) -> Result<(), StoreError>
    where
        R: for<'frame> DeserializeRow<'frame, 'frame>,
    {
        let mut cells = key;
        cells.extend(bound_cells(self.bounds.0));
        cells.extend(bound_cells(self.bounds.1));
        cells.push(Cell::Int(i32::try_from(limit).unwrap_or(i32::MAX)));
        let (session, query, mut missing) = (self.session, self.query, self.missing());
        let rows = &mut self.rows;
        session
            .each::<R>(statement, &cells, |columns| {
                let row = decode(columns)?;
                if query.matches(&row) {
                    rows.push(row);
                    missing -= 1;
                }
                Ok(if missing == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
            })
            .await
    }

    /// The first milliseconds of the months or days that have rows, newest first.
    pub(super) async fn spans(
        &self,
        statement: &Statement,
        mut key: Vec<Cell>,
        start_of: impl Fn(i64) -> i64,
    ) -> Result<Vec<i64>, StoreError> {
        let (from, to) = self.bounds;
        key.extend([Cell::Big(start_of(from.0)), Cell::Big(start_of(to.0))]);
        let mut spans = Vec::new();
        self.session
            .each::<(i64,)>(statement, &key, |(span,)| {
                spans.push(span);
                Ok(ControlFlow::Continue(()))
            })
            .await?;
        Ok(spans)
    }

    pub(super) fn is_empty_range(&self) -> bool {
        self.bounds.0 >= self.bounds.1
    }

    pub(super) fn into_rows(self) -> Vec<AccessRow> {
        self.rows
    }
}
