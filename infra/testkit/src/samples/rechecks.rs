//! Samples of what declared failures leave behind.

use domain::ids::{CustomerRef, FallbackId, RecheckId};
use domain::recheck::{AttemptCause, DukcapilAttempt, RecheckStatus, SettledHow};
use domain::rows::{FallbackRow, RecheckClosed, RecheckClosureRow, RecheckRow};

use super::{Samples, time};

impl Samples {
    /// Declaration number `n`.
    pub fn fallback_id(&self, n: u64) -> FallbackId {
        FallbackId::from_bytes(self.bytes16("fallback", n))
    }

    /// Recheck number `n`.
    pub fn recheck_id(&self, n: u64) -> RecheckId {
        RecheckId::from_bytes(self.bytes16("recheck", n))
    }

    /// Recheck number `n`, with everything that one may have: closed, as no other is.
    pub fn recheck(&self, customer: &CustomerRef, n: u64) -> RecheckRow {
        let settled_at = time(n + 10);
        RecheckRow {
            id: self.recheck_id(n),
            customer: customer.clone(),
            status: RecheckStatus::Closed,
            cause: AttemptCause::Http5xx,
            opened_at: time(n),
            last_attempt_at: time(n + 1),
            attempts: 7 + n,
            settled_at: Some(settled_at),
            how: Some(SettledHow::Close),
            verification_id: Some(self.verification_id(n)),
            closed: Some(RecheckClosed {
                event_id: self.event_id(n),
                body_fingerprint: Some(self.fingerprint(n)),
                reason_code: "moved_away".to_owned(),
                by: "key_0000000000000000000000000A".to_owned(),
                created_at: settled_at,
            }),
            source: self.source(0, n),
        }
    }

    /// The same, while it is open.
    pub fn open_recheck(&self, customer: &CustomerRef, n: u64) -> RecheckRow {
        RecheckRow {
            status: RecheckStatus::Open,
            settled_at: None,
            how: None,
            verification_id: None,
            closed: None,
            ..self.recheck(customer, n)
        }
    }

    /// Declaration number `n`, with everything that one may have: it opened recheck number `n`.
    pub fn fallback(&self, customer: &CustomerRef, n: u64) -> FallbackRow {
        FallbackRow {
            id: self.fallback_id(n),
            customer: customer.clone(),
            event_id: self.event_id(n),
            source: self.source(0, n),
            attempt: DukcapilAttempt {
                cause: AttemptCause::Http5xx,
                http_status: Some(503),
                attempted_at: time(n + 1),
                attempts: 3,
                elapsed_ms: Some(30_000),
            },
            recheck: Some(self.recheck_id(n)),
            opened: true,
            verification_id: Some(self.verification_id(n)),
            body_fingerprint: self.fingerprint(n),
            created_at: time(n),
        }
    }

    /// The closing of recheck number `n`, at an offset of its own.
    pub fn closure(&self, customer: &CustomerRef, n: u64, offset: u64) -> RecheckClosureRow {
        RecheckClosureRow {
            recheck: self.recheck_id(n),
            customer: customer.clone(),
            event_id: self.event_id(offset),
            source: self.source(0, offset),
            reason_code: "moved_away".to_owned(),
            note: Some(self.sealed(offset)),
            by: "key_0000000000000000000000000A".to_owned(),
            body_fingerprint: Some(self.fingerprint(offset)),
            created_at: time(offset),
        }
    }
}
