//! Rows a second of `Projection::write` with batches of 500 verdicts, beside the bare driver making the same
//! number of prepared three-cell writes of 400 bytes, in one run on one Cassandra. For
//! docs/decisions/0006-cql.md: `cargo run --release -p views-cql --example write_rate`.
#![allow(clippy::unwrap_used, reason = "a measurement ends at the first trouble")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use domain::ports::Projection as _;
use domain::rows::{Generation, ViewRow, ViewWrite};
use futures::stream::{self, StreamExt as _};
use local_cluster::{CassandraNode, CassandraOptions};
use scylla::client::session_builder::SessionBuilder;
use testkit::samples::{Samples, TallyCounter, written};
use views_cql::{CqlOptions, CqlSession, CqlViews, KeyspaceReplication};

const BATCH: u64 = 500;
/// As many log partitions write side by side.
const PARTITIONS: u64 = 4;
const RUN_FOR: Duration = Duration::from_secs(8);
const ROUNDS: usize = 3;

fn main() {
    let node = CassandraNode::start(CassandraOptions::default()).unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(measure(&node.cql_node()));
}

async fn measure(node: &str) {
    bare_table(node).await;
    // Both sides once, unmeasured: the JVM compiles what it is made to do often.
    bare(node, 192).await;
    projection(node, "warm", 128).await;
    for round in 0..ROUNDS {
        for at_once in [64, 192, 384] {
            let rows = bare(node, at_once).await;
            println!("bare driver, {at_once} statements in flight: {rows:.0} rows/s");
        }
        for at_once in [32, 64, 128, 256] {
            let keyspace = format!("rate_{round}_{at_once}");
            let (rows, verdicts) = projection(node, &keyspace, at_once).await;
            println!(
                "Projection::write, {at_once} requests in flight: {rows:.0} rows/s, {verdicts:.0} verdicts/s"
            );
        }
    }
}

async fn bare_table(node: &str) {
    let session = SessionBuilder::new().known_node(node).build().await.unwrap();
    for text in [
        "CREATE KEYSPACE bare WITH replication = {'class': 'NetworkTopologyStrategy', 'replication_factor': 1}",
        "CREATE TABLE bare.rows (a text, b text, body blob, PRIMARY KEY ((a, b)))",
    ] {
        session.query_unpaged(text, ()).await.unwrap();
    }
}

/// Rows a second of one INSERT each.
async fn bare(node: &str, at_once: usize) -> f64 {
    let session = SessionBuilder::new().known_node(node).build().await.unwrap();
    let mut insert = session
        .prepare("INSERT INTO bare.rows (a, b, body) VALUES (?, ?, ?) USING TIMESTAMP ?")
        .await
        .unwrap();
    insert.set_is_idempotent(true);
    insert.set_consistency(scylla::statement::Consistency::LocalQuorum);
    let (session, insert) = (Arc::new(session), Arc::new(insert));
    let since = Instant::now();
    let (body, org) = (vec![7_u8; 340], "org_00000000000000000000000000");
    let tasks = (0..PARTITIONS).map(|task| {
        let (session, insert, body) = (Arc::clone(&session), Arc::clone(&insert), body.clone());
        tokio::spawn(async move {
            let numbers = (0_u64..).take_while(|_| since.elapsed() < RUN_FOR);
            let (session, insert, body) = (&session, &insert, &body);
            stream::iter(numbers)
                .map(|n| async move {
                    let id = format!("cus_{task:04}{n:022}");
                    session.execute_unpaged(insert, (org, &id, body, n as i64)).await.unwrap();
                })
                .buffer_unordered(at_once / PARTITIONS as usize)
                .count()
                .await
        })
    });
    let mut rows = 0;
    for task in tasks.collect::<Vec<_>>() {
        rows += task.await.unwrap();
    }
    rows as f64 / since.elapsed().as_secs_f64()
}

/// What a projector writes for verdicts `from` up to `from + BATCH`: event rows, then states and counts.
fn batch(s: &Samples, counted: &mut TallyCounter, from: u64) -> (Vec<ViewWrite>, Vec<ViewWrite>, u64) {
    let numbers = from..from + BATCH;
    let rows: Vec<_> = numbers.clone().map(|n| s.verification(&s.customer(n), 2 * n)).collect();
    let (mut events, mut then): (Vec<_>, Vec<_>) =
        counted.writes(&rows).into_iter().partition(|write| matches!(write.row, ViewRow::Verification(_)));
    for n in numbers {
        let customer = s.customer(n);
        events.push(written(2 * n, ViewRow::Enrolment(s.enrolment(&customer, 2 * n))));
        events.push(written(2 * n, ViewRow::TierEvent(s.tier_event(&customer, 2 * n))));
        then.push(written(2 * n, ViewRow::State(Box::new(s.state(&customer, 2 * n)))));
    }
    // Rows of tables: three of a verification, its enrolment, its tier change, its state; and the counts.
    let counts = then.len() as u64 - BATCH;
    (events, then, 6 * BATCH + counts + 1)
}

/// Rows and verdicts a second.
async fn projection(node: &str, keyspace: &str, concurrency: usize) -> (f64, f64) {
    let options = CqlOptions {
        replication: KeyspaceReplication::Factor(1),
        concurrency,
        ..CqlOptions::new(vec![node.to_owned()], keyspace)
    };
    let session = CqlSession::connect(options).await.unwrap();
    session.migrate().await.unwrap();
    let views = Arc::new(CqlViews::new(session));
    let since = Instant::now();
    let tasks = (0..PARTITIONS).map(|partition| {
        let views = Arc::clone(&views);
        tokio::spawn(async move {
            let s = Samples::new(partition);
            let mut counted = TallyCounter::default();
            let (mut rows, mut verdicts, mut spent) = (0, 0, Duration::ZERO);
            while since.elapsed() < RUN_FOR {
                let making = Instant::now();
                let (events, then, n) = batch(&s, &mut counted, verdicts);
                spent += making.elapsed();
                views.write(Generation(1), events).await.unwrap();
                views.write(Generation(1), then).await.unwrap();
                (rows, verdicts) = (rows + n, verdicts + BATCH);
            }
            (rows, verdicts, spent)
        })
    });
    let (mut rows, mut verdicts, mut making) = (0, 0, Duration::ZERO);
    for task in tasks.collect::<Vec<_>>() {
        let (r, v, m) = task.await.unwrap();
        (rows, verdicts, making) = (rows + r, verdicts + v, making + m);
    }
    println!("  (making the samples took {:.1} s of CPU)", making.as_secs_f64());
    let seconds = since.elapsed().as_secs_f64();
    (rows as f64 / seconds, verdicts as f64 / seconds)
}
