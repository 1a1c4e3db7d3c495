//! How a program starts on a data folder (contract §4, §6): "ready" says no more than is true, and parts that do
//! not belong together are refused. Read models and logs are put back to an earlier state by copying them, and the
//! projector is held up by the write lock of its read model.

use std::ffi::OsStr;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use rustix::process::Signal;
use serde_json::{Value, json};

use system_tests::client::{Api, text, verified};
use system_tests::harness::ContractHarness as _;
use system_tests::patience::{DEADLINE, until};
use system_tests::process::{Process, Program, ProgramOutput, command, run, run_program};
use system_tests::sandbox::Sandbox;

use crate::older_read_model::put_back_to_format_2;

/// The two ways to run the whole system on a data folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Sandbox,
    Serve,
}

const WAYS: [Way; 2] = [Way::Sandbox, Way::Serve];

fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address").port()
}

fn copy(from: &Path, to: &Path) {
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("a folder") {
        let path = entry.expect("an entry").path();
        std::fs::copy(&path, to.join(path.file_name().expect("a name"))).expect("copied");
    }
}

/// Puts a folder's copy in its place.
fn put_back(copied: &Path, to: &Path) {
    std::fs::remove_dir_all(to).expect("removed");
    copy(copied, to);
}

/// A program that starts on a sandbox's folder, on ports that are known before it says them.
struct Starting {
    process: Process,
    api: Api,
    admin: Api,
}

impl Starting {
    fn on(sandbox: &Sandbox, way: Way) -> Self {
        let ports = [free_port(), free_port()].map(|port| format!("127.0.0.1:{port}"));
        let mut starting = command(Program::IngestApi, &[]);
        starting.args(arguments(sandbox, way)).args(["--listen", &ports[0], "--admin-listen", &ports[1]]);
        let [url, admin_url] = ports.map(|address| format!("http://{address}"));
        Self {
            process: Process::spawn(starting),
            api: Api::new(&url, &sandbox.info().key),
            admin: Api::new(&admin_url, ""),
        }
    }

    /// What `/readyz` says; none while nobody listens there.
    async fn readiness(&self) -> Option<(u16, Value)> {
        let answer = self.admin.try_send(reqwest::Method::GET, "/readyz", &[], None).await.ok()?;
        Some((answer.status, answer.json()))
    }

    /// Waits until it is unready for that reason alone.
    async fn waits_for(&mut self, reasons: &[&str]) {
        until("the reason", async || {
            assert!(self.process.has_ended().is_none(), "it ended");
            let (status, body) = self.readiness().await?;
            assert_eq!((status, &body["status"]), (503, &"unready".into()), "{body}");
            let said: Vec<&str> = body["reasons"].as_array().expect("reasons").iter().map(text).collect();
            // The listener is the last of all.
            (said.iter().filter(|reason| **reason != "public_listener").eq(reasons)).then_some(())
        })
        .await;
    }

    async fn ready(&mut self) {
        until("readiness", async || {
            assert!(self.process.has_ended().is_none(), "it ended");
            (self.readiness().await?.0 == 200).then_some(())
        })
        .await;
    }

    /// What the API says of the customer; none while nobody can connect.
    async fn kyc(&self, customer: &str) -> Option<(u16, Value)> {
        let path = format!("/api/identity/kyc/{customer}");
        let answer = self.api.try_send(reqwest::Method::GET, &path, &[], None).await.ok()?;
        Some((answer.status, answer.json()))
    }

    async fn stop(mut self) {
        self.process.signal(Signal::TERM);
        assert_eq!(self.process.ended().await.code(), Some(0));
    }
}

fn arguments(sandbox: &Sandbox, way: Way) -> Vec<String> {
    let folder = sandbox.folder().to_str().expect("a path").to_owned();
    if way == Way::Sandbox {
        return ["sandbox", "--data-dir", &folder].map(str::to_owned).to_vec();
    }
    let file = sandbox.scratch("identity.toml");
    std::fs::write(&file, format!("[engine]\nkind = \"embedded\"\ndata_dir = {folder:?}\n")).expect("a file");
    ["serve", "--config", file.to_str().expect("a path")].map(str::to_owned).to_vec()
}

#[tokio::test]
async fn ready_means_that_the_read_model_has_what_the_log_had_at_the_start() {
    let mut sandbox = Sandbox::start().await;
    let customer = sandbox.info().customer.clone();
    sandbox.sigterm().await;
    let (views, earlier) = (sandbox.folder().join("views"), sandbox.scratch("views"));
    copy(&views, &earlier);
    sandbox.restart().await;
    sandbox.api().verdict(&verified(&customer)).await.expect(200);
    sandbox.sigterm().await;
    for way in WAYS {
        put_back(&earlier, &views);
        let held = rusqlite::Connection::open(views.join("views.sqlite")).expect("the read model");
        held.busy_timeout(DEADLINE).expect("a setting");
        held.execute_batch("BEGIN IMMEDIATE").expect("the write lock");
        let mut starting = Starting::on(&sandbox, way);
        let reasons: &[&str] = match way {
            Way::Sandbox => &["projector", "read_model", "sandbox_org"],
            Way::Serve => &["projector", "read_model"],
        };
        starting.waits_for(reasons).await;
        assert!(starting.kyc(&customer).await.is_none_or(|(status, _)| status == 503), "{way:?}");
        if way == Way::Sandbox {
            assert!(!sandbox.folder().join("sandbox.json").exists(), "it says that it is ready");
        }
        assert_eq!(starting.readiness().await.map(|(status, _)| status), Some(503), "{way:?}");
        drop(held);
        starting.ready().await;
        let (status, body) = starting.kyc(&customer).await.expect("an answer");
        assert_eq!((status, &body["customer"]["kycLevel"]), (200, &"standard".into()), "{way:?}: {body}");
        starting.stop().await;
    }
}

#[tokio::test]
async fn a_removed_read_model_is_there_again_when_it_is_ready() {
    let mut sandbox = Sandbox::start().await;
    let customer = sandbox.info().customer.clone();
    sandbox.api().verdict(&verified(&customer)).await.expect(200);
    for way in WAYS {
        if way == Way::Sandbox {
            sandbox.sigterm().await;
        }
        std::fs::remove_dir_all(sandbox.folder().join("views")).expect("removed");
        let mut starting = Starting::on(&sandbox, way);
        starting.ready().await;
        let (status, body) = starting.kyc(&customer).await.expect("an answer");
        assert_eq!((status, &body["customer"]["kycLevel"]), (200, &"standard".into()), "{way:?}: {body}");
        starting.stop().await;
    }
}

#[tokio::test]
async fn it_is_never_ready_when_the_projector_refuses_to_start() {
    let mut sandbox = Sandbox::start().await;
    let customer = sandbox.info().customer.clone();
    sandbox.sigterm().await;
    let earlier = sandbox.scratch("log");
    copy(&sandbox.folder().join("log"), &earlier);
    sandbox.restart().await;
    sandbox.api().verdict(&verified(&customer)).await.expect(200);
    sandbox.sigterm().await;
    for way in WAYS {
        put_back(&earlier, &sandbox.folder().join("log"));
        let mut starting = Starting::on(&sandbox, way);
        let status = until("the end", async || {
            let ready = starting.readiness().await;
            assert!(ready.is_none_or(|(status, _)| status == 503), "{way:?}: ready");
            starting.process.has_ended()
        })
        .await;
        assert_eq!(status.code(), Some(1));
        starting.process.ended().await;
        let said = starting.process.stderr();
        assert!(said.contains("error: the projector refuses to start: "), "{said}");
        assert!(said.contains("the log was cut or replaced"), "{said}");
        assert!(!sandbox.folder().join("sandbox.json").exists(), "{way:?}");
    }
}

#[tokio::test]
async fn without_the_key_of_any_org_it_waits_for_one() {
    let mut sandbox = Sandbox::start().await;
    sandbox.sigterm().await;
    let file = sandbox.folder().join("kms").join("org-keys.json");
    let whole = std::fs::read(&file).expect("the org keys");
    let mut without: Value = serde_json::from_slice(&whole).expect("JSON");
    without["orgs"] = Value::Object(serde_json::Map::new());
    std::fs::write(&file, without.to_string()).expect("written");
    let mut starting = Starting::on(&sandbox, Way::Serve);
    starting.waits_for(&["org_keys", "projector", "read_model"]).await;
    std::fs::write(&file, whole).expect("written");
    starting.ready().await;
    starting.api.get("/api/auth/me").await.expect(200);
    starting.stop().await;
}

/// What lies in the parts' folders, but for what reading leaves beside a database.
fn content(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut all = Vec::new();
    for part in ["log", "keystore", "kms", "views", "compliance"] {
        let Ok(entries) = std::fs::read_dir(folder.join(part)) else { continue };
        for entry in entries {
            let path = entry.expect("an entry").path();
            if !path.to_string_lossy().ends_with("-shm") && !path.to_string_lossy().ends_with("-wal") {
                let bytes = std::fs::read(&path).expect("read");
                all.push((path, bytes));
            }
        }
    }
    all.sort();
    all
}

async fn tries(sandbox: &Sandbox) -> Vec<ProgramOutput> {
    let folder = sandbox.folder();
    let folder = folder.to_str().expect("a path");
    let mut all = Vec::new();
    for way in WAYS {
        let ports = ["--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"].map(str::to_owned);
        all.push(run(arguments(sandbox, way).into_iter().chain(ports)).await);
    }
    all.push(run(["orgs", "create", "--data-dir", folder, "--name", "Bank Lain"]).await);
    let status = [OsStr::new("status"), OsStr::new("--data-dir"), OsStr::new(folder)];
    all.push(run_program(Program::Projector, &[], status).await);
    all
}

/// Every program refuses the folder, in words that name the part, and leaves it as it was.
async fn is_refused(sandbox: &Sandbox, part: &str, fault: &str) {
    let before = content(&sandbox.folder());
    for ran in tries(sandbox).await {
        assert_eq!(ran.code, Some(1), "{ran:?}");
        for words in [part, fault, "back", "docs/operations.md", sandbox.folder().to_str().expect("a path")] {
            assert!(ran.stderr.contains(words), "{words}: {ran:?}");
        }
    }
    assert!(content(&sandbox.folder()) == before, "something was made or changed");
}

/// The parts that must be there: their folders, and what they are called.
const PARTS: [(&str, &str); 3] =
    [("log", "the log ("), ("keystore", "the key store ("), ("kms", "the file of org keys (")];

#[tokio::test]
async fn a_part_that_is_gone_or_empty_is_refused_and_nothing_is_made_anew() {
    let mut sandbox = Sandbox::start().await;
    let customer = sandbox.info().customer.clone();
    sandbox.api().verdict(&verified(&customer)).await.expect(200);
    sandbox.sigterm().await;
    for (part, name) in PARTS {
        let (path, aside) = (sandbox.folder().join(part), sandbox.scratch(part));
        std::fs::rename(&path, &aside).expect("moved");
        is_refused(&sandbox, name, "is missing").await;
        assert!(!path.exists(), "{part} was made anew");
        // The folder alone is not the part.
        std::fs::create_dir(&path).expect("a folder");
        is_refused(&sandbox, name, "is missing").await;
        std::fs::remove_dir_all(&path).expect("removed");
        copy(&aside, &path);
        for entry in std::fs::read_dir(&path).expect("a folder") {
            std::fs::write(entry.expect("an entry").path(), "").expect("emptied");
        }
        is_refused(&sandbox, name, "is empty").await;
        std::fs::remove_dir_all(&path).expect("removed");
        std::fs::rename(&aside, &path).expect("moved back");
    }
    sandbox.restart().await;
    assert_eq!(sandbox.api().kyc(&customer).await["customer"]["kycLevel"], "standard");
}

#[tokio::test]
async fn a_part_of_another_folder_is_refused() {
    let (mut sandbox, mut other) = (Sandbox::start().await, Sandbox::start().await);
    sandbox.sigterm().await;
    other.sigterm().await;
    for (part, name) in PARTS.into_iter().chain([("views", "the read model (")]) {
        let (path, aside) = (sandbox.folder().join(part), sandbox.scratch(part));
        std::fs::rename(&path, &aside).expect("moved");
        std::fs::rename(other.folder().join(part), &path).expect("moved in");
        is_refused(&sandbox, name, "belongs to another installation").await;
        std::fs::rename(&path, other.folder().join(part)).expect("moved back");
        std::fs::rename(&aside, &path).expect("moved back");
    }
    sandbox.restart().await;
    other.restart().await;
}

/// Leaves the folder as a build of before installations had ids would have.
async fn forget_the_installation(sandbox: &Sandbox) {
    put_back_to_format_2(sandbox).await;
    let folder = sandbox.folder();
    let since_then = "ALTER TABLE key_row DROP COLUMN attempt_until; ALTER TABLE key_row DROP COLUMN abandoned; \
                      DROP TABLE staff_account; DROP TABLE staff_session; DROP TABLE access; DROP TABLE reads; \
                      DROP TABLE customer_reads; DROP TABLE review_key;";
    for (file, version, also) in [("log/log.sqlite", 1, ""), ("keystore/keys.sqlite", 2, since_then)] {
        let database = rusqlite::Connection::open(folder.join(file)).expect("a database");
        let script = format!("{also} DROP TABLE installation; PRAGMA user_version = {version};");
        database.execute_batch(&script).expect("as it was");
    }
    let file = folder.join("kms").join("org-keys.json");
    let mut keys: Value = serde_json::from_slice(&std::fs::read(&file).expect("read")).expect("JSON");
    keys.as_object_mut().expect("an object").remove("installation").expect("an id");
    std::fs::write(&file, keys.to_string()).expect("written");
}

#[tokio::test]
async fn a_folder_of_before_the_ids_is_adopted_once() {
    let mut sandbox = Sandbox::start().await;
    let info = sandbox.info().clone();
    // With an answer that agrees: an older read model has no signals of verdicts.
    let mut verdict = verified(&info.customer);
    verdict["raw"] = json!({"content": [{"NIK": "Sesuai"}]});
    sandbox.api().verdict(&verdict).await.expect(200);
    let (kyc, rows) = (sandbox.api().kyc(&info.customer).await, sandbox.api().rows("").await);
    sandbox.sigterm().await;
    forget_the_installation(&sandbox).await;
    sandbox.restart().await;
    assert_eq!((&sandbox.info().key, &sandbox.info().customer), (&info.key, &info.customer));
    assert_eq!(kyc["customer"]["kycLevel"], "standard");
    assert_eq!(sandbox.api().kyc(&info.customer).await, kyc);
    assert_eq!((sandbox.api().rows("").await, sandbox.api().total("").await), (rows, 1));
    sandbox.sigterm().await;
    std::fs::rename(sandbox.folder().join("keystore"), sandbox.scratch("keystore")).expect("moved");
    is_refused(&sandbox, "the key store (", "is missing").await;
}

#[tokio::test]
async fn of_a_folder_of_before_the_ids_nothing_may_be_missing_or_anothers() {
    let (mut sandbox, mut other) = (Sandbox::start().await, Sandbox::start().await);
    for one in [&mut sandbox, &mut other] {
        one.sigterm().await;
        forget_the_installation(one).await;
    }
    for (part, name) in PARTS.into_iter().chain([("views", "the read model (")]) {
        let (path, aside) = (sandbox.folder().join(part), sandbox.scratch(part));
        std::fs::rename(&path, &aside).expect("moved");
        if part != "views" {
            is_refused(&sandbox, name, "is missing").await;
        }
        if part != "log" {
            std::fs::rename(other.folder().join(part), &path).expect("moved in");
            is_refused(&sandbox, name, "belongs to another installation").await;
            std::fs::rename(&path, other.folder().join(part)).expect("moved back");
        }
        std::fs::rename(&aside, &path).expect("moved back");
    }
    sandbox.restart().await;
}
