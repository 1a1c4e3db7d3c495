//! Who is let in, and the words for what went wrong on the way.

use std::net::TcpListener;

use local_cluster::{SchemaRegistry, SchemaRegistryOptions};
use schema_registry::{RegistryCredentials, RegistryError, RegistryOptions, TlsOptions, register};

use crate::{blocking, certificates, http, options, shared_url, tools_missing};

#[tokio::test]
async fn nobody_there_may_pass() {
    // A port that was free a moment ago, and nobody listens.
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for url in [format!("http://{address}"), format!("https://{address}")] {
        let error = register(&options(url.clone())).await.expect_err("nobody is there");
        assert!(
            matches!(&error, RegistryError::Unreachable { url: asked, .. } if *asked == url),
            "{error:?}"
        );
        assert!(error.is_transient());
    }
}

#[tokio::test]
async fn what_is_no_url_of_a_registry_is_refused_unasked() {
    for url in ["", "registry:8081", "ftp://registry", "http://user:secret@registry", "https://registry?x=1"]
    {
        let error = register(&options(url.to_owned())).await.expect_err("no URL");
        assert!(matches!(error, RegistryError::Options(_)), "{url}: {error:?}");
        assert!(!error.to_string().contains("secret"), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_certificate_must_be_under_the_authority_that_is_set() {
    if tools_missing() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let made = certificates::make(folder.path());
    let server = SchemaRegistryOptions { tls: Some(made.server) };
    let registry = blocking(move || SchemaRegistry::start(&server)).await.unwrap();
    let url = registry.tls_url().unwrap();
    let with =
        |ca_file| RegistryOptions { tls: TlsOptions { ca_file, identity: None }, ..options(url.clone()) };

    register(&with(Some(made.ca_file))).await.expect("registered");
    for ca_file in [None, Some(made.other_ca_file)] {
        let error = register(&with(ca_file)).await.expect_err("not under that authority");
        assert!(matches!(error, RegistryError::Tls { .. }), "{error:?}");
    }
    let absent = register(&with(Some("/no/such/ca.pem".into()))).await.expect_err("no file");
    assert!(absent.to_string().contains("/no/such/ca.pem"), "{absent}");
    let plain = url.replace("https://", "http://");
    assert!(register(&options(plain)).await.is_err(), "plaintext to a TLS port");
    let tls_to_plain = registry.url().replace("http://", "https://");
    let error = register(&options(tls_to_plain)).await.expect_err("TLS to a plaintext port");
    assert!(matches!(error, RegistryError::Tls { .. }), "{error:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_and_the_wrong_password_are_told_apart() {
    if tools_missing() {
        return;
    }
    // The registry knows no users of its own; what stands before it does, as a gateway would.
    let gateway = http::Gateway::start(&shared_url().await, "identity", "only-for-this-test").await;
    let with = |user: &str, password: &str| RegistryOptions {
        credentials: Some(RegistryCredentials {
            user: user.to_owned(),
            password: password.to_owned().into(),
        }),
        ..options(gateway.url())
    };
    register(&with("identity", "only-for-this-test")).await.expect("registered");
    let error = register(&with("identity", "wrong-word")).await.expect_err("refused");
    let words = error.to_string();
    assert!(matches!(error, RegistryError::Forbidden { status: 401, .. }), "{error:?}");
    assert!(words.contains("\"identity\"") && !words.contains("wrong-word"), "{words}");
    let error = register(&options(gateway.url())).await.expect_err("refused");
    assert!(error.to_string().contains("no user is set"), "{error}");
    assert!(!format!("{:?}", with("identity", "wrong-word")).contains("wrong-word"));
}
