//! The operator's look into a generation: the Inspection port. Each call is one read transaction, so what it
//! gives is of one moment.

use std::sync::LazyLock;

use async_trait::async_trait;
use domain::ids::{CustomerId, CustomerRef, OrgId};
use domain::ports::{Inspection, Stamped, StoreError};
use domain::rows::{
    CustomerState, EnrolmentRow, EventNote, FallbackRow, Generation, PositionRow, RecheckClosureRow,
    RecheckRow, ReferenceRow, ReviewRow, SignalRow, TallyKey, TallyRow, TierEventRow, VerificationRow,
    ViewRow, WriteTimestamp,
};
use rusqlite::Transaction;

use super::SqliteViews;
use super::tables::{StoredRow, put_tally_key};
use crate::columns::{ColumnReader, ParameterBinder};
use crate::pool::Failure;

/// Every table whose rows are about a customer.
const ABOUT_CUSTOMERS: [&str; 11] = [
    "state",
    "verification",
    "enrolment",
    "face_reference",
    "review",
    "tier_event",
    "signal",
    "note",
    "fallback",
    "recheck_closure",
    "recheck",
];

fn limit(rows: usize) -> i64 {
    i64::try_from(rows).unwrap_or(i64::MAX)
}

/// Ordered by org and customer: each table's part comes out of an index in that order and is merged.
fn customers(
    transaction: &Transaction<'_>,
    generation: Generation,
    after: Option<&CustomerRef>,
    rows: usize,
) -> Result<Vec<CustomerRef>, Failure> {
    static SQL: LazyLock<String> = LazyLock::new(|| {
        let part = |table: &&str| {
            format!("SELECT org, customer FROM {table} WHERE generation = ?1 AND (org, customer) > (?2, ?3)")
        };
        let parts: Vec<String> = ABOUT_CUSTOMERS.iter().map(part).collect();
        format!("{} ORDER BY 1, 2 LIMIT ?4", parts.join(" UNION "))
    });
    let mut out = ParameterBinder::new(transaction.prepare_cached(&SQL)?);
    put_page(&mut out, generation, after, rows)?;
    out.all(|columns| Ok(CustomerRef::new(columns.id(OrgId::parse)?, columns.id(CustomerId::parse)?)))
}

/// Binds generation, org, customer, limit. Nothing sorts before the empty text.
fn put_page(
    out: &mut ParameterBinder<'_>,
    generation: Generation,
    after: Option<&CustomerRef>,
    rows: usize,
) -> Result<(), Failure> {
    out.put(generation.0)?;
    out.put(after.map_or("", |customer| customer.org.as_str()))?;
    out.put(after.map_or("", |customer| customer.customer.as_str()))?;
    out.put(limit(rows))
}

fn rows_of_kind<T: StoredRow>(
    transaction: &Transaction<'_>,
    generation: Generation,
    customer: &CustomerRef,
    wrap: fn(T) -> ViewRow,
    rows: &mut Vec<Stamped>,
) -> Result<(), Failure> {
    let sql = format!(
        "SELECT write_ts, {} FROM {} WHERE generation = ?1 AND org = ?2 AND customer = ?3",
        T::TABLE.read_columns(),
        T::TABLE.name
    );
    let mut out = ParameterBinder::new(transaction.prepare_cached(&sql)?);
    out.put(generation.0)?;
    out.customer(customer)?;
    let take = |columns: &mut ColumnReader<'_>| -> Result<Stamped, Failure> {
        let at = WriteTimestamp::from_value(columns.int()?);
        Ok((at, wrap(T::take(columns)?)))
    };
    rows.extend(out.all(take)?);
    Ok(())
}

fn rows_of(
    transaction: &Transaction<'_>,
    generation: Generation,
    customer: &CustomerRef,
) -> Result<Vec<Stamped>, Failure> {
    let mut rows = Vec::new();
    let to = &mut rows;
    rows_of_kind::<CustomerState>(transaction, generation, customer, |r| ViewRow::State(Box::new(r)), to)?;
    rows_of_kind::<VerificationRow>(
        transaction,
        generation,
        customer,
        |row| ViewRow::Verification(Box::new(row)),
        to,
    )?;
    rows_of_kind::<EnrolmentRow>(transaction, generation, customer, ViewRow::Enrolment, to)?;
    rows_of_kind::<ReferenceRow>(transaction, generation, customer, ViewRow::Reference, to)?;
    rows_of_kind::<ReviewRow>(transaction, generation, customer, |r| ViewRow::Review(Box::new(r)), to)?;
    rows_of_kind::<TierEventRow>(transaction, generation, customer, ViewRow::TierEvent, to)?;
    rows_of_kind::<SignalRow>(transaction, generation, customer, ViewRow::Signal, to)?;
    rows_of_kind::<EventNote>(transaction, generation, customer, ViewRow::Note, to)?;
    rows_of_kind::<FallbackRow>(transaction, generation, customer, ViewRow::Fallback, to)?;
    rows_of_kind::<RecheckClosureRow>(transaction, generation, customer, ViewRow::RecheckClosure, to)?;
    rows_of_kind::<RecheckRow>(transaction, generation, customer, |r| ViewRow::Recheck(Box::new(r)), to)?;
    Ok(rows)
}

fn tallies(
    transaction: &Transaction<'_>,
    generation: Generation,
    after: Option<&TallyKey>,
    rows: usize,
) -> Result<Vec<TallyRow>, Failure> {
    let key = TallyRow::TABLE.key.join(", ");
    let beyond =
        if after.is_some() { format!(" AND ({key}) > (?3, ?4, ?5, ?6, ?7, ?8, ?9)") } else { String::new() };
    let sql = format!(
        "SELECT {} FROM tally WHERE generation = ?1{beyond} ORDER BY {key} LIMIT ?2",
        TallyRow::TABLE.read_columns()
    );
    let mut out = ParameterBinder::new(transaction.prepare_cached(&sql)?);
    out.put(generation.0)?;
    out.put(limit(rows))?;
    if let Some(after) = after {
        put_tally_key(after, &mut out)?;
    }
    out.all(TallyRow::take)
}

fn counts_categories(transaction: &Transaction<'_>, generation: Generation) -> Result<bool, Failure> {
    let sql = "SELECT 1 FROM tallies_without_categories WHERE generation = ?1";
    let mut out = ParameterBinder::new(transaction.prepare_cached(sql)?);
    out.put(generation.0)?;
    Ok(out.first(|_| Ok(()))?.is_none())
}

fn quarantined(
    transaction: &Transaction<'_>,
    generation: Generation,
    after: Option<&CustomerRef>,
    rows: usize,
) -> Result<Vec<CustomerState>, Failure> {
    let sql = format!(
        "SELECT {} FROM state INDEXED BY state_quarantined WHERE generation = ?1 \
         AND quarantined = 1 AND (org, customer) > (?2, ?3) ORDER BY org, customer LIMIT ?4",
        CustomerState::TABLE.read_columns()
    );
    let mut out = ParameterBinder::new(transaction.prepare_cached(&sql)?);
    put_page(&mut out, generation, after, rows)?;
    out.all(CustomerState::take)
}

fn positions(transaction: &Transaction<'_>, generation: Generation) -> Result<Vec<PositionRow>, Failure> {
    let sql = format!(
        "SELECT {} FROM position WHERE generation = ?1 ORDER BY topic_id, log_partition",
        PositionRow::TABLE.read_columns()
    );
    let mut out = ParameterBinder::new(transaction.prepare_cached(&sql)?);
    out.put(generation.0)?;
    out.all(PositionRow::take)
}

#[async_trait]
impl Inspection for SqliteViews {
    async fn customers(
        &self,
        generation: Generation,
        after: Option<&CustomerRef>,
        limit: usize,
    ) -> Result<Vec<CustomerRef>, StoreError> {
        let after = after.cloned();
        self.pool.read(move |transaction| customers(transaction, generation, after.as_ref(), limit)).await
    }

    async fn rows_of(
        &self,
        generation: Generation,
        customers: &[CustomerRef],
    ) -> Result<Vec<Vec<Stamped>>, StoreError> {
        let customers = customers.to_vec();
        self.pool
            .read(move |transaction| {
                customers.iter().map(|customer| rows_of(transaction, generation, customer)).collect()
            })
            .await
    }

    async fn counts_categories(&self, generation: Generation) -> Result<bool, StoreError> {
        self.pool.read(move |transaction| counts_categories(transaction, generation)).await
    }

    async fn tallies(
        &self,
        generation: Generation,
        after: Option<&TallyKey>,
        limit: usize,
    ) -> Result<Vec<TallyRow>, StoreError> {
        let after = after.cloned();
        self.pool.read(move |transaction| tallies(transaction, generation, after.as_ref(), limit)).await
    }

    async fn quarantined(
        &self,
        generation: Generation,
        after: Option<&CustomerRef>,
        limit: usize,
    ) -> Result<Vec<CustomerState>, StoreError> {
        let after = after.cloned();
        self.pool.read(move |transaction| quarantined(transaction, generation, after.as_ref(), limit)).await
    }

    async fn positions(&self, generation: Generation) -> Result<Vec<PositionRow>, StoreError> {
        self.pool.read(move |transaction| positions(transaction, generation)).await
    }
}
