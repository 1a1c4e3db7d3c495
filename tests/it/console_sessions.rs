//! Sessions of the console: what a forged form, somebody else's cookie and a session that is over come to.

use std::time::{Duration, Instant};

use system_tests::console::ConsoleBrowser;
use system_tests::harness::ContractHarness as _;
use system_tests::patience::until;
use system_tests::sandbox::Sandbox;

use crate::console::{sign_in_of, signed_in};

#[tokio::test]
async fn a_form_that_is_not_ours_changes_nothing() {
    let sandbox = Sandbox::start().await;
    let (user, password) = sign_in_of(&sandbox);
    let url = &sandbox.info().url;
    let stranger = ConsoleBrowser::new(url);
    let form = stranger.get("/console/sign-in").await;
    let csrf = form.field("csrf").expect("a form");
    let fields =
        |csrf: &str| [("csrf", csrf.to_owned()), ("user", user.clone()), ("password", password.clone())];
    let post = async |browser: &ConsoleBrowser, csrf: &str| {
        let fields = fields(csrf);
        let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        browser.post("/console/sign-in", &fields).await
    };
    // Missing, forged, another browser's, and one whose cookie is gone.
    for bad in
        ["", "x", &ConsoleBrowser::new(url).get("/console/sign-in").await.field("csrf").expect("a form")]
    {
        post(&stranger, bad).await.page(403);
    }
    post(&ConsoleBrowser::new(url), &csrf).await.page(403);
    // With everything right, but sent by another site.
    for (name, value) in
        [("origin", "https://evil.example"), ("origin", "null"), ("sec-fetch-site", "cross-site")]
    {
        let elsewhere = ConsoleBrowser::new(url).with_header(name, value);
        elsewhere.put_cookie("console-form", &stranger.cookie("console-form").expect("a cookie"));
        post(&elsewhere, &csrf).await.page(403);
        assert_eq!(elsewhere.cookie("console-session"), None);
    }
    let own = ConsoleBrowser::new(url).with_header("origin", url);
    own.put_cookie("console-form", &stranger.cookie("console-form").expect("a cookie"));
    assert_eq!(post(&own, &csrf).await.goes_to(), "/console/");

    // Signed in: nobody else signs one out.
    let csrf = own.get("/console/account").await.field("csrf").expect("a form");
    for bad in [&[][..], &[("csrf", "")], &[("csrf", "forged")], &[("csrf", &csrf[1..])]] {
        own.post("/console/sign-out", bad).await.page(403);
    }
    own.get("/console/account").await.page(200);
    let cookie = own.cookie("console-session").expect("a session");
    assert_eq!(own.post("/console/sign-out", &[("csrf", &csrf)]).await.goes_to(), "/console/sign-in");
    assert_eq!(own.cookie("console-session"), None);
    own.put_cookie("console-session", &cookie);
    assert!(own.get("/console/account").await.asks_to_sign_in(), "it is over, whoever has the cookie");
}

/// What somebody put into the browser before is worth nothing after.
#[tokio::test]
async fn a_cookie_from_before_signing_in_is_not_taken_over() {
    let sandbox = Sandbox::start().await;
    let (user, password) = sign_in_of(&sandbox);
    let browser = ConsoleBrowser::new(&sandbox.info().url);
    let planted = "A".repeat(43);
    browser.put_cookie("console-session", &planted);
    browser.sign_in(&user, &password).await.goes_to();
    let first = browser.cookie("console-session").expect("a session");
    assert_ne!(first, planted);
    let attacker = ConsoleBrowser::new(&sandbox.info().url);
    attacker.put_cookie("console-session", &planted);
    assert!(attacker.get("/console/account").await.asks_to_sign_in());
    // Nor is the token of the form one of a session.
    attacker
        .put_cookie("console-session", &browser.cookie("console-form").unwrap_or_else(|| planted.clone()));
    assert!(attacker.get("/console/account").await.asks_to_sign_in());

    // Who signs in again, having forgotten that, has another session, and the one before is over.
    let form = ConsoleBrowser::new(&sandbox.info().url);
    let csrf = form.get("/console/sign-in").await.field("csrf").expect("a form");
    browser.put_cookie("console-form", &form.cookie("console-form").expect("a cookie"));
    let fields = [("csrf", csrf.as_str()), ("user", &user), ("password", &password)];
    browser.post("/console/sign-in", &fields).await.goes_to();
    let second = browser.cookie("console-session").expect("a session");
    assert_ne!(second, first);
    attacker.put_cookie("console-session", &first);
    assert!(attacker.get("/console/account").await.asks_to_sign_in());
    attacker.put_cookie("console-session", &second);
    attacker.get("/console/account").await.page(200);
    // Two of them, of which one must be somebody else's, are none.
    let both = ConsoleBrowser::new(&sandbox.info().url)
        .with_header("cookie", &format!("console-session={second}; console-session={first}"));
    assert!(both.get("/console/account").await.asks_to_sign_in());
}

#[tokio::test]
async fn a_session_ends_that_is_not_used_for_long() {
    let idle = Duration::from_millis(700);
    let sandbox = Sandbox::with_settings(&[("IDENTITY_CONSOLE__IDLE_TIMEOUT_MS", "700")]).await;
    let browser = signed_in(&sandbox).await;
    let since = Instant::now();
    until("the idle time to be over", async || (since.elapsed() > idle * 2).then_some(())).await;
    assert!(browser.get("/console/account").await.asks_to_sign_in());
}

#[tokio::test]
async fn a_session_ends_after_its_time_however_much_it_is_used() {
    let sandbox = Sandbox::with_settings(&[("IDENTITY_CONSOLE__SESSION_TIMEOUT_MS", "2000")]).await;
    let browser = signed_in(&sandbox).await;
    until("the session's end", async || {
        browser.get("/console/account").await.asks_to_sign_in().then_some(())
    })
    .await;
    let again = signed_in(&sandbox).await;
    assert_ne!(again.cookie("console-session"), browser.cookie("console-session"));
}
