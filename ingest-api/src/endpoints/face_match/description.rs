//! What the description of the API says of the endpoint.
#![allow(dead_code, unused_qualifications, reason = "read and written by utoipa's macros")]

use actix_web::web;
use domain::event::RiskLevel;
use serde_json::{Value, json};
use utoipa::OpenApi;

use super::answer::{MatchAccepted, MatchAnswer};
use super::{FaceMatch, ROUTE};
use crate::documentation::description::{
    EndpointDescription, EndpointMethod, FieldRule, NamedExample, RequestDescription, WriteHeaders,
};
use crate::documentation::examples::{CUSTOMER, TIME, VERIFICATION, matched, photo_text};
use crate::documentation::rules::{self, decided_statuses, face_sources, id, one_of, score, share, time};
use crate::limits::UNKNOWN_FIELDS_MAX;
use crate::serving::errors::ErrorCode;
use crate::writes::path::{WriteEndpoint, post};

/// The endpoint.
pub static ENDPOINT: EndpointDescription = EndpointDescription {
    method: EndpointMethod::Post,
    path: ROUTE,
    route: || web::post().to(post::<FaceMatch>),
    access: FaceMatch::ACCESS,
    errors: &[
        ErrorCode::CustomerNotFound,
        ErrorCode::BiometricConsentWithdrawn,
        ErrorCode::EvidenceConsentWithdrawn,
        ErrorCode::NoFaceModel,
        ErrorCode::NoFaceReference,
        ErrorCode::ReferencePending,
        ErrorCode::ReferenceTooWeak,
        ErrorCode::LivenessPending,
        ErrorCode::AttemptsExhausted,
        // Without signers.
        ErrorCode::CapabilityDisabled,
    ],
    derived: Derived::openapi,
    request: Some(request),
    answers,
    links,
    field_rules,
};

#[derive(OpenApi)]
#[openapi(paths(post_match))]
struct Derived;

/// Match a face
///
/// Compares a picture with the customer's face reference: `dukcapil` before `ktp_extract`, `onboarding_selfie` and
/// `step_up_promotion`, then the newest. A match against one of the first two lifts a customer of tier `standard` to
/// `premium`. The picture is sealed as evidence and enrols nothing. What the answer tells is for the bank's staff:
/// never show score or verdict to the person in front of the camera.
///
/// How alike two faces must be is the model's to say, and an org may ask for more: `settings` of `GET /api/auth/me` shows
/// what is in force, `match.threshold` of an answer what it was decided by.
///
/// Five pictures of another person within 30 minutes close the customer's matches for 30 minutes.
///
/// A picture without a usable face is a 400 that names `image`, whatever else is missing: no face, a second one at least
/// half as large, eyes closer than 24 pixels, blurred. There is no dry run: it would tell what another try must change. A 202 says no more than
/// that it will be decided.
#[utoipa::path(
    post, path = "/api/identity/face/match", tag = "faces",
    params(WriteHeaders),
    responses(
        (status = 200, description = "Decided and visible", body = MatchAnswer,
            headers(("Idempotency-Replayed" = String), ("Preference-Applied" = String), ("X-Ignored-Fields" = String))),
        (status = 202, description = "It will be decided", body = MatchAccepted,
            headers(("Location" = String), ("Preference-Applied" = String))),
    )
)]
fn post_match() {}

fn request() -> RequestDescription {
    let body = json!({
        "description": "A match: exactly one of `image` and `livenessVerificationId`. Fields that nobody knows are \
                        ignored and named in `X-Ignored-Fields`.",
        "oneOf": [
            { "$ref": "#/components/schemas/PictureMatchRequest" },
            { "$ref": "#/components/schemas/LivenessMatchRequest" },
        ],
    });
    let picture = rules::picture("The one to compare: one person, the eyes at least 24 pixels apart, sharp.");
    let liveness = json!({
        "type": "string",
        "minLength": 1,
        "description": "The liveness verification whose picture is compared. None is made yet: every id is answered with \
                        `liveness_pending`.",
    });
    RequestDescription {
        schemas: vec![
            ("FaceMatchRequest", body),
            ("PictureMatchRequest", of_probe("image", picture)),
            ("LivenessMatchRequest", of_probe("livenessVerificationId", liveness)),
        ],
        examples: vec![(
            "match",
            json!({ "customerId": CUSTOMER, "image": photo_text(), "riskLevel": RiskLevel::Medium.as_str() }),
        )],
    }
}

fn of_probe(name: &str, probe: Value) -> Value {
    json!({
        "type": "object",
        "required": ["customerId", name],
        "maxProperties": UNKNOWN_FIELDS_MAX,
        "properties": {
            "customerId": rules::customer_id(),
            name: probe,
            "riskLevel": {
                "type": ["string", "null"],
                "enum": [RiskLevel::Low.as_str(), RiskLevel::Medium.as_str(), RiskLevel::High.as_str(), null],
                "default": RiskLevel::Medium.as_str(),
                "description": "How much is at stake: the higher, the more alike the faces must be. `high` also wants \
                                a reference of source `dukcapil`, or one that is younger than 60 minutes.",
            },
        },
    })
}

fn answers(status: &str) -> Vec<NamedExample> {
    if status == "202" {
        return vec![("accepted", json!({ "verification": { "id": VERIFICATION } }))];
    }
    let (matched, reference) = matched();
    let answer = |status: &str, score: u32, matched: &Value, signals: Value| {
        json!({
            "verification": { "id": VERIFICATION, "status": status, "score": score },
            "match": matched,
            "reference": reference,
            "signals": signals,
        })
    };
    let mut other = matched.clone();
    other["verdict"] = "no_match".into();
    let copy = json!([{ "code": "probe_equals_reference", "severity": "high", "createdAt": TIME }]);
    vec![
        ("match", answer("verified", 70, &matched, json!([]))),
        ("noMatch", answer("failed", 10, &other, json!([]))),
        ("copy", answer("failed", 100, &other, copy)),
    ]
}

fn links() -> Value {
    json!({
        "verification": {
            "operationId": "get_verification",
            "parameters": { "id": "$response.body#/verification/id" },
        },
    })
}

fn field_rules() -> Vec<FieldRule> {
    vec![
        ("MatchVerification", "id", id("ver")),
        ("MatchVerification", "status", decided_statuses()),
        ("MatchVerification", "score", score()),
        ("AcceptedVerification", "id", id("ver")),
        ("MatchBody", "verdict", one_of(["match", "no_match"])),
        ("MatchBody", "threshold", share()),
        ("MatchBody", "riskLevel", one_of(RiskLevel::ALL.map(RiskLevel::as_str))),
        ("MatchReferenceBody", "id", id("fe")),
        ("MatchReferenceBody", "source", face_sources()),
        ("MatchReferenceBody", "enrolledAt", time()),
    ]
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderMap;

    use super::*;
    use crate::writes::path::parse_body;

    #[test]
    fn the_example_is_taken() {
        for (name, body) in request().examples {
            let parsed = parse_body::<FaceMatch>(body.to_string().as_bytes(), "", &HeaderMap::new()).0;
            parsed.unwrap_or_else(|error| panic!("{name}: {error:?}"));
        }
    }
}
