//! Other processes: killed at any moment, appending at the same time, on a full disk.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use domain::event::Source;
use domain::ports::{EventLog as _, StoredRecord, Topic};
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use super::child::{Confirmed, Running, name_of, value_of};
use super::{PATIENCE, append_in_the_end, assert_dense, bounds, everything, open, record};

/// Kills of the crash test.
const ROUNDS: u64 = 8;

/// Fixed: how many appends each child may confirm before it is killed follows from it.
const SEED: u64 = 20_261_123;

/// Each confirmed append is where it was said to be, byte for byte, and no record is there twice.
async fn assert_all_there(dir: &Path, confirmed: &[Confirmed]) {
    let log = open(dir);
    for topic in [Topic::Events, Topic::Audit] {
        let stored = everything(&log, topic).await;
        assert_dense(&stored);
        let mut names: HashMap<String, Source> = HashMap::new();
        for record in &stored {
            let value = record.value.as_deref().expect("a value");
            let name = name_of(value);
            let n = name.rsplit('-').next().and_then(|n| n.parse().ok()).expect("a number");
            assert!(value == value_of(&name, n), "{name} is whole");
            assert_eq!(names.insert(name, record.source), None, "once");
        }
        for one in confirmed.iter().filter(|one| one.topic == topic) {
            assert_eq!(names.get(&one.name), Some(&one.source), "{}", one.name);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_confirmed_survives_kill_9_at_any_moment() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut random = ChaCha8Rng::seed_from_u64(SEED);
    let mut confirmed = Vec::new();
    for round in 0..ROUNDS {
        let mut child = Running::start("append", folder.path(), &format!("round{round}"), None);
        for _ in 0..random.random_range(0..200) {
            confirmed.push(child.confirmed().expect("it goes on until it is killed"));
        }
        child.process.kill().expect("killed");
        child.process.wait().expect("dead");
        // What it said before it died is promised as well.
        confirmed.extend(std::iter::from_fn(|| child.confirmed()));
        assert_all_there(folder.path(), &confirmed).await;
    }
    assert!(confirmed.len() > 100, "{} appends were confirmed", confirmed.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_append_at_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let log = open(folder.path());
    let child = Running::start("append", folder.path(), "child", Some(200));
    let mut confirmed = Vec::new();
    for n in 0..200 {
        let name = format!("parent-{n}");
        let topic = [Topic::Events, Topic::Audit][(n % 2) as usize];
        let new = record(&format!("org/{}", n % 17), value_of(&name, n));
        let source = append_in_the_end(&log, topic, new).await.expect("appended").source;
        confirmed.push(Confirmed { topic, source, name });
    }
    confirmed.extend(tokio::task::spawn_blocking(|| child.finish()).await.expect("no panic"));
    assert_eq!(confirmed.len(), 400);
    assert_all_there(folder.path(), &confirmed).await;
}

/// Its own process's appends come to a follower from memory, the other's from the file: none twice, none never.
#[tokio::test(flavor = "multi_thread")]
async fn a_follower_misses_nothing_of_two_processes_appends() {
    let folder = tempfile::tempdir().expect("a folder");
    let log = open(folder.path());
    let from = log.offsets(Topic::Events).await.expect("offsets");
    let from = from.into_iter().map(|range| (range.partition, range.end)).collect();
    let mut follower = log.follow(Topic::Events, from).await.expect("follows");
    let child = Running::start("append", folder.path(), "child", Some(400));
    let ours = {
        let log = Arc::clone(&log);
        tokio::spawn(async move {
            for n in 0..200 {
                let new = record(&format!("org/{}", n % 17), vec![b'x'; 2_000]);
                append_in_the_end(&log, Topic::Events, new).await.expect("appended");
            }
        })
    };
    // Half of the child's are evidence.
    let mut found: Vec<StoredRecord> = Vec::new();
    let began = Instant::now();
    while found.len() < 400 {
        assert!(began.elapsed() < PATIENCE, "{} of 400 records in all this time", found.len());
        found.extend(follower.next(bounds(Duration::from_secs(1))).await.expect("next"));
    }
    ours.await.expect("no panic");
    tokio::task::spawn_blocking(|| child.finish()).await.expect("no panic");
    assert_eq!(follower.next(bounds(Duration::ZERO)).await, Ok(Vec::new()));
    assert_dense(&found);
    found.sort_by_key(|record| record.source);
    assert_eq!(found, everything(&log, Topic::Events).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_processs_append_is_noticed() {
    let folder = tempfile::tempdir().expect("a folder");
    let log = open(folder.path());
    let from = log.offsets(Topic::Events).await.expect("offsets");
    let from = from.into_iter().map(|range| (range.partition, range.end)).collect();
    let mut follower = log.follow(Topic::Events, from).await.expect("follows");
    // Far longer than the test's patience: only the other process can end it in time.
    let waiting = tokio::spawn(async move { follower.next(bounds(10 * PATIENCE)).await });
    let child = Running::start("append", folder.path(), "child", Some(1));
    let confirmed = tokio::task::spawn_blocking(|| child.finish()).await.expect("no panic");
    let found =
        tokio::time::timeout(PATIENCE, waiting).await.expect("noticed").expect("no panic").expect("next");
    assert_eq!(found.iter().map(|r| r.source).collect::<Vec<_>>(), [confirmed[0].source]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_refuses_appends_and_takes_them_again_when_there_is_room() {
    let folder = tempfile::tempdir().expect("a folder");
    let child = Running::start("fill", folder.path(), "fill", None);
    let confirmed = tokio::task::spawn_blocking(|| child.finish()).await.expect("all as it should be");
    assert!(confirmed.len() > 100, "it went on: {} appends", confirmed.len());
}
