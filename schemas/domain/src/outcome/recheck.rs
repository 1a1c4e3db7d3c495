//! What came of declared failures: that a recheck is due, and that it is due no more.

use crate::event::{Fingerprint, Source};
use crate::ids::{CustomerRef, EventId, FallbackId, RecheckId, VerificationId};
use crate::recheck::{AttemptCause, RecheckStatus, SettledHow};
use crate::time::Timestamp;

/// A recheck is open: Dukcapil is to be asked again. Of a further failure while it is open there is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FallbackRecheckOpened {
    /// This outcome; follows from the event's id.
    pub id: EventId,
    /// Whom it is about.
    pub customer: CustomerRef,
    /// The event that opened it: a declaration, or a capture with one.
    pub event_id: EventId,
    /// Where that event stands.
    pub source: Source,
    /// The recheck.
    pub recheck_id: RecheckId,
    /// The declaration that opened it.
    pub fallback_id: FallbackId,
    /// How Dukcapil failed.
    pub cause: AttemptCause,
    /// The body that made the declaration.
    pub body_fingerprint: Fingerprint,
    /// The recheck's `openedAt`.
    pub created_at: Timestamp,
}

/// A recheck is settled. Published again for every later attempt to close the same one, which has no effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FallbackRecheckSettled {
    /// This outcome; follows from the event's id.
    pub id: EventId,
    /// Whom it is about.
    pub customer: CustomerRef,
    /// The event that settled it.
    pub event_id: EventId,
    /// Where that event stands.
    pub source: Source,
    /// The recheck.
    pub recheck_id: RecheckId,
    /// How it ended: never open.
    pub status: RecheckStatus,
    /// What settled it.
    pub how: SettledHow,
    /// The verdict that did.
    pub verification_id: Option<VerificationId>,
    /// The bank's own code for why it closed it.
    pub reason_code: Option<String>,
    /// The body that made the event; none of an erasure and of a form of the console.
    pub body_fingerprint: Option<Fingerprint>,
    /// The recheck's `settledAt`.
    pub created_at: Timestamp,
}
