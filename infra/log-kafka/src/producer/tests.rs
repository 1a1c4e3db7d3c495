//! Fatal errors, which only a broker of one's own and librdkafka's test hook can bring about.

use std::time::Duration;

use domain::ports::{EventLog as _, NewRecord, Topic};
use local_cluster::{InstalledTools, KafkaBrokers};

use super::*;
use crate::{KafkaLog, TopicPartitions};

fn record(value: String) -> NewRecord {
    NewRecord { key: "org/one".into(), headers: Vec::new(), value: value.into() }
}

/// Idempotence broke: what was on its way ends without `Ok` or stands where it should, the next append gets a
/// new producer, and again after the shortest time between two.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fatal_error_ends_in_a_new_producer() {
    if let Err(missing) = InstalledTools::available() {
        assert!(std::env::var("CI").as_deref() != Ok("true"), "the Kafka tests cannot run: {missing}");
        eprintln!("NOT RUN: no fatal error was tested here: {missing}");
        return;
    }
    let start = || KafkaBrokers::start(local_cluster::KafkaOptions::default()).expect("Kafka starts");
    let kafka = tokio::task::spawn_blocking(start).await.expect("started");
    let mut options = KafkaOptions::new(kafka.bootstrap());
    (options.replication_factor, options.min_insync_replicas) = (1, 1);
    // The broker has just been started.
    (options.timeouts.request, options.timeouts.delivery) =
        (Duration::from_secs(30), Duration::from_secs(30));
    options.partitions = TopicPartitions { events: 1, audit: 1, outcomes: 1, orgs: 1, dead_letters: 1 };
    let log = KafkaLog::connect(options).await.expect("connects");
    log.ensure_topics().await.expect("topics");
    let mut confirmed = Vec::new();
    for round in 0..2 {
        let first = log.append(Topic::Events, record(format!("{round}/before"))).await.expect("appended");
        confirmed.push(first.source.offset);
        let broken = log.producer().live();
        let on_its_way = log.append(Topic::Events, record(format!("{round}/on its way")));
        tokio::pin!(on_its_way);
        assert!(futures::poll!(&mut on_its_way).is_pending());
        log.producer().raise_fatal_error();
        let in_time = async {
            loop {
                match log.append(Topic::Events, record(format!("{round}/after"))).await {
                    Ok(appended) => return appended,
                    Err(LogError::Unavailable(_)) => tokio::task::yield_now().await,
                    Err(error) => panic!("certainly not appended, not {error}"),
                }
            }
        };
        let after = tokio::time::timeout(Duration::from_secs(60), in_time).await.expect("a new producer");
        assert!(!Arc::ptr_eq(&broken, &log.producer().live()));
        match on_its_way.await {
            Ok(appended) => confirmed.push(appended.source.offset),
            Err(LogError::Unavailable(_) | LogError::Unconfirmed(_)) => {}
            Err(error) => panic!("{error}"),
        }
        confirmed.push(after.source.offset);
    }
    assert!(confirmed.is_sorted(), "{confirmed:?}");
}
