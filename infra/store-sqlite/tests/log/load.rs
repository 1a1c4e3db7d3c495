//! Under load: the bounded queue, and one group's members.

use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use async_trait::async_trait;
use domain::event::{Offset, Partition};
use domain::ports::{EventLog as _, LogError, StartPositions, Topic, TopicDescription};

use super::{PARTITIONS, bounds, everything, open, raw, record};

#[tokio::test]
async fn a_full_queue_is_refused_at_once_and_nothing_that_was_taken_is_lost() {
    let folder = tempfile::tempdir().expect("a folder");
    let log = open(folder.path());
    // Another program holds the write lock, so the writer waits with its first group.
    let other = raw(folder.path());
    other.execute_batch("BEGIN IMMEDIATE").expect("locked");
    let mut taken = Vec::new();
    let refused = loop {
        let mut append = Box::pin(log.append(Topic::Events, record(&format!("org/{}", taken.len()), "x")));
        match append.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Pending => taken.push(append),
            Poll::Ready(refused) => break refused,
        }
        assert!(taken.len() < 10_000, "the queue has a bound");
    };
    assert!(
        matches!(&refused, Err(LogError::Unavailable(words)) if words.contains("waiting")),
        "{refused:?}"
    );
    other.execute_batch("ROLLBACK").expect("let go");
    let count = taken.len();
    for append in taken {
        append.await.expect("appended");
    }
    assert_eq!(everything(&log, Topic::Events).await.len(), count);
}

/// Everything from the beginning.
struct FromTheStart;

#[async_trait]
impl StartPositions for FromTheStart {
    async fn start_positions(
        &self,
        _: &TopicDescription,
        partitions: &[Partition],
    ) -> Result<Vec<Offset>, LogError> {
        Ok(vec![Offset(0); partitions.len()])
    }
}

#[tokio::test]
async fn the_first_member_has_everything_until_it_leaves() {
    let folder = tempfile::tempdir().expect("a folder");
    let log = open(folder.path());
    log.append(Topic::Events, record("org/a", "x")).await.expect("appended");
    let join = || log.join(Topic::Events, "projector", Arc::new(FromTheStart));
    let (mut first, mut second) = (join().await.expect("joins"), join().await.expect("joins"));
    let polled = first.poll(bounds(Duration::ZERO)).await.expect("polls");
    assert_eq!(polled.assigned, (0..PARTITIONS).map(Partition).collect::<Vec<_>>());
    assert_eq!(polled.records.len(), 1);
    let polled = second.poll(bounds(Duration::ZERO)).await.expect("polls");
    assert!(polled.assigned.is_empty() && polled.records.is_empty());
    first.report(&[(Partition(1), Offset(7)), (Partition(0), Offset(3))]).await.expect("reports");
    let reported = [(Partition(0), Offset(3)), (Partition(1), Offset(7))];
    assert_eq!(log.reported(Topic::Events, "projector"), reported);
    assert_eq!(log.reported(Topic::Events, "another"), []);
    // A waiting member is woken by the other's leaving, not by its own deadline.
    let waiting = tokio::spawn(async move { second.poll(bounds(10 * super::PATIENCE)).await });
    first.leave().await.expect("leaves");
    assert!(first.poll(bounds(Duration::ZERO)).await.is_err());
    let polled = tokio::time::timeout(super::PATIENCE, waiting).await.expect("woken").expect("no panic");
    assert_eq!(polled.expect("polls").assigned.len(), PARTITIONS as usize);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_grows_for_long_gives_its_wal_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let log = open(folder.path());
    // Five times what a checkpoint is made at, while a follower reads along.
    let from = (0..PARTITIONS).map(|partition| (Partition(partition), Offset(0))).collect();
    let mut follower = log.follow(Topic::Events, from).await.expect("follows");
    let reader = tokio::spawn(async move {
        let mut read = 0;
        while read < 80 {
            read += follower.next(bounds(super::PATIENCE)).await.expect("next").len();
        }
        read
    });
    for n in 0..80 {
        log.append(Topic::Events, record(&format!("org/{n}"), vec![n as u8; 1024 * 1024]))
            .await
            .expect("appended");
    }
    assert_eq!(reader.await.expect("no panic"), 80);
    let wal = std::fs::metadata(folder.path().join("log.sqlite-wal")).expect("there").len();
    assert!(wal < 64 * 1024 * 1024, "{wal} bytes of WAL");
}
