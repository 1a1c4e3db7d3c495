//! What a program refuses at its start, and the words it has for it.

use crate::rough::{self, PASSWORD, USER};
use system_tests::installation::Installation;
use system_tests::process::{Program, Ran};

/// Both programs with these settings: each must end with code 1.
async fn refused(installation: &Installation, environment: &[(&str, &str)]) -> [Ran; 2] {
    let serve = ["serve", "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"];
    let project = ["run", "--admin-listen", "127.0.0.1:0"];
    let (one, other) = tokio::join!(
        installation.tool_with(Program::IngestApi, environment, &serve),
        installation.tool_with(Program::Projector, environment, &project),
    );
    for ran in [&one, &other] {
        assert_eq!(ran.code, Some(1), "{ran:?}");
    }
    [one, other]
}

#[track_caller]
fn all_say(ran: &[Ran; 2], words: &[&str]) {
    for one in ran {
        let said = one.stderr.lines().any(|line| words.iter().all(|word| line.contains(word)));
        assert!(said, "not said: {words:?}\n{}", one.stderr);
    }
}

#[track_caller]
fn none_show(ran: &[Ran; 2], secret: &str) {
    for one in ran {
        assert!(!one.stderr.contains(secret) && !one.stdout.contains(secret), "a password is shown: {one:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrong_credentials_say_which() {
    let rough = rough::take().await;
    let sasl = rough.installation.kafka.sasl_bootstrap().expect("a SASL listener");
    let authority = rough.tls.client_ca.to_str().expect("a path").to_owned();
    let kafka = |password| {
        [
            ("IDENTITY_KAFKA__BROKERS", sasl.as_str()),
            ("IDENTITY_KAFKA__TLS", "true"),
            ("IDENTITY_KAFKA__TLS_CA_FILE", authority.as_str()),
            ("IDENTITY_KAFKA__SASL_USER", USER),
            ("IDENTITY_KAFKA__SASL_PASSWORD", password),
        ]
    };
    // The right one is right: what is refused below is the password.
    // Many times: once the program was ended by a signal behind its last line, perhaps by OpenSSL's clean-up.
    for _ in 0..20 {
        let list = ["orgs", "list", "--json"];
        let ran = rough.installation.tool_with(Program::IngestApi, &kafka(PASSWORD), &list).await;
        assert_eq!(ran.code, Some(0), "{ran:?}");
    }
    let ran = refused(&rough.installation, &kafka("wrong-battery-of-a-test")).await;
    all_say(&ran, &["Kafka", USER]);
    none_show(&ran, "wrong-battery-of-a-test");

    let ran = refused(&rough.installation, &[("IDENTITY_CQL__PASSWORD", "wrong-staple-of-a-test")]).await;
    all_say(&ran, &["CQL", "cassandra", "refuse"]);
    none_show(&ran, "wrong-staple-of-a-test");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_topic_that_is_otherwise_than_the_settings_say_is_named() {
    let rough = rough::take().await;
    let ran = refused(&rough.installation, &[("IDENTITY_KAFKA__EVENTS_PARTITIONS", "6")]).await;
    all_say(&ran, &["identity.events", "partitions", "6", "12"]);

    let brokers = rough.installation.kafka.bootstrap();
    let alter = |change: [&str; 2]| {
        let of = ["--bootstrap-server", &brokers, "--alter", "--entity-type", "topics"];
        let arguments = [&of[..], &["--entity-name", "identity.audit"], &change].concat();
        let tool = || rough.installation.kafka.tool("kafka.admin.ConfigCommand", &arguments);
        tokio::task::block_in_place(tool).expect("Kafka's own tool changes a topic");
    };
    alter(["--add-config", "cleanup.policy=compact"]);
    let ran = refused(&rough.installation, &[]).await;
    alter(["--add-config", "cleanup.policy=delete"]);
    all_say(&ran, &["identity.audit", "cleanup.policy", "compact", "delete"]);
}
