//! `[cql]`.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;

use super::error::{ConfigError, within, within_ms};
use super::listener::check_nodes;
use super::secret::Secret;
use super::source::millis;
use crate::limits;

/// `[cql]`: the distributed engine's views, key rows and external ids (ScyllaDB or Cassandra).
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CqlConfig {
    /// Nodes to begin with, each `host:port`; in a variable with commas.
    pub nodes: Vec<String>,
    /// The keyspace; made when it is missing.
    pub keyspace: String,
    /// Replicas of each row in every data centre; the start check compares it with the keyspaces.
    pub replication_factor: u16,
    /// Replicas by data centre, each `name:replicas`, where they differ or some have none; in place of
    /// `replication_factor`.
    pub replication_by_datacenter: Vec<String>,
    /// The data centre whose nodes are asked, and whose quorum answers. None, in a cluster of one: every node is
    /// as near as any other.
    pub datacenter: Option<String>,
    /// Key rows are written in more than one data centre: lightweight transactions agree among all of them.
    pub serial_across_datacenters: bool,
    /// How long a request may take, the driver's own retries included.
    #[serde(rename = "request_timeout_ms", deserialize_with = "millis")]
    pub request_timeout: Duration,
    /// Requests of bulk work (the projector's rows) in flight at once.
    pub requests_at_once_max: u32,
    /// User.
    pub user: Option<String>,
    /// Its password; from the environment, or in a file of its own.
    pub password: Option<Secret>,
    /// A file with the password.
    pub password_file: Option<PathBuf>,
    /// Speak TLS.
    pub tls: bool,
    /// Authorities that the nodes' certificates must be under, PEM; none: the system's.
    pub tls_ca_file: Option<PathBuf>,
    /// Our own certificate chain, PEM, where nodes ask for one.
    pub tls_cert_file: Option<PathBuf>,
    /// Its private key, PEM.
    pub tls_key_file: Option<PathBuf>,
    /// Nodes off loopback may be spoken to in plaintext.
    pub allow_plaintext: bool,
}

impl Default for CqlConfig {
    fn default() -> Self {
        Self {
            nodes: Vec::new(),
            keyspace: "identity".to_owned(),
            replication_factor: 3,
            replication_by_datacenter: Vec::new(),
            datacenter: None,
            serial_across_datacenters: false,
            request_timeout: Duration::from_secs(5),
            requests_at_once_max: 128,
            user: None,
            password: None,
            password_file: None,
            tls: false,
            tls_ca_file: None,
            tls_cert_file: None,
            tls_key_file: None,
            allow_plaintext: false,
        }
    }
}

const SECTION: &str = "cql";

impl CqlConfig {
    /// The password, wherever it stands.
    ///
    /// # Errors
    /// Given twice, or a file that cannot be read.
    pub fn resolved_password(&self) -> Result<Option<Secret>, ConfigError> {
        Secret::resolve(SECTION, "password", self.password.as_ref(), self.password_file.as_deref())
    }

    /// `replication_by_datacenter`, taken apart; empty when it is not set.
    ///
    /// # Errors
    /// An entry that is not `name:replicas`, or a name twice.
    pub fn replicas_by_datacenter(&self) -> Result<BTreeMap<String, u16>, ConfigError> {
        let name = "replication_by_datacenter";
        let refuse = || ConfigError::invalid(SECTION, name, "each is name:replicas, and each name once");
        let mut replicas = BTreeMap::new();
        for entry in &self.replication_by_datacenter {
            let (datacenter, factor) = entry.rsplit_once(':').ok_or_else(refuse)?;
            let factor: u16 = factor.trim().parse().map_err(|_| refuse())?;
            within(SECTION, name, factor, 1..=limits::REPLICAS_MAX)?;
            let word = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'_' | b'-' | b'.');
            let datacenter = datacenter.trim();
            if datacenter.is_empty() || !datacenter.bytes().all(word) {
                return Err(refuse());
            }
            if replicas.insert(datacenter.to_owned(), factor).is_some() {
                return Err(refuse());
            }
        }
        Ok(replicas)
    }

    pub(super) fn check(&self) -> Result<(), ConfigError> {
        if self.nodes.is_empty() {
            return Err(ConfigError::missing(SECTION, "nodes", "the distributed engine"));
        }
        check_nodes(SECTION, &self.nodes, self.tls, self.allow_plaintext)?;
        within(SECTION, "replication_factor", self.replication_factor, 1..=limits::REPLICAS_MAX)?;
        // It goes into statements as it is; Cassandra allows 48 word characters.
        let first = self.keyspace.bytes().next().is_some_and(|b| b.is_ascii_lowercase());
        let word = self.keyspace.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
        if !first || !word || self.keyspace.len() > limits::KEYSPACE_CHARS_MAX {
            let what = "must be a lower-case letter and at most 47 lower-case letters, digits and '_'";
            return Err(ConfigError::invalid(SECTION, "keyspace", what));
        }
        if self.tls_cert_file.is_some() != self.tls_key_file.is_some() {
            return Err(ConfigError::invalid(SECTION, "tls_cert_file", "goes with tls_key_file"));
        }
        if !self.tls && (self.tls_ca_file.is_some() || self.tls_cert_file.is_some()) {
            return Err(ConfigError::invalid(SECTION, "tls", "must be true where TLS files are set"));
        }
        let by_datacenter = self.replicas_by_datacenter()?;
        let near = self.datacenter.as_ref();
        if near.is_none() && by_datacenter.len() > 1 {
            let what = "must be set where replication_by_datacenter names several: a quorum is that of the data \
                        centre whose node was asked, and two of them need not agree";
            return Err(ConfigError::invalid(SECTION, "datacenter", what));
        }
        if near.is_some_and(|near| !by_datacenter.is_empty() && !by_datacenter.contains_key(near)) {
            let what = "must be one of replication_by_datacenter: requests are answered by replicas in it";
            return Err(ConfigError::invalid(SECTION, "datacenter", what));
        }
        within_ms(SECTION, "request_timeout_ms", self.request_timeout, 1..=limits::SETTING_MS_MAX)?;
        within(SECTION, "requests_at_once_max", self.requests_at_once_max, 1..=limits::CQL_REQUESTS_MAX)?;
        if self.user.is_some() != self.resolved_password()?.is_some() {
            return Err(ConfigError::invalid(SECTION, "user", "goes with password_file"));
        }
        Ok(())
    }
}
