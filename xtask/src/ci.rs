//! `cargo xtask ci`: the whole gate, step by step, each with its time. What belongs here: which steps there
//! are and how their outcome is read. Not here: the house's own rules (`tidy`), and what a machine must have
//! installed before (`.ci/run`).

mod small_build;
mod test_runs;

use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use local_cluster::InstalledTools;

use crate::{browser, deploy, models, python, schemathesis, signing, subscribers, tidy};

/// What every step builds: the workspace, the benchmark with it, or nothing keeps it building. One selection for all
/// steps, and for the programs that tests start (`tests/it/process.rs`): by another, shared dependencies have other
/// features and are built again.
pub(crate) const SELECTION: [&str; 3] =
    ["--workspace", "--features", "system-tests/bench,system-tests/test-clock"];

/// Runs every step in order and stops at the first that fails.
pub(crate) fn run() -> Result<()> {
    let root = crate::workspace_root();
    let has_python = here("the API against its document", "Schemathesis", python::available())?;
    let has_browser = here("the console's tests", "the console in a browser", browser::available())?;
    let has_signing = here("the examples of signing", "the examples of signing", signing::available())?;
    let has_models = here("the tests on portraits", "every test on the face models", python::available())?;
    let servers = InstalledTools::available().and_then(|()| python::available());
    let has_servers = here(
        "the tests on a real Kafka and a real Cassandra",
        "every test on a real Kafka or a real Cassandra, the subscribers",
        servers,
    )?;
    let mut steps = Steps::default();
    steps.run("fmt", || succeed(crate::cargo(&["fmt", "--all", "--check"])))?;
    steps.run("clippy", || {
        let mut clippy = crate::cargo(&["clippy", "--all-targets", "--locked"]);
        clippy.args(SELECTION).args(["--", "-D", "warnings"]);
        succeed(clippy)
    })?;
    steps.run("embedded", small_build::check)?;
    steps.run("doc", || {
        let mut doc = crate::cargo(&["doc", "--no-deps", "--locked"]);
        doc.args(SELECTION).env("RUSTDOCFLAGS", "-D warnings");
        succeed(doc)
    })?;
    if has_models {
        steps.run("models", models::run)?;
    }
    let counts = steps.run("test", test_runs::run)?;
    if has_python {
        steps.run("schemathesis", || schemathesis::check(root))?;
    }
    if has_signing {
        steps.run("signing", || signing::check(root))?;
    }
    if has_browser {
        steps.run("browser", || browser::check(root))?;
    }
    if has_servers {
        steps.run("subscribers", || subscribers::check(root))?;
    }
    steps.run("deploy", || deploy::check(root))?;
    steps.run("tidy", || tidy::check(root))?;
    steps.summary();
    say!("{}", counts.line());
    Ok(())
}

/// The engines' tests need a Java and Maven; Schemathesis, the subscribers' examples and the fetching of face models a
/// Python; the console's tests a browser and Node.js. Without them they cannot run, and must not pass in silence: said
/// aloud on a developer's machine, a failure where `CI` is set.
fn here(tests: &str, names: &str, found: Result<(), String>) -> Result<bool> {
    let Err(missing) = found else { return Ok(true) };
    let in_ci = std::env::var_os("CI").is_some_and(|value| !value.is_empty() && value != "false");
    ensure!(!in_ci, "{tests} cannot be run here: {missing}");
    say!("NOT RUN HERE: {names}. {missing}");
    Ok(false)
}

#[derive(Default)]
struct Steps {
    done: Vec<(&'static str, Duration)>,
}

impl Steps {
    fn run<T>(&mut self, name: &'static str, step: impl FnOnce() -> Result<T>) -> Result<T> {
        say!("== {name}");
        let start = Instant::now();
        let outcome = step();
        let took = start.elapsed();
        self.done.push((name, took));
        let word = if outcome.is_ok() { "ok" } else { "FAILED" };
        say!("== {name}: {word}, {:.1} s", took.as_secs_f64());
        outcome.with_context(|| format!("the step `{name}` failed"))
    }

    fn summary(&self) {
        say!("");
        for (name, took) in &self.done {
            say!("{name:>12} {:>8.1} s", took.as_secs_f64());
        }
        let total: Duration = self.done.iter().map(|(_, took)| *took).sum();
        say!("{:>12} {:>8.1} s", "total", total.as_secs_f64());
    }
}

fn succeed(mut command: Command) -> Result<()> {
    let status = command.status().with_context(|| format!("could not start {command:?}"))?;
    ensure!(status.success(), "{status}");
    Ok(())
}
