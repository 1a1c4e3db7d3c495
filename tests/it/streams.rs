//! Standard streams that nobody reads any more, or that cannot be written: a pipe whose reader stalls or has gone,
//! a full disk. What does not belong here: a full disk under the data (`../chaos/disk.rs`).

use std::ffi::OsString;
use std::io::Read as _;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::Value;

use system_tests::client::{Api, declined, text, verified};
use system_tests::harness::ContractHarness as _;
use system_tests::patience::until;
use system_tests::process::{Process, Program, Ran, command};
use system_tests::sandbox::{Options, Sandbox};

/// Within this a program ends after SIGTERM (contract §6).
const SIGTERM_MAX: Duration = Duration::from_secs(25);

/// Standard error is a pipe that is full and that nobody reads. (Who opens a FIFO for both does not wait for a
/// reader.) `$0` is a path, then comes the program.
const STALLED_STDERR: &str = "rm -f \"$0.err\" && mkfifo \"$0.err\" && exec 2<>\"$0.err\" && head -c 65536 /dev/zero >&2 && exec \"$@\"";

/// The same of standard output.
const STALLED_STDOUT: &str =
    "rm -f \"$0.out\" && mkfifo \"$0.out\" && exec 1<>\"$0.out\" && head -c 65536 /dev/zero && exec \"$@\"";

/// Standard output is a pipe whose reader has gone, as behind `| head -1`.
const GONE_STDOUT: &str =
    "rm -f \"$0.gone\" && mkfifo \"$0.gone\" && exec 3<>\"$0.gone\" 1>\"$0.gone\" 3<&- && exec \"$@\"";

/// Standard output is on a full disk.
const FULL_STDOUT: &str = "exec >/dev/full && exec \"$@\"";

/// Standard error is on a full disk.
const FULL_STDERR: &str = "exec 2>/dev/full && exec \"$@\"";

/// `{folder}` becomes the data folder.
fn shell(script: &str, path: &str) -> Vec<OsString> {
    ["sh", "-c", script, path].map(OsString::from).to_vec()
}

fn wrapped(script: &str) -> Options {
    Options { wrapper: shell(script, "{folder}"), ..Options::default() }
}

/// Runs a program to its end behind a shell.
async fn run_behind(script: &str, place: &Path, program: Program, arguments: &[&str]) -> Ran {
    let mut command = command(program, &shell(script, place.to_str().expect("a path")));
    command.args(arguments);
    let mut process = Process::spawn(command);
    let status = process.ended().await;
    Ran { code: status.code(), stdout: process.stdout(), stderr: process.stderr() }
}

/// `name value` of a metrics page.
async fn metric(admin: &Api, name: &str) -> Option<f64> {
    let page = String::from_utf8(admin.get("/metrics").await.body).expect("text");
    page.lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok())
}

const DROPPED: &str = "identity_log_lines_dropped_total";

/// Sends requests until more log lines are dropped than at first.
async fn lines_are_dropped(sandbox: &Sandbox) {
    let before = metric(&sandbox.admin(), DROPPED).await.expect("it is there from the start");
    until("log lines to be dropped", async || {
        for _ in 0..20 {
            sandbox.api().get("/api/auth/me").await.expect(200);
        }
        (metric(&sandbox.admin(), DROPPED).await? > before).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_waits_for_a_log_line_that_nobody_reads() {
    let options = Options {
        // So that lines outgrow every buffer soon.
        environment: vec![("RUST_LOG".to_owned(), "trace".to_owned())],
        ..wrapped(STALLED_STDERR)
    };
    let mut sandbox = Sandbox::start_with(options).await;
    let customer = sandbox.info().customer.clone();
    sandbox.api().verdict(&verified(&customer)).await.expect(200);
    lines_are_dropped(&sandbox).await;
    sandbox.api().verdict(&declined(&customer, "Data ganda")).await.expect(200);
    assert_eq!(sandbox.admin().get("/readyz").await.status, 200);

    // Somebody reads again: how many were dropped is said.
    let fifo = sandbox.folder().with_extension("err");
    let mut pipe = std::fs::File::open(fifo).expect("the pipe");
    let reading = tokio::task::spawn_blocking(move || {
        let (mut read, mut chunk) = (Vec::new(), vec![0; 64 * 1024]);
        loop {
            let count = pipe.read(&mut chunk).expect("the pipe");
            read.extend_from_slice(&chunk[..count]);
            let said = String::from_utf8_lossy(&read);
            let mut whole = said.rsplit_once('\n').map_or("", |(whole, _)| whole).lines();
            if let Some(line) = whole.find(|line| line.contains("log lines were dropped")) {
                return line.to_owned();
            }
        }
    });
    until("the line that says how many", async || {
        // One more line, behind which it comes.
        sandbox.api().get("/api/auth/me").await.expect(200);
        reading.is_finished().then_some(())
    })
    .await;
    let told: Value = serde_json::from_str(&reading.await.expect("read")).expect("JSON");
    assert!(told["dropped"].as_u64() > Some(0) && told["level"] == "WARN", "{told}");

    // And it ends in time while nobody reads.
    lines_are_dropped(&sandbox).await;
    let since = Instant::now();
    assert_eq!(sandbox.sigterm().await.code(), Some(0));
    assert!(since.elapsed() < SIGTERM_MAX, "SIGTERM took {:?}", since.elapsed());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sandbox_serves_whatever_becomes_of_its_standard_output() {
    for script in [FULL_STDOUT, GONE_STDOUT, STALLED_STDOUT, FULL_STDERR] {
        let mut sandbox = Sandbox::start_with(wrapped(script)).await;
        let customer = sandbox.info().customer.clone();
        sandbox.api().verdict(&verified(&customer)).await.expect(200);
        assert_eq!(sandbox.sigterm().await.code(), Some(0), "{script}");
        let output = sandbox.output();
        assert!(!output.contains("panicked"), "{script}: {output}");
        if [FULL_STDOUT, GONE_STDOUT].contains(&script) {
            assert!(output.contains("sandbox.json has URL, key and customer"), "{script}: {output}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_that_nobody_has_seen_is_said_so_with_what_to_do() {
    let sandbox = Sandbox::start().await;
    let (folder, place) = (sandbox.folder(), sandbox.scratch("streams"));
    let target = ["--data-dir", folder.to_str().expect("a path")];
    let (org, _) = sandbox.org(&[]).await;
    for script in [FULL_STDOUT, GONE_STDOUT] {
        for arguments in
            [&["orgs", "create", "--name", "Bank Tanpa Kunci"][..], &["orgs", "keys", "create", &org]]
        {
            let arguments = [arguments, &target].concat();
            let ran = run_behind(script, &place, Program::IngestApi, &arguments).await;
            assert_eq!(ran.code, Some(1), "{script}: {ran:?}");
            assert!(!ran.stderr.contains("panicked") && ran.stderr.contains("standard output"), "{ran:?}");
            let said = |prefix: &str| {
                let mut words = ran.stderr.split(|c: char| c.is_whitespace() || c == ',');
                words.find(|word| word.starts_with(prefix)).unwrap_or_else(|| panic!("no {prefix}: {ran:?}"))
            };
            let (org, key) = (said("org_"), said("key_"));
            assert!(ran.stderr.contains("nobody has seen"), "{ran:?}");
            // What it says is to be done can be done as it stands.
            for verb in ["revoke", "create"] {
                let mut lines = ran.stderr.lines().map(str::trim);
                let begins = format!("ingest-api orgs keys {verb} ");
                let line = lines.find(|line| line.starts_with(&begins)).expect("a command");
                let words: Vec<&str> = line.split_whitespace().skip(1).collect();
                let done = system_tests::process::run(&words).await;
                assert_eq!(done.code, Some(0), "{line}: {done:?}");
            }
            let keys = sandbox.orgs_json(&["keys", "list", org, "--json"]).await;
            let ours = keys.as_array().expect("keys").iter().find(|one| one["keyId"] == key).expect("it");
            assert!(!text(&ours["revokedAt"]).is_empty(), "{ours}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_cannot_be_written_is_exit_code_1_and_no_panic() {
    let sandbox = Sandbox::start().await;
    let (folder, place) = (sandbox.folder(), sandbox.scratch("streams"));
    let target = ["--data-dir", folder.to_str().expect("a path")];
    let org = sandbox.info().org.clone();
    for script in [FULL_STDOUT, GONE_STDOUT] {
        for (program, arguments) in [
            (Program::IngestApi, &["--help"][..]),
            (Program::IngestApi, &["--version"]),
            (Program::Projector, &["rebuild", "--help"]),
            (Program::IngestApi, &["orgs", "list", target[0], target[1]]),
            (Program::IngestApi, &["orgs", "list", "--json", target[0], target[1]]),
            (Program::IngestApi, &["orgs", "keys", "list", &org, target[0], target[1]]),
            (Program::IngestApi, &["orgs", "set", &org, "--get-limit", "0", target[0], target[1]]),
            (Program::Projector, &["status", target[0], target[1]]),
            (Program::Projector, &["quarantine", "list", "--json", target[0], target[1]]),
            (Program::Projector, &["rebuild", "--dry-run", "--grace", "0", target[0], target[1]]),
        ] {
            let ran = run_behind(script, &place, program, arguments).await;
            assert_eq!(ran.code, Some(1), "{script}: {arguments:?}: {ran:?}");
            assert!(
                !ran.stderr.contains("panicked") && ran.stderr.contains("standard output"),
                "{script}: {arguments:?}: {ran:?}"
            );
        }
    }
    // Words beside the answer are no part of it.
    let arguments = ["orgs", "create", "--name", "Bank Contoh", target[0], target[1]];
    let ran = run_behind(FULL_STDERR, &place, Program::IngestApi, &arguments).await;
    assert!(ran.json()["apiKey"].is_string(), "{ran:?}");
    // Nor does anybody wait for whoever should read them.
    let ran = run_behind(STALLED_STDERR, &place, Program::IngestApi, &arguments).await;
    assert!(ran.json()["apiKey"].is_string(), "{ran:?}");
    let ran = run_behind(STALLED_STDERR, &place, Program::Projector, &["status", target[0], target[1]]).await;
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let ran = run_behind(STALLED_STDERR, &place, Program::Projector, &["fly"]).await;
    assert_eq!(ran.code, Some(2), "{ran:?}");
}

/// A free port of this machine.
fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address").port()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_projector_whose_log_lines_nobody_reads_says_how_it_is_and_ends() {
    let place = tempfile::tempdir().expect("a folder");
    let config = place.path().join("identity.toml");
    let keys = place.path().join("kms");
    std::fs::DirBuilder::new().mode(0o700).create(&keys).expect("a folder");
    // Nobody listens there: it waits, and says so again and again.
    let (nobody, admin) = (free_port(), free_port());
    let toml = format!(
        "[engine]\nkind = \"distributed\"\n[kms]\nfile = {:?}\n[kafka]\nbrokers = [\"127.0.0.1:{nobody}\"]\n\
         [cql]\nnodes = [\"127.0.0.1:{nobody}\"]\n[projector]\nadmin_listen = \"localhost:{admin}\"\n",
        keys.join("org-keys.json")
    );
    std::fs::write(&config, toml).expect("a file");
    let mut starting =
        command(Program::Projector, &shell(STALLED_STDERR, place.path().join("p").to_str().expect("a path")));
    starting.args(["run", "--config", config.to_str().expect("a path")]).env("RUST_LOG", "trace");
    let mut process = Process::spawn(starting);
    let admin = Api::new(&format!("http://127.0.0.1:{admin}"), "");
    let page = until("lines to be dropped", async || {
        assert!(process.has_ended().is_none(), "it ended");
        let answer = admin.try_send(reqwest::Method::GET, "/metrics", &[], None).await.ok()?;
        Some(String::from_utf8(answer.body).expect("text"))
    })
    .await;
    assert!(page.contains("identity_build_info{"), "{page}");
    assert!(page.contains(DROPPED), "{page}");
    process.signal(Signal::TERM);
    let since = Instant::now();
    assert_eq!(process.ended().await.code(), Some(0));
    assert!(since.elapsed() < SIGTERM_MAX, "SIGTERM took {:?}", since.elapsed());
}
