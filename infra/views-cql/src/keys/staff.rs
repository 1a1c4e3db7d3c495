//! Staff of the console and their sessions: the StaffAccounts and StaffSessions ports. Rows of sessions end by
//! themselves, by the time to live that they are written with.

use std::ops::ControlFlow;

use async_trait::async_trait;
use bytes::Bytes;
use domain::ids::OrgId;
use domain::ports::{StaffAccounts, StaffSessions, StoreError};
use domain::staff::{PasswordHash, SessionDigest, StaffAccount, StaffRole, StaffSession, StaffUserName};
use domain::time::Timestamp;
use futures::{TryStreamExt as _, stream};

use super::CqlKeys;
use crate::limits::{SESSION_SECONDS_MAX, SESSIONS_DELETED_AT_ONCE};
use crate::session::{CqlSession, Use};
use crate::statement::{Cell, Statement};
use crate::views::init;

const ACCOUNT: &str = "user, org, role, password_hash, disabled, created_at, version";
const SESSION: &str = "digest, user, account_version, created_at, last_seen_at, expires_at";

/// All statements of these ports.
pub(super) struct StaffStatements {
    create: Statement,
    account: Statement,
    settled: Statement,
    replace: Statement,
    accounts: Statement,
    insert: Statement,
    insert_of_user: Statement,
    session: Statement,
    touch: Statement,
    delete: Statement,
    of_user: Statement,
    delete_of_user: Statement,
}

impl StaffStatements {
    async fn prepare(session: &CqlSession) -> Result<Self, StoreError> {
        let prepare =
            async |name, text: &str, used| session.prepare(name, &session.names().fill(text), used).await;
        let account = format!("SELECT {ACCOUNT} FROM {{keys}}.staff_accounts WHERE user = ?");
        let accounts = format!("SELECT {ACCOUNT} FROM {{keys}}.staff_accounts");
        let create = format!(
            "INSERT INTO {{keys}}.staff_accounts ({ACCOUNT}) VALUES (?, ?, ?, ?, ?, ?, ?) IF NOT EXISTS"
        );
        let replace = "UPDATE {keys}.staff_accounts SET role = ?, password_hash = ?, disabled = ?, \
                       created_at = ?, version = ? WHERE user = ? IF version = ? AND org = ?";
        let insert = format!(
            "INSERT INTO {{keys}}.staff_sessions ({SESSION}) VALUES (?, ?, ?, ?, ?, ?) IF NOT EXISTS USING TTL ?"
        );
        let insert_of_user =
            "INSERT INTO {keys}.staff_sessions_of_user (user, digest) VALUES (?, ?) USING TTL ?";
        let of_session = format!("SELECT {SESSION} FROM {{keys}}.staff_sessions WHERE digest = ?");
        // Of a row whose other columns have ended there is no end to compare with, so that it is not touched.
        let touch = "UPDATE {keys}.staff_sessions USING TTL ? SET last_seen_at = ? WHERE digest = ? \
                     IF expires_at > ?";
        let delete = "DELETE FROM {keys}.staff_sessions WHERE digest = ? IF EXISTS";
        let of_user = "SELECT digest FROM {keys}.staff_sessions_of_user WHERE user = ?";
        let delete_of_user = "DELETE FROM {keys}.staff_sessions_of_user WHERE user = ? AND digest = ?";
        Ok(Self {
            create: prepare("staff_create", &create, Use::Conditional).await?,
            account: prepare("staff_account", &account, Use::Idempotent).await?,
            settled: prepare("staff_settled", &account, Use::SerialRead).await?,
            replace: prepare("staff_replace", replace, Use::Conditional).await?,
            accounts: prepare("staff_accounts", &accounts, Use::Idempotent).await?,
            insert: prepare("session_insert", &insert, Use::Conditional).await?,
            insert_of_user: prepare("session_insert_of_user", insert_of_user, Use::Idempotent).await?,
            session: prepare("session", &of_session, Use::Idempotent).await?,
            touch: prepare("session_touch", touch, Use::Conditional).await?,
            delete: prepare("session_delete", delete, Use::Conditional).await?,
            of_user: prepare("sessions_of_user", of_user, Use::Idempotent).await?,
            delete_of_user: prepare("session_delete_of_user", delete_of_user, Use::Idempotent).await?,
        })
    }
}

type AccountCells = (String, String, String, String, i32, i64, i64);

fn decode_account(cells: AccountCells) -> Result<StaffAccount, StoreError> {
    let (user, org, role, password_hash, disabled, created_at, version) = cells;
    let decoded = || {
        Some(StaffAccount {
            user: StaffUserName::parse(&user)?,
            org: OrgId::parse(&org).ok()?,
            role: StaffRole::parse(&role)?,
            password_hash: PasswordHash::parse(&password_hash)?,
            is_disabled: disabled != 0,
            created_at: Timestamp::from_millis(created_at),
            version: u32::try_from(version).ok()?,
        })
    };
    decoded().ok_or_else(|| StoreError::Corrupt("a stored account of staff that cannot be one".to_owned()))
}

/// Without the columns that end first there is none any more.
type SessionCells = (Vec<u8>, Option<String>, Option<i64>, Option<i64>, Option<i64>, Option<i64>);

fn decode_session(cells: SessionCells) -> Result<Option<StaffSession>, StoreError> {
    let (digest, Some(user), Some(account_version), Some(created_at), Some(last_seen_at), Some(expires_at)) =
        cells
    else {
        return Ok(None);
    };
    let decoded = || {
        Some(StaffSession {
            digest: SessionDigest(digest.try_into().ok()?),
            user: StaffUserName::parse(&user)?,
            account_version: u32::try_from(account_version).ok()?,
            created_at: Timestamp::from_millis(created_at),
            last_seen_at: Timestamp::from_millis(last_seen_at),
            expires_at: Timestamp::from_millis(expires_at),
        })
    };
    let broken = || StoreError::Corrupt("a stored session that cannot be one".to_owned());
    decoded().map(Some).ok_or_else(broken)
}

fn user_cell(user: &StaffUserName) -> Cell {
    Cell::Text(user.as_str().to_owned())
}

fn digest_cell(digest: &SessionDigest) -> Cell {
    Cell::Blob(Bytes::copy_from_slice(&digest.0))
}

/// For how many seconds its rows are kept: to its end, as its own clock says, and a second for what is cut off.
fn seconds(session: &StaffSession) -> Cell {
    let ms = session.expires_at.millis().saturating_sub(session.created_at.millis());
    Cell::Int(i32::try_from(ms / 1_000 + 1).unwrap_or(i32::MAX).clamp(1, SESSION_SECONDS_MAX))
}

impl CqlKeys {
    async fn staff(&self) -> Result<&StaffStatements, StoreError> {
        init(&self.staff_statements, Box::pin(StaffStatements::prepare(&self.session))).await
    }

    async fn read_account(
        &self,
        statement: &Statement,
        user: &StaffUserName,
    ) -> Result<Option<StaffAccount>, StoreError> {
        let row = self.session.first::<AccountCells>(statement, &[user_cell(user)]).await?;
        row.map(decode_account).transpose()
    }
}

#[async_trait]
impl StaffAccounts for CqlKeys {
    async fn create_account(&self, account: StaffAccount) -> Result<bool, StoreError> {
        let statements = self.staff().await?;
        let cells = [
            user_cell(&account.user),
            Cell::Org(account.org.clone()),
            Cell::Word(account.role.as_str()),
            Cell::Text(account.password_hash.expose().to_owned()),
            Cell::Int(i32::from(account.is_disabled)),
            Cell::time(account.created_at),
            Cell::Big(i64::from(account.version)),
        ];
        let decided = self.session.decide(&statements.create, &cells).await?;
        // A try before may have been the one that counted; its hash has a salt that nobody else's has.
        Ok(decided.applied
            || (decided.repeated
                && self.read_account(&statements.settled, &account.user).await?.as_ref() == Some(&account)))
    }

    async fn account(&self, user: &StaffUserName) -> Result<Option<StaffAccount>, StoreError> {
        self.read_account(&self.staff().await?.account, user).await
    }

    async fn replace_account(&self, old_version: u32, account: StaffAccount) -> Result<bool, StoreError> {
        let statements = self.staff().await?;
        let cells = [
            Cell::Word(account.role.as_str()),
            Cell::Text(account.password_hash.expose().to_owned()),
            Cell::Int(i32::from(account.is_disabled)),
            Cell::time(account.created_at),
            Cell::Big(i64::from(account.version)),
            user_cell(&account.user),
            Cell::Big(i64::from(old_version)),
            Cell::Org(account.org.clone()),
        ];
        let decided = self.session.decide(&statements.replace, &cells).await?;
        Ok(decided.applied
            || (decided.repeated
                && self.read_account(&statements.settled, &account.user).await?.as_ref() == Some(&account)))
    }

    async fn accounts(&self, org: Option<&OrgId>) -> Result<Vec<StaffAccount>, StoreError> {
        let mut accounts = Vec::new();
        self.session
            .each::<AccountCells>(&self.staff().await?.accounts, &[], |cells| {
                let account = decode_account(cells)?;
                if org.is_none_or(|org| account.org == *org) {
                    accounts.push(account);
                }
                Ok(ControlFlow::Continue(()))
            })
            .await?;
        accounts.sort_by(|a, b| a.user.cmp(&b.user));
        Ok(accounts)
    }
}

#[async_trait]
impl StaffSessions for CqlKeys {
    async fn insert_session(&self, session: StaffSession) -> Result<(), StoreError> {
        let statements = self.staff().await?;
        let (user, digest, ttl) = (user_cell(&session.user), digest_cell(&session.digest), seconds(&session));
        // First, so that a session that stands is found by its user.
        let of_user = [user.clone(), digest.clone(), ttl.clone()];
        self.session.run(&statements.insert_of_user, &of_user).await?;
        let cells = [
            digest,
            user,
            Cell::Big(i64::from(session.account_version)),
            Cell::time(session.created_at),
            Cell::time(session.last_seen_at),
            Cell::time(session.expires_at),
            ttl,
        ];
        // Not applied only where a try before was: nobody else has the digest.
        self.session.decide(&statements.insert, &cells).await.map(drop)
    }

    async fn session(&self, digest: &SessionDigest) -> Result<Option<StaffSession>, StoreError> {
        let statement = &self.staff().await?.session;
        let row = self.session.first::<SessionCells>(statement, &[digest_cell(digest)]).await?;
        row.map_or(Ok(None), decode_session)
    }

    async fn touch_session(
        &self,
        digest: &SessionDigest,
        last_seen_at: Timestamp,
    ) -> Result<bool, StoreError> {
        let at = Cell::time(last_seen_at);
        let cells = [Cell::Int(SESSION_SECONDS_MAX), at.clone(), digest_cell(digest), at];
        Ok(self.session.decide(&self.staff().await?.touch, &cells).await?.applied)
    }

    async fn delete_session(&self, digest: &SessionDigest) -> Result<(), StoreError> {
        self.session.decide(&self.staff().await?.delete, &[digest_cell(digest)]).await.map(drop)
    }

    async fn delete_sessions_of(&self, user: &StaffUserName) -> Result<(), StoreError> {
        let statements = self.staff().await?;
        let mut digests = Vec::new();
        self.session
            .each::<(Vec<u8>,)>(&statements.of_user, &[user_cell(user)], |(digest,)| {
                digests.push(Cell::Blob(digest.into()));
                Ok(ControlFlow::Continue(()))
            })
            .await?;
        stream::iter(digests.into_iter().map(Ok))
            .try_for_each_concurrent(SESSIONS_DELETED_AT_ONCE, |digest| async move {
                self.session.decide(&statements.delete, std::slice::from_ref(&digest)).await?;
                self.session.run(&statements.delete_of_user, &[user_cell(user), digest]).await.map(drop)
            })
            .await
    }
}
