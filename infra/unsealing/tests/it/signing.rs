//! Signers come and go, older secrets are brought over, and what was sealed before there were signers still opens.

use domain::event::{ActKind, AuditRecord};
use domain::ids::VerificationId;
use domain::orgs::Environment;
use unsealing::adopt::{Adopted, OldKey, adopt_secrets};
use unsealing::refusal::{ActError, Refusal};
use unsealing::signer_changes::{self, Reshared, SignerChange};
use unsealing::unseal::{self, UnsealField, UnsealOrder};
use vault::{EvidenceKeyPair, EvidenceSecret, SignerKeys};

use crate::place::{Place, RAW, member, name};

async fn open(
    place: &Place,
    verification: &VerificationId,
    asks: &SignerKeys,
    gives: &SignerKeys,
) -> Result<Vec<u8>, ActError> {
    let order = UnsealOrder {
        org: place.org.clone(),
        verification: verification.clone(),
        field: UnsealField::Raw,
        purpose: "a test".to_owned(),
        ticket: "T-1".to_owned(),
    };
    let (id, _) = unseal::request(&place.ports, asks, &order).await?;
    unseal::approve(&place.ports, gives, &place.org, &id).await?;
    let opened = unseal::open(&place.ports, asks, &place.org, &id, &place.out(id.as_str())).await?;
    Ok(std::fs::read(opened.out).expect("the file"))
}

fn refusal<T: std::fmt::Debug>(done: Result<T, ActError>) -> Refusal {
    match done {
        Err(ActError::Refused(refusal)) => refusal,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_live_org_wants_a_signer_to_spare() {
    let place = Place::without_signers().await;
    let three = place.first_set().signers().to_vec();
    let init = async |environment, signers: &[domain::signers::Signer]| {
        signer_changes::init(&place.ports, &place.org, environment, signers.to_vec(), 2).await
    };
    assert_eq!(refusal(init(Environment::Live, &three[..2]).await), Refusal::TooFewSigners);
    let set = init(Environment::Live, &three).await.expect("three for two");
    assert_eq!(init(Environment::Live, &three).await.expect("again is no error"), set);
    assert!(init(Environment::Live, &three[1..]).await.is_err());
}

#[tokio::test]
async fn a_signer_who_came_later_gives_shares_of_older_hours_once_they_are_shared_anew() {
    let place = Place::new().await;
    let [siti, budi, rina] = &place.keys;
    let secret = place.secret().await;
    let verification = place.verdict(&secret).await;
    let dewi = SignerKeys::generate();
    let add = member("dewi", &dewi);
    let one = [SignerKeys::generate()];
    let change = async |keys: &[SignerKeys], change: SignerChange| {
        signer_changes::change(&place.ports, &place.org, keys, None, &change).await
    };
    let remove = |text: &str| SignerChange::Remove(name(text));
    assert_eq!(refusal(change(&one, remove("rina")).await), Refusal::NotASigner);

    let two = [take(siti, &place), take(budi, &place)];
    assert_eq!(refusal(change(&two[..1], remove("rina")).await), Refusal::TooFewSigners);
    assert_eq!(refusal(change(&two, remove("nobody")).await), Refusal::NoSuchSigner);
    assert_eq!(refusal(change(&two, SignerChange::Add(member("siti", &dewi))).await), Refusal::NotASet);
    assert_eq!(
        place.refusals().await,
        ["not_a_signer", "too_few_signers", "no_such_signer", "no_such_signer", "not_a_set", "not_a_set"],
        "to each who signed"
    );
    assert_eq!(change(&two, remove("rina")).await.expect("signed by two").version(), 2);
    assert_eq!(change(&two, SignerChange::Add(add)).await.expect("signed by two").version(), 3);
    assert_eq!(refusal(open(&place, &verification, siti, &dewi).await), Refusal::NoShare);
    assert_eq!(refusal(open(&place, &verification, siti, rina).await), Refusal::NotASigner);
    assert_eq!(open(&place, &verification, siti, budi).await.expect("both were there"), RAW);

    let reshare = async || signer_changes::reshare(&place.ports, &place.org, &two).await.expect("reshared");
    assert_eq!(reshare().await, Reshared { shared: 1, ..Reshared::default() });
    assert_eq!(reshare().await, Reshared { present: 1, ..Reshared::default() });
    assert_eq!(open(&place, &verification, siti, &dewi).await.expect("it is hers too now"), RAW);
    assert_eq!(open(&place, &verification, &dewi, budi).await.expect("and the other way"), RAW);
    let alone = signer_changes::reshare(&place.ports, &place.org, &two[..1]).await;
    assert_eq!(refusal(alone), Refusal::TooFewSigners);
    let fresh = place.secret().await;
    let later = place.verdict(&fresh).await;
    assert_eq!(open(&place, &later, &dewi, siti).await.expect("a share of each new hour"), RAW);
}

/// Given a record that shares no secret and an hour of before two signers came, when they reshare, then what they have
/// shares of is shared anew and the others are named.
#[tokio::test]
async fn what_does_not_open_keeps_nobody_from_the_others() {
    let place = Place::new().await;
    let [siti, budi, rina] = &place.keys;
    let [dewi, eka] = [SignerKeys::generate(), SignerKeys::generate()];
    let first = place.secret().await;
    let change = async |keys: &[SignerKeys], change: SignerChange| {
        signer_changes::change(&place.ports, &place.org, keys, None, &change).await.expect("signed by two")
    };
    let two = [take(siti, &place), take(budi, &place)];
    for (called, keys) in [("dewi", &dewi), ("eka", &eka)] {
        change(&two, SignerChange::Add(member(called, keys))).await;
    }
    change(&two, SignerChange::Remove(name("siti"))).await;
    change(&[take(budi, &place), take(rina, &place)], SignerChange::Remove(name("budi"))).await;
    let second = place.secret().await;
    change(&[take(&dewi, &place), take(&eka, &place)], SignerChange::Remove(name("rina"))).await;
    let new = [dewi, eka];
    let done = signer_changes::reshare(&place.ports, &place.org, &new).await.expect("as far as it goes");
    assert_eq!((done.shared, done.present, done.unopened.len()), (1, 0, 1));
    assert_eq!(done.unopened[0].as_str(), first.binding().evidence_key_id);
    let again = signer_changes::reshare(&place.ports, &place.org, &new).await.expect("as far as it goes");
    assert_eq!((again.shared, again.present, again.unopened.len()), (0, 1, 1));
    assert_ne!(second.binding().evidence_key_id, first.binding().evidence_key_id);
}

/// The same keys once more: they are not copied but by their file.
fn take(keys: &SignerKeys, place: &Place) -> SignerKeys {
    let path = place.out(&format!("{:?}.key", keys.public()));
    if !path.exists() {
        keys.write(&path, None).expect("written");
    }
    SignerKeys::read(&path, || None).expect("read")
}

#[tokio::test]
async fn a_drill_opens_a_secret_of_its_own_and_is_recorded_for_each() {
    let place = Place::new().await;
    let [siti, budi, _] = &place.keys;
    let two = [take(siti, &place), take(budi, &place)];
    let names = signer_changes::drill(&place.ports, &place.org, &two).await.expect("both keys work");
    assert_eq!(names, [name("siti"), name("budi")]);
    let one = signer_changes::drill(&place.ports, &place.org, &two[..1]).await;
    assert_eq!(refusal(one), Refusal::TooFewSigners);
    let twice = [take(siti, &place), take(siti, &place)];
    let twice = signer_changes::drill(&place.ports, &place.org, &twice).await;
    assert_eq!(refusal(twice), Refusal::TooFewSigners);
    let acts = place.acts().await;
    assert!(acts.iter().all(|act| act.kind == ActKind::Drill));
    assert_eq!(acts.iter().filter(|act| act.refusal.is_none()).count(), 2);
    assert_eq!(place.refusals().await, ["too_few_signers"; 3]);
}

#[tokio::test]
async fn what_was_sealed_before_there_were_signers_opens_by_them_once_it_is_adopted() {
    let place = Place::new().await;
    let [siti, budi, _] = &place.keys;
    let pair = EvidenceKeyPair::generate();
    let old = || {
        EvidenceSecret::encapsulate(&place.org, &pair.key_id(), pair.public().as_bytes()).expect("a secret")
    };
    let (first, second) = (old(), old());
    let verdicts = [
        place.verdict_of_before(&first).await,
        place.verdict_of_before(&first).await,
        place.verdict_of_before(&second).await,
    ];
    let file = place.out("old.key");
    pair.private().write(&file).expect("written");
    assert_eq!(refusal(open(&place, &verdicts[0], siti, budi).await), Refusal::EvidenceMissing);

    let strange = place.out("strange.key");
    EvidenceKeyPair::generate().private().write(&strange).expect("written");
    for not_it in [OldKey::Gone, OldKey::Wiped, OldKey::read(&strange).expect("read")] {
        let done = adopt_secrets(&place.ports, &place.org, &not_it).await;
        assert!(matches!(done, Err(ActError::CouldNot(_))), "{not_it:?}: {done:?}");
    }
    let old_key = OldKey::read(&file).expect("read");
    let adopt = async || adopt_secrets(&place.ports, &place.org, &old_key).await.expect("adopted");
    assert_eq!(
        adopt().await,
        Adopted { shared: 2, present: 0, records: 3, is_this_key: true, ..Adopted::default() }
    );
    let present = Adopted { shared: 0, present: 2, records: 3, ..Adopted::default() };
    assert_eq!(adopt().await, Adopted { is_this_key: true, ..present }, "interrupted, it goes on");
    // Killed after it was overwritten: nothing but the file is left to do.
    let length = std::fs::metadata(&file).expect("there").len() as usize;
    std::fs::write(&file, vec![0; length]).expect("overwritten");
    let wiped = OldKey::read(&file).expect("read");
    assert!(matches!(wiped, OldKey::Wiped));
    let again = adopt_secrets(&place.ports, &place.org, &wiped).await.expect("all is shared");
    assert_eq!(again, present);
    for verdict in &verdicts {
        assert_eq!(open(&place, verdict, siti, budi).await.expect("opened"), RAW);
    }
    let named = place.audit().await.into_iter().filter_map(|record| match record {
        AuditRecord::EvidenceSecretShared(shared) => shared.adopted,
        _ => None,
    });
    let bindings: Vec<_> = named.collect();
    assert_eq!(bindings.len(), 2);
    for secret in [first, second] {
        assert!(bindings.contains(secret.binding()), "the record names the old encapsulation");
    }
}
