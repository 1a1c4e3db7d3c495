//! What operators see of requests (issue `core`, 5): a log line for each, with its route's template and its
//! id, the cause where we failed; metrics by the conventions, without the names of anybody.

use std::collections::BTreeMap;

use reqwest::Method;
use serde_json::{Value, json};

use system_tests::client::{VERDICT, declined, verified};
use system_tests::harness::ContractHarness as _;
use system_tests::patience::until;
use system_tests::sandbox::{Options, Sandbox};
use system_tests::wire::{Wire, post_head};

/// The log line of the request that had this id.
async fn line_of(sandbox: &Sandbox, id: &str) -> Value {
    until("the request's line", async || {
        let output = sandbox.output();
        output
            .lines()
            .filter_map(|line| serde_json::from_str::<Value>(line).ok())
            .find(|line| line["message"] == "request" && line["request_id"] == id)
    })
    .await
}

#[tokio::test]
async fn a_requests_line_has_its_route_its_key_and_its_objects_and_never_its_query_or_body() {
    let sandbox = Sandbox::start_with(Options::environment(&[("RUST_LOG", "trace")])).await;
    let (api, customer) = (sandbox.api(), sandbox.info().customer.clone());
    let key_id = api.get("/api/auth/me").await.expect(200)["keyId"].clone();
    let json_kind = ("content-type", "application/json");
    for (number, (method, path, body, route, status)) in [
        ("POST", VERDICT.to_owned(), declined(&customer, "ALASAN-77").to_string(), VERDICT, 200),
        (
            "POST",
            format!("{VERDICT}?dryRun=true"),
            declined(&customer, "ALASAN-77").to_string(),
            VERDICT,
            200,
        ),
        ("POST", format!("{VERDICT}?QUERY-77=1"), "{\"BODY-77\":1}".to_owned(), VERDICT, 400),
        (
            "GET",
            format!("/api/identity/kyc/{customer}"),
            String::new(),
            "/api/identity/kyc/{customerId}",
            200,
        ),
        ("GET", "/api/customers/PATH-77".to_owned(), String::new(), "/api/customers/{id}", 404),
        ("GET", "/api/customers?externalId=QUERY-77".to_owned(), String::new(), "/api/customers", 404),
        (
            "GET",
            "/api/identity/attempts?from=QUERY-77".to_owned(),
            String::new(),
            "/api/identity/attempts",
            400,
        ),
        (
            "POST",
            VERDICT.to_owned(),
            declined("cus_00000000000000000000000000", "ALASAN-77").to_string(),
            VERDICT,
            404,
        ),
        ("GET", "/api/PATH-77".to_owned(), String::new(), "unmatched", 404),
        ("PUT", VERDICT.to_owned(), "BODY-77".to_owned(), VERDICT, 405),
    ]
    .into_iter()
    .enumerate()
    {
        let id = format!("line-{number}");
        let headers = [json_kind, ("x-request-id", id.as_str()), ("idempotency-key", "KEY-77")];
        let method_word: Method = method.parse().expect("a method");
        let body = (method != "GET").then(|| body.into_bytes());
        let answer = api.send(method_word, &path, &headers, body).await;
        assert_eq!(answer.status, status, "{path}: {answer:?}");
        let line = line_of(&sandbox, &id).await;
        assert_eq!(
            (&line["route"], &line["status"], &line["method"]),
            (&json!(route), &json!(status), &json!(method)),
            "{line}"
        );
        assert_eq!(line["org"], sandbox.info().org.as_str(), "{line}");
        assert!(line["latency_ms"].is_f64(), "{line}");
        assert_eq!(line["key_id"], key_id, "{line}");
        let objects = line["objects"].as_str().expect("ids, or none");
        let first = objects.split(' ').next().unwrap_or_default();
        assert_eq!(first == customer, status == 200, "what was found, and nothing that was made up: {line}");
        assert_eq!(objects.contains("ver_"), number == 0, "a verdict's line names it: {line}");
    }
    let output = sandbox.output();
    for secret in ["QUERY-77", "BODY-77", "PATH-77", "KEY-77", "ALASAN-77"] {
        let said = output.lines().find(|line| line.contains(secret));
        assert!(said.is_none(), "{secret} was logged: {said:?}");
    }
}

#[tokio::test]
async fn a_503_of_ours_has_a_line_that_says_why_and_a_body_that_does_not() {
    let options =
        [("IDENTITY_API__BYTES_IN_FLIGHT_MAX", "4194304"), ("IDENTITY_API__DIRECTORY_STALE_MS", "600000")];
    let sandbox = Sandbox::start_with(Options::environment(&options)).await;
    let api = sandbox.api();
    let headers = [("Content-Type", "application/json"), ("Content-Length", "4194304")];
    let mut holding = Wire::open(&sandbox.address()).await;
    holding.send(post_head(VERDICT, api.key(), &headers)).await;
    // All but its last byte: what has come is what it holds.
    holding.send(vec![b' '; 4_194_303]).await;
    let mut number = 0;
    let (id, refused) = until("a 503", async || {
        number += 1;
        let id = format!("busy-{number}");
        let headers = [("x-request-id", id.as_str())];
        let answer = api.post("/api/customers", &headers, &json!({})).await;
        (answer.status == 503).then_some((id, answer))
    })
    .await;
    refused.is_error(503, "too many requests in flight");
    assert_eq!(refused.header("x-request-id"), Some(id.as_str()));
    let line = line_of(&sandbox, &id).await;
    assert_eq!((&line["level"], &line["status"]), (&json!("WARN"), &json!(503)), "{line}");
    assert!(line["cause"].as_str().is_some_and(|cause| !cause.is_empty()), "{line}");
}

#[tokio::test]
async fn an_instance_that_hears_of_no_changes_answers_503() {
    // News come four times a second, so that news of a millisecond ago are almost always missing.
    let options = Options::environment(&[("IDENTITY_API__DIRECTORY_STALE_MS", "1")]);
    let sandbox = Sandbox::start_with(options).await;
    let api = sandbox.api();
    let refused = until("a 503", async || {
        let answer = api.get("/api/auth/me").await;
        (answer.status == 503).then_some(answer)
    })
    .await;
    refused.is_error(503, "temporarily unavailable");
    assert!(refused.header("retry-after").is_some(), "{refused:?}");
    let ready = sandbox.admin().get("/readyz").await;
    assert_eq!(ready.status, 200, "an outage does not empty the load balancer");
}

/// Each sample's name, labels and value.
fn samples(page: &str) -> Vec<(String, BTreeMap<String, String>, f64)> {
    let labels = |text: &str| -> BTreeMap<String, String> {
        let pairs = text.split("\",").map(|pair| pair.trim_end_matches('"'));
        pairs
            .filter(|pair| !pair.is_empty())
            .map(|pair| {
                let (name, value) = pair.split_once("=\"").unwrap_or_else(|| panic!("no label: {text}"));
                (name.to_owned(), value.to_owned())
            })
            .collect()
    };
    page.lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty())
        .map(|line| {
            let (series, value) = line.rsplit_once(' ').expect("a sample");
            let (name, rest) = series.split_once('{').unwrap_or((series, "}"));
            let value = value.parse().unwrap_or_else(|_| panic!("no number: {line}"));
            (name.to_owned(), labels(rest.trim_end_matches('}')), value)
        })
        .collect()
}

#[tokio::test]
async fn metrics_follow_the_conventions_and_name_nobody() {
    let sandbox = Sandbox::start().await;
    let (org, customer) = (sandbox.info().org.clone(), sandbox.info().customer.clone());
    let (key_id, api) = sandbox.key(&org, &[]).await;
    api.post(VERDICT, &[("idempotency-key", "IDEMPOTENT-9")], &verified(&customer)).await.expect(200);
    api.post("/api/customers", &[], &json!({"fullName": "Budi", "externalId": "EXTERNAL-9"}))
        .await
        .expect(201);
    api.kyc(&customer).await;
    api.get("/api/customers?externalId=EXTERNAL-9").await.expect(200);
    api.send("BREW".parse().expect("a method"), VERDICT, &[], None).await.expect(405);
    api.send(Method::GET, "/nowhere/at/all", &[], None).await.expect(404);
    let page = String::from_utf8(sandbox.admin().get("/metrics").await.body).expect("text");
    let types: BTreeMap<&str, &str> =
        page.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' ')).collect();
    for (name, kind) in &types {
        assert!(name.starts_with("identity_") || name.starts_with("process_"), "{name}");
        assert_eq!(*kind == "counter", name.ends_with("_total"), "{name} is a {kind}");
        let unit = ["_seconds", "_bytes", "_total", "_records", "_rows", "_info"];
        assert!(*kind != "histogram" || unit.iter().any(|unit| name.ends_with(unit)), "{name} has no unit");
    }
    let samples = samples(&page);
    let mut routes = std::collections::BTreeSet::new();
    for (name, labels, _) in &samples {
        for (label, value) in labels {
            let what = format!("{name}: {label}={value}");
            let secrets =
                [key_id.as_str(), org.as_str(), customer.as_str(), "IDEMPOTENT-9", "EXTERNAL-9", "BREW"];
            assert!(secrets.iter().all(|secret| !value.contains(secret)), "{what}");
            for id in ["cus_", "ver_", "fe_", "kte_", "req_", "evt_", "key_", "org_", "qe_sk"] {
                assert!(!value.contains(id), "{what}");
            }
            if label == "route" {
                routes.insert(value.as_str());
            }
        }
    }
    for route in [VERDICT, "/api/identity/kyc/{customerId}", "/api/customers", "unmatched"] {
        assert!(routes.contains(route), "{route}: {routes:?}");
    }
    let count = |name: &str, wanted: &[(&str, &str)]| -> f64 {
        let found = samples.iter().filter(|(one, labels, _)| {
            one == name
                && wanted.iter().all(|(label, value)| labels.get(*label).is_some_and(|has| has == value))
        });
        found.map(|(_, _, value)| value).sum()
    };
    let verdicts = [("method", "POST"), ("route", VERDICT), ("status", "200")];
    assert!((count("identity_http_requests_total", &verdicts) - 1.0).abs() < 0.1, "{page}");
    assert!((count("identity_http_request_seconds_count", &verdicts[..2]) - 1.0).abs() < 0.1, "{page}");
    let made_up = [("method", "other"), ("route", VERDICT), ("status", "405")];
    assert!((count("identity_http_requests_total", &made_up) - 1.0).abs() < 0.1, "{page}");
}
