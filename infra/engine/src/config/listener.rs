//! An address that a program listens on, and what guards it.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use super::error::ConfigError;

/// PEM files of a listener that speaks TLS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// The certificate chain, leaf first.
    pub cert_file: PathBuf,
    /// Its private key: PKCS#8, PKCS#1 or SEC1.
    pub key_file: PathBuf,
    /// Authorities one of which must have signed a client's certificate; none: clients need none.
    pub client_ca_file: Option<PathBuf>,
}

/// One listener, as set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listener {
    /// The address.
    pub address: SocketAddr,
    /// Its files; none is plaintext.
    pub tls: Option<TlsFiles>,
    /// Plaintext is wanted even off loopback.
    pub allow_plaintext: bool,
    /// `[section] name` of the setting that would allow it.
    pub(super) allow_setting: (&'static str, &'static str),
}

impl Listener {
    /// Whether this listener may be opened: with TLS, on loopback, or where plaintext is allowed explicitly.
    ///
    /// # Errors
    /// [`ConfigError::Invalid`] with the setting that would allow it.
    pub fn check(&self) -> Result<(), ConfigError> {
        if self.tls.is_some() || self.allow_plaintext || is_loopback(self.address.ip()) {
            return Ok(());
        }
        let (section, name) = self.allow_setting;
        Err(ConfigError::invalid(
            section,
            name,
            format!("{} is not a loopback address: set TLS files, or this to true", self.address),
        ))
    }
}

/// The flat settings of a listener's TLS files, as one thing or none.
pub(super) fn tls_files(
    section: &'static str,
    prefix: &str,
    cert: Option<&PathBuf>,
    key: Option<&PathBuf>,
    client_ca: Option<&PathBuf>,
) -> Result<Option<TlsFiles>, ConfigError> {
    let half = |name: &str, other: &str| {
        ConfigError::invalid(section, &format!("{prefix}{name}"), format!("goes with {prefix}{other}"))
    };
    match (cert, key, client_ca) {
        (Some(cert), Some(key), ca) => {
            Ok(Some(TlsFiles { cert_file: cert.clone(), key_file: key.clone(), client_ca_file: ca.cloned() }))
        }
        (None, None, None) => Ok(None),
        (None, None, Some(_)) => Err(half("tls_client_ca_file", "tls_cert_file")),
        (Some(_), None, _) => Err(half("tls_cert_file", "tls_key_file")),
        (None, Some(_), _) => Err(half("tls_key_file", "tls_cert_file")),
    }
}

fn is_loopback(ip: IpAddr) -> bool {
    ip.to_canonical().is_loopback()
}

/// Whether `host` or `host:port` names this machine itself: `localhost`, 127.0.0.0/8, ::1.
pub fn is_loopback_host(host: &str) -> bool {
    if let Ok(address) = host.parse::<SocketAddr>() {
        return is_loopback(address.ip());
    }
    let name = match host.rsplit_once(':') {
        Some((name, port)) if !name.contains(':') && port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => host,
    };
    let name = name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(name);
    name.eq_ignore_ascii_case("localhost") || name.parse().is_ok_and(is_loopback)
}

/// Refuses nodes off loopback that would be spoken to in plaintext.
pub(super) fn check_nodes(
    section: &'static str,
    nodes: &[String],
    tls: bool,
    allow_plaintext: bool,
) -> Result<(), ConfigError> {
    if tls || allow_plaintext {
        return Ok(());
    }
    match nodes.iter().find(|node| !is_loopback_host(node)) {
        None => Ok(()),
        Some(node) => Err(ConfigError::invalid(
            section,
            "allow_plaintext",
            format!("{node} is not on this machine: set tls = true, or this to true"),
        )),
    }
}
