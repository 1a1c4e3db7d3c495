//! Every bound of the HTTP front end, with its reason. Bounds of the domain live in `domain::limits`; what an
//! operator may change, and its default, in `engine::config`.

use std::time::Duration;

use retry_schedule::RetrySchedule;

use crate::console::throttle::TryAllowance;

/// A request's body (contract §2): 4 MiB.
pub const BODY_BYTES_MAX: usize = 4 * 1024 * 1024;

/// A body is charged in these steps (contract §1).
pub const BODY_STEP_BYTES: usize = 64 * 1024;

/// Bytes of a body that are passed on before a handler reads it: one step, so that what is in memory uncharged is
/// as much as one charge.
pub const BODY_AHEAD_BYTES_MAX: usize = BODY_STEP_BYTES;

/// Bytes of a body that are passed on before the framework has a turn to hand them to the handler: what a
/// connection buffers beyond what is charged. A usual verdict comes in one turn.
pub const BODY_ROUND_BYTES: usize = BODY_STEP_BYTES;

/// What decides whether a write is accepted is read for at least this long, also for a caller that waits for nothing.
pub const DECIDE_WITHIN_MIN: Duration = Duration::from_secs(2);

/// How long the log may take to confirm both appends; then 503. Well below a load balancer's usual 60 s.
pub const APPEND_DEADLINE: Duration = Duration::from_secs(10);

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

/// Connections that the operating system keeps until they are accepted: a burst of clients after a restart.
pub const ACCEPT_BACKLOG: u32 = 1024;

/// A request's head: a hundred times a usual one, and as long as the longest path that is parsed.
pub const HEAD_BYTES_MAX: usize = 64 * 1024;

/// Header fields of a request: what the framework takes.
pub const HEADERS_MAX: usize = 96;

/// Bytes that are read at once where a head is expected: a whole usual head, and little of a body.
pub const HEAD_READ_BYTES: usize = 8 * 1024;

/// A chunk's size line, and all trailers together: sizes are 16 digits, and extensions are read by nobody.
pub const CHUNK_LINE_BYTES_MAX: usize = 1024;

/// An answer's body is handed to its connection in pieces of this size: what a slow reader holds is a few of them,
/// not the body.
pub const ANSWER_PIECE_BYTES: usize = 16 * 1024;

/// An idle connection is kept for this: longer than a load balancer's usual 60 s, so that it closes first.
pub const KEEP_ALIVE: Duration = Duration::from_secs(75);

/// Bytes read and thrown away after a request that was not HTTP, before the connection is closed.
pub const DISCARD_BYTES_MAX: usize = 1024 * 1024;

/// How long those bytes are waited for.
pub const DISCARD_TIME: Duration = Duration::from_secs(1);

/// An `X-Request-Id` (contract §1).
pub const REQUEST_ID_CHARS_MAX: usize = 128;

/// An `Idempotency-Key` (contract §1).
pub const IDEMPOTENCY_KEY_CHARS_MAX: usize = 255;

/// How often a start that waits for the read model says how much is missing.
pub const CATCH_UP_TOLD_EVERY: Duration = Duration::from_secs(10);

/// A text in a raw answer that says what became of a request is shorter than this; a longer one is not read as one.
pub const RAW_MESSAGE_BYTES_MAX: usize = 300;

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

/// Writes with repetitions (an `Idempotency-Key`) that are remembered as accepted while the read model does not show
/// them: some seconds of one instance's most, or the retries of a long stall of the projector; about 10 MiB. What is
/// forgotten is appended once more when it is retried, and the fold takes it for a repetition.
pub const UNPROJECTED_WRITES_MAX: u64 = 20_000;

/// Customers of whom it is remembered which challenges were issued here; about 0.5 KB each. Of those who were asked for
/// longest ago nothing is lost but what the lag of the read model hides.
pub const ISSUED_CHALLENGES_CUSTOMERS_MAX: u64 = 20_000;

/// So long after the last of them: the shorter of the windows that challenges are counted in. The read model is never
/// that far behind while anything is well.
pub const ISSUED_CHALLENGES_KEPT_FOR: Duration = Duration::from_mins(10);

/// Outcomes buffered for one waiting verdict: an event has at most four, and a duplicate repeats the last. A
/// full buffer drops the rest, and the row is read at the end of the wait.
pub const WAITER_OUTCOMES_MAX: usize = 8;

/// Outcomes taken per read: a busy second of one instance.
pub const OUTCOMES_BATCH_RECORDS: usize = 1_000;

/// Bytes of outcomes taken per read.
pub const OUTCOMES_BATCH_BYTES: usize = 4 * 1024 * 1024;

/// How long a read of outcomes may wait for the first: the stream's freshness is renewed at least this often.
pub const OUTCOMES_WAIT: Duration = Duration::from_millis(500);

/// Pauses after the outcome stream failed, and while a start waits for what is not there yet.
pub const OUTCOMES_RETRY: RetrySchedule =
    RetrySchedule::new(Duration::from_millis(100), Duration::from_secs(2));

/// Pauses while waiting for a registration's row.
pub const ROW_POLL: RetrySchedule = RetrySchedule::new(Duration::from_millis(2), Duration::from_millis(50));

/// Beyond [`APPEND_DEADLINE`], until an attempt to append that nobody waits for any more has taken effect or never
/// will: the producer gives up on a record after 5 s and librdkafka notices within 2 s more, which is within the
/// deadline; the rest covers clocks of instances that differ.
pub const ATTEMPT_MARGIN: Duration = Duration::from_secs(5);

/// How long it may take to note that an attempt to append failed for certain; unnoted it ends by itself.
pub const ATTEMPT_END_WITHIN: Duration = Duration::from_secs(1);

/// How long a registration waits at least until it is known what became of another one of the same external id:
/// one that is under way ends within a second as a rule, and its 409 is worth more than a 503.
pub const OTHER_REGISTRATION_WAIT: Duration = Duration::from_secs(5);

/// Times that a registration begins anew because another one gave its external id up. Each time a third one may
/// have been faster.
pub const REGISTRATION_TRIES: u32 = 8;

/// Names that follow from one `Idempotency-Key`: the next is taken when the registration under the last was given
/// up, which takes an outage each time.
pub const REGISTRATION_NAMES_MAX: u32 = 32;

/// How long beyond its caller's wait an answer may take that is accepted already: contract §2 has the wait and 1 s
/// for the whole of it, and a busy machine needs some of that.
pub const ANSWER_GRACE: Duration = Duration::from_millis(700);

/// How long a verdict under a key is looked for in the read model before it is appended, at least; a caller that
/// waits gives it half of its wait. What is not found in time is appended, and the fold tells a repetition.
pub const LOOK_BEFORE_MIN: Duration = Duration::from_millis(500);

/// Customers whose keys are looked up at once for one page of rows.
pub const UNSEAL_CONCURRENCY: usize = 16;

/// The last page a list shows by number: with the largest page far above any list, and far below what a row's
/// number can be. Pages beyond a list's end are empty; walking far is `cursor`'s work.
pub const PAGE_NUMBER_MAX: u64 = u32::MAX as u64;

/// How often keys past their time are dropped while nobody asks for any: a fifth of the time they are kept.
pub const SWEEP_EVERY: Duration = Duration::from_secs(60);

/// How long a page with a review copy stands before it leads away (sequence §2.7), in seconds.
pub const REVIEW_PICTURE_SECONDS: u32 = 5 * 60;

/// Pages of the access index, of one reader's looks at one customer within half an hour, that are gone through for a view of
/// a review copy: a thousand looks.
pub const REVIEW_SEEN_PAGES_MAX: usize = 10;

/// Times that a page of the queue is read again because rows came or went since they were counted.
pub const REVIEW_QUEUE_READS_MAX: usize = 3;

/// How often keys of review copies that are past their time are destroyed. They do not open any more by then: this makes it
/// true of whoever has the key store, too.
pub const REVIEW_SWEEP_EVERY: Duration = Duration::from_secs(60 * 60);

/// Keys that are listed and destroyed in one step: each is a durable write of its own.
pub const REVIEW_SWEEP_STEP_KEYS: usize = 100;

/// Steps of one round: ten thousand keys an hour, far more than a bank's reviewers leave undecided; what is left goes an hour
/// later.
pub const REVIEW_SWEEP_STEPS_MAX: usize = 100;

/// How long one evidence secret serves an org (design §3): sharing it costs each signer's two X25519 operations and a
/// record; a secret that leaks is one hour of one instance.
pub const EVIDENCE_SECRET_HOUR: Duration = Duration::from_secs(60 * 60);

/// How long a picture that is compared may wait and be read: as long as the log may take, well below a client's usual
/// 30 s. On an idle machine it takes a quarter of a second.
pub const PROBE_READ_WITHIN: Duration = Duration::from_secs(10);

/// Pictures to be compared that may wait for a thread: some 25 MB at 400 KB each, and what two threads read within
/// [`PROBE_READ_WITHIN`].
pub const PROBES_WAITING_MAX: usize = 64;

/// How long a capture may wait and be judged: below the 30 s after which HTTP clients commonly give up, since what was
/// looked at so far is lost then and the challenge's time goes on. On an idle machine it takes a good second.
pub const CAPTURE_JUDGED_WITHIN: Duration = Duration::from_secs(20);

/// Captures that may wait for a thread: at 2.8 MiB each some 45 MiB, and what two threads judge within
/// [`CAPTURE_JUDGED_WITHIN`].
pub const CAPTURES_WAITING_MAX: usize = 16;

/// Captures of one org that may wait or be judged at a time: half of what may wait, so that one org's slow pictures leave
/// places for the others.
pub const CAPTURES_ORG_MAX: usize = CAPTURES_WAITING_MAX / 2;

// ------------------------------------------------------------------------------- the page of the pipeline

/// How often the log is asked where it ends, for the rate of what comes in.
pub const PIPELINE_SAMPLE_EVERY: Duration = Duration::from_secs(5);

/// Looks at the log that are kept: the five minutes of the chart.
pub const PIPELINE_SAMPLES_MAX: usize = 61;

/// Over how long the rate is averaged that stands alone.
pub const PIPELINE_RATE_OVER: Duration = Duration::from_secs(60);

/// Figures serve every reader for this long: however many read the page, the stores are asked once a second.
pub const PIPELINE_FIGURES_SERVE: Duration = Duration::from_secs(1);

/// How long a part of the figures may take; then it is shown as not answering. A page that shows that something is
/// away must not wait for it.
pub const PIPELINE_PART_WITHIN: Duration = Duration::from_secs(2);

/// A partition that lags has stopped when it has not moved for this: with something to do it moves many times a second.
pub const PIPELINE_STILL_AFTER: Duration = Duration::from_secs(10);

/// How often a page that is being read is told whether something changed: below the ten seconds within which an answer
/// must make progress.
pub const PIPELINE_LOOK_EVERY: Duration = Duration::from_secs(2);

/// Pages that are told at once: a few operators. The management listener has 64 connections, and the larger part of
/// them stays free for probes and scrapers.
pub const PIPELINE_STREAMS_MAX: usize = 16;

/// A page is told for this long on one connection; its browser then opens another. So a page that somebody left open
/// at an instance finds the next one when a load balancer would send it there.
pub const PIPELINE_STREAM_LIFE_MAX: Duration = Duration::from_secs(15 * 60);

// ------------------------------------------------------------------------------------------- the console

/// Days that the charts of the attempts page show when none are asked for: four weeks and a bit.
pub const SERIES_DAYS_DEFAULT: u32 = 30;

/// Rows that a list as a file reads at once: some 500 KB with their envelopes, and a few milliseconds.
pub const FILE_ROWS_AT_ONCE: usize = 500;

/// Pages that follow changes, in all: each holds a connection, and is told by one message.
pub const CHANGE_FOLLOWERS_MAX: usize = 512;

/// Pages of one user that follow changes: some windows, and those that a browser has not given up yet.
pub const CHANGE_FOLLOWERS_OF_ONE_MAX: usize = 8;

/// How often a stream without changes shows that it stands: well below the time within which an answer must move on
/// (10 s), and within which proxies give a connection up (60 s as a rule).
pub const LIVE_HEARTBEAT: Duration = Duration::from_secs(5);

/// How long after one change another is told: what comes in between is told as one.
pub const LIVE_PAUSE: Duration = Duration::from_secs(1);

/// How long a stream is. Then its reader asks for another, with a session that is looked at again.
pub const LIVE_STREAM_MAX: Duration = Duration::from_secs(120);

/// A form of the console: a user name, a password and an address.
pub const FORM_BYTES_MAX: usize = 16 * 1024;

/// An address of a page with its filters, as it stands in links to itself: half of what proxies take of a head.
pub const CONSOLE_ADDRESS_BYTES_MAX: usize = 4 * 1024;

/// Passwords that are hashed at once: 19 MiB and a processor each, and beside them the API has its share of two.
pub const PASSWORD_HASHES_AT_ONCE: usize = 2;

/// Passwords that wait for their turn: what two threads hash within [`PASSWORD_HASH_WAIT`] also on a slow machine.
pub const PASSWORD_HASHES_WAITING_MAX: usize = 32;

/// How long a password may wait for its turn: longer than that nobody looks at an empty page.
pub const PASSWORD_HASH_WAIT: Duration = Duration::from_secs(5);

/// Tries at passwords of one address, whatever the accounts: an office behind one address, and 14,400 a day at most.
pub const SIGN_IN_ADDRESS_TRIES: TryAllowance = TryAllowance { burst: 20, every: Duration::from_secs(6) };

/// Tries at one account from all addresses, beyond which an address counts that did not try it lately.
pub const SIGN_IN_ACCOUNT_TRIES: TryAllowance = TryAllowance { burst: 10, every: Duration::from_secs(10) };

/// Tries of one address at one account: who mistypes five times waits half a minute, and 2,880 a day at most.
pub const SIGN_IN_PAIR_TRIES: TryAllowance = TryAllowance { burst: 5, every: Duration::from_secs(30) };

/// Addresses, accounts, and pairs of both that are remembered for that: 150 bytes each, some 5 MB together.
pub const SIGN_IN_BUCKETS_MAX: usize = 10_000;
/// Verifications that the console's first page reads to name the customers of the latest: one page of the list.
pub const LATEST_VERIFICATIONS_READ: usize = 100;

/// Customers that it names: a screen or two.
pub const LATEST_CUSTOMERS_MAX: usize = 20;

/// Events on one page of a customer's timeline, each with what followed from it: a few screens.
pub const TIMELINE_MOMENTS_MAX: usize = 50;

/// Rows of one page of the access index: a few screens.
pub const ACCESS_ROWS_PER_PAGE: usize = 50;

// ---------------------------------------------------------------------------------------------------- rechecks

/// Days of outage windows that are given where nobody says which: a report of the month.
pub const OUTAGE_DAYS_DEFAULT: i64 = 30;

/// Days of outage windows that are worked out at once: a quarter.
pub const OUTAGE_DAYS_MAX: i64 = 92;

/// Verdicts after a window's failures that are looked for at once.
pub const OUTAGE_VERDICTS_AT_ONCE: usize = 16;

/// Rechecks that `ingest-api fallback list` shows: a table is made whole, and nobody reads more of it.
pub const FALLBACK_LIST_ROWS_MAX: usize = 1_000;

/// Rechecks that a list as a file reads at once. Each has its customer's state read beside it, so that they are fewer than
/// those of other lists.
pub const RECHECK_FILE_ROWS_AT_ONCE: usize = 100;

/// Outages that the page of rechecks shows, the latest: what a person looks over.
pub const CONSOLE_OUTAGES_SHOWN: usize = 10;

/// How often open rechecks are counted for the metrics: as often as a metric is looked at, about.
pub const RECHECKS_COUNTED_EVERY: Duration = Duration::from_secs(60);

// ------------------------------------------------------------------------------------------ records of reads

/// Ids in the line of one request: a page of rows, and what it is of. 3 KB.
pub const LOGGED_OBJECTS_MAX: usize = 102;

/// Customers whose reads wait to be written, of all keys and minutes together: some 100 bytes each. Three keys that walk
/// over a list as fast as their limits let them read as many within a minute; or an hour of an instance's usual reads,
/// while the log takes nothing.
pub const READS_WAITING_MAX: usize = 200_000;

/// Records of reads that are appended at once.
pub const READ_APPENDS_AT_ONCE: usize = 8;

/// Pauses between tries of such an append.
pub const READ_RECORDS_RETRY: RetrySchedule =
    RetrySchedule::new(Duration::from_millis(200), Duration::from_secs(10));

/// How long the last of them may take at the end: of the 5 s that are left of the contract's 25 s when requests were
/// waited for as long as they may be.
pub const READS_LAST_WRITE_MAX: Duration = Duration::from_secs(2);

/// Records of reads that wait for the access index: 40 MB if all are full, half an hour of an instance's usual ones while its
/// store does not answer. Beyond them the index lacks some.
pub const READS_UNINDEXED_MAX: usize = 1_000;

/// How long the index may go on after the last request: what the last records may take, and a second.
pub const READS_LAST_INDEX_MAX: Duration = Duration::from_secs(3);

/// Other customers that are named beside a row whose NIK they brought too: more than a person looks through one by one.
pub const NIK_CUSTOMERS_SHOWN_MAX: usize = 20;

/// Customers of one page whose states are asked for at once, to see which NIKs they brought.
pub const NIK_STATES_AT_ONCE: usize = 16;
