//! The KMS port: org keys live behind it and nowhere else. And how a key is wrapped by an adapter that holds
//! org keys itself.

use async_trait::async_trait;
use bytes::Bytes;
use domain::ids::OrgId;
use domain::orgs::Suite;
use domain::sealed::Purpose;
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use crate::aead::{self, COMMITMENT, MessageKey, NONCE, SALT, TAG};
use crate::error::KmsError;
use crate::{length_prefix, random};

/// Org keys, in versions. Obligations: a key never leaves; of two that create at once, both get the same
/// version; a key is durable before its version is told; `unwrap` gives plaintext only for the very org, version
/// and binding that `wrap` was given, and only for bytes that it made.
#[async_trait]
pub trait Kms: Send + Sync {
    /// Makes the org's key if there is none. Its current version.
    async fn create_org_key(&self, org: &OrgId) -> Result<u32, KmsError>;

    /// The version that new wraps are made under.
    async fn current_version(&self, org: &OrgId) -> Result<u32, KmsError>;

    /// Whether it holds any org's key. One that holds none where there are orgs is not the one they were made with.
    async fn holds_keys(&self) -> Result<bool, KmsError>;

    /// Encrypts a key under the org's, bound to `binding`.
    async fn wrap(
        &self,
        org: &OrgId,
        version: u32,
        binding: &[u8],
        plaintext: &[u8],
    ) -> Result<Bytes, KmsError>;

    /// Decrypts what [`Kms::wrap`] gave.
    async fn unwrap(
        &self,
        org: &OrgId,
        version: u32,
        binding: &[u8],
        wrapped: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, KmsError>;
}

/// What a wrapped data key is bound to.
pub(crate) fn data_key_binding(
    customer: &domain::ids::CustomerRef,
    purpose: Purpose,
    key_id: &str,
    version: u32,
) -> Vec<u8> {
    length_prefix::joined(&[
        b"identity/data-key/v1",
        customer.org.as_str().as_bytes(),
        customer.customer.as_str().as_bytes(),
        purpose.as_str().as_bytes(),
        key_id.as_bytes(),
        &version.to_be_bytes(),
    ])
}

/// What a wrapped review key is bound to.
pub(crate) fn review_key_binding(
    customer: &domain::ids::CustomerRef,
    verification: &domain::ids::VerificationId,
    key_id: &str,
    version: u32,
) -> Vec<u8> {
    length_prefix::joined(&[
        b"identity/review-key/v1",
        customer.org.as_str().as_bytes(),
        customer.customer.as_str().as_bytes(),
        verification.as_str().as_bytes(),
        key_id.as_bytes(),
        &version.to_be_bytes(),
    ])
}

/// The first byte of a wrap.
const WRAP_VERSION: u8 = 1;
/// Wraps are few and small; the suite that forgives most is the only one.
const WRAP_SUITE: Suite = Suite::Aes256GcmSiv;

/// The key of one wrap: committed to, as an envelope's is.
fn wrapping_key(org_key: &[u8], org: &OrgId, version: u32, salt: &[u8; SALT]) -> MessageKey {
    let info = length_prefix::joined(&[b"identity/wrap/v1", org.as_str().as_bytes(), &version.to_be_bytes()]);
    MessageKey::derive(&[org_key], salt, &info)
}

fn wrap_aad(binding: &[u8], salt: &[u8], commitment: &[u8], nonce: &[u8]) -> [u8; 32] {
    let mut hash = Sha256::new();
    length_prefix::feed(&[&[WRAP_VERSION], binding, salt, commitment, nonce], |bytes| hash.update(bytes));
    hash.finalize().into()
}

/// Wraps: version (1) ‖ salt (32) ‖ commitment (32) ‖ nonce (12) ‖ ciphertext ‖ tag (16).
pub(crate) fn wrap_under(
    org_key: &[u8],
    org: &OrgId,
    version: u32,
    binding: &[u8],
    plaintext: &[u8],
) -> Bytes {
    let salt = random::bytes();
    let nonce = random::bytes();
    let key = wrapping_key(org_key, org, version, &salt);
    let start = 1 + SALT + COMMITMENT + NONCE;
    let mut out = Vec::with_capacity(start + plaintext.len() + TAG);
    out.push(WRAP_VERSION);
    out.extend_from_slice(&salt);
    out.extend_from_slice(key.commitment());
    out.extend_from_slice(&nonce);
    out.extend_from_slice(plaintext);
    let aad = wrap_aad(binding, &salt, key.commitment(), &nonce);
    let tag = aead::seal_in_place(WRAP_SUITE, key.key(), &nonce, &aad, &mut out[start..]);
    out.extend_from_slice(&tag);
    Bytes::from(out)
}

/// Unwraps; none when anything is not as it was.
pub(crate) fn unwrap_under(
    org_key: &[u8],
    org: &OrgId,
    version: u32,
    binding: &[u8],
    wrapped: &[u8],
) -> Option<Zeroizing<Vec<u8>>> {
    let ([wrap_version], rest) = wrapped.split_first_chunk::<1>()?;
    let (salt, rest) = rest.split_first_chunk::<SALT>()?;
    let (commitment, rest) = rest.split_first_chunk::<COMMITMENT>()?;
    let (nonce, rest) = rest.split_first_chunk::<NONCE>()?;
    let (ciphertext, tag) = rest.split_last_chunk::<TAG>()?;
    let key = wrapping_key(org_key, org, version, salt);
    if *wrap_version != WRAP_VERSION || !key.is_committed_to_by(commitment) {
        return None;
    }
    let mut plaintext = Zeroizing::new(ciphertext.to_vec());
    let aad = wrap_aad(binding, salt, commitment, nonce);
    aead::open_in_place(WRAP_SUITE, key.key(), nonce, &aad, &mut plaintext, tag).then_some(plaintext)
}
