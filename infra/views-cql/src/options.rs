//! What a session is opened with. Where the values come from (files, variables) is the engine's business.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use crate::error::CqlOpenError;
use crate::limits::{CONNECT_WITHIN, KEYSPACE_CHARS_MAX, REQUEST_WITHIN, REQUESTS_AT_ONCE};

/// Replicas of each row. What stands in the cluster is compared with it at the start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyspaceReplication {
    /// So many in every data centre.
    Factor(u16),
    /// So many in each of these data centres, none elsewhere.
    PerDatacenter(BTreeMap<String, u16>),
}

/// A user of the cluster.
#[derive(Clone, PartialEq, Eq)]
pub struct CqlCredentials {
    /// The role.
    pub user: String,
    /// Its password.
    pub password: String,
}

impl std::fmt::Debug for CqlCredentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "CqlCredentials({})", self.user)
    }
}

/// A certificate that the nodes ask of their clients.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientCertificate {
    /// PEM, leaf first.
    pub chain_file: PathBuf,
    /// PEM, not encrypted.
    pub key_file: PathBuf,
}

/// TLS towards the nodes. Their certificates must name the nodes' IP addresses, by which the driver knows
/// them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TlsOptions {
    /// Authorities that the nodes' certificates must be under, PEM; none: the system's.
    pub ca_file: Option<PathBuf>,
    /// Our own certificate.
    pub client: Option<ClientCertificate>,
}

/// How a session is opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CqlOptions {
    /// Nodes to begin with, each `host:port`; the others are learnt from them.
    pub nodes: Vec<String>,
    /// The read model's keyspace.
    pub keyspace: String,
    /// The key store's keyspace, apart because it is backed up, granted and restored apart.
    pub keys_keyspace: String,
    /// Replicas of each row, in both.
    pub replication: KeyspaceReplication,
    /// The data centre whose nodes are asked; without it every node is as near as any other.
    pub datacenter: Option<String>,
    /// User and password.
    pub credentials: Option<CqlCredentials>,
    /// TLS; none is plaintext.
    pub tls: Option<TlsOptions>,
    /// Lightweight transactions agree among all data centres (`SERIAL`) and not only in ours
    /// (`LOCAL_SERIAL`): wanted where key rows are written in more than one.
    pub serial_across_datacenters: bool,
    /// How long a request may take, retries included.
    pub request_timeout: Duration,
    /// How long a connection may take to come about.
    pub connect_timeout: Duration,
    /// Requests of bulk work in flight at once.
    pub concurrency: usize,
}

impl CqlOptions {
    /// The usual settings: three replicas, no credentials, no TLS, and `<keyspace>_keys` for the key store.
    pub fn new(nodes: Vec<String>, keyspace: impl Into<String>) -> Self {
        let keyspace = keyspace.into();
        Self {
            nodes,
            keys_keyspace: format!("{keyspace}_keys"),
            keyspace,
            replication: KeyspaceReplication::Factor(3),
            datacenter: None,
            credentials: None,
            tls: None,
            serial_across_datacenters: false,
            request_timeout: REQUEST_WITHIN,
            connect_timeout: CONNECT_WITHIN,
            concurrency: REQUESTS_AT_ONCE,
        }
    }

    /// What can be seen to be wrong without asking a node. Keyspaces and data centres go into statements as
    /// they are, so only harmless characters are let through.
    pub(crate) fn check(&self) -> Result<(), CqlOpenError> {
        let refuse = |what: &str| Err(CqlOpenError::Options(what.to_owned()));
        if self.nodes.is_empty() {
            return refuse("no CQL nodes are named");
        }
        if ![&self.keyspace, &self.keys_keyspace].into_iter().all(|name| is_keyspace(name)) {
            return refuse(
                "a keyspace is a lower-case letter and at most 47 lower-case letters, digits and '_' \
                 (the key store's is the read model's with '_keys' unless it is given)",
            );
        }
        if self.keyspace == self.keys_keyspace {
            return refuse("the key store needs a keyspace of its own");
        }
        if self.concurrency == 0 || self.request_timeout.is_zero() || self.connect_timeout.is_zero() {
            return refuse("concurrency and timeouts must be above zero");
        }
        match &self.replication {
            KeyspaceReplication::Factor(factor) if *factor >= 1 => Ok(()),
            KeyspaceReplication::PerDatacenter(map)
                if !map.is_empty() && map.iter().all(|(name, n)| *n >= 1 && is_datacenter(name)) =>
            {
                Ok(())
            }
            _ => {
                refuse("a replication factor is at least 1, a data centre letters, digits, '_', '-' and '.'")
            }
        }
    }
}

fn is_keyspace(name: &str) -> bool {
    name.len() <= KEYSPACE_CHARS_MAX
        && name.bytes().next().is_some_and(|b| b.is_ascii_lowercase())
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

fn is_datacenter(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_break_a_statement_is_refused() {
        let good = CqlOptions::new(vec!["127.0.0.1:9042".to_owned()], "identity");
        assert!(good.check().is_ok());
        for name in ["", "Identity", "1st", "a b", "a;drop", "a-b", &"a".repeat(49)] {
            assert!(CqlOptions { keyspace: name.to_owned(), ..good.clone() }.check().is_err(), "{name}");
        }
        let replication = KeyspaceReplication::PerDatacenter([("dc'1".to_owned(), 3)].into());
        assert!(CqlOptions { replication, ..good.clone() }.check().is_err());
        assert!(CqlOptions { replication: KeyspaceReplication::Factor(0), ..good.clone() }.check().is_err());
        assert!(CqlOptions { nodes: Vec::new(), ..good }.check().is_err());
    }

    #[test]
    fn a_password_is_not_shown() {
        let credentials = CqlCredentials { user: "identity".to_owned(), password: "hush".to_owned() };
        assert!(!format!("{credentials:?}").contains("hush"));
    }
}
