//! Getting in to the console, and what its answers may do. A sandbox's alone; what holds on both engines is in the
//! library's cases, what a forged form or an old cookie comes to in `console_sessions.rs`.

use std::time::Instant;

use futures::StreamExt as _;
use reqwest::Method;
use serde_json::Value;

use system_tests::client::text;
use system_tests::console::{ConsoleAnswer, ConsoleBrowser, encoded};
use system_tests::harness::ContractHarness as _;
use system_tests::patience::until;
use system_tests::process::run;
use system_tests::sandbox::{Options, Sandbox};

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src \
                      'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// Who may sign in, by `sandbox.json`.
pub(crate) fn sign_in_of(sandbox: &Sandbox) -> (String, String) {
    let file = std::fs::read(sandbox.folder().join("sandbox.json")).expect("sandbox.json");
    let info: Value = serde_json::from_slice(&file).expect("JSON");
    assert_eq!(info["console"]["url"], format!("{}/console/", sandbox.info().url), "{info}");
    (text(&info["console"]["user"]).to_owned(), text(&info["console"]["password"]).to_owned())
}

pub(crate) async fn signed_in(sandbox: &Sandbox) -> ConsoleBrowser {
    let (user, password) = sign_in_of(sandbox);
    let browser = ConsoleBrowser::new(&sandbox.info().url);
    assert_eq!(browser.sign_in(&user, &password).await.goes_to(), "/console/");
    browser
}

/// The sum of a counter over its labels that have all of these.
async fn counted(sandbox: &Sandbox, name: &str, labels: &str) -> f64 {
    let metrics = sandbox.admin().get("/metrics").await;
    let metrics = String::from_utf8(metrics.body).expect("text");
    let lines = metrics.lines().filter(|line| line.starts_with(name) && line.contains(labels));
    lines.filter_map(|line| line.rsplit_once(' ')?.1.parse::<f64>().ok()).sum()
}

#[tokio::test]
async fn the_sandbox_prints_a_sign_in_that_works_and_keeps_it() {
    let mut sandbox = Sandbox::start().await;
    let (user, password) = sign_in_of(&sandbox);
    let url = format!("{}/console/", sandbox.info().url);
    until("what to try first", async || {
        let said = sandbox.output();
        let line = format!("The console is at {url}: user {user}, password {password}");
        said.contains(&line).then_some(())
    })
    .await;
    let browser = signed_in(&sandbox).await;
    browser.get("/console/account").await.page(200);
    sandbox.sigterm().await;
    sandbox.restart().await;
    assert_eq!(sign_in_of(&sandbox), (user, password));
    // Another port, so another place to a browser; the session is the same.
    let again = ConsoleBrowser::new(&sandbox.info().url);
    again.put_cookie("console-session", &browser.cookie("console-session").expect("a session"));
    again.get("/console/account").await.page(200);
}

/// Every answer, whatever its status, may do little, is kept by nobody, and tells nobody where it was.
#[tokio::test]
async fn every_answer_of_the_console_is_protected() {
    let sandbox = Sandbox::start().await;
    let (inside, outside) = (signed_in(&sandbox).await, ConsoleBrowser::new(&sandbox.info().url));
    let form = outside.get("/console/sign-in").await;
    let style =
        form.body.split("href=\"").find(|part| part.starts_with("/console/assets/")).expect("a style sheet");
    let style = style.split('"').next().expect("its address");
    let asset = outside.get(style).await;
    assert_eq!(asset.header("cache-control"), Some("public, max-age=31536000, immutable"), "{asset:?}");
    assert_eq!(asset.header("content-type"), Some("text/css; charset=utf-8"));
    let too_large = "x".repeat(20_000);
    for (answer, status) in [
        (form, 200),
        (inside.get("/console/account").await, 200),
        (outside.get("/console").await, 303),
        (outside.get("/console/").await, 303),
        (inside.get("/console/").await, 303),
        (inside.get("/console/no-such-page").await, 404),
        (outside.get("/console/assets/no-such-file.css").await, 404),
        (inside.post("/console/account", &[]).await, 405),
        (outside.send(Method::DELETE, "/console/sign-in", None).await, 405),
        (inside.get("/console/sign-out").await, 405),
        (inside.post("/console/sign-out", &[]).await, 403),
        (outside.post("/console/sign-in", &[("user", "ana"), ("password", "x")]).await, 403),
        (outside.post("/console/sign-in", &[("user", &too_large)]).await, 413),
        (outside.send(Method::POST, "/console/sign-in", None).await, 415),
        (outside.post("/console/sign-in", &[("user", "a"), ("user", "b")]).await, 400),
        (outside.post("/console/sign-in", &[("whoever", "a")]).await, 400),
        (outside.get("/console/sign-in?api_key=x").await, 400),
        (inside.send(Method::HEAD, "/console/account", None).await, 200),
    ] {
        assert_eq!(answer.status, status, "{answer:?}");
        assert_eq!(answer.header("content-security-policy"), Some(POLICY), "{answer:?}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{answer:?}");
        assert_eq!(answer.header("referrer-policy"), Some("same-origin"), "{answer:?}");
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{answer:?}");
        assert!(answer.header("x-request-id").is_some(), "{answer:?}");
        if status >= 400 {
            answer.page(status);
        }
    }
}

/// Neither is a script's, and neither goes with another site's forms; over plaintext on loopback they cannot be for TLS
/// alone.
#[tokio::test]
async fn cookies_are_the_servers_alone() {
    let sandbox = Sandbox::start().await;
    let (user, password) = sign_in_of(&sandbox);
    let browser = ConsoleBrowser::new(&sandbox.info().url);
    let form = browser.get("/console/sign-in").await;
    let answer = browser.sign_in(&user, &password).await;
    for cookies in [form.headers_of("set-cookie"), answer.headers_of("set-cookie")] {
        assert!(!cookies.is_empty());
        for cookie in cookies {
            for part in ["HttpOnly", "SameSite=Lax", "Path=/"] {
                assert!(cookie.split("; ").any(|one| one == part), "{part}: {cookie}");
            }
            assert!(!cookie.contains("Secure") && !cookie.contains("Domain"), "{cookie}");
        }
    }
}

#[tokio::test]
async fn off_loopback_cookies_go_over_tls_only() {
    let options = Options {
        flags: vec!["--listen".to_owned(), "0.0.0.0:0".to_owned()],
        ..Options::environment(&[("IDENTITY_API__ALLOW_PLAINTEXT", "true")])
    };
    let sandbox = Sandbox::start_with(options).await;
    let (user, password) = sign_in_of(&sandbox);
    let browser = ConsoleBrowser::new(&sandbox.info().url);
    let answer = browser.sign_in(&user, &password).await;
    let cookies = answer.headers_of("set-cookie");
    let session =
        cookies.iter().find(|cookie| cookie.starts_with("__Host-console-session=")).expect("a session");
    assert!(cookies.iter().all(|cookie| cookie.split("; ").any(|part| part == "Secure")), "{cookies:?}");
    assert!(session.contains("; Path=/;") && !session.contains("Domain"), "{session}");
    browser.get("/console/account").await.page(200);
}

/// Three thousand of them: a few are tried, the rest is refused before anything is hashed, and neither the account nor
/// whoever owns it is shut out.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrong_passwords_by_the_thousand_cost_little_and_lock_nobody_out() {
    let sandbox = Sandbox::start().await;
    let (user, password) = sign_in_of(&sandbox);
    let stranger = ConsoleBrowser::new(&sandbox.info().url);
    let form = stranger.get("/console/sign-in?lang=en").await;
    let csrf = form.field("csrf").expect("a form");
    let began = Instant::now();
    let hashes_before = counted(&sandbox, "identity_console_password_hashes_total", "").await;
    let memory_before = resident_kib(&sandbox);
    let tries = futures::stream::iter(0..3_000).map(|n| {
        let (stranger, csrf, user) = (&stranger, &csrf, &user);
        async move {
            let wrong = format!("wrong-{n}");
            let fields = [("csrf", csrf.as_str()), ("user", user), ("password", &wrong), ("next", "")];
            stranger.post("/console/sign-in", &fields).await
        }
    });
    let answers: Vec<ConsoleAnswer> = tries.buffer_unordered(16).collect().await;
    let minutes = began.elapsed().as_secs_f64() / 60.0;
    let refused = answers.iter().filter(|answer| answer.status == 429).count();
    for answer in &answers {
        match answer.status {
            403 => assert!(answer.page(403).contains("User name or password is wrong"), "{answer:?}"),
            _ => {
                assert!(answer.page(429).contains("Too many attempts"), "{answer:?}");
                let seconds: u64 = answer.header("retry-after").expect("when").parse().expect("seconds");
                assert!((1..=60).contains(&seconds), "{answer:?}");
            }
        }
    }
    // Five at once, and two a minute after that.
    let most = 6.0 + 2.0 * minutes;
    let hashes = counted(&sandbox, "identity_console_password_hashes_total", "").await - hashes_before;
    assert!(hashes <= most && refused as f64 >= 3_000.0 - most, "{hashes} hashes, {refused} refused");
    assert_eq!(counted(&sandbox, "identity_console_sign_ins_total", "throttled").await, refused as f64);
    let grown = resident_kib(&sandbox).saturating_sub(memory_before);
    assert!(grown < 150 * 1024, "{grown} KiB more than before");

    let owner = ConsoleBrowser::from_address(&sandbox.info().url, [127, 0, 0, 2].into());
    assert_eq!(owner.sign_in(&user, &password).await.goes_to(), "/console/");
    owner.get("/console/account").await.page(200);
}

/// Memory of the process that is in use, in KiB.
fn resident_kib(sandbox: &Sandbox) -> u64 {
    let status = format!("/proc/{}/status", sandbox.process().pid().as_raw_nonzero());
    let status = std::fs::read_to_string(status).expect("a running process");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("its memory");
    line.trim().trim_end_matches(" kB").parse().expect("a number")
}

#[tokio::test]
async fn a_name_that_nobody_has_is_answered_like_a_wrong_password() {
    let sandbox = Sandbox::start().await;
    let (user, _) = sign_in_of(&sandbox);
    let (known, unknown) =
        (ConsoleBrowser::new(&sandbox.info().url), ConsoleBrowser::new(&sandbox.info().url));
    let hashes = async || counted(&sandbox, "identity_console_password_hashes_total", "").await;
    let before = hashes().await;
    let wrong = known.sign_in(&user, "not the password").await;
    let after_known = hashes().await;
    let nobody = unknown.sign_in("nobody-at-all", "not the password").await;
    assert_eq!((after_known - before, hashes().await - after_known), (1.0, 1.0), "each costs a hash");
    let bare = |answer: &ConsoleAnswer, user: &str| {
        let csrf = answer.field("csrf").expect("a form");
        answer.page(403).replace(user, "").replace(&csrf, "")
    };
    assert_eq!(bare(&wrong, &user), bare(&nobody, "nobody-at-all"));
}

#[tokio::test]
async fn signing_in_goes_to_a_page_of_the_console_and_nowhere_else() {
    let sandbox = Sandbox::start().await;
    let (user, password) = sign_in_of(&sandbox);
    for (next, to) in [
        ("/console/account?lang=en&x=1", "/console/account?lang=en&x=1"),
        ("https://evil.example/console/", "/console/"),
        ("//evil.example/console/", "/console/"),
        ("/\\evil.example", "/console/"),
        ("/console/../api/auth/me", "/console/"),
        ("/console/%2e%2e/docs", "/console/"),
        ("javascript:alert(1)", "/console/"),
        ("/console/\r\nSet-Cookie: a=b", "/console/"),
        ("/docs", "/console/"),
    ] {
        let browser = ConsoleBrowser::new(&sandbox.info().url);
        assert_eq!(browser.sign_in_to(&user, &password, next).await.goes_to(), to, "{next:?}");
        // The field of the form is as little to be trusted as the address was.
        let again = ConsoleBrowser::new(&sandbox.info().url);
        let csrf = again.get("/console/sign-in").await.field("csrf").expect("a form");
        let fields = [("csrf", csrf.as_str()), ("next", next), ("user", &user), ("password", &password)];
        assert_eq!(again.post("/console/sign-in", &fields).await.goes_to(), to, "{next:?}");
        // Who is signed in already is sent on at once, no farther.
        let on = browser.get(&format!("/console/sign-in?next={}", encoded(next))).await;
        assert_eq!(on.goes_to(), to, "{next:?}");
    }
    let asked = ConsoleBrowser::new(&sandbox.info().url).get("/console/account?lang=en&q=a%20b").await;
    assert_eq!(asked.goes_to(), "/console/sign-in?next=/console/account?lang=en%26q=a%2520b");
}

#[tokio::test]
async fn what_is_sent_is_shown_as_text() {
    let sandbox = Sandbox::start().await;
    let inside = signed_in(&sandbox).await;
    let hostile = "\"><script>alert(1)</script><img src=x onerror=alert(2)>'`${7*7}";
    for browser in [&inside, &ConsoleBrowser::new(&sandbox.info().url)] {
        let value = encoded(hostile);
        for path in [
            format!("/console/sign-in?next={value}"),
            format!("/console/sign-in?next=/console/{value}"),
            format!("/console/account?lang={value}&q={value}"),
            format!("/console/{value}"),
            format!("/console/account?{value}={value}"),
        ] {
            let answer = browser.get(&path).await;
            assert!(!answer.body.contains("<script>") && !answer.body.contains("<img"), "{path}: {answer:?}");
            let location = answer.header("location").unwrap_or_default();
            assert!(!location.contains('<') && !location.contains('"'), "{path}: {answer:?}");
        }
    }
    let outside = ConsoleBrowser::new(&sandbox.info().url).with_header("accept-language", hostile);
    let answer = outside.sign_in(hostile, hostile).await;
    let page = answer.page(403);
    assert!(!page.contains("<script>") && !page.contains("<img"), "{page}");
    assert!(page.contains("&quot;&gt;&lt;script&gt;"), "it is there, as text: {page}");
    assert_eq!(page.matches("${7*7}").count(), 1, "the user name, and not the password");
}

#[tokio::test]
async fn the_reader_chooses_a_language_and_it_is_remembered() {
    let sandbox = Sandbox::start().await;
    let url = &sandbox.info().url;
    for (header, language) in [("id-ID,id;q=0.9,en;q=0.5", "id"), ("en-GB", "en"), ("fr", "id")] {
        let page =
            ConsoleBrowser::new(url).with_header("accept-language", header).get("/console/sign-in").await;
        assert!(page.page(200).contains(&format!("<html lang=\"{language}\">")), "{header}: {page:?}");
    }
    let browser = ConsoleBrowser::new(url).with_header("accept-language", "id");
    browser.get("/console/sign-in?lang=en").await;
    assert!(browser.get("/console/sign-in").await.page(200).contains("<h1>Sign in</h1>"));
    browser.get("/console/sign-in?lang=id").await;
    assert!(browser.get("/console/sign-in").await.page(200).contains("<h1>Masuk</h1>"));
    // What is no page is said in it as well.
    assert!(browser.get("/console/assets/none?lang=en").await.page(404).contains("Not found"));
}

#[tokio::test]
async fn a_password_comes_from_standard_input_where_it_is_asked_for() {
    let sandbox = Sandbox::start().await;
    let folder = sandbox.folder();
    let folder = folder.to_str().expect("a path");
    let add = ["staff", "add", "ana", "--role", "analyst", "--password-stdin", "--data-dir", folder];
    let chosen = "kata sandi yang panjang sekali";
    let refused = system_tests::process::run_with_input("too short\n", add).await;
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(
        refused.stderr.contains("15 to 256 characters") && !refused.stderr.contains("too short"),
        "{refused:?}"
    );
    let added = system_tests::process::run_with_input(&format!("{chosen}\n"), add).await;
    assert_eq!(added.json(), serde_json::json!({ "user": "ana" }), "{added:?}");
    let browser = ConsoleBrowser::new(&sandbox.info().url);
    browser.sign_in("ana", chosen).await.goes_to();
    for words in [chosen, "argon2"] {
        assert!(!sandbox.output().contains(words), "{words}");
    }
    let nothing = run(["staff", "list", "--data-dir", "/nowhere-at-all"]).await;
    assert_eq!(nothing.code, Some(1), "{nothing:?}");
}
