//! What the description of the API says of the endpoint.
#![allow(dead_code, unused_qualifications, reason = "read and written by utoipa's macros")]

use actix_web::web;
use data_encoding::BASE64;
use domain::limits::REASON_CHARS_MAX;
use serde_json::{Value, json};
use utoipa::{OpenApi, ToSchema};

use super::answer::{DryRunAnswer, VerdictAnswer};
use super::{DukcapilVerdict, ROUTE};
use crate::documentation::description::{
    EndpointDescription, EndpointMethod, FieldRule, NamedExample, RequestDescription, WriteHeaders,
};
use crate::documentation::examples::{CUSTOMER, VERIFICATION, enrolment};
use crate::documentation::rules;
use crate::limits::UNKNOWN_FIELDS_MAX;
use crate::serving::errors::ErrorCode;
use crate::writes::path::{WriteEndpoint, post};

/// A small photo that the server takes: 16 pixels a side.
const PHOTO: &[u8] = include_bytes!("../../../testdata/tiny.png");

/// The endpoint.
pub static ENDPOINT: EndpointDescription = EndpointDescription {
    method: EndpointMethod::Post,
    path: ROUTE,
    route: || web::post().to(post::<DukcapilVerdict>),
    access: DukcapilVerdict::ACCESS,
    errors: &[
        ErrorCode::CustomerNotFound,
        ErrorCode::BiometricConsentWithdrawn,
        ErrorCode::EvidenceConsentWithdrawn,
        ErrorCode::IdempotencyKeyReused,
    ],
    derived: Derived::openapi,
    request: Some(request),
    answers,
    links,
    field_rules,
};

#[derive(OpenApi)]
#[openapi(paths(post_verdict))]
struct Derived;

/// Post a verdict
///
/// 200 says: evidence and event are durable **and** the read model shows the result. 202, same body: durable,
/// not yet projected. With `?dryRun=true` everything is checked and nothing is written. Unknown top-level fields
/// are ignored and named in `X-Ignored-Fields`.
///
/// `X-Signals` names what the raw answer and the reason say against the verdict, `code, code`; absent where there is
/// nothing, the same on a repetition. It changes neither the verdict nor a tier, and stands in the verification's
/// `signals` too. `not_a_verdict`: what came is an error of the registry's interface; declare the attempt as a fallback
/// and post the verdict once there is one.
#[utoipa::path(
    post, path = "/api/identity/nik/dukcapil", tag = "verdicts",
    params(WriteHeaders, ("dryRun" = Option<bool>, Query, description = "Check everything, write nothing")),
    responses(
        (status = 200, description = "Recorded and visible; or a dry run's result", body = VerdictOrDryRun,
            headers(("Idempotency-Replayed" = String), ("Preference-Applied" = String), ("X-Ignored-Fields" = String),
                ("X-Signals" = String))),
        (status = 202, description = "Recorded, not yet visible", body = VerdictAnswer,
            headers(("Location" = String), ("Preference-Applied" = String), ("X-Signals" = String))),
    )
)]
fn post_verdict() {}

/// Either answer of a 200.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[serde(untagged)]
enum VerdictOrDryRun {
    /// A verdict's.
    Verdict(VerdictAnswer<'static>),
    /// A dry run's.
    DryRun(DryRunAnswer),
}

fn request() -> RequestDescription {
    RequestDescription {
        schemas: vec![
            ("VerdictRequest", verdict()),
            ("VerifiedVerdictRequest", verdict_that_is(true)),
            ("DeclinedVerdictRequest", verdict_that_is(false)),
        ],
        examples: examples(),
    }
}

fn verdict() -> Value {
    json!({
        "description": "A verdict. Fields that nobody knows are ignored and named in `X-Ignored-Fields`.",
        "oneOf": [
            { "$ref": "#/components/schemas/VerifiedVerdictRequest" },
            { "$ref": "#/components/schemas/DeclinedVerdictRequest" },
        ],
    })
}

fn verdict_that_is(valid: bool) -> Value {
    let mut photo = json!({
        "type": "string",
        "format": "photo",
        "description": "Base64 (WHATWG forgiving) of a JPEG or PNG, 16–8192 px a side, at most 1 MiB; a data URL of \
                        image/jpeg, image/jpg or image/png is taken too. Required when `valid` is true; otherwise \
                        it is kept as evidence and enrols nothing.",
    });
    if !valid {
        photo["type"] = json!(["string", "null"]);
    }
    let required: &[&str] = if valid { &["customerId", "valid", "photo"] } else { &["customerId", "valid"] };
    let mut customer = rules::id("cus");
    customer["description"] = "A customer of the org.".into();
    json!({
        "type": "object",
        "description": if valid { "Dukcapil confirmed the identity." } else { "Dukcapil did not confirm it." },
        "required": required,
        "maxProperties": UNKNOWN_FIELDS_MAX,
        "properties": {
            "customerId": customer,
            "valid": { "const": valid, "description": "Dukcapil's word; a JSON boolean." },
            "photo": photo,
            "raw": {
                "type": ["object", "null"],
                "description": "The registry's answer: kept byte for byte as sent, at most 1.5 MiB, nested at most \
                                128 deep.",
            },
            "reason": {
                "type": ["string", "null"],
                "maxLength": REASON_CHARS_MAX,
                "pattern": r"^[^\x00-\x08\x0b-\x1f\x7f-\x9f]*$",
                "description": "White space around it is cut off. Its words decide `reasonCategory`.",
            },
        },
    })
}

fn examples() -> Vec<NamedExample> {
    let raw = |word: &str| {
        json!({
            "content": [{ "NIK": word, "NAMA_LGKP": format!("{word} (100)"), "TGL_LHR": word }],
            "quotaLimiter": 991,
        })
    };
    vec![
        (
            "verified",
            json!({
                "customerId": CUSTOMER,
                "valid": true,
                "photo": BASE64.encode(PHOTO),
                "raw": raw("Sesuai"),
                "reason": "Data sesuai",
            }),
        ),
        (
            "declined",
            json!({
                "customerId": CUSTOMER,
                "valid": false,
                "raw": raw("Tidak Sesuai"),
                "reason": "NIK tidak ditemukan",
            }),
        ),
    ]
}

fn answers(status: &str) -> Vec<NamedExample> {
    let verified = |stub| {
        json!({
            "verification": { "id": VERIFICATION, "status": "verified", "score": 100 },
            "enrolment": enrolment(stub),
        })
    };
    let declined = json!({ "verification": { "id": VERIFICATION, "status": "failed" }, "enrolment": null });
    let dry_run = json!({
        "dryRun": true,
        "verification": { "status": "verified" },
        "enrolment": { "source": "dukcapil" },
        "kyc": { "from": "none", "to": "standard" },
    });
    match status {
        "200" => vec![("verified", verified(false)), ("declined", declined), ("dryRun", dry_run)],
        _ => vec![("verified", verified(true)), ("declined", declined)],
    }
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
        ("DryRunAnswer", "dryRun", json!({ "const": true })),
        ("DryRunVerification", "status", rules::decided_statuses()),
        ("DryRunEnrolment", "source", rules::face_sources()),
        ("DryRunKyc", "from", rules::tiers()),
        ("DryRunKyc", "to", rules::tiers()),
    ]
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderMap;

    use super::*;
    use crate::writes::path::parse_body;

    #[test]
    fn the_example_verdicts_are_taken() {
        for (name, body) in examples() {
            let parsed = parse_body::<DukcapilVerdict>(body.to_string().as_bytes(), "", &HeaderMap::new()).0;
            let parsed = parsed.unwrap_or_else(|error| panic!("{name}: {error:?}"));
            assert_eq!(parsed.verdict.valid(), name == "verified");
            assert_eq!(parsed.verdict.photo().is_some(), name == "verified");
        }
    }
}
