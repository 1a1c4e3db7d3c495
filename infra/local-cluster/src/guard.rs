//! The watchdog: a `sh` that waits on a pipe from us and, when the pipe closes because our process
//! is gone (also by SIGKILL), kills the servers and removes their temporary folder. Not here:
//! orderly stops. Public for those whose own programs must not outlive them either: a test binary
//! ends without dropping what its tests share.
//!
//! Why not `PR_SET_PDEATHSIG`: it needs `unsafe`, and it fires when the *thread* that spawned the
//! server ends, which a test runner's threads do all the time.

use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::Mutex;

use crate::error::ClusterError;

/// `$1` is the folder to remove, or empty. Bounds: 5 s for each killed server to be gone.
const SCRIPT: &str = r#"
dir=$1
pids=
while read -r verb pid; do
  case $verb in
    watch) pids="$pids $pid" ;;
    forget)
      kept=
      for p in $pids; do [ "$p" = "$pid" ] || kept="$kept $p"; done
      pids=$kept ;;
    keep) dir= ;;
  esac
done
for p in $pids; do kill -9 "$p"; done
for p in $pids; do
  n=0
  while kill -0 "$p" && [ "$n" -lt 50 ]; do sleep 0.1; n=$((n + 1)); done
done
[ -z "$dir" ] || rm -rf -- "$dir"
"#;

/// Watches the servers of one handle, or a caller's own children.
pub struct ProcessGuard {
    pipe: Mutex<Option<ChildStdin>>,
    shell: Mutex<Child>,
}

impl ProcessGuard {
    /// `removes`: the temporary folder that goes when the guard is dropped or the process dies.
    ///
    /// # Errors
    ///
    /// [`ClusterError::Io`] when there is no `sh`.
    pub fn start(removes: Option<&Path>) -> Result<Self, ClusterError> {
        let mut shell = Command::new("sh")
            .args(["-c", SCRIPT, "local-cluster-guard"])
            .arg(removes.unwrap_or(Path::new("")))
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // Its own group: Ctrl-C at the terminal must not end the guard before its work.
            .process_group(0)
            .spawn()
            .map_err(ClusterError::io("start", "sh"))?;
        Ok(Self { pipe: Mutex::new(shell.stdin.take()), shell: Mutex::new(shell) })
    }

    /// This child dies with us, or with the guard.
    pub fn watch(&self, pid: u32) {
        self.say(&format!("watch {pid}\n"));
    }

    /// This child is gone (and its id may be another's soon), or may outlive us.
    pub fn forget(&self, pid: u32) {
        self.say(&format!("forget {pid}\n"));
    }

    /// The folder may outlive us.
    pub(crate) fn keep(&self) {
        self.say("keep\n");
    }

    fn say(&self, line: &str) {
        let mut pipe = match self.pipe.lock() {
            Ok(pipe) => pipe,
            Err(poisoned) => poisoned.into_inner(),
        };
        if let Some(pipe) = pipe.as_mut() {
            // A guard that somebody killed guards nothing; the servers still stop on Drop.
            let _ = pipe.write_all(line.as_bytes());
        }
    }
}

impl Drop for ProcessGuard {
    fn drop(&mut self) {
        if let Ok(pipe) = self.pipe.get_mut() {
            drop(pipe.take());
        }
        if let Ok(shell) = self.shell.get_mut() {
            let _ = shell.wait();
        }
    }
}
