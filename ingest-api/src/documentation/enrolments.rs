//! What the description of the API says of the list of face references. Its handler is in `reading::enrolments`.
#![allow(dead_code, unused_qualifications, reason = "read and written by utoipa's macros")]

use domain::limits::PAGE_ROWS_MAX;
use serde_json::{Value, json};
use utoipa::OpenApi;

use super::description::{EndpointDescription, EndpointMethod, FieldRule};
use super::examples::{FACE_MODEL, TIME};
use super::rules::{face_sources, id, one_of, share, time};
use crate::endpoints::face_enrolments::ROUTE;
use crate::reading::enrolments::{self, EnrolmentsBody, cause_words};
use crate::routes::read;
use crate::serving::errors::ErrorCode;

/// The endpoint.
pub static ENDPOINT: EndpointDescription = EndpointDescription {
    method: EndpointMethod::Get,
    path: ROUTE,
    route: || read().to(enrolments::get),
    access: enrolments::ACCESS,
    errors: &[ErrorCode::CustomerNotFound],
    derived: Derived::openapi,
    request: None,
    answers: |_| vec![("page", page())],
    // A cursor leads from a page to itself: with that link sequences would be of pages alone.
    links: || Value::Null,
    field_rules,
};

#[derive(OpenApi)]
#[openapi(paths(get_enrolments))]
struct Derived;

/// List a customer's face references
///
/// Newest first, of all sources. `cursor`, from `meta.next`, takes the place of `page`.
#[utoipa::path(
    get, path = "/api/identity/face/enrolments", tag = "faces",
    params(
        ("customerId" = String, Query, description = "`cus_…`"),
        ("page" = Option<u64>, Query, description = "From 1"),
        ("limit" = Option<u32>, Query, description = "1 to 100, 20 when not said"),
        ("cursor" = Option<String>, Query, description = "`meta.next` of an earlier page"),
    ),
    responses((status = 200, description = "A page", body = EnrolmentsBody))
)]
fn get_enrolments() {}

fn page() -> Value {
    let row = |id: &str, source: &str, quality: Value, cause: Value| {
        json!({
            "id": id,
            "source": source,
            "model": FACE_MODEL,
            "quality": quality,
            "cause": cause,
            "fallbackStub": quality.is_null(),
            "createdAt": TIME,
        })
    };
    json!({
        "data": [
            row("fe_8H6M0PMS3AYF2Q2GXBWDF1KTY7", "onboarding_selfie", Value::Null, json!("no_face")),
            row("fe_4C1M0PMS3AYF2Q2GXBWDF1KTY7", "dukcapil", json!(0.62), Value::Null),
        ],
        "total": 2,
        "page": 1,
        "limit": 20,
        "meta": { "pages": 1, "next": null },
    })
}

fn field_rules() -> Vec<FieldRule> {
    vec![
        ("EnrolmentsBody", "page", json!({ "type": "integer", "minimum": 1 })),
        ("EnrolmentsBody", "limit", json!({ "type": "integer", "minimum": 1, "maximum": PAGE_ROWS_MAX })),
        ("EnrolmentRowBody", "id", id("fe")),
        ("EnrolmentRowBody", "source", face_sources()),
        ("EnrolmentRowBody", "quality", share()),
        ("EnrolmentRowBody", "cause", one_of(cause_words())),
        ("EnrolmentRowBody", "createdAt", time()),
    ]
}
