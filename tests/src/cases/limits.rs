//! Rate limits (contract §1): per key and bucket, on every authenticated response.

use chrono::Utc;
use reqwest::Method;
use serde_json::json;

use crate::client::{Answer, VERDICT, declined, text, verified};
use crate::harness::ContractHarness;

/// Limit, remaining and reset of an answer.
#[track_caller]
fn rate(answer: &Answer) -> (u64, u64, i64) {
    let number = |name: &str| {
        let value = answer.header(name).unwrap_or_else(|| panic!("no {name}: {answer:?}"));
        value.parse::<i64>().unwrap_or_else(|_| panic!("{name}: {value}"))
    };
    let limit = number("x-ratelimit-limit").try_into().expect("not negative");
    let remaining = number("x-ratelimit-remaining").try_into().expect("not negative");
    (limit, remaining, number("x-ratelimit-reset"))
}

pub async fn every_authenticated_response_tells_its_buckets_limits<H: ContractHarness>() {
    let sandbox = H::start().await;
    let (_, api) = sandbox.org(&["--dukcapil-enabled"]).await;
    let customer = api.customer("Budi Santoso").await;
    let verdict = api.verdict(&verified(&customer)).await;
    let now = Utc::now().timestamp();
    let (limit, remaining, reset) = rate(&verdict);
    assert_eq!((limit, remaining), (30, 29), "{verdict:?}");
    assert!((now - 1..=now + 61).contains(&reset), "{reset} is not within a minute of {now}");
    // Whatever the answer.
    let bad = [
        api.verdict(&json!({})).await,
        api.verdict(&verified("cus_00000000000000000000000000")).await,
        api.send(Method::POST, VERDICT, &[("content-type", "text/plain")], Some(b"x".to_vec())).await,
        api.post_bytes(VERDICT, &[], vec![b' '; 4 * 1024 * 1024 + 1]).await,
    ];
    for (answer, status) in bad.iter().zip([400, 404, 415, 413]) {
        assert_eq!(answer.status, status, "{answer:?}");
        assert_eq!(rate(answer).0, 30);
    }
    assert_eq!(rate(&api.get("/api/identity/attempts").await).0, 600);
    assert_eq!(rate(&api.get("/api/identity/attempts?nonsense=1").await).0, 600);
    assert_eq!(rate(&api.get("/api/auth/me").await).0, 600);
    assert_eq!(rate(&api.post("/api/customers", &[], &json!({})).await).0, 120);
    assert_eq!(rate(&sandbox.api().get("/api/auth/me").await).0, 60_000);
    assert_eq!(rate(&sandbox.api().post("/api/customers", &[], &json!({})).await).0, 12_000);
    assert_eq!(rate(&sandbox.api().verdict(&json!({})).await).0, 60_000);
    // And none where nobody was authenticated.
    assert_eq!(api.with_key("x").get("/api/auth/me").await.header("x-ratelimit-limit"), None);
}

pub async fn above_the_limit_is_a_429_for_that_key_and_bucket_alone<H: ContractHarness>() {
    let sandbox = H::start().await;
    let made =
        sandbox.orgs_json(&["create", "--name", "Kecil", "--dukcapil-enabled", "--ingest-limit", "3"]).await;
    let org = text(&made["orgId"]);
    let (_, api) = sandbox.key(org, &[]).await;
    let customer = api.customer("Budi Santoso").await;
    let body = declined(&customer, "Data ganda");
    let mut taken = 0;
    // A window may end in between: two windows' worth at most.
    let refused = loop {
        let answer = api.verdict(&body).await;
        if answer.status == 429 {
            break answer;
        }
        answer.expect(200);
        taken += 1;
        assert!(taken <= 6, "no limit");
    };
    assert!(taken >= 3, "only {taken} were taken");
    refused.is(429, &json!({"error": "rate limit exceeded", "code": "rate_limited", "bucket": "nik_dukcapil", "limit": 3}));
    let after: i64 = refused.header("retry-after").and_then(|s| s.parse().ok()).expect("Retry-After");
    assert!((0..=60).contains(&after), "{after}");
    let (limit, remaining, reset) = rate(&refused);
    assert_eq!((limit, remaining), (3, 0));
    assert!((reset - Utc::now().timestamp() - after).abs() <= 2, "Reset and Retry-After do not agree");
    // Other buckets and other keys go on.
    assert_eq!(api.total("").await, taken);
    let (_, other) = sandbox.key(org, &[]).await;
    other.verdict(&body).await.expect(200);
    // Nothing was written by the refused one.
    assert_eq!(api.total("").await, taken + 1);
}
