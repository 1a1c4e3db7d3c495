//! A Kafka of one or three brokers, each also a controller: start, ready, kill, pause, restart,
//! stop. Not here: their settings (`kafka_config`), a client, our topics (`log-kafka`).

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;

use crate::TlsFiles;
use crate::artifacts::KAFKA;
use crate::detached::mark;
use crate::error::ClusterError;
use crate::home::{ServerFolder, write_private};
use crate::kafka_config::{BrokerPorts, LOG4J2, TlsStores, properties};
use crate::limits::TOOL_WITHIN;
use crate::ports::LeasedPort;
use crate::probe;
use crate::process::{ServerProcess, run};
use crate::tools::java;

/// One cluster id for all clusters: they never connect to each other. 16 bytes in URL-safe base64, as `StorageTool` wants.
const CLUSTER_ID: &str = "bG9jYWwtY2x1c3Rlci0xMg";

/// The user of the SCRAM-SHA-512 listener.
#[derive(Clone)]
pub struct ScramUser {
    /// Its name.
    pub name: String,
    /// Its password; it is handed to the format tool, so take none that matters.
    pub password: String,
}

impl std::fmt::Debug for ScramUser {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "ScramUser({})", self.name)
    }
}

/// How the brokers are started. The default: one broker, plaintext, a temporary folder.
#[derive(Clone, Debug)]
pub struct KafkaOptions {
    /// 1 or 3.
    pub brokers: usize,
    /// Opens a second listener per broker that wants a client certificate (mTLS).
    pub tls: Option<TlsFiles>,
    /// With `tls`: opens a third, TLS with SCRAM-SHA-512. The user is made when a folder is first
    /// used.
    pub scram: Option<ScramUser>,
    /// Kept when the handle is dropped, and taken up again; `None` is a temporary folder.
    pub data_dir: Option<PathBuf>,
}

impl Default for KafkaOptions {
    fn default() -> Self {
        Self { brokers: 1, tls: None, scram: None, data_dir: None }
    }
}

/// Running brokers, numbered from 0. Dropped, they stop, and their temporary folder goes; if this
/// process is killed, both happen too.
pub struct KafkaBrokers {
    servers: Vec<ServerProcess>,
    ports: Vec<BrokerPorts>,
    jars: PathBuf,
    home: ServerFolder,
}

impl KafkaBrokers {
    /// Fetches it if need be, starts it, and returns when every broker knows all of them.
    ///
    /// # Errors
    ///
    /// [`ClusterError::Options`] for contradicting options, [`ClusterError::Fetch`] without the artifacts,
    /// [`ClusterError::Program`] with the end of a log when a broker does not become ready.
    pub fn start(options: KafkaOptions) -> Result<Self, ClusterError> {
        if !matches!(options.brokers, 1 | 3) {
            return Err(ClusterError::Options(format!("1 or 3 brokers, not {}", options.brokers)));
        }
        if options.scram.is_some() && options.tls.is_none() {
            return Err(ClusterError::Options(
                "a SCRAM user is let in over TLS only: give the TLS files too".into(),
            ));
        }
        let jars = KAFKA.fetch()?;
        let home = ServerFolder::open(options.data_dir.as_deref(), "local-kafka-")?;
        let ports = (0..options.brokers).map(|_| lease(&options)).collect::<Result<Vec<_>, _>>()?;
        configure(&options, &ports, home.path())?;
        format_all(&jars, home.path(), &options)?;

        let servers = (0..options.brokers)
            .map(|index| {
                let folder = folder(home.path(), index);
                ServerProcess::new(
                    format!("Kafka broker {index}"),
                    java(),
                    arguments(&jars, home.path(), &folder),
                    folder.join("server.log"),
                    home.guard.clone(),
                )
            })
            .collect();
        let mut kafka = Self { servers, ports, jars, home };
        for server in &mut kafka.servers {
            server.spawn()?;
        }
        for index in 0..options.brokers {
            kafka.wait_ready(index, options.brokers)?;
        }
        Ok(kafka)
    }

    /// The plaintext listeners, `127.0.0.1:port,…`.
    #[must_use]
    pub fn bootstrap(&self) -> String {
        let addresses: Vec<String> = self.ports.iter().map(|p| p.plain.address()).collect();
        addresses.join(",")
    }

    /// The TLS listeners that want SCRAM-SHA-512; `None` without a user.
    #[must_use]
    pub fn sasl_bootstrap(&self) -> Option<String> {
        let addresses: Option<Vec<String>> =
            self.ports.iter().map(|ports| ports.sasl.as_ref().map(LeasedPort::address)).collect();
        Some(addresses?.join(","))
    }

    /// The TLS listeners that want a client certificate; `None` without TLS files.
    #[must_use]
    pub fn mtls_bootstrap(&self) -> Option<String> {
        let addresses: Option<Vec<String>> =
            self.ports.iter().map(|ports| ports.mtls.as_ref().map(LeasedPort::address)).collect();
        Some(addresses?.join(","))
    }

    /// SIGKILL to one broker, as a power cut would. Its folder stays.
    ///
    /// # Errors
    ///
    /// [`ClusterError::Options`] without such a broker, [`ClusterError::Io`] when the system refuses.
    pub fn kill(&mut self, broker: usize) -> Result<(), ClusterError> {
        self.server(broker)?.kill()
    }

    /// Starts a killed or stopped broker again, on the same ports and the same data, and returns
    /// when it answers.
    ///
    /// # Errors
    ///
    /// As [`KafkaBrokers::start`]; [`ClusterError::Options`] when it is running.
    pub fn restart(&mut self, broker: usize) -> Result<(), ClusterError> {
        self.server(broker)?.spawn()?;
        // The others may be down on purpose.
        self.wait_ready(broker, 1)
    }

    /// SIGSTOP to one broker: its sockets stay open, nothing answers.
    ///
    /// # Errors
    ///
    /// [`ClusterError::Options`] without such a broker, [`ClusterError::Program`] when the signal is refused.
    pub fn pause(&mut self, broker: usize) -> Result<(), ClusterError> {
        self.server(broker)?.pause()
    }

    /// SIGCONT after [`KafkaBrokers::pause`].
    ///
    /// # Errors
    ///
    /// As [`KafkaBrokers::pause`].
    pub fn resume(&mut self, broker: usize) -> Result<(), ClusterError> {
        self.server(broker)?.signal("CONT")
    }

    /// SIGTERM to all at once, waits, SIGKILL to those that do not go. The data stays until the
    /// handle is dropped, so [`KafkaBrokers::restart`] works.
    ///
    /// # Errors
    ///
    /// [`ClusterError::Program`] or [`ClusterError::Io`] when the system refuses.
    pub fn stop(&mut self) -> Result<(), ClusterError> {
        for server in &mut self.servers {
            server.terminate()?;
        }
        for server in &mut self.servers {
            server.finish()?;
        }
        Ok(())
    }

    /// The process ids of the brokers that run.
    #[must_use]
    pub fn pids(&self) -> Vec<u32> {
        self.servers.iter().filter_map(ServerProcess::pid).collect()
    }

    /// Lets the brokers and their folder outlive this process; note [`KafkaBrokers::pids`] first, by
    /// which [`crate::detached`] finds them again.
    pub fn detach(mut self) {
        self.home.guard.keep();
        self.servers.iter_mut().for_each(ServerProcess::detach);
    }

    /// Runs a command-line tool of Kafka's by its class (`org.apache.kafka.tools.TopicCommand`)
    /// and returns what it printed.
    ///
    /// # Errors
    ///
    /// [`ClusterError::Program`] with its output when it fails or does not end in 15 minutes.
    pub fn tool(&self, class: &str, arguments: &[&str]) -> Result<String, ClusterError> {
        let mut command = tool_command(&self.jars, class);
        command.args(arguments);
        run(class, command, TOOL_WITHIN)
    }

    fn server(&mut self, broker: usize) -> Result<&mut ServerProcess, ClusterError> {
        let brokers = self.servers.len();
        self.servers
            .get_mut(broker)
            .ok_or_else(|| ClusterError::Options(format!("there is no broker {broker} of {brokers}")))
    }

    fn wait_ready(&mut self, broker: usize, known: usize) -> Result<(), ClusterError> {
        let ports = &self.ports[broker];
        let plain = ports.plain.address();
        let guarded: Vec<String> =
            [&ports.sasl, &ports.mtls].into_iter().flatten().map(LeasedPort::address).collect();
        self.servers[broker].wait_ready(|_| {
            probe::kafka_brokers(&plain).is_some_and(|brokers| brokers >= known)
                && guarded.iter().all(|address| probe::listens(address))
        })
    }
}

impl Drop for KafkaBrokers {
    fn drop(&mut self) {
        if !self.home.is_temporary() {
            // A failure cannot be reported here, and each server's own Drop kills it.
            let _ = self.stop();
        }
    }
}

fn folder(home: &Path, index: usize) -> PathBuf {
    home.join(format!("broker-{index}"))
}

fn lease(options: &KafkaOptions) -> Result<BrokerPorts, ClusterError> {
    Ok(BrokerPorts {
        plain: LeasedPort::lease()?,
        controller: LeasedPort::lease()?,
        sasl: options.scram.is_some().then(LeasedPort::lease).transpose()?,
        mtls: options.tls.is_some().then(LeasedPort::lease).transpose()?,
    })
}

fn configure(options: &KafkaOptions, ports: &[BrokerPorts], home: &Path) -> Result<(), ClusterError> {
    for index in 0..ports.len() {
        let folder = folder(home, index);
        std::fs::create_dir_all(&folder).map_err(ClusterError::io("create", &folder))?;
        let stores = options.tls.as_ref().map(|files| TlsStores::write(files, &folder)).transpose()?;
        write_private(
            &folder.join("server.properties"),
            &properties(index, ports, &folder.join("logs"), stores.as_ref()),
        )?;
        write_private(&folder.join("log4j2.properties"), LOG4J2)?;
    }
    Ok(())
}

/// Formats each broker's folder that is new, side by side: it is a JVM's start each.
fn format_all(jars: &Path, home: &Path, options: &KafkaOptions) -> Result<(), ClusterError> {
    thread::scope(|scope| {
        let running: Vec<_> = (0..options.brokers)
            .map(|index| folder(home, index))
            .filter(|folder| !folder.join("logs/meta.properties").exists())
            .map(|folder| scope.spawn(move || format_one(jars, &folder, options.scram.as_ref())))
            .collect();
        running.into_iter().try_for_each(|thread| {
            thread.join().unwrap_or_else(|_| {
                Err(ClusterError::Options("formatting a broker's folder panicked".into()))
            })
        })
    })
}

fn format_one(jars: &Path, folder: &Path, scram: Option<&ScramUser>) -> Result<(), ClusterError> {
    let mut command = tool_command(jars, "kafka.tools.StorageTool");
    command.args(["format", "--cluster-id", CLUSTER_ID, "--config"]).arg(folder.join("server.properties"));
    if let Some(user) = scram {
        command
            .arg("--add-scram")
            .arg(format!("SCRAM-SHA-512=[name={},password={}]", user.name, user.password));
    }
    run("Kafka's StorageTool", command, TOOL_WITHIN).map(drop)
}

fn tool_command(jars: &Path, class: &str) -> Command {
    let mut command = Command::new(java());
    command.args(["-Xmx256m", "-XX:+UseSerialGC", "-cp"]).arg(format!("{}/*", jars.display())).arg(class);
    command
}

fn arguments(jars: &Path, home: &Path, folder: &Path) -> Vec<OsString> {
    let shown = folder.display();
    [
        "-Xms512m".into(),
        "-Xmx512m".into(),
        "-XX:+UseSerialGC".into(),
        "-XX:+ExitOnOutOfMemoryError".into(),
        "-Djava.net.preferIPv4Stack=true".into(),
        format!("-Dlog4j2.configurationFile={shown}/log4j2.properties"),
        format!("-Djava.io.tmpdir={shown}"),
        format!("-XX:ErrorFile={shown}/hs_err.log"),
        mark(home),
        "-cp".into(),
        format!("{}/*", jars.display()),
        "kafka.Kafka".into(),
        format!("{shown}/server.properties"),
    ]
    .map(OsString::from)
    .into()
}
