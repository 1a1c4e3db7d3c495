//! The endpoints, as the document describes them, without what is laid over them afterwards (`assemble`). The
//! functions have no bodies to speak of: the handlers are elsewhere, and a test holds this list to the routes.
#![allow(dead_code, unused_qualifications, reason = "read and written by utoipa's macros")]

use utoipa::{IntoParams, ToSchema};

use crate::endpoints::dukcapil_verdict::answer::{DryRunAnswer, VerdictAnswer};
use crate::reading::attempts::AttemptsBody;
use crate::reading::customers::CustomerBody;
use crate::reading::kyc::KycBody;
use crate::reading::me::MeBody;
use crate::reading::verification::VerificationBody;

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
    responses(
        (status = 200, description = "Recorded and visible; or a dry run's result", body = VerdictOrDryRun,
            headers(("Idempotency-Replayed" = String), ("Preference-Applied" = String), ("X-Ignored-Fields" = String))),
        (status = 202, description = "Recorded, not yet visible", body = VerdictAnswer,
            headers(("Location" = String), ("Preference-Applied" = String))),
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
    responses(
        (status = 201, description = "Registered and visible", body = CustomerBody,
            headers(("Location" = String), ("Idempotency-Replayed" = String))),
        (status = 202, description = "Registered, not yet visible", body = CustomerBody,
            headers(("Location" = String))),
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
    responses((status = 200, description = "A page", body = AttemptsBody))
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
    )
)]
fn get_kyc() {}

/// Read the key's own rights
///
/// Scope: none. Limit: `get`, 600 a minute by default.
#[utoipa::path(
    get, path = "/api/auth/me", tag = "reading",
    responses((status = 200, description = "The key's org, scopes, capabilities and limits", body = MeBody))
)]
fn get_me() {}
