//! Digests of rows: two rows have the same exactly when they are the same. Made of what the rows' derived `Hash`
//! feeds, so that no field can be left out. Compared within one build only; nothing keeps them.

use std::hash::{Hash as _, Hasher};

use domain::ports::Stamped;
use sha2::{Digest as _, Sha256};

/// A sum of SHA-256 digests, modulo 2^256: the same whatever order they were added in. One that differs shows
/// that rows differ; it is no defence against somebody who chooses them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RowDigest([u8; 32]);

impl RowDigest {
    /// Adds another.
    pub fn add(&mut self, other: Self) {
        let mut carry = 0;
        for (byte, more) in self.0.iter_mut().zip(other.0).rev() {
            let sum = u16::from(*byte) + u16::from(more) + carry;
            *byte = sum as u8;
            carry = sum >> 8;
        }
    }

    /// The digest of one row and its timestamp.
    pub(super) fn of(row: &Stamped) -> Self {
        let mut fed = FedBytes(Sha256::new());
        row.hash(&mut fed);
        Self(fed.0.finalize().into())
    }

    /// The digest of rows.
    pub(super) fn of_all(rows: &[Stamped]) -> Self {
        let mut sum = Self::default();
        rows.iter().for_each(|row| sum.add(Self::of(row)));
        sum
    }
}

impl std::fmt::Display for RowDigest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// Takes what a `Hash` feeds: texts with an end, lists and bytes with their length, which variant of an enum, so
/// that no two values feed the same.
struct FedBytes(Sha256);

impl Hasher for FedBytes {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The trait's short answer; the digest is taken from the field.
    fn finish(&self) -> u64 {
        let digest = self.0.clone().finalize();
        digest.iter().take(8).fold(0, |short, byte| (short << 8) | u64::from(*byte))
    }
}

#[cfg(test)]
#[path = "canonical_tests.rs"]
mod tests;
