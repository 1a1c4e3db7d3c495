//! Why bytes are not a row. The texts are for operators and never repeat what is stored.

use domain::ports::StoreError;

/// Why a stored body cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RowError {
    /// Only the build that wrote it, or a later one, knows what is in it.
    #[error(
        "a stored {row} is of format {found}, which a later build wrote; this build reads formats up to {known}: \
         use that version or a newer one"
    )]
    Newer {
        /// The kind of row.
        row: &'static str,
        /// Its format.
        found: u8,
        /// The highest format that this build reads.
        known: u8,
    },
    /// A code, a word or a set in a format that is known.
    #[error(
        "a stored {row} has a {part} that this build does not know: a later build wrote it, or it is damaged"
    )]
    UnknownCode {
        /// The kind of row.
        row: &'static str,
        /// The part.
        part: &'static str,
    },
    /// Cut short, too long, or something else altogether.
    #[error("a stored {row} cannot be read: it is damaged, or something else wrote it")]
    Malformed {
        /// The kind of row.
        row: &'static str,
    },
}

impl From<RowError> for StoreError {
    fn from(error: RowError) -> Self {
        Self::Corrupt(error.to_string())
    }
}
