//! Every bound of this program, with its reason.

use std::time::Duration;

use retry_schedule::RetrySchedule;

/// Records of one read of a partition, at most: with fewer bytes than [`READ_BYTES`] a read is soon full of them.
pub(crate) const READ_RECORDS_MAX: usize = 1_000;

/// Items of all partitions together that wait for their turn in a merge: a kilobyte or two each.
pub(crate) const MERGED_ITEMS_MAX: usize = 16_000;

/// Bytes of one read: of all partitions together about [`MERGED_BYTES`]. At most a few dozen photos, and not less than
/// is worth a question to a broker.
pub(crate) const READ_BYTES: std::ops::RangeInclusive<usize> = 64 * 1024..=4 * 1024 * 1024;

/// See [`READ_BYTES`]. What waits for its turn in a merge is smaller than its record: sealed payloads are gone by then.
pub(crate) const MERGED_BYTES: usize = 16 * 1024 * 1024;

/// How long one read waits for records that are known to be there.
pub(crate) const READ_WAIT: Duration = Duration::from_secs(5);

/// Pauses between tries of a read: 3 s together, the change of a partition's leader.
pub(crate) const READ_RETRY: RetrySchedule =
    RetrySchedule::new(Duration::from_millis(100), Duration::from_secs(2));

/// Tries of one read.
pub(crate) const READ_TRIES: u32 = 6;

/// Digests of evidence that are remembered of each partition: those of one read and more, so that events whose evidence
/// came a little out of order find theirs. 40 bytes each.
pub(crate) const EVIDENCE_REMEMBERED_MAX: usize = 2 * READ_RECORDS_MAX;

/// Evidence that is farther ahead than so many records is gone to, not read up to: what lies between belongs to events
/// that are not shown.
pub(crate) const EVIDENCE_GAP_MAX: u64 = 64;

/// Customers whose key rows are asked for at once.
pub(crate) const KEY_ROWS_AT_ONCE: usize = 32;

/// Customers whose destroyed purposes are remembered: some 150 bytes each.
pub(crate) const KEY_ROWS_REMEMBERED_MAX: usize = 50_000;

/// Rows that one customer's fold remembers, to tell a repetition: 0.7 KB each. No bank verifies a person so often; a
/// load test's customer above it is refused in words.
pub const CUSTOMER_ROWS_MAX: usize = 100_000;

/// Rows that the folds of all customers of one pass remember: above it the pass goes on with the first half of its
/// customers, and the others have a pass of their own.
pub(crate) const PASS_ROWS_MAX: usize = 60_000;

/// Customers that a `what-if` names.
pub const SAMPLE_MAX: usize = 100;

/// Text that is written at once.
pub const OUTPUT_BYTES: usize = 64 * 1024;

/// Customers with one NIK that are named where a command asks for one of them.
pub const NIK_CUSTOMERS_MAX: usize = 20;
