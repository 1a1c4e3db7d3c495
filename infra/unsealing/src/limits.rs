//! Every bound of this crate, with its reason.

use std::time::Duration;

/// Records of one read of `identity.audit`, at most.
pub(crate) const READ_RECORDS_MAX: usize = 1_000;

/// Bytes of one read: a record's most, so that one read always brings one.
pub(crate) const READ_BYTES_MAX: usize = domain::limits::RECORD_BYTES_MAX;

/// How long one read waits for records that are known to be there.
pub(crate) const READ_WAIT: Duration = Duration::from_secs(5);

/// An act's text: ids, digests, a share of 49 bytes, and purpose and ticket in the signer's words.
pub(crate) const ACT_TEXT_BYTES_MAX: usize = 8 * 1024;

/// A purpose, in characters: two or three sentences.
pub(crate) const PURPOSE_CHARS_MAX: usize = 500;

/// A ticket, in characters.
pub(crate) const TICKET_CHARS_MAX: usize = 100;

/// How long a request may be approved and opened (contract §7), in milliseconds.
pub(crate) const UNSEAL_REQUEST_MS: i64 = 60 * 60 * 1000;

/// The hour that an adopted secret is said to be of, in milliseconds.
pub(crate) const HOUR_MS: i64 = 60 * 60 * 1000;

/// A file with an evidence key of before: a short word and 43 characters.
pub(crate) const OLD_KEY_FILE_BYTES_MAX: u64 = 1024;

/// Bytes of a file that evidence was opened to: the largest raw answer, with room.
pub(crate) const OUT_BYTES_MAX: u64 = 8 * 1024 * 1024;

/// Bytes of a statement: ids, digests, a purpose and a ticket.
pub(crate) const STATEMENT_BYTES_MAX: u64 = 64 * 1024;

/// A request's id in a refusal, in characters: an id's own, with room for what is none.
pub(crate) const REQUEST_CHARS_MAX: usize = 64;
