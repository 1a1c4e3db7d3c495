//! Who may connect, and the words for who may not.

use std::net::TcpListener;

use domain::ports::KeyRows as _;
use local_cluster::{CassandraNode, CassandraOptions};
use testkit::samples::Samples;
use views_cql::{CqlCredentials, CqlKeys, CqlOpenError, CqlOptions, CqlSession, TlsOptions};

use crate::{certificates, connect, lasting, options, shared, tools_missing};

async fn refused(options: CqlOptions) -> CqlOpenError {
    match lasting(CqlSession::connect(options)).await {
        Ok(_) => panic!("it was let in"),
        Err(error) => error,
    }
}

async fn started(options: CassandraOptions) -> CassandraNode {
    tokio::task::spawn_blocking(|| CassandraNode::start(options)).await.unwrap().expect("a Cassandra")
}

#[tokio::test]
async fn nobody_there_is_said() {
    // A port that was free a moment ago, and nobody listens.
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let error = refused(options(address.clone(), "nobody")).await;
    assert!(matches!(&error, CqlOpenError::Unreachable { nodes, .. } if *nodes == address), "{error:?}");
    let error = refused(options("no-such-host.invalid:9042".to_owned(), "nobody")).await;
    assert!(matches!(error, CqlOpenError::Unreachable { .. }), "{error:?}");
}

#[tokio::test]
async fn tls_towards_a_node_that_speaks_none_is_said() {
    if tools_missing() {
        return;
    }
    let options = CqlOptions { tls: Some(TlsOptions::default()), ..shared("plain").await };
    let error = refused(options).await;
    assert!(matches!(error, CqlOpenError::Tls(_)), "{error:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_password_and_the_certificate_must_be_right() {
    if tools_missing() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let made = certificates::make(folder.path());
    let server = CassandraOptions { password_auth: true, tls: Some(made.server), ..Default::default() };
    let node = started(CassandraOptions { require_client_certificate: true, ..server.clone() }).await;
    let login = |password: &str| Some(CqlCredentials { user: "cassandra".into(), password: password.into() });
    let good = CqlOptions {
        credentials: login("cassandra"),
        tls: Some(made.with_certificate),
        ..options(node.cql_node(), "access")
    };

    let session = connect(good.clone()).await;
    session.migrate().await.expect("migrated");
    let keys = CqlKeys::new(session);
    let row = Samples::new(1).key_row(&Samples::new(1).customer(0), 0);
    keys.create(row.clone()).await.expect("created");
    assert_eq!(keys.get(&row.customer).await, Ok(Some(row)));

    let error = refused(CqlOptions { credentials: login("wrong-password"), ..good.clone() }).await;
    assert!(
        matches!(&error, CqlOpenError::Credentials { who, .. } if who.contains("cassandra")),
        "{error:?}"
    );
    assert!(!format!("{error} {error:?}").contains("wrong-password"));
    let error = refused(CqlOptions { credentials: None, ..good.clone() }).await;
    assert!(matches!(error, CqlOpenError::Credentials { .. }), "{error:?}");
    let without = Some(made.without_certificate);
    let error = refused(CqlOptions { tls: without.clone(), ..good.clone() }).await;
    assert!(matches!(error, CqlOpenError::Tls(_)), "{error:?}");
    // The system's authorities did not sign this one.
    let error = refused(CqlOptions { tls: Some(TlsOptions::default()), ..good.clone() }).await;
    assert!(matches!(error, CqlOpenError::Tls(_)), "{error:?}");
    let error = refused(CqlOptions { tls: None, ..good.clone() }).await;
    assert!(matches!(error, CqlOpenError::Unreachable { .. } | CqlOpenError::Tls(_)), "{error:?}");
    let missing = TlsOptions { ca_file: Some(folder.path().join("none.pem")), client: None };
    let error = refused(CqlOptions { tls: Some(missing), ..good.clone() }).await;
    assert!(matches!(&error, CqlOpenError::Tls(words) if words.contains("none.pem")), "{error:?}");

    // A node that asks for no certificate is content without one.
    drop(node);
    let node = started(server).await;
    let open = CqlOptions { nodes: vec![node.cql_node()], tls: without, ..good };
    connect(open).await.migrate().await.expect("migrated");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_data_centre_that_no_node_is_in_is_named_with_those_there_are() {
    if tools_missing() {
        return;
    }
    let good = shared("datacentres").await;
    let wrong = CqlOptions { datacenter: Some("jakarta".to_owned()), ..good.clone() };
    let refused = refused(wrong).await;
    // No outage, so nobody tries again.
    assert!(matches!(refused, CqlOpenError::Options(_)), "{refused:?}");
    let words = refused.to_string();
    assert!(words.contains("[cql] datacenter") && words.contains("jakarta"), "{words}");
    assert!(words.contains("datacenter1"), "{words}");
    connect(CqlOptions { datacenter: Some("datacenter1".to_owned()), ..good }).await;
}
