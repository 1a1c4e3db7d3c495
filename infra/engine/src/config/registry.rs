//! `[registry]`.

use std::path::PathBuf;

use serde::Deserialize;

use super::error::ConfigError;
use super::listener::is_loopback_host;
use super::secret::Secret;

/// `[registry]`: an external schema registry, whose ids the distributed engine's records are written with.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RegistryConfig {
    /// Its base URL; none: the committed ids, shown on the management listener's `/registry`.
    pub url: Option<String>,
    /// User.
    pub user: Option<String>,
    /// Its password; from the environment, or in a file of its own.
    pub password: Option<Secret>,
    /// A file with the password.
    pub password_file: Option<PathBuf>,
    /// Authorities that its certificate must be under, PEM; none: the system's.
    pub tls_ca_file: Option<PathBuf>,
    /// Our own certificate chain, PEM, where it asks for one.
    pub tls_cert_file: Option<PathBuf>,
    /// Its private key, PEM.
    pub tls_key_file: Option<PathBuf>,
    /// A registry off loopback may be spoken to in plaintext.
    pub allow_plaintext: bool,
}

const SECTION: &str = "registry";

impl RegistryConfig {
    /// The password, wherever it stands.
    ///
    /// # Errors
    /// Given twice, or a file that cannot be read.
    pub fn resolved_password(&self) -> Result<Option<Secret>, ConfigError> {
        Secret::resolve(SECTION, "password", self.password.as_ref(), self.password_file.as_deref())
    }

    pub(super) fn check(&self) -> Result<(), ConfigError> {
        let has_password = self.resolved_password()?.is_some();
        let refuse = |name: &str, what: &str| Err(ConfigError::invalid(SECTION, name, what));
        if self.user.is_some() != has_password {
            return refuse("user", "goes with password_file");
        }
        if self.user.as_deref().is_some_and(|user| user.contains(':')) {
            return refuse("user", "must not have a ':' in it");
        }
        if self.tls_cert_file.is_some() != self.tls_key_file.is_some() {
            return refuse("tls_cert_file", "goes with tls_key_file");
        }
        let has_files = self.tls_ca_file.is_some() || self.tls_cert_file.is_some();
        let Some(url) = &self.url else {
            return if has_password || has_files {
                refuse("url", "must be set where the registry's other settings are")
            } else {
                Ok(())
            };
        };
        let (secure, rest) = match (url.strip_prefix("https://"), url.strip_prefix("http://")) {
            (Some(rest), _) => (true, rest),
            (None, Some(rest)) => (false, rest),
            (None, None) => return refuse("url", "must begin with https:// or http://"),
        };
        let host = rest.split('/').next().unwrap_or_default();
        if host.is_empty() || host.contains('@') || rest.contains(['?', '#', ' ']) {
            let what = "must be a host and perhaps a path; user and password have settings of their own";
            return refuse("url", what);
        }
        if secure {
            return Ok(());
        }
        if has_files {
            return refuse("url", "must begin with https:// where TLS files are set");
        }
        if is_loopback_host(host) || self.allow_plaintext {
            return Ok(());
        }
        refuse("allow_plaintext", "the registry is not on this machine: use https://, or set this to true")
    }
}
