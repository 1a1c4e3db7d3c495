//! Certificates made for one test. Not here: what is asserted.

use std::path::{Path, PathBuf};

use local_cluster::TlsFiles;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType, IsCa, KeyPair};
use views_cql::{ClientCertificate, TlsOptions};

/// What the server has, and what a client shows or does not.
pub(crate) struct Made {
    pub(crate) server: TlsFiles,
    pub(crate) with_certificate: TlsOptions,
    pub(crate) without_certificate: TlsOptions,
}

/// OpenSSL takes a leaf with its authority's name for self-signed.
fn named(name: &str) -> DistinguishedName {
    let mut named = DistinguishedName::new();
    named.push(DnType::CommonName, name);
    named
}

/// An authority, a server's certificate under it, and a client's.
pub(crate) fn make(folder: &Path) -> Made {
    let mut authority = CertificateParams::new(Vec::<String>::new()).unwrap();
    authority.distinguished_name = named("authority");
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
    let signed = |names: &[&str]| {
        let key = KeyPair::generate().unwrap();
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut leaf = CertificateParams::new(names).unwrap();
        leaf.distinguished_name = named("leaf");
        let certificate = leaf.signed_by(&key, &authority).unwrap();
        (certificate.pem(), key.serialize_pem())
    };
    let write = |name: &str, text: &str| -> PathBuf {
        let path = folder.join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let (server, client) = (signed(&["localhost", "127.0.0.1"]), signed(&["client"]));
    let ca_file = write("ca.pem", &authority.pem());
    let client = ClientCertificate {
        chain_file: write("client.pem", &client.0),
        key_file: write("client-key.pem", &client.1),
    };
    Made {
        server: TlsFiles {
            certificate_chain: write("server.pem", &server.0),
            private_key: write("server-key.pem", &server.1),
            client_ca: ca_file.clone(),
        },
        with_certificate: TlsOptions { ca_file: Some(ca_file.clone()), client: Some(client) },
        without_certificate: TlsOptions { ca_file: Some(ca_file), client: None },
    }
}
