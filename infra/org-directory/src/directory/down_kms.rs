//! A KMS that can be away, in front of a real one.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use bytes::Bytes;
use domain::ids::OrgId;
use vault::{Kms, KmsError};
use zeroize::Zeroizing;

/// A KMS that does not answer while `down` is set.
pub(crate) struct DownKms {
    pub(crate) kms: Arc<dyn Kms>,
    pub(crate) down: AtomicBool,
}

impl DownKms {
    fn up(&self) -> Result<&dyn Kms, KmsError> {
        if self.down.load(Ordering::SeqCst) {
            return Err(KmsError::Unavailable("it is down".to_owned()));
        }
        Ok(&*self.kms)
    }
}

#[async_trait]
impl Kms for DownKms {
    async fn create_org_key(&self, org: &OrgId) -> Result<u32, KmsError> {
        self.up()?.create_org_key(org).await
    }

    async fn current_version(&self, org: &OrgId) -> Result<u32, KmsError> {
        self.up()?.current_version(org).await
    }

    async fn holds_keys(&self) -> Result<bool, KmsError> {
        self.up()?.holds_keys().await
    }

    async fn wrap(&self, org: &OrgId, version: u32, binding: &[u8], plain: &[u8]) -> Result<Bytes, KmsError> {
        self.up()?.wrap(org, version, binding, plain).await
    }

    async fn unwrap(
        &self,
        org: &OrgId,
        version: u32,
        binding: &[u8],
        wrapped: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, KmsError> {
        self.up()?.unwrap(org, version, binding, wrapped).await
    }
}
