//! Who gets in: keys, scopes, capabilities, rates, and the order in which it is checked.

use domain::orgs::{Capability, RateBucket, Scope};
use org_directory::orgs::{OrgChange, Orgs};
use reqwest::Method;
use serde_json::json;

use crate::harness::{TestApp, VERDICTS, declined, hear, many, new_org};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_good_key_it_is_401() {
    let app = TestApp::start().await;
    let url = format!("{}/api/auth/me", app.instance.url);
    let unknown = "Bearer qe_sk_sandbox_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    for header in [None, Some("Bearer"), Some("Basic YTpi"), Some("Bearer x"), Some(unknown)] {
        let mut request = app.client.get(&url);
        if let Some(header) = header {
            request = request.header("authorization", header);
        }
        let heard = hear(request).await;
        assert_eq!((heard.status, heard.error()), (401, "missing or invalid Bearer"), "{header:?}");
        assert_eq!(heard.header("www-authenticate"), Some("Bearer"));
        assert_eq!(heard.header("x-ratelimit-limit"), None);
    }
    for query in [format!("?api_key={}", app.key()), format!("?x={}", app.key()), "?token=x".to_owned()] {
        assert_eq!(app.get(&format!("/api/auth/me{query}")).await.status, 401);
    }
    let lower = app.client.get(&url).header("authorization", format!("bearer {}", app.key()));
    let me = hear(lower).await;
    assert_eq!((me.status, &me.body["org"]["id"]), (200, &json!(app.org.org.org.as_str())), "{me:?}");
    assert!(!me.body.to_string().contains(app.key()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_revoked_and_an_expired_key_are_refused() {
    let app = TestApp::start().await;
    let orgs = Orgs::new(&app.instance.engine);
    let org = &app.org.org.org;
    let long_ago = domain::time::Timestamp::from_millis(1);
    let expired = orgs.create_key(org, vec![Scope::Read], Some(long_ago)).await.expect("a key");
    let revoked = orgs.create_key(org, vec![Scope::Read], None).await.expect("a key");
    orgs.revoke_key(org, &revoked.record.id).await.expect("revoked");
    let digest = revoked.text.sha256();
    let followed = app.instance.app.directory.wait_for(|directory| {
        directory.key_by_sha256(&digest).is_some_and(|(key, _)| key.revoked_at.is_some())
    });
    followed.await;
    for key in [&expired, &revoked] {
        let heard = hear(app.request_as(key.text.expose(), Method::GET, "/api/auth/me")).await;
        assert_eq!(heard.status, 401);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn scopes_and_the_capability_are_asked_for() {
    let app = TestApp::start().await;
    let customer = app.customer().await;
    let org = &app.org.org.org;
    let orgs = Orgs::new(&app.instance.engine);
    let viewer = orgs.create_key(org, vec![Scope::VerificationsView], None).await.expect("a key");
    let digest = viewer.text.sha256();
    app.instance.app.directory.wait_for(|directory| directory.key_by_sha256(&digest).is_some()).await;
    let viewer = viewer.text.expose();
    let post = || hear(app.request_as(viewer, Method::POST, VERDICTS).json(&declined(&customer)));
    let heard = post().await;
    assert_eq!((heard.status, heard.error()), (403, "missing scope: verifications:write"));
    assert!(heard.header("x-ratelimit-limit").is_some());
    let heard = hear(app.request_as(viewer, Method::GET, "/api/customers?externalId=x")).await;
    assert_eq!((heard.status, heard.error()), (403, "missing scope: customers:view"));
    app.change_org(OrgChange { strict_scopes: Some(false), ..OrgChange::default() }).await;
    assert_eq!(post().await.status, 200, "the published platform's quirk");
    app.change_org(OrgChange {
        capabilities: [(Capability::DukcapilEnabled, false)].into(),
        ..OrgChange::default()
    })
    .await;
    let heard = post().await;
    assert_eq!((heard.status, heard.error()), (403, "org capability disabled"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rates_are_counted_per_bucket_and_said_on_every_answer() {
    let app = TestApp::start().await;
    let limits =
        [(RateBucket::Get, 2), (RateBucket::Write, 0), (RateBucket::NikDukcapil, 1)].into_iter().collect();
    let org = new_org(&app.instance, Scope::STANDARD.to_vec(), limits).await;
    let key = org.key.text.expose();
    let get = || hear(app.request_as(key, Method::GET, "/api/customers/x"));
    let first = get().await;
    assert_eq!((first.status, first.header("x-ratelimit-remaining")), (404, Some("1")));
    assert_eq!(first.header("x-ratelimit-limit"), Some("2"));
    assert_eq!(get().await.status, 404);
    let third = get().await;
    assert_eq!(third.status, 429);
    assert_eq!(
        third.body,
        json!({ "error": "rate limit exceeded", "code": "rate_limited", "bucket": "get", "limit": 2 })
    );
    assert!(third.header("retry-after").is_some() && third.header("x-ratelimit-reset").is_some());
    // 429 comes before everything that would be wrong with the request.
    let post = |path: &'static str| hear(app.request_as(key, Method::POST, path).body("x"));
    assert_eq!(post(VERDICTS).await.status, 415);
    assert_eq!(post(VERDICTS).await.body["bucket"], "nik_dukcapil");
    let write = post("/api/customers").await;
    assert_eq!((write.status, write.header("x-ratelimit-limit")), (415, Some("2147483647")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_check_comes_before_the_next() {
    let app = TestApp::with(|config| {
        config.api.bytes_in_flight_max = 4 * 1024 * 1024;
    })
    .await;
    let org = app.org.org.org.clone();
    let huge = vec![b'x'; 4 * 1024 * 1024 + 1];
    let post = |kind: &'static str, body: Vec<u8>| {
        hear(app.request(Method::POST, VERDICTS).header("content-type", kind).body(body))
    };
    let mut held = app.instance.app.admission.take(&org, None).expect("a first body");
    assert!(held.grow(4 * 1024 * 1024), "the whole budget");
    assert_eq!(post("text/plain", huge.clone()).await.status, 415);
    let large = post("application/json", huge).await;
    assert_eq!((large.status, large.error()), (413, "request body too large"));
    let busy = post("application/json", b"not json".to_vec()).await;
    assert_eq!((busy.status, busy.header("retry-after")), (503, Some("1")));
    drop(held);
    assert_eq!(post("application/json", b"not json".to_vec()).await.status, 400);
    let nobody = declined("cus_00000000000000000000000000");
    assert_eq!(post("application/json", nobody.to_string().into_bytes()).await.status, 404);
    let encoded = app
        .request(Method::POST, VERDICTS)
        .header("content-type", "application/json")
        .header("content-encoding", "gzip")
        .body("x");
    assert_eq!(hear(encoded).await.status, 415);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unknown_paths_and_methods_answer_in_json() {
    let app = TestApp::start().await;
    let lost = app.get("/api/nope").await;
    assert_eq!((lost.status, lost.error()), (404, "not found"));
    assert_eq!(lost.header("content-type"), Some("application/json"));
    let wrong = hear(app.request(Method::DELETE, VERDICTS)).await;
    assert_eq!((wrong.status, wrong.header("allow")), (405, Some("POST")));
    let wrong = hear(app.request(Method::PUT, "/api/customers")).await;
    assert_eq!((wrong.status, wrong.header("allow")), (405, Some("GET, HEAD, POST")));
    let outside = hear(app.client.get(format!("{}/nope", app.instance.url))).await;
    assert_eq!(outside.status, 404);
    let named = app.request(Method::GET, "/api/nope").header("x-request-id", "abc-123");
    assert_eq!(hear(named).await.header("x-request-id"), Some("abc-123"));
    for path in ["/docs", "/docs/", "/docs/swagger-ui.css", "/openapi.json"] {
        let heard = hear(app.client.get(format!("{}{path}", app.instance.url))).await;
        assert_eq!(heard.status, 200, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_management_listener_shows_health_metrics_and_schemas() {
    let app = TestApp::start().await;
    app.get("/api/auth/me").await;
    let get = |path: &str| {
        let url = format!("{}{path}", app.instance.admin_url);
        let request = app.client.get(url);
        async move {
            let response = request.send().await.expect("an answer");
            (response.status().as_u16(), response.text().await.expect("a body"))
        }
    };
    assert_eq!(get("/livez").await.0, 200);
    assert_eq!(get("/readyz").await.0, 200);
    let (status, page) = get("/metrics").await;
    assert_eq!(status, 200);
    assert!(
        page.contains("identity_http_requests_total{method=\"GET\",route=\"/api/auth/me\",status=\"200\"}")
    );
    let (status, subjects) = get("/registry/subjects").await;
    assert!(status == 200 && subjects.contains("identity.events-identity.DukcapilVerdictReceived"));
    let path = "/registry/subjects/identity.events-identity.CustomerErased/versions";
    assert_eq!(get(path).await, (200, "[1]".to_owned()));
    let (status, latest) = get(&format!("{path}/latest")).await;
    let latest: serde_json::Value = serde_json::from_str(&latest).expect("JSON");
    assert_eq!((status, &latest["version"]), (200, &json!(1)));
    let (status, schema) = get(&format!("/registry/schemas/ids/{}", latest["id"])).await;
    let schema: serde_json::Value = serde_json::from_str(&schema).expect("JSON");
    assert_eq!((status, &schema["schema"]), (200, &latest["schema"]));
    for (path, code) in [
        ("/registry/schemas/ids/999999", "40403"),
        ("/registry/subjects/none/versions", "40401"),
        (&format!("{path}/99"), "40402"),
        (&format!("{path}/x"), "42202"),
    ] {
        assert!(get(path).await.1.contains(code), "{path}");
    }
    assert!(get("/registry/nope").await.0 == 404 && many().per_minute(RateBucket::Get) == 0);
}
