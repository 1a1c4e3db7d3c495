//! A Cassandra of one node: start, ready, kill, pause, restart, stop. Not here: its settings
//! (`cassandra_config`), a driver, key spaces and tables (`views-cql`).

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::TlsFiles;
use crate::artifacts::CASSANDRA;
use crate::cassandra_config::{LOGBACK, jvm_flags, write_stores, yaml};
use crate::detached::mark;
use crate::error::ClusterError;
use crate::home::{ServerFolder, write_private};
use crate::ports::LeasedPort;
use crate::probe;
use crate::process::{LogSince, ServerProcess};
use crate::tools::java;

/// Where a write is when the node acknowledges it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CommitLog {
    /// In memory, and on disk within seconds: a killed node may forget its last tenth of a
    /// second. Cassandra's default, made for three nodes.
    #[default]
    Periodic,
    /// On disk: slower, and one killed node forgets nothing.
    EveryWrite,
}

/// How the node is started. The default: no password, no TLS, a temporary folder.
#[derive(Clone, Debug, Default)]
pub struct CassandraOptions {
    /// `PasswordAuthenticator` and `CassandraAuthorizer`, with the first user `cassandra`,
    /// password `cassandra`; without it everybody may do everything.
    pub password_auth: bool,
    /// The CQL port speaks TLS only.
    pub tls: Option<TlsFiles>,
    /// With `tls`: a client without a certificate of `client_ca` is turned away.
    pub require_client_certificate: bool,
    /// What an acknowledged write survives.
    pub commit_log: CommitLog,
    /// Kept when the handle is dropped, and taken up again; `None` is a temporary folder.
    pub data_dir: Option<PathBuf>,
}

/// A running node. Dropped, it stops, and its temporary folder goes; if this process is killed,
/// both happen too.
pub struct CassandraNode {
    server: ServerProcess,
    ports: NodePorts,
    readiness: NodeReadiness,
    home: ServerFolder,
}

struct NodePorts {
    native: LeasedPort,
    /// Leased so that no other server takes it, though nobody connects to it.
    _storage: LeasedPort,
}

#[derive(Clone, Copy)]
struct NodeReadiness {
    tls: bool,
    /// The first user is made after the port is open; a later start finds it.
    first_user: bool,
}

impl CassandraNode {
    /// Fetches it if need be, starts it, and returns when it answers.
    ///
    /// # Errors
    ///
    /// [`ClusterError::Options`] for contradicting options, [`ClusterError::Fetch`] without the artifacts,
    /// [`ClusterError::Program`] with the end of its log when it does not become ready.
    pub fn start(options: CassandraOptions) -> Result<Self, ClusterError> {
        if options.require_client_certificate && options.tls.is_none() {
            return Err(ClusterError::Options(
                "a client certificate can be required only where there is TLS".into(),
            ));
        }
        let jars = CASSANDRA.fetch()?;
        let home = ServerFolder::open(options.data_dir.as_deref(), "local-cassandra-")?;
        let (native, storage) = (LeasedPort::lease()?, LeasedPort::lease()?);
        let readiness = NodeReadiness {
            tls: options.tls.is_some(),
            first_user: options.password_auth && !home.path().join("data").exists(),
        };
        write_stores(home.path(), &options)?;
        write_private(&home.path().join("logback.xml"), LOGBACK)?;
        write_private(
            &home.path().join("cassandra.yaml"),
            &yaml(home.path(), native.number(), storage.number(), &options),
        )?;
        let mut cassandra = Self {
            server: ServerProcess::new(
                "Cassandra".into(),
                java(),
                arguments(&jars, home.path()),
                home.path().join("server.log"),
                home.guard.clone(),
            ),
            ports: NodePorts { native, _storage: storage },
            readiness,
            home,
        };
        cassandra.server.spawn()?;
        cassandra.wait_ready(readiness)?;
        cassandra.readiness.first_user = false;
        Ok(cassandra)
    }

    /// `127.0.0.1:port` of the CQL native protocol.
    #[must_use]
    pub fn cql_node(&self) -> String {
        self.ports.native.address()
    }

    /// SIGKILL, as a power cut would. The folder stays.
    ///
    /// # Errors
    ///
    /// [`ClusterError::Io`] when the system refuses.
    pub fn kill(&mut self) -> Result<(), ClusterError> {
        self.server.kill()
    }

    /// Starts a killed or stopped node again, on the same port and the same data, and returns
    /// when it answers.
    ///
    /// # Errors
    ///
    /// As [`CassandraNode::start`]; [`ClusterError::Options`] when it is running.
    pub fn restart(&mut self) -> Result<(), ClusterError> {
        self.server.spawn()?;
        self.wait_ready(self.readiness)
    }

    /// SIGSTOP: the socket stays open, nothing answers.
    ///
    /// # Errors
    ///
    /// [`ClusterError::Program`] when the signal is refused.
    pub fn pause(&mut self) -> Result<(), ClusterError> {
        self.server.pause()
    }

    /// SIGCONT after [`CassandraNode::pause`].
    ///
    /// # Errors
    ///
    /// As [`CassandraNode::pause`].
    pub fn resume(&mut self) -> Result<(), ClusterError> {
        self.server.signal("CONT")
    }

    /// SIGTERM, waits, SIGKILL if it does not go. The data stays until the handle is dropped, so
    /// [`CassandraNode::restart`] works.
    ///
    /// # Errors
    ///
    /// [`ClusterError::Program`] or [`ClusterError::Io`] when the system refuses.
    pub fn stop(&mut self) -> Result<(), ClusterError> {
        self.server.terminate()?;
        self.server.finish()
    }

    /// The node's process id, `None` when it does not run.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        self.server.pid()
    }

    /// Lets the node and its folder outlive this process; note [`CassandraNode::pid`] first, by which
    /// [`crate::detached`] finds it again.
    pub fn detach(mut self) {
        self.home.guard.keep();
        self.server.detach();
    }

    fn wait_ready(&mut self, wants: NodeReadiness) -> Result<(), ClusterError> {
        let node = self.cql_node();
        self.server.wait_ready(|log| answers(&node, log, wants))
    }
}

impl Drop for CassandraNode {
    fn drop(&mut self) {
        if !self.home.is_temporary() {
            // A failure cannot be reported here, and the server's own Drop kills it.
            let _ = self.stop();
        }
    }
}

fn answers(node: &str, log: &LogSince, wants: NodeReadiness) -> bool {
    let open = if wants.tls {
        // Without a TLS client of our own: its log says that it is ready, and the port is open.
        log.has("Starting listening for CQL clients") && probe::listens(node)
    } else {
        probe::cql_answers(node)
    };
    open && (!wants.first_user || log.has("Created default superuser role"))
}

fn arguments(jars: &Path, home: &Path) -> Vec<OsString> {
    let shown = home.display();
    let mut arguments: Vec<OsString> = jvm_flags().into_iter().map(OsString::from).collect();
    arguments.extend(
        [
            // Measures objects exactly; without it Cassandra guesses and warns.
            format!("-javaagent:{}", jars.join("jamm-0.4.0.jar").display()),
            format!("-Dcassandra.config=file://{shown}/cassandra.yaml"),
            format!("-Dcassandra.storagedir={shown}"),
            format!("-Dcassandra.logdir={shown}"),
            format!("-Dlogback.configurationFile={shown}/logback.xml"),
            format!("-Djava.io.tmpdir={shown}"),
            format!("-XX:ErrorFile={shown}/hs_err.log"),
            mark(home),
            "-cp".into(),
            format!("{}/*", jars.display()),
            "org.apache.cassandra.service.CassandraDaemon".into(),
        ]
        .map(OsString::from),
    );
    arguments
}
