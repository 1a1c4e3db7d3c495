//! Who may ask (contract §1): keys, tenancy, capability.

use std::collections::BTreeSet;

use chrono::{Duration, SecondsFormat, Utc};
use reqwest::Method;
use serde_json::json;

use crate::client::{Answer, VERDICT, declined, text, verified};
use crate::harness::ContractHarness;
use crate::patience::until;

#[track_caller]
fn is_401(answer: &Answer) {
    answer.is_error(401, "missing or invalid Bearer");
    assert_eq!(answer.header("www-authenticate"), Some("Bearer"), "{answer:?}");
}

const ENDPOINTS: [(&str, &str); 8] = [
    ("POST", VERDICT),
    ("POST", "/api/customers"),
    ("GET", "/api/customers?externalId=x"),
    ("GET", "/api/customers/cus_00000000000000000000000000"),
    ("GET", "/api/identity/attempts"),
    ("GET", "/api/identity/verifications/ver_00000000000000000000000000"),
    ("GET", "/api/identity/kyc/cus_00000000000000000000000000"),
    ("GET", "/api/auth/me"),
];

pub async fn without_a_good_key_every_endpoint_is_a_401<H: ContractHarness>() {
    let sandbox = H::start().await;
    let api = sandbox.api();
    let key = sandbox.info().key.clone();
    let unknown: String = key.chars().rev().take(32).collect();
    let unknown = format!("{}{unknown}", &key[..key.len() - 32]);
    let bad = [
        String::new(),
        "Bearer".to_owned(),
        "Bearer ".to_owned(),
        format!("Bearer {unknown}"),
        format!("Bearer {key}x"),
        format!("Bearer {}", &key[..key.len() - 1]),
        format!("Bearer {}", key.replacen("sandbox", "live", 1)),
        format!("Bearer {key} {key}"),
        format!("Basic {key}"),
        format!("Token {key}"),
        key.clone(),
        "Bearer x".to_owned(),
        format!("Bearer {}", "x".repeat(5_000)),
    ];
    for (method, path) in ENDPOINTS {
        let method: Method = method.parse().expect("a method");
        is_401(&api.with_key("").send(method.clone(), path, &[], None).await);
        for authorization in &bad {
            let headers = [("authorization", authorization.as_str()), ("content-type", "application/json")];
            let body = (method == Method::POST).then(|| b"{}".to_vec());
            is_401(&api.send(method.clone(), path, &headers, body).await);
        }
    }
}

pub async fn a_key_in_the_query_is_refused<H: ContractHarness>() {
    let sandbox = H::start().await;
    let key = sandbox.info().key.clone();
    let nobody = sandbox.api().with_key("");
    for name in ["api_key", "apiKey", "key", "access_token", "token", "authorization", "Bearer"] {
        is_401(&nobody.get(&format!("/api/identity/attempts?{name}={key}")).await);
        let body = declined(&sandbox.info().customer, "x");
        is_401(&nobody.post(&format!("{VERDICT}?{name}={key}"), &[], &body).await);
    }
    // Also where nobody needs one.
    for path in ["/openapi.json", "/docs", "/docs/index.html", "/nothing"] {
        is_401(&nobody.get(&format!("{path}?k={key}")).await);
    }
    assert_eq!(sandbox.api().total("").await, 0);
}

pub async fn a_revoked_key_and_an_expired_key_are_a_401<H: ContractHarness>() {
    let sandbox = H::start().await;
    let org = sandbox.info().org.clone();
    let (id, revoked) = sandbox.key(&org, &[]).await;
    sandbox.orgs(&["keys", "revoke", &org, &id]).await;
    until("the revocation", async || (revoked.get("/api/auth/me").await.status == 401).then_some(())).await;
    is_401(&revoked.verdict(&declined(&sandbox.info().customer, "x")).await);

    let soon = (Utc::now() + Duration::seconds(60)).to_rfc3339_opts(SecondsFormat::Millis, true);
    let (_, expiring) = sandbox.key(&org, &["--expires", &soon]).await;
    expiring.get("/api/auth/me").await.expect(200);
    until("the expiry", async || (expiring.get("/api/auth/me").await.status == 401).then_some(())).await;
    is_401(&expiring.verdict(&declined(&sandbox.info().customer, "x")).await);
    assert!(Utc::now().to_rfc3339_opts(SecondsFormat::Millis, true) >= soon, "it expired too early");
    assert_eq!(sandbox.api().total("").await, 0);
    // The sandbox's own key is another one.
    sandbox.api().get("/api/auth/me").await.expect(200);
}

pub async fn another_orgs_objects_do_not_exist<H: ContractHarness>() {
    let sandbox = H::start().await;
    let api = sandbox.api();
    let mine = text(
        &api.post("/api/customers", &[], &json!({"fullName": "Budi Santoso", "externalId": "SHARED-1"}))
            .await
            .expect(201)["id"],
    )
    .to_owned();
    let said = api.verdict(&verified(&mine)).await.expect(200);
    let verification = text(&said["verification"]["id"]);
    let (_, other) = sandbox.org(&["--dukcapil-enabled"]).await;
    for (theirs, nobodys) in [
        (format!("/api/customers/{mine}"), "/api/customers/cus_00000000000000000000000000"),
        (format!("/api/identity/kyc/{mine}"), "/api/identity/kyc/cus_00000000000000000000000000"),
        (
            format!("/api/identity/verifications/{verification}"),
            "/api/identity/verifications/ver_00000000000000000000000000",
        ),
    ] {
        let (theirs, nobodys) = (other.get(&theirs).await, other.get(nobodys).await);
        theirs.is_error(404, "not found");
        assert_eq!(theirs.body, nobodys.body);
        let names = |answer: &Answer| -> BTreeSet<String> {
            answer.headers.keys().map(|name| name.as_str().to_owned()).collect()
        };
        assert_eq!(names(&theirs), names(&nobodys), "told apart by headers");
    }
    other.verdict(&verified(&mine)).await.is_error(404, "not found");
    other.verdict(&verified("cus_00000000000000000000000000")).await.is_error(404, "not found");
    assert_eq!(other.total("").await, 0);
    assert_eq!(other.total(&format!("customerId={mine}")).await, 0);
    assert_eq!(other.get("/api/customers?externalId=SHARED-1").await.status, 404);
    // The same external id is free in the other org.
    other
        .post("/api/customers", &[], &json!({"fullName": "Budi", "externalId": "SHARED-1"}))
        .await
        .expect(201);
    assert_eq!(api.total("").await, 1);
}

pub async fn an_org_without_the_capability_is_a_403_and_a_running_sandbox_follows_a_change<
    H: ContractHarness,
>() {
    let sandbox = H::start().await;
    let api = sandbox.api();
    let (org, customer) = (sandbox.info().org.clone(), sandbox.info().customer.clone());
    api.verdict(&verified(&customer)).await.expect(200);
    let ran = sandbox.orgs(&["set", &org, "--dukcapil-enabled", "false"]).await;
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let refused = until("the capability off", async || {
        let answer = api.post(&format!("{VERDICT}?dryRun=true"), &[], &verified(&customer)).await;
        (answer.status != 200).then_some(answer)
    })
    .await;
    refused.is_error(403, "org capability disabled");
    api.verdict(&verified(&customer)).await.is_error(403, "org capability disabled");
    assert_eq!(api.total("").await, 1, "reading goes on, and nothing was written");
    let me = api.get("/api/auth/me").await.expect(200);
    assert_eq!(me["capabilities"]["dukcapilEnabled"], false, "{me}");
    sandbox.orgs(&["set", &org, "--dukcapil-enabled", "true"]).await;
    until("the capability on", async || {
        (api.verdict(&verified(&customer)).await.status == 200).then_some(())
    })
    .await;

    let (_, off_by_default) = sandbox.org(&[]).await;
    let theirs = off_by_default.customer("Dewi Lestari").await;
    off_by_default.verdict(&verified(&theirs)).await.is_error(403, "org capability disabled");
}
