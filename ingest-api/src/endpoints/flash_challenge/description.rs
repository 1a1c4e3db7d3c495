//! What the description of the API says of the endpoint.
#![allow(dead_code, unused_qualifications, reason = "read and written by utoipa's macros")]

use actix_web::web;
use domain::capture::{ChallengePurpose, FlashColor};
use domain::limits::CHALLENGE_STEPS;
use serde_json::{Value, json};
use utoipa::OpenApi;

use super::answer::ChallengeAnswer;
use super::{FlashChallenges, KtpChallenges};
use crate::documentation::description::{
    EndpointDescription, EndpointMethod, FieldRule, NamedExample, RequestDescription,
};
use crate::documentation::examples::{CUSTOMER, TIME};
use crate::documentation::rules::{self, id, one_of, time};
use crate::limits::UNKNOWN_FIELDS_MAX;
use crate::serving::errors::ErrorCode;
use crate::writes::path::{WriteEndpoint, post};

/// Challenges for cards.
pub static KTP: EndpointDescription = EndpointDescription {
    method: EndpointMethod::Post,
    path: "/api/identity/document/ktp/challenge",
    route: || web::post().to(post::<FlashChallenges<KtpChallenges>>),
    access: FlashChallenges::<KtpChallenges>::ACCESS,
    errors: ERRORS,
    derived: KtpDerived::openapi,
    request: Some(|| request("KtpChallengeRequest", ChallengePurpose::Ktp)),
    answers: |_| answers(ChallengePurpose::Ktp),
    links: || Value::Null,
    field_rules,
};

const ERRORS: &[ErrorCode] = &[
    ErrorCode::CustomerNotFound,
    ErrorCode::BiometricConsentWithdrawn,
    ErrorCode::EvidenceConsentWithdrawn,
    ErrorCode::AttemptsExhausted,
];

#[derive(OpenApi)]
#[openapi(paths(post_ktp_challenge))]
struct KtpDerived;

/// Challenge a capture of an identity card
///
/// Says which colours the screen shows while the camera takes the card, and what the bundle of frames is signed with. The
/// challenge may be answered once, until `expiresAt`. It makes no row and changes no tier.
///
/// A customer has five challenges within 10 minutes and twenty within a day: 429 `attempts_exhausted` says when the next
/// is issued. Should two instances have issued more at the same time, those beyond are void, and so is a capture that
/// answers one.
///
/// `Idempotency-Key` and `Prefer` have no effect here: a challenge is complete when it is answered, and a lost answer costs
/// one challenge. There is no dry run.
#[utoipa::path(
    post, path = "/api/identity/document/ktp/challenge", tag = "captures",
    responses(
        (status = 201, description = "Issued", body = ChallengeAnswer, headers(("X-Ignored-Fields" = String))),
    )
)]
fn post_ktp_challenge() {}

fn request(name: &'static str, purpose: ChallengePurpose) -> RequestDescription {
    let (ttl_ms, ttl_default_ms) = (purpose.ttl_ms(), purpose.ttl_default_ms());
    let schema = json!({
        "type": "object",
        "description": "A challenge. Fields that nobody knows are ignored and named in `X-Ignored-Fields`.",
        "required": ["customerId"],
        "maxProperties": UNKNOWN_FIELDS_MAX,
        "properties": {
            "customerId": rules::customer_id(),
            "steps": {
                "type": ["integer", "null"],
                "minimum": CHALLENGE_STEPS.start(),
                "maximum": CHALLENGE_STEPS.end(),
                "default": purpose.steps_default(),
                "description": "How many colours.",
            },
            "ttlMs": {
                "type": ["integer", "null"],
                "minimum": ttl_ms.start(),
                "maximum": ttl_ms.end(),
                "default": ttl_default_ms,
                "description": "For how many milliseconds it may be answered; rounded up to whole seconds.",
            },
        },
    });
    let example = json!({
        "customerId": CUSTOMER, "steps": purpose.steps_default(), "ttlMs": ttl_default_ms,
    });
    RequestDescription { schemas: vec![(name, schema)], examples: vec![("challenge", example)] }
}

fn answers(purpose: ChallengePurpose) -> Vec<NamedExample> {
    use FlashColor::{Black, Cyan, Green, Magenta, Red};
    let colors = [Cyan, Magenta, Green, Red, Black].map(FlashColor::as_str);
    let challenge = json!({
        "id": "fc_0W3M0PMS3AYF2Q2GXBWDF1KTY7",
        "purpose": purpose.as_str(),
        "nonce": "BwcHBwcHBwcHBwcHBwcHBwGiBo-KewBaBQHiZXT13hczE8-sVbcxRE4y",
        "colors": colors,
        "holdMs": [400, 450, 500, 650, 450],
        "expiresAt": TIME,
        "hmacSecret": "qe_whsec_AAAABBBBCCCCDDDDEEEEFFFFGGGGHHHH",
    });
    vec![("challenge", json!({ "flashChallenge": challenge }))]
}

fn field_rules() -> Vec<FieldRule> {
    let colors = json!({ "type": "array", "items": one_of(FlashColor::ALL.map(FlashColor::as_str)) });
    vec![
        ("FlashChallengeBody", "id", id("fc")),
        ("FlashChallengeBody", "purpose", one_of(ChallengePurpose::ALL.map(ChallengePurpose::as_str))),
        ("FlashChallengeBody", "nonce", json!({ "type": "string", "pattern": "^[A-Za-z0-9_-]{56}$" })),
        ("FlashChallengeBody", "colors", colors),
        ("FlashChallengeBody", "expiresAt", time()),
        (
            "FlashChallengeBody",
            "hmacSecret",
            json!({ "type": "string", "pattern": "^qe_whsec_[A-Z2-7]{32}$" }),
        ),
    ]
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderMap;

    use super::*;
    use crate::writes::path::parse_body;

    #[test]
    fn the_example_is_taken() {
        for (name, body) in request("KtpChallengeRequest", ChallengePurpose::Ktp).examples {
            let body = body.to_string();
            let parsed =
                parse_body::<FlashChallenges<KtpChallenges>>(body.as_bytes(), "", &HeaderMap::new()).0;
            parsed.unwrap_or_else(|error| panic!("{name}: {error:?}"));
        }
    }
}
