//! The access index on SQLite: the AccessIndex port, one table in the key store's file.

use async_trait::async_trait;
use domain::event::PersonalDataPage;
use domain::ids::EventId;
use domain::ports::{AccessIndex, AccessPage, AccessQuery, AccessRow, StoreError};
use domain::staff::{StaffRole, StaffUserName};
use domain::time::Timestamp;
use rusqlite::Transaction;

use super::SqliteKeys;
use crate::columns::{ColumnReader, ParameterBinder};
use crate::pool::Failure;

#[async_trait]
impl AccessIndex for SqliteKeys {
    async fn add_access(&self, row: &AccessRow) -> Result<(), StoreError> {
        let row = row.clone();
        self.pool.write(move |transaction| add(transaction, &row)).await
    }

    async fn access_page(&self, query: &AccessQuery) -> Result<AccessPage, StoreError> {
        let query = query.clone();
        self.pool.read(move |transaction| page(transaction, &query)).await
    }
}

fn add(transaction: &Transaction<'_>, row: &AccessRow) -> Result<(), Failure> {
    let mut out = ParameterBinder::new(transaction.prepare_cached(
        "INSERT INTO access (org, customer, topic_id, log_partition, log_offset, viewed_at, event_id, \
         staff_user, staff_role, page, fields) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11) \
         ON CONFLICT DO NOTHING",
    )?);
    out.customer(&row.customer)?;
    out.source(&row.source)?;
    out.put(row.viewed_at.millis())?;
    out.put(row.event_id.as_str())?;
    out.put(row.staff_user.as_str())?;
    out.put(row.staff_role.as_str())?;
    out.put(row.page.as_str())?;
    out.put(row.field_names())?;
    out.execute()
}

/// The conditions that are there decide which index is used, so that each has a statement of its own.
fn page(transaction: &Transaction<'_>, query: &AccessQuery) -> Result<AccessPage, Failure> {
    let mut conditions = vec!["org = ?", "viewed_at >= ?", "viewed_at < ?"];
    conditions.extend(query.customer.as_ref().map(|_| "customer = ?"));
    conditions.extend(query.staff_user.as_ref().map(|_| "staff_user = ?"));
    conditions.extend(query.after.map(|_| "(viewed_at, log_partition, log_offset) < (?, ?, ?)"));
    let text = format!(
        "SELECT org, customer, topic_id, log_partition, log_offset, viewed_at, event_id, staff_user, \
         staff_role, page, fields FROM access WHERE {} \
         ORDER BY viewed_at DESC, log_partition DESC, log_offset DESC LIMIT ?",
        conditions.join(" AND ")
    );
    let mut out = ParameterBinder::new(transaction.prepare_cached(&text)?);
    out.put(query.org.as_str())?;
    out.put(query.from.map_or(0, Timestamp::millis))?;
    out.put(query.to.map_or(i64::MAX, Timestamp::millis))?;
    if let Some(customer) = &query.customer {
        out.put(customer.as_str())?;
    }
    if let Some(staff_user) = &query.staff_user {
        out.put(staff_user.as_str())?;
    }
    if let Some(after) = query.after {
        out.put(after.created_at.millis())?;
        out.put(after.partition.0)?;
        // A cursor is a caller's: an offset that no record can have is as good as the largest that one can.
        out.put(i64::try_from(after.offset.0).unwrap_or(i64::MAX))?;
    }
    out.put(i64::try_from(query.limit.saturating_add(1)).unwrap_or(i64::MAX))?;
    let mut rows = out.all(row)?;
    let more = rows.len() > query.limit;
    rows.truncate(query.limit);
    Ok(AccessPage { rows, more })
}

fn row(columns: &mut ColumnReader<'_>) -> Result<AccessRow, Failure> {
    Ok(AccessRow {
        customer: columns.customer()?,
        source: columns.source()?,
        viewed_at: columns.time()?,
        event_id: columns.id(EventId::parse)?,
        staff_user: columns.word(StaffUserName::parse)?,
        staff_role: columns.word(StaffRole::parse)?,
        page: columns.word(PersonalDataPage::parse)?,
        fields: columns.word(AccessRow::parse_field_names)?,
    })
}
