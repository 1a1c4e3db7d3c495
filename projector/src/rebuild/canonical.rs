//! Digests of rows: two rows have the same exactly when they are the same. Made of the bytes that every store keeps
//! of a row (`row_codec`), so that no field can be left out. Compared within one build only; nothing keeps them.

use domain::ports::Stamped;
use domain::rows::ViewRow;
use row_codec::write_canonical;
use sha2::{Digest as _, Sha256};

/// Room for a verification with its reason, the largest of the usual rows.
const USUAL_ROW_BYTES: usize = 1_024;

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
    pub(super) fn of((at, row): &Stamped) -> Self {
        let mut bytes = Vec::with_capacity(USUAL_ROW_BYTES);
        bytes.extend_from_slice(&at.value().to_be_bytes());
        write_canonical(row, &mut bytes);
        Self(Sha256::digest(&bytes).into())
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

/// What people call such a row.
pub(super) fn kind(row: &ViewRow) -> &'static str {
    match row {
        ViewRow::Verification(_) => "verification",
        ViewRow::Enrolment(_) => "enrolment",
        ViewRow::Reference(_) => "reference",
        ViewRow::Review(_) => "review",
        ViewRow::TierEvent(_) => "tier event",
        ViewRow::Signal(_) => "signal",
        ViewRow::Note(_) => "note",
        ViewRow::Fallback(_) => "declared failure",
        ViewRow::RecheckClosure(_) => "recheck closing",
        ViewRow::Recheck(_) => "recheck",
        ViewRow::EraseEnrolments(_) => "erasure",
        ViewRow::State(_) => "state",
        ViewRow::Tally(_) => "tally",
        ViewRow::Books(_) => "books",
        ViewRow::Position(_) => "position",
    }
}

#[cfg(test)]
mod tests;
