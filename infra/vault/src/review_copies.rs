//! Review copies: the picture by which a person decides a pending capture, sealed under a key of its verification alone. The
//! envelope is a customer's field's but for what it is bound to; where its bytes lie is the event's business.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use domain::ids::{CustomerRef, OrgId, VerificationId, crockford};
use domain::limits::REVIEW_COPY_BYTES_MAX;
use domain::orgs::Suite;
use domain::ports::{DataKey, ExpiredReviewKey, ReviewKeyCreated, ReviewKeyRow, ReviewKeys};
use domain::sealed::{Opened, Sealed};
use domain::time::Timestamp;
use sha2::{Digest as _, Sha256};
use zeroize::{Zeroize as _, Zeroizing};

use crate::aead::{self, MessageKey, NONCE, SALT, TAG};
use crate::envelope::{Envelope, Header, MAGIC, VERSION, suite_code, unpad};
use crate::error::{UnsealError, VaultError};
use crate::kms::{Kms, review_key_binding};
use crate::padding::padded;
use crate::{length_prefix, random};

/// What the key is for, in its binding and in derivations.
const PURPOSE: &[u8] = b"review";

/// Which verification a review copy belongs to: it opens for no other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReviewPlace<'a> {
    /// Whose.
    pub customer: &'a CustomerRef,
    /// Which.
    pub verification: &'a VerificationId,
    /// The picture's media type.
    pub content_type: &'a str,
}

/// A sealed review copy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedReviewCopy {
    /// The envelope.
    pub sealed: Sealed,
    /// The key that it is sealed under.
    pub key_id: String,
}

/// Why a review copy did not open although its key is there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReviewCopyError {
    /// The key is not to be had.
    #[error(transparent)]
    Key(#[from] VaultError),
    /// The envelope is not what was sealed for this verification.
    #[error(transparent)]
    Envelope(#[from] UnsealError),
}

/// Review copies' keys: made, wrapped under the org's key, used once and for one verification each. No key of them is
/// cached. Cheap to clone.
#[derive(Clone)]
pub struct ReviewVault {
    keys: Arc<dyn ReviewKeys>,
    kms: Arc<dyn Kms>,
}

impl ReviewVault {
    /// Over a key store and a KMS.
    pub fn new(keys: Arc<dyn ReviewKeys>, kms: Arc<dyn Kms>) -> Self {
        Self { keys, kms }
    }

    /// Seals a pending capture's review copy. Its key is made and stored first, and goes at that time at the latest; where
    /// the verification has a key already (another try of the same capture), that one is used, and its own time holds.
    ///
    /// # Errors
    /// [`VaultError::Destroyed`] when the verification's key is gone; [`VaultError::Refused`] above
    /// [`REVIEW_COPY_BYTES_MAX`]; from the key store and the KMS.
    pub async fn seal_review_copy(
        &self,
        place: ReviewPlace<'_>,
        suite: Suite,
        picture: &[u8],
        expires_at: Timestamp,
    ) -> Result<SealedReviewCopy, VaultError> {
        if picture.len() > REVIEW_COPY_BYTES_MAX {
            return Err(VaultError::Refused("the review copy is larger than one may be"));
        }
        let (key_id, key) = self.key_for(place, expires_at).await?;
        let sealed = seal_with(place, suite, &key_id, &key, picture, random::bytes(), random::bytes());
        Ok(SealedReviewCopy { sealed, key_id })
    }

    /// Opens a review copy. [`Opened::Erased`] when its key is destroyed, is past its time, or was lost.
    ///
    /// # Errors
    /// [`ReviewCopyError`]; nothing of the picture is left then.
    pub async fn open_review_copy(
        &self,
        place: ReviewPlace<'_>,
        sealed: &Sealed,
        now: Timestamp,
    ) -> Result<Opened, ReviewCopyError> {
        let envelope = Envelope::parse(sealed.as_bytes())?;
        let row = self.keys.review_key(&place.customer.org, place.verification).await;
        let Some(row) = row.map_err(VaultError::from)? else { return Ok(Opened::Erased) };
        if row.customer != *place.customer || row.key.key_id() != envelope.header.key_id {
            return Err(UnsealError::Tampered.into());
        }
        if now >= row.expires_at {
            return Ok(Opened::Erased);
        }
        match self.unwrap(&row).await? {
            None => Ok(Opened::Erased),
            Some(key) => Ok(Opened::Open(open_with(place, &envelope, &key)?)),
        }
    }

    /// Destroys a verification's key, if it has one: it was decided, or its time is over.
    ///
    /// # Errors
    /// From the key store: it may have happened; again is no error.
    pub async fn destroy_review_copy(
        &self,
        org: &OrgId,
        verification: &VerificationId,
    ) -> Result<bool, VaultError> {
        Ok(self.keys.destroy_review_key(org, verification).await?)
    }

    /// Destroys so many at most of the keys whose time is over; how many that were.
    ///
    /// # Errors
    /// From the key store; what was destroyed before stays so.
    pub async fn destroy_expired(&self, now: Timestamp, limit: usize) -> Result<usize, VaultError> {
        let expired = self.keys.expired_review_keys(now, limit).await?;
        for ExpiredReviewKey { org, verification } in &expired {
            self.keys.destroy_review_key(org, verification).await?;
        }
        Ok(expired.len())
    }

    /// A verification's key, new where it has none.
    async fn key_for(
        &self,
        place: ReviewPlace<'_>,
        expires_at: Timestamp,
    ) -> Result<(String, Zeroizing<Vec<u8>>), VaultError> {
        let org = &place.customer.org;
        let kms_version = self.kms.current_version(org).await?;
        let key_id = format!("rk_{}", crockford(random::bytes()));
        let key = random::key();
        let binding = review_key_binding(place.customer, place.verification, &key_id, kms_version);
        let wrapped = self.kms.wrap(org, kms_version, &binding, &key).await?;
        let row = ReviewKeyRow {
            customer: place.customer.clone(),
            verification: place.verification.clone(),
            key: DataKey::Active { key_id: key_id.clone(), kms_version, wrapped },
            expires_at,
        };
        match self.keys.create_review_key(row).await? {
            ReviewKeyCreated::New => Ok((key_id, key)),
            ReviewKeyCreated::Existing(row) if row.customer != *place.customer => {
                Err(VaultError::Corrupt("a verification's review key is another customer's".to_owned()))
            }
            ReviewKeyCreated::Existing(row) => {
                let key = self.unwrap(&row).await?.ok_or(VaultError::Destroyed)?;
                Ok((row.key.key_id().to_owned(), key))
            }
        }
    }

    /// None when it is destroyed.
    async fn unwrap(&self, row: &ReviewKeyRow) -> Result<Option<Zeroizing<Vec<u8>>>, VaultError> {
        let DataKey::Active { key_id, kms_version, wrapped } = &row.key else { return Ok(None) };
        let binding = review_key_binding(&row.customer, &row.verification, key_id, *kms_version);
        let key = self.kms.unwrap(&row.customer.org, *kms_version, &binding, wrapped).await?;
        if key.len() != 32 {
            return Err(VaultError::KeyAway("a review key of another length".to_owned()));
        }
        Ok(Some(key))
    }
}

impl fmt::Debug for ReviewVault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ReviewVault")
    }
}

fn message_key(
    place: ReviewPlace<'_>,
    suite: Suite,
    key_id: &str,
    key: &[u8],
    salt: &[u8; SALT],
) -> MessageKey {
    let info = length_prefix::joined(&[
        b"identity/seal-review/v1",
        &[suite_code(suite)],
        place.customer.org.as_str().as_bytes(),
        place.customer.customer.as_str().as_bytes(),
        place.verification.as_str().as_bytes(),
        PURPOSE,
        key_id.as_bytes(),
    ]);
    MessageKey::derive(&[key], salt, &info)
}

/// SHA-256 of everything that the envelope stores before the ciphertext and everything that says where it belongs.
fn aad(place: ReviewPlace<'_>, header: &Header<'_>) -> [u8; 32] {
    let mut hash = Sha256::new();
    length_prefix::feed(
        &[
            &MAGIC,
            &[VERSION],
            &[suite_code(header.suite)],
            place.customer.org.as_str().as_bytes(),
            place.customer.customer.as_str().as_bytes(),
            place.verification.as_str().as_bytes(),
            PURPOSE,
            header.key_id.as_bytes(),
            place.content_type.as_bytes(),
            &header.padded_len.to_be_bytes(),
            &header.salt,
            &header.commitment,
            &header.nonce,
        ],
        |bytes| hash.update(bytes),
    );
    hash.finalize().into()
}

/// Seals with a given salt and nonce, which must be fresh.
fn seal_with(
    place: ReviewPlace<'_>,
    suite: Suite,
    key_id: &str,
    key: &[u8],
    picture: &[u8],
    salt: [u8; SALT],
    nonce: [u8; NONCE],
) -> Sealed {
    let message = message_key(place, suite, key_id, key, &salt);
    let padded_len = padded(picture.len());
    let header = Header { suite, key_id, padded_len, salt, commitment: *message.commitment(), nonce };
    let start = Header::len(key_id);
    let end = start + padded_len as usize;
    let mut envelope = Vec::with_capacity(end + TAG);
    header.write(&mut envelope);
    envelope.extend_from_slice(&(picture.len() as u32).to_be_bytes());
    envelope.extend_from_slice(picture);
    envelope.resize(end, 0);
    let aad = aad(place, &header);
    let tag = aead::seal_in_place(suite, message.key(), &nonce, &aad, &mut envelope[start..]);
    envelope.extend_from_slice(&tag);
    Sealed::from_envelope(Bytes::from(envelope))
}

/// The picture; wiped with its last handle.
fn open_with(place: ReviewPlace<'_>, envelope: &Envelope<'_>, key: &[u8]) -> Result<Bytes, UnsealError> {
    let header = &envelope.header;
    let message = message_key(place, header.suite, header.key_id, key, &header.salt);
    if !message.is_committed_to_by(&header.commitment) {
        return Err(UnsealError::Tampered);
    }
    let mut text = Zeroizing::new(envelope.ciphertext.to_vec());
    let aad = aad(place, header);
    if !aead::open_in_place(header.suite, message.key(), &header.nonce, &aad, &mut text, envelope.tag) {
        return Err(UnsealError::Tampered);
    }
    let Some(picture) = unpad(&text) else {
        text.zeroize();
        return Err(UnsealError::Malformed);
    };
    Ok(Bytes::from_owner(text).slice(picture))
}
