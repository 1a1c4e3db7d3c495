//! Reading rows by name, notes and books. A customer's rows are in `of_customer`, lists in `lists`.

use std::collections::HashMap;
use std::ops::ControlFlow;

use domain::event::{Offset, Partition};
use domain::ids::{CustomerId, CustomerRef, EnrolmentId, FallbackId, OrgId, VerificationId};
use domain::outcome::UnappliedCause;
use domain::ports::{StoreError, VerificationView};
use domain::rows::{
    BooksKey, BooksRow, CustomerState, EnrolmentRow, EventNote, FallbackRow, PositionRow, RecheckClosureRow,
    ReferenceRow, ReviewRow, RowKey, SignalRow, TallyKey, TallyRow, VerificationRow, ViewRow, VoidRow,
};
use domain::time::Timestamp;
use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use row_codec::{RowBody as _, span_word};

use super::statements::Statements;
use super::times;
use crate::error::{Kind, failed};
use crate::limits::{PAGE_READS_AT_ONCE, SIGNALS_MAX, VERIFICATIONS_TOGETHER};
use crate::session::CqlSession;
use crate::statement::{Cell, Statement, source};

/// A row's one cell.
type Body = (Option<Vec<u8>>,);

pub(super) fn key(customer: &CustomerRef) -> [Cell; 2] {
    [Cell::Org(customer.org.clone()), Cell::Customer(customer.customer.clone())]
}

pub(super) fn broken(what: &str) -> StoreError {
    StoreError::Corrupt(format!("a stored {what} that cannot be one"))
}

async fn body(
    session: &CqlSession,
    statement: &Statement,
    cells: &[Cell],
) -> Result<Option<Vec<u8>>, StoreError> {
    Ok(session.first::<Body>(statement, cells).await?.and_then(|(body,)| body))
}

/// What is asked for in one request.
enum Ask {
    One(usize, RowKey),
    /// Of one org.
    Verifications(OrgId, Vec<(usize, VerificationId)>),
}

/// Rows by name, in the names' order: at most so many requests at once as the session allows.
pub(super) async fn load(
    session: &CqlSession,
    tables: &Statements,
    keys: &[RowKey],
) -> Result<Vec<Option<ViewRow>>, StoreError> {
    let found: Vec<(usize, ViewRow)> = stream::iter(asks(keys))
        .map(|ask| async move {
            let _permit = session.bulk.acquire().await.map_err(|_| failed("load", Kind::Connection))?;
            match ask {
                Ask::One(at, key) => Ok::<_, StoreError>(
                    row(session, tables, key).await?.map(|row| (at, row)).into_iter().collect(),
                ),
                Ask::Verifications(org, ids) => verification_rows(session, tables, org, ids).await,
            }
        })
        .buffer_unordered(session.options.concurrency)
        .map_ok(|found: Vec<(usize, ViewRow)>| stream::iter(found.into_iter().map(Ok::<_, StoreError>)))
        .try_flatten()
        .try_collect()
        .await?;
    let mut rows: Vec<Option<ViewRow>> = keys.iter().map(|_| None).collect();
    for (at, row) in found {
        rows[at] = Some(row);
    }
    Ok(rows)
}

/// Verifications of an org are asked for together: of a customer with very many, a projector asks for one with
/// every verdict, and nearly always there is none.
fn asks(keys: &[RowKey]) -> Vec<Ask> {
    let mut asks: Vec<Ask> = Vec::with_capacity(keys.len());
    let mut open: HashMap<&OrgId, usize> = HashMap::new();
    for (at, key) in keys.iter().enumerate() {
        let RowKey::Verification(org, id) = key else {
            asks.push(Ask::One(at, key.clone()));
            continue;
        };
        let group = open.get(org).and_then(|group| asks.get_mut(*group));
        match group {
            Some(Ask::Verifications(_, ids)) if ids.len() < VERIFICATIONS_TOGETHER => {
                ids.push((at, id.clone()));
            }
            _ => {
                open.insert(org, asks.len());
                asks.push(Ask::Verifications(org.clone(), vec![(at, id.clone())]));
            }
        }
    }
    asks
}

async fn verification_rows(
    session: &CqlSession,
    tables: &Statements,
    org: OrgId,
    asked: Vec<(usize, VerificationId)>,
) -> Result<Vec<(usize, ViewRow)>, StoreError> {
    if let [(at, id)] = asked.as_slice() {
        let row = row(session, tables, RowKey::Verification(org, id.clone())).await?;
        return Ok(row.map(|row| (*at, row)).into_iter().collect());
    }
    let ids = asked.iter().map(|(_, id)| id.clone()).collect();
    let rows =
        session.rows(&tables.verification_rows, &[Cell::Org(org.clone()), Cell::Verifications(ids)]).await?;
    let decode = || failed(tables.verification_rows.name, Kind::Decode);
    let mut found = Vec::new();
    for row in rows.rows::<(&str, Option<&[u8]>)>().map_err(|_| decode())? {
        let (id, body) = row.map_err(|_| decode())?;
        // Signals alone are no row.
        let Some(body) = body else { continue };
        for (at, asked) in asked.iter().filter(|(_, asked)| asked.as_str() == id) {
            let row = VerificationRow::read_body((org.clone(), asked.clone()), body)?;
            found.push((*at, ViewRow::Verification(Box::new(row))));
        }
    }
    Ok(found)
}

async fn row(session: &CqlSession, tables: &Statements, key: RowKey) -> Result<Option<ViewRow>, StoreError> {
    Ok(match key {
        RowKey::State(customer) => {
            self::customer(session, tables, &customer).await?.map(|state| ViewRow::State(Box::new(state)))
        }
        RowKey::Verification(org, id) => {
            let cells = [Cell::Org(org.clone()), Cell::Verification(id.clone())];
            match body(session, &tables.verification_row, &cells).await? {
                Some(body) => {
                    let row = VerificationRow::read_body((org, id), &body)?;
                    Some(ViewRow::Verification(Box::new(row)))
                }
                None => None,
            }
        }
        RowKey::Reference(customer, id) => {
            let [org, whose] = self::key(&customer);
            let body = body(session, &tables.reference, &[org, whose, Cell::Enrolment(id.clone())]).await?;
            let row = body.map(|body| ReferenceRow::read_body((customer, id), &body)).transpose()?;
            row.map(ViewRow::Reference)
        }
        RowKey::Review(org, id) => {
            let cells = [Cell::Org(org.clone()), Cell::Verification(id.clone())];
            let body = body(session, &tables.review_row, &cells).await?;
            let row = body.map(|body| ReviewRow::read_body((org, id), &body)).transpose()?;
            row.map(|row| ViewRow::Review(Box::new(row)))
        }
        RowKey::Fallback(org, id) => fallback(session, tables, &org, &id).await?.map(ViewRow::Fallback),
        RowKey::RecheckClosure(org, id) => {
            let cells = [Cell::Org(org.clone()), Cell::Text(id.as_str().to_owned())];
            let body = body(session, &tables.recheck_closure, &cells).await?;
            let row = body.map(|body| RecheckClosureRow::read_body((org, id), &body)).transpose()?;
            row.map(ViewRow::RecheckClosure)
        }
        RowKey::Void(org, id) => {
            let cells = [Cell::Org(org.clone()), Cell::Verification(id.clone())];
            let body = body(session, &tables.void_row, &cells).await?;
            let row = body.map(|body| VoidRow::read_body((org, id), &body)).transpose()?;
            row.map(|row| ViewRow::Void(Box::new(row)))
        }
        RowKey::Note(customer, source) => {
            let [org, id] = self::key(&customer);
            let cells = [
                org,
                id,
                Cell::offset(source.offset)?,
                Cell::partition(source.partition)?,
                Cell::topic(source.topic_id),
            ];
            let body = body(session, &tables.note, &cells).await?;
            body.map(|body| EventNote::read_body(customer, &body)).transpose()?.map(ViewRow::Note)
        }
        RowKey::Tally(key) => tally(session, tables, key).await?.map(ViewRow::Tally),
        RowKey::Books(key) => {
            let cells = [Cell::partition(key.partition)?, Cell::Org(key.org.clone())];
            let body = body(session, &tables.books_row, &cells).await?;
            body.map(|body| BooksRow::read_body(key, &body)).transpose()?.map(ViewRow::Books)
        }
        RowKey::Position(topic, partition) => {
            let cells = [Cell::topic(topic), Cell::partition(partition)?];
            let body = body(session, &tables.position, &cells).await?;
            let row = body.map(|body| PositionRow::read_body((topic, partition), &body)).transpose()?;
            row.map(ViewRow::Position)
        }
    })
}

/// The declaration of that id.
pub(super) async fn fallback(
    session: &CqlSession,
    tables: &Statements,
    org: &OrgId,
    id: &FallbackId,
) -> Result<Option<FallbackRow>, StoreError> {
    let cells = [Cell::Org(org.clone()), Cell::Text(id.as_str().to_owned())];
    let body = body(session, &tables.fallback, &cells).await?;
    Ok(body.map(|body| FallbackRow::read_body((org.clone(), id.clone()), &body)).transpose()?)
}

/// The cells of the partition that a tally lies in: of another table where it is one of a category.
pub(super) fn tally_partition(key: &TallyKey) -> Vec<Cell> {
    let mut cells = vec![Cell::Org(key.org.clone())];
    cells.extend(key.category.map(|category| Cell::Word(category.as_str())));
    cells.extend([Cell::Word(span_word(key.span)), Cell::Big(times::period(key.span, key.start.millis()))]);
    cells
}

async fn tally(
    session: &CqlSession,
    tables: &Statements,
    key: TallyKey,
) -> Result<Option<TallyRow>, StoreError> {
    let start = key.start.millis();
    let mut cells = tally_partition(&key);
    cells.extend([
        Cell::Big(start),
        Cell::Word(key.method.as_str()),
        Cell::Word(key.status.as_str()),
        Cell::partition(key.partition)?,
    ]);
    let statement = if key.category.is_some() { &tables.category_tally } else { &tables.tally };
    let Some((count, as_of)) = session.first::<(i64, Vec<u8>)>(statement, &cells).await? else {
        return Ok(None);
    };
    let count = u64::try_from(count).map_err(|_| broken("count"))?;
    Ok(Some(TallyRow::read_body((key, count), &as_of)?))
}

/// A customer's state.
pub(super) async fn customer(
    session: &CqlSession,
    tables: &Statements,
    customer: &CustomerRef,
) -> Result<Option<CustomerState>, StoreError> {
    let body = body(session, &tables.state, &key(customer)).await?;
    Ok(body.map(|body| CustomerState::read_body(customer.clone(), &body)).transpose()?)
}

/// A verification with its signals, its review and its void: one partition.
pub(super) async fn view(
    session: &CqlSession,
    tables: &Statements,
    org: &OrgId,
    id: &VerificationId,
) -> Result<Option<VerificationView>, StoreError> {
    let cells = [Cell::Org(org.clone()), Cell::Verification(id.clone()), Cell::Int(SIGNALS_MAX)];
    let rows = session.rows(&tables.verification, &cells).await?;
    let decode = || failed(tables.verification.name, Kind::Decode);
    type Signal<'r> = (
        Option<&'r [u8]>,
        Option<&'r [u8]>,
        Option<&'r [u8]>,
        Option<i64>,
        Option<i32>,
        Option<i64>,
        Option<&'r [u8]>,
        Option<&'r str>,
        Option<&'r str>,
    );
    let mut view: Option<VerificationView> = None;
    for row in rows.rows::<Signal<'_>>().map_err(|_| decode())? {
        let (body, review, voided, at, partition, offset, topic, kind, customer) =
            row.map_err(|_| decode())?;
        // Signals of a verification that is not there itself (not yet, or never) say nothing.
        let Some(body) = body else { return Ok(None) };
        let view = match &mut view {
            Some(view) => view,
            None => view.insert(VerificationView {
                row: VerificationRow::read_body((org.clone(), id.clone()), body)?,
                signals: Vec::new(),
                review: review
                    .map(|review| ReviewRow::read_body((org.clone(), id.clone()), review))
                    .transpose()?,
                voided: voided
                    .map(|voided| VoidRow::read_body((org.clone(), id.clone()), voided))
                    .transpose()?,
            }),
        };
        let (Some(at), Some(partition), Some(offset), Some(topic), Some(kind), Some(customer)) =
            (at, partition, offset, topic, kind, customer)
        else {
            continue;
        };
        let customer = CustomerId::parse(customer).map_err(|_| broken("customer"))?;
        view.signals.push(SignalRow {
            verification_id: id.clone(),
            customer: CustomerRef::new(org.clone(), customer),
            source: source(topic, partition, offset)?,
            kind: kind.to_owned(),
            created_at: Timestamp::from_millis(at),
        });
    }
    Ok(view)
}

/// Verifications by id, in that order. One that is not there is left out: its place in a list was written by
/// a batch that is not confirmed.
pub(super) async fn views(
    session: &CqlSession,
    tables: &Statements,
    org: &OrgId,
    ids: Vec<VerificationId>,
) -> Result<Vec<VerificationView>, StoreError> {
    let views: Vec<_> = stream::iter(ids)
        .map(|id| async move { view(session, tables, org, &id).await })
        .buffered(PAGE_READS_AT_ONCE)
        .try_collect()
        .await?;
    Ok(views.into_iter().flatten().collect())
}

/// A verification of the org, with its enrolment unless that was erased.
pub(super) async fn verification(
    session: &CqlSession,
    tables: &Statements,
    org: &OrgId,
    id: &VerificationId,
) -> Result<Option<(VerificationView, Option<EnrolmentRow>)>, StoreError> {
    let Some(view) = view(session, tables, org, id).await? else { return Ok(None) };
    let enrolment = match view.enrolment() {
        Some(id) => enrolment(session, tables, &view.row, id).await?,
        None => None,
    };
    Ok(Some((view, enrolment)))
}

async fn enrolment(
    session: &CqlSession,
    tables: &Statements,
    row: &VerificationRow,
    id: &EnrolmentId,
) -> Result<Option<EnrolmentRow>, StoreError> {
    let [org, customer] = key(&row.customer);
    let body = body(session, &tables.enrolment, &[org, customer, Cell::Enrolment(id.clone())]).await?;
    Ok(body.map(|body| EnrolmentRow::read_body((row.customer.clone(), id.clone()), &body)).transpose()?)
}

/// A customer's notes that wait for its release, by offset. Others between them are read over.
pub(super) async fn waiting(
    session: &CqlSession,
    tables: &Statements,
    customer: &CustomerRef,
    from: Offset,
    limit: usize,
) -> Result<Vec<EventNote>, StoreError> {
    let [org, id] = key(customer);
    let mut notes = Vec::new();
    if limit == 0 {
        return Ok(notes);
    }
    session
        .each::<(Vec<u8>,)>(&tables.notes_from, &[org, id, Cell::offset(from)?], |(body,)| {
            let note = EventNote::read_body(customer.clone(), &body)?;
            if matches!(note.unapplied(), Some(UnappliedCause::Parked | UnappliedCause::DeadLettered)) {
                notes.push(note);
            }
            Ok(if notes.len() == limit { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
        })
        .await?;
    Ok(notes)
}

/// All books: as many as orgs times log partitions, read from end to end, for the operator.
pub(super) async fn books(session: &CqlSession, tables: &Statements) -> Result<Vec<BooksRow>, StoreError> {
    let mut books = Vec::new();
    session
        .each::<(i32, String, Vec<u8>)>(&tables.books, &[], |(partition, org, body)| {
            let key = BooksKey {
                org: OrgId::parse(&org).map_err(|_| broken("org"))?,
                partition: Partition(u32::try_from(partition).map_err(|_| broken("partition"))?),
            };
            books.push(BooksRow::read_body(key, &body)?);
            Ok(ControlFlow::Continue(()))
        })
        .await?;
    books.sort_by(|a, b| a.key.cmp(&b.key));
    Ok(books)
}
