//! Every bound of the projector, with its reason.

use std::time::Duration;

use retry_schedule::RetrySchedule;

/// How long a poll waits for a first record; a cancellation is noticed at least this often.
pub const POLL_WAIT: Duration = Duration::from_millis(500);

/// How often the group is told how far it is while partitions are at work without a pause: lag tools look
/// every few seconds.
pub const REPORT_EVERY: Duration = Duration::from_millis(500);

/// Customers remembered for each partition before all are forgotten and read again: a few MiB.
pub const REMEMBERED_CUSTOMERS_MAX: usize = 2_000;

/// Verifications of one customer that are remembered; of a customer with more, each is looked for. Many more
/// than anybody should have, few enough to be read at once.
pub const REMEMBERED_IDS_MAX: usize = 256;

/// The same of all customers of a partition together: some 20 bytes each, a MiB or two.
pub const REMEMBERED_IDS_OF_ALL_MAX: usize = 65_536;

/// Pauses after failures that may pass: an outage of a store is over for us at most as late as the longest.
pub const FAILURE_RETRY: RetrySchedule =
    RetrySchedule::new(Duration::from_millis(20), Duration::from_secs(2));

/// Of how many of a partition's last records too many that could not be applied halt it (`dead_letters_max`).
pub const POISON_WINDOW_RECORDS: u64 = 1_000;

/// Orgs of a partition whose events wait for a key while the others go on: some 40 bytes of its position each.
/// When more wait it is not an org's key that is away but the key store or the KMS, and the partition waits.
pub const HELD_ORGS_MAX: usize = 256;

/// How long an org whose key was away is left alone before it is tried again: a key that was put back serves at most
/// as late as the longest. Each try is one read of the log and one of the key row.
pub const HELD_ORG_RETRY: RetrySchedule =
    RetrySchedule::new(Duration::from_millis(500), Duration::from_secs(5));

/// Records that the second projection takes in before it moves its position: some seconds of reading photos, which are
/// done again after a crash.
pub(crate) const FACE_BATCH_RECORDS_MAX: usize = 32;

/// Bytes of such a batch: two of the largest records there are, a hundred of the usual ones.
pub(crate) const FACE_BATCH_BYTES_MAX: usize = 8 * 1024 * 1024;

/// Partitions whose photos are read in one round; each has a batch in memory.
pub(crate) const FACE_PARTITIONS_AT_ONCE: usize = 4;

/// Photos of one batch that wait for a thread of the reader or are at one: as many as keep a machine's cores busy, since
/// a thread does nothing else.
pub(crate) const FACE_PHOTOS_AT_ONCE: usize = 8;

/// Photos that wait for the reader's threads at most, besides those that are at one: no photo of the second projection
/// is turned away.
pub const FACE_PHOTOS_WAITING_MAX: usize = FACE_PARTITIONS_AT_ONCE * FACE_PHOTOS_AT_ONCE;

/// Pauses of the second projection after what may pass: a model that fails, a store that does not answer, a reader that
/// has no room.
pub(crate) const FACE_RETRY: RetrySchedule =
    RetrySchedule::new(Duration::from_millis(50), Duration::from_secs(10));

/// Tries of a photo that no reader survived: a defect meets it every time, a thread that was ended for another's sake
/// does not.
pub(crate) const BROKEN_PHOTO_TRIES: u32 = 3;

/// Records of a partition that are looked through to count the photos that are due: above it an operator learns that it
/// is at least so many.
pub(crate) const DUE_RECORDS_MAX: usize = 5_000;

/// Tallies and books kept in memory for each partition before all are dropped and read again.
pub const CACHED_COUNTS_MAX: usize = 10_000;

/// Origin records that a release reads at once.
pub const RELEASE_READS_AT_ONCE: usize = 16;

/// Partitions that a rebuild replays at once: each has a batch in memory (`batch_bytes_max`), and more only
/// wait for the same store.
pub const REBUILD_PARTITIONS_AT_ONCE: usize = 4;

/// Customers, or tallies, that a comparison looks at in one call.
pub const COMPARE_PAGE: usize = 200;

/// Customers that may differ at the first look: above it the two are not versions of one thing.
pub const COMPARE_MOVED_MAX: usize = 200_000;

/// Between two looks of a comparison at what moves: about as long as a projector's batch takes.
pub const SETTLE_PAUSE: Duration = Duration::from_millis(100);

/// Differences that a report shows by name; all are counted.
pub const DIFFERENCES_SHOWN: usize = 50;

/// Events that may be missing in a new generation when it is compared and when it is handed over to: what a
/// projector takes in within a second or so.
pub const CATCH_UP_LAG: u64 = 500;

/// Times that a rebuild runs after the generation that answers: each round is as much shorter as replay is
/// faster than live, so more than a few means that it is not.
pub const CATCH_UP_ROUNDS_MAX: u32 = 20;

/// How often a rebuild looks at what the instances say, and at positions.
pub const INSTANCES_EVERY: Duration = Duration::from_millis(50);

/// Tries of one change of the pointer.
pub const POINT_TRIES_MAX: u32 = 20;

/// Every instance has said something within this after a generation stands beside: it looks at the pointer
/// every [`generation_watch::limits::POINTER_EVERY`].
pub const INSTANCES_APPEAR: Duration = Duration::from_millis(1_500);

/// An instance that says nothing new for five times [`generation_watch::limits::ACKNOWLEDGE_EVERY`] is gone; it asks for the pointer
/// again before it does anything ([`generation_watch::limits::POINTER_STALE`]).
pub const INSTANCE_GONE: Duration = Duration::from_secs(10);

/// How long a switch waits for both generations to come together before it is taken back.
pub const SWITCH_MAX: Duration = Duration::from_secs(60);

/// Between the switch and dropping the old generation: longer than any request that had begun to read it.
pub const DROP_GRACE: Duration = Duration::from_secs(5);

/// Quarantined customers read in one call.
pub const QUARANTINE_PAGE: usize = 500;

/// How long a release is waited for: a projector that runs comes to it within a second.
pub const RELEASE_WAIT_MAX: Duration = Duration::from_secs(20);

/// How often it is looked for.
pub const RELEASE_LOOK_EVERY: Duration = Duration::from_millis(50);

/// How often a projector looks how far it is behind: one question to the log, of a size with its partitions.
pub(crate) const LAG_EVERY: Duration = Duration::from_secs(5);

/// Records of `identity.orgs` that one read brings, where an org's secret is looked for.
pub(crate) const ORG_READ_RECORDS_MAX: usize = 1000;

/// Bytes of such a read.
pub(crate) const ORG_READ_BYTES_MAX: usize = 4 * 1024 * 1024;

/// How long such a read waits: what it asks for is there.
pub(crate) const ORG_READ_WAIT: Duration = Duration::from_millis(250);

/// Bytes of a card's text that is looked into for its NIK: all of its fields together are a few kilobytes (sequence §1.3).
pub(crate) const CARD_TEXT_BYTES_MAX: usize = 64 * 1024;

/// Rows of a customer that are read at once for a void: some 300 KiB.
pub(crate) const STANDING_ROWS_AT_ONCE: usize = 256;
