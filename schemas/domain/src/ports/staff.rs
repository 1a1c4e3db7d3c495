//! The console's ports: accounts of staff and their sessions. They lie beside the key rows, because they are secrets
//! of the same installation and are backed up and restored together with them.

use async_trait::async_trait;

use super::StoreError;
use crate::ids::OrgId;
use crate::staff::{SessionDigest, StaffAccount, StaffSession, StaffUserName};
use crate::time::Timestamp;

/// Accounts of staff. Every write is conditional and durable before it returns; of two at once, one wins.
#[async_trait]
pub trait StaffAccounts: Send + Sync {
    /// Inserts the account unless there is one of that user name, whatever its org. False when there is.
    async fn create_account(&self, account: StaffAccount) -> Result<bool, StoreError>;

    /// The account of that user name. Sees every change that was answered before it was asked.
    async fn account(&self, user: &StaffUserName) -> Result<Option<StaffAccount>, StoreError>;

    /// Puts `account` in the place of the one of its user name, when that one's version is `old_version`. False, and
    /// nothing changed, otherwise. An account never changes its org: who knew the password would see another's.
    async fn replace_account(&self, old_version: u32, account: StaffAccount) -> Result<bool, StoreError>;

    /// The accounts of an org, or of all, by user name.
    async fn accounts(&self, org: Option<&OrgId>) -> Result<Vec<StaffAccount>, StoreError>;
}

/// Sessions of staff. Every write is durable before it returns.
#[async_trait]
pub trait StaffSessions: Send + Sync {
    /// Inserts a session, whose digest nobody else has. From its `expires_at` on it may be gone; an implementation
    /// sees to it that what is past does not pile up.
    async fn insert_session(&self, session: StaffSession) -> Result<(), StoreError>;

    /// The session of that digest, when there is one: also one that has expired and is not gone yet.
    async fn session(&self, digest: &SessionDigest) -> Result<Option<StaffSession>, StoreError>;

    /// Says that a request came with it. False when there is none, or when it has expired by then: what was deleted
    /// stays deleted.
    async fn touch_session(
        &self,
        digest: &SessionDigest,
        last_seen_at: Timestamp,
    ) -> Result<bool, StoreError>;

    /// Deletes it. Nothing when there is none.
    async fn delete_session(&self, digest: &SessionDigest) -> Result<(), StoreError>;

    /// Deletes all of a user that were inserted before this was asked.
    async fn delete_sessions_of(&self, user: &StaffUserName) -> Result<(), StoreError>;
}
