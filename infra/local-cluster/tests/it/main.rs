//! What belongs here: that the real servers start, answer, stop, and come back with their data,
//! seen from the outside. Not here: what our own adapters do with them (their own tests).
//!
//! Without a JDK and Maven every test says so on the error stream and passes; under `CI=true` it
//! fails instead, so that a gate cannot go green by running nothing.
#![allow(clippy::unwrap_used, missing_docs, reason = "a test may panic; it has no readers but its own")]

mod certificates;

use std::io::{BufRead, BufReader};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use local_cluster::{
    CassandraNode, CassandraOptions, ClusterError, CommitLog, InstalledTools, KafkaBrokers, KafkaOptions,
    PerfRun, ScramUser, detached, probe,
};

/// Reason for its length: a probe gives up within a second, and the machine may be busy.
const WITHIN: Duration = Duration::from_secs(90);

/// Set for the process that starts a broker in order to be killed.
const OTHER: &str = "LOCAL_CLUSTER_STARTED_TO_BE_KILLED";

fn tools_missing() -> bool {
    let Err(why) = InstalledTools::available() else {
        return false;
    };
    assert!(std::env::var("CI").as_deref() != Ok("true"), "under CI the servers must be there: {why}");
    eprintln!("SKIPPED, NOTHING WAS TESTED: {why}");
    true
}

fn within(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + WITHIN;
    while !holds() {
        assert!(Instant::now() < deadline, "not within {WITHIN:?}: {what}");
        std::thread::park_timeout(Duration::from_millis(50));
    }
}

fn said(what: &str, since: Instant) {
    eprintln!("{what}: {:.1} s", since.elapsed().as_secs_f32());
}

fn topics(kafka: &KafkaBrokers) -> String {
    kafka
        .tool("org.apache.kafka.tools.TopicCommand", &["--bootstrap-server", &kafka.bootstrap(), "--list"])
        .unwrap()
}

fn create_topic(kafka: &KafkaBrokers, name: &str, replicas: &str) {
    kafka
        .tool(
            "org.apache.kafka.tools.TopicCommand",
            &[
                "--bootstrap-server",
                &kafka.bootstrap(),
                "--create",
                "--topic",
                name,
                "--partitions",
                "2",
                "--replication-factor",
                replicas,
            ],
        )
        .unwrap();
}

#[test]
fn one_broker_answers_is_killed_and_comes_back_with_its_topics() {
    if tools_missing() {
        return;
    }
    let since = Instant::now();
    let mut kafka = KafkaBrokers::start(KafkaOptions::default()).unwrap();
    said("kafka, one broker, ready", since);
    let address = kafka.bootstrap();
    assert_eq!(probe::kafka_brokers(&address), Some(1));

    create_topic(&kafka, "kept", "1");
    let report = kafka.producer_performance(&PerfRun::new("kept", 2_000, 1_024)).unwrap();
    assert!(report.contains("2000 records sent"), "{report}");

    kafka.kill(0).unwrap();
    assert_eq!(probe::kafka_brokers(&address), None);
    let since = Instant::now();
    kafka.restart(0).unwrap();
    said("kafka, after a kill, ready again", since);
    assert_eq!(kafka.bootstrap(), address);
    assert!(topics(&kafka).contains("kept"));

    kafka.pause(0).unwrap();
    // The signal is sent, not yet obeyed: an answer may still be on its way.
    within("a frozen broker says nothing", || probe::kafka_brokers(&address).is_none());
    kafka.resume(0).unwrap();
    within("a resumed broker answers", || probe::kafka_brokers(&address) == Some(1));

    let since = Instant::now();
    kafka.stop().unwrap();
    said("kafka, stopped", since);
    assert_eq!(probe::kafka_brokers(&address), None);
}

#[test]
fn a_folder_of_the_callers_outlives_the_handle() {
    if tools_missing() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let options = || KafkaOptions { data_dir: Some(folder.path().to_owned()), ..KafkaOptions::default() };
    let kafka = KafkaBrokers::start(options()).unwrap();
    create_topic(&kafka, "outlives", "1");
    drop(kafka);

    let kafka = KafkaBrokers::start(options()).unwrap();
    assert!(topics(&kafka).contains("outlives"));
}

#[test]
fn three_brokers_go_on_when_one_is_killed() {
    if tools_missing() {
        return;
    }
    let since = Instant::now();
    let mut kafka = KafkaBrokers::start(KafkaOptions { brokers: 3, ..KafkaOptions::default() }).unwrap();
    said("kafka, three brokers, ready", since);
    create_topic(&kafka, "replicated", "3");

    let addresses: Vec<String> = kafka.bootstrap().split(',').map(str::to_owned).collect();
    assert_eq!(addresses.len(), 3);
    kafka.kill(2).unwrap();
    within("the two that live say that they are two", || probe::kafka_brokers(&addresses[0]) == Some(2));
    kafka.producer_performance(&PerfRun::new("replicated", 100, 1_024)).unwrap();

    kafka.restart(2).unwrap();
    within("the third is one of three again", || probe::kafka_brokers(&addresses[2]) == Some(3));
}

#[test]
fn the_guarded_listeners_want_a_password_or_a_certificate() {
    if tools_missing() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let tls = certificates::make(folder.path());
    let kafka = KafkaBrokers::start(KafkaOptions {
        tls: Some(tls.clone()),
        scram: Some(ScramUser { name: "ingest".into(), password: "only-for-this-test".into() }),
        ..KafkaOptions::default()
    })
    .unwrap();

    let ca = tls.client_ca.display();
    let trust = format!("ssl.truststore.type=PEM\nssl.truststore.location={ca}\n");
    let login = |password: &str| {
        format!(
            "security.protocol=SASL_SSL\nsasl.mechanism=SCRAM-SHA-512\n{trust}\
             sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required \
             username=\"ingest\" password=\"{password}\";\n"
        )
    };
    let key = folder.path().join(certificates::CLIENT);
    let shown = format!(
        "security.protocol=SSL\n{trust}ssl.keystore.type=PEM\nssl.keystore.location={}\n",
        key.display()
    );
    let hidden = format!("security.protocol=SSL\n{trust}");

    let sasl = kafka.sasl_bootstrap().unwrap();
    let mtls = kafka.mtls_bootstrap().unwrap();
    list_as(&kafka, folder.path(), &sasl, &login("only-for-this-test")).unwrap();
    list_as(&kafka, folder.path(), &mtls, &shown).unwrap();
    assert!(list_as(&kafka, folder.path(), &sasl, &login("wrong")).is_err());
    assert!(list_as(&kafka, folder.path(), &mtls, &hidden).is_err());
}

fn list_as(kafka: &KafkaBrokers, folder: &Path, address: &str, client: &str) -> Result<String, ClusterError> {
    let file = folder.join("client.properties");
    let bounds = "default.api.timeout.ms=60000\nrequest.timeout.ms=30000\nretries=1\n";
    std::fs::write(&file, format!("{client}{bounds}")).unwrap();
    kafka.tool(
        "org.apache.kafka.tools.TopicCommand",
        &["--bootstrap-server", address, "--command-config", file.to_str().unwrap(), "--list"],
    )
}

#[test]
fn cassandra_answers_is_killed_and_comes_back() {
    if tools_missing() {
        return;
    }
    let since = Instant::now();
    let mut cassandra = CassandraNode::start(CassandraOptions::default()).unwrap();
    said("cassandra ready", since);
    let node = cassandra.cql_node();
    assert!(probe::cql_answers(&node));

    cassandra.pause().unwrap();
    assert!(!probe::cql_answers(&node));
    cassandra.resume().unwrap();
    within("a resumed node answers", || probe::cql_answers(&node));

    cassandra.kill().unwrap();
    assert!(!probe::cql_answers(&node));
    let since = Instant::now();
    cassandra.restart().unwrap();
    said("cassandra, after a kill, ready again", since);
    assert_eq!(cassandra.cql_node(), node);
    assert!(probe::cql_answers(&node));

    let since = Instant::now();
    cassandra.stop().unwrap();
    said("cassandra stopped", since);
    assert!(!probe::cql_answers(&node));
}

#[test]
fn cassandra_with_passwords_and_tls_turns_plaintext_away_and_keeps_its_folder() {
    if tools_missing() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let options = || CassandraOptions {
        password_auth: true,
        tls: Some(certificates::make(folder.path())),
        require_client_certificate: true,
        commit_log: CommitLog::EveryWrite,
        data_dir: Some(folder.path().join("data")),
    };
    let mut cassandra = CassandraNode::start(options()).unwrap();
    let node = cassandra.cql_node();
    assert!(TcpStream::connect(&node).is_ok());
    assert!(!probe::cql_answers(&node), "plaintext was answered");
    assert!(certificates::cql_answers(folder.path(), &node, true));
    assert!(!certificates::cql_answers(folder.path(), &node, false));
    cassandra.stop().unwrap();
    drop(cassandra);

    // A second handle on the same folder, on other ports.
    drop(CassandraNode::start(options()).unwrap());
}

/// What a killed run leaves behind is what the next run trips over.
#[test]
fn the_servers_of_a_killed_process_die_and_their_folder_goes() {
    if tools_missing() {
        return;
    }
    let mut other = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "started_by_the_test_above", "--nocapture"])
        .env(OTHER, "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(other.stdout.take().unwrap()).lines();
    let mut said =
        |what: &str| lines.find_map(|line| Some(line.unwrap().split_once(what)?.1.to_owned())).unwrap();
    let (address, pid) = (said("ADDRESS "), said("PID "));
    let command = std::fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap();
    let home =
        command.split('\0').find_map(|argument| argument.strip_prefix("-Dlocal.cluster.home=")).unwrap();
    assert!(detached::is_ours(pid.parse().unwrap(), Path::new(home)));
    assert!(!detached::is_ours(pid.parse().unwrap(), Path::new("/")));

    other.kill().unwrap();
    other.wait().unwrap();
    within("the broker is gone, and its folder", || {
        probe::kafka_brokers(&address).is_none() && !Path::new(home).exists()
    });
}

#[test]
fn started_by_the_test_above() {
    if std::env::var_os(OTHER).is_none() {
        return;
    }
    let kafka = KafkaBrokers::start(KafkaOptions::default()).unwrap();
    println!("ADDRESS {}", kafka.bootstrap());
    println!("PID {}", kafka.pids()[0]);
    // Until the other side is done with us: it kills us, or it is gone.
    std::io::stdin().read_line(&mut String::new()).unwrap();
}

#[test]
fn a_user_without_tls_files_is_refused_in_words() {
    let refused = KafkaBrokers::start(KafkaOptions {
        scram: Some(ScramUser { name: "ingest".into(), password: "x".into() }),
        ..KafkaOptions::default()
    });
    assert!(matches!(refused, Err(ClusterError::Options(_))));
    let refused = KafkaBrokers::start(KafkaOptions { brokers: 2, ..KafkaOptions::default() });
    assert!(matches!(refused, Err(ClusterError::Options(_))));
}
