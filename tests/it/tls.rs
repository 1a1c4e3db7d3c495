//! TLS on both listeners (contract §6), spoken by a foreign client with certificates made on the spot: HTTPS
//! works and plaintext does not, a replaced certificate is the next connection's, and where an authority for
//! clients is set, only its clients get in.

use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustix::process::Signal;
use rustls::client::Resumption;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::server::{Place, Server};
use system_tests::client::{Answer, VERDICT, text, verified};
use system_tests::process::run;
use system_tests::wire::{Wire, get, post};

const NAME: &str = "identity.test";

type Issuer = CertifiedIssuer<'static, KeyPair>;

fn authority() -> Issuer {
    let mut params = CertificateParams::new([]).expect("parameters");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().expect("a key")).expect("an authority")
}

/// Certificate and key, PEM.
fn issued(by: &Issuer) -> (String, String) {
    let key = KeyPair::generate().expect("a key");
    let params = CertificateParams::new([NAME.to_owned()]).expect("parameters");
    (params.signed_by(&key, by).expect("a certificate").pem(), key.serialize_pem())
}

fn der(pem: &str) -> CertificateDer<'static> {
    CertificateDer::from_pem_slice(pem.as_bytes()).expect("PEM")
}

/// A client that trusts an authority, and perhaps has a certificate of its own.
fn client(trusts: &Issuer, with: Option<&(String, String)>) -> TlsConnector {
    let mut roots = RootCertStore::empty();
    roots.add(trusts.der().clone()).expect("an authority");
    let builder = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots);
    let mut config = match with {
        None => builder.with_no_client_auth(),
        Some((cert, key)) => {
            let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).expect("PEM");
            builder.with_client_auth_cert(vec![der(cert)], key).expect("a client's certificate")
        }
    };
    // A resumed session brings no certificate: each connection is to show its own.
    config.resumption = Resumption::disabled();
    TlsConnector::from(Arc::new(config))
}

fn address(url: &str) -> &str {
    url.strip_prefix("https://").unwrap_or_else(|| panic!("{url} is not HTTPS"))
}

async fn connected(url: &str, client: &TlsConnector) -> std::io::Result<TlsStream<TcpStream>> {
    let stream = TcpStream::connect(address(url)).await?;
    client.connect(ServerName::try_from(NAME).expect("a name"), stream).await
}

/// One exchange; none when the connection does not come about or ends without an answer: in TLS 1.3 a client
/// learns only by reading that its certificate was refused.
async fn asked(url: &str, client: &TlsConnector, request: impl AsRef<[u8]>) -> Option<Answer> {
    let mut wire = Wire::over(connected(url, client).await.ok()?);
    wire.send(request).await;
    wire.answer().await
}

const FILES: &str = r#"
[api]
listen = "127.0.0.1:0"
admin_listen = "127.0.0.1:0"
tls_cert_file = "{folder}/cert.pem"
tls_key_file = "{folder}/key.pem"
admin_tls_cert_file = "{folder}/admin-cert.pem"
admin_tls_key_file = "{folder}/admin-key.pem"
"#;

/// Settings with both listeners' files in place, each listener with its own.
fn place(by: &Issuer, more: &str) -> Place {
    let place = Place::new(&format!("{FILES}{more}"));
    for prefix in ["", "admin-"] {
        let (cert, key) = issued(by);
        place.write(&format!("{prefix}cert.pem"), &cert);
        place.write(&format!("{prefix}key.pem"), &key);
    }
    place
}

async fn ends(mut server: Server) {
    server.process.signal(Signal::TERM);
    assert_eq!(server.process.ended().await.code(), Some(0));
}

#[tokio::test]
async fn https_is_spoken_and_plaintext_is_not_and_a_replaced_certificate_is_the_next_connections() {
    let authority = authority();
    let place = place(&authority, "");
    let key = place.key().await;
    let server = place.serve(&[], &[]).await;
    let client = client(&authority, None);
    let body = serde_json::json!({"fullName": "Budi Santoso"}).to_string();
    let made = asked(&server.url, &client, post("/api/customers", &key, body.as_bytes())).await;
    let customer = text(&made.expect("an answer").expect(201)["id"]).to_owned();
    let verdict = verified(&customer).to_string();
    let said = asked(&server.url, &client, post(VERDICT, &key, verdict.as_bytes())).await.expect("an answer");
    assert_eq!(said.expect(200)["verification"]["status"], "verified");
    let ready = asked(&server.admin_url, &client, get("/readyz", "")).await.expect("an answer");
    assert_eq!(ready.status, 200, "{ready:?}");

    // The console's cookies go over TLS then, on loopback too.
    let form = asked(&server.url, &client, get("/console/sign-in", "")).await.expect("an answer");
    let cookie = form.header("set-cookie").expect("a cookie");
    assert!(cookie.starts_with("__Host-console-form=") && cookie.ends_with("; Secure"), "{cookie}");

    for url in [&server.url, &server.admin_url] {
        let mut plain = Wire::open(address(url)).await;
        plain.send(get("/readyz", &key)).await;
        assert!(plain.answer().await.is_none(), "an answer in plaintext");
        let stranger = self::client(&self::authority(), None);
        assert!(connected(url, &stranger).await.is_err(), "the certificate is another authority's");
    }

    // An open connection goes on with what it has; new ones get what is there now.
    let mut open = Wire::over(connected(&server.url, &client).await.expect("a connection"));
    for (prefix, url) in [("", &server.url), ("admin-", &server.admin_url)] {
        let (cert, key_pem) = issued(&authority);
        let before = connected(url, &client).await.expect("a connection");
        place.write(&format!("{prefix}key.pem"), &key_pem);
        place.write(&format!("{prefix}cert.pem"), &cert);
        let after = connected(url, &client).await.expect("a connection");
        let shown = |stream: &TlsStream<TcpStream>| {
            stream.get_ref().1.peer_certificates().and_then(<[_]>::first).cloned().expect("a certificate")
        };
        assert_eq!(shown(&after), der(&cert), "{url}");
        assert_ne!(shown(&before), shown(&after), "{url}");
        // What is not usable changes nothing.
        place.write(&format!("{prefix}cert.pem"), "no certificate");
        assert_eq!(shown(&connected(url, &client).await.expect("a connection")), der(&cert), "{url}");
    }
    open.send(get("/api/auth/me", &key)).await;
    assert_eq!(open.answer().await.expect("an answer").status, 200);
    ends(server).await;
}

#[tokio::test]
async fn where_clients_need_a_certificate_only_the_right_ones_get_in() {
    let (authority, clients, others) = (authority(), authority(), authority());
    let more = "tls_client_ca_file = \"{folder}/clients.pem\"\n\
                admin_tls_client_ca_file = \"{folder}/clients.pem\"\n";
    let place = place(&authority, more);
    place.write("clients.pem", &clients.pem());
    let key = place.key().await;
    let server = place.serve(&[], &[]).await;
    for (url, path) in [(&server.url, "/api/auth/me"), (&server.admin_url, "/readyz")] {
        let right = asked(url, &client(&authority, Some(&issued(&clients))), get(path, &key)).await;
        assert_eq!(right.map(|answer| answer.status), Some(200), "{url}");
        let wrong = asked(url, &client(&authority, Some(&issued(&others))), get(path, &key)).await;
        assert!(wrong.is_none(), "{url}: another authority's client got {wrong:?}");
        let none = asked(url, &client(&authority, None), get(path, &key)).await;
        assert!(none.is_none(), "{url}: a client without a certificate got {none:?}");
    }
    ends(server).await;
}

#[tokio::test]
async fn files_that_are_not_usable_stop_the_start_with_their_name() {
    let authority = authority();
    let (cert, key) = issued(&authority);
    let (_, other) = issued(&authority);
    for (name, content) in [("key.pem", other.as_str()), ("cert.pem", "nonsense"), ("admin-key.pem", &cert)] {
        let place = place(&authority, "");
        place.write("cert.pem", &cert);
        place.write("key.pem", &key);
        place.write(name, content);
        let ran = run(["serve", "--config", &place.config()]).await;
        assert_eq!(ran.code, Some(1), "{name}: {ran:?}");
        assert!(ran.stderr.contains(name), "{name}: {ran:?}");
        assert!(!ran.stderr.contains("PRIVATE KEY"), "a key was shown");
    }
    for (half, other) in [("tls_cert_file", "tls_key_file"), ("tls_client_ca_file", "tls_cert_file")] {
        let place = Place::new(&format!("[api]\n{half} = \"x.pem\"\n"));
        let ran = run(["serve", "--config", &place.config()]).await;
        assert_eq!(ran.code, Some(1), "{ran:?}");
        assert!(ran.stderr.contains(half) && ran.stderr.contains(other), "{ran:?}");
    }
}
