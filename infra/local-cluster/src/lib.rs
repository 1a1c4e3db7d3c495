//! A real Apache Kafka (KRaft, 1 or 3 brokers), a real Apache Cassandra and a real schema registry
//! (Apicurio) on this machine, for tests, benchmarks and trying out: fetched once from Maven artifacts,
//! started on free loopback ports, ready when `start` returns, gone when the handle is dropped or the
//! process dies.
//!
//! What belongs here: starting, probing, hurting (kill, pause) and stopping servers. What does
//! not: any client of them (`log-kafka` and `views-cql` are the only crates with a driver),
//! topics and tables of ours, and anything a production program links.
//!
//! Everything blocks: an async caller wraps `start`, `restart` and `stop` in `spawn_blocking`.
//! Linux only (it reads `/proc` and starts `sh`).

mod artifacts;
mod cassandra;
mod cassandra_config;
pub mod detached;
mod error;
mod guard;
mod home;
mod kafka;
mod kafka_config;
mod limits;
mod perf;
mod ports;
pub mod probe;
mod process;
mod registry;
mod settings;
mod tools;

use std::path::PathBuf;

pub use cassandra::{CassandraNode, CassandraOptions, CommitLog};
pub use error::ClusterError;
pub use guard::ProcessGuard;
pub use kafka::{KafkaBrokers, KafkaOptions, ScramUser};
pub use perf::PerfRun;
pub use registry::{SchemaRegistry, SchemaRegistryOptions};
pub use settings::settings;
pub use tools::InstalledTools;

/// PEM files of the caller's making, for the listeners that speak TLS.
#[derive(Clone, Debug)]
pub struct TlsFiles {
    /// The server's certificate, leaf first; `127.0.0.1` must be among its names.
    pub certificate_chain: PathBuf,
    /// Its private key, PKCS#8 (`BEGIN PRIVATE KEY`), RSA or EC, not encrypted.
    pub private_key: PathBuf,
    /// The authority under which a client's certificate must be.
    pub client_ca: PathBuf,
}
