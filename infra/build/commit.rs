//! Build script of every program: from which commit it is built, as `BUILD_COMMIT`. In order: the environment's
//! `IDENTITY_BUILD_COMMIT` (for an image whose build has no repository), the repository, `unknown`. It runs again
//! only when the commit may be another one, so that nothing is built anew without need.

use std::path::Path;
use std::process::Command;

/// For builds without a repository.
const VARIABLE: &str = "IDENTITY_BUILD_COMMIT";

/// What is said where nobody knows.
const UNKNOWN: &str = "unknown";

fn main() {
    println!("cargo::rerun-if-env-changed={VARIABLE}");
    let given = std::env::var(VARIABLE).ok().filter(|commit| is_commit(commit));
    let commit = given.or_else(of_the_repository).unwrap_or_else(|| UNKNOWN.to_owned());
    println!("cargo::rustc-env=BUILD_COMMIT={commit}");
}

/// The commit that is checked out, where this source lies in a repository of its own and not merely inside of
/// somebody else's, as an unpacked archive may.
fn of_the_repository() -> Option<String> {
    let package = std::env::var("CARGO_MANIFEST_DIR").ok()?;
    let workspace = Path::new(&package).parent()?.canonicalize().ok()?;
    let root = git(&workspace, &["rev-parse", "--show-toplevel"])?;
    if Path::new(&root).canonicalize().ok()? != workspace {
        return None;
    }
    // The reflog of HEAD grows with each commit, checkout and reset; HEAD and the ref it names stand in for it
    // where it is not kept. A file that is not there may not be named: cargo would run this at every build.
    let head = git(&workspace, &["rev-parse", "--symbolic-full-name", "HEAD"]).unwrap_or_default();
    for name in ["HEAD", "logs/HEAD", "packed-refs", head.as_str()] {
        if let Some(path) = git(&workspace, &["rev-parse", "--git-path", name])
            && let path = workspace.join(path)
            && path.is_file()
        {
            println!("cargo::rerun-if-changed={}", path.display());
        }
    }
    git(&workspace, &["rev-parse", "HEAD"]).filter(|commit| is_commit(commit))
}

fn git(folder: &Path, arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").arg("-C").arg(folder).args(arguments).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    (output.status.success() && !text.trim().is_empty()).then(|| text.trim().to_owned())
}

fn is_commit(text: &str) -> bool {
    text.len() >= 7 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}
