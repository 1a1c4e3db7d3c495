//! A sandbox as a person starts it, for steps of the gate that need a running API. Gone when dropped.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use crate::ci::SELECTION;
use crate::python::{LOOK_EVERY, said};

/// A running sandbox.
pub(crate) struct Sandbox {
    child: Child,
    folder: PathBuf,
    /// Its `sandbox.json`.
    about: Value,
}

impl Sandbox {
    /// Builds the program and starts it on free ports, in a folder of its own.
    pub(crate) fn start(within: Duration) -> Result<Self> {
        let mut build = crate::cargo(&["build", "--quiet", "--locked", "--bin", "ingest-api"]);
        build.args(SELECTION);
        said(build, "cargo build --bin ingest-api", within)?;
        let folder = std::env::temp_dir().join(format!("identity-xtask-{}", std::process::id()));
        let child = Command::new(Self::program()?)
            .args(["sandbox", "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0", "--data-dir"])
            .arg(&folder)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("could not start the sandbox")?;
        let mut sandbox = Self { child, folder, about: Value::Null };
        let deadline = Instant::now() + within;
        loop {
            if let Ok(text) = std::fs::read_to_string(sandbox.folder.join("sandbox.json")) {
                sandbox.about = serde_json::from_str(&text)?;
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

    /// The program it runs, once it is built.
    pub(crate) fn program() -> Result<PathBuf> {
        Ok(std::env::current_exe()?.with_file_name("ingest-api"))
    }

    /// Its data folder.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// A text of its `sandbox.json`.
    pub(crate) fn text(&self, name: &str) -> Result<&str> {
        self.about[name].as_str().with_context(|| format!("sandbox.json has no {name}"))
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
