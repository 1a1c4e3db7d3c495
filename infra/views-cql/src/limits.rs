//! Every bound of this crate, with its reason.

use std::time::Duration;

use retry_schedule::RetrySchedule;

/// Requests of bulk work (a projector's batches) in flight from one session, unless the settings say
/// otherwise. Measured (docs/decisions/0006-cql.md): more than the nodes can serve at once makes it slower.
pub(crate) const REQUESTS_AT_ONCE: usize = 128;

/// Verifications that a projector's batch asks for in one request. Each is a partition of its own, which the
/// node that is asked fetches for us. Chosen, not measured (docs/decisions/0010-projector-pipeline.md).
pub(crate) const VERIFICATIONS_TOGETHER: usize = 16;

/// How long a request may take, unless the settings say otherwise: shorter than the 10 s within which a
/// Kafka group member must show itself, so that an outage is noticed by us and not by a rebalance.
pub(crate) const REQUEST_WITHIN: Duration = Duration::from_secs(5);

/// How long one connection may take to come about.
pub(crate) const CONNECT_WITHIN: Duration = Duration::from_secs(5);

/// How long opening a session may take in all: every contact point once, and some room.
pub(crate) const SESSION_WITHIN: Duration = Duration::from_secs(20);

/// How long a change of the schema may take until every node agrees.
pub(crate) const SCHEMA_WITHIN: Duration = Duration::from_secs(60);

/// A connection that is silent for so long is asked for a sign of life, and closed after as long again
/// without one: a node that went away without a word is left after seconds, not minutes.
pub(crate) const KEEPALIVE: Duration = Duration::from_secs(5);

/// Rows that go into one batch: about as many of the smallest as [`BATCH_BYTES_MAX`] lets in.
pub(crate) const BATCH_ROWS_MAX: usize = 32;

/// Bytes of values in one batch: with what Cassandra counts beside them under the 5 KiB of its warning
/// (`batch_size_warn_threshold`; it refuses above 50 KiB). One larger row goes alone.
pub(crate) const BATCH_BYTES_MAX: usize = 3_584;

/// Partitions that go into one batch: more are warned of (`unlogged_batch_across_partitions_warn_threshold`).
pub(crate) const BATCH_PARTITIONS_MAX: usize = 10;

/// Offsets of one log partition that share a bucket of the list by time: with these many rows of some 100
/// bytes a bucket stays under 10 MB, far from the 100 MB above which partitions become a burden.
pub(crate) const BUCKET_OFFSET_BITS: u32 = 16;

/// Buckets of one hour that a page reads at the same time.
pub(crate) const BUCKETS_AT_ONCE: usize = 16;

/// Hours whose buckets are listed at once on the way down a list: a month has 744, and a page's rows are
/// mostly in the newest of them.
pub(crate) const HOURS_AT_ONCE: usize = 48;

/// Rows of a page, with what is joined to them, that are read at the same time.
pub(crate) const PAGE_READS_AT_ONCE: usize = 32;

/// An hour with more rows than this is counted minute by minute when a page starts in the midst of it: so
/// many places are merged in memory without a thought, a busy bank's whole hour is not.
pub(crate) const MERGED_PLACES_MAX: u64 = 10_000;

/// Rows that one page of the driver brings.
pub(crate) const DRIVER_PAGE_ROWS: i32 = 2_000;

/// Signals shown with one verification, oldest first: whoever sends a thousand other bodies under one key
/// must not make the row's page a thousand lines long.
pub(crate) const SIGNALS_MAX: i32 = 100;

/// Tries of one lightweight transaction that loses its race for the paxos round. Each is told by the row
/// itself whether an earlier one had happened.
pub(crate) const CONDITIONAL_TRIES: u32 = 8;

/// Pauses between two such tries.
pub(crate) const CONDITIONAL_RETRY: RetrySchedule =
    RetrySchedule::new(Duration::from_millis(20), Duration::from_millis(500));

/// Times that a claim of an external id looks again because it was given free in between.
pub(crate) const CLAIM_TRIES: u32 = 8;

/// Retries within one request that the driver may make: one per kind of failure (its own policy), and never
/// more than this.
pub(crate) const RETRIES_MAX: u32 = 3;

/// Tombstones of erased enrolments are kept for twenty years: a purged one would let a late, older row back
/// in, and there are as many as erasures, not as many as verdicts.
pub(crate) const ERASURE_GRACE_SECONDS: u32 = 20 * 365 * 24 * 3_600;

/// Seconds that what an instance said is kept: the port asks for a minute, and nodes' clocks need not agree.
pub(crate) const SAID_KEPT_SECONDS: i32 = 120;

/// Customers whose rows are read at the same time, each with a few requests: as many requests as a projector's
/// batch has in flight.
pub(crate) const CUSTOMERS_AT_ONCE: usize = 16;

/// Verifications of one customer that are read at the same time.
pub(crate) const VERIFICATIONS_AT_ONCE: usize = 8;

/// Reads of the pointer at a start until it no longer changes: it changes a few times in a whole rebuild.
pub(crate) const POINTER_LOOKS_MAX: u32 = 8;

/// Characters of a keyspace's name (Cassandra's own limit).
pub(crate) const KEYSPACE_CHARS_MAX: usize = 48;

/// The longest that a session of staff is kept, in seconds: a week, as long as `[console] session_timeout_ms` may be.
pub(crate) const SESSION_SECONDS_MAX: i32 = 7 * 24 * 60 * 60;

/// Sessions of one user that are deleted at once: each is a transaction of its own.
pub(crate) const SESSIONS_DELETED_AT_ONCE: usize = 8;

/// Batches of one record of reads that are written at once: a full record has 200 of them, each of five customers, and it
/// is written beside what somebody waits for.
pub(crate) const READ_BATCHES_AT_ONCE: usize = 8;
