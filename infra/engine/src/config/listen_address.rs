//! Where a listener is to be: an address or a name, with a port. A name is looked up when the listener is opened,
//! not when the settings are read: a command that opens none needs no name server.

use std::fmt;
use std::net::{SocketAddr, ToSocketAddrs as _};
use std::str::FromStr;

use serde::Deserialize;

/// Characters of a host name at most (RFC 1035, 2.3.4).
const NAME_CHARS_MAX: usize = 253;

/// `127.0.0.1:8080`, `[::1]:8080` or `localhost:8080`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum ListenAddress {
    /// An address.
    Address(SocketAddr),
    /// A host name and a port.
    Name(String, u16),
}

impl ListenAddress {
    /// Every address it stands for; IPv4 first, which is what a caller tries who was told nothing else.
    ///
    /// # Errors
    /// The name is not known, or nobody answers who would know.
    pub fn resolve(&self) -> std::io::Result<Vec<SocketAddr>> {
        let (name, port) = match self {
            Self::Address(address) => return Ok(vec![*address]),
            Self::Name(name, port) => (name.as_str(), *port),
        };
        let mut addresses: Vec<SocketAddr> = (name, port).to_socket_addrs()?.collect();
        addresses.sort_by_key(SocketAddr::is_ipv6);
        addresses.dedup();
        if addresses.is_empty() {
            return Err(std::io::Error::other("the name has no address"));
        }
        Ok(addresses)
    }
}

impl fmt::Display for ListenAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(address) => address.fmt(f),
            Self::Name(name, port) => write!(f, "{name}:{port}"),
        }
    }
}

impl From<SocketAddr> for ListenAddress {
    fn from(address: SocketAddr) -> Self {
        Self::Address(address)
    }
}

impl FromStr for ListenAddress {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const WANTED: &str =
            "must be an address or a name, with a port: 127.0.0.1:8080, [::1]:8080, localhost:8080";
        if let Ok(address) = text.parse() {
            return Ok(Self::Address(address));
        }
        let (name, port) = text.rsplit_once(':').ok_or(WANTED)?;
        let port = port.parse().map_err(|_| WANTED)?;
        let good = (1..=NAME_CHARS_MAX).contains(&name.len())
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte))
            // Digits and points alone are an address that is mistyped, whatever a resolver makes of it.
            && name.bytes().any(|byte| byte.is_ascii_alphabetic());
        good.then(|| Self::Name(name.to_owned(), port)).ok_or(WANTED)
    }
}

impl TryFrom<String> for ListenAddress {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_names_are_told_apart() {
        for (text, named) in [
            ("127.0.0.1:8080", false),
            ("[::1]:0", false),
            ("0.0.0.0:80", false),
            ("localhost:8080", true),
            ("api-1.bank_intern.example:443", true),
        ] {
            let address: ListenAddress = text.parse().unwrap_or_else(|why| panic!("{text}: {why}"));
            assert_eq!(address.to_string(), text);
            assert_eq!(matches!(address, ListenAddress::Name(..)), named, "{text}");
        }
        for text in
            ["", "here", ":80", "localhost", "localhost:", "localhost:http", "localhost:65536", "::1:80"]
                .into_iter()
                .chain([
                    "127.0.0.1",
                    "127.0.0:80",
                    "1.2.3.4.5:80",
                    "a b:80",
                    "http://localhost:80",
                    "user@host:80",
                ])
        {
            assert!(text.parse::<ListenAddress>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_name_is_looked_up() {
        let localhost: ListenAddress = "localhost:80".parse().expect("a name");
        let addresses = localhost.resolve().expect("every machine knows it");
        assert!(!addresses.is_empty() && addresses.iter().all(|one| one.ip().is_loopback()), "{addresses:?}");
        assert!(addresses.is_sorted_by_key(SocketAddr::is_ipv6), "{addresses:?}");
        let nowhere: ListenAddress = "nowhere.invalid:80".parse().expect("a name");
        assert!(nowhere.resolve().is_err());
    }
}
