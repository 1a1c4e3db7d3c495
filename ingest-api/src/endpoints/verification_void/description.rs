//! What the description of the API says of the endpoint.
#![allow(dead_code, unused_qualifications, reason = "read and written by utoipa's macros")]

use actix_web::web;
use domain::limits::REVIEW_NOTE_CHARS_MAX;
use domain::rows::VoidReason;
use serde_json::{Value, json};
use utoipa::OpenApi;

use super::answer::VoidAccepted;
use super::{ROUTE, VerificationVoid};
use crate::documentation::description::{
    EndpointDescription, EndpointMethod, NamedExample, RequestDescription, WriteHeaders,
};
use crate::documentation::rules;
use crate::limits::UNKNOWN_FIELDS_MAX;
use crate::reading::assessment::VoidBody;
use crate::serving::errors::ErrorCode;
use crate::writes::path::{WriteEndpoint, post};

/// The endpoint.
pub static ENDPOINT: EndpointDescription = EndpointDescription {
    method: EndpointMethod::Post,
    path: ROUTE,
    route: || web::post().to(post::<VerificationVoid>),
    access: VerificationVoid::ACCESS,
    errors: &[
        ErrorCode::CustomerNotFound,
        ErrorCode::VerificationNotFound,
        ErrorCode::NotVoidable,
        ErrorCode::AlreadyVoided,
    ],
    derived: Derived::openapi,
    request: Some(request),
    answers,
    links: || Value::Null,
    field_rules: || {
        vec![
            ("VoidBody", "reasonCode", rules::one_of(VoidReason::ALL.map(VoidReason::as_str))),
            ("VoidBody", "createdAt", rules::time()),
            ("VoidedVerification", "id", rules::id("ver")),
        ]
    },
};

#[derive(OpenApi)]
#[openapi(paths(post_void))]
struct Derived;

/// Declare a verification void
///
/// A verification that counts as verified (its review included) counts no more from here on. Its row stays, with its status
/// and in every list and total, and shows `voided`; the face reference that it brought is compared with no more; matches
/// against that reference, and matches bound to a void liveness check, count for no tier. The tier is computed again from
/// what stands: this is the one way in which it falls. What was so before stays so under `asOf`. A 202 says no more than
/// that the void is in the log.
#[utoipa::path(
    post, path = "/api/identity/verifications/{id}/void", tag = "reviews",
    params(("id" = String, Path, description = "The verification's id"), WriteHeaders),
    responses(
        (status = 200, description = "Void and visible", body = VoidBody,
            headers(("Idempotency-Replayed" = String), ("Preference-Applied" = String),
                ("X-Ignored-Fields" = String))),
        (status = 202, description = "In the log, and not visible yet", body = VoidAccepted,
            headers(("Location" = String), ("Preference-Applied" = String))),
    )
)]
fn post_void() {}

fn request() -> RequestDescription {
    let schema = json!({
        "type": "object",
        "description": "Why. Fields that nobody knows are ignored and named in `X-Ignored-Fields`.",
        "required": ["reasonCode"],
        "maxProperties": UNKNOWN_FIELDS_MAX,
        "properties": {
            "reasonCode": rules::one_of(VoidReason::ALL.map(VoidReason::as_str)),
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
        schemas: vec![("VoidRequest", schema)],
        examples: vec![
            ("wrong customer", json!({ "reasonCode": "wrong_customer" })),
            ("fraud", json!({ "reasonCode": "fraud", "note": "Foto orang lain." })),
        ],
    }
}

fn answers(status: &str) -> Vec<NamedExample> {
    let body = if status == "202" {
        json!({ "verification": { "id": "ver_8H6M0PMS3AYF2Q2GXBWDF1KTY7" } })
    } else {
        json!({
            "reasonCode": "wrong_customer", "by": "key_2D1M0PMS3AYF2Q2GXBWDF1KTY7",
            "createdAt": "2026-11-23T04:05:06.007Z",
        })
    };
    vec![("void", body)]
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderMap;

    use super::*;
    use crate::writes::path::parse_body;

    #[test]
    fn the_examples_are_taken() {
        for (name, body) in request().examples {
            let parsed = parse_body::<VerificationVoid>(body.to_string().as_bytes(), "", &HeaderMap::new()).0;
            parsed.unwrap_or_else(|error| panic!("{name}: {error:?}"));
        }
    }
}
