//! `cargo xtask tidy`: the rules of the house that neither rustc nor clippy knows. What belongs here: which
//! rules there are, what a finding is, and the exceptions that have a name and a reason. The rules themselves
//! are in the modules beneath: `deps` (who may depend on what), `lengths`, `names` (of public types), `text` (what
//! a file says).

mod deps;
mod exceptions;
mod lengths;
mod names;
mod text;

use std::fmt;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

use exceptions::Exceptions;

/// Where exceptions stand, from the workspace's root.
const EXCEPTIONS: &str = "xtask/tidy-exceptions.toml";

/// A rule of the house. Its word is what an exception names it by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Rule {
    /// Each technology has one crate that knows it.
    Technology,
    /// Which of our crates may depend on which.
    Layer,
    /// `domain` is pure.
    Purity,
    /// Files of Rust are at most 400 lines.
    FileLength,
    /// Functions are at most 70 lines.
    FunctionLength,
    /// A file of Rust opens with `//!`.
    Opening,
    /// Nothing unfinished, no debugging left behind.
    Unfinished,
    /// Every test runs.
    IgnoredTest,
    /// Tests do not sleep.
    SleepInTest,
    /// No path of some developer's machine.
    MachinePath,
    /// No API key.
    Secret,
    /// Programs that serve write to their standard streams by one way, which neither waits nor panics.
    StandardStream,
    /// A public type has a name that says what it is, and one meaning.
    TypeName,
}

/// Something that breaks a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Finding {
    rule: Rule,
    /// From the workspace's root.
    path: String,
    line: Option<usize>,
    /// What within the file: a function's name, a dependency's.
    item: Option<String>,
    /// What there is too much of: lines.
    size: Option<usize>,
    text: String,
}

impl Finding {
    fn new(rule: Rule, path: &str, text: impl Into<String>) -> Self {
        Self { rule, path: path.to_owned(), line: None, item: None, size: None, text: text.into() }
    }

    fn line(mut self, line: usize) -> Self {
        self.line = Some(line);
        self
    }

    fn item(mut self, item: &str) -> Self {
        self.item = Some(item.to_owned());
        self
    }

    fn size(mut self, size: usize) -> Self {
        self.size = Some(size);
        self
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.path)?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        write!(f, ": {} [{:?}]", self.text, self.rule)
    }
}

/// A file of the project that is text.
struct Source {
    path: String,
    text: String,
}

impl Source {
    fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }
}

/// Runs every rule over the workspace.
pub(crate) fn run() -> Result<()> {
    check(crate::workspace_root())
}

/// Every rule over the workspace at `root`; an error when one is broken, after saying where.
pub(crate) fn check(root: &Path) -> Result<()> {
    let sources = sources(root)?;
    let mut findings = deps::check(root)?;
    for source in &sources {
        findings.extend(lengths::check(source));
        findings.extend(text::check(source));
    }
    let (names, count) = names::check(&sources);
    findings.extend(names);
    let text = std::fs::read_to_string(root.join(EXCEPTIONS)).with_context(|| EXCEPTIONS.to_owned())?;
    let broken = Exceptions::parse(&text).context(EXCEPTIONS)?.apply(findings);
    for line in &broken {
        say!("{line}");
    }
    ensure!(broken.is_empty(), "{} of the house's rules broken", broken.len());
    let names::NameCount { names, two_words } = count;
    say!("{two_words} of {names} public type names have two or more words ({} %)", count.percent());
    say!("{} files are tidy", sources.len());
    Ok(())
}

/// Every text file that is or could be committed: what git tracks, and what it does not ignore.
fn sources(root: &Path) -> Result<Vec<Source>> {
    let listed = Command::new("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .current_dir(root)
        .output()
        .context("could not start git")?;
    ensure!(listed.status.success(), "git ls-files: {}", String::from_utf8_lossy(&listed.stderr));
    let mut sources = Vec::new();
    for path in String::from_utf8(listed.stdout)?.split('\0').filter(|path| !path.is_empty()) {
        match std::fs::read(root.join(path)) {
            // Photos and golden samples are no text.
            Ok(bytes) => sources
                .extend(String::from_utf8(bytes).ok().map(|text| Source { path: path.to_owned(), text })),
            // Tracked, but deleted in this working tree.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            // A link to a folder.
            Err(error) if error.kind() == std::io::ErrorKind::IsADirectory => {}
            Err(error) => return Err(error).with_context(|| path.to_owned()),
        }
    }
    ensure!(sources.iter().any(Source::is_rust), "no file of Rust found: is this the workspace?");
    Ok(sources)
}
