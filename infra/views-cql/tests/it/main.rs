//! The CQL adapters on a real Cassandra. Here: the servers the tests share. In the modules: the contract
//! suites, the schema, lists against an oracle, outages, and who may connect.
//!
//! Without a JDK and Maven every test says so on the error stream and passes; under `CI=true` it fails
//! instead, so that a gate cannot go green by running nothing.
#![allow(missing_docs, clippy::unwrap_used, reason = "a test may panic; it has no readers but its own")]

mod access;
mod batches;
mod certificates;
mod generations;
mod lists;
mod outage;
mod released_rows;
mod schema;
mod suites;

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use local_cluster::{Cassandra, CassandraOptions, Tools};
use tokio::runtime::Runtime;
use views_cql::{CqlOptions, CqlSession, Replication};

/// Reason for its length: a node is back within seconds, and the machine may be busy.
const WITHIN: Duration = Duration::from_secs(90);

/// Sessions live on a runtime of their own: each test has another, which ends with it.
static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().expect("a runtime"));

/// One node for all tests that do not hurt it. It goes when this process does.
static SHARED: LazyLock<Cassandra> =
    LazyLock::new(|| Cassandra::start(CassandraOptions::default()).expect("a Cassandra"));

/// Whether this machine cannot run a Cassandra.
fn tools_missing() -> bool {
    let Err(why) = Tools::available() else { return false };
    assert!(std::env::var("CI").as_deref() != Ok("true"), "under CI the servers must be there: {why}");
    eprintln!("SKIPPED, NOTHING WAS TESTED: {why}");
    true
}

/// Runs on the runtime that outlives every test.
async fn lasting<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> T {
    RUNTIME.spawn(work).await.expect("not cancelled")
}

/// Settings for a keyspace that no other test has.
fn options(node: String, name: &str) -> CqlOptions {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let keyspace = format!("{name}_{}", NUMBER.fetch_add(1, Ordering::Relaxed));
    CqlOptions {
        replication: Replication::Factor(1),
        // All tests share a node, which shares two cores with them.
        request_timeout: Duration::from_secs(30),
        connect_timeout: Duration::from_secs(15),
        ..CqlOptions::new(vec![node], keyspace)
    }
}

/// Settings for the shared node.
async fn shared(name: &'static str) -> CqlOptions {
    tokio::task::spawn_blocking(move || options(SHARED.cql_node(), name)).await.expect("started")
}

async fn connect(options: CqlOptions) -> Arc<CqlSession> {
    lasting(CqlSession::connect(options)).await.expect("connected")
}

/// A session with a keyspace of its own on the shared node.
async fn migrated(name: &'static str) -> Arc<CqlSession> {
    let session = connect(shared(name).await).await;
    session.migrate().await.expect("migrated");
    session
}

/// Asks again and again until it is so.
async fn until<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + WITHIN;
    loop {
        if let Some(found) = ask().await {
            return found;
        }
        assert!(Instant::now() < deadline, "not within {WITHIN:?}: {what}");
        tokio::task::yield_now().await;
    }
}
