//! Declared failures of Dukcapil as a bank's backend posts them, and what the ledger of rechecks shows of them.

use domain::time::Timestamp;
use serde_json::{Value, json};

use crate::client::{Answer, Api, text};

pub const FALLBACKS: &str = "/api/identity/fallbacks";
pub const RECHECKS: &str = "/api/identity/fallback/rechecks";
pub const WINDOWS: &str = "/api/identity/fallback/windows";
pub const SUMMARY: &str = "/api/identity/fallback/summary";

/// A moment that many seconds before now, or after it where they are negative.
pub fn seconds_ago(seconds: i64) -> String {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970");
    let now = i64::try_from(since.as_millis()).expect("a time");
    Timestamp::from_millis(now - seconds * 1_000).rfc3339()
}

/// Three attempts that timed out that long ago.
pub fn attempt(seconds: i64) -> Value {
    json!({ "from": "nik_dukcapil", "cause": "timeout", "attemptedAt": seconds_ago(seconds), "attempts": 3 })
}

/// The same, of that customer.
pub fn declaration(customer: &str, seconds: i64) -> Value {
    let mut body = attempt(seconds);
    body["customerId"] = customer.into();
    body
}

/// Declares it; the recheck that it opened or went on with.
pub async fn declare(api: &Api, customer: &str, seconds: i64) -> Value {
    let body = api.post(FALLBACKS, &[], &declaration(customer, seconds)).await.expect(201);
    body["fallback"]["recheckId"].clone()
}

/// The rows of the list.
pub async fn rechecks(api: &Api, query: &str) -> Vec<Value> {
    let body = api.get(&format!("{RECHECKS}?{query}")).await.expect(200);
    body["data"].as_array().unwrap_or_else(|| panic!("no data: {body}")).clone()
}

/// How many there are.
pub async fn rechecks_total(api: &Api, query: &str) -> u64 {
    let body = api.get(&format!("{RECHECKS}?{query}")).await.expect(200);
    body["total"].as_u64().unwrap_or_else(|| panic!("no total: {body}"))
}

/// The customer's latest recheck.
pub async fn recheck(api: &Api, customer: &str) -> Value {
    let rows = rechecks(api, &format!("customerId={customer}")).await;
    rows.first().unwrap_or_else(|| panic!("{customer} has none")).clone()
}

/// Closes it.
pub async fn close(keys: &Api, recheck: &Value, headers: &[(&str, &str)], body: &Value) -> Answer {
    keys.post(&format!("{RECHECKS}/{}/close", text(recheck)), headers, body).await
}
