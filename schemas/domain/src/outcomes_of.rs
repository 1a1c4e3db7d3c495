//! Outcomes from rows: the fold publishes through here, and a redelivery rebuilds the same outcomes from
//! the rows that were written, so that both are the same by construction.

use crate::event::Source;
use crate::fold::SIGNAL_CONFLICT;
use crate::ids::{CustomerRef, EnrolmentId, EventId, TierEventId, VerificationId, derived};
use crate::outcome::{
    EnrolmentSummary, FaceEnrolled, FallbackRecheckOpened, FallbackRecheckSettled, KycUpdated, Outcome,
    ReviewRecorded, SignalRaised, VerdictConflicted, VerdictUnapplied, VerificationCreated, VoidRecorded,
};
use crate::policy::{Method, Tier};
use crate::recheck::{RecheckStatus, SettledHow};
use crate::rows::{
    EventNote, FaceSource, FallbackRow, Kyc, RecheckClosureRow, ReferenceRow, ReviewRow, VerificationRow,
    VoidRow,
};
use crate::signals::{SIGNAL_TABLE_VERSION, ShownSignal, SignalKind};
use crate::time::Timestamp;

/// What an outcome's id is derived with: fixed for ever, one per kind.
#[derive(Clone, Copy)]
enum Ordinal {
    VerificationCreated = 1,
    FaceEnrolled = 2,
    KycUpdated = 3,
    ReviewRecorded = 4,
    FallbackRecheckOpened = 5,
    FallbackRecheckSettled = 6,
    VoidRecorded = 7,
}

fn outcome_id(event_id: &EventId, ordinal: Ordinal) -> EventId {
    EventId::from_bytes(derived(EventId::PREFIX, event_id.as_str(), ordinal as u64))
}

/// An outcome about a record rather than an event: two records may carry the same event id.
fn record_outcome_id(kind: &str, source: Source) -> EventId {
    let place = format!("{kind}/{}/{}", source.topic_id.to_hex(), source.partition.0);
    EventId::from_bytes(derived(EventId::PREFIX, &place, source.offset.0))
}

/// Why a tier changed: the causing method.
pub fn tier_reason(method: Method) -> String {
    format!("automatic on {} verify", method.as_str())
}

/// Why a tier changed that a void took down.
pub fn void_reason(verification: &VerificationId) -> String {
    format!("voided {verification}")
}

fn enrolment_summary(row: &VerificationRow) -> Option<EnrolmentSummary> {
    row.enrolment.clone().map(|id| summary(id, brought_source(row.method)))
}

/// Where the photo of a reference came from that a verification of that method brought.
pub fn brought_source(method: Method) -> FaceSource {
    match method {
        Method::KtpCapture => FaceSource::KtpExtract,
        Method::NikFormat | Method::NikDukcapil | Method::FaceMatch | Method::FaceLiveness => {
            FaceSource::Dukcapil
        }
    }
}

/// Of a reference that has just been made: its vector is made afterwards, and nobody waits for it here.
fn summary(id: EnrolmentId, source: FaceSource) -> EnrolmentSummary {
    EnrolmentSummary { id, source, fallback_stub: true }
}

/// The outcome that a reference exists which came by itself.
pub fn face_enrolled(row: &ReferenceRow) -> Outcome {
    Outcome::FaceEnrolled(FaceEnrolled {
        id: outcome_id(&row.event_id, Ordinal::FaceEnrolled),
        customer: row.customer.clone(),
        verification_id: None,
        event_id: Some(row.event_id.clone()),
        enrolment: summary(row.id.clone(), row.face_source),
        model: None,
        created_at: row.created_at,
    })
}

/// The outcome that a row exists.
pub fn verification_created(row: &VerificationRow) -> Outcome {
    Outcome::VerificationCreated(VerificationCreated {
        id: outcome_id(&row.event_id, Ordinal::VerificationCreated),
        customer: row.customer.clone(),
        event_id: row.event_id.clone(),
        source: row.source,
        verification_id: row.id.clone(),
        method: row.method,
        status: row.status,
        score: row.score,
        reason_category: row.reason_category,
        enrolment: enrolment_summary(row),
        body_fingerprint: row.body_fingerprint,
        created_at: row.created_at,
    })
}

/// What an event did to a customer's KYC.
struct KycChange<'r> {
    event_id: &'r EventId,
    customer: &'r CustomerRef,
    tier_event: Option<&'r TierEventId>,
    before: Kyc,
    after: Kyc,
    reason: String,
    at: Timestamp,
}

impl KycChange<'_> {
    /// Where it did anything that has a date: a tier that falls to none has neither, and is told by the void's own outcome.
    fn outcome(self) -> Option<Outcome> {
        let changed = self.before != self.after;
        Some(Outcome::KycUpdated(KycUpdated {
            id: outcome_id(self.event_id, Ordinal::KycUpdated),
            customer: self.customer.clone(),
            tier_event_id: self.tier_event.cloned(),
            from_tier: self.before.tier,
            to_tier: self.after.tier,
            reason: self.reason,
            last_verified_at: self.after.last_verified_at.filter(|_| changed)?,
            expires_at: self.after.expires_at?,
            created_at: self.at,
        }))
    }
}

/// All outcomes of a row's event, `VerificationCreated` last.
pub fn verification(row: &VerificationRow) -> Vec<Outcome> {
    let mut outcomes = Vec::with_capacity(3);
    if let Some(enrolment) = enrolment_summary(row) {
        outcomes.push(Outcome::FaceEnrolled(FaceEnrolled {
            id: outcome_id(&row.event_id, Ordinal::FaceEnrolled),
            customer: row.customer.clone(),
            verification_id: Some(row.id.clone()),
            event_id: Some(row.event_id.clone()),
            enrolment,
            model: None,
            created_at: row.created_at,
        }));
    }
    let change = KycChange {
        event_id: &row.event_id,
        customer: &row.customer,
        tier_event: row.tier_event.as_ref(),
        before: row.kyc_before,
        after: row.kyc_after,
        reason: tier_reason(row.method),
        at: row.created_at,
    };
    outcomes.extend(change.outcome());
    outcomes.extend(recheck_settled(row));
    outcomes.push(verification_created(row));
    outcomes
}

/// The words that a row raises as signals, of those that its event noticed: what depends on the customer is decided by
/// the row, which has the customer's tier before it, so that a redelivery comes to the same.
pub fn raised(row: &VerificationRow, noticed: &[String]) -> Vec<String> {
    let was_standard = row.kyc_before.tier >= Tier::Standard;
    let stands = |word: &&String| was_standard || *word != SignalKind::DeceasedAfterVerified.as_str();
    let of_recheck = row.recheck.as_ref().and_then(|mark| mark.effect.signal()).map(str::to_owned);
    noticed.iter().filter(stands).cloned().chain(of_recheck).collect()
}

/// The outcome that something was noticed about a row by the event at that place.
pub fn signal_raised(row: &VerificationRow, word: &str, source: Source) -> Outcome {
    let ShownSignal { code, severity } = ShownSignal::of(word);
    Outcome::SignalRaised(SignalRaised {
        id: record_outcome_id(&format!("signal/{word}"), source),
        customer: row.customer.clone(),
        source,
        verification_id: row.id.clone(),
        code: code.to_owned(),
        severity: severity.as_str().to_owned(),
        version: SIGNAL_TABLE_VERSION,
    })
}

/// All outcomes of a row's event with what it noticed: the signals first, `VerificationCreated` last.
pub fn verification_with_signals(row: &VerificationRow, noticed: &[String]) -> Vec<Outcome> {
    let signals = raised(row, noticed);
    signals.iter().map(|word| signal_raised(row, word, row.source)).chain(verification(row)).collect()
}

/// The outcomes of a body that lost to the first one: the signal about it, then who lost to whom.
pub fn conflict_with_signal(note: &EventNote, first: &VerificationRow) -> Vec<Outcome> {
    let conflict = conflict(note, first);
    let signal = conflict.is_some().then(|| signal_raised(first, SIGNAL_CONFLICT, note.source));
    signal.into_iter().chain(conflict).collect()
}

/// The outcome that a verdict settled a recheck, if it did.
fn recheck_settled(row: &VerificationRow) -> Option<Outcome> {
    let mark = row.recheck.as_ref().filter(|mark| mark.effect.settles())?;
    Some(Outcome::FallbackRecheckSettled(FallbackRecheckSettled {
        id: outcome_id(&row.event_id, Ordinal::FallbackRecheckSettled),
        customer: row.customer.clone(),
        event_id: row.event_id.clone(),
        source: row.source,
        recheck_id: mark.recheck.clone(),
        status: mark.effect.status(),
        how: SettledHow::Verdict,
        verification_id: Some(row.id.clone()),
        reason_code: None,
        body_fingerprint: Some(row.body_fingerprint),
        created_at: row.created_at,
    }))
}

/// The outcome that a recheck was closed.
pub fn recheck_closed(row: &RecheckClosureRow) -> Outcome {
    Outcome::FallbackRecheckSettled(FallbackRecheckSettled {
        id: outcome_id(&row.event_id, Ordinal::FallbackRecheckSettled),
        customer: row.customer.clone(),
        event_id: row.event_id.clone(),
        source: row.source,
        recheck_id: row.recheck.clone(),
        status: RecheckStatus::Closed,
        how: SettledHow::Close,
        verification_id: None,
        reason_code: Some(row.reason_code.clone()),
        body_fingerprint: row.body_fingerprint,
        created_at: row.created_at,
    })
}

/// The outcome that an erasure, appended then, settled a recheck, if it did.
pub fn recheck_erased(note: &EventNote, at: Timestamp) -> Option<Outcome> {
    let event_id = note.event_id.clone()?;
    Some(Outcome::FallbackRecheckSettled(FallbackRecheckSettled {
        id: outcome_id(&event_id, Ordinal::FallbackRecheckSettled),
        customer: note.customer.clone(),
        event_id,
        source: note.source,
        recheck_id: note.recheck.clone()?,
        status: RecheckStatus::Erased,
        how: SettledHow::Erasure,
        verification_id: None,
        reason_code: None,
        body_fingerprint: None,
        created_at: at,
    }))
}

/// The outcomes of a declaration: that it opened a recheck, where it did.
pub fn fallback(row: &FallbackRow) -> Vec<Outcome> {
    let opened = row.recheck.as_ref().filter(|_| row.opened).map(|recheck| {
        Outcome::FallbackRecheckOpened(FallbackRecheckOpened {
            id: outcome_id(&row.event_id, Ordinal::FallbackRecheckOpened),
            customer: row.customer.clone(),
            event_id: row.event_id.clone(),
            source: row.source,
            recheck_id: recheck.clone(),
            fallback_id: row.id.clone(),
            cause: row.attempt.cause,
            body_fingerprint: row.body_fingerprint,
            created_at: row.created_at,
        })
    });
    opened.into_iter().collect()
}

/// A capture's outcomes with those of the declaration that it carries: `VerificationCreated` stays the last.
pub fn with_fallback(mut outcomes: Vec<Outcome>, row: &FallbackRow) -> Vec<Outcome> {
    let last = outcomes.pop();
    outcomes.extend(fallback(row));
    outcomes.extend(last);
    outcomes
}

/// The outcome that a verification was reviewed.
pub fn review_recorded(row: &ReviewRow) -> Outcome {
    Outcome::ReviewRecorded(ReviewRecorded {
        id: outcome_id(&row.event_id, Ordinal::ReviewRecorded),
        customer: row.customer.clone(),
        event_id: row.event_id.clone(),
        source: row.source,
        verification_id: row.verification_id.clone(),
        to_status: row.to_status,
        reason_code: row.reason_code.clone(),
        enrolment: review_enrolment(row),
        body_fingerprint: row.body_fingerprint,
        created_at: row.created_at,
    })
}

fn review_enrolment(row: &ReviewRow) -> Option<EnrolmentSummary> {
    row.enrolment.clone().map(|id| summary(id, brought_source(row.subject.method)))
}

/// All outcomes of a review's event, `ReviewRecorded` last.
pub fn review(row: &ReviewRow) -> Vec<Outcome> {
    let enrolled = review_enrolment(row).map(|enrolment| {
        Outcome::FaceEnrolled(FaceEnrolled {
            id: outcome_id(&row.event_id, Ordinal::FaceEnrolled),
            customer: row.customer.clone(),
            verification_id: Some(row.verification_id.clone()),
            event_id: Some(row.event_id.clone()),
            enrolment,
            model: None,
            created_at: row.created_at,
        })
    });
    let change = KycChange {
        event_id: &row.event_id,
        customer: &row.customer,
        tier_event: row.tier_event.as_ref(),
        before: row.kyc_before,
        after: row.kyc_after,
        reason: tier_reason(row.subject.method),
        at: row.created_at,
    };
    enrolled.into_iter().chain(change.outcome()).chain([review_recorded(row)]).collect()
}

/// The outcome that a verification is void.
pub fn void_recorded(row: &VoidRow) -> Outcome {
    Outcome::VoidRecorded(VoidRecorded {
        id: outcome_id(&row.event_id, Ordinal::VoidRecorded),
        customer: row.customer.clone(),
        event_id: row.event_id.clone(),
        source: row.source,
        verification_id: row.verification_id.clone(),
        reason: row.reason,
        enrolment_id: row.enrolment.clone(),
        from_tier: row.kyc_before.tier,
        to_tier: row.kyc_after.tier,
        last_verified_at: row.kyc_after.last_verified_at,
        expires_at: row.kyc_after.expires_at,
        body_fingerprint: row.body_fingerprint,
        created_at: row.created_at,
    })
}

/// All outcomes of a void's event, `VoidRecorded` last.
pub fn void(row: &VoidRow) -> Vec<Outcome> {
    let change = KycChange {
        event_id: &row.event_id,
        customer: &row.customer,
        tier_event: row.tier_event.as_ref(),
        before: row.kyc_before,
        after: row.kyc_after,
        reason: void_reason(&row.verification_id),
        at: row.created_at,
    };
    change.outcome().into_iter().chain([void_recorded(row)]).collect()
}

/// The outcome of a body that lost to the first one.
pub fn conflict(note: &EventNote, first: &VerificationRow) -> Option<Outcome> {
    Some(Outcome::VerdictConflicted(VerdictConflicted {
        id: record_outcome_id("conflict", note.source),
        customer: note.customer.clone(),
        verification_id: first.id.clone(),
        source: note.source,
        body_fingerprint: note.body_fingerprint?,
        first_source: first.source,
        first_body_fingerprint: first.body_fingerprint,
    }))
}

/// The outcome of a verdict, a match, a capture or a review that has no effect (yet). A record that could be read and is
/// none of them has none.
pub fn note(note: &EventNote) -> Option<Outcome> {
    let cause = note.unapplied()?;
    let about = note.verification_id.as_ref().or(note.review_of.as_ref()).or(note.void_of.as_ref());
    let is_heard_of = about.is_some() || note.fallback_id.is_some() || note.recheck.is_some();
    if note.event_id.is_some() && !is_heard_of {
        return None;
    }
    Some(Outcome::VerdictUnapplied(VerdictUnapplied {
        id: record_outcome_id(cause.as_str(), note.source),
        customer: note.customer.clone(),
        verification_id: about.cloned(),
        source: note.source,
        cause,
    }))
}
