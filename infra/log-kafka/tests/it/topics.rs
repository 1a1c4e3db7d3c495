//! Topics: made as the contract says, checked when they exist, and brokers that are not there.

use std::time::Duration;

use domain::ports::{EventLog, Topic};
use log_kafka::{KafkaLog, KafkaOpenError, MESSAGE_BYTES_MAX};
use rdkafka::admin::{AdminOptions, NewTopic, ResourceSpecifier, TopicReplication};

use crate::harness::{self, PARTITIONS, admin, open, options, within};

const DAY_MS: u64 = 86_400_000;

/// The contract's table (§5), written down a second time.
fn settings(topic: Topic) -> Vec<(&'static str, String)> {
    let mut settings = match topic {
        Topic::Events | Topic::Audit => {
            vec![("cleanup.policy", "delete".to_owned()), ("retention.ms", "-1".to_owned())]
        }
        Topic::Outcomes => {
            vec![("cleanup.policy", "delete".to_owned()), ("retention.ms", (90 * DAY_MS).to_string())]
        }
        Topic::Orgs => vec![("cleanup.policy", "compact".to_owned())],
        Topic::DeadLetters => {
            vec![("cleanup.policy", "delete".to_owned()), ("retention.ms", (30 * DAY_MS).to_string())]
        }
    };
    settings.extend([
        ("message.timestamp.type", "LogAppendTime".to_owned()),
        ("max.message.bytes", MESSAGE_BYTES_MAX.to_string()),
        ("min.insync.replicas", "1".to_owned()),
        ("unclean.leader.election.enable", "false".to_owned()),
    ]);
    settings
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn topics_are_made_as_the_contract_says_and_may_be_there_already() {
    let Some(broker) = harness::shared().await else { return };
    let options = options(&broker.bootstrap);
    // Two instances at once, then one that finds all there.
    let (one, two) = (KafkaLog::connect(options.clone()), KafkaLog::connect(options.clone()));
    let (one, two) = (one.await.expect("connects"), two.await.expect("connects"));
    let (first, second) = tokio::join!(one.ensure_topics(), two.ensure_topics());
    first.expect("topics");
    second.expect("topics");
    one.ensure_topics().await.expect("still");
    let admin = admin(&broker.bootstrap);
    for topic in Topic::ALL {
        let name = options.topic_name(topic);
        let asked = ResourceSpecifier::Topic(&name);
        let found = admin.describe_configs([&asked], &AdminOptions::new()).await.expect("asked");
        let found = found[0].as_ref().expect("described");
        for (setting, value) in settings(topic) {
            let entry = found.get(setting).and_then(|entry| entry.value.as_deref());
            assert_eq!(entry, Some(value.as_str()), "{setting} of {name}");
        }
        let described = one.describe(topic).await.expect("described");
        assert_eq!(described.partitions, options.partitions.of(topic));
        assert_ne!(described.id.0, [0; 16]);
        assert_eq!(two.describe(topic).await.expect("described"), described);
    }
}

/// Which topic is off, in which setting, and by what.
const OFF: [(Topic, &str, &str); 9] = [
    (Topic::Events, "partitions", "2"),
    (Topic::Audit, "cleanup.policy", "compact"),
    (Topic::Events, "retention.ms", "604800000"),
    (Topic::Audit, "retention.bytes", "1073741824"),
    (Topic::Outcomes, "message.timestamp.type", "CreateTime"),
    (Topic::Events, "max.message.bytes", "1048588"),
    (Topic::Outcomes, "min.insync.replicas", "2"),
    (Topic::Events, "unclean.leader.election.enable", "true"),
    (Topic::Orgs, "cleanup.policy", "delete"),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_topic_that_is_otherwise_is_named_with_what_it_should_be() {
    let Some(broker) = harness::shared().await else { return };
    let admin = admin(&broker.bootstrap);
    for (topic, off, found) in OFF {
        let options = options(&broker.bootstrap);
        let name = options.topic_name(topic);
        let mut settings = settings(topic);
        settings.retain(|(setting, _)| *setting != off);
        let partitions = if off == "partitions" { 2 } else { options.partitions.of(topic) };
        if off != "partitions" {
            settings.push((off, found.to_owned()));
        }
        let replicas = TopicReplication::Fixed(1);
        let new = settings
            .iter()
            .fold(NewTopic::new(&name, partitions as i32, replicas), |new, (k, v)| new.set(k, v));
        admin.create_topics([&new], &AdminOptions::new()).await.expect("asked")[0].as_ref().expect("made");
        let log = KafkaLog::connect(options).await.expect("connects");
        match log.ensure_topics().await {
            Err(KafkaOpenError::TopicMismatch { topic, setting, wanted, found: is }) => {
                assert_eq!((topic, setting.as_str(), is.as_str()), (name, off, found));
                assert_ne!(wanted, is);
            }
            other => panic!("{off}: a mismatch, not {other:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replication_that_the_cluster_cannot_give_is_said() {
    let Some(broker) = harness::shared().await else { return };
    let mut options = options(&broker.bootstrap);
    options.replication_factor = 3;
    let log = KafkaLog::connect(options).await.expect("connects");
    match log.ensure_topics().await {
        Err(KafkaOpenError::Topic { topic, why }) => assert!(why.contains("eplication"), "{topic}: {why}"),
        other => panic!("refused, not {other:?}"),
    }
}

/// No hang, and words that say which broker and why; it is worth trying again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_that_is_down_at_start_is_said_in_time() {
    let port =
        std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("bound").port();
    let mut options = options(&format!("127.0.0.1:{port}"));
    options.timeouts.connect = Duration::from_millis(300);
    options.timeouts.request = Duration::from_secs(2);
    let error = within("the refusal", KafkaLog::connect(options)).await.err().expect("nobody is there");
    assert!(error.is_transient());
    let words = error.to_string();
    assert!(words.contains(&format!("127.0.0.1:{port}")) && words.contains("refused"), "{words}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn settings_that_cannot_be_are_refused_before_anything_is_tried() {
    let with = |change: fn(&mut log_kafka::KafkaOptions)| {
        let mut options = options("127.0.0.1:1");
        change(&mut options);
        options
    };
    for wrong in [
        with(|o| o.brokers.clear()),
        with(|o| o.min_insync_replicas = 2),
        with(|o| o.partitions.orgs = 0),
        with(|o| o.sasl = Some(log_kafka::KafkaCredentials { user: "u".into(), password: "hunter2".into() })),
        with(|o| o.producer.linger = o.timeouts.delivery),
        with(|o| o.tls = Some(log_kafka::KafkaTls { ca: Some("/nowhere.pem".into()), identity: None })),
    ] {
        let error = KafkaLog::connect(wrong).await.err().expect("refused");
        assert!(matches!(error, KafkaOpenError::Options(_)), "{error:?}");
        assert!(!error.to_string().contains("hunter2"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn offsets_of_an_empty_topic_are_known() {
    let Some(broker) = harness::shared().await else { return };
    let log = open(options(&broker.bootstrap)).await;
    let ranges = log.offsets(Topic::Events).await.expect("offsets");
    assert_eq!(ranges.len(), PARTITIONS as usize);
    assert!(ranges.iter().all(|range| range.earliest == range.end && range.end.0 == 0));
}
