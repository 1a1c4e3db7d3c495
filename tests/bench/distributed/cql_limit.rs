//! The limit of the back: the bare driver makes three prepared INSERTs a message, each of the size of a row of
//! the read model, at the number in flight that is best for it.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use anyhow::Result;
use futures::future::try_join_all;
use scylla::client::session::Session;
use scylla::client::session_builder::SessionBuilder;
use scylla::statement::prepared::PreparedStatement;

/// Messages in flight that are tried: more than two cores can serve makes it slower.
const TRIED: [usize; 4] = [16, 32, 64, 128];

/// Bytes of a row beside its key, about what verification, enrolment and state have.
const ROW_BYTES: usize = 400;

/// The best of what was tried.
pub(crate) struct Best {
    pub(crate) in_flight: usize,
    /// Rows per second.
    pub(crate) rows: f64,
}

/// Tries each concurrency for its share of the window.
pub(crate) async fn best(node: &str, window: Duration) -> Result<Best> {
    let session = SessionBuilder::new().known_node(node).build().await?;
    let replication = "{'class': 'NetworkTopologyStrategy', 'replication_factor': 1}";
    session
        .query_unpaged(format!("CREATE KEYSPACE IF NOT EXISTS bench WITH replication = {replication}"), &[])
        .await?;
    let mut inserts = Vec::new();
    for table in ["one", "two", "three"] {
        let create = format!("CREATE TABLE IF NOT EXISTS bench.{table} (id bigint PRIMARY KEY, cell blob)");
        session.query_unpaged(create, &[]).await?;
        let mut insert =
            session.prepare(format!("INSERT INTO bench.{table} (id, cell) VALUES (?, ?)")).await?;
        insert.set_is_idempotent(true);
        inserts.push(insert);
    }
    let next = AtomicI64::new(0);
    let mut best = Best { in_flight: 0, rows: 0.0 };
    for in_flight in TRIED {
        let rows = pace(&session, &inserts, &next, in_flight, window / TRIED.len() as u32).await?;
        if rows > best.rows {
            best = Best { in_flight, rows };
        }
    }
    Ok(best)
}

async fn pace(
    session: &Session,
    inserts: &[PreparedStatement],
    next: &AtomicI64,
    in_flight: usize,
    window: Duration,
) -> Result<f64> {
    let began = Instant::now();
    let cell = vec![7_u8; ROW_BYTES];
    let tasks = (0..in_flight).map(|_| async {
        let mut rows = 0_u64;
        while began.elapsed() < window {
            let id = next.fetch_add(1, Ordering::Relaxed);
            try_join_all(inserts.iter().map(|insert| session.execute_unpaged(insert, (id, &cell)))).await?;
            rows += inserts.len() as u64;
        }
        anyhow::Ok(rows)
    });
    let rows: u64 = try_join_all(tasks).await?.into_iter().sum();
    Ok(rows as f64 / began.elapsed().as_secs_f64())
}
