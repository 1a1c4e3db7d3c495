//! What every access index must do. Each case names its own orgs, so all of them may run at once in one database that
//! outlives the run.

use std::sync::Arc;

use domain::event::{PersonalDataRead, Source};
use domain::ids::{CustomerId, OrgId};
use domain::limits::READ_CUSTOMERS_MAX;
use domain::ports::{
    AccessActor, AccessCustomers, AccessIndex, AccessLook, AccessPage, AccessQuery, AccessRow, RowPlace,
};
use domain::staff::StaffRole;
use domain::time::Timestamp;
use futures::future::join_all;

use crate::samples::{START_MS, STEP_MS, Samples};

/// The index.
pub type AccessStore = Arc<dyn AccessIndex>;

/// Milliseconds of some 40 days: rows so far apart lie in different months.
const FAR_MS: i64 = 40 * 24 * 3_600 * 1_000;

fn of_org(org: OrgId) -> AccessQuery {
    AccessQuery { org, customer: None, actor: None, from: None, to: None, after: None, limit: 100 }
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

/// Whatever the index takes.
enum AddedAccess {
    Look(AccessRow),
    Reads(PersonalDataRead, Source),
}

impl AddedAccess {
    /// Its row in the lists that are not a customer's.
    fn row(&self) -> AccessRow {
        match self {
            Self::Look(row) => row.clone(),
            Self::Reads(record, source) => AccessRow::of_reads(record, *source),
        }
    }

    /// Its rows in customers' lists.
    fn of_customers(&self) -> Vec<AccessRow> {
        match self {
            Self::Look(row) => vec![row.clone()],
            Self::Reads(record, _) => {
                let one = |customer: &CustomerId| AccessRow {
                    customers: AccessCustomers::One(customer.clone()),
                    ..self.row()
                };
                record.customers.iter().map(one).collect()
            }
        }
    }

    async fn add(&self, index: &AccessStore) {
        match self {
            Self::Look(row) => index.add_access(row).await,
            Self::Reads(record, source) => index.add_reads(record, *source).await,
        }
        .expect("added");
    }
}

async fn add_all(index: &AccessStore, added: &[AddedAccess]) {
    join_all(added.iter().map(|one| one.add(index))).await;
}

/// The rows that a query asks for, of what was added.
fn wanted(added: &[AddedAccess], query: &AccessQuery) -> Vec<AccessRow> {
    let rows = added.iter().flat_map(|one| match query.customer {
        Some(_) => one.of_customers(),
        None => vec![one.row()],
    });
    newest_first(rows.filter(|row| query.matches(row)).collect())
}

/// Whether a walk along a page's ends gives those rows.
async fn assert_walk(index: &AccessStore, query: &AccessQuery, wanted: &[AccessRow]) {
    let mut query = query.clone();
    let mut walked = Vec::new();
    loop {
        let AccessPage { rows, more } = page(index, &query).await;
        assert!(rows.len() <= query.limit && (!more || rows.len() == query.limit), "{query:?}");
        query.after = rows.last().map(AccessRow::place);
        walked.extend(rows);
        assert_eq!(more, walked.len() < wanted.len(), "{query:?}");
        if !more {
            break;
        }
    }
    assert_eq!(walked, wanted, "{query:?}");
}

/// With one field and with all of them, of every role and of a signer; and nothing of another org.
pub async fn every_row_comes_back_as_it_was_added(index: &AccessStore, s: &Samples) {
    let mut added: Vec<AccessRow> = (0..8).map(|n| s.access(&s.customer(n), n, n)).collect();
    added.push(AccessRow { customers: AccessCustomers::All, ..s.access(&s.customer(8), 4, 8) });
    let is_of = |look: &AccessLook, wanted: &StaffRole| matches!(look, AccessLook::ConsoleView { role, .. } if role == wanted);
    assert!(StaffRole::ALL.iter().all(|role| added.iter().any(|row| is_of(&row.look, role))));
    assert!(added.iter().any(|row| matches!(row.look, AccessLook::SignerAct { .. })));
    assert_eq!(rows(index, &of_org(s.org(0))).await, []);
    add(index, &added).await;
    add(index, &[s.access(&s.customer_of(1, 0), 0, 100)]).await;
    assert_eq!(rows(index, &of_org(s.org(0))).await, newest_first(added));
    assert_eq!(rows(index, &of_org(s.org(1))).await.len(), 1);
    assert_eq!(rows(index, &of_org(s.org(2))).await, []);
}

/// One row for the record, however many customers it has, and one in the list of each of them; the whole of a full record.
pub async fn a_record_of_reads_is_a_row_of_its_key_and_of_each_customer(index: &AccessStore, s: &Samples) {
    let all: Vec<u64> = (0..READ_CUSTOMERS_MAX as u64).collect();
    let (full, small) = (s.reads(0, 1, 4, &all), s.reads(0, 1, 5, &[7]));
    let other = s.reads(1, 1, 6, &[7]);
    let added: Vec<AddedAccess> = [(full, 4), (small, 5), (other, 6)]
        .into_iter()
        .map(|(record, n)| AddedAccess::Reads(record, s.access_source(n)))
        .collect();
    for _ in 0..2 {
        add_all(index, &added).await;
    }
    let whole = of_org(s.org(0));
    let of_record = newest_first(added[..2].iter().map(AddedAccess::row).collect());
    assert_eq!(of_record[1].customers, AccessCustomers::Several(READ_CUSTOMERS_MAX as u32));
    assert_eq!(of_record[0].customers.one(), Some(&s.customer(7).customer));
    assert_eq!(rows(index, &whole).await, of_record);
    let by_key = AccessQuery { actor: Some(AccessActor::ApiKey(s.api_key(1))), ..whole.clone() };
    assert_eq!(rows(index, &by_key).await, of_record);
    for (customer, found) in [(7, 2), (0, 1), (READ_CUSTOMERS_MAX as u64 - 1, 1)] {
        let query = AccessQuery { customer: Some(s.customer(customer).customer), ..whole.clone() };
        let listed = rows(index, &query).await;
        assert_eq!(listed, wanted(&added, &query));
        assert_eq!(listed.len(), found, "{customer}");
    }
}

/// After an answer that was lost.
pub async fn a_row_added_twice_is_there_once(index: &AccessStore, s: &Samples) {
    let row = s.access(&s.customer(0), 1, 5);
    for _ in 0..3 {
        add(index, std::slice::from_ref(&row)).await;
    }
    let whole = of_org(s.org(0));
    let by_customer = AccessQuery { customer: row.customers.one().cloned(), ..whole.clone() };
    let by_staff = AccessQuery { actor: AccessActor::parse(row.look.actor()), ..whole.clone() };
    for query in [whole, by_customer, by_staff] {
        assert_eq!(rows(index, &query).await, std::slice::from_ref(&row));
    }
}

/// Every filter alone and together with every other one, over months, of looks and of reads.
pub async fn every_filter_gives_its_rows_and_no_others(index: &AccessStore, s: &Samples) {
    let added: Vec<AddedAccess> = (0..24)
        .map(|n| {
            let far = |time: Timestamp| Timestamp::from_millis(time.millis() + (n as i64 / 8) * FAR_MS);
            match n / 4 % 3 {
                2 => {
                    let record = s.reads(0, 4, n, &[n % 4, 5]);
                    let minute = far(record.minute);
                    AddedAccess::Reads(PersonalDataRead { minute, ..record }, s.access_source(n))
                }
                staff => {
                    let row = s.access(&s.customer(n % 4), staff, n);
                    AddedAccess::Look(AccessRow { viewed_at: far(row.viewed_at), ..row })
                }
            }
        })
        .collect();
    add_all(index, &added).await;
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
        let (staff, key) = (AccessActor::Staff(s.staff_user(1)), AccessActor::ApiKey(s.api_key(4)));
        for actor in [None, Some(staff), Some(key), Some(AccessActor::Staff(s.staff_user(9)))] {
            for (from, to) in times {
                let (customer, actor) = (customer.clone(), actor.clone());
                let query = AccessQuery { customer, actor, from, to, ..whole.clone() };
                assert_eq!(rows(index, &query).await, wanted(&added, &query), "{query:?}");
                asked += 1;
            }
        }
    }
    assert_eq!(asked, 60);
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
    let added: Vec<AddedAccess> = (0..40)
        .map(|n| {
            let shared = Timestamp::from_millis(START_MS + (n as i64 / 10) * FAR_MS);
            match n % 5 {
                0 => {
                    let record = PersonalDataRead { minute: shared, ..s.reads(0, 4, n, &[0, 1]) };
                    AddedAccess::Reads(record, s.access_source(n))
                }
                _ => {
                    let row = s.access(&s.customer(n % 2), n % 3 % 2, n);
                    AddedAccess::Look(AccessRow { viewed_at: shared, ..row })
                }
            }
        })
        .collect();
    add_all(index, &added).await;
    let whole = of_org(s.org(0));
    let customer = Some(s.customer(1).customer);
    let actor = Some(AccessActor::Staff(s.staff_user(1)));
    let key = Some(AccessActor::ApiKey(s.api_key(4)));
    for (query, limit) in [
        (whole.clone(), 7),
        (whole.clone(), 1),
        (AccessQuery { customer: customer.clone(), ..whole.clone() }, 3),
        (AccessQuery { actor: actor.clone(), ..whole.clone() }, 3),
        (AccessQuery { actor: key.clone(), ..whole.clone() }, 3),
        (AccessQuery { customer: customer.clone(), actor, ..whole.clone() }, 3),
        (AccessQuery { customer, actor: key, ..whole.clone() }, 3),
    ] {
        let query = AccessQuery { limit, ..query };
        assert_walk(index, &query, &wanted(&added, &query)).await;
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
            a_record_of_reads_is_a_row_of_its_key_and_of_each_customer,
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
