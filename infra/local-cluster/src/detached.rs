//! Servers that outlived the process that started them: recognised by the mark in their command
//! line, never by their id alone, which may be another's by now. Not here: the files that hold
//! those ids (`xtask`).

use std::fs;
use std::path::Path;
use std::thread;
use std::time::Instant;

use crate::error::ClusterError;
use crate::limits::{LOOK_EVERY, STOP_WITHIN};
use crate::process::send;

/// The argument that marks a server as living in this folder.
pub(crate) fn mark(home: &Path) -> String {
    format!("-Dlocal.cluster.home={}", home.display())
}

/// Whether process `pid` is a server of ours that lives in the folder `home` (the `data_dir` it
/// was started with; a relative path is resolved).
#[must_use]
pub fn is_ours(pid: u32, home: &Path) -> bool {
    let home = home.canonicalize().unwrap_or_else(|_| home.to_owned());
    let mark = mark(&home);
    fs::read(format!("/proc/{pid}/cmdline"))
        .is_ok_and(|line| line.split(|byte| *byte == 0).any(|argument| argument == mark.as_bytes()))
}

/// Stops process `pid` if it is ours: SIGTERM, and SIGKILL when it does not go. `false` when it
/// is not ours (any more), which leaves it alone.
///
/// # Errors
///
/// [`ClusterError::Program`] when it is ours and does not end.
pub fn stop(pid: u32, home: &Path) -> Result<bool, ClusterError> {
    if !is_ours(pid, home) {
        return Ok(false);
    }
    for signal in ["TERM", "KILL"] {
        // It may end between the check and the signal; the next check decides.
        let _ = send(signal, pid);
        let deadline = Instant::now() + STOP_WITHIN;
        while Instant::now() < deadline {
            if !is_ours(pid, home) {
                return Ok(true);
            }
            thread::sleep(LOOK_EVERY);
        }
    }
    Err(ClusterError::Program {
        what: format!("process {pid}"),
        why: format!("is still there {STOP_WITHIN:?} after SIGKILL"),
        log_tail: String::new(),
    })
}
