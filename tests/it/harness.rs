//! A sandbox: the real program on a folder of its own, started, watched, killed, started again. What does not
//! belong here: the process itself (`process.rs`), speaking to it (`client.rs`, `wire.rs`). The cases that hold
//! on both engines know this file by its names alone: `../distributed/harness.rs` has the same ones.

use std::ffi::{OsStr, OsString};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;

use domain::ports::{StoredRecord, Topic};
use engine::Config;
use rustix::process::Signal;
use serde_json::Value;
use tempfile::TempDir;

use crate::client::Api;
use crate::evidence::{self, Kept};
pub(crate) use crate::process::{
    DEADLINE, Process, Program, Ran, command, run, run_program, run_with, until,
};

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

    /// One that nobody shares, so that it may be killed: here every one.
    pub(crate) async fn alone() -> Self {
        Self::start().await
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

    /// Its settings, as the programs read them.
    pub(crate) fn config(&self) -> Config {
        Config::sandbox(&self.folder()).expect("a sandbox's settings")
    }

    /// Every verdict of an org, in clear.
    pub(crate) async fn kept(&self, org: &str) -> Vec<Kept> {
        evidence::verdicts(&self.config(), org).await
    }

    /// The records of the sandbox's org.
    pub(crate) async fn records(&self, topic: Topic) -> Vec<StoredRecord> {
        evidence::records(&self.config(), topic, &self.info.org).await
    }

    /// Where the private half of an org's evidence key lies.
    pub(crate) fn compliance_key(&self, org: &str) -> PathBuf {
        self.config().compliance_key_dir().join(format!("{org}.key"))
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
        self.orgs(arguments).await.json()
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
        (now.is_some() && now != before).then(|| Info::read(&path)).flatten()
    })
    .await;
    (process, info)
}
