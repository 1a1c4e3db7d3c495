//! What the description of the API says of the endpoints that read rechecks and outages. Their handlers are in
//! `reading::rechecks`, `reading::outage_windows` and `reading::recheck_summary`.
#![allow(dead_code, unused_qualifications, reason = "read and written by utoipa's macros")]

use domain::limits::PAGE_ROWS_MAX;
use domain::recheck::{AttemptCause, SettledHow};
use serde_json::{Value, json};
use utoipa::OpenApi;

use super::description::{EndpointDescription, EndpointMethod, FieldRule};
use super::examples::{CUSTOMER, TIME, VERIFICATION};
use super::rules::{id, one_of, recheck_statuses, tiers, time};
use crate::reading::outage_windows::{self, OutageWindowsBody};
use crate::reading::recheck_summary::{self, RecheckSummaryBody};
use crate::reading::rechecks::{self, RechecksBody};
use crate::routes::read;

/// The endpoints, in the document's order.
pub static ENDPOINTS: [EndpointDescription; 3] = [
    EndpointDescription {
        method: EndpointMethod::Get,
        path: rechecks::ROUTE,
        route: || read().to(rechecks::get),
        access: rechecks::ACCESS,
        errors: &[],
        derived: GetRechecks::openapi,
        request: None,
        answers: |_| vec![("page", rechecks_answer())],
        // A cursor leads from a page to itself: with that link sequences would be of pages alone.
        links: || Value::Null,
        field_rules: recheck_rules,
    },
    EndpointDescription {
        method: EndpointMethod::Get,
        path: "/api/identity/fallback/windows",
        route: || read().to(outage_windows::get),
        access: outage_windows::ACCESS,
        errors: &[],
        derived: GetWindows::openapi,
        request: None,
        answers: |_| vec![("page", windows_answer())],
        links: || Value::Null,
        field_rules: window_rules,
    },
    EndpointDescription {
        method: EndpointMethod::Get,
        path: "/api/identity/fallback/summary",
        route: || read().to(recheck_summary::get),
        access: recheck_summary::ACCESS,
        errors: &[],
        derived: GetSummary::openapi,
        request: None,
        answers: |_| vec![("summary", summary_answer())],
        links: || Value::Null,
        field_rules: || vec![("RecheckSummaryBody", "oldestOpenedAt", time())],
    },
];

#[derive(OpenApi)]
#[openapi(paths(get_rechecks))]
struct GetRechecks;

/// List rechecks
///
/// Who was onboarded while Dukcapil did not answer, and what became of it. Newest first, with `sort=oldest` the one first that
/// has waited longest. `from` and `to` are of `openedAt`. `cursor`, from `meta.next`, takes the place of `page`, and is of the
/// order that it was given for.
#[utoipa::path(
    get, path = "/api/identity/fallback/rechecks", tag = "rechecks",
    params(
        ("status" = Option<String>, Query, description = "Only this status"),
        ("from" = Option<String>, Query, description = "`openedAt` from here, inclusive"),
        ("to" = Option<String>, Query, description = "`openedAt` to here, exclusive"),
        ("customerId" = Option<String>, Query, description = "Only this customer"),
        ("page" = Option<u64>, Query, description = "From 1"),
        ("limit" = Option<u32>, Query, description = "1 to 100, 20 when not said"),
        ("cursor" = Option<String>, Query, description = "`meta.next` of an earlier page"),
        ("sort" = Option<String>, Query, description = "`oldest`: the one first that has waited longest"),
    ),
    responses((status = 200, description = "A page", body = RechecksBody))
)]
fn get_rechecks() {}

#[derive(OpenApi)]
#[openapi(paths(get_windows))]
struct GetWindows;

/// List outages
///
/// As the org's own failures show them, newest first. A window begins with a failure, takes in every one that follows within 15
/// minutes, and ends with the first verdict after the last; `open=true` is the cue to ask Dukcapil again. It is worked out when it
/// is asked for: until `settled` a late declaration may move it. Without `from` it is the last 30 days, and at most 92 at once.
#[utoipa::path(
    get, path = "/api/identity/fallback/windows", tag = "rechecks",
    params(
        ("from" = Option<String>, Query, description = "Windows that begin from here, inclusive"),
        ("to" = Option<String>, Query, description = "To here, exclusive"),
        ("open" = Option<bool>, Query, description = "Only those that go on, or only those that have ended"),
        ("page" = Option<u64>, Query, description = "From 1"),
        ("limit" = Option<u32>, Query, description = "1 to 100, 20 when not said"),
        ("cursor" = Option<String>, Query, description = "`meta.next` of an earlier page"),
    ),
    responses((status = 200, description = "A page", body = OutageWindowsBody))
)]
fn get_windows() {}

#[derive(OpenApi)]
#[openapi(paths(get_summary))]
struct GetSummary;

/// Count what is open
#[utoipa::path(
    get, path = "/api/identity/fallback/summary", tag = "rechecks",
    responses((status = 200, description = "As of this answer", body = RecheckSummaryBody))
)]
fn get_summary() {}

fn rechecks_answer() -> Value {
    let row = |id: &str, status: &str, verification: Value| {
        let is_open = status == "open";
        json!({
            "id": id,
            "customerId": CUSTOMER,
            "status": status,
            "cause": "timeout",
            "openedAt": TIME,
            "lastAttemptAt": TIME,
            "attempts": 3,
            "kycLevel": "standard",
            "settledAt": if is_open { Value::Null } else { TIME.into() },
            "how": if is_open { Value::Null } else { "verdict".into() },
            "verificationId": verification,
        })
    };
    let open = row("rc_8H6M0PMS3AYF2Q2GXBWDF1KTY7", "open", Value::Null);
    let confirmed = row("rc_4C1M0PMS3AYF2Q2GXBWDF1KTY7", "confirmed", VERIFICATION.into());
    page_of(&[open, confirmed])
}

fn windows_answer() -> Value {
    let window = json!({
        "from": "2026-11-23T02:40:11.120Z",
        "to": TIME,
        "settled": false,
        "failures": 21,
        "causes": { "timeout": 11, "http_5xx": 10 },
        "opened": 20,
        "confirmed": 17,
        "contradicted": 1,
        "open": 1,
    });
    page_of(&[window])
}

fn page_of(rows: &[Value]) -> Value {
    json!({
        "data": rows,
        "total": rows.len(),
        "page": 1,
        "limit": 20,
        "meta": { "pages": 1, "next": null },
    })
}

fn summary_answer() -> Value {
    json!({
        "open": 4,
        "ages": { "lt1d": 2, "d1to7": 1, "d7to30": 1, "gt30d": 0 },
        "oldestOpenedAt": TIME,
    })
}

fn page_rules(schema: &'static str) -> [FieldRule; 2] {
    [
        (schema, "page", json!({ "type": "integer", "minimum": 1 })),
        (schema, "limit", json!({ "type": "integer", "minimum": 1, "maximum": PAGE_ROWS_MAX })),
    ]
}

fn recheck_rules() -> Vec<FieldRule> {
    let of_row = [
        ("RecheckBody", "id", id("rc")),
        ("RecheckBody", "customerId", id("cus")),
        ("RecheckBody", "status", recheck_statuses()),
        ("RecheckBody", "cause", one_of(AttemptCause::ALL.map(AttemptCause::as_str))),
        ("RecheckBody", "openedAt", time()),
        ("RecheckBody", "lastAttemptAt", time()),
        ("RecheckBody", "kycLevel", tiers()),
        ("RecheckBody", "settledAt", time()),
        ("RecheckBody", "how", one_of(SettledHow::ALL.map(SettledHow::as_str))),
        ("RecheckBody", "verificationId", id("ver")),
    ];
    page_rules("RechecksBody").into_iter().chain(of_row).collect()
}

fn window_rules() -> Vec<FieldRule> {
    let causes = json!({
        "propertyNames": { "enum": AttemptCause::ALL.map(AttemptCause::as_str) },
        "additionalProperties": { "type": "integer", "minimum": 1 },
    });
    let of_row = [
        ("OutageWindowBody", "from", time()),
        ("OutageWindowBody", "to", time()),
        ("OutageWindowBody", "causes", causes),
    ];
    page_rules("OutageWindowsBody").into_iter().chain(of_row).collect()
}
