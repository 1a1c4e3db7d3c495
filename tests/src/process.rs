//! Our programs as processes: built, started, listened to, signalled, ended. What does not belong here: what a
//! program is started for (`sandbox.rs`, `installation.rs`), speaking to it (`client.rs`, `wire.rs`).

use std::ffi::{OsStr, OsString};
use std::io::{Read, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::patience::{DEADLINE, until_within};

/// How long a command may take from start to end: a rebuild waits for instances up to a minute a step.
const COMMAND_DEADLINE: Duration = Duration::from_secs(300);

/// How much of the program's output a failure shows.
const SHOWN_BYTES: usize = 8 * 1024;

/// Our programs. One package each, of the same name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Program {
    Compliance,
    IngestApi,
    Projector,
}

impl Program {
    fn name(self) -> &'static str {
        match self {
            Self::Compliance => "compliance",
            Self::IngestApi => "ingest-api",
            Self::Projector => "projector",
        }
    }

    /// Where it is. The first who asks builds all, which may take minutes: later on somebody may be waiting.
    pub fn path(self) -> &'static Path {
        static BUILT: OnceLock<[PathBuf; 3]> = OnceLock::new();
        let built = BUILT.get_or_init(|| build([Self::Compliance, Self::IngestApi, Self::Projector]));
        let [compliance, ingest_api, projector] = built;
        match self {
            Self::Compliance => compliance,
            Self::IngestApi => ingest_api,
            Self::Projector => projector,
        }
    }
}

/// With the features that the gate tests the workspace with (`xtask/src/ci.rs`): by any other selection, shared
/// dependencies have other features and are built a second time.
const SELECTION: [&str; 3] = ["--workspace", "--features", "system-tests/bench,system-tests/test-clock"];

fn build<const N: usize>(programs: [Program; N]) -> [PathBuf; N] {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
    // As xtask's `cargo` does. What cargo set for this crate alone, ring's build script would take for a
    // change, and everything behind it would be built again, by this and by the next outer build.
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
            cargo.env_remove(&name);
        }
    }
    cargo.args(["build", "--quiet", "--message-format=json"]).args(SELECTION);
    for name in programs.map(Program::name) {
        cargo.args(["--bin", name]);
    }
    let output = cargo.stderr(Stdio::inherit()).output().expect("cargo runs");
    assert!(output.status.success(), "the programs do not build");
    let lines = String::from_utf8(output.stdout).expect("cargo's messages are UTF-8");
    let messages: Vec<Value> = lines.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    programs.map(|program| {
        let mut ours = messages.iter().filter(|message| message["target"]["name"] == program.name());
        let executable = ours.find_map(|message| message["executable"].as_str().map(PathBuf::from));
        executable.expect("cargo names the programs it built")
    })
}

/// A program without what the tests' own environment would set of it. A wrapper is a program and its arguments
/// that become the program (exec).
pub fn command(program: Program, wrapper: &[OsString]) -> Command {
    let mut words = wrapper.iter().map(OsString::as_os_str).chain([program.path().as_os_str()]);
    let mut command = Command::new(words.next().expect("a program"));
    command.args(words);
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("IDENTITY_") || text.starts_with("OTEL_") || text == "RUST_LOG" {
            command.env_remove(&name);
        }
    }
    command
}

/// What a program that ended left.
#[derive(Debug)]
pub struct ProgramOutput {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl ProgramOutput {
    /// The lines of JSON that a command printed, whatever its exit code.
    #[track_caller]
    pub fn json_lines(&self) -> Vec<Value> {
        let parsed = |line| serde_json::from_str(line).unwrap_or_else(|_| panic!("no line of JSON: {line}"));
        self.stdout.lines().map(parsed).collect()
    }

    /// What a command that succeeded printed.
    #[track_caller]
    pub fn json(&self) -> Value {
        assert_eq!(self.code, Some(0), "{self:?}");
        serde_json::from_str(&self.stdout).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }
}

/// Runs `ingest-api` to its end.
pub async fn run<S: AsRef<OsStr>>(arguments: impl IntoIterator<Item = S>) -> ProgramOutput {
    run_with(&[], arguments).await
}

/// The same with settings in the environment.
pub async fn run_with<S: AsRef<OsStr>>(
    environment: &[(&str, &str)],
    arguments: impl IntoIterator<Item = S>,
) -> ProgramOutput {
    run_program(Program::IngestApi, environment, arguments).await
}

/// Runs a program to its end, with settings in the environment.
pub async fn run_program<S: AsRef<OsStr>>(
    program: Program,
    environment: &[(&str, &str)],
    arguments: impl IntoIterator<Item = S>,
) -> ProgramOutput {
    let mut command = command(program, &[]);
    command.args(arguments).envs(environment.iter().copied());
    let mut process = Process::spawn(command);
    let status = process.ended_within(COMMAND_DEADLINE).await;
    ProgramOutput { code: status.code(), stdout: process.stdout(), stderr: process.stderr() }
}

/// Runs `ingest-api` to its end with that on its standard input.
pub async fn run_with_input<S: AsRef<OsStr>>(
    input: &str,
    arguments: impl IntoIterator<Item = S>,
) -> ProgramOutput {
    let mut file = tempfile::tempfile().expect("a file");
    file.write_all(input.as_bytes()).and_then(|()| file.rewind()).expect("written");
    let mut command = command(Program::IngestApi, &[]);
    command.args(arguments);
    let mut process = Process::spawn_with(command, file.into());
    let status = process.ended_within(COMMAND_DEADLINE).await;
    ProgramOutput { code: status.code(), stdout: process.stdout(), stderr: process.stderr() }
}

/// A stream of the program, read to its end by a thread of its own, so that the program never waits for us.
#[derive(Clone, Default)]
struct Output(Arc<Mutex<Vec<u8>>>);

impl Output {
    fn listen(mut from: impl Read + Send + 'static) -> (Self, std::thread::JoinHandle<()>) {
        let heard = Self::default();
        let kept = heard.clone();
        let thread = std::thread::spawn(move || {
            let mut chunk = [0; 16 * 1024];
            while let Ok(count @ 1..) = from.read(&mut chunk) {
                kept.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(&chunk[..count]);
            }
        });
        (heard, thread)
    }

    fn bytes(&self) -> Vec<u8> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// A running program. Dropped, it is killed.
pub struct Process {
    child: Child,
    stdout: Output,
    stderr: Output,
    readers: Vec<std::thread::JoinHandle<()>>,
}

impl Process {
    pub fn spawn(command: Command) -> Self {
        Self::spawn_with(command, Stdio::null())
    }

    fn spawn_with(mut command: Command, input: Stdio) -> Self {
        command.stdin(input).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the program starts");
        let (stdout, out) = Output::listen(child.stdout.take().expect("piped"));
        let (stderr, err) = Output::listen(child.stderr.take().expect("piped"));
        Self { child, stdout, stderr, readers: vec![out, err] }
    }

    pub fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    /// Waits for the end, and for the last of the output.
    pub async fn ended(&mut self) -> ExitStatus {
        self.ended_within(DEADLINE).await
    }

    async fn ended_within(&mut self, deadline: Duration) -> ExitStatus {
        let ended = async || self.child.try_wait().expect("a child");
        let status = until_within(deadline, "the program's end", ended).await;
        for reader in self.readers.drain(..) {
            let _ = reader.join();
        }
        status
    }

    pub fn has_ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("a child")
    }

    pub fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).expect("the program runs");
    }

    pub fn stdout(&self) -> String {
        String::from_utf8_lossy(&self.stdout.bytes()).into_owned()
    }

    pub fn stderr(&self) -> String {
        String::from_utf8_lossy(&self.stderr.bytes()).into_owned()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            for (name, heard) in [("stdout", &self.stdout), ("stderr", &self.stderr)] {
                let bytes = heard.bytes();
                let tail = &bytes[bytes.len().saturating_sub(SHOWN_BYTES)..];
                eprintln!("---- the end of the program's {name}\n{}", String::from_utf8_lossy(tail));
            }
        }
    }
}
