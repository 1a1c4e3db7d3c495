//! Staff of the console and their sessions: the StaffAccounts and StaffSessions ports, in the key store's file.

use async_trait::async_trait;
use domain::ids::OrgId;
use domain::ports::{StaffAccounts, StaffSessions, StoreError};
use domain::staff::{PasswordHash, SessionDigest, StaffAccount, StaffRole, StaffSession, StaffUserName};
use domain::time::Timestamp;
use rusqlite::{Transaction, params};

use super::SqliteKeys;
use super::limits::EXPIRED_SESSIONS_PER_INSERT;
use crate::columns::{ColumnReader, ParameterBinder};
use crate::pool::Failure;

const ACCOUNT: &str =
    "SELECT user, org, role, password_hash, disabled, created_at, version FROM staff_account";

fn account(columns: &mut ColumnReader<'_>) -> Result<StaffAccount, Failure> {
    Ok(StaffAccount {
        user: columns.word(StaffUserName::parse)?,
        org: columns.id(OrgId::parse)?,
        role: columns.word(StaffRole::parse)?,
        password_hash: columns.word(PasswordHash::parse)?,
        is_disabled: columns.bits()? == 1,
        created_at: columns.time()?,
        version: columns.small()?,
    })
}

fn session(columns: &mut ColumnReader<'_>) -> Result<StaffSession, Failure> {
    Ok(StaffSession {
        digest: SessionDigest(columns.bytes()?),
        user: columns.word(StaffUserName::parse)?,
        account_version: columns.small()?,
        created_at: columns.time()?,
        last_seen_at: columns.time()?,
        expires_at: columns.time()?,
    })
}

fn insert_account(transaction: &Transaction<'_>, account: &StaffAccount) -> Result<bool, Failure> {
    let rows = transaction
        .prepare_cached(
            "INSERT INTO staff_account (user, org, role, password_hash, disabled, created_at, version) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT DO NOTHING",
        )?
        .execute(params![
            account.user.as_str(),
            account.org.as_str(),
            account.role.as_str(),
            account.password_hash.expose(),
            account.is_disabled,
            account.created_at.millis(),
            account.version
        ])?;
    Ok(rows > 0)
}

fn update_account(
    transaction: &Transaction<'_>,
    old_version: u32,
    account: &StaffAccount,
) -> Result<bool, Failure> {
    let rows = transaction
        .prepare_cached(
            "UPDATE staff_account SET role = ?4, password_hash = ?5, disabled = ?6, created_at = ?7, \
             version = ?8 WHERE user = ?1 AND org = ?2 AND version = ?3",
        )?
        .execute(params![
            account.user.as_str(),
            account.org.as_str(),
            old_version,
            account.role.as_str(),
            account.password_hash.expose(),
            account.is_disabled,
            account.created_at.millis(),
            account.version
        ])?;
    Ok(rows > 0)
}

#[async_trait]
impl StaffAccounts for SqliteKeys {
    async fn create_account(&self, account: StaffAccount) -> Result<bool, StoreError> {
        self.pool.write(move |transaction| insert_account(transaction, &account)).await
    }

    async fn account(&self, user: &StaffUserName) -> Result<Option<StaffAccount>, StoreError> {
        let user = user.clone();
        self.pool
            .read(move |transaction| {
                let text = format!("{ACCOUNT} WHERE user = ?1");
                let mut out = ParameterBinder::new(transaction.prepare_cached(&text)?);
                out.put(user.as_str())?;
                out.first(account)
            })
            .await
    }

    async fn replace_account(&self, old_version: u32, account: StaffAccount) -> Result<bool, StoreError> {
        self.pool.write(move |transaction| update_account(transaction, old_version, &account)).await
    }

    async fn accounts(&self, org: Option<&OrgId>) -> Result<Vec<StaffAccount>, StoreError> {
        let org = org.cloned();
        self.pool
            .read(move |transaction| {
                let text = format!("{ACCOUNT} WHERE ?1 IS NULL OR org = ?1 ORDER BY user");
                let mut out = ParameterBinder::new(transaction.prepare_cached(&text)?);
                out.put(org.as_ref().map(OrgId::as_str))?;
                out.all(account)
            })
            .await
    }
}

/// Inserts the session, and deletes some of those that have ended: more than come with one insertion.
fn insert_session(transaction: &Transaction<'_>, session: &StaffSession) -> Result<(), Failure> {
    transaction
        .prepare_cached(
            "DELETE FROM staff_session WHERE digest IN \
             (SELECT digest FROM staff_session WHERE expires_at <= ?1 ORDER BY expires_at LIMIT ?2)",
        )?
        .execute(params![session.created_at.millis(), EXPIRED_SESSIONS_PER_INSERT])?;
    transaction
        .prepare_cached(
            "INSERT INTO staff_session (digest, user, account_version, created_at, last_seen_at, expires_at) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute(params![
            session.digest.0.as_slice(),
            session.user.as_str(),
            session.account_version,
            session.created_at.millis(),
            session.last_seen_at.millis(),
            session.expires_at.millis()
        ])?;
    Ok(())
}

#[async_trait]
impl StaffSessions for SqliteKeys {
    async fn insert_session(&self, session: StaffSession) -> Result<(), StoreError> {
        self.pool.write(move |transaction| insert_session(transaction, &session)).await
    }

    async fn session(&self, digest: &SessionDigest) -> Result<Option<StaffSession>, StoreError> {
        let digest = *digest;
        self.pool
            .read(move |transaction| {
                let mut out = ParameterBinder::new(transaction.prepare_cached(
                    "SELECT digest, user, account_version, created_at, last_seen_at, expires_at \
                     FROM staff_session WHERE digest = ?1",
                )?);
                out.put(digest.0.as_slice())?;
                out.first(session)
            })
            .await
    }

    async fn touch_session(
        &self,
        digest: &SessionDigest,
        last_seen_at: Timestamp,
    ) -> Result<bool, StoreError> {
        let digest = *digest;
        self.pool
            .write(move |transaction| {
                let rows = transaction
                    .prepare_cached(
                        "UPDATE staff_session SET last_seen_at = ?2 WHERE digest = ?1 AND expires_at > ?2",
                    )?
                    .execute(params![digest.0.as_slice(), last_seen_at.millis()])?;
                Ok(rows > 0)
            })
            .await
    }

    async fn delete_session(&self, digest: &SessionDigest) -> Result<(), StoreError> {
        let digest = *digest;
        self.pool
            .write(move |transaction| {
                transaction
                    .prepare_cached("DELETE FROM staff_session WHERE digest = ?1")?
                    .execute([digest.0.as_slice()])?;
                Ok(())
            })
            .await
    }

    async fn delete_sessions_of(&self, user: &StaffUserName) -> Result<(), StoreError> {
        let user = user.clone();
        self.pool
            .write(move |transaction| {
                transaction
                    .prepare_cached("DELETE FROM staff_session WHERE user = ?1")?
                    .execute([user.as_str()])?;
                Ok(())
            })
            .await
    }
}
