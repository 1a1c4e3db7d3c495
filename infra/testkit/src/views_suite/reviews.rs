//! Pending verifications and their reviews: joined on reading, and the queue as a filter.

use domain::classify::ReasonCategory;
use domain::event::Partition;
use domain::ports::{AttemptsQuery, PageStart};
use domain::rows::{ReviewRow, ReviewState, RowKey, VerificationRow, VerificationStatus, ViewRow, ViewWrite};
use domain::time::Timestamp;

use super::lists::{HOUR_MS, everything, matches, page};
use super::rows::boxed_verification;
use super::{GENERATION, ViewStores};
use crate::samples::{START_MS, Samples, TallyCounter, time, written};

fn boxed(review: &ReviewRow) -> ViewRow {
    ViewRow::Review(Box::new(review.clone()))
}

/// With its signals and with the enrolment that the review made, by id and in lists.
pub async fn a_review_is_joined_to_its_verification(stores: &ViewStores, s: &Samples) {
    let customer = s.customer(0);
    let (row, open) = (s.captured(&customer, 2), s.captured(&customer, 4));
    let review = s.review(&row, 9);
    let signal = s.signal(&customer, 2, 3);
    let mut enrolment = s.enrolment(&customer, 2);
    enrolment.created_at = review.created_at;
    stores.write(vec![written(2, boxed_verification(row.clone()))]).await;
    stores.write(vec![written(3, ViewRow::Signal(signal.clone()))]).await;
    stores.write(vec![written(4, boxed_verification(open.clone()))]).await;
    stores.write(vec![written(9, boxed(&review)), written(9, ViewRow::Enrolment(enrolment.clone()))]).await;
    let key = RowKey::Review(s.org(0), row.id.clone());
    let keys = [key, RowKey::Review(s.org(0), open.id.clone()), RowKey::Review(s.org(1), row.id.clone())];
    assert_eq!(stores.load(&keys).await, [Some(boxed(&review)), None, None]);

    let found = stores.views.verification(GENERATION, &s.org(0), &row.id).await.expect("read");
    let (view, found_enrolment) = found.expect("there");
    assert_eq!((&view.row, &view.review, &view.signals), (&row, &Some(review.clone()), &vec![signal]));
    assert_eq!((view.review_state(), found_enrolment), (Some(ReviewState::Verified), Some(enrolment)));
    // A customer's list, which takes no total from a tally.
    let whose = Some(customer.customer.clone());
    let listed = page(stores, &AttemptsQuery { customer: whose, ..everything(s) }).await;
    let states: Vec<_> = listed.rows.iter().map(|view| (&view.row, view.review_state())).collect();
    assert_eq!(states, [(&open, Some(ReviewState::Open)), (&row, Some(ReviewState::Verified))]);
    assert_eq!(listed.rows[1], view);
}

/// The newest of them says the KYC that stands, whichever row it is of.
pub async fn kyc_rows_have_reviews_and_the_newest_row_says_the_kyc(stores: &ViewStores, s: &Samples) {
    let customer = s.customer(0);
    let (row, later) = (s.captured(&customer, 2), s.captured(&customer, 20));
    let (review, back) = (s.review(&row, 9), sent_back(s, &later, 30));
    let writes = vec![
        written(2, boxed_verification(row)),
        written(9, boxed(&review)),
        written(20, boxed_verification(later)),
        written(30, boxed(&back)),
    ];
    stores.write(writes).await;
    for (as_of, reviews, kyc) in [
        (Some(time(8)), vec![], s.captured(&customer, 2).kyc_after),
        (Some(time(9)), vec![review.clone()], review.kyc_after),
        (Some(time(19)), vec![review.clone()], review.kyc_after),
        (Some(time(20)), vec![review.clone()], s.captured(&customer, 20).kyc_after),
        (None, vec![back.clone(), review.clone()], back.kyc_after),
    ] {
        let found = stores.views.kyc_rows(GENERATION, &customer, as_of).await.expect("read");
        assert_eq!((&found.reviews, found.kyc()), (&reviews, kyc), "{as_of:?}");
    }
}

fn sent_back(s: &Samples, row: &VerificationRow, offset: u64) -> ReviewRow {
    ReviewRow {
        to_status: VerificationStatus::Failed,
        reason_code: "retake".to_owned(),
        note: None,
        enrolment: None,
        tier_event: None,
        kyc_after: row.kyc_after,
        ..s.review(row, offset)
    }
}

/// Rows of two log partitions over some forty hours, two of three pending, and reviews of half of those.
struct Queue {
    rows: Vec<VerificationRow>,
    reviews: Vec<ReviewRow>,
}

impl Queue {
    fn of(s: &Samples) -> Self {
        let rows: Vec<VerificationRow> = (0..60)
            .map(|n| {
                let customer = s.customer(n % 4);
                let mut row =
                    if n % 3 == 0 { s.verification(&customer, n) } else { s.captured(&customer, n) };
                row.source.partition = Partition(n as u32 % 2);
                row.created_at = Timestamp::from_millis(START_MS + n as i64 * (HOUR_MS * 2 / 3));
                if n % 7 == 1 && row.status == VerificationStatus::Pending {
                    row.reason_category = Some(ReasonCategory::Quality);
                }
                row
            })
            .collect();
        let pending = rows.iter().filter(|row| row.status == VerificationStatus::Pending);
        let reviewed = pending.zip(0..).filter(|(_, n)| n % 2 == 0);
        let reviews = reviewed.map(|(row, n)| {
            let offset = 1_000 + n;
            if n % 6 == 0 { sent_back(s, row, offset) } else { s.review(row, offset) }
        });
        Self { reviews: reviews.collect(), rows }
    }

    fn state(&self, row: &VerificationRow) -> Option<ReviewState> {
        let review = self.reviews.iter().find(|review| review.verification_id == row.id);
        let is_pending = row.status == VerificationStatus::Pending;
        is_pending.then(|| review.map_or(ReviewState::Open, ReviewRow::state))
    }

    /// The rows that the query matches, newest first.
    fn matching(&self, query: &AttemptsQuery) -> Vec<&VerificationRow> {
        let is_asked = |row: &&VerificationRow| {
            matches(query, row) && query.review.is_none_or(|only| self.state(row) == Some(only))
        };
        let mut rows: Vec<_> = self.rows.iter().filter(is_asked).collect();
        rows.sort_by_key(|row| std::cmp::Reverse(row.place()));
        rows
    }
}

async fn expect_queue(stores: &ViewStores, queue: &Queue, query: &AttemptsQuery) {
    let expected = queue.matching(query);
    let ids: Vec<_> = expected.iter().map(|row| &row.id).collect();
    for skip in [0, 1, ids.len() / 2, ids.len()] {
        let asked = AttemptsQuery { start: PageStart::Skip(skip as u64), limit: 7, ..query.clone() };
        let found = page(stores, &asked).await;
        let found_ids: Vec<_> = found.rows.iter().map(|view| &view.row.id).collect();
        let page: Vec<_> = ids.iter().skip(skip).take(7).copied().collect();
        let more = ids.len() > skip + 7;
        assert_eq!((found_ids, found.total, found.more), (page, ids.len() as u64, more), "{asked:?}");
        for view in &found.rows {
            assert_eq!(view.review_state(), queue.state(&view.row), "{}", view.row.id);
        }
    }
    // And with a cursor, from page to page.
    let mut walked = Vec::new();
    let mut start = PageStart::Skip(0);
    loop {
        let found = page(stores, &AttemptsQuery { start, limit: 4, ..query.clone() }).await;
        walked.extend(found.rows.iter().map(|view| view.row.id.clone()));
        match found.rows.last() {
            Some(last) if found.more => start = PageStart::After(last.row.place()),
            _ => break,
        }
    }
    assert_eq!(walked.iter().collect::<Vec<_>>(), ids, "{query:?}");
}

/// Alone and beside every other filter, before and after reviews came, with exact totals.
pub async fn where_a_review_stands_is_a_filter_like_any_other(stores: &ViewStores, s: &Samples) {
    let mut counted = TallyCounter::default();
    let whole = Queue::of(s);
    let open = Queue { rows: whole.rows.clone(), reviews: Vec::new() };
    stores.write(counted.writes(&whole.rows)).await;
    for review in ReviewState::ALL.map(Some) {
        expect_queue(stores, &open, &AttemptsQuery { review, ..everything(s) }).await;
    }
    stores.write(counted.review_writes(&whole.reviews)).await;
    let rows = &whole.rows;
    for review in ReviewState::ALL.map(Some).into_iter().chain([None]) {
        let query = AttemptsQuery { review, ..everything(s) };
        let time = (Some(rows[9].created_at), Some(rows[47].created_at));
        for query in [
            query.clone(),
            AttemptsQuery { from: time.0, to: time.1, ..query.clone() },
            AttemptsQuery { customer: Some(s.customer(1).customer), ..query.clone() },
            AttemptsQuery { category: Some(ReasonCategory::Quality), ..query.clone() },
            AttemptsQuery { method: Some(rows[1].method), from: time.0, ..query.clone() },
            AttemptsQuery { method: Some(rows[0].method), ..query.clone() },
            AttemptsQuery { status: Some(VerificationStatus::Pending), ..query.clone() },
            AttemptsQuery { status: Some(VerificationStatus::Failed), ..query.clone() },
        ] {
            expect_queue(stores, &whole, &query).await;
        }
    }
}

/// Rows and reviews that are written again, late, or the review first.
pub async fn a_review_that_is_written_again_counts_once(stores: &ViewStores, s: &Samples) {
    let customer = s.customer(0);
    let mut counted = TallyCounter::default();
    let (row, early) = (s.captured(&customer, 2), s.captured(&customer, 4));
    let (review, back) = (s.review(&row, 9), sent_back(s, &early, 10));
    let rows = counted.writes(&[row.clone(), early.clone()]);
    let reviews = counted.review_writes(&[review, back]);
    let is_row = |write: &ViewWrite| matches!(write.row, ViewRow::Verification(_));
    // The reviews come before their rows, then everything twice more.
    stores.write(reviews.clone()).await;
    for _ in 0..2 {
        stores.write(rows.clone()).await;
        stores.write(reviews.clone()).await;
        stores.write(rows.iter().filter(|write| is_row(write)).cloned().collect()).await;
    }
    for (review, total) in [(ReviewState::Open, 0), (ReviewState::Verified, 1), (ReviewState::Failed, 1)] {
        let found = page(stores, &AttemptsQuery { review: Some(review), ..everything(s) }).await;
        assert_eq!((found.rows.len() as u64, found.total), (total, total), "{review:?}");
    }
    let pending = Some(VerificationStatus::Pending);
    let found = page(stores, &AttemptsQuery { status: pending, ..everything(s) }).await;
    assert_eq!((found.rows.len(), found.total), (2, 2));
}
