//! A review copy opens for its own verification and until its key is destroyed or past its time, and never again.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use domain::ids::{OrgId, VerificationId};
use domain::limits::REVIEW_COPY_BYTES_MAX;
use domain::orgs::Suite;
use domain::ports::{DataKey, ExpiredReviewKey, ReviewKeyCreated, ReviewKeyRow, ReviewKeys, StoreError};
use domain::sealed::{Opened, Sealed};
use domain::time::Timestamp;

use super::{SUITES, customer, open, org};
use crate::error::{UnsealError, VaultError};
use crate::review_copies::{ReviewCopyError, ReviewPlace, ReviewVault, SealedReviewCopy};
use crate::{FileKms, Kms as _};

/// Review keys in memory, which a test can put others' rows into.
#[derive(Default)]
struct MemoryReviewKeys(Mutex<HashMap<(OrgId, VerificationId), ReviewKeyRow>>);

impl MemoryReviewKeys {
    fn row(&self, n: u8) -> ReviewKeyRow {
        self.0.lock().expect("no panic")[&(org(1), verification(n))].clone()
    }

    fn force(&self, row: ReviewKeyRow) {
        let place = (row.customer.org.clone(), row.verification.clone());
        self.0.lock().expect("no panic").insert(place, row);
    }
}

#[async_trait]
impl ReviewKeys for MemoryReviewKeys {
    async fn create_review_key(&self, row: ReviewKeyRow) -> Result<ReviewKeyCreated, StoreError> {
        let place = (row.customer.org.clone(), row.verification.clone());
        let mut rows = self.0.lock().expect("no panic");
        if let Some(there) = rows.get(&place) {
            return Ok(ReviewKeyCreated::Existing(Box::new(there.clone())));
        }
        rows.insert(place, row);
        Ok(ReviewKeyCreated::New)
    }

    async fn review_key(
        &self,
        org: &OrgId,
        verification: &VerificationId,
    ) -> Result<Option<ReviewKeyRow>, StoreError> {
        Ok(self.0.lock().expect("no panic").get(&(org.clone(), verification.clone())).cloned())
    }

    async fn destroy_review_key(
        &self,
        org: &OrgId,
        verification: &VerificationId,
    ) -> Result<bool, StoreError> {
        let mut rows = self.0.lock().expect("no panic");
        let Some(row) = rows.get_mut(&(org.clone(), verification.clone())) else { return Ok(false) };
        row.key = DataKey::Destroyed { key_id: row.key.key_id().to_owned() };
        Ok(true)
    }

    async fn expired_review_keys(
        &self,
        by: Timestamp,
        limit: usize,
    ) -> Result<Vec<ExpiredReviewKey>, StoreError> {
        let rows = self.0.lock().expect("no panic");
        let active = rows.values().filter(|row| matches!(row.key, DataKey::Active { .. }));
        let expired = active.filter(|row| row.expires_at <= by).take(limit).map(|row| ExpiredReviewKey {
            org: row.customer.org.clone(),
            verification: row.verification.clone(),
        });
        Ok(expired.collect())
    }

    async fn destroy_review_keys_of(&self, _: &domain::ids::CustomerRef) -> Result<u64, StoreError> {
        Ok(0)
    }
}

fn verification(n: u8) -> VerificationId {
    VerificationId::from_bytes([n; 16])
}

fn at(ms: i64) -> Timestamp {
    Timestamp::from_millis(ms)
}

const EXPIRES: i64 = 1_000;
const PICTURE: &[u8] = b"a card and a portrait";
const JPEG: &str = "image/jpeg";

struct World {
    keys: Arc<MemoryReviewKeys>,
    vault: ReviewVault,
    _folder: tempfile::TempDir,
}

impl World {
    async fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let kms = FileKms::open(folder.path().join("kms").join("org-keys")).expect("opened");
        for n in [1, 2] {
            kms.create_org_key(&org(n)).await.expect("made");
        }
        let keys = Arc::new(MemoryReviewKeys::default());
        let vault = ReviewVault::new(Arc::clone(&keys) as _, Arc::new(kms));
        Self { keys, vault, _folder: folder }
    }

    async fn sealed(&self, n: u8, suite: Suite) -> SealedReviewCopy {
        let (customer, verification) = (customer(1, 2), verification(n));
        let place = ReviewPlace { customer: &customer, verification: &verification, content_type: JPEG };
        let sealed = self.vault.seal_review_copy(place, suite, PICTURE, at(EXPIRES)).await;
        sealed.expect("sealed")
    }

    async fn open(&self, n: u8, sealed: &Sealed, now: i64) -> Result<Opened, ReviewCopyError> {
        let (customer, verification) = (customer(1, 2), verification(n));
        let place = ReviewPlace { customer: &customer, verification: &verification, content_type: JPEG };
        self.vault.open_review_copy(place, sealed, at(now)).await
    }
}

const TAMPERED: ReviewCopyError = ReviewCopyError::Envelope(UnsealError::Tampered);

#[tokio::test]
async fn a_review_copy_comes_back_until_its_time_is_over() {
    let world = World::new().await;
    for (n, suite) in [(3, SUITES[0]), (4, SUITES[1])] {
        let copy = world.sealed(n, suite).await;
        assert_eq!(copy.key_id, world.keys.row(n).key.key_id());
        assert_eq!(world.open(n, &copy.sealed, EXPIRES - 1).await, Ok(open(PICTURE)));
        assert_eq!(world.open(n, &copy.sealed, EXPIRES).await, Ok(Opened::Erased), "swept or not");
    }
}

#[tokio::test]
async fn moved_to_another_verification_customer_org_or_type_it_is_refused() {
    let world = World::new().await;
    let (one, other) = (world.sealed(3, SUITES[0]).await, world.sealed(4, SUITES[0]).await);
    assert_eq!(world.open(4, &one.sealed, 0).await, Err(TAMPERED), "its key's name is another");
    // Whoever can write the key store gives the other verification this one's key, under its name.
    let DataKey::Active { key_id, kms_version, wrapped } = world.keys.row(3).key else { panic!("active") };
    let moved = DataKey::Active { key_id, kms_version, wrapped };
    world.keys.force(ReviewKeyRow { key: moved.clone(), ..world.keys.row(4) });
    let refused = world.open(4, &one.sealed, 0).await;
    assert!(matches!(refused, Err(ReviewCopyError::Key(VaultError::KeyAway(_)))), "{refused:?}");
    assert_eq!(world.open(4, &other.sealed, 0).await, Err(TAMPERED));

    let (here, verification_3) = (customer(1, 2), verification(3));
    let place = ReviewPlace { customer: &here, verification: &verification_3, content_type: JPEG };
    for (what, customer) in [("another customer's", customer(1, 9)), ("another org's", customer(2, 2))] {
        world.keys.force(ReviewKeyRow { customer: customer.clone(), ..world.keys.row(3) });
        let asked = ReviewPlace { customer: &customer, ..place };
        let refused = world.vault.open_review_copy(asked, &one.sealed, at(0)).await;
        assert!(matches!(refused, Err(ReviewCopyError::Key(_))), "{what}: {refused:?}");
        world.keys.force(ReviewKeyRow { customer: here.clone(), ..world.keys.row(3) });
    }
    let png = ReviewPlace { content_type: "image/png", ..place };
    assert_eq!(world.vault.open_review_copy(png, &one.sealed, at(0)).await, Err(TAMPERED));
    assert_eq!(world.open(3, &one.sealed, 0).await, Ok(open(PICTURE)));
}

#[tokio::test]
async fn every_changed_byte_is_refused() {
    let world = World::new().await;
    let copy = world.sealed(3, SUITES[0]).await;
    let bytes = copy.sealed.as_bytes();
    for at in 0..bytes.len() {
        let mut changed = bytes.to_vec();
        changed[at] ^= 1;
        let changed = Sealed::from_envelope(changed.into());
        let refused = world.open(3, &changed, 0).await;
        assert!(matches!(refused, Err(ReviewCopyError::Envelope(_))), "byte {at}: {refused:?}");
    }
}

#[tokio::test]
async fn once_its_key_is_destroyed_nobody_opens_it_and_none_is_sealed_again() {
    let world = World::new().await;
    let copy = world.sealed(3, SUITES[0]).await;
    let again = world.sealed(3, SUITES[0]).await;
    assert_eq!(again.key_id, copy.key_id, "another try of the capture has the same key");
    assert_ne!(again.sealed, copy.sealed);
    for _ in 0..2 {
        assert_eq!(world.vault.destroy_review_copy(&org(1), &verification(3)).await, Ok(true));
        for sealed in [&copy.sealed, &again.sealed] {
            assert_eq!(world.open(3, sealed, 0).await, Ok(Opened::Erased));
        }
    }
    let (customer, verification_3) = (customer(1, 2), verification(3));
    let place = ReviewPlace { customer: &customer, verification: &verification_3, content_type: JPEG };
    let refused = world.vault.seal_review_copy(place, SUITES[0], PICTURE, at(EXPIRES)).await;
    assert_eq!(refused, Err(VaultError::Destroyed));
    assert_eq!(world.vault.destroy_review_copy(&org(1), &verification(9)).await, Ok(false));
    assert_eq!(world.open(9, &copy.sealed, 0).await, Ok(Opened::Erased), "a key that was lost");
}

#[tokio::test]
async fn what_is_past_its_time_is_destroyed_so_many_at_a_time() {
    let world = World::new().await;
    for n in 3..8 {
        world.sealed(n, SUITES[0]).await;
    }
    for (now, limit, destroyed) in [(EXPIRES - 1, 10, 0), (EXPIRES, 3, 3), (EXPIRES, 3, 2), (EXPIRES, 3, 0)] {
        assert_eq!(world.vault.destroy_expired(at(now), limit).await, Ok(destroyed), "{now} {limit}");
    }
}

#[tokio::test]
async fn one_that_is_too_large_is_refused_before_a_key_is_made() {
    let world = World::new().await;
    let (customer, verification) = (customer(1, 2), verification(3));
    let place = ReviewPlace { customer: &customer, verification: &verification, content_type: JPEG };
    let most = vec![7; REVIEW_COPY_BYTES_MAX];
    let refused = world.vault.seal_review_copy(place, SUITES[0], &[&most[..], &[7]].concat(), at(1)).await;
    assert!(matches!(refused, Err(VaultError::Refused(_))), "{refused:?}");
    assert!(world.keys.0.lock().expect("no panic").is_empty());
    let copy = world.vault.seal_review_copy(place, SUITES[0], &most, at(1)).await.expect("sealed");
    assert_eq!(world.open(3, &copy.sealed, 0).await, Ok(open(&most)));
}
