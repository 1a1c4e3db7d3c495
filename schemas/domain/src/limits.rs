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

/// One log record with its headers: what topics, producers and readers are set to (design §2).
pub const RECORD_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Events of a quarantined customer that one release re-reads at most; more need a second release.
pub const RELEASE_EVENTS_MAX: usize = 10_000;

/// Rows of [`crate::ports::FaceVectors`] that are read of one customer, the latest: some 2 KB each. A match uses the
/// latest reference of each source, and nobody has hundreds of those in a row that cannot be used.
pub const FACE_VECTORS_READ_MAX: usize = 256;
