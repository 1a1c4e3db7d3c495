//! From a write that is in its log to what became of it: its outcome, or its row (design §2, step 7).

use std::time::Instant;

use domain::event::Source;
use domain::ids::{CustomerRef, VerificationId};
use domain::outcome::{Outcome, UnappliedCause};
use domain::rows::AsOf;

use super::answer::WriteAnswer;
use super::outcome_hub::OutcomeWaiter;
use super::record_once::{RecordedWrite, WriteStanding};
use super::unprojected_writes::UnprojectedWrite;
use crate::app::App;
use crate::limits::{ANSWER_GRACE, ROW_POLL};
use crate::serving::errors::ApiError;

/// The answer of the row, when the read model shows it and what follows from it; an error when another body made
/// it. [`ApiError::Unavailable`] when the store has not said so until then: its own limit is far above what a
/// caller waits.
pub(super) async fn read_answer<W: RecordedWrite>(
    write: &W,
    id: &VerificationId,
    until: Instant,
) -> Result<Option<WriteAnswer>, ApiError> {
    let read = tokio::time::timeout_at(until.into(), read_row(write, id)).await;
    read.unwrap_or_else(|_| Err(ApiError::Unavailable("the read model did not answer in time".into())))
}

async fn read_row<W: RecordedWrite>(write: &W, id: &VerificationId) -> Result<Option<WriteAnswer>, ApiError> {
    let (app, caller) = (write.context().app, write.context().caller);
    let generation = app.generation().await?;
    match app.views.verification(generation, &caller.org().org, id).await? {
        None => Ok(None),
        Some((view, _)) if view.row.body_fingerprint != write.fingerprint() => Err(W::other_body(id)),
        Some((view, enrolment)) => {
            // A row stands a moment before its customer's state does, and a 200 promises the tier too.
            if is_taken_in(app, &view.row.customer, view.row.source).await? {
                W::row_answer(app, &view, enrolment.as_ref()).await.map(Some)
            } else {
                Ok(None)
            }
        }
    }
}

/// Whether a state was written with the event at that place, or with a later one. One of another topic than the
/// row's is the later one.
fn is_at_or_after(as_of: AsOf, row: Source) -> bool {
    as_of.topic_id != row.topic_id || as_of.offset >= row.offset
}

/// Waits for a write's outcome as long as its caller wants to, and reads the row once at the end. The waiter was
/// registered before the write could be projected, or before its row was looked for.
pub(super) async fn await_outcome<W: RecordedWrite>(
    write: &W,
    waiter: &mut OutcomeWaiter,
    in_log: UnprojectedWrite,
) -> Result<WriteStanding, ApiError> {
    match next_standing(write, waiter, &in_log).await? {
        WriteStanding::Unknown => {}
        settled => return Ok(settled),
    }
    match read_answer(write, &in_log.verification, write.context().times().read_until).await {
        Ok(Some(answer)) => Ok(WriteStanding::Seen(answer)),
        Ok(None) => Ok(WriteStanding::InLog(in_log)),
        Err(error) if error == W::other_body(&in_log.verification) => Err(error),
        // The write is accepted; that its row could not be read changes nothing of it.
        Err(error) => {
            tracing::warn!(cause = error.cause(), "a row could not be read at the end of a wait");
            Ok(WriteStanding::InLog(in_log))
        }
    }
}

/// What the outcomes say until the caller waits no longer.
async fn next_standing<W: RecordedWrite>(
    write: &W,
    waiter: &mut OutcomeWaiter,
    in_log: &UnprojectedWrite,
) -> Result<WriteStanding, ApiError> {
    let (ours, fingerprint) = (in_log.position, write.fingerprint());
    let deadline = write.context().times().wait_until;
    while let Some(outcome) = waiter.next(deadline).await {
        match outcome.as_ref() {
            Outcome::VerificationCreated(row) if row.body_fingerprint == fingerprint => {
                let answer = write.outcome_answer(row).await?;
                let is_repetition = row.source != ours;
                return Ok(answer.map_or(WriteStanding::Unknown, |answer| {
                    WriteStanding::Seen(answer.replayed_if(is_repetition))
                }));
            }
            Outcome::VerificationCreated(_) => return Err(W::other_body(&in_log.verification)),
            Outcome::VerdictConflicted(lost) if lost.body_fingerprint == fingerprint => {
                return Err(W::other_body(&in_log.verification));
            }
            Outcome::VerdictUnapplied(unapplied) if unapplied.source == ours => {
                return match unapplied.cause {
                    UnappliedCause::Refused => Err(ApiError::NotFound),
                    UnappliedCause::Parked | UnappliedCause::DeadLettered => {
                        Ok(WriteStanding::InLog(in_log.clone()))
                    }
                };
            }
            Outcome::VerdictConflicted(_)
            | Outcome::VerdictUnapplied(_)
            | Outcome::FaceEnrolled(_)
            | Outcome::KycUpdated(_)
            | Outcome::ReviewRecorded(_)
            | Outcome::SignalRaised(_)
            | Outcome::FallbackRecheckOpened(_)
            | Outcome::FallbackRecheckSettled(_)
            | Outcome::VoidRecorded(_)
            | Outcome::CustomerErased(_) => {}
        }
    }
    Ok(WriteStanding::Unknown)
}

/// Whether the customer's state has taken in what stands there: it is written after the rows, and whoever reads the customer
/// after a 200 is to see it.
///
/// # Errors
/// From the store.
pub async fn is_taken_in(app: &App, customer: &CustomerRef, source: Source) -> Result<bool, ApiError> {
    let state = app.views.customer(app.generation().await?, customer).await?;
    Ok(state.is_some_and(|state| is_at_or_after(state.as_of, source)))
}

/// Reads again and again until the read model shows something, or the deadline: for writes that no outcome is told
/// of. A 202 says enough when the read model cannot be asked, so a read that fails is one that shows nothing.
pub async fn poll_until_projected<T, R>(deadline: Instant, read: impl Fn() -> R) -> Option<T>
where
    R: Future<Output = Result<Option<T>, ApiError>>,
{
    let mut backoff = ROW_POLL.start();
    loop {
        let shown = tokio::time::timeout_at((deadline + ANSWER_GRACE).into(), read()).await;
        let shown = shown.unwrap_or(Ok(None)).unwrap_or(None);
        let left = deadline.saturating_duration_since(Instant::now());
        if shown.is_some() || left.is_zero() {
            return shown;
        }
        tokio::time::sleep(backoff.next_pause().min(left)).await;
    }
}
