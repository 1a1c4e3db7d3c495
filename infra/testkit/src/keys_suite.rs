//! What every key store must do, whichever technology it stands on: the KeyRows, ExternalIds and KeyNotes ports. Each
//! case names its own customers, so all of them may run at once in one store that outlives the run.

mod pending;

use std::sync::Arc;

use bytes::Bytes;
use domain::ids::CustomerRef;
use domain::ports::{Claimed, Created, DataKey, ExternalIds, KeyNotes, KeyRow, KeyRowState, KeyRows};
use domain::sealed::{Purpose, Purposes};
use futures::future::join_all;

pub use self::pending::*;
use crate::samples::Samples;

/// The ports of one key store.
#[derive(Clone)]
pub struct KeyStores {
    /// The key rows.
    pub rows: Arc<dyn KeyRows>,
    /// The external ids.
    pub external_ids: Arc<dyn ExternalIds>,
    /// The notes.
    pub notes: Arc<dyn KeyNotes>,
}

impl KeyStores {
    async fn created(&self, row: &KeyRow) {
        assert_eq!(self.rows.create(row.clone()).await.expect("created"), Created::New);
    }

    async fn get(&self, customer: &CustomerRef) -> Option<KeyRow> {
        self.rows.get(customer).await.expect("read")
    }
}

/// Makes a `#[tokio::test]` of every case. The argument is the path of an `async fn() -> (KeyStores, K)`
/// that opens a key store; `K` is kept until the case is done.
#[macro_export]
macro_rules! keys_suite {
    ($stores:path) => {
        $crate::keys_suite! { $stores;
            a_row_comes_back_as_it_was_created,
            of_sixteen_creations_at_once_one_wins,
            activating_is_once_and_for_all,
            a_pending_row_steps_on_from_its_latest_attempt_only,
            an_abandoned_row_is_abandoned_for_ever,
            of_an_activation_and_an_abandonment_at_once_one_wins,
            rewrapping_needs_the_old_version,
            of_sixteen_rewraps_at_once_one_wins,
            a_destroyed_key_stays_destroyed,
            destroying_one_purpose_spares_the_others,
            of_a_rewrap_and_a_destruction_at_once_the_key_is_destroyed,
            a_row_created_with_a_destroyed_key_keeps_it,
            an_external_id_is_one_customers,
            of_sixteen_claims_at_once_one_wins,
            only_its_owner_gives_an_external_id_free,
            an_external_id_goes_to_one_of_many_when_it_is_free,
            a_note_changes_only_from_what_stands,
            of_sixteen_changes_of_a_note_at_once_one_wins,
        }
    };
    ($stores:path; $($case:ident),+ $(,)?) => {
        $(
            #[tokio::test(flavor = "multi_thread")]
            async fn $case() {
                let (stores, _keep) = $stores().await;
                $crate::keys_suite::$case(&stores, &$crate::samples::Samples::fresh()).await;
            }
        )+
    };
}

/// Byte for byte, in either state, with and without an external id, wrapped keys of any length.
pub async fn a_row_comes_back_as_it_was_created(stores: &KeyStores, s: &Samples) {
    let mut bare = s.key_row(&s.customer(1), 1);
    (bare.state, bare.external_id_hmac) = (KeyRowState::Active, None);
    for (key, length) in bare.keys.iter_mut().zip([1, 250, 6_000]) {
        let wrapped = s.wrapped(Purpose::Profile, 100 + length, length as usize);
        *key = DataKey::Active { key_id: format!("key of {length}"), kms_version: u32::MAX, wrapped };
    }
    for row in [s.key_row(&s.customer(0), 0), bare] {
        assert_eq!(stores.get(&row.customer).await, None);
        stores.created(&row).await;
        assert_eq!(stores.get(&row.customer).await.as_ref(), Some(&row));
    }
    // The same customer's name in another org is another customer.
    let elsewhere = CustomerRef::new(s.org(1), s.customer(0).customer);
    assert_eq!(stores.get(&elsewhere).await, None);
}

/// The others are told the winner's row, whole.
pub async fn of_sixteen_creations_at_once_one_wins(stores: &KeyStores, s: &Samples) {
    let customer = s.customer(0);
    let rows: Vec<_> = (0..16).map(|n| s.key_row(&customer, n)).collect();
    let created = join_all(rows.iter().map(|row| stores.rows.create(row.clone()))).await;
    let created: Vec<_> = created.into_iter().map(|answer| answer.expect("created")).collect();
    let winners: Vec<_> = (0..16).filter(|n| created[*n] == Created::New).collect();
    let [winner] = winners[..] else { panic!("{} creations won", winners.len()) };
    assert_eq!(stores.get(&customer).await.as_ref(), Some(&rows[winner]));
    for (n, answer) in created.into_iter().enumerate() {
        if n != winner {
            assert_eq!(answer, Created::Existing(Box::new(rows[winner].clone())));
        }
    }
}

/// Nothing else of the row changes.
pub async fn activating_is_once_and_for_all(stores: &KeyStores, s: &Samples) {
    let customer = s.customer(0);
    assert!(!stores.rows.activate(&customer).await.expect("asked"));
    assert_eq!(stores.get(&customer).await, None);
    let row = s.key_row(&customer, 0);
    stores.created(&row).await;
    let active = KeyRow { state: KeyRowState::Active, ..row.clone() };
    for _ in 0..2 {
        assert!(stores.rows.activate(&customer).await.expect("activated"));
        assert_eq!(stores.get(&customer).await.as_ref(), Some(&active));
    }
    // A late retry of the registration does not take it back.
    let again = stores.rows.create(row).await.expect("answered");
    assert_eq!(again, Created::Existing(Box::new(active)));
}

async fn rewrap(
    stores: &KeyStores,
    customer: &CustomerRef,
    purpose: Purpose,
    versions: (u32, u32),
    wrapped: &Bytes,
) -> bool {
    let (old, new) = versions;
    stores.rows.rewrap(customer, purpose, old, new, wrapped.clone()).await.expect("asked")
}

/// And a row, and an active key. Longer and shorter wrappings are taken too.
pub async fn rewrapping_needs_the_old_version(stores: &KeyStores, s: &Samples) {
    let customer = s.customer(0);
    let purpose = Purpose::Biometric;
    let new = s.wrapped(purpose, 500, 60);
    assert!(!rewrap(stores, &customer, purpose, (1, 2), &new).await, "there is no row");
    let mut row = s.key_row(&customer, 0);
    stores.created(&row).await;
    for (versions, length, done) in [
        ((2, 3), 60, false),
        ((1, 2), 60, true),
        ((1, 2), 60, false),
        ((2, 5), 77, true),
        ((5, 300), 48, true),
    ] {
        let wrapped = s.wrapped(purpose, 500 + u64::from(versions.1), length);
        assert_eq!(rewrap(stores, &customer, purpose, versions, &wrapped).await, done, "{versions:?}");
        if done {
            let key_id = "biometric-0".to_owned();
            row.keys[purpose as usize] = DataKey::Active { key_id, kms_version: versions.1, wrapped };
        }
        assert_eq!(stores.get(&customer).await.as_ref(), Some(&row));
    }
}

/// The stored wrapping is the winner's.
pub async fn of_sixteen_rewraps_at_once_one_wins(stores: &KeyStores, s: &Samples) {
    let customer = s.customer(0);
    stores.created(&s.key_row(&customer, 0)).await;
    let wrapped: Vec<_> = (0..16).map(|n| s.wrapped(Purpose::Profile, 500 + n, 60)).collect();
    let rewraps = wrapped.iter().map(|new| rewrap(stores, &customer, Purpose::Profile, (1, 2), new));
    let won: Vec<_> = join_all(rewraps).await;
    let winner = won.iter().position(|won| *won).expect("one wins");
    assert_eq!(won.iter().filter(|won| **won).count(), 1);
    let row = stores.get(&customer).await.expect("there");
    let expected =
        DataKey::Active { key_id: "profile-0".to_owned(), kms_version: 2, wrapped: wrapped[winner].clone() };
    assert_eq!(*row.key(Purpose::Profile), expected);
}

/// Whatever is asked afterwards.
pub async fn a_destroyed_key_stays_destroyed(stores: &KeyStores, s: &Samples) {
    let customer = s.customer(0);
    let all = Purposes::from_iter(Purpose::ALL);
    assert!(!stores.rows.destroy(&customer, all).await.expect("asked"), "there is no row");
    let row = s.key_row(&customer, 0);
    stores.created(&row).await;
    assert!(stores.rows.activate(&customer).await.expect("activated"));
    let destroyed = KeyRow {
        state: KeyRowState::Active,
        keys: Purpose::ALL.map(|purpose| DataKey::Destroyed { key_id: format!("{}-0", purpose.as_str()) }),
        external_id_hmac: None,
        ..row.clone()
    };
    for _ in 0..2 {
        assert!(stores.rows.destroy(&customer, all).await.expect("destroyed"));
        assert_eq!(stores.get(&customer).await.as_ref(), Some(&destroyed));
    }
    for purpose in Purpose::ALL {
        assert!(!rewrap(stores, &customer, purpose, (1, 2), &s.wrapped(purpose, 500, 60)).await);
    }
    assert!(stores.rows.activate(&customer).await.expect("activated"));
    let again = stores.rows.create(row).await.expect("answered");
    assert_eq!(again, Created::Existing(Box::new(destroyed.clone())));
    assert_eq!(stores.get(&customer).await, Some(destroyed));
}

/// Purpose by purpose; none at all is no error; another customer's keys are not touched.
pub async fn destroying_one_purpose_spares_the_others(stores: &KeyStores, s: &Samples) {
    let customer = s.customer(0);
    let mut row = s.key_row(&customer, 0);
    let neighbour = s.key_row(&s.customer(1), 1);
    stores.created(&row).await;
    stores.created(&neighbour).await;
    assert!(stores.rows.destroy(&customer, Purposes::NONE).await.expect("asked"));
    assert_eq!(stores.get(&customer).await.as_ref(), Some(&row));
    for purpose in [Purpose::Biometric, Purpose::Evidence, Purpose::Profile] {
        assert!(stores.rows.destroy(&customer, Purposes::NONE.with(purpose)).await.expect("destroyed"));
        row.keys[purpose as usize] = DataKey::Destroyed { key_id: format!("{}-0", purpose.as_str()) };
        // What can be guessed from an external id is the profile's, and goes with it.
        row.external_id_hmac = row.external_id_hmac.filter(|_| purpose != Purpose::Profile);
        assert_eq!(stores.get(&customer).await.as_ref(), Some(&row), "{purpose:?}");
    }
    assert_eq!(row.external_id_hmac, None);
    assert_eq!(stores.get(&neighbour.customer).await, Some(neighbour));
}

/// Whichever came first.
pub async fn of_a_rewrap_and_a_destruction_at_once_the_key_is_destroyed(stores: &KeyStores, s: &Samples) {
    for n in 0..16 {
        let customer = s.customer(n);
        stores.created(&s.key_row(&customer, n)).await;
        let wrapped = s.wrapped(Purpose::Evidence, 500 + n, 60);
        let (_, destroyed) = futures::join!(
            rewrap(stores, &customer, Purpose::Evidence, (1, 2), &wrapped),
            stores.rows.destroy(&customer, Purposes::NONE.with(Purpose::Evidence)),
        );
        assert!(destroyed.expect("destroyed"));
        let row = stores.get(&customer).await.expect("there");
        assert_eq!(*row.key(Purpose::Evidence), DataKey::Destroyed { key_id: format!("evidence-{n}") });
    }
}

/// As when a backup is read back with the erasures applied.
pub async fn a_row_created_with_a_destroyed_key_keeps_it(stores: &KeyStores, s: &Samples) {
    let mut row = s.key_row(&s.customer(0), 0);
    row.keys[Purpose::Biometric as usize] = DataKey::Destroyed { key_id: "gone".to_owned() };
    stores.created(&row).await;
    assert_eq!(stores.get(&row.customer).await, Some(row));
}

/// Within its org; in another org the same HMAC is another id.
pub async fn an_external_id_is_one_customers(stores: &KeyStores, s: &Samples) {
    let ids = &stores.external_ids;
    let hmac = s.bytes32("external id", 0);
    let (ours, theirs) = (s.customer(0), s.customer(1));
    assert_eq!(ids.lookup(&ours.org, hmac).await.expect("read"), None);
    for _ in 0..2 {
        let claimed = ids.claim(&ours.org, hmac, &ours.customer).await.expect("claimed");
        assert_eq!(claimed, Claimed::Ours);
    }
    let claimed = ids.claim(&ours.org, hmac, &theirs.customer).await.expect("answered");
    assert_eq!(claimed, Claimed::Taken(ours.customer.clone()));
    assert_eq!(ids.lookup(&ours.org, hmac).await.expect("read"), Some(ours.customer.clone()));

    let other = s.customer_of(1, 0);
    assert_eq!(ids.lookup(&other.org, hmac).await.expect("read"), None);
    let claimed = ids.claim(&other.org, hmac, &other.customer).await.expect("claimed");
    assert_eq!(claimed, Claimed::Ours);
    let unlike = s.bytes32("external id", 1);
    assert_eq!(ids.lookup(&ours.org, unlike).await.expect("read"), None);
    // One customer may have several.
    let claimed = ids.claim(&ours.org, unlike, &ours.customer).await.expect("claimed");
    assert_eq!(claimed, Claimed::Ours);
}

async fn claims_at_once(stores: &KeyStores, s: &Samples, hmac: [u8; 32]) -> u64 {
    let org = s.org(0);
    let customers: Vec<_> = (0..16).map(|n| s.customer(n).customer).collect();
    let claims = customers.iter().map(|customer| stores.external_ids.claim(&org, hmac, customer));
    let claims = join_all(claims).await.into_iter().map(|claim| claim.expect("claimed"));
    let claims: Vec<_> = claims.collect();
    let winners: Vec<_> = (0..16).filter(|n| claims[*n] == Claimed::Ours).collect();
    let [winner] = winners[..] else { panic!("{} claims won", winners.len()) };
    for (n, claim) in claims.into_iter().enumerate() {
        if n != winner {
            assert_eq!(claim, Claimed::Taken(customers[winner].clone()));
        }
    }
    let whose = stores.external_ids.lookup(&org, hmac).await.expect("read");
    assert_eq!(whose.as_ref(), Some(&customers[winner]));
    winner as u64
}

/// The others are told whose it is.
pub async fn of_sixteen_claims_at_once_one_wins(stores: &KeyStores, s: &Samples) {
    claims_at_once(stores, s, s.bytes32("external id", 0)).await;
}

/// Anyone else's asking, and a second time, do nothing.
pub async fn only_its_owner_gives_an_external_id_free(stores: &KeyStores, s: &Samples) {
    let ids = &stores.external_ids;
    let hmac = s.bytes32("external id", 0);
    let (owner, other) = (s.customer(0), s.customer(1));
    ids.release(&owner.org, hmac, &owner.customer).await.expect("nothing to do");
    ids.claim(&owner.org, hmac, &owner.customer).await.expect("claimed");
    ids.release(&owner.org, hmac, &other.customer).await.expect("nothing to do");
    ids.release(&s.org(1), hmac, &owner.customer).await.expect("nothing to do");
    assert_eq!(ids.lookup(&owner.org, hmac).await.expect("read"), Some(owner.customer.clone()));
    ids.release(&owner.org, hmac, &owner.customer).await.expect("released");
    assert_eq!(ids.lookup(&owner.org, hmac).await.expect("read"), None);
    let claimed = ids.claim(&owner.org, hmac, &other.customer).await.expect("claimed");
    assert_eq!(claimed, Claimed::Ours);
    // The former owner's late retry spares the new one.
    ids.release(&owner.org, hmac, &owner.customer).await.expect("nothing to do");
    assert_eq!(ids.lookup(&owner.org, hmac).await.expect("read"), Some(other.customer));
}

/// Again and again.
pub async fn an_external_id_goes_to_one_of_many_when_it_is_free(stores: &KeyStores, s: &Samples) {
    let hmac = s.bytes32("external id", 0);
    for _ in 0..4 {
        let winner = claims_at_once(stores, s, hmac).await;
        let owner = s.customer(winner);
        stores.external_ids.release(&owner.org, hmac, &owner.customer).await.expect("released");
    }
}

/// The first from nothing, the next from the one before.
pub async fn a_note_changes_only_from_what_stands(stores: &KeyStores, s: &Samples) {
    let (name, notes) = (note_name(s), &stores.notes);
    assert_eq!(notes.note(name).await.expect("read"), None);
    let change = async |old, new| notes.change_note(name, old, new).await.expect("asked");
    assert!(!change(Some("one"), "two").await, "nothing stands yet");
    assert!(change(None, "one").await);
    assert!(!change(None, "two").await);
    assert!(change(Some("one"), "two").await);
    assert!(!change(Some("one"), "three").await);
    assert!(change(Some("two"), "two").await, "the same again");
    assert_eq!(notes.note(name).await.expect("read").as_deref(), Some("two"));
    assert_eq!(notes.note(note_name(&Samples::fresh())).await.expect("read"), None, "each has its own");
}

/// First from nothing, then from what stands.
pub async fn of_sixteen_changes_of_a_note_at_once_one_wins(stores: &KeyStores, s: &Samples) {
    let (name, notes) = (note_name(s), &stores.notes);
    let mut old: Option<String> = None;
    for round in 0..2 {
        let texts: Vec<String> = (0..16).map(|n| format!("{round}/{n}")).collect();
        let changes = texts.iter().map(|text| notes.change_note(name, old.as_deref(), text));
        let won = join_all(changes).await.into_iter().map(|changed| changed.expect("asked"));
        let winners: Vec<_> = texts.iter().zip(won).filter(|(_, won)| *won).map(|(text, _)| text).collect();
        let [winner] = winners[..] else { panic!("{} changes won", winners.len()) };
        assert_eq!(notes.note(name).await.expect("read").as_ref(), Some(winner));
        old = Some(winner.clone());
    }
}

/// A name that no other case has; names are for the life of a program.
fn note_name(s: &Samples) -> &'static str {
    Box::leak(s.org(0).as_str().to_owned().into_boxed_str())
}
