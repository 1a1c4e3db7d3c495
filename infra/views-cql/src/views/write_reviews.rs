//! Writing a review: with its verification, in its customer's list, and its verification's places, which leave the queue
//! and stand in the list of what was decided.

use std::collections::HashSet;

use domain::classify::ReasonCategory;
use domain::ports::StoreError;
use domain::rows::{ReviewRow, ReviewSubject, Span, WriteTimestamp};
use row_codec::RowBody as _;

use super::list_kinds::ListKind;
use super::statements::Statements;
use super::times;
use super::write::{ListPlace, Put, Stage, customer, of_customer};
use crate::statement::Cell;

pub(super) fn put_review<'t>(
    tables: &'t Statements,
    row: &ReviewRow,
    at: WriteTimestamp,
    puts: &mut Vec<Put<'t>>,
    buckets: &mut HashSet<Vec<Cell>>,
) -> Result<(), StoreError> {
    let stage = Stage::EventRows;
    let at = Cell::Big(at.value());
    let org = Cell::Org(row.customer.org.clone());
    let id = Cell::Verification(row.verification_id.clone());
    let body = Cell::Blob(row.body().into());
    let cells = vec![at.clone(), body.clone(), org.clone(), id.clone()];
    puts.push(Put { stage, statement: &tables.put_review, cells, together: None });

    let mut cells = customer(&row.customer);
    cells.extend([
        Cell::time(row.created_at),
        Cell::partition(row.source.partition)?,
        Cell::offset(row.source.offset)?,
        id.clone(),
        body,
        at.clone(),
    ]);
    puts.push(of_customer(stage, &tables.put_review_of_customer, &row.customer, cells));

    let ReviewSubject { method, reason_category, place } = &row.subject;
    let created = Cell::time(place.created_at);
    let (partition, offset) = (Cell::partition(place.partition)?, Cell::offset(place.offset)?);
    let state = Cell::Word(row.state().as_str());
    let mut cells = vec![at.clone(), state];
    cells.extend(customer(&row.customer));
    cells.extend([created.clone(), partition.clone(), offset.clone(), id.clone()]);
    puts.push(of_customer(stage, &tables.mark_reviewed, &row.customer, cells));

    let hour = Cell::time(Span::Hour.start_of(place.created_at));
    let chunk = Cell::Big(times::chunk(place.offset));
    let method = Cell::Word(method.as_str());
    let bucket = |kind: ListKind| {
        [hour.clone(), method.clone(), Cell::Word(kind.as_str()), partition.clone(), chunk.clone()]
    };
    let reviewed = ListPlace {
        bucket: bucket(ListKind::Reviewed(row.to_status)),
        month: Cell::time(Span::Month.start_of(place.created_at)),
        row: [created.clone(), offset.clone(), id.clone(), at.clone()],
    };
    let lists = [(vec![org.clone()], &tables.put_of_hour, &tables.put_bucket, &tables.leave_hour)];
    let of_category = reason_category.map(|category| {
        let whose = vec![org, Cell::Word(ReasonCategory::as_str(category))];
        (whose, &tables.put_of_category, &tables.put_category_bucket, &tables.leave_category)
    });
    for (whose, put_row, put_bucket, leave) in lists.into_iter().chain(of_category) {
        let mut cells = vec![at.clone()];
        cells.extend(whose.iter().cloned().chain(bucket(ListKind::Open)));
        cells.extend([created.clone(), offset.clone(), id.clone()]);
        puts.push(Put { stage, statement: leave, cells, together: None });
        reviewed.put(whose, put_row, put_bucket, puts, buckets);
    }
    Ok(())
}
