//! Tests of the vault as a whole; a file per claim. What they share: fixed names and keys, a key store in
//! memory that counts its reads, a KMS in a temporary folder.

mod binding;
mod cache;
mod challenge;
mod collision;
mod evidence;
mod face;
mod field;
mod file_kms;
mod known_answers;
mod lengths;
mod lifecycle;
mod review_copies;
mod round_trip;
mod shares;
mod shown;
mod signer_known_answers;
mod signers;
mod vectors;
mod wraps;

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use domain::event::Fingerprint;
use domain::ids::{CustomerId, CustomerRef, EventId, OrgId, crockford};
use domain::orgs::Suite;
use domain::ports::{Created, DataKey, KeyRow, KeyRowState, KeyRows, PendingStep, StoreError};
use domain::sealed::{Field, Opened, Purpose, Purposes};
use domain::time::Timestamp;
use zeroize::Zeroizing;

use crate::customer_keys::{DataKeys, KeySet, PurposeKey, SealContext};
use crate::{FileKms, Kms as _, StoredKeys, Vault};

const SUITES: [Suite; 2] = [Suite::Aes256GcmSiv, Suite::Aes256Gcm];

fn org(n: u8) -> OrgId {
    OrgId::from_bytes([n; 16])
}

fn customer(org_n: u8, n: u8) -> CustomerRef {
    CustomerRef::new(org(org_n), CustomerId::from_bytes([n; 16]))
}

fn event(n: u8) -> EventId {
    EventId::from_bytes([n; 16])
}

fn ctx(event_id: &EventId, field: Field) -> SealContext<'_> {
    let content_type = match field {
        Field::FullName
        | Field::ExternalId
        | Field::Reason
        | Field::ReviewNote
        | Field::RecheckNote
        | Field::VoidNote => {
            "text/plain"
        }
        Field::Photo | Field::DeclinedPhoto | Field::Probe => "image/jpeg",
        Field::Raw | Field::CaptureClaims => "application/json",
        Field::KtpText => domain::event::KTP_TEXT_CONTENT_TYPE,
        Field::VoterValues => domain::event::VOTER_VALUES_CONTENT_TYPE,
        Field::KtpFrames | Field::CaptureFeatures => "application/octet-stream",
        Field::MatchSimilarity => domain::event::SIMILARITY_CONTENT_TYPE,
        // These two name their reference and model there.
        Field::FaceVector | Field::FaceCrop => "application/octet-stream",
    };
    SealContext { event_id, field, content_type }
}

fn open(bytes: &[u8]) -> Opened {
    Opened::Open(Bytes::copy_from_slice(bytes))
}

/// Keys that are all this byte, under one key id.
fn fixed_keys(customer: CustomerRef, key: u8, suite: Suite) -> DataKeys {
    let key_id = format!("dk_{}", crockford([4; 16]));
    let purpose = |_| PurposeKey { key_id: key_id.clone(), key: Some(Zeroizing::new(vec![key; 32])) };
    DataKeys { set: Arc::new(KeySet::new(customer, Purpose::ALL.map(purpose))), suite }
}

/// A key store in memory.
#[derive(Default)]
struct MemoryRows {
    rows: Mutex<HashMap<CustomerRef, KeyRow>>,
    reads: AtomicUsize,
    down: std::sync::atomic::AtomicBool,
}

impl MemoryRows {
    fn reads(&self) -> usize {
        self.reads.load(Ordering::SeqCst)
    }

    /// Puts a row in the place of another: what no store does, but a restored backup or an intruder may.
    fn force(&self, row: KeyRow) {
        self.rows.lock().expect("no panic").insert(row.customer.clone(), row);
    }

    fn row(&self, customer: &CustomerRef) -> KeyRow {
        self.rows.lock().expect("no panic")[customer].clone()
    }

    fn with<T>(&self, work: impl FnOnce(&mut HashMap<CustomerRef, KeyRow>) -> T) -> Result<T, StoreError> {
        if self.down.load(Ordering::SeqCst) {
            return Err(StoreError::Unavailable("down".into()));
        }
        Ok(work(&mut self.rows.lock().expect("no panic")))
    }
}

#[async_trait]
impl KeyRows for MemoryRows {
    async fn create(&self, row: KeyRow) -> Result<Created, StoreError> {
        self.with(|rows| match rows.get(&row.customer) {
            Some(existing) => Created::Existing(Box::new(existing.clone())),
            None => {
                rows.insert(row.customer.clone(), row);
                Created::New
            }
        })
    }

    async fn get(&self, customer: &CustomerRef) -> Result<Option<KeyRow>, StoreError> {
        self.reads.fetch_add(1, Ordering::SeqCst);
        self.with(|rows| rows.get(customer).cloned())
    }

    async fn activate(&self, customer: &CustomerRef) -> Result<bool, StoreError> {
        self.with(|rows| match rows.get_mut(customer) {
            Some(row) if row.state != KeyRowState::Abandoned => {
                row.state = KeyRowState::Active;
                true
            }
            Some(_) | None => false,
        })
    }

    async fn advance_pending(
        &self,
        customer: &CustomerRef,
        attempt_until: Timestamp,
        next: PendingStep,
    ) -> Result<bool, StoreError> {
        self.with(|rows| match rows.get_mut(customer) {
            Some(row) if row.state == KeyRowState::Pending { attempt_until } => {
                row.state = match next {
                    PendingStep::Attempt(attempt_until) => KeyRowState::Pending { attempt_until },
                    PendingStep::Abandon => KeyRowState::Abandoned,
                };
                true
            }
            Some(_) | None => false,
        })
    }

    async fn rewrap(
        &self,
        customer: &CustomerRef,
        purpose: Purpose,
        old_version: u32,
        new_version: u32,
        new_wrap: Bytes,
    ) -> Result<bool, StoreError> {
        self.with(|rows| match rows.get_mut(customer).map(|row| &mut row.keys[purpose as usize]) {
            Some(DataKey::Active { kms_version, wrapped, .. }) if *kms_version == old_version => {
                *kms_version = new_version;
                *wrapped = new_wrap;
                true
            }
            Some(_) | None => false,
        })
    }

    async fn destroy(&self, customer: &CustomerRef, purposes: Purposes) -> Result<bool, StoreError> {
        self.with(|rows| match rows.get_mut(customer) {
            Some(row) => {
                for purpose in purposes.iter() {
                    let key = &mut row.keys[purpose as usize];
                    if let DataKey::Active { key_id, .. } = key {
                        *key = DataKey::Destroyed { key_id: key_id.clone() };
                    }
                }
                if purposes.contains(Purpose::Profile) {
                    row.external_id_hmac = None;
                }
                true
            }
            None => false,
        })
    }
}

/// Until when the attempts of these tests may take effect.
const SOON: Timestamp = Timestamp::EPOCH;

const PENDING: KeyRowState = KeyRowState::Pending { attempt_until: SOON };

/// A vault over memory and a temporary KMS, with two orgs.
struct House {
    vault: Vault,
    rows: Arc<MemoryRows>,
    kms: Arc<FileKms>,
    _folder: tempfile::TempDir,
}

impl House {
    async fn new() -> Self {
        Self::with(|rows, kms| Vault::new(rows, kms, Arc::new(crate::AlwaysCurrent))).await
    }

    async fn with(build: impl FnOnce(Arc<MemoryRows>, Arc<FileKms>) -> Vault) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let kms = Arc::new(FileKms::open(folder.path().join("kms/keys.json")).expect("a KMS"));
        for n in [1, 2] {
            kms.create_org_key(&org(n)).await.expect("an org key");
        }
        let rows = Arc::new(MemoryRows::default());
        Self { vault: build(rows.clone(), kms.clone()), rows, kms, _folder: folder }
    }

    /// A customer with an active row.
    async fn register(&self, customer: &CustomerRef) -> crate::CustomerKeys {
        let fresh = self.vault.generate(customer, Suite::Aes256GcmSiv).await.expect("keys");
        let stored =
            self.vault.store(fresh, event(9), Fingerprint([9; 32]), None, SOON).await.expect("stored");
        assert!(matches!(stored, StoredKeys::New(_)));
        self.vault.activate(customer).await.expect("activated");
        self.keys(customer).await
    }

    async fn keys(&self, customer: &CustomerRef) -> crate::CustomerKeys {
        self.try_keys(customer).await.expect("an answer").expect("a row")
    }

    async fn try_keys(
        &self,
        customer: &CustomerRef,
    ) -> Result<Option<crate::CustomerKeys>, crate::VaultError> {
        self.vault.customer_keys(customer, Suite::Aes256GcmSiv).await
    }
}
