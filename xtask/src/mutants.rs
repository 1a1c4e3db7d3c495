//! `cargo xtask mutants`: changes the code in small ways, one at a time, and sees whether a test notices. What
//! belongs here: which code and which tests, how the outcome is read, and what may survive. Not here: making and
//! running mutants, which is `cargo-mutants`. Not in the gate: it takes the better part of an hour.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, Result, bail, ensure};
use clap::Args;
use serde::Deserialize;

/// What may survive, each with its reason.
const ACCEPTED: &str = "xtask/mutants-accepted.toml";

/// Where `cargo-mutants` puts its logs and its outcome, a folder for each crate.
const OUTPUT: &str = "target/mutants";

/// Cases of each property: a mutant that needs more of them to be noticed wants a table.
const PROPERTY_CASES: &str = "24";

/// Exit codes of `cargo-mutants` after a whole run: all caught, some missed, some that did not end.
const WHOLE_RUNS: [i32; 3] = [0, 2, 3];

/// What `cargo xtask mutants` takes.
#[derive(Args)]
#[command(after_help = "Examples:
  cargo xtask mutants
  cargo xtask mutants --file 'schemas/domain/src/fold/*.rs'")]
pub(crate) struct Arguments {
    /// Only files of this pattern, from the root; may be given several times
    #[arg(long)]
    file: Vec<String>,
}

/// A crate, the part of it that is changed, and those of its own tests that must notice.
struct Target {
    package: &'static str,
    files: &'static [&'static str],
    /// Numbers with their reasons: a test of one would say the number again.
    not: &'static [&'static str],
    tests: &'static [&'static str],
}

const TARGETS: [Target; 2] = [
    Target {
        package: "domain",
        files: &[
            "schemas/domain/src/decide.rs",
            "schemas/domain/src/event.rs",
            "schemas/domain/src/fold/*.rs",
            "schemas/domain/src/outcome.rs",
            "schemas/domain/src/outcomes_of.rs",
            "schemas/domain/src/photo.rs",
            "schemas/domain/src/photo/*.rs",
            "schemas/domain/src/policy.rs",
            "schemas/domain/src/redelivery.rs",
            "schemas/domain/src/time.rs",
        ],
        not: &[],
        tests: &["--lib", "--test=decide", "--test=fold", "--test=photo"],
    },
    Target {
        package: "vault",
        files: &["infra/vault/src/*.rs"],
        not: &["infra/vault/src/limits.rs"],
        tests: &["--lib"],
    },
];

/// What became of the mutants of one file.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Counts {
    caught: u32,
    /// They ran into the time limit: a loop without an end is noticed too.
    timed_out: u32,
    missed: u32,
    /// They do not compile: no test has to notice them.
    unviable: u32,
}

/// Outcomes by file, and what survived: file and mutant.
#[derive(Debug, Default)]
struct Report {
    files: BTreeMap<String, Counts>,
    survivors: Vec<Survivor>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Survivor {
    file: String,
    mutant: String,
    /// Where it was made, for whoever looks for it.
    line: String,
}

/// `outcomes.json`, as far as it is read.
#[derive(Deserialize)]
struct Outcomes {
    outcomes: Vec<Outcome>,
}

#[derive(Deserialize)]
struct Outcome {
    scenario: Scenario,
    summary: String,
}

#[derive(Deserialize)]
enum Scenario {
    Baseline,
    Mutant(Mutant),
}

#[derive(Deserialize)]
struct Mutant {
    /// `file:line:column: what was changed`.
    name: String,
    file: String,
}

/// The list of what may survive.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Accepted {
    #[serde(default)]
    survivor: Vec<AcceptedSurvivor>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AcceptedSurvivor {
    file: String,
    /// As `cargo-mutants` calls it, without its line and column, which move.
    mutant: String,
    /// Why no test can tell it from the code as it is.
    reason: String,
}

/// Runs the mutants of every target and judges what survived.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let root = crate::workspace_root();
    let accepted = Accepted::parse(&std::fs::read_to_string(root.join(ACCEPTED))?)?;
    let installed = crate::cargo(&["mutants", "--version"]).output().is_ok_and(|out| out.status.success());
    ensure!(installed, "cargo-mutants is not installed: cargo install cargo-mutants --locked");
    let mut report = Report::default();
    for target in &TARGETS {
        target.run(&arguments.file)?;
        let outcomes = root.join(OUTPUT).join(target.package).join("mutants.out/outcomes.json");
        // A pattern that has nothing of this crate leaves no outcome.
        if outcomes.exists() {
            report.read(&outcomes)?;
        }
    }
    print!("{}", report.table());
    let all = arguments.file.is_empty();
    let findings = accepted.judge(&report.survivors, all);
    for finding in &findings {
        println!("{finding}");
    }
    if !findings.is_empty() {
        bail!("{} survivors or entries of {ACCEPTED} to be looked at", findings.len());
    }
    Ok(())
}

impl Target {
    fn run(&self, only: &[String]) -> Result<()> {
        let output = Path::new(OUTPUT).join(self.package);
        let old = crate::workspace_root().join(&output);
        if old.exists() {
            std::fs::remove_dir_all(&old)?;
        }
        std::fs::create_dir_all(&old)?;
        let mut mutants = crate::cargo(&["mutants", "--no-shuffle", "--package", self.package]);
        mutants.arg("--output").arg(&output);
        for file in
            if only.is_empty() { self.files.to_vec() } else { only.iter().map(String::as_str).collect() }
        {
            mutants.args(["--file", file]);
        }
        for file in self.not {
            mutants.args(["--exclude", file]);
        }
        for test in self.tests {
            mutants.arg(format!("--cargo-test-arg={test}"));
        }
        // A mutant is built once and tried once, so building is what costs.
        for package in TARGETS.map(|target| target.package) {
            mutants.arg(format!("--cargo-arg=--config=profile.dev.package.{package}.opt-level=0"));
        }
        mutants.env("CARGO_PROFILE_DEV_DEBUG", "false").env("PROPTEST_CASES", PROPERTY_CASES);
        let status = mutants.status().context("cargo mutants")?;
        let whole = status.code().is_some_and(|code| WHOLE_RUNS.contains(&code));
        ensure!(whole, "cargo mutants did not come to its end ({status})");
        Ok(())
    }
}

impl Report {
    fn read(&mut self, outcomes: &Path) -> Result<()> {
        let text = std::fs::read_to_string(outcomes)?;
        self.take_up(&text).with_context(|| format!("{}", outcomes.display()))
    }

    fn take_up(&mut self, outcomes: &str) -> Result<()> {
        let Outcomes { outcomes } = serde_json::from_str(outcomes)?;
        for Outcome { scenario, summary } in outcomes {
            let Scenario::Mutant(Mutant { name, file }) = scenario else { continue };
            let counts = self.files.entry(file.clone()).or_default();
            match summary.as_str() {
                "CaughtMutant" => counts.caught += 1,
                "Timeout" => counts.timed_out += 1,
                "Unviable" => counts.unviable += 1,
                "MissedMutant" => {
                    counts.missed += 1;
                    let mut parts = name.splitn(4, ':').skip(1);
                    let line = parts.next().unwrap_or_default().to_owned();
                    let mutant = parts.nth(1).unwrap_or_default().trim().to_owned();
                    self.survivors.push(Survivor { file, mutant, line });
                }
                other => bail!("an outcome that this program does not know: {other}"),
            }
        }
        Ok(())
    }

    /// A Markdown table, as `CONTRIBUTING.md` shows it.
    fn table(&self) -> String {
        let mut text = String::from("| file | caught | missed | unviable |\n|---|--:|--:|--:|\n");
        let mut all = Counts::default();
        let mut row = |name: &str, counts: &Counts| {
            let caught = counts.caught + counts.timed_out;
            text += &format!("| {name} | {caught} | {} | {} |\n", counts.missed, counts.unviable);
        };
        for (file, counts) in &self.files {
            row(&format!("`{file}`"), counts);
            all.caught += counts.caught;
            all.timed_out += counts.timed_out;
            all.missed += counts.missed;
            all.unviable += counts.unviable;
        }
        row("together", &all);
        let caught = all.caught + all.timed_out;
        let viable = (caught + all.missed).max(1);
        text + &format!(
            "caught: {:.1} % of {viable} viable mutants\n",
            100.0 * f64::from(caught) / f64::from(viable)
        )
    }
}

impl Accepted {
    fn parse(text: &str) -> Result<Self> {
        let accepted: Self = toml::from_str(text).context(ACCEPTED)?;
        for AcceptedSurvivor { file, mutant, reason } in &accepted.survivor {
            ensure!(!reason.trim().is_empty(), "{ACCEPTED}: {file}: {mutant}: a survivor needs a reason");
        }
        Ok(accepted)
    }

    /// What survived without a reason; and, after a run of everything, which reasons are about nothing any more.
    fn judge(&self, survivors: &[Survivor], all: bool) -> Vec<String> {
        let is = |accepted: &AcceptedSurvivor, survivor: &Survivor| {
            (&accepted.file, &accepted.mutant) == (&survivor.file, &survivor.mutant)
        };
        let unknown = survivors
            .iter()
            .filter(|survivor| !self.survivor.iter().any(|accepted| is(accepted, survivor)))
            .map(|Survivor { file, mutant, line }| format!("survived: {file}:{line}: {mutant}"));
        let idle = self
            .survivor
            .iter()
            .filter(|accepted| all && !survivors.iter().any(|survivor| is(accepted, survivor)))
            .map(|AcceptedSurvivor { file, mutant, .. }| {
                format!("{ACCEPTED}: nothing needs {file}: {mutant} any more: remove it")
            });
        unknown.chain(idle).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OUTCOMES: &str = r#"{"outcomes": [
        {"scenario": "Baseline", "summary": "Success", "phase_results": []},
        {"scenario": {"Mutant": {"name": "a.rs:1:2: replace + with - in f", "file": "a.rs", "genre": "x"}},
         "summary": "CaughtMutant"},
        {"scenario": {"Mutant": {"name": "a.rs:3:4: replace f -> Vec<std::u8> with vec![]", "file": "a.rs"}},
         "summary": "MissedMutant"},
        {"scenario": {"Mutant": {"name": "a.rs:5:6: delete ! in g", "file": "a.rs"}}, "summary": "Timeout"},
        {"scenario": {"Mutant": {"name": "b.rs:7:8: delete ! in h", "file": "b.rs"}}, "summary": "Unviable"}
    ]}"#;

    fn report() -> Report {
        let mut report = Report::default();
        report.take_up(OUTCOMES).expect("outcomes");
        report
    }

    #[test]
    fn given_outcomes_then_counts_by_file_and_the_survivors() {
        let report = report();
        assert_eq!(report.files["a.rs"], Counts { caught: 1, timed_out: 1, missed: 1, unviable: 0 });
        assert_eq!(report.files["b.rs"], Counts { unviable: 1, ..Counts::default() });
        let mutant = "replace f -> Vec<std::u8> with vec![]".to_owned();
        assert_eq!(report.survivors, [Survivor { file: "a.rs".into(), mutant, line: "3".into() }]);
        assert_eq!(
            report.table(),
            "| file | caught | missed | unviable |\n|---|--:|--:|--:|\n| `a.rs` | 2 | 1 | 0 |\n\
             | `b.rs` | 0 | 0 | 1 |\n| together | 2 | 1 | 1 |\ncaught: 66.7 % of 3 viable mutants\n"
        );
        let strange = OUTCOMES.replace("Timeout", "Strange");
        assert!(Report::default().take_up(&strange).is_err());
    }

    #[test]
    fn a_survivor_needs_a_reason_and_a_reason_a_survivor() {
        let survivors = report().survivors;
        let entry = |mutant: &str, reason: &str| {
            format!("[[survivor]]\nfile = 'a.rs'\nmutant = '{mutant}'\nreason = '{reason}'\n")
        };
        let known = entry("replace f -> Vec<std::u8> with vec![]", "nobody can tell");
        let other = entry("delete ! in g", "nobody can tell");
        for (text, all, findings) in [
            (known.clone(), true, 0),
            (String::new(), true, 1),
            (other.clone(), true, 2),
            (other.clone(), false, 1),
            (known.clone() + &other, true, 1),
            (known + &other, false, 0),
        ] {
            let accepted = Accepted::parse(&text).expect("a list");
            assert_eq!(accepted.judge(&survivors, all).len(), findings, "{text}");
        }
        assert!(Accepted::parse(&entry("delete ! in g", " ")).is_err());
    }

    #[test]
    fn the_committed_list_is_one() {
        let text = std::fs::read_to_string(crate::workspace_root().join(ACCEPTED)).expect("it is committed");
        Accepted::parse(&text).expect("a list");
    }
}
