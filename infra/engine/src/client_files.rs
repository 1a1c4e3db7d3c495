//! The PEM files of clients of ours, towards brokers or nodes: their libraries say neither setting nor file when they
//! refuse one, so they are looked at beforehand.

use std::path::Path;

use service::tls::{TlsError, certificates, private_key};

use crate::config::ConfigError;

/// The files of a client of ours, towards brokers or nodes: there, and of the kind that their settings say.
pub(crate) struct ClientFiles<'a> {
    pub(crate) section: &'static str,
    pub(crate) ca: Option<&'a Path>,
    pub(crate) cert: Option<&'a Path>,
    pub(crate) key: Option<&'a Path>,
}

impl ClientFiles<'_> {
    /// Whether they can be used.
    ///
    /// # Errors
    /// [`ConfigError::Invalid`] with setting and file.
    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        let invalid = |name: &str, error: TlsError| ConfigError::Invalid {
            setting: format!("[{}] {name}", self.section),
            message: error.to_string(),
        };
        if let Some(file) = self.ca {
            certificates(file).map_err(|error| invalid("tls_ca_file", error))?;
        }
        if let Some(file) = self.cert {
            certificates(file).map_err(|error| invalid("tls_cert_file", error))?;
        }
        if let Some(file) = self.key {
            private_key(file).map_err(|error| invalid("tls_key_file", error))?;
        }
        Ok(())
    }
}
