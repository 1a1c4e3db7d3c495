//! What every error has (contract §1): the code that a program branches on, equal to the published list, and the
//! headers that go with it.

use reqwest::Method;
use serde_json::{Value, json};

use crate::client::{Answer, VERDICT, declined, text, verified};
use crate::harness::ContractHarness;
use crate::patience::until;
use crate::wire::{Wire, get, post_head};

const JSON: (&str, &str) = ("content-type", "application/json");

/// The published list: code and status, as the page has them.
fn listed() -> Vec<(String, u16)> {
    let page = include_str!("../../../docs/errors.md");
    let rows = page.lines().filter(|line| line.starts_with("| 4") || line.starts_with("| 5"));
    rows.map(|row| {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        (cells[2].trim_matches('`').to_owned(), cells[1].parse().expect("a status"))
    })
    .collect()
}

/// An error of that code: its status is the list's, and it says no more than an error says.
#[track_caller]
fn is_coded(answer: &Answer, code: &str) {
    let listed = listed();
    let (_, status) = listed.iter().find(|(word, _)| word == code).unwrap_or_else(|| panic!("{code}"));
    let body = answer.expect(*status);
    assert_eq!(body["code"], code, "{answer:?}");
    assert!(body["error"].as_str().is_some_and(|text| !text.is_empty()), "{answer:?}");
    for (header, statuses) in
        [("allow", [405, 405]), ("www-authenticate", [401, 401]), ("retry-after", [429, 503])]
    {
        let wanted = statuses.contains(status);
        assert!(!wanted || answer.header(header).is_some(), "no {header}: {answer:?}");
    }
}

pub async fn every_error_has_the_code_of_the_published_list<H: ContractHarness>() {
    let sandbox = H::start().await;
    let (api, customer) = (sandbox.api(), sandbox.info().customer.clone());
    let (org, _) = sandbox.org(&[]).await;
    let (_, viewer) = sandbox.key(&org, &["--scopes", "customers:view"]).await;
    let (_, off) = sandbox.key(&org, &["--scopes", "verifications:write"]).await;
    let nobody = declined("cus_00000000000000000000000000", "x");
    is_coded(&api.with_key("x").get("/api/auth/me").await, "unauthorized");
    is_coded(&viewer.get("/api/identity/attempts").await, "missing_scope");
    is_coded(&off.verdict(&nobody).await, "capability_disabled");
    for path in ["/nowhere", "/docs/nowhere", "/api/nowhere", "/api/customers/"] {
        is_coded(&api.get(path).await, "route_not_found");
    }
    for path in ["/api/customers/x", "/api/identity/kyc/x", "/api/customers?externalId=x"] {
        is_coded(&api.get(path).await, "customer_not_found");
    }
    is_coded(&api.verdict(&nobody).await, "customer_not_found");
    is_coded(&api.get("/api/identity/verifications/x").await, "verification_not_found");
    is_coded(&api.send(Method::DELETE, VERDICT, &[], None).await, "method_not_allowed");
    is_coded(&api.send(Method::POST, "/openapi.json", &[], None).await, "method_not_allowed");
    is_coded(&api.post_bytes(VERDICT, &[], b"{".to_vec()).await, "malformed_json");
    is_coded(&api.verdict(&json!({})).await, "validation_failed");
    is_coded(&api.get("/api/identity/attempts?page=0").await, "validation_failed");
    is_coded(&api.send(Method::POST, VERDICT, &[], Some(b"{}".to_vec())).await, "unsupported_media_type");
    let large = vec![b' '; 4 * 1024 * 1024 + 1];
    is_coded(&api.send(Method::POST, VERDICT, &[JSON], Some(large)).await, "body_too_large");
    let key = [("idempotency-key", "once")];
    api.post(VERDICT, &key, &declined(&customer, "Data ganda")).await.expect(200);
    is_coded(&api.post(VERDICT, &key, &declined(&customer, "x")).await, "idempotency_key_reused");
    let named = json!({ "fullName": "Dewi Lestari", "externalId": "D-1" });
    api.post("/api/customers", &[], &named).await.expect(201);
    is_coded(&api.post("/api/customers", &[], &named).await, "external_id_taken");
    let limited = sandbox.orgs_json(&["create", "--name", "Kecil", "--ingest-limit", "1"]).await;
    let (_, limited) = sandbox.key(text(&limited["orgId"]), &["--scopes", "customers:view"]).await;
    until("the limit", async || {
        let answer = limited.verdict(&nobody).await;
        (answer.status == 429).then(|| is_coded(&answer, "rate_limited"))
    })
    .await;
    // Beneath the framework, where no handler answers.
    let mut wire = Wire::open(&sandbox.address()).await;
    wire.send(b"GET / HTTP/1.1\r\nHost: x\r\nBad Header: x\r\n\r\n").await;
    is_coded(&wire.answer().await.expect("an answer"), "malformed_request");
    let mut wire = Wire::open(&sandbox.address()).await;
    wire.send(post_head(
        VERDICT,
        api.key(),
        &[("Content-Type", "application/json"), ("Content-Length", "9")],
    ))
    .await;
    wire.send(b"{").await;
    wire.half_close().await;
    is_coded(&wire.answer().await.expect("an answer"), "incomplete_body");
    // The management listener's own answers have one, too.
    is_coded(&sandbox.admin().get("/nowhere").await, "route_not_found");
    is_coded(&sandbox.admin().send(Method::POST, "/metrics", &[], None).await, "method_not_allowed");
}

pub async fn a_missing_scope_and_a_capability_are_named_and_whom_to_ask<H: ContractHarness>() {
    let contact = "identity-support@example.com";
    let sandbox = H::with_settings(&[("IDENTITY_SUPPORT__CONTACT", contact)]).await;
    let (org, off) = sandbox.org(&[]).await;
    let (_, viewer) = sandbox.key(&org, &["--scopes", "customers:view"]).await;
    let customer = off.customer("Dewi Lestari").await;
    off.verdict(&verified(&customer)).await.is(
        403,
        &json!({
            "error": "org capability disabled",
            "code": "capability_disabled",
            "details": { "capability": "dukcapilEnabled", "contact": contact },
        }),
    );
    let me = off.get("/api/auth/me").await.expect(200);
    assert_eq!(me["capabilities"]["dukcapilEnabled"], false, "called so where it is shown: {me}");
    viewer.get("/api/identity/attempts").await.is(
        403,
        &json!({
            "error": "missing scope: verifications:view",
            "code": "missing_scope",
            "details": { "scope": "verifications:view" },
        }),
    );
}

pub async fn without_a_contact_the_capability_alone_is_named<H: ContractHarness>() {
    let sandbox = H::start().await;
    let (_, off) = sandbox.org(&[]).await;
    let customer = off.customer("Dewi Lestari").await;
    let details = off.verdict(&verified(&customer)).await.expect(403)["details"].clone();
    assert_eq!(details, json!({ "capability": "dukcapilEnabled" }));
}

pub async fn what_may_have_personal_data_is_stored_by_nobody<H: ContractHarness>() {
    let sandbox = H::start().await;
    let (api, customer) = (sandbox.api(), sandbox.info().customer.clone());
    let made = api.verdict(&declined(&customer, "Data ganda")).await;
    let id = text(&made.expect(200)["verification"]["id"]).to_owned();
    let named = json!({ "fullName": "Dewi Lestari", "externalId": "D-1" });
    let mut answers = vec![
        made,
        api.post("/api/customers", &[], &named).await,
        api.post("/api/customers", &[], &named).await,
        api.post(&format!("{VERDICT}?dryRun=true"), &[], &declined(&customer, "x")).await,
        api.verdict(&json!({})).await,
        api.with_key("x").get("/api/auth/me").await,
    ];
    for path in [
        "/api/identity/attempts".to_owned(),
        "/api/identity/attempts?page=0".to_owned(),
        format!("/api/identity/verifications/{id}"),
        format!("/api/identity/kyc/{customer}"),
        format!("/api/customers/{customer}"),
        "/api/customers?externalId=D-1".to_owned(),
        "/api/customers/x".to_owned(),
        "/api/auth/me".to_owned(),
        "/nowhere".to_owned(),
    ] {
        answers.push(api.get(&path).await);
        answers.push(api.send(Method::HEAD, &path, &[], None).await);
    }
    for answer in &answers {
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{answer:?}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{answer:?}");
    }
}

pub async fn names_that_could_be_values_are_shown_nowhere<H: ContractHarness>() {
    let sandbox = H::start().await;
    let (api, customer) = (sandbox.api(), sandbox.info().customer.clone());
    let nik = "3171234567890001";
    let said = |answer: &Answer| format!("{:?} {}", answer.headers, String::from_utf8_lossy(&answer.body));
    for name in
        [nik.to_owned(), format!("_{nik}"), format!("-{nik}"), format!("%20{nik}"), format!("%2B{nik}")]
    {
        for path in ["/api/identity/attempts", "/api/customers", "/api/auth/me", "/api/identity/kyc/x"] {
            let answer = api.get(&format!("{path}?{name}=1")).await;
            assert_eq!(answer.status, 400, "{answer:?}");
            assert!(!said(&answer).contains(nik), "{answer:?}");
            assert!(answer.json()["details"]["fieldErrors"]["unknown"].is_array(), "{answer:?}");
        }
    }
    for name in [nik.to_owned(), format!("_{nik}"), format!(" {nik}"), format!("+{nik}"), format!("\"{nik}")]
    {
        let mut body = declined(&customer, "Data ganda");
        body[&name] = Value::Null;
        let answer = api.verdict(&body).await;
        assert_eq!((answer.status, answer.header("x-ignored-fields")), (200, None), "{answer:?}");
        let name = Value::from(name);
        let twice = format!(r#"{{"customerId":"{customer}","valid":false,{name}:1,{name}:2}}"#);
        let answer = api.post_bytes(VERDICT, &[], twice.into_bytes()).await;
        answer.names_fields(&["unknown"]);
        assert!(!said(&answer).contains(nik), "{answer:?}");
    }
    let answer = api.post("/api/customers", &[], &json!({ "fullName": "Dewi", nik: 1, "fullname": 1 })).await;
    assert_eq!((answer.status, answer.header("x-ignored-fields")), (201, Some("fullname")), "{answer:?}");
}

pub async fn a_time_zone_whose_plus_was_not_encoded_gets_a_hint<H: ContractHarness>() {
    let sandbox = H::start().await;
    let api = sandbox.api();
    let kyc = format!("/api/identity/kyc/{}", sandbox.info().customer);
    for (path, field) in [
        ("/api/identity/attempts".to_owned(), "from"),
        ("/api/identity/attempts".to_owned(), "to"),
        (kyc, "asOf"),
    ] {
        let texts = async |time: &str| {
            let mut wire = Wire::open(&sandbox.address()).await;
            wire.send(get(&format!("{path}?{field}={time}"), api.key())).await;
            let answer = wire.answer().await.expect("an answer");
            answer.names_fields(&[field]);
            answer.json()["details"]["fieldErrors"][field].to_string()
        };
        assert!(texts("2026-11-23T07:00:00+07:00").await.contains("%2B"), "{path} {field}");
        assert!(!texts("yesterday+07:00").await.contains("%2B"), "{path} {field}");
    }
}

pub async fn a_thousand_unknown_fields_are_ignored_and_one_more_is_a_400<H: ContractHarness>() {
    let sandbox = H::start().await;
    let (api, customer) = (sandbox.api(), sandbox.info().customer.clone());
    let body = |unknown: usize| {
        let mut body = declined(&customer, "Data ganda");
        for number in 0..unknown {
            body[format!("f{number}")] = Value::Null;
        }
        body
    };
    api.verdict(&body(1_000)).await.expect(200);
    let refused = api.verdict(&body(1_001)).await;
    refused.names_fields(&["body"]);
    assert!(refused.json()["details"]["fieldErrors"]["body"].to_string().contains("1000"), "{refused:?}");
}
