//! Categories of reasons as a filter, and numbers by day.

use std::collections::BTreeMap;

use domain::classify::ReasonCategory;
use domain::event::Partition;
use domain::ports::{AttemptsQuery, PageStart, RowPlace, SeriesQuery, VerificationSeries};
use domain::rows::{VerificationRow, VerificationStatus, ViewRow};
use domain::time::Timestamp;

use super::lists::{HOUR_MS, everything, expect_as_counted, matches, motley, page};
use super::{GENERATION, ViewStores};
use crate::samples::{START_MS, Samples, TallyCounter, written};

const DAY_MS: i64 = 24 * HOUR_MS;

/// The motley rows, each third of the declined ones without a category, the others of every one in turn.
fn categorised(s: &Samples) -> Vec<VerificationRow> {
    let mut rows = motley(s);
    let declined = rows.iter_mut().filter(|row| row.status == VerificationStatus::Failed);
    let of_every_one = ReasonCategory::ALL.into_iter().cycle();
    for ((row, category), n) in declined.zip(of_every_one).zip(0..) {
        row.reason_category = (n % 3 != 2).then_some(category);
    }
    rows.iter_mut()
        .filter(|row| row.status == VerificationStatus::Verified)
        .for_each(|row| row.reason_category = None);
    rows
}

/// Alone, and beside every other one.
pub async fn a_category_is_a_filter_like_any_other(stores: &ViewStores, s: &Samples) {
    let rows = categorised(s);
    stores.write(TallyCounter::default().writes(&rows)).await;
    let times = [None, Some((rows[11].created_at, rows[47].created_at))];
    for category in ReasonCategory::ALL.map(Some) {
        for status in [None, Some(VerificationStatus::Verified), Some(VerificationStatus::Failed)] {
            for time in times {
                let (from, to) = time.unzip();
                let query = AttemptsQuery { category, status, from, to, ..everything(s) };
                expect_as_counted(stores, &query, &rows).await;
                let customer = Some(s.customer(1).customer);
                expect_as_counted(stores, &AttemptsQuery { customer, ..query.clone() }, &rows).await;
                let method = rows.iter().find(|row| row.reason_category == category).map(|row| row.method);
                expect_as_counted(stores, &AttemptsQuery { method, ..query }, &rows).await;
            }
        }
    }
}

/// Rows of four log partitions over some 70 days, most of them of one category.
fn spread(s: &Samples, numbers: std::ops::Range<u64>) -> Vec<VerificationRow> {
    numbers
        .map(|n| {
            let mut row = s.verification(&s.customer(n % 4), n);
            row.source.partition = Partition(n as u32 % 4);
            row.status = VerificationStatus::ALL[usize::from(!n.is_multiple_of(5))];
            row.reason_category = match n % 5 {
                0 => None,
                1 => Some(ReasonCategory::Mismatch),
                _ => Some(ReasonCategory::NotFound),
            };
            row.created_at = Timestamp::from_millis(START_MS + (n as i64 % 40) * (7 * DAY_MS / 4) + n as i64);
            row
        })
        .collect()
}

/// Also after more rows came, and from a page in their midst.
pub async fn totals_by_category_are_exact_over_hours_days_and_months(stores: &ViewStores, s: &Samples) {
    let mut counted = TallyCounter::default();
    let mut rows = Vec::new();
    for round in 0..3 {
        let came = spread(s, 100 * round..100 * round + 40);
        stores.write(counted.writes(&came)).await;
        rows.extend(came);
        let at = |days: i64, ms: i64| Some(Timestamp::from_millis((START_MS / DAY_MS + days) * DAY_MS + ms));
        for (from, to) in
            [(None, None), (at(1, 0), at(60, 0)), (at(8, 5), None), (at(0, 0), at(9, HOUR_MS + 1))]
        {
            for category in [ReasonCategory::NotFound, ReasonCategory::Mismatch, ReasonCategory::Quota] {
                let query = AttemptsQuery { from, to, category: Some(category), limit: 5, ..everything(s) };
                let mut expected: Vec<_> = rows.iter().filter(|row| matches(&query, row)).collect();
                expected.sort_by_key(|row| {
                    std::cmp::Reverse(RowPlace {
                        created_at: row.created_at,
                        partition: row.source.partition,
                        offset: row.source.offset,
                    })
                });
                let skip = expected.len() as u64 / 2;
                let found = page(stores, &AttemptsQuery { start: PageStart::Skip(skip), ..query }).await;
                let ids: Vec<_> = found.rows.iter().map(|view| &view.row.id).collect();
                let page: Vec<_> = expected.iter().skip(skip as usize).take(5).map(|row| &row.id).collect();
                assert_eq!(
                    (ids, found.total),
                    (page, expected.len() as u64),
                    "{category:?}, {from:?}, {to:?}"
                );
            }
        }
    }
}

/// A repeated write, and one that is late.
pub async fn a_row_that_is_written_again_counts_once_by_its_category(stores: &ViewStores, s: &Samples) {
    let rows = spread(s, 0..6);
    let writes = TallyCounter::default().writes(&rows);
    for _ in 0..3 {
        stores.write(writes.clone()).await;
    }
    stores.write(vec![written(1, ViewRow::Verification(Box::new(rows[1].clone())))]).await;
    for (category, total) in [(ReasonCategory::Mismatch, 1), (ReasonCategory::NotFound, 3)] {
        let query = AttemptsQuery { category: Some(category), ..everything(s) };
        let found = page(stores, &query).await;
        assert_eq!((found.rows.len() as u64, found.total), (total, total), "{category:?}");
    }
}

fn days(s: &Samples, first_day: Timestamp, days: u32) -> SeriesQuery {
    SeriesQuery { org: s.org(0), method: None, status: None, category: None, customer: None, first_day, days }
}

async fn series(stores: &ViewStores, query: &SeriesQuery) -> VerificationSeries {
    stores.counts.series(GENERATION, query).await.expect("counted")
}

/// The same numbers by a look at every row.
fn by_row(query: &SeriesQuery, rows: &[VerificationRow]) -> VerificationSeries {
    let SeriesQuery { org, method, status, category, customer, first_day, days: _ } = query.clone();
    let list = AttemptsQuery {
        org,
        method,
        status,
        category,
        review: None,
        customer,
        from: Some(first_day),
        to: Some(query.end()),
        start: PageStart::Skip(0),
        limit: 1,
    };
    let mut series = VerificationSeries::blank(query, true);
    for row in rows.iter().filter(|row| matches(&list, row)) {
        series.add_status(row.created_at, row.status, 1);
        row.reason_category.into_iter().for_each(|category| series.add_category(category, 1));
    }
    series
}

/// With each filter, over the end of a year too, in days that begin at UTC's 17:00 as Jakarta's do.
pub async fn a_series_is_what_a_look_at_every_row_says(stores: &ViewStores, s: &Samples) {
    let rows = spread(s, 0..160);
    stores.write(TallyCounter::default().writes(&rows)).await;
    let first_day = Timestamp::from_millis(START_MS / DAY_MS * DAY_MS - 7 * HOUR_MS);
    for number in [1, 40, 90] {
        let all = days(s, first_day, number);
        for query in [
            all.clone(),
            SeriesQuery { method: Some(rows[0].method), ..all.clone() },
            SeriesQuery { status: Some(VerificationStatus::Failed), ..all.clone() },
            SeriesQuery { category: Some(ReasonCategory::NotFound), ..all.clone() },
            SeriesQuery { customer: Some(s.customer(3).customer), ..all.clone() },
            SeriesQuery {
                customer: Some(s.customer(3).customer),
                category: Some(ReasonCategory::Mismatch),
                ..all.clone()
            },
            SeriesQuery { org: s.org(1), ..all.clone() },
        ] {
            let rows = if query.org == s.org(0) { &rows[..] } else { &[] };
            let expected = by_row(&query, rows);
            assert_eq!(series(stores, &query).await, expected, "{query:?}");
        }
    }
}

/// To the millisecond at both ends.
pub async fn a_series_begins_and_ends_at_its_days(stores: &ViewStores, s: &Samples) {
    let first = Timestamp::from_millis(START_MS / DAY_MS * DAY_MS + 17 * HOUR_MS);
    let edges = [-1, 0, DAY_MS - 1, DAY_MS, 2 * DAY_MS - 1, 2 * DAY_MS];
    let rows: Vec<_> = (0..)
        .zip(edges)
        .map(|(n, edge)| {
            let mut row = s.verification(&s.customer(0), 2 * n + 1);
            row.status = VerificationStatus::Failed;
            row.reason_category = Some(ReasonCategory::Quota);
            row.created_at = Timestamp::from_millis(first.millis() + edge);
            row
        })
        .collect();
    stores.write(TallyCounter::default().writes(&rows)).await;
    for customer in [None, Some(s.customer(0).customer)] {
        let found = series(stores, &SeriesQuery { customer, ..days(s, first, 2) }).await;
        let counts: Vec<_> = found.days.iter().map(|day| day.of(VerificationStatus::Failed)).collect();
        assert_eq!(counts, [2, 2]);
        assert_eq!(found.categories, Some(BTreeMap::from([(ReasonCategory::Quota, 4)])));
        assert_eq!(found.days[1].start.millis() - first.millis(), DAY_MS);
    }
}
