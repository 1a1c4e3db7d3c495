//! What describes and what watches the API: `auth/me`, OpenAPI, the docs page, the management listener.

use serde_json::{Value, json};

use crate::client::{declined, text, verified};
use crate::harness::ContractHarness;

pub async fn me_shows_what_a_key_may_do_and_never_the_key<H: ContractHarness>() {
    let sandbox = H::start().await;
    let info = sandbox.info();
    let answer = sandbox.api().get("/api/auth/me").await;
    let me = answer.expect(200);
    assert_eq!(me["org"]["id"], info.org);
    assert_eq!(me["environment"], "sandbox");
    let scopes = me["scopes"].as_array().expect("scopes");
    for scope in
        ["customers:view", "customers:write", "verifications:view", "verifications:write", "api:manage"]
    {
        assert!(scopes.contains(&json!(scope)), "{me}");
    }
    assert_eq!(me["capabilities"]["dukcapilEnabled"], true, "{me}");
    assert_eq!(me["limits"]["nik_dukcapil"], 60_000, "{me}");
    let shown = String::from_utf8(answer.body.clone()).expect("text");
    let secret = info.key.rsplit('_').next().expect("the key's secret part");
    assert_eq!(secret.len(), 32);
    assert!(!shown.contains(secret) && !format!("{:?}", answer.headers).contains(secret));
}

/// Every `$ref` of a document.
fn refs<'v>(value: &'v Value, found: &mut Vec<&'v str>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                match value.as_str() {
                    Some(target) if name == "$ref" => found.push(target),
                    _ => refs(value, found),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| refs(item, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

pub async fn openapi_describes_every_endpoint_and_refers_to_nothing_that_is_not_there<H: ContractHarness>() {
    let sandbox = H::start().await;
    let api = sandbox.api().with_key("");
    let document = api.get("/openapi.json").await.expect(200);
    assert!(text(&document["openapi"]).starts_with("3."), "{}", document["openapi"]);
    assert!(document["info"]["title"].is_string() && document["info"]["version"].is_string());
    for (path, method, statuses) in [
        (
            "/api/identity/nik/dukcapil",
            "post",
            &["200", "202", "400", "401", "403", "404", "408", "413", "415", "422", "429", "503"][..],
        ),
        ("/api/identity/attempts", "get", &["200", "400", "401", "403", "429", "503"]),
        ("/api/identity/verifications/{id}", "get", &["200", "401", "403", "404", "429", "503"]),
        ("/api/identity/kyc/{customerId}", "get", &["200", "400", "401", "403", "404", "429", "503"]),
        (
            "/api/customers",
            "post",
            &["201", "202", "400", "401", "403", "409", "413", "415", "422", "429", "503"],
        ),
        ("/api/customers", "get", &["200", "400", "401", "403", "404", "429", "503"]),
        ("/api/customers/{id}", "get", &["200", "401", "403", "404", "429", "503"]),
        ("/api/auth/me", "get", &["200", "401", "429", "503"]),
    ] {
        let operation = &document["paths"][path][method];
        assert!(operation.is_object(), "{method} {path} is not described");
        for &status in statuses {
            assert!(operation["responses"][status].is_object(), "{method} {path} does not describe {status}");
        }
        assert!(operation.to_string().contains("example"), "{method} {path} has no example");
        assert!(
            operation["security"].is_array() || document["security"].is_array(),
            "{method} {path}: no security"
        );
    }
    let mut found = Vec::new();
    refs(&document, &mut found);
    for target in found {
        let pointer = target.strip_prefix('#').unwrap_or_else(|| panic!("{target} is elsewhere"));
        assert!(document.pointer(pointer).is_some(), "{target} is not there");
    }
    let scheme = document["components"]["securitySchemes"].as_object().and_then(|all| all.values().next());
    assert_eq!(scheme.map(|scheme| scheme["scheme"].clone()), Some(json!("bearer")));
}

pub async fn the_docs_are_a_page_that_needs_nobody_else<H: ContractHarness>() {
    let sandbox = H::start().await;
    let api = sandbox.api().with_key("");
    let page = api.get("/docs").await;
    assert_eq!(page.status, 200, "{page:?}");
    assert!(page.header("content-type").is_some_and(|kind| kind.starts_with("text/html")), "{page:?}");
    let html = String::from_utf8(page.body).expect("text");
    for elsewhere in ["src=\"http", "href=\"http", "src=\"//", "href=\"//"] {
        assert!(!html.contains(elsewhere), "the page loads from elsewhere: {html}");
    }
}

pub async fn the_page_may_do_little_and_nobody_may_frame_it<H: ContractHarness>() {
    let sandbox = H::start().await;
    let api = sandbox.api().with_key("");
    for path in ["/docs", "/docs/", "/docs/index.html", "/docs/swagger-ui-bundle.js", "/docs/swagger-ui.css"]
    {
        let answer = api.get(path).await;
        assert_eq!(answer.status, 200, "{path}");
        let policy = answer.header("content-security-policy").unwrap_or_default();
        for word in ["default-src 'none'", "script-src 'self'", "frame-ancestors 'none'"] {
            assert!(policy.contains(word), "{path}: {policy}");
        }
        assert!(!policy.contains("unsafe-eval") && !policy.contains("script-src 'self' 'unsafe"), "{policy}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{path}");
    }
    let answer = api.get("/openapi.json").await;
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{answer:?}");
}

pub async fn beneath_the_registrys_path_every_answer_is_in_confluents_shape<H: ContractHarness>() {
    let sandbox = H::start().await;
    let admin = sandbox.admin();
    let kind = "application/vnd.schemaregistry.v1+json";
    for (method, path, status, code) in [
        ("GET", "/registry", 404, 404),
        ("GET", "/registry/", 404, 404),
        ("GET", "/registry/config", 404, 404),
        ("GET", "/registry/mode", 404, 404),
        ("GET", "/registry/schemas/types", 404, 404),
        ("GET", "/registry/subjects/", 404, 404),
        ("GET", "/registry/schemas/ids/1/", 404, 404),
        ("GET", "/registry/subjects/none/versions/latest", 404, 40401),
        ("GET", "/registry/schemas/ids/99999", 404, 40403),
        ("POST", "/registry/subjects/none/versions", 405, 405),
        ("POST", "/registry/config", 404, 404),
        ("DELETE", "/registry/subjects", 405, 405),
        ("PUT", "/registry/schemas/ids/1", 405, 405),
    ] {
        let answer = admin.send(method.parse().expect("a method"), path, &[], None).await;
        assert_eq!((answer.status, answer.header("content-type")), (status, Some(kind)), "{method} {path}");
        let body: Value = serde_json::from_slice(&answer.body).expect("JSON");
        assert_eq!(body["error_code"], code, "{method} {path}: {body}");
        assert!(body["message"].is_string(), "{method} {path}: {body}");
        assert!(status != 405 || answer.header("allow").is_some(), "{method} {path}");
    }
}

pub async fn the_management_listener_alone_has_health_and_metrics<H: ContractHarness>() {
    let sandbox = H::start().await;
    let (api, admin) = (sandbox.api(), sandbox.admin());
    assert_ne!(sandbox.info().url, sandbox.info().admin_url);
    api.verdict(&verified(&sandbox.info().customer)).await.expect(200);
    api.verdict(&declined(&sandbox.info().customer, "Data ganda")).await.expect(200);
    api.verdict(&json!({})).await.expect(400);
    for path in ["/livez", "/readyz"] {
        assert_eq!(admin.get(path).await.status, 200, "{path}");
        api.get(path).await.is_error(404, "not found");
    }
    api.get("/metrics").await.is_error(404, "not found");
    for path in ["/api/auth/me", "/api/identity/attempts", "/docs", "/openapi.json"] {
        assert_eq!(admin.get(path).await.status, 404, "{path} on the management listener");
    }
    let metrics = admin.get("/metrics").await;
    assert_eq!(metrics.status, 200);
    assert!(metrics.header("content-type").is_some_and(|kind| kind.starts_with("text/plain")), "{metrics:?}");
    let lines = String::from_utf8(metrics.body).expect("text");
    let samples: Vec<&str> =
        lines.lines().filter(|line| !line.starts_with('#') && !line.is_empty()).collect();
    assert!(samples.iter().any(|line| line.starts_with("identity_")), "{lines}");
    for sample in &samples {
        let (name, value) = sample.rsplit_once(' ').unwrap_or_else(|| panic!("no sample: {sample}"));
        assert!(matches!(value, "NaN" | "+Inf" | "-Inf") || value.parse::<f64>().is_ok(), "{sample}");
        assert!(name.starts_with(|c: char| c.is_ascii_alphabetic()), "{sample}");
        // Neither persons nor single requests are label values.
        for id in ["cus_", "ver_", "fe_", "req_", "evt_"] {
            assert!(!sample.contains(id), "an id in a label: {sample}");
        }
    }
    for line in lines.lines().filter_map(|line| line.strip_prefix("# TYPE ")) {
        let (name, kind) = line.split_once(' ').expect("a type");
        assert!(kind != "counter" || name.ends_with("_total"), "a counter that is no _total: {line}");
    }
    // Unknown paths make no new series.
    for number in 0..5 {
        api.get(&format!("/series-{number}")).await.expect(404);
    }
    let lines = String::from_utf8(admin.get("/metrics").await.body).expect("text");
    assert!(!lines.contains("series-"), "a path that was asked for became a label");
}
