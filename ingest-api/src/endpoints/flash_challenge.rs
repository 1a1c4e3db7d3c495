//! Challenges (sequence §1.6, §2.2): what a phone is asked to show while it captures. Each purpose has its own route and
//! bucket; what is issued, counted and refused is the same for all of them. Nothing secret is kept: colours and secret
//! are made again from the nonce when the capture comes.

pub mod answer;
pub mod description;
mod issued_challenges;
mod submission;

use std::marker::PhantomData;

use actix_web::http::StatusCode;
use actix_web::http::header::HeaderMap;
use domain::capture::{ChallengePurpose, FlashChallenge, RecentChallenges};
use domain::decide::admit_verdict;
use domain::event::{Event, FlashChallengeIssued};
use domain::ids::{ChallengeId, CustomerRef, EventId};
use domain::orgs::{RateBucket, Scope};
use vault::random_id;

use self::answer::ChallengeAnswer;
pub use self::issued_challenges::IssuedChallenges;
use self::submission::ChallengeSubmission;
use crate::serving::auth::EndpointAccess;
use crate::serving::errors::ApiError;
use crate::serving::json::JsonObject;
use crate::writes::answer::{WriteAnswer, WriteConclusion};
use crate::writes::append::{AppendError, WriteRecords, append_records};
use crate::writes::customer_keys::admitted_keys;
use crate::writes::path::{ReceivedWrite, WriteContext, WriteEndpoint};

/// What challenges are issued for at one route.
pub trait ChallengeRoute {
    /// What is to be captured.
    const PURPOSE: ChallengePurpose;
    /// The limit that they count against.
    const BUCKET: RateBucket;
}

/// Challenges for cards.
pub struct KtpChallenges;

impl ChallengeRoute for KtpChallenges {
    const PURPOSE: ChallengePurpose = ChallengePurpose::Ktp;
    const BUCKET: RateBucket = RateBucket::KtpChallenge;
}

/// The endpoint, at one route.
pub struct FlashChallenges<R>(PhantomData<R>);

impl<R: ChallengeRoute> WriteEndpoint for FlashChallenges<R> {
    const ACCESS: EndpointAccess =
        EndpointAccess { bucket: R::BUCKET, scope: Some(Scope::VerificationsWrite), capability: None };
    const FIELDS: &'static [&'static str] = submission::FIELDS;

    type Submission = ChallengeSubmission;

    fn parse(object: &mut JsonObject<'_>, query: &str, _: &HeaderMap) -> Result<Self::Submission, ApiError> {
        submission::parse(object, query, R::PURPOSE)
    }

    async fn record(write: ReceivedWrite<'_, Self::Submission>) -> Result<WriteConclusion, ApiError> {
        let ReceivedWrite { context, submission, body: _ } = write;
        let customer = context.customer(submission.customer.clone().ok_or(ApiError::NotFound)?);
        let withdrawn = withdrawn_consent(&context, &customer).await?;
        let projected = context.deciding(challenges(&context, &customer)).await?;
        let challenge = FlashChallenge {
            id_bytes: random_id(),
            issued_at: context.app.now(),
            ttl_s: submission.ttl_s,
            steps: submission.steps,
            purpose: R::PURPOSE,
        };
        let issued = &context.app.issued_challenges;
        reserve(issued, &customer, &projected, &challenge)?;
        let answer = match withdrawn {
            Some(withdrawn) => Err(AppendError::NotAppended(withdrawn)),
            None => issue(&context, &customer, &challenge).await,
        };
        if let Err(AppendError::NotAppended(_)) = &answer {
            issued.withdraw(&customer, &challenge.id());
        }
        Ok(WriteConclusion::Complete(answer?))
    }
}

/// That no capture of the customer can be kept any more, which is said after that too many were asked for.
async fn withdrawn_consent(
    context: &WriteContext<'_>,
    customer: &CustomerRef,
) -> Result<Option<ApiError>, ApiError> {
    // A capture is biometric and evidence, as a verdict with a photo is.
    let keys = admitted_keys(context, customer, |standing| admit_verdict(standing, true));
    match context.deciding(keys).await {
        Ok(_) => Ok(None),
        Err(withdrawn @ (ApiError::BiometricWithdrawn | ApiError::EvidenceErased)) => Ok(Some(withdrawn)),
        Err(error) => Err(error),
    }
}

/// Those of the customer that the read model shows.
async fn challenges(
    context: &WriteContext<'_>,
    customer: &CustomerRef,
) -> Result<RecentChallenges, ApiError> {
    let app = context.app;
    let generation = app.generation().await?;
    let state = app.views.customer(generation, customer).await?;
    Ok(state.map(|state| state.challenges).unwrap_or_default())
}

/// Counts it, unless there were too many (sequence §1.7).
fn reserve(
    issued: &IssuedChallenges,
    customer: &CustomerRef,
    projected: &RecentChallenges,
    challenge: &FlashChallenge,
) -> Result<(), ApiError> {
    issued.reserve(customer, projected, challenge).map_err(|until| {
        let left_ms = (until.millis() - challenge.issued_at.millis()).unsigned_abs();
        ApiError::AttemptsExhausted { retry_after_s: left_ms.div_ceil(1_000).max(1) }
    })
}

/// The challenge as it is given out, once its event is acknowledged: then it is complete, and nobody waits for the read
/// model.
async fn issue(
    context: &WriteContext<'_>,
    customer: &CustomerRef,
    challenge: &FlashChallenge,
) -> Result<WriteAnswer, AppendError> {
    let key = context.caller.entry.ids.challenges();
    let flashes = challenge.flashes(key, customer);
    let id: ChallengeId = challenge.id();
    context.objects.add(id.as_str());
    let answer = ChallengeAnswer::of(challenge, &flashes, key, customer);
    let answer = WriteAnswer::projected(StatusCode::CREATED, &answer).map_err(AppendError::NotAppended)?;
    let event = Event::FlashChallengeIssued(FlashChallengeIssued {
        event_id: EventId::from_bytes(random_id()),
        customer: customer.clone(),
        challenge_id: id,
        purpose: challenge.purpose,
        colors: flashes.colors,
        hold_ms: flashes.hold_ms,
        issued_at: challenge.issued_at,
        ttl_ms: u32::from(challenge.ttl_s) * 1_000,
    });
    append_records(context, WriteRecords::EventAlone(event), challenge.issued_at).await?;
    Ok(answer)
}
