//! What the description of the API says of the endpoints that read. Their handlers are in `reading`.
#![allow(dead_code, unused_qualifications, reason = "read and written by utoipa's macros")]

use domain::assurance::AssurancePath;
use domain::capture::AssuranceTier;
use domain::classify::ReasonCategory;
use domain::limits::PAGE_ROWS_MAX;
use domain::orgs::{Capability, Environment, OrgSetting, RateBucket, Scope};
use domain::recheck::RecheckStatus;
use org_directory::setting_json;
use serde_json::{Value, json};
use utoipa::OpenApi;

use super::description::{EndpointDescription, EndpointMethod, FieldRule};
use super::examples::{
    CUSTOMER, TIME, VERIFICATION, captured, customer_answer, enrolment, matched, nik_checked,
};
use super::rules::{id, methods, one_of, score, statuses, tiers, time};
use crate::reading::attempts::{self, AttemptsBody};
use crate::reading::customers::{self, CustomerBody};
use crate::reading::kyc::{self, KycBody};
use crate::reading::me::{self, MeBody};
use crate::reading::verification::{self, VerificationBody};
use crate::routes::read;
use crate::serving::errors::ErrorCode;

/// The endpoints, in the document's order.
pub static ENDPOINTS: [EndpointDescription; 6] = [
    EndpointDescription {
        method: EndpointMethod::Get,
        path: "/api/customers",
        route: || read().to(customers::find),
        access: customers::ACCESS,
        errors: &[ErrorCode::CustomerNotFound],
        derived: FindCustomer::openapi,
        request: None,
        answers: |_| vec![("customer", customer_answer())],
        links: || Value::Null,
        field_rules: customer_rules,
    },
    EndpointDescription {
        method: EndpointMethod::Get,
        path: "/api/customers/{id}",
        route: || read().to(customers::get),
        access: customers::ACCESS,
        errors: &[ErrorCode::CustomerNotFound],
        derived: GetCustomer::openapi,
        request: None,
        answers: |_| vec![("customer", customer_answer())],
        links: || Value::Null,
        field_rules: Vec::new,
    },
    EndpointDescription {
        method: EndpointMethod::Get,
        path: "/api/identity/attempts",
        route: || read().to(attempts::get),
        access: attempts::ACCESS,
        errors: &[],
        derived: GetAttempts::openapi,
        request: None,
        answers: |_| vec![("page", attempts_answer())],
        // A cursor leads from a page to itself: with that link sequences would be of pages alone.
        links: || Value::Null,
        field_rules: attempt_rules,
    },
    EndpointDescription {
        method: EndpointMethod::Get,
        path: "/api/identity/verifications/{id}",
        route: || read().to(verification::get),
        access: verification::ACCESS,
        errors: &[ErrorCode::VerificationNotFound],
        derived: GetVerification::openapi,
        request: None,
        answers: |_| {
            let captured = captured(attempt());
            vec![
                ("verification", verification_answer()),
                ("match", match_answer()),
                ("capture", captured),
                ("nik", nik_checked(attempt())),
            ]
        },
        links: || Value::Null,
        field_rules: Vec::new,
    },
    EndpointDescription {
        method: EndpointMethod::Get,
        path: "/api/identity/kyc/{customerId}",
        route: || read().to(kyc::get),
        access: kyc::ACCESS,
        errors: &[ErrorCode::CustomerNotFound],
        derived: GetKyc::openapi,
        request: None,
        answers: |_| vec![("kyc", kyc_answer())],
        links: || Value::Null,
        field_rules: kyc_rules,
    },
    EndpointDescription {
        method: EndpointMethod::Get,
        path: "/api/auth/me",
        route: || read().to(me::get),
        access: me::ACCESS,
        errors: &[],
        derived: GetMe::openapi,
        request: None,
        answers: |_| vec![("key", me_answer())],
        links: || Value::Null,
        field_rules: me_rules,
    },
];

#[derive(OpenApi)]
#[openapi(paths(find_customer))]
struct FindCustomer;

/// Find a customer by external id
#[utoipa::path(
    get, path = "/api/customers", tag = "customers",
    params(("externalId" = String, Query, description = "The org's own id")),
    responses(
        (status = 200, description = "The customer", body = CustomerBody),
    )
)]
fn find_customer() {}

#[derive(OpenApi)]
#[openapi(paths(get_customer))]
struct GetCustomer;

/// Read a customer
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

#[derive(OpenApi)]
#[openapi(paths(get_attempts))]
struct GetAttempts;

/// List verifications
///
/// Newest first. `cursor`, from `meta.next`, walks far without drift; it takes the place of `page`.
#[utoipa::path(
    get, path = "/api/identity/attempts", tag = "reading",
    params(
        ("method" = Option<String>, Query, description = "`nik_dukcapil`, …"),
        ("status" = Option<String>, Query, description = "`verified`, `failed` or `pending`"),
        ("reasonCategory" = Option<String>, Query, description = "One of those that rows have: `not_found`, …"),
        ("review" = Option<String>, Query, description = "`open`, `verified` or `failed`: only pending ones whose review stands there"),
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

#[derive(OpenApi)]
#[openapi(paths(get_verification))]
struct GetVerification;

/// Read a verification
///
/// Where a 202's `Location` points: 404 with `Retry-After` until it is projected.
#[utoipa::path(
    get, path = "/api/identity/verifications/{id}", tag = "reading",
    params(("id" = String, Path, description = "`ver_…`")),
    responses(
        (status = 200, description = "The verification", body = VerificationBody),
    )
)]
fn get_verification() {}

#[derive(OpenApi)]
#[openapi(paths(get_kyc))]
struct GetKyc;

/// Read a customer's KYC
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

#[derive(OpenApi)]
#[openapi(paths(get_me))]
struct GetMe;

/// Read the key's own rights
#[utoipa::path(
    get, path = "/api/auth/me", tag = "reading",
    responses((status = 200, description = "The key's org, scopes, capabilities, limits and settings", body = MeBody))
)]
fn get_me() {}

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

fn attempts_answer() -> Value {
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

fn kyc_answer() -> Value {
    json!({
        "customer": {
            "id": CUSTOMER,
            "fullName": "Nasabah Contoh",
            "kycLevel": "standard",
            "kycLastVerifiedAt": TIME,
            "kycExpiresAt": "2027-11-23T04:05:06.007Z",
        },
        "eligible": true,
        "blockers": [],
        "assurance": { "path": "dukcapil", "recheck": null },
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

fn verification_answer() -> Value {
    let mut row = attempt();
    row["enrolment"] = enrolment(false);
    row
}

fn match_answer() -> Value {
    let mut row = attempt();
    row["method"] = "face_match".into();
    row["score"] = 70.into();
    row["reason"] = Value::Null;
    row["enrolment"] = Value::Null;
    (row["match"], row["reference"]) = matched();
    row
}

fn me_answer() -> Value {
    let mut body = json!({
        "org": { "id": "org_1C1M0PMS3AYF2Q2GXBWDF1KTY7", "name": "Bank Contoh" },
        "keyId": "key_7G5M0PMS3AYF2Q2GXBWDF1KTY7",
        "environment": "sandbox",
        "scopes": Scope::STANDARD.map(Scope::as_str),
        "capabilities": { "strictScopes": true },
        "limits": {},
        "settings": {},
        "models": { "textReader": null, "passiveNet": null },
    });
    for (role, id, digits) in
        [("detector", "yunet-2023mar-int8bq", "49"), ("embedder", "sface-2021dec-int8bq", "fb")]
    {
        body["models"][role] = json!({ "id": id, "sha256": digits.repeat(32) });
    }
    for capability in Capability::ALL {
        body["capabilities"][capability.as_str()] = true.into();
    }
    for bucket in RateBucket::ALL {
        body["limits"][bucket.as_str()] = bucket.default_per_minute().into();
    }
    for setting in OrgSetting::ALL {
        let default = setting.default_value(Environment::Sandbox);
        body["settings"][setting.as_str()] = setting_json(default.as_ref());
    }
    // What the models ask for, and in the ordinary case what the org does.
    for (name, threshold) in [("match.low", 0.4), ("match.medium", 0.6), ("match.high", 0.5)] {
        body["settings"][name] = threshold.into();
    }
    body
}

fn customer_rules() -> Vec<FieldRule> {
    vec![
        ("CustomerBody", "id", id("cus")),
        ("CustomerBody", "kycLevel", tiers()),
        ("CustomerBody", "createdAt", time()),
    ]
}

fn attempt_rules() -> Vec<FieldRule> {
    vec![
        ("AttemptBody", "id", id("ver")),
        ("AttemptBody", "customerId", id("cus")),
        ("AttemptBody", "method", methods()),
        ("AttemptBody", "status", statuses()),
        ("AttemptBody", "score", score()),
        ("AttemptBody", "reasonCategory", one_of(ReasonCategory::ALL.map(ReasonCategory::as_str))),
        ("AttemptBody", "assuranceTier", assurance_tiers()),
        ("AttemptBody", "createdAt", time()),
        ("AttemptsBody", "page", json!({ "type": "integer", "minimum": 1 })),
        ("AttemptsBody", "limit", json!({ "type": "integer", "minimum": 1, "maximum": PAGE_ROWS_MAX })),
    ]
}

fn assurance_tiers() -> Value {
    one_of(AssuranceTier::ALL.map(AssuranceTier::as_str))
}

fn kyc_rules() -> Vec<FieldRule> {
    vec![
        ("KycCustomer", "id", id("cus")),
        ("KycCustomer", "kycLevel", tiers()),
        ("KycCustomer", "kycLastVerifiedAt", time()),
        ("KycCustomer", "kycExpiresAt", time()),
        ("KycBody", "blockers", json!({ "type": "array", "items": blocker() })),
        ("AssuranceBody", "path", one_of(AssurancePath::ALL.map(AssurancePath::as_str))),
        ("AssuranceRecheck", "id", id("rc")),
        ("AssuranceRecheck", "status", one_of(RecheckStatus::ALL.map(RecheckStatus::as_str))),
        ("KycVerification", "id", id("ver")),
        ("KycVerification", "method", methods()),
        ("KycVerification", "status", statuses()),
        ("KycVerification", "score", score()),
        ("KycVerification", "assuranceTier", assurance_tiers()),
        ("KycVerification", "createdAt", time()),
        ("KycTierEvent", "id", id("kte")),
        ("KycTierEvent", "fromTier", tiers()),
        ("KycTierEvent", "toTier", tiers()),
        ("KycTierEvent", "createdAt", time()),
    ]
}

fn blocker() -> Value {
    json!({ "type": "string", "pattern": "^(below_standard|expired|signal:[a-z_]+)$" })
}

fn me_rules() -> Vec<FieldRule> {
    vec![
        ("MeBody", "environment", one_of(["sandbox", "live"])),
        ("MeBody", "keyId", id("key")),
        ("MeBody", "scopes", json!({ "type": "array", "items": one_of(Scope::ALL.map(Scope::as_str)) })),
        ("MeBody", "limits", json!({ "description": buckets() })),
        ("MeOrg", "id", id("org")),
        ("MeModel", "sha256", json!({ "type": "string", "pattern": "^[0-9a-f]{64}$" })),
    ]
}

fn buckets() -> String {
    let names = RateBucket::ALL.map(|bucket| format!("`{}`", bucket.as_str())).join(", ");
    format!("Requests a minute by bucket ({names}); 0 is no limit.")
}
