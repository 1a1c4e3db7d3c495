//! The key store's ports: customers' wrapped data keys, and the orgs' own ids for customers.

use async_trait::async_trait;
use bytes::Bytes;

use super::StoreError;
use crate::event::Fingerprint;
use crate::ids::{CustomerId, CustomerRef, EventId, OrgId};
use crate::sealed::{Purpose, Purposes};
use crate::time::Timestamp;

/// The purposes whose keys go when a registration is abandoned. The evidence key stays, because the
/// registration's body is told from another one by it.
pub const ABANDONED_PURPOSES: Purposes = Purposes::NONE.with(Purpose::Profile).with(Purpose::Biometric);

/// A customer's key row, as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyRowState {
    /// Its `CustomerRegistered` is not known to be in the log yet.
    Pending {
        /// Until then the latest attempt to append it may still take effect; [`Timestamp::EPOCH`] when every
        /// attempt is known to have failed.
        attempt_until: Timestamp,
    },
    /// It is.
    Active,
    /// The registration broke off and gave its external id up: nobody was told of this customer, and nobody
    /// will be, whatever the log may still bring.
    Abandoned,
}

/// One purpose's data key.
#[derive(Clone, PartialEq, Eq)]
pub enum DataKey {
    /// Wrapped under the org's key.
    Active {
        /// Its name in envelopes.
        key_id: String,
        /// Version of the org key it is wrapped under.
        kms_version: u32,
        /// The ciphertext.
        wrapped: Bytes,
    },
    /// Gone for ever; the row that says so stays.
    Destroyed {
        /// Its name in envelopes; empty where that was lost with the row (a restored backup).
        key_id: String,
    },
}

impl DataKey {
    /// Its name in envelopes; empty where that was lost.
    pub fn key_id(&self) -> &str {
        match self {
            Self::Active { key_id, .. } | Self::Destroyed { key_id } => key_id,
        }
    }
}

impl std::fmt::Debug for DataKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Active { key_id, kms_version, .. } => write!(f, "Active({key_id}, version {kms_version})"),
            Self::Destroyed { key_id } => write!(f, "Destroyed({key_id})"),
        }
    }
}

/// A customer's data keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyRow {
    /// Whose.
    pub customer: CustomerRef,
    /// Pending or active.
    pub state: KeyRowState,
    /// One per purpose, in the order of [`Purpose::ALL`].
    pub keys: [DataKey; 3],
    /// The registration event: a retry appends the same one.
    pub registration_event_id: EventId,
    /// The registration's body: a reused key with another body is told from it.
    pub registration_fingerprint: Fingerprint,
    /// HMAC of the external id, for releasing its lookup row on erasure; none once the profile's key is destroyed.
    pub external_id_hmac: Option<[u8; 32]>,
}

impl KeyRow {
    /// The data key of that purpose.
    pub fn key(&self, purpose: Purpose) -> &DataKey {
        &self.keys[purpose as usize]
    }
}

/// What becomes of a pending row that stays inactive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PendingStep {
    /// Its latest attempt may take effect until then; [`Timestamp::EPOCH`] when none may.
    Attempt(Timestamp),
    /// It is abandoned.
    Abandon,
}

/// What came of creating a key row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Created {
    /// It is there now.
    New,
    /// It was there already; this one.
    Existing(Box<KeyRow>),
}

/// Customers' key rows. Every write is conditional and durable before it returns; of two at once, one wins.
#[async_trait]
pub trait KeyRows: Send + Sync {
    /// Inserts the row unless there is one.
    async fn create(&self, row: KeyRow) -> Result<Created, StoreError>;

    /// The row.
    async fn get(&self, customer: &CustomerRef) -> Result<Option<KeyRow>, StoreError>;

    /// From pending to active, whatever its latest attempt is; nothing when it is active. False when there is no
    /// row, and when it is abandoned.
    async fn activate(&self, customer: &CustomerRef) -> Result<bool, StoreError>;

    /// Of a row that is pending with that latest attempt: the next attempt, its end, or that it is abandoned, with
    /// which the keys of [`ABANDONED_PURPOSES`] are destroyed. False, and nothing changed, when there is no such
    /// row.
    async fn advance_pending(
        &self,
        customer: &CustomerRef,
        attempt_until: Timestamp,
        next: PendingStep,
    ) -> Result<bool, StoreError>;

    /// Replaces one purpose's wrapping if it is active and still wrapped under `old_version`. False otherwise.
    async fn rewrap(
        &self,
        customer: &CustomerRef,
        purpose: Purpose,
        old_version: u32,
        new_version: u32,
        wrapped: Bytes,
    ) -> Result<bool, StoreError>;

    /// Destroys the data keys of those purposes: the wrapped bytes are gone from the store's files, a
    /// `Destroyed` stays. With the profile's key goes the row's `external_id_hmac`: its lookup row is released
    /// before. Again is no error. False when there is no row.
    async fn destroy(&self, customer: &CustomerRef, purposes: Purposes) -> Result<bool, StoreError>;
}

/// What came of claiming an external id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claimed {
    /// It is this customer's now, or was already.
    Ours,
    /// It is this other customer's.
    Taken(CustomerId),
}

/// The orgs' own ids for customers, by HMAC under the org's id secret.
#[async_trait]
pub trait ExternalIds: Send + Sync {
    /// Claims the id for the customer unless another has it. Conditional and durable.
    async fn claim(
        &self,
        org: &OrgId,
        external_id_hmac: [u8; 32],
        customer: &CustomerId,
    ) -> Result<Claimed, StoreError>;

    /// Whose it is.
    async fn lookup(&self, org: &OrgId, external_id_hmac: [u8; 32])
    -> Result<Option<CustomerId>, StoreError>;

    /// Gives it free if it is this customer's.
    async fn release(
        &self,
        org: &OrgId,
        external_id_hmac: [u8; 32],
        customer: &CustomerId,
    ) -> Result<(), StoreError>;
}

/// Small texts beside the key rows: backed up, restored and lost together with them, which is why they are kept
/// there and not in the read model. What a text means is its writers' business.
#[async_trait]
pub trait KeyNotes: Send + Sync {
    /// The note of that name; none before the first. Sees every change that was answered before it was asked.
    async fn note(&self, name: &str) -> Result<Option<String>, StoreError>;

    /// Puts `new` where `old` stands (none: where nothing stands yet). Conditional and durable; of two at once
    /// from the same `old` one succeeds. False when something else stands there.
    async fn change_note(&self, name: &str, old: Option<&str>, new: &str) -> Result<bool, StoreError>;
}
