//! A distributed installation on this machine: a real Kafka, a real Cassandra, the settings for them, and our
//! programs on them as an operator starts them. What does not belong here: cases, and which of them share an
//! installation (`harness.rs`, `../outages/`).

use std::io::Write as _;
use std::path::PathBuf;

use domain::ports::{StoredRecord, Topic};
use engine::Config;
use local_cluster::{
    CassandraNode, CassandraOptions, InstalledTools, KafkaBrokers, KafkaOptions, ProcessGuard,
};
use rustix::process::Signal;
use serde_json::Value;
use tempfile::TempDir;

use crate::client::Api;
use crate::evidence::{self, KeptVerdict};
use crate::patience::until;
use crate::process::{Process, Program, ProgramOutput, command, run_program};

/// Ends these tests here, loudly, where no server can be started: libtest knows no case that was left out, and
/// none could go on. In CI that is a failure.
pub fn servers_or_leave() {
    let Err(missing) = InstalledTools::available() else { return };
    let in_ci = std::env::var_os("CI").is_some_and(|value| !value.is_empty() && value != "false");
    assert!(!in_ci, "the tests on a real Kafka and a real Cassandra cannot run: {missing}");
    // Past the test harness, which would keep it to itself.
    let remark = format!("NOT RUN HERE: the distributed engine's system tests. {missing}\n");
    std::io::stderr().write_all(remark.as_bytes()).expect("stderr");
    std::process::exit(0);
}

/// The servers, and the folder of the settings and keys. Programs end with it, or with this process.
pub struct Installation {
    /// First, so that our programs are gone before their servers.
    guard: ProcessGuard,
    pub kafka: KafkaBrokers,
    /// None where it is another installation's.
    pub cassandra: Option<CassandraNode>,
    folder: TempDir,
    /// Settings in the environment of every program.
    environment: Vec<(String, String)>,
}

/// Settings in the environment.
pub fn settings(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect()
}

impl Installation {
    /// Starts both servers and writes the settings as `cargo xtask cluster up` does.
    pub async fn start(
        kafka: KafkaOptions,
        cassandra: CassandraOptions,
        environment: Vec<(String, String)>,
    ) -> Self {
        servers_or_leave();
        let starting = tokio::task::spawn_blocking(|| CassandraNode::start(cassandra));
        let kafka = tokio::task::spawn_blocking(|| KafkaBrokers::start(kafka));
        let kafka = kafka.await.expect("no panic").expect("Kafka starts");
        let cassandra = starting.await.expect("no panic").expect("Cassandra starts");
        let node = cassandra.cql_node();
        Self::on(kafka, Some(cassandra), &node, environment)
    }

    /// One whose API waits long by default: a busy machine projects late, and only cases about the wait itself
    /// mean a shorter one.
    pub async fn patient() -> Self {
        let patient = settings(&[("IDENTITY_API__WAIT_DEFAULT_MS", "10000")]);
        Self::start(KafkaOptions::default(), CassandraOptions::default(), patient).await
    }

    /// Another Kafka, and a keyspace of its own on the other's Cassandra.
    pub async fn beside(other: &Self, keyspace: &str) -> Self {
        let kafka = tokio::task::spawn_blocking(|| KafkaBrokers::start(KafkaOptions::default()));
        let kafka = kafka.await.expect("no panic").expect("Kafka starts");
        let node = other.cassandra.as_ref().expect("a Cassandra of its own").cql_node();
        let environment =
            [other.environment.clone(), settings(&[("IDENTITY_CQL__KEYSPACE", keyspace)])].concat();
        Self::on(kafka, None, &node, environment)
    }

    fn on(
        kafka: KafkaBrokers,
        cassandra: Option<CassandraNode>,
        node: &str,
        environment: Vec<(String, String)>,
    ) -> Self {
        let folder = TempDir::with_prefix("identity-installation-").expect("a folder");
        let settings = local_cluster::settings(folder.path(), &kafka.bootstrap(), &[node.to_owned()]);
        std::fs::write(folder.path().join("config.toml"), settings).expect("the settings are written");
        Self { guard: ProcessGuard::start(None).expect("a guard"), kafka, cassandra, folder, environment }
    }

    pub fn config_file(&self) -> PathBuf {
        self.folder.path().join("config.toml")
    }

    /// The settings, as the programs read them.
    pub fn config(&self) -> Config {
        let environment = self.environment.iter().map(|(name, value)| (name.into(), value.into()));
        Config::read(Some(&self.config_file()), environment).expect("settings that the programs take")
    }

    /// `staff …` on this installation.
    pub async fn staff(&self, arguments: &[&str]) -> ProgramOutput {
        self.tool(Program::IngestApi, &[&["staff"], arguments].concat()).await
    }

    /// `orgs …` on this installation.
    pub async fn orgs(&self, arguments: &[&str]) -> ProgramOutput {
        self.tool(Program::IngestApi, &[&["orgs"], arguments].concat()).await
    }

    /// A command on this installation, to its end.
    pub async fn tool(&self, program: Program, arguments: &[&str]) -> ProgramOutput {
        self.tool_with(program, &[], arguments).await
    }

    /// The same with these settings over the installation's.
    pub async fn tool_with(
        &self,
        program: Program,
        environment: &[(&str, &str)],
        arguments: &[&str],
    ) -> ProgramOutput {
        let config = self.config_file();
        let target = ["--config", config.to_str().expect("a path")];
        let ours = self.environment.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let all: Vec<(&str, &str)> = ours.chain(environment.iter().copied()).collect();
        run_program(program, &all, [arguments, &target].concat()).await
    }

    /// A new org without limits that a test could meet, and its key.
    pub async fn org(&self, name: &str) -> (String, String) {
        let flags = ["create", "--name", name, "--dukcapil-enabled", "--ingest-limit", "60000", "--json"];
        let made = self.orgs(&flags).await.json();
        let org = made["orgId"].as_str().expect("an id").to_owned();
        let limits = ["set", &org, "--get-limit", "60000", "--write-limit", "12000", "--json"];
        self.orgs(&limits).await.json();
        (org, made["apiKey"].as_str().expect("a key").to_owned())
    }

    /// `ingest-api serve` on free ports; it need not be ready yet.
    pub async fn begin_serve(&self, environment: &[(String, String)]) -> Instance {
        let listeners = ["--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"];
        self.begin(Program::IngestApi, "serve", &listeners, environment).await
    }

    /// `projector run` on a free port; it need not be ready yet.
    pub async fn begin_project(&self, environment: &[(String, String)]) -> Instance {
        self.begin(Program::Projector, "run", &["--admin-listen", "127.0.0.1:0"], environment).await
    }

    /// The same, ready.
    pub async fn serve(&self, environment: &[(String, String)]) -> Instance {
        let mut instance = self.begin_serve(environment).await;
        instance.ready().await;
        instance
    }

    /// The same, ready.
    pub async fn project(&self, environment: &[(String, String)]) -> Instance {
        let mut instance = self.begin_project(environment).await;
        instance.ready().await;
        instance
    }

    /// A projector that ends by itself.
    pub async fn project_to_its_end(&self) -> ProgramOutput {
        self.tool(Program::Projector, &["run", "--admin-listen", "127.0.0.1:0"]).await
    }

    async fn begin(
        &self,
        program: Program,
        verb: &str,
        listeners: &[&str],
        environment: &[(String, String)],
    ) -> Instance {
        let mut command = command(program, &[]);
        command.arg(verb).arg("--config").arg(self.config_file()).args(listeners);
        command.envs(self.environment.iter().chain(environment).map(|(name, value)| (name, value)));
        let process = Process::spawn(command);
        self.guard.watch(process.pid().as_raw_nonzero().get().unsigned_abs());
        Instance::listening(process).await
    }

    /// A program of ours that was started here has ended and is no longer looked after.
    pub fn forget(&self, instance: &Instance) {
        self.guard.forget(instance.process.pid().as_raw_nonzero().get().unsigned_abs());
    }

    /// Every verdict of an org, in clear.
    pub async fn kept(&self, org: &str) -> Vec<KeptVerdict> {
        evidence::verdicts(&self.config(), org).await
    }

    /// A place for a test's own files.
    pub fn scratch(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// An org's records of a topic.
    pub async fn records(&self, topic: Topic, org: &str) -> Vec<StoredRecord> {
        evidence::records(&self.config(), topic, org).await
    }
}

/// A program that runs on an installation.
pub struct Instance {
    pub process: Process,
    /// Base URL of the management listener.
    pub admin_url: String,
    /// Base URL of the API, once it is ready; a projector has none.
    pub url: Option<String>,
}

impl Instance {
    /// Waits for the management listener, which every program opens first.
    async fn listening(mut process: Process) -> Self {
        let line = until("the management listener", async || {
            if let Some(status) = process.has_ended() {
                panic!("a program ended before it listened: {status}\n{}", process.stderr());
            }
            said(&process, "health and metrics")
        })
        .await;
        let address = line["address"].as_str().expect("an address").to_owned();
        let admin_url = if address.contains("://") { address } else { format!("http://{address}") };
        Self { process, admin_url, url: None }
    }

    /// Waits until it is ready.
    pub async fn ready(&mut self) {
        let line = until("readiness", async || {
            if let Some(status) = self.process.has_ended() {
                panic!("a program ended before it was ready: {status}\n{}", self.process.stderr());
            }
            said(&self.process, "ready")
        })
        .await;
        self.url = line["url"].as_str().map(str::to_owned);
        assert_eq!(self.admin().get("/readyz").await.status, 200);
    }

    /// The management listener.
    pub fn admin(&self) -> Api {
        Api::new(&self.admin_url, "")
    }

    /// The API's base URL.
    pub fn url(&self) -> &str {
        self.url.as_deref().expect("an API that is ready")
    }

    /// Everything it said.
    pub fn output(&self) -> String {
        format!("{}{}", self.process.stdout(), self.process.stderr())
    }

    /// The sum of a metric's samples whose labels have this in them; none where there is no such sample.
    pub async fn metric(&self, name: &str, labels: &str) -> Option<f64> {
        let shown = String::from_utf8(self.admin().get("/metrics").await.body).expect("text");
        let samples = shown.lines().filter(|line| line.starts_with(name) && line.contains(labels));
        let values = samples.filter_map(|line| line.rsplit_once(' ')?.1.parse::<f64>().ok());
        values.fold(None, |sum, value| Some(sum.unwrap_or(0.0) + value))
    }

    /// Power cut.
    pub async fn kill9(&mut self) {
        self.process.signal(Signal::KILL);
        self.process.ended().await;
    }

    /// An orderly end, which must be one.
    pub async fn sigterm(&mut self) {
        self.process.signal(Signal::TERM);
        let status = self.process.ended().await;
        assert_eq!(status.code(), Some(0), "{}", self.process.stderr());
    }
}

/// The first log line with that message.
pub fn said(process: &Process, message: &str) -> Option<Value> {
    let heard = process.stderr();
    let lines = heard.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    lines.into_iter().find(|line| line["message"] == message)
}
