//! What `./sandbox` builds: the API without the distributed engine, the face models' runtime and the exporter of traces.
//! It must keep compiling, and keep being small.

use anyhow::{Result, ensure};

use crate::cargo;

/// The build as `./sandbox` asks for it.
const SMALL_BUILD: [&str; 4] = ["--package", "ingest-api", "--no-default-features", "--locked"];

/// What costs a first build minutes or wants headers that a machine may lack: one crate of each feature that is left out.
const LEFT_OUT: [&str; 5] = ["opentelemetry-otlp", "openssl-sys", "rdkafka-sys", "rten", "scylla"];

/// Checks it with clippy, and that nothing which was left out came back by another way.
pub(super) fn check() -> Result<()> {
    let mut clippy = cargo(&["clippy"]);
    clippy.args(SMALL_BUILD).args(["--", "-D", "warnings"]);
    super::succeed(clippy)?;
    let mut tree = cargo(&["tree", "--edges", "normal,build", "--prefix", "none", "--format", "{p}"]);
    let listed = tree.args(SMALL_BUILD).output()?;
    ensure!(listed.status.success(), "{tree:?}: {}", String::from_utf8_lossy(&listed.stderr));
    let listed = String::from_utf8(listed.stdout)?;
    let came_back = came_back(&listed);
    ensure!(came_back.is_empty(), "what ./sandbox builds has {came_back:?} again, which it is to do without");
    Ok(())
}

/// Which of them a list of packages has, `name vVERSION` a line.
fn came_back(packages: &str) -> Vec<&str> {
    let names = packages.lines().filter_map(|line| line.split(' ').next());
    let mut found: Vec<&str> = names.filter(|name| LEFT_OUT.contains(name)).collect();
    found.sort_unstable();
    found.dedup();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_came_back_is_named_once() {
        let small = "ingest-api v0.1.0 (/src/ingest-api)\nengine v0.1.0 (/src/infra/engine)\nring v0.17.14";
        assert!(came_back(small).is_empty());
        let large =
            format!("{small}\nrten v0.27.0\nrten-simd v0.27.0\nopenssl-sys v0.9.1\nrten v0.27.0 (*)\n");
        assert_eq!(came_back(&large), ["openssl-sys", "rten"]);
    }
}
