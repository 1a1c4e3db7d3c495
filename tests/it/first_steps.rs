//! A newcomer's first quarter of an hour: what the sandbox prints, and the README's commands, run by a real shell and
//! a real curl, then edited and run again. What does not belong here: how the program starts and ends
//! (`lifecycle.rs`).

use std::path::Path;
use std::process::Command;

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::server::Place;
use system_tests::client::{Api, is_id, text};
use system_tests::harness::ContractHarness as _;
use system_tests::patience::until;
use system_tests::process::{Process, Program, command};
use system_tests::sandbox::Sandbox;

/// What the sandbox printed, in whole: it ends with the curl's last quote.
async fn printed(sandbox: &Sandbox) -> String {
    until("the curl", async || {
        let stdout = sandbox.process().stdout();
        (stdout.contains("curl ") && stdout.trim_end().ends_with('\'')).then_some(stdout)
    })
    .await
}

/// Runs a script; what it said.
async fn shell(folder: &Path, script: &str) -> String {
    let mut command = Command::new("sh");
    command.arg("-euc").arg(script).current_dir(folder);
    let mut process = Process::spawn(command);
    let status = process.ended().await;
    assert!(status.success(), "{script}: {}{}", process.stdout(), process.stderr());
    process.stdout()
}

#[tokio::test]
async fn the_printed_curl_survives_a_first_edit() {
    let sandbox = Sandbox::start().await;
    let printed = printed(&sandbox).await;
    let place = sandbox.scratch("");
    let curl = &printed[printed.find("curl ").expect("a curl")..];
    let said: Value = serde_json::from_str(&shell(&place, curl).await).expect("JSON");
    assert_eq!(said["verification"]["status"], "verified", "{said}");
    assert_eq!(sandbox.api().total("").await, 1);
    // Why the answer says so is said.
    assert_eq!(said["enrolment"]["fallbackStub"], true, "{said}");
    assert!(printed.contains("fallbackStub") && printed.contains("no face model"), "{printed}");
    // The first edit anybody makes.
    let edited = curl.replacen("\"valid\":true", "\"valid\":false", 1);
    assert_ne!(curl, edited);
    let said: Value = serde_json::from_str(&shell(&place, &edited).await).expect("JSON");
    assert_eq!(said["verification"]["status"], "failed", "{said}");
    assert_eq!(sandbox.api().total("status=failed").await, 1);
    // Sent again as it is, it is another verdict: two rows.
    shell(&place, &edited).await;
    assert_eq!(sandbox.api().total("status=failed").await, 2);
    // Registry's answers are in the registry's shape.
    assert!(curl.contains(r#""raw":{"content":[{"NIK":"Sesuai","NAMA_LGKP":"Sesuai (100)""#), "{curl}");
    assert!(curl.contains("\"quotaLimiter\":"), "{curl}");
}

#[tokio::test]
async fn the_declined_body_beside_it_works_too() {
    let sandbox = Sandbox::start().await;
    let printed = printed(&sandbox).await;
    let body = printed.lines().map(str::trim).find(|line| line.starts_with('{')).expect("a body");
    let body: Value = serde_json::from_str(body).expect("JSON");
    assert_eq!((&body["valid"], &body["raw"]["content"][0]["NIK"]), (&json!(false), &json!("Sesuai")));
    let said = sandbox.api().verdict(&body).await.expect(200);
    assert_eq!((&said["verification"]["status"], &said["enrolment"]), (&json!("failed"), &Value::Null));
    let rows = sandbox.api().rows("").await;
    assert_eq!(rows[0]["reasonCategory"], "mismatch", "{rows:?}");
}

#[tokio::test]
async fn the_readmes_commands_work_from_another_terminal() {
    let sandbox = Sandbox::start().await;
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace");
    let readme = std::fs::read_to_string(root.join("README.md")).expect("a file");
    let mut blocks = readme.split("```sh\n").skip(1).filter_map(|rest| rest.split_once("```"));
    let script = blocks.find_map(|(block, _)| block.contains("sandbox.json").then_some(block));
    let script = script.expect("the commands by hand");
    // As from the repository's folder, beside `data`.
    let place = sandbox.scratch("");
    std::os::unix::fs::symlink(root.join("ingest-api"), place.join("ingest-api")).expect("a link");
    let said = shell(&place, script).await;
    let answers: Vec<Value> =
        serde_json::Deserializer::from_str(&said).into_iter().map(|one| one.expect("JSON")).collect();
    let [verified, declined, kyc] = &answers[..] else { panic!("three answers: {said}") };
    assert!(is_id("ver_", &verified["verification"]["id"]), "{verified}");
    assert_eq!(verified["verification"]["status"], "verified");
    assert_eq!(
        (&declined["verification"]["status"], &declined["enrolment"]),
        (&json!("failed"), &Value::Null)
    );
    assert_eq!(kyc["customer"]["kycLevel"], "standard", "{kyc}");
    assert_eq!(kyc["verifications"].as_array().map(Vec::len), Some(2), "{kyc}");
    assert!(readme.contains("`curl` and `jq`"), "they are needed");
}

#[tokio::test]
async fn the_sandboxs_customer_has_a_name_and_an_older_folders_keeps_its_own() {
    let sandbox = Sandbox::start().await;
    let customer = sandbox.info().customer.clone();
    assert_eq!(sandbox.api().kyc(&customer).await["customer"]["fullName"], "Nasabah Contoh");

    // A folder of version 0.1.0, whose `sandbox.json` was lost.
    let place = Place::new("[api]\nlisten = \"127.0.0.1:0\"\nadmin_listen = \"127.0.0.1:0\"\n");
    let made = place.orgs(&["create", "--name", "Sandbox", "--dukcapil-enabled"]).await.json();
    let mut server = place.serve(&[], &[]).await;
    // Byte for byte what it registered.
    let before = br#"{"fullName":"Contoh Nasabah","externalId":"SANDBOX-0001"}"#;
    let headers = [("idempotency-key", "sandbox-customer"), ("prefer", "wait=10")];
    let registered =
        server.api(text(&made["apiKey"])).post_bytes("/api/customers", &headers, before.to_vec()).await;
    assert!(matches!(registered.status, 201 | 202), "{registered:?}");
    server.process.signal(Signal::TERM);
    assert_eq!(server.process.ended().await.code(), Some(0));

    let mut starting = command(Program::IngestApi, &[]);
    starting.arg("sandbox").arg("--data-dir").arg(place.path("data"));
    starting.args(["--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"]);
    let mut process = Process::spawn(starting);
    let info: Value = until("sandbox.json", async || {
        assert!(process.has_ended().is_none(), "the sandbox ended");
        serde_json::from_slice(&std::fs::read(place.path("data/sandbox.json")).ok()?).ok()
    })
    .await;
    assert_eq!((&info["orgId"], &info["customerId"]), (&made["orgId"], &registered.json()["id"]));
    let api = Api::new(text(&info["url"]), text(&info["apiKey"]));
    assert_eq!(api.kyc(text(&info["customerId"])).await["customer"]["fullName"], "Contoh Nasabah");
}
