//! The stream that tells a page that there is something new.

use system_tests::client::declined;
use system_tests::console::ConsoleBrowser;
use system_tests::harness::ContractHarness as _;
use system_tests::patience::until;
use system_tests::sandbox::Sandbox;

use super::signed_in;

#[tokio::test]
async fn changes_are_told_as_they_come_and_streams_end_with_the_instance() {
    let mut sandbox = Sandbox::start().await;
    let api = sandbox.api();
    let customer = api.customer("Budi Santoso").await;
    let staff = signed_in(&sandbox).await;
    let nobody = ConsoleBrowser::new(&sandbox.info().url);
    assert!(nobody.get("/console/attempts/live").await.asks_to_sign_in());
    // A stream that has lost its session is not asked for again.
    let by_stream = ConsoleBrowser::new(&sandbox.info().url).with_header("accept", "text/event-stream");
    assert_eq!(by_stream.get("/console/attempts/live").await.status, 204);
    // A page that renews itself is loaded anew, and so comes to the form for signing in.
    let by_script = ConsoleBrowser::new(&sandbox.info().url).with_header("hx-request", "true");
    let refused = by_script.get("/console/attempts").await;
    assert_eq!((refused.status, refused.header("hx-refresh")), (401, Some("true")), "{refused:?}");
    let cookie = format!("console-session={}", staff.cookie("console-session").expect("a session"));
    let (http, live) = (reqwest::Client::new(), format!("{}/console/attempts/live", sandbox.info().url));
    let open = async || http.get(&live).header("cookie", &cookie).send().await.expect("an answer");
    let mut stream = open().await;
    assert_eq!(stream.status().as_u16(), 200);
    assert_eq!(stream.headers()["content-type"], "text/event-stream");
    let mut heard = String::new();
    let mut hear = async |what: &str| {
        while !heard.contains(what) {
            let chunk = stream.chunk().await.expect("the stream goes on").expect("the stream goes on");
            heard.push_str(std::str::from_utf8(&chunk).expect("text"));
        }
        std::mem::take(&mut heard)
    };
    hear("retry:").await;
    api.verdict(&declined(&customer, "Kuota habis")).await.expect(200);
    let told = hear("event: changed").await;
    assert!(!told.contains("cus_") && !told.contains("ver_") && !told.contains("Kuota"), "{told}");
    // Without any change there are signs of life.
    hear(":\n\n").await;
    // Another org's verdicts are no news here: what is heard next is a sign of life, not a change.
    let (_, other) = sandbox.org(&["--dukcapil-enabled"]).await;
    let theirs = other.customer("Orang Lain").await;
    other.verdict(&declined(&theirs, "Kuota habis")).await.expect(200);
    let told = hear(":\n\n").await;
    assert!(!told.contains("changed"), "{told}");
    // A user has some, and no more.
    let mut streams = Vec::new();
    let refused = until("a refusal", async || {
        let stream = open().await;
        let status = stream.status().as_u16();
        streams.push(stream);
        (status != 200).then_some(status)
    })
    .await;
    assert_eq!(refused, 429);
    assert!((2..20).contains(&streams.len()), "{}", streams.len());
    assert!(sandbox.sigterm().await.success(), "streams keep nobody from ending");
}
