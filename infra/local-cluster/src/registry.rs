//! A schema registry, Apicurio with its schemas in memory: start, ready, kill, restart. Restarted it has
//! forgotten everything, as one that lost its data has. Not here: a client of it (`schema-registry`).

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::TlsFiles;
use crate::artifacts::REGISTRY;
use crate::detached::mark;
use crate::error::ClusterError;
use crate::home::ServerFolder;
use crate::ports::LeasedPort;
use crate::probe;
use crate::process::ServerProcess;
use crate::tools::java;

/// The application in its archive.
const JAR: &str = "apicurio-registry-app-3.0.9-runner.jar";

/// The path of Confluent's API in it.
const CONFLUENT: &str = "apis/ccompat/v7";

/// How the registry is started. The default: plaintext only.
#[derive(Clone, Debug, Default)]
pub struct SchemaRegistryOptions {
    /// Opens a second listener, TLS. Its `client_ca` is not asked for.
    pub tls: Option<TlsFiles>,
}

/// A running registry. Dropped, it stops, and its temporary folder goes; if this process is killed, both
/// happen too.
pub struct SchemaRegistry {
    server: ServerProcess,
    plain: LeasedPort,
    tls: Option<LeasedPort>,
    _home: ServerFolder,
}

impl SchemaRegistry {
    /// Fetches it if need be, starts it, and returns when it answers.
    ///
    /// # Errors
    ///
    /// [`ClusterError::Fetch`] without the artifacts, [`ClusterError::Program`] with the end of its log when it does not
    /// become ready.
    pub fn start(options: &SchemaRegistryOptions) -> Result<Self, ClusterError> {
        let mut registry = Self::prepare(options)?;
        registry.restart()?;
        Ok(registry)
    }

    /// Everything but the start: its URL is known and nobody answers there. [`SchemaRegistry::restart`] begins.
    ///
    /// # Errors
    ///
    /// As [`SchemaRegistry::start`].
    pub fn prepare(options: &SchemaRegistryOptions) -> Result<Self, ClusterError> {
        let files = REGISTRY.fetch()?;
        let home = ServerFolder::open(None, "local-registry-")?;
        let plain = LeasedPort::lease()?;
        let tls = options.tls.as_ref().map(|files| Ok((LeasedPort::lease()?, files))).transpose()?;
        let settings = tls.as_ref().map(|(port, files)| tls_settings(port, files)).unwrap_or_default();
        let server = ServerProcess::new(
            "the schema registry".into(),
            java(),
            arguments(&files.join(JAR), home.path(), &plain, settings),
            home.path().join("server.log"),
            home.guard.clone(),
        );
        Ok(Self { server, plain, tls: tls.map(|(port, _)| port), _home: home })
    }

    /// The base URL of Confluent's API, plaintext.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}/{CONFLUENT}", self.plain.address())
    }

    /// The same by TLS; `None` without TLS files.
    #[must_use]
    pub fn tls_url(&self) -> Option<String> {
        Some(format!("https://{}/{CONFLUENT}", self.tls.as_ref()?.address()))
    }

    /// SIGKILL. It has forgotten every schema.
    ///
    /// # Errors
    ///
    /// [`ClusterError::Io`] when the system refuses.
    pub fn kill(&mut self) -> Result<(), ClusterError> {
        self.server.kill()
    }

    /// Starts it on the same ports, empty, and returns when it answers.
    ///
    /// # Errors
    ///
    /// As [`SchemaRegistry::start`]; [`ClusterError::Options`] when it is running.
    pub fn restart(&mut self) -> Result<(), ClusterError> {
        self.server.spawn()?;
        let plain = self.plain.address();
        let tls = self.tls.as_ref().map(LeasedPort::address);
        self.server.wait_ready(|_| {
            probe::registry_answers(&plain) && tls.as_ref().is_none_or(|address| probe::listens(address))
        })
    }
}

fn tls_settings(port: &LeasedPort, files: &TlsFiles) -> Vec<String> {
    let show = |path: &PathBuf| path.display().to_string();
    vec![
        format!("-Dquarkus.http.ssl-port={}", port.number()),
        format!("-Dquarkus.http.ssl.certificate.files={}", show(&files.certificate_chain)),
        format!("-Dquarkus.http.ssl.certificate.key-files={}", show(&files.private_key)),
        // Both listeners: the plaintext one says when it is ready.
        "-Dquarkus.http.insecure-requests=enabled".into(),
    ]
}

fn arguments(jar: &Path, home: &Path, plain: &LeasedPort, settings: Vec<String>) -> Vec<OsString> {
    let shown = home.display();
    let mut words = vec![
        "-Xmx384m".into(),
        "-XX:+UseSerialGC".into(),
        "-XX:+ExitOnOutOfMemoryError".into(),
        "-Dquarkus.http.host=127.0.0.1".into(),
        format!("-Dquarkus.http.port={}", plain.number()),
        format!("-Djava.io.tmpdir={shown}"),
        format!("-XX:ErrorFile={shown}/hs_err.log"),
        mark(home),
    ];
    words.extend(settings);
    words.extend(["-jar".into(), jar.display().to_string()]);
    words.into_iter().map(OsString::from).collect()
}
