//! TLS, SCRAM-SHA-512 and mTLS, and what a wrong one says. No error shows a password.

use std::path::Path;
use std::time::Duration;

use domain::ports::{EventLog, Topic};
use log_kafka::{KafkaCredentials, KafkaLog, KafkaOpenError, KafkaOptions, KafkaTls};

use crate::harness::{self, PASSWORD, Shared, USER, options, record, within};

fn tls(files: &Path, ca: &str, identity: bool) -> Option<KafkaTls> {
    let identity = identity.then(|| (files.join("client.pem"), files.join("client-key.pem")));
    Some(KafkaTls { ca: Some(files.join(ca)), identity })
}

fn scram(broker: &Shared, password: &str, ca: &str) -> KafkaOptions {
    let mut options = options(&broker.sasl);
    options.tls = tls(&broker.files, ca, false);
    options.sasl = Some(KafkaCredentials { user: USER.to_owned(), password: password.to_owned() });
    options
}

async fn refused(options: KafkaOptions) -> KafkaOpenError {
    let error = within("the refusal", KafkaLog::connect(options)).await.err().expect("refused");
    assert!(!error.to_string().contains(PASSWORD) && !error.is_transient(), "{error}");
    error
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_user_with_the_right_password_appends_and_reads() {
    let Some(broker) = harness::shared().await else { return };
    works(scram(broker, PASSWORD, "ca.pem")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_certificate_is_enough_for_mtls() {
    let Some(broker) = harness::shared().await else { return };
    let mut options = options(&broker.mtls);
    options.tls = tls(&broker.files, "ca.pem", true);
    works(options).await;
}

async fn works(options: KafkaOptions) {
    let log = harness::open(options).await;
    let source = log.append(Topic::Events, record("org/one", "x")).await.expect("appended").source;
    let mut follower =
        log.follow(Topic::Events, vec![(source.partition, source.offset)]).await.expect("follows");
    let found = within("the record", follower.next(harness::bounds(harness::PATIENCE))).await;
    assert_eq!(found.expect("next")[0].source, source);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_password_names_the_user_and_the_broker() {
    let Some(broker) = harness::shared().await else { return };
    match refused(scram(broker, "wrong-battery-of-a-test", "ca.pem")).await {
        KafkaOpenError::Authentication { user, brokers, why } => {
            assert_eq!((user.as_str(), &brokers), (USER, &broker.sasl));
            assert!(why.contains("uthentication") && !why.contains("wrong-battery"), "{why}");
        }
        other => panic!("an authentication error, not {other}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_authority_that_did_not_sign_the_broker_is_said() {
    let Some(broker) = harness::shared().await else { return };
    match refused(scram(broker, PASSWORD, "stranger.pem")).await {
        KafkaOpenError::Tls { why, .. } => assert!(why.contains("certificate"), "{why}"),
        other => panic!("a TLS error, not {other}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mtls_without_a_certificate_is_said() {
    let Some(broker) = harness::shared().await else { return };
    let mut options = options(&broker.mtls);
    options.tls = tls(&broker.files, "ca.pem", false);
    match refused(options).await {
        KafkaOpenError::Tls { why, .. } => assert!(why.contains("ertificate"), "{why}"),
        other => panic!("a TLS error, not {other}"),
    }
}

/// No TLS where the listener speaks nothing else: no answer comes, which is said in time.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn plaintext_at_a_tls_listener_ends_in_time() {
    let Some(broker) = harness::shared().await else { return };
    let mut options = options(&broker.mtls);
    options.timeouts.connect = Duration::from_secs(1);
    let error = within("the refusal", KafkaLog::connect(options)).await.err().expect("refused");
    assert!(matches!(error, KafkaOpenError::Unreachable { .. } | KafkaOpenError::Tls { .. }), "{error}");
}
