//! The answer that a challenge is given out in: the one place where its secret is shown.

use domain::capture::{ChallengePrf, FlashChallenge, FlashSequence};
use domain::ids::CustomerRef;
use serde::{Serialize, Serializer};
use utoipa::ToSchema;
use zeroize::Zeroizing;

/// The body of 201.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChallengeAnswer {
    flash_challenge: FlashChallengeBody,
}

/// What to show, and what to answer with.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct FlashChallengeBody {
    id: String,
    /// What is to be captured.
    purpose: &'static str,
    /// To be sent with the bundle, as it is.
    nonce: String,
    /// To be shown full screen, one after the other.
    colors: Vec<&'static str>,
    /// For how many milliseconds each is to be shown.
    hold_ms: Vec<u32>,
    /// The bundle must be here by then.
    expires_at: String,
    /// What the bundle is signed with. It is shown once, and kept nowhere.
    #[schema(value_type = String)]
    #[serde(serialize_with = "exposed")]
    hmac_secret: Zeroizing<String>,
}

fn exposed<S: Serializer>(secret: &Zeroizing<String>, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(secret)
}

impl ChallengeAnswer {
    /// Of a challenge and what follows from it.
    pub(super) fn of(
        challenge: &FlashChallenge,
        flashes: &FlashSequence,
        key: &impl ChallengePrf,
        customer: &CustomerRef,
    ) -> Self {
        Self {
            flash_challenge: FlashChallengeBody {
                id: challenge.id().as_str().to_owned(),
                purpose: challenge.purpose.as_str(),
                nonce: challenge.nonce(key, customer),
                colors: flashes.colors.iter().map(|color| color.as_str()).collect(),
                hold_ms: flashes.hold_ms.clone(),
                expires_at: challenge.expires_at().rfc3339(),
                hmac_secret: challenge.hmac_secret(key, customer),
            },
        }
    }
}
