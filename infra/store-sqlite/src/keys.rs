//! The key store on SQLite: the KeyRows, ReviewKeys, ExternalIds, KeyNotes and AccessIndex ports, and staff and their
//! sessions. Not the log, not the read model. What is wrapped in a row, and under what, is the vault's business.

mod access;
mod limits;
mod review;
mod rows;
mod staff;
#[cfg(test)]
mod tests;

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use domain::ids::{CustomerId, CustomerRef, OrgId};
use domain::ports::{Claimed, Created, ExternalIds, KeyNotes, KeyRow, KeyRows, PendingStep, StoreError};
use domain::sealed::{Purpose, Purposes};
use domain::time::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, TransactionBehavior, params};

use crate::migrate::{self, Durability};
use crate::pool::{Failure, Pool};
use crate::{OlderFormat, SqliteOpenError};

/// Format 1 upwards; a released one never changes.
const MIGRATIONS: &[&str] = &[
    include_str!("keys/schema.sql"),
    include_str!("keys/schema-2.sql"),
    include_str!("installation.sql"),
    include_str!("keys/schema-4.sql"),
    include_str!("keys/schema-5.sql"),
    include_str!("keys/schema-6.sql"),
    include_str!("keys/schema-7.sql"),
    include_str!("keys/schema-8.sql"),
];

/// The key store of the embedded engine. Every write is one transaction, fsynced before it is confirmed.
pub struct SqliteKeys {
    pool: Pool,
}

impl SqliteKeys {
    /// The file in the store's folder.
    pub const FILE: &str = "keys.sqlite";

    /// Opens or makes the key store in that folder, which must exist, and brings an older one up. What an interrupted
    /// destruction left in the write-ahead log goes now.
    ///
    /// # Errors
    /// As for [`SqliteKeys::open_with`].
    pub fn open(folder: &Path) -> Result<Arc<Self>, SqliteOpenError> {
        Self::open_with(folder, OlderFormat::Migrate)
    }

    /// The same, with a choice what becomes of an older one.
    ///
    /// # Errors
    /// [`SqliteOpenError`] when the file cannot be opened, is another program's, was written by a newer build, or by an
    /// older one and may not be brought up.
    pub fn open_with(folder: &Path, older: OlderFormat) -> Result<Arc<Self>, SqliteOpenError> {
        let path = folder.join(Self::FILE);
        let writer = migrate::open(&path, "keys", MIGRATIONS, Durability::Full, older)?;
        // Another process that reads just now keeps the log from being cut; it cuts it itself when it closes.
        truncate_wal(&writer).map_err(|error| SqliteOpenError::Sqlite { path: path.clone(), error })?;
        Ok(Arc::new(Self { pool: Pool::new(writer, &path, limits::CACHE_KIB)? }))
    }
}

#[async_trait]
impl KeyRows for SqliteKeys {
    async fn create(&self, row: KeyRow) -> Result<Created, StoreError> {
        self.pool.write(move |transaction| rows::create(transaction, &row)).await
    }

    async fn get(&self, customer: &CustomerRef) -> Result<Option<KeyRow>, StoreError> {
        let customer = customer.clone();
        self.pool.read(move |transaction| rows::get(transaction, &customer)).await
    }

    async fn activate(&self, customer: &CustomerRef) -> Result<bool, StoreError> {
        let customer = customer.clone();
        self.pool.write(move |transaction| rows::activate(transaction, &customer)).await
    }

    async fn advance_pending(
        &self,
        customer: &CustomerRef,
        attempt_until: Timestamp,
        next: PendingStep,
    ) -> Result<bool, StoreError> {
        let customer = customer.clone();
        self.pool
            .with_writer(move |connection| {
                let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
                let done = rows::advance_pending(&transaction, &customer, attempt_until, next)?;
                transaction.commit()?;
                if done && next == PendingStep::Abandon {
                    // The keys that went with it leave the log too; a reader that keeps it now only delays that.
                    truncate_wal(connection)?;
                }
                Ok(done)
            })
            .await
    }

    async fn rewrap(
        &self,
        customer: &CustomerRef,
        purpose: Purpose,
        old_version: u32,
        new_version: u32,
        wrapped: Bytes,
    ) -> Result<bool, StoreError> {
        let customer = customer.clone();
        self.pool
            .write(move |transaction| {
                rows::rewrap(transaction, &customer, purpose, old_version, new_version, &wrapped)
            })
            .await
    }

    async fn destroy(&self, customer: &CustomerRef, purposes: Purposes) -> Result<bool, StoreError> {
        let customer = customer.clone();
        self.pool
            .with_writer(move |connection| {
                let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
                let there = rows::destroy(&transaction, &customer, purposes)?;
                transaction.commit()?;
                // Also when it was destroyed before: that call may have ended between these two steps.
                if truncate_wal(connection)? {
                    Ok(there)
                } else {
                    Err(Failure::Unavailable("a reader keeps the write-ahead log: destroy again"))
                }
            })
            .await
    }
}

/// Copies the write-ahead log into the file and cuts it to nothing. False when a reader keeps it.
fn truncate_wal(connection: &Connection) -> rusqlite::Result<bool> {
    let busy: i64 = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
    Ok(busy == 0)
}

#[async_trait]
impl ExternalIds for SqliteKeys {
    async fn claim(
        &self,
        org: &OrgId,
        external_id_hmac: [u8; 32],
        customer: &CustomerId,
    ) -> Result<Claimed, StoreError> {
        let (org, customer) = (org.clone(), customer.clone());
        self.pool.write(move |transaction| rows::claim(transaction, &org, &external_id_hmac, &customer)).await
    }

    async fn lookup(
        &self,
        org: &OrgId,
        external_id_hmac: [u8; 32],
    ) -> Result<Option<CustomerId>, StoreError> {
        let org = org.clone();
        self.pool
            .read(move |transaction| {
                let customer: Option<String> = transaction
                    .prepare_cached("SELECT customer FROM external_id WHERE org = ?1 AND hmac = ?2")?
                    .query_row(params![org.as_str(), external_id_hmac.as_slice()], |row| row.get(0))
                    .optional()?;
                customer.map(|text| rows::customer_id(&text)).transpose()
            })
            .await
    }

    async fn release(
        &self,
        org: &OrgId,
        external_id_hmac: [u8; 32],
        customer: &CustomerId,
    ) -> Result<(), StoreError> {
        let (org, customer) = (org.clone(), customer.clone());
        self.pool
            .write(move |transaction| {
                transaction
                    .prepare_cached("DELETE FROM external_id WHERE org = ?1 AND hmac = ?2 AND customer = ?3")?
                    .execute(params![org.as_str(), external_id_hmac.as_slice(), customer.as_str()])?;
                Ok(())
            })
            .await
    }
}

#[async_trait]
impl KeyNotes for SqliteKeys {
    async fn note(&self, name: &str) -> Result<Option<String>, StoreError> {
        let name = name.to_owned();
        self.pool
            .read(move |transaction| {
                let text = transaction
                    .prepare_cached("SELECT text FROM note WHERE name = ?1")?
                    .query_row([name.as_str()], |row| row.get(0))
                    .optional()?;
                Ok(text)
            })
            .await
    }

    async fn change_note(&self, name: &str, old: Option<&str>, new: &str) -> Result<bool, StoreError> {
        let (name, old, new) = (name.to_owned(), old.map(str::to_owned), new.to_owned());
        self.pool
            .write(move |transaction| {
                let changed = match old {
                    None => transaction
                        .prepare_cached(
                            "INSERT INTO note (name, text) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
                        )?
                        .execute([name.as_str(), new.as_str()])?,
                    Some(old) => transaction
                        .prepare_cached("UPDATE note SET text = ?3 WHERE name = ?1 AND text = ?2")?
                        .execute([name.as_str(), old.as_str(), new.as_str()])?,
                };
                Ok(changed == 1)
            })
            .await
    }
}
