//! `[cql]`.

use std::path::PathBuf;

use serde::Deserialize;

use super::error::{ConfigError, within};
use super::listener::check_nodes;
use super::secret::Secret;
use crate::limits;

/// `[cql]`: the distributed engine's views, key rows and external ids (ScyllaDB or Cassandra).
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CqlConfig {
    /// Nodes to begin with, each `host:port`; in a variable with commas.
    pub nodes: Vec<String>,
    /// The keyspace; made when it is missing.
    pub keyspace: String,
    /// Replicas of each row; the start check compares it with the keyspace.
    pub replication_factor: u16,
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
    /// Nodes off loopback may be spoken to in plaintext.
    pub allow_plaintext: bool,
}

impl Default for CqlConfig {
    fn default() -> Self {
        Self {
            nodes: Vec::new(),
            keyspace: "identity".to_owned(),
            replication_factor: 3,
            user: None,
            password: None,
            password_file: None,
            tls: false,
            tls_ca_file: None,
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
        if !self.tls && self.tls_ca_file.is_some() {
            return Err(ConfigError::invalid(SECTION, "tls", "must be true where tls_ca_file is set"));
        }
        if self.user.is_some() != self.resolved_password()?.is_some() {
            return Err(ConfigError::invalid(SECTION, "user", "goes with password_file"));
        }
        Ok(())
    }
}
