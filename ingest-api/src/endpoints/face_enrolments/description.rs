//! What the description of the API says of the endpoint.
#![allow(dead_code, unused_qualifications, reason = "read and written by utoipa's macros")]

use actix_web::web;
use serde_json::{Value, json};
use utoipa::OpenApi;

use super::answer::{EnrolmentAccepted, EnrolmentAnswer};
use super::{FaceEnrolment, ROUTE};
use crate::documentation::description::{
    EndpointDescription, EndpointMethod, NamedExample, RequestDescription, WriteHeaders,
};
use crate::documentation::examples::{CUSTOMER, photo_text};
use crate::documentation::rules;
use crate::limits::UNKNOWN_FIELDS_MAX;
use crate::serving::errors::ErrorCode;
use crate::writes::path::{WriteEndpoint, post};

/// The endpoint.
pub static ENDPOINT: EndpointDescription = EndpointDescription {
    method: EndpointMethod::Post,
    path: ROUTE,
    route: || web::post().to(post::<FaceEnrolment>),
    access: FaceEnrolment::ACCESS,
    errors: &[
        ErrorCode::CustomerNotFound,
        ErrorCode::BiometricConsentWithdrawn,
        ErrorCode::EvidenceConsentWithdrawn,
        ErrorCode::IdempotencyKeyReused,
    ],
    derived: Derived::openapi,
    request: Some(request),
    answers,
    links: || Value::Null,
    field_rules: || vec![("AcceptedEnrolment", "id", rules::id("fe"))],
};

#[derive(OpenApi)]
#[openapi(paths(post_enrolment))]
struct Derived;

/// Enrol a face
///
/// Keeps a picture as a face reference of source `onboarding_selfie`. Its `fallbackStub` is true until a vector of it
/// stands; what is in the way, the list says. A 202 says no more than that it will be enrolled.
#[utoipa::path(
    post, path = "/api/identity/face/enrolments", tag = "faces",
    params(WriteHeaders),
    responses(
        (status = 201, description = "Enrolled and visible", body = EnrolmentAnswer,
            headers(("Location" = String), ("Idempotency-Replayed" = String), ("Preference-Applied" = String),
                ("X-Ignored-Fields" = String))),
        (status = 202, description = "It will be enrolled", body = EnrolmentAccepted,
            headers(("Location" = String), ("Preference-Applied" = String))),
    )
)]
fn post_enrolment() {}

fn request() -> RequestDescription {
    let schema = json!({
        "type": "object",
        "description": "A face reference. Fields that nobody knows are ignored and named in `X-Ignored-Fields`.",
        "required": ["customerId", "image"],
        "maxProperties": UNKNOWN_FIELDS_MAX,
        "properties": {
            "customerId": rules::customer_id(),
            "image": rules::picture("The customer's. One that no match can rely on is taken too: its cause says why."),
        },
    });
    RequestDescription {
        schemas: vec![("FaceEnrolmentRequest", schema)],
        examples: vec![("enrolment", json!({ "customerId": CUSTOMER, "image": photo_text() }))],
    }
}

fn answers(status: &str) -> Vec<NamedExample> {
    let mut enrolment = json!({ "id": "fe_8H6M0PMS3AYF2Q2GXBWDF1KTY7" });
    if status != "202" {
        enrolment["source"] = "onboarding_selfie".into();
        enrolment["fallbackStub"] = false.into();
    }
    vec![("enrolment", json!({ "enrolment": enrolment }))]
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderMap;

    use super::*;
    use crate::writes::path::parse_body;

    #[test]
    fn the_example_is_taken() {
        for (name, body) in request().examples {
            let parsed = parse_body::<FaceEnrolment>(body.to_string().as_bytes(), "", &HeaderMap::new()).0;
            parsed.unwrap_or_else(|error| panic!("{name}: {error:?}"));
        }
    }
}
