//! Bodies of what is recorded about rechecks: in `identity.events`, in `identity.audit`, and what comes of it in
//! `identity.outcomes`.

use domain::event;
use domain::ids::{EventId, FallbackId, RecheckId, VerificationId};
use domain::outcome;
use domain::recheck::{AttemptCause, DukcapilAttempt, RecheckStatus, SettledHow};
use serde::{Deserialize, Serialize};

use super::Body;
use super::parts::{Blob, Fixed, Source, Text, customer, id, time, word};
use crate::error::DecodeError;

/// What a capture says of a failure.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DeclaredFallback<'a> {
    fallback_id: Text<'a>,
    cause: Text<'a>,
    http_status: Option<u32>,
    attempted_at: i64,
    attempts: u32,
    elapsed_ms: Option<u32>,
}

impl<'a> From<&'a event::DeclaredFallback> for DeclaredFallback<'a> {
    fn from(fallback: &'a event::DeclaredFallback) -> Self {
        let DukcapilAttempt { cause, http_status, attempted_at, attempts, elapsed_ms } = fallback.attempt;
        Self {
            fallback_id: fallback.id.as_str().into(),
            cause: cause.as_str().into(),
            http_status,
            attempted_at: attempted_at.millis(),
            attempts,
            elapsed_ms,
        }
    }
}

impl TryFrom<DeclaredFallback<'_>> for event::DeclaredFallback {
    type Error = DecodeError;

    fn try_from(w: DeclaredFallback<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            id: id("fallbackId", &w.fallback_id, FallbackId::parse)?,
            attempt: DukcapilAttempt {
                cause: word("cause", &w.cause, AttemptCause::parse)?,
                http_status: w.http_status,
                attempted_at: time("attemptedAt", w.attempted_at)?,
                attempts: w.attempts,
                elapsed_ms: w.elapsed_ms,
            },
        })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DukcapilAttemptFailed<'a> {
    id: Text<'a>,
    org_id: Text<'a>,
    customer_id: Text<'a>,
    fallback_id: Text<'a>,
    cause: Text<'a>,
    http_status: Option<u32>,
    attempted_at: i64,
    attempts: u32,
    elapsed_ms: Option<u32>,
    verification_id: Option<Text<'a>>,
    by: Text<'a>,
    body_fingerprint: Fixed<32>,
}

impl Body for DukcapilAttemptFailed<'_> {}

impl<'a> From<&'a event::DukcapilAttemptFailed> for DukcapilAttemptFailed<'a> {
    fn from(e: &'a event::DukcapilAttemptFailed) -> Self {
        let DukcapilAttempt { cause, http_status, attempted_at, attempts, elapsed_ms } = e.attempt;
        Self {
            id: e.event_id.as_str().into(),
            org_id: e.customer.org.as_str().into(),
            customer_id: e.customer.customer.as_str().into(),
            fallback_id: e.fallback_id.as_str().into(),
            cause: cause.as_str().into(),
            http_status,
            attempted_at: attempted_at.millis(),
            attempts,
            elapsed_ms,
            verification_id: e.verification_id.as_ref().map(|id| id.as_str().into()),
            by: (&e.by).into(),
            body_fingerprint: e.body_fingerprint.into(),
        }
    }
}

impl TryFrom<DukcapilAttemptFailed<'_>> for event::DukcapilAttemptFailed {
    type Error = DecodeError;

    fn try_from(w: DukcapilAttemptFailed<'_>) -> Result<Self, DecodeError> {
        let verification = |text: Text<'_>| id("verificationId", &text, VerificationId::parse);
        Ok(Self {
            event_id: id("id", &w.id, EventId::parse)?,
            customer: customer(&w.org_id, &w.customer_id)?,
            fallback_id: id("fallbackId", &w.fallback_id, FallbackId::parse)?,
            attempt: DukcapilAttempt {
                cause: word("cause", &w.cause, AttemptCause::parse)?,
                http_status: w.http_status,
                attempted_at: time("attemptedAt", w.attempted_at)?,
                attempts: w.attempts,
                elapsed_ms: w.elapsed_ms,
            },
            verification_id: w.verification_id.map(verification).transpose()?,
            by: w.by.into_owned(),
            body_fingerprint: w.body_fingerprint.into(),
        })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FallbackRecheckClosed<'a> {
    id: Text<'a>,
    org_id: Text<'a>,
    customer_id: Text<'a>,
    recheck_id: Text<'a>,
    reason_code: Text<'a>,
    note: Option<Blob>,
    by: Text<'a>,
    body_fingerprint: Option<Fixed<32>>,
}

impl Body for FallbackRecheckClosed<'_> {
    fn sealed_bytes(&self) -> usize {
        Blob::size(self.note.as_ref())
    }
}

impl<'a> From<&'a event::FallbackRecheckClosed> for FallbackRecheckClosed<'a> {
    fn from(e: &'a event::FallbackRecheckClosed) -> Self {
        Self {
            id: e.event_id.as_str().into(),
            org_id: e.customer.org.as_str().into(),
            customer_id: e.customer.customer.as_str().into(),
            recheck_id: e.recheck_id.as_str().into(),
            reason_code: (&e.reason_code).into(),
            note: e.note.as_ref().map(Blob::of),
            by: (&e.by).into(),
            body_fingerprint: e.body_fingerprint.map(Into::into),
        }
    }
}

impl TryFrom<FallbackRecheckClosed<'_>> for event::FallbackRecheckClosed {
    type Error = DecodeError;

    fn try_from(w: FallbackRecheckClosed<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            event_id: id("id", &w.id, EventId::parse)?,
            customer: customer(&w.org_id, &w.customer_id)?,
            recheck_id: id("recheckId", &w.recheck_id, RecheckId::parse)?,
            reason_code: w.reason_code.into_owned(),
            note: w.note.map(Blob::sealed),
            by: w.by.into_owned(),
            body_fingerprint: w.body_fingerprint.map(Into::into),
        })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FallbackRecheckOpened<'a> {
    id: Text<'a>,
    org_id: Text<'a>,
    customer_id: Text<'a>,
    event_id: Text<'a>,
    source: Source,
    recheck_id: Text<'a>,
    fallback_id: Text<'a>,
    cause: Text<'a>,
    body_fingerprint: Fixed<32>,
    created_at: i64,
}

impl Body for FallbackRecheckOpened<'_> {}

impl<'a> From<&'a outcome::FallbackRecheckOpened> for FallbackRecheckOpened<'a> {
    fn from(o: &'a outcome::FallbackRecheckOpened) -> Self {
        Self {
            id: o.id.as_str().into(),
            org_id: o.customer.org.as_str().into(),
            customer_id: o.customer.customer.as_str().into(),
            event_id: o.event_id.as_str().into(),
            source: o.source.into(),
            recheck_id: o.recheck_id.as_str().into(),
            fallback_id: o.fallback_id.as_str().into(),
            cause: o.cause.as_str().into(),
            body_fingerprint: o.body_fingerprint.into(),
            created_at: o.created_at.millis(),
        }
    }
}

impl TryFrom<FallbackRecheckOpened<'_>> for outcome::FallbackRecheckOpened {
    type Error = DecodeError;

    fn try_from(w: FallbackRecheckOpened<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            id: id("id", &w.id, EventId::parse)?,
            customer: customer(&w.org_id, &w.customer_id)?,
            event_id: id("eventId", &w.event_id, EventId::parse)?,
            source: w.source.into(),
            recheck_id: id("recheckId", &w.recheck_id, RecheckId::parse)?,
            fallback_id: id("fallbackId", &w.fallback_id, FallbackId::parse)?,
            cause: word("cause", &w.cause, AttemptCause::parse)?,
            body_fingerprint: w.body_fingerprint.into(),
            created_at: time("createdAt", w.created_at)?,
        })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FallbackRecheckSettled<'a> {
    id: Text<'a>,
    org_id: Text<'a>,
    customer_id: Text<'a>,
    event_id: Text<'a>,
    source: Source,
    recheck_id: Text<'a>,
    status: Text<'a>,
    how: Text<'a>,
    verification_id: Option<Text<'a>>,
    reason_code: Option<Text<'a>>,
    body_fingerprint: Option<Fixed<32>>,
    created_at: i64,
}

impl Body for FallbackRecheckSettled<'_> {}

impl<'a> From<&'a outcome::FallbackRecheckSettled> for FallbackRecheckSettled<'a> {
    fn from(o: &'a outcome::FallbackRecheckSettled) -> Self {
        Self {
            id: o.id.as_str().into(),
            org_id: o.customer.org.as_str().into(),
            customer_id: o.customer.customer.as_str().into(),
            event_id: o.event_id.as_str().into(),
            source: o.source.into(),
            recheck_id: o.recheck_id.as_str().into(),
            status: o.status.as_str().into(),
            how: o.how.as_str().into(),
            verification_id: o.verification_id.as_ref().map(|id| id.as_str().into()),
            reason_code: o.reason_code.as_deref().map(Into::into),
            body_fingerprint: o.body_fingerprint.map(Into::into),
            created_at: o.created_at.millis(),
        }
    }
}

impl TryFrom<FallbackRecheckSettled<'_>> for outcome::FallbackRecheckSettled {
    type Error = DecodeError;

    fn try_from(w: FallbackRecheckSettled<'_>) -> Result<Self, DecodeError> {
        let verification = |text: Text<'_>| id("verificationId", &text, VerificationId::parse);
        Ok(Self {
            id: id("id", &w.id, EventId::parse)?,
            customer: customer(&w.org_id, &w.customer_id)?,
            event_id: id("eventId", &w.event_id, EventId::parse)?,
            source: w.source.into(),
            recheck_id: id("recheckId", &w.recheck_id, RecheckId::parse)?,
            status: word("status", &w.status, RecheckStatus::parse)?,
            how: word("how", &w.how, SettledHow::parse)?,
            verification_id: w.verification_id.map(verification).transpose()?,
            reason_code: w.reason_code.map(Text::into_owned),
            body_fingerprint: w.body_fingerprint.map(Into::into),
            created_at: time("createdAt", w.created_at)?,
        })
    }
}
