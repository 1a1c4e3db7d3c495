//! From fresh keys to destroyed ones.

use std::sync::atomic::Ordering;

use domain::event::Fingerprint;
use domain::orgs::Suite;
use domain::ports::{DataKey, KeyRowState};
use domain::sealed::{Field, Opened, Purpose, Purposes};

use super::{House, PENDING, SOON, ctx, customer, event, open, org};
use crate::StoredKeys;
use crate::error::VaultError;

#[tokio::test]
async fn keys_are_made_stored_activated_and_found_again() {
    let house = House::new().await;
    let who = customer(1, 2);
    assert!(house.try_keys(&who).await.expect("an answer").is_none());
    let fresh = house.vault.generate(&who, Suite::Aes256GcmSiv).await.expect("keys");
    let place_event = event(3);
    let place = ctx(&place_event, Field::FullName);
    let sealed = fresh.keys().seal(&place, b"Nama").expect("sealed");
    let fingerprint = fresh.keys().fingerprint(b"body").expect("a fingerprint");
    let stored = house.vault.store(fresh, event(3), fingerprint, Some([5; 32]), SOON).await.expect("stored");
    let StoredKeys::New(keys) = stored else { panic!("a new row") };
    assert_eq!((keys.state(), keys.customer()), (PENDING, &who));

    assert_eq!(house.keys(&who).await.state(), PENDING);
    house.vault.activate(&who).await.expect("activated");
    let keys = house.keys(&who).await;
    assert_eq!(keys.state(), KeyRowState::Active);
    assert_eq!(keys.row().registration_event_id, event(3));
    assert_eq!(keys.row().registration_fingerprint, fingerprint);
    assert_eq!(keys.row().external_id_hmac, Some([5; 32]));
    assert_eq!(keys.open(&place, &sealed), Ok(open(b"Nama")));
    assert_eq!(keys.fingerprint(b"body"), Ok(fingerprint));
    assert_ne!(keys.fingerprint(b"bodY"), Ok(fingerprint));
}

#[tokio::test]
async fn of_two_registrations_the_first_ones_keys_stand() {
    let house = House::new().await;
    let who = customer(1, 2);
    let first = house.register(&who).await;
    let place_event = event(3);
    let place = ctx(&place_event, Field::FullName);
    let sealed = first.seal(&place, b"Nama").expect("sealed");
    let fresh = house.vault.generate(&who, Suite::Aes256GcmSiv).await.expect("keys");
    let lost = fresh.keys().seal(&place, b"Budi").expect("sealed");
    let stored =
        house.vault.store(fresh, event(4), Fingerprint([1; 32]), None, SOON).await.expect("an answer");
    let StoredKeys::Existing(keys, row) = stored else { panic!("the first row") };
    assert_eq!((row.registration_event_id, row.state), (event(9), KeyRowState::Active));
    assert_eq!(keys.open(&place, &sealed), Ok(open(b"Nama")));
    assert!(keys.open(&place, &lost).is_err());
}

#[tokio::test]
async fn destroying_one_purpose_leaves_the_others() {
    let house = House::new().await;
    let who = customer(1, 2);
    let place_event = event(3);
    let (name, photo) = (ctx(&place_event, Field::FullName), ctx(&place_event, Field::Photo));
    let keys = house.register(&who).await;
    let (sealed_name, sealed_photo) =
        (keys.seal(&name, b"Nama").expect("sealed"), keys.seal(&photo, b"jpeg").expect("sealed"));
    let gone = Purposes::NONE.with(Purpose::Biometric);
    assert_eq!(house.vault.destroy(&who, gone).await, Ok(true));
    assert_eq!(house.vault.destroy(&who, gone).await, Ok(true), "again is no error");
    let keys = house.keys(&who).await;
    assert!(keys.is_destroyed(Purpose::Biometric) && !keys.is_destroyed(Purpose::Profile));
    assert_eq!(keys.seal(&photo, b"jpeg"), Err(VaultError::Destroyed));
    assert_eq!(keys.open(&photo, &sealed_photo), Ok(Opened::Erased));
    assert_eq!(keys.open(&name, &sealed_name), Ok(open(b"Nama")));
    assert_eq!(house.vault.destroy(&customer(1, 7), gone).await, Ok(false));
}

#[tokio::test]
async fn destroyed_keys_leave_nothing_that_opens_in_the_row_store() {
    let house = House::new().await;
    let who = customer(1, 2);
    let place_event = event(3);
    let name = ctx(&place_event, Field::FullName);
    let sealed = house.register(&who).await.seal(&name, b"Nama").expect("sealed");
    let backup = house.rows.row(&who);
    let all = Purposes::from_iter(Purpose::ALL);
    house.vault.destroy(&who, all).await.expect("destroyed");

    let row = house.rows.row(&who);
    assert!(row.keys.iter().all(|key| matches!(key, DataKey::Destroyed { .. })), "{row:?}");
    // A vault that never cached anything, over the same rows and the same org keys.
    let restarted =
        crate::Vault::new(house.rows.clone(), house.kms.clone(), std::sync::Arc::new(crate::AlwaysCurrent));
    let keys = restarted.customer_keys(&who, Suite::Aes256GcmSiv).await.expect("an answer").expect("a row");
    assert_eq!(keys.open(&name, &sealed), Ok(Opened::Erased));
    assert_eq!(keys.seal(&name, b"Nama"), Err(VaultError::Destroyed));

    // A backup from before would open: org keys know nothing of customers. That is why a restored key store
    // applies every CustomerErased before it serves a key, and then it is as if it had never been restored.
    house.rows.force(backup);
    let unheard =
        crate::Vault::new(house.rows.clone(), house.kms.clone(), std::sync::Arc::new(crate::AlwaysCurrent));
    let keys = unheard.customer_keys(&who, Suite::Aes256GcmSiv).await.expect("an answer").expect("a row");
    assert_eq!(keys.open(&name, &sealed), Ok(open(b"Nama")));
    // One that has heard of the erasure takes the keys as destroyed whatever the row holds.
    assert_eq!(house.keys(&who).await.open(&name, &sealed), Ok(Opened::Erased));
    house.vault.destroy(&who, all).await.expect("applied again");
    assert_eq!(house.keys(&who).await.open(&name, &sealed), Ok(Opened::Erased));
}

/// A restored key store makes such a row for an erased customer of whom it has none.
#[tokio::test]
async fn a_destroyed_key_that_lost_its_name_is_any_that_the_customer_had() {
    let house = House::new().await;
    let who = customer(1, 2);
    let place_event = event(3);
    let name = ctx(&place_event, Field::FullName);
    let sealed = house.register(&who).await.seal(&name, b"Nama").expect("sealed");
    let mut row = house.rows.row(&who);
    row.keys = Purpose::ALL.map(|_| DataKey::Destroyed { key_id: String::new() });
    house.rows.force(row);
    let restarted =
        crate::Vault::new(house.rows.clone(), house.kms.clone(), std::sync::Arc::new(crate::AlwaysCurrent));
    let keys = restarted.customer_keys(&who, Suite::Aes256GcmSiv).await.expect("an answer").expect("a row");
    assert_eq!(keys.open(&name, &sealed), Ok(Opened::Erased));
    assert_eq!(keys.seal(&name, b"Nama"), Err(VaultError::Destroyed));
}

#[tokio::test]
async fn an_outage_is_unavailable_and_a_missing_org_key_is_not() {
    let house = House::new().await;
    let who = customer(1, 2);
    house.rows.down.store(true, Ordering::SeqCst);
    let fresh = house.vault.generate(&who, Suite::Aes256GcmSiv).await.expect("keys");
    let stored = house.vault.store(fresh, event(3), Fingerprint([0; 32]), None, SOON).await;
    assert!(matches!(stored, Err(VaultError::Unavailable(_))));
    assert!(matches!(house.try_keys(&who).await, Err(VaultError::Unavailable(_))));
    assert!(matches!(house.vault.activate(&who).await, Err(VaultError::Unavailable(_))));
    house.rows.down.store(false, Ordering::SeqCst);
    assert!(matches!(house.vault.activate(&who).await, Err(VaultError::Corrupt(_))));
    let nobody = house.vault.generate(&customer(8, 2), Suite::Aes256GcmSiv).await;
    let Err(VaultError::KeyAway(why)) = nobody else { panic!("no org key") };
    assert!(why.contains(org(8).as_str()), "{why}");
}
