//! What every store of review copies' keys must do, whichever technology it stands on: the ReviewKeys port. Each case names
//! its own verifications, so all of them may run at once in one store that outlives the run; only one of them has keys whose
//! time is over, because what is over is listed for all orgs together.

use std::sync::Arc;

use domain::ids::CustomerRef;
use domain::ports::{DataKey, ExpiredReviewKey, ReviewKeyCreated, ReviewKeyRow, ReviewKeys};
use domain::time::Timestamp;
use futures::future::join_all;

use crate::samples::Samples;

/// The port.
pub type ReviewStore = Arc<dyn ReviewKeys>;

/// Makes a `#[tokio::test]` of every case. The argument is the path of an `async fn() -> (ReviewStore, K)` that opens a
/// store; `K` is kept until the case is done.
#[macro_export]
macro_rules! review_keys_suite {
    ($store:path) => {
        $crate::review_keys_suite! { $store;
            a_review_key_comes_back_as_it_was_created,
            of_sixteen_review_keys_of_one_verification_one_is_created,
            a_destroyed_review_key_stays_destroyed,
            of_a_creation_and_a_destruction_at_once_nothing_comes_back_to_life,
            all_review_keys_of_one_customer_are_destroyed_and_nobody_elses,
            review_keys_whose_time_is_over_are_listed_until_they_are_destroyed,
        }
    };
    ($store:path; $($case:ident),+ $(,)?) => {
        $(
            #[tokio::test(flavor = "multi_thread")]
            async fn $case() {
                let (store, _keep) = $store().await;
                $crate::review_keys_suite::$case(&store, &$crate::samples::Samples::fresh()).await;
            }
        )+
    };
}

async fn created(store: &ReviewStore, row: &ReviewKeyRow) {
    assert_eq!(store.create_review_key(row.clone()).await.expect("created"), ReviewKeyCreated::New);
}

async fn read(store: &ReviewStore, row: &ReviewKeyRow) -> Option<ReviewKeyRow> {
    store.review_key(&row.customer.org, &row.verification).await.expect("read")
}

fn destroyed(row: &ReviewKeyRow) -> ReviewKeyRow {
    ReviewKeyRow { key: DataKey::Destroyed { key_id: row.key.key_id().to_owned() }, ..row.clone() }
}

async fn destroy(store: &ReviewStore, row: &ReviewKeyRow) -> bool {
    store.destroy_review_key(&row.customer.org, &row.verification).await.expect("asked")
}

/// Byte for byte; the same verification's name in another org is another's.
pub async fn a_review_key_comes_back_as_it_was_created(store: &ReviewStore, s: &Samples) {
    for n in 0..3 {
        let row = s.review_key(0, n, n);
        assert_eq!(read(store, &row).await, None);
        created(store, &row).await;
        assert_eq!(read(store, &row).await.as_ref(), Some(&row));
    }
    let elsewhere = ReviewKeyRow { customer: s.customer_of(1, 0), ..s.review_key(0, 0, 0) };
    assert_eq!(read(store, &elsewhere).await, None);
}

/// The others are told the winner's row, whole.
pub async fn of_sixteen_review_keys_of_one_verification_one_is_created(store: &ReviewStore, s: &Samples) {
    let rows: Vec<_> = (0..16)
        .map(|n| ReviewKeyRow { verification: s.verification_id(0), ..s.review_key(0, 0, n) })
        .collect();
    let answers = join_all(rows.iter().map(|row| store.create_review_key(row.clone()))).await;
    let answers: Vec<_> = answers.into_iter().map(|answer| answer.expect("answered")).collect();
    let winners: Vec<_> = (0..16).filter(|n| answers[*n] == ReviewKeyCreated::New).collect();
    let [winner] = winners[..] else { panic!("{} creations won", winners.len()) };
    assert_eq!(read(store, &rows[0]).await.as_ref(), Some(&rows[winner]));
    for (n, answer) in answers.into_iter().enumerate() {
        if n != winner {
            assert_eq!(answer, ReviewKeyCreated::Existing(Box::new(rows[winner].clone())));
        }
    }
}

/// Its name and its time stay. A late retry of the creation does not take it back.
pub async fn a_destroyed_review_key_stays_destroyed(store: &ReviewStore, s: &Samples) {
    let row = s.review_key(0, 0, 0);
    assert!(!destroy(store, &row).await, "there is none");
    assert_eq!(read(store, &row).await, None);
    created(store, &row).await;
    for _ in 0..2 {
        assert!(destroy(store, &row).await);
        assert_eq!(read(store, &row).await, Some(destroyed(&row)));
    }
    let again = store.create_review_key(row.clone()).await.expect("answered");
    assert_eq!(again, ReviewKeyCreated::Existing(Box::new(destroyed(&row))));
}

/// Whichever comes first, who then destroys it once more has destroyed it.
pub async fn of_a_creation_and_a_destruction_at_once_nothing_comes_back_to_life(
    store: &ReviewStore,
    s: &Samples,
) {
    let rows: Vec<_> = (0..8).map(|n| s.review_key(0, n, n)).collect();
    join_all(rows.iter().map(|row| async {
        let (made, _) = futures::join!(store.create_review_key(row.clone()), destroy(store, row));
        assert_eq!(made.expect("answered"), ReviewKeyCreated::New);
        assert!(destroy(store, row).await);
        assert_eq!(read(store, row).await, Some(destroyed(row)));
    }))
    .await;
}

/// However many they are, and however often it is asked.
pub async fn all_review_keys_of_one_customer_are_destroyed_and_nobody_elses(
    store: &ReviewStore,
    s: &Samples,
) {
    let of = |customer: CustomerRef, n| ReviewKeyRow { customer, ..s.review_key(0, n, n) };
    let (ana, budi) = (s.customer(0), s.customer(1));
    assert_eq!(store.destroy_review_keys_of(&ana).await, Ok(0));
    let rows: Vec<_> = (0..20).map(|n| of(ana.clone(), n)).collect();
    let others = [of(budi, 99), of(CustomerRef::new(s.org(1), ana.customer.clone()), 98)];
    for row in rows.iter().chain(&others) {
        created(store, row).await;
    }
    assert!(destroy(store, &rows[0]).await);
    assert_eq!(store.destroy_review_keys_of(&ana).await, Ok(19));
    assert_eq!(store.destroy_review_keys_of(&ana).await, Ok(0));
    for row in &rows {
        assert_eq!(read(store, row).await, Some(destroyed(row)));
    }
    for other in &others {
        assert_eq!(read(store, other).await.as_ref(), Some(other));
    }
}

/// So many at a time, those of earlier hours first; no key before its time.
pub async fn review_keys_whose_time_is_over_are_listed_until_they_are_destroyed(
    store: &ReviewStore,
    s: &Samples,
) {
    const HOUR_MS: i64 = 3_600_000;
    let at = |n: i64| Timestamp::from_millis(1_000_000_000 + n * HOUR_MS);
    let rows: Vec<_> =
        (0..5).map(|n| ReviewKeyRow { expires_at: at(n), ..s.review_key(0, n as u64, n as u64) }).collect();
    for row in rows.iter().rev() {
        created(store, row).await;
    }
    let just_before = Timestamp::from_millis(at(1).millis() - 1);
    // What is listed is then destroyed, or not.
    for (by, limit, first, many, is_destroyed) in [
        (just_before, 10, 0, 1, false),
        (at(1), 10, 0, 2, false),
        (at(1), 1, 0, 1, true),
        (at(3), 2, 1, 2, true),
        (at(3), 10, 3, 1, true),
        (at(9), 10, 4, 1, true),
        (at(9), 10, 5, 0, true),
        (at(9), 10, 5, 0, true),
    ] {
        let listed = store.expired_review_keys(by, limit).await.expect("listed");
        let wanted: Vec<_> = rows[first..first + many]
            .iter()
            .map(|row| ExpiredReviewKey {
                org: row.customer.org.clone(),
                verification: row.verification.clone(),
            })
            .collect();
        assert_eq!(listed, wanted, "by {by:?}, {limit} at most");
        if is_destroyed {
            for row in &rows[first..first + many] {
                assert!(destroy(store, row).await);
            }
        }
    }
    for row in &rows {
        assert_eq!(read(store, row).await, Some(destroyed(row)));
    }
}
