//! `cargo xtask subscribers`: runs the examples of `docs/subscribing` and holds their words against each other.
//! What belongs here: a Kafka, a registry and records for them, and running them. Not here: what they do, which
//! is theirs, and what the records mean (`docs/events.md`).
//!
//! Without arguments the Kafka is a real one of `local-cluster`, the registry a real sandbox's management listener,
//! and the records are the golden samples. With `--brokers` and `--registry` it is whatever runs there.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use clap::Args;
use local_cluster::{KafkaBrokers, KafkaOptions};

use crate::python;
use crate::sandbox::Sandbox;

/// A subscriber joins its group and reads: seconds. The first run of each also fetches what it needs.
const WITHIN: Duration = Duration::from_secs(900);

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

/// Both examples on a Kafka and a registry of their own.
pub(crate) fn check(root: &Path) -> Result<()> {
    let python = python(root)?;
    let kafka = KafkaBrokers::start(KafkaOptions::default())?;
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

    let sandbox = Sandbox::start(WITHIN)?;
    let registry = format!("{}/registry", sandbox.text("adminUrl")?);
    let lines = both(root, &brokers, &registry, records)?;
    let read: BTreeSet<String> =
        lines.iter().filter_map(|line| line.split('\t').nth(1).map(type_name)).collect();
    let types = golden_types(&root.join("schemas/events/golden"))?;
    ensure!(types == read, "not every type of {types:?} was read: {read:?}");
    Ok(())
}

/// `CustomerErased` of the header's `identity.CustomerErased.v1`.
fn type_name(ce_type: &str) -> String {
    ce_type.split('.').nth(1).unwrap_or(ce_type).to_owned()
}

/// The types of outcomes that there are golden samples of, `<type>.v<version>….json`.
fn golden_types(folder: &Path) -> Result<BTreeSet<String>> {
    let mut types = BTreeSet::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "json")
            && std::fs::read_to_string(&path)?.contains("/identity/outcomes")
        {
            let name = path.file_name().and_then(|name| name.to_str()).context("a name")?;
            types.extend(name.split('.').next().map(str::to_owned));
        }
    }
    ensure!(!types.is_empty(), "no golden samples of outcomes in {}", folder.display());
    Ok(types)
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

/// A Python with what the example needs.
fn python(root: &Path) -> Result<PathBuf> {
    let requirements = root.join("docs/subscribing/python/requirements.txt");
    python::environment(root, "subscribers", &requirements, WITHIN)
}

/// Runs a program to its end and gives what it said.
fn said(command: Command, name: &str) -> Result<String> {
    python::said(command, name, WITHIN)
}
