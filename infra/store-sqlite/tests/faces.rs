//! Face vectors on SQLite: the contract, and what a file adds to it.

use std::sync::Arc;

use domain::event::{Offset, Partition};
use domain::ports::FaceVectors as _;
use domain::rows::WriteTimestamp;
use rusqlite::Connection;
use store_sqlite::{SqliteFaceVectors, SqliteOpenError, SqliteViews};
use tempfile::TempDir;
use testkit::face_vectors_suite::FaceStore;
use testkit::samples::{EPOCH, Samples};

fn folder() -> TempDir {
    tempfile::tempdir().expect("a folder")
}

fn open(folder: &TempDir) -> Arc<SqliteFaceVectors> {
    SqliteFaceVectors::open(folder.path()).expect("opened")
}

async fn stores() -> (FaceStore, TempDir) {
    let folder = folder();
    (open(&folder), folder)
}

testkit::face_vectors_suite!(stores);

#[tokio::test]
async fn opened_again_it_holds_what_it_held() {
    let folder = folder();
    let s = Samples::new(1);
    let (row, position, at) =
        (s.face_vector(&s.customer(0), 2), s.position(2), WriteTimestamp::upsert(EPOCH, Offset(2)));
    {
        let faces = open(&folder);
        faces.put(at, &row).await.expect("written");
        faces.erase(at, &s.customer(1)).await.expect("erased");
        faces.move_position(at, &row.model, &position).await.expect("moved");
    }
    let faces = open(&folder);
    let found = faces.position(&row.model, s.topic(0), Partition(0)).await.expect("read");
    assert_eq!(found, Some(position));
    assert_eq!(faces.of_customer(&s.customer(0), None).await.expect("read"), [row]);
    faces.put(at, &s.face_vector(&s.customer(1), 2)).await.expect("ignored");
    assert_eq!(faces.of_customer(&s.customer(1), None).await.expect("read"), []);
}

#[tokio::test]
async fn a_second_handle_on_the_folder_sees_every_write() {
    let folder = folder();
    let s = Samples::new(1);
    let (one, two) = (open(&folder), open(&folder));
    for n in 0..10 {
        let (writer, reader) = if n % 2 == 0 { (&one, &two) } else { (&two, &one) };
        let row = s.face_vector(&s.customer(0), n);
        writer.put(WriteTimestamp::upsert(EPOCH, Offset(n)), &row).await.expect("written");
        assert_eq!(reader.of_customer(&s.customer(0), None).await.expect("read").first(), Some(&row));
    }
}

#[test]
fn a_newer_file_and_one_of_another_store_are_refused() {
    let folder = folder();
    drop(open(&folder));
    let path = folder.path().join(SqliteFaceVectors::FILE);
    Connection::open(&path).expect("opened").pragma_update(None, "user_version", 99).expect("set");
    let refused = SqliteFaceVectors::open(folder.path()).err();
    assert!(matches!(refused, Some(SqliteOpenError::Newer { found: 99, .. })), "{refused:?}");
    drop(SqliteViews::open(folder.path()).expect("opened"));
    std::fs::rename(folder.path().join(SqliteViews::FILE), &path).expect("renamed");
    let refused = SqliteFaceVectors::open(folder.path()).err();
    assert!(matches!(refused, Some(SqliteOpenError::Foreign { .. })), "{refused:?}");
}
