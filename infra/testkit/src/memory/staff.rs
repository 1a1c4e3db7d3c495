//! Staff and their sessions in memory.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use domain::ids::OrgId;
use domain::ports::{StaffAccounts, StaffSessions, StoreError};
use domain::staff::{SessionDigest, StaffAccount, StaffSession, StaffUserName};
use domain::time::Timestamp;

use super::lock;

/// Accounts and sessions in memory. Cloning shares them.
#[derive(Clone, Default)]
pub struct MemoryStaff {
    accounts: Arc<Mutex<BTreeMap<StaffUserName, StaffAccount>>>,
    sessions: Arc<Mutex<HashMap<SessionDigest, StaffSession>>>,
}

#[async_trait]
impl StaffAccounts for MemoryStaff {
    async fn create_account(&self, account: StaffAccount) -> Result<bool, StoreError> {
        let mut accounts = lock(&self.accounts);
        let is_new = !accounts.contains_key(&account.user);
        accounts.entry(account.user.clone()).or_insert(account);
        Ok(is_new)
    }

    async fn account(&self, user: &StaffUserName) -> Result<Option<StaffAccount>, StoreError> {
        Ok(lock(&self.accounts).get(user).cloned())
    }

    async fn replace_account(&self, old_version: u32, account: StaffAccount) -> Result<bool, StoreError> {
        match lock(&self.accounts).get_mut(&account.user) {
            Some(there) if there.version == old_version && there.org == account.org => {
                *there = account;
                Ok(true)
            }
            Some(_) | None => Ok(false),
        }
    }

    async fn accounts(&self, org: Option<&OrgId>) -> Result<Vec<StaffAccount>, StoreError> {
        let accounts = lock(&self.accounts);
        Ok(accounts.values().filter(|account| org.is_none_or(|org| account.org == *org)).cloned().collect())
    }
}

#[async_trait]
impl StaffSessions for MemoryStaff {
    async fn insert_session(&self, session: StaffSession) -> Result<(), StoreError> {
        let mut sessions = lock(&self.sessions);
        sessions.retain(|_, other| other.expires_at > session.created_at);
        sessions.insert(session.digest, session);
        Ok(())
    }

    async fn session(&self, digest: &SessionDigest) -> Result<Option<StaffSession>, StoreError> {
        Ok(lock(&self.sessions).get(digest).cloned())
    }

    async fn touch_session(
        &self,
        digest: &SessionDigest,
        last_seen_at: Timestamp,
    ) -> Result<bool, StoreError> {
        match lock(&self.sessions).get_mut(digest) {
            Some(session) if session.expires_at > last_seen_at => {
                session.last_seen_at = last_seen_at;
                Ok(true)
            }
            Some(_) | None => Ok(false),
        }
    }

    async fn delete_session(&self, digest: &SessionDigest) -> Result<(), StoreError> {
        lock(&self.sessions).remove(digest);
        Ok(())
    }

    async fn delete_sessions_of(&self, user: &StaffUserName) -> Result<(), StoreError> {
        lock(&self.sessions).retain(|_, session| session.user != *user);
        Ok(())
    }
}
