//! The key store's ports in memory.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use domain::ids::{CustomerId, CustomerRef, OrgId};
use domain::ports::{
    ABANDONED_PURPOSES, Claimed, Created, DataKey, ExternalIds, KeyNotes, KeyRow, KeyRowState, KeyRows,
    PendingStep, StoreError,
};
use domain::sealed::{Purpose, Purposes};
use domain::time::Timestamp;

use super::lock;

/// An external id by its org and HMAC.
type ExternalId = (OrgId, [u8; 32]);

/// Key rows, review keys, external ids, notes and the access index in memory. Cloning shares them.
#[derive(Clone, Default)]
pub struct MemoryKeys {
    rows: Arc<Mutex<HashMap<CustomerRef, KeyRow>>>,
    external: Arc<Mutex<HashMap<ExternalId, CustomerId>>>,
    notes: Arc<Mutex<HashMap<String, String>>>,
    pub(super) access: Arc<Mutex<super::access::MemoryAccess>>,
    pub(super) reviews: Arc<Mutex<super::review::MemoryReviewKeys>>,
}

#[async_trait]
impl KeyRows for MemoryKeys {
    async fn create(&self, row: KeyRow) -> Result<Created, StoreError> {
        match lock(&self.rows).entry(row.customer.clone()) {
            std::collections::hash_map::Entry::Occupied(slot) => {
                Ok(Created::Existing(Box::new(slot.get().clone())))
            }
            std::collections::hash_map::Entry::Vacant(slot) => {
                slot.insert(row);
                Ok(Created::New)
            }
        }
    }

    async fn get(&self, customer: &CustomerRef) -> Result<Option<KeyRow>, StoreError> {
        Ok(lock(&self.rows).get(customer).cloned())
    }

    async fn activate(&self, customer: &CustomerRef) -> Result<bool, StoreError> {
        let mut rows = lock(&self.rows);
        let Some(row) = rows.get_mut(customer) else { return Ok(false) };
        if row.state == KeyRowState::Abandoned {
            return Ok(false);
        }
        row.state = KeyRowState::Active;
        Ok(true)
    }

    async fn advance_pending(
        &self,
        customer: &CustomerRef,
        attempt_until: Timestamp,
        next: PendingStep,
    ) -> Result<bool, StoreError> {
        let mut rows = lock(&self.rows);
        let Some(row) = rows.get_mut(customer) else { return Ok(false) };
        if row.state != (KeyRowState::Pending { attempt_until }) {
            return Ok(false);
        }
        match next {
            PendingStep::Attempt(attempt_until) => row.state = KeyRowState::Pending { attempt_until },
            PendingStep::Abandon => {
                row.state = KeyRowState::Abandoned;
                destroy(row, ABANDONED_PURPOSES);
            }
        }
        Ok(true)
    }

    async fn rewrap(
        &self,
        customer: &CustomerRef,
        purpose: Purpose,
        old_version: u32,
        new_version: u32,
        new_wrapped: Bytes,
    ) -> Result<bool, StoreError> {
        let mut rows = lock(&self.rows);
        let Some(row) = rows.get_mut(customer) else { return Ok(false) };
        match &mut row.keys[purpose as usize] {
            DataKey::Active { kms_version, wrapped, .. } if *kms_version == old_version => {
                *kms_version = new_version;
                *wrapped = new_wrapped;
                Ok(true)
            }
            DataKey::Active { .. } | DataKey::Destroyed { .. } => Ok(false),
        }
    }

    async fn destroy(&self, customer: &CustomerRef, purposes: Purposes) -> Result<bool, StoreError> {
        let mut rows = lock(&self.rows);
        let Some(row) = rows.get_mut(customer) else { return Ok(false) };
        destroy(row, purposes);
        Ok(true)
    }
}

fn destroy(row: &mut KeyRow, purposes: Purposes) {
    for purpose in purposes.iter() {
        let key = &mut row.keys[purpose as usize];
        if let DataKey::Active { key_id, .. } = key {
            *key = DataKey::Destroyed { key_id: key_id.clone() };
        }
    }
    if purposes.contains(Purpose::Profile) {
        row.external_id_hmac = None;
    }
}

#[async_trait]
impl ExternalIds for MemoryKeys {
    async fn claim(
        &self,
        org: &OrgId,
        external_id_hmac: [u8; 32],
        customer: &CustomerId,
    ) -> Result<Claimed, StoreError> {
        let mut external = lock(&self.external);
        let owner = external.entry((org.clone(), external_id_hmac)).or_insert_with(|| customer.clone());
        Ok(if owner == customer { Claimed::Ours } else { Claimed::Taken(owner.clone()) })
    }

    async fn lookup(
        &self,
        org: &OrgId,
        external_id_hmac: [u8; 32],
    ) -> Result<Option<CustomerId>, StoreError> {
        Ok(lock(&self.external).get(&(org.clone(), external_id_hmac)).cloned())
    }

    async fn release(
        &self,
        org: &OrgId,
        external_id_hmac: [u8; 32],
        customer: &CustomerId,
    ) -> Result<(), StoreError> {
        let mut external = lock(&self.external);
        if external.get(&(org.clone(), external_id_hmac)) == Some(customer) {
            external.remove(&(org.clone(), external_id_hmac));
        }
        Ok(())
    }
}

#[async_trait]
impl KeyNotes for MemoryKeys {
    async fn note(&self, name: &str) -> Result<Option<String>, StoreError> {
        Ok(lock(&self.notes).get(name).cloned())
    }

    async fn change_note(&self, name: &str, old: Option<&str>, new: &str) -> Result<bool, StoreError> {
        let mut notes = lock(&self.notes);
        let fits = notes.get(name).map(String::as_str) == old;
        if fits {
            notes.insert(name.to_owned(), new.to_owned());
        }
        Ok(fits)
    }
}
