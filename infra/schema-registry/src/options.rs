//! What a registry is asked with. Where the values come from (files, variables) is the engine's business.

use std::fmt;
use std::path::PathBuf;

use zeroize::Zeroizing;

/// A user of the registry (HTTP Basic). Its `Debug` shows no password.
#[derive(Clone, PartialEq, Eq)]
pub struct RegistryCredentials {
    /// The user.
    pub user: String,
    /// The password.
    pub password: Zeroizing<String>,
}

impl fmt::Debug for RegistryCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RegistryCredentials({})", self.user)
    }
}

/// TLS towards it, for an `https` URL.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TlsOptions {
    /// Authorities that its certificate must be under, PEM; none: the system's.
    pub ca_file: Option<PathBuf>,
    /// mTLS: our certificate chain (leaf first) and its private key, PEM.
    pub identity: Option<(PathBuf, PathBuf)>,
}

/// Where the registry is and who we are there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegistryOptions {
    /// Its base URL, without user or query: `https://registry:8081`, or with a path.
    pub url: String,
    /// See [`RegistryCredentials`].
    pub credentials: Option<RegistryCredentials>,
    /// See [`TlsOptions`].
    pub tls: TlsOptions,
}
