//! `cargo xtask signing`: the examples of `docs/capture-signing` against their test vectors. What belongs here: running
//! them. Not here: what is signed, which is theirs (`capture-sim`'s own tests hold it to the same vectors).

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;

use crate::node;
use crate::python::{self, said};

/// Seconds; the first run also brings a compiler of TypeScript.
const WITHIN: Duration = Duration::from_secs(900);

/// What the compiler is given, beside the packages that the lock file names.
const SOURCES: [&str; 4] = ["package.json", "package-lock.json", "tsconfig.json", "sign.ts"];

/// Whether this machine has what the examples need.
///
/// # Errors
/// What is missing and what to install, in words.
pub(crate) fn available() -> Result<(), String> {
    node::available().and_then(|()| python::available())
}

/// Runs both examples.
pub(crate) fn run() -> Result<()> {
    if let Err(missing) = available() {
        bail!(missing);
    }
    check(crate::workspace_root())
}

/// Both examples, the one in TypeScript compiled under `target/`.
pub(crate) fn check(root: &Path) -> Result<()> {
    let own = root.join("docs/capture-signing");
    let vectors = own.join("vectors.json");
    let listed: Value = serde_json::from_str(&std::fs::read_to_string(&vectors)?)?;
    let count = listed["vectors"].as_array().context("no vectors")?.len();

    let mut python = Command::new("python3");
    python.arg("-B").arg(own.join("sign.py")).arg("check").arg(&vectors);
    let from_python = said(python, "the example in Python", WITHIN)?;

    let build = root.join("target/capture-signing");
    std::fs::create_dir_all(&build)?;
    for source in SOURCES {
        std::fs::copy(own.join(source), build.join(source)).with_context(|| source.to_owned())?;
    }
    node::install(&build, &build.join("installed.json"), WITHIN)?;
    let mut compiler = Command::new("node");
    compiler.args(["node_modules/typescript/bin/tsc", "--project", "."]).current_dir(&build);
    said(compiler, "the TypeScript compiler", WITHIN)?;
    let mut node = Command::new("node");
    node.arg(build.join("build/sign.js")).arg("check").arg(&vectors);
    let from_node = said(node, "the example in TypeScript", WITHIN)?;

    let expected = format!("{count} vectors hold\n");
    ensure!(from_python == expected && from_node == expected, "{from_python}{from_node}is not {expected}");
    say!("{count} vectors hold in Python and in TypeScript");
    Ok(())
}
