//! Declared failures and closings in a simulation: under few names, so that a retry and a second body come again and again;
//! and closings of what is open, of what is not, and of what never was.

use domain::event::{DeclaredFallback, DukcapilAttemptFailed, Event, FallbackRecheckClosed, Fingerprint};
use domain::ids::{EventId, FallbackId, RecheckId, derived};
use domain::recheck::{AttemptCause, DukcapilAttempt};
use domain::sealed::Field;
use domain::time::Timestamp;
use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;

use crate::script::{named, seal};
use crate::world::Customer;

/// Where a declaration is among the customer's names.
const FAILURES: u8 = 5;

fn attempt(rng: &mut ChaCha8Rng) -> DukcapilAttempt {
    DukcapilAttempt {
        cause: AttemptCause::ALL[rng.random_range(0..AttemptCause::ALL.len())],
        http_status: None,
        attempted_at: Timestamp::from_millis(rng.random_range(0..1_000_000)),
        // Now and then none, which cannot be applied.
        attempts: u32::from(rng.random_range(0..12) > 0) * 2,
        elapsed_ms: None,
    }
}

pub(crate) fn failure(customer: &Customer, rng: &mut ChaCha8Rng) -> Event {
    let (name, body) = named(customer, FAILURES, rng);
    Event::DukcapilAttemptFailed(DukcapilAttemptFailed {
        event_id: EventId::from_bytes(name),
        customer: customer.id.clone(),
        fallback_id: FallbackId::from_bytes(name),
        attempt: attempt(rng),
        verification_id: None,
        by: "key_00000000000000000000000001".to_owned(),
        body_fingerprint: Fingerprint([body; 32]),
    })
}

/// What a capture of that event's name declares.
pub(crate) fn declared(name: [u8; 16], rng: &mut ChaCha8Rng) -> DeclaredFallback {
    let mut attempt = attempt(rng);
    attempt.attempts = 1;
    DeclaredFallback { id: FallbackId::from_bytes(name), attempt }
}

/// Of the recheck that a declaration opened or might have opened.
pub(crate) fn closing(customer: &Customer, rng: &mut ChaCha8Rng) -> Event {
    let (of, _) = named(customer, FAILURES, rng);
    let opened_by = EventId::from_bytes(of);
    let recheck_id = RecheckId::from_bytes(derived(RecheckId::PREFIX, opened_by.as_str(), 0));
    let body = rng.random_range(0..3_u8);
    let event_id = EventId::from_bytes(derived(EventId::PREFIX, recheck_id.as_str(), u64::from(body)));
    Event::FallbackRecheckClosed(FallbackRecheckClosed {
        customer: customer.id.clone(),
        recheck_id,
        reason_code: "moved_away".to_owned(),
        note: (body == 0).then(|| seal(customer, &event_id, Field::RecheckNote, "text/plain")),
        by: "rina".to_owned(),
        body_fingerprint: (body != 2).then_some(Fingerprint([body; 32])),
        event_id,
    })
}
