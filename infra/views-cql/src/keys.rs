//! The key store on CQL: the ports KeyRows, ReviewKeys, ExternalIds, KeyNotes and AccessIndex, and staff and their sessions.
//! Every write but those of indexes is a lightweight transaction, so that each is conditional and none can be overtaken by a
//! plain one.
//!
//! A transaction that loses its round may or may not have happened. It is tried again, and recognises what
//! an earlier try of itself left; after `Unavailable` the caller's own retry does the same.

mod access;
mod notes;
mod review;
mod rows;
mod staff;
mod statements;

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use domain::ids::{CustomerId, CustomerRef, OrgId};
use domain::ports::{
    Claimed, Created, DataKey, ExternalIds, KeyRow, KeyRowState, KeyRows, PendingStep, StoreError,
};
use domain::sealed::{Purpose, Purposes};
use domain::time::Timestamp;
use tokio::sync::OnceCell;

use crate::limits::CLAIM_TRIES;
use crate::session::CqlSession;
use crate::statement::{Cell, Statement};
use crate::views::init;
use rows::{KeyCells, attempt, cells, decode, key};
use statements::Statements;

/// The distributed engine's key store.
///
/// Destroying a key overwrites it. The node's files hold the old bytes until compaction has merged them
/// away, and snapshots longer: the runbook says what to run after an erasure.
pub struct CqlKeys {
    session: Arc<CqlSession>,
    statements: OnceCell<Statements>,
    staff_statements: OnceCell<staff::StaffStatements>,
    access_statements: OnceCell<access::AccessStatements>,
    review_statements: OnceCell<review::ReviewStatements>,
}

impl CqlKeys {
    /// The key store of that session, whose schema was brought up to date ([`CqlSession::migrate`]).
    pub fn new(session: Arc<CqlSession>) -> Self {
        Self {
            session,
            statements: OnceCell::new(),
            staff_statements: OnceCell::new(),
            access_statements: OnceCell::new(),
            review_statements: OnceCell::new(),
        }
    }

    async fn statements(&self) -> Result<&Statements, StoreError> {
        init(&self.statements, Box::pin(Statements::prepare(&self.session))).await
    }

    async fn read(
        &self,
        statement: &Statement,
        customer: &CustomerRef,
    ) -> Result<Option<KeyRow>, StoreError> {
        let row = self.session.first::<KeyCells>(statement, &key(customer)).await?;
        row.map(|cells| decode(customer, cells)).transpose()
    }

    /// As every transaction so far has left it, also those whose writer never heard of their end.
    async fn settled(&self, customer: &CustomerRef) -> Result<Option<KeyRow>, StoreError> {
        self.read(&self.statements().await?.settled, customer).await
    }

    async fn owner(
        &self,
        statement: &Statement,
        org: &OrgId,
        hmac: &[u8; 32],
    ) -> Result<Option<CustomerId>, StoreError> {
        let row = self.session.first::<(String,)>(statement, &external(org, hmac)).await?;
        let parse = |(customer,): (String,)| {
            CustomerId::parse(&customer)
                .map_err(|_| StoreError::Corrupt("a stored customer that cannot be one".to_owned()))
        };
        row.map(parse).transpose()
    }
}

fn external(org: &OrgId, hmac: &[u8; 32]) -> [Cell; 2] {
    [Cell::Org(org.clone()), Cell::Blob(Bytes::copy_from_slice(hmac))]
}

#[async_trait]
impl KeyRows for CqlKeys {
    async fn create(&self, row: KeyRow) -> Result<Created, StoreError> {
        let statements = self.statements().await?;
        if self.session.decide(&statements.create, &cells(&row)).await?.applied {
            return Ok(Created::New);
        }
        // Key rows are never deleted: one that kept ours out is there. Wrapped keys are random, so one that
        // equals ours is ours, created by an earlier try.
        let Some(there) = self.settled(&row.customer).await? else {
            return Err(StoreError::Unavailable("key_create: the row could not be read back".to_owned()));
        };
        Ok(if there == row { Created::New } else { Created::Existing(Box::new(there)) })
    }

    async fn get(&self, customer: &CustomerRef) -> Result<Option<KeyRow>, StoreError> {
        self.read(&self.statements().await?.get, customer).await
    }

    async fn activate(&self, customer: &CustomerRef) -> Result<bool, StoreError> {
        let statements = self.statements().await?;
        if self.session.decide(&statements.activate, &key(customer)).await?.applied {
            return Ok(true);
        }
        Ok(self.settled(customer).await?.is_some_and(|row| row.state == KeyRowState::Active))
    }

    async fn advance_pending(
        &self,
        customer: &CustomerRef,
        attempt_until: Timestamp,
        next: PendingStep,
    ) -> Result<bool, StoreError> {
        let statements = self.statements().await?;
        let [org, id] = key(customer);
        let before = attempt(attempt_until);
        let (decided, wanted) = match next {
            PendingStep::Attempt(until) => {
                let cells = [attempt(until), org, id, before];
                let decided = self.session.decide(&statements.attempt, &cells).await?;
                (decided, KeyRowState::Pending { attempt_until: until })
            }
            PendingStep::Abandon => {
                let decided = self.session.decide(&statements.abandon, &[org, id, before]).await?;
                (decided, KeyRowState::Abandoned)
            }
        };
        if decided.applied || !decided.repeated {
            return Ok(decided.applied);
        }
        // The try before may have been the one that counted.
        Ok(self.settled(customer).await?.is_some_and(|row| row.state == wanted))
    }

    async fn rewrap(
        &self,
        customer: &CustomerRef,
        purpose: Purpose,
        old_version: u32,
        new_version: u32,
        wrapped: Bytes,
    ) -> Result<bool, StoreError> {
        let statements = self.statements().await?;
        let [org, id] = key(customer);
        let new = Cell::Big(i64::from(new_version));
        let cells = [new, Cell::Blob(wrapped.clone()), org, id, Cell::Big(i64::from(old_version))];
        let decided = self.session.decide(&statements.rewrap[purpose as usize], &cells).await?;
        if decided.applied || !decided.repeated {
            return Ok(decided.applied);
        }
        // The try before may have been the one that counted.
        let there = self.settled(customer).await?;
        Ok(there.is_some_and(|row| match row.key(purpose) {
            DataKey::Active { kms_version, wrapped: stored, .. } => {
                *kms_version == new_version && *stored == wrapped
            }
            DataKey::Destroyed { .. } => false,
        }))
    }

    async fn destroy(&self, customer: &CustomerRef, purposes: Purposes) -> Result<bool, StoreError> {
        match self.statements().await?.destroy.get(purposes.bits() as usize) {
            Some(Some(statement)) => Ok(self.session.decide(statement, &key(customer)).await?.applied),
            _ => Ok(self.settled(customer).await?.is_some()),
        }
    }
}

#[async_trait]
impl ExternalIds for CqlKeys {
    async fn claim(
        &self,
        org: &OrgId,
        external_id_hmac: [u8; 32],
        customer: &CustomerId,
    ) -> Result<Claimed, StoreError> {
        let statements = self.statements().await?;
        let [owner, hmac] = external(org, &external_id_hmac);
        let cells = [owner, hmac, Cell::Customer(customer.clone())];
        for _ in 0..CLAIM_TRIES {
            if self.session.decide(&statements.claim, &cells).await?.applied {
                return Ok(Claimed::Ours);
            }
            match self.owner(&statements.settled_owner, org, &external_id_hmac).await? {
                Some(owner) if owner == *customer => return Ok(Claimed::Ours),
                Some(owner) => return Ok(Claimed::Taken(owner)),
                // Given free in between.
                None => {}
            }
        }
        Err(StoreError::Unavailable("external_claim: claimed and given free again and again".to_owned()))
    }

    async fn lookup(
        &self,
        org: &OrgId,
        external_id_hmac: [u8; 32],
    ) -> Result<Option<CustomerId>, StoreError> {
        self.owner(&self.statements().await?.lookup, org, &external_id_hmac).await
    }

    async fn release(
        &self,
        org: &OrgId,
        external_id_hmac: [u8; 32],
        customer: &CustomerId,
    ) -> Result<(), StoreError> {
        let statements = self.statements().await?;
        let [owner, hmac] = external(org, &external_id_hmac);
        self.session.decide(&statements.release, &[owner, hmac, Cell::Customer(customer.clone())]).await?;
        Ok(())
    }
}
