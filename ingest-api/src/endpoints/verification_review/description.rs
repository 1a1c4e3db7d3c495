//! What the description of the API says of the endpoint.
#![allow(dead_code, unused_qualifications, reason = "read and written by utoipa's macros")]

use actix_web::web;
use domain::limits::{REASON_CODE_CHARS_MAX, REVIEW_NOTE_CHARS_MAX};
use serde_json::{Value, json};
use utoipa::OpenApi;

use super::answer::{ReviewAccepted, ReviewAnswer};
use super::{ROUTE, VerificationReview};
use crate::documentation::description::{
    EndpointDescription, EndpointMethod, NamedExample, RequestDescription, WriteHeaders,
};
use crate::documentation::rules;
use crate::limits::UNKNOWN_FIELDS_MAX;
use crate::serving::errors::ErrorCode;
use crate::writes::path::{WriteEndpoint, post};

/// The endpoint.
pub static ENDPOINT: EndpointDescription = EndpointDescription {
    method: EndpointMethod::Post,
    path: ROUTE,
    route: || web::post().to(post::<VerificationReview>),
    access: VerificationReview::ACCESS,
    errors: &[
        ErrorCode::CustomerNotFound,
        ErrorCode::VerificationNotFound,
        ErrorCode::NotPending,
        ErrorCode::ReviewUnseen,
    ],
    derived: Derived::openapi,
    request: Some(request),
    answers,
    links: || Value::Null,
    field_rules: || {
        vec![
            ("ReviewAnswer", "toStatus", rules::one_of(["verified", "failed"])),
            ("ReviewAnswer", "createdAt", rules::time()),
            ("ReviewedVerification", "id", rules::id("ver")),
        ]
    },
};

#[derive(OpenApi)]
#[openapi(paths(post_review))]
struct Derived;

/// Decide a pending verification
///
/// Fails a verification that waits for a person (`pending`), or sends it back: `failed` with `reasonCode` `retake`. That
/// one is verified is decided in the console alone, by a reviewer who has just seen its picture: `verified` is always a 409
/// `review_unseen` here. The verification's own row stays `pending`; the review is shown beside it. A 202 says no more than
/// that the review is in the log.
#[utoipa::path(
    post, path = "/api/identity/verifications/{id}/review", tag = "reviews",
    params(("id" = String, Path, description = "The verification's id"), WriteHeaders),
    responses(
        (status = 200, description = "Decided and visible", body = ReviewAnswer,
            headers(("Idempotency-Replayed" = String), ("Preference-Applied" = String),
                ("X-Ignored-Fields" = String))),
        (status = 202, description = "In the log, and not visible yet", body = ReviewAccepted,
            headers(("Location" = String), ("Preference-Applied" = String))),
    )
)]
fn post_review() {}

fn request() -> RequestDescription {
    let schema = json!({
        "type": "object",
        "description": "A decision. Fields that nobody knows are ignored and named in `X-Ignored-Fields`.",
        "required": ["toStatus", "reasonCode"],
        "maxProperties": UNKNOWN_FIELDS_MAX,
        "properties": {
            "toStatus": rules::one_of(["verified", "failed"]),
            "reasonCode": {
                "type": "string",
                "pattern": format!("^[a-z][a-z0-9_]{{0,{}}}$", REASON_CODE_CHARS_MAX - 1),
                "description": "The bank's own; `retake` sends the capture back.",
            },
            "note": {
                "type": ["string", "null"],
                "description": format!(
                    "At most {REVIEW_NOTE_CHARS_MAX} characters after trimming, no control characters but tab and \
                     newline. Kept sealed, and never returned."
                ),
            },
        },
    });
    RequestDescription {
        schemas: vec![("ReviewRequest", schema)],
        examples: vec![
            ("failed", json!({ "toStatus": "failed", "reasonCode": "wrong_document" })),
            ("retake", json!({ "toStatus": "failed", "reasonCode": "retake", "note": "Kartu buram." })),
        ],
    }
}

fn answers(status: &str) -> Vec<NamedExample> {
    let body = if status == "202" {
        json!({ "verification": { "id": "ver_8H6M0PMS3AYF2Q2GXBWDF1KTY7" } })
    } else {
        json!({
            "toStatus": "failed", "reasonCode": "retake", "by": "key_2D1M0PMS3AYF2Q2GXBWDF1KTY7",
            "createdAt": "2026-11-23T04:05:06.007Z",
        })
    };
    vec![("review", body)]
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderMap;

    use super::*;
    use crate::writes::path::parse_body;

    #[test]
    fn the_examples_are_taken() {
        for (name, body) in request().examples {
            let parsed =
                parse_body::<VerificationReview>(body.to_string().as_bytes(), "", &HeaderMap::new()).0;
            parsed.unwrap_or_else(|error| panic!("{name}: {error:?}"));
        }
    }
}
