//! Voids in a simulation: of verdicts, matches and captures that stand, of such as do not, and of one twice.

use domain::event::{Event, Fingerprint, VerificationVoided};
use domain::ids::{EventId, VerificationId, derived};
use domain::rows::VoidReason;
use domain::sealed::Field;
use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;

use crate::script::{named, seal};
use crate::world::Customer;

/// The endpoints whose verifications there are: verdicts, matches, captures.
const ENDPOINTS: [u8; 3] = [0, 2, 3];

pub(crate) fn void(customer: &Customer, rng: &mut ChaCha8Rng) -> Event {
    let endpoint = ENDPOINTS[rng.random_range(0..ENDPOINTS.len())];
    let (of, _) = named(customer, endpoint, rng);
    let (name, body) = named(customer, 5, rng);
    // The name of a void has its verification in it: no event id is of two.
    let of_name =
        name.into_iter().fold(0, |all: u64, byte| all.wrapping_mul(257).wrapping_add(u64::from(byte)));
    let of_id = VerificationId::from_bytes(of);
    let event_id = EventId::from_bytes(derived(EventId::PREFIX, of_id.as_str(), of_name));
    Event::VerificationVoided(VerificationVoided {
        customer: customer.id.clone(),
        verification_id: of_id,
        reason: VoidReason::ALL[usize::from(body % 3)],
        note: (body % 3 == 0).then(|| seal(customer, &event_id, Field::VoidNote, "text/plain")),
        by: "rina".to_owned(),
        policy_version: rng.random_range(1..=3),
        body_fingerprint: (body % 5 != 0).then_some(Fingerprint([body; 32])),
        event_id,
    })
}
