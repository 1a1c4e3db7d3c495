//! Writing rows, each by its timestamp, and giving topics their epochs. Runs inside the caller's transaction.

use domain::event::TopicId;
use domain::ids::CustomerRef;
use domain::rows::{EPOCH_LIMIT, Epoch, Generation, ViewRow, ViewWrite, WriteTimestamp};
use rusqlite::{OptionalExtension as _, Transaction, params};

use super::tables::StoredRow as _;
use crate::pool::Failure;

/// Writes a row unless a later write stands there.
pub(super) fn row(
    transaction: &Transaction<'_>,
    generation: Generation,
    write: &ViewWrite,
) -> Result<(), Failure> {
    let at = write.at;
    match &write.row {
        ViewRow::Verification(row) => row.write(transaction, generation, at),
        ViewRow::Enrolment(row) => row.write(transaction, generation, at),
        ViewRow::Reference(row) => row.write(transaction, generation, at),
        ViewRow::Review(row) => row.write(transaction, generation, at),
        ViewRow::TierEvent(row) => row.write(transaction, generation, at),
        ViewRow::Signal(row) => row.write(transaction, generation, at),
        ViewRow::Note(row) => row.write(transaction, generation, at),
        ViewRow::Fallback(row) => row.write(transaction, generation, at),
        ViewRow::RecheckClosure(row) => row.write(transaction, generation, at),
        ViewRow::Recheck(row) => row.write(transaction, generation, at),
        ViewRow::EraseEnrolments(customer) => erase_enrolments(transaction, generation, customer, at),
        ViewRow::State(row) => row.write(transaction, generation, at),
        ViewRow::Tally(row) => row.write(transaction, generation, at),
        ViewRow::Books(row) => row.write(transaction, generation, at),
        ViewRow::Position(row) => row.write(transaction, generation, at),
    }
}

/// Deletes what is there, and leaves the tombstone that keeps a zombie's older enrolment away.
fn erase_enrolments(
    transaction: &Transaction<'_>,
    generation: Generation,
    customer: &CustomerRef,
    at: WriteTimestamp,
) -> Result<(), Failure> {
    let (org, customer) = (customer.org.as_str(), customer.customer.as_str());
    transaction
        .prepare_cached(
            "INSERT INTO enrolment_erasure (generation, write_ts, org, customer) VALUES (?1, ?2, ?3, ?4) \
             ON CONFLICT (generation, org, customer) DO UPDATE SET write_ts = excluded.write_ts \
             WHERE excluded.write_ts > enrolment_erasure.write_ts",
        )?
        .execute(params![generation.0, at.value(), org, customer])?;
    transaction
        .prepare_cached(
            "DELETE FROM enrolment WHERE generation = ?1 AND org = ?3 AND customer = ?4 AND write_ts <= ?2",
        )?
        .execute(params![generation.0, at.value(), org, customer])?;
    Ok(())
}

/// The topic's epoch, given now unless it has one. The write transaction lets one claim after the other in.
pub(super) fn claim_epoch(transaction: &Transaction<'_>, topic_id: TopicId) -> Result<Epoch, Failure> {
    let stands: Option<u32> = transaction
        .query_row("SELECT number FROM epoch WHERE topic_id = ?1", [topic_id.0.as_slice()], |row| row.get(0))
        .optional()?;
    if let Some(number) = stands {
        return Ok(Epoch(number));
    }
    let next: u32 =
        transaction.query_row("SELECT coalesce(max(number), 0) + 1 FROM epoch", [], |row| row.get(0))?;
    if next >= EPOCH_LIMIT {
        return Err(Failure::Stored("every epoch is given: the events topic was made anew too often"));
    }
    transaction.execute(
        "INSERT INTO epoch (topic_id, number) VALUES (?1, ?2)",
        params![topic_id.0.as_slice(), next],
    )?;
    Ok(Epoch(next))
}
