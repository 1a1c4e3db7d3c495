//! The errors of each endpoint, from the one list of codes: statuses, bodies, headers, an example of each. The words
//! are the list's; which errors an endpoint has follows from what it asks of its caller, or is its own word.

use std::collections::BTreeMap;

use domain::orgs::{Capability, RateBucket};
use serde_json::{Value, json};

use super::description::{EndpointDescription, EndpointMethod};
use crate::serving::errors::ErrorCode;

/// What every endpoint may answer.
const EVERYWHERE: &[ErrorCode] = &[
    ErrorCode::ValidationFailed,
    ErrorCode::Unauthorized,
    ErrorCode::RateLimited,
    ErrorCode::InternalError,
    ErrorCode::Unavailable,
];

/// What an endpoint with a body may answer beside them.
const BODIES: &[ErrorCode] = &[
    ErrorCode::MalformedRequest,
    ErrorCode::MalformedJson,
    ErrorCode::IncompleteBody,
    ErrorCode::BodyStalled,
    ErrorCode::BodyTooLarge,
    ErrorCode::UnsupportedMediaType,
    ErrorCode::UnsupportedContentEncoding,
    ErrorCode::UpgradeWithBody,
    ErrorCode::Overloaded,
];

/// What is answered where there is no endpoint, or no HTTP.
#[cfg(test)]
pub(super) const ELSEWHERE: &[ErrorCode] =
    &[ErrorCode::RouteNotFound, ErrorCode::MethodNotAllowed, ErrorCode::HeadStalled, ErrorCode::HeadTooLarge];

/// An endpoint's errors.
fn of(endpoint: &EndpointDescription) -> Vec<ErrorCode> {
    let bodies = if endpoint.method == EndpointMethod::Post { BODIES } else { &[] };
    let scope = endpoint.access.scope.map(|_| ErrorCode::MissingScope);
    let capability = endpoint.access.capability.map(|_| ErrorCode::CapabilityDisabled);
    let mut all = [EVERYWHERE, bodies, endpoint.errors].concat();
    all.extend(scope.into_iter().chain(capability));
    all.sort_unstable();
    all
}

/// Adds an endpoint's errors to its answers.
pub(super) fn complete(endpoint: &EndpointDescription, operation: &mut Value) {
    let mut by_status: BTreeMap<u16, Vec<ErrorCode>> = BTreeMap::new();
    for code in of(endpoint) {
        by_status.entry(code.row().status).or_default().push(code);
    }
    for (status, codes) in by_status {
        operation["responses"][status.to_string()] = answer(endpoint, status, &codes);
    }
}

/// The answers with one status.
fn answer(endpoint: &EndpointDescription, status: u16, codes: &[ErrorCode]) -> Value {
    let causes: Vec<String> =
        codes.iter().map(|code| format!("`{}`: {}", code.as_str(), code.row().cause)).collect();
    let words: Vec<&str> = codes.iter().map(|code| code.as_str()).collect();
    let examples: serde_json::Map<String, Value> =
        codes.iter().map(|code| (code.as_str().to_owned(), json!({ "value": example(*code) }))).collect();
    let body = if codes == [ErrorCode::RateLimited] { "RateLimitBody" } else { "ErrorBody" };
    let schema = json!({
        "allOf": [
            { "$ref": format!("#/components/schemas/{body}") },
            { "properties": { "code": { "enum": words } } },
        ],
    });
    let mut answer = json!({
        "description": causes.join("\n\n"),
        "content": { "application/json": { "schema": schema, "examples": examples } },
    });
    // Where a 202 points, what is not there may be there soon.
    let is_awaited = endpoint.method == EndpointMethod::Get && endpoint.path.ends_with("/{id}");
    let is_pending =
        codes.iter().any(|code| matches!(code, ErrorCode::ReferencePending | ErrorCode::LivenessPending));
    if matches!(status, 429 | 503) || (status == 404 && is_awaited) || is_pending {
        let schema = json!({ "type": "integer", "minimum": 1 });
        answer["headers"]["Retry-After"] = json!({ "description": "Seconds.", "schema": schema });
    }
    if status == 401 {
        answer["headers"]["WWW-Authenticate"] = json!({ "schema": { "const": "Bearer" } });
    }
    answer
}

/// A body with that code.
pub(super) fn example(code: ErrorCode) -> Value {
    let mut body = json!({ "error": code.text(), "code": code.as_str() });
    match code {
        ErrorCode::ValidationFailed => {
            body["details"] = json!({ "fieldErrors": { "photo": ["is required when valid is true"] } });
        }
        ErrorCode::MalformedJson => body["details"] = json!({ "line": 3, "column": 14, "offset": 61 }),
        ErrorCode::MissingScope => {
            body["error"] = "missing scope: customers:view".into();
            body["details"] = json!({ "scope": "customers:view" });
        }
        ErrorCode::CapabilityDisabled => {
            body["details"] = json!({
                "capability": Capability::DukcapilEnabled.as_str(),
                "contact": "identity-support@example.com",
            });
        }
        ErrorCode::ExternalIdTaken => {
            body["details"] = json!({ "id": "cus_2D1M0PMS3AYF2Q2GXBWDF1KTY7" });
        }
        ErrorCode::ChallengeUsed => {
            body["details"] = json!({ "verificationId": "ver_5E3M0PMS3AYF2Q2GXBWDF1KTY7" });
        }
        ErrorCode::RateLimited => {
            body["bucket"] = RateBucket::NikDukcapil.as_str().into();
            body["limit"] = RateBucket::NikDukcapil.default_per_minute().into();
        }
        _ => {}
    }
    body
}

/// The shapes of errors.
pub(super) fn schemas() -> Vec<(&'static str, Value)> {
    let words: Vec<&str> = ErrorCode::all().map(ErrorCode::as_str).collect();
    let error = json!({
        "type": "string",
        "description": "What is wrong, in a few words for people; never a value that was sent.",
    });
    let body = json!({
        "type": "object",
        "description": "What every error looks like. Cause and remedy of each code: docs/errors.md.",
        "required": ["error", "code"],
        "properties": {
            "error": error,
            "code": { "type": "string", "enum": words, "description": "What a program branches on." },
            "details": { "$ref": "#/components/schemas/ErrorDetails" },
        },
        "example": example(ErrorCode::ValidationFailed),
    });
    let limited = json!({
        "type": "object",
        "description": "The body of a 429.",
        "required": ["error", "code", "bucket", "limit"],
        "properties": {
            "error": { "const": ErrorCode::RateLimited.text() },
            "code": { "const": ErrorCode::RateLimited.as_str() },
            "bucket": { "type": "string", "enum": RateBucket::ALL.map(RateBucket::as_str) },
            "limit": { "type": "integer", "minimum": 1, "description": "Requests a minute." },
        },
        "example": example(ErrorCode::RateLimited),
    });
    vec![("ErrorBody", body), ("ErrorDetails", details()), ("RateLimitBody", limited)]
}

fn details() -> Value {
    let texts = json!({ "type": "array", "minItems": 1, "items": { "type": "string" } });
    json!({
        "type": "object",
        "description": "More, where a code has more.",
        "additionalProperties": false,
        "properties": {
            "fieldErrors": {
                "type": "object",
                "minProperties": 1,
                "additionalProperties": texts,
                "description": "`validation_failed`: by field, parameter or header, all of a request at once.",
            },
            "line": { "type": "integer", "minimum": 1, "description": "`malformed_json`: from 1." },
            "column": { "type": "integer", "minimum": 1, "description": "`malformed_json`: bytes, from 1." },
            "offset": { "type": "integer", "minimum": 0, "description": "`malformed_json`: bytes into the body." },
            "scope": { "type": "string", "description": "`missing_scope`: the scope." },
            "capability": {
                "type": "string",
                "description": "`capability_disabled`: the capability, as `GET /api/auth/me` shows it, or `signers`.",
            },
            "contact": {
                "type": "string",
                "description": "`capability_disabled`: whom to ask, where the operator has said so.",
            },
            "id": { "type": "string", "description": "`external_id_taken`: the customer that has it." },
            "verificationId": {
                "type": "string",
                "description": "`challenge_used`: the verification that the first bundle became.",
            },
        },
    })
}
