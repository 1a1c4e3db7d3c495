//! Which signer set may follow which: the bytes of a set that are signed, and the chain of signatures from the first
//! set to the present one. Where sets are kept is not known here.

use domain::signers::{SignedSignerSet, SignerName, SignerSet, SignerSignature};
use sha2::{Digest as _, Sha256};

use crate::length_prefix;
use crate::signer::{SignerKeys, is_signed_by};

/// Why a set is not the next one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignerChainError {
    /// There is none.
    #[error("there is no signer set")]
    Empty,
    /// It is another org's, or not the one after the set before it.
    #[error("the signer set does not follow the one before it")]
    NotTheNext,
    /// Too few signers of the set before it have signed it.
    #[error("the signer set is not signed by the threshold of the one before it")]
    NotSigned,
}

fn signed_bytes(set: &SignerSet) -> Vec<u8> {
    let (version, threshold) = (set.version().to_be_bytes(), set.threshold().to_be_bytes());
    let previous = set.previous().map_or(&[] as &[u8], <[u8; 32]>::as_slice);
    let mut parts: Vec<&[u8]> =
        vec![b"identity/signer-set/v1", set.org().as_str().as_bytes(), &version, &threshold, previous];
    for signer in set.signers() {
        parts.extend([signer.name.as_str().as_bytes(), &signer.x25519, &signer.ed25519]);
    }
    length_prefix::joined(&parts)
}

/// SHA-256 of what is signed of a set: its name in the set after it and in shared secrets.
pub fn signer_set_sha256(set: &SignerSet) -> [u8; 32] {
    Sha256::digest(signed_bytes(set)).into()
}

/// A signer's signature of the next set.
pub fn sign_signer_set(keys: &SignerKeys, name: SignerName, next: &SignerSet) -> SignerSignature {
    SignerSignature { signer: name, signature: keys.sign(&signed_bytes(next)) }
}

/// Whether `next` may stand in the place of `current`.
///
/// # Errors
/// [`SignerChainError`].
pub fn check_next_signer_set(current: &SignerSet, next: &SignedSignerSet) -> Result<(), SignerChainError> {
    let set = &next.set;
    let follows = set.org() == current.org()
        && Some(set.version()) == current.version().checked_add(1)
        && set.previous() == Some(&signer_set_sha256(current));
    if !follows {
        return Err(SignerChainError::NotTheNext);
    }
    let bytes = signed_bytes(set);
    // By the present signers, so that a name that signs twice counts once.
    let signed = current.signers().iter().filter(|signer| {
        let theirs = next.signatures.iter().filter(|signature| signature.signer == signer.name);
        theirs.take(1).any(|signature| is_signed_by(signer, &bytes, &signature.signature))
    });
    if signed.count() >= current.threshold() as usize { Ok(()) } else { Err(SignerChainError::NotSigned) }
}

/// The set in force: the last of a chain that begins with a first set, each signed by the threshold of the one before.
///
/// # Errors
/// [`SignerChainError`].
pub fn signer_set_in_force(chain: &[SignedSignerSet]) -> Result<&SignerSet, SignerChainError> {
    let (first, next) = chain.split_first().ok_or(SignerChainError::Empty)?;
    if first.set.version() != 1 {
        return Err(SignerChainError::NotTheNext);
    }
    let mut current = &first.set;
    for signed in next {
        check_next_signer_set(current, signed)?;
        current = &signed.set;
    }
    Ok(current)
}
