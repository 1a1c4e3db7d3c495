//! Which customers brought which NIK: written by customer, so that an erasure needs no tag, and read by tag. Runs inside the
//! caller's transaction.

use domain::ids::{CustomerId, CustomerRef, OrgId};
use domain::nik::NikTag;
use domain::rows::{Generation, NikHolderRow, WriteTimestamp};
use rusqlite::{Transaction, params};

use crate::columns::ParameterBinder;
use crate::pool::Failure;

/// Writes a row, unless the customer was erased later.
pub(super) fn hold(
    transaction: &Transaction<'_>,
    generation: Generation,
    row: &NikHolderRow,
    at: WriteTimestamp,
) -> Result<(), Failure> {
    let NikHolderRow { customer, tag } = row;
    transaction
        .prepare_cached(
            "INSERT INTO nik_holder (generation, write_ts, org, customer, tag) SELECT ?1, ?2, ?3, ?4, ?5 \
             WHERE NOT EXISTS (SELECT 1 FROM nik_erasure AS e WHERE e.generation = ?1 \
                               AND e.org = ?3 AND e.customer = ?4 AND e.write_ts >= ?2) \
             ON CONFLICT (generation, org, customer, tag) DO UPDATE SET write_ts = excluded.write_ts \
             WHERE excluded.write_ts > nik_holder.write_ts",
        )?
        .execute(params![
            generation.0,
            at.value(),
            customer.org.as_str(),
            customer.customer.as_str(),
            tag.0.as_slice()
        ])?;
    Ok(())
}

/// Deletes what is there, and leaves the tombstone that keeps a zombie's older row away.
pub(super) fn erase(
    transaction: &Transaction<'_>,
    generation: Generation,
    customer: &CustomerRef,
    at: WriteTimestamp,
) -> Result<(), Failure> {
    let whose = params![generation.0, at.value(), customer.org.as_str(), customer.customer.as_str()];
    transaction
        .prepare_cached(
            "INSERT INTO nik_erasure (generation, write_ts, org, customer) VALUES (?1, ?2, ?3, ?4) \
             ON CONFLICT (generation, org, customer) DO UPDATE SET write_ts = excluded.write_ts \
             WHERE excluded.write_ts > nik_erasure.write_ts",
        )?
        .execute(whose)?;
    transaction
        .prepare_cached(
            "DELETE FROM nik_holder WHERE generation = ?1 AND org = ?3 AND customer = ?4 AND write_ts <= ?2",
        )?
        .execute(whose)?;
    Ok(())
}

/// Who brought the NIK.
pub(super) fn holders(
    transaction: &Transaction<'_>,
    generation: Generation,
    org: &OrgId,
    tag: NikTag,
    limit: usize,
) -> Result<Vec<CustomerId>, Failure> {
    let sql = "SELECT customer FROM nik_holder INDEXED BY nik_holder_of_tag \
               WHERE generation = ?1 AND org = ?2 AND tag = ?3 ORDER BY customer LIMIT ?4";
    let mut out = ParameterBinder::new(transaction.prepare_cached(sql)?);
    out.put(generation.0)?;
    out.put(org.as_str())?;
    out.put(tag.0.as_slice())?;
    out.put(i64::try_from(limit).unwrap_or(i64::MAX))?;
    out.all(|columns| columns.id(CustomerId::parse))
}
