//! Writing rechecks, declared failures and closings: each by its id, under its customer, and in the lists by day.

use std::collections::HashSet;

use domain::ids::CustomerRef;
use domain::ports::StoreError;
use domain::recheck::RecheckStatus;
use domain::rows::{FallbackRow, RecheckClosureRow, RecheckRow, Span, WriteTimestamp};
use row_codec::RowBody as _;

use super::statements::Statements;
use super::write::{Put, Stage, customer, of_customer};
use crate::statement::{Cell, Statement};

const STAGE: Stage = Stage::EventRows;

/// A body by its id, and under its customer.
fn put_body<'t>(
    (by_id, under_customer): (&'t Statement, &'t Statement),
    whose: &CustomerRef,
    id: &str,
    body: Vec<u8>,
    at: &Cell,
    puts: &mut Vec<Put<'t>>,
) {
    let (id, body) = (Cell::Text(id.to_owned()), Cell::Blob(body.into()));
    let cells = vec![Cell::Org(whose.org.clone()), id.clone(), body.clone(), at.clone()];
    puts.push(Put { stage: STAGE, statement: by_id, cells, together: None });
    let mut cells = customer(whose);
    cells.extend([id, body, at.clone()]);
    puts.push(of_customer(STAGE, under_customer, whose, cells));
}

pub(super) fn put_closure<'t>(
    tables: &'t Statements,
    row: &RecheckClosureRow,
    at: WriteTimestamp,
    puts: &mut Vec<Put<'t>>,
) {
    let statements = (&tables.put_closure, &tables.put_closure_of_customer);
    put_body(statements, &row.customer, row.recheck.as_str(), row.body(), &Cell::Big(at.value()), puts);
}

/// The row, and its place in its status's list; out of the one where it may have stood before, with a timestamp just
/// below, so that only what an earlier offset put there goes.
pub(super) fn put_recheck<'t>(
    tables: &'t Statements,
    row: &RecheckRow,
    at: WriteTimestamp,
    puts: &mut Vec<Put<'t>>,
    buckets: &mut HashSet<Vec<Cell>>,
) -> Result<(), StoreError> {
    let written = Cell::Big(at.value());
    let statements = (&tables.put_recheck, &tables.put_recheck_of_customer);
    put_body(statements, &row.customer, row.id.as_str(), row.body(), &written, puts);
    let org = Cell::Org(row.customer.org.clone());
    let day = Cell::time(Span::Day.start_of(row.opened_at));
    let place = [
        Cell::time(row.opened_at),
        Cell::partition(row.source.partition)?,
        Cell::offset(row.source.offset)?,
        Cell::Text(row.id.as_str().to_owned()),
    ];
    let list = |status: RecheckStatus| vec![org.clone(), Cell::Word(status.as_str()), day.clone()];
    let mut cells = vec![Cell::Big(at.value() - 1)];
    cells.extend(list(before(row.status)).into_iter().chain(place.iter().cloned()));
    puts.push(Put { stage: STAGE, statement: &tables.leave_recheck_day, cells, together: None });
    let list = list(row.status);
    let mut cells: Vec<Cell> = list.iter().chain(&place).cloned().collect();
    cells.push(written.clone());
    puts.push(Put { stage: STAGE, statement: &tables.put_recheck_of_day, cells, together: None });
    if buckets.insert([vec![Cell::Word("recheck days")], list.clone()].concat()) {
        let cells = list.into_iter().chain([written]).collect();
        puts.push(Put { stage: STAGE, statement: &tables.put_recheck_day, cells, together: None });
    }
    Ok(())
}

/// Where a recheck may have stood at an earlier offset: only an open one is settled, and only a confirmed one is opened
/// again.
fn before(status: RecheckStatus) -> RecheckStatus {
    match status {
        RecheckStatus::Open => RecheckStatus::Confirmed,
        RecheckStatus::Confirmed
        | RecheckStatus::Contradicted
        | RecheckStatus::Closed
        | RecheckStatus::Erased => RecheckStatus::Open,
    }
}

pub(super) fn put_fallback<'t>(
    tables: &'t Statements,
    row: &FallbackRow,
    at: WriteTimestamp,
    puts: &mut Vec<Put<'t>>,
    buckets: &mut HashSet<Vec<Cell>>,
) -> Result<(), StoreError> {
    let written = Cell::Big(at.value());
    let statements = (&tables.put_fallback, &tables.put_fallback_of_customer);
    put_body(statements, &row.customer, row.id.as_str(), row.body(), &written, puts);
    let attempted_at = row.attempt.attempted_at;
    let list = vec![Cell::Org(row.customer.org.clone()), Cell::time(Span::Day.start_of(attempted_at))];
    let opens = row.recheck.as_ref().filter(|_| row.opened);
    let mut cells = list.clone();
    cells.extend([
        Cell::time(attempted_at),
        Cell::partition(row.source.partition)?,
        Cell::offset(row.source.offset)?,
        Cell::Text(row.id.as_str().to_owned()),
        Cell::Word(row.attempt.cause.as_str()),
        // Empty where it opened none: a null would be a tombstone.
        Cell::Text(opens.map_or_else(String::new, |id| id.as_str().to_owned())),
        written.clone(),
    ]);
    puts.push(Put { stage: STAGE, statement: &tables.put_fallback_of_day, cells, together: None });
    if buckets.insert([vec![Cell::Word("fallback days")], list.clone()].concat()) {
        let cells = list.into_iter().chain([written]).collect();
        puts.push(Put { stage: STAGE, statement: &tables.put_fallback_day, cells, together: None });
    }
    Ok(())
}
