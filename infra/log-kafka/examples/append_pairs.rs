//! Measures `linger`: callers (64 unless told), each appending an audit record and then, when that is confirmed, an event, on
//! a real broker that it starts. Rounds of the settings alternate, so that a busy machine is busy for all.
//!
//! `cargo run --release -p log-kafka --example append_pairs [seconds per round] [rounds] [callers]`

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use domain::ports::{EventLog, NewRecord, Topic};
use local_cluster::KafkaBrokers;
use log_kafka::{KafkaLog, KafkaOptions};

/// A verdict's evidence: 1.5 KB of raw answer, sealed, with hashes and headers.
const AUDIT_BYTES: usize = 2_500;

/// An event with a sealed photo of 30,000 bytes and its frame, as the front end's bench has it.
const EVENT_BYTES: usize = 41_600;

const LINGERS_US: [u64; 4] = [0, 500, 1_000, 5_000];

#[tokio::main]
async fn main() {
    let mut arguments = std::env::args().skip(1).map(|text| text.parse().expect("a number"));
    let seconds = arguments.next().unwrap_or(6);
    let rounds = arguments.next().unwrap_or(5);
    let callers = arguments.next().unwrap_or(64) as usize;
    let start = || KafkaBrokers::start(local_cluster::KafkaOptions::default()).expect("Kafka starts");
    let kafka = tokio::task::spawn_blocking(start).await.expect("started");
    let mut logs = Vec::new();
    for linger in LINGERS_US {
        let mut options = KafkaOptions::new(kafka.bootstrap());
        (options.replication_factor, options.min_insync_replicas) = (1, 1);
        options.producer.linger = Duration::from_micros(linger);
        let log = KafkaLog::connect(options).await.expect("connects");
        log.ensure_topics().await.expect("topics");
        logs.push(log);
    }
    round(&logs[0], callers, Duration::from_secs(seconds)).await;
    let mut results: Vec<Vec<(f64, f64, f64)>> = vec![Vec::new(); LINGERS_US.len()];
    for _ in 0..rounds {
        for (log, results) in logs.iter().zip(&mut results) {
            results.push(round(log, callers, Duration::from_secs(seconds)).await);
        }
    }
    println!("| linger | pairs/s | p50 ms | p99 ms |\n|---|---|---|---|");
    for (linger, results) in LINGERS_US.iter().zip(results) {
        let median = |of: fn(&(f64, f64, f64)) -> f64| {
            let mut all: Vec<f64> = results.iter().map(of).collect();
            all.sort_by(f64::total_cmp);
            all[all.len() / 2]
        };
        let (rate, p50, p99) = (median(|r| r.0), median(|r| r.1), median(|r| r.2));
        println!("| {} ms | {rate:.0} | {p50:.2} | {p99:.2} |", *linger as f64 / 1000.0);
    }
}

/// Pairs a second, and the median and 99th percentile of a pair's time in ms.
async fn round(log: &Arc<KafkaLog>, callers: usize, length: Duration) -> (f64, f64, f64) {
    let began = Instant::now();
    let callers = (0..callers).map(|caller| {
        let log = Arc::clone(log);
        tokio::spawn(async move {
            let record = |size: usize, n: usize| NewRecord {
                key: Bytes::from(format!("org_bench/{}", caller * 1_000_003 + n)),
                headers: vec![("ce_id".to_owned(), Bytes::from_static(b"evt_bench"))],
                value: Bytes::from(vec![n as u8; size]),
            };
            let mut times = Vec::new();
            for n in 0.. {
                let pair = Instant::now();
                if pair - began >= length {
                    break;
                }
                log.append(Topic::Audit, record(AUDIT_BYTES, n)).await.expect("appended");
                log.append(Topic::Events, record(EVENT_BYTES, n)).await.expect("appended");
                times.push(pair.elapsed().as_secs_f64() * 1e3);
            }
            times
        })
    });
    let mut times = Vec::new();
    for caller in callers.collect::<Vec<_>>() {
        times.extend(caller.await.expect("no panic"));
    }
    let took = began.elapsed().as_secs_f64();
    times.sort_by(f64::total_cmp);
    let at = |part: f64| times[((times.len() - 1) as f64 * part) as usize];
    (times.len() as f64 / took, at(0.5), at(0.99))
}
