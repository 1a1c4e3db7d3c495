//! Names that follow from an org's id secret: ids of idempotent requests and the lookup of external ids. The
//! secret is never rotated, or a retry would come to another id.

use bytes::Bytes;
use data_encoding::{BASE32_NOPAD, BASE64URL_NOPAD, HEXLOWER};
use domain::capture::ChallengePrf;
use domain::ids::{CustomerId, OrgId};
use domain::nik::{Nik, NikTag};
use domain::orgs::{OrgRecord, WrappedSecret};
use hkdf::Hkdf;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use crate::error::VaultError;
use crate::kms::Kms;
use crate::{length_prefix, random};

fn id_secret_binding(org: &OrgId, version: u32) -> Vec<u8> {
    length_prefix::joined(&[b"identity/id-secret/v1", org.as_str().as_bytes(), &version.to_be_bytes()])
}

/// Makes an org's id secret, wrapped under its current org key, which must exist.
///
/// # Errors
/// [`VaultError::Unavailable`] or [`VaultError::KeyAway`], from the KMS.
pub async fn create_id_secret(kms: &dyn Kms, org: &OrgId) -> Result<WrappedSecret, VaultError> {
    let version = kms.current_version(org).await?;
    let secret = random::key();
    let wrapped: Bytes = kms.wrap(org, version, &id_secret_binding(org, version), &secret).await?;
    Ok(WrappedSecret { kms_version: version, wrapped })
}

/// An org's keyed names. Cheap to clone; its `Debug` shows no secret.
#[derive(Clone)]
pub struct OrgIds {
    org: OrgId,
    keyed: Hmac<Sha256>,
    challenges: ChallengeKey,
    niks: Hmac<Sha256>,
}

impl OrgIds {
    /// Unwraps the org's id secret.
    ///
    /// # Errors
    /// [`VaultError::Unavailable`], or [`VaultError::KeyAway`] when the record's secret is not the KMS's.
    pub async fn unwrap(kms: &dyn Kms, record: &OrgRecord) -> Result<Self, VaultError> {
        let WrappedSecret { kms_version, wrapped } = &record.id_secret;
        let binding = id_secret_binding(&record.org, *kms_version);
        let secret = kms.unwrap(&record.org, *kms_version, &binding, wrapped).await?;
        Ok(Self::from_secret(record.org.clone(), &secret))
    }

    /// Of an org's id secret in clear.
    pub fn from_secret(org: OrgId, secret: &[u8]) -> Self {
        let keyed = Hmac::new_from_slice(secret).expect("HMAC takes a key of any length");
        Self {
            org,
            keyed,
            challenges: ChallengeKey::of_secret(secret),
            niks: derived_hmac(secret, b"nik/v1"),
        }
    }

    /// Whose they are.
    pub fn org(&self) -> &OrgId {
        &self.org
    }

    /// What its challenges follow from.
    pub fn challenges(&self) -> &ChallengeKey {
        &self.challenges
    }

    fn hmac(&self, parts: &[&[u8]]) -> [u8; 32] {
        let mut mac = self.keyed.clone();
        length_prefix::feed(parts, |bytes| mac.update(bytes));
        mac.finalize().into_bytes().into()
    }

    /// The bytes of an id that an `Idempotency-Key` names: the same request, whenever and wherever it comes,
    /// has the same one. `route` is the route template; the key comes without the quotes of its header form.
    pub fn named(
        &self,
        prefix: &str,
        route: &str,
        customer: Option<&CustomerId>,
        idempotency_key: &str,
    ) -> [u8; 16] {
        let digest = self.hmac(&[
            b"id/v1",
            prefix.as_bytes(),
            self.org.as_str().as_bytes(),
            route.as_bytes(),
            customer.map_or("", CustomerId::as_str).as_bytes(),
            idempotency_key.as_bytes(),
        ]);
        *digest.first_chunk().expect("32 bytes begin with 16")
    }

    /// What marks bytes as given out by us to this org for that purpose, on whichever instance.
    pub fn mark(&self, purpose: &str, bytes: &[u8]) -> [u8; 16] {
        let digest = self.hmac(&[b"mark/v1", purpose.as_bytes(), self.org.as_str().as_bytes(), bytes]);
        *digest.first_chunk().expect("32 bytes begin with 16")
    }

    /// Whether that is the bytes' mark; in constant time.
    pub fn is_marked(&self, purpose: &str, bytes: &[u8], mark: &[u8]) -> bool {
        self.mark(purpose, bytes).as_slice().ct_eq(mark).into()
    }

    /// What stands for a NIK within this org (sequence §5.3): under a key of its own, HKDF-SHA-256 of the id secret, without a
    /// salt, for `nik/v1`.
    pub fn nik_tag(&self, nik: &Nik) -> NikTag {
        let mut mac = self.niks.clone();
        let parts = [b"nik/v1".as_slice(), self.org.as_str().as_bytes(), nik.as_str().as_bytes()];
        length_prefix::feed(&parts, |bytes| mac.update(bytes));
        NikTag(mac.finalize().into_bytes().into())
    }

    /// Under which name an external id is looked up.
    pub fn external_id_hmac(&self, external_id: &str) -> [u8; 32] {
        self.hmac(&[b"external-id/v1", self.org.as_str().as_bytes(), external_id.as_bytes()])
    }
}

impl std::fmt::Debug for OrgIds {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "OrgIds({})", self.org)
    }
}

/// An HMAC under a key of 32 bytes that is the secret's for that purpose.
fn derived_hmac(secret: &[u8], purpose: &[u8]) -> Hmac<Sha256> {
    let mut key = Zeroizing::new([0; 32]);
    Hkdf::<Sha256>::new(None, secret).expand(purpose, &mut *key).expect("32 bytes are one block");
    Hmac::new_from_slice(&*key).expect("HMAC takes a key of any length")
}

/// The key of an org's challenges (sequence §1.6): HKDF-SHA-256 of the id secret, without a salt, for `challenge/v1`. Its
/// `Debug` shows no secret.
#[derive(Clone)]
pub struct ChallengeKey(Hmac<Sha256>);

impl ChallengeKey {
    fn of_secret(secret: &[u8]) -> Self {
        Self(derived_hmac(secret, b"challenge/v1"))
    }
}

impl ChallengePrf for ChallengeKey {
    fn block(&self, parts: &[&[u8]]) -> [u8; 32] {
        let mut mac = self.0.clone();
        length_prefix::feed(parts, |bytes| mac.update(bytes));
        mac.finalize().into_bytes().into()
    }

    fn begins_with(&self, parts: &[&[u8]], bytes: &[u8]) -> bool {
        self.block(parts).get(..bytes.len()).is_some_and(|begin| begin.ct_eq(bytes).into())
    }

    fn base64url(&self, bytes: &[u8]) -> String {
        BASE64URL_NOPAD.encode(bytes)
    }

    fn of_base64url(&self, text: &str) -> Option<Vec<u8>> {
        BASE64URL_NOPAD.decode(text.as_bytes()).ok()
    }

    fn base32(&self, bytes: &[u8]) -> Zeroizing<String> {
        Zeroizing::new(BASE32_NOPAD.encode(bytes))
    }

    fn is_signed(&self, text: &str, secret: &str, signature: &str) -> bool {
        let Ok(signature) = HEXLOWER.decode(signature.as_bytes()) else { return false };
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else { return false };
        mac.update(text.as_bytes());
        mac.verify_slice(&signature).is_ok()
    }
}

impl std::fmt::Debug for ChallengeKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ChallengeKey(…)")
    }
}
