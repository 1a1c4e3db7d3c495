//! The vault itself: makes customers' keys, finds and unwraps them, keeps them for a while, forgets them.
//! What is done with a key is in `customer_keys`.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::event::Fingerprint;
use domain::ids::{CustomerRef, EventId, crockford};
use domain::orgs::Suite;
use domain::ports::{Created, DataKey, KeyRow, KeyRowState, KeyRows, PendingStep, StoreError};
use domain::sealed::{Purpose, Purposes};
use domain::time::Timestamp;
use moka::policy::EvictionPolicy;
use moka::sync::Cache;

use crate::customer_keys::{CustomerKeys, DataKeys, FreshKeys, KeySet, PurposeKey, StoredKeys};
use crate::error::VaultError;
use crate::kms::{Kms, data_key_binding};
use crate::limits::{CUSTOMERS_CACHED_MAX, ERASED_FOR, ERASED_MAX, KEYS_CACHED_FOR};
use crate::random;

/// Whether this process hears of erasures as they happen: a cached key serves only while it does (design §2,
/// erasure). Asked on every use of the cache, so it must be cheap.
pub trait CacheFreshness: Send + Sync {
    /// True while the outcome stream is known to be current.
    fn is_current(&self) -> bool;
}

/// For processes that read one row once, and for tests: the cache always serves.
#[derive(Debug, Clone, Copy, Default)]
pub struct AlwaysCurrent;

impl CacheFreshness for AlwaysCurrent {
    fn is_current(&self) -> bool {
        true
    }
}

impl<F: Fn() -> bool + Send + Sync> CacheFreshness for F {
    fn is_current(&self) -> bool {
        self()
    }
}

/// Unwrapped keys of one customer. The cache's own handle is emptied by whoever evicts it: the cache frees its
/// memory when it likes, keys are to be gone at once.
struct Slot(Mutex<Option<(Arc<KeySet>, Arc<KeyRow>)>>);

impl Slot {
    fn empty(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
    }

    fn get(&self) -> Option<(Arc<KeySet>, Arc<KeyRow>)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

struct Inner {
    rows: Arc<dyn KeyRows>,
    kms: Arc<dyn Kms>,
    freshness: Arc<dyn CacheFreshness>,
    cache: Cache<CustomerRef, Arc<Slot>>,
    /// Of whom an erasure was heard: they are read from their row every time, and those purposes are taken as
    /// destroyed whatever the row still holds; see [`ERASED_FOR`].
    erased: Cache<CustomerRef, Purposes>,
}

/// Customers' keys. Cheap to clone.
#[derive(Clone)]
pub struct Vault(Arc<Inner>);

impl Vault {
    /// A vault over a key store and a KMS.
    pub fn new(rows: Arc<dyn KeyRows>, kms: Arc<dyn Kms>, freshness: Arc<dyn CacheFreshness>) -> Self {
        Self::with_cache(rows, kms, freshness, KEYS_CACHED_FOR, CUSTOMERS_CACHED_MAX)
    }

    /// The cache's bounds as arguments, for tests of them.
    pub(crate) fn with_cache(
        rows: Arc<dyn KeyRows>,
        kms: Arc<dyn Kms>,
        freshness: Arc<dyn CacheFreshness>,
        cached_for: Duration,
        cached_max: u64,
    ) -> Self {
        let cache = Cache::builder()
            .max_capacity(cached_max)
            .eviction_policy(EvictionPolicy::lru())
            .time_to_live(cached_for)
            .eviction_listener(|_, slot: Arc<Slot>, _| slot.empty())
            .build();
        let erased = Cache::builder()
            .max_capacity(ERASED_MAX)
            .eviction_policy(EvictionPolicy::lru())
            .time_to_live(ERASED_FOR)
            .build();
        Self(Arc::new(Inner { rows, kms, freshness, cache, erased }))
    }

    /// Makes a customer's keys, wrapped under the org key's current version. Nothing is stored yet.
    ///
    /// # Errors
    /// [`VaultError::Unavailable`] or [`VaultError::KeyAway`], from the KMS.
    pub async fn generate(&self, customer: &CustomerRef, suite: Suite) -> Result<FreshKeys, VaultError> {
        let version = self.0.kms.current_version(&customer.org).await?;
        let mut fresh = Vec::with_capacity(Purpose::ALL.len());
        let mut stored = Vec::with_capacity(Purpose::ALL.len());
        for purpose in Purpose::ALL {
            let key_id = format!("dk_{}", crockford(random::bytes()));
            let key = random::key();
            let binding = data_key_binding(customer, purpose, &key_id, version);
            let wrapped = self.0.kms.wrap(&customer.org, version, &binding, &key).await?;
            stored.push(DataKey::Active { key_id: key_id.clone(), kms_version: version, wrapped });
            fresh.push(PurposeKey { key_id, key: Some(key) });
        }
        let set = Arc::new(KeySet::new(customer.clone(), per_purpose(fresh)));
        Ok(FreshKeys { keys: DataKeys { set, suite }, wrapped: per_purpose(stored) })
    }

    /// Stores fresh keys as a pending row, unless the customer has a row. Its first attempt to be registered may
    /// take effect until `attempt_until`.
    ///
    /// # Errors
    /// [`VaultError::Unavailable`] (the row may be there or not: asking again tells) or [`VaultError::Corrupt`].
    pub async fn store(
        &self,
        fresh: FreshKeys,
        registration_event_id: EventId,
        registration_fingerprint: Fingerprint,
        external_id_hmac: Option<[u8; 32]>,
        attempt_until: Timestamp,
    ) -> Result<StoredKeys, VaultError> {
        let row = KeyRow {
            customer: fresh.keys.set.customer().clone(),
            state: KeyRowState::Pending { attempt_until },
            keys: fresh.wrapped,
            registration_event_id,
            registration_fingerprint,
            external_id_hmac,
        };
        match self.0.rows.create(row.clone()).await? {
            Created::New => Ok(StoredKeys::New(CustomerKeys { keys: fresh.keys, row: Arc::new(row) })),
            Created::Existing(existing) => {
                let set = Arc::new(self.unwrap(&existing).await?);
                let keys = DataKeys { set, suite: fresh.keys.suite };
                let row = Arc::new(KeyRow::clone(&existing));
                Ok(StoredKeys::Existing(CustomerKeys { keys, row }, existing))
            }
        }
    }

    /// The customer's keys; none when there is no row. From the cache for up to five minutes, but only while
    /// this process hears of erasures; a pending row is always read. Purposes whose erasure was heard of are
    /// destroyed, also while the row still holds their keys.
    ///
    /// # Errors
    /// [`VaultError::Unavailable`]; [`VaultError::KeyAway`] when the row is damaged, the org's key is not there,
    /// or a wrapped key is not this customer's.
    pub async fn customer_keys(
        &self,
        customer: &CustomerRef,
        suite: Suite,
    ) -> Result<Option<CustomerKeys>, VaultError> {
        if self.0.freshness.is_current()
            && let Some((set, row)) = self.0.cache.get(customer).and_then(|slot| slot.get())
        {
            return Ok(Some(CustomerKeys { keys: DataKeys { set, suite }, row }));
        }
        let found = self.0.rows.get(customer).await.map_err(|error| match error {
            StoreError::Unavailable(why) => VaultError::Unavailable(why),
            StoreError::Corrupt(why) => VaultError::KeyAway(why),
        })?;
        let Some(row) = found else { return Ok(None) };
        let set = Arc::new(self.unwrap(&row).await?);
        let row = Arc::new(row);
        if row.state == KeyRowState::Active {
            self.remember(customer, &set, &row);
        }
        Ok(Some(CustomerKeys { keys: DataKeys { set, suite }, row }))
    }

    /// Makes the row active: its registration is in the log. Pending rows are not cached, so the next look sees
    /// it. False when the registration was abandoned before.
    ///
    /// # Errors
    /// [`VaultError::Unavailable`]; [`VaultError::Corrupt`] when there is no row.
    pub async fn activate(&self, customer: &CustomerRef) -> Result<bool, VaultError> {
        if self.0.rows.activate(customer).await? {
            return Ok(true);
        }
        match self.0.rows.get(customer).await? {
            Some(_) => Ok(false),
            None => Err(VaultError::Corrupt(format!("{} has no key row to activate", customer.record_key()))),
        }
    }

    /// Takes a pending row a step on; see [`KeyRows::advance_pending`].
    ///
    /// # Errors
    /// [`VaultError::Unavailable`]: it may have happened, and asking again tells.
    pub async fn advance_pending(
        &self,
        customer: &CustomerRef,
        attempt_until: Timestamp,
        next: PendingStep,
    ) -> Result<bool, VaultError> {
        Ok(self.0.rows.advance_pending(customer, attempt_until, next).await?)
    }

    /// Takes the customer's keys of those purposes as destroyed from now on, and reads its row every time: to be
    /// called on every `CustomerErased`, which comes before the keys go. Requests that hold the keys already
    /// finish with them.
    pub fn forget(&self, customer: &CustomerRef, purposes: Purposes) {
        // In this order: whoever remembers keys looks afterwards whether they were erased meanwhile.
        self.0
            .erased
            .entry_by_ref(customer)
            .and_upsert_with(|before| before.map_or(purposes, |before| before.into_value().union(purposes)));
        self.evict(customer);
    }

    /// The purposes whose erasure this process has heard of lately.
    fn heard_erased(&self, customer: &CustomerRef) -> Purposes {
        self.0.erased.get(customer).unwrap_or(Purposes::NONE)
    }

    /// Destroys the keys of those purposes in the store, and forgets the customer. False when there is no row.
    ///
    /// # Errors
    /// [`VaultError::Unavailable`] (it may have happened; again is no error) or [`VaultError::Corrupt`].
    pub async fn destroy(&self, customer: &CustomerRef, purposes: Purposes) -> Result<bool, VaultError> {
        let destroyed = self.0.rows.destroy(customer, purposes).await;
        self.forget(customer, purposes);
        Ok(destroyed?)
    }

    /// The purposes whose keys are destroyed, as the store has it now and not the cache; all where there is no row.
    ///
    /// # Errors
    /// [`VaultError::Unavailable`] or [`VaultError::Corrupt`].
    pub async fn destroyed(&self, customer: &CustomerRef) -> Result<Purposes, VaultError> {
        let row = self.0.rows.get(customer).await?;
        let is_gone = |purpose: &Purpose| {
            row.as_ref().is_none_or(|row| !matches!(row.key(*purpose), DataKey::Active { .. }))
        };
        Ok(Purpose::ALL.into_iter().filter(is_gone).collect())
    }

    /// Drops what is past its time from the caches. They do so themselves while they are used; a process that
    /// may stand idle calls this every minute.
    pub fn sweep(&self) {
        self.0.cache.run_pending_tasks();
        self.0.erased.run_pending_tasks();
    }

    fn remember(&self, customer: &CustomerRef, set: &Arc<KeySet>, row: &Arc<KeyRow>) {
        if self.0.erased.contains_key(customer) {
            return;
        }
        let slot = Arc::new(Slot(Mutex::new(Some((set.clone(), row.clone())))));
        self.0.cache.insert(customer.clone(), slot);
        if self.0.erased.contains_key(customer) {
            self.evict(customer);
        }
    }

    fn evict(&self, customer: &CustomerRef) {
        if let Some(slot) = self.0.cache.remove(customer) {
            slot.empty();
        }
    }

    async fn unwrap(&self, row: &KeyRow) -> Result<KeySet, VaultError> {
        let customer = &row.customer;
        let erased = self.heard_erased(customer);
        let mut keys = Vec::with_capacity(Purpose::ALL.len());
        for purpose in Purpose::ALL {
            keys.push(match row.key(purpose) {
                DataKey::Destroyed { key_id } => PurposeKey { key_id: key_id.clone(), key: None },
                DataKey::Active { key_id, .. } if erased.contains(purpose) => {
                    PurposeKey { key_id: key_id.clone(), key: None }
                }
                DataKey::Active { key_id, kms_version, wrapped } => {
                    let binding = data_key_binding(customer, purpose, key_id, *kms_version);
                    let key = self.0.kms.unwrap(&customer.org, *kms_version, &binding, wrapped).await?;
                    if key.len() != 32 {
                        return Err(VaultError::KeyAway("a data key of another length".into()));
                    }
                    PurposeKey { key_id: key_id.clone(), key: Some(key) }
                }
            });
        }
        Ok(KeySet::new(customer.clone(), per_purpose(keys)))
    }
}

fn per_purpose<T>(values: Vec<T>) -> [T; 3] {
    values.try_into().map_err(|_| ()).expect("one value per purpose was collected")
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Vault({} customers cached)", self.0.cache.entry_count())
    }
}
