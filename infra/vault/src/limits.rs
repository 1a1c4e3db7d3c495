//! Every bound of the vault, with its reason.

use std::time::Duration;

/// Plaintext of one envelope: what fits into a log record at all (`domain::limits::RECORD_BYTES_MAX`), and far
/// below what either cipher or the u32 lengths of the format could take.
pub const SEALED_PLAINTEXT_BYTES_MAX: usize = domain::limits::RECORD_BYTES_MAX;

/// A data key's name in an envelope: ours are 29 bytes; room for another scheme without a new format.
pub(crate) const KEY_ID_BYTES_MAX: usize = 64;

/// How long an unwrapped key may serve without a look at its row (design §3).
pub(crate) const KEYS_CACHED_FOR: Duration = Duration::from_secs(5 * 60);

/// Customers whose keys are kept unwrapped: about 1.5 KB each, so 30 MB at most.
pub(crate) const CUSTOMERS_CACHED_MAX: u64 = 20_000;

/// How long a customer of whom an erasure was heard is read from its row every time, with the erased purposes
/// taken as destroyed. An instance hears of an erasure before the keys are gone from the row; a copy taken in
/// between must not serve on. An hour outlives an eraser that was interrupted and started again, and every
/// server destroys the keys itself within a minute.
pub(crate) const ERASED_FOR: Duration = Duration::from_secs(60 * 60);

/// Erased customers remembered: about 150 bytes each; erasures come one by one, not by the thousand a second.
pub(crate) const ERASED_MAX: u64 = 100_000;

/// The file of org keys: about 150 bytes a key version, so 100,000 of them. A larger file is not ours.
pub(crate) const KMS_FILE_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// A file with one evidence key: a short word and 43 characters.
pub(crate) const EVIDENCE_KEY_FILE_BYTES_MAX: u64 = 1024;

/// A file with one signer's keys: a word and at most 150 characters.
pub(crate) const SIGNER_FILE_BYTES_MAX: u64 = 1024;

/// Memory and passes of Argon2id for a signer's passphrase: RFC 9106's second choice (§4) with one lane; some 200 ms, and
/// once per command.
pub(crate) const PASSPHRASE_MEMORY_KIB: u32 = 64 * 1024;

/// See [`PASSPHRASE_MEMORY_KIB`].
pub(crate) const PASSPHRASE_PASSES: u32 = 3;

/// Memory that a stored password hash may ask for, in KiB: three times what ours ask for, so that theirs may grow, and
/// little beside a program's own.
pub(crate) const PASSWORD_MEMORY_KIB_MAX: u32 = 64 * 1024;
