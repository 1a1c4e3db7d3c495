//! Every bound of the HTTP front end, with its reason. Bounds of the domain live in `domain::limits`; what an
//! operator may change lives in [`crate::settings`], whose defaults these are.

use std::time::Duration;

/// A request's body (contract §2): 4 MiB.
pub const BODY_BYTES_MAX: usize = 4 * 1024 * 1024;

/// A body must make progress at least this often (contract §1).
pub const BODY_PROGRESS: Duration = Duration::from_secs(10);

/// A body must have ended after this (contract §1).
pub const BODY_TOTAL: Duration = Duration::from_secs(30);

/// Bytes of bodies in flight: a 512 MiB container with everything a body turns into (decoded photo, envelope,
/// record: about two and a half times the body) stays below half of its memory.
pub const ADMISSION_BYTES: usize = 64 * 1024 * 1024;

/// An org's share of them: half, so that one org never keeps another out.
pub const ADMISSION_ORG_BYTES: usize = ADMISSION_BYTES / 2;

/// How long a verdict's caller waits for the projector (contract §2).
pub const WAIT_DEFAULT: Duration = Duration::from_secs(2);

/// The longest `Prefer: wait=` (contract §2).
pub const WAIT_MAX: Duration = Duration::from_secs(10);

/// How long the log may take to confirm both appends; then 503. Well below a load balancer's usual 60 s.
pub const APPEND_DEADLINE: Duration = Duration::from_secs(10);

/// The org directory must have been current within this (contract §6), or requests get 503.
pub const DIRECTORY_STALE: Duration = Duration::from_secs(30);

/// A cached key serves only while the outcome stream was current within this (design §2, erasure).
pub const OUTCOMES_STALE: Duration = Duration::from_secs(5);

/// The length of a rate limit's window: the limits are per minute.
pub const RATE_WINDOW: Duration = Duration::from_secs(60);

/// Rate windows kept at once: 10,000 keys with three buckets each, about 3 MiB.
pub const RATE_WINDOWS_MAX: usize = 30_000;

/// What the headers say where there is no limit: the largest number every client's integer holds.
pub const RATE_UNLIMITED: u32 = 2_147_483_647;

/// `Retry-After` of a 503, in seconds: long enough to spread retries, short enough not to be felt.
pub const RETRY_AFTER_S: u64 = 1;

/// How long an answered connection whose body was not read is read on, so that the answer is not lost to a
/// reset: a phone network uploads 5 MiB in about this time.
pub const LINGER: Duration = Duration::from_secs(5);

/// The head of a request must have come within this of the connection's start.
pub const HEAD_TIMEOUT: Duration = Duration::from_secs(10);

/// An idle connection is kept for this: longer than a load balancer's usual 60 s, so that it closes first.
pub const KEEP_ALIVE: Duration = Duration::from_secs(75);

/// Bytes read and thrown away after a request that was not HTTP, before the connection is closed.
pub const DISCARD_BYTES_MAX: usize = 1024 * 1024;

/// How long those bytes are waited for.
pub const DISCARD_TIME: Duration = Duration::from_secs(1);

/// In-flight requests of the public listener get this to end after a SIGTERM (contract §6: 25 s in all, and
/// the rest of the process needs some of it).
pub const DRAIN: Duration = Duration::from_secs(20);

/// An `X-Request-Id` (contract §1).
pub const REQUEST_ID_CHARS_MAX: usize = 128;

/// An `Idempotency-Key` (contract §1).
pub const IDEMPOTENCY_KEY_CHARS_MAX: usize = 255;

/// Names in `X-Ignored-Fields` (contract §2).
pub const IGNORED_FIELDS_MAX: usize = 8;

/// Bytes of `X-Ignored-Fields` (contract §2).
pub const IGNORED_FIELDS_BYTES_MAX: usize = 512;

/// Top-level fields of a body that nobody here knows (contract §2): two hundred times what any endpoint knows. Telling
/// a field that was sent twice needs all names at once.
pub const UNKNOWN_FIELDS_MAX: usize = 1_000;

/// A name that nobody here knows, as an error shows it: every name that somebody knows is far shorter.
pub const UNKNOWN_NAME_BYTES_MAX: usize = 64;

/// A query string's parameters: every endpoint knows fewer than ten.
pub const QUERY_PARAMS_MAX: usize = 32;

/// Verdicts under an `Idempotency-Key` that are remembered as accepted while the read model does not show them:
/// some seconds of one instance's most, or the retries of a long stall of the projector; about 10 MiB. What is
/// forgotten is appended once more when it is retried, and the fold takes it for a repetition.
pub const ACCEPTED_MAX: usize = 20_000;

/// Outcomes buffered for one waiting verdict: an event has at most four, and a duplicate repeats the last. A
/// full buffer drops the rest, and the row is read at the end of the wait.
pub const WAITER_OUTCOMES_MAX: usize = 8;

/// Outcomes taken per read: a busy second of one instance.
pub const OUTCOMES_BATCH_RECORDS: usize = 1_000;

/// Bytes of outcomes taken per read.
pub const OUTCOMES_BATCH_BYTES: usize = 4 * 1024 * 1024;

/// How long a read of outcomes may wait for the first: the stream's currency is renewed at least this often.
pub const OUTCOMES_WAIT: Duration = Duration::from_millis(500);

/// The first pause after the outcome stream failed; doubled up to [`OUTCOMES_RETRY_MAX`].
pub const OUTCOMES_RETRY_MIN: Duration = Duration::from_millis(100);

/// The longest pause after the outcome stream failed.
pub const OUTCOMES_RETRY_MAX: Duration = Duration::from_secs(2);

/// The first pause while waiting for a registration's row; doubled up to [`ROW_POLL_MAX`].
pub const ROW_POLL_MIN: Duration = Duration::from_millis(2);

/// The longest pause while waiting for a registration's row.
pub const ROW_POLL_MAX: Duration = Duration::from_millis(50);

/// Customers whose keys are looked up at once for one page of rows.
pub const UNSEAL_CONCURRENCY: usize = 16;

/// The last page a list shows by number: with the largest page far above any list, and far below what a row's
/// number can be. Pages beyond a list's end are empty; walking far is `cursor`'s work.
pub const PAGE_NUMBER_MAX: u64 = u32::MAX as u64;

/// How often keys past their time are dropped while nobody asks for any: a fifth of the time they are kept.
pub const SWEEP_EVERY: Duration = Duration::from_secs(60);
