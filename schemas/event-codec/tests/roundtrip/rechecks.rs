//! How any record about a recheck is made.

use domain::event::{DeclaredFallback, DukcapilAttemptFailed, FallbackRecheckClosed};
use domain::ids::{FallbackId, RecheckId};
use domain::outcome::{FallbackRecheckOpened, FallbackRecheckSettled};
use domain::recheck::{AttemptCause, DukcapilAttempt, RecheckStatus, SettledHow};
use proptest::option::of;
use proptest::prelude::*;
use proptest::sample::select;

use super::{customer, event_id, fingerprint, sealed, source, time, verification_id};

fn fallback_id() -> impl Strategy<Value = FallbackId> {
    any::<[u8; 16]>().prop_map(FallbackId::from_bytes)
}

fn recheck_id() -> impl Strategy<Value = RecheckId> {
    any::<[u8; 16]>().prop_map(RecheckId::from_bytes)
}

/// What an Avro int holds.
fn number() -> impl Strategy<Value = u32> {
    0..=i32::MAX as u32
}

fn attempt() -> impl Strategy<Value = DukcapilAttempt> {
    (select(&AttemptCause::ALL[..]), of(number()), time(), number(), of(number())).prop_map(
        |(cause, http_status, attempted_at, attempts, elapsed_ms)| DukcapilAttempt {
            cause,
            http_status,
            attempted_at,
            attempts,
            elapsed_ms,
        },
    )
}

pub(crate) fn declared() -> impl Strategy<Value = DeclaredFallback> {
    (fallback_id(), attempt()).prop_map(|(id, attempt)| DeclaredFallback { id, attempt })
}

pub(crate) fn failed() -> impl Strategy<Value = DukcapilAttemptFailed> {
    let ids = (event_id(), customer(), fallback_id(), of(verification_id()));
    (ids, attempt(), any::<String>(), fingerprint()).prop_map(|(ids, attempt, by, body_fingerprint)| {
        DukcapilAttemptFailed {
            event_id: ids.0,
            customer: ids.1,
            fallback_id: ids.2,
            attempt,
            verification_id: ids.3,
            by,
            body_fingerprint,
        }
    })
}

pub(crate) fn closed() -> impl Strategy<Value = FallbackRecheckClosed> {
    let ids = (event_id(), customer(), recheck_id(), of(fingerprint()));
    (ids, any::<String>(), of(sealed()), any::<String>()).prop_map(|(ids, reason_code, note, by)| {
        FallbackRecheckClosed {
            event_id: ids.0,
            customer: ids.1,
            recheck_id: ids.2,
            reason_code,
            note,
            by,
            body_fingerprint: ids.3,
        }
    })
}

pub(crate) fn opened() -> impl Strategy<Value = FallbackRecheckOpened> {
    let ids = (event_id(), customer(), event_id(), source(), recheck_id(), fallback_id());
    (ids, select(&AttemptCause::ALL[..]), fingerprint(), time()).prop_map(
        |(ids, cause, body_fingerprint, created_at)| FallbackRecheckOpened {
            id: ids.0,
            customer: ids.1,
            event_id: ids.2,
            source: ids.3,
            recheck_id: ids.4,
            fallback_id: ids.5,
            cause,
            body_fingerprint,
            created_at,
        },
    )
}

pub(crate) fn settled() -> impl Strategy<Value = FallbackRecheckSettled> {
    let ids = (event_id(), customer(), event_id(), source(), recheck_id(), of(verification_id()));
    let words = (select(&RecheckStatus::ALL[..]), select(&SettledHow::ALL[..]), of(any::<String>()));
    (ids, words, of(fingerprint()), time()).prop_map(|(ids, words, body_fingerprint, created_at)| {
        FallbackRecheckSettled {
            id: ids.0,
            customer: ids.1,
            event_id: ids.2,
            source: ids.3,
            recheck_id: ids.4,
            status: words.0,
            how: words.1,
            verification_id: ids.5,
            reason_code: words.2,
            body_fingerprint,
            created_at,
        }
    })
}
