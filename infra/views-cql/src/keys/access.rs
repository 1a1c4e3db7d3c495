//! The access index: the port AccessIndex. Rows are never changed, so that none needs a lightweight transaction: written
//! again they come to the same. One row stands in a table for each way to ask; the rows of an org, and those of one of its
//! staff, lie by month, so that no partition grows without end, and which months there are stands in a table of its own.

use std::ops::ControlFlow;

use async_trait::async_trait;
use domain::event::PersonalDataPage;
use domain::ids::{CustomerId, CustomerRef, EventId, OrgId};
use domain::ports::{AccessIndex, AccessPage, AccessQuery, AccessRow, StoreError};
use domain::rows::Span;
use domain::staff::{StaffRole, StaffUserName};
use domain::time::Timestamp;

use super::CqlKeys;
use crate::session::{CqlSession, Use};
use crate::statement::{Cell, Statement, source};
use crate::views::init;

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
}

fn insert(table: &str, key: &str) -> String {
    let names = key.split(", ").chain(COLUMNS.split(", ")).count();
    let marks = vec!["?"; names].join(", ");
    format!("INSERT INTO {{keys}}.{table} ({key}, {COLUMNS}) VALUES ({marks}) USING TIMESTAMP ?")
}

fn select(table: &str, key: &str) -> String {
    let key = key.split(", ").map(|name| format!("{name} = ? AND ")).collect::<String>();
    format!(
        "SELECT {COLUMNS} FROM {{keys}}.{table} WHERE {key}\
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
            add_of_month: prepare("access_add", &insert("access_of_month", MONTH_KEY)).await?,
            add_of_staff: prepare("access_add", &insert("access_of_staff", STAFF_KEY)).await?,
            add_of_customer: prepare("access_add", &insert("access_of_customer", CUSTOMER_KEY)).await?,
            months: prepare("access_months", months).await?,
            of_month: prepare("access_of_month", &select("access_of_month", MONTH_KEY)).await?,
            of_staff: prepare("access_of_staff", &select("access_of_staff", STAFF_KEY)).await?,
            of_customer: prepare("access_of_customer", &select("access_of_customer", CUSTOMER_KEY)).await?,
        })
    }
}

/// A place in the list below which, exclusive, or from which on rows are: time, log partition, offset.
type PlaceBound = (i64, i32, i64);

/// Below every row of that time and later.
fn at(millis: i64) -> PlaceBound {
    (millis, i32::MIN, i64::MIN)
}

fn bounds(query: &AccessQuery) -> (PlaceBound, PlaceBound) {
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

fn month_of(millis: i64) -> i64 {
    Span::Month.start_of(Timestamp::from_millis(millis)).millis()
}

fn cells(row: &AccessRow) -> Result<Vec<Cell>, StoreError> {
    let text = |text: &str| Cell::Text(text.to_owned());
    Ok(vec![
        Cell::time(row.viewed_at),
        Cell::partition(row.source.partition)?,
        Cell::offset(row.source.offset)?,
        Cell::topic(row.source.topic_id),
        text(row.event_id.as_str()),
        Cell::Customer(row.customer.customer.clone()),
        text(row.staff_user.as_str()),
        Cell::Word(row.staff_role.as_str()),
        Cell::Word(row.page.as_str()),
        Cell::Text(row.field_names()),
    ])
}

fn decode(org: &OrgId, columns: AccessColumns) -> Result<AccessRow, StoreError> {
    let (viewed_at, partition, offset, topic, event_id, customer, staff_user, role, page, fields) = columns;
    let broken = || StoreError::Corrupt("a row of the access index that cannot be one".to_owned());
    let customer = CustomerId::parse(&customer).map_err(|_| broken())?;
    Ok(AccessRow {
        event_id: EventId::parse(&event_id).map_err(|_| broken())?,
        source: source(&topic, partition, offset)?,
        customer: CustomerRef::new(org.clone(), customer),
        staff_user: StaffUserName::parse(&staff_user).ok_or_else(broken)?,
        staff_role: StaffRole::parse(&role).ok_or_else(broken)?,
        page: PersonalDataPage::parse(&page).ok_or_else(broken)?,
        fields: AccessRow::parse_field_names(&fields).ok_or_else(broken)?,
        viewed_at: Timestamp::from_millis(viewed_at),
    })
}

/// The rows of a page, while they are collected.
struct PageRows<'a> {
    session: &'a CqlSession,
    query: &'a AccessQuery,
    bounds: (PlaceBound, PlaceBound),
    rows: Vec<AccessRow>,
}

impl PageRows<'_> {
    /// How many rows are still wanted: one more than the page has, to know whether there is one.
    fn missing(&self) -> usize {
        self.query.limit.saturating_add(1) - self.rows.len()
    }

    /// Takes rows of one partition, as long as some are wanted.
    async fn take(&mut self, statement: &Statement, key: Vec<Cell>, limit: usize) -> Result<(), StoreError> {
        let mut cells = key;
        cells.extend(bound_cells(self.bounds.0));
        cells.extend(bound_cells(self.bounds.1));
        cells.push(Cell::Int(i32::try_from(limit).unwrap_or(i32::MAX)));
        let (session, query, mut missing) = (self.session, self.query, self.missing());
        let rows = &mut self.rows;
        session
            .each::<AccessColumns>(statement, &cells, |columns| {
                let row = decode(&query.org, columns)?;
                if query.matches(&row) {
                    rows.push(row);
                    missing -= 1;
                }
                Ok(if missing == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
            })
            .await
    }

    fn page(mut self) -> AccessPage {
        let more = self.rows.len() > self.query.limit;
        self.rows.truncate(self.query.limit);
        AccessPage { rows: self.rows, more }
    }
}

impl CqlKeys {
    async fn access_statements(&self) -> Result<&AccessStatements, StoreError> {
        init(&self.access_statements, Box::pin(AccessStatements::prepare(&self.session))).await
    }
}

#[async_trait]
impl AccessIndex for CqlKeys {
    async fn add_access(&self, row: &AccessRow) -> Result<(), StoreError> {
        let statements = self.access_statements().await?;
        let org = || Cell::Org(row.customer.org.clone());
        let month = || Cell::Big(month_of(row.viewed_at.millis()));
        let staff = Cell::Text(row.staff_user.as_str().to_owned());
        let columns = cells(row)?;
        // The row's own, so that a repetition is the same write; in microseconds, as the store counts.
        let written = || Cell::Big(row.viewed_at.millis() * 1_000);
        let whole =
            |key: Vec<Cell>| key.into_iter().chain(columns.iter().cloned()).chain([written()]).collect();
        self.session
            .batch(
                &[
                    &statements.add_month,
                    &statements.add_of_month,
                    &statements.add_of_staff,
                    &statements.add_of_customer,
                ],
                vec![
                    vec![org(), month(), written()],
                    whole(vec![org(), month()]),
                    whole(vec![org(), staff, month()]),
                    whole(vec![org(), Cell::Customer(row.customer.customer.clone())]),
                ],
            )
            .await
    }

    async fn access_page(&self, query: &AccessQuery) -> Result<AccessPage, StoreError> {
        let statements = self.access_statements().await?;
        let org = || Cell::Org(query.org.clone());
        let bounds = bounds(query);
        let mut page = PageRows { session: &self.session, query, bounds, rows: Vec::new() };
        if bounds.0 >= bounds.1 {
            return Ok(page.page());
        }
        if let Some(customer) = &query.customer {
            // Few look at one customer: whose look it was is told row by row.
            let limit = if query.staff_user.is_some() { usize::MAX } else { page.missing() };
            page.take(&statements.of_customer, vec![org(), Cell::Customer(customer.clone())], limit).await?;
            return Ok(page.page());
        }
        let span = [org(), Cell::Big(month_of(bounds.0.0)), Cell::Big(month_of(bounds.1.0))];
        let mut months = Vec::new();
        self.session
            .each::<(i64,)>(&statements.months, &span, |(month,)| {
                months.push(month);
                Ok(ControlFlow::Continue(()))
            })
            .await?;
        for month in months {
            let limit = page.missing();
            if limit == 0 {
                break;
            }
            match &query.staff_user {
                Some(user) => {
                    let key = vec![org(), Cell::Text(user.as_str().to_owned()), Cell::Big(month)];
                    page.take(&statements.of_staff, key, limit).await?;
                }
                None => page.take(&statements.of_month, vec![org(), Cell::Big(month)], limit).await?,
            }
        }
        Ok(page.page())
    }
}
