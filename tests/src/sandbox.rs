//! A sandbox: the real program on a folder of its own, started, watched, killed, started again. What does not
//! belong here: the process itself (`process.rs`), speaking to it (`client.rs`, `wire.rs`). The cases that hold
//! on both engines know it as a `ContractHarness` alone.

use std::ffi::{OsStr, OsString};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;

use engine::Config;
use rustix::process::Signal;
use serde_json::Value;
use tempfile::TempDir;

use crate::client::Api;
use crate::harness::{ContractHarness, OrgAccess};
use crate::patience::until;
use crate::process::{Process, Program, ProgramOutput, command, run, run_program};

/// `sandbox.json`, once all of it is there.
fn read_access(path: &Path) -> Option<OrgAccess> {
    let json: Value = serde_json::from_slice(&std::fs::read(path).ok()?).ok()?;
    let text = |name: &str| json[name].as_str().map(str::to_owned);
    Some(OrgAccess {
        url: text("url")?,
        admin_url: text("adminUrl")?,
        org: text("orgId")?,
        key: text("apiKey")?,
        customer: text("customerId")?,
    })
}

/// How a sandbox is started.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Flags beside the folder and the listeners.
    pub flags: Vec<String>,
    /// Settings in the environment.
    pub environment: Vec<(String, String)>,
    /// A program and its arguments that run the sandbox; it must become the sandbox (exec). `{folder}` is the
    /// data folder.
    pub wrapper: Vec<OsString>,
    /// The wrapper mounts something over the data folder: it is to be seen through the process only.
    pub own_mounts: bool,
}

impl Options {
    pub fn flags(flags: &[&str]) -> Self {
        Self { flags: flags.iter().map(|&flag| flag.to_owned()).collect(), ..Self::default() }
    }

    pub fn environment(pairs: &[(&str, &str)]) -> Self {
        let environment = pairs.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect();
        Self { environment, ..Self::default() }
    }
}

/// A running sandbox, or one that was stopped.
pub struct Sandbox {
    folder: TempDir,
    options: Options,
    process: Option<Process>,
    info: OrgAccess,
    /// Everything that earlier processes on this folder said.
    said: Vec<String>,
}

impl Sandbox {
    pub async fn start_with(options: Options) -> Self {
        let folder = TempDir::with_prefix("identity-sandbox-").expect("a folder");
        std::fs::create_dir(folder.path().join("data")).expect("a folder in it");
        let (process, info) = launch(&folder.path().join("data"), &options).await;
        Self { folder, options, process: Some(process), info, said: Vec::new() }
    }

    /// The data folder.
    pub fn folder(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    pub fn process(&self) -> &Process {
        self.process.as_ref().expect("the sandbox runs")
    }

    /// An orderly end.
    pub async fn sigterm(&mut self) -> ExitStatus {
        self.process().signal(Signal::TERM);
        self.wait().await
    }

    /// A command of an operator on the folder.
    async fn tool(&self, command: &str, arguments: &[&str]) -> ProgramOutput {
        let folder = self.folder();
        let target = [OsStr::new("--data-dir"), folder.as_os_str()];
        run([command].iter().chain(arguments).map(OsStr::new).chain(target)).await
    }

    /// Waits for an end that was asked for otherwise.
    pub async fn wait(&mut self) -> ExitStatus {
        let mut process = self.process.take().expect("the sandbox runs");
        let status = process.ended().await;
        self.said.push(process.stdout());
        self.said.push(process.stderr());
        status
    }
}

impl ContractHarness for Sandbox {
    /// A sandbox as a person starts it, on free ports.
    async fn start() -> Self {
        Self::start_with(Options::default()).await
    }

    /// Every sandbox is alone.
    async fn alone() -> Self {
        Self::start().await
    }

    async fn with_settings(settings: &[(&str, &str)]) -> Self {
        Self::start_with(Options::environment(settings)).await
    }

    fn info(&self) -> &OrgAccess {
        &self.info
    }

    fn config(&self) -> Config {
        Config::sandbox(&self.folder()).expect("a sandbox's settings")
    }

    fn api(&self) -> Api {
        Api::new(&self.info.url, &self.info.key)
    }

    /// What earlier processes on this folder said, too.
    fn output(&self) -> String {
        let mut all = self.said.join("\n");
        if let Some(process) = &self.process {
            all.push_str(&process.stdout());
            all.push_str(&process.stderr());
        }
        all
    }

    fn scratch(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    async fn kill9(&mut self) {
        self.process().signal(Signal::KILL);
        self.wait().await;
    }

    async fn restart(&mut self) {
        assert!(self.process.is_none(), "it runs");
        let (process, info) = launch(&self.folder(), &self.options).await;
        self.process = Some(process);
        self.info = info;
    }

    async fn orgs(&self, arguments: &[&str]) -> ProgramOutput {
        self.tool("orgs", arguments).await
    }

    async fn staff(&self, arguments: &[&str]) -> ProgramOutput {
        self.tool("staff", arguments).await
    }

    async fn fallback(&self, arguments: &[&str]) -> ProgramOutput {
        self.tool("fallback", arguments).await
    }

    async fn compliance(&self, arguments: &[&str]) -> ProgramOutput {
        let folder = self.folder();
        let target = [OsStr::new("--data-dir"), folder.as_os_str()];
        let words: Vec<&OsStr> = arguments.iter().map(OsStr::new).chain(target).collect();
        run_program(Program::Compliance, &[], words).await
    }

    async fn until_it_works(&self, api: &Api) {
        until("the key's work", async || (api.get("/api/auth/me").await.status == 200).then_some(())).await;
    }
}

/// A folder as a running process has it, with whatever it mounted.
pub fn inside(process: &Process, folder: &Path) -> PathBuf {
    let root = PathBuf::from(format!("/proc/{}/root", process.pid().as_raw_nonzero()));
    root.join(folder.strip_prefix("/").expect("an absolute path"))
}

async fn launch(folder: &Path, options: &Options) -> (Process, OrgAccess) {
    let stands = |path: &Path| path.metadata().ok().map(|meta| (meta.ino(), meta.mtime(), meta.mtime_nsec()));
    let before = stands(&folder.join("sandbox.json"));
    let wrapper: Vec<OsString> = options
        .wrapper
        .iter()
        .map(|word| if word == "{folder}" { folder.as_os_str().to_owned() } else { word.clone() })
        .collect();
    let mut command = command(Program::IngestApi, &wrapper);
    command.arg("sandbox").arg("--data-dir").arg(folder);
    if !options.flags.iter().any(|flag| flag == "--listen") {
        command.args(["--listen", "127.0.0.1:0"]);
    }
    command.args(["--admin-listen", "127.0.0.1:0"]).args(&options.flags);
    // A test that says nothing of waiting is not about it: a disk that stalls for two seconds is no news.
    command.env("IDENTITY_API__WAIT_DEFAULT_MS", "10000");
    command.envs(options.environment.iter().map(|(name, value)| (name, value)));
    let mut process = Process::spawn(command);
    let info = until("sandbox.json", async || {
        if let Some(status) = process.has_ended() {
            panic!("the sandbox ended before it was ready: {status}");
        }
        let seen = if options.own_mounts { inside(&process, folder) } else { folder.to_path_buf() };
        let path = seen.join("sandbox.json");
        let now = stands(&path);
        (now.is_some() && now != before).then(|| read_access(&path)).flatten()
    })
    .await;
    (process, info)
}
