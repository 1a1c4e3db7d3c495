//! Python programs that the gate runs: each in a virtual environment of its own under `target/`, made anew when its
//! committed requirements change. Not here: what the programs do.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};

/// How often something is looked at that is waited for.
pub(crate) const LOOK_EVERY: Duration = Duration::from_millis(100);

/// What a program says, at most: what is beyond it nobody reads.
const SAID_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// Whether this machine has a Python that can make virtual environments.
///
/// # Errors
/// What is missing and what to install, in words.
pub(crate) fn available() -> Result<(), String> {
    let mut python = Command::new("python3");
    python.args(["-c", "import ensurepip, venv"]);
    let found = said(python, "python3", Duration::from_secs(60)).map(drop);
    found.map_err(|_| "Python 3 with venv is missing: install python3 and python3-venv".to_owned())
}

/// A Python with what the requirements name, in `target/<name>`.
pub(crate) fn environment(root: &Path, name: &str, requirements: &Path, within: Duration) -> Result<PathBuf> {
    let folder = root.join("target").join(name);
    let (python, done) = (folder.join("venv/bin/python"), folder.join("requirements.txt"));
    let wanted = std::fs::read_to_string(requirements)?;
    if std::fs::read_to_string(&done).is_ok_and(|text| text == wanted) {
        return Ok(python);
    }
    let mut venv = Command::new("python3");
    venv.args(["-m", "venv"]).arg(folder.join("venv"));
    said(venv, "python3 -m venv", within)?;
    let mut pip = Command::new(&python);
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"]).arg(requirements);
    said(pip, "pip install", within)?;
    std::fs::write(&done, wanted)?;
    Ok(python)
}

/// Runs a program to its end and gives what it said.
pub(crate) fn said(mut command: Command, name: &str, within: Duration) -> Result<String> {
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let output = wait(child.with_context(|| format!("{name}: could not start it"))?, name, within)?;
    let errors = String::from_utf8_lossy(&output.stderr);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    ensure!(output.status.success(), "{name}: {}\n{text}{errors}", output.status);
    Ok(text)
}

/// Waits as long as it may take; then it is killed. What it says is read meanwhile: a full pipe would stop it.
fn wait(mut child: Child, name: &str, within: Duration) -> Result<Output> {
    let (mut out, mut err) = (child.stdout.take(), child.stderr.take());
    std::thread::scope(|scope| {
        let stdout = scope.spawn(|| drain(out.as_mut()));
        let stderr = scope.spawn(|| drain(err.as_mut()));
        let deadline = Instant::now() + within;
        let status = loop {
            if let Some(status) = child.try_wait()? {
                break Some(status);
            }
            if Instant::now() >= deadline {
                child.kill()?;
                child.wait()?;
                break None;
            }
            std::thread::sleep(LOOK_EVERY);
        };
        let stdout = stdout.join().unwrap_or_default();
        let stderr = stderr.join().unwrap_or_default();
        let Some(status) = status else {
            let words = [stdout, stderr].concat();
            bail!("{name}: not done in {} s\n{}", within.as_secs(), String::from_utf8_lossy(&words));
        };
        Ok(Output { status, stdout, stderr })
    })
}

fn drain(pipe: Option<&mut impl std::io::Read>) -> Vec<u8> {
    let mut text = Vec::new();
    if let Some(pipe) = pipe {
        // What came before the error is worth showing.
        let _ = pipe.take(SAID_BYTES_MAX).read_to_end(&mut text);
    }
    text
}
