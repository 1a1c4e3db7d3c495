//! Bodies of requests, and an example of each request and each good answer; and which answer leads to which next
//! call (links). A test sends the example requests to the parser.

use data_encoding::BASE64;
use domain::limits::{EXTERNAL_ID_CHARS_MAX, REASON_CHARS_MAX};
use serde_json::{Value, json};

use super::rules;
use crate::limits::UNKNOWN_FIELDS_MAX;

/// A small photo that the server takes: 16 pixels a side.
const PHOTO: &[u8] = include_bytes!("../../testdata/tiny.png");

const CUSTOMER: &str = "cus_2D1M0PMS3AYF2Q2GXBWDF1KTY7";
const VERIFICATION: &str = "ver_5E3M0PMS3AYF2Q2GXBWDF1KTY7";
const TIME: &str = "2026-11-23T04:05:06.007Z";

/// Schemas of request bodies.
pub(super) fn schemas() -> Vec<(&'static str, Value)> {
    vec![
        ("VerdictRequest", verdict()),
        ("VerifiedVerdictRequest", verdict_that_is(true)),
        ("DeclinedVerdictRequest", verdict_that_is(false)),
        ("CustomerRequest", customer()),
    ]
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

fn customer() -> Value {
    let mut full_name = rules::full_name();
    full_name["description"] = "White space around it is cut off.".into();
    json!({
        "type": "object",
        "description": "A customer to register. Fields that nobody knows are ignored and named in \
                        `X-Ignored-Fields`.",
        "required": ["fullName"],
        "maxProperties": UNKNOWN_FIELDS_MAX,
        "properties": {
            "fullName": full_name,
            "externalId": {
                "type": ["string", "null"],
                "minLength": 1,
                "maxLength": EXTERNAL_ID_CHARS_MAX,
                "pattern": rules::EXTERNAL_ID,
                "description": "The org's own id; unique in the org.",
            },
        },
    })
}

/// Requests of an endpoint by the name of the example.
pub(super) fn examples(path: &str, method: &str) -> Vec<(&'static str, Value)> {
    match (method, path) {
        ("post", "/api/identity/nik/dukcapil") => {
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
        ("post", _) => vec![("customer", json!({ "fullName": "Nasabah Contoh", "externalId": "CIF-0001" }))],
        _ => Vec::new(),
    }
}

/// Adds body, examples and links to an endpoint.
pub(super) fn complete(path: &str, method: &str, operation: &mut Value) {
    let requests = examples(path, method);
    if !requests.is_empty() {
        let name = if path == "/api/customers" { "CustomerRequest" } else { "VerdictRequest" };
        operation["requestBody"] = json!({
            "required": true,
            "content": { "application/json": {
                "schema": { "$ref": format!("#/components/schemas/{name}") },
                "examples": named(requests),
            } },
        });
    }
    for (status, answer) in operation["responses"].as_object_mut().into_iter().flatten() {
        let answers = answers(path, method, status);
        if !answers.is_empty() {
            answer["content"]["application/json"]["examples"] = named(answers);
        }
        let links = links(path, method);
        if !links.is_null() {
            answer["links"] = links;
        }
    }
}

fn named(examples: Vec<(&'static str, Value)>) -> Value {
    examples.into_iter().map(|(name, value)| (name.to_owned(), json!({ "value": value }))).collect()
}

/// Good answers of an endpoint by the name of the example.
pub(super) fn answers(path: &str, method: &str, status: &str) -> Vec<(&'static str, Value)> {
    match (method, path) {
        ("post", "/api/identity/nik/dukcapil") => verdict_answers(status),
        (_, "/api/customers" | "/api/customers/{id}") => vec![("customer", customer_answer())],
        (_, "/api/identity/attempts") => vec![("page", attempts())],
        (_, "/api/identity/verifications/{id}") => {
            let mut row = attempt();
            row["enrolment"] = enrolment(false);
            vec![("verification", row)]
        }
        (_, "/api/identity/kyc/{customerId}") => vec![("kyc", kyc())],
        _ => vec![("key", me())],
    }
}

fn enrolment(fallback_stub: bool) -> Value {
    json!({ "id": "fe_4C1M0PMS3AYF2Q2GXBWDF1KTY7", "source": "dukcapil", "fallbackStub": fallback_stub })
}

fn verdict_answers(status: &str) -> Vec<(&'static str, Value)> {
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

fn customer_answer() -> Value {
    json!({
        "id": CUSTOMER,
        "fullName": "Nasabah Contoh",
        "externalId": "CIF-0001",
        "kycLevel": "none",
        "createdAt": TIME,
    })
}

fn attempt() -> Value {
    json!({
        "id": VERIFICATION,
        "customerId": CUSTOMER,
        "method": "nik_dukcapil",
        "status": "verified",
        "score": 100,
        "reason": "Data sesuai",
        "reasonCategory": null,
        "signals": [],
        "createdAt": TIME,
    })
}

fn attempts() -> Value {
    let mut declined = attempt();
    declined["status"] = "failed".into();
    declined["score"] = Value::Null;
    declined["reason"] = "NIK tidak ditemukan".into();
    declined["reasonCategory"] = "not_found".into();
    declined["signals"] =
        json!([{ "code": "idempotency_conflict", "severity": "medium", "createdAt": TIME }]);
    json!({
        "data": [attempt(), declined],
        "total": 2,
        "page": 1,
        "limit": 20,
        "meta": { "pages": 1, "next": null },
    })
}

fn kyc() -> Value {
    json!({
        "customer": {
            "id": CUSTOMER,
            "fullName": "Nasabah Contoh",
            "kycLevel": "standard",
            "kycLastVerifiedAt": TIME,
            "kycExpiresAt": "2027-11-23T04:05:06.007Z",
        },
        "eligible": true,
        "verifications": [{
            "id": VERIFICATION,
            "method": "nik_dukcapil",
            "status": "verified",
            "score": 100,
            "reason": "Data sesuai",
            "createdAt": TIME,
        }],
        "history": [{
            "id": "kte_6F4M0PMS3AYF2Q2GXBWDF1KTY7",
            "fromTier": "none",
            "toTier": "standard",
            "actorUserId": null,
            "reason": "automatic on nik_dukcapil verify",
            "createdAt": TIME,
        }],
    })
}

fn me() -> Value {
    json!({
        "org": { "id": "org_1C1M0PMS3AYF2Q2GXBWDF1KTY7", "name": "Bank Contoh" },
        "keyId": "key_7G5M0PMS3AYF2Q2GXBWDF1KTY7",
        "environment": "sandbox",
        "scopes": ["customers:view", "customers:write", "verifications:view", "verifications:write", "api:manage"],
        "capabilities": { "dukcapilEnabled": true, "strictScopes": true },
        "limits": { "get": 600, "write": 120, "nik_dukcapil": 30 },
    })
}

/// Where an answer leads to.
fn links(path: &str, method: &str) -> Value {
    match (method, path) {
        ("post", "/api/identity/nik/dukcapil") => json!({
            "verification": {
                "operationId": "get_verification",
                "parameters": { "id": "$response.body#/verification/id" },
            },
        }),
        ("post", "/api/customers") => json!({
            "customer": { "operationId": "get_customer", "parameters": { "id": "$response.body#/id" } },
            "kyc": { "operationId": "get_kyc", "parameters": { "customerId": "$response.body#/id" } },
            "verdict": {
                "operationId": "post_verdict",
                "requestBody": { "customerId": "$response.body#/id", "valid": false },
            },
        }),
        // A cursor leads from a page to itself: with that link sequences would be of pages alone.
        _ => Value::Null,
    }
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderMap;

    use super::*;
    use crate::endpoints::dukcapil_verdict::DukcapilVerdict;
    use crate::writes::path::parse_body;

    #[test]
    fn the_example_verdicts_are_taken() {
        for (name, body) in examples("/api/identity/nik/dukcapil", "post") {
            let parsed = parse_body::<DukcapilVerdict>(body.to_string().as_bytes(), "", &HeaderMap::new()).0;
            let parsed = parsed.unwrap_or_else(|error| panic!("{name}: {error:?}"));
            assert_eq!(parsed.verdict.valid(), name == "verified");
            assert_eq!(parsed.verdict.photo().is_some(), name == "verified");
        }
    }
}
