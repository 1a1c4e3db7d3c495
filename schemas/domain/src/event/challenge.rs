//! The fact that a customer was challenged. That no secret stands in it is the point: whoever has the org's key makes
//! colours and secret again, and nobody else needs to.

use crate::capture::{ChallengePurpose, FlashColor};
use crate::ids::{ChallengeId, CustomerRef, EventId};
use crate::time::Timestamp;

/// A challenge was issued: evidence of what the screen was asked to show, and one of the tries that are counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FlashChallengeIssued {
    /// This event.
    pub event_id: EventId,
    /// Whom it is about.
    pub customer: CustomerRef,
    /// The challenge.
    pub challenge_id: ChallengeId,
    /// What is to be captured.
    pub purpose: ChallengePurpose,
    /// The colours, in their order.
    pub colors: Vec<FlashColor>,
    /// Milliseconds of each.
    pub hold_ms: Vec<u32>,
    /// When, by the clock of the instance that issued it.
    pub issued_at: Timestamp,
    /// For so many milliseconds it may be answered.
    pub ttl_ms: u32,
}

impl FlashChallengeIssued {
    /// Whether every colour has its time.
    pub fn is_consistent(&self) -> bool {
        self.colors.len() == self.hold_ms.len()
    }
}
