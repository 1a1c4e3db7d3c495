//! Orgs and API keys as this instance knows them: follows `identity.orgs` into memory, so that a request is
//! authenticated without a store, and a change is known everywhere within a second (contract §6).
//!
//! Not here: what a scope allows and whether a key has expired; who asks decides that.

mod follow;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use domain::ids::OrgId;
use domain::orgs::{ApiKeyRecord, OrgRecord};
use domain::ports::EventLog;
use event_codec::Codec;
use subtle::ConstantTimeEq as _;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use vault::{Kms, OrgIds};

/// An org and what follows from its record.
#[derive(Debug)]
pub struct OrgEntry {
    /// Its latest record.
    pub record: OrgRecord,
    /// Ids under its id secret.
    pub ids: OrgIds,
}

/// What became of looking for a key.
#[derive(Debug, Clone)]
pub enum KeyLookup {
    /// A key of that digest and its org. It may have expired or been revoked ([`crate::api_key::is_good`]).
    Known(Arc<ApiKeyRecord>, Arc<OrgEntry>),
    /// There is such a key, but its org's id secret could not be unwrapped yet: 503, not 401.
    Waiting,
    /// There is none.
    Unknown,
}

/// A key and its org; without one the org waits for the KMS.
type KeyAndOrg = (Arc<ApiKeyRecord>, Option<Arc<OrgEntry>>);

/// What the directory knows at one moment; replaced as a whole.
#[derive(Default)]
struct Snapshot {
    orgs: HashMap<OrgId, Arc<OrgEntry>>,
    /// By digest.
    keys: HashMap<[u8; 32], KeyAndOrg>,
}

struct Shared {
    snapshot: ArcSwap<Snapshot>,
    /// Grows with each snapshot; 0: there is none yet.
    version: watch::Sender<u64>,
    /// When everything that was in the log was known: milliseconds after `began` plus one; 0: never.
    current_ms: AtomicU64,
    began: Instant,
}

/// The directory. Cheap to clone; lookups take no lock.
#[derive(Clone)]
pub struct Directory(Arc<Shared>);

impl Directory {
    /// Starts following, until cancelled. The task logs what goes wrong and goes on; it never fails.
    pub fn start(
        log: Arc<dyn EventLog>,
        kms: Arc<dyn Kms>,
        codec: Codec,
        cancel: CancellationToken,
    ) -> (Self, JoinHandle<()>) {
        let directory = Self(Arc::new(Shared {
            snapshot: ArcSwap::default(),
            version: watch::Sender::new(0),
            current_ms: AtomicU64::new(0),
            began: Instant::now(),
        }));
        let follower = follow::Follow::new(log, kms, codec, directory.clone());
        let task = tokio::spawn(async move {
            tokio::select! {
                () = cancel.cancelled() => {}
                () = follower.run() => {}
            }
        });
        (directory, task)
    }

    /// The key of that SHA-256.
    pub fn lookup(&self, key_sha256: &[u8; 32]) -> KeyLookup {
        let snapshot = self.0.snapshot.load();
        match snapshot.keys.get(key_sha256) {
            Some((key, org)) if bool::from(key.key_sha256.ct_eq(key_sha256)) => match org {
                Some(org) => KeyLookup::Known(Arc::clone(key), Arc::clone(org)),
                None => KeyLookup::Waiting,
            },
            Some(_) | None => KeyLookup::Unknown,
        }
    }

    /// The key of that SHA-256 and its org, when both are known.
    pub fn key_by_sha256(&self, key_sha256: &[u8; 32]) -> Option<(Arc<ApiKeyRecord>, Arc<OrgEntry>)> {
        match self.lookup(key_sha256) {
            KeyLookup::Known(key, org) => Some((key, org)),
            KeyLookup::Waiting | KeyLookup::Unknown => None,
        }
    }

    /// The org.
    pub fn org(&self, org: &OrgId) -> Option<Arc<OrgEntry>> {
        self.0.snapshot.load().orgs.get(org).cloned()
    }

    /// Every org that is known, those of which no key is used too.
    pub fn orgs(&self) -> Vec<Arc<OrgEntry>> {
        self.0.snapshot.load().orgs.values().cloned().collect()
    }

    /// The orgs whose record has an evidence key of before there were signers.
    pub fn orgs_with_evidence_key(&self) -> Vec<OrgId> {
        let snapshot = self.0.snapshot.load();
        let orgs = snapshot.orgs.values().filter(|entry| entry.record.has_evidence_key());
        orgs.map(|entry| entry.record.org.clone()).collect()
    }

    /// Whether everything that stood in the log within the last `stale` is known.
    pub fn is_current(&self, stale: Duration) -> bool {
        match self.0.current_ms.load(Ordering::Acquire) {
            0 => false,
            ms => self.0.began.elapsed() <= Duration::from_millis(ms - 1) + stale,
        }
    }

    /// Returns when everything that stood in the log at the start is known.
    pub async fn wait_ready(&self) {
        self.wait_for(|_| true).await;
    }

    /// Whether any org can be served: there is none yet, or the secret of at least one was opened.
    pub fn can_serve(&self) -> bool {
        let snapshot = self.0.snapshot.load();
        snapshot.keys.is_empty() || snapshot.keys.values().any(|(_, org)| org.is_some())
    }

    /// Returns when that holds; asked once ready and again after every change. The caller bounds the wait.
    pub async fn wait_for(&self, holds: impl Fn(&Self) -> bool) {
        let mut version = self.0.version.subscribe();
        // The sender lives as long as this directory, so the wait cannot end in an error.
        let _ = version.wait_for(|version| *version > 0 && holds(self)).await;
    }

    fn publish(&self, snapshot: Snapshot) {
        metrics::gauge!("identity_directory_orgs").set(snapshot.orgs.len() as f64);
        metrics::gauge!("identity_directory_keys").set(snapshot.keys.len() as f64);
        self.0.snapshot.store(Arc::new(snapshot));
        self.0.version.send_modify(|version| *version += 1);
    }

    fn mark_current(&self, at: Instant) {
        let ms = at.saturating_duration_since(self.0.began).as_millis() as u64;
        self.0.current_ms.fetch_max(ms + 1, Ordering::AcqRel);
    }
}

impl std::fmt::Debug for Directory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let snapshot = self.0.snapshot.load();
        write!(f, "Directory({} orgs, {} keys)", snapshot.orgs.len(), snapshot.keys.len())
    }
}

#[cfg(test)]
mod down_kms;
#[cfg(test)]
mod tests;
