//! From a verdict that is in its log to what became of it: its outcome, or its row (design §2, step 7).

use std::sync::Arc;
use std::time::Instant;

use domain::event::{Fingerprint, Source};
use domain::ids::VerificationId;
use domain::outcome::{Outcome, UnappliedCause};
use domain::rows::AsOf;

use super::answer::Answer;
use super::record::Recording;
use crate::serving::errors::ApiError;
use crate::writes::outcome_hub::Waiter;
use crate::writes::preferences::AnswerTimes;
use crate::writes::unprojected_writes::InLog;

/// What the end of a wait saw.
pub(super) enum Seen {
    /// What became of it.
    So(Result<Answer, ApiError>),
    /// Nothing yet: it is accepted.
    Not,
}

/// The answer of the row, when the read model shows it and what follows from it: ours, or 422 when another body
/// made it. [`ApiError::Unavailable`] when the store has not said so until then: its own limit is far above what a
/// caller waits.
pub(super) async fn present(
    recording: &Recording<'_>,
    id: &VerificationId,
    until: Instant,
) -> Result<Option<Answer>, ApiError> {
    let read = tokio::time::timeout_at(until.into(), read_row(recording, id)).await;
    read.unwrap_or_else(|_| Err(ApiError::Unavailable("the read model did not answer in time".into())))
}

async fn read_row(recording: &Recording<'_>, id: &VerificationId) -> Result<Option<Answer>, ApiError> {
    let views = &recording.app.views;
    let generation = recording.app.generation().await?;
    match views.verification(generation, &recording.customer.org, id).await? {
        None => Ok(None),
        Some((view, _)) if view.row.body_fingerprint != recording.fingerprint => Err(ApiError::KeyReused),
        Some((view, enrolment)) => {
            // A row stands a moment before its customer's state does, and a 200 promises the tier too.
            let state = views.customer(generation, &view.row.customer).await?;
            let follows = state.is_some_and(|state| is_taken_in(state.as_of, view.row.source));
            Ok(follows.then(|| Answer::of_row(&view, enrolment.as_ref(), false)))
        }
    }
}

/// Whether a state that was written with the event at that place, or a later one, says so. One of another topic
/// than the row's is the later one.
fn is_taken_in(as_of: AsOf, source: Source) -> bool {
    as_of.topic_id != source.topic_id || as_of.offset >= source.offset
}

/// Waits for a verdict's outcome as long as its caller wants to, and reads the row once at the end. The
/// waiter was registered before the verdict could be projected, or before its row was looked for.
pub(super) async fn until_seen(
    recording: &Recording<'_>,
    waiter: &mut Waiter,
    in_log: &InLog,
    times: &AnswerTimes,
) -> Seen {
    match outcome(waiter, in_log.source, recording.fingerprint, times.wait_until).await {
        Heard::Answer(answer) => Seen::So(Ok(answer)),
        Heard::Refused(error) => Seen::So(Err(error)),
        Heard::Unapplied => Seen::Not,
        Heard::Nothing => match present(recording, &in_log.answer.verification, times.read_until).await {
            Ok(Some(answer)) => Seen::So(Ok(answer)),
            Ok(None) => Seen::Not,
            Err(ApiError::KeyReused) => Seen::So(Err(ApiError::KeyReused)),
            // The verdict is accepted; that its row could not be read changes nothing of it.
            Err(error) => {
                tracing::warn!(cause = error.cause(), "a row could not be read at the end of a wait");
                Seen::Not
            }
        },
    }
}

/// What a waiting caller heard.
enum Heard {
    Answer(Answer),
    Refused(ApiError),
    Unapplied,
    Nothing,
}

async fn outcome(waiter: &mut Waiter, ours: Source, fingerprint: Fingerprint, deadline: Instant) -> Heard {
    while let Some(outcome) = waiter.next(deadline).await {
        let outcome: Arc<Outcome> = outcome;
        match outcome.as_ref() {
            Outcome::VerificationCreated(row) if row.body_fingerprint == fingerprint => {
                return Heard::Answer(Answer {
                    verification: row.verification_id.clone(),
                    status: row.status,
                    score: row.score,
                    enrolment: row.enrolment.clone(),
                    projected: true,
                    replayed: row.source != ours,
                });
            }
            Outcome::VerificationCreated(_) => return Heard::Refused(ApiError::KeyReused),
            Outcome::VerdictConflicted(lost) if lost.body_fingerprint == fingerprint => {
                return Heard::Refused(ApiError::KeyReused);
            }
            Outcome::VerdictUnapplied(unapplied) if unapplied.source == ours => {
                return match unapplied.cause {
                    UnappliedCause::Refused => Heard::Refused(ApiError::NotFound),
                    UnappliedCause::Parked | UnappliedCause::DeadLettered => Heard::Unapplied,
                };
            }
            Outcome::VerdictConflicted(_)
            | Outcome::VerdictUnapplied(_)
            | Outcome::FaceEnrolled(_)
            | Outcome::KycUpdated(_)
            | Outcome::CustomerErased(_) => {}
        }
    }
    Heard::Nothing
}
