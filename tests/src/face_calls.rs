//! What tests on faces ask of the API, as patiently as threads of the lowest priority need it: a match that is told to
//! come again later comes again, as a bank's backend does.

use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Value, json};
use testkit::patience::PHOTOS_READ_WITHIN;

use crate::client::{Answer, Api};
use crate::patience::until_within;
use crate::portraits::portrait_text;

pub const MATCH: &str = "/api/identity/face/match";
pub const ENROLMENTS: &str = "/api/identity/face/enrolments";

/// A match of that body, however long its picture waits to be read.
pub async fn match_by(api: &Api, headers: &[(&str, &str)], body: &Value) -> Answer {
    until_within(PHOTOS_READ_WITHIN, "a picture to be compared", async || {
        let answer = api.post(MATCH, headers, body).await;
        if answer.status == 503 {
            assert!(answer.header("retry-after").is_some(), "{answer:?}");
        }
        (answer.status != 503).then_some(answer)
    })
    .await
}

/// A match of that picture, decided.
pub async fn compare(api: &Api, customer: &str, image: &str) -> Answer {
    compare_at(api, customer, image, "medium").await
}

/// The same where so much is at stake.
pub async fn compare_at(api: &Api, customer: &str, image: &str, level: &str) -> Answer {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let key = format!("compare-{}", NEXT.fetch_add(1, Ordering::Relaxed));
    let body = json!({ "customerId": customer, "image": image, "riskLevel": level });
    until_within(PHOTOS_READ_WITHIN, "a match to be projected", async || {
        let answer = match_by(api, &[("idempotency-key", key.as_str())], &body).await;
        (answer.status != 202).then_some(answer)
    })
    .await
}

/// The customer's references, newest first.
pub async fn references(api: &Api, customer: &str) -> Vec<Value> {
    let list = api.get(&format!("{ENROLMENTS}?customerId={customer}")).await.expect(200);
    list["data"].as_array().unwrap_or_else(|| panic!("no data: {list}")).clone()
}

/// Waits until the photo of every reference was read: each has a vector or a cause.
pub async fn until_read(api: &Api, customer: &str) -> Vec<Value> {
    until_within(PHOTOS_READ_WITHIN, "the photos to be read", async || {
        let references = references(api, customer).await;
        let is_read = |row: &Value| row["fallbackStub"] == false || row["cause"].is_string();
        (!references.is_empty() && references.iter().all(is_read)).then_some(references)
    })
    .await
}

/// A customer whose Dukcapil photo is that portrait, read.
pub async fn verified_with(api: &Api, name: &str) -> String {
    let customer = api.customer("Budi Santoso").await;
    let body = json!({ "customerId": customer, "valid": true, "photo": portrait_text(name) });
    api.verdict(&body).await.expect(200);
    until_read(api, &customer).await;
    customer
}
