//! What only the inside can try: a full disk, and a reader that keeps the write-ahead log.

use std::sync::Arc;

use domain::ports::{KeyRows as _, StoreError};
use domain::sealed::{Purpose, Purposes};
use rusqlite::Connection;
use testkit::samples::Samples;

use super::SqliteKeys;

/// No page can be added any more: what a full disk looks like to SQLite.
async fn fill(keys: &Arc<SqliteKeys>) {
    let limited = keys.pool.with_writer(|connection| {
        let pages: i64 = connection.pragma_query_value(None, "page_count", |row| row.get(0))?;
        connection.pragma_update_and_check(None, "max_page_count", pages, |_| Ok(()))?;
        Ok(())
    });
    limited.await.expect("limited");
}

#[tokio::test]
async fn on_a_full_disk_nothing_is_created_but_keys_are_read_and_destroyed() {
    let folder = tempfile::tempdir().expect("a folder");
    let keys = SqliteKeys::open(folder.path()).expect("opened");
    let s = Samples::new(1);
    let first = s.key_row(&s.customer(0), 0);
    keys.create(first.clone()).await.expect("created");
    fill(&keys).await;
    let mut refused = None;
    for n in 1..200 {
        if let Err(error) = keys.create(s.key_row(&s.customer(n), n)).await {
            refused = Some((n, error));
            break;
        }
    }
    let (n, error) = refused.expect("the disk is full");
    assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
    assert_eq!(keys.get(&s.customer(n)).await.expect("read"), None);
    assert_eq!(keys.get(&s.customer(0)).await.expect("read"), Some(first));
    let purposes = Purposes::from_iter(Purpose::ALL);
    assert!(keys.destroy(&s.customer(0), purposes).await.expect("destroyed"));
}

#[tokio::test]
async fn while_a_reader_keeps_the_log_a_destruction_is_not_confirmed() {
    let folder = tempfile::tempdir().expect("a folder");
    let keys = SqliteKeys::open(folder.path()).expect("opened");
    let s = Samples::new(1);
    keys.create(s.key_row(&s.customer(0), 0)).await.expect("created");
    // Not to wait for this reader as long as for others.
    let waiting = keys.pool.with_writer(|connection| Ok(connection.busy_timeout(std::time::Duration::ZERO)?));
    waiting.await.expect("set");
    let reader = Connection::open(folder.path().join("keys.sqlite")).expect("opened");
    reader.execute_batch("BEGIN; SELECT count(*) FROM key_row").expect("reading");

    let purposes = Purposes::NONE.with(Purpose::Profile);
    let refused = keys.destroy(&s.customer(0), purposes).await;
    assert!(matches!(refused, Err(StoreError::Unavailable(_))), "{refused:?}");
    reader.execute_batch("COMMIT").expect("done");
    assert!(keys.destroy(&s.customer(0), purposes).await.expect("destroyed"));
    let log = std::fs::metadata(folder.path().join("keys.sqlite-wal")).expect("the log");
    assert_eq!(log.len(), 0);
}
