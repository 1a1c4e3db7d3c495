//! Every bound of this crate, with its reason.

use std::time::Duration;

use retry_schedule::RetrySchedule;

// ---------------------------------------------------------------------------------------------- settings

/// A settings file: a hundred times ours; above it somebody named the wrong file.
pub(crate) const CONFIG_FILE_BYTES_MAX: u64 = 1024 * 1024;

/// A file with a password.
pub(crate) const SECRET_FILE_BYTES_MAX: u64 = 64 * 1024;

/// Partitions of a topic: above it, follower fetches and tallies cost more than parallelism gains.
pub(crate) const PARTITIONS_MAX: u32 = 1024;

/// The largest body (contract §2); the byte budget must hold one.
pub(crate) const BODY_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// The least rate of a body: one that asks for more than 1 MiB/s shuts honest clients out.
pub(crate) const BODY_RATE_MIN_MAX: u64 = 1024 * 1024;

/// A byte budget above this is a slip of the keyboard: 64 GiB.
pub(crate) const BYTES_IN_FLIGHT_MAX: u64 = 64 * 1024 * 1024 * 1024;

/// Waits and time limits: ten minutes; longer ones hide a fault.
pub(crate) const SETTING_MS_MAX: u128 = 600_000;

/// How long requests may go on after SIGTERM, at most and by default: every program ends within 25 s (contract §6),
/// and closing the stores and sending the last spans need the rest.
pub(crate) const DRAIN_TIMEOUT_MAX: Duration = Duration::from_secs(20);

/// `[support] contact`: an address of mail is at most 254 characters (RFC 5321), and the page behind a link not much
/// more.
pub(crate) const SUPPORT_CONTACT_CHARS_MAX: usize = 300;

/// A session of the console: a week; whoever wants a longer one wants none that ends.
pub(crate) const CONSOLE_SESSION_MS_MAX: u128 = 7 * 24 * 3_600_000;

/// Proxies before the public listener: a CDN, a firewall, a load balancer, an ingress, and room.
pub(crate) const PROXIES_MAX: u32 = 16;

/// Worker threads.
pub(crate) const WORKERS_MAX: u32 = 1024;

/// A group's or a member's name (Kafka's own limit for names).
pub(crate) const NAME_CHARS_MAX: usize = 249;

/// A keyspace's name (Cassandra's own limit).
pub(crate) const KEYSPACE_CHARS_MAX: usize = 48;

/// Replicas of a partition or a row.
pub(crate) const REPLICAS_MAX: u16 = 15;

/// `flush.messages`: above it nothing is gained over leaving it to the broker.
pub(crate) const FLUSH_MESSAGES_MAX: u64 = 1_000_000;

/// A record's wait for company, in milliseconds: two appends pay it one after the other, within the usual wait.
pub(crate) const LINGER_MS_MAX: u128 = 500;

/// Bytes in the producer's queue: one record of 4 MiB must fit with room; above 1 GiB it is a slip.
pub(crate) const QUEUE_BYTES: std::ops::RangeInclusive<u64> = 8 * 1024 * 1024..=1024 * 1024 * 1024;

/// A session, in milliseconds: brokers take 6 s to 5 minutes (`group.min.session.timeout.ms`, …`max`…) unless told
/// otherwise.
pub(crate) const SESSION_MS: std::ops::RangeInclusive<u128> = 6_000..=300_000;

/// CQL requests in flight: above it a node's queues only grow.
pub(crate) const CQL_REQUESTS_MAX: u32 = 4_096;

/// Events of a batch: above it, one batch delays its first event for nothing.
pub(crate) const BATCH_RECORDS_MAX: u32 = 100_000;

/// Bytes of a batch: several are in memory at once.
pub(crate) const BATCH_BYTES_MAX: u64 = 256 * 1024 * 1024;

// --------------------------------------------------------------------------------------------- opening

/// How long a program waits while another one opens the same data folder: opening takes a second or two after a
/// crash on a slow disk.
pub(crate) const OPENING_WAIT_MAX: Duration = Duration::from_secs(15);

/// How often it looks again meanwhile.
pub(crate) const OPENING_WAIT_EVERY: Duration = Duration::from_millis(10);

/// Pauses of a server whose brokers or nodes are not there yet: they are noticed at most as late as the longest.
pub(crate) const OPEN_RETRY: RetrySchedule =
    RetrySchedule::new(Duration::from_millis(200), Duration::from_secs(5));

/// Tries at noting whose the schema ids are: programs that start together contradict or agree at the first, and
/// a rolling upgrade adds a version once.
#[cfg(feature = "distributed")]
pub(crate) const SCHEMA_IDS_NOTE_TRIES: u32 = 5;

/// Records of one read for erasures: nearly all are passed over by their type.
pub(crate) const ERASURES_READ_RECORDS_MAX: usize = 5_000;

/// Bytes that one such read brings: a dozen records with photos, or thousands without.
pub(crate) const ERASURES_READ_BYTES_MAX: usize = 8 * 1024 * 1024;

/// How long such a read waits for records that are known to be there.
pub(crate) const ERASURES_READ_WAIT: Duration = Duration::from_secs(5);

/// Tries of one such read where it stands: 3 s of pauses at least, the change of a partition's leader.
pub(crate) const ERASURES_READ_TRIES: u32 = 6;

/// Records of identity.events after which the pass over them is noted: with photos, a few minutes' reading.
pub(crate) const ERASURES_NOTE_RECORDS: usize = 5_000;

/// How old marks must be before a start goes by them: a snapshot of all nodes is taken within a day, as snapshots
/// are taken daily, so no key row in it is older than marks of the day before.
pub(crate) const ERASURES_TRUSTED_AFTER: Duration = Duration::from_secs(24 * 3_600);

/// How often a server looks for erasures: as long, at most, keys outlive an eraser that was broken off.
pub(crate) const ERASURES_EVERY: Duration = Duration::from_secs(60);

/// How long the last look at the end may take: it reads what came within a minute, and the rest of the process's
/// end needs its share of the contract's 25 s.
pub(crate) const ERASURES_LAST_MAX: Duration = Duration::from_secs(1);

/// Tries at noting how far erasures are applied: one for each instance that notes in the same moment.
pub(crate) const ERASURES_NOTE_TRIES: u32 = 10;

// ------------------------------------------------------------------------------------------ housekeeping

/// How often old records of topics with a time limit are removed: their limits are days.
pub(crate) const RETENTION_EVERY: Duration = Duration::from_secs(3600);
