//! The order in which a bundle is refused (sequence §1.8): whose challenge it answers and who signed it, before anything
//! is looked up; void, expired and too fast, once it is known to be no repetition.

use domain::capture::{
    CaptureBundle, CaptureRefusal, ChallengePurpose, ChallengeStanding, FlashChallenge, admit_capture,
    answered_challenge,
};
use domain::ids::CustomerRef;
use domain::time::Timestamp;
use vault::ChallengeKey;

use crate::serving::errors::ApiError;
use crate::writes::path::WriteContext;

/// Captures that were refused, by the error's code.
const REFUSED: &str = "identity_captures_refused_total";

fn refused(refusal: CaptureRefusal) -> ApiError {
    let error = match refusal {
        CaptureRefusal::ChallengeMismatch => ApiError::ChallengeMismatch,
        CaptureRefusal::SignatureInvalid => ApiError::SignatureInvalid,
        CaptureRefusal::ChallengeVoid => ApiError::ChallengeVoid,
        CaptureRefusal::ChallengeExpired => ApiError::ChallengeExpired,
        CaptureRefusal::CapturedTooFast => ApiError::CapturedTooFast,
    };
    metrics::counter!(REFUSED, "code" => error.code().as_str()).increment(1);
    error
}

/// When a request had come, by the clock on the wall.
pub fn received_at(context: &WriteContext<'_>) -> Timestamp {
    let since_ms = i64::try_from(context.received.elapsed().as_millis()).unwrap_or(i64::MAX);
    Timestamp::from_millis(context.app.now().millis().saturating_sub(since_ms))
}

/// The challenge that a bundle answers.
///
/// # Errors
/// 422 where it is not this customer's, or the bundle is not signed with its secret.
pub fn challenge_of(
    bundle: &CaptureBundle,
    key: &ChallengeKey,
    customer: &CustomerRef,
    purpose: ChallengePurpose,
) -> Result<FlashChallenge, ApiError> {
    answered_challenge(bundle, key, customer, purpose).map_err(refused)
}

/// Whether a bundle that nobody has seen before is judged. What is known of its challenge is asked of the read model, which
/// may lag: the fold has the last word.
///
/// # Errors
/// 409 for a challenge that is void or expired, 422 for a capture that came too fast; from the stores.
pub async fn admit(
    context: &WriteContext<'_>,
    customer: &CustomerRef,
    challenge: &FlashChallenge,
    received_at: Timestamp,
) -> Result<(), ApiError> {
    let standing = context.deciding(standing(context, customer, challenge)).await?;
    let key = context.caller.entry.ids.challenges();
    let flashes_ms = challenge.flashes(key, customer).total_ms();
    admit_capture(challenge, flashes_ms, standing, received_at).map_err(refused)
}

/// Whether the fold refused a capture for its challenge, which two instances gave out together beyond the cap.
///
/// # Errors
/// 409 for a challenge that is void; from the stores.
pub async fn refuse_void(
    context: &WriteContext<'_>,
    customer: &CustomerRef,
    challenge: &FlashChallenge,
) -> Result<(), ApiError> {
    match context.deciding(standing(context, customer, challenge)).await? {
        ChallengeStanding::Void => Err(refused(CaptureRefusal::ChallengeVoid)),
        ChallengeStanding::Open | ChallengeStanding::Unknown => Ok(()),
    }
}

async fn standing(
    context: &WriteContext<'_>,
    customer: &CustomerRef,
    challenge: &FlashChallenge,
) -> Result<ChallengeStanding, ApiError> {
    let app = context.app;
    let generation = app.generation().await?;
    let state = app.views.customer(generation, customer).await?;
    Ok(state.map_or(ChallengeStanding::Unknown, |state| state.challenges.standing(&challenge.id())))
}
