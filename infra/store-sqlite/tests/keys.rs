//! The key store on SQLite: the contract, and what a file adds to it: destroyed keys are not in it any more,
//! and whoever is killed in the middle of writing has lost nothing that was confirmed.

use std::collections::HashSet;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Command, Stdio};

use bytes::Bytes;
use domain::ports::{
    AccessIndex as _, Claimed, Created, DataKey, ExternalIds as _, KeyRow, KeyRows as _, ReviewKeyCreated,
    ReviewKeys as _,
};
use domain::sealed::{Purpose, Purposes};
use rusqlite::Connection;
use store_sqlite::{SqliteKeys, SqliteOpenError};
use tempfile::TempDir;
use testkit::access_suite::AccessStore;
use testkit::keys_suite::KeyStores;
use testkit::review_keys_suite::ReviewStore;
use testkit::samples::Samples;

fn folder() -> TempDir {
    tempfile::tempdir().expect("a folder")
}

async fn stores() -> (KeyStores, TempDir) {
    let folder = folder();
    let keys = SqliteKeys::open(folder.path()).expect("opened");
    (KeyStores { rows: keys.clone(), external_ids: keys.clone(), notes: keys }, folder)
}

testkit::keys_suite!(stores);

mod reviews {
    use super::*;

    async fn store() -> (ReviewStore, TempDir) {
        let folder = folder();
        (SqliteKeys::open(folder.path()).expect("opened"), folder)
    }

    testkit::review_keys_suite!(store);
}

mod access {
    use super::*;

    async fn stores() -> (AccessStore, TempDir) {
        let folder = folder();
        (SqliteKeys::open(folder.path()).expect("opened"), folder)
    }

    testkit::access_suite!(stores);
}

const BLOCK: usize = 16;

/// Which of the wanted blocks stand anywhere in the folder's files.
fn found(folder: &Path, wanted: &HashSet<[u8; BLOCK]>) -> usize {
    let mut found = HashSet::new();
    for entry in std::fs::read_dir(folder).expect("listed") {
        let bytes = std::fs::read(entry.expect("an entry").path()).expect("read");
        for window in bytes.windows(BLOCK) {
            let window: [u8; BLOCK] = window.try_into().expect("a block's length");
            if wanted.contains(&window) {
                found.insert(window);
            }
        }
    }
    found.len()
}

fn blocks(wrapped: &Bytes) -> impl Iterator<Item = [u8; BLOCK]> + '_ {
    let (blocks, _) = wrapped.as_chunks::<BLOCK>();
    blocks.iter().copied()
}

fn wrapped_of(row: &KeyRow) -> impl Iterator<Item = &Bytes> {
    row.keys.iter().filter_map(|key| match key {
        DataKey::Active { wrapped, .. } => Some(wrapped),
        DataKey::Destroyed { .. } => None,
    })
}

/// Hundreds of customers, so that pages split and rows would move; wrapped anew in the same and in other
/// lengths; some larger than a page. Neither the last wrapping nor an earlier one is left anywhere.
#[tokio::test]
async fn destroyed_keys_are_in_no_file_any_more() {
    let folder = folder();
    let keys = SqliteKeys::open(folder.path()).expect("opened");
    let s = Samples::new(1);
    let (mut gone, mut kept) = (HashSet::new(), HashSet::new());
    let is_destroyed = |n: u64| !n.is_multiple_of(3);
    for n in 0..300 {
        let mut row = s.key_row(&s.customer(n), n);
        // Not where it is searched for as kept: a block may lie across two of its pages.
        if is_destroyed(n) && n % 50 == 1 {
            let wrapped = s.wrapped(Purpose::Profile, 10_000 + n, 9_000);
            row.keys[0] = DataKey::Active { key_id: "large".to_owned(), kms_version: 1, wrapped };
        }
        let set = if is_destroyed(n) { &mut gone } else { &mut kept };
        set.extend(wrapped_of(&row).flat_map(blocks));
        assert_eq!(keys.create(row).await.expect("created"), Created::New);
    }
    for n in (0..300).filter(|n| n % 2 == 0) {
        let length = [60, 61, 48, 300][n as usize / 2 % 4];
        let wrapped = s.wrapped(Purpose::Evidence, 20_000 + n, length);
        if is_destroyed(n) {
            gone.extend(blocks(&wrapped));
        }
        assert!(keys.rewrap(&s.customer(n), Purpose::Evidence, 1, 300, wrapped).await.expect("rewrapped"));
    }
    assert_eq!(found(folder.path(), &kept), kept.len(), "what is searched for can be found");

    for n in (0..300).filter(|n| is_destroyed(*n)) {
        let all = Purposes::from_iter(Purpose::ALL);
        assert!(keys.destroy(&s.customer(n), all).await.expect("destroyed"));
    }
    assert_eq!(found(folder.path(), &gone), 0);
    let row = keys.get(&s.customer(3)).await.expect("read").expect("there");
    assert_eq!(wrapped_of(&row).count(), 3);
    // And nothing comes back by going on, or by closing and opening.
    for n in 300..400 {
        keys.create(s.key_row(&s.customer(n), n)).await.expect("created");
    }
    drop(keys);
    let _keys = SqliteKeys::open(folder.path()).expect("opened");
    assert_eq!(found(folder.path(), &gone), 0);
}

/// Between the commit and the emptied log: opening finishes what was begun.
#[tokio::test]
async fn an_interrupted_destruction_is_finished_by_opening() {
    let folder = folder();
    let s = Samples::new(1);
    let row = s.key_row(&s.customer(0), 0);
    let gone: HashSet<_> = wrapped_of(&row).flat_map(blocks).collect();
    let keys = SqliteKeys::open(folder.path()).expect("opened");
    keys.create(row).await.expect("created");
    // The destruction's own statements, without what follows its commit.
    let file = Connection::open(folder.path().join("keys.sqlite")).expect("opened");
    file.execute_batch("UPDATE wrapped_key SET bytes = zeroblob(length(bytes))").expect("overwritten");
    assert_eq!(found(folder.path(), &gone), gone.len());
    // A killed process closes nothing.
    let left = tempfile::tempdir().expect("a folder");
    for name in ["keys.sqlite", "keys.sqlite-wal"] {
        std::fs::copy(folder.path().join(name), left.path().join(name)).expect("copied");
    }
    let _keys = SqliteKeys::open(left.path()).expect("opened");
    assert_eq!(found(left.path(), &gone), 0);
}

#[tokio::test]
async fn opened_again_it_holds_what_it_held() {
    let folder = folder();
    let s = Samples::new(1);
    let row = s.key_row(&s.customer(0), 0);
    let hmac = s.bytes32("external id", 0);
    {
        let keys = SqliteKeys::open(folder.path()).expect("opened");
        assert_eq!(keys.create(row.clone()).await.expect("created"), Created::New);
        let claimed = keys.claim(&row.customer.org, hmac, &row.customer.customer).await;
        assert_eq!(claimed.expect("claimed"), Claimed::Ours);
    }
    let keys = SqliteKeys::open(folder.path()).expect("opened");
    assert_eq!(keys.get(&row.customer).await.expect("read"), Some(row.clone()));
    let whose = keys.lookup(&row.customer.org, hmac).await.expect("read");
    assert_eq!(whose, Some(row.customer.customer));
}

/// A key store of before the access index and review keys gets them, and keeps what it had.
#[tokio::test]
async fn a_store_of_before_the_access_index_is_brought_up() {
    let folder = folder();
    let s = Samples::new(1);
    let (row, look) = (s.key_row(&s.customer(0), 0), s.access(&s.customer(0), 0, 0));
    {
        let keys = SqliteKeys::open(folder.path()).expect("opened");
        assert_eq!(keys.create(row.clone()).await.expect("created"), Created::New);
    }
    let file = Connection::open(folder.path().join("keys.sqlite")).expect("opened");
    let current: i64 = file.pragma_query_value(None, "user_version", |row| row.get(0)).expect("a format");
    file.execute_batch(
        "DROP TABLE access; DROP TABLE reads; DROP TABLE customer_reads; DROP TABLE review_key",
    )
    .expect("as it was");
    file.pragma_update(None, "user_version", current - 3).expect("as it was");
    drop(file);
    let keys = SqliteKeys::open(folder.path()).expect("brought up");
    keys.add_access(&look).await.expect("added");
    keys.add_reads(&s.reads(0, 0, 1, &[0]), s.access_source(1)).await.expect("added");
    assert_eq!(keys.create_review_key(s.review_key(0, 0, 1)).await, Ok(ReviewKeyCreated::New));
    assert_eq!(keys.get(&row.customer).await.expect("read"), Some(row));
}

#[test]
fn a_newer_or_foreign_file_is_refused() {
    let folder = folder();
    drop(SqliteKeys::open(folder.path()).expect("opened"));
    let path = folder.path().join("keys.sqlite");
    let set = |pragma: &str, value: i64| {
        let file = Connection::open(&path).expect("opened");
        file.pragma_update(None, pragma, value).expect("set");
    };
    set("user_version", 99);
    let refused = SqliteKeys::open(folder.path()).err();
    assert!(matches!(refused, Some(SqliteOpenError::Newer { found: 99, .. })), "{refused:?}");
    set("user_version", 3);
    set("application_id", 1);
    let refused = SqliteKeys::open(folder.path()).err();
    assert!(matches!(refused, Some(SqliteOpenError::Foreign { .. })), "{refused:?}");
}

/// The folder that a writer process is told to write to; nothing is written without it.
const WRITER_FOLDER: &str = "KEYS_TEST_WRITER_FOLDER";

/// What a confirmed creation is told by, on a line of its own.
const CONFIRMED: &str = "confirmed ";

/// The other process of the test below, which starts this very test in it.
#[tokio::test]
async fn writer_process() {
    let Ok(folder) = std::env::var(WRITER_FOLDER) else { return };
    let keys = SqliteKeys::open(Path::new(&folder)).expect("opened");
    let s = Samples::new(1);
    for n in 0.. {
        keys.create(s.key_row(&s.customer(n), n)).await.expect("created");
        println!("\n{CONFIRMED}{n}");
    }
}

#[tokio::test]
async fn a_killed_writer_loses_nothing_that_was_confirmed() {
    const CONFIRMED_BEFORE_THE_KILL: usize = 40;
    let folder = folder();
    let mut writer = Command::new(std::env::current_exe().expect("this program"))
        .args(["--exact", "writer_process", "--nocapture"])
        .env(WRITER_FOLDER, folder.path())
        .stdout(Stdio::piped())
        .spawn()
        .expect("started");
    let mut lines = BufReader::new(writer.stdout.take().expect("its output"));
    let mut output = String::new();
    while output.matches(CONFIRMED).count() < CONFIRMED_BEFORE_THE_KILL {
        assert_ne!(lines.read_line(&mut output).expect("read"), 0, "the writer ended: {output}");
    }
    writer.kill().expect("killed");
    writer.wait().expect("gone");
    lines.read_to_string(&mut output).expect("read");

    let keys = SqliteKeys::open(folder.path()).expect("opened");
    let s = Samples::new(1);
    let whole = output.rsplit_once('\n').map_or("", |(whole, _)| whole);
    let confirmed = whole.lines().filter_map(|line| line.strip_prefix(CONFIRMED)?.parse::<u64>().ok());
    let confirmed: Vec<_> = confirmed.collect();
    assert!(confirmed.len() >= CONFIRMED_BEFORE_THE_KILL);
    for n in &confirmed {
        let row = s.key_row(&s.customer(*n), *n);
        assert_eq!(keys.get(&row.customer).await.expect("read"), Some(row));
    }
    // The one it was at: there as a whole, or not at all.
    let next = confirmed.len() as u64;
    let row = s.key_row(&s.customer(next), next);
    let found = keys.get(&row.customer).await.expect("read");
    assert!(found.is_none() || found == Some(row));
}
