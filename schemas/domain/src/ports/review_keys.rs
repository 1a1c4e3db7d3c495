//! The port of review copies' keys: one for each verification that waits for a person, beside the customers' keys in the key
//! store. What is sealed with such a key lies in the log for ever, and is unreadable from its destruction on.

use async_trait::async_trait;

use super::{DataKey, StoreError};
use crate::ids::{CustomerRef, OrgId, VerificationId};
use crate::time::Timestamp;

/// The key of one verification's review copy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReviewKeyRow {
    /// Whose verification.
    pub customer: CustomerRef,
    /// Which: there is one key for each of an org.
    pub verification: VerificationId,
    /// Wrapped under the org's key, or gone.
    pub key: DataKey,
    /// When it goes even if nobody has decided.
    pub expires_at: Timestamp,
}

/// What came of creating a review key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReviewKeyCreated {
    /// It is there now.
    New,
    /// It was there already; this one.
    Existing(Box<ReviewKeyRow>),
}

/// A key that is past its time and not destroyed yet.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ExpiredReviewKey {
    /// Of which org.
    pub org: OrgId,
    /// Of which verification.
    pub verification: VerificationId,
}

/// Review keys. Every write of a key is conditional and durable before it returns; of two at once, one wins.
#[async_trait]
pub trait ReviewKeys: Send + Sync {
    /// Inserts the row, whose key is active, unless there is one.
    async fn create_review_key(&self, row: ReviewKeyRow) -> Result<ReviewKeyCreated, StoreError>;

    /// The row of that verification. Sees every destruction that was answered before it was asked.
    async fn review_key(
        &self,
        org: &OrgId,
        verification: &VerificationId,
    ) -> Result<Option<ReviewKeyRow>, StoreError>;

    /// Destroys the key: the wrapped bytes are gone as those of `KeyRows::destroy` are, a `Destroyed` stays. Again is no
    /// error. False when there is no row.
    async fn destroy_review_key(
        &self,
        org: &OrgId,
        verification: &VerificationId,
    ) -> Result<bool, StoreError>;

    /// So many at most of the keys whose time is over by then and that are not destroyed, those whose time was over first
    /// before others, to the hour.
    async fn expired_review_keys(
        &self,
        by: Timestamp,
        limit: usize,
    ) -> Result<Vec<ExpiredReviewKey>, StoreError>;

    /// Destroys every key of a customer's that was created before this was asked; how many there were.
    async fn destroy_review_keys_of(&self, customer: &CustomerRef) -> Result<u64, StoreError>;
}
