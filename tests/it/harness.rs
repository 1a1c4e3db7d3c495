//! The real program on a folder of its own: started, watched, killed, started again. What does not belong
//! here: speaking to it (`client.rs`, `wire.rs`).

use std::ffi::{OsStr, OsString};
use std::io::Read;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

use crate::client::Api;

/// How long anything that must happen may take: far above what it needs on a busy machine, since a slow test
/// is better than a wrong one.
pub(crate) const DEADLINE: Duration = Duration::from_secs(90);

/// How often a condition is looked at.
const POLL: Duration = Duration::from_millis(15);

/// How much of the program's output a failure shows.
const SHOWN_BYTES: usize = 8 * 1024;

/// Asks until there is an answer, or fails at the deadline.
pub(crate) async fn until<T>(what: &str, mut probe: impl AsyncFnMut() -> Option<T>) -> T {
    let started = Instant::now();
    let mut ticks = tokio::time::interval(POLL);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if let Some(found) = probe().await {
            return found;
        }
        assert!(started.elapsed() < DEADLINE, "not within {DEADLINE:?}: {what}");
    }
}

/// The program, built once for each run of the tests.
pub(crate) fn binary() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        let output = Command::new(env!("CARGO"))
            .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
            .args(["build", "--quiet", "--package", "ingest-api", "--bin", "ingest-api"])
            .arg("--message-format=json")
            .stderr(Stdio::inherit())
            .output()
            .expect("cargo runs");
        assert!(output.status.success(), "ingest-api does not build");
        let lines = String::from_utf8(output.stdout).expect("cargo's messages are UTF-8");
        let executable = lines
            .lines()
            .filter_map(|line| serde_json::from_str::<Value>(line).ok())
            .filter(|message| message["target"]["name"] == "ingest-api")
            .find_map(|message| message["executable"].as_str().map(PathBuf::from));
        executable.expect("cargo names the program it built")
    })
}

/// The program without what the tests' own environment would set of it.
pub(crate) fn command(wrapper: &[OsString]) -> Command {
    let mut words = wrapper.iter().map(OsString::as_os_str).chain([binary().as_os_str()]);
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
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Runs the program to its end.
pub(crate) async fn run<S: AsRef<OsStr>>(arguments: impl IntoIterator<Item = S>) -> Ran {
    run_with(&[], arguments).await
}

/// The same with settings in the environment.
pub(crate) async fn run_with<S: AsRef<OsStr>>(
    environment: &[(&str, &str)],
    arguments: impl IntoIterator<Item = S>,
) -> Ran {
    let mut command = command(&[]);
    command.args(arguments).envs(environment.iter().copied());
    let mut process = Process::spawn(command);
    let status = process.ended().await;
    Ran { code: status.code(), stdout: process.stdout(), stderr: process.stderr() }
}

/// A stream of the program, read to its end by a thread of its own, so that the program never waits for us.
#[derive(Clone, Default)]
struct Heard(Arc<Mutex<Vec<u8>>>);

impl Heard {
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
pub(crate) struct Process {
    child: Child,
    stdout: Heard,
    stderr: Heard,
    readers: Vec<std::thread::JoinHandle<()>>,
}

impl Process {
    pub(crate) fn spawn(mut command: Command) -> Self {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the program starts");
        let (stdout, out) = Heard::listen(child.stdout.take().expect("piped"));
        let (stderr, err) = Heard::listen(child.stderr.take().expect("piped"));
        Self { child, stdout, stderr, readers: vec![out, err] }
    }

    pub(crate) fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    /// Waits for the end, and for the last of the output.
    pub(crate) async fn ended(&mut self) -> ExitStatus {
        let status = until("the program's end", async || self.child.try_wait().expect("a child")).await;
        for reader in self.readers.drain(..) {
            let _ = reader.join();
        }
        status
    }

    pub(crate) fn has_ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("a child")
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).expect("the program runs");
    }

    pub(crate) fn stdout(&self) -> String {
        String::from_utf8_lossy(&self.stdout.bytes()).into_owned()
    }

    pub(crate) fn stderr(&self) -> String {
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

/// `sandbox.json`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Info {
    pub(crate) url: String,
    pub(crate) admin_url: String,
    pub(crate) org: String,
    pub(crate) key: String,
    pub(crate) customer: String,
}

impl Info {
    fn read(path: &Path) -> Option<Self> {
        let json: Value = serde_json::from_slice(&std::fs::read(path).ok()?).ok()?;
        let text = |name: &str| json[name].as_str().map(str::to_owned);
        Some(Self {
            url: text("url")?,
            admin_url: text("adminUrl")?,
            org: text("orgId")?,
            key: text("apiKey")?,
            customer: text("customerId")?,
        })
    }
}

/// How a sandbox is started.
#[derive(Debug, Clone, Default)]
pub(crate) struct Options {
    /// Flags beside the folder and the listeners.
    pub(crate) flags: Vec<String>,
    /// Settings in the environment.
    pub(crate) environment: Vec<(String, String)>,
    /// A program and its arguments that run the sandbox; it must become the sandbox (exec). `{folder}` is the
    /// data folder.
    pub(crate) wrapper: Vec<OsString>,
    /// The wrapper mounts something over the data folder: it is to be seen through the process only.
    pub(crate) own_mounts: bool,
}

impl Options {
    pub(crate) fn flags(flags: &[&str]) -> Self {
        Self { flags: flags.iter().map(|&flag| flag.to_owned()).collect(), ..Self::default() }
    }

    pub(crate) fn environment(pairs: &[(&str, &str)]) -> Self {
        let environment = pairs.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect();
        Self { environment, ..Self::default() }
    }
}

/// A running sandbox, or one that was stopped.
pub(crate) struct Sandbox {
    folder: TempDir,
    options: Options,
    process: Option<Process>,
    info: Info,
    /// Everything that earlier processes on this folder said.
    said: Vec<String>,
}

impl Sandbox {
    /// A sandbox as a person starts it, on free ports.
    pub(crate) async fn start() -> Self {
        Self::start_with(Options::default()).await
    }

    pub(crate) async fn start_with(options: Options) -> Self {
        let folder = TempDir::with_prefix("identity-sandbox-").expect("a folder");
        std::fs::create_dir(folder.path().join("data")).expect("a folder in it");
        let (process, info) = launch(&folder.path().join("data"), &options).await;
        Self { folder, options, process: Some(process), info, said: Vec::new() }
    }

    /// The data folder.
    pub(crate) fn folder(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// A place for a test's own files.
    pub(crate) fn scratch(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn info(&self) -> &Info {
        &self.info
    }

    pub(crate) fn process(&self) -> &Process {
        self.process.as_ref().expect("the sandbox runs")
    }

    /// The API with the sandbox's key.
    pub(crate) fn api(&self) -> Api {
        Api::new(&self.info.url, &self.info.key)
    }

    /// The management listener.
    pub(crate) fn admin(&self) -> Api {
        Api::new(&self.info.admin_url, "")
    }

    /// `host:port` of the API.
    pub(crate) fn address(&self) -> String {
        self.info.url.strip_prefix("http://").expect("plaintext on loopback").to_owned()
    }

    /// Everything that was ever said on stdout and stderr.
    pub(crate) fn output(&self) -> String {
        let mut all = self.said.join("\n");
        if let Some(process) = &self.process {
            all.push_str(&process.stdout());
            all.push_str(&process.stderr());
        }
        all
    }

    /// Power cut.
    pub(crate) async fn kill9(&mut self) {
        self.process().signal(Signal::KILL);
        self.wait().await;
    }

    /// An orderly end.
    pub(crate) async fn sigterm(&mut self) -> ExitStatus {
        self.process().signal(Signal::TERM);
        self.wait().await
    }

    /// Waits for an end that was asked for otherwise.
    pub(crate) async fn wait(&mut self) -> ExitStatus {
        let mut process = self.process.take().expect("the sandbox runs");
        let status = process.ended().await;
        self.said.push(process.stdout());
        self.said.push(process.stderr());
        status
    }

    /// Starts again on the same folder.
    pub(crate) async fn restart(&mut self) {
        assert!(self.process.is_none(), "it runs");
        let (process, info) = launch(&self.folder(), &self.options).await;
        self.process = Some(process);
        self.info = info;
    }

    /// `orgs …` on this folder.
    pub(crate) async fn orgs(&self, arguments: &[&str]) -> Ran {
        let folder = self.folder();
        let target = [OsStr::new("--data-dir"), folder.as_os_str()];
        let words = ["orgs"].iter().chain(arguments).map(OsStr::new).chain(target);
        run(words).await
    }

    /// `orgs …` that must succeed: the JSON it prints.
    pub(crate) async fn orgs_json(&self, arguments: &[&str]) -> Value {
        let ran = self.orgs(arguments).await;
        assert_eq!(ran.code, Some(0), "orgs {arguments:?}: {ran:?}");
        serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("orgs {arguments:?}: {ran:?}"))
    }

    /// Another org; its id and its key, which already works.
    pub(crate) async fn org(&self, flags: &[&str]) -> (String, Api) {
        let made = self.orgs_json(&[&["create", "--name", "Bank Lain"], flags].concat()).await;
        let api = self.api().with_key(made["apiKey"].as_str().expect("a key"));
        self.heard(&api).await;
        (made["orgId"].as_str().expect("an id").to_owned(), api)
    }

    /// Another key of an org, which already works: its id and the API with it.
    pub(crate) async fn key(&self, org: &str, flags: &[&str]) -> (String, Api) {
        let made = self.orgs_json(&[&["keys", "create", org], flags].concat()).await;
        let api = self.api().with_key(made["apiKey"].as_str().expect("a key"));
        self.heard(&api).await;
        (made["keyId"].as_str().expect("an id").to_owned(), api)
    }

    async fn heard(&self, api: &Api) {
        until("the key's work", async || (api.get("/api/auth/me").await.status == 200).then_some(())).await;
    }
}

/// A folder as a running process has it, with whatever it mounted.
pub(crate) fn inside(process: &Process, folder: &Path) -> PathBuf {
    let root = PathBuf::from(format!("/proc/{}/root", process.pid().as_raw_nonzero()));
    root.join(folder.strip_prefix("/").expect("an absolute path"))
}

async fn launch(folder: &Path, options: &Options) -> (Process, Info) {
    let stands = |path: &Path| path.metadata().ok().map(|meta| (meta.ino(), meta.mtime(), meta.mtime_nsec()));
    let before = stands(&folder.join("sandbox.json"));
    let wrapper: Vec<OsString> = options
        .wrapper
        .iter()
        .map(|word| if word == "{folder}" { folder.as_os_str().to_owned() } else { word.clone() })
        .collect();
    let mut command = command(&wrapper);
    command.arg("sandbox").arg("--data-dir").arg(folder);
    command.args(["--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"]).args(&options.flags);
    command.envs(options.environment.iter().map(|(name, value)| (name, value)));
    let mut process = Process::spawn(command);
    let info = until("sandbox.json", async || {
        if let Some(status) = process.has_ended() {
            panic!("the sandbox ended before it was ready: {status}");
        }
        let seen = if options.own_mounts { inside(&process, folder) } else { folder.to_path_buf() };
        let path = seen.join("sandbox.json");
        let now = stands(&path);
        (now.is_some() && now != before).then(|| Info::read(&path)).flatten()
    })
    .await;
    (process, info)
}
