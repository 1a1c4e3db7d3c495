//! The endpoints, as the document describes them. The functions have no bodies to speak of: the handlers are
//! elsewhere, and a test holds this list to the routes.
#![allow(dead_code, unused_qualifications, reason = "read and written by utoipa's macros")]

use utoipa::{IntoParams, IntoResponses, ToSchema};

use super::api::{ErrorBody, RateLimitBody};
use crate::customers::CustomerBody;
use crate::reading::attempts::AttemptsBody;
use crate::reading::kyc::KycBody;
use crate::reading::me::MeBody;
use crate::reading::verification::VerificationBody;
use crate::verdict::answer::{DryRunAnswer, VerdictAnswer};

/// Errors of every endpoint.
#[derive(IntoResponses)]
enum Everywhere {
    /// Missing, malformed, unknown, expired or revoked key; or a key in the query string
    #[response(status = 401, headers(("WWW-Authenticate" = String)))]
    Unauthorized(#[to_schema] ErrorBody),
    /// Rate limit exceeded
    #[response(status = 429, headers(("Retry-After" = u64)))]
    RateLimited(#[to_schema] RateLimitBody),
    /// Our fault; the log line with the same request id says more
    #[response(status = 500)]
    Internal(#[to_schema] ErrorBody),
    /// Not available, or too many bytes in flight. A write may still take effect: send it again with the same
    /// `Idempotency-Key`
    #[response(status = 503, headers(("Retry-After" = u64)))]
    Unavailable(#[to_schema] ErrorBody),
}

/// Errors of every endpoint that wants a scope.
#[derive(IntoResponses)]
enum Scoped {
    /// `missing scope: …`
    #[response(status = 403)]
    Forbidden(#[to_schema] ErrorBody),
    /// An unknown parameter or value
    #[response(status = 400)]
    Invalid(#[to_schema] ErrorBody),
}

/// Errors of every endpoint with a body.
#[derive(IntoResponses)]
enum Bodies {
    /// `malformed JSON` with its position, or `validation failed` with all field errors at once
    #[response(status = 400)]
    Invalid(#[to_schema] ErrorBody),
    /// `missing scope: …`, or `org capability disabled`
    #[response(status = 403)]
    Forbidden(#[to_schema] ErrorBody),
    /// The body made no progress for 10 s, or did not end within 30 s
    #[response(status = 408)]
    Stalled(#[to_schema] ErrorBody),
    /// The body is larger than 4 MiB
    #[response(status = 413)]
    TooLarge(#[to_schema] ErrorBody),
    /// Not `application/json`, or a content coding
    #[response(status = 415)]
    MediaType(#[to_schema] ErrorBody),
    /// The idempotency key came with another body before
    #[response(status = 422)]
    KeyReused(#[to_schema] ErrorBody),
}

/// Headers of a write.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
struct WriteHeaders {
    /// 1–255 visible ASCII characters, bare or as a quoted string: the same key and body have one effect, for
    /// ever
    #[param(rename = "Idempotency-Key")]
    idempotency_key: Option<String>,
    /// `wait=<seconds>` (0 to 10, 2 when not said) or `respond-async`: how long to wait for the read model
    #[param(rename = "Prefer")]
    prefer: Option<String>,
}

/// A verdict.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase", example = json!({
    "customerId": "cus_2D1M0PMS3AYF2Q2GXBWDF1KTY7",
    "valid": true,
    "photo": "/9j/4AAQSkZJRgABAQ…",
    "raw": {"responseCode": "00"},
    "reason": "Data sesuai"
}))]
struct VerdictRequest {
    /// A customer of the org.
    customer_id: String,
    /// Dukcapil's word; a JSON boolean.
    valid: bool,
    /// Required when `valid` is true. Base64 (WHATWG forgiving; a data URL is accepted) of a JPEG or PNG,
    /// 16–8192 px a side, at most 1 MiB.
    photo: Option<String>,
    /// The registry's answer: an object, kept byte for byte, at most 1.5 MiB, nested at most 128 deep.
    raw: Option<serde_json::Map<String, serde_json::Value>>,
    /// At most 500 characters after trimming.
    reason: Option<String>,
}

/// A customer to register.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase", example = json!({"fullName": "Contoh Nasabah", "externalId": "CIF-0001"}))]
struct CustomerRequest {
    /// 1–200 characters.
    full_name: String,
    /// The org's own id, 1–128 characters; unique in the org.
    external_id: Option<String>,
}

/// Post a verdict
///
/// 200 says: evidence and event are durable **and** the read model shows the result. 202, same body: durable,
/// not yet projected. With `?dryRun=true` everything is checked and nothing is written. Unknown top-level fields
/// are ignored and named in `X-Ignored-Fields`.
///
/// Scope: `verifications:write` (an org with `strictScopes: false` accepts `verifications:view` too).
/// Capability: `dukcapilEnabled`. Limit: `nik_dukcapil`, 30 a minute by default.
#[utoipa::path(
    post, path = "/api/identity/nik/dukcapil", tag = "verdicts",
    params(WriteHeaders, ("dryRun" = Option<bool>, Query, description = "Check everything, write nothing")),
    request_body = VerdictRequest,
    responses(
        (status = 200, description = "Recorded and visible; or a dry run's result", body = VerdictOrDryRun,
            headers(("Idempotency-Replayed" = String), ("Preference-Applied" = String), ("X-Ignored-Fields" = String))),
        (status = 202, description = "Recorded, not yet visible", body = VerdictAnswer,
            headers(("Location" = String), ("Preference-Applied" = String))),
        (status = 404, description = "No such customer", body = ErrorBody),
        (status = 409, description = "`biometric consent withdrawn`", body = ErrorBody),
        Bodies, Everywhere,
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

/// Register a customer
///
/// Scope: `customers:write`. Limit: `write`, 120 a minute by default.
#[utoipa::path(
    post, path = "/api/customers", tag = "customers",
    params(WriteHeaders),
    request_body = CustomerRequest,
    responses(
        (status = 201, description = "Registered and visible", body = CustomerBody,
            headers(("Location" = String), ("Idempotency-Replayed" = String))),
        (status = 202, description = "Registered, not yet visible", body = CustomerBody,
            headers(("Location" = String))),
        (status = 409, description = "The external id is registered; `details.id` says to whom", body = ErrorBody),
        Bodies, Everywhere,
    )
)]
fn post_customer() {}

/// Find a customer by external id
///
/// Scope: `customers:view`. Limit: `get`, 600 a minute by default.
#[utoipa::path(
    get, path = "/api/customers", tag = "customers",
    params(("externalId" = String, Query, description = "The org's own id")),
    responses(
        (status = 200, description = "The customer", body = CustomerBody),
        (status = 404, description = "None, or erased", body = ErrorBody),
        Scoped, Everywhere,
    )
)]
fn find_customer() {}

/// Read a customer
///
/// Scope: `customers:view`. Limit: `get`, 600 a minute by default.
///
/// Where a registration's 202 points: 404 with `Retry-After` until it is projected.
#[utoipa::path(
    get, path = "/api/customers/{id}", tag = "customers",
    params(("id" = String, Path, description = "`cus_…`")),
    responses(
        (status = 200, description = "The customer", body = CustomerBody),
        (status = 404, description = "None, not yet, or erased", body = ErrorBody, headers(("Retry-After" = u64))),
        Scoped, Everywhere,
    )
)]
fn get_customer() {}

/// List verifications
///
/// Newest first. `cursor`, from `meta.next`, walks far without drift; it takes the place of `page`.
///
/// Scope: `verifications:view`. Limit: `get`, 600 a minute by default.
#[utoipa::path(
    get, path = "/api/identity/attempts", tag = "reading",
    params(
        ("method" = Option<String>, Query, description = "`nik_dukcapil`, …"),
        ("status" = Option<String>, Query, description = "`verified` or `failed`"),
        ("customerId" = Option<String>, Query, description = "`cus_…`"),
        ("from" = Option<String>, Query, description = "RFC 3339, inclusive"),
        ("to" = Option<String>, Query, description = "RFC 3339, exclusive"),
        ("page" = Option<u64>, Query, description = "From 1"),
        ("limit" = Option<u32>, Query, description = "1 to 100, 20 when not said"),
        ("cursor" = Option<String>, Query, description = "`meta.next` of an earlier page"),
    ),
    responses((status = 200, description = "A page", body = AttemptsBody), Scoped, Everywhere)
)]
fn get_attempts() {}

/// Read a verification
///
/// Where a 202's `Location` points: 404 with `Retry-After` until it is projected.
///
/// Scope: `verifications:view`. Limit: `get`, 600 a minute by default.
#[utoipa::path(
    get, path = "/api/identity/verifications/{id}", tag = "reading",
    params(("id" = String, Path, description = "`ver_…`")),
    responses(
        (status = 200, description = "The verification", body = VerificationBody),
        (status = 404, description = "None, or not yet", body = ErrorBody, headers(("Retry-After" = u64))),
        Scoped, Everywhere,
    )
)]
fn get_verification() {}

/// Read a customer's KYC
///
/// Scope: `customers:view`. Limit: `get`, 600 a minute by default.
#[utoipa::path(
    get, path = "/api/identity/kyc/{customerId}", tag = "reading",
    params(
        ("customerId" = String, Path, description = "`cus_…`"),
        ("asOf" = Option<String>, Query, description = "RFC 3339, inclusive: as it was then"),
    ),
    responses(
        (status = 200, description = "The customer's KYC", body = KycBody),
        (status = 404, description = "None, erased, or not there yet at that time", body = ErrorBody),
        Scoped, Everywhere,
    )
)]
fn get_kyc() {}

/// Read the key's own rights
///
/// Scope: none. Limit: `get`, 600 a minute by default.
#[utoipa::path(
    get, path = "/api/auth/me", tag = "reading",
    responses((status = 200, description = "The key's org, scopes, capabilities and limits", body = MeBody), Everywhere)
)]
fn get_me() {}
