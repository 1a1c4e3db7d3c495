//! Staff and their sessions on SQLite: the contract, and that what has ended goes.

use domain::ports::{StaffAccounts as _, StaffSessions as _};
use domain::staff::{SessionDigest, StaffSession, StaffUserName};
use domain::time::Timestamp;
use rusqlite::Connection;
use store_sqlite::SqliteKeys;
use tempfile::TempDir;
use testkit::staff_suite::StaffStores;

fn folder() -> TempDir {
    tempfile::tempdir().expect("a folder")
}

async fn stores() -> (StaffStores, TempDir) {
    let folder = folder();
    let keys = SqliteKeys::open(folder.path()).expect("opened");
    (StaffStores { accounts: keys.clone(), sessions: keys }, folder)
}

testkit::staff_suite!(stores);

#[tokio::test]
async fn sessions_that_have_ended_go_with_those_that_begin() {
    let folder = folder();
    let keys = SqliteKeys::open(folder.path()).expect("opened");
    for n in 0..300_u16 {
        let mut digest = [0; 32];
        digest[..2].copy_from_slice(&n.to_be_bytes());
        let began = Timestamp::from_millis(i64::from(n) * 1_000);
        let session = StaffSession {
            digest: SessionDigest(digest),
            user: StaffUserName::parse("ana").expect("a name"),
            account_version: 1,
            created_at: began,
            last_seen_at: began,
            expires_at: Timestamp::from_millis(began.millis() + 5_000),
        };
        keys.insert_session(session).await.expect("inserted");
    }
    let rows: i64 = Connection::open(folder.path().join(SqliteKeys::FILE))
        .and_then(|file| file.query_row("SELECT count(*) FROM staff_session", [], |row| row.get(0)))
        .expect("counted");
    assert_eq!(rows, 5, "what is not over yet");
    assert_eq!(keys.accounts(None).await.expect("listed"), []);
}
