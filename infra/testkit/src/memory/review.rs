//! The keys of review copies in memory.

use std::collections::BTreeMap;

use async_trait::async_trait;
use domain::ids::{CustomerRef, OrgId, VerificationId};
use domain::ports::{DataKey, ExpiredReviewKey, ReviewKeyCreated, ReviewKeyRow, ReviewKeys, StoreError};
use domain::time::Timestamp;

use super::{MemoryKeys, lock};

/// By org and verification.
pub(super) type MemoryReviewKeys = BTreeMap<(String, String), ReviewKeyRow>;

fn place(org: &OrgId, verification: &VerificationId) -> (String, String) {
    (org.as_str().to_owned(), verification.as_str().to_owned())
}

fn destroy(row: &mut ReviewKeyRow) {
    row.key = DataKey::Destroyed { key_id: row.key.key_id().to_owned() };
}

fn is_active(row: &ReviewKeyRow) -> bool {
    matches!(row.key, DataKey::Active { .. })
}

#[async_trait]
impl ReviewKeys for MemoryKeys {
    async fn create_review_key(&self, row: ReviewKeyRow) -> Result<ReviewKeyCreated, StoreError> {
        let mut rows = lock(&self.reviews);
        let place = place(&row.customer.org, &row.verification);
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
        Ok(lock(&self.reviews).get(&place(org, verification)).cloned())
    }

    async fn destroy_review_key(
        &self,
        org: &OrgId,
        verification: &VerificationId,
    ) -> Result<bool, StoreError> {
        let mut rows = lock(&self.reviews);
        let row = rows.get_mut(&place(org, verification));
        let is_there = row.is_some();
        row.into_iter().for_each(destroy);
        Ok(is_there)
    }

    async fn expired_review_keys(
        &self,
        by: Timestamp,
        limit: usize,
    ) -> Result<Vec<ExpiredReviewKey>, StoreError> {
        let rows = lock(&self.reviews);
        let mut expired: Vec<_> =
            rows.values().filter(|row| is_active(row) && row.expires_at <= by).collect();
        expired.sort_by_key(|row| row.expires_at);
        let key = |row: &ReviewKeyRow| ExpiredReviewKey {
            org: row.customer.org.clone(),
            verification: row.verification.clone(),
        };
        Ok(expired.into_iter().take(limit).map(key).collect())
    }

    async fn destroy_review_keys_of(&self, customer: &CustomerRef) -> Result<u64, StoreError> {
        let mut rows = lock(&self.reviews);
        let of_customer = rows.values_mut().filter(|row| row.customer == *customer && is_active(row));
        let mut destroyed = 0;
        for row in of_customer {
            destroy(row);
            destroyed += 1;
        }
        Ok(destroyed)
    }
}
