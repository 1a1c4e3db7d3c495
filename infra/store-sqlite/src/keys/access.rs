//! The access index on SQLite: the AccessIndex port, in the key store's file. Looks of people have a table, and so have
//! records of reads with keys; a page is made of both.

use async_trait::async_trait;
use domain::event::{PersonalDataRead, Source};
use domain::ids::{ApiKeyId, CustomerId, EventId, OrgId};
use domain::ports::{
    AccessCustomers, AccessIndex, AccessLook, AccessLookWords, AccessPage, AccessQuery, AccessRow, StoreError,
};
use domain::time::Timestamp;
use rusqlite::Transaction;

use super::SqliteKeys;
use crate::columns::{ColumnReader, ParameterBinder};
use crate::pool::Failure;

#[async_trait]
impl AccessIndex for SqliteKeys {
    async fn add_access(&self, row: &AccessRow) -> Result<(), StoreError> {
        if matches!(row.customers, AccessCustomers::Several(_)) {
            return Err(StoreError::Corrupt("a look at several customers".to_owned()));
        }
        let row = row.clone();
        self.pool.write(move |transaction| add_look(transaction, &row)).await
    }

    async fn add_reads(&self, record: &PersonalDataRead, source: Source) -> Result<(), StoreError> {
        let record = record.clone();
        self.pool.write(move |transaction| add_reads(transaction, &record, &source)).await
    }

    async fn access_page(&self, query: &AccessQuery) -> Result<AccessPage, StoreError> {
        let query = query.clone();
        self.pool
            .read(move |transaction| {
                let mut rows = Vec::new();
                if query.has_people() {
                    rows.extend(looks(transaction, &query)?);
                }
                if query.has_reads() {
                    rows.extend(reads(transaction, &query)?);
                }
                Ok(query.page(rows))
            })
            .await
    }
}

/// In the place of a customer in a look at all of them.
const EVERY_CUSTOMER: &str = "";

fn add_look(transaction: &Transaction<'_>, row: &AccessRow) -> Result<(), Failure> {
    let mut out = ParameterBinder::new(transaction.prepare_cached(
        "INSERT INTO access (org, customer, topic_id, log_partition, log_offset, viewed_at, event_id, \
         staff_user, staff_role, page, fields) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11) \
         ON CONFLICT DO NOTHING",
    )?);
    out.put(row.org.as_str())?;
    out.put(row.customers.one().map_or(EVERY_CUSTOMER, CustomerId::as_str))?;
    out.source(&row.source)?;
    out.put(row.viewed_at.millis())?;
    out.put(row.event_id.as_str())?;
    let AccessLookWords { actor, role, page, fields } = row.look.words();
    out.put(actor)?;
    out.put(role)?;
    out.put(page)?;
    out.put(fields)?;
    out.execute()
}

fn add_reads(
    transaction: &Transaction<'_>,
    record: &PersonalDataRead,
    source: &Source,
) -> Result<(), Failure> {
    let row = AccessRow::of_reads(record, *source);
    let mut out = ParameterBinder::new(transaction.prepare_cached(
        "INSERT INTO reads (org, topic_id, log_partition, log_offset, viewed_at, event_id, api_key, \
         customers, customer) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT DO NOTHING",
    )?);
    out.put(row.org.as_str())?;
    out.source(source)?;
    out.put(row.viewed_at.millis())?;
    out.put(row.event_id.as_str())?;
    out.put(record.key.as_str())?;
    out.put(i64::try_from(record.customers.len()).unwrap_or(i64::MAX))?;
    out.put(row.customers.one().map(CustomerId::as_str))?;
    out.execute()?;
    for customer in &record.customers {
        let mut out = ParameterBinder::new(transaction.prepare_cached(
            "INSERT INTO customer_reads (org, customer, topic_id, log_partition, log_offset, viewed_at) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO NOTHING",
        )?);
        out.put(row.org.as_str())?;
        out.put(customer.as_str())?;
        out.source(source)?;
        out.put(row.viewed_at.millis())?;
        out.execute()?;
    }
    Ok(())
}

/// What a page's rows are selected by. The conditions that are there decide which index is used, so that each has a
/// statement of its own.
struct PageConditions<'q> {
    query: &'q AccessQuery,
    /// The column of whoever looked.
    actor_column: &'static str,
}

impl PageConditions<'_> {
    fn text(&self) -> String {
        let mut conditions = vec!["org = ?", "viewed_at >= ?", "viewed_at < ?"];
        conditions.extend(self.query.customer.as_ref().map(|_| "customer = ?"));
        conditions.extend(self.query.actor.as_ref().map(|_| self.actor_column));
        conditions.extend(self.query.after.map(|_| "(viewed_at, log_partition, log_offset) < (?, ?, ?)"));
        format!(
            "WHERE {} ORDER BY viewed_at DESC, log_partition DESC, log_offset DESC LIMIT ?",
            conditions.join(" AND ")
        )
    }

    fn bind(&self, out: &mut ParameterBinder<'_>) -> Result<(), Failure> {
        let AccessQuery { org, customer, actor, from, to, after, limit } = self.query;
        out.put(org.as_str())?;
        out.put(from.map_or(0, Timestamp::millis))?;
        out.put(to.map_or(i64::MAX, Timestamp::millis))?;
        if let Some(customer) = customer {
            out.put(customer.as_str())?;
        }
        if let Some(actor) = actor {
            out.put(actor.as_str())?;
        }
        if let Some(after) = after {
            out.put(after.created_at.millis())?;
            out.put(after.partition.0)?;
            // A cursor is a caller's: an offset that no record can have is as good as the largest that one can.
            out.put(i64::try_from(after.offset.0).unwrap_or(i64::MAX))?;
        }
        out.put(i64::try_from(limit.saturating_add(1)).unwrap_or(i64::MAX))
    }
}

fn looks(transaction: &Transaction<'_>, query: &AccessQuery) -> Result<Vec<AccessRow>, Failure> {
    let conditions = PageConditions { query, actor_column: "staff_user = ?" };
    let text = format!(
        "SELECT org, customer, topic_id, log_partition, log_offset, viewed_at, event_id, staff_user, \
         staff_role, page, fields FROM access {}",
        conditions.text()
    );
    let mut out = ParameterBinder::new(transaction.prepare_cached(&text)?);
    conditions.bind(&mut out)?;
    out.all(|columns| {
        let org = columns.id(OrgId::parse)?;
        let customers = columns.word(|word| match word {
            EVERY_CUSTOMER => Some(AccessCustomers::All),
            customer => CustomerId::parse(customer).ok().map(AccessCustomers::One),
        })?;
        let (source, viewed_at) = (columns.source()?, columns.time()?);
        let event_id = columns.id(EventId::parse)?;
        let (actor, role, page) = (columns.text()?, columns.text()?, columns.text()?);
        let look = columns.word(|fields| AccessLook::parse(actor, role, page, fields))?;
        Ok(AccessRow { event_id, source, org, customers, look, viewed_at })
    })
}

fn reads(transaction: &Transaction<'_>, query: &AccessQuery) -> Result<Vec<AccessRow>, Failure> {
    let conditions = PageConditions { query, actor_column: "api_key = ?" };
    let columns = "org, topic_id, log_partition, log_offset, viewed_at, event_id, api_key";
    let text = match &query.customer {
        None => format!("SELECT {columns}, customers, customer FROM reads {}", conditions.text()),
        // The customer's own rows lead; the record's is looked up by its key.
        Some(_) => format!(
            "SELECT {columns}, 1, customer FROM (SELECT {columns}, listed.customer AS customer \
             FROM customer_reads AS listed CROSS JOIN reads \
             USING (org, viewed_at, log_partition, log_offset, topic_id)) {}",
            conditions.text()
        ),
    };
    let mut out = ParameterBinder::new(transaction.prepare_cached(&text)?);
    conditions.bind(&mut out)?;
    out.all(read_row)
}

fn read_row(columns: &mut ColumnReader<'_>) -> Result<AccessRow, Failure> {
    let org = columns.id(OrgId::parse)?;
    let (source, viewed_at) = (columns.source()?, columns.time()?);
    let event_id = columns.id(EventId::parse)?;
    let look = AccessLook::ApiRead { key: columns.id(ApiKeyId::parse)? };
    let several = AccessCustomers::Several(columns.small()?);
    let customers = match columns.maybe_text()? {
        Some(customer) => AccessCustomers::One(
            CustomerId::parse(customer).map_err(|_| Failure::Stored("a customer's id that is none"))?,
        ),
        None => several,
    };
    Ok(AccessRow { event_id, source, org, customers, look, viewed_at })
}
