//! What every access index must do. Each case names its own orgs, so all of them may run at once in one database that
//! outlives the run.

use std::sync::Arc;

use domain::ids::OrgId;
use domain::ports::{AccessIndex, AccessPage, AccessQuery, AccessRow, RowPlace};
use domain::staff::StaffRole;
use domain::time::Timestamp;
use futures::future::join_all;

use crate::samples::{START_MS, STEP_MS, Samples};

/// The index.
pub type AccessStore = Arc<dyn AccessIndex>;

/// Milliseconds of some 40 days: rows so far apart lie in different months.
const FAR_MS: i64 = 40 * 24 * 3_600 * 1_000;

fn of_org(org: OrgId) -> AccessQuery {
    AccessQuery { org, customer: None, staff_user: None, from: None, to: None, after: None, limit: 100 }
}

fn time(n: i64) -> Option<Timestamp> {
    Some(Timestamp::from_millis(START_MS + n * STEP_MS))
}

async fn add(index: &AccessStore, rows: &[AccessRow]) {
    join_all(rows.iter().map(|row| async { index.add_access(row).await.expect("added") })).await;
}

async fn page(index: &AccessStore, query: &AccessQuery) -> AccessPage {
    index.access_page(query).await.expect("a page")
}

async fn rows(index: &AccessStore, query: &AccessQuery) -> Vec<AccessRow> {
    let AccessPage { rows, more } = page(index, query).await;
    assert!(!more, "{query:?}");
    rows
}

fn newest_first(mut rows: Vec<AccessRow>) -> Vec<AccessRow> {
    rows.sort_by_key(|row| std::cmp::Reverse(row.place()));
    rows
}

/// With one field and with all of them, of every role; and nothing of another org.
pub async fn every_row_comes_back_as_it_was_added(index: &AccessStore, s: &Samples) {
    let added: Vec<AccessRow> = (0..8).map(|n| s.access(&s.customer(n), n, n)).collect();
    assert!(StaffRole::ALL.iter().all(|role| added.iter().any(|row| row.staff_role == *role)));
    assert_eq!(rows(index, &of_org(s.org(0))).await, []);
    add(index, &added).await;
    add(index, &[s.access(&s.customer_of(1, 0), 0, 100)]).await;
    assert_eq!(rows(index, &of_org(s.org(0))).await, newest_first(added));
    assert_eq!(rows(index, &of_org(s.org(1))).await.len(), 1);
    assert_eq!(rows(index, &of_org(s.org(2))).await, []);
}

/// After an answer that was lost.
pub async fn a_row_added_twice_is_there_once(index: &AccessStore, s: &Samples) {
    let row = s.access(&s.customer(0), 1, 5);
    for _ in 0..3 {
        add(index, std::slice::from_ref(&row)).await;
    }
    let whole = of_org(s.org(0));
    let by_customer = AccessQuery { customer: Some(row.customer.customer.clone()), ..whole.clone() };
    let by_staff = AccessQuery { staff_user: Some(row.staff_user.clone()), ..whole.clone() };
    for query in [whole, by_customer, by_staff] {
        assert_eq!(rows(index, &query).await, std::slice::from_ref(&row));
    }
}

/// Every filter alone and together with every other one, over months.
pub async fn every_filter_gives_its_rows_and_no_others(index: &AccessStore, s: &Samples) {
    let added: Vec<AccessRow> = (0..24)
        .map(|n| {
            let row = s.access(&s.customer(n % 4), n / 4 % 3, n);
            let later = row.viewed_at.millis() + (n as i64 / 8) * FAR_MS;
            AccessRow { viewed_at: Timestamp::from_millis(later), ..row }
        })
        .collect();
    add(index, &added).await;
    let whole = of_org(s.org(0));
    let in_second_month = Some(Timestamp::from_millis(START_MS + 10 * STEP_MS + FAR_MS));
    let times = [
        (None, None),
        (time(3), time(9)),
        (in_second_month, None),
        (None, in_second_month),
        (time(9), time(3)),
    ];
    let mut asked = 0;
    for customer in [None, Some(s.customer(2).customer), Some(s.customer(9).customer)] {
        for staff_user in [None, Some(s.staff_user(1)), Some(s.staff_user(9))] {
            for (from, to) in times {
                let (customer, staff_user) = (customer.clone(), staff_user.clone());
                let query = AccessQuery { customer, staff_user, from, to, ..whole.clone() };
                let wanted = added.iter().filter(|row| query.matches(row)).cloned().collect();
                assert_eq!(rows(index, &query).await, newest_first(wanted), "{query:?}");
                asked += 1;
            }
        }
    }
    assert_eq!(asked, 45);
}

/// A time's first millisecond belongs to a range that begins there, and to none that ends there.
pub async fn from_is_inclusive_and_to_is_not(index: &AccessStore, s: &Samples) {
    add(index, &[s.access(&s.customer(0), 0, 7)]).await;
    for (from, to, found) in [(7, 8, 1), (6, 7, 0), (8, 9, 0), (7, 7, 0)] {
        let query = AccessQuery { from: time(from), to: time(to), ..of_org(s.org(0)) };
        assert_eq!(rows(index, &query).await.len(), found, "{from}..{to}");
    }
}

/// Page after page, with each filter: every row once, in order, also where many are of one millisecond.
pub async fn pages_follow_each_other_without_a_gap_or_a_repetition(index: &AccessStore, s: &Samples) {
    let added: Vec<AccessRow> = (0..40)
        .map(|n| {
            let row = s.access(&s.customer(n % 2), n % 3 % 2, n);
            let shared = START_MS + (n as i64 / 10) * FAR_MS;
            AccessRow { viewed_at: Timestamp::from_millis(shared), ..row }
        })
        .collect();
    add(index, &added).await;
    let whole = of_org(s.org(0));
    let customer = Some(s.customer(1).customer);
    let staff_user = Some(s.staff_user(1));
    for (query, limit) in [
        (whole.clone(), 7),
        (whole.clone(), 1),
        (AccessQuery { customer: customer.clone(), ..whole.clone() }, 3),
        (AccessQuery { staff_user: staff_user.clone(), ..whole.clone() }, 3),
        (AccessQuery { customer, staff_user, ..whole.clone() }, 3),
    ] {
        let wanted = newest_first(added.iter().filter(|row| query.matches(row)).cloned().collect());
        let mut query = AccessQuery { limit, ..query };
        let mut walked = Vec::new();
        loop {
            let AccessPage { rows, more } = page(index, &query).await;
            assert!(rows.len() <= limit && (!more || rows.len() == limit), "{query:?}");
            query.after = rows.last().map(AccessRow::place);
            walked.extend(rows);
            assert_eq!(more, walked.len() < wanted.len(), "{query:?}");
            if !more {
                break;
            }
        }
        assert_eq!(walked, wanted, "{query:?}");
    }
}

/// A place that no row has is a place in the list all the same.
pub async fn a_place_without_a_row_is_a_place(index: &AccessStore, s: &Samples) {
    let added: Vec<AccessRow> = (0..3).map(|n| s.access(&s.customer(0), 0, n)).collect();
    add(index, &added).await;
    let after = |place: RowPlace| AccessQuery { after: Some(place), ..of_org(s.org(0)) };
    let middle = added[1].place();
    let above = RowPlace { offset: domain::event::Offset(u64::MAX), ..middle };
    assert_eq!(rows(index, &after(above)).await, newest_first(added[..2].to_vec()));
    assert_eq!(rows(index, &after(middle)).await, [added[0].clone()]);
    let first = RowPlace { created_at: Timestamp::EPOCH, ..middle };
    assert_eq!(rows(index, &after(first)).await, []);
}

/// Makes a `#[tokio::test]` of every case. The argument is the path of an `async fn() -> (AccessStore, K)` that opens a
/// store; `K` is kept until the case is done (a temporary folder, a running server).
#[macro_export]
macro_rules! access_suite {
    ($stores:path) => {
        $crate::access_suite! { $stores;
            every_row_comes_back_as_it_was_added,
            a_row_added_twice_is_there_once,
            every_filter_gives_its_rows_and_no_others,
            from_is_inclusive_and_to_is_not,
            pages_follow_each_other_without_a_gap_or_a_repetition,
            a_place_without_a_row_is_a_place,
        }
    };
    ($stores:path; $($case:ident),+ $(,)?) => {
        $(
            #[tokio::test(flavor = "multi_thread")]
            async fn $case() {
                let (index, _keep) = $stores().await;
                $crate::access_suite::$case(&index, &$crate::samples::Samples::fresh()).await;
            }
        )+
    };
}
