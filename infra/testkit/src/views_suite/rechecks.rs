//! The ledger of rechecks: lists, totals, the summary, and what outage windows are made of.

use domain::event::Partition;
use domain::policy::Method;
use domain::ports::{PageStart, RecheckOrder, RecheckSummary, RechecksPage, RechecksQuery};
use domain::recheck::{OutageFailure, RecheckStatus};
use domain::rows::{RecheckRow, VerificationRow, VerificationStatus, ViewRow};
use domain::time::Timestamp;

use super::lists::HOUR_MS;
use super::rows::boxed_verification;
use super::{GENERATION, ViewStores};
use crate::samples::{START_MS, Samples, written};

fn boxed(row: &RecheckRow) -> ViewRow {
    ViewRow::Recheck(Box::new(row.clone()))
}

fn everything(s: &Samples) -> RechecksQuery {
    RechecksQuery {
        org: s.org(0),
        status: None,
        customer: None,
        from: None,
        to: None,
        order: RecheckOrder::NewestFirst,
        start: PageStart::Skip(0),
        limit: 7,
    }
}

async fn page(stores: &ViewStores, query: &RechecksQuery) -> RechecksPage {
    stores.rechecks.rechecks(GENERATION, query).await.expect("read")
}

/// Rechecks of two log partitions over some forty hours, of every status.
fn ledger(s: &Samples) -> Vec<RecheckRow> {
    (0..60)
        .map(|n| {
            let status = RecheckStatus::ALL[n % RecheckStatus::ALL.len()];
            let mut row = RecheckRow { status, ..s.recheck(&s.customer(n as u64 % 4), n as u64) };
            row.source.partition = Partition(n as u32 % 2);
            row.opened_at = Timestamp::from_millis(START_MS + n as i64 * (HOUR_MS * 2 / 3));
            row
        })
        .collect()
}

async fn expect_pages(stores: &ViewStores, rows: &[RecheckRow], query: &RechecksQuery) {
    let matching: Vec<RecheckRow> = rows.iter().filter(|row| query.matches(row)).cloned().collect();
    for skip in [0, 1, matching.len() / 2, matching.len()] {
        let asked = RechecksQuery { start: PageStart::Skip(skip as u64), ..query.clone() };
        assert_eq!(page(stores, &asked).await, asked.page(matching.clone()), "{asked:?}");
    }
    // And with a cursor, from page to page.
    let whole = RechecksQuery { limit: rows.len(), ..query.clone() }.page(matching.clone());
    let mut walked = Vec::new();
    let mut start = PageStart::Skip(0);
    loop {
        let found = page(stores, &RechecksQuery { start, limit: 4, ..query.clone() }).await;
        assert_eq!(found.total, matching.len() as u64, "{query:?}");
        walked.extend(found.rows.iter().cloned());
        match found.rows.last() {
            Some(last) if found.more => start = PageStart::After(last.place()),
            _ => break,
        }
    }
    assert_eq!(walked, whole.rows, "{query:?}");
}

/// Each filter alone and together, in both orders.
pub async fn a_recheck_is_listed_by_every_filter_with_exact_totals(stores: &ViewStores, s: &Samples) {
    let rows = ledger(s);
    stores.write(rows.iter().zip(1..).map(|(row, n)| written(n, boxed(row))).collect()).await;
    // Another org's.
    stores.write(vec![written(99, boxed(&s.open_recheck(&s.customer_of(1, 0), 99)))]).await;
    let found = stores.rechecks.recheck(GENERATION, &s.org(0), &rows[3].id).await.expect("read");
    assert_eq!(found.as_ref(), Some(&rows[3]));
    let found = stores.rechecks.recheck(GENERATION, &s.org(1), &rows[3].id).await.expect("read");
    assert_eq!(found, None);
    let between = (Some(rows[9].opened_at), Some(rows[47].opened_at));
    for order in [RecheckOrder::NewestFirst, RecheckOrder::OldestFirst] {
        for status in [None, Some(RecheckStatus::Open), Some(RecheckStatus::Erased)] {
            let query = RechecksQuery { status, order, ..everything(s) };
            for query in [
                query.clone(),
                RechecksQuery { from: between.0, to: between.1, ..query.clone() },
                RechecksQuery { from: between.1, ..query.clone() },
                RechecksQuery { customer: Some(s.customer(1).customer), ..query.clone() },
                RechecksQuery { customer: Some(s.customer(2).customer), from: between.0, ..query.clone() },
                RechecksQuery { from: between.1, to: between.0, ..query.clone() },
            ] {
                expect_pages(stores, &rows, &query).await;
            }
        }
    }
}

/// It moves from one status's list to another's and back, whichever write comes first.
pub async fn a_recheck_that_goes_on_is_listed_where_it_stands(stores: &ViewStores, s: &Samples) {
    let customer = s.customer(0);
    let open = s.open_recheck(&customer, 1);
    let more = RecheckRow { attempts: 99, ..open.clone() };
    let confirmed = RecheckRow { status: RecheckStatus::Confirmed, ..s.recheck(&customer, 1) };
    let again = RecheckRow { attempts: 99, ..open.clone() };
    let steps = [(1, &open), (4, &more), (7, &confirmed), (9, &again)];
    let mut latest = 0;
    // In their order, then late ones again.
    for at in [0, 1, 0, 2, 1, 3, 2, 0] {
        let (offset, row) = steps[at];
        stores.write(vec![written(offset, boxed(row))]).await;
        latest = latest.max(at);
        let stands = steps[latest].1;
        let found = stores.rechecks.recheck(GENERATION, &s.org(0), &open.id).await.expect("read");
        assert_eq!(found.as_ref(), Some(stands));
        for status in RecheckStatus::ALL {
            let found = page(stores, &RechecksQuery { status: Some(status), ..everything(s) }).await;
            let expected: Vec<RecheckRow> =
                (stands.status == status).then(|| stands.clone()).into_iter().collect();
            assert_eq!((found.total, found.rows), (expected.len() as u64, expected), "{status:?}");
        }
        let found = page(stores, &everything(s)).await;
        assert_eq!((found.total, found.rows), (1, vec![stands.clone()]));
    }
}

/// By age, at each boundary and beside it.
pub async fn a_summary_is_what_a_look_at_every_open_one_says(stores: &ViewStores, s: &Samples) {
    const DAY_MS: i64 = 24 * HOUR_MS;
    let now = Timestamp::from_millis(START_MS + 400 * DAY_MS);
    let mut expected = RecheckSummary::default();
    let ages = [
        0,
        1,
        HOUR_MS,
        DAY_MS - 1,
        DAY_MS,
        DAY_MS + 1,
        7 * DAY_MS - 1,
        7 * DAY_MS,
        8 * DAY_MS,
        30 * DAY_MS,
        31 * DAY_MS,
        300 * DAY_MS,
    ];
    let empty = stores.rechecks.recheck_summary(GENERATION, &s.org(0), now).await.expect("read");
    assert_eq!(empty, expected);
    for (age, n) in ages.into_iter().zip(1..) {
        let opened_at = Timestamp::from_millis(now.millis() - age);
        let row = RecheckRow { opened_at, ..s.open_recheck(&s.customer(n), n) };
        stores.write(vec![written(n, boxed(&row))]).await;
        let settled = RecheckRow { opened_at, ..s.recheck(&s.customer(50 + n), 50 + n) };
        stores.write(vec![written(50 + n, boxed(&settled))]).await;
        expected.take(opened_at, now);
        let found = stores.rechecks.recheck_summary(GENERATION, &s.org(0), now).await.expect("read");
        assert_eq!(found, expected);
    }
}

/// By when the attempt was made, whenever it was declared, each with where its recheck stands now.
pub async fn failures_come_in_time_order_with_what_they_opened(stores: &ViewStores, s: &Samples) {
    const DAY_MS: i64 = 24 * HOUR_MS;
    let mut expected = Vec::new();
    let statuses = [Some(RecheckStatus::Open), None, Some(RecheckStatus::Confirmed), None];
    for n in 0..24_u64 {
        let customer = s.customer(n);
        let mut row = s.fallback(&customer, n);
        // Over three days, in another order than they were declared in.
        let at = Timestamp::from_millis(START_MS + (n as i64 * 7 % 24) * (DAY_MS / 8));
        row.attempt.attempted_at = at;
        row.opened = statuses[n as usize % 4].is_some();
        if let Some(status) = statuses[n as usize % 4] {
            let recheck = RecheckRow { status, ..s.recheck(&customer, n) };
            stores.write(vec![written(n, boxed(&recheck))]).await;
        }
        stores.write(vec![written(n, ViewRow::Fallback(row.clone()))]).await;
        let found = stores.rechecks.fallback(GENERATION, &s.org(0), &row.id).await.expect("read");
        assert_eq!(found.as_ref(), Some(&row));
        expected.push(OutageFailure { at, cause: row.attempt.cause, opened: statuses[n as usize % 4] });
    }
    expected.sort_by_key(|failure| failure.at);
    let other = s.fallback(&s.customer_of(1, 0), 99);
    stores.write(vec![written(99, ViewRow::Fallback(other))]).await;
    let (start, end) = (Timestamp::EPOCH, Timestamp::from_millis(START_MS + 10 * DAY_MS));
    for (from, to, limit) in [
        (start, end, 100),
        (start, end, 5),
        (expected[3].at, expected[20].at, 100),
        (end, end, 100),
        (end, start, 9),
    ] {
        let found = stores.rechecks.failures(GENERATION, &s.org(0), from, to, limit).await.expect("read");
        let asked = expected.iter().filter(|failure| failure.at >= from && failure.at < to);
        assert_eq!(found, asked.take(limit).copied().collect::<Vec<_>>(), "{from:?} {to:?} {limit}");
    }
}

/// Whatever it said, and none of another method or org.
pub async fn the_first_verdict_after_a_moment_is_found(stores: &ViewStores, s: &Samples) {
    const DAY_MS: i64 = 24 * HOUR_MS;
    let at = |ms: i64| Timestamp::from_millis(START_MS + ms);
    let row = |n: u64, ms: i64, method, status| VerificationRow {
        method,
        status,
        created_at: at(ms),
        ..s.verification(&s.customer(n), n)
    };
    let rows = [
        row(1, 10, Method::NikDukcapil, VerificationStatus::Failed),
        row(2, DAY_MS, Method::FaceMatch, VerificationStatus::Verified),
        row(3, 2 * DAY_MS, Method::NikDukcapil, VerificationStatus::Verified),
        row(4, 70 * DAY_MS, Method::NikDukcapil, VerificationStatus::Failed),
    ];
    let mut counted = crate::samples::TallyCounter::default();
    stores.write(counted.writes(&rows)).await;
    let other = VerificationRow { created_at: at(5), ..s.verification(&s.customer_of(1, 9), 9) };
    stores.write(vec![written(9, boxed_verification(other))]).await;
    for (after, expected) in [
        (0, Some(10)),
        (9, Some(10)),
        (10, Some(2 * DAY_MS)),
        (DAY_MS, Some(2 * DAY_MS)),
        (2 * DAY_MS, Some(70 * DAY_MS)),
        (70 * DAY_MS, None),
    ] {
        let found = stores.rechecks.verdict_after(GENERATION, &s.org(0), at(after)).await.expect("read");
        assert_eq!(found, expected.map(at), "{after}");
    }
}
