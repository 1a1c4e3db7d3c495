//! Who may open evidence: an org's signers, and the sets of them that follow each other. A set is what a secret is shared
//! among; whether a set may follow another is decided by signatures, which are not made or checked here.

use std::fmt;

use crate::ids::OrgId;
use crate::limits::{SIGNER_NAME_CHARS_MAX, SIGNERS_MAX};

/// How many signers it takes at the least: one alone opens nothing, in any set.
pub const THRESHOLD_MIN: u32 = 2;

/// A signer's name in its org: ASCII letters, digits, `.`, `_` and `-`.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SignerName(std::sync::Arc<str>);

/// Not a signer's name. The text is not repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a signer's name is 1 to {SIGNER_NAME_CHARS_MAX} ASCII letters, digits, dots, underscores and hyphens"
)]
pub struct NotASignerName;

impl SignerName {
    /// Takes up a name.
    ///
    /// # Errors
    /// [`NotASignerName`].
    pub fn parse(text: &str) -> Result<Self, NotASignerName> {
        let is_of_name = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
        let is_name = (1..=SIGNER_NAME_CHARS_MAX).contains(&text.len()) && text.bytes().all(is_of_name);
        if is_name { Ok(Self(text.into())) } else { Err(NotASignerName) }
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SignerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for SignerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A signer as a set has it: the name and the public halves of both keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signer {
    /// The name.
    pub name: SignerName,
    /// X25519: shares are sealed to it.
    pub x25519: [u8; 32],
    /// Ed25519: what the signer signs is checked with it.
    pub ed25519: [u8; 32],
}

/// An org's signers from one change to the next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignerSet {
    org: OrgId,
    version: u32,
    threshold: u32,
    previous: Option<[u8; 32]>,
    signers: Vec<Signer>,
}

/// Why signers make no set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignerSetError {
    /// So few would let one person open evidence, or nobody.
    #[error("the threshold is at least {THRESHOLD_MIN} and at most the number of signers")]
    Threshold,
    /// More than a set has room for.
    #[error("a set has at most {SIGNERS_MAX} signers")]
    TooMany,
    /// One person twice would be two people.
    #[error("two signers of a set have the same name or the same key")]
    SameSigner,
    /// A version that is not the first follows another set, and only such.
    #[error("the first version follows no set, and every other one follows the set before it")]
    Version,
}

impl SignerSet {
    /// A set of that version; `previous` is the digest of the set before it.
    ///
    /// # Errors
    /// [`SignerSetError`].
    pub fn new(
        org: OrgId,
        version: u32,
        previous: Option<[u8; 32]>,
        threshold: u32,
        signers: Vec<Signer>,
    ) -> Result<Self, SignerSetError> {
        if version == 0 || (version == 1) != previous.is_none() {
            return Err(SignerSetError::Version);
        }
        if signers.len() > SIGNERS_MAX {
            return Err(SignerSetError::TooMany);
        }
        if threshold < THRESHOLD_MIN || threshold as usize > signers.len() {
            return Err(SignerSetError::Threshold);
        }
        let same = |one: &Signer, other: &Signer| {
            one.name == other.name || one.x25519 == other.x25519 || one.ed25519 == other.ed25519
        };
        let mut rest = signers.as_slice();
        while let Some((one, others)) = rest.split_first() {
            if others.iter().any(|other| same(one, other)) {
                return Err(SignerSetError::SameSigner);
            }
            rest = others;
        }
        Ok(Self { org, version, threshold, previous, signers })
    }

    /// Whose.
    pub fn org(&self) -> &OrgId {
        &self.org
    }

    /// Its number, from 1.
    pub fn version(&self) -> u32 {
        self.version
    }

    /// How many signers open a secret, and how many have to sign the next set.
    pub fn threshold(&self) -> u32 {
        self.threshold
    }

    /// Digest of the set before it; none for the first.
    pub fn previous(&self) -> Option<&[u8; 32]> {
        self.previous.as_ref()
    }

    /// The signers, in the order in which they were named.
    pub fn signers(&self) -> &[Signer] {
        &self.signers
    }

    /// The signer of that name.
    pub fn signer(&self, name: &SignerName) -> Option<&Signer> {
        self.signers.iter().find(|signer| signer.name == *name)
    }
}

/// One signer's signature of a set or of an act.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignerSignature {
    /// Whose.
    pub signer: SignerName,
    /// Ed25519 (RFC 8032).
    pub signature: [u8; 64],
}

/// A set and who of the set before it signed it; nobody signs the first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedSignerSet {
    /// The set.
    pub set: SignerSet,
    /// Signatures of signers of the set before it.
    pub signatures: Vec<SignerSignature>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signer(name: &str, key: u8) -> Signer {
        let name = SignerName::parse(name).expect("a name");
        Signer { name, x25519: [key; 32], ed25519: [key + 100; 32] }
    }

    fn org() -> OrgId {
        OrgId::from_bytes([1; 16])
    }

    #[test]
    fn only_plain_names_are_names() {
        let long = "a".repeat(SIGNER_NAME_CHARS_MAX + 1);
        for (text, is_name) in [
            ("siti", true),
            ("Budi.S-2_x", true),
            (&long[1..], true),
            (&long, false),
            ("", false),
            ("a b", false),
            ("a\n", false),
            ("é", false),
            ("a=b", false),
        ] {
            assert_eq!(SignerName::parse(text).is_ok(), is_name, "{text:?}");
        }
    }

    #[test]
    fn a_set_takes_two_people_at_the_least() {
        let set = |version, previous, threshold, signers| {
            SignerSet::new(org(), version, previous, threshold, signers).map(|set| set.version())
        };
        let (a, b, c) = (|| signer("a", 1), || signer("b", 2), || signer("c", 3));
        let twice = Signer { x25519: [1; 32], ..b() };
        let many = (0..=SIGNERS_MAX as u8).map(|n| signer(&format!("s{n}"), n)).collect::<Vec<_>>();
        for (given, expected) in [
            (set(1, None, 2, vec![a(), b()]), Ok(1)),
            (set(2, Some([0; 32]), 2, vec![a(), b(), c()]), Ok(2)),
            (set(1, None, 3, vec![a(), b(), c()]), Ok(1)),
            (set(1, None, 1, vec![a(), b()]), Err(SignerSetError::Threshold)),
            (set(1, None, 3, vec![a(), b()]), Err(SignerSetError::Threshold)),
            (set(1, None, 2, vec![a(), a()]), Err(SignerSetError::SameSigner)),
            (set(1, None, 2, vec![a(), c(), twice]), Err(SignerSetError::SameSigner)),
            (set(1, None, 2, many), Err(SignerSetError::TooMany)),
            (set(0, None, 2, vec![a(), b()]), Err(SignerSetError::Version)),
            (set(1, Some([0; 32]), 2, vec![a(), b()]), Err(SignerSetError::Version)),
            (set(2, None, 2, vec![a(), b()]), Err(SignerSetError::Version)),
        ] {
            assert_eq!(given, expected);
        }
    }
}
