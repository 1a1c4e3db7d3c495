//! The read model on SQLite: the contract, and what a file adds to it.

use domain::event::Offset;
use domain::ports::{Projection as _, Views as _};
use domain::rows::{Generation, ViewRow};
use rusqlite::Connection;
use store_sqlite::{SqliteOpenError, SqliteViews};
use tempfile::TempDir;
use testkit::generations_suite::GenerationStores;
use testkit::samples::{Samples, TallyCounter, written};
use testkit::views_suite::{GENERATION, ViewStores};

fn folder() -> TempDir {
    tempfile::tempdir().expect("a folder")
}

async fn stores() -> (ViewStores, TempDir) {
    let folder = folder();
    let views = SqliteViews::open(folder.path()).expect("opened");
    (
        ViewStores {
            projection: views.clone(),
            views: views.clone(),
            counts: views.clone(),
            rechecks: views,
        },
        folder,
    )
}

testkit::views_suite!(stores);

mod generations {
    use super::*;

    async fn stores() -> (GenerationStores, TempDir) {
        let folder = folder();
        let views = SqliteViews::open(folder.path()).expect("opened");
        let stores = GenerationStores {
            projection: views.clone(),
            views: views.clone(),
            generations: views.clone(),
            inspection: views,
        };
        (stores, folder)
    }

    testkit::generations_suite!(stores);
}

#[tokio::test]
async fn opened_again_it_holds_what_it_held() {
    let folder = folder();
    let s = Samples::new(1);
    let customer = s.customer(0);
    let row = s.verification(&customer, 2);
    {
        let views = SqliteViews::open(folder.path()).expect("opened");
        let mut writes = TallyCounter::default().writes(std::slice::from_ref(&row));
        writes.push(written(2, ViewRow::Enrolment(s.enrolment(&customer, 2))));
        writes.push(written(2, ViewRow::State(Box::new(s.state(&customer, 2)))));
        views.write(GENERATION, writes).await.expect("written");
        assert_eq!(views.claim_epoch(s.topic(0)).await.expect("claimed").0, 1);
    }
    let views = SqliteViews::open(folder.path()).expect("opened");
    assert_eq!(views.customer(GENERATION, &customer).await.expect("read"), Some(s.state(&customer, 2)));
    let found = views.verification(GENERATION, &customer.org, &row.id).await.expect("read");
    let (view, enrolment) = found.expect("there");
    assert_eq!((view.row, enrolment), (row, Some(s.enrolment(&customer, 2))));
    assert_eq!(views.claim_epoch(s.topic(1)).await.expect("claimed").0, 2);
    assert_eq!(views.claim_epoch(s.topic(0)).await.expect("claimed").0, 1);
}

#[tokio::test]
async fn a_second_handle_on_the_folder_sees_every_write() {
    let folder = folder();
    let s = Samples::new(1);
    let (one, two) = (SqliteViews::open(folder.path()), SqliteViews::open(folder.path()));
    let (one, two) = (one.expect("opened"), two.expect("opened"));
    for n in 0..20 {
        let (writer, reader) = if n % 2 == 0 { (&one, &two) } else { (&two, &one) };
        let row = written(n, ViewRow::State(Box::new(s.state(&s.customer(0), n))));
        writer.write(GENERATION, vec![row]).await.expect("written");
        let state = reader.customer(GENERATION, &s.customer(0)).await.expect("read").expect("there");
        assert_eq!(state.as_of.offset, Offset(n));
    }
}

#[tokio::test]
async fn the_pointer_says_which_generation_answers() {
    let (stores, folder) = stores().await;
    let file = Connection::open(folder.path().join("views.sqlite")).expect("opened");
    file.execute("INSERT INTO pointer (only, generation) VALUES (1, 7)", []).expect("pointed");
    assert_eq!(stores.views.generation().await.expect("read"), Generation(7));
}

#[test]
fn a_newer_or_foreign_file_is_refused_and_left_alone() {
    let folder = folder();
    drop(SqliteViews::open(folder.path()).expect("opened"));
    let path = folder.path().join("views.sqlite");
    let set = |pragma: &str, value: i64| {
        let file = Connection::open(&path).expect("opened");
        file.pragma_update(None, pragma, value).expect("set");
    };
    set("user_version", 99);
    let refused = SqliteViews::open(folder.path()).err();
    assert!(matches!(refused, Some(SqliteOpenError::Newer { found: 99, .. })), "{refused:?}");
    set("user_version", 1);
    set("application_id", 1);
    let refused = SqliteViews::open(folder.path()).err();
    assert!(matches!(refused, Some(SqliteOpenError::Foreign { .. })), "{refused:?}");
}
