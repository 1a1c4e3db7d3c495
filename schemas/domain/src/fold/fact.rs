//! What is folded: an event, or a record that cannot be applied, and which rows each names.

use crate::event::{Fingerprint, RecordedEvent, Source};
use crate::ids::{CustomerRef, EnrolmentId, EventId, FallbackId, RecheckId, VerificationId};
use crate::time::Timestamp;

/// A record that cannot be applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Poison {
    /// From the record's key.
    pub customer: CustomerRef,
    /// Where it stands.
    pub source: Source,
    /// When the log took it.
    pub appended_at: Timestamp,
    /// When it could be read so far.
    pub event_id: Option<EventId>,
    /// When it is a verdict, a match or a capture that could be read so far.
    pub verification_id: Option<VerificationId>,
    /// When it is a reference that could be read so far.
    pub reference_id: Option<EnrolmentId>,
    /// When it is a review that could be read so far.
    pub review_of: Option<VerificationId>,
    /// When it is a declared failure that could be read so far.
    pub fallback_id: Option<FallbackId>,
    /// When it is the closing of a recheck that could be read so far.
    pub closes_recheck: Option<RecheckId>,
    /// When it is a void that could be read so far.
    pub void_of: Option<VerificationId>,
    /// Likewise.
    pub body_fingerprint: Option<Fingerprint>,
    /// A word of ours.
    pub cause: String,
}

impl Poison {
    /// Whether somebody may wait for what comes of it.
    pub(super) fn is_heard_of(&self) -> bool {
        self.verification_id.is_some()
            || self.review_of.is_some()
            || self.fallback_id.is_some()
            || self.closes_recheck.is_some()
            || self.void_of.is_some()
    }
}

/// One thing to fold.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "nearly every fact is an event: a box would cost each of them")]
pub enum Fact {
    /// An event.
    Event(RecordedEvent),
    /// A record that cannot be applied.
    Poison(Poison),
}

impl Fact {
    /// Whom it is about.
    pub fn customer(&self) -> &CustomerRef {
        match self {
            Self::Event(event) => event.event.customer(),
            Self::Poison(poison) => &poison.customer,
        }
    }

    /// Where it stands.
    pub fn source(&self) -> Source {
        match self {
            Self::Event(event) => event.source,
            Self::Poison(poison) => poison.source,
        }
    }

    /// What it noticed about its verification ([`crate::event::Event::noticed`]).
    pub fn noticed(&self) -> Vec<String> {
        match self {
            Self::Event(event) => event.event.noticed(),
            Self::Poison(_) => Vec::new(),
        }
    }

    /// The verification that it reviews, if it is a review.
    pub fn review_of(&self) -> Option<&VerificationId> {
        match self {
            Self::Event(event) => event.event.review_of(),
            Self::Poison(poison) => poison.review_of.as_ref(),
        }
    }

    /// The declared failure that it makes, if it is one or carries one.
    pub fn fallback_id(&self) -> Option<&FallbackId> {
        match self {
            Self::Event(event) => event.event.fallback_id(),
            Self::Poison(poison) => poison.fallback_id.as_ref(),
        }
    }

    /// The recheck that it closes, if it closes one.
    pub fn closes_recheck(&self) -> Option<&RecheckId> {
        match self {
            Self::Event(event) => event.event.closes_recheck(),
            Self::Poison(poison) => poison.closes_recheck.as_ref(),
        }
    }

    /// The verification it makes, if it is a verdict, a match or a capture.
    pub fn verification_id(&self) -> Option<&VerificationId> {
        match self {
            Self::Event(event) => event.event.verification_id(),
            Self::Poison(poison) => poison.verification_id.as_ref(),
        }
    }

    /// The enrolment it is about, if it is a reference that came by itself.
    pub fn reference_id(&self) -> Option<&EnrolmentId> {
        match self {
            Self::Event(event) => event.event.reference_id(),
            Self::Poison(poison) => poison.reference_id.as_ref(),
        }
    }
}
