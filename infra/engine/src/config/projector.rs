//! `[projector]`.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use serde::Deserialize;

use super::error::{ConfigError, within};
use super::listen_address::ListenAddress;
use super::listener::{Listener, tls_files};
use crate::limits;

/// `[projector]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ProjectorConfig {
    /// The group whose members share the partitions of `identity.events`.
    pub group: String,
    /// This member's name for ever (Kafka's `group.instance.id`), so that a restart moves no partition; none:
    /// a new member at each start.
    pub instance_id: Option<String>,
    /// Events of one batch at most.
    pub batch_records_max: u32,
    /// Bytes of one batch at most; a larger event comes alone.
    pub batch_bytes_max: u64,
    /// Dead letters among the last 1,000 events of a partition above which it halts: then it is not one bad
    /// event.
    pub dead_letters_max: u32,
    /// The management listener's address, or a name that is looked up.
    pub admin_listen: ListenAddress,
    /// It may speak plaintext off loopback.
    pub admin_allow_plaintext: bool,
    /// Its certificate chain, PEM.
    pub admin_tls_cert_file: Option<PathBuf>,
    /// Its private key, PEM.
    pub admin_tls_key_file: Option<PathBuf>,
    /// Authorities that its clients' certificates must be under, PEM.
    pub admin_tls_client_ca_file: Option<PathBuf>,
}

impl Default for ProjectorConfig {
    fn default() -> Self {
        Self {
            group: "identity-projector".to_owned(),
            instance_id: None,
            // Enough that a commit's cost is shared by many, few enough that a batch is done in well under a second.
            batch_records_max: 256,
            // Photos ride in events: this bounds memory where the count would not.
            batch_bytes_max: 8 * 1024 * 1024,
            // One bad record is a customer's trouble, many are ours.
            dead_letters_max: 20,
            admin_listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 9465)).into(),
            admin_allow_plaintext: false,
            admin_tls_cert_file: None,
            admin_tls_key_file: None,
            admin_tls_client_ca_file: None,
        }
    }
}

const SECTION: &str = "projector";

impl ProjectorConfig {
    /// The management listener.
    ///
    /// # Errors
    /// A TLS file without its other half.
    pub fn admin_listener(&self) -> Result<Listener, ConfigError> {
        Ok(Listener {
            address: self.admin_listen.clone(),
            tls: tls_files(
                SECTION,
                "admin_",
                self.admin_tls_cert_file.as_ref(),
                self.admin_tls_key_file.as_ref(),
                self.admin_tls_client_ca_file.as_ref(),
            )?,
            allow_plaintext: self.admin_allow_plaintext,
            allow_setting: (SECTION, "admin_allow_plaintext"),
        })
    }

    pub(super) fn check(&self) -> Result<(), ConfigError> {
        self.admin_listener()?;
        let word = |text: &str| {
            (1..=limits::NAME_CHARS_MAX).contains(&text.len())
                && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
        };
        let what = "must be letters, digits, '.', '_' and '-'";
        if !word(&self.group) {
            return Err(ConfigError::invalid(SECTION, "group", what));
        }
        if self.instance_id.as_deref().is_some_and(|id| !word(id)) {
            return Err(ConfigError::invalid(SECTION, "instance_id", what));
        }
        within(SECTION, "batch_records_max", self.batch_records_max, 1..=limits::BATCH_RECORDS_MAX)?;
        within(SECTION, "batch_bytes_max", self.batch_bytes_max, 1..=limits::BATCH_BYTES_MAX)?;
        within(SECTION, "dead_letters_max", self.dead_letters_max, 1..=1_000_000)
    }
}
