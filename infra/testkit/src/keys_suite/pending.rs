//! Pending rows: attempts that may still take effect, and registrations that are abandoned.

use domain::ports::{ABANDONED_PURPOSES, Created, DataKey, KeyRow, KeyRowState, PendingStep};
use domain::time::Timestamp;
use futures::future::join_all;

use super::KeyStores;
use crate::samples::{Samples, time};

fn pending(attempt_until: Timestamp) -> KeyRowState {
    KeyRowState::Pending { attempt_until }
}

fn abandoned(row: &KeyRow) -> KeyRow {
    let mut row = KeyRow { state: KeyRowState::Abandoned, external_id_hmac: None, ..row.clone() };
    for purpose in ABANDONED_PURPOSES.iter() {
        if let DataKey::Active { key_id, .. } = row.key(purpose) {
            row.keys[purpose as usize] = DataKey::Destroyed { key_id: key_id.clone() };
        }
    }
    row
}

/// No attempt at all is one of them. Nothing else of the row changes.
pub async fn a_pending_row_steps_on_from_its_latest_attempt_only(stores: &KeyStores, s: &Samples) {
    let customer = s.customer(0);
    let step = async |from, to| {
        let asked = stores.rows.advance_pending(&customer, from, PendingStep::Attempt(to)).await;
        asked.expect("asked")
    };
    assert!(!step(time(0), time(1)).await, "there is no row");
    assert_eq!(stores.get(&customer).await, None);
    let row = KeyRow { state: pending(time(0)), ..s.key_row(&customer, 0) };
    stores.created(&row).await;
    for (from, to, done, stands) in [
        (time(1), time(2), false, time(0)),
        (Timestamp::EPOCH, time(2), false, time(0)),
        (time(0), time(2), true, time(2)),
        (time(2), Timestamp::EPOCH, true, Timestamp::EPOCH),
        (time(2), time(3), false, Timestamp::EPOCH),
        (Timestamp::EPOCH, time(3), true, time(3)),
        (time(3), time(3), true, time(3)),
    ] {
        assert_eq!(step(from, to).await, done, "{from:?} to {to:?}");
        assert_eq!(stores.get(&customer).await, Some(KeyRow { state: pending(stands), ..row.clone() }));
    }
    assert!(stores.rows.activate(&customer).await.expect("activated"), "whatever its attempt is");
    assert!(!step(time(3), time(4)).await, "it is active");
    let active = KeyRow { state: KeyRowState::Active, ..row };
    assert_eq!(stores.get(&customer).await, Some(active));
}

/// Its body can still be told from another; nothing else of it can be read or becomes of it.
pub async fn an_abandoned_row_is_abandoned_for_ever(stores: &KeyStores, s: &Samples) {
    for (n, attempt_until) in [(0, time(5)), (1, Timestamp::EPOCH)] {
        let customer = s.customer(n);
        let row = KeyRow { state: pending(attempt_until), ..s.key_row(&customer, n) };
        stores.created(&row).await;
        let abandon = async |attempt_until| {
            let asked = stores.rows.advance_pending(&customer, attempt_until, PendingStep::Abandon).await;
            asked.expect("asked")
        };
        assert!(!abandon(time(6)).await, "another attempt was announced");
        assert_eq!(stores.get(&customer).await.as_ref(), Some(&row));
        assert!(abandon(attempt_until).await);
        let abandoned = abandoned(&row);
        assert_eq!(stores.get(&customer).await.as_ref(), Some(&abandoned));
        assert!(!stores.rows.activate(&customer).await.expect("asked"));
        assert!(!abandon(attempt_until).await && !abandon(Timestamp::EPOCH).await);
        let step = PendingStep::Attempt(time(7));
        assert!(!stores.rows.advance_pending(&customer, attempt_until, step).await.expect("asked"));
        let again = stores.rows.create(row).await.expect("answered");
        assert_eq!(again, Created::Existing(Box::new(abandoned.clone())));
        assert_eq!(stores.get(&customer).await, Some(abandoned));
    }
}

/// Who registered the customer knows it, and who took the external id from it knows that.
pub async fn of_an_activation_and_an_abandonment_at_once_one_wins(stores: &KeyStores, s: &Samples) {
    let rounds = (0..16).map(async |n| {
        let row = s.key_row(&s.customer(n), n);
        stores.created(&row).await;
        let KeyRowState::Pending { attempt_until } = row.state else { panic!("a pending sample") };
        let (activated, given_up) = futures::join!(
            stores.rows.activate(&row.customer),
            stores.rows.advance_pending(&row.customer, attempt_until, PendingStep::Abandon),
        );
        let stands = stores.get(&row.customer).await.expect("there");
        match (activated.expect("asked"), given_up.expect("asked")) {
            (true, false) => assert_eq!(stands, KeyRow { state: KeyRowState::Active, ..row }),
            (false, true) => assert_eq!(stands, abandoned(&row)),
            both => panic!("of the two one wins: {both:?}"),
        }
    });
    join_all(rounds).await;
}
