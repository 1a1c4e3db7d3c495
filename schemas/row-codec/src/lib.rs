//! Rows of the read model as bytes: the one body that every view store keeps of a row, and the canonical form that
//! a rebuild compares. A row is spelled out here and nowhere else. No table, no statement, no waiting.
//!
//! A body's first byte is its format, from 1. What the store keeps as the row's key is not in the body: the reader
//! hands it back ([`RowBody::Key`]). How formats change: `docs/decisions/0019-row-codec.md`.

mod bytes;
mod canonical;
mod captures;
mod codes;
mod counts;
mod error;
mod events;
mod face_vectors;
mod faces;
mod pointer;
mod rechecks;
mod state;

pub use canonical::write_canonical;
pub use codes::{parse_span, span_word};
pub use error::RowError;
pub use pointer::{pointer_body, read_pointer};

/// A row that a store keeps as one body beside its key.
pub trait RowBody: Sized {
    /// What the store keeps in columns of its own and hands back on reading.
    type Key;

    /// Room for a usual body, so that writing one allocates once.
    const USUAL_BYTES: usize;

    /// Appends the body, in the lowest format that holds the row: so that what an older build could have written, it
    /// can still read.
    fn write_body(&self, out: &mut Vec<u8>);

    /// The row of that key and body.
    ///
    /// # Errors
    /// [`RowError`] when the body is of a later format, or is no body of such a row.
    fn read_body(key: Self::Key, body: &[u8]) -> Result<Self, RowError>;

    /// The body.
    fn body(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(Self::USUAL_BYTES);
        self.write_body(&mut out);
        out
    }
}
