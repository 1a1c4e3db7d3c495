//! Key rows of which some are away for a while: what a key store answers that was damaged, or restored from a backup
//! that lacks them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use domain::ids::{CustomerRef, OrgId};
use domain::ports::{Created, KeyRow, KeyRows, PendingStep, StoreError};
use domain::sealed::{Purpose, Purposes};
use domain::time::Timestamp;

/// How an org's rows are away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowsAway {
    /// They are read and cannot be what was written.
    Damaged,
    /// There are none.
    Missing,
}

/// Key rows; of the orgs that are away no row is read as it is.
pub struct AwayKeyRows {
    inner: Arc<dyn KeyRows>,
    away: Mutex<BTreeMap<OrgId, RowsAway>>,
}

impl AwayKeyRows {
    /// Over those rows; nothing is away yet.
    pub fn new(inner: Arc<dyn KeyRows>) -> Self {
        Self { inner, away: Mutex::default() }
    }

    /// From now on the org's rows are away, or here again.
    pub fn set(&self, org: &OrgId, how: Option<RowsAway>) {
        let mut away = self.away.lock().unwrap_or_else(PoisonError::into_inner);
        match how {
            Some(how) => away.insert(org.clone(), how),
            None => away.remove(org),
        };
    }

    fn of(&self, org: &OrgId) -> Option<RowsAway> {
        self.away.lock().unwrap_or_else(PoisonError::into_inner).get(org).copied()
    }
}

#[async_trait]
impl KeyRows for AwayKeyRows {
    async fn create(&self, row: KeyRow) -> Result<Created, StoreError> {
        self.inner.create(row).await
    }

    async fn get(&self, customer: &CustomerRef) -> Result<Option<KeyRow>, StoreError> {
        match self.of(&customer.org) {
            None => self.inner.get(customer).await,
            Some(RowsAway::Missing) => Ok(None),
            Some(RowsAway::Damaged) => {
                Err(StoreError::Corrupt("a row of the test that is damaged".to_owned()))
            }
        }
    }

    async fn activate(&self, customer: &CustomerRef) -> Result<bool, StoreError> {
        self.inner.activate(customer).await
    }

    async fn advance_pending(
        &self,
        customer: &CustomerRef,
        attempt_until: Timestamp,
        next: PendingStep,
    ) -> Result<bool, StoreError> {
        self.inner.advance_pending(customer, attempt_until, next).await
    }

    async fn rewrap(
        &self,
        customer: &CustomerRef,
        purpose: Purpose,
        old_version: u32,
        new_version: u32,
        wrapped: Bytes,
    ) -> Result<bool, StoreError> {
        self.inner.rewrap(customer, purpose, old_version, new_version, wrapped).await
    }

    async fn destroy(&self, customer: &CustomerRef, purposes: Purposes) -> Result<bool, StoreError> {
        self.inner.destroy(customer, purposes).await
    }
}
