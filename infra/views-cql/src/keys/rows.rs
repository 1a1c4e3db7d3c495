//! Key rows as columns, which conditions and operators can name.

use bytes::Bytes;
use domain::event::Fingerprint;
use domain::ids::{CustomerRef, EventId};
use domain::ports::{DataKey, KeyRow, KeyRowState, StoreError};
use domain::time::Timestamp;

use crate::statement::Cell;

type KeyColumns = (String, String, Option<i64>, Option<Vec<u8>>);

/// The columns by their names: there are more than a tuple of the driver has.
#[derive(scylla::DeserializeRow)]
pub(super) struct KeyCells {
    state: String,
    attempt_until: Option<i64>,
    registration_event_id: String,
    registration_fingerprint: Vec<u8>,
    external_id_hmac: Option<Vec<u8>>,
    profile_state: String,
    profile_key_id: String,
    profile_version: Option<i64>,
    profile_wrapped: Option<Vec<u8>>,
    biometric_state: String,
    biometric_key_id: String,
    biometric_version: Option<i64>,
    biometric_wrapped: Option<Vec<u8>>,
    evidence_state: String,
    evidence_key_id: String,
    evidence_version: Option<i64>,
    evidence_wrapped: Option<Vec<u8>>,
}

const PENDING: &str = "pending";
const ACTIVE: &str = "active";
const ABANDONED: &str = "abandoned";
const DESTROYED: &str = "destroyed";

pub(super) fn key(customer: &CustomerRef) -> [Cell; 2] {
    [Cell::Org(customer.org.clone()), Cell::Customer(customer.customer.clone())]
}

/// Until when an attempt may take effect; no attempt is null, as in rows of builds that did not keep it.
pub(super) fn attempt(attempt_until: Timestamp) -> Cell {
    if attempt_until == Timestamp::EPOCH { Cell::Null } else { Cell::time(attempt_until) }
}

/// The key, then the columns.
pub(super) fn cells(row: &KeyRow) -> Vec<Cell> {
    let mut cells: Vec<Cell> = key(&row.customer).into();
    cells.extend([
        Cell::Word(match row.state {
            KeyRowState::Pending { .. } => PENDING,
            KeyRowState::Active => ACTIVE,
            KeyRowState::Abandoned => ABANDONED,
        }),
        match row.state {
            KeyRowState::Pending { attempt_until } => attempt(attempt_until),
            KeyRowState::Active | KeyRowState::Abandoned => Cell::Null,
        },
        Cell::Text(row.registration_event_id.as_str().to_owned()),
        Cell::Blob(Bytes::copy_from_slice(&row.registration_fingerprint.0)),
        row.external_id_hmac.map_or(Cell::Null, |hmac| Cell::Blob(Bytes::copy_from_slice(&hmac))),
    ]);
    for key in &row.keys {
        cells.extend(match key {
            DataKey::Active { key_id, kms_version, wrapped } => [
                Cell::Word(ACTIVE),
                Cell::Text(key_id.clone()),
                Cell::Big(i64::from(*kms_version)),
                Cell::Blob(wrapped.clone()),
            ],
            DataKey::Destroyed { key_id } => {
                [Cell::Word(DESTROYED), Cell::Text(key_id.clone()), Cell::Null, Cell::Null]
            }
        });
    }
    cells
}

pub(super) fn decode(customer: &CustomerRef, cells: KeyCells) -> Result<KeyRow, StoreError> {
    let attempt_until = cells.attempt_until.map_or(Timestamp::EPOCH, Timestamp::from_millis);
    let hmac = cells.external_id_hmac.map(TryInto::try_into).transpose();
    Ok(KeyRow {
        customer: customer.clone(),
        state: match cells.state.as_str() {
            PENDING => KeyRowState::Pending { attempt_until },
            ACTIVE => KeyRowState::Active,
            ABANDONED => KeyRowState::Abandoned,
            _ => return Err(broken()),
        },
        keys: [
            data_key((
                cells.profile_state,
                cells.profile_key_id,
                cells.profile_version,
                cells.profile_wrapped,
            ))?,
            data_key((
                cells.biometric_state,
                cells.biometric_key_id,
                cells.biometric_version,
                cells.biometric_wrapped,
            ))?,
            data_key((
                cells.evidence_state,
                cells.evidence_key_id,
                cells.evidence_version,
                cells.evidence_wrapped,
            ))?,
        ],
        registration_event_id: EventId::parse(&cells.registration_event_id).map_err(|_| broken())?,
        registration_fingerprint: Fingerprint(
            cells.registration_fingerprint.try_into().map_err(|_| broken())?,
        ),
        external_id_hmac: hmac.map_err(|_| broken())?,
    })
}

fn data_key((state, key_id, version, wrapped): KeyColumns) -> Result<DataKey, StoreError> {
    match (state.as_str(), version, wrapped) {
        (ACTIVE, Some(version), Some(wrapped)) => Ok(DataKey::Active {
            key_id,
            kms_version: u32::try_from(version).map_err(|_| broken())?,
            wrapped: wrapped.into(),
        }),
        (DESTROYED, _, _) => Ok(DataKey::Destroyed { key_id }),
        _ => Err(broken()),
    }
}

fn broken() -> StoreError {
    StoreError::Corrupt("a key row that cannot be one".to_owned())
}
