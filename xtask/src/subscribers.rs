//! `cargo xtask subscribers`: runs the examples of `docs/subscribing` and holds their words against each other.
//! What belongs here: a Kafka, a registry and records for them, and running them. Not here: what they do, which
//! is theirs, and what the records mean (`docs/events.md`).
//!
//! Without arguments the Kafka is a real one of `local-cluster`, the registry a real sandbox's management listener,
//! and the records are the golden samples. With `--brokers` and `--registry` it is whatever runs there.

use std::collections::BTreeSet;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use clap::Args;
use local_cluster::{Kafka, KafkaOptions};
use serde_json::Value;

/// A subscriber joins its group and reads: seconds. The first run of each also fetches what it needs.
const WITHIN: Duration = Duration::from_secs(900);

/// How often something is looked at that is waited for.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Types in the golden samples of `identity.outcomes`, so that none of them goes unread.
const TYPES: usize = 6;

/// What `cargo xtask subscribers` takes.
#[derive(Args)]
#[command(after_help = "Examples:
  cargo xtask subscribers
  cargo xtask subscribers --brokers localhost:9092 --registry http://localhost:9464/registry --outcomes 10")]
pub(crate) struct Arguments {
    /// Brokers of a running installation [default: a Kafka of its own with golden samples]
    #[arg(long, requires = "registry")]
    brokers: Option<String>,
    /// Base URL of its registry, with its /registry
    #[arg(long, requires = "brokers")]
    registry: Option<String>,
    /// How many outcomes each example is to read there
    #[arg(long, default_value_t = 1, requires = "brokers")]
    outcomes: usize,
}

/// Runs both examples.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let root = crate::workspace_root();
    if let (Some(brokers), Some(registry)) = (&arguments.brokers, &arguments.registry) {
        return both(root, brokers, registry, arguments.outcomes).map(drop);
    }
    check(root)
}

/// Whether this machine has what the examples need beside Java and Maven.
///
/// # Errors
/// What is missing and what to install, in words.
pub(crate) fn available() -> Result<(), String> {
    let mut python = Command::new("python3");
    python.args(["-c", "import ensurepip, venv"]);
    let found = said(python, "python3").map(drop);
    found.map_err(|_| "Python 3 with venv is missing: install python3 and python3-venv".to_owned())
}

/// Both examples on a Kafka and a registry of their own.
pub(crate) fn check(root: &Path) -> Result<()> {
    let python = python(root)?;
    let kafka = Kafka::start(KafkaOptions::default())?;
    let brokers = kafka.bootstrap();
    let topic =
        ["--create", "--topic", "identity.outcomes", "--partitions", "3", "--bootstrap-server", &brokers];
    kafka.tool("org.apache.kafka.tools.TopicCommand", &topic)?;
    let mut golden = Command::new(&python);
    golden
        .arg(root.join("xtask/subscribers/golden.py"))
        .arg(&brokers)
        .arg(root.join("schemas/events/golden"));
    let records: usize = said(golden, "golden.py")?.trim().parse().context("golden.py")?;

    let sandbox = Sandbox::start()?;
    let lines = both(root, &brokers, &sandbox.registry, records)?;
    let types: BTreeSet<&str> = lines.iter().filter_map(|line| line.split('\t').nth(1)).collect();
    ensure!(types.len() == TYPES, "not every type was read: {types:?}");
    Ok(())
}

/// Runs both, and wants the same lines of both.
fn both(root: &Path, brokers: &str, registry: &str, outcomes: usize) -> Result<Vec<String>> {
    let group = |language: &str| format!("analytics.{language}.{}", std::process::id());
    let outcomes = outcomes.to_string();

    let mut python = Command::new(python(root)?);
    python.arg(root.join("docs/subscribing/python/outcomes.py"));
    python.args([
        "--brokers",
        brokers,
        "--registry",
        registry,
        "--max",
        &outcomes,
        "--group",
        &group("python"),
    ]);
    let from_python = lines(&said(python, "the Python example")?);

    let mut java = Command::new("mvn");
    java.args(["--quiet", "--batch-mode", "compile", "exec:java", "--file"]);
    java.arg(root.join("docs/subscribing/java/pom.xml"));
    java.arg(format!("-Dexec.args={brokers} {registry} {} {outcomes}", group("java")));
    let from_java = lines(&said(java, "the Java example")?);

    for line in &from_python {
        say!("{line}");
    }
    ensure!(from_python == from_java, "the Java example says something else:\n{}", from_java.join("\n"));
    say!("{} outcomes, the same from Python and Java", from_python.len());
    Ok(from_python)
}

/// Lines about outcomes, in an order of their own: partitions are read as they come. Maven colours even nothing.
fn lines(text: &str) -> Vec<String> {
    let mut lines: Vec<String> =
        text.lines().filter_map(|line| Some(line[line.find("evt_")?..].to_owned())).collect();
    lines.sort();
    lines
}

/// A Python with what the example needs, in `target/subscribers`.
fn python(root: &Path) -> Result<PathBuf> {
    let folder = root.join("target/subscribers");
    let (python, done) = (folder.join("venv/bin/python"), folder.join("requirements.txt"));
    let requirements = root.join("docs/subscribing/python/requirements.txt");
    let wanted = std::fs::read_to_string(&requirements)?;
    if std::fs::read_to_string(&done).is_ok_and(|text| text == wanted) {
        return Ok(python);
    }
    let mut venv = Command::new("python3");
    venv.args(["-m", "venv"]).arg(folder.join("venv"));
    said(venv, "python3 -m venv")?;
    let mut pip = Command::new(&python);
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"]).arg(&requirements);
    said(pip, "pip install")?;
    std::fs::write(&done, wanted)?;
    Ok(python)
}

/// Runs a program to its end and gives what it said.
fn said(mut command: Command, name: &str) -> Result<String> {
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let output = wait(child.with_context(|| format!("{name}: could not start it"))?, name)?;
    let errors = String::from_utf8_lossy(&output.stderr);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    ensure!(output.status.success(), "{name}: {}\n{text}{errors}", output.status);
    Ok(text)
}

/// Waits as long as it may take; then it is killed. What it says is read meanwhile: a full pipe would stop it.
fn wait(mut child: Child, name: &str) -> Result<Output> {
    let (mut out, mut err) = (child.stdout.take(), child.stderr.take());
    std::thread::scope(|scope| {
        let stdout = scope.spawn(|| drain(out.as_mut()));
        let stderr = scope.spawn(|| drain(err.as_mut()));
        let deadline = Instant::now() + WITHIN;
        let status = loop {
            if let Some(status) = child.try_wait()? {
                break Some(status);
            }
            if Instant::now() >= deadline {
                child.kill()?;
                child.wait()?;
                break None;
            }
            std::thread::sleep(LOOK_EVERY);
        };
        let stdout = stdout.join().unwrap_or_default();
        let stderr = stderr.join().unwrap_or_default();
        let Some(status) = status else {
            let words = [stdout, stderr].concat();
            bail!("{name}: not done in {} s\n{}", WITHIN.as_secs(), String::from_utf8_lossy(&words));
        };
        Ok(Output { status, stdout, stderr })
    })
}

fn drain(pipe: Option<&mut impl std::io::Read>) -> Vec<u8> {
    let mut text = Vec::new();
    if let Some(pipe) = pipe {
        // What came before the error is worth showing.
        let _ = pipe.take(16 * 1024 * 1024).read_to_end(&mut text);
    }
    text
}

/// A sandbox, for its registry. Gone when dropped.
struct Sandbox {
    child: Child,
    folder: PathBuf,
    registry: String,
}

impl Sandbox {
    fn start() -> Result<Self> {
        // With the projector selected too, as the system tests do: the same features, the same dependencies.
        let build = crate::cargo(&["build", "--quiet", "--locked", "-p", "ingest-api", "-p", "projector"]);
        said(build, "cargo build -p ingest-api")?;
        let folder = std::env::temp_dir().join(format!("identity-subscribers-{}", std::process::id()));
        let program = std::env::current_exe()?.with_file_name("ingest-api");
        let child = Command::new(program)
            .args(["sandbox", "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0", "--data-dir"])
            .arg(&folder)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("could not start the sandbox")?;
        let mut sandbox = Self { child, folder, registry: String::new() };
        let deadline = Instant::now() + WITHIN;
        loop {
            if let Ok(text) = std::fs::read_to_string(sandbox.folder.join("sandbox.json")) {
                let about: Value = serde_json::from_str(&text)?;
                let url = about["adminUrl"].as_str().context("sandbox.json has no adminUrl")?;
                sandbox.registry = format!("{url}/registry");
                return Ok(sandbox);
            }
            let ended = sandbox.child.try_wait()?;
            ensure!(
                ended.is_none() && Instant::now() < deadline,
                "the sandbox did not become ready: {ended:?}"
            );
            std::thread::sleep(LOOK_EVERY);
        }
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        // It may have ended by itself, and nobody hears of a failure here.
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}
