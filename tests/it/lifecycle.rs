//! The program's life (contract §6): starting, ending, starting again.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use rustix::process::Signal;
use serde_json::{Value, json};

use system_tests::client::{Api, VERDICT, declined, fields, text, verified};
use system_tests::harness::ContractHarness as _;
use system_tests::patience::until;
use system_tests::process::{Process, Program, command, run, run_with};
use system_tests::sandbox::{Options, Sandbox};
use system_tests::wire::{Wire, post_head};

fn mode(path: &Path) -> u32 {
    path.metadata().unwrap_or_else(|_| panic!("{} is not there", path.display())).permissions().mode() & 0o777
}

#[tokio::test]
async fn a_sandbox_says_how_to_reach_it_and_guards_its_keys() {
    let sandbox = Sandbox::start().await;
    let folder = sandbox.folder();
    let file = folder.join("sandbox.json");
    let json: Value = serde_json::from_slice(&std::fs::read(&file).expect("a file")).expect("JSON");
    assert_eq!(fields(&json), ["adminUrl", "apiKey", "console", "customerId", "orgId", "url"]);
    assert_eq!(fields(&json["console"]), ["password", "url", "user"]);
    assert_eq!(mode(&file), 0o600);
    assert_eq!(mode(&folder.join("kms")), 0o700);
    assert_eq!(mode(&folder.join("compliance")), 0o700);
    for signer in ["signer-1.key", "signer-2.key"] {
        assert_eq!(mode(&folder.join("compliance").join(signer)), 0o600);
    }
    for entry in std::fs::read_dir(folder.join("kms")).expect("a folder") {
        assert_eq!(mode(&entry.expect("an entry").path()), 0o600);
    }
    let customer =
        sandbox.api().get(&format!("/api/customers/{}", text(&json["customerId"]))).await.expect(200);
    assert_eq!(customer["kycLevel"], "none");
}

/// Runs the curl that a sandbox printed, with a shell's own quoting; `curl` writes down what it is given.
fn curl_arguments(printed: &str) -> Vec<String> {
    let start = printed.find("curl ").expect("a curl is printed");
    let script = format!("curl() {{ printf '%s\\0' \"$@\"; }}\n{}", &printed[start..]);
    let output = std::process::Command::new("sh").arg("-c").arg(script).output().expect("a shell");
    assert!(output.status.success(), "the curl is not a command: {output:?}");
    let text = String::from_utf8(output.stdout).expect("text");
    text.split_terminator('\0').map(str::to_owned).collect()
}

#[tokio::test]
async fn the_printed_curl_works_as_it_stands() {
    let sandbox = Sandbox::start().await;
    let printed = until("the curl", async || {
        let stdout = sandbox.process().stdout();
        (stdout.contains("curl ") && stdout.trim_end().ends_with('\'')).then_some(stdout)
    })
    .await;
    let arguments = curl_arguments(&printed);
    let url = arguments.iter().find(|one| one.starts_with("http://")).expect("a URL");
    let after = |flags: &[&str]| -> Vec<&str> {
        arguments
            .windows(2)
            .filter(|two| flags.contains(&two[0].as_str()))
            .map(|two| two[1].as_str())
            .collect()
    };
    let headers: Vec<(&str, &str)> =
        after(&["-H", "--header"]).iter().map(|one| one.split_once(": ").expect("a header")).collect();
    let body = after(&["-d", "--data", "--data-raw", "--data-binary", "--json"])[0].as_bytes().to_vec();
    let path = url.strip_prefix(&sandbox.info().url).expect("the sandbox's own URL");
    let answer = sandbox.api().send(reqwest::Method::POST, path, &headers, Some(body)).await;
    let said = answer.expect(200);
    assert_eq!(
        (&said["verification"]["status"], &said["enrolment"]["source"]),
        (&"verified".into(), &"dukcapil".into())
    );
    assert_eq!(sandbox.api().kyc(&sandbox.info().customer).await["customer"]["kycLevel"], "standard");
    assert_eq!(sandbox.api().total("method=nik_dukcapil").await, 1);
}

#[tokio::test]
async fn started_again_it_goes_on_with_the_same_key_and_customer() {
    let mut sandbox = Sandbox::start().await;
    let first = sandbox.info().clone();
    let (key, body) = ([("idempotency-key", "k")], verified(&first.customer));
    let said = sandbox.api().post(VERDICT, &key, &body).await.expect(200);
    let kyc = sandbox.api().kyc(&first.customer).await;
    for orderly in [true, false] {
        if orderly {
            assert_eq!(sandbox.sigterm().await.code(), Some(0));
        } else {
            sandbox.kill9().await;
        }
        sandbox.restart().await;
        let now = sandbox.info().clone();
        assert_eq!((&now.key, &now.org, &now.customer), (&first.key, &first.org, &first.customer));
        assert_eq!(sandbox.api().kyc(&first.customer).await, kyc);
        let verification = text(&said["verification"]["id"]);
        sandbox.api().get(&format!("/api/identity/verifications/{verification}")).await.expect(200);
        let again = sandbox.api().post(VERDICT, &key, &body).await;
        again.is(200, &said);
        assert_eq!(again.header("idempotency-replayed"), Some("true"), "{again:?}");
        assert_eq!(sandbox.api().total("").await, 1);
    }
    sandbox.api().verdict(&declined(&first.customer, "Data ganda")).await.expect(200);
    assert_eq!(sandbox.api().total("").await, 2);
}

#[tokio::test]
async fn a_second_sandbox_on_the_same_folder_is_refused() {
    let sandbox = Sandbox::start().await;
    let before = std::fs::read(sandbox.folder().join("sandbox.json")).expect("a file");
    let folder = sandbox.folder();
    let folder = folder.to_str().expect("a path");
    let flags = ["sandbox", "--data-dir", folder, "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"];
    let ran = run(flags).await;
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(!ran.stderr.is_empty(), "{ran:?}");
    assert_eq!(std::fs::read(sandbox.folder().join("sandbox.json")).expect("a file"), before);
    sandbox.api().verdict(&verified(&sandbox.info().customer)).await.expect(200);
}

#[tokio::test]
async fn sigterm_lets_what_began_end_and_exits_with_zero() {
    let mut sandbox = Sandbox::start().await;
    let (api, admin) = (sandbox.api(), sandbox.admin());
    let body = declined(&sandbox.info().customer, "Data ganda").to_string();
    let length = body.len().to_string();
    let (json, expect) = (("Content-Type", "application/json"), ("Expect", "100-continue"));
    let headers = [json, ("Content-Length", length.as_str()), expect];
    let mut wire = Wire::open(&sandbox.address()).await;
    wire.send(post_head(VERDICT, api.key(), &headers)).await;
    wire.body_is_asked_for().await;
    let (first, rest) = body.split_at(body.len() - 10);
    wire.send(first).await;
    sandbox.process().signal(Signal::TERM);
    // It must say so, not just be gone: for as long as a request is under way there is somebody to ask.
    until("unready", async || (admin.get("/readyz").await.status == 503).then_some(())).await;
    assert_eq!(admin.get("/livez").await.status, 200);
    wire.send(rest).await;
    let answer = wire.answer().await.expect("a request that began is answered");
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.header("connection"), Some("close"), "nobody is sent here any more: {answer:?}");
    let id = text(&answer.json()["verification"]["id"]).to_owned();
    assert_eq!(sandbox.wait().await.code(), Some(0));
    sandbox.restart().await;
    let api = sandbox.api();
    until("the row", async || {
        (api.get(&format!("/api/identity/verifications/{id}")).await.status == 200).then_some(())
    })
    .await;
    // An idle connection that is kept open holds nothing up.
    let mut idle = Wire::open(&sandbox.address()).await;
    idle.send(system_tests::wire::get("/api/auth/me", api.key())).await;
    idle.answer().await.expect("an answer");
    assert_eq!(sandbox.sigterm().await.code(), Some(0));
}

#[tokio::test]
async fn version_and_help_are_there_for_everything() {
    let version = run(["--version"]).await;
    assert_eq!((version.code, version.stdout.starts_with("ingest-api ")), (Some(0), true), "{version:?}");
    for words in [&[][..], &["sandbox"], &["serve"], &["orgs"], &["orgs", "create"], &["orgs", "keys"]] {
        let ran = run(words.iter().chain(&["--help"])).await;
        assert_eq!(ran.code, Some(0), "{words:?}: {ran:?}");
        assert!(ran.stdout.contains("Usage:"), "{words:?}: {ran:?}");
        if words.len() < 2 {
            assert!(ran.stdout.contains("Examples:"), "{words:?} has no examples: {ran:?}");
        }
    }
}

#[tokio::test]
async fn a_misspelt_setting_stops_the_start_with_its_name() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("identity.toml");
    let path = file.to_str().expect("a path").to_owned();
    for (toml, name) in [
        ("[api]\nlistn = \"127.0.0.1:0\"\n", "listn"),
        ("[apy]\nlisten = \"127.0.0.1:0\"\n", "apy"),
        ("[engine]\nkind = \"imaginary\"\n", "kind"),
        ("[api]\nlisten = 5\n", "listen"),
        ("[api\n", "identity.toml"),
    ] {
        std::fs::write(&file, toml).expect("a file");
        let ran = run(["serve", "--config", &path]).await;
        assert_eq!(ran.code, Some(1), "{toml}: {ran:?}");
        assert!(ran.stderr.contains(name), "{toml}: {ran:?}");
    }
    std::fs::write(&file, "").expect("a file");
    let ran = run_with(&[("IDENTITY_API__LISTN", "x")], ["serve", "--config", &path]).await;
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.stderr.to_ascii_lowercase().contains("listn"), "{ran:?}");
    // Plaintext off loopback needs an explicit setting.
    let data = folder.path().join("data");
    std::fs::write(&file, format!("[engine]\ndata_dir = {:?}\n", data)).expect("a file");
    let ran =
        run(["serve", "--config", &path, "--listen", "0.0.0.0:0", "--admin-listen", "127.0.0.1:0"]).await;
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.stderr.contains("plaintext"), "{ran:?}");
}

/// A free port of this machine; somebody else may take it before we do, hence more than one try.
fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address").port()
}

#[tokio::test]
async fn serve_runs_an_installation_of_its_own() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("identity.toml");
    let toml = format!("[engine]\nkind = \"embedded\"\ndata_dir = {:?}\n", folder.path().join("data"));
    std::fs::write(&file, toml).expect("a file");
    let path = file.to_str().expect("a path").to_owned();
    let created =
        run(["orgs", "create", "--config", &path, "--name", "Bank Contoh", "--dukcapil-enabled"]).await;
    assert_eq!(created.code, Some(0), "{created:?}");
    let made: Value = serde_json::from_str(&created.stdout).expect("JSON");
    let (api_port, admin_port) = (free_port(), free_port());
    let mut starting = command(Program::IngestApi, &[]);
    starting.args(["serve", "--config", &path, "--listen", &format!("127.0.0.1:{api_port}")]);
    starting.args(["--admin-listen", &format!("127.0.0.1:{admin_port}")]);
    let mut process = Process::spawn(starting);
    let admin = Api::new(&format!("http://127.0.0.1:{admin_port}"), "");
    until("readiness", async || {
        assert!(process.has_ended().is_none(), "serve ended");
        let ready = admin.try_send(reqwest::Method::GET, "/readyz", &[], None).await;
        ready.is_ok_and(|answer| answer.status == 200).then_some(())
    })
    .await;
    let api = Api::new(&format!("http://127.0.0.1:{api_port}"), text(&made["apiKey"]));
    let customer = api.customer("Budi Santoso").await;
    api.verdict(&verified(&customer)).await.expect(200);
    assert_eq!(api.kyc(&customer).await["customer"]["kycLevel"], "standard");
    process.signal(Signal::TERM);
    assert_eq!(process.ended().await.code(), Some(0));
}

#[tokio::test]
async fn a_port_that_is_taken_is_a_failure_in_words() {
    let sandbox = Sandbox::start_with(Options::default()).await;
    let other = tempfile::tempdir().expect("a folder");
    let folder = other.path().join("data");
    let taken = sandbox.address();
    let flags = ["sandbox", "--data-dir", folder.to_str().expect("a path"), "--listen", &taken];
    let ran = run(flags.iter().chain(&["--admin-listen", "127.0.0.1:0"])).await;
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.stderr.contains(&taken), "says which address: {ran:?}");
}

#[tokio::test]
async fn orgs_works_on_a_stopped_sandbox_too() {
    let mut sandbox = Sandbox::start().await;
    let org = sandbox.info().org.clone();
    sandbox.sigterm().await;
    let ran = sandbox.orgs(&["set", &org, "--dukcapil-enabled", "false"]).await;
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let made = sandbox.orgs_json(&["create", "--name", "Saat Berhenti", "--dukcapil-enabled"]).await;
    sandbox.restart().await;
    let customer = sandbox.info().customer.clone();
    let answer = sandbox.api().verdict(&verified(&customer)).await;
    answer.is_error(403, "org capability disabled");
    let theirs = sandbox.api().with_key(text(&made["apiKey"]));
    let customer = theirs.customer("Budi Santoso").await;
    theirs.verdict(&verified(&customer)).await.expect(200);
}

#[tokio::test]
async fn the_books_balance_in_the_metrics() {
    let sandbox = Sandbox::start().await;
    for _ in 0..3 {
        sandbox.api().verdict(&verified(&sandbox.info().customer)).await.expect(200);
    }
    // What the projector applied is counted: the sandbox's registration and three verdicts.
    until("a count of applied events", async || {
        let lines = String::from_utf8(sandbox.admin().get("/metrics").await.body).expect("text");
        lines
            .lines()
            .filter(|line| line.starts_with("identity_projector") && line.contains("applied"))
            .any(|line| line.ends_with(" 4"))
            .then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_sandboxs_limit_is_its_flag_and_zero_is_none() {
    let sandbox = Sandbox::start_with(Options::flags(&["--ingest-limit", "0"])).await;
    let customer = sandbox.info().customer.clone();
    for _ in 0..40 {
        let answer = sandbox.api().verdict(&declined(&customer, "Data ganda")).await;
        answer.expect(200);
        assert_eq!(answer.header("x-ratelimit-limit"), Some("2147483647"), "{answer:?}");
    }
    let sandbox = Sandbox::start_with(Options::flags(&["--ingest-limit", "77"])).await;
    let limited = sandbox.api().verdict(&json!({})).await;
    assert_eq!(limited.header("x-ratelimit-limit"), Some("77"), "{limited:?}");
}

#[tokio::test]
async fn the_docs_have_the_sandboxs_key_for_the_person_at_this_machine_only() {
    let sandbox = Sandbox::start().await;
    let (api, key) = (sandbox.api().with_key(""), sandbox.info().key.clone());
    let page = async |headers: &[(&str, &str)]| {
        let answer = api.send(reqwest::Method::GET, "/docs", headers, None).await;
        assert_eq!((answer.status, answer.header("cache-control")), (200, Some("no-store")), "{answer:?}");
        String::from_utf8(answer.body).expect("text").contains(&key)
    };
    assert!(page(&[]).await, "filled in");
    for header in [
        ("host", "evil.example"),
        ("x-forwarded-for", "192.0.2.1"),
        ("via", "1.1 proxy"),
        ("sec-fetch-site", "cross-site"),
    ] {
        assert!(!page(&[header]).await, "{header:?}");
    }
    // Only the page has it: a script or a document could be taken in by a page of another site.
    for path in ["/openapi.json", "/docs/swagger-initializer.js"] {
        let answer = api.get(path).await;
        assert!(!String::from_utf8_lossy(&answer.body).contains(&key), "{path}");
    }
}

#[tokio::test]
async fn off_loopback_the_docs_have_no_key() {
    let flags = ["--listen", "0.0.0.0:0"];
    let mut options = Options::flags(&flags);
    options.environment.push(("IDENTITY_API__ALLOW_PLAINTEXT".to_owned(), "true".to_owned()));
    let sandbox = Sandbox::start_with(options).await;
    let answer = sandbox.api().with_key("").get("/docs").await;
    assert_eq!(answer.status, 200);
    assert!(!String::from_utf8(answer.body).expect("text").contains(&sandbox.info().key));
}
