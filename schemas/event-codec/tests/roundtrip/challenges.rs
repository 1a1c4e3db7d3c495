//! How any record about challenges is made.

use domain::capture::{ChallengePurpose, FlashColor};
use domain::event::FlashChallengeIssued;
use domain::ids::ChallengeId;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::{customer, event_id, time};

pub(crate) fn challenge() -> impl Strategy<Value = FlashChallengeIssued> {
    let ids = (event_id(), customer(), any::<[u8; 16]>().prop_map(ChallengeId::from_bytes));
    let flashes = (vec(select(&FlashColor::ALL[..]), 0..12), vec(0..=i32::MAX as u32, 0..12));
    let terms = (select(&ChallengePurpose::ALL[..]), time(), 0..=i32::MAX as u32);
    (ids, flashes, terms).prop_map(|(ids, flashes, terms)| FlashChallengeIssued {
        event_id: ids.0,
        customer: ids.1,
        challenge_id: ids.2,
        purpose: terms.0,
        colors: flashes.0,
        hold_ms: flashes.1,
        issued_at: terms.1,
        ttl_ms: terms.2,
    })
}
