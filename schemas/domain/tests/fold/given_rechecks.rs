//! Builders of declared failures and of closings.

use domain::event::{
    DeclaredFallback, DukcapilAttemptFailed, Event, FallbackRecheckClosed, Fingerprint, KtpCaptureAssessed,
};
use domain::fold::Fact;
use domain::ids::{EventId, FallbackId, RecheckId, derived};
use domain::recheck::{AttemptCause, DukcapilAttempt};

use crate::given::{at, customer, fact, sealed};
use crate::given_captures::Capture;

/// A declaration; `n` names it, `body` tells bodies apart.
#[derive(Clone, Copy)]
pub(crate) struct Failure {
    pub(crate) n: u8,
    pub(crate) body: u8,
    pub(crate) attempts: u32,
    pub(crate) attempted_ms: i64,
}

pub(crate) fn failure(n: u8) -> Failure {
    Failure { n, body: n, attempts: 3, attempted_ms: i64::from(n) }
}

pub(crate) fn fallback_id(n: u8) -> FallbackId {
    FallbackId::from_bytes([n; 16])
}

fn failure_event_id(n: u8) -> EventId {
    EventId::from_bytes([0x40 + n; 16])
}

/// The recheck that the declaration of that number opens where it opens one.
pub(crate) fn recheck_id(n: u8) -> RecheckId {
    RecheckId::from_bytes(derived(RecheckId::PREFIX, failure_event_id(n).as_str(), 0))
}

impl Failure {
    fn attempt(self) -> DukcapilAttempt {
        DukcapilAttempt {
            cause: AttemptCause::Timeout,
            http_status: None,
            attempted_at: at(self.attempted_ms),
            attempts: self.attempts,
            elapsed_ms: Some(9_000),
        }
    }

    pub(crate) fn at(self, offset: u64) -> Fact {
        let event = DukcapilAttemptFailed {
            event_id: failure_event_id(self.n),
            customer: customer(),
            fallback_id: fallback_id(self.n),
            attempt: self.attempt(),
            verification_id: None,
            by: "key_00000000000000000000000001".to_owned(),
            body_fingerprint: Fingerprint([self.body; 32]),
        };
        fact(offset, offset as i64, Event::DukcapilAttemptFailed(event))
    }

    /// As a part of that capture.
    pub(crate) fn with(self, capture: Capture, offset: u64) -> Fact {
        let event = KtpCaptureAssessed {
            fallback: Some(DeclaredFallback { id: fallback_id(self.n), attempt: self.attempt() }),
            ..capture.event()
        };
        fact(offset, offset as i64, Event::KtpCaptureAssessed(event))
    }
}

/// The closing, by event number `n`, of that recheck.
pub(crate) fn closing(n: u8, recheck: RecheckId, offset: u64) -> Fact {
    let event = FallbackRecheckClosed {
        event_id: EventId::from_bytes([0xc0 + n; 16]),
        customer: customer(),
        recheck_id: recheck,
        reason_code: "moved_away".to_owned(),
        note: Some(sealed(9)),
        by: "rina".to_owned(),
        body_fingerprint: Some(Fingerprint([0xc0 + n; 32])),
    };
    fact(offset, offset as i64, Event::FallbackRecheckClosed(event))
}
