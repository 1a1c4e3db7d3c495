//! The cache of unwrapped keys: bounded, short, and only as long as erasures are heard of.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use domain::ports::KeyRows as _;
use domain::sealed::{Field, Opened, Purpose, Purposes};

use super::{House, SOON, ctx, customer, event};
use crate::{AlwaysCurrent, Vault};

#[tokio::test]
async fn an_active_customer_is_read_once() {
    let house = House::new().await;
    let who = customer(1, 2);
    house.register(&who).await;
    let before = house.rows.reads();
    for _ in 0..10 {
        house.keys(&who).await;
    }
    assert_eq!(house.rows.reads(), before);
    house.vault.forget(&who, Purposes::NONE);
    house.keys(&who).await;
    assert_eq!(house.rows.reads(), before + 1);
}

#[tokio::test]
async fn a_cached_key_serves_only_while_erasures_are_heard_of() {
    let current = Arc::new(AtomicBool::new(true));
    let asked = current.clone();
    let house =
        House::with(|rows, kms| Vault::new(rows, kms, Arc::new(move || asked.load(Ordering::SeqCst)))).await;
    let who = customer(1, 2);
    house.register(&who).await;
    // Another process erases, and this one does not hear of it.
    let gone = Purposes::NONE.with(Purpose::Profile);
    house.rows.destroy(&who, gone).await.expect("destroyed");
    assert!(!house.keys(&who).await.is_destroyed(Purpose::Profile), "the cache cannot know");
    current.store(false, Ordering::SeqCst);
    assert!(house.keys(&who).await.is_destroyed(Purpose::Profile));
    // And an outage of the store is an outage then, not an old key.
    house.rows.down.store(true, Ordering::SeqCst);
    assert!(house.try_keys(&who).await.is_err());
}

#[tokio::test]
async fn a_forgotten_customer_is_not_cached_again() {
    let house = House::new().await;
    let who = customer(1, 2);
    house.register(&who).await;
    // The erasure is heard of, a request reads the row, and only then the keys are destroyed.
    house.vault.forget(&who, Purposes::NONE);
    assert!(!house.keys(&who).await.is_destroyed(Purpose::Profile));
    house.rows.destroy(&who, Purposes::from_iter(Purpose::ALL)).await.expect("destroyed");
    let keys = house.keys(&who).await;
    assert!(Purpose::ALL.into_iter().all(|purpose| keys.is_destroyed(purpose)));
}

#[tokio::test]
async fn what_was_heard_to_be_erased_is_destroyed_before_the_row_says_so() {
    let house = House::new().await;
    let who = customer(1, 2);
    let keys = house.register(&who).await;
    let event = event(3);
    let (reason, photo) = (ctx(&event, Field::Reason), ctx(&event, Field::Photo));
    let sealed = [reason, photo].map(|place| keys.seal(&place, b"x").expect("sealed"));
    for (heard, gone) in [
        (Purpose::Biometric, vec![Purpose::Biometric]),
        (Purpose::Profile, vec![Purpose::Profile, Purpose::Biometric]),
    ] {
        house.vault.forget(&who, Purposes::NONE.with(heard));
        let keys = house.keys(&who).await;
        for purpose in Purpose::ALL {
            assert_eq!(keys.is_destroyed(purpose), gone.contains(&purpose), "{heard:?} {purpose:?}");
        }
        assert_eq!(keys.open(&photo, &sealed[1]), Ok(Opened::Erased));
        assert_eq!(keys.seal(&photo, b"x"), Err(crate::VaultError::Destroyed));
    }
    assert_eq!(house.keys(&who).await.open(&reason, &sealed[0]), Ok(Opened::Erased));
    let row = house.rows.row(&who);
    assert!(matches!(row.key(Purpose::Profile), domain::ports::DataKey::Active { .. }), "the eraser's work");
}

#[tokio::test]
async fn forgetting_frees_the_keys_at_once_and_lets_requests_finish() {
    let house = House::new().await;
    let who = customer(1, 2);
    let keys = house.register(&who).await;
    let set = Arc::downgrade(&keys.keys.set);
    let place_event = event(3);
    let place = ctx(&place_event, Field::Reason);
    house.vault.forget(&who, Purposes::NONE);
    let sealed = keys.seal(&place, b"x").expect("a request that holds its keys");
    assert!(matches!(keys.open(&place, &sealed), Ok(Opened::Open(_))));
    drop(keys);
    assert_eq!(set.strong_count(), 0, "nobody holds the keys any more");
}

#[tokio::test]
async fn keys_go_when_their_time_is_up() {
    let house =
        House::with(|rows, kms| Vault::with_cache(rows, kms, Arc::new(AlwaysCurrent), Duration::ZERO, 10))
            .await;
    let who = customer(1, 2);
    let keys = house.register(&who).await;
    let before = house.rows.reads();
    house.keys(&who).await;
    assert_eq!(house.rows.reads(), before + 1);
    let set = Arc::downgrade(&keys.keys.set);
    drop(keys);
    house.vault.sweep();
    assert_eq!(set.strong_count(), 0);
}

#[tokio::test]
async fn the_cache_holds_so_many_and_no_more() {
    let house = House::with(|rows, kms| {
        Vault::with_cache(rows, kms, Arc::new(AlwaysCurrent), Duration::from_secs(300), 3)
    })
    .await;
    let mut sets = Vec::new();
    for n in 2..12 {
        sets.push(Arc::downgrade(&house.register(&customer(1, n)).await.keys.set));
    }
    house.vault.sweep();
    assert_eq!(sets.iter().filter(|set| set.strong_count() > 0).count(), 3);
}

#[tokio::test]
async fn a_pending_row_is_read_every_time() {
    let house = House::new().await;
    let who = customer(1, 2);
    let suite = domain::orgs::Suite::Aes256GcmSiv;
    let fresh = house.vault.generate(&who, suite).await.expect("keys");
    house
        .vault
        .store(fresh, event(9), domain::event::Fingerprint([0; 32]), None, SOON)
        .await
        .expect("stored");
    house.keys(&who).await;
    // Another instance activates it.
    house.rows.activate(&who).await.expect("activated");
    assert_eq!(house.keys(&who).await.state(), domain::ports::KeyRowState::Active);
}

#[tokio::test]
async fn the_orgs_suite_is_asked_every_time() {
    let house = House::new().await;
    let who = customer(1, 2);
    house.register(&who).await;
    let place_event = event(3);
    let place = ctx(&place_event, Field::Reason);
    for suite in super::SUITES {
        let keys = house.vault.customer_keys(&who, suite).await.expect("an answer").expect("a row");
        let sealed = keys.seal(&place, b"x").expect("sealed");
        assert_eq!(sealed.as_bytes()[5], crate::envelope::suite_code(suite));
    }
}
