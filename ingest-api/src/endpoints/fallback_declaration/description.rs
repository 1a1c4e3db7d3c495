//! What the description of the API says of the endpoint.
#![allow(dead_code, unused_qualifications, reason = "read and written by utoipa's macros")]

use actix_web::web;
use serde_json::{Value, json};
use utoipa::OpenApi;

use super::answer::{DeclarationAccepted, DeclarationAnswer};
use super::{FallbackDeclaration, ROUTE};
use crate::documentation::description::{
    EndpointDescription, EndpointMethod, NamedExample, RequestDescription, WriteHeaders,
};
use crate::documentation::examples::{CUSTOMER, TIME};
use crate::documentation::rules;
use crate::endpoints::dukcapil_attempt;
use crate::limits::UNKNOWN_FIELDS_MAX;
use crate::serving::errors::ErrorCode;
use crate::writes::path::{WriteEndpoint, post};

/// The endpoint.
pub static ENDPOINT: EndpointDescription = EndpointDescription {
    method: EndpointMethod::Post,
    path: ROUTE,
    route: || web::post().to(post::<FallbackDeclaration>),
    access: FallbackDeclaration::ACCESS,
    errors: &[ErrorCode::CustomerNotFound, ErrorCode::IdempotencyKeyReused],
    derived: Derived::openapi,
    request: Some(request),
    answers,
    links: || Value::Null,
    field_rules: || {
        vec![
            ("DeclaredFallbackBody", "id", rules::id("fb")),
            ("DeclaredFallbackBody", "recheckId", rules::id("rc")),
            ("AcceptedFallback", "id", rules::id("fb")),
        ]
    },
};

#[derive(OpenApi)]
#[openapi(paths(post_fallback))]
struct Derived;

/// Declare that Dukcapil did not answer
///
/// The bank sees the outage, we do not. While no valid verdict stands for the customer, the first declaration opens a
/// recheck, and each further one goes on with it; `recheckId` is `null` where one stands. A 202 says no more than that it is
/// recorded. Inside a capture the same fields stand as `fallback`. docs/recheck.md has what comes of it.
#[utoipa::path(
    post, path = "/api/identity/fallbacks", tag = "rechecks",
    params(WriteHeaders),
    responses(
        (status = 201, description = "Recorded and visible", body = DeclarationAnswer,
            headers(("Location" = String), ("Idempotency-Replayed" = String), ("Preference-Applied" = String),
                ("X-Ignored-Fields" = String))),
        (status = 202, description = "It is recorded", body = DeclarationAccepted,
            headers(("Location" = String), ("Preference-Applied" = String))),
    )
)]
fn post_fallback() {}

fn request() -> RequestDescription {
    let mut properties = dukcapil_attempt::schema();
    properties["customerId"] = rules::customer_id();
    let required: Vec<&str> = ["customerId"].into_iter().chain(dukcapil_attempt::REQUIRED).collect();
    let schema = json!({
        "type": "object",
        "description": "Attempts at Dukcapil that came to nothing. Fields that nobody knows are ignored and named in \
                        `X-Ignored-Fields`.",
        "required": required,
        "maxProperties": UNKNOWN_FIELDS_MAX,
        "properties": properties,
    });
    RequestDescription {
        schemas: vec![("FallbackDeclarationRequest", schema)],
        examples: vec![
            ("timeout", example(json!({ "cause": "timeout", "elapsedMs": 9000 }))),
            ("http_5xx", example(json!({ "cause": "http_5xx", "httpStatus": 503 }))),
        ],
    }
}

fn example(of: Value) -> Value {
    let mut body =
        json!({ "customerId": CUSTOMER, "from": "nik_dukcapil", "attemptedAt": TIME, "attempts": 3 });
    for (field, value) in of.as_object().into_iter().flatten() {
        body[field] = value.clone();
    }
    body
}

fn answers(status: &str) -> Vec<NamedExample> {
    let mut fallback = json!({ "id": "fb_8H6M0PMS3AYF2Q2GXBWDF1KTY7" });
    if status != "202" {
        fallback["recheckId"] = "rc_4C1M0PMS3AYF2Q2GXBWDF1KTY7".into();
    }
    vec![("fallback", json!({ "fallback": fallback }))]
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderMap;

    use super::*;
    use crate::writes::path::parse_body;

    #[test]
    fn the_examples_are_taken() {
        for (name, body) in request().examples {
            let body = body.to_string();
            let parsed = parse_body::<FallbackDeclaration>(body.as_bytes(), "", &HeaderMap::new()).0;
            parsed.unwrap_or_else(|error| panic!("{name}: {error:?}"));
        }
    }
}
