//! What the description of the API says of the endpoint.
#![allow(dead_code, unused_qualifications, reason = "read and written by utoipa's macros")]

use actix_web::web;
use domain::nik::CivilSex;
use serde_json::{Value, json};
use utoipa::OpenApi;

use super::answer::{NikAccepted, NikAnswer};
use super::{NikFormat, ROUTE};
use crate::documentation::description::{
    EndpointDescription, EndpointMethod, FieldRule, NamedExample, RequestDescription, WriteHeaders,
};
use crate::documentation::examples::{CUSTOMER, VERIFICATION};
use crate::documentation::rules::{self, decided_statuses, id, one_of, score};
use crate::limits::UNKNOWN_FIELDS_MAX;
use crate::serving::errors::ErrorCode;
use crate::writes::path::{WriteEndpoint, post};

/// The endpoint.
pub static ENDPOINT: EndpointDescription = EndpointDescription {
    method: EndpointMethod::Post,
    path: ROUTE,
    route: || web::post().to(post::<NikFormat>),
    access: NikFormat::ACCESS,
    errors: &[ErrorCode::CustomerNotFound, ErrorCode::IdempotencyKeyReused],
    derived: Derived::openapi,
    request: Some(request),
    answers,
    links,
    field_rules,
};

#[derive(OpenApi)]
#[openapi(paths(post_nik_format))]
struct Derived;

/// Check a NIK's form
///
/// Looks at the sixteen digits alone: the region they name, the date in them, the serial number; and where a birth date or a
/// sex is sent, whether they agree. There is no check digit, so nearly anything that looks like a NIK is one: `verified` lifts
/// a customer of tier `none` to `basic` and says nothing of who it is. A NIK that cannot be one, or that is somebody else's by
/// what was sent, is a `failed` row; what is no sixteen digits is a 400.
///
/// An unknown regency or district is a signal (`nik_region_unknown`) and no failure. Where another customer of the org brought
/// the same NIK, or this one another NIK, reading the row says so: `nik_on_other_customer`, `nik_changed`.
///
/// The NIK is sealed and in no answer. There is no dry run: it would tell what another try must change. A 202 says no more than
/// that it will be decided.
#[utoipa::path(
    post, path = "/api/identity/nik/format", tag = "verdicts",
    params(WriteHeaders),
    responses(
        (status = 200, description = "Decided and visible", body = NikAnswer,
            headers(("Idempotency-Replayed" = String), ("Preference-Applied" = String), ("X-Ignored-Fields" = String))),
        (status = 202, description = "It will be decided", body = NikAccepted,
            headers(("Location" = String), ("Preference-Applied" = String))),
    )
)]
fn post_nik_format() {}

fn request() -> RequestDescription {
    let body = json!({
        "type": "object",
        "required": ["customerId", "nik"],
        "maxProperties": UNKNOWN_FIELDS_MAX,
        "description": "A NIK. Fields that nobody knows are ignored and named in `X-Ignored-Fields`.",
        "properties": {
            "customerId": rules::customer_id(),
            "nik": { "type": "string", "pattern": "^[0-9]{16}$", "description": "The sixteen digits, without spaces." },
            "birthDate": {
                "type": ["string", "null"],
                "format": "date",
                "description": "As the org has it: checked against the NIK, and not kept.",
            },
            "sex": {
                "type": ["string", "null"],
                "enum": [CivilSex::Male.as_str(), CivilSex::Female.as_str(), null],
                "description": "Likewise.",
            },
        },
    });
    let example = json!({ "customerId": CUSTOMER, "nik": "3171015708450001", "birthDate": "1945-08-17", "sex": "female" });
    RequestDescription { schemas: vec![("NikFormatRequest", body)], examples: vec![("nik", example)] }
}

fn answers(status: &str) -> Vec<NamedExample> {
    if status == "202" {
        return vec![("accepted", json!({ "verification": { "id": VERIFICATION } }))];
    }
    let answer = |status: &str, score: Value, structure: bool, agrees: Value| {
        json!({
            "verification": { "id": VERIFICATION, "status": status, "score": score },
            "nik": {
                "structure": structure,
                "province": "known",
                "regency": "known",
                "district": "unknown",
                "birthDateAgrees": agrees,
                "sexAgrees": null,
            },
        })
    };
    vec![
        ("verified", answer("verified", 100.into(), true, true.into())),
        ("malformed", answer("failed", Value::Null, false, Value::Null)),
        ("anotherPerson", answer("failed", Value::Null, true, false.into())),
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

/// Whether the table of regions has a code.
fn regions() -> Value {
    one_of(["known", "unknown"])
}

fn field_rules() -> Vec<FieldRule> {
    vec![
        ("NikVerification", "id", id("ver")),
        ("NikVerification", "status", decided_statuses()),
        ("NikVerification", "score", score()),
        ("NikAcceptedVerification", "id", id("ver")),
        ("NikBody", "province", regions()),
        ("NikBody", "regency", regions()),
        ("NikBody", "district", regions()),
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
            let parsed = parse_body::<NikFormat>(body.to_string().as_bytes(), "", &HeaderMap::new()).0;
            parsed.unwrap_or_else(|error| panic!("{name}: {error:?}"));
        }
    }
}
