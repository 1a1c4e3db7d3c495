//! Every bound of this crate, with its reason.

use std::time::Duration;

use retry_schedule::RetrySchedule;

/// Records of `identity.orgs` that one read brings.
pub(crate) const DIRECTORY_READ_RECORDS_MAX: usize = 1000;

/// Bytes that one such read brings.
pub(crate) const DIRECTORY_READ_BYTES_MAX: usize = 4 * 1024 * 1024;

/// How long a read waits while nothing happens; also how often wrapped secrets are tried again at the least,
/// and well under the second within which a running instance follows (contract §6).
pub(crate) const DIRECTORY_READ_WAIT: Duration = Duration::from_millis(250);

/// Pauses after the log could not be followed or appended to, or a secret not be unwrapped: several tries fit into the
/// 30 s after which requests are refused (contract §6).
pub(crate) const DIRECTORY_RETRY: RetrySchedule =
    RetrySchedule::new(Duration::from_millis(100), Duration::from_secs(5));

/// How long the KMS may take over one org's secret: while it is waited for, nothing else is heard.
pub(crate) const KMS_ANSWER_MAX: Duration = Duration::from_secs(2);

/// Tries of one append of `identity.orgs` from the command line. Again is harmless: the topic is compacted.
pub(crate) const APPEND_TRIES: u32 = 3;

/// Names of orgs, in characters.
pub(crate) const ORG_NAME_CHARS_MAX: usize = 200;

/// Requests a minute that a limit may be set to; more is said as 0, no limit.
pub(crate) const LIMIT_PER_MINUTE_MAX: u32 = 10_000_000;

/// A file with a public key.
pub(crate) const PUBLIC_KEY_FILE_BYTES_MAX: u64 = 16 * 1024;

/// `sandbox.json`.
pub(crate) const SANDBOX_JSON_BYTES_MAX: u64 = 16 * 1024;

/// Changes of an org's signers that are kept: a set is some 300 bytes for each signer, so the note stays far below a
/// record; a change each month would take eight years.
pub(crate) const SIGNER_SETS_MAX: usize = 100;

/// A password that somebody chooses for staff.
pub(crate) const STAFF_PASSWORD_CHARS: std::ops::RangeInclusive<usize> = 15..=256;

/// Bytes of a password on standard input: its characters at four bytes each, and the line's end.
pub(crate) const STAFF_PASSWORD_INPUT_BYTES_MAX: usize = 4 * 256 + 2;

/// Tries of one change of an account: each other one that changes it at the same moment costs one.
pub(crate) const STAFF_CHANGE_TRIES: u32 = 8;
