//! Which test programs there are, and in which order they run.

use std::io::BufReader;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use cargo_metadata::{Artifact, Message};

use super::super::SELECTION;

/// Test programs of `system-tests` that run first, the longest first: a long one that begins last keeps the gate waiting
/// alone. `operations` and `outages` wait for servers to stop, to start and to find one another again, and use the processor
/// for a fraction of their minutes; `distributed` and `it` use it.
const FIRST: [&str; 5] = ["outages", "distributed", "operations", "it", "chaos"];

/// One program, ready to be run.
pub(super) struct TestRun {
    pub(super) name: String,
    pub(super) command: Command,
}

/// Builds all of them. The examples in the documentation are tests too, which cargo runs.
pub(super) fn build() -> Result<(Vec<TestRun>, TestRun)> {
    let mut build = cargo_test(&["--no-run", "--message-format=json-render-diagnostics"]);
    let mut child = build.stdout(Stdio::piped()).spawn().context("could not start cargo test")?;
    let stdout = child.stdout.take().context("cargo test has no standard output")?;
    let mut built = Vec::new();
    for message in Message::parse_stream(BufReader::new(stdout)) {
        if let Message::CompilerArtifact(artifact) = message.context("reading what cargo says")?
            && artifact.profile.test
        {
            built.push(artifact);
        }
    }
    ensure!(child.wait()?.success(), "the tests cannot be built");
    built.sort_by_key(|artifact| place(&artifact.target.name));
    for first in FIRST {
        ensure!(built.iter().any(|artifact| artifact.target.name == first), "no test program `{first}`");
    }
    let runs = built.iter().map(run_of).collect::<Result<_>>()?;
    let documentation = TestRun { name: "documentation".to_owned(), command: cargo_test(&["--doc"]) };
    Ok((runs, documentation))
}

/// Its place among the first ones, or after them.
fn place(name: &str) -> usize {
    FIRST.iter().position(|first| *first == name).unwrap_or(FIRST.len())
}

fn cargo_test(arguments: &[&str]) -> Command {
    let mut command = crate::cargo(&["test", "--locked", "--no-fail-fast"]);
    command.args(SELECTION).args(arguments);
    command
}

/// In the folder of its package, as cargo runs it.
fn run_of(artifact: &Artifact) -> Result<TestRun> {
    let program = artifact.executable.as_ref().context("a test that is no program")?;
    let folder = artifact.manifest_path.parent().context("a manifest in no folder")?;
    let package = folder.file_name().unwrap_or_default();
    let mut command = crate::without_own_package(Command::new(program));
    command.current_dir(Path::new(folder)).env("CARGO_MANIFEST_DIR", folder).stdin(Stdio::null());
    Ok(TestRun { name: format!("{package}/{}", artifact.target.name), command })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_run_first_and_all_others_after_them() {
        let mut names = ["sim", "it", "outages", "domain", "distributed"];
        names.sort_by_key(|name| place(name));
        assert_eq!(names, ["outages", "distributed", "it", "sim", "domain"]);
    }
}
