//! `cargo xtask deploy`: what can be said of `infra/deploy` and its pages without a container engine, a Kubernetes
//! or a Prometheus: files parse, names that must agree agree, and what the house promises (read-only, no root,
//! a runbook section per alert) is there. Not here: whether settings are real, which the engine's own tests say
//! (`infra/engine/tests`), and anything that starts a container.

mod alerts;
mod compose;
mod image;
mod kubernetes;
mod metrics;
mod pages;
mod scripts;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

/// Where everything about deployment lies.
const FOLDER: &str = "infra/deploy";

/// What is wrong, and what could not be tried here.
#[derive(Default)]
struct Report {
    broken: Vec<String>,
    not_run: Vec<String>,
}

impl Report {
    fn broken(&mut self, path: &str, what: impl AsRef<str>) {
        self.broken.push(format!("{path}: {}", what.as_ref()));
    }

    /// Notes `what` unless it holds.
    fn expect(&mut self, path: &str, holds: bool, what: impl AsRef<str>) {
        if !holds {
            self.broken(path, what);
        }
    }
}

/// Runs every check over the workspace.
pub(crate) fn run() -> Result<()> {
    check(crate::workspace_root())
}

/// Every check over the workspace at `root`; an error when something is broken, after saying where.
pub(crate) fn check(root: &Path) -> Result<()> {
    let mut report = Report::default();
    let files = files(root)?;
    for path in &files {
        parses(root, path, &mut report)?;
    }
    let known = metrics::known(root)?;
    metrics::check_help(root, &known, &mut report)?;
    alerts::check(root, &known, &mut report)?;
    alerts::check_dashboards(root, &known, &mut report)?;
    compose::check(root, &mut report)?;
    image::check(root, &mut report)?;
    kubernetes::check(root, &mut report)?;
    pages::check(root, &mut report)?;
    scripts::check(root, &files, &mut report)?;
    for line in &report.not_run {
        say!("NOT RUN HERE: {line}");
    }
    for line in &report.broken {
        say!("{line}");
    }
    ensure!(report.broken.is_empty(), "{} things are wrong with what is deployed", report.broken.len());
    say!("{} files of {FOLDER} are as they should be", files.len());
    Ok(())
}

/// Every file beneath the folder, as paths from the root, in order.
fn files(root: &Path) -> Result<Vec<String>> {
    let mut found = Vec::new();
    let mut folders = vec![PathBuf::from(FOLDER)];
    while let Some(folder) = folders.pop() {
        let entries = fs::read_dir(root.join(&folder)).with_context(|| folder.display().to_string())?;
        for entry in entries {
            let entry = entry?;
            let path = folder.join(entry.file_name());
            if entry.file_type()?.is_dir() {
                folders.push(path);
            } else {
                found.push(path.to_string_lossy().into_owned());
            }
        }
    }
    found.sort();
    Ok(found)
}

/// A file's text.
fn read(root: &Path, path: &str) -> Result<String> {
    fs::read_to_string(root.join(path)).with_context(|| path.to_owned())
}

/// The documents of a YAML file. A key that stands twice in one mapping is an error.
fn yaml(root: &Path, path: &str) -> Result<Vec<Value>> {
    serde_saphyr::from_multiple(&read(root, path)?).map_err(|error| anyhow::anyhow!("{path}: {error}"))
}

/// Whether a file is of the format that its name says.
fn parses(root: &Path, path: &str, report: &mut Report) -> Result<()> {
    let text = read(root, path)?;
    let wrong = match path.rsplit_once('.').map(|(_, extension)| extension) {
        Some("yaml" | "yml") => {
            serde_saphyr::from_multiple::<Value>(&text).err().map(|error| error.to_string())
        }
        Some("json") => serde_json::from_str::<Value>(&text).err().map(|error| error.to_string()),
        Some("toml") => text.parse::<toml::Table>().err().map(|error| error.message().to_owned()),
        _ => None,
    };
    if let Some(wrong) = wrong {
        report.broken(path, wrong);
    }
    Ok(())
}

/// The text at a JSON pointer, or nothing.
fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// The list at a JSON pointer, or nothing.
fn list<'a>(value: &'a Value, pointer: &str) -> &'a [Value] {
    value.pointer(pointer).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}
