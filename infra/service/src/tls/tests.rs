//! Handshakes in memory against the real library, with certificates made on the spot.

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, ServerConnection};

use super::*;

type Issuer = CertifiedIssuer<'static, KeyPair>;

fn authority() -> Issuer {
    let mut params = CertificateParams::new([]).expect("parameters");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().expect("a key")).expect("an authority")
}

/// Certificate and key, PEM, for that name.
fn issued(by: &Issuer, name: &str) -> (String, String) {
    let key = KeyPair::generate().expect("a key");
    let cert = CertificateParams::new([name.to_owned()])
        .expect("parameters")
        .signed_by(&key, by)
        .expect("a certificate");
    (cert.pem(), key.serialize_pem())
}

struct Folder {
    _dir: tempfile::TempDir,
    files: TlsFiles,
}

fn folder(cert: &str, key: &str, client_ca: Option<&str>) -> Folder {
    let dir = tempfile::tempdir().expect("a folder");
    let path = |name: &str| dir.path().join(name);
    let files = TlsFiles {
        cert_file: path("cert.pem"),
        key_file: path("key.pem"),
        client_ca_file: client_ca.map(|_| path("ca.pem")),
    };
    std::fs::write(&files.cert_file, cert).expect("written");
    std::fs::write(&files.key_file, key).expect("written");
    if let Some(pem) = client_ca {
        std::fs::write(path("ca.pem"), pem).expect("written");
    }
    Folder { _dir: dir, files }
}

/// Puts a file in another's place, as certificate managers do: whatever the clock's grain, its inode is new.
fn replace(path: &Path, content: &str) {
    let beside = path.with_extension("new");
    std::fs::write(&beside, content).expect("written");
    std::fs::rename(&beside, path).expect("renamed");
}

fn client(trusts: &Issuer, with: Option<(&str, &str)>) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots.add(trusts.der().clone()).expect("an authority");
    let builder = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots);
    Arc::new(match with {
        None => builder.with_no_client_auth(),
        Some((cert, key)) => builder
            .with_client_auth_cert(
                CertificateDer::pem_slice_iter(cert.as_bytes()).collect::<Result<_, _>>().expect("PEM"),
                PrivateKeyDer::from_pem_slice(key.as_bytes()).expect("PEM"),
            )
            .expect("a client's certificate"),
    })
}

/// Shakes hands; the server's end certificate as the client saw it.
fn handshake(
    server: &Arc<ServerConfig>,
    client: Arc<ClientConfig>,
) -> Result<CertificateDer<'static>, rustls::Error> {
    let name = ServerName::try_from("identity.test").expect("a name");
    let mut client = ClientConnection::new(client, name)?;
    let mut server = ServerConnection::new(Arc::clone(server))?;
    // A handshake is a few flights; each round moves at least one or it is over.
    for _ in 0..10 {
        let mut wire = Vec::new();
        while client.wants_write() {
            client.write_tls(&mut wire).expect("to memory");
        }
        server.read_tls(&mut wire.as_slice()).expect("from memory");
        server.process_new_packets()?;
        let mut wire = Vec::new();
        while server.wants_write() {
            server.write_tls(&mut wire).expect("to memory");
        }
        client.read_tls(&mut wire.as_slice()).expect("from memory");
        client.process_new_packets()?;
        if !client.is_handshaking() && !server.is_handshaking() {
            break;
        }
    }
    let chain = client.peer_certificates().expect("the server's chain");
    Ok(chain[0].clone().into_owned())
}

fn der(pem: &str) -> CertificateDer<'static> {
    CertificateDer::from_pem_slice(pem.as_bytes()).expect("PEM")
}

#[test]
fn a_replaced_certificate_serves_the_next_handshake() {
    let authority = authority();
    let (first, first_key) = issued(&authority, "identity.test");
    let folder = folder(&first, &first_key, None);
    let server = Arc::new(server_config(&folder.files).expect("usable files"));
    assert_eq!(handshake(&server, client(&authority, None)), Ok(der(&first)));

    let (second, second_key) = issued(&authority, "identity.test");
    replace(&folder.files.cert_file, &second);
    assert_eq!(handshake(&server, client(&authority, None)), Ok(der(&first)), "its key is not there yet");
    replace(&folder.files.key_file, &second_key);
    assert_eq!(handshake(&server, client(&authority, None)), Ok(der(&second)));

    std::fs::remove_file(&folder.files.cert_file).expect("removed");
    assert_eq!(handshake(&server, client(&authority, None)), Ok(der(&second)), "the last good one serves");
}

#[test]
fn with_an_authority_for_clients_only_its_own_get_in() {
    let (ours, others) = (authority(), authority());
    let (cert, key) = issued(&ours, "identity.test");
    let folder = folder(&cert, &key, Some(&ours.pem()));
    let server = Arc::new(server_config(&folder.files).expect("usable files"));
    let (good, good_key) = issued(&ours, "bank.test");
    let (bad, bad_key) = issued(&others, "bank.test");
    assert!(handshake(&server, client(&ours, Some((&good, &good_key)))).is_ok());
    assert!(handshake(&server, client(&ours, None)).is_err());
    assert!(handshake(&server, client(&ours, Some((&bad, &bad_key)))).is_err());
}

#[test]
fn files_that_are_not_usable_are_named() {
    let authority = authority();
    let (cert, key) = issued(&authority, "identity.test");
    let (_, other_key) = issued(&authority, "identity.test");
    let words = |cert: &str, key: &str, ca: Option<&str>| {
        server_config(&folder(cert, key, ca).files).expect_err("must be refused").to_string()
    };
    assert!(words("", &key, None).contains("cert.pem holds no usable certificate"));
    assert!(words(&cert, "", None).contains("key.pem holds no usable private key"));
    assert!(words(&cert, &other_key, None).contains("do not go together"));
    assert!(words(&cert, &key, Some("")).contains("ca.pem holds no usable certificate"));
    let gone = folder(&cert, &key, None);
    std::fs::remove_file(&gone.files.key_file).expect("removed");
    let words = server_config(&gone.files).expect_err("must be refused").to_string();
    assert!(words.starts_with("cannot read ") && words.contains("key.pem"), "{words}");
}
