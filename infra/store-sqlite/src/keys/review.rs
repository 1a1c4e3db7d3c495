//! The keys of review copies: the ReviewKeys port, in the key store's file. Their wrapped bytes lie among customers' keys.

use async_trait::async_trait;
use bytes::Bytes;
use domain::ids::{CustomerRef, OrgId, VerificationId};
use domain::ports::{DataKey, ExpiredReviewKey, ReviewKeyCreated, ReviewKeyRow, ReviewKeys, StoreError};
use domain::time::Timestamp;
use rusqlite::{Connection, Transaction, TransactionBehavior, params};

use super::{SqliteKeys, rows, truncate_wal};
use crate::columns::{ColumnReader, ParameterBinder};
use crate::pool::Failure;

fn row(columns: &mut ColumnReader<'_>) -> Result<ReviewKeyRow, Failure> {
    let customer = columns.customer()?;
    let verification = columns.id(VerificationId::parse)?;
    let key_id = columns.text()?.to_owned();
    let key = match (columns.maybe_small()?, columns.maybe_blob()?) {
        (Some(kms_version), Some(wrapped)) => {
            DataKey::Active { key_id, kms_version, wrapped: Bytes::copy_from_slice(wrapped) }
        }
        (None, None) => DataKey::Destroyed { key_id },
        _ => return Err(Failure::Stored("a review key that is neither active nor destroyed")),
    };
    Ok(ReviewKeyRow { customer, verification, key, expires_at: columns.time()? })
}

fn get(
    transaction: &Transaction<'_>,
    org: &OrgId,
    verification: &VerificationId,
) -> Result<Option<ReviewKeyRow>, Failure> {
    let mut out = ParameterBinder::new(transaction.prepare_cached(
        "SELECT r.org, r.customer, r.verification, r.key_id, r.kms_version, w.bytes, r.expires_at \
         FROM review_key AS r LEFT JOIN wrapped_key AS w ON w.id = r.wrapped \
         WHERE r.org = ?1 AND r.verification = ?2",
    )?);
    out.put(org.as_str())?;
    out.put(verification.as_str())?;
    out.first(row)
}

fn create(transaction: &Transaction<'_>, row: &ReviewKeyRow) -> Result<ReviewKeyCreated, Failure> {
    if let Some(existing) = get(transaction, &row.customer.org, &row.verification)? {
        return Ok(ReviewKeyCreated::Existing(Box::new(existing)));
    }
    let (version, wrapped) = match &row.key {
        DataKey::Active { kms_version, wrapped, .. } => {
            (Some(*kms_version), Some(rows::append(transaction, wrapped)?))
        }
        DataKey::Destroyed { .. } => (None, None),
    };
    transaction
        .prepare_cached(
            "INSERT INTO review_key (org, verification, customer, key_id, kms_version, wrapped, expires_at) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?
        .execute(params![
            row.customer.org.as_str(),
            row.verification.as_str(),
            row.customer.customer.as_str(),
            row.key.key_id(),
            version,
            wrapped,
            row.expires_at.millis()
        ])?;
    Ok(ReviewKeyCreated::New)
}

/// Overwrites the wrapped key with zeros where it is still there. False when there is no row.
fn destroy(
    transaction: &Transaction<'_>,
    org: &OrgId,
    verification: &VerificationId,
) -> Result<bool, Failure> {
    let mut place = ParameterBinder::new(transaction.prepare_cached(
        "SELECT w.id, length(w.bytes) FROM review_key AS r LEFT JOIN wrapped_key AS w ON w.id = r.wrapped \
         WHERE r.org = ?1 AND r.verification = ?2",
    )?);
    place.put(org.as_str())?;
    place.put(verification.as_str())?;
    let place = place.first(|columns| Ok((columns.maybe_int()?, columns.maybe_small()?)))?;
    let Some((id, length)) = place else { return Ok(false) };
    if let (Some(id), Some(length)) = (id, length) {
        rows::overwrite(transaction, id, &vec![0; length as usize])?;
        transaction
            .prepare_cached(
                "UPDATE review_key SET kms_version = NULL, wrapped = NULL WHERE org = ?1 AND verification = ?2",
            )?
            .execute(params![org.as_str(), verification.as_str()])?;
    }
    Ok(true)
}

/// The verifications of a customer's whose keys are still there.
fn of_customer(
    transaction: &Transaction<'_>,
    customer: &CustomerRef,
) -> Result<Vec<VerificationId>, Failure> {
    let mut out = ParameterBinder::new(transaction.prepare_cached(
        "SELECT verification FROM review_key WHERE org = ?1 AND customer = ?2 AND wrapped IS NOT NULL",
    )?);
    out.customer(customer)?;
    out.all(|columns| columns.id(VerificationId::parse))
}

/// Does it in one transaction, and lets what was destroyed leave the write-ahead log too: also when it was destroyed
/// before, since that call may have ended between these two steps.
fn destroying<T>(
    connection: &mut Connection,
    work: impl FnOnce(&Transaction<'_>) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let done = work(&transaction)?;
    transaction.commit()?;
    if truncate_wal(connection)? {
        Ok(done)
    } else {
        Err(Failure::Unavailable("a reader keeps the write-ahead log: destroy again"))
    }
}

#[async_trait]
impl ReviewKeys for SqliteKeys {
    async fn create_review_key(&self, row: ReviewKeyRow) -> Result<ReviewKeyCreated, StoreError> {
        self.pool.write(move |transaction| create(transaction, &row)).await
    }

    async fn review_key(
        &self,
        org: &OrgId,
        verification: &VerificationId,
    ) -> Result<Option<ReviewKeyRow>, StoreError> {
        let (org, verification) = (org.clone(), verification.clone());
        self.pool.read(move |transaction| get(transaction, &org, &verification)).await
    }

    async fn destroy_review_key(
        &self,
        org: &OrgId,
        verification: &VerificationId,
    ) -> Result<bool, StoreError> {
        let (org, verification) = (org.clone(), verification.clone());
        self.pool
            .with_writer(move |connection| {
                destroying(connection, |transaction| destroy(transaction, &org, &verification))
            })
            .await
    }

    async fn expired_review_keys(
        &self,
        by: Timestamp,
        limit: usize,
    ) -> Result<Vec<ExpiredReviewKey>, StoreError> {
        self.pool
            .read(move |transaction| {
                let mut out = ParameterBinder::new(transaction.prepare_cached(
                    "SELECT org, verification FROM review_key WHERE wrapped IS NOT NULL AND expires_at <= ?1 \
                     ORDER BY expires_at LIMIT ?2",
                )?);
                out.put(by.millis())?;
                out.number(limit as u64)?;
                out.all(|columns| {
                    Ok(ExpiredReviewKey {
                        org: columns.id(OrgId::parse)?,
                        verification: columns.id(VerificationId::parse)?,
                    })
                })
            })
            .await
    }

    async fn destroy_review_keys_of(&self, customer: &CustomerRef) -> Result<u64, StoreError> {
        let customer = customer.clone();
        self.pool
            .with_writer(move |connection| {
                destroying(connection, |transaction| {
                    let verifications = of_customer(transaction, &customer)?;
                    for verification in &verifications {
                        destroy(transaction, &customer.org, verification)?;
                    }
                    Ok(verifications.len() as u64)
                })
            })
            .await
    }
}
