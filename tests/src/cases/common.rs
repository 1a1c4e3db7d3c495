//! What every endpoint has in common (contract §1): request ids, unknown paths and methods.

use reqwest::Method;

use crate::client::{Answer, VERDICT, declined, is_id};
use crate::harness::ContractHarness;
use crate::wire::{Wire, get, post_head};

#[track_caller]
fn request_id(answer: &Answer) -> String {
    answer.header("x-request-id").unwrap_or_else(|| panic!("no request id: {answer:?}")).to_owned()
}

pub async fn a_request_id_is_taken_up_or_minted_and_stands_on_every_response<H: ContractHarness>() {
    let sandbox = H::start().await;
    let api = sandbox.api();
    let nobody = api.with_key("");
    let longest = "x".repeat(128);
    for given in ["a", "trace/42?x=1&y=~!", longest.as_str()] {
        let headers = [("x-request-id", given)];
        for (api, path) in [
            (&api, "/api/auth/me"),
            (&api, "/api/identity/kyc/nobody"),
            (&nobody, "/api/auth/me"),
            (&api, "/nowhere"),
            (&api, VERDICT),
            (&nobody, "/openapi.json"),
        ] {
            let answer = api.send(Method::GET, path, &headers, None).await;
            assert_eq!(request_id(&answer), given, "{path}");
        }
    }
    let mut seen = std::collections::BTreeSet::new();
    let too_long = "x".repeat(129);
    for bad in [None, Some("with space"), Some(too_long.as_str()), Some("")] {
        let headers: Vec<_> = bad.iter().map(|&bad| ("x-request-id", bad)).collect();
        let answer = api.send(Method::GET, "/api/auth/me", &headers, None).await;
        let minted = request_id(&answer);
        assert!(is_id("req_", &minted.clone().into()), "{bad:?}: {minted}");
        assert!(seen.insert(minted), "minted twice");
    }
    let mut wire = Wire::open(&sandbox.address()).await;
    wire.send(b"GET /api/auth/me HTTP/1.1\r\nHost: x\r\nX-Request-Id: caf\xC3\xA9\r\n\r\n").await;
    let answer = wire.answer().await.expect("an answer");
    assert!(is_id("req_", &request_id(&answer).into()), "{answer:?}");
    // Early answers have one, too.
    let mut wire = Wire::open(&sandbox.address()).await;
    let headers =
        [("Content-Type", "application/json"), ("Content-Length", "99999999"), ("X-Request-Id", "early")];
    wire.send(post_head(VERDICT, api.key(), &headers)).await;
    let answer = wire.answer().await.expect("an answer");
    assert_eq!((answer.status, request_id(&answer).as_str()), (413, "early"));
}

pub async fn the_log_line_of_a_request_has_its_id<H: ContractHarness>() {
    let sandbox = H::start().await;
    let headers = [("x-request-id", "look-for-me-1"), ("content-type", "application/json")];
    let body = declined(&sandbox.info().customer, "Data ganda").to_string().into_bytes();
    sandbox.api().send(Method::POST, VERDICT, &headers, Some(body)).await.expect(200);
    let line = crate::patience::until("the log line", async || {
        let output = sandbox.output();
        output.lines().find(|line| line.contains("look-for-me-1")).map(str::to_owned)
    })
    .await;
    let line: serde_json::Value = serde_json::from_str(&line).expect("log lines are JSON off a terminal");
    assert!(line.to_string().contains("look-for-me-1"));
}

pub async fn an_unknown_path_is_a_json_404<H: ContractHarness>() {
    let sandbox = H::start().await;
    let api = sandbox.api();
    for path in [
        "/api/nowhere",
        "/api",
        "/api/identity",
        "/api/identity/nik",
        "/api/identity/nik/dukcapil/",
        "/nowhere",
        "/api/customers/a/b",
        "/livez",
        "/readyz",
        "/metrics",
    ] {
        for method in [Method::GET, Method::POST] {
            let answer = api.send(method, path, &[("content-type", "application/json")], None).await;
            answer.is_error(404, "not found");
            request_id(&answer);
        }
    }
    // Paths that are no text.
    for path in [
        "/api/customers/%FF%FE",
        "/api/identity/kyc/%00",
        "/api/identity/verifications/%2e%2e%2f",
        "/api/identity/../customers/x",
    ] {
        let mut wire = Wire::open(&sandbox.address()).await;
        wire.send(get(path, api.key())).await;
        let answer = wire.answer().await.expect("an answer");
        assert!(matches!(answer.status, 400 | 404), "{path}: {answer:?}");
        answer.json();
    }
}

pub async fn a_wrong_method_is_a_405_with_allow<H: ContractHarness>() {
    let sandbox = H::start().await;
    let api = sandbox.api();
    for (path, wrong, allowed) in [
        (VERDICT, &["GET", "PUT", "PATCH", "DELETE"][..], &["POST"][..]),
        ("/api/customers", &["PUT", "DELETE"], &["GET", "POST"]),
        ("/api/customers/cus_00000000000000000000000000", &["POST", "DELETE"], &["GET"]),
        ("/api/identity/attempts", &["POST", "PUT"], &["GET"]),
        ("/api/identity/kyc/x", &["POST"], &["GET"]),
        ("/api/identity/verifications/x", &["POST", "DELETE"], &["GET"]),
        ("/api/auth/me", &["POST"], &["GET"]),
    ] {
        for method in wrong {
            let method: Method = method.parse().expect("a method");
            let answer = api.send(method.clone(), path, &[("content-type", "application/json")], None).await;
            assert!(answer.expect(405)["error"].is_string(), "{method} {path}: {answer:?}");
            let allow = answer.header("allow").unwrap_or_else(|| panic!("no Allow: {answer:?}"));
            for &one in allowed {
                assert!(allow.split(',').any(|word| word.trim() == one), "{path}: {allow}");
            }
        }
    }
}

pub async fn traceparent_is_taken_up_and_a_broken_one_is_no_error<H: ContractHarness>() {
    let sandbox = H::start().await;
    let api = sandbox.api();
    let body = declined(&sandbox.info().customer, "Data ganda");
    for traceparent in [
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "00-00000000000000000000000000000000-0000000000000000-00",
        "nonsense",
        "",
    ] {
        api.post(VERDICT, &[("traceparent", traceparent)], &body).await.expect(200);
    }
}

pub async fn a_traceparent_is_carried_into_the_logs_records<H: ContractHarness>() {
    let sandbox = H::start().await;
    let trace = "0af7651916cd43dd8448eb211c80319c";
    let header = format!("00-{trace}-b7ad6b7169203331-01");
    let body = declined(&sandbox.info().customer, "Data ganda");
    sandbox.api().post(VERDICT, &[("traceparent", &header)], &body).await.expect(200);
    for topic in [domain::ports::Topic::Events, domain::ports::Topic::Audit] {
        let records = sandbox.records(topic).await;
        let last = records.iter().max_by_key(|record| record.appended_at).expect("a record");
        let carried = last.header("traceparent").map(String::from_utf8_lossy).expect("a traceparent");
        assert!(carried.contains(trace), "{topic:?}: {carried}");
    }
}
