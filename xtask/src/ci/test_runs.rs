//! The gate's tests: built once, then run in two runs side by side, because some of them wait for real servers
//! most of their time. What belongs here: which test programs run in which run, and how many tests passed.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail, ensure};
use cargo_metadata::{MetadataCommand, TargetKind};

use super::SELECTION;

/// Test programs that wait for servers to stop, to start and to find one another again: of their minutes they use
/// the processor for a fraction. They run one after the other, beside all others.
const MOSTLY_WAITING: [&str; 2] = ["operations", "outages"];

/// How the tests of all programs ended, together.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct TestCounts {
    passed: u64,
    failed: u64,
}

/// Every test of every crate, also after one has failed: a run should say all that is wrong.
pub(super) fn run() -> Result<TestCounts> {
    super::succeed(cargo_test(&["--no-run".to_owned()]))?;
    let mut beside = vec!["--no-fail-fast".to_owned()];
    beside.extend(MOSTLY_WAITING.iter().flat_map(|name| ["--test".to_owned(), (*name).to_owned()]));
    let mut others = vec!["--no-fail-fast".to_owned(), "--lib".to_owned(), "--bins".to_owned()];
    for name in other_test_programs()? {
        others.extend(["--test".to_owned(), name]);
    }
    let (others, beside) = std::thread::scope(|scope| {
        // Kept until the other run has ended: two runs' lines in one another say nothing.
        let beside = scope.spawn(|| {
            let mut printed = Vec::new();
            let outcome = count(cargo_test(&beside), &mut printed);
            (outcome, printed)
        });
        let others = count(cargo_test(&others), &mut std::io::stdout()).and_then(|(counts, ended)| {
            let documentation = ["--no-fail-fast".to_owned(), "--doc".to_owned()];
            let (examples, examples_ended) = count(cargo_test(&documentation), &mut std::io::stdout())?;
            Ok((counts.and(examples), ended && examples_ended))
        });
        (others, beside.join())
    });
    let Ok((beside, printed)) = beside else { bail!("the run of {MOSTLY_WAITING:?} broke off") };
    std::io::stdout().write_all(&printed)?;
    let ((others, others_ended), (beside, beside_ended)) = (others?, beside?);
    let counts = others.and(beside);
    if !(others_ended && beside_ended) || counts.failed > 0 {
        say!("{}", counts.line());
        bail!("tests failed");
    }
    ensure!(others.passed > 0 && beside.passed > 0, "no test ran");
    Ok(counts)
}

fn cargo_test(arguments: &[String]) -> Command {
    let mut command = crate::cargo(&["test", "--locked"]);
    command.args(SELECTION).args(arguments);
    command
}

/// The names of all other test programs of the workspace, each once.
fn other_test_programs() -> Result<Vec<String>> {
    let metadata = MetadataCommand::new().no_deps().exec().context("cargo metadata")?;
    let packages =
        metadata.packages.iter().filter(|package| metadata.workspace_members.contains(&package.id));
    let mut names: Vec<String> = packages
        .flat_map(|package| &package.targets)
        .filter(|target| target.kind.contains(&TargetKind::Test))
        .map(|target| target.name.clone())
        .collect();
    names.sort();
    names.dedup();
    for waiting in MOSTLY_WAITING {
        let before = names.len();
        names.retain(|name| name != waiting);
        ensure!(names.len() + 1 == before, "there is no test program `{waiting}`");
    }
    Ok(names)
}

/// Runs it, passes on what it prints, and counts. Also says whether it ended well.
fn count(mut command: Command, to: &mut dyn std::io::Write) -> Result<(TestCounts, bool)> {
    let mut child = command.stdout(Stdio::piped()).spawn().context("could not start cargo test")?;
    let stdout = child.stdout.take().context("cargo test has no standard output")?;
    let mut counts = TestCounts::default();
    let mut lines = BufReader::new(stdout);
    let mut line = Vec::new();
    // Bytes, not text: what a test prints need not be UTF-8.
    while lines.read_until(b'\n', &mut line).context("reading what the tests print")? > 0 {
        to.write_all(&line)?;
        counts.add(&String::from_utf8_lossy(&line));
        line.clear();
    }
    Ok((counts, child.wait()?.success()))
}

impl TestCounts {
    /// Takes in a line such as `test result: ok. 12 passed; 0 failed; 0 ignored; …`; others change nothing.
    fn add(&mut self, line: &str) {
        let Some((_, result)) = line.split_once("test result: ") else { return };
        let of = |word: &str| {
            let before = result.split(';').find_map(|part| part.trim_end().strip_suffix(word))?;
            before.split_whitespace().next_back()?.parse::<u64>().ok()
        };
        self.passed += of(" passed").unwrap_or(0);
        self.failed += of(" failed").unwrap_or(0);
    }

    fn and(self, other: Self) -> Self {
        Self { passed: self.passed + other.passed, failed: self.failed + other.failed }
    }

    /// The line that whoever reads the gate's output looks for.
    pub(super) fn line(self) -> String {
        format!("{} passed, {} failed", self.passed, self.failed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_add_up_over_the_programs() {
        let mut counts = TestCounts::default();
        for line in [
            "running 12 tests\n",
            "test result: ok. 12 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s\n",
            "test a::test result: of 7 passed ... ok\n",
            "test result: FAILED. 3 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out\n",
            "",
        ] {
            counts.add(line);
        }
        assert_eq!(counts, TestCounts { passed: 15, failed: 2 });
        assert_eq!(counts.line(), "15 passed, 2 failed");
    }

    #[test]
    fn every_test_program_is_in_one_of_the_two_runs() {
        let others = other_test_programs().expect("the workspace's own");
        for name in ["it", "distributed", "sim", "chaos"] {
            assert!(others.iter().any(|other| other == name), "{name}");
        }
        assert!(MOSTLY_WAITING.iter().all(|name| !others.iter().any(|other| other == name)));
    }
}
