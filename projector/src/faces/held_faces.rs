//! Orgs of a partition whose photos wait for a key that is away. The others' are read meanwhile; the position says whom
//! it has left behind and where, as the first projection's does (docs/decisions/0016-keys-that-are-away.md).

use std::collections::BTreeMap;

use domain::event::{Offset, Partition};
use domain::ids::{CustomerRef, OrgId};
use domain::ports::StoredRecord;
use domain::rows::HeldOrg;
use retry_schedule::Backoff;
use tokio::time::Instant;
use tracing::{info, warn};

use crate::batch::decode_record::KeyWait;
use crate::limits::{HELD_ORG_RETRY, HELD_ORGS_MAX};

/// One org that waits.
struct FaceHold {
    /// The first of its events that is not taken in.
    from: Offset,
    /// When it is tried again.
    due: Instant,
    /// None while it comes along.
    backoff: Option<Backoff>,
}

/// The orgs of one partition that wait.
pub(crate) struct HeldFaces {
    partition: Partition,
    orgs: BTreeMap<OrgId, FaceHold>,
}

impl HeldFaces {
    pub(crate) fn new(partition: Partition, held: &[HeldOrg]) -> Self {
        let hold = |from| FaceHold { from, due: Instant::now(), backoff: None };
        let orgs = held.iter().map(|held| (held.org.clone(), hold(held.from))).collect();
        let held = Self { partition, orgs };
        held.show();
        held
    }

    /// As they are stored with a position.
    pub(crate) fn rows(&self) -> Vec<HeldOrg> {
        self.orgs.iter().map(|(org, hold)| HeldOrg { org: org.clone(), from: hold.from }).collect()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.orgs.is_empty()
    }

    /// Whether it is an org's that waits.
    pub(crate) fn waits(&self, record: &StoredRecord) -> bool {
        !self.orgs.is_empty()
            && CustomerRef::of_record_key(&record.key)
                .is_some_and(|customer| self.orgs.contains_key(&customer.org))
    }

    /// Those to be tried again, each with where it stands and whether its key was away the last time.
    pub(crate) fn due(&self) -> Vec<(OrgId, Offset, bool)> {
        let now = Instant::now();
        let due = self.orgs.iter().filter(|(_, hold)| hold.due <= now);
        due.map(|(org, hold)| (org.clone(), hold.from, hold.backoff.is_some())).collect()
    }

    /// When the next one is.
    pub(crate) fn next_due(&self) -> Option<Instant> {
        self.orgs.values().map(|hold| hold.due).min()
    }

    /// From now on the org waits, or waits on, from there. False when too many do: then it is not an org's key that is
    /// away but the key store.
    pub(crate) fn hold(&mut self, wait: &KeyWait) -> bool {
        if !self.orgs.contains_key(&wait.org) {
            if self.orgs.len() >= HELD_ORGS_MAX {
                return false;
            }
            let (partition, org, from) = (self.partition.0, &wait.org, wait.at.0);
            warn!(partition, %org, from, why = %wait.why, "a key is not available: the photos of this org wait");
        }
        let hold = self.orgs.entry(wait.org.clone()).or_insert_with(|| FaceHold {
            from: wait.at,
            due: Instant::now(),
            backoff: None,
        });
        hold.from = wait.at;
        let backoff = hold.backoff.get_or_insert_with(|| HELD_ORG_RETRY.start());
        hold.due = Instant::now() + backoff.next_pause();
        self.show();
        true
    }

    /// Its events before that are taken in.
    pub(crate) fn comes_along(&mut self, org: &OrgId, from: Offset) {
        if let Some(hold) = self.orgs.get_mut(org) {
            *hold = FaceHold { from, due: Instant::now(), backoff: None };
        }
    }

    pub(crate) fn let_go(&mut self, org: &OrgId) {
        if self.orgs.remove(org).is_some() {
            let partition = self.partition.0;
            info!(partition, %org, "the keys of this org are available again: its photos no longer wait");
            self.show();
        }
    }

    fn show(&self) {
        let label = self.partition.0.to_string();
        metrics::gauge!("identity_face_held_orgs", "partition" => label).set(self.orgs.len() as f64);
    }
}

/// When the partition is handed over, the gauge no longer shows its orgs.
impl Drop for HeldFaces {
    fn drop(&mut self) {
        self.orgs.clear();
        self.show();
    }
}
