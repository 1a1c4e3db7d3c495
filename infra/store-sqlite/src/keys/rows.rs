//! The key rows' statements. Every write is conditional; each runs inside the caller's transaction.

use bytes::Bytes;
use domain::event::Fingerprint;
use domain::ids::{CustomerId, CustomerRef, EventId, OrgId};
use domain::ports::{ABANDONED_PURPOSES, Claimed, Created, DataKey, KeyRow, KeyRowState, PendingStep};
use domain::sealed::{Purpose, Purposes};
use domain::time::Timestamp;
use rusqlite::{OptionalExtension as _, Transaction, params};

use crate::columns::{ColumnReader, ParameterBinder};
use crate::pool::Failure;

const PENDING: &str = "pending";
const ACTIVE: &str = "active";

/// A state's columns: the word, until when an attempt may take effect, whether it was abandoned.
fn state_columns(state: KeyRowState) -> (&'static str, Option<i64>, bool) {
    match state {
        KeyRowState::Pending { attempt_until } => (PENDING, attempt_column(attempt_until), false),
        KeyRowState::Active => (ACTIVE, None, false),
        KeyRowState::Abandoned => (PENDING, None, true),
    }
}

fn attempt_column(attempt_until: Timestamp) -> Option<i64> {
    (attempt_until != Timestamp::EPOCH).then(|| attempt_until.millis())
}

fn parse_state(word: &str, attempt_until: Option<i64>, abandoned: bool) -> Option<KeyRowState> {
    let attempt_until = attempt_until.map_or(Timestamp::EPOCH, Timestamp::from_millis);
    match (word, abandoned) {
        (PENDING, true) => Some(KeyRowState::Abandoned),
        (PENDING, false) => Some(KeyRowState::Pending { attempt_until }),
        (ACTIVE, false) => Some(KeyRowState::Active),
        _ => None,
    }
}

/// A customer's id as it was written.
pub(super) fn customer_id(text: &str) -> Result<CustomerId, Failure> {
    CustomerId::parse(text).map_err(|_| Failure::Stored("not a customer's id"))
}

/// Inserts the row unless there is one.
pub(super) fn create(transaction: &Transaction<'_>, row: &KeyRow) -> Result<Created, Failure> {
    if let Some(existing) = get(transaction, &row.customer)? {
        return Ok(Created::Existing(Box::new(existing)));
    }
    let mut out = ParameterBinder::new(transaction.prepare_cached(
        "INSERT INTO key_row (org, customer, state, attempt_until, abandoned, registration_event_id, \
         registration_fingerprint, external_id_hmac) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?);
    let (word, attempt_until, abandoned) = state_columns(row.state);
    out.customer(&row.customer)?;
    out.put(word)?;
    out.put(attempt_until)?;
    out.put(abandoned)?;
    out.put(row.registration_event_id.as_str())?;
    out.put(row.registration_fingerprint.0.as_slice())?;
    out.put(row.external_id_hmac.as_ref().map(<[u8; 32]>::as_slice))?;
    out.execute()?;
    for purpose in Purpose::ALL {
        insert_key(transaction, &row.customer, purpose, row.key(purpose))?;
    }
    Ok(Created::New)
}

fn insert_key(
    transaction: &Transaction<'_>,
    customer: &CustomerRef,
    purpose: Purpose,
    key: &DataKey,
) -> Result<(), Failure> {
    let (key_id, version, wrapped) = match key {
        DataKey::Active { key_id, kms_version, wrapped } => {
            (key_id, Some(*kms_version), Some(append(transaction, wrapped)?))
        }
        DataKey::Destroyed { key_id } => (key_id, None, None),
    };
    let mut out = ParameterBinder::new(transaction.prepare_cached(
        "INSERT INTO data_key (org, customer, purpose, key_id, kms_version, wrapped) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?);
    out.customer(customer)?;
    out.put(purpose.as_str())?;
    out.put(key_id.as_str())?;
    out.put(version)?;
    out.put(wrapped)?;
    out.execute()
}

/// Puts wrapped bytes at the table's end; its row from there on stays where it is.
pub(super) fn append(transaction: &Transaction<'_>, wrapped: &[u8]) -> Result<i64, Failure> {
    transaction.prepare_cached("INSERT INTO wrapped_key (bytes) VALUES (?1)")?.execute([wrapped])?;
    Ok(transaction.last_insert_rowid())
}

/// The row.
pub(super) fn get(transaction: &Transaction<'_>, customer: &CustomerRef) -> Result<Option<KeyRow>, Failure> {
    let mut out = ParameterBinder::new(transaction.prepare_cached(
        "SELECT org, customer, state, attempt_until, abandoned, registration_event_id, \
         registration_fingerprint, external_id_hmac FROM key_row WHERE org = ?1 AND customer = ?2",
    )?);
    out.customer(customer)?;
    out.first(|columns| {
        Ok(KeyRow {
            customer: columns.customer()?,
            state: {
                let (word, attempt_until, abandoned) =
                    (columns.text()?, columns.maybe_int()?, columns.bits()? == 1);
                parse_state(word, attempt_until, abandoned)
                    .ok_or(Failure::Stored("a word this build does not know"))?
            },
            registration_event_id: columns.id(EventId::parse)?,
            registration_fingerprint: Fingerprint(columns.bytes()?),
            external_id_hmac: columns.maybe_bytes()?,
            keys: data_keys(transaction, customer)?,
        })
    })
}

fn data_keys(transaction: &Transaction<'_>, customer: &CustomerRef) -> Result<[DataKey; 3], Failure> {
    let mut out = ParameterBinder::new(transaction.prepare_cached(
        "SELECT d.purpose, d.key_id, d.kms_version, w.bytes FROM data_key AS d \
         LEFT JOIN wrapped_key AS w ON w.id = d.wrapped WHERE d.org = ?1 AND d.customer = ?2",
    )?);
    out.customer(customer)?;
    let mut keys = [None, None, None];
    for (purpose, key) in out.all(data_key)? {
        keys[purpose as usize] = Some(key);
    }
    match keys {
        [Some(profile), Some(biometric), Some(evidence)] => Ok([profile, biometric, evidence]),
        _ => Err(Failure::Stored("a customer without a data key of each purpose")),
    }
}

fn data_key(columns: &mut ColumnReader<'_>) -> Result<(Purpose, DataKey), Failure> {
    let purpose = columns.word(Purpose::parse)?;
    let key_id = columns.text()?.to_owned();
    let key = match (columns.maybe_small()?, columns.maybe_blob()?) {
        (Some(kms_version), Some(wrapped)) => {
            DataKey::Active { key_id, kms_version, wrapped: Bytes::copy_from_slice(wrapped) }
        }
        (None, None) => DataKey::Destroyed { key_id },
        _ => return Err(Failure::Stored("a data key that is neither active nor destroyed")),
    };
    Ok((purpose, key))
}

/// From pending to active. False when there is no row, or an abandoned one.
pub(super) fn activate(transaction: &Transaction<'_>, customer: &CustomerRef) -> Result<bool, Failure> {
    let rows = transaction
        .prepare_cached(
            "UPDATE key_row SET state = 'active', attempt_until = NULL \
             WHERE org = ?1 AND customer = ?2 AND abandoned = 0",
        )?
        .execute(params![customer.org.as_str(), customer.customer.as_str()])?;
    Ok(rows > 0)
}

/// A step of a row that is pending with that latest attempt. False when there is no such row.
pub(super) fn advance_pending(
    transaction: &Transaction<'_>,
    customer: &CustomerRef,
    attempt_until: Timestamp,
    next: PendingStep,
) -> Result<bool, Failure> {
    let (_, next_until, abandoned) = state_columns(match next {
        PendingStep::Attempt(attempt_until) => KeyRowState::Pending { attempt_until },
        PendingStep::Abandon => KeyRowState::Abandoned,
    });
    let rows = transaction
        .prepare_cached(
            "UPDATE key_row SET attempt_until = ?4, abandoned = ?5 WHERE org = ?1 AND customer = ?2 \
             AND state = 'pending' AND abandoned = 0 AND attempt_until IS ?3",
        )?
        .execute(params![
            customer.org.as_str(),
            customer.customer.as_str(),
            attempt_column(attempt_until),
            next_until,
            abandoned
        ])?;
    if rows > 0 && abandoned {
        destroy(transaction, customer, ABANDONED_PURPOSES)?;
    }
    Ok(rows > 0)
}

/// Where the wrapped bytes of a purpose lie, how many, and under which version; none once destroyed.
fn place(
    transaction: &Transaction<'_>,
    customer: &CustomerRef,
    purpose: Purpose,
) -> Result<Option<(i64, usize, u32)>, Failure> {
    Ok(transaction
        .prepare_cached(
            "SELECT w.id, length(w.bytes), d.kms_version FROM data_key AS d \
             JOIN wrapped_key AS w ON w.id = d.wrapped \
             WHERE d.org = ?1 AND d.customer = ?2 AND d.purpose = ?3",
        )?
        .query_row(params![customer.org.as_str(), customer.customer.as_str(), purpose.as_str()], |row| {
            Ok((row.get(0)?, row.get::<_, u32>(1)? as usize, row.get(2)?))
        })
        .optional()?)
}

/// Replaces a purpose's wrapping if it is active and still under the old version.
pub(super) fn rewrap(
    transaction: &Transaction<'_>,
    customer: &CustomerRef,
    purpose: Purpose,
    old_version: u32,
    new_version: u32,
    wrapped: &[u8],
) -> Result<bool, Failure> {
    let Some((old, length, version)) = place(transaction, customer, purpose)? else { return Ok(false) };
    if version != old_version {
        return Ok(false);
    }
    let now = if length == wrapped.len() {
        overwrite(transaction, old, wrapped)?;
        old
    } else {
        // Another length would move the row within its page or out of it.
        overwrite(transaction, old, &vec![0; length])?;
        append(transaction, wrapped)?
    };
    transaction
        .prepare_cached(
            "UPDATE data_key SET kms_version = ?4, wrapped = ?5 \
             WHERE org = ?1 AND customer = ?2 AND purpose = ?3",
        )?
        .execute(params![
            customer.org.as_str(),
            customer.customer.as_str(),
            purpose.as_str(),
            new_version,
            now
        ])?;
    Ok(true)
}

pub(super) fn overwrite(transaction: &Transaction<'_>, place: i64, bytes: &[u8]) -> Result<(), Failure> {
    transaction
        .prepare_cached("UPDATE wrapped_key SET bytes = ?2 WHERE id = ?1")?
        .execute(params![place, bytes])?;
    Ok(())
}

/// Overwrites the wrapped keys of those purposes with zeros, and blanks what else is of a profile. False when there is no row.
pub(super) fn destroy(
    transaction: &Transaction<'_>,
    customer: &CustomerRef,
    purposes: Purposes,
) -> Result<bool, Failure> {
    for purpose in purposes.iter() {
        let Some((place, length, _)) = place(transaction, customer, purpose)? else { continue };
        overwrite(transaction, place, &vec![0; length])?;
        transaction
            .prepare_cached(
                "UPDATE data_key SET kms_version = NULL, wrapped = NULL \
                 WHERE org = ?1 AND customer = ?2 AND purpose = ?3",
            )?
            .execute(params![customer.org.as_str(), customer.customer.as_str(), purpose.as_str()])?;
    }
    if purposes.contains(Purpose::Profile) {
        transaction
            .prepare_cached("UPDATE key_row SET external_id_hmac = NULL WHERE org = ?1 AND customer = ?2")?
            .execute(params![customer.org.as_str(), customer.customer.as_str()])?;
    }
    let there = transaction
        .prepare_cached("SELECT 1 FROM key_row WHERE org = ?1 AND customer = ?2")?
        .exists(params![customer.org.as_str(), customer.customer.as_str()])?;
    Ok(there)
}

/// Claims the external id unless another customer has it.
pub(super) fn claim(
    transaction: &Transaction<'_>,
    org: &OrgId,
    hmac: &[u8; 32],
    customer: &CustomerId,
) -> Result<Claimed, Failure> {
    transaction
        .prepare_cached(
            "INSERT INTO external_id (org, hmac, customer) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
        )?
        .execute(params![org.as_str(), hmac.as_slice(), customer.as_str()])?;
    let whose: String = transaction
        .prepare_cached("SELECT customer FROM external_id WHERE org = ?1 AND hmac = ?2")?
        .query_row(params![org.as_str(), hmac.as_slice()], |row| row.get(0))?;
    if whose == customer.as_str() { Ok(Claimed::Ours) } else { Ok(Claimed::Taken(customer_id(&whose)?)) }
}
