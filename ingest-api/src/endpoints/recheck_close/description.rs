//! What the description of the API says of the endpoint.
#![allow(dead_code, unused_qualifications, reason = "read and written by utoipa's macros")]

use actix_web::web;
use serde_json::{Value, json};
use utoipa::OpenApi;

use super::answer::{CloseAccepted, CloseAnswer};
use super::{ROUTE, RecheckClose};
use crate::documentation::description::{
    EndpointDescription, EndpointMethod, NamedExample, RequestDescription, WriteHeaders,
};
use crate::documentation::rules;
use crate::endpoints::reason_fields::{note_rule, reason_code_rule};
use crate::limits::UNKNOWN_FIELDS_MAX;
use crate::serving::errors::ErrorCode;
use crate::writes::path::{WriteEndpoint, post};

/// The endpoint.
pub static ENDPOINT: EndpointDescription = EndpointDescription {
    method: EndpointMethod::Post,
    path: ROUTE,
    route: || web::post().to(post::<RecheckClose>),
    access: RecheckClose::ACCESS,
    errors: &[ErrorCode::RecheckNotFound, ErrorCode::RecheckNotOpen, ErrorCode::IdempotencyKeyReused],
    derived: Derived::openapi,
    request: Some(request),
    answers,
    links: || Value::Null,
    field_rules: || {
        vec![("CloseAnswer", "createdAt", rules::time()), ("AcceptedRecheck", "id", rules::id("rc"))]
    },
};

#[derive(OpenApi)]
#[openapi(paths(post_close))]
struct Derived;

/// Close a recheck
///
/// Settles an open recheck that Dukcapil will not answer, say because the customer has left. No tier changes. It is final: a
/// later failure, while no valid verdict stands, opens another one. A 202 says no more than that the close is in the log.
#[utoipa::path(
    post, path = "/api/identity/fallback/rechecks/{id}/close", tag = "rechecks",
    params(("id" = String, Path, description = "The recheck's id"), WriteHeaders),
    responses(
        (status = 200, description = "Closed and visible", body = CloseAnswer,
            headers(("Idempotency-Replayed" = String), ("Preference-Applied" = String),
                ("X-Ignored-Fields" = String))),
        (status = 202, description = "In the log, and not visible yet", body = CloseAccepted,
            headers(("Location" = String), ("Preference-Applied" = String))),
    )
)]
fn post_close() {}

fn request() -> RequestDescription {
    let schema = json!({
        "type": "object",
        "description": "Why nobody waits any more. Fields that nobody knows are ignored and named in `X-Ignored-Fields`.",
        "required": ["reasonCode"],
        "maxProperties": UNKNOWN_FIELDS_MAX,
        "properties": { "reasonCode": reason_code_rule("The bank's own."), "note": note_rule() },
    });
    RequestDescription {
        schemas: vec![("RecheckCloseRequest", schema)],
        examples: vec![
            ("left", json!({ "reasonCode": "customer_left" })),
            ("noted", json!({ "reasonCode": "customer_left", "note": "Rekening ditutup." })),
        ],
    }
}

fn answers(status: &str) -> Vec<NamedExample> {
    let body = if status == "202" {
        json!({ "recheck": { "id": "rc_8H6M0PMS3AYF2Q2GXBWDF1KTY7" } })
    } else {
        json!({
            "reasonCode": "customer_left", "by": "key_2D1M0PMS3AYF2Q2GXBWDF1KTY7",
            "createdAt": "2026-11-23T04:05:06.007Z",
        })
    };
    vec![("close", body)]
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderMap;

    use super::*;
    use crate::writes::path::parse_body;

    #[test]
    fn the_examples_are_taken() {
        for (name, body) in request().examples {
            let parsed = parse_body::<RecheckClose>(body.to_string().as_bytes(), "", &HeaderMap::new()).0;
            parsed.unwrap_or_else(|error| panic!("{name}: {error:?}"));
        }
    }
}
