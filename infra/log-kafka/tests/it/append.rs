//! Appends beyond the contract suite: order of first polls, the broker's time, limits, topics that are missing.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use domain::limits::RECORD_BYTES_MAX;
use domain::ports::{EventLog, LogError, Topic};
use futures::future::join_all;
use log_kafka::KafkaLog;

use crate::harness::{self, bounds, open, options, record, text};

/// Many appends of one task that are polled for the first time one after the other, none awaited in between.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_order_of_first_polls_is_the_order_in_the_log() {
    let Some(broker) = harness::shared().await else { return };
    let log = open(options(&broker.bootstrap)).await;
    let appends = (0..500).map(|n| log.append(Topic::Events, record("org/one", format!("{n}"))));
    let appended = join_all(appends).await;
    let offsets: Vec<_> =
        appended.into_iter().map(|appended| appended.expect("appended").source.offset).collect();
    assert!(offsets.is_sorted() && offsets.windows(2).all(|pair| pair[0] < pair[1]));
    let all = harness::everything(&log, Topic::Events).await;
    assert_eq!(all.iter().map(text).collect::<Vec<_>>(), (0..500).map(|n| n.to_string()).collect::<Vec<_>>());
}

/// LogAppendTime comes back with the confirmation, and is what readers see.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_confirmation_carries_the_brokers_time() {
    let Some(broker) = harness::shared().await else { return };
    let log = open(options(&broker.bootstrap)).await;
    let now = || SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_millis() as i64;
    let before = now();
    let appended = log.append(Topic::Audit, record("org/one", "x")).await.expect("appended");
    let ms = appended.appended_at.millis();
    // The broker has this machine's clock.
    assert!(before <= ms && ms <= now(), "{before} <= {ms}");
    let source = appended.source;
    let found =
        log.read(Topic::Audit, source.partition, source.offset, bounds(Duration::ZERO)).await.expect("read");
    assert_eq!((found[0].source, found[0].appended_at), (source, appended.appended_at));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_largest_record_fits_and_headers_count() {
    let Some(broker) = harness::shared().await else { return };
    let log = open(options(&broker.bootstrap)).await;
    let key = "org/one";
    let mut largest = record(key, Vec::new());
    let frame = key.len() + "ce_id".len() + "evt_test".len();
    largest.value = Bytes::from(vec![1; RECORD_BYTES_MAX - frame]);
    let appended = log.append(Topic::Events, largest.clone()).await.expect("fits");
    let source = appended.source;
    let found = log.read(Topic::Events, source.partition, source.offset, bounds(Duration::ZERO)).await;
    assert_eq!(found.expect("read")[0].size(), RECORD_BYTES_MAX);
    largest.headers.push(("x".to_owned(), Bytes::new()));
    match log.append(Topic::Events, largest).await {
        Err(LogError::TooLarge { size, max }) => assert_eq!((size, max), (RECORD_BYTES_MAX + 1, max)),
        other => panic!("too large, not {other:?}"),
    }
}

/// Nobody made the topics: certainly not appended, and said in time.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_missing_topic_is_unavailable() {
    let Some(broker) = harness::shared().await else { return };
    let mut options = options(&broker.bootstrap);
    options.timeouts.delivery = Duration::from_secs(1);
    let log = KafkaLog::connect(options).await.expect("connects");
    for error in [
        log.append(Topic::Events, record("org/one", "x")).await.map(drop),
        log.describe(Topic::Events).await.map(drop),
        log.follow(Topic::Events, Vec::new()).await.map(drop),
    ] {
        assert!(matches!(error, Err(LogError::Unavailable(_))), "{error:?}");
    }
}

/// librdkafka's numbers, under our names.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn statistics_become_metrics() {
    let Some(broker) = harness::shared().await else { return };
    let metrics =
        metrics_exporter_prometheus::PrometheusBuilder::new().install_recorder().expect("the first");
    let mut options = options(&broker.bootstrap);
    options.statistics_every = Duration::from_millis(100);
    let log = open(options).await;
    let wanted = [
        r#"identity_kafka_queue_records{role="producer"} 0"#,
        r#"identity_kafka_queue_bytes_max{role="producer"} 134217728"#,
        r#"identity_kafka_broker_up{role="producer",broker="1"} 1"#,
        r#"identity_kafka_rtt_p99_seconds{role="producer",broker="1"} 0."#,
        r#"identity_kafka_send_errors_total{role="producer",broker="1"} 0"#,
        r#"identity_kafka_sent_bytes_total{role="producer",broker="1"} "#,
    ];
    harness::until("all are there", async || {
        log.append(Topic::Outcomes, record("org/one", "x")).await.expect("appended");
        let shown = metrics.render();
        wanted.iter().all(|line| shown.contains(line)).then_some(())
    })
    .await;
}
