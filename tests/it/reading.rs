//! What all reading has in common (contract §1; RFC 9110, §9.3.2): HEAD, methods, lists at their edges.

use reqwest::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use system_tests::client::{Api, VERDICT, declined, text, verified};
use system_tests::harness::ContractHarness as _;
use system_tests::patience::DEADLINE;
use system_tests::sandbox::Sandbox;
use system_tests::wire::get;

/// Everything that a connection says to a HEAD and, after it, to a GET that ends it.
async fn head_then_get(address: &str, path: &str, key: &str) -> String {
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    let head = get(path, key).replacen("GET", "HEAD", 1);
    let last = get("/openapi.json", key).replacen("\r\n\r\n", "\r\nConnection: close\r\n\r\n", 1);
    stream.write_all(format!("{head}{last}").as_bytes()).await.expect("sent");
    let mut heard = Vec::new();
    let reading = tokio::time::timeout(DEADLINE, stream.read_to_end(&mut heard)).await;
    reading.expect("in time").expect("an end in order");
    String::from_utf8(heard).expect("text")
}

#[tokio::test]
async fn head_is_get_without_its_body() {
    let sandbox = Sandbox::start().await;
    let api = sandbox.api();
    let named = json!({"fullName": "Budi Santoso", "externalId": "HEAD-1"});
    let customer = text(&api.post("/api/customers", &[], &named).await.expect(201)["id"]).to_owned();
    let said = api.verdict(&verified(&customer)).await.expect(200);
    let verification = text(&said["verification"]["id"]).to_owned();
    for path in [
        format!("/api/customers/{customer}"),
        "/api/customers?externalId=HEAD-1".to_owned(),
        "/api/identity/attempts".to_owned(),
        format!("/api/identity/verifications/{verification}"),
        format!("/api/identity/kyc/{customer}"),
        "/api/auth/me".to_owned(),
        "/openapi.json".to_owned(),
        "/docs".to_owned(),
        "/api/customers/nobody".to_owned(),
        "/api/identity/attempts?limit=0".to_owned(),
    ] {
        let read = api.get(&path).await;
        let heard = head_then_get(&sandbox.address(), &path, api.key()).await;
        let (head, rest) = heard.split_once("\r\n\r\n").unwrap_or_else(|| panic!("{path}: {heard}"));
        let (status_line, headers) = head.split_once("\r\n").expect("headers");
        assert!(status_line.starts_with(&format!("HTTP/1.1 {} ", read.status)), "{path}: {status_line}");
        assert!(rest.starts_with("HTTP/1.1 200 OK"), "{path}: a body: {rest:.100}");
        let mut names: Vec<_> = read.headers.keys().map(|name| name.as_str().to_owned()).collect();
        names.sort();
        let mut of_head: Vec<_> = headers
            .split("\r\n")
            .map(|line| line.split_once(':').expect("a header").0.to_ascii_lowercase())
            // Said of the connection, which the GET behind it ends.
            .filter(|name| name != "connection")
            .collect();
        of_head.sort();
        assert_eq!(of_head, names, "{path}");
        let length = format!("content-length: {}", read.body.len());
        assert!(headers.split("\r\n").any(|line| line.to_ascii_lowercase() == length), "{path}: {headers}");
    }
    for path in ["/livez", "/readyz", "/metrics"] {
        let answer = sandbox.admin().send(Method::HEAD, path, &[], None).await;
        assert_eq!((answer.status, answer.body.len()), (200, 0), "{path}: {answer:?}");
    }
    let nobody = sandbox.admin().send(Method::HEAD, "/nowhere", &[], None).await;
    assert_eq!((nobody.status, nobody.body.len()), (404, 0), "{nobody:?}");
}

#[tokio::test]
async fn allow_names_the_methods_there_are() {
    let sandbox = Sandbox::start().await;
    let api = sandbox.api();
    for (path, allow) in [
        (VERDICT, "POST"),
        ("/api/customers", "GET, HEAD, POST"),
        ("/api/customers/x", "GET, HEAD"),
        ("/api/identity/attempts", "GET, HEAD"),
        ("/api/identity/verifications/x", "GET, HEAD"),
        ("/api/identity/kyc/x", "GET, HEAD"),
        ("/api/auth/me", "GET, HEAD"),
        ("/openapi.json", "GET, HEAD"),
        ("/docs", "GET, HEAD"),
    ] {
        for method in ["DELETE", "PATCH", "OPTIONS", "PROPFIND"] {
            let answer = api.send(method.parse().expect("a method"), path, &[], None).await;
            answer.is_error(405, "method not allowed");
            assert_eq!(answer.header("allow"), Some(allow), "{method} {path}");
        }
    }
    let answer = api.send(Method::HEAD, VERDICT, &[], None).await;
    assert_eq!((answer.status, answer.header("allow")), (405, Some("POST")));
}

async fn page(api: &Api, query: &str) -> Value {
    api.get(&format!("/api/identity/attempts?{query}")).await.expect(200)
}

#[tokio::test]
async fn a_page_beyond_the_end_is_empty_and_an_empty_list_is_a_list() {
    let sandbox = Sandbox::start().await;
    let (api, customer) = (sandbox.api(), sandbox.info().customer.clone());
    let empty = json!({"data": [], "total": 0, "page": 1, "limit": 20, "meta": {"pages": 0, "next": null}});
    assert_eq!(page(&api, "").await, empty);
    for _ in 0..3 {
        api.verdict(&declined(&customer, "Data ganda")).await.expect(200);
    }
    for number in [3_u64, 1_000_000, 1_000_001, 4_294_967_295] {
        let beyond = page(&api, &format!("limit=2&page={number}")).await;
        let wanted =
            json!({"data": [], "total": 3, "page": number, "limit": 2, "meta": {"pages": 2, "next": null}});
        assert_eq!(beyond, wanted);
    }
    let whole = page(&api, "limit=3").await;
    assert_eq!(
        (&whole["meta"], whole["data"].as_array().map(Vec::len)),
        (&json!({"pages": 1, "next": null}), Some(3))
    );
    let first = page(&api, "limit=2").await;
    let next = text(&first["meta"]["next"]);
    let second = page(&api, &format!("limit=2&cursor={next}")).await;
    assert_eq!((&second["page"], &second["meta"]), (&json!(2), &json!({"pages": 2, "next": null})));
    assert_eq!(second["data"].as_array().map(Vec::len), Some(1));
    // A cursor is not tied to the page's size, and keeps to its filters.
    let rest = page(&api, &format!("limit=100&status=failed&cursor={next}")).await;
    assert_eq!(rest["data"], second["data"]);
    assert_eq!(page(&api, &format!("status=verified&cursor={next}")).await["data"], json!([]));
}

#[tokio::test]
async fn bounds_of_time_are_exact_to_what_was_asked() {
    let sandbox = Sandbox::start().await;
    let (api, customer) = (sandbox.api(), sandbox.info().customer.clone());
    api.verdict(&verified(&customer)).await.expect(200);
    let at = text(&api.rows("").await[0]["createdAt"]).to_owned();
    let with = |digits: &str| at.replace('Z', &format!("{digits}Z"));
    let (same, later) = (with("000000"), with("000001"));
    for (query, rows) in [
        (format!("from={at}"), 1),
        (format!("to={at}"), 0),
        (format!("from={same}"), 1),
        (format!("to={same}"), 0),
        (format!("from={later}"), 0),
        (format!("to={later}"), 1),
        (format!("from={at}&to={later}"), 1),
        ("from=1969-12-31T23:59:59Z".to_owned(), 1),
        ("to=1969-12-31T23:59:59Z".to_owned(), 0),
        ("from=0001-01-01T00:00:00Z&to=9999-12-31T23:59:59.999Z".to_owned(), 1),
        (format!("to={at}&from={at}"), 0),
        ("from=9999-01-01T00:00:00Z&to=2000-01-01T00:00:00Z".to_owned(), 0),
    ] {
        assert_eq!(page(&api, &query).await["total"], rows, "{query}");
        assert_eq!(api.rows(&query).await.len(), rows, "{query}");
    }
    let kyc = async |as_of: &str| api.get(&format!("/api/identity/kyc/{customer}?asOf={as_of}")).await;
    let now = api.kyc(&customer).await;
    for moment in [&at, &same, &later] {
        kyc(moment).await.is(200, &now);
    }
    for before in ["2000-01-01T00:00:00Z", "1969-12-31T23:59:59Z"] {
        kyc(before).await.is_error(404, "not found");
    }
    let expired = kyc("2999-01-01T00:00:00Z").await.expect(200);
    assert_eq!((&expired["eligible"], &expired["customer"]["kycLevel"]), (&json!(false), &json!("standard")));
    // Every unknown parameter of every read is a 400, and the check comes before the 404.
    for path in [
        "/api/customers/nobody?x=1",
        "/api/identity/verifications/nobody?x=1",
        "/api/identity/kyc/nobody?x=1",
        "/api/auth/me?x=1",
    ] {
        api.get(path).await.names_fields(&["x"]);
    }
}
