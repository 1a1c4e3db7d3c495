//! The API's look at which customers of an org brought one NIK.

use async_trait::async_trait;

use super::StoreError;
use crate::ids::{CustomerId, OrgId};
use crate::nik::NikTag;
use crate::rows::Generation;

/// Sees every [`crate::rows::NikHolderRow`] that a projector's confirmed before, and none of an erased customer.
#[async_trait]
pub trait NikIndex: Send + Sync {
    /// The customers that brought each of those NIKs, in the order of the tags: at most `limit` of each, in the order of
    /// their ids.
    async fn holders(
        &self,
        generation: Generation,
        org: &OrgId,
        tags: &[NikTag],
        limit: usize,
    ) -> Result<Vec<Vec<CustomerId>>, StoreError>;
}
