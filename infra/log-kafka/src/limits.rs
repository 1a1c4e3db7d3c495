//! The bounds of this crate, each with its reason. Not here: what a user may set (`options`).

use std::time::Duration;

use retry_schedule::RetrySchedule;

use domain::limits::RECORD_BYTES_MAX;

/// What Kafka puts around a record: batch header, varints, header names' lengths. 61 bytes and a few per
/// header; the rest is room, so that no record within the domain's limit is refused for its frame.
pub const RECORD_OVERHEAD_BYTES: usize = 64 * 1024;

/// `max.message.bytes` of every topic and `message.max.bytes` of the producer.
pub const MESSAGE_BYTES_MAX: usize = RECORD_BYTES_MAX + RECORD_OVERHEAD_BYTES;

/// One fetch's answer over all partitions: a few of the largest records, not librdkafka's 50 MiB, which a
/// replay of photos would fill.
pub(crate) const FETCH_BYTES_MAX: usize = 8 * 1024 * 1024;

/// A response of any kind: a fetch whose first batch is larger than asked for, and its frame.
pub(crate) const RESPONSE_BYTES_MAX: usize = FETCH_BYTES_MAX + MESSAGE_BYTES_MAX + 64 * 1024;

/// What a consumer holds ahead of its reader, in KiB (librdkafka's 64 MiB times the consumers of a process
/// would be its whole memory).
pub(crate) const FETCH_AHEAD_KIB: usize = 8 * 1024;

/// A full fetch-ahead is looked at again after this; librdkafka's 1 s would stall a replay at every batch.
pub(crate) const FETCH_AHEAD_BACKOFF: Duration = Duration::from_millis(20);

/// Between two attempts to reach a broker that is away. librdkafka's 10 s would be the longest part of a
/// recovery.
pub(crate) const RECONNECT_MAX: Duration = Duration::from_secs(1);

/// How long a client's statistics stand for it: four reports of the default interval. A consumer that is kept for the
/// next read is polled by nobody meanwhile, and says nothing.
pub(crate) const REPORT_FRESH: Duration = Duration::from_secs(20);

/// Reports in a row in which a broker was dialled and not reached, until it counts as unreachable: a connection that
/// is just coming about is none.
pub(crate) const REPORTS_IN_VAIN: u32 = 2;

/// Reports without dialling after which it is no longer known whether an unreachable broker still is: a minute of the
/// default interval, twelve times the longest pause between two dials.
pub(crate) const REPORTS_UNTRIED_MAX: u32 = 12;

/// A waiting consumer is looked at again at the latest after this, whatever woke or did not wake it.
pub(crate) const IDLE_LOOK_MAX: Duration = Duration::from_secs(1);

/// How often a follower asks for the log's end and the topic's id. Cached keys serve while the follower was
/// current within 5 s (design §2), so several questions may fail before that.
pub(crate) const CHECK_EVERY: Duration = Duration::from_millis(500);

/// Questions about the end that the follower has not caught up with yet; later ones wait their turn.
pub(crate) const CHECKS_PENDING_MAX: usize = 16;

/// Blocking questions to brokers at once (each holds a thread of the blocking pool).
pub(crate) const QUESTIONS_MAX: usize = 16;

/// Reads at once: each has a consumer with a connection per broker and a fetch-ahead.
pub(crate) const READERS_MAX: usize = 8;

/// Consumers kept between reads, so that a walk through a partition does not start over at each step.
pub(crate) const READERS_IDLE_MAX: usize = 3;

/// The time one broker gets to describe a topic before another is asked; it doubles each time.
pub(crate) const DESCRIBE_SLICE: Duration = Duration::from_millis(500);

/// Between two attempts at a question that a broker could not answer just then (a leader moved).
pub(crate) const QUESTION_RETRY_AFTER: Duration = Duration::from_millis(50);

/// One look at a client's error texts while the first connection is made.
pub(crate) const PROBE_SLICE: Duration = Duration::from_secs(1);

/// Beyond `delivery`, until our own clock gives up on a delivery report: librdkafka looks for timed-out
/// messages once a second.
pub(crate) const DELIVERY_GRACE: Duration = Duration::from_secs(2);

/// Between two new producers after fatal errors, so that a lasting cause makes no storm of clients.
pub(crate) const HEAL_EVERY: Duration = Duration::from_secs(1);

/// Pauses before a fenced member joins again: two processes with one `group_instance_id` would fence each other as
/// fast as they can.
pub(crate) const REJOIN_RETRY: RetrySchedule =
    RetrySchedule::new(Duration::from_secs(1), Duration::from_secs(30));

/// Of a client's last error text, in words shown to operators.
pub(crate) const TROUBLE_CHARS_MAX: usize = 400;

/// How old the topic id that appends are stamped with may become before it is asked again (beside the
/// append, not before it).
pub(crate) const TOPIC_ID_AGE_MAX: Duration = Duration::from_secs(5);

/// Between two looks at a topic that was just made, until every broker knows it.
pub(crate) const TOPIC_LOOK_EVERY: Duration = Duration::from_millis(50);
