//! A write that becomes a verification, recorded once under its name: idempotency and single flight, the append, and
//! the wait. What is known of a write of that name decides: the read model shows it, it is in the log, or neither.

use std::time::Instant;

use domain::event::Fingerprint;
use domain::ids::{CustomerRef, EventId, VerificationId};
use domain::outcome::VerificationCreated;
use domain::ports::VerificationView;
use domain::rows::EnrolmentRow;
use domain::time::Timestamp;
use vault::{CustomerKeys, VaultError};

use super::answer::WriteAnswer;
use super::append::{WriteRecords, append_records};
use super::await_outcome::{await_outcome, read_answer};
use super::path::WriteContext;
use super::single_flight::FlightRole;
use super::unprojected_writes::UnprojectedWrite;
use super::write_name::WriteName;
use crate::app::App;
use crate::serving::errors::ApiError;

/// A write that becomes a verification, ready to be recorded.
pub trait RecordedWrite {
    /// The ids of its event and of all that the event makes.
    type Names;

    /// In whose name it is recorded.
    fn context(&self) -> &WriteContext<'_>;

    /// What its repetitions go by; none when it is another write each time.
    fn repetition_name(&self) -> Option<WriteName<'_>>;

    /// Its ids under a name.
    fn names(&self, name: &WriteName<'_>) -> Self::Names;

    /// The id of its event.
    fn event(names: &Self::Names) -> &EventId;

    /// The id of the verification that it becomes.
    fn verification(names: &Self::Names) -> &VerificationId;

    /// What tells its body from another under the same name.
    fn fingerprint(&self) -> Fingerprint;

    /// Its records, sealed; where it is for us to decide what they say, that is decided here, once it is known to be no
    /// repetition.
    ///
    /// # Errors
    /// From the vault; by what is decided.
    fn records(
        &self,
        names: &Self::Names,
        now: Timestamp,
    ) -> impl Future<Output = Result<WriteRecords, ApiError>>;

    /// What is said of it while it is in the log and not projected.
    ///
    /// # Errors
    /// As for [`WriteAnswer::accepted`].
    fn accepted_answer(&self, names: &Self::Names) -> Result<WriteAnswer, ApiError>;

    /// The answer of its row, as of now.
    ///
    /// # Errors
    /// As for [`WriteAnswer::projected`]; from the stores.
    fn row_answer(
        app: &App,
        view: &VerificationView,
        enrolment: Option<&EnrolmentRow>,
    ) -> impl Future<Output = Result<WriteAnswer, ApiError>>;

    /// The answer of its outcome; none where only the row has enough for one, which is then read. Its caller still
    /// waits, if there is something to wait for.
    ///
    /// # Errors
    /// As for [`WriteAnswer::projected`].
    fn outcome_answer(
        &self,
        _outcome: &VerificationCreated,
    ) -> impl Future<Output = Result<Option<WriteAnswer>, ApiError>> {
        std::future::ready(Ok(None))
    }

    /// What a second body under the same name is told; the id is that of the verification that the first one became.
    fn other_body(_first: &VerificationId) -> ApiError {
        ApiError::KeyReused
    }
}

/// What is known of a write of some name.
#[derive(Debug)]
pub enum WriteStanding {
    /// The read model shows it.
    Seen(WriteAnswer),
    /// It was accepted here, and the read model does not show it yet.
    InLog(UnprojectedWrite),
    /// As good as nothing. A read model that cannot be asked loses no write: the fold tells a repetition from a
    /// first.
    Unknown,
}

/// Names the write and records it; where repetitions have its name, one at a time and once for ever.
///
/// # Errors
/// By the contract's table.
pub async fn record_once<W: RecordedWrite>(write: &W) -> Result<WriteAnswer, ApiError> {
    let Some(name) = write.repetition_name() else {
        let names = write.names(&WriteName::Random);
        write.context().objects.add(W::verification(&names).as_str());
        return append_first(write, &names, false).await;
    };
    let names = write.names(&name);
    let id = W::verification(&names);
    write.context().objects.add(id.as_str());
    let times = write.context().times();
    let leader = match write.context().app.single_flight.join(W::event(&names), write.fingerprint()).await {
        FlightRole::Leader(leader) => leader,
        FlightRole::OtherBody => return Err(W::other_body(id)),
        // The first did not wait for the read model as long as this caller may want to.
        FlightRole::Follower(Ok(answer)) if !answer.is_projected() && times.waits => {
            return match write_standing(write, id, times.read_until).await? {
                WriteStanding::Seen(answer) => Ok(answer.replayed()),
                WriteStanding::InLog(in_log) => await_repetition(write, in_log).await,
                WriteStanding::Unknown => Ok(answer.replayed()),
            };
        }
        FlightRole::Follower(answer) => return answer.map(WriteAnswer::replayed),
    };
    let answer = match write_standing(write, id, Instant::now() + times.look_within).await {
        Ok(WriteStanding::Seen(answer)) => Ok(answer.replayed()),
        Ok(WriteStanding::InLog(in_log)) => await_repetition(write, in_log).await,
        Ok(WriteStanding::Unknown) => append_first(write, &names, true).await,
        Err(error) => Err(error),
    };
    leader.land(&answer);
    answer
}

/// Asks the read model until then, then what this instance has accepted itself.
///
/// # Errors
/// [`RecordedWrite::other_body`] when another body has the name.
pub async fn write_standing<W: RecordedWrite>(
    write: &W,
    id: &VerificationId,
    until: Instant,
) -> Result<WriteStanding, ApiError> {
    let unprojected = &write.context().app.unprojected_writes;
    // Asked first: what is seen meanwhile is forgotten.
    let in_log = unprojected.find(id);
    match read_answer(write, id, until).await {
        Ok(Some(answer)) => {
            if in_log.is_some() {
                unprojected.forget(id);
            }
            return Ok(WriteStanding::Seen(answer));
        }
        Ok(None) | Err(ApiError::Unavailable(_)) => {}
        Err(error) => return Err(error),
    }
    match in_log {
        Some(in_log) if in_log.fingerprint != write.fingerprint() => Err(W::other_body(id)),
        Some(in_log) => Ok(WriteStanding::InLog(in_log)),
        None => Ok(WriteStanding::Unknown),
    }
}

/// Appends, then waits for what becomes of it.
async fn append_first<W: RecordedWrite>(
    write: &W,
    names: &W::Names,
    has_repetitions: bool,
) -> Result<WriteAnswer, ApiError> {
    let (context, id) = (write.context(), W::verification(names));
    let app = context.app;
    // Before the event is appended, so that no outcome is missed.
    let mut waiter = app.outcomes.wait_for(id);
    let now = app.now();
    let answer = write.accepted_answer(names)?;
    let appended = append_records(context, write.records(names, now).await?, now).await?;
    let in_log = UnprojectedWrite {
        verification: id.clone(),
        fingerprint: write.fingerprint(),
        position: appended.source,
        answer,
    };
    let guard = has_repetitions.then(|| app.unprojected_writes.watch(in_log.clone()));
    if !context.times().waits {
        return Ok(in_log.answer);
    }
    let standing = await_outcome(write, &mut waiter, in_log).await;
    if let (Some(guard), Ok(WriteStanding::Seen(_)) | Err(_)) = (guard, &standing) {
        guard.is_seen();
    }
    settled_answer(standing?)
}

/// Waits for what becomes of a write that was accepted before; appends nothing.
async fn await_repetition<W: RecordedWrite>(
    write: &W,
    in_log: UnprojectedWrite,
) -> Result<WriteAnswer, ApiError> {
    let (app, times) = (write.context().app, write.context().times());
    if !times.waits {
        return Ok(in_log.answer.replayed());
    }
    let id = in_log.verification.clone();
    let mut waiter = app.outcomes.wait_for(&id);
    // Once more: its outcome may have come between the first look and the waiter.
    let look_until = Instant::now() + times.look_within;
    let standing = match read_answer(write, &id, look_until.min(times.read_until)).await {
        Ok(None) | Err(ApiError::Unavailable(_)) => await_outcome(write, &mut waiter, in_log).await,
        Ok(Some(answer)) => Ok(WriteStanding::Seen(answer)),
        Err(error) => Err(error),
    };
    if matches!(standing, Ok(WriteStanding::Seen(_)) | Err(_)) {
        app.unprojected_writes.forget(&id);
    }
    settled_answer(standing?).map(WriteAnswer::replayed)
}

/// The answer at the end of a wait, which ends with the write in the log at least.
fn settled_answer(standing: WriteStanding) -> Result<WriteAnswer, ApiError> {
    match standing {
        WriteStanding::Seen(answer) => Ok(answer),
        WriteStanding::InLog(in_log) => Ok(in_log.answer),
        WriteStanding::Unknown => Err(ApiError::Internal("a write that was waited for is unknown".into())),
    }
}

/// What a write is told that would be refused now, because consent was withdrawn since, and was answered before: its
/// present answer (contract §4), from its row or from what this instance accepted. `id` is the one that its key names;
/// where the keys for `fingerprint` are destroyed, nobody can tell its body from another.
///
/// # Errors
/// `refused` when it has no key or was not answered before; [`RecordedWrite::other_body`] when another body was.
pub async fn replay_refused<W: RecordedWrite>(
    context: &WriteContext<'_>,
    customer: &CustomerRef,
    id: Option<&VerificationId>,
    fingerprint: impl FnOnce(&CustomerKeys) -> Result<Fingerprint, VaultError>,
    refused: ApiError,
) -> Result<WriteAnswer, ApiError> {
    let Some(id) = id else { return Err(refused) };
    let app = context.app;
    let keys = app.vault.customer_keys(customer, context.caller.org().suite).await?;
    let fingerprint = keys.and_then(|keys| fingerprint(&keys).ok());
    let generation = app.generation().await?;
    let found = app.views.verification(generation, &customer.org, id).await?;
    let (first, answer) = match (found, app.unprojected_writes.find(id)) {
        (Some((view, enrolment)), _) if view.row.customer == *customer => {
            (view.row.body_fingerprint, W::row_answer(app, &view, enrolment.as_ref()).await?)
        }
        (None, Some(in_log)) => (in_log.fingerprint, in_log.answer),
        (Some(_) | None, _) => return Err(refused),
    };
    let is_other = fingerprint.is_some_and(|fingerprint| fingerprint != first);
    if is_other { Err(W::other_body(id)) } else { Ok(answer.replayed()) }
}

#[cfg(test)]
mod tests {
    use actix_web::http::StatusCode;
    use domain::event::{Offset, Partition, Source, TopicId};

    use super::*;

    /// Whatever is known of it, a write that was waited for is in the log: a row that is not seen is no error.
    #[test]
    fn at_the_end_of_a_wait_a_write_is_shown_or_accepted() {
        let shown = WriteAnswer::projected(StatusCode::OK, &"shown").expect("JSON");
        let accepted = WriteAnswer::accepted("/api/x".to_owned(), &"accepted").expect("JSON");
        let in_log = UnprojectedWrite {
            verification: VerificationId::from_bytes([1; 16]),
            fingerprint: Fingerprint([2; 32]),
            position: Source { topic_id: TopicId([3; 16]), partition: Partition(0), offset: Offset(4) },
            answer: accepted.clone(),
        };
        for (given, expected) in [
            (WriteStanding::Seen(shown.clone()), Some(shown)),
            (WriteStanding::InLog(in_log), Some(accepted)),
            (WriteStanding::Unknown, None),
        ] {
            let standing = format!("{given:?}");
            assert_eq!(settled_answer(given).ok(), expected, "{standing}");
        }
    }
}
