//! `cargo xtask browser`: the console in a real browser, against a real sandbox. What belongs here: what a machine must
//! have for it, the sandbox and the run. Not here: what is tried, and what must hold, which is `tests/browser`'s.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};

use crate::node::{self, on_path};
use crate::sandbox::Sandbox;

/// The run takes two minutes, on a busy machine a few times that; the first also builds and installs what it needs.
const WITHIN: Duration = Duration::from_secs(1_800);

/// What the browser is called, by distributions.
const BROWSERS: [&str; 4] = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome"];

/// Whether this machine has what the run needs.
///
/// # Errors
/// What is missing and what to install, in words.
pub(crate) fn available() -> Result<(), String> {
    node::available()?;
    browser().map(drop).ok_or_else(|| "Chromium is missing: install chromium".to_owned())
}

/// Runs it alone.
pub(crate) fn run() -> Result<()> {
    if let Err(missing) = available() {
        anyhow::bail!(missing);
    }
    check(crate::workspace_root())
}

/// Runs it. Screenshots of every page are left in `target/console-screens`.
pub(crate) fn check(root: &Path) -> Result<()> {
    let own = root.join("tests/browser");
    node::install(&own, &root.join("target/browser/package-lock.json"), WITHIN)?;
    let sandbox = Sandbox::start(WITHIN)?;
    let screens = root.join("target/console-screens");
    std::fs::create_dir_all(&screens)?;
    let mut tests = Command::new("node");
    tests
        .args(["--test-reporter=spec", "main.js"])
        .env("CONSOLE_SANDBOX", sandbox.folder())
        .env("CONSOLE_PROGRAM", Sandbox::program()?)
        // Draws the captures that the tests send.
        .env("CONSOLE_XTASK", std::env::current_exe()?)
        .env("CONSOLE_BROWSER", browser().context("Chromium is missing")?)
        .env("CONSOLE_SCREENS", &screens)
        .env("CONSOLE_PHOTO", root.join("ingest-api/testdata/sample.jpg"))
        .current_dir(&own);
    // Shown as it comes: it takes minutes, and a failure is its words.
    let status = tests.status().context("could not start node")?;
    ensure!(status.success(), "the console does not hold what its tests say: {status}");
    Ok(())
}

fn browser() -> Option<PathBuf> {
    BROWSERS.iter().find_map(|name| on_path(name))
}
