//! Samples of what is recorded about challenges.

use domain::capture::{ChallengePurpose, FlashColor};
use domain::event::{Event, FlashChallengeIssued};
use domain::ids::ChallengeId;

use super::{Any, at, event, who};

pub(super) fn events() -> Vec<(&'static str, Any)> {
    let issued = FlashChallengeIssued {
        event_id: event(40),
        customer: who(),
        challenge_id: ChallengeId::from_bytes([19; 16]),
        purpose: ChallengePurpose::Ktp,
        colors: FlashColor::ALL.into(),
        hold_ms: vec![350, 400, 450, 500, 550, 600, 650, 350],
        issued_at: at(11),
        ttl_ms: 90_000,
    };
    vec![("FlashChallengeIssued.v1", Any::Event(Event::FlashChallengeIssued(issued)))]
}
