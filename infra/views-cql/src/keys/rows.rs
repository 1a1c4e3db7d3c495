//! Key rows as columns, which conditions and operators can name.

use bytes::Bytes;
use domain::event::Fingerprint;
use domain::ids::{CustomerRef, EventId};
use domain::ports::{DataKey, KeyRow, KeyRowState, StoreError};

use crate::statement::Cell;

type KeyColumns = (String, String, Option<i64>, Option<Vec<u8>>);

/// The columns as they are selected.
pub(super) type KeyCells = (
    String,
    String,
    Vec<u8>,
    Option<Vec<u8>>,
    String,
    String,
    Option<i64>,
    Option<Vec<u8>>,
    String,
    String,
    Option<i64>,
    Option<Vec<u8>>,
    String,
    String,
    Option<i64>,
    Option<Vec<u8>>,
);

const PENDING: &str = "pending";
const ACTIVE: &str = "active";
const DESTROYED: &str = "destroyed";

pub(super) fn key(customer: &CustomerRef) -> [Cell; 2] {
    [Cell::Org(customer.org.clone()), Cell::Customer(customer.customer.clone())]
}

/// The key, then the columns.
pub(super) fn cells(row: &KeyRow) -> Vec<Cell> {
    let mut cells: Vec<Cell> = key(&row.customer).into();
    cells.extend([
        Cell::Word(match row.state {
            KeyRowState::Pending => PENDING,
            KeyRowState::Active => ACTIVE,
        }),
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
    let (state, event, fingerprint, hmac, s0, i0, v0, w0, s1, i1, v1, w1, s2, i2, v2, w2) = cells;
    Ok(KeyRow {
        customer: customer.clone(),
        state: match state.as_str() {
            PENDING => KeyRowState::Pending,
            ACTIVE => KeyRowState::Active,
            _ => return Err(broken()),
        },
        keys: [data_key((s0, i0, v0, w0))?, data_key((s1, i1, v1, w1))?, data_key((s2, i2, v2, w2))?],
        registration_event_id: EventId::parse(&event).map_err(|_| broken())?,
        registration_fingerprint: Fingerprint(fingerprint.try_into().map_err(|_| broken())?),
        external_id_hmac: hmac.map(|hmac| hmac.try_into().map_err(|_| broken())).transpose()?,
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
