//! Writing a void: with its verification, and in its customer's list. No place in a list changes: what is void stays where
//! it was.

use domain::ports::StoreError;
use domain::rows::{VoidRow, WriteTimestamp};
use row_codec::RowBody as _;

use super::statements::Statements;
use super::write::{Put, Stage, customer, of_customer};
use crate::statement::Cell;

pub(super) fn put_void<'t>(
    tables: &'t Statements,
    row: &VoidRow,
    at: WriteTimestamp,
    puts: &mut Vec<Put<'t>>,
) -> Result<(), StoreError> {
    let stage = Stage::EventRows;
    let at = Cell::Big(at.value());
    let id = Cell::Verification(row.verification_id.clone());
    let body = Cell::Blob(row.body().into());
    let cells = vec![at.clone(), body.clone(), Cell::Org(row.customer.org.clone()), id.clone()];
    puts.push(Put { stage, statement: &tables.put_void, cells, together: None });

    let mut cells = customer(&row.customer);
    cells.extend([
        Cell::time(row.created_at),
        Cell::partition(row.source.partition)?,
        Cell::offset(row.source.offset)?,
        id,
        body,
        at,
    ]);
    puts.push(of_customer(stage, &tables.put_void_of_customer, &row.customer, cells));
    Ok(())
}
