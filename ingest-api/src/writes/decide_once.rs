//! A decision about what stands already, a verification or a recheck: under an `Idempotency-Key` one at a time and once
//! for ever. Not here: what may be decided, and whether somebody decided before.

use domain::event::Fingerprint;
use domain::ids::{CustomerId, EventId};

use super::answer::WriteAnswer;
use super::path::WriteContext;
use super::single_flight::FlightRole;
use super::write_name::WriteName;
use crate::serving::errors::ApiError;

/// What is decided about.
pub struct DecisionSubject<'a> {
    /// The route template: part of every id that a key names.
    pub route: &'static str,
    /// Whose it is.
    pub customer: &'a CustomerId,
    /// Its id. It is a part of the name: one key at two of a customer's is two decisions, each with its own ids.
    pub id: &'a str,
}

/// Whether the same decision may come again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DecisionRepetition {
    /// It has a key: whoever decides looks first whether it stands already.
    Keyed,
    /// It has none, and is a decision of its own each time.
    None,
}

/// Has it decided, with the id that its event has.
///
/// # Errors
/// [`ApiError::KeyReused`] where another body has the key just now; whatever deciding fails with.
pub async fn decide_once(
    context: &WriteContext<'_>,
    subject: DecisionSubject<'_>,
    key: Option<&str>,
    fingerprint: Fingerprint,
    decide: impl AsyncFnOnce(EventId, DecisionRepetition) -> Result<WriteAnswer, ApiError>,
) -> Result<WriteAnswer, ApiError> {
    let event_of = |name: &WriteName<'_>| EventId::from_bytes(name.id_bytes(EventId::PREFIX));
    let Some(key) = key else {
        return decide(event_of(&WriteName::Random), DecisionRepetition::None).await;
    };
    let of_subject = format!("{}/{key}", subject.id);
    let event = event_of(&context.keyed_name(subject.route, subject.customer, &of_subject));
    let leader = match context.app.single_flight.join(&event, fingerprint).await {
        FlightRole::Leader(leader) => leader,
        FlightRole::OtherBody => return Err(ApiError::KeyReused),
        FlightRole::Follower(answer) => return answer.map(WriteAnswer::replayed),
    };
    let answer = decide(event, DecisionRepetition::Keyed).await;
    leader.land(&answer);
    answer
}
