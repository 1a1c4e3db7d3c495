//! Facts about rechecks: a bank could not ask Dukcapil, and a bank does not wait for an answer any more. That a verdict
//! settles one is in no event: the fold alone says so.

use super::{Fingerprint, is_reason_code};
use crate::ids::{CustomerRef, EventId, FallbackId, RecheckId, VerificationId};
use crate::recheck::DukcapilAttempt;
use crate::sealed::Sealed;

/// What a capture says of the failure because of which the card has to stand alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeclaredFallback {
    /// The declaration.
    pub id: FallbackId,
    /// What failed.
    pub attempt: DukcapilAttempt,
}

/// A bank declared that Dukcapil did not answer. Of every declaration it stands in `identity.audit`; in `identity.events` only
/// of one that came alone, since a capture carries its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DukcapilAttemptFailed {
    /// This event; in `identity.audit`, the event that makes the declaration.
    pub event_id: EventId,
    /// Whom it is about.
    pub customer: CustomerRef,
    /// The declaration.
    pub fallback_id: FallbackId,
    /// What failed.
    pub attempt: DukcapilAttempt,
    /// The verification of the capture that carried it; none where it came alone.
    pub verification_id: Option<VerificationId>,
    /// Who declared it: an API key's public name.
    pub by: String,
    /// The request's body.
    pub body_fingerprint: Fingerprint,
}

impl DukcapilAttemptFailed {
    /// Whether its numbers are such as a failure has.
    pub fn is_consistent(&self) -> bool {
        self.attempt.is_consistent()
    }
}

/// A bank closed a recheck: it does not wait for a verdict any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FallbackRecheckClosed {
    /// This event.
    pub event_id: EventId,
    /// Whom it is about.
    pub customer: CustomerRef,
    /// The recheck.
    pub recheck_id: RecheckId,
    /// The bank's own code for why.
    pub reason_code: String,
    /// [`crate::sealed::Field::RecheckNote`].
    pub note: Option<Sealed>,
    /// Who: an API key's public name, or a member of staff.
    pub by: String,
    /// The request's body; none of a form of the console.
    pub body_fingerprint: Option<Fingerprint>,
}

impl FallbackRecheckClosed {
    /// Whether its reason is a code.
    pub fn is_consistent(&self) -> bool {
        is_reason_code(&self.reason_code)
    }
}
