//! The pipeline's page on the management listener, without a browser: what it says, what keeps others out of it, and
//! that whoever watches it keeps nothing open. What it looks like, and that it follows, is `../browser`'s.

use reqwest::Method;
use system_tests::client::{Answer, Api, declined, verified};
use system_tests::harness::ContractHarness as _;
use system_tests::patience::until;
use system_tests::sandbox::Sandbox;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

const PATH: &str = "/console/pipeline";

fn html(answer: &Answer) -> String {
    assert_eq!(answer.header("content-type"), Some("text/html; charset=utf-8"), "{answer:?}");
    String::from_utf8(answer.body.clone()).expect("text")
}

async fn with_language(admin: &Api, accept_language: &str) -> String {
    let headers = [("Accept-Language", accept_language)];
    html(&admin.send(Method::GET, PATH, &headers, None).await)
}

#[tokio::test]
async fn the_pipeline_has_figures_for_operators_and_nothing_personal() {
    let sandbox = Sandbox::start().await;
    let (api, admin) = (sandbox.api(), sandbox.admin());
    let customer = api.customer("Nama Rahasia").await;
    api.verdict(&verified(&customer)).await.expect(200);
    api.verdict(&declined(&customer, "Alasan rahasia")).await.expect(200);
    let page = until("the figures of both", async || {
        let page = html(&admin.get(&format!("{PATH}?lang=en")).await);
        page.contains("<span data-figure=\"accepted\">2</span>").then_some(page)
    })
    .await;
    assert!(page.contains("<html lang=\"en\">") && page.matches("<h1>").count() == 1, "{page}");
    // Its own customer, this one, and two verdicts.
    let row =
        page.split(&format!("<tr data-id=\"{}\">", sandbox.info().org)).nth(1).expect("the org's books");
    assert!(row.split("<td").nth(1).is_some_and(|cell| cell.contains(">4<")), "{row}");
    for part in ["event-log", "read-model", "key-store", "key-management", "outcome-stream", "org-directory"]
    {
        let row = page.split(&format!("<tr data-id=\"{part}\">")).nth(1).expect(part);
        assert!(row.split("</tr>").next().is_some_and(|row| row.contains("badge good")), "{part}: {row}");
    }
    for secret in ["Rahasia", "rahasia", customer.as_str(), api.key()] {
        assert!(!page.contains(secret), "{secret}");
    }
}

#[tokio::test]
async fn it_is_read_only_in_both_languages_and_by_its_own_listener() {
    let sandbox = Sandbox::start().await;
    let admin = sandbox.admin();
    for (wanted, shown) in
        [("id", "id"), ("en-GB,en;q=0.9", "en"), ("fr", "id"), ("en;q=0.1, id;q=0.2", "id")]
    {
        let page = with_language(&admin, wanted).await;
        assert!(page.contains(&format!("<html lang=\"{shown}\">")), "{wanted}");
    }
    let chosen = html(&admin.get(&format!("{PATH}?lang=en&lang=id&x=%00<script>")).await);
    assert!(chosen.contains("<html lang=\"en\">") && !chosen.contains("<script>"), "{chosen}");
    let answer = admin.get(PATH).await;
    let policy = answer.header("content-security-policy").expect("a policy");
    for part in ["default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "form-action 'none'"] {
        assert!(policy.contains(part), "{policy}");
    }
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let page = html(&answer);
    let files: Vec<&str> = page.split('"').filter(|part| part.starts_with("/console/assets/")).collect();
    assert_eq!(files.len(), 3, "{files:?}");
    for file in files {
        let found = admin.get(file).await;
        assert_eq!(found.status, 200, "{file}");
        assert!(found.header("cache-control").is_some_and(|value| value.contains("immutable")), "{found:?}");
        assert_eq!(found.header("x-content-type-options"), Some("nosniff"), "{file}");
    }
    for path in [PATH, "/console/pipeline/live", "/console/"] {
        let refused = admin.send(Method::POST, path, &[], None).await;
        assert_eq!((refused.status, refused.header("allow")), (405, Some("GET, HEAD")), "{path}");
    }
    for path in
        ["/console/assets/console.css", "/console/assets/", "/console/pipelines", "/console/customers"]
    {
        admin.get(path).await.expect(404);
    }
    let public = sandbox.api().get(PATH).await;
    assert!(
        !String::from_utf8_lossy(&public.body).contains("data-figure"),
        "it is not on the public listener"
    );
}

#[tokio::test]
async fn whoever_watches_is_told_and_holds_up_no_end() {
    let mut sandbox = Sandbox::start().await;
    let address = sandbox.info().admin_url.strip_prefix("http://").expect("plaintext").to_owned();
    let mut watching = Vec::new();
    for _ in 0..3 {
        let mut stream = TcpStream::connect(&address).await.expect("connected");
        let ask = b"GET /console/pipeline/live HTTP/1.1\r\nHost: here\r\n\r\n";
        stream.write_all(ask).await.expect("sent");
        watching.push((stream, Vec::new()));
    }
    for (stream, heard) in &mut watching {
        while !String::from_utf8_lossy(heard).contains("event: changed\ndata:\n\n") {
            assert!(stream.read_buf(heard).await.expect("read") > 0, "{}", String::from_utf8_lossy(heard));
        }
    }
    // One more verdict, and all of them are told again.
    let customer = sandbox.info().customer.clone();
    let told = |heard: &[u8]| String::from_utf8_lossy(heard).matches("event: changed").count();
    sandbox.api().verdict(&declined(&customer, "Kuota habis")).await.expect(200);
    for (stream, heard) in &mut watching {
        while told(heard) < 2 {
            assert!(stream.read_buf(heard).await.expect("read") > 0, "{}", String::from_utf8_lossy(heard));
        }
        assert!(
            !String::from_utf8_lossy(heard).contains(&customer),
            "it says that something changed, not what"
        );
    }
    let ended = sandbox.sigterm().await;
    assert!(ended.success(), "{ended}");
    for (mut stream, mut heard) in watching {
        stream.read_to_end(&mut heard).await.expect("an end in order");
        assert!(heard.ends_with(b"0\r\n\r\n"), "{}", String::from_utf8_lossy(&heard));
    }
}
