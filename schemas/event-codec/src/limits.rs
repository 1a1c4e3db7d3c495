//! Every bound of the codec, with its reason.

/// What one decoded length may claim at most. A record is no larger (design §2), so a larger length is a lie;
/// a smaller one that still claims more than there is fails on the bytes there are, without touching memory.
pub const DECODED_LENGTH_MAX: usize = domain::limits::RECORD_BYTES_MAX;

/// Items of one list in a record: far above the scopes of a key, the parts of a verdict or the headers of a
/// record, far below what would make a small record large in memory.
pub const LIST_ITEMS_MAX: usize = 1024;

/// Room for everything in a record but its sealed parts, so that encoding one allocates once.
pub const BODY_BYTES_EXPECTED: usize = 768;
