//! A process of ours: a server that runs until told otherwise, or a program that ends by itself.
//! Every wait is bounded, every signal goes to a child we started and have not yet reaped, so its
//! id cannot be another's. Not here: which servers (`kafka`, `cassandra`), strangers' processes
//! (`detached`).

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use crate::error::ClusterError;
use crate::guard::ProcessGuard;
use crate::limits::{LOG_TAIL_BYTES, LOOK_EVERY, READY_WITHIN, STOP_WITHIN};

/// A server: how it is started (again), and the child while there is one.
pub(crate) struct ServerProcess {
    name: String,
    program: OsString,
    arguments: Vec<OsString>,
    log: PathBuf,
    /// Where in the log the present run begins.
    log_from: u64,
    child: Option<Child>,
    guard: Arc<ProcessGuard>,
}

impl ServerProcess {
    pub(crate) fn new(
        name: String,
        program: OsString,
        arguments: Vec<OsString>,
        log: PathBuf,
        guard: Arc<ProcessGuard>,
    ) -> Self {
        Self { name, program, arguments, log, log_from: 0, child: None, guard }
    }

    /// Starts it; it is not ready yet.
    pub(crate) fn spawn(&mut self) -> Result<(), ClusterError> {
        if self.child.is_some() {
            return Err(ClusterError::Options(format!("{} is running already", self.name)));
        }
        let log = OpenOptions::new()
            .create(true)
            .append(true)
            .open(&self.log)
            .map_err(ClusterError::io("open", &self.log))?;
        self.log_from = log.metadata().map_or(0, |file| file.len());
        let also = log.try_clone().map_err(ClusterError::io("open", &self.log))?;
        let child = Command::new(&self.program)
            .args(&self.arguments)
            .current_dir(self.log.parent().unwrap_or(Path::new("/")))
            .stdin(Stdio::null())
            .stdout(log)
            .stderr(also)
            // Ctrl-C is for us, and a detached server outlives our terminal.
            .process_group(0)
            .spawn()
            .map_err(ClusterError::io("start", &self.program))?;
        self.guard.watch(child.id());
        self.child = Some(child);
        Ok(())
    }

    /// Waits until `ready` says so. It is handed this run's log, read only if it asks.
    pub(crate) fn wait_ready(&mut self, ready: impl Fn(&LogSince) -> bool) -> Result<(), ClusterError> {
        let deadline = Instant::now() + READY_WITHIN;
        let log = LogSince { path: self.log.clone(), from: self.log_from };
        while !ready(&log) {
            if let Some(status) = self.exited() {
                return Err(self.failed(format!("ended with {status} before it was ready")));
            }
            if Instant::now() > deadline {
                return Err(self.failed(format!("was not ready within {READY_WITHIN:?}")));
            }
            thread::sleep(LOOK_EVERY);
        }
        Ok(())
    }

    pub(crate) fn pid(&self) -> Option<u32> {
        self.child.as_ref().map(Child::id)
    }

    /// Asks for an orderly end; `finish` waits for it.
    pub(crate) fn terminate(&mut self) -> Result<(), ClusterError> {
        // A paused process would see the request only when it goes on.
        self.signal("CONT")?;
        self.signal("TERM")
    }

    /// Waits for the end asked for, and forces it after [`STOP_WITHIN`].
    pub(crate) fn finish(&mut self) -> Result<(), ClusterError> {
        let deadline = Instant::now() + STOP_WITHIN;
        while self.child.is_some() && self.exited().is_none() {
            if Instant::now() > deadline {
                return self.kill();
            }
            thread::sleep(LOOK_EVERY);
        }
        Ok(())
    }

    /// SIGKILL, and waits until it is gone.
    pub(crate) fn kill(&mut self) -> Result<(), ClusterError> {
        if let Some(mut child) = self.child.take() {
            // Told first: after `wait` the id may be another's.
            self.guard.forget(child.id());
            child.kill().and_then(|()| child.wait()).map_err(ClusterError::io("kill", &self.name))?;
        }
        Ok(())
    }

    /// `CONT`, `STOP` or `TERM` to our own child; nothing when there is none.
    pub(crate) fn signal(&mut self, signal: &str) -> Result<(), ClusterError> {
        if self.exited().is_some() {
            return Ok(());
        }
        let Some(pid) = self.pid() else {
            return Ok(());
        };
        send(signal, pid)
    }

    /// `STOP`, and returns when every thread stands still: at first the signal is only sent, and a thread that
    /// has not heard of it still answers.
    pub(crate) fn pause(&mut self) -> Result<(), ClusterError> {
        self.signal("STOP")?;
        let Some(pid) = self.pid() else { return Ok(()) };
        let deadline = Instant::now() + STOP_WITHIN;
        while !stands_still(pid) {
            if Instant::now() > deadline {
                return Err(self.failed("it does not stand still".to_owned()));
            }
            thread::sleep(LOOK_EVERY);
        }
        Ok(())
    }

    /// Lets it outlive us.
    pub(crate) fn detach(&mut self) {
        if let Some(child) = self.child.take() {
            self.guard.forget(child.id());
        }
    }

    /// Its status if it has ended by itself; it is then reaped and forgotten.
    fn exited(&mut self) -> Option<ExitStatus> {
        let child = self.child.as_mut()?;
        let pid = child.id();
        let status = child.try_wait().ok().flatten()?;
        self.guard.forget(pid);
        self.child = None;
        Some(status)
    }

    fn failed(&self, why: String) -> ClusterError {
        ClusterError::Program { what: self.name.clone(), why, log_tail: tail(&self.log) }
    }
}

impl Drop for ServerProcess {
    fn drop(&mut self) {
        let _ = self.kill();
    }
}

/// The log of a server's present run.
pub(crate) struct LogSince {
    path: PathBuf,
    from: u64,
}

impl LogSince {
    pub(crate) fn has(&self, text: &str) -> bool {
        let mut content = Vec::new();
        File::open(&self.path)
            .and_then(|mut file| {
                file.seek(SeekFrom::Start(self.from))?;
                file.read_to_end(&mut content)
            })
            .is_ok()
            && String::from_utf8_lossy(&content).contains(text)
    }
}

/// Whether all threads of a process are stopped; one that went meanwhile is none, and without `/proc` nobody
/// can say.
fn stands_still(pid: u32) -> bool {
    let Ok(threads) = std::fs::read_dir(format!("/proc/{pid}/task")) else { return true };
    threads.flatten().all(|thread| {
        let Ok(stat) = std::fs::read_to_string(thread.path().join("stat")) else { return true };
        // The state follows the name, which is in brackets.
        stat.rsplit(") ").next().is_some_and(|rest| rest.starts_with('T'))
    })
}

/// Sends a signal by the shell's own `kill`: std has none but SIGKILL, and `unsafe` is denied.
pub(crate) fn send(signal: &str, pid: u32) -> Result<(), ClusterError> {
    let status = Command::new("sh")
        .args(["-c", "kill -s \"$1\" \"$2\"", "sh", signal])
        .arg(pid.to_string())
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .map_err(ClusterError::io("start", "sh"))?;
    if status.success() {
        Ok(())
    } else {
        Err(ClusterError::Program {
            what: format!("kill -s {signal} {pid}"),
            why: "was refused".into(),
            log_tail: String::new(),
        })
    }
}

/// Runs a program to its end and returns what it printed, both streams in their order.
pub(crate) fn run(what: &str, mut command: Command, within: Duration) -> Result<String, ClusterError> {
    let log = tempfile::NamedTempFile::new().map_err(ClusterError::io("create a log for", what))?;
    let stream = || log.reopen().map_err(ClusterError::io("open the log of", what));
    // Both append, else each would write over the other from the start.
    let append = || {
        OpenOptions::new().append(true).open(log.path()).map_err(ClusterError::io("open the log of", what))
    };
    let mut child = command
        .stdin(Stdio::null())
        .stdout(append()?)
        .stderr(append()?)
        .spawn()
        .map_err(ClusterError::io("start", command.get_program()))?;
    let failed = |why: String| ClusterError::Program { what: what.into(), why, log_tail: tail(log.path()) };
    let deadline = Instant::now() + within;
    let status = loop {
        if let Some(status) = child.try_wait().map_err(ClusterError::io("wait for", what))? {
            break status;
        }
        if Instant::now() > deadline {
            let _ = child.kill().and_then(|()| child.wait());
            return Err(failed(format!("did not end within {within:?}")));
        }
        thread::sleep(LOOK_EVERY);
    };
    if !status.success() {
        return Err(failed(format!("ended with {status}")));
    }
    let mut text = String::new();
    stream()?.read_to_string(&mut text).map_err(ClusterError::io("read the output of", what))?;
    Ok(text)
}

fn tail(path: &Path) -> String {
    let mut bytes = Vec::new();
    // No log is no tail: the error that carries it stands without.
    let _ = File::open(path).and_then(|mut file| {
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(LOG_TAIL_BYTES)))?;
        file.read_to_end(&mut bytes)
    });
    String::from_utf8_lossy(&bytes).into_owned()
}
