//! A signer's own keys and their file: X25519, which shares are sealed to, and Ed25519, which acts are signed with. The
//! file may be under a passphrase (Argon2id, RFC 9106). What is signed and who may sign it is not known here.

use std::fmt;
use std::path::Path;

use argon2::{Algorithm, Argon2, Params, Version};
use data_encoding::BASE64URL_NOPAD;
use domain::orgs::Suite;
use domain::signers::{Signer, SignerName};
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use hpke::kem::X25519HkdfSha256;
use hpke::{Deserializable as _, Kem as _, Serializable as _};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use crate::aead::{self, NONCE, TAG};
use crate::limits::{PASSPHRASE_MEMORY_KIB, PASSPHRASE_PASSES, SIGNER_FILE_BYTES_MAX};
use crate::{length_prefix, private_file, random};

type PrivateX25519 = <X25519HkdfSha256 as hpke::Kem>::PrivateKey;

/// The word before the keys in a file that is open to its owner.
const OPEN_WORD: &str = "identity-signer-v1";
/// The word in a file under a passphrase.
const LOCKED_WORD: &str = "identity-signer-argon2id-v1";
/// The word in the public file.
const PUBLIC_WORD: &str = "identity-signer-public-v1";

/// Bytes of a passphrase's salt.
const PASSPHRASE_SALT: usize = 16;

/// Why a signer's file was not read or written.
#[derive(Debug, thiserror::Error)]
pub enum SignerFileError {
    /// The file could not be read or written; an existing one is never written over.
    #[error("the signer's file: {0}")]
    Io(#[from] std::io::Error),
    /// It holds something else.
    #[error("not a signer's file of this kind (its first word is {0})")]
    NotASigner(&'static str),
    /// It is under a passphrase, and none was given.
    #[error("the signer's file is under a passphrase")]
    PassphraseWanted,
    /// Another passphrase, or an altered file.
    #[error("the passphrase does not open the signer's file")]
    WrongPassphrase,
}

/// The public halves of a signer's keys.
#[derive(Clone, PartialEq, Eq)]
pub struct SignerPublicKeys {
    x25519: [u8; 32],
    ed25519: [u8; 32],
}

impl SignerPublicKeys {
    /// Takes up the text that [`SignerPublicKeys::to_text`] gave. A key that anybody could sign for, or that gives
    /// everybody the same secret, is refused (RFC 8032 §8.4, RFC 7748 §6.1).
    ///
    /// # Errors
    /// [`SignerFileError::NotASigner`].
    pub fn parse(text: &str) -> Result<Self, SignerFileError> {
        let not_ours = || SignerFileError::NotASigner(PUBLIC_WORD);
        let mut words = text.split_whitespace();
        let (Some(PUBLIC_WORD), Some(x25519), Some(ed25519), None) =
            (words.next(), words.next(), words.next(), words.next())
        else {
            return Err(not_ours());
        };
        let key = |text: &str| decoded::<32>(text).map(|key| *key).ok_or_else(not_ours);
        let keys = Self { x25519: key(x25519)?, ed25519: key(ed25519)? };
        if keys.are_usable() { Ok(keys) } else { Err(not_ours()) }
    }

    /// One line of text, for a file.
    pub fn to_text(&self) -> String {
        let [x25519, ed25519] = [self.x25519, self.ed25519].map(|key| BASE64URL_NOPAD.encode(&key));
        format!("{PUBLIC_WORD} {x25519} {ed25519}\n")
    }

    /// The name of the X25519 key in sealed shares.
    pub fn x25519_key_id(&self) -> String {
        x25519_key_id(&self.x25519)
    }

    /// As a member of a set.
    pub fn named(&self, name: SignerName) -> Signer {
        Signer { name, x25519: self.x25519, ed25519: self.ed25519 }
    }

    /// Whether they are that member's.
    pub fn are_of(&self, signer: &Signer) -> bool {
        self.x25519 == signer.x25519 && self.ed25519 == signer.ed25519
    }

    fn are_usable(&self) -> bool {
        let is_strong = VerifyingKey::from_bytes(&self.ed25519).is_ok_and(|key| !key.is_weak());
        is_strong && crate::secret_shares::can_be_sealed_to(&self.x25519)
    }
}

impl fmt::Debug for SignerPublicKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SignerPublicKeys({})", x25519_key_id(&self.x25519))
    }
}

/// An X25519 key's name in sealed shares: base64url of the first 12 bytes of its SHA-256 (16 characters).
pub fn x25519_key_id(key: &[u8; 32]) -> String {
    BASE64URL_NOPAD.encode(&Sha256::digest(key)[..12])
}

/// Whether that is the signer's signature of the message; a signature that two messages could have is none
/// (`verify_strict`).
pub fn is_signed_by(signer: &Signer, message: &[u8], signature: &[u8; 64]) -> bool {
    VerifyingKey::from_bytes(&signer.ed25519)
        .is_ok_and(|key| key.verify_strict(message, &Signature::from_bytes(signature)).is_ok())
}

/// A signer's private keys. Wiped when dropped; its `Debug` shows only its public halves' name.
pub struct SignerKeys {
    x25519: PrivateX25519,
    ed25519: SigningKey,
    public: SignerPublicKeys,
}

impl SignerKeys {
    /// Makes keys.
    pub fn generate() -> Self {
        Self::from_bytes(&random::key(), &random::key()).expect("any 32 bytes are either key")
    }

    /// Of 32 bytes each: an X25519 private key (RFC 7748) and an Ed25519 private key (RFC 8032).
    fn from_bytes(x25519: &[u8], ed25519: &[u8]) -> Option<Self> {
        let x25519 = PrivateX25519::from_bytes(x25519).ok()?;
        let ed25519 = SigningKey::from_bytes(ed25519.try_into().ok()?);
        let public = SignerPublicKeys {
            x25519: X25519HkdfSha256::sk_to_pk(&x25519).to_bytes().into(),
            ed25519: ed25519.verifying_key().to_bytes(),
        };
        Some(Self { x25519, ed25519, public })
    }

    /// The public halves.
    pub fn public(&self) -> &SignerPublicKeys {
        &self.public
    }

    /// The Ed25519 signature of a message.
    pub fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.ed25519.sign(message).to_bytes()
    }

    pub(crate) fn x25519(&self) -> &PrivateX25519 {
        &self.x25519
    }

    /// Writes the keys to a new file, mode 0600, durably, under a passphrase if there is one; the folder is made, mode
    /// 0700, if it is not there.
    ///
    /// # Errors
    /// [`SignerFileError::Io`]; of the kind `AlreadyExists` when there is such a file.
    pub fn write(&self, path: &Path, passphrase: Option<&str>) -> Result<(), SignerFileError> {
        let mut keys = Zeroizing::new([0; 64]);
        self.x25519.write_exact(&mut keys[..32]);
        keys[32..].copy_from_slice(self.ed25519.as_bytes());
        let text = match passphrase {
            None => line(OPEN_WORD, &[keys.as_slice()]),
            Some(passphrase) => {
                let (salt, nonce) = (random::bytes::<PASSPHRASE_SALT>(), random::bytes::<NONCE>());
                let key = passphrase_key(passphrase, &salt)?;
                let aad = locked_aad(&salt, &nonce);
                let tag = aead::seal_in_place(Suite::Aes256GcmSiv, &key, &nonce, &aad, keys.as_mut_slice());
                line(LOCKED_WORD, &[&salt, &nonce, keys.as_slice(), &tag])
            }
        };
        private_file::create(path, text.as_bytes())?;
        Ok(())
    }

    /// Reads the keys from their file, which nobody but its owner may be able to read. The passphrase is asked for only
    /// if the file is under one.
    ///
    /// # Errors
    /// [`SignerFileError`].
    pub fn read(
        path: &Path,
        passphrase: impl FnOnce() -> Option<Zeroizing<String>>,
    ) -> Result<Self, SignerFileError> {
        let content = private_file::read(path, SIGNER_FILE_BYTES_MAX)?;
        let not_ours = || SignerFileError::NotASigner(OPEN_WORD);
        let text = std::str::from_utf8(&content).map_err(|_| not_ours())?;
        let mut words = text.split_whitespace();
        let keys = match (words.next(), words.next(), words.next()) {
            (Some(OPEN_WORD), Some(keys), None) => decoded::<64>(keys).ok_or_else(not_ours)?,
            (Some(LOCKED_WORD), Some(locked), None) => {
                let passphrase = passphrase().ok_or(SignerFileError::PassphraseWanted)?;
                unlock(locked, &passphrase)?
            }
            _ => return Err(not_ours()),
        };
        Self::from_bytes(&keys[..32], &keys[32..]).ok_or_else(not_ours)
    }
}

impl fmt::Debug for SignerKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SignerKeys({})", x25519_key_id(&self.public.x25519))
    }
}

fn decoded<const N: usize>(text: &str) -> Option<Zeroizing<[u8; N]>> {
    let bytes = Zeroizing::new(BASE64URL_NOPAD.decode(text.as_bytes()).ok()?);
    Some(Zeroizing::new(bytes.as_slice().try_into().ok()?))
}

/// A word and the base64url of the parts, one after the other.
fn line(word: &str, parts: &[&[u8]]) -> Zeroizing<String> {
    let bytes = Zeroizing::new(parts.concat());
    // Room for the whole, so that no growing leaves a copy behind.
    let mut text = Zeroizing::new(String::with_capacity(word.len() + 2 * bytes.len() + 4));
    text.push_str(word);
    text.push(' ');
    BASE64URL_NOPAD.encode_append(&bytes, &mut text);
    text.push('\n');
    text
}

fn locked_aad(salt: &[u8; PASSPHRASE_SALT], nonce: &[u8; NONCE]) -> Vec<u8> {
    length_prefix::joined(&[b"identity/signer-file/v1", salt, nonce])
}

/// Argon2id with the parameters of the file's first word.
fn passphrase_key(
    passphrase: &str,
    salt: &[u8; PASSPHRASE_SALT],
) -> Result<Zeroizing<[u8; 32]>, SignerFileError> {
    let params = Params::new(PASSPHRASE_MEMORY_KIB, PASSPHRASE_PASSES, 1, Some(32));
    let params = params.expect("parameters within Argon2's bounds");
    let mut key = Zeroizing::new([0; 32]);
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(passphrase.as_bytes(), salt, key.as_mut_slice())
        .map_err(|_| SignerFileError::WrongPassphrase)?;
    Ok(key)
}

fn unlock(locked: &str, passphrase: &str) -> Result<Zeroizing<[u8; 64]>, SignerFileError> {
    let not_ours = || SignerFileError::NotASigner(LOCKED_WORD);
    let locked = decoded::<{ PASSPHRASE_SALT + NONCE + 64 + TAG }>(locked).ok_or_else(not_ours)?;
    let (salt, rest) = locked.split_first_chunk::<PASSPHRASE_SALT>().ok_or_else(not_ours)?;
    let (nonce, rest) = rest.split_first_chunk::<NONCE>().ok_or_else(not_ours)?;
    let (sealed, tag) = rest.split_last_chunk::<TAG>().ok_or_else(not_ours)?;
    let mut keys = Zeroizing::new([0; 64]);
    keys.copy_from_slice(sealed);
    let key = passphrase_key(passphrase, salt)?;
    let aad = locked_aad(salt, nonce);
    if aead::open_in_place(Suite::Aes256GcmSiv, &key, nonce, &aad, keys.as_mut_slice(), tag) {
        Ok(keys)
    } else {
        Err(SignerFileError::WrongPassphrase)
    }
}
