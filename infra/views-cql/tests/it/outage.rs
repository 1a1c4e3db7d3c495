//! A node that stands still, dies and comes back, under one session.

use std::sync::Arc;
use std::time::Duration;

use domain::ports::{Created, KeyRows as _, Projection as _, StoreError, Views as _};
use domain::rows::{Generation, ViewRow};
use local_cluster::{CassandraNode, CassandraOptions, CommitLog};
use testkit::samples::{Samples, TallyCounter, written};
use views_cql::{CqlKeys, CqlOptions, CqlViews};

use crate::{WITHIN, connect, options, tools_missing, until};

const GENERATION: Generation = Generation(1);

/// The node is at hand between two blocking calls.
async fn on<T: Send + 'static>(
    node: CassandraNode,
    act: impl FnOnce(&mut CassandraNode) -> T + Send + 'static,
) -> (CassandraNode, T) {
    let acting = tokio::task::spawn_blocking(move || {
        let mut node = node;
        let done = act(&mut node);
        (node, done)
    });
    acting.await.expect("not cancelled")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_lives_through_a_pause_and_a_kill_and_what_was_confirmed_is_there() {
    if tools_missing() {
        return;
    }
    let durable = CassandraOptions { commit_log: CommitLog::EveryWrite, ..CassandraOptions::default() };
    let node =
        tokio::task::spawn_blocking(|| CassandraNode::start(durable)).await.unwrap().expect("a Cassandra");
    let request_timeout = Duration::from_secs(8);
    let session = connect(CqlOptions { request_timeout, ..options(node.cql_node(), "outage") }).await;
    session.migrate().await.expect("migrated");
    let (views, keys) = (CqlViews::new(Arc::clone(&session)), CqlKeys::new(Arc::clone(&session)));
    let s = Samples::fresh();
    let customer = s.customer(0);
    let state = |n: u64| written(n, ViewRow::State(Box::new(s.state(&customer, n))));
    let row = s.key_row(&customer, 0);
    assert_eq!(keys.create(row.clone()).await, Ok(Created::New));
    views.write(GENERATION, vec![state(1)]).await.expect("written");

    let (node, ()) = on(node, |node| node.pause().expect("paused")).await;
    let asked = async {
        let written = views.write(GENERATION, vec![state(2)]).await;
        assert!(matches!(written, Err(StoreError::Unavailable(_))), "{written:?}");
        let read = views.customer(GENERATION, &customer).await;
        assert!(matches!(read, Err(StoreError::Unavailable(_))), "{read:?}");
        let other = keys.create(s.key_row(&s.customer(1), 1)).await;
        assert!(matches!(other, Err(StoreError::Unavailable(_))), "{other:?}");
    };
    tokio::time::timeout(WITHIN, asked).await.expect("an answer, and not a hang");
    let (node, ()) = on(node, |node| node.resume().expect("resumed")).await;
    until("it writes again", async || views.write(GENERATION, vec![state(3)]).await.ok()).await;
    // What was asked during the pause may have happened or not; asked again it is ours.
    let again =
        until("it creates again", async || keys.create(s.key_row(&s.customer(1), 1)).await.ok()).await;
    assert_eq!(again, Created::New);

    let verifications: Vec<_> = (10..60).map(|n| s.verification(&customer, n)).collect();
    let writes = TallyCounter::default().writes(&verifications);
    until("the batch is written", async || views.write(GENERATION, writes.clone()).await.ok()).await;
    assert_eq!(keys.activate(&customer).await, Ok(true));
    let (node, ()) = on(node, |node| node.kill().expect("killed")).await;
    let gone = views.write(GENERATION, vec![state(4)]).await;
    assert!(matches!(gone, Err(StoreError::Unavailable(_))), "{gone:?}");
    let (_node, ()) = on(node, |node| node.restart().expect("restarted")).await;

    let found = until("it reads again", async || views.customer(GENERATION, &customer).await.ok()).await;
    assert!(found.is_some_and(|state| state.as_of.offset.0 >= 3), "a confirmed state was lost");
    for row in &verifications {
        let found =
            until("it reads", async || views.verification(GENERATION, &customer.org, &row.id).await.ok());
        assert_eq!(found.await.expect("confirmed").0.row, *row);
    }
    let found = until("it reads keys", async || keys.get(&customer).await.ok()).await.expect("confirmed");
    assert_eq!(found.keys, row.keys);
    assert_eq!(found.state, domain::ports::KeyRowState::Active);
}
