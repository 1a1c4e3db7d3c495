//! Lists: pages, cursors, filters, totals, and a customer's rows.

use domain::event::{Offset, Partition};
use domain::ids::{CustomerRef, VerificationId};
use domain::limits::KYC_ROWS_MAX;
use domain::policy::Method;
use domain::ports::{AttemptsPage, AttemptsQuery, PageStart, RowPlace};
use domain::rows::{Generation, VerificationRow, VerificationStatus, ViewRow};
use domain::time::Timestamp;

use super::{GENERATION, ViewStores};
use crate::samples::{START_MS, Samples, TallyCounter, deleted, time, written};

pub(super) const HOUR_MS: i64 = 3_600_000;

/// Everything of org 0, on one page.
pub(super) fn everything(s: &Samples) -> AttemptsQuery {
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
        limit: 100,
    }
}

pub(super) async fn page(stores: &ViewStores, query: &AttemptsQuery) -> AttemptsPage {
    stores.views.attempts(GENERATION, query).await.expect("listed")
}

fn ids(page: &AttemptsPage) -> Vec<VerificationId> {
    page.rows.iter().map(|view| view.row.id.clone()).collect()
}

fn place(row: &VerificationRow) -> RowPlace {
    RowPlace { created_at: row.created_at, partition: row.source.partition, offset: row.source.offset }
}

/// The rows' ids, newest first.
fn newest_first<'a>(rows: impl IntoIterator<Item = &'a VerificationRow>) -> Vec<VerificationId> {
    let mut rows: Vec<_> = rows.into_iter().collect();
    rows.sort_by_key(|row| std::cmp::Reverse(place(row)));
    rows.into_iter().map(|row| row.id.clone()).collect()
}

/// Rows of customer 0, numbers 0 up to `n`, written with what counts them.
async fn write_rows(stores: &ViewStores, s: &Samples, n: u64) -> Vec<VerificationRow> {
    let rows: Vec<_> = (0..n).map(|n| s.verification(&s.customer(0), n)).collect();
    stores.write(TallyCounter::default().writes(&rows)).await;
    rows
}

/// Another org's is as one that does not exist.
pub async fn a_verification_is_its_orgs_alone(stores: &ViewStores, s: &Samples) {
    let rows = write_rows(stores, s, 1).await;
    for (org, there) in [(s.org(0), true), (s.org(1), false)] {
        let found = stores.views.verification(GENERATION, &org, &rows[0].id).await.expect("read");
        assert_eq!(found.is_some(), there);
    }
    let unknown = stores.views.verification(GENERATION, &s.org(0), &s.verification_id(99)).await;
    assert_eq!(unknown.expect("read"), None);
}

/// On the row's own page and in lists.
pub async fn signals_are_joined_oldest_first(stores: &ViewStores, s: &Samples) {
    let customer = s.customer(0);
    let rows = write_rows(stores, s, 3).await;
    for offset in [12, 10, 11] {
        stores.write(vec![written(offset, ViewRow::Signal(s.signal(&customer, 1, offset)))]).await;
    }
    stores.write(vec![written(13, ViewRow::Signal(s.signal(&customer, 2, 13)))]).await;
    let of_one: Vec<_> = [10, 11, 12].map(|offset| s.signal(&customer, 1, offset)).to_vec();
    let found = stores.views.verification(GENERATION, &s.org(0), &rows[1].id).await.expect("read");
    assert_eq!(found.expect("there").0.signals, of_one);
    let listed = page(stores, &everything(s)).await;
    let signals: Vec<_> = listed.rows.into_iter().map(|view| view.signals).collect();
    assert_eq!(signals, [vec![s.signal(&customer, 2, 13)], of_one, vec![]]);
}

/// The row stays, and says which enrolment it had made.
pub async fn an_erased_enrolment_is_not_shown(stores: &ViewStores, s: &Samples) {
    let customer = s.customer(0);
    let row = s.verification(&customer, 2);
    stores.write(TallyCounter::default().writes(std::slice::from_ref(&row))).await;
    stores.write(vec![written(2, ViewRow::Enrolment(s.enrolment(&customer, 2)))]).await;
    stores.write(vec![deleted(5, ViewRow::EraseEnrolments(customer))]).await;
    let found = stores.views.verification(GENERATION, &s.org(0), &row.id).await.expect("read");
    let (view, enrolment) = found.expect("there");
    assert_eq!((view.row, enrolment), (row, None));
}

/// Page by page, to beyond the end.
pub async fn pages_are_newest_first_and_say_whether_rows_follow(stores: &ViewStores, s: &Samples) {
    let none = page(stores, &everything(s)).await;
    assert_eq!(none, AttemptsPage { rows: Vec::new(), total: 0, more: false });
    let all = newest_first(&write_rows(stores, s, 10).await);
    for (skip, limit, expected, more) in [
        (0, 4, &all[0..4], true),
        (4, 4, &all[4..8], true),
        (8, 4, &all[8..], false),
        (6, 4, &all[6..], false),
        (0, 10, &all[..], false),
        (0, 100, &all[..], false),
        (10, 4, &[], false),
        (1_000, 4, &[], false),
    ] {
        let query = AttemptsQuery { start: PageStart::Skip(skip), limit, ..everything(s) };
        let found = page(stores, &query).await;
        assert_eq!((&ids(&found)[..], found.more, found.total), (expected, more, 10), "{skip}, {limit}");
    }
}

/// Rows that come between two pages neither repeat a row nor hide one.
pub async fn a_cursor_walks_without_drift_while_rows_come(stores: &ViewStores, s: &Samples) {
    let customer = s.customer(0);
    let mut counted = TallyCounter::default();
    let old: Vec<_> = (0..23).map(|n| s.verification(&customer, n)).collect();
    stores.write(counted.writes(&old)).await;
    let mut query = AttemptsQuery { limit: 5, ..everything(s) };
    let mut seen = Vec::new();
    let mut known = old.len() as u64;
    loop {
        let found = page(stores, &query).await;
        assert_eq!(found.total, known, "a total counts what lies before the cursor too");
        seen.extend(ids(&found));
        let Some(last) = found.rows.last() else { break };
        query.start = PageStart::After(place(&last.row));
        // Three newer ones, one of them at the walk's first instant.
        let mut came: Vec<_> = (known..known + 3).map(|n| s.verification(&customer, n)).collect();
        came[0].created_at = time(22);
        stores.write(counted.writes(&came)).await;
        known += 3;
        if !found.more {
            break;
        }
    }
    assert_eq!(seen, newest_first(&old));
}

/// The order (createdAt, partition, offset) descending, and a cursor that stops within one instant.
pub async fn rows_of_one_instant_are_ordered_by_partition_then_offset(stores: &ViewStores, s: &Samples) {
    let places = [(0, 7), (2, 1), (1, 300), (0, 9), (1, 2), (2, 0), (1, 256)];
    let rows: Vec<_> = places
        .into_iter()
        .zip(0..)
        .map(|((partition, offset), n)| {
            let mut row = s.verification(&s.customer(n), n);
            (row.source, row.created_at) = (s.source(partition, offset), time(0));
            row
        })
        .collect();
    stores.write(TallyCounter::default().writes(&rows)).await;
    let all = newest_first(&rows);
    assert_eq!(ids(&page(stores, &everything(s)).await), all);
    let mut query = AttemptsQuery { limit: 1, ..everything(s) };
    for id in &all {
        let found = page(stores, &query).await;
        assert_eq!(ids(&found), std::slice::from_ref(id));
        query.start = PageStart::After(place(&found.rows[0].row));
    }
    assert_eq!(ids(&page(stores, &query).await), []);
}

/// Rows of two customers, every method and both statuses, over some hours.
pub(super) fn motley(s: &Samples) -> Vec<VerificationRow> {
    (0..60)
        .map(|n| {
            let mut row = s.verification(&s.customer(n % 3), n);
            row.method = Method::ALL[n as usize % 5];
            row.status = VerificationStatus::ALL[usize::from(n % 7 < 3)];
            row.created_at = Timestamp::from_millis(START_MS + 10 * 60_000 * n as i64);
            row
        })
        .collect()
}

pub(super) fn matches(query: &AttemptsQuery, row: &VerificationRow) -> bool {
    query.method.is_none_or(|method| row.method == method)
        && query.status.is_none_or(|status| row.status == status)
        && query.category.is_none_or(|category| row.reason_category == Some(category))
        && query.customer.as_ref().is_none_or(|customer| row.customer.customer == *customer)
        && query.from.is_none_or(|from| row.created_at >= from)
        && query.to.is_none_or(|to| row.created_at < to)
}

/// What the query answers is what a look at every row says; and a walk by cursor meets the same rows.
pub(super) async fn expect_as_counted(stores: &ViewStores, query: &AttemptsQuery, rows: &[VerificationRow]) {
    let expected = newest_first(rows.iter().filter(|row| matches(query, row)));
    let total = expected.len() as u64;
    let found = page(stores, query).await;
    assert_eq!((ids(&found), found.total, found.more), (expected.clone(), total, false), "{query:?}");
    let mut query = AttemptsQuery { limit: 7, ..query.clone() };
    let mut walked = Vec::new();
    loop {
        let found = page(stores, &query).await;
        assert_eq!(found.total, total, "{query:?}");
        walked.extend(ids(&found));
        match found.rows.last() {
            Some(last) if found.more => query.start = PageStart::After(place(&last.row)),
            _ => break,
        }
    }
    assert_eq!(walked, expected, "{query:?}");
}

/// Method, status, customer and time, in every combination.
pub async fn every_filter_alone_and_together(stores: &ViewStores, s: &Samples) {
    let rows = motley(s);
    stores.write(TallyCounter::default().writes(&rows)).await;
    let times = [None, Some((rows[11].created_at, rows[47].created_at))];
    for method in [None, Some(Method::NikDukcapil), Some(Method::FaceMatch)] {
        for status in [None, Some(VerificationStatus::Verified), Some(VerificationStatus::Failed)] {
            for customer in [None, Some(s.customer(1).customer), Some(s.customer(9).customer)] {
                for time in times {
                    let (from, to) = time.unzip();
                    let customer = customer.clone();
                    let query = AttemptsQuery { method, status, customer, from, to, ..everything(s) };
                    expect_as_counted(stores, &query, &rows).await;
                }
            }
        }
    }
}

/// To the millisecond, at rows' own times and beside them, inside one hour and over several.
pub async fn from_is_inclusive_and_to_is_exclusive(stores: &ViewStores, s: &Samples) {
    let rows = motley(s);
    stores.write(TallyCounter::default().writes(&rows)).await;
    let beside = |n: usize, by: i64| Timestamp::from_millis(rows[n].created_at.millis() + by);
    let full_hour = Timestamp::from_millis((START_MS / HOUR_MS + 2) * HOUR_MS);
    let bounds = [
        (None, Some(beside(3, 0))),
        (None, Some(beside(3, 1))),
        (Some(beside(3, 0)), None),
        (Some(beside(3, 1)), None),
        (Some(beside(5, 0)), Some(beside(5, 0))),
        (Some(beside(5, 0)), Some(beside(5, 1))),
        (Some(beside(40, 0)), Some(beside(5, 0))),
        (Some(beside(1, 0)), Some(beside(2, 0))),
        (Some(beside(1, 0)), Some(beside(58, 0))),
        (Some(full_hour), None),
        (None, Some(full_hour)),
        (Some(full_hour), Some(Timestamp::from_millis(full_hour.millis() + 3 * HOUR_MS))),
        (Some(Timestamp::from_millis(0)), Some(Timestamp::from_millis(i64::MAX))),
    ];
    for (from, to) in bounds {
        for status in [None, Some(VerificationStatus::Failed)] {
            let query = AttemptsQuery { from, to, status, ..everything(s) };
            expect_as_counted(stores, &query, &rows).await;
        }
    }
}

/// Also after more rows came into buckets that were counted before.
pub async fn totals_are_exact_over_hours_days_and_months(stores: &ViewStores, s: &Samples) {
    const DAY_MS: i64 = 24 * HOUR_MS;
    let mut counted = TallyCounter::default();
    let mut rows = Vec::new();
    for round in 0..3 {
        let came: Vec<_> = (0..40)
            .map(|n| {
                let mut row = s.verification(&s.customer(n % 4), 100 * round + n);
                row.source.partition = Partition(n as u32 % 4);
                // Over some 70 days, at other minutes each time.
                row.created_at =
                    Timestamp::from_millis(START_MS + n as i64 * (7 * DAY_MS / 4) + 61_000 * round as i64);
                row
            })
            .collect();
        stores.write(counted.writes(&came)).await;
        rows.extend(came);
        let at = |days: i64, ms: i64| Some(Timestamp::from_millis((START_MS / DAY_MS + days) * DAY_MS + ms));
        let bounds = [
            (None, None),
            (at(1, 0), at(60, 0)),
            (at(8, 5), None),
            (at(0, 0), at(9, HOUR_MS + 1)),
            (at(3, 0), at(4, 0)),
        ];
        for (from, to) in bounds {
            for method in [None, Some(Method::NikDukcapil)] {
                let query = AttemptsQuery { from, to, method, limit: 1, ..everything(s) };
                let expected = rows.iter().filter(|row| matches(&query, row)).count() as u64;
                assert_eq!(page(stores, &query).await.total, expected, "{query:?}");
            }
        }
    }
}

/// Nor another generation's.
pub async fn another_orgs_rows_are_not_there(stores: &ViewStores, s: &Samples) {
    let ours = write_rows(stores, s, 2).await;
    let theirs: Vec<_> = (10..13).map(|n| s.verification(&s.customer_of(1, 0), n)).collect();
    stores.write(TallyCounter::default().writes(&theirs)).await;
    let next: Vec<_> = (20..24).map(|n| s.verification(&s.customer(0), n)).collect();
    let writes = TallyCounter::default().writes(&next);
    stores.projection.write(Generation(2), writes).await.expect("written");

    let found = page(stores, &everything(s)).await;
    assert_eq!((ids(&found), found.total), (newest_first(&ours), 2));
    let found = page(stores, &AttemptsQuery { org: s.org(1), ..everything(s) }).await;
    assert_eq!((ids(&found), found.total), (newest_first(&theirs), 3));
    // A customer's name does not lead out of the asking org.
    let foreign = AttemptsQuery { customer: Some(theirs[0].customer.customer.clone()), ..everything(s) };
    let found = page(stores, &foreign).await;
    assert_eq!((found.rows.len(), found.total), (0, 0));
    let kyc = CustomerRef::new(s.org(0), theirs[0].customer.customer.clone());
    let found = stores.views.kyc_rows(GENERATION, &kyc, None).await.expect("read");
    assert_eq!(found, Default::default());
}

/// At most so many, without any of another customer's.
pub async fn kyc_rows_are_the_newest_of_each_kind(stores: &ViewStores, s: &Samples) {
    let customer = s.customer(0);
    let n_all = KYC_ROWS_MAX as u64 + 5;
    let mut writes = Vec::new();
    for n in 0..n_all {
        let row = s.verification(&customer, n);
        writes.push(written(n, ViewRow::Verification(Box::new(row))));
        writes.push(written(n, ViewRow::TierEvent(s.tier_event(&customer, n))));
    }
    let other = s.customer(1);
    let row = s.verification(&other, n_all);
    writes.push(written(n_all, ViewRow::Verification(Box::new(row))));
    writes.push(written(n_all, ViewRow::TierEvent(s.tier_event(&other, n_all))));
    stores.write(writes).await;

    let newest = (0..n_all).rev().take(KYC_ROWS_MAX);
    let found = stores.views.kyc_rows(GENERATION, &customer, None).await.expect("read");
    let expected: Vec<_> = newest.clone().map(|n| s.verification(&customer, n)).collect();
    assert_eq!(found.verifications, expected);
    let expected: Vec<_> = newest.map(|n| s.tier_event(&customer, n)).collect();
    assert_eq!(found.history, expected);
}

/// To the millisecond; of one instant by offset, the latest first.
pub async fn kyc_rows_as_of_a_time_include_it(stores: &ViewStores, s: &Samples) {
    let customer = s.customer(0);
    let mut writes = Vec::new();
    for n in 0..6 {
        let (mut row, mut tier) = (s.verification(&customer, n), s.tier_event(&customer, n));
        // 3 and 4 share an instant.
        (row.created_at, tier.created_at) =
            (time(n.min(3) + n.saturating_sub(4)), time(n.min(3) + n.saturating_sub(4)));
        writes.push(written(n, ViewRow::Verification(Box::new(row))));
        writes.push(written(n, ViewRow::TierEvent(tier)));
    }
    stores.write(writes).await;
    let before_all = Timestamp::from_millis(START_MS - 1);
    let just_before = Timestamp::from_millis(time(3).millis() - 1);
    for (as_of, expected) in [
        (Some(before_all), &[][..]),
        (Some(time(0)), &[0]),
        (Some(just_before), &[2, 1, 0]),
        (Some(time(3)), &[4, 3, 2, 1, 0]),
        (Some(time(4)), &[5, 4, 3, 2, 1, 0]),
        (None, &[5, 4, 3, 2, 1, 0]),
    ] {
        let found = stores.views.kyc_rows(GENERATION, &customer, as_of).await.expect("read");
        let offsets: Vec<_> = found.verifications.iter().map(|row| row.source.offset).collect();
        let expected: Vec<_> = expected.iter().map(|n| Offset(*n)).collect();
        assert_eq!(offsets, expected, "verifications as of {as_of:?}");
        let offsets: Vec<_> = found.history.iter().map(|row| row.source.offset).collect();
        assert_eq!(offsets, expected, "history as of {as_of:?}");
    }
}

/// Without a pointer to another one.
pub async fn the_first_generation_answers_unless_told_otherwise(stores: &ViewStores, _: &Samples) {
    assert_eq!(stores.views.generation().await.expect("read"), Generation(1));
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn motley_rows_have_every_method_and_status() {
        let rows = motley(&Samples::new(1));
        let kinds: BTreeSet<_> = rows.iter().map(|row| (row.method, row.status)).collect();
        assert_eq!(kinds.len(), 10);
    }
}
