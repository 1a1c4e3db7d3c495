//! The second lock on evidence: the secret that it is sealed with; and how it was before there were signers: a secret
//! encapsulated to an org's evidence key (X25519) with export-only HPKE (RFC 9180: DHKEM(X25519, HKDF-SHA256),
//! HKDF-SHA256, export-only; base mode). Nothing of ours seals so any more; what was sealed so is adopted
//! ([`crate::UnsharedSecret::adopt`]). How a secret is shared is not here.

use std::fmt;
use std::path::Path;

use bytes::Bytes;
use data_encoding::BASE64URL_NOPAD;
use domain::event::RawBinding;
use domain::ids::OrgId;
use hpke::aead::ExportOnlyAead;
use hpke::kdf::HkdfSha256;
use hpke::kem::X25519HkdfSha256;
use hpke::{Deserializable as _, Kem as _, OpModeR, OpModeS, Serializable as _};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use crate::error::{UnsealError, VaultError};
use crate::limits::EVIDENCE_KEY_FILE_BYTES_MAX;
use crate::{length_prefix, private_file, random};

type PrivateKey = <X25519HkdfSha256 as hpke::Kem>::PrivateKey;
type PublicKey = <X25519HkdfSha256 as hpke::Kem>::PublicKey;
type Encapsulated = <X25519HkdfSha256 as hpke::Kem>::EncappedKey;

/// The word before a private key in its file.
const PRIVATE_WORD: &str = "identity-evidence-private-v1";
/// The word before a public key in its file.
const PUBLIC_WORD: &str = "identity-evidence-public-v1";
/// What the exported bytes are for.
const EXPORTER_CONTEXT: &[u8] = b"identity/evidence-secret/v1";

/// What both sides put into HPKE's `info`.
fn info(org: &OrgId, evidence_key_id: &str) -> Vec<u8> {
    length_prefix::joined(&[b"identity/evidence/v1", org.as_str().as_bytes(), evidence_key_id.as_bytes()])
}

/// Why an evidence key could not be taken up or written.
#[derive(Debug, thiserror::Error)]
pub enum EvidenceKeyError {
    /// The file could not be read or written; an existing private key is never written over.
    #[error("the evidence key file: {0}")]
    Io(std::io::Error),
    /// Not a key of that kind.
    #[error("not an evidence key of this kind (one line: {0}, a space, 43 base64url characters)")]
    NotAKey(&'static str),
}

// Its words have the cause in them: as a source it would be said again.
impl From<std::io::Error> for EvidenceKeyError {
    fn from(cause: std::io::Error) -> Self {
        Self::Io(cause)
    }
}

fn line(word: &str, key: &[u8]) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::with_capacity(128));
    text.push_str(word);
    text.push(' ');
    BASE64URL_NOPAD.encode_append(key, &mut text);
    text.push('\n');
    text
}

fn unline(word: &'static str, text: &str) -> Result<Zeroizing<Vec<u8>>, EvidenceKeyError> {
    text.trim_end()
        .strip_prefix(word)
        .and_then(|rest| rest.strip_prefix(' '))
        .and_then(|key| BASE64URL_NOPAD.decode(key.as_bytes()).ok())
        .map(Zeroizing::new)
        .filter(|key| key.len() == 32)
        .ok_or(EvidenceKeyError::NotAKey(word))
}

/// The public half: what an org's record carries.
#[derive(Clone, PartialEq, Eq)]
pub struct EvidencePublicKey([u8; 32]);

impl EvidencePublicKey {
    /// Takes up 32 bytes.
    ///
    /// # Errors
    /// [`EvidenceKeyError::NotAKey`] for any other length.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, EvidenceKeyError> {
        bytes.try_into().map(Self).map_err(|_| EvidenceKeyError::NotAKey(PUBLIC_WORD))
    }

    /// Takes up the text that [`EvidencePublicKey::to_text`] gave: the content of a public key's file.
    ///
    /// # Errors
    /// [`EvidenceKeyError::NotAKey`] for anything else.
    pub fn parse(text: &str) -> Result<Self, EvidenceKeyError> {
        Self::from_bytes(&unline(PUBLIC_WORD, text)?)
    }

    /// One line of text, for a file.
    pub fn to_text(&self) -> String {
        line(PUBLIC_WORD, &self.0).to_string()
    }

    /// The 32 bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Its name: base64url of the first 12 bytes of its SHA-256 (16 characters).
    pub fn key_id(&self) -> String {
        BASE64URL_NOPAD.encode(&Sha256::digest(self.0)[..12])
    }
}

impl fmt::Debug for EvidencePublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EvidencePublicKey({})", self.key_id())
    }
}

/// The private half: compliance's. Wiped when dropped; its `Debug` shows only its name.
pub struct EvidencePrivateKey {
    key: PrivateKey,
    public: EvidencePublicKey,
}

impl EvidencePrivateKey {
    fn new(key: PrivateKey) -> Self {
        let public = EvidencePublicKey(X25519HkdfSha256::sk_to_pk(&key).to_bytes().into());
        Self { key, public }
    }

    /// Takes up the 32 bytes of an X25519 private key (RFC 7748).
    ///
    /// # Errors
    /// [`EvidenceKeyError::NotAKey`] for any other length.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, EvidenceKeyError> {
        let key = PrivateKey::from_bytes(bytes).map_err(|_| EvidenceKeyError::NotAKey(PRIVATE_WORD))?;
        Ok(Self::new(key))
    }

    /// Reads the key from its file, which nobody but its owner may be able to read.
    ///
    /// # Errors
    /// [`EvidenceKeyError`].
    pub fn read(path: &Path) -> Result<Self, EvidenceKeyError> {
        let content = private_file::read(path, EVIDENCE_KEY_FILE_BYTES_MAX)?;
        let text = std::str::from_utf8(&content).map_err(|_| EvidenceKeyError::NotAKey(PRIVATE_WORD))?;
        Self::from_bytes(&unline(PRIVATE_WORD, text)?)
    }

    /// Writes the key to a new file, mode 0600, durably; the folder is made, mode 0700, if it is not there.
    ///
    /// # Errors
    /// [`EvidenceKeyError::Io`]; of the kind `AlreadyExists` when there is such a file.
    pub fn write(&self, path: &Path) -> Result<(), EvidenceKeyError> {
        let mut bytes = Zeroizing::new([0; 32]);
        self.key.write_exact(bytes.as_mut_slice());
        private_file::create(path, line(PRIVATE_WORD, bytes.as_slice()).as_bytes())?;
        Ok(())
    }

    /// The public half.
    pub fn public(&self) -> &EvidencePublicKey {
        &self.public
    }

    /// The name of the pair.
    pub fn key_id(&self) -> String {
        self.public.key_id()
    }

    /// The secret that was encapsulated to this key.
    pub(crate) fn secret(
        &self,
        org: &OrgId,
        binding: &RawBinding,
    ) -> Result<Zeroizing<Vec<u8>>, UnsealError> {
        let encapsulated =
            Encapsulated::from_bytes(&binding.encapsulation).map_err(|_| UnsealError::Tampered)?;
        let receiver = hpke::setup_receiver::<ExportOnlyAead, HkdfSha256, X25519HkdfSha256>(
            &OpModeR::Base,
            &self.key,
            &encapsulated,
            &info(org, &binding.evidence_key_id),
        )
        .map_err(|_| UnsealError::Tampered)?;
        let mut secret = Zeroizing::new(vec![0; 32]);
        receiver.export(EXPORTER_CONTEXT, &mut secret).map_err(|_| UnsealError::Tampered)?;
        Ok(secret)
    }
}

impl fmt::Debug for EvidencePrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EvidencePrivateKey({})", self.key_id())
    }
}

/// A fresh pair.
#[derive(Debug)]
pub struct EvidenceKeyPair {
    private: EvidencePrivateKey,
}

impl EvidenceKeyPair {
    /// Makes a pair.
    pub fn generate() -> Self {
        let (key, _) = X25519HkdfSha256::gen_keypair_with_rng(&mut random::system());
        Self { private: EvidencePrivateKey::new(key) }
    }

    /// The private half.
    pub fn private(&self) -> &EvidencePrivateKey {
        &self.private
    }

    /// The public half.
    pub fn public(&self) -> &EvidencePublicKey {
        self.private.public()
    }

    /// The pair's name.
    pub fn key_id(&self) -> String {
        self.private.key_id()
    }
}

/// A 256-bit secret of one org and hour, and how evidence names it. Wiped when dropped; its `Debug` shows no secret.
pub struct EvidenceSecret {
    org: OrgId,
    binding: RawBinding,
    secret: Zeroizing<Vec<u8>>,
}

impl EvidenceSecret {
    /// As before there were signers: makes a secret and encapsulates it to the org's public key. For whoever wants
    /// evidence as an earlier build sealed it.
    ///
    /// # Errors
    /// [`VaultError::Corrupt`] when the public key is unusable or is not the one of that id.
    pub fn encapsulate(org: &OrgId, evidence_key_id: &str, public_key: &[u8]) -> Result<Self, VaultError> {
        let unusable = || VaultError::Corrupt(format!("the evidence public key of {org} is not usable"));
        let public = EvidencePublicKey::from_bytes(public_key).map_err(|_| unusable())?;
        // A name that is not the key's would send compliance to look for a private key that opens nothing.
        if public.key_id() != evidence_key_id {
            return Err(VaultError::Corrupt(format!("the evidence key of {org} has another key's id")));
        }
        let recipient = PublicKey::from_bytes(public_key).map_err(|_| unusable())?;
        let (encapsulated, sender) =
            hpke::setup_sender_with_rng::<ExportOnlyAead, HkdfSha256, X25519HkdfSha256>(
                &OpModeS::Base,
                &recipient,
                &info(org, evidence_key_id),
                &mut random::system(),
            )
            .map_err(|_| unusable())?;
        let mut secret = Zeroizing::new(vec![0; 32]);
        sender.export(EXPORTER_CONTEXT, &mut secret).map_err(|_| unusable())?;
        let encapsulation = Bytes::copy_from_slice(&encapsulated.to_bytes());
        let binding =
            RawBinding { evidence_key_id: evidence_key_id.to_owned(), encapsulation, shared_at: None };
        Ok(Self { org: org.clone(), binding, secret })
    }

    /// A secret that stands in the log as shared.
    pub(crate) fn shared(org: OrgId, binding: RawBinding, secret: Zeroizing<Vec<u8>>) -> Self {
        Self { org, binding, secret }
    }

    /// What goes into the audit record beside what was sealed with it.
    pub fn binding(&self) -> &RawBinding {
        &self.binding
    }

    pub(crate) fn org(&self) -> &OrgId {
        &self.org
    }

    pub(crate) fn secret(&self) -> &[u8] {
        &self.secret
    }
}

impl fmt::Debug for EvidenceSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EvidenceSecret({}, {})", self.org, self.binding.evidence_key_id)
    }
}
