//! Certificates made for one test, and a TLS client that shows them. Not here: what is asserted.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use local_cluster::TlsFiles;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

/// The client's key and chain in one file, as Kafka reads it.
pub(crate) const CLIENT: &str = "client-keystore.pem";

/// A CA, a server's certificate under it, and a client's ([`CLIENT`]) beside them.
pub(crate) fn make(folder: &Path) -> TlsFiles {
    let mut authority = CertificateParams::new(Vec::<String>::new()).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();

    let server_key = KeyPair::generate().unwrap();
    let server = CertificateParams::new(vec!["localhost".into(), "127.0.0.1".into()])
        .unwrap()
        .signed_by(&server_key, &authority)
        .unwrap();
    let client_key = KeyPair::generate().unwrap();
    let client =
        CertificateParams::new(vec!["client".into()]).unwrap().signed_by(&client_key, &authority).unwrap();

    let files = TlsFiles {
        certificate_chain: folder.join("server.pem"),
        private_key: folder.join("server-key.pem"),
        client_ca: folder.join("ca.pem"),
    };
    std::fs::write(&files.certificate_chain, server.pem()).unwrap();
    std::fs::write(&files.private_key, server_key.serialize_pem()).unwrap();
    std::fs::write(&files.client_ca, authority.pem()).unwrap();
    let both = format!("{}{}", client_key.serialize_pem(), client.pem());
    std::fs::write(folder.join(CLIENT), both).unwrap();
    files
}

/// Whether the node answers OPTIONS over TLS, to a client with a certificate or without.
pub(crate) fn cql_answers(folder: &Path, node: &str, with_certificate: bool) -> bool {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(folder.join("ca.pem")).unwrap()).unwrap();
    let builder = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots);
    let config = if with_certificate {
        let chain = CertificateDer::from_pem_file(folder.join(CLIENT)).unwrap();
        let key = PrivateKeyDer::from_pem_file(folder.join(CLIENT)).unwrap();
        builder.with_client_auth_cert(vec![chain], key).unwrap()
    } else {
        builder.with_no_client_auth()
    };
    let socket = TcpStream::connect(node).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let session = ClientConnection::new(Arc::new(config), "127.0.0.1".try_into().unwrap()).unwrap();
    let mut stream = StreamOwned::new(session, socket);
    let mut head = [0; 9];
    stream
        .write_all(&[4, 0, 0, 0, 5, 0, 0, 0, 0])
        .and_then(|()| stream.read_exact(&mut head))
        .is_ok_and(|()| head[0] == 0x84 && head[4] == 6)
}
