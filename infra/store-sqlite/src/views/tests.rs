//! What only the inside can try: a full disk, and the plans of the list's statements.

use std::path::Path;
use std::sync::Arc;

use domain::classify::ReasonCategory;
use domain::policy::Method;
use domain::ports::{AttemptsQuery, PageStart, Projection as _, StoreError, Views as _};
use domain::rows::{Generation, RowKey, TallyRow, VerificationStatus, ViewRow, ViewWrite};
use domain::time::Timestamp;
use futures::future::join_all;
use rusqlite::Connection;
use testkit::memory::MemoryViews;
use testkit::samples::{START_MS, Samples, TallyCounter, written};

use super::{SqliteViews, attempts};

const GENERATION: Generation = Generation(1);

fn rows(s: &Samples, from: u64, to: u64) -> Vec<ViewWrite> {
    let rows: Vec<_> = (from..to).map(|n| s.verification(&s.customer(n), n)).collect();
    let mut writes = TallyCounter::default().writes(&rows);
    writes.push(written(to, ViewRow::Position(s.position(to))));
    writes
}

/// No page can be added any more: what a full disk looks like to SQLite.
async fn fill(views: &Arc<SqliteViews>, full: bool) {
    let limited = views.pool.with_writer(move |connection| {
        let pages: i64 = connection.pragma_query_value(None, "page_count", |row| row.get(0))?;
        let pages = if full { pages } else { 1 << 30 };
        connection.pragma_update_and_check(None, "max_page_count", pages, |_| Ok(()))?;
        Ok(())
    });
    limited.await.expect("limited");
}

#[tokio::test]
async fn a_full_disk_is_unavailable_and_reading_goes_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let views = SqliteViews::open(folder.path()).expect("opened");
    let s = Samples::new(1);
    views.write(GENERATION, rows(&s, 0, 20)).await.expect("written");
    fill(&views, true).await;
    let refused = views.write(GENERATION, rows(&s, 20, 500)).await;
    assert!(matches!(refused, Err(StoreError::Unavailable(_))), "{refused:?}");
    let query = query(&s);
    let page = views.attempts(GENERATION, &query).await.expect("listed");
    // None of the batch: its rows and its position went together.
    assert_eq!(page.total, 20);
    fill(&views, false).await;
    views.write(GENERATION, rows(&s, 20, 500)).await.expect("written");
    assert_eq!(views.attempts(GENERATION, &query).await.expect("listed").total, 500);
}

/// What comes at one moment shares a transaction; what cannot be written fails alone.
#[tokio::test]
async fn a_write_that_fails_takes_no_other_with_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let views = SqliteViews::open(folder.path()).expect("opened");
    let s = Samples::new(1);
    let states = (0..8).map(|n| {
        let mut stage = vec![written(n, ViewRow::State(Box::new(s.state(&s.customer(n), n))))];
        if n == 3 {
            // No column holds so much.
            let tally = TallyRow { count: u64::MAX, ..s.tally(n) };
            stage.push(written(n, ViewRow::Tally(tally)));
        }
        stage
    });
    let answers = join_all(states.map(|stage| views.write_in_order(GENERATION, vec![stage]))).await;
    let keys: Vec<_> = (0..8).map(|n| RowKey::State(s.customer(n))).collect();
    let rows = views.load(GENERATION, &keys).await.expect("loaded");
    for (n, (answer, row)) in answers.into_iter().zip(rows).enumerate() {
        assert_eq!((answer.is_ok(), row.is_some()), (n != 3, n != 3), "{n}: {answer:?}");
    }
}

fn query(s: &Samples) -> AttemptsQuery {
    AttemptsQuery {
        org: s.org(0),
        method: None,
        status: None,
        category: None,
        review: None,
        customer: None,
        from: None,
        to: None,
        start: PageStart::Skip(0),
        limit: 10,
    }
}

fn plan(path: &Path, sql: &str) -> String {
    let connection = Connection::open(path).expect("opened");
    let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).expect("prepared");
    let mut rows = statement.raw_query();
    let mut plan = String::new();
    while let Some(row) = rows.next().expect("a row") {
        plan.push_str(&row.get::<_, String>("detail").expect("a text"));
        plan.push('\n');
    }
    plan
}

/// Each filter's list comes out of an index in its order: nothing is sorted, nothing else is looked at.
#[tokio::test]
async fn no_list_is_sorted_or_scanned() {
    let folder = tempfile::tempdir().expect("a folder");
    let _views = SqliteViews::open(folder.path()).expect("opened");
    let s = Samples::new(1);
    for method in [None, Some(Method::NikDukcapil)] {
        for status in [None, Some(VerificationStatus::Failed)] {
            for customer in [None, Some(s.customer(0).customer)] {
                for category in [None, Some(ReasonCategory::Quota)] {
                    let customer = customer.clone();
                    let query = AttemptsQuery { method, status, category, customer, ..query(&s) };
                    let plan = plan(&folder.path().join("views.sqlite"), &attempts::page_statement(&query));
                    assert!(!plan.contains("TEMP B-TREE") && !plan.contains("SCAN"), "{query:?}: {plan}");
                    assert!(plan.contains("created_at"), "{query:?}: {plan}");
                }
            }
        }
    }
}

/// A page far down is found by the counts of hours; it is the one that a look at every row gives.
#[tokio::test]
async fn a_deep_page_is_what_the_rows_before_it_leave() {
    const ROWS: u64 = 1_200;
    let folder = tempfile::tempdir().expect("a folder");
    let views = SqliteViews::open(folder.path()).expect("opened");
    let (oracle, s) = (MemoryViews::default(), Samples::new(1));
    let row = |n: u64| {
        let mut row = s.verification(&s.customer(n % 5), n);
        // Some forty to an hour, and every seventh of a busy one.
        let minutes = if n.is_multiple_of(7) { 100 } else { n * 3 / 2 };
        row.created_at = Timestamp::from_millis(START_MS + minutes as i64 * 60_000 + n as i64 % 3);
        row
    };
    let rows: Vec<_> = (0..ROWS).map(row).collect();
    let writes = TallyCounter::default().writes(&rows);
    oracle.write(GENERATION, writes.clone()).await.expect("written");
    views.write(GENERATION, writes).await.expect("written");
    let times = [(None, None), (Some(rows[100].created_at), Some(rows[1_100].created_at))];
    for (status, category) in
        [(None, None), (Some(VerificationStatus::Failed), None), (None, Some(ReasonCategory::Quota))]
    {
        for (from, to) in times {
            for skip in [0, 60, 255, 256, 257, 300, 555, 599, 900, 1_190, 1_200, 5_000] {
                let start = PageStart::Skip(skip);
                let query = AttemptsQuery { status, category, from, to, start, ..query(&s) };
                let wanted = oracle.attempts(GENERATION, &query).await.expect("listed");
                assert_eq!(views.attempts(GENERATION, &query).await.expect("listed"), wanted, "{query:?}");
            }
        }
    }
}
