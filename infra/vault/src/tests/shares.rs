//! Evidence opens with the customer's key and the threshold of signers' shares, of that secret and for that request.

use domain::event::{Offset, Partition, SealedShare, Source, TopicId};
use domain::ids::{EvidenceSecretId, OrgId};
use domain::orgs::Suite;
use domain::sealed::Field;
use domain::signers::SignerSet;
use domain::time::Timestamp;

use super::signers::set;
use super::{SUITES, ctx, customer, event, fixed_keys, open, org};
use crate::error::UnsealError;
use crate::secret_shares::{
    OpenedSecret, SecretShare, ShareError, SharePlace, UnsharedSecret, open_approved_share, open_share,
    reseal_share,
};
use crate::signer::SignerKeys;
use crate::{EvidenceKeyPair, EvidenceSecret};

const RAW: &[u8] = br#"{"nik":"3171234567890123","a":1e400,"a":2}"#;
const HOUR: Timestamp = Timestamp::EPOCH;
const REQUEST: &str = "uns_00000000000000000000000000";

/// A secret that three signers share, any two of whom open it.
struct Shared {
    keys: [SignerKeys; 3],
    set: SignerSet,
    org: OrgId,
    id: EvidenceSecretId,
    commitment: [u8; 32],
    shares: Vec<SealedShare>,
    secret: EvidenceSecret,
}

const PLACE: Source = Source { topic_id: TopicId([1; 16]), partition: Partition(2), offset: Offset(3) };

impl Shared {
    fn new() -> Self {
        let keys = [(); 3].map(|()| SignerKeys::generate());
        let set = set(1, 1, None, 2, &[&keys[0], &keys[1], &keys[2]]);
        Self::among(keys, set, UnsharedSecret::generate(org(1), HOUR))
    }

    fn among(keys: [SignerKeys; 3], set: SignerSet, secret: UnsharedSecret) -> Self {
        let (id, commitment) = (secret.id().clone(), secret.commitment());
        let shares = secret.share_among(&set).expect("shared");
        let secret = secret.acknowledged(PLACE);
        Self { keys, set, org: org(1), id, commitment, shares, secret }
    }

    fn place(&self) -> SharePlace<'_> {
        SharePlace { org: &self.org, secret: &self.id, hour: HOUR, set_version: self.set.version() }
    }

    fn share(&self, n: usize) -> SecretShare {
        open_share(&self.keys[n], &self.place(), &self.shares[n]).expect("a signer's own share")
    }

    fn combine(&self, shares: &[SecretShare]) -> Result<OpenedSecret, ShareError> {
        OpenedSecret::combine(&self.place(), 2, &self.commitment, shares)
    }
}

#[test]
fn any_two_of_three_signers_and_the_customers_key_open_evidence() {
    let shared = Shared::new();
    let event = event(3);
    for (suite, field) in
        SUITES.into_iter().flat_map(|s| [Field::Raw, Field::DeclinedPhoto, Field::Probe].map(|f| (s, f)))
    {
        let place = ctx(&event, field);
        let keys = fixed_keys(customer(1, 2), 0x11, suite);
        let sealed = keys.seal_evidence(&place, &shared.secret, RAW).expect("sealed");
        let binding = shared.secret.binding();
        assert_eq!(binding.shared_at, Some(PLACE));
        for two in [[0, 1], [0, 2], [2, 1]] {
            let secret = shared.combine(&two.map(|n| shared.share(n))).expect("the secret");
            let opened = keys.open_evidence(&place, binding, &secret, &sealed);
            assert_eq!(opened, Ok(open(RAW)), "{two:?}");
            let tampered = Err(UnsealError::Tampered);
            let stranger = fixed_keys(customer(1, 2), 0x12, suite);
            assert_eq!(stranger.open_evidence(&place, binding, &secret, &sealed), tampered);
            let later = Shared::new();
            let other = later.secret.binding();
            assert_eq!(keys.open_evidence(&place, other, &secret, &sealed), tampered);
            let secret = later.combine(&[later.share(0), later.share(1)]).expect("another secret");
            assert_eq!(keys.open_evidence(&place, binding, &secret, &sealed), tampered);
        }
        let all = [0, 1, 2].map(|n| shared.share(n));
        let secret = shared.combine(&all).expect("the secret");
        assert_eq!(keys.open_evidence(&place, binding, &secret, &sealed), Ok(open(RAW)));
    }
}

#[test]
fn one_share_opens_nothing() {
    let shared = Shared::new();
    let refused = |shares: &[SecretShare], threshold| {
        OpenedSecret::combine(&shared.place(), threshold, &shared.commitment, shares).err()
    };
    assert_eq!(refused(&[], 2), Some(ShareError::TooFew));
    assert_eq!(refused(&[shared.share(0)], 2), Some(ShareError::TooFew));
    assert_eq!(refused(&[shared.share(0), shared.share(0)], 2), Some(ShareError::TooFew));
    // Whoever says that one is enough has one, and no secret.
    assert_eq!(refused(&[shared.share(0)], 1), Some(ShareError::NotTheSecret));
}

#[test]
fn a_share_opens_in_its_own_place_only() {
    let shared = Shared::new();
    let (keys, sealed) = (&shared.keys[0], &shared.shares[0]);
    assert!(open_share(keys, &shared.place(), sealed).is_ok());
    let (other_org, other_id) = (org(2), EvidenceSecretId::from_bytes([7; 16]));
    let later = Timestamp::from_millis(3_600_000);
    for place in [
        SharePlace { org: &other_org, ..shared.place() },
        SharePlace { secret: &other_id, ..shared.place() },
        SharePlace { hour: later, ..shared.place() },
        SharePlace { set_version: 2, ..shared.place() },
    ] {
        assert_eq!(open_share(keys, &place, sealed).err(), Some(ShareError::NotTheShare), "{place:?}");
    }
    // Another signer's key; another signer's name.
    assert_eq!(open_share(&shared.keys[1], &shared.place(), sealed).err(), Some(ShareError::NotTheShare));
    let renamed = SealedShare { signer: shared.shares[1].signer.clone(), ..sealed.clone() };
    assert_eq!(open_share(keys, &shared.place(), &renamed).err(), Some(ShareError::NotTheShare));
}

#[test]
fn a_share_with_any_bit_flipped_opens_nothing() {
    let shared = Shared::new();
    let (keys, sealed) = (&shared.keys[0], &shared.shares[0]);
    let flip = |bytes: &[u8], bit: usize| {
        let mut flipped = bytes.to_vec();
        flipped[bit / 8] ^= 1 << (bit % 8);
        bytes::Bytes::from(flipped)
    };
    for bit in 0..sealed.ciphertext.len() * 8 {
        let flipped = SealedShare { ciphertext: flip(&sealed.ciphertext, bit), ..sealed.clone() };
        assert!(open_share(keys, &shared.place(), &flipped).is_err(), "bit {bit} of the ciphertext");
    }
    for bit in 0..sealed.encapsulation.len() * 8 {
        let flipped = SealedShare { encapsulation: flip(&sealed.encapsulation, bit), ..sealed.clone() };
        assert!(open_share(keys, &shared.place(), &flipped).is_err(), "bit {bit} of the encapsulation");
    }
    let cut = SealedShare { ciphertext: sealed.ciphertext.slice(1..), ..sealed.clone() };
    assert!(open_share(keys, &shared.place(), &cut).is_err());
    let mut committed = shared.commitment;
    committed[0] ^= 1;
    let two = [shared.share(0), shared.share(1)];
    let refused = OpenedSecret::combine(&shared.place(), 2, &committed, &two).err();
    assert_eq!(refused, Some(ShareError::NotTheSecret));
}

#[test]
fn an_approved_share_opens_for_its_request_and_its_requester_only() {
    let shared = Shared::new();
    let place = shared.place();
    let (requester, approver) = (&shared.set.signers()[0], 1);
    let approved = reseal_share(&shared.share(approver), requester, &place, REQUEST).expect("sealed again");
    let given = open_approved_share(&shared.keys[0], &place, REQUEST, &approved).expect("for the requester");
    assert!(shared.combine(&[shared.share(0), given]).is_ok());
    let not_the_share = Some(ShareError::NotTheShare);
    let opened = |keys: &SignerKeys, place: &SharePlace<'_>, request: &str| {
        open_approved_share(keys, place, request, &approved).err()
    };
    assert_eq!(opened(&shared.keys[2], &place, REQUEST), not_the_share);
    assert_eq!(opened(&shared.keys[1], &place, REQUEST), not_the_share);
    assert_eq!(opened(&shared.keys[0], &place, "uns_00000000000000000000000001"), not_the_share);
    let later = SharePlace { hour: Timestamp::from_millis(3_600_000), ..place };
    assert_eq!(opened(&shared.keys[0], &later, REQUEST), not_the_share);
    // An approved share is no share to keep, and the other way round.
    assert_eq!(open_share(&shared.keys[0], &place, &approved).err(), not_the_share);
    let kept = open_approved_share(&shared.keys[0], &place, REQUEST, &shared.shares[0]).err();
    assert_eq!(kept, not_the_share);
}

#[test]
fn shares_of_two_secrets_make_neither() {
    let one = Shared::new();
    let keys = [(); 3].map(|()| SignerKeys::generate());
    let other = Shared::among(keys, one.set.clone(), UnsharedSecret::generate(org(1), HOUR));
    assert!(
        open_share(&other.keys[0], &other.place(), &other.shares[0]).is_err(),
        "sealed to the set's keys"
    );
    let later = Shared::new();
    let mixed = [one.share(0), later.share(1)];
    assert_eq!(one.combine(&mixed).err(), Some(ShareError::NotTheSecret));
    assert_eq!(later.combine(&mixed).err(), Some(ShareError::NotTheSecret));
}

#[test]
fn a_secret_that_is_shared_anew_is_the_same_and_its_old_shares_are_not_mixed_with_the_new() {
    let shared = Shared::new();
    let secret = shared.combine(&[shared.share(0), shared.share(1)]).expect("the secret");
    let keys = [(); 3].map(|()| SignerKeys::generate());
    let next = set(1, 2, Some(&shared.set), 2, &[&keys[0], &keys[1], &keys[2]]);
    let again = secret.into_unshared();
    assert_eq!((again.id(), again.commitment()), (&shared.id, shared.commitment));
    let anew = Shared::among(keys, next, again);
    let (event, customer) = (event(3), fixed_keys(customer(1, 2), 0x11, Suite::Aes256GcmSiv));
    let place = ctx(&event, Field::Raw);
    let sealed = customer.seal_evidence(&place, &shared.secret, RAW).expect("sealed before");
    let opened = anew.combine(&[anew.share(1), anew.share(2)]).expect("the secret");
    let before = shared.secret.binding();
    assert_eq!(customer.open_evidence(&place, before, &opened, &sealed), Ok(open(RAW)));
    let mixed = [shared.share(0), anew.share(1)];
    assert_eq!(anew.combine(&mixed).err(), Some(ShareError::NotTheSecret));
}

#[test]
fn a_secret_of_before_there_were_signers_opens_by_them_once_it_is_adopted() {
    let (pair, keys) = (EvidenceKeyPair::generate(), [(); 3].map(|()| SignerKeys::generate()));
    let old =
        EvidenceSecret::encapsulate(&org(1), &pair.key_id(), pair.public().as_bytes()).expect("a secret");
    let (event, customer) = (event(3), fixed_keys(customer(1, 2), 0x11, Suite::Aes256GcmSiv));
    let place = ctx(&event, Field::Raw);
    let sealed = customer.seal_evidence(&place, &old, RAW).expect("sealed before");
    let adopt = |pair: &EvidenceKeyPair| UnsharedSecret::adopt(pair.private(), org(1), old.binding(), HOUR);
    let set = set(1, 1, None, 2, &[&keys[0], &keys[1], &keys[2]]);
    let shared = Shared::among(keys, set, adopt(&pair).expect("encapsulated to this key"));
    let opened = shared.combine(&[shared.share(2), shared.share(0)]).expect("the secret");
    assert_eq!(customer.open_evidence(&place, old.binding(), &opened, &sealed), Ok(open(RAW)));
    // Another key comes to another secret, which opens nothing.
    let strange = adopt(&EvidenceKeyPair::generate()).expect("some secret");
    assert_ne!(strange.commitment(), shared.commitment);
}

#[test]
fn a_set_of_another_org_gets_no_share() {
    let keys = [(); 2].map(|()| SignerKeys::generate());
    let foreign = set(2, 1, None, 2, &[&keys[0], &keys[1]]);
    let secret = UnsharedSecret::generate(org(1), HOUR);
    assert_eq!(secret.share_among(&foreign).err(), Some(ShareError::NotTheSecret));
}

#[test]
fn what_is_shown_of_secrets_is_their_name() {
    let shared = Shared::new();
    let name = format!("({}, {})", shared.org, shared.id);
    let share = shared.share(0);
    assert_eq!(format!("{share:?}"), "SecretShare(a)");
    assert_eq!(format!("{:?}", shared.secret), format!("EvidenceSecret{name}"));
    let secret = shared.combine(&[share, shared.share(1)]).expect("the secret");
    assert_eq!(format!("{secret:?}"), format!("OpenedSecret{name}"));
    assert_eq!(format!("{:?}", secret.into_unshared()), format!("UnsharedSecret{name}"));
}
