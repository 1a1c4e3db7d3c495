//! The servers and programs of one measurement, all started here and ended with it.

use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use local_cluster::{CassandraNode, CassandraOptions, KafkaBrokers, KafkaOptions, PerfRun};

use super::kafka_limit::BARE_EVENTS;
use super::projecting::Projecting;
use crate::http::Connection;
use crate::limits::{LOOK_EVERY, PERF_RECORDS, READY_WITHIN};
use crate::load::Target;
use crate::process::Program;

/// Kafka, Cassandra, the settings for them, and an org.
pub(crate) struct Cluster {
    kafka: KafkaBrokers,
    cassandra: CassandraNode,
    folder: PathBuf,
    program: PathBuf,
    projector: PathBuf,
    api_key: String,
    /// So many, registered by the first API.
    customers_count: usize,
    customers: OnceLock<Target>,
}

/// Their process ids.
#[derive(Clone, Debug)]
pub(crate) struct Servers {
    pub(crate) brokers: Vec<u32>,
    pub(crate) store: Vec<u32>,
}

/// A running API.
pub(crate) struct Served {
    pub(crate) program: Program,
    pub(crate) target: Target,
}

impl Cluster {
    pub(crate) fn start(
        folder: &Path,
        program: &Path,
        projector: &Path,
        customers_count: usize,
    ) -> Result<Self> {
        let (kafka, cassandra) = std::thread::scope(|scope| {
            let kafka = scope.spawn(|| KafkaBrokers::start(KafkaOptions::default()));
            let cassandra = CassandraNode::start(CassandraOptions::default());
            let kafka = kafka.join().ok().context("starting Kafka panicked")?;
            anyhow::Ok((kafka?, cassandra?))
        })?;
        let settings = format!(
            "[engine]\nkind = \"distributed\"\n\n[kafka]\nbrokers = [\"{}\"]\nreplication_factor = 1\n\
             min_insync_replicas = 1\nallow_plaintext = true\n\n[cql]\nnodes = [\"{}\"]\n\
             replication_factor = 1\nallow_plaintext = true\n\n[kms]\nfile = {:?}\n\n[compliance]\nkey_dir = {:?}\n",
            kafka.bootstrap(),
            cassandra.cql_node(),
            folder.join("kms").join("keys.json"),
            folder.join("compliance"),
        );
        std::fs::write(folder.join("config.toml"), settings)?;
        let mut cluster = Self {
            kafka,
            cassandra,
            folder: folder.to_owned(),
            program: program.to_owned(),
            projector: projector.to_owned(),
            api_key: String::new(),
            customers_count,
            customers: OnceLock::new(),
        };
        let made =
            cluster.orgs(&["create", "--name", "Bench", "--dukcapil-enabled", "--ingest-limit", "0"])?;
        cluster.api_key = made["apiKey"].as_str().context("apiKey")?.to_owned();
        let org = made["orgId"].as_str().context("orgId")?.to_owned();
        cluster.orgs(&["set", &org, "--write-limit", "0", "--get-limit", "0"])?;
        Ok(cluster)
    }

    fn config(&self) -> Result<String> {
        Ok(self.folder.join("config.toml").to_str().context("the folder's name is not UTF-8")?.to_owned())
    }

    fn orgs(&self, arguments: &[&str]) -> Result<serde_json::Value> {
        let config = self.config()?;
        let mut command = Command::new(&self.program);
        command.arg("orgs").args(arguments).args(["--config", &config, "--json"]);
        let output = command.output()?;
        ensure!(output.status.success(), "orgs: {}", String::from_utf8_lossy(&output.stderr));
        Ok(serde_json::from_slice(&output.stdout)?)
    }

    pub(crate) fn brokers(&self) -> String {
        self.kafka.bootstrap()
    }

    pub(crate) fn cql_node(&self) -> String {
        self.cassandra.cql_node()
    }

    /// A fresh API, ready; all have the same customers.
    pub(crate) async fn serve(&self) -> Result<Served> {
        let (listen, admin) = (free_address()?, free_address()?);
        let (listen_text, admin_text) = (listen.to_string(), admin.to_string());
        let config = self.config()?;
        let arguments =
            ["serve", "--config", &config, "--listen", &listen_text, "--admin-listen", &admin_text];
        let mut program = Program::start(&self.program, &arguments, self.folder.join("server.log"))?;
        let began = Instant::now();
        while !is_ready(admin).await {
            program.check()?;
            ensure!(began.elapsed() < READY_WITHIN, "not ready within {READY_WITHIN:?}:\n{}", program.tail());
            tokio::time::sleep(LOOK_EVERY).await;
        }
        let target = match self.customers.get() {
            Some(target) => target.at(listen),
            None => {
                let mut target = Target::prepare(listen, self.api_key.clone(), self.customers_count).await?;
                target.servers = self.kafka.pids();
                self.customers.get_or_init(|| target).at(listen)
            }
        };
        Ok(Served { program, target })
    }

    /// A projector, just started.
    pub(crate) fn project(&self) -> Result<Projecting> {
        let config = self.config()?;
        let admin = free_address()?;
        let admin_text = admin.to_string();
        let arguments = ["run", "--config", &config, "--admin-listen", &admin_text];
        let program = Program::start(&self.projector, &arguments, self.folder.join("projector.log"))?;
        Ok(Projecting { program, admin, servers: self.servers() })
    }

    /// The process ids of what was started here beside the programs.
    pub(crate) fn servers(&self) -> Servers {
        Servers { brokers: self.kafka.pids(), store: self.cassandra.pid().into_iter().collect() }
    }

    /// `projector rebuild`, to its end: its report.
    pub(crate) async fn rebuild(&self) -> Result<serde_json::Value> {
        let mut command = tokio::process::Command::new(&self.projector);
        command.args(["rebuild", "--json", "--config", &self.config()?]).kill_on_drop(true);
        let output = command.output().await?;
        ensure!(output.status.success(), "rebuild: {}", String::from_utf8_lossy(&output.stderr));
        Ok(serde_json::from_slice(&output.stdout)?)
    }

    /// Kafka's own producer, one append a record: records per second.
    pub(crate) fn producer_performance(&self, record_bytes: usize) -> Result<f64> {
        let run = PerfRun::new(BARE_EVENTS, PERF_RECORDS, record_bytes.try_into()?);
        let printed = self.kafka.producer_performance(&run)?;
        let last = printed.lines().rev().find(|line| line.contains("records/sec")).context("no summary")?;
        let rate = last.split(" records/sec").next().and_then(|text| text.rsplit(' ').next());
        rate.and_then(|text| text.parse().ok()).with_context(|| format!("no rate in `{last}`"))
    }
}

/// Whether it says that it is.
pub(super) async fn is_ready(admin: SocketAddr) -> bool {
    let head = format!("GET /readyz HTTP/1.1\r\nHost: {admin}\r\n\r\n");
    let Ok(mut connection) = Connection::open(admin).await else { return false };
    let status = connection.ask(head.as_bytes(), b"").await.map(|answer| answer.status);
    status.is_ok_and(|status| status == 200)
}

/// An address that was free a moment ago: `serve` does not say which port 0 became.
fn free_address() -> Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}
