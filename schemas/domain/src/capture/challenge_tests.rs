//! Nonces and what follows from them, under keys of the tests' own.

use std::collections::BTreeSet;

use data_encoding::BASE64URL_NOPAD;
use proptest::prelude::*;

use super::*;
use crate::capture::test_prf::TestPrf;
use crate::ids::{CustomerId, OrgId};

const KEY: TestPrf = TestPrf(1);

fn customer(org: u8, customer: u8) -> CustomerRef {
    CustomerRef::new(OrgId::from_bytes([org; 16]), CustomerId::from_bytes([customer; 16]))
}

fn challenge() -> FlashChallenge {
    FlashChallenge {
        id_bytes: [7; 16],
        issued_at: Timestamp::from_millis(1_795_406_400_123),
        ttl_s: 90,
        steps: 5,
        purpose: ChallengePurpose::Ktp,
    }
}

fn any_challenge() -> impl Strategy<Value = FlashChallenge> {
    let times = (0..=253_402_300_799_999_i64, any::<u16>());
    let purpose = prop::sample::select(&ChallengePurpose::ALL[..]);
    (any::<[u8; 16]>(), times, CHALLENGE_STEPS, purpose).prop_map(|(id_bytes, times, steps, purpose)| {
        let (issued_at, ttl_s) = (Timestamp::from_millis(times.0), times.1);
        FlashChallenge { id_bytes, issued_at, ttl_s, steps, purpose }
    })
}

proptest! {
    #[test]
    fn a_nonce_says_what_was_issued(challenge in any_challenge()) {
        let nonce = challenge.nonce(&KEY, &customer(1, 2));
        prop_assert_eq!(nonce.len(), FlashChallenge::NONCE_CHARS);
        let read = FlashChallenge::of_nonce(&nonce, &KEY, &customer(1, 2), challenge.purpose);
        prop_assert_eq!(read, Some(challenge));
    }

    #[test]
    fn no_other_text_is_a_nonce(text in "\\PC{0,80}") {
        prop_assert_eq!(FlashChallenge::of_nonce(&text, &KEY, &customer(1, 2), ChallengePurpose::Ktp), None);
    }
}

/// Sequence §7.3: of another customer, org or purpose, and with any bit of it changed.
#[test]
fn a_nonce_is_one_customers_for_one_purpose() {
    let nonce = challenge().nonce(&KEY, &customer(1, 2));
    let read = |nonce: &str, prf: &TestPrf, who: &CustomerRef, purpose| {
        FlashChallenge::of_nonce(nonce, prf, who, purpose)
    };
    use ChallengePurpose::{Face, Ktp};
    assert!(read(&nonce, &KEY, &customer(1, 2), Ktp).is_some());
    assert_eq!(read(&nonce, &KEY, &customer(1, 3), Ktp), None);
    assert_eq!(read(&nonce, &KEY, &customer(3, 2), Ktp), None);
    assert_eq!(read(&nonce, &KEY, &customer(1, 2), Face), None);
    assert_eq!(read(&nonce, &TestPrf(2), &customer(1, 2), Ktp), None);
    let bytes = BASE64URL_NOPAD.decode(nonce.as_bytes()).expect("base64url");
    for bit in 0..bytes.len() * 8 {
        let mut changed = bytes.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(read(&BASE64URL_NOPAD.encode(&changed), &KEY, &customer(1, 2), Ktp), None, "bit {bit}");
    }
    for bent in [&nonce[1..], &format!("{nonce}A"), &format!("{nonce}="), &nonce.replace('A', " ")] {
        assert!(bent == nonce || read(bent, &KEY, &customer(1, 2), Ktp).is_none(), "{bent}");
    }
}

/// The layout of sequence §1.6, byte for byte.
#[test]
fn the_claim_is_laid_out_as_it_is_written_down() {
    let bytes = BASE64URL_NOPAD.decode(challenge().nonce(&KEY, &customer(1, 2)).as_bytes()).expect("text");
    assert_eq!(bytes.len(), 42);
    assert_eq!(bytes[..16], [7; 16]);
    assert_eq!(bytes[16..22], 1_795_406_400_123_i64.to_be_bytes()[2..]);
    assert_eq!(bytes[22..26], [0, 90, 5, 1]);
    assert_eq!(challenge().expires_at().millis(), 1_795_406_490_123);
    assert_eq!(challenge().id(), ChallengeId::from_bytes([7; 16]));
}

/// Each of id, purpose, customer, org, time and key changes colours, holds and secret; nothing of one tells the other.
#[test]
fn colours_and_secret_follow_from_all_that_they_are_about() {
    let of = |challenge: FlashChallenge, prf: &TestPrf, who: &CustomerRef| {
        (challenge.flashes(prf, who), challenge.hmac_secret(prf, who).to_string())
    };
    let longest = || FlashChallenge { steps: 10, ..challenge() };
    let later = Timestamp::from_millis(longest().issued_at.millis() + 1);
    let all = [
        of(longest(), &KEY, &customer(1, 2)),
        of(FlashChallenge { id_bytes: [8; 16], ..longest() }, &KEY, &customer(1, 2)),
        of(FlashChallenge { purpose: ChallengePurpose::Face, ..longest() }, &KEY, &customer(1, 2)),
        of(FlashChallenge { issued_at: later, ..longest() }, &KEY, &customer(1, 2)),
        of(longest(), &KEY, &customer(1, 3)),
        of(longest(), &KEY, &customer(3, 2)),
        of(longest(), &TestPrf(2), &customer(1, 2)),
    ];
    let sequences: BTreeSet<String> = all.iter().map(|(flashes, _)| format!("{flashes:?}")).collect();
    let secrets: BTreeSet<&str> = all.iter().map(|(_, secret)| secret.as_str()).collect();
    assert_eq!((sequences.len(), secrets.len()), (all.len(), all.len()));
    assert_eq!(of(longest(), &KEY, &customer(1, 2)), all[0]);
    for secret in secrets {
        let text = secret.strip_prefix("qe_whsec_").expect("the prefix");
        assert_eq!(text.len(), 32);
        assert!(text.bytes().all(|byte| byte.is_ascii_uppercase() || (b'2'..=b'7').contains(&byte)));
    }
}

#[test]
fn purposes_have_their_words_codes_and_terms() {
    for (purpose, word, code, steps, ttl) in
        [(ChallengePurpose::Ktp, "ktp", 1, 5, 90_000), (ChallengePurpose::Face, "face", 2, 7, 30_000)]
    {
        assert_eq!((purpose.as_str(), purpose.code()), (word, code));
        assert_eq!(ChallengePurpose::parse(word), Some(purpose));
        assert_eq!(ChallengePurpose::of_code(code), Some(purpose));
        assert_eq!((purpose.steps_default(), purpose.ttl_default_ms()), (steps, ttl));
        assert!(purpose.ttl_ms().contains(&ttl) && CHALLENGE_STEPS.contains(&steps));
    }
    assert_eq!((ChallengePurpose::parse("KTP"), ChallengePurpose::of_code(0)), (None, None));
}
