//! The log's file: who may read it, which files are refused, and how it is left behind.

use std::fs;
use std::future::Future;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use domain::ports::{EventLog as _, LogError, Topic};
use store_sqlite::{SqliteLog, SqliteLogOptions, SqliteOpenError};

use super::{bounds, everything, file, open, options, raw, record};

fn mode(path: &Path) -> u32 {
    fs::metadata(path).expect("there").permissions().mode() & 0o777
}

#[tokio::test]
async fn only_the_owner_may_read_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let dir = folder.path().join("log");
    let log = open(&dir);
    log.append(Topic::Events, record("org/a", "x")).await.expect("appended");
    assert_eq!(mode(&dir), 0o700);
    for suffix in ["", "-wal", "-shm"] {
        assert_eq!(mode(&dir.join(format!("log.sqlite{suffix}"))), 0o600, "log.sqlite{suffix}");
    }
    drop(log);
    fs::set_permissions(file(&dir), fs::Permissions::from_mode(0o644)).expect("changed");
    drop(open(&dir));
    assert_eq!(mode(&file(&dir)), 0o600);
}

#[test]
fn a_newer_programs_file_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    drop(open(folder.path()));
    raw(folder.path()).pragma_update(None, "user_version", 99).expect("set");
    let before = fs::read(file(folder.path())).expect("read");
    let error = SqliteLog::open(folder.path(), options()).map(drop).expect_err("refused");
    assert!(matches!(error, SqliteOpenError::Newer { found: 99, known: 2, .. }), "{error:?}");
    assert!(error.to_string().contains("newer version"), "{error}");
    assert!(fs::read(file(folder.path())).expect("read") == before, "not a byte was changed");
}

#[test]
fn another_stores_file_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let other = raw(folder.path());
    other.execute_batch("CREATE TABLE theirs (x); INSERT INTO theirs VALUES (1)").expect("made");
    drop(other);
    let error = SqliteLog::open(folder.path(), options()).map(drop).expect_err("refused");
    assert!(matches!(error, SqliteOpenError::Foreign { .. }), "{error:?}");
}

#[test]
fn a_file_that_is_no_database_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let garbage = vec![b'?'; 8192];
    fs::write(file(folder.path()), &garbage).expect("written");
    let error = SqliteLog::open(folder.path(), options()).map(drop).expect_err("refused");
    assert!(matches!(error, SqliteOpenError::Sqlite { .. }), "{error:?}");
    assert!(fs::read(file(folder.path())).expect("read") == garbage);
}

#[test]
fn another_partition_count_is_refused_in_words() {
    let folder = tempfile::tempdir().expect("a folder");
    drop(open(folder.path()));
    let wanted = SqliteLogOptions { partitions: 8, ..options() };
    let error = SqliteLog::open(folder.path(), wanted).map(drop).expect_err("refused");
    assert!(error.to_string().contains("identity.events was made with 3 partitions"), "{error}");
    let none = SqliteLogOptions { partitions: 0, ..options() };
    assert!(matches!(SqliteLog::open(folder.path(), none), Err(SqliteOpenError::Mismatch { .. })));
    drop(open(folder.path()));
}

#[tokio::test]
async fn closing_writes_what_waits_and_leaves_one_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let log = open(folder.path());
    for n in 0..500 {
        let mut append = log.append(Topic::Events, record(&format!("org/{n}"), "x"));
        // Handed to the writer by its first poll, then given up by its caller.
        let polled = Pin::new(&mut append).poll(&mut Context::from_waker(Waker::noop()));
        assert!(!matches!(polled, Poll::Ready(Err(_))), "taken");
    }
    drop(log);
    let left: Vec<_> =
        fs::read_dir(folder.path()).expect("a folder").map(|e| e.expect("read").file_name()).collect();
    assert_eq!(left, ["log.sqlite"]);
    assert_eq!(everything(&open(folder.path()), Topic::Events).await.len(), 500);
}

#[tokio::test]
async fn a_follower_that_outlives_the_log_hears_that_it_is_closed() {
    let folder = tempfile::tempdir().expect("a folder");
    let log = open(folder.path());
    let from = log.offsets(Topic::Events).await.expect("offsets");
    let from = from.into_iter().map(|range| (range.partition, range.end)).collect();
    let mut follower = log.follow(Topic::Events, from).await.expect("follows");
    let mut waiting = Box::pin(follower.next(bounds(10 * super::PATIENCE)));
    assert!(waiting.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    drop(log);
    let heard = tokio::time::timeout(super::PATIENCE, waiting).await.expect("it hears");
    assert!(matches!(heard, Err(LogError::Unavailable(_))), "{heard:?}");
}
