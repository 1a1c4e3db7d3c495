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

/// Attempts that one declared failure may stand for (sequence §4.1).
pub const FALLBACK_ATTEMPTS: std::ops::RangeInclusive<u32> = 1..=50;

/// Statuses of HTTP that say that a server failed (RFC 9110 §15.6, sequence §4.1).
pub const FALLBACK_HTTP_STATUS: std::ops::RangeInclusive<u32> = 500..=599;

/// How old a failure may be when it is declared (sequence §4.1): seven days.
pub const FALLBACK_AGE_MAX_MS: i64 = 7 * 24 * 60 * 60 * 1_000;

/// How far ahead of ours a bank's clock may be (sequence §4.1): two minutes.
pub const FALLBACK_AHEAD_MAX_MS: i64 = 2 * 60 * 1_000;

/// How long the attempts of one declaration may have taken: a day, far above any client's patience.
pub const FALLBACK_ELAPSED_MAX_MS: u32 = 24 * 60 * 60 * 1_000;

/// Failures at most so far apart are one outage (sequence §4.3): fifteen minutes.
pub const OUTAGE_GAP_MAX_MS: i64 = 15 * 60 * 1_000;

/// Failures that are read at once for outage windows: some 0.3 KB each.
pub const OUTAGE_FAILURES_READ_MAX: usize = 100_000;

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

/// Colours that a challenge may ask for (sequence §2.2): below three an old recording fits too often, above ten nobody
/// holds a phone still.
pub const CHALLENGE_STEPS: std::ops::RangeInclusive<u8> = 3..=10;

/// How long one colour is held at least and at most, in milliseconds (sequence §1.6): at most 2.9 changes a second.
pub const FLASH_HOLD_MS: std::ops::RangeInclusive<u32> = 350..=650;

/// What lies between two holds, in milliseconds.
pub const FLASH_HOLD_STEP_MS: u32 = 50;

/// All colours of a challenge together, in milliseconds (sequence §1.6).
pub const FLASH_TOTAL_MS_MAX: u32 = 6_500;

/// Orders of colours that are drawn until one keeps the rules. Of three colours 36 % do, of more most: that none of so
/// many does happens once in 10^50 challenges.
pub const FLASH_ORDERS_DRAWN_MAX: u32 = 256;

/// Challenges of a customer and purpose within [`CHALLENGE_SHORT_WINDOW_MS`] (sequence §1.7).
pub const CHALLENGES_SHORT_MAX: usize = 5;

/// Ten minutes.
pub const CHALLENGE_SHORT_WINDOW_MS: i64 = 10 * 60 * 1_000;

/// Challenges of a customer and purpose within [`CHALLENGE_LONG_WINDOW_MS`] (sequence §1.7).
pub const CHALLENGES_LONG_MAX: usize = 20;

/// A day.
pub const CHALLENGE_LONG_WINDOW_MS: i64 = 24 * 60 * 60 * 1_000;

/// Challenges of one purpose that a customer's state keeps: the day's twenty, and the latest of those that are void.
pub const CHALLENGES_KEPT_MAX: usize = 32;

/// By how much the clocks of two instances may differ, in milliseconds (sequence §1.10).
pub const CLOCKS_DIFFER_MS: i64 = 2_000;

/// By how much a client's clock may be off before it is noticed, in milliseconds (sequence §1.10).
pub const CAPTURED_AT_SKEW_MAX_MS: u64 = 5 * 60 * 1_000;

/// Frames of a captured card (sequence §1.3).
pub const KTP_FRAMES_MAX: usize = 12;

/// The still of a card, in bytes (sequence §1.3).
pub const KTP_STILL_BYTES_MAX: usize = 1024 * 1024;

/// Its longer side in pixels (sequence §1.3).
pub const KTP_STILL_LONG_SIDE_PX: std::ops::RangeInclusive<u32> = 1_280..=4_096;

/// Any other frame of a card, in bytes (sequence §1.3).
pub const KTP_FRAME_BYTES_MAX: usize = 200 * 1024;

/// Frames of a captured face (sequence §1.3).
pub const FACE_FRAMES_MAX: usize = 24;

/// Each of them, in bytes (sequence §1.3).
pub const FACE_FRAME_BYTES_MAX: usize = 256 * 1024;

/// Its shorter side in pixels (sequence §1.3).
pub const FACE_FRAME_SHORT_SIDE_PX: std::ops::RangeInclusive<u32> = 320..=1_280;

/// Pixels of any frame (sequence §1.3): 16 MP.
pub const CAPTURE_FRAME_PIXELS_MAX: u64 = 16 * 1024 * 1024;

/// Pixels of a card's frame that the colours were shown to: 4 MP, more than 1920 × 1080. Its colours are measured, it is not
/// read; and a small file can hold many pixels, which all cost time to decode.
pub const KTP_FRAME_PIXELS_MAX: u64 = 4 * 1024 * 1024;

/// All frames of a bundle as they are after base64 (sequence §1.3): 2.8 MiB, so that with base64's third more and the
/// rest of the bundle the body is below 4 MiB.
pub const CAPTURE_FRAMES_BYTES_MAX: usize = 28 * 1024 * 1024 / 10;

/// Everything of a bundle but its frames (sequence §1.3).
pub const CAPTURE_REST_BYTES_MAX: usize = 256 * 1024;

/// A time within a capture, in milliseconds since its first colour (sequence §1.4): two minutes.
pub const CAPTURE_TIME_MAX_MS: u32 = 120_000;

/// Samples of a client (sequence §1.3).
pub const FLASH_SAMPLES_MAX: usize = 256;

/// Times of colours: as many as colours may be.
pub const COLOR_TIMES_MAX: usize = *CHALLENGE_STEPS.end() as usize;

/// Characters of what names the software that made a bundle (sequence §1.4).
pub const SDK_VERSION_CHARS_MAX: usize = 64;

/// Characters of a nonce, a signature or a time as they are sent: what is longer is none, and is not looked at.
pub const BUNDLE_TEXT_CHARS_MAX: usize = 128;

/// Fields that a client read off a card (sequence §1.3).
pub const OCR_FIELDS_MAX: usize = 20;

/// Characters of one of them (sequence §1.3).
pub const OCR_VALUE_CHARS_MAX: usize = 200;

/// Characters of its name: the names on a card are words.
pub const OCR_NAME_CHARS_MAX: usize = 64;

/// A review copy's picture (sequence §2.7): a card and a portrait that a person can judge, and a twentieth of a log record.
pub const REVIEW_COPY_BYTES_MAX: usize = 200 * 1024;

/// How long a pending capture's review copy can be opened when nobody decides (sequence §2.7).
pub const REVIEW_COPY_DAYS: i64 = 7;

/// How long a view of a review copy is good for deciding that its card is verified (sequence §2.7).
pub const REVIEW_SEEN_MINUTES: i64 = 30;

/// A review's note in characters (sequence §2.7).
pub const REVIEW_NOTE_CHARS_MAX: usize = 500;
