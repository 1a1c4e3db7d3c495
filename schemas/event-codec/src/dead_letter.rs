//! A dead letter: a record that could not be projected, as `identity.dead-letters` holds it. Only operators
//! read it; draining reads the origin again.

use bytes::Bytes;
use domain::event::Source;
use domain::ids::EventId;
use domain::limits::RECORD_BYTES_MAX;
use domain::time::Timestamp;

use crate::limits::LIST_ITEMS_MAX;

/// What could not be projected, with its origin. Its `Debug` shows no payload.
#[derive(Clone, PartialEq, Eq)]
pub struct DeadLetter {
    /// Where the record stands.
    pub origin: Source,
    /// Its key (`org/customer`), which is also the dead letter's.
    pub customer_key: String,
    /// Why, in words without any of its contents.
    pub cause: String,
    /// The event, when it could be read.
    pub event_id: Option<EventId>,
    /// When the log took it.
    pub appended_at: Timestamp,
    /// Its value as it stood: personal fields are ciphertext.
    pub value: Option<Bytes>,
    /// Its headers.
    pub headers: Vec<(String, Bytes)>,
}

impl std::fmt::Debug for DeadLetter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "DeadLetter({:?}, {})", self.origin, self.cause)
    }
}

/// Room that a dead letter's own key, headers and other fields take beside the record it carries.
const OVERHEAD_MAX: usize = 64 * 1024;

impl DeadLetter {
    /// The dead letter with what fits into a record: first the value goes, then the headers. What remains
    /// says where the origin is (design §2).
    #[must_use]
    pub fn within_record_limit(mut self) -> Self {
        let headers: usize = self.headers.iter().map(|(name, value)| name.len() + value.len() + 20).sum();
        let value = self.value.as_ref().map_or(0, Bytes::len);
        if headers + value + OVERHEAD_MAX > RECORD_BYTES_MAX {
            self.value = None;
        }
        if self.headers.len() > LIST_ITEMS_MAX || headers + OVERHEAD_MAX > RECORD_BYTES_MAX {
            self.headers.clear();
        }
        self
    }
}
