//! Every bound of the domain, with its reason. Bounds of a technology or of HTTP live in their own crates'
//! `limits.rs`.

/// A photo's bytes (contract §2).
pub const PHOTO_BYTES_MAX: usize = 1024 * 1024;

/// A photo's shorter and longer side in pixels (contract §2).
pub const PHOTO_SIDE_PX: std::ops::RangeInclusive<u32> = 16..=8192;

/// A raw answer's bytes (contract §2): 1.5 MiB.
pub const RAW_BYTES_MAX: usize = 1536 * 1024;

/// A raw answer's nesting (contract §2).
pub const RAW_NESTING_MAX: usize = 128;

/// A reason's characters after trimming (contract §2).
pub const REASON_CHARS_MAX: usize = 500;

/// A reason code's characters (sequence §2.7): one letter and 63 more.
pub const REASON_CODE_CHARS_MAX: usize = 64;

/// A full name's characters after trimming: far above any name, far below a document.
pub const FULL_NAME_CHARS_MAX: usize = 200;

/// An external id's characters: room for a UUID, an account number or a path of both.
pub const EXTERNAL_ID_CHARS_MAX: usize = 128;

/// Rows of each kind that a KYC page shows (contract §4).
pub const KYC_ROWS_MAX: usize = 100;

/// Rows of a list page (contract §1).
pub const PAGE_ROWS_MAX: usize = 100;

/// Rows of a list page when the caller does not say (contract §1).
pub const PAGE_ROWS_DEFAULT: usize = 20;

/// Days that one question for numbers by day is about: a quarter and some. Each has a bar in a chart, and at most 24 hours
/// of each kind of row are summed up for it.
pub const SERIES_DAYS_MAX: u32 = 100;

/// One log record with its headers: what topics, producers and readers are set to (design §2).
pub const RECORD_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Events of a quarantined customer that one release re-reads at most; more need a second release.
pub const RELEASE_EVENTS_MAX: usize = 10_000;

/// How far a reference's crop is looked for from where a probe's face was aligned, in pixels of the 112 × 112 square. It
/// depends on where a detector puts its landmarks on a copy: with 6 pixels, 5 % and 3° the least copy of docs/face.md
/// correlated at 0.991, with these three at 0.998, and other photos hardly more than before.
pub const COPY_SHIFT_REACH_PX: f32 = 8.0;

/// How much larger or smaller than aligned, as a share.
pub const COPY_SCALE_REACH: f32 = 0.08;

/// How far turned from upright, to each side.
pub const COPY_TURN_REACH_DEGREES: f32 = 4.0;

/// How often the step of the search is halved, from two pixels: to an eighth of one.
pub const COPY_STEP_HALVINGS: u32 = 4;

/// Steps of the search, of eight tries each: it ends by itself after a dozen or two.
pub const COPY_REFINEMENTS_MAX: u32 = 48;

/// Rows of [`crate::ports::FaceVectors`] that are read of one customer as a whole, the latest: some 2 KB each.
pub const FACE_VECTORS_READ_MAX: usize = 256;

/// Signers of one org: a handful of people; one share for each of them stands in the record of every hour.
pub const SIGNERS_MAX: usize = 16;

/// A signer's name, in characters.
pub const SIGNER_NAME_CHARS_MAX: usize = 64;

/// A staff member's user name: from initials to an e-mail address.
pub const STAFF_USER_NAME_CHARS: std::ops::RangeInclusive<usize> = 3..=64;

/// A password's hash as a PHC string: one of Argon2id with a salt and a hash of 32 bytes has about 130.
pub const STAFF_PASSWORD_HASH_BYTES_MAX: usize = 512;

/// References that are read at once, where all of a customer's are gone through: some 0.5 KB each.
pub const REFERENCES_READ_AT_ONCE: usize = 256;

/// References of one source that a match chooses among, the latest: it takes the first that can be compared with, and
/// nobody has so many in a row that cannot.
pub const REFERENCES_OF_SOURCE_MAX: usize = 64;

/// Customers of one record about reads (contract §7): 30 KB of ids.
pub const READ_CUSTOMERS_MAX: usize = 1_000;

/// A review copy's picture (sequence §2.7): a card and a portrait that a person can judge, and a twentieth of a log record.
pub const REVIEW_COPY_BYTES_MAX: usize = 200 * 1024;

/// How long a pending capture's review copy can be opened when nobody decides (sequence §2.7).
pub const REVIEW_COPY_DAYS: i64 = 7;

/// How long a view of a review copy is good for deciding that its card is verified (sequence §2.7).
pub const REVIEW_SEEN_MINUTES: i64 = 30;

/// A review's note in characters (sequence §2.7).
pub const REVIEW_NOTE_CHARS_MAX: usize = 500;
