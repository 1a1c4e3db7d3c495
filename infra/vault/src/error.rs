//! What can go wrong, for callers to branch on. No variant carries a key, a plaintext or a file's content.

use domain::ids::OrgId;
use domain::ports::StoreError;

/// Why the vault did not do it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VaultError {
    /// The key store or the KMS did not answer: worth trying again.
    #[error("the vault is not available: {0}")]
    Unavailable(String),
    /// The key store and the KMS answered, and the key is not to be had from them as they are: the org's key is
    /// not there (yet), a row is damaged, a wrap does not open. Says nothing about what was sealed: worth trying
    /// again once an operator has put it right.
    #[error("the key is not to be had: {0}")]
    KeyAway(String),
    /// The customer's key for that purpose is gone for ever.
    #[error("the key for this purpose was destroyed")]
    Destroyed,
    /// An operator is needed: what is stored cannot be what the vault wrote.
    #[error("the vault found something unexpected: {0}")]
    Corrupt(String),
    /// The caller asked for what the vault never does; trying again changes nothing.
    #[error("the vault refuses this: {0}")]
    Refused(&'static str),
}

impl From<StoreError> for VaultError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable(why) => Self::Unavailable(why),
            StoreError::Corrupt(why) => Self::Corrupt(why),
        }
    }
}

impl From<KmsError> for VaultError {
    fn from(error: KmsError) -> Self {
        match error {
            KmsError::Unavailable(why) => Self::Unavailable(why),
            KmsError::UnknownKey { .. } | KmsError::Rejected | KmsError::Corrupt(_) => {
                Self::KeyAway(error.to_string())
            }
        }
    }
}

/// Why the KMS did not do it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KmsError {
    /// Worth trying again.
    #[error("the key management is not available: {0}")]
    Unavailable(String),
    /// It holds no such key.
    #[error("the key management has no key of {org}, version {version}")]
    UnknownKey {
        /// Whose key.
        org: OrgId,
        /// Which version; 0 when the org has none at all.
        version: u32,
    },
    /// The wrapped bytes were not made by this key for this binding: swapped, altered, or cut.
    #[error("the wrapped key was not made by this org key for this place")]
    Rejected,
    /// An operator is needed.
    #[error("the key management's file is not usable: {0}")]
    Corrupt(String),
}

/// Why an envelope did not open although its key is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UnsealError {
    /// Not an envelope of a version and suite that this build knows.
    #[error("not a sealed envelope")]
    Malformed,
    /// An envelope, but not one that this key sealed in this place: altered, moved, or another's.
    #[error("the envelope was not sealed with this key in this place")]
    Tampered,
}
