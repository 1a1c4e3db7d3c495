//! The doors of every endpoint (contract §1): which check comes before which, and what stands on every
//! authenticated response, whatever kind it is.

use reqwest::Method;
use serde_json::{Value, json};

use system_tests::client::{Answer, Api, VERDICT, declined, text, verified};
use system_tests::harness::ContractHarness as _;
use system_tests::patience::until;
use system_tests::sandbox::{Options, Sandbox};
use system_tests::wire::{Wire, post_head};

const LIMIT: usize = 4 * 1024 * 1024;

const RATE: [&str; 3] = ["x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"];

/// An authenticated response: the bucket's limit, a request id, and for errors nothing but the contract's body.
#[track_caller]
fn stands(answer: &Answer, status: u16, limit: u64) {
    assert_eq!(answer.status, status, "{answer:?}");
    for name in RATE {
        let value = answer.header(name).unwrap_or_else(|| panic!("no {name}: {answer:?}"));
        assert!(value.parse::<u64>().is_ok(), "{name}: {value}");
    }
    assert_eq!(answer.header(RATE[0]), Some(limit.to_string().as_str()), "{answer:?}");
    assert!(answer.header("x-request-id").is_some(), "{answer:?}");
    if status >= 400 {
        let body = answer.json();
        let object = body.as_object().unwrap_or_else(|| panic!("{answer:?}"));
        assert!(object["error"].is_string() && object["code"].is_string(), "{answer:?}");
        let more = ["error", "code", "details", "bucket", "limit"];
        assert!(object.keys().all(|name| more.contains(&name.as_str())), "{answer:?}");
    }
    let when = [429, 503].contains(&status);
    assert!(!when || answer.header("retry-after").is_some_and(|s| s.parse::<u64>().is_ok()), "{answer:?}");
}

/// A body that has come but for its last byte: it holds the whole budget.
async fn holding(sandbox: &Sandbox, api: &Api) -> Wire {
    let length = LIMIT.to_string();
    let headers = [("Content-Type", "application/json"), ("Content-Length", length.as_str())];
    let mut wire = Wire::open(&sandbox.address()).await;
    wire.send(post_head("/api/customers", api.key(), &headers)).await;
    wire.send(vec![b' '; LIMIT - 1]).await;
    until("the budget to be taken", async || {
        let answer = api.post("/api/customers", &[], &json!({})).await;
        (answer.status == 503).then_some(())
    })
    .await;
    wire
}

#[tokio::test]
async fn every_kind_of_authenticated_response_tells_its_buckets_limit() {
    let sandbox =
        Sandbox::start_with(Options::environment(&[("IDENTITY_API__BYTES_IN_FLIGHT_MAX", "4194304")])).await;
    let (org, api) = sandbox.org(&["--dukcapil-enabled", "--ingest-limit", "1000"]).await;
    let (_, viewer) = sandbox.key(&org, &["--scopes", "customers:view"]).await;
    let customer = api.customer("Budi Santoso").await;
    let json_kind = [("content-type", "application/json")];
    let post = async |path: &str, headers: &[(&str, &str)], body: &str| {
        api.send(Method::POST, path, headers, Some(body.as_bytes().to_vec())).await
    };
    let good = declined(&customer, "Data ganda").to_string();
    let keyed = [json_kind[0], ("idempotency-key", "k")];
    stands(&post(VERDICT, &keyed, &good).await, 200, 1_000);
    stands(&post(VERDICT, &keyed, &good).await, 200, 1_000);
    stands(&post(VERDICT, &keyed, &verified(&customer).to_string()).await, 422, 1_000);
    stands(&post(&format!("{VERDICT}?dryRun=true"), &json_kind, &good).await, 200, 1_000);
    stands(&post(VERDICT, &json_kind, "{").await, 400, 1_000);
    stands(&post(VERDICT, &json_kind, "{}").await, 400, 1_000);
    stands(&post(VERDICT, &json_kind, &declined("cus_x", "x").to_string()).await, 404, 1_000);
    stands(&post(VERDICT, &[("content-type", "text/plain")], &good).await, 415, 1_000);
    stands(&post(VERDICT, &json_kind, &" ".repeat(LIMIT + 1)).await, 413, 1_000);
    let named = r#"{"fullName":"Dewi","externalId":"D-1"}"#;
    stands(&post("/api/customers", &json_kind, named).await, 201, 120);
    stands(&post("/api/customers", &json_kind, named).await, 409, 120);
    stands(&api.send(Method::DELETE, VERDICT, &[], None).await, 405, 120);
    stands(&api.send(Method::PUT, "/api/identity/attempts", &[], None).await, 405, 120);
    stands(&api.get(VERDICT).await, 405, 600);
    stands(&api.get("/api/nowhere").await, 404, 600);
    stands(&post("/api/nowhere", &json_kind, "{}").await, 404, 120);
    for path in ["/api/customers/x", "/api/identity/kyc/x", "/api/identity/verifications/x"] {
        stands(&api.get(path).await, 404, 600);
    }
    stands(&api.get("/api/identity/attempts?x=1").await, 400, 600);
    stands(&api.get("/api/identity/attempts").await, 200, 600);
    stands(&viewer.post(VERDICT, &[], &json!({})).await, 403, 1_000);
    stands(&viewer.get("/api/identity/attempts").await, 403, 600);
    let _held = holding(&sandbox, &api).await;
    stands(&post(VERDICT, &json_kind, &good).await, 503, 1_000);
    stands(&post("/api/customers", &json_kind, named).await, 503, 120);
    // Nobody, no headers; and outside of /api nobody is asked.
    let nobody = api.with_key("");
    for answer in
        [nobody.get("/api/auth/me").await, nobody.get("/api/nowhere").await, api.get("/nowhere").await]
    {
        assert!(RATE.iter().all(|name| answer.header(name).is_none()), "{answer:?}");
    }
}

#[tokio::test]
async fn of_two_things_that_are_wrong_the_earlier_check_answers() {
    let sandbox =
        Sandbox::start_with(Options::environment(&[("IDENTITY_API__BYTES_IN_FLIGHT_MAX", "4194304")])).await;
    let api = sandbox.api();
    let made = sandbox.orgs_json(&["create", "--name", "Kecil", "--ingest-limit", "1"]).await;
    let (_, limited) = sandbox.key(text(&made["orgId"]), &["--scopes", "customers:view"]).await;
    let (_, off) = sandbox.org(&["--scopes", "verifications:view"]).await;
    let post = async |api: &Api, kind: &str, query: &str, body: &[u8]| {
        let headers = [("content-type", kind)];
        api.send(Method::POST, &format!("{VERDICT}{query}"), &headers, Some(body.to_vec())).await
    };
    let before = sandbox.ends().await;
    let large = vec![b' '; LIMIT + 1];
    let json = "application/json";
    // 401 before 429, 403, 415, 413, 400: a key that nobody was given, one in the query, none.
    for (key, query) in [("x", ""), ("", ""), (api.key(), "?api_key=x"), (api.key(), "?x=qe_sk_live_x")] {
        post(&api.with_key(key), "text/plain", query, &large)
            .await
            .is_error(401, "missing or invalid Bearer");
    }
    // 429 before 403 scope, capability, 415, 413.
    until("the limit", async || {
        let answer = post(&limited, "text/plain", "", &large).await;
        if answer.status == 429 {
            answer.is(429, &json!({"error": "rate limit exceeded", "code": "rate_limited", "bucket": "nik_dukcapil", "limit": 1}));
            return Some(());
        }
        answer.is_error(403, "missing scope: verifications:write");
        None
    })
    .await;
    // 403 scope before 403 capability, 415, 413.
    post(&off, "text/plain", "", &large).await.is_error(403, "missing scope: verifications:write");
    let held = holding(&sandbox, &api).await;
    // 415 before 413, 503, 400; 413 before 503, 400; 503 before 400, 404.
    assert_eq!(post(&api, "text/plain", "?x=1", &large).await.status, 415);
    assert_eq!(post(&api, json, "?x=1", &large).await.status, 413);
    for body in [&b"{"[..], b"{}", declined("cus_x", "x").to_string().as_bytes()] {
        let busy = post(&api, json, "?x=1", body).await;
        assert_eq!((busy.status, busy.header("retry-after").is_some()), (503, true), "{busy:?}");
    }
    drop(held);
    until("the budget to be free", async || (post(&api, json, "", b"{}").await.status == 400).then_some(()))
        .await;
    // 400 before 404 and 422: in the body, in the query, in the Idempotency-Key, all at once.
    let nobody = declined("cus_00000000000000000000000000", "x");
    let wrong = [("content-type", json), ("idempotency-key", "a b")];
    let answer = api
        .send(Method::POST, &format!("{VERDICT}?x=1&dryRun=perhaps"), &wrong, Some(nobody.to_string().into()))
        .await;
    answer.names_fields(&["Idempotency-Key", "dryRun", "x"]);
    let mut all = json!({"customerId": 1, "valid": "x", "photo": 1, "raw": 1, "reason": 1});
    let answer = api.post(&format!("{VERDICT}?x=1"), &[("idempotency-key", "a b")], &all).await;
    answer.names_fields(&["Idempotency-Key", "customerId", "photo", "raw", "reason", "valid", "x"]);
    all = json!({"fullName": 1, "externalId": 1});
    let answer = api.post("/api/customers?x=1", &[("idempotency-key", "\"")], &all).await;
    answer.names_fields(&["Idempotency-Key", "externalId", "fullName", "x"]);
    assert_eq!(sandbox.ends().await, before, "something was written");
}

#[tokio::test]
async fn what_is_ignored_is_named_on_errors_and_registrations_too() {
    let sandbox = Sandbox::start().await;
    let (api, customer) = (sandbox.api(), sandbox.info().customer.clone());
    let named = |answer: &Answer| answer.header("x-ignored-fields").map(str::to_owned);
    let wrong = api.verdict(&json!({"customerId": customer, "vaild": true})).await;
    wrong.names_fields(&["valid"]);
    assert_eq!(named(&wrong).as_deref(), Some("vaild"));
    let missing = api.verdict(&json!({"customerId": "cus_x", "valid": false, "Reason": "x"})).await;
    assert_eq!((missing.status, named(&missing).as_deref()), (404, Some("Reason")));
    let dry = format!("{VERDICT}?dryRun=true");
    let dry = api.post(&dry, &[], &json!({"customerId": customer, "valid": false, "é": 1})).await;
    assert_eq!(named(&dry).as_deref(), Some("%C3%A9"));
    let made = api.post("/api/customers", &[], &json!({"fullName": "Dewi", "fullname": "x"})).await;
    assert_eq!((made.status, named(&made).as_deref()), (201, Some("fullname")));
    // Eight names that fill the 512 bytes to the last, and one byte more.
    for (last, names) in [(57, 8), (58, 7)] {
        let mut body = declined(&customer, "x");
        for number in 0..7 {
            body[format!("n{}{number}", "n".repeat(62))] = Value::Null;
        }
        body["z".repeat(last)] = Value::Null;
        let header = named(&api.verdict(&body).await).expect("names");
        assert_eq!((header.split(',').count(), header.len() <= 512), (names, true), "{header}");
        assert!(last != 57 || header.len() == 512, "{}", header.len());
    }
}
