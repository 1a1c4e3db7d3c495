//! An hour's evidence secret and its shares: made, shared by Shamir among a signer set, each share sealed with HPKE
//! (RFC 9180: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM; base mode) to one signer's key, re-sealed to
//! whoever asked, and put together again from the threshold of them.

use std::fmt;

use bytes::Bytes;
use domain::event::{RawBinding, SealedShare, Source};
use domain::ids::{EvidenceSecretId, OrgId};
use domain::signers::{Signer, SignerName, SignerSet};
use domain::time::Timestamp;
use hmac::{Hmac, KeyInit as _, Mac as _};
use hpke::aead::AesGcm256;
use hpke::kdf::HkdfSha256;
use hpke::kem::X25519HkdfSha256;
use hpke::{Deserializable as _, OpModeR, OpModeS, Serializable as _};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use vsss_rs::Gf256;
use zeroize::Zeroizing;

use crate::evidence::{EvidencePrivateKey, EvidenceSecret};
use crate::signer::{SignerKeys, x25519_key_id};
use crate::{UnsealError, length_prefix, random};

type PublicX25519 = <X25519HkdfSha256 as hpke::Kem>::PublicKey;
type Encapsulated = <X25519HkdfSha256 as hpke::Kem>::EncappedKey;

/// Bytes of a secret.
const SECRET: usize = 32;

/// Bytes of a share: its number, and one for each of the secret.
const SHARE: usize = 1 + SECRET;

/// Why shares open nothing. Says nothing of what is in them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ShareError {
    /// Not sealed to this key, or not for this secret, hour, org, set or request; or altered.
    #[error("the share was not sealed to this signer for this secret")]
    NotTheShare,
    /// Fewer than it takes.
    #[error("too few signers' shares")]
    TooFew,
    /// Together they are another secret, or none.
    #[error("the shares are not of this secret")]
    NotTheSecret,
    /// The key is one that gives everybody the same secret (RFC 7748 §6.1).
    #[error("nothing can be sealed to the key of signer {0}")]
    UnusableKey(SignerName),
}

/// Which sharing of which secret a share is of: bound into it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SharePlace<'a> {
    /// Whose evidence.
    pub org: &'a OrgId,
    /// The secret.
    pub secret: &'a EvidenceSecretId,
    /// Its hour.
    pub hour: Timestamp,
    /// The set that it was shared among.
    pub set_version: u32,
}

impl SharePlace<'_> {
    fn info(&self, purpose: &[u8], signer: &SignerName, more: &[&[u8]]) -> Vec<u8> {
        let (hour, version) = (self.hour.millis().to_be_bytes(), self.set_version.to_be_bytes());
        let mut parts: Vec<&[u8]> = vec![
            purpose,
            self.org.as_str().as_bytes(),
            self.secret.as_str().as_bytes(),
            &hour,
            &version,
            signer.as_str().as_bytes(),
        ];
        parts.extend(more);
        length_prefix::joined(&parts)
    }
}

/// What a share is sealed for.
#[derive(Debug, Clone, Copy)]
enum SealedFor<'a> {
    /// To be kept, by the signer whose share it is.
    Keeping,
    /// To open with it what one request names.
    Request(&'a str),
}

impl SealedFor<'_> {
    fn info(self, place: &SharePlace<'_>, signer: &SignerName, key_id: &str) -> Vec<u8> {
        match self {
            Self::Keeping => place.info(b"identity/secret-share/v1", signer, &[key_id.as_bytes()]),
            Self::Request(request) => {
                let more: [&[u8]; 2] = [key_id.as_bytes(), request.as_bytes()];
                place.info(b"identity/approved-share/v1", signer, &more)
            }
        }
    }
}

/// A signer's share in clear. Wiped when dropped; its `Debug` shows whose it is.
pub struct SecretShare {
    signer: SignerName,
    bytes: Zeroizing<Vec<u8>>,
}

impl fmt::Debug for SecretShare {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretShare({})", self.signer)
    }
}

fn seal_share(
    share: &SecretShare,
    to: &[u8; 32],
    place: &SharePlace<'_>,
    purpose: SealedFor<'_>,
) -> Option<SealedShare> {
    let (recipient, key_id) = (PublicX25519::from_bytes(to).ok()?, x25519_key_id(to));
    let (encapsulated, ciphertext) =
        hpke::single_shot_seal_with_rng::<AesGcm256, HkdfSha256, X25519HkdfSha256>(
            &OpModeS::Base,
            &recipient,
            &purpose.info(place, &share.signer, &key_id),
            &share.bytes,
            &[],
            &mut random::system(),
        )
        .ok()?;
    Some(SealedShare {
        signer: share.signer.clone(),
        key_id,
        encapsulation: Bytes::copy_from_slice(&encapsulated.to_bytes()),
        ciphertext: ciphertext.into(),
    })
}

fn open_sealed(
    keys: &SignerKeys,
    sealed: &SealedShare,
    place: &SharePlace<'_>,
    purpose: SealedFor<'_>,
) -> Option<SecretShare> {
    let encapsulated = Encapsulated::from_bytes(&sealed.encapsulation).ok()?;
    let opened = hpke::single_shot_open::<AesGcm256, HkdfSha256, X25519HkdfSha256>(
        &OpModeR::Base,
        keys.x25519(),
        &encapsulated,
        &purpose.info(place, &sealed.signer, &sealed.key_id),
        &sealed.ciphertext,
        &[],
    );
    let bytes = Zeroizing::new(opened.ok()?);
    (bytes.len() == SHARE).then(|| SecretShare { signer: sealed.signer.clone(), bytes })
}

/// Whether anything can be sealed to that key.
pub(crate) fn can_be_sealed_to(x25519: &[u8; 32]) -> bool {
    let Ok(recipient) = PublicX25519::from_bytes(x25519) else { return false };
    hpke::setup_sender_with_rng::<AesGcm256, HkdfSha256, X25519HkdfSha256>(
        &OpModeS::Base,
        &recipient,
        &[],
        &mut random::system(),
    )
    .is_ok()
}

/// Opens a signer's own share.
///
/// # Errors
/// [`ShareError::NotTheShare`].
pub fn open_share(
    keys: &SignerKeys,
    place: &SharePlace<'_>,
    sealed: &SealedShare,
) -> Result<SecretShare, ShareError> {
    open_sealed(keys, sealed, place, SealedFor::Keeping).ok_or(ShareError::NotTheShare)
}

/// Seals a share again, to a signer who asked for it in a request; it opens for that signer and that request alone.
///
/// # Errors
/// [`ShareError::UnusableKey`].
pub fn reseal_share(
    share: &SecretShare,
    to: &Signer,
    place: &SharePlace<'_>,
    request: &str,
) -> Result<SealedShare, ShareError> {
    let sealed = seal_share(share, &to.x25519, place, SealedFor::Request(request));
    sealed.ok_or_else(|| ShareError::UnusableKey(to.name.clone()))
}

/// Opens a share that another signer has sealed for that request.
///
/// # Errors
/// [`ShareError::NotTheShare`].
pub fn open_approved_share(
    keys: &SignerKeys,
    place: &SharePlace<'_>,
    request: &str,
    sealed: &SealedShare,
) -> Result<SecretShare, ShareError> {
    open_sealed(keys, sealed, place, SealedFor::Request(request)).ok_or(ShareError::NotTheShare)
}

fn commitment(org: &OrgId, id: &EvidenceSecretId, secret: &[u8]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).expect("HMAC takes a key of any length");
    let parts: [&[u8]; 3] =
        [b"identity/secret-commitment/v1", org.as_str().as_bytes(), id.as_str().as_bytes()];
    length_prefix::feed(&parts, |bytes| mac.update(bytes));
    mac.finalize().into_bytes().into()
}

/// A secret that is not shared yet, or is to be shared anew: nothing is sealed with it. Wiped when dropped; its `Debug`
/// shows its name.
pub struct UnsharedSecret {
    org: OrgId,
    id: EvidenceSecretId,
    hour: Timestamp,
    secret: Zeroizing<Vec<u8>>,
}

impl UnsharedSecret {
    /// A new one.
    pub fn generate(org: OrgId, hour: Timestamp) -> Self {
        let id = EvidenceSecretId::from_bytes(random::bytes());
        Self { org, id, hour, secret: random::key() }
    }

    /// The secret that was encapsulated to an evidence key, as evidence names it.
    ///
    /// # Errors
    /// [`UnsealError::Tampered`] when it was not encapsulated to that key.
    pub fn adopt(
        private: &EvidencePrivateKey,
        org: OrgId,
        binding: &RawBinding,
        hour: Timestamp,
    ) -> Result<Self, UnsealError> {
        let secret = private.secret(&org, binding)?;
        Ok(Self { id: evidence_secret_id(&org, binding), org, hour, secret })
    }

    /// Its name.
    pub fn id(&self) -> &EvidenceSecretId {
        &self.id
    }

    /// What tells it from any other secret, and nothing else of it.
    pub fn commitment(&self) -> [u8; 32] {
        commitment(&self.org, &self.id, &self.secret)
    }

    /// One share for each signer of the set, sealed to that signer's key; the set's threshold of them opens the secret,
    /// and fewer say nothing of it.
    ///
    /// # Errors
    /// [`ShareError::UnusableKey`]; [`ShareError::NotTheSecret`] for another org's set.
    pub fn share_among(&self, set: &SignerSet) -> Result<Vec<SealedShare>, ShareError> {
        if *set.org() != self.org {
            return Err(ShareError::NotTheSecret);
        }
        let place =
            SharePlace { org: &self.org, secret: &self.id, hour: self.hour, set_version: set.version() };
        let (threshold, signers) = (set.threshold() as usize, set.signers());
        let shares = Gf256::split_bytes(threshold, signers.len(), &self.secret, random::system());
        let shares = shares.map_err(|_| ShareError::NotTheSecret)?.into_iter().map(Zeroizing::new);
        let sealed = signers.iter().zip(shares).map(|(signer, bytes)| {
            let share = SecretShare { signer: signer.name.clone(), bytes };
            let sealed = seal_share(&share, &signer.x25519, &place, SealedFor::Keeping);
            sealed.ok_or_else(|| ShareError::UnusableKey(signer.name.clone()))
        });
        sealed.collect()
    }

    /// To seal with, now that it stands in the log how it was shared.
    pub fn acknowledged(self, shared_at: Source) -> EvidenceSecret {
        let binding = RawBinding {
            evidence_key_id: self.id.as_str().to_owned(),
            encapsulation: Bytes::new(),
            shared_at: Some(shared_at),
        };
        EvidenceSecret::shared(self.org, binding, self.secret)
    }
}

impl fmt::Debug for UnsharedSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "UnsharedSecret({}, {})", self.org, self.id)
    }
}

/// The name of the secret that evidence was sealed with: as the evidence says, or, of before there were signers, a name
/// that follows from its encapsulation.
pub fn evidence_secret_id(org: &OrgId, binding: &RawBinding) -> EvidenceSecretId {
    if binding.encapsulation.is_empty()
        && let Ok(id) = EvidenceSecretId::parse(&binding.evidence_key_id)
    {
        return id;
    }
    let named = length_prefix::joined(&[
        b"identity/adopted-secret/v1",
        org.as_str().as_bytes(),
        binding.evidence_key_id.as_bytes(),
        &binding.encapsulation,
    ]);
    let digest: [u8; 32] = Sha256::digest(named).into();
    EvidenceSecretId::from_bytes(*digest.first_chunk().expect("32 bytes begin with 16"))
}

/// A secret that was put together from its shares: opens what was sealed with it, together with the customer's key.
/// Wiped when dropped; its `Debug` shows its name.
pub struct OpenedSecret {
    org: OrgId,
    id: EvidenceSecretId,
    hour: Timestamp,
    secret: Zeroizing<Vec<u8>>,
}

impl OpenedSecret {
    /// Puts shares together and compares the secret with its commitment.
    ///
    /// # Errors
    /// [`ShareError::TooFew`] for fewer than `threshold` different signers', [`ShareError::NotTheSecret`].
    pub fn combine(
        place: &SharePlace<'_>,
        threshold: u32,
        committed: &[u8; 32],
        shares: &[SecretShare],
    ) -> Result<Self, ShareError> {
        let mut numbers: Vec<u8> = shares.iter().filter_map(|share| share.bytes.first().copied()).collect();
        numbers.sort_unstable();
        numbers.dedup();
        if numbers.len() < threshold as usize || numbers.len() < shares.len() {
            return Err(ShareError::TooFew);
        }
        let mut plain = Zeroizing::new(Vec::with_capacity(shares.len()));
        plain.extend(shares.iter().map(|share| share.bytes.to_vec()));
        let secret = Gf256::combine_bytes(plain.as_slice()).map(Zeroizing::new);
        let secret = secret.map_err(|_| ShareError::NotTheSecret)?;
        let is_it = commitment(place.org, place.secret, &secret).ct_eq(committed);
        if !bool::from(is_it) {
            return Err(ShareError::NotTheSecret);
        }
        Ok(Self { org: place.org.clone(), id: place.secret.clone(), hour: place.hour, secret })
    }

    /// The same secret, to be shared anew.
    pub fn into_unshared(self) -> UnsharedSecret {
        let Self { org, id, hour, secret } = self;
        UnsharedSecret { org, id, hour, secret }
    }

    /// The same, of a secret that nobody shared.
    #[cfg(test)]
    pub(crate) fn of_unshared(unshared: UnsharedSecret) -> Self {
        let UnsharedSecret { org, id, hour, secret } = unshared;
        Self { org, id, hour, secret }
    }

    /// The secret, if it is the one of that binding.
    pub(crate) fn secret_of(&self, org: &OrgId, binding: &RawBinding) -> Result<&[u8], UnsealError> {
        let is_it = self.org == *org && evidence_secret_id(org, binding) == self.id;
        if is_it { Ok(&self.secret) } else { Err(UnsealError::Tampered) }
    }
}

impl fmt::Debug for OpenedSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OpenedSecret({}, {})", self.org, self.id)
    }
}
