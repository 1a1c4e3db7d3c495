//! `cargo xtask schemathesis`: Schemathesis tries a real sandbox against its own OpenAPI document, with every check,
//! call by call and in sequences. What belongs here: the sandbox and the run. Not here: how it is run and what is left
//! out with which reason (`xtask/schemathesis/schemathesis.toml`), nor what it cannot make up (`hooks.py` there).

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Result, ensure};

use crate::python;
use crate::sandbox::Sandbox;

/// The run takes two to three minutes, on a busy machine a few times that; the first also installs what it needs.
const WITHIN: Duration = Duration::from_secs(1_800);

/// Runs it alone.
pub(crate) fn run() -> Result<()> {
    if let Err(missing) = python::available() {
        anyhow::bail!(missing);
    }
    check(crate::workspace_root())
}

/// Runs it.
pub(crate) fn check(root: &Path) -> Result<()> {
    let own = root.join("xtask/schemathesis");
    let python = python::environment(root, "schemathesis", &own.join("requirements.txt"), WITHIN)?;
    let sandbox = Sandbox::start(WITHIN)?;
    let url = sandbox.text("url")?;
    let mut tries = Command::new(python.with_file_name("schemathesis"));
    tries
        .arg("--config-file")
        .arg(own.join("schemathesis.toml"))
        .args(["run", "--no-color", "--header"])
        .arg(format!("Authorization: Bearer {}", sandbox.text("apiKey")?))
        .arg(format!("{url}/openapi.json"))
        .env("SCHEMATHESIS_HOOKS", "hooks")
        .env("PYTHONPATH", &own)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("PYTHONHASHSEED", "0")
        .env("IDENTITY_EXAMPLE_PHOTO", root.join("ingest-api/testdata/tiny.png"))
        // Whatever it leaves behind is no part of the tree.
        .current_dir(root.join("target/schemathesis"));
    // Shown as it comes: it takes minutes, and a failure is its words.
    let status = tries.status()?;
    ensure!(status.success(), "the API is not what its document says: {status}");
    Ok(())
}
