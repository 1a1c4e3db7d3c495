//! The access index: the port AccessIndex. Rows are never changed, so that none needs a lightweight transaction: written
//! again they come to the same. A look has a row in a table for each way to ask; the rows of an org, and those of one of its
//! people, lie by month, so that no partition grows without end, and which months there are stands in a table of its own.
//! Records of reads with keys are many more: they lie by day, in tables of their own ([`reads`]), and a page is made of both.

mod page;
mod reads;

use async_trait::async_trait;
use domain::event::{PersonalDataRead, Source};
use domain::ids::{CustomerId, EventId, OrgId};
use domain::ports::{
    AccessCustomers, AccessIndex, AccessLook, AccessLookWords, AccessPage, AccessQuery, AccessRow, StoreError,
};
use domain::rows::Span;
use domain::time::Timestamp;

use super::CqlKeys;
use crate::session::{CqlSession, Use};
use crate::statement::{Cell, Statement, source};
use crate::views::init;
use page::PageRows;
use reads::ReadStatements;

/// A row's columns behind the key of its partition, in the order of [`cells`].
const COLUMNS: &str = "viewed_at, log_partition, log_offset, topic_id, event_id, customer, staff_user, \
                       staff_role, page, fields";

type AccessColumns = (i64, i32, i64, Vec<u8>, String, String, String, String, String, String);

/// The statements of the access index.
pub(super) struct AccessStatements {
    add_month: Statement,
    add_of_month: Statement,
    add_of_staff: Statement,
    add_of_customer: Statement,
    months: Statement,
    of_month: Statement,
    of_staff: Statement,
    of_customer: Statement,
    reads: ReadStatements,
}

fn insert(table: &str, key: &str, columns: &str) -> String {
    let names = key.split(", ").chain(columns.split(", ")).count();
    let marks = vec!["?"; names].join(", ");
    format!("INSERT INTO {{keys}}.{table} ({key}, {columns}) VALUES ({marks}) USING TIMESTAMP ?")
}

fn select(table: &str, key: &str, columns: &str) -> String {
    let key = key.split(", ").map(|name| format!("{name} = ? AND ")).collect::<String>();
    format!(
        "SELECT {columns} FROM {{keys}}.{table} WHERE {key}\
         (viewed_at, log_partition, log_offset) >= (?, ?, ?) \
         AND (viewed_at, log_partition, log_offset) < (?, ?, ?) LIMIT ?"
    )
}

const MONTH_KEY: &str = "org, month";
const STAFF_KEY: &str = "org, staff, month";
const CUSTOMER_KEY: &str = "org, whose";

impl AccessStatements {
    async fn prepare(session: &CqlSession) -> Result<Self, StoreError> {
        let names = session.names();
        let prepare =
            async |name, text: &str| session.prepare(name, &names.fill(text), Use::Idempotent).await;
        let add_month = "INSERT INTO {keys}.access_months (org, month) VALUES (?, ?) USING TIMESTAMP ?";
        let months = "SELECT month FROM {keys}.access_months WHERE org = ? AND month >= ? AND month <= ?";
        Ok(Self {
            add_month: prepare("access_add_month", add_month).await?,
            add_of_month: prepare("access_add", &insert("access_of_month", MONTH_KEY, COLUMNS)).await?,
            add_of_staff: prepare("access_add", &insert("access_of_staff", STAFF_KEY, COLUMNS)).await?,
            add_of_customer: prepare("access_add", &insert("access_of_customer", CUSTOMER_KEY, COLUMNS))
                .await?,
            months: prepare("access_months", months).await?,
            of_month: prepare("access_of_month", &select("access_of_month", MONTH_KEY, COLUMNS)).await?,
            of_staff: prepare("access_of_staff", &select("access_of_staff", STAFF_KEY, COLUMNS)).await?,
            of_customer: prepare("access_of_customer", &select("access_of_customer", CUSTOMER_KEY, COLUMNS))
                .await?,
            reads: ReadStatements::prepare(session).await?,
        })
    }
}

fn month_of(millis: i64) -> i64 {
    Span::Month.start_of(Timestamp::from_millis(millis)).millis()
}

/// When a row is written, as the store counts: the record's own time in microseconds, so that a repetition is the same write.
fn written_at(row: &AccessRow) -> Cell {
    Cell::Big(row.viewed_at.millis() * 1_000)
}

fn broken() -> StoreError {
    StoreError::Corrupt("a row of the access index that cannot be one".to_owned())
}

/// In the place of a customer in a look at all of them.
const EVERY_CUSTOMER: &str = "";

/// The record: its time, its place and its id. Every row of the index begins with it.
fn record_cells(row: &AccessRow) -> Result<[Cell; 5], StoreError> {
    Ok([
        Cell::time(row.viewed_at),
        Cell::partition(row.source.partition)?,
        Cell::offset(row.source.offset)?,
        Cell::topic(row.source.topic_id),
        Cell::Text(row.event_id.as_str().to_owned()),
    ])
}

fn cells(row: &AccessRow) -> Result<Vec<Cell>, StoreError> {
    let AccessLookWords { actor, role, page, fields } = row.look.words();
    let own = [
        Cell::Text(row.customers.one().map_or(EVERY_CUSTOMER, CustomerId::as_str).to_owned()),
        Cell::Text(actor),
        Cell::Word(role),
        Cell::Word(page),
        Cell::Text(fields),
    ];
    Ok(record_cells(row)?.into_iter().chain(own).collect())
}

fn decode(org: &OrgId, columns: AccessColumns) -> Result<AccessRow, StoreError> {
    let (viewed_at, partition, offset, topic, event_id, customer, actor, role, page, fields) = columns;
    let customers = match customer.as_str() {
        EVERY_CUSTOMER => AccessCustomers::All,
        customer => AccessCustomers::One(CustomerId::parse(customer).map_err(|_| broken())?),
    };
    Ok(AccessRow {
        event_id: EventId::parse(&event_id).map_err(|_| broken())?,
        source: source(&topic, partition, offset)?,
        org: org.clone(),
        customers,
        look: AccessLook::parse(&actor, &role, &page, &fields).ok_or_else(broken)?,
        viewed_at: Timestamp::from_millis(viewed_at),
    })
}

impl CqlKeys {
    async fn access_statements(&self) -> Result<&AccessStatements, StoreError> {
        init(&self.access_statements, Box::pin(AccessStatements::prepare(&self.session))).await
    }
}

#[async_trait]
impl AccessIndex for CqlKeys {
    async fn add_access(&self, row: &AccessRow) -> Result<(), StoreError> {
        if matches!(row.customers, AccessCustomers::Several(_)) {
            return Err(StoreError::Corrupt("a look at several customers".to_owned()));
        }
        let statements = self.access_statements().await?;
        let org = || Cell::Org(row.org.clone());
        let month = || Cell::Big(month_of(row.viewed_at.millis()));
        let staff = Cell::Text(row.look.actor().to_owned());
        let columns = cells(row)?;
        let written = || written_at(row);
        let whole =
            |key: Vec<Cell>| key.into_iter().chain(columns.iter().cloned()).chain([written()]).collect();
        let mut writes = vec![
            (&statements.add_month, vec![org(), month(), written()]),
            (&statements.add_of_month, whole(vec![org(), month()])),
            (&statements.add_of_staff, whole(vec![org(), staff, month()])),
        ];
        if let Some(customer) = row.customers.one() {
            writes.push((&statements.add_of_customer, whole(vec![org(), Cell::Customer(customer.clone())])));
        }
        let (statements, values): (Vec<_>, Vec<_>) = writes.into_iter().unzip();
        self.session.batch(&statements, values).await
    }

    async fn add_reads(&self, record: &PersonalDataRead, source: Source) -> Result<(), StoreError> {
        self.access_statements().await?.reads.add(&self.session, record, source).await
    }

    async fn access_page(&self, query: &AccessQuery) -> Result<AccessPage, StoreError> {
        let statements = self.access_statements().await?;
        let mut rows = Vec::new();
        if query.has_people() {
            rows.extend(statements.looks(&self.session, query).await?);
        }
        if query.has_reads() {
            rows.extend(statements.reads.rows(&self.session, query).await?);
        }
        Ok(query.page(rows))
    }
}

impl AccessStatements {
    /// The rows of people's looks on the page.
    async fn looks(&self, session: &CqlSession, query: &AccessQuery) -> Result<Vec<AccessRow>, StoreError> {
        let org = || Cell::Org(query.org.clone());
        let mut page = PageRows::new(session, query);
        if page.is_empty_range() {
            return Ok(Vec::new());
        }
        let decode = |columns| decode(&query.org, columns);
        if let Some(customer) = &query.customer {
            // Few look at one customer: whose look it was is told row by row.
            let limit = if query.actor.is_some() { usize::MAX } else { page.missing() };
            let key = vec![org(), Cell::Customer(customer.clone())];
            page.take(&self.of_customer, key, limit, decode).await?;
            return Ok(page.into_rows());
        }
        for month in page.spans(&self.months, vec![org()], month_of).await? {
            let limit = page.missing();
            if limit == 0 {
                break;
            }
            match &query.actor {
                Some(actor) => {
                    let key = vec![org(), Cell::Text(actor.as_str().to_owned()), Cell::Big(month)];
                    page.take(&self.of_staff, key, limit, decode).await?;
                }
                None => page.take(&self.of_month, vec![org(), Cell::Big(month)], limit, decode).await?,
            }
        }
        Ok(page.into_rows())
    }
}
