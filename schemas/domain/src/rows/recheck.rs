//! Rows about rechecks: the recheck itself, which is written again as it goes on; and what made it so, immutable: the
//! declarations, and who closed it.

use crate::event::{Fingerprint, Source};
use crate::ids::{CustomerRef, EventId, FallbackId, RecheckId, VerificationId};
use crate::ports::RowPlace;
use crate::recheck::{AttemptCause, DukcapilAttempt, RecheckEffect, RecheckStatus, SettledHow};
use crate::sealed::Sealed;
use crate::time::Timestamp;

/// A recheck as of its customer's state: Dukcapil is to be asked again, or was, or need not be.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RecheckRow {
    /// The recheck; follows from the id of the event that opened it.
    pub id: RecheckId,
    /// Whose.
    pub customer: CustomerRef,
    /// Where it stands.
    pub status: RecheckStatus,
    /// How Dukcapil failed when it was opened.
    pub cause: AttemptCause,
    /// max(append time of the event that opened it, the customer's previous one).
    pub opened_at: Timestamp,
    /// The latest attempt that was declared, by the bank's clock.
    pub last_attempt_at: Timestamp,
    /// All attempts that were declared while it was open.
    pub attempts: u64,
    /// When it was settled; none while it is open.
    pub settled_at: Option<Timestamp>,
    /// What settled it; none while it is open.
    pub how: Option<SettledHow>,
    /// The verdict that settled it.
    pub verification_id: Option<VerificationId>,
    /// Who closed it, where somebody did.
    pub closed: Option<RecheckClosed>,
    /// Where the event stands that opened it.
    pub source: Source,
}

/// Who closed a recheck, and why.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RecheckClosed {
    /// The event that closed it: a repetition has the same.
    pub event_id: EventId,
    /// The body that made it, by which a repetition is told from another; none of a form of the console.
    pub body_fingerprint: Option<Fingerprint>,
    /// The bank's own code for why.
    pub reason_code: String,
    /// Who: an API key's public name, or a member of staff.
    pub by: String,
    /// When.
    pub created_at: Timestamp,
}

impl RecheckRow {
    /// Its place in lists: by when it was opened.
    pub fn place(&self) -> RowPlace {
        RowPlace { created_at: self.opened_at, partition: self.source.partition, offset: self.source.offset }
    }
}

/// A declared failure, immutable.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct FallbackRow {
    /// The declaration.
    pub id: FallbackId,
    /// Whose.
    pub customer: CustomerRef,
    /// The event that made it: itself, or a capture.
    pub event_id: EventId,
    /// Where that event stands.
    pub source: Source,
    /// What failed.
    pub attempt: DukcapilAttempt,
    /// The recheck that it opened or went on with; none where a valid verdict stood.
    pub recheck: Option<RecheckId>,
    /// Whether it opened it.
    pub opened: bool,
    /// The verification of the capture that carried it.
    pub verification_id: Option<VerificationId>,
    /// The body that made it.
    pub body_fingerprint: Fingerprint,
    /// max(append time, the customer's previous one).
    pub created_at: Timestamp,
}

/// That a recheck was closed, immutable. There is one a recheck.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RecheckClosureRow {
    /// The recheck.
    pub recheck: RecheckId,
    /// Whose.
    pub customer: CustomerRef,
    /// The event that closed it (the envelope of `note` is bound to it).
    pub event_id: EventId,
    /// Where that event stands.
    pub source: Source,
    /// The bank's own code for why.
    pub reason_code: String,
    /// [`crate::sealed::Field::RecheckNote`], the event's own envelope.
    pub note: Option<Sealed>,
    /// Who: an API key's public name, or a member of staff.
    pub by: String,
    /// The body that made it; none of a form of the console.
    pub body_fingerprint: Option<Fingerprint>,
    /// max(append time, the customer's previous one).
    pub created_at: Timestamp,
}

/// What a verdict did to its customer's recheck: kept with the verdict's row, by which its outcome is made again.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RecheckMark {
    /// The recheck.
    pub recheck: RecheckId,
    /// What was done.
    pub effect: RecheckEffect,
}
