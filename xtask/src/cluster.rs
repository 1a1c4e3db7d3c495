//! `cargo xtask cluster up|status|down`: the servers of `local-cluster`, left running between
//! commands. What belongs here: the files under `target/cluster` by which one command finds what
//! another left. Not here: how a server is started or recognised (`local-cluster`).

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::thread;

use anyhow::{Context, Result, bail, ensure};
use clap::{Args, Subcommand, builder::PossibleValuesParser, builder::TypedValueParser};
use local_cluster::{
    CassandraNode, CassandraOptions, InstalledTools, KafkaBrokers, KafkaOptions, detached, probe, settings,
};
use serde_json::{Value, json};

/// What `cargo xtask cluster` takes.
#[derive(Args)]
#[command(after_help = "Examples:
  cargo xtask cluster up
  cargo xtask cluster up --brokers 3
  cargo xtask cluster status
  cargo xtask cluster down")]
pub(crate) struct Arguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Start both and leave them running; writes target/cluster/cluster.json and config.toml.
    Up {
        /// How many Kafka brokers [default: 1].
        #[arg(long, value_parser = PossibleValuesParser::new(["1", "3"])
            .map(|number| if number == "3" { 3_usize } else { 1 }))]
        brokers: Option<usize>,
    },
    /// Say which of them answer; exit code 1 unless all do.
    Status,
    /// Stop them and remove their data.
    Down,
}

/// Runs one action; only one at a time, whoever else has called.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let files = Files::of_workspace();
    let _only_one = files.lock()?;
    match arguments.action {
        Action::Up { brokers } => up(&files, brokers),
        Action::Status => status(&files),
        Action::Down => down(&files),
    }
}

fn up(files: &Files, wanted: Option<usize>) -> Result<()> {
    let servers = files.servers()?;
    if servers.iter().any(Server::runs) {
        return already_up(files, &servers, wanted);
    }
    InstalledTools::available().map_err(|missing| anyhow::anyhow!("{missing}"))?;
    // What is left of an earlier one is of no use: nobody runs on it.
    files.remove()?;
    let brokers = wanted.unwrap_or(1);
    say!("starting Kafka ({brokers} broker(s)) and Cassandra; the first time they are fetched");
    let (kafka, cassandra) = start_both(files, brokers)?;

    let nodes = [cassandra.cql_node()];
    for (index, pid) in kafka.pids().iter().enumerate() {
        files.write(&format!("kafka-{}.pid", index + 1), &format!("{pid}\n"))?;
    }
    let pid = cassandra.pid().context("Cassandra ended as soon as it was ready")?;
    files.write("cassandra.pid", &format!("{pid}\n"))?;
    files.write("config.toml", &settings(&files.path(""), &kafka.bootstrap(), &nodes))?;
    // Last: who finds this file finds the cluster up and the other files written.
    let cluster = json!({ "brokers": kafka.bootstrap(), "cqlNodes": nodes });
    files.write("cluster.json", &cluster.to_string())?;
    // Only now may they outlive us: until here an interrupted `up` leaves nothing running.
    kafka.detach();
    cassandra.detach();
    say_up(files)
}

/// Side by side: each waits on the disk and on itself as much as on a core.
fn start_both(files: &Files, brokers: usize) -> Result<(KafkaBrokers, CassandraNode)> {
    let kafka_options =
        KafkaOptions { brokers, data_dir: Some(files.path("kafka")), ..KafkaOptions::default() };
    let cassandra_options =
        CassandraOptions { data_dir: Some(files.path("cassandra")), ..CassandraOptions::default() };
    thread::scope(|scope| {
        let kafka = scope.spawn(|| KafkaBrokers::start(kafka_options));
        let cassandra = CassandraNode::start(cassandra_options);
        let kafka = kafka.join().ok().context("starting Kafka panicked")?;
        Ok((kafka?, cassandra?))
    })
}

fn already_up(files: &Files, servers: &[Server], wanted: Option<usize>) -> Result<()> {
    let dead: Vec<&str> =
        servers.iter().filter(|server| !server.runs()).map(|server| server.name.as_str()).collect();
    ensure!(
        dead.is_empty() && files.path("cluster.json").exists(),
        "only a part of it is up (gone: {}); run `cargo xtask cluster down` first",
        dead.join(", ")
    );
    let brokers = servers.iter().filter(|server| server.is_kafka()).count();
    if let Some(wanted) = wanted.filter(|wanted| *wanted != brokers) {
        bail!("it is up with {brokers} broker(s), not {wanted}; run `cargo xtask cluster down` first");
    }
    say!("already up");
    say_up(files)
}

fn say_up(files: &Files) -> Result<()> {
    let (brokers, nodes) = files.addresses()?;
    say!("Kafka      {brokers}");
    say!("Cassandra  {}", nodes.join(","));
    say!("config     {}", files.path("config.toml").display());
    Ok(())
}

fn status(files: &Files) -> Result<()> {
    let servers = files.servers()?;
    ensure!(!servers.is_empty(), "it is not up");
    let mut silent = 0;
    for server in &servers {
        if !server.runs() {
            say!("{} (process {}) is gone", server.name, server.pid);
            silent += 1;
        }
    }
    let (brokers, nodes) = files.addresses()?;
    for address in brokers.split(',') {
        let known = probe::kafka_brokers(address);
        match known {
            Some(known) => say!("Kafka      {address}  answers, knows {known} broker(s)"),
            None => say!("Kafka      {address}  does not answer"),
        }
        silent += usize::from(known.is_none());
    }
    for node in &nodes {
        let answers = probe::cql_answers(node);
        let word = if answers { "answers" } else { "does not answer" };
        say!("Cassandra  {node}  {word}");
        silent += usize::from(!answers);
    }
    ensure!(silent == 0, "not all of it is up");
    Ok(())
}

fn down(files: &Files) -> Result<()> {
    let servers = files.servers()?;
    if servers.is_empty() {
        say!("it is not up");
    }
    thread::scope(|scope| {
        // At once: three brokers that stop one after another wait for each other.
        let stops: Vec<_> = servers
            .iter()
            .map(|server| scope.spawn(move || (server, detached::stop(server.pid, &server.home))))
            .collect();
        for stop in stops {
            let (server, stopped) = stop.join().ok().context("stopping a server panicked")?;
            let word = if stopped? { "stopped" } else { "was gone already" };
            say!("{} {word}", server.name);
        }
        anyhow::Ok(())
    })?;
    files.remove()
}

/// A server an earlier `up` left, by its pid file.
struct Server {
    /// `kafka-1`, `cassandra`: the pid file's name.
    name: String,
    pid: u32,
    /// The folder it was started in, by which it is recognised.
    home: PathBuf,
}

impl Server {
    fn runs(&self) -> bool {
        detached::is_ours(self.pid, &self.home)
    }

    fn is_kafka(&self) -> bool {
        self.name.starts_with("kafka-")
    }
}

/// `target/cluster` and what is in it.
struct Files {
    target: PathBuf,
}

impl Files {
    /// Always the workspace's own `target`: that is where the documents say the files are.
    fn of_workspace() -> Self {
        Self { target: Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name("target") }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.target.join("cluster").join(name)
    }

    /// Beside the folder, not in it: the folder comes and goes.
    fn lock(&self) -> Result<File> {
        fs::create_dir_all(&self.target)?;
        let path = self.target.join("cluster.lock");
        let lock = File::create(&path).with_context(|| format!("create {}", path.display()))?;
        lock.lock()?;
        Ok(lock)
    }

    /// The file appears whole or not at all.
    fn write(&self, name: &str, content: &str) -> Result<()> {
        let path = self.path(name);
        let scratch = self.path(&format!("{name}.new"));
        fs::write(&scratch, content)
            .and_then(|()| fs::rename(&scratch, &path))
            .with_context(|| format!("write {}", path.display()))
    }

    fn servers(&self) -> Result<Vec<Server>> {
        let Ok(entries) = fs::read_dir(self.target.join("cluster")) else {
            return Ok(Vec::new());
        };
        let mut servers = Vec::new();
        for entry in entries {
            let path = entry?.path();
            let Some(name) = path.file_name().and_then(|name| name.to_str()) else {
                continue;
            };
            let Some(name) = name.strip_suffix(".pid") else {
                continue;
            };
            let kind = name.split('-').next().unwrap_or(name);
            servers.push(Server {
                name: name.to_owned(),
                pid: fs::read_to_string(&path)?
                    .trim()
                    .parse()
                    .with_context(|| format!("{} holds no process id", path.display()))?,
                home: self.path(kind),
            });
        }
        servers.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(servers)
    }

    /// What `cluster.json` says: the brokers in one string, the CQL nodes.
    fn addresses(&self) -> Result<(String, Vec<String>)> {
        let path = self.path("cluster.json");
        let text = fs::read_to_string(&path).with_context(|| format!("read {}", path.display()))?;
        let cluster: Value = serde_json::from_str(&text)?;
        let brokers = cluster["brokers"].as_str().context("cluster.json: brokers")?;
        let nodes = cluster["cqlNodes"].as_array().context("cluster.json: cqlNodes")?;
        let nodes = nodes.iter().filter_map(Value::as_str).map(str::to_owned);
        Ok((brokers.to_owned(), nodes.collect()))
    }

    fn remove(&self) -> Result<()> {
        let folder = self.target.join("cluster");
        match fs::remove_dir_all(&folder) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(error).with_context(|| format!("remove {}", folder.display()))
            }
            _ => Ok(()),
        }
    }
}
