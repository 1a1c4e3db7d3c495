//! Writing: from view rows to statements, in three stages. What travels together: `write_batches`.

use std::collections::HashSet;

use domain::classify::ReasonCategory;
use domain::ids::{CustomerRef, EnrolmentId};
use domain::ports::StoreError;
use domain::rows::{
    CustomerState, PositionRow, SignalRow, Span, TallyRow, VerificationRow, VerificationStatus, ViewRow,
    ViewWrite, WriteTimestamp,
};
use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use row_codec::RowBody as _;

use super::list_kinds::ListKind;
use super::read;
use super::statements::Statements;
use super::times;
use super::write_batches::{self, WriteBatch};
use super::write_rechecks::{put_closure, put_fallback, put_recheck};
use super::write_reviews::put_review;
use crate::error::{Kind, failed};
use crate::session::CqlSession;
use crate::statement::{Cell, Statement};

/// A state without its event rows could not be explained, a position without its rows would skip them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stage {
    EventRows,
    StatesAndCounts,
    Positions,
}

const STAGES: [Stage; 3] = [Stage::EventRows, Stage::StatesAndCounts, Stage::Positions];

/// One row of one table.
pub(super) struct Put<'t> {
    pub(super) stage: Stage,
    pub(super) statement: &'t Statement,
    pub(super) cells: Vec<Cell>,
    /// Rows with the same one are of one partition. Statements with the same partition key may share it.
    pub(super) together: Option<Vec<Cell>>,
}

/// Writes them all; an error says nothing about which were written.
pub(super) async fn write(
    session: &CqlSession,
    tables: &Statements,
    writes: Vec<ViewWrite>,
) -> Result<(), StoreError> {
    let mut puts = Vec::with_capacity(4 * writes.len());
    let mut buckets = HashSet::new();
    for write in &writes {
        put(tables, write, &mut puts, &mut buckets)?;
    }
    let rows = puts.len() as u64;
    for stage in STAGES {
        let (now, later) = puts.into_iter().partition(|put| put.stage == stage);
        puts = later;
        run(session, now).await?;
    }
    metrics::counter!("identity_cql_rows_written_total").increment(rows);
    Ok(())
}

async fn run(session: &CqlSession, puts: Vec<Put<'_>>) -> Result<(), StoreError> {
    stream::iter(batches(session, puts))
        .map(Ok)
        .try_for_each_concurrent(session.options.concurrency, |batch| async move {
            let _permit = session.bulk.acquire().await.map_err(|_| failed("write", Kind::Connection))?;
            match batch.rows.as_slice() {
                [only] => session.run(only.statement, &only.cells).await.map(drop),
                _ => {
                    let (statements, values): (Vec<_>, Vec<_>) =
                        batch.rows.into_iter().map(|put| (put.statement, put.cells)).unzip();
                    session.batch(&statements, values).await
                }
            }
        })
        .await
}

fn batches<'t>(session: &CqlSession, puts: Vec<Put<'t>>) -> Vec<WriteBatch<Put<'t>>> {
    let size = |put: &Put<'_>| put.cells.iter().map(Cell::size).sum();
    let batches = write_batches::of_partitions(puts, |put| put.together.take(), size);
    let replicas = session.replicas();
    write_batches::of_replicas(batches, |put| replicas.of(put.statement, &put.cells))
}

fn put<'t>(
    tables: &'t Statements,
    write: &ViewWrite,
    puts: &mut Vec<Put<'t>>,
    buckets: &mut HashSet<Vec<Cell>>,
) -> Result<(), StoreError> {
    let at = Cell::Big(write.at.value());
    match &write.row {
        ViewRow::Verification(row) => return put_verification(tables, row, write.at, puts, buckets),
        ViewRow::Review(row) => return put_review(tables, row, write.at, puts, buckets),
        ViewRow::Fallback(row) => return put_fallback(tables, row, write.at, puts, buckets),
        ViewRow::RecheckClosure(row) => put_closure(tables, row, write.at, puts),
        ViewRow::Recheck(row) => return put_recheck(tables, row, write.at, puts, buckets),
        ViewRow::Signal(row) => put_signal(tables, row, at, puts)?,
        ViewRow::Enrolment(row) => {
            puts.push(put_of_enrolment(&tables.put_enrolment, &row.customer, &row.id, row.body(), at));
        }
        ViewRow::Reference(row) => {
            puts.push(put_of_enrolment(&tables.put_reference, &row.customer, &row.id, row.body(), at));
        }
        ViewRow::EraseEnrolments(whose) => {
            let cells = [vec![at], customer(whose)].concat();
            puts.push(of_customer(Stage::EventRows, &tables.erase_enrolments, whose, cells));
        }
        ViewRow::TierEvent(row) => {
            let mut cells = customer(&row.customer);
            cells.extend([
                Cell::time(row.created_at),
                Cell::partition(row.source.partition)?,
                Cell::offset(row.source.offset)?,
                Cell::TierEvent(row.id.clone()),
                Cell::Blob(row.body().into()),
                at,
            ]);
            puts.push(of_customer(Stage::EventRows, &tables.put_tier_event, &row.customer, cells));
        }
        ViewRow::Note(note) => {
            let mut cells = customer(&note.customer);
            cells.extend([
                Cell::offset(note.source.offset)?,
                Cell::partition(note.source.partition)?,
                Cell::topic(note.source.topic_id),
                Cell::Blob(note.body().into()),
                at,
            ]);
            puts.push(of_customer(Stage::EventRows, &tables.put_note, &note.customer, cells));
        }
        ViewRow::State(state) => put_state(tables, state, at, puts),
        ViewRow::Tally(row) => puts.push(put_tally(tables, row, at)?),
        ViewRow::Books(row) => {
            let partition = Cell::partition(row.key.partition)?;
            let together = vec![Cell::Word("books"), partition.clone()];
            let cells = vec![partition, Cell::Org(row.key.org.clone()), Cell::Blob(row.body().into()), at];
            let statement = &tables.put_books;
            puts.push(Put { stage: Stage::StatesAndCounts, statement, cells, together: Some(together) });
        }
        ViewRow::Position(row) => puts.push(put_position(tables, row, at)?),
    }
    Ok(())
}

fn put_position<'t>(tables: &'t Statements, row: &PositionRow, at: Cell) -> Result<Put<'t>, StoreError> {
    let cells =
        vec![Cell::topic(row.topic_id), Cell::partition(row.partition)?, Cell::Blob(row.body().into()), at];
    Ok(Put { stage: Stage::Positions, statement: &tables.put_position, cells, together: None })
}

/// A row under its customer and the id of an enrolment.
fn put_of_enrolment<'t>(
    statement: &'t Statement,
    whose: &CustomerRef,
    id: &EnrolmentId,
    body: Vec<u8>,
    at: Cell,
) -> Put<'t> {
    let mut cells = customer(whose);
    cells.extend([Cell::Enrolment(id.clone()), Cell::Blob(body.into()), at]);
    of_customer(Stage::EventRows, statement, whose, cells)
}

/// The row itself, its place in its customer's list and in its org's, and once per call the bucket it is in.
fn put_verification<'t>(
    tables: &'t Statements,
    row: &VerificationRow,
    at: WriteTimestamp,
    puts: &mut Vec<Put<'t>>,
    buckets: &mut HashSet<Vec<Cell>>,
) -> Result<(), StoreError> {
    let stage = Stage::EventRows;
    let at = Cell::Big(at.value());
    let org = Cell::Org(row.customer.org.clone());
    let id = Cell::Verification(row.id.clone());
    let (method, status) = (Cell::Word(row.method.as_str()), Cell::Word(row.status.as_str()));
    let (partition, offset) = (Cell::partition(row.source.partition)?, Cell::offset(row.source.offset)?);
    let created = Cell::time(row.created_at);

    let cells = vec![org.clone(), id.clone(), Cell::Blob(row.body().into()), at.clone()];
    puts.push(Put { stage, statement: &tables.put_verification, cells, together: None });

    let mut cells = customer(&row.customer);
    cells.extend([
        created.clone(),
        partition.clone(),
        offset.clone(),
        id.clone(),
        method.clone(),
        status,
        // Empty where there is none: a null would be a tombstone in every such row.
        Cell::Word(row.reason_category.map_or("", ReasonCategory::as_str)),
        at.clone(),
    ]);
    puts.push(of_customer(stage, &tables.put_of_customer, &row.customer, cells));

    let hour = Cell::time(Span::Hour.start_of(row.created_at));
    let chunk = Cell::Big(times::chunk(row.source.offset));
    let is_pending = row.status == VerificationStatus::Pending;
    let kinds = [ListKind::Status(row.status)].into_iter().chain(is_pending.then_some(ListKind::Open));
    for kind in kinds {
        let kind = Cell::Word(kind.as_str());
        let place = ListPlace {
            bucket: [hour.clone(), method.clone(), kind, partition.clone(), chunk.clone()],
            month: Cell::time(Span::Month.start_of(row.created_at)),
            row: [created.clone(), offset.clone(), id.clone(), at.clone()],
        };
        let lists = [(vec![org.clone()], &tables.put_of_hour, &tables.put_bucket)].into_iter();
        let of_category = row.reason_category.map(|category| {
            let whose = vec![org.clone(), Cell::Word(category.as_str())];
            (whose, &tables.put_of_category, &tables.put_category_bucket)
        });
        for (whose, put_row, put_bucket) in lists.chain(of_category) {
            place.put(whose, put_row, put_bucket, puts, buckets);
        }
    }
    Ok(())
}

/// A row's place in a list by time: in which bucket it is, and what stands there.
pub(super) struct ListPlace {
    pub(super) bucket: [Cell; 5],
    pub(super) month: Cell,
    pub(super) row: [Cell; 4],
}

impl ListPlace {
    /// The row in the list that is called so, and its bucket unless that was put before.
    pub(super) fn put<'t>(
        &self,
        whose: Vec<Cell>,
        put_row: &'t Statement,
        put_bucket: &'t Statement,
        puts: &mut Vec<Put<'t>>,
        buckets: &mut HashSet<Vec<Cell>>,
    ) {
        let stage = Stage::EventRows;
        let partition: Vec<Cell> = whose.iter().chain(&self.bucket).cloned().collect();
        let cells = partition.iter().chain(&self.row).cloned().collect();
        puts.push(Put { stage, statement: put_row, cells, together: Some(partition) });

        let partition: Vec<Cell> = whose.into_iter().chain([self.month.clone()]).collect();
        let mut cells: Vec<Cell> = partition.iter().chain(&self.bucket).cloned().collect();
        if buckets.insert(cells.clone()) {
            let [.., at] = &self.row;
            cells.push(at.clone());
            let together = [Cell::Word("buckets")].into_iter().chain(partition).collect();
            puts.push(Put { stage, statement: put_bucket, cells, together: Some(together) });
        }
    }
}

/// The signal with its verification, and under its customer where to find it.
fn put_signal<'t>(
    tables: &'t Statements,
    row: &SignalRow,
    at: Cell,
    puts: &mut Vec<Put<'t>>,
) -> Result<(), StoreError> {
    let stage = Stage::EventRows;
    let id = Cell::Verification(row.verification_id.clone());
    let cells = vec![
        Cell::Org(row.customer.org.clone()),
        id.clone(),
        Cell::time(row.created_at),
        Cell::partition(row.source.partition)?,
        Cell::offset(row.source.offset)?,
        Cell::topic(row.source.topic_id),
        Cell::Text(row.kind.clone()),
        Cell::Customer(row.customer.customer.clone()),
        at.clone(),
    ];
    puts.push(Put { stage, statement: &tables.put_signal, cells, together: None });
    let mut cells = customer(&row.customer);
    cells.extend([id, at]);
    puts.push(of_customer(stage, &tables.put_signal_of_customer, &row.customer, cells));
    Ok(())
}

/// The state, and before it, when it is one of a quarantined customer, the customer's place among those.
fn put_state<'t>(tables: &'t Statements, state: &CustomerState, at: Cell, puts: &mut Vec<Put<'t>>) {
    if state.quarantine.is_some() {
        let mut cells = customer(&state.customer);
        cells.push(at.clone());
        puts.push(of_customer(Stage::EventRows, &tables.put_quarantined, &state.customer, cells));
    }
    let mut cells = customer(&state.customer);
    cells.extend([Cell::Blob(state.body().into()), at]);
    puts.push(of_customer(Stage::StatesAndCounts, &tables.put_state, &state.customer, cells));
}

fn put_tally<'t>(tables: &'t Statements, row: &TallyRow, at: Cell) -> Result<Put<'t>, StoreError> {
    let key = &row.key;
    let count = i64::try_from(row.count).map_err(|_| StoreError::Corrupt("a count above 2^63".to_owned()))?;
    let mut cells = read::tally_partition(key);
    let mut together = vec![Cell::Word("tallies")];
    together.extend(cells.iter().cloned());
    cells.extend([
        Cell::time(key.start),
        Cell::Word(key.method.as_str()),
        Cell::Word(key.status.as_str()),
        Cell::partition(key.partition)?,
        Cell::Big(count),
        Cell::Blob(row.body().into()),
        at,
    ]);
    let by_category = key.category.is_some();
    let statement = if by_category { &tables.put_category_tally } else { &tables.put_tally };
    Ok(Put { stage: Stage::StatesAndCounts, statement, cells, together: Some(together) })
}

pub(super) fn customer(customer: &CustomerRef) -> Vec<Cell> {
    vec![Cell::Org(customer.org.clone()), Cell::Customer(customer.customer.clone())]
}

pub(super) fn of_customer<'t>(
    stage: Stage,
    statement: &'t Statement,
    whose: &CustomerRef,
    cells: Vec<Cell>,
) -> Put<'t> {
    Put { stage, statement, cells, together: Some(customer(whose)) }
}
