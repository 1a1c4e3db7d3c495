//! Writing rows: names, timestamps, and every kind there is.

use super::{
    BooksKey, BooksRow, CustomerState, EnrolmentRow, Epoch, EventNote, FallbackRow, RecheckClosureRow,
    RecheckRow, ReferenceRow, ReviewRow, SignalRow, TallyKey, TallyRow, TierEventRow, VerificationRow,
    VoidRow,
};
use crate::event::{Offset, Partition, Source, TopicId};
use crate::ids::{CustomerRef, EnrolmentId, EventId, FallbackId, OrgId, RecheckId, VerificationId};

/// When a row was written, as stores compare it: `(epoch << 44) + 2 * offset + (0 delete | 1 upsert)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct WriteTimestamp(i64);

impl WriteTimestamp {
    /// The timestamp of a row written because of the event at that offset.
    pub fn upsert(epoch: Epoch, offset: Offset) -> Self {
        Self::at(epoch, offset, 1)
    }

    /// The timestamp of a deletion because of the event at that offset.
    pub fn delete(epoch: Epoch, offset: Offset) -> Self {
        Self::at(epoch, offset, 0)
    }

    fn at(epoch: Epoch, offset: Offset, kind: i64) -> Self {
        let offset = i64::try_from(offset.0).unwrap_or(i64::MAX >> 21);
        Self((i64::from(epoch.0) << 44) + 2 * offset + kind)
    }

    /// The number that stores compare.
    pub fn value(self) -> i64 {
        self.0
    }

    /// Takes up a number that [`WriteTimestamp::value`] gave.
    pub fn from_value(value: i64) -> Self {
        Self(value)
    }
}

/// Whose events of a partition wait for a key that is away: everything of the org before `from` is in the rows.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct HeldOrg {
    /// The tenant.
    pub org: OrgId,
    /// The first of its events that is not taken in.
    pub from: Offset,
}

/// How far a partition is projected: everything before `next` is in the rows, but for what is held.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PositionRow {
    /// The topic.
    pub topic_id: TopicId,
    /// The partition.
    pub partition: Partition,
    /// The next offset to read.
    pub next: Offset,
    /// The id of the last event taken in, to tell a log that was cut and written again.
    pub last_event_id: Option<EventId>,
    /// Orgs whose events stand still before `next`, by org. Part of this row, so that no position moves past an
    /// event without saying that it waits.
    pub held: Vec<HeldOrg>,
}

/// One row to write.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ViewRow {
    /// Event rows: written first.
    Verification(Box<VerificationRow>),
    /// An event row.
    Enrolment(EnrolmentRow),
    /// An event row.
    Reference(ReferenceRow),
    /// An event row.
    Review(Box<ReviewRow>),
    /// An event row.
    Void(Box<VoidRow>),
    /// An event row.
    TierEvent(TierEventRow),
    /// An event row.
    Signal(SignalRow),
    /// An event row.
    Note(EventNote),
    /// An event row.
    Fallback(FallbackRow),
    /// An event row.
    RecheckClosure(RecheckClosureRow),
    /// The recheck, as of the event; written again by every event that changes it.
    Recheck(Box<RecheckRow>),
    /// Deletes all enrolments of the customer that were written at or before the timestamp.
    EraseEnrolments(CustomerRef),
    /// Then state.
    State(Box<CustomerState>),
    /// Then tallies.
    Tally(TallyRow),
    /// Then books.
    Books(BooksRow),
    /// Last of all, the position.
    Position(PositionRow),
}

/// A row and when it was written.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ViewWrite {
    /// A write with a lower timestamp than the row's own has no effect.
    pub at: WriteTimestamp,
    /// The row.
    pub row: ViewRow,
}

/// The name of a row the projector reads back.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum RowKey {
    /// A customer's state.
    State(CustomerRef),
    /// A verification row.
    Verification(OrgId, VerificationId),
    /// A reference that came by itself.
    Reference(CustomerRef, EnrolmentId),
    /// The review of a verification.
    Review(OrgId, VerificationId),
    /// A declared failure.
    Fallback(OrgId, FallbackId),
    /// That a recheck was closed.
    RecheckClosure(OrgId, RecheckId),
    /// The void of a verification.
    Void(OrgId, VerificationId),
    /// An event's note.
    Note(CustomerRef, Source),
    /// A tally.
    Tally(TallyKey),
    /// The books.
    Books(BooksKey),
    /// A partition's position.
    Position(TopicId, Partition),
}
