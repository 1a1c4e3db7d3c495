//! Samples of what is recorded about rechecks.

use domain::event::{
    AuditRecord, DeclaredFallback, DukcapilAttemptFailed, Event, FallbackRecheckClosed, Fingerprint,
    KtpCaptureAssessed,
};
use domain::ids::{ApiKeyId, FallbackId, RecheckId, VerificationId};
use domain::outcome::{FallbackRecheckOpened, FallbackRecheckSettled, Outcome};
use domain::recheck::{AttemptCause, DukcapilAttempt, RecheckStatus, SettledHow};

use super::{Any, at, event, sealed, source, who};

fn fallback() -> FallbackId {
    FallbackId::from_bytes([60; 16])
}

fn recheck() -> RecheckId {
    RecheckId::from_bytes([61; 16])
}

fn attempt() -> DukcapilAttempt {
    DukcapilAttempt {
        cause: AttemptCause::Http5xx,
        http_status: Some(503),
        attempted_at: at(-60_000),
        attempts: 3,
        elapsed_ms: Some(30_000),
    }
}

fn bare_attempt() -> DukcapilAttempt {
    DukcapilAttempt { cause: AttemptCause::Timeout, http_status: None, elapsed_ms: None, ..attempt() }
}

fn failed() -> DukcapilAttemptFailed {
    DukcapilAttemptFailed {
        event_id: event(60),
        customer: who(),
        fallback_id: fallback(),
        attempt: attempt(),
        verification_id: Some(VerificationId::from_bytes([29; 16])),
        by: ApiKeyId::from_bytes([8; 16]).to_string(),
        body_fingerprint: Fingerprint([0x61; 32]),
    }
}

/// A capture of the version that can declare a failure, and one that declares none.
fn captures() -> Vec<(&'static str, Any)> {
    let earlier = super::captures::events();
    let of = |name: &str| earlier.iter().find(|(of, _)| *of == name).map(|(_, value)| value.clone());
    let Some(Any::Event(Event::KtpCaptureAssessed(full))) = of("KtpCaptureAssessed.v1") else {
        unreachable!("a capture")
    };
    let declared = DeclaredFallback { id: fallback(), attempt: attempt() };
    let with = KtpCaptureAssessed { fallback: Some(declared), ..full };
    let Some(least) = of("KtpCaptureAssessed.v1.least") else { unreachable!("a capture") };
    let with = Any::Event(Event::KtpCaptureAssessed(with));
    vec![("KtpCaptureAssessed.v2", with), ("KtpCaptureAssessed.v2.least", least)]
}

pub(super) fn events() -> Vec<(&'static str, Any)> {
    let alone = DukcapilAttemptFailed { attempt: bare_attempt(), verification_id: None, ..failed() };
    let closed = FallbackRecheckClosed {
        event_id: event(62),
        customer: who(),
        recheck_id: recheck(),
        reason_code: "moved_away".into(),
        note: Some(sealed(0xB6, 80)),
        by: ApiKeyId::from_bytes([8; 16]).to_string(),
        body_fingerprint: Some(Fingerprint([0x62; 32])),
    };
    let by_form =
        FallbackRecheckClosed { note: None, by: "rina".into(), body_fingerprint: None, ..closed.clone() };
    let mut all = captures();
    all.extend(
        [
            ("DukcapilAttemptFailed.v1", Event::DukcapilAttemptFailed(failed())),
            ("DukcapilAttemptFailed.v1.least", Event::DukcapilAttemptFailed(alone)),
            ("FallbackRecheckClosed.v1", Event::FallbackRecheckClosed(closed)),
            ("FallbackRecheckClosed.v1.least", Event::FallbackRecheckClosed(by_form)),
        ]
        .map(|(name, value)| (name, Any::Event(value))),
    );
    all
}

pub(super) fn audit() -> Vec<(&'static str, Any)> {
    vec![("DukcapilAttemptFailed.v1.audit", Any::Audit(AuditRecord::DukcapilAttemptFailed(failed())))]
}

pub(super) fn outcomes() -> Vec<(&'static str, Any)> {
    let opened = FallbackRecheckOpened {
        id: event(63),
        customer: who(),
        event_id: event(60),
        source: source(60),
        recheck_id: recheck(),
        fallback_id: fallback(),
        cause: AttemptCause::Http5xx,
        body_fingerprint: Fingerprint([0x61; 32]),
        created_at: at(9),
    };
    let closed = FallbackRecheckSettled {
        id: event(64),
        customer: who(),
        event_id: event(62),
        source: source(62),
        recheck_id: recheck(),
        status: RecheckStatus::Closed,
        how: SettledHow::Close,
        verification_id: Some(VerificationId::from_bytes([29; 16])),
        reason_code: Some("moved_away".into()),
        body_fingerprint: Some(Fingerprint([0x62; 32])),
        created_at: at(10),
    };
    let erased = FallbackRecheckSettled {
        status: RecheckStatus::Erased,
        how: SettledHow::Erasure,
        verification_id: None,
        reason_code: None,
        body_fingerprint: None,
        ..closed.clone()
    };
    [
        ("FallbackRecheckOpened.v1", Outcome::FallbackRecheckOpened(opened)),
        ("FallbackRecheckSettled.v1", Outcome::FallbackRecheckSettled(closed)),
        ("FallbackRecheckSettled.v1.least", Outcome::FallbackRecheckSettled(erased)),
    ]
    .map(|(name, value)| (name, Any::Outcome(value)))
    .into()
}
