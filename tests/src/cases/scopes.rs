//! What a key may do, and which check comes first (contract §1).

use reqwest::Method;
use serde_json::json;

use crate::cases::challenges::KTP;
use crate::client::{Api, VERDICT, declined, text, verified};
use crate::fallback_calls::{FALLBACKS, RECHECKS, SUMMARY, WINDOWS, declaration};
use crate::harness::ContractHarness;
use crate::patience::until;

/// Each endpoint's scope; a customer of the sandbox stands in for `{}`.
const WANTS: [(&str, &str, &str); 15] = [
    ("POST", VERDICT, "verifications:write"),
    ("POST", "/api/identity/face/match", "verifications:write"),
    ("POST", "/api/identity/face/enrolments", "verifications:write"),
    ("POST", KTP, "verifications:write"),
    ("GET", "/api/identity/face/enrolments?customerId={}", "verifications:view"),
    ("POST", "/api/customers", "customers:write"),
    ("GET", "/api/customers?externalId=nobody", "customers:view"),
    ("GET", "/api/customers/{}", "customers:view"),
    ("GET", "/api/identity/kyc/{}", "customers:view"),
    ("GET", "/api/identity/attempts", "verifications:view"),
    ("GET", "/api/identity/verifications/ver_00000000000000000000000000", "verifications:view"),
    ("POST", FALLBACKS, "verifications:write"),
    ("GET", RECHECKS, "verifications:view"),
    ("GET", WINDOWS, "verifications:view"),
    ("GET", SUMMARY, "verifications:view"),
];

/// Asks every endpoint: those of the granted scopes must not be a 403, the others must name their scope.
async fn grants(api: &Api, customer: &str, granted: &[&str]) {
    for (method, path, scope) in WANTS {
        let body = match path {
            VERDICT => Some(declined(customer, "Data ganda")),
            "/api/customers" => Some(json!({"fullName": "Budi Santoso"})),
            "/api/identity/face/match" | "/api/identity/face/enrolments" => Some(
                json!({"customerId": "cus_00000000000000000000000000", "image": verified(customer)["photo"]}),
            ),
            FALLBACKS => Some(declaration("cus_00000000000000000000000000", 0)),
            KTP => Some(json!({"customerId": "cus_00000000000000000000000000"})),
            _ => None,
        };
        let method: Method = method.parse().expect("a method");
        let headers = [("content-type", "application/json")];
        let body = body.map(|body| body.to_string().into_bytes());
        let answer = api.send(method, &path.replace("{}", customer), &headers, body).await;
        if granted.contains(&scope) {
            assert!(matches!(answer.status, 200 | 201 | 404), "{path} {granted:?}: {answer:?}");
        } else {
            answer.is_error(403, &format!("missing scope: {scope}"));
        }
    }
}

pub async fn each_endpoint_wants_its_scope_and_the_legacy_ones_grant_several<H: ContractHarness>() {
    let sandbox = H::start().await;
    let (org, customer) = (sandbox.info().org.clone(), sandbox.info().customer.clone());
    let all = ["customers:view", "customers:write", "verifications:view", "verifications:write"];
    for (scopes, granted) in [
        ("customers:view", &all[..1]),
        ("customers:write", &all[1..2]),
        ("verifications:view", &all[2..3]),
        ("verifications:write", &all[3..]),
        ("api:manage", &[]),
        ("customers:view,verifications:view", &["customers:view", "verifications:view"]),
        ("read", &["customers:view", "verifications:view"]),
        ("write", &all[..]),
    ] {
        let (_, api) = sandbox.key(&org, &["--scopes", scopes]).await;
        grants(&api, &customer, granted).await;
        let me = api.get("/api/auth/me").await.expect(200);
        assert_eq!(me["scopes"], json!(scopes.split(',').collect::<Vec<_>>()), "{me}");
    }
}

pub async fn an_org_that_is_not_strict_takes_verdicts_for_the_view_scope<H: ContractHarness>() {
    let sandbox = H::start().await;
    let (org, customer) = (sandbox.info().org.clone(), sandbox.info().customer.clone());
    let (_, viewer) = sandbox.key(&org, &["--scopes", "verifications:view"]).await;
    let (_, reader) = sandbox.key(&org, &["--scopes", "read"]).await;
    let (_, other) = sandbox.key(&org, &["--scopes", "customers:write"]).await;
    let strict = viewer.verdict(&verified(&customer)).await;
    strict.is_error(403, "missing scope: verifications:write");
    let ran = sandbox.orgs(&["set", &org, "--strict-scopes", "false"]).await;
    assert_eq!(ran.code, Some(0), "{ran:?}");
    until("the change", async || (viewer.verdict(&verified(&customer)).await.status == 200).then_some(()))
        .await;
    reader.verdict(&verified(&customer)).await.expect(200);
    // So do the other endpoints of that scope, and the quirk does not spread further.
    let body = json!({"customerId": customer, "image": verified(&customer)["photo"]});
    let refused = viewer.post("/api/identity/face/match", &[], &body).await.expect(409);
    assert_eq!(refused["code"], "no_face_model", "{refused}");
    assert_eq!(other.verdict(&verified(&customer)).await.status, 403);
    let registered = viewer.post("/api/customers", &[], &json!({"fullName": "Budi"})).await;
    registered.is_error(403, "missing scope: customers:write");
    // The capability is asked for all the same.
    let ran = sandbox.orgs(&["set", &org, "--dukcapil-enabled", "false"]).await;
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let refused = until("the capability off", async || {
        let answer = viewer.post(&format!("{VERDICT}?dryRun=true"), &[], &verified(&customer)).await;
        (answer.status != 200).then_some(answer)
    })
    .await;
    refused.is_error(403, "org capability disabled");
    assert_eq!(sandbox.api().total("").await, 2);
}

pub async fn checks_come_in_the_contracts_order<H: ContractHarness>() {
    let sandbox = H::start().await;
    let (org, customer) = (sandbox.info().org.clone(), sandbox.info().customer.clone());
    let api = sandbox.api();
    let (_, viewer) = sandbox.key(&org, &["--scopes", "verifications:view"]).await;
    let (_, off) = sandbox.org(&[]).await;
    let post = async |api: &Api, kind: &str, key: &str, body: &[u8]| {
        let headers = [("content-type", kind), ("idempotency-key", key)];
        api.send(Method::POST, VERDICT, &headers, Some(body.to_vec())).await
    };
    let large = vec![b' '; 4 * 1024 * 1024 + 1];
    let unknown = verified("cus_00000000000000000000000000").to_string();
    let good = declined(&customer, "Data ganda").to_string();
    // 401 before everything.
    post(&api.with_key("x"), "text/plain", "k", b"{").await.is_error(401, "missing or invalid Bearer");
    // Scope before type, size and content.
    post(&viewer, "text/plain", "k", b"{").await.is_error(403, "missing scope: verifications:write");
    post(&viewer, "application/json", "k", &large).await.is_error(403, "missing scope: verifications:write");
    // Capability before type, size and content.
    post(&off, "text/plain", "k", b"{").await.is_error(403, "org capability disabled");
    post(&off, "application/json", "k", &large).await.is_error(403, "org capability disabled");
    // 415 before 413 and 400.
    assert_eq!(post(&api, "text/plain", "k", &large).await.status, 415);
    assert_eq!(post(&api, "text/plain", "k", b"{").await.status, 415);
    // 413 before 400.
    assert_eq!(post(&api, "application/json", "k", &large).await.status, 413);
    // 400 before 404.
    let wrong_and_unknown = json!({"customerId": "cus_00000000000000000000000000", "valid": 1}).to_string();
    post(&api, "application/json", "k", wrong_and_unknown.as_bytes()).await.names_fields(&["valid"]);
    // 404 and 400 before 422.
    post(&api, "application/json", "k", good.as_bytes()).await.expect(200);
    post(&api, "application/json", "k", unknown.as_bytes()).await.is_error(404, "not found");
    assert_eq!(post(&api, "application/json", "k", b"{").await.status, 400);
    let other = declined(&customer, "Kuota habis").to_string();
    assert_eq!(post(&api, "application/json", "k", other.as_bytes()).await.status, 422);
    assert_eq!(api.total("").await, 1);
}

pub async fn scope_comes_before_capability_and_the_rate_limit_before_both<H: ContractHarness>() {
    let sandbox = H::start().await;
    let made = sandbox.orgs_json(&["create", "--name", "Kecil", "--ingest-limit", "2"]).await;
    let (_, viewer) = sandbox.key(text(&made["orgId"]), &["--scopes", "verifications:view"]).await;
    let body = declined("cus_00000000000000000000000000", "x");
    viewer.verdict(&body).await.is_error(403, "missing scope: verifications:write");
    until("the limit", async || {
        let answer = viewer.verdict(&body).await;
        if answer.status == 403 {
            return None;
        }
        answer.is(429, &json!({"error": "rate limit exceeded", "code": "rate_limited", "bucket": "nik_dukcapil", "limit": 2}));
        Some(())
    })
    .await;
}
