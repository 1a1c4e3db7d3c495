//! Programs and their settings (contract §6): help, settings that are refused, what overrides what, what a
//! terminal gets, the end with requests that do not end.

use std::os::unix::fs::DirBuilderExt as _;
use std::process::{Command, Stdio};

use rustix::process::Signal;
use serde_json::Value;

use crate::server::Place;
use system_tests::client::{Api, VERDICT, declined};
use system_tests::harness::ContractHarness as _;
use system_tests::patience::until;
use system_tests::process::{Process, Program, Ran, command, run, run_program, run_with};
use system_tests::sandbox::{Options, Sandbox};
use system_tests::wire::{Wire, get, post_head};

/// Every command of every program.
const COMMANDS: [(Program, &str, &[&[&str]]); 2] = [
    (
        Program::IngestApi,
        "ingest-api",
        &[
            &[],
            &["sandbox"],
            &["serve"],
            &["orgs"],
            &["orgs", "create"],
            &["orgs", "list"],
            &["orgs", "set"],
            &["orgs", "keys"],
            &["orgs", "keys", "create"],
            &["orgs", "keys", "list"],
            &["orgs", "keys", "revoke"],
        ],
    ),
    (
        Program::Projector,
        "projector",
        &[
            &[],
            &["run"],
            &["status"],
            &["quarantine"],
            &["quarantine", "list"],
            &["quarantine", "show"],
            &["quarantine", "drain"],
            &["rebuild"],
        ],
    ),
];

#[tokio::test]
async fn every_command_has_a_help_with_examples_and_refuses_what_it_does_not_know() {
    for (program, name, commands) in COMMANDS {
        for words in commands {
            let ran = run_program(program, &[], words.iter().chain(&["--help"])).await;
            assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""), "{name} {words:?}: {ran:?}");
            let (usage, examples) =
                ran.stdout.split_once("Examples:").unwrap_or_else(|| panic!("{name} {words:?}: {ran:?}"));
            assert!(usage.contains("Usage:"), "{name} {words:?}: {ran:?}");
            let shown = format!("{name} {}", words.join(" "));
            assert!(examples.contains(shown.trim_end()), "{name} {words:?}: {examples}");
            let ran = run_program(program, &[], words.iter().chain(&["--nonsense"])).await;
            assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""), "{name} {words:?}: {ran:?}");
            assert!(ran.stderr.contains("--nonsense"), "{name} {words:?}: {ran:?}");
        }
    }
}

#[tokio::test]
async fn every_program_says_its_version_and_its_commit_here_and_in_its_metrics() {
    let mut git = Command::new("git");
    git.args(["rev-parse", "HEAD"]).current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
    let head = git.output().ok().filter(|output| output.status.success());
    let head = head.and_then(|output| String::from_utf8(output.stdout).ok());
    let head = head.as_deref().map_or("unknown", str::trim);
    for (program, name, _) in COMMANDS {
        let ran = run_program(program, &[], ["--version"]).await;
        let wanted = format!("{name} {} ({head})\n", env!("CARGO_PKG_VERSION"));
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(0), wanted.as_str()), "{ran:?}");
    }
    let sandbox = Sandbox::start().await;
    sandbox.api().verdict(&declined(&sandbox.info().customer, "Data ganda")).await.expect(200);
    let page = String::from_utf8(sandbox.admin().get("/metrics").await.body).expect("text");
    let mut builds = page.lines().filter(|line| line.starts_with("identity_build_info{"));
    let build = builds.next().unwrap_or_else(|| panic!("no build: {page}"));
    assert!(build.contains(&format!("commit=\"{head}\"")) && build.ends_with("} 1"), "{build}");
    assert!(build.contains(&format!("version=\"{}\"", env!("CARGO_PKG_VERSION"))), "{build}");
    // And every metric says what it means.
    let of = |what: &str| -> Vec<&str> {
        let begins = format!("# {what} ");
        let lines = page.lines().filter_map(|line| line.strip_prefix(begins.as_str()));
        lines.filter_map(|line| line.split_once(' ').map(|(name, _)| name)).collect()
    };
    let (types, helps) = (of("TYPE"), of("HELP"));
    assert!(types.len() > 10, "{page}");
    for name in types {
        assert!(helps.contains(&name), "{name} has no HELP");
    }
}

#[tokio::test]
async fn a_listener_may_be_named_and_the_rule_of_loopback_holds_for_names() {
    let place = Place::new("");
    let data = place.path("data");
    let folder = data.to_str().expect("a path");
    let mut starting = command(Program::IngestApi, &[]);
    starting.args([
        "sandbox",
        "--data-dir",
        folder,
        "--listen",
        "localhost:0",
        "--admin-listen",
        "localhost:0",
    ]);
    let mut process = Process::spawn(starting);
    let info: Value = until("sandbox.json", async || {
        assert!(process.has_ended().is_none(), "the sandbox ended");
        serde_json::from_slice(&std::fs::read(data.join("sandbox.json")).ok()?).ok()
    })
    .await;
    let url = |name: &str| info[name].as_str().expect("a URL").to_owned();
    assert_eq!(Api::new(&url("url"), "").get("/openapi.json").await.status, 200);
    assert_eq!(Api::new(&url("adminUrl"), "").get("/readyz").await.status, 200);
    process.signal(Signal::TERM);
    assert_eq!(process.ended().await.code(), Some(0));

    // What would allow it is named as the sandbox can be told.
    for (flag, variable) in [
        ("--listen", "IDENTITY_API__ALLOW_PLAINTEXT"),
        ("--admin-listen", "IDENTITY_API__ADMIN_ALLOW_PLAINTEXT"),
    ] {
        let ran = run(["sandbox", "--data-dir", folder, flag, "0.0.0.0:0"]).await;
        refused(&ran, &["0.0.0.0:0", &format!("{variable}=true"), "TLS_CERT_FILE"]);
    }
    refused(
        &run(["sandbox", "--data-dir", folder, "--listen", "nowhere.invalid:80"]).await,
        &["[api] listen"],
    );
    for wrong in ["localhost", "localhost:http", ":80", "http://localhost:80"] {
        assert_eq!(run(["sandbox", "--data-dir", folder, "--listen", wrong]).await.code, Some(2), "{wrong}");
    }
}

fn refused(ran: &Ran, names: &[&str]) {
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(1), ""), "{ran:?}");
    for name in names {
        assert!(ran.stderr.contains(name), "{name} is not named: {ran:?}");
    }
}

#[tokio::test]
async fn a_setting_that_nobody_knows_stops_the_start_with_its_name_wherever_it_stands() {
    for (more, names) in [
        ("[api]\nwait_defualt_ms = 5\n", &["wait_defualt_ms"][..]),
        ("[projector]\nbatch = 5\n", &["batch"]),
        ("[telemetry]\nlog_format = \"xml\"\n", &["log_format"]),
        ("[kafka]\nbroker = \"x\"\n", &["broker"]),
        ("[cql]\nnode = \"x\"\n", &["node"]),
        ("[kms]\nfiles = \"x\"\n", &["files"]),
        ("[compliance]\nkeydir = \"x\"\n", &["keydir"]),
        ("[apis]\nlisten = \"x\"\n", &["apis"]),
        ("[api]\nwait_max_ms = -1\n", &["wait_max_ms"]),
        ("[api]\norg_share = 2.0\n", &["org_share"]),
        ("[api]\nbytes_in_flight_max = 1\n", &["bytes_in_flight_max"]),
    ] {
        let place = Place::new(more);
        let config = place.config();
        refused(&run(["serve", "--config", &config]).await, names);
        refused(&run(["orgs", "list", "--config", &config]).await, names);
    }
    let place = Place::new("");
    for (name, value, named) in [
        ("IDENTITY_API__WAIT_DEFUALT_MS", "5", "WAIT_DEFUALT_MS"),
        ("IDENTITY_API_LISTEN", "127.0.0.1:0", "IDENTITY_API_LISTEN"),
        ("IDENTITY_APIS__LISTEN", "127.0.0.1:0", "IDENTITY_APIS__LISTEN"),
        ("IDENTITY_API__LISTEN", "nowhere", "IDENTITY_API__LISTEN"),
    ] {
        let config = place.config();
        refused(&run_with(&[(name, value)], ["serve", "--config", &config]).await, &[named]);
        let data = place.path("never");
        let folder = data.to_str().expect("a path");
        refused(&run_with(&[(name, value)], ["sandbox", "--data-dir", folder]).await, &[named]);
        assert!(!data.exists(), "something was made before the settings were read");
    }
}

#[tokio::test]
async fn plaintext_off_loopback_needs_a_word_for_each_listener_and_each_neighbour() {
    const DISTRIBUTED: &str = "kind = \"distributed\"\n[kms]\nfile = \"{folder}/kms.json\"\n";
    for (more, names) in [
        (
            "[api]\nlisten = \"0.0.0.0:0\"\nadmin_listen = \"127.0.0.1:0\"\n",
            &["allow_plaintext", "0.0.0.0:0"][..],
        ),
        (
            "[api]\nlisten = \"127.0.0.1:0\"\nadmin_listen = \"0.0.0.0:0\"\n",
            &["admin_allow_plaintext", "0.0.0.0:0"],
        ),
        (
            "[api]\nlisten = \"0.0.0.0:0\"\nadmin_listen = \"0.0.0.0:0\"\nallow_plaintext = true\n",
            &["admin_allow_plaintext"],
        ),
        ("[api]\nlisten = \"[::]:0\"\nadmin_listen = \"[::1]:0\"\n", &["allow_plaintext"]),
    ] {
        refused(&run(["serve", "--config", &Place::new(more).config()]).await, names);
    }
    for (kafka, cql, names) in [
        (
            "brokers = [\"kafka.example:9092\"]",
            "nodes = [\"127.0.0.1:9042\"]",
            &["[kafka] allow_plaintext", "kafka.example:9092"][..],
        ),
        (
            "brokers = [\"127.0.0.1:9092\"]",
            "nodes = [\"cql.example:9042\"]",
            &["[cql] allow_plaintext", "cql.example:9042"],
        ),
        (
            "brokers = [\"localhost:9092\", \"10.0.0.1:9092\"]",
            "nodes = [\"127.0.0.1:9042\"]",
            &["[kafka] allow_plaintext"],
        ),
    ] {
        let place = Place::new("");
        let path = place.path("").display().to_string();
        let toml =
            format!("[engine]\n{DISTRIBUTED}[kafka]\n{kafka}\n[cql]\n{cql}\n").replace("{folder}", &path);
        place.write("identity.toml", &toml);
        refused(&run(["serve", "--config", &place.config()]).await, names);
    }
}

#[tokio::test]
async fn a_tls_file_of_a_client_that_cannot_be_used_is_named_with_its_setting() {
    for (section, setting, file, content, words) in [
        ("kafka", "tls_ca_file", "missing.pem", None, "cannot read"),
        ("kafka", "tls_ca_file", "garbage.pem", Some("nonsense"), "no usable certificate"),
        ("cql", "tls_ca_file", "missing.pem", None, "cannot read"),
        ("cql", "tls_ca_file", "garbage.pem", Some("nonsense"), "no usable certificate"),
    ] {
        let place = Place::new("");
        let path = |name: &str| place.path(name).display().to_string();
        std::fs::DirBuilder::new().mode(0o700).create(path("kms")).expect("a folder");
        let of = |one: &str| {
            let tls = format!("tls = true\n{setting} = \"{}\"\n", path(file));
            if one == section { tls } else { "allow_plaintext = true\n".to_owned() }
        };
        if let Some(content) = content {
            place.write(file, content);
        }
        let toml = format!(
            "[engine]\nkind = \"distributed\"\n[kms]\nfile = \"{}\"\n\
             [kafka]\nbrokers = [\"127.0.0.1:1\"]\n{}[cql]\nnodes = [\"127.0.0.1:1\"]\n{}\
             [api]\nlisten = \"127.0.0.1:0\"\nadmin_listen = \"127.0.0.1:0\"\n",
            path("kms/org-keys.json"),
            of("kafka"),
            of("cql"),
        );
        place.write("identity.toml", &toml);
        let named = format!("[{section}] {setting}");
        refused(&run(["serve", "--config", &place.config()]).await, &[&named, &path(file), words]);
        refused(&place.orgs(&["list"]).await, &[&named, &path(file), words]);
    }
}

#[tokio::test]
async fn the_environment_goes_over_the_file_and_a_flag_over_both() {
    let place = Place::new(
        "[api]\nlisten = \"127.0.0.1:1\"\nadmin_listen = \"127.0.0.1:1\"\nwait_default_ms = 1500\nwait_max_ms = 3000\n",
    );
    let key = place.key().await;
    let environment = [
        ("IDENTITY_API__ADMIN_LISTEN", "127.0.0.1:0"),
        ("IDENTITY_API__LISTEN", "127.0.0.1:2"),
        ("IDENTITY_API__WAIT_MAX_MS", "4000"),
    ];
    let server = place.serve(&["--listen", "127.0.0.1:0"], &environment).await;
    let api = server.api(&key);
    let customer = api.customer("Budi Santoso").await;
    let answer = api.post(VERDICT, &[("prefer", "wait=9")], &declined(&customer, "Data ganda")).await;
    assert_eq!((answer.status, answer.header("preference-applied")), (200, Some("wait=4")), "{answer:?}");
    for address in [&server.url, &server.admin_url] {
        assert!(!address.ends_with(":1") && !address.ends_with(":2"), "{address}");
    }
    // What is changed while it runs is followed; what is changed while it does not, too.
    let org = api.get("/api/auth/me").await.expect(200)["org"]["id"].clone();
    let org = org.as_str().expect("an id");
    let ran = place.orgs(&["set", org, "--dukcapil-enabled", "false"]).await;
    assert_eq!(ran.code, Some(0), "{ran:?}");
    until("the capability off", async || {
        let answer = api.verdict(&declined(&customer, "Data ganda")).await;
        (answer.status == 403).then_some(())
    })
    .await;
    // A second server on the same folder is refused, in words.
    let second =
        run_with(&environment[..1], ["serve", "--config", &place.config(), "--listen", "127.0.0.1:0"]).await;
    refused(&second, &["data"]);
}

#[tokio::test]
async fn a_terminal_gets_lines_for_people_and_everything_else_gets_json() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    let program = command(Program::IngestApi, &[]);
    let program = program.get_program().to_str().expect("a path");
    let line = format!(
        "exec {program} sandbox --data-dir {} --listen 127.0.0.1:0 --admin-listen 127.0.0.1:0",
        data.display()
    );
    // `script` (util-linux) gives its child a terminal of its own.
    let mut command = Command::new("script");
    command.args(["--quiet", "--flush", "--command", &line, "/dev/null"]).env_remove("RUST_LOG");
    command.stdin(Stdio::null());
    let process = Process::spawn(command);
    let ready = until("a line for people", async || {
        let said = process.stdout();
        said.lines().find(|line| line.contains("INFO") && line.contains("ready")).map(str::to_owned)
    })
    .await;
    assert!(!ready.contains('{') || ready.starts_with(|c: char| c != '{'), "{ready}");
    assert!(serde_json::from_str::<Value>(&ready).is_err(), "JSON on a terminal: {ready}");
    drop(process);

    let mut sandbox = Sandbox::start().await;
    sandbox.api().verdict(&declined(&sandbox.info().customer, "Data ganda")).await.expect(200);
    sandbox.sigterm().await;
    let output = sandbox.output();
    let logged: Vec<&str> = output.lines().filter(|line| line.starts_with('{')).collect();
    assert!(logged.len() >= 3, "{output}");
    for line in logged {
        let line: Value = serde_json::from_str(line).unwrap_or_else(|_| panic!("not JSON: {line}"));
        assert!(
            line["timestamp"].is_string() && line["level"].is_string() && line["message"].is_string(),
            "{line}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sigterm_waits_for_what_is_in_flight_and_not_for_what_never_ends() {
    let mut sandbox =
        Sandbox::start_with(Options::environment(&[("IDENTITY_API__DRAIN_TIMEOUT_MS", "2000")])).await;
    let api = sandbox.api();
    let body = declined(&sandbox.info().customer, "Data ganda").to_string();
    let headers = [("Content-Type", "application/json"), ("Content-Length", "1000")];
    let mut endless = Wire::open(&sandbox.address()).await;
    endless.send(post_head(VERDICT, api.key(), &headers)).await;
    endless.send(&body).await;
    let mut idle = Wire::open(&sandbox.address()).await;
    idle.send(get("/api/auth/me", api.key())).await;
    idle.answer().await.expect("an answer").expect(200);
    let head_only = Wire::open(&sandbox.address()).await;
    assert_eq!(sandbox.sigterm().await.code(), Some(0));
    assert!(endless.answer().await.is_none_or(|answer| answer.status >= 400), "an accepted half");
    drop(head_only);
    sandbox.restart().await;
    assert_eq!(sandbox.api().total("").await, 0);
    // And a second signal, of the other kind, is no other end.
    sandbox.process().signal(Signal::INT);
    assert_eq!(sandbox.wait().await.code(), Some(0));
}

#[tokio::test]
async fn a_stopped_sandbox_does_not_say_that_it_is_there() {
    let mut sandbox = Sandbox::start().await;
    let url = sandbox.info().url.clone();
    sandbox.kill9().await;
    let nobody = Api::new(&url, "").try_send(reqwest::Method::GET, "/openapi.json", &[], None).await;
    assert!(nobody.is_err(), "somebody answers");
    // What the last start wrote stands until the next one is ready: then it is that one's.
    sandbox.restart().await;
    assert_ne!(sandbox.info().url, url);
    sandbox.api().get("/api/auth/me").await.expect(200);
    // Its last step of all, after it is there for whoever reads it.
    until("nothing else beside it", async || {
        let left = std::fs::read_dir(sandbox.folder()).expect("a folder");
        let left: Vec<_> = left.map(|entry| entry.expect("an entry").file_name()).collect();
        let theirs = left.iter().filter(|name| name.to_string_lossy().starts_with("sandbox."));
        theirs.eq(["sandbox.json"]).then_some(())
    })
    .await;
}
