//! A broker that is killed, frozen and started again under load.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use domain::event::{Offset, Partition, Source};
use domain::ports::{EventLog, LogError, Topic};
use futures::FutureExt as _;
use local_cluster::{KafkaBrokers, KafkaOptions as ClusterOptions};
use log_kafka::{KafkaLog, KafkaOpenError, KafkaOptions};

use crate::groups::{Known, poll_until};
use crate::harness::{
    Outage, PARTITIONS, PATIENCE, bounds, can_run, everything, open, options, record, text, until, within,
};

const CALLERS: usize = 16;
const DELIVERY: Duration = Duration::from_secs(2);

/// Settings under which failures come soon. The topics are made first, without hurry.
async fn short(outage: &Outage) -> KafkaOptions {
    let mut options = options(&outage.bootstrap());
    open(options.clone()).await;
    options.timeouts.delivery = DELIVERY;
    options.timeouts.request = 4 * DELIVERY;
    options
}

fn starts() -> Vec<(Partition, Offset)> {
    (0..PARTITIONS).map(|p| (Partition(p), Offset(0))).collect()
}

/// Callers that append one after the other until told to stop.
struct Load {
    stop: Arc<AtomicBool>,
    confirmed: Arc<AtomicUsize>,
    failed: Arc<AtomicUsize>,
    callers: Vec<tokio::task::JoinHandle<Vec<(String, Source)>>>,
}

impl Load {
    /// `delivery` is the log's; an append ends soon after it, on a busy machine too.
    fn start(log: &Arc<KafkaLog>, delivery: Duration) -> Self {
        let deadline = delivery + Duration::from_secs(10);
        let (stop, confirmed, failed) = Default::default();
        let mut load = Self { stop, confirmed, failed, callers: Vec::new() };
        for caller in 0..CALLERS {
            let (log, stop) = (Arc::clone(log), Arc::clone(&load.stop));
            let (confirmed, failed) = (Arc::clone(&load.confirmed), Arc::clone(&load.failed));
            load.callers.push(tokio::spawn(async move {
                let mut written = Vec::new();
                for n in 0.. {
                    if stop.load(Ordering::Relaxed) {
                        break;
                    }
                    let value = format!("{caller}/{n}");
                    let append = log.append(Topic::Events, record(&format!("org/{caller}"), value.clone()));
                    match tokio::time::timeout(deadline, append).await {
                        Ok(Ok(appended)) => {
                            written.push((value, appended.source));
                            confirmed.fetch_add(1, Ordering::Relaxed);
                        }
                        Ok(Err(LogError::Unavailable(_) | LogError::Unconfirmed(_))) => {
                            failed.fetch_add(1, Ordering::Relaxed);
                        }
                        Ok(Err(error)) => panic!("{error}"),
                        Err(_) => panic!("an append hangs"),
                    }
                }
                written
            }));
        }
        load
    }

    /// Waits until so many more appends were confirmed, or failed.
    async fn more(count: &AtomicUsize, what: &str) {
        let wanted = count.load(Ordering::Relaxed) + 5 * CALLERS;
        until(what, async || (count.load(Ordering::Relaxed) >= wanted).then_some(())).await;
    }

    async fn end(self) -> HashMap<Source, String> {
        self.stop.store(true, Ordering::Relaxed);
        let mut all = HashMap::new();
        for caller in self.callers {
            let written = within("a caller ends", caller).await.expect("no panic");
            all.extend(written.into_iter().map(|(value, source)| (source, value)));
        }
        all
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_that_is_killed_under_load_loses_nothing_that_was_confirmed() {
    let Some(outage) = Outage::take().await else { return };
    let log = KafkaLog::connect(short(&outage).await).await.expect("connects");
    let mut follower = log.follow(Topic::Events, starts()).await.expect("follows");
    let mut member = log.join(Topic::Events, "group", Known::at(starts())).await.expect("joins");
    poll_until(member.as_mut(), |seat| seat.has.len() == PARTITIONS as usize).await;
    let load = Load::start(&log, DELIVERY);
    Load::more(&load.confirmed, "the load runs").await;

    outage.kill().await;
    Load::more(&load.failed, "appends fail").await;
    let mut followed = match follower.next(bounds(Duration::ZERO)).await {
        Ok(records) => records,
        Err(LogError::Unavailable(_)) => Vec::new(),
        Err(error) => panic!("{error}"),
    };
    let stale = follower.current_at();
    assert!(matches!(log.offsets(Topic::Events).await, Err(LogError::Unavailable(_))));
    assert_eq!(follower.current_at(), stale, "nobody is current while the log cannot be asked");

    outage.restart().await;
    Load::more(&load.confirmed, "the same log goes on").await;
    let confirmed = load.end().await;

    let stored = everything(&log, Topic::Events).await;
    let mut places: HashMap<Source, String> = HashMap::new();
    let mut values: HashMap<String, u32> = HashMap::new();
    for record in &stored {
        places.insert(record.source, text(record));
        *values.entry(text(record)).or_default() += 1;
    }
    for (source, value) in &confirmed {
        assert_eq!(places.get(source), Some(value), "confirmed, so it is there");
        assert_eq!(values[value], 1, "and only once");
    }

    let began = Instant::now();
    while followed.len() < stored.len() {
        assert!(
            began.elapsed() < PATIENCE,
            "the follower gets all of it: {} of {}",
            followed.len(),
            stored.len()
        );
        match follower.next(bounds(Duration::from_millis(200))).await {
            Ok(records) => followed.extend(records),
            // It says once that the brokers were away.
            Err(LogError::Unavailable(_)) => {}
            Err(error) => panic!("{error}"),
        }
    }
    assert!(followed.iter().all(|record| places[&record.source] == text(record)));
    while follower.current_at() <= stale {
        assert!(began.elapsed() < PATIENCE, "it becomes current again");
        assert_eq!(follower.next(bounds(Duration::from_millis(50))).await.expect("next"), []);
    }
    let mut seen = 0;
    while seen < stored.len() {
        assert!(began.elapsed() < 2 * PATIENCE, "the member gets all of it");
        seen += member.poll(bounds(Duration::from_millis(200))).await.map_or(0, |p| p.records.len());
    }
    assert_eq!(seen, stored.len(), "each once");
}

/// Three copies, two of which must have a record: one broker may vanish under load, and no append fails.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_broker_of_three_may_vanish() {
    if !can_run() {
        return;
    }
    let start = || KafkaBrokers::start(ClusterOptions { brokers: 3, ..ClusterOptions::default() });
    let started = tokio::task::spawn_blocking(start).await.expect("no panic").expect("Kafka starts");
    let mut options = options(&started.bootstrap());
    (options.replication_factor, options.min_insync_replicas) = (3, 2);
    // A session's end, an election and a broker's start are within it, on two cores with other tests' brokers.
    options.timeouts.delivery = Duration::from_secs(75);
    let delivery = options.timeouts.delivery;
    let log = open(options).await;
    let load = Load::start(&log, delivery);
    Load::more(&load.confirmed, "the load runs").await;
    let (failed, mut kafka) = (Arc::clone(&load.failed), started);
    // The one with the lowest id, which is asked for descriptions first.
    let kill = move || kafka.kill(0).map(|()| kafka);
    let mut kafka = tokio::task::spawn_blocking(kill).await.expect("no panic").expect("killed");
    Load::more(&load.confirmed, "the others go on").await;
    // Past the moment at which the killed one's partitions have a new leader.
    let partitions = everything(&log, Topic::Events).await;
    Load::more(&load.confirmed, "and on").await;
    let restart = move || kafka.restart(0).map(|()| kafka);
    let kafka = tokio::task::spawn_blocking(restart).await.expect("no panic").expect("restarted");
    Load::more(&load.confirmed, "and on with three").await;
    let confirmed = load.end().await;
    assert_eq!(failed.load(Ordering::Relaxed), 0);
    let stored = everything(&log, Topic::Events).await;
    assert!(stored.len() == confirmed.len() && stored.len() > partitions.len());
    assert!(stored.iter().all(|record| confirmed.get(&record.source) == Some(&text(record))));
    tokio::task::spawn_blocking(move || drop(kafka)).await.expect("stopped");
}

/// Sockets open, nobody answers: no append hangs, and one too many is refused at once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_frozen_broker_and_a_full_queue() {
    let Some(outage) = Outage::take().await else { return };
    let mut options = short(&outage).await;
    options.producer.queue_records_max = 8;
    let log = KafkaLog::connect(options.clone()).await.expect("connects");
    let appends = async |value: &'static str| log.append(Topic::Events, record("org/one", value)).await.ok();
    until("the log takes a record", async || appends("before").await).await;

    outage.pause().await;
    let mut waiting = Vec::new();
    for n in 0..8 {
        let mut append = Box::pin(log.append(Topic::Events, record("org/one", format!("{n}"))));
        assert!(append.as_mut().now_or_never().is_none(), "queued, and waiting");
        waiting.push(append);
    }
    // Polled once: it is there at once or it would have waited.
    match log.append(Topic::Events, record("org/one", "one too many")).now_or_never() {
        Some(Err(LogError::Unavailable(words))) => assert!(words.contains("full"), "{words}"),
        other => panic!("refused at once, not {other:?}"),
    }
    for append in waiting {
        match within("the append ends", append).await {
            Err(LogError::Unavailable(_) | LogError::Unconfirmed(_)) => {}
            other => panic!("not confirmed, not {other:?}"),
        }
    }
    let mut at_start = options;
    at_start.timeouts.connect = Duration::from_millis(500);
    let error = within("the refusal", KafkaLog::connect(at_start)).await.err().expect("nobody answers");
    assert!(matches!(error, KafkaOpenError::Unreachable { .. }), "{error}");

    outage.resume().await;
    until("the same log goes on", async || log.append(Topic::Events, record("org/one", "after")).await.ok())
        .await;
}
