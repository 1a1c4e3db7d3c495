//! Evidence of before there were signers opens with two things: the customer's key and the secret that was encapsulated
//! to compliance's private key.

use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt;

use domain::event::RawBinding;
use domain::orgs::Suite;
use domain::sealed::{Field, Opened, Purpose, Purposes, Sealed};
use domain::time::Timestamp;

use super::{House, SUITES, ctx, customer, event, fixed_keys, open, org};
use crate::error::{UnsealError, VaultError};
use crate::evidence::{
    EvidenceKeyError, EvidenceKeyPair, EvidencePrivateKey, EvidencePublicKey, EvidenceSecret,
};
use crate::secret_shares::{OpenedSecret, UnsharedSecret};
use crate::{DataKeys, SealContext};

const RAW: &[u8] = br#"{"nik":"3171234567890123","a":1e400,"a":2}"#;

fn secret(pair: &EvidenceKeyPair, n: u8) -> EvidenceSecret {
    EvidenceSecret::encapsulate(&org(n), &pair.key_id(), pair.public().as_bytes()).expect("a secret")
}

/// Opens as whoever holds the private key.
pub(super) fn open_with(
    keys: &DataKeys,
    place: &SealContext<'_>,
    binding: &RawBinding,
    private: &EvidencePrivateKey,
    sealed: &Sealed,
) -> Result<Opened, UnsealError> {
    let org = keys.customer().org.clone();
    let secret = UnsharedSecret::adopt(private, org, binding, Timestamp::EPOCH)?;
    keys.open_evidence(place, binding, &OpenedSecret::of_unshared(secret), sealed)
}

#[test]
fn raw_opens_only_with_both_keys() {
    let (pair, other_pair) = (EvidenceKeyPair::generate(), EvidenceKeyPair::generate());
    let event = event(3);
    for (suite, field) in
        SUITES.into_iter().flat_map(|s| [Field::Raw, Field::DeclinedPhoto, Field::Probe].map(|f| (s, f)))
    {
        let place = ctx(&event, field);
        let keys = fixed_keys(customer(1, 2), 0x11, suite);
        let secret = secret(&pair, 1);
        let sealed = keys.seal_evidence(&place, &secret, RAW).expect("sealed");
        let binding = secret.binding();
        assert_eq!(open_with(&keys, &place, binding, pair.private(), &sealed), Ok(open(RAW)));

        let tampered = Err(UnsealError::Tampered);
        // The customer's key alone, as the API and the projector have it.
        assert_eq!(keys.open(&place, &sealed), tampered);
        // The private key alone, with another customer's evidence key.
        let stranger = fixed_keys(customer(1, 2), 0x12, suite);
        assert_eq!(open_with(&stranger, &place, binding, pair.private(), &sealed), tampered);
        // Another private key; another encapsulation; another key's name.
        assert_eq!(open_with(&keys, &place, binding, other_pair.private(), &sealed), tampered);
        let later = self::secret(&pair, 1);
        assert_eq!(open_with(&keys, &place, later.binding(), pair.private(), &sealed), tampered);
        let renamed = RawBinding { evidence_key_id: other_pair.key_id(), ..binding.clone() };
        assert_eq!(open_with(&keys, &place, &renamed, pair.private(), &sealed), tampered);
        let cut = RawBinding { encapsulation: binding.encapsulation.slice(1..), ..binding.clone() };
        assert_eq!(open_with(&keys, &place, &cut, pair.private(), &sealed), tampered);
        // Another place.
        let elsewhere = super::event(4);
        assert_eq!(open_with(&keys, &ctx(&elsewhere, field), binding, pair.private(), &sealed), tampered);
    }
}

#[test]
fn evidence_and_the_rest_do_not_mix() {
    let pair = EvidenceKeyPair::generate();
    let event = event(3);
    let keys = fixed_keys(customer(1, 2), 0x11, Suite::Aes256GcmSiv);
    let refused = |answer| assert!(matches!(answer, Err(VaultError::Refused(_))));
    refused(keys.seal(&ctx(&event, Field::Raw), RAW));
    refused(keys.seal(&ctx(&event, Field::DeclinedPhoto), RAW));
    refused(keys.seal(&ctx(&event, Field::Probe), RAW));
    refused(keys.seal_evidence(&ctx(&event, Field::MatchSimilarity), &secret(&pair, 1), RAW));
    refused(keys.seal_evidence(&ctx(&event, Field::Photo), &secret(&pair, 1), RAW));
    refused(keys.seal_evidence(&ctx(&event, Field::Raw), &secret(&pair, 2), RAW));
}

#[tokio::test]
async fn erasure_works_though_the_private_key_lives_on() {
    let house = House::new().await;
    let pair = EvidenceKeyPair::generate();
    let who = customer(1, 2);
    let event = event(3);
    let place = ctx(&event, Field::Raw);
    let keys = house.register(&who).await;
    let secret = secret(&pair, 1);
    let sealed = keys.seal_evidence(&place, &secret, RAW).expect("sealed");
    drop(keys);
    let gone = Purposes::NONE.with(Purpose::Evidence);
    assert_eq!(house.vault.destroy(&who, gone).await, Ok(true));
    let keys = house.keys(&who).await;
    assert_eq!(open_with(&keys, &place, secret.binding(), pair.private(), &sealed), Ok(Opened::Erased));
    assert_eq!(keys.seal_evidence(&place, &secret, RAW), Err(VaultError::Destroyed));
    assert_eq!(keys.fingerprint(b"body"), Err(VaultError::Destroyed));
}

#[test]
fn an_unusable_public_key_is_said_so() {
    let pair = EvidenceKeyPair::generate();
    let zero = EvidencePublicKey::from_bytes(&[0; 32]).expect("32 bytes");
    for (id, key) in [
        (pair.key_id(), &pair.public().as_bytes()[1..]),
        ("another".into(), pair.public().as_bytes().as_slice()),
        // The point at infinity: every private key agrees with it on the same secret (RFC 7748, §6.1).
        (zero.key_id(), zero.as_bytes().as_slice()),
    ] {
        let answer = EvidenceSecret::encapsulate(&org(1), &id, key);
        assert!(matches!(answer, Err(VaultError::Corrupt(_))), "{id}");
    }
}

#[test]
fn a_private_key_is_written_once_for_its_owner_only() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("compliance/evidence.key");
    let pair = EvidenceKeyPair::generate();
    pair.private().write(&path).expect("written");
    let mode = |path: &std::path::Path| std::fs::metadata(path).expect("there").permissions().mode() & 0o777;
    assert_eq!(mode(&path), 0o600);
    assert_eq!(mode(path.parent().expect("a folder")), 0o700);
    let read = EvidencePrivateKey::read(&path).expect("read");
    assert_eq!((read.key_id(), read.public()), (pair.key_id(), pair.public()));

    let Err(EvidenceKeyError::Io(error)) = EvidenceKeyPair::generate().private().write(&path) else {
        panic!("a key is never written over")
    };
    assert_eq!(error.kind(), ErrorKind::AlreadyExists);
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o644)).expect("set");
    assert!(matches!(EvidencePrivateKey::read(&path), Err(EvidenceKeyError::Io(_))), "open to others");
}

#[test]
fn key_files_are_taken_as_they_were_written_only() {
    let pair = EvidenceKeyPair::generate();
    let text = pair.public().to_text();
    assert_eq!(&EvidencePublicKey::parse(&text).expect("parsed"), pair.public());
    assert_eq!(pair.key_id().len(), 16);
    for bad in
        ["", "identity-evidence-public-v1", &text[1..], &text.replace('v', "w"), &text.replace(' ', "")]
    {
        assert!(EvidencePublicKey::parse(bad).is_err(), "{bad:?}");
    }
    let private = text.replace("public", "private");
    assert!(EvidencePublicKey::parse(&private).is_err(), "a private key is no public key");
}
