//! Rows of face references: the enrolment, which an erasure takes, and what is kept of one that came by itself.

use super::FaceSource;
use crate::event::{Fingerprint, Source};
use crate::ids::{CustomerRef, EnrolmentId, EventId, VerificationId};
use crate::ports::RowPlace;
use crate::time::Timestamp;

/// One face reference. The photo stays in the event; the row says where. Its vector is no part of it: it is made
/// later, of another model again, and in no particular order.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct EnrolmentRow {
    /// The reference.
    pub id: EnrolmentId,
    /// Whose.
    pub customer: CustomerRef,
    /// The verification that brought it; none of one that came by itself.
    pub verification_id: Option<VerificationId>,
    /// The event that carries the photo.
    pub event_id: EventId,
    /// Where that event stands.
    pub source: Source,
    /// Where the photo came from.
    pub face_source: FaceSource,
    /// The body that made it, of one that came by itself; the verification has it otherwise.
    pub body_fingerprint: Option<Fingerprint>,
    /// When.
    pub created_at: Timestamp,
}

/// A reference that came by itself, immutable: by it a repetition is known, and its outcome is made again. Unlike the
/// enrolment that it made it outlives an erasure, so that whoever folds its event again, and however late, comes to
/// the same.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ReferenceRow {
    /// The enrolment it made.
    pub id: EnrolmentId,
    /// Whose.
    pub customer: CustomerRef,
    /// The event that made it.
    pub event_id: EventId,
    /// Where that event stands.
    pub source: Source,
    /// Where the photo came from.
    pub face_source: FaceSource,
    /// The body that made it.
    pub body_fingerprint: Fingerprint,
    /// max(append time, the customer's previous one).
    pub created_at: Timestamp,
}

impl EnrolmentRow {
    /// Its place in the list of the customer's references.
    pub fn place(&self) -> RowPlace {
        RowPlace { created_at: self.created_at, partition: self.source.partition, offset: self.source.offset }
    }
}
