//! Certificates made for one test. Not here: what is asserted.

use std::path::{Path, PathBuf};

use local_cluster::TlsFiles;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType, IsCa, KeyPair};

/// What the registry has, and whom a client may trust.
pub(crate) struct Made {
    pub(crate) server: TlsFiles,
    pub(crate) ca_file: PathBuf,
    /// An authority that signed nothing.
    pub(crate) other_ca_file: PathBuf,
}

fn named(name: &str) -> DistinguishedName {
    let mut named = DistinguishedName::new();
    named.push(DnType::CommonName, name);
    named
}

fn authority(name: &str) -> CertifiedIssuer<'static, KeyPair> {
    let mut authority = CertificateParams::new(Vec::<String>::new()).unwrap();
    authority.distinguished_name = named(name);
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap()
}

/// Two authorities, and a server's certificate under the first.
pub(crate) fn make(folder: &Path) -> Made {
    let (ours, other) = (authority("authority"), authority("another"));
    let key = KeyPair::generate().unwrap();
    let mut leaf = CertificateParams::new(vec!["localhost".to_owned(), "127.0.0.1".to_owned()]).unwrap();
    leaf.distinguished_name = named("leaf");
    let certificate = leaf.signed_by(&key, &ours).unwrap();
    let write = |name: &str, text: &str| -> PathBuf {
        let path = folder.join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let ca_file = write("ca.pem", &ours.pem());
    Made {
        server: TlsFiles {
            certificate_chain: write("server.pem", &certificate.pem()),
            private_key: write("server-key.pem", &key.serialize_pem()),
            client_ca: ca_file.clone(),
        },
        ca_file,
        other_ca_file: write("other.pem", &other.pem()),
    }
}
