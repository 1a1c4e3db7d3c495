//! Lists against the oracle in memory: any page of any query, over buckets that are split, months that are
//! empty, and an hour that is too large to be merged at once.

use std::sync::Arc;

use domain::classify::ReasonCategory;
use domain::event::{Offset, Partition};
use domain::policy::Method;
use domain::ports::{AttemptsPage, AttemptsQuery, PageStart, Projection as _, RowPlace, Views as _};
use domain::rows::{Generation, VerificationRow, VerificationStatus};
use domain::time::Timestamp;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};
use testkit::memory::MemoryViews;
use testkit::samples::{START_MS, Samples, TallyCounter};
use views_cql::CqlViews;

use crate::{migrated, tools_missing};

const GENERATION: Generation = Generation(1);
const MINUTE_MS: i64 = 60_000;
const DAY_MS: i64 = 24 * 60 * MINUTE_MS;

fn below(rng: &mut ChaCha8Rng, n: u64) -> u64 {
    rng.next_u64() % n
}

/// Rows of three partitions over some 14 months, most of them in a few crowded hours, with offsets so far
/// apart that hours are split.
fn rows(s: &Samples, rng: &mut ChaCha8Rng, n: u64) -> Vec<VerificationRow> {
    (0..n)
        .map(|n| {
            let mut row = s.verification(&s.customer(below(rng, 4)), n);
            row.method = Method::ALL[below(rng, 2) as usize + 1];
            row.status = VerificationStatus::ALL[below(rng, 2) as usize];
            row.reason_category = ReasonCategory::ALL.get(below(rng, 12) as usize).copied();
            row.source.partition = Partition(below(rng, 3) as u32);
            row.source.offset = Offset(n * 9_001);
            let day = [0, 0, 0, 1, 35, 36, 200, 430][below(rng, 8) as usize];
            let minute = [0, 1, 59, 60, 61, 600, 1_439][below(rng, 7) as usize];
            let ms = START_MS / DAY_MS * DAY_MS + day * DAY_MS + minute * MINUTE_MS + below(rng, 3) as i64;
            row.created_at = Timestamp::from_millis(ms);
            row
        })
        .collect()
}

fn query(s: &Samples, rng: &mut ChaCha8Rng, rows: &[VerificationRow]) -> AttemptsQuery {
    let mut some = |n: u64| below(rng, n) == 0;
    let (with_method, with_status, with_customer) = (some(3), some(3), some(5));
    let with_category = some(3);
    let (with_from, with_to, by_cursor) = (some(2), some(2), some(3));
    let row = |rng: &mut ChaCha8Rng| &rows[below(rng, rows.len() as u64) as usize];
    let near = |rng: &mut ChaCha8Rng| {
        let beside = [0, 0, 1, -1, MINUTE_MS, DAY_MS, -DAY_MS, 40 * DAY_MS][below(rng, 8) as usize];
        Timestamp::from_millis(row(rng).created_at.millis() + beside)
    };
    AttemptsQuery {
        org: s.org(0),
        method: with_method.then(|| row(rng).method),
        status: with_status.then(|| row(rng).status),
        category: with_category.then(|| row(rng).reason_category).flatten(),
        review: None,
        customer: with_customer.then(|| row(rng).customer.customer.clone()),
        from: with_from.then(|| near(rng)),
        to: with_to.then(|| near(rng)),
        start: if by_cursor {
            let VerificationRow { created_at, source, .. } = row(rng);
            PageStart::After(RowPlace {
                created_at: *created_at,
                partition: source.partition,
                offset: source.offset,
            })
        } else {
            PageStart::Skip(below(rng, rows.len() as u64 + 20))
        },
        limit: [1, 7, 20, 100][below(rng, 4) as usize],
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn any_page_of_any_query_is_the_oracles() {
    if tools_missing() {
        return;
    }
    let session = migrated("lists").await;
    let views = CqlViews::new(Arc::clone(&session));
    let oracle = MemoryViews::default();
    let s = Samples::new(4);
    let mut rng = ChaCha8Rng::seed_from_u64(4);
    let rows = rows(&s, &mut rng, 900);
    let mut counted = TallyCounter::default();
    for batch in rows.chunks(300) {
        let writes = counted.writes(batch);
        views.write(GENERATION, writes.clone()).await.expect("written");
        oracle.write(GENERATION, writes).await.expect("written");
    }
    for n in 0..150 {
        let query = query(&s, &mut rng, &rows);
        let expected = oracle.attempts(GENERATION, &query).await.expect("listed");
        let found = views.attempts(GENERATION, &query).await.expect("listed");
        assert_eq!(found, expected, "query {n}: {query:?}");
    }
}

/// Above this many rows an hour is counted by minutes (`limits.rs`).
const CROWD: u64 = 10_400;

#[tokio::test(flavor = "multi_thread")]
async fn a_page_in_the_midst_of_a_crowded_hour() {
    if tools_missing() {
        return;
    }
    let session = migrated("crowd").await;
    let views = CqlViews::new(Arc::clone(&session));
    let s = Samples::new(5);
    let hour = START_MS / (60 * MINUTE_MS) * 60 * MINUTE_MS;
    let mut counted = TallyCounter::default();
    let row = |n: u64| {
        let mut row = s.verification(&s.customer(n % 500), n);
        row.source.partition = Partition(n as u32 % 2);
        row.created_at = Timestamp::from_millis(hour + (n * 60 * MINUTE_MS as u64 / CROWD) as i64);
        row
    };
    for start in (0..CROWD).step_by(1_000) {
        let rows: Vec<_> = (start..CROWD.min(start + 1_000)).map(row).collect();
        views.write(GENERATION, counted.writes(&rows)).await.expect("written");
    }
    for skip in [0, 1, 5_199, 9_999, CROWD - 3] {
        let query = AttemptsQuery {
            org: s.org(0),
            method: None,
            status: None,
            category: None,
            review: None,
            customer: None,
            from: None,
            to: None,
            start: PageStart::Skip(skip),
            limit: 5,
        };
        let AttemptsPage { rows, total, more } = views.attempts(GENERATION, &query).await.expect("listed");
        let expected: Vec<_> = (0..CROWD - skip).rev().take(5).map(|n| s.verification_id(n)).collect();
        let found: Vec<_> = rows.into_iter().map(|view| view.row.id).collect();
        assert_eq!((found, total, more), (expected, CROWD, skip + 5 < CROWD), "skip {skip}");
    }
}
