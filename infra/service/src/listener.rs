//! What every listener has in common, public or internal: which address it gets, and how it is called.

use std::fmt::Display;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use rustls::ServerConfig;

use crate::tls::{TlsError, TlsFiles, server_config};

/// Why a listener was not opened.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// Its PEM files.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// Its address.
    #[error("{address} cannot be listened on")]
    Address {
        /// As it was set.
        address: String,
        /// What the system said.
        #[source]
        error: io::Error,
    },
}

/// Opens a listener at the first of the addresses that can be had; `named` is what they were set as.
///
/// # Errors
/// [`ListenError`]: of the last address, or of the files.
pub fn bind_first<T>(
    named: impl Display,
    addresses: &[SocketAddr],
    tls: Option<&TlsFiles>,
    mut bind: impl FnMut(SocketAddr, Option<ServerConfig>) -> io::Result<T>,
) -> Result<T, ListenError> {
    let tls = tls.map(server_config).transpose()?;
    let mut last = io::Error::other("no address");
    for address in addresses {
        match bind(*address, tls.clone()) {
            Ok(bound) => return Ok(bound),
            Err(error) => last = error,
        }
    }
    Err(ListenError::Address { address: named.to_string(), error: last })
}

/// `http://…` or `https://…`; an address that means every interface is named by loopback.
pub fn listener_url(mut address: SocketAddr, has_tls: bool) -> String {
    if address.ip().is_unspecified() {
        address.set_ip(match address {
            SocketAddr::V4(_) => IpAddr::V4(Ipv4Addr::LOCALHOST),
            SocketAddr::V6(_) => IpAddr::V6(Ipv6Addr::LOCALHOST),
        });
    }
    let scheme = if has_tls { "https" } else { "http" };
    format!("{scheme}://{address}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_address_that_can_be_had_is_taken() {
        let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("bound");
        let addresses = [taken.local_addr().expect("an address"), SocketAddr::from(([127, 0, 0, 1], 0))];
        let open = |address, _| std::net::TcpListener::bind(address);
        let bound = bind_first("localhost", &addresses, None, open).expect("the second is free");
        assert_ne!(bound.local_addr().expect("an address"), addresses[0]);
        let refused = bind_first("localhost:1", &addresses[..1], None, open).expect_err("it is taken");
        assert_eq!(refused.to_string(), "localhost:1 cannot be listened on");
    }

    #[test]
    fn a_url_can_be_asked_on_this_machine() {
        for (address, has_tls, url) in [
            ("127.0.0.1:80", false, "http://127.0.0.1:80"),
            ("0.0.0.0:8443", true, "https://127.0.0.1:8443"),
            ("[::]:1", false, "http://[::1]:1"),
            ("192.0.2.7:1", true, "https://192.0.2.7:1"),
        ] {
            assert_eq!(listener_url(address.parse().expect("an address"), has_tls), url);
        }
    }
}
