//! Node.js and the packages of a lock file, for what of the gate runs on it. Not here: what is run.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::Result;

use crate::python::said;

/// Playwright and `node:test` need it, and it is what Debian 12 has.
const MAJOR_MIN: u32 = 18;

/// Whether this machine has Node.js and npm.
///
/// # Errors
/// What is missing and what to install, in words.
pub(crate) fn available() -> Result<(), String> {
    let mut version = Command::new("node");
    version.arg("--version");
    let version = said(version, "node", Duration::from_secs(60)).unwrap_or_default();
    let major = version.trim().trim_start_matches('v').split('.').next().and_then(|major| major.parse().ok());
    if major.is_none_or(|major: u32| major < MAJOR_MIN) {
        return Err(format!("Node.js {MAJOR_MIN} or later is missing: install nodejs and npm"));
    }
    on_path("npm").map(drop).ok_or_else(|| "npm is missing: install npm".to_owned())
}

/// The packages of the folder's lock file, once for each lock file: `done` keeps the one that was installed.
pub(crate) fn install(folder: &Path, done: &Path, within: Duration) -> Result<()> {
    let wanted = std::fs::read_to_string(folder.join("package-lock.json"))?;
    if folder.join("node_modules").is_dir() && std::fs::read_to_string(done).is_ok_and(|text| text == wanted)
    {
        return Ok(());
    }
    let mut npm = Command::new("npm");
    npm.args(["ci", "--no-audit", "--no-fund", "--ignore-scripts"]).current_dir(folder);
    said(npm, "npm ci", within)?;
    if let Some(parent) = done.parent() {
        std::fs::create_dir_all(parent)?;
    }
    std::fs::write(done, wanted)?;
    Ok(())
}

/// Where a program is.
pub(crate) fn on_path(program: &str) -> Option<PathBuf> {
    let folders = std::env::var_os("PATH")?;
    std::env::split_paths(&folders).map(|folder| folder.join(program)).find(|file| file.is_file())
}
