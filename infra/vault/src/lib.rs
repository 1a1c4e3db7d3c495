//! The vault: the only crate that turns personal data into envelopes and back (design §3,
//! `docs/decisions/0002-sealing.md`). Data keys per customer and purpose, wrapped under the org's key of a
//! [`Kms`]; envelopes that open under one key and in one place only; evidence that needs an hour's secret as well,
//! which is shared among signers (`docs/decisions/0026-hour-secrets-and-signers.md`); ids and fingerprints that are
//! keyed hashes.
//!
//! What does not belong here: where key rows live (the `KeyRows` port's adapters), what is sealed when (the
//! API and the projector), Avro, HTTP.

mod aead;
mod customer_keys;
mod envelope;
mod error;
mod evidence;
mod face;
mod file_kms;
mod kms;
mod length_prefix;
mod limits;
mod org_ids;
mod padding;
mod password;
mod private_file;
mod random;
mod review_copies;
mod secret_shares;
mod secret_token;
mod signer;
mod signer_sets;
mod vault;

pub use customer_keys::{CustomerKeys, DataKeys, FreshKeys, SealContext, StoredKeys};
pub use envelope::suite_of_envelope;
pub use error::{KmsError, UnsealError, VaultError};
pub use evidence::{
    EvidenceKeyError, EvidenceKeyPair, EvidencePrivateKey, EvidencePublicKey, EvidenceSecret,
};
pub use face::FacePlace;
pub use file_kms::{FileKms, KmsFileMark};
pub use kms::Kms;
pub use limits::SEALED_PLAINTEXT_BYTES_MAX;
pub use org_ids::{ChallengeKey, OrgIds, create_id_secret};
pub use password::{PasswordError, PasswordHasher, generate_password};
pub use random::random_id;
pub use review_copies::{ReviewCopyError, ReviewPlace, ReviewVault, SealedReviewCopy};
pub use secret_shares::{
    OpenedSecret, SecretShare, ShareError, SharePlace, UnsharedSecret, evidence_secret_id,
    open_approved_share, open_share, reseal_share,
};
pub use secret_token::SecretToken;
pub use signer::{SignerFileError, SignerKeys, SignerPublicKeys, is_signed_by, x25519_key_id};
pub use signer_sets::{
    SignerChainError, check_next_signer_set, sign_signer_set, signer_set_in_force, signer_set_sha256,
};
pub use vault::{AlwaysCurrent, CacheFreshness, Vault};

#[cfg(test)]
mod tests;
