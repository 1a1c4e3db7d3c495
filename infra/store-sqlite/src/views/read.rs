//! Reading rows by name, a customer's rows, and the books. Lists of verifications are in `attempts`. Runs
//! inside the caller's transaction.

use std::sync::LazyLock;

use domain::event::Offset;
use domain::ids::{CustomerRef, OrgId, VerificationId};
use domain::limits::KYC_ROWS_MAX;
use domain::ports::{EnrolmentsPage, EnrolmentsPicker, KycRows, PageRequest, VerificationView};
use domain::rows::{
    BooksRow, CustomerState, EnrolmentRow, EventNote, Generation, PositionRow, RecheckClosureRow,
    ReferenceRow, ReviewRow, RowKey, SignalRow, TallyRow, TierEventRow, VerificationRow, VerificationStatus,
    ViewRow,
};
use domain::time::Timestamp;
use rusqlite::{OptionalExtension as _, Transaction};

use super::limits::SIGNALS_MAX;
use super::tables::{StoredRow, put_tally_key};
use crate::columns::ParameterBinder;
use crate::pool::Failure;

/// The row of that name.
pub(super) fn row(
    transaction: &Transaction<'_>,
    generation: Generation,
    key: &RowKey,
) -> Result<Option<ViewRow>, Failure> {
    Ok(match key {
        RowKey::State(customer) => {
            self::customer(transaction, generation, customer)?.map(|row| ViewRow::State(Box::new(row)))
        }
        RowKey::Verification(org, id) => verification_row(transaction, generation, org, id)?
            .map(|row| ViewRow::Verification(Box::new(row))),
        RowKey::Reference(customer, id) => ReferenceRow::find(transaction, generation, |out| {
            out.customer(customer)?;
            out.put(id.as_str())
        })?
        .map(ViewRow::Reference),
        RowKey::Review(org, id) => {
            review_row(transaction, generation, org, id)?.map(|row| ViewRow::Review(Box::new(row)))
        }
        RowKey::Fallback(org, id) => {
            super::rechecks::fallback(transaction, generation, org, id)?.map(ViewRow::Fallback)
        }
        RowKey::RecheckClosure(org, id) => RecheckClosureRow::find(transaction, generation, |out| {
            out.put(org.as_str())?;
            out.put(id.as_str())
        })?
        .map(ViewRow::RecheckClosure),
        RowKey::Note(customer, source) => EventNote::find(transaction, generation, |out| {
            out.customer(customer)?;
            out.source(source)
        })?
        .map(ViewRow::Note),
        RowKey::Tally(key) => {
            TallyRow::find(transaction, generation, |out| put_tally_key(key, out))?.map(ViewRow::Tally)
        }
        RowKey::Books(key) => BooksRow::find(transaction, generation, |out| {
            out.put(key.org.as_str())?;
            out.put(key.partition.0)
        })?
        .map(ViewRow::Books),
        RowKey::Position(topic_id, partition) => PositionRow::find(transaction, generation, |out| {
            out.put(topic_id.0.as_slice())?;
            out.put(partition.0)
        })?
        .map(ViewRow::Position),
    })
}

/// A customer's state.
pub(super) fn customer(
    transaction: &Transaction<'_>,
    generation: Generation,
    customer: &CustomerRef,
) -> Result<Option<CustomerState>, Failure> {
    CustomerState::find(transaction, generation, |out| out.customer(customer))
}

fn verification_row(
    transaction: &Transaction<'_>,
    generation: Generation,
    org: &OrgId,
    id: &VerificationId,
) -> Result<Option<VerificationRow>, Failure> {
    VerificationRow::find(transaction, generation, |out| {
        out.put(org.as_str())?;
        out.put(id.as_str())
    })
}

fn review_row(
    transaction: &Transaction<'_>,
    generation: Generation,
    org: &OrgId,
    id: &VerificationId,
) -> Result<Option<ReviewRow>, Failure> {
    ReviewRow::find(transaction, generation, |out| {
        out.put(org.as_str())?;
        out.put(id.as_str())
    })
}

/// A verification with its signals, and its enrolment unless that was erased.
pub(super) fn verification(
    transaction: &Transaction<'_>,
    generation: Generation,
    org: &OrgId,
    id: &VerificationId,
) -> Result<Option<(VerificationView, Option<EnrolmentRow>)>, Failure> {
    let Some(row) = verification_row(transaction, generation, org, id)? else { return Ok(None) };
    let view = with_signals(transaction, generation, row)?;
    let enrolment = match view.enrolment() {
        Some(id) => EnrolmentRow::find(transaction, generation, |out| {
            out.customer(&view.row.customer)?;
            out.put(id.as_str())
        })?,
        None => None,
    };
    Ok(Some((view, enrolment)))
}

/// A page of a customer's face references: one pass over all of them, which no index puts in the list's order. A
/// customer has few, and an index would be written with every verdict.
pub(super) fn enrolments(
    transaction: &Transaction<'_>,
    generation: Generation,
    customer: &CustomerRef,
    page: &PageRequest,
) -> Result<EnrolmentsPage, Failure> {
    static SQL: LazyLock<String> = LazyLock::new(|| {
        format!(
            "SELECT {} FROM enrolment WHERE generation = ?1 AND org = ?2 AND customer = ?3",
            EnrolmentRow::TABLE.read_columns()
        )
    });
    let mut out = ParameterBinder::new(transaction.prepare_cached(&SQL)?);
    out.put(generation.0)?;
    out.customer(customer)?;
    let mut picker = EnrolmentsPicker::new(page);
    out.all(|columns| {
        picker.take(EnrolmentRow::take(columns)?);
        Ok(())
    })?;
    Ok(picker.page())
}

/// Joins a verification's signals to it, oldest first, and the review of a pending one. One statement per row: SQLite is in the process, so
/// nothing is saved by asking for several rows at once, and each row keeps its own bound.
pub(super) fn with_signals(
    transaction: &Transaction<'_>,
    generation: Generation,
    row: VerificationRow,
) -> Result<VerificationView, Failure> {
    static SQL: LazyLock<String> = LazyLock::new(|| {
        format!(
            "SELECT {} FROM signal INDEXED BY signal_of_verification \
             WHERE generation = ?1 AND org = ?2 AND verification_id = ?3 \
             ORDER BY created_at, log_partition, log_offset LIMIT ?4",
            SignalRow::TABLE.read_columns()
        )
    });
    let mut out = ParameterBinder::new(transaction.prepare_cached(&SQL)?);
    out.put(generation.0)?;
    out.put(row.customer.org.as_str())?;
    out.put(row.id.as_str())?;
    out.put(SIGNALS_MAX)?;
    let signals = out.all(SignalRow::take)?;
    let review = match row.status {
        VerificationStatus::Pending => review_row(transaction, generation, &row.customer.org, &row.id)?,
        VerificationStatus::Verified | VerificationStatus::Failed => None,
    };
    Ok(VerificationView { row, signals, review })
}

/// A customer's verifications, their reviews and tier changes up to a time, newest first.
pub(super) fn kyc_rows(
    transaction: &Transaction<'_>,
    generation: Generation,
    customer: &CustomerRef,
    as_of: Option<Timestamp>,
) -> Result<KycRows, Failure> {
    static VERIFICATIONS: LazyLock<String> =
        LazyLock::new(|| newest_of_customer::<VerificationRow>("verification_of_customer"));
    static HISTORY: LazyLock<String> =
        LazyLock::new(|| newest_of_customer::<TierEventRow>("tier_event_of_customer"));
    static REVIEWS: LazyLock<String> =
        LazyLock::new(|| newest_of_customer::<ReviewRow>("review_of_customer"));
    let ask = |sql: &str| -> Result<ParameterBinder<'_>, Failure> {
        let mut out = ParameterBinder::new(transaction.prepare_cached(sql)?);
        out.put(generation.0)?;
        out.customer(customer)?;
        out.put(as_of.map_or(i64::MAX, Timestamp::millis))?;
        out.put(i64::try_from(KYC_ROWS_MAX).unwrap_or(i64::MAX))?;
        Ok(out)
    };
    Ok(KycRows {
        verifications: ask(&VERIFICATIONS)?.all(VerificationRow::take)?,
        history: ask(&HISTORY)?.all(TierEventRow::take)?,
        reviews: ask(&REVIEWS)?.all(ReviewRow::take)?,
    })
}

fn newest_of_customer<T: StoredRow>(index: &str) -> String {
    format!(
        "SELECT {} FROM {} INDEXED BY {index} \
         WHERE generation = ?1 AND org = ?2 AND customer = ?3 AND created_at <= ?4 \
         ORDER BY created_at DESC, log_partition DESC, log_offset DESC LIMIT ?5",
        T::TABLE.read_columns(),
        T::TABLE.name,
    )
}

/// The ids of a customer's verifications, unless there are more than `limit`.
pub(super) fn verification_ids(
    transaction: &Transaction<'_>,
    generation: Generation,
    customer: &CustomerRef,
    limit: usize,
) -> Result<Option<Vec<VerificationId>>, Failure> {
    let sql = "SELECT id FROM verification INDEXED BY verification_of_customer
               WHERE generation = ?1 AND org = ?2 AND customer = ?3 LIMIT ?4";
    let mut out = ParameterBinder::new(transaction.prepare_cached(sql)?);
    out.put(generation.0)?;
    out.customer(customer)?;
    // The first one too many says that there are more.
    out.put(i64::try_from(limit.saturating_add(1)).unwrap_or(i64::MAX))?;
    let ids = out.all(|columns| columns.id(VerificationId::parse))?;
    Ok((ids.len() <= limit).then_some(ids))
}

/// Notes of events that wait for their customer's release.
pub(super) fn waiting(
    transaction: &Transaction<'_>,
    generation: Generation,
    customer: &CustomerRef,
    from: Offset,
    limit: usize,
) -> Result<Vec<EventNote>, Failure> {
    static SQL: LazyLock<String> = LazyLock::new(|| {
        format!(
            "SELECT {} FROM note INDEXED BY note_waiting \
             WHERE generation = ?1 AND org = ?2 AND customer = ?3 AND log_offset >= ?4 \
             AND waits = 1 ORDER BY log_offset LIMIT ?5",
            EventNote::TABLE.read_columns()
        )
    });
    let mut out = ParameterBinder::new(transaction.prepare_cached(&SQL)?);
    out.put(generation.0)?;
    out.customer(customer)?;
    out.number(from.0)?;
    out.put(i64::try_from(limit).unwrap_or(i64::MAX))?;
    out.all(EventNote::take)
}

/// All books of a generation: as many as orgs times partitions.
pub(super) fn books(transaction: &Transaction<'_>, generation: Generation) -> Result<Vec<BooksRow>, Failure> {
    static SQL: LazyLock<String> = LazyLock::new(|| {
        format!(
            "SELECT {} FROM books WHERE generation = ?1 ORDER BY org, log_partition",
            BooksRow::TABLE.read_columns()
        )
    });
    let mut out = ParameterBinder::new(transaction.prepare_cached(&SQL)?);
    out.put(generation.0)?;
    out.all(BooksRow::take)
}

/// The generation that answers.
pub(super) fn generation(transaction: &Transaction<'_>) -> Result<Generation, Failure> {
    let number = transaction
        .prepare_cached("SELECT generation FROM pointer WHERE only = 1")?
        .query_row([], |row| row.get(0))
        .optional()?;
    Ok(Generation(number.unwrap_or(1)))
}
