//! `[kafka]`.

use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;

use super::error::{ConfigError, within, within_ms};
use super::listener::check_nodes;
use super::secret::Secret;
use super::source::millis;
use crate::limits;

/// `[kafka]`: the distributed engine's log.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct KafkaConfig {
    /// Brokers to begin with, each `host:port`; in a variable with commas.
    pub brokers: Vec<String>,
    /// Replicas of each partition; the start check compares it with the topics.
    pub replication_factor: u16,
    /// Replicas that must have a record before it is acknowledged (`min.insync.replicas`).
    pub min_insync_replicas: u16,
    /// `flush.messages` of every topic: 1 has each batch on the brokers' disks before it is acknowledged; none
    /// leaves it to the brokers, and to the replicas' memory.
    pub flush_messages: Option<u64>,
    /// How long a record waits for others to share its batch.
    #[serde(rename = "linger_ms", deserialize_with = "millis")]
    pub linger: Duration,
    /// Bytes that wait for the brokers' confirmation; above it appends are refused at once (503).
    pub queue_bytes_max: u64,
    /// Without a heartbeat for this long, a projector's partitions go to others.
    #[serde(rename = "session_timeout_ms", deserialize_with = "millis")]
    pub session_timeout: Duration,
    /// Brokers off loopback may be spoken to in plaintext.
    pub allow_plaintext: bool,
    /// Speak TLS.
    pub tls: bool,
    /// Authorities that the brokers' certificates must be under, PEM; none: the system's.
    pub tls_ca_file: Option<PathBuf>,
    /// Our own certificate chain, PEM, where brokers ask for one.
    pub tls_cert_file: Option<PathBuf>,
    /// Its private key, PEM.
    pub tls_key_file: Option<PathBuf>,
    /// SASL/SCRAM-SHA-512 user.
    pub sasl_user: Option<String>,
    /// Its password; from the environment, or in a file of its own.
    pub sasl_password: Option<Secret>,
    /// A file with the password.
    pub sasl_password_file: Option<PathBuf>,
    /// Partitions of `identity.events`; like the others, fixed when the topic is made.
    pub events_partitions: u32,
    /// Partitions of `identity.audit`.
    pub audit_partitions: u32,
    /// Partitions of `identity.outcomes`.
    pub outcomes_partitions: u32,
    /// Partitions of `identity.orgs`.
    pub orgs_partitions: u32,
    /// Partitions of `identity.dead-letters`.
    pub dead_letters_partitions: u32,
}

impl Default for KafkaConfig {
    fn default() -> Self {
        Self {
            brokers: Vec::new(),
            replication_factor: 3,
            min_insync_replicas: 2,
            flush_messages: None,
            linger: Duration::ZERO,
            queue_bytes_max: 128 * 1024 * 1024,
            session_timeout: Duration::from_secs(15),
            allow_plaintext: false,
            tls: false,
            tls_ca_file: None,
            tls_cert_file: None,
            tls_key_file: None,
            sasl_user: None,
            sasl_password: None,
            sasl_password_file: None,
            events_partitions: 12,
            audit_partitions: 12,
            outcomes_partitions: 12,
            orgs_partitions: 1,
            dead_letters_partitions: 3,
        }
    }
}

const SECTION: &str = "kafka";

impl KafkaConfig {
    /// The SASL password, wherever it stands.
    ///
    /// # Errors
    /// Given twice, or a file that cannot be read.
    pub fn resolved_sasl_password(&self) -> Result<Option<Secret>, ConfigError> {
        let file = self.sasl_password_file.as_deref();
        Secret::resolve(SECTION, "sasl_password", self.sasl_password.as_ref(), file)
    }

    pub(super) fn check(&self) -> Result<(), ConfigError> {
        if self.brokers.is_empty() {
            return Err(ConfigError::missing(SECTION, "brokers", "the distributed engine"));
        }
        check_nodes(SECTION, &self.brokers, self.tls, self.allow_plaintext)?;
        within(SECTION, "replication_factor", self.replication_factor, 1..=limits::REPLICAS_MAX)?;
        within(SECTION, "min_insync_replicas", self.min_insync_replicas, 1..=self.replication_factor)?;
        if let Some(messages) = self.flush_messages {
            within(SECTION, "flush_messages", messages, 1..=limits::FLUSH_MESSAGES_MAX)?;
        }
        within_ms(SECTION, "linger_ms", self.linger, 0..=limits::LINGER_MS_MAX)?;
        within(SECTION, "queue_bytes_max", self.queue_bytes_max, limits::QUEUE_BYTES)?;
        within_ms(SECTION, "session_timeout_ms", self.session_timeout, limits::SESSION_MS)?;
        for (name, partitions) in [
            ("events_partitions", self.events_partitions),
            ("audit_partitions", self.audit_partitions),
            ("outcomes_partitions", self.outcomes_partitions),
            ("orgs_partitions", self.orgs_partitions),
            ("dead_letters_partitions", self.dead_letters_partitions),
        ] {
            within(SECTION, name, partitions, 1..=limits::PARTITIONS_MAX)?;
        }
        if self.tls_cert_file.is_some() != self.tls_key_file.is_some() {
            return Err(ConfigError::invalid(SECTION, "tls_cert_file", "goes with tls_key_file"));
        }
        if !self.tls && (self.tls_ca_file.is_some() || self.tls_cert_file.is_some()) {
            return Err(ConfigError::invalid(SECTION, "tls", "must be true where TLS files are set"));
        }
        if self.sasl_user.is_some() != self.resolved_sasl_password()?.is_some() {
            return Err(ConfigError::invalid(SECTION, "sasl_user", "goes with sasl_password_file"));
        }
        Ok(())
    }
}
