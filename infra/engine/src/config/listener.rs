//! An address that a program listens on, and what guards it.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use service::tls::TlsFiles;

use super::error::ConfigError;
use super::listen_address::ListenAddress;

/// One listener, as set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listener {
    /// Where it is to be.
    pub address: ListenAddress,
    /// Its files; none is plaintext.
    pub tls: Option<TlsFiles>,
    /// Plaintext is wanted even off loopback.
    pub allow_plaintext: bool,
    /// `[section] name` of the setting that would allow it.
    pub(super) allow_setting: (&'static str, &'static str),
}

impl Listener {
    /// Where this listener may be opened: the addresses that it stands for, if there is TLS, if plaintext is
    /// allowed explicitly, or if every one of them is loopback. The first that can be bound will do.
    ///
    /// # Errors
    /// [`ConfigError::Invalid`] with the setting that would allow it; or the name has no address.
    pub fn addresses(&self) -> Result<Vec<SocketAddr>, ConfigError> {
        let (section, name) = self.allow_setting;
        let addresses = self.address.resolve().map_err(|error| {
            let listen = name.replace("allow_plaintext", "listen");
            ConfigError::invalid(section, &listen, format!("{} cannot be looked up: {error}", self.address))
        })?;
        let outside = addresses.iter().find(|address| !is_loopback(address.ip()));
        let Some(outside) = outside.filter(|_| self.tls.is_none() && !self.allow_plaintext) else {
            return Ok(addresses);
        };
        let said = match &self.address {
            ListenAddress::Address(address) => address.to_string(),
            ListenAddress::Name(..) => format!("{} ({outside})", self.address),
        };
        let prefix = name.replace("allow_plaintext", "");
        let variable = |name: &str| format!("IDENTITY_{section}__{name}").to_uppercase();
        Err(ConfigError::invalid(
            section,
            name,
            format!(
                "{said} is not a loopback address: set {prefix}tls_cert_file and {prefix}tls_key_file \
                 ({}, {}), or this to true ({}=true)",
                variable(&format!("{prefix}tls_cert_file")),
                variable(&format!("{prefix}tls_key_file")),
                variable(name),
            ),
        ))
    }

    /// Whether this listener may be opened.
    ///
    /// # Errors
    /// As [`Listener::addresses`].
    pub fn check(&self) -> Result<(), ConfigError> {
        self.addresses().map(drop)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rule_holds_for_every_address_of_a_name() {
        let listener = |name: &str, allow_plaintext: bool| Listener {
            address: ListenAddress::Name(name.to_owned(), 1),
            tls: None,
            allow_plaintext,
            allow_setting: ("api", "admin_allow_plaintext"),
        };
        let loopback = listener("localhost", false).addresses().expect("loopback");
        assert!(!loopback.is_empty() && loopback.iter().all(|address| is_loopback(address.ip())));
        // A resolver makes an address of an address.
        let refused = listener("0.0.0.0", false).addresses().expect_err("not loopback").to_string();
        assert!(
            refused.starts_with("setting [api] admin_allow_plaintext: 0.0.0.0:1 (0.0.0.0:1) is not"),
            "{refused}"
        );
        assert!(refused.contains("IDENTITY_API__ADMIN_TLS_CERT_FILE"), "{refused}");
        assert!(listener("0.0.0.0", true).addresses().is_ok());
        let unknown = listener("nowhere.invalid", true).addresses().expect_err("unknown").to_string();
        assert!(
            unknown.starts_with("setting [api] admin_listen: nowhere.invalid:1 cannot be looked up"),
            "{unknown}"
        );
    }
}
