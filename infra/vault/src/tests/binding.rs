//! An envelope opens with its own key, in its own place, as it was sealed, or not at all.

use bytes::Bytes;
use domain::orgs::Suite;
use domain::sealed::{Field, Sealed};

use super::{SUITES, ctx, customer, event, fixed_keys, open};
use crate::aead::TAG;
use crate::customer_keys::SealContext;
use crate::envelope::{Header, MAGIC};
use crate::error::UnsealError;

const PLAIN: &[u8] = b"data tidak ditemukan";

fn flipped(bytes: &[u8], bit: usize) -> Sealed {
    let mut bytes = bytes.to_vec();
    bytes[bit / 8] ^= 1 << (bit % 8);
    Sealed::from_envelope(Bytes::from(bytes))
}

#[test]
fn every_flipped_bit_is_refused() {
    let event = event(3);
    let ctx = ctx(&event, Field::Reason);
    for suite in SUITES {
        let keys = fixed_keys(customer(1, 2), 0x11, suite);
        let sealed = keys.seal(&ctx, PLAIN).expect("sealed");
        assert_eq!(keys.open(&ctx, &sealed), Ok(open(PLAIN)));
        for bit in 0..sealed.as_bytes().len() * 8 {
            let answer = keys.open(&ctx, &flipped(sealed.as_bytes(), bit));
            assert!(
                matches!(answer, Err(UnsealError::Tampered | UnsealError::Malformed)),
                "{suite:?}, bit {bit}"
            );
        }
    }
}

#[test]
fn every_part_of_the_place_and_of_the_header_is_in_the_aad() {
    // Each part of the place is bound: another value of each gives another AAD.
    let (event, other) = (event(3), event(4));
    let place = ctx(&event, Field::Reason);
    let header = |suite, key_id, padded_len, salt, commitment, nonce| Header {
        suite,
        key_id,
        padded_len,
        salt: [salt; 32],
        commitment: [commitment; 32],
        nonce: [nonce; 12],
    };
    let us = customer(1, 2);
    let base = header(Suite::Aes256GcmSiv, "dk_a", 24, 1, 2, 3);
    let mut seen = std::collections::HashSet::from([base.aad(&us, &place)]);
    for other in [
        header(Suite::Aes256Gcm, "dk_a", 24, 1, 2, 3),
        header(Suite::Aes256GcmSiv, "dk_b", 24, 1, 2, 3),
        header(Suite::Aes256GcmSiv, "dk_a", 26, 1, 2, 3),
        header(Suite::Aes256GcmSiv, "dk_a", 24, 0, 2, 3),
        header(Suite::Aes256GcmSiv, "dk_a", 24, 1, 0, 3),
        header(Suite::Aes256GcmSiv, "dk_a", 24, 1, 2, 0),
    ] {
        assert!(seen.insert(other.aad(&us, &place)), "{other:?}");
    }
    for (who, place) in [
        (customer(9, 2), place),
        (customer(1, 9), place),
        (us.clone(), ctx(&other, Field::Reason)),
        (us.clone(), ctx(&event, Field::FullName)),
        (us.clone(), SealContext { content_type: "text/html", ..place }),
    ] {
        assert!(seen.insert(base.aad(&who, &place)), "{who:?}, {place:?}");
    }
}

#[test]
fn an_envelope_opens_nowhere_else() {
    let (here, there) = (event(3), event(4));
    for suite in SUITES {
        // The same key bytes and key id throughout, so that only the binding can tell.
        let keys = fixed_keys(customer(1, 2), 0x11, suite);
        let place = ctx(&here, Field::Reason);
        let sealed = keys.seal(&place, PLAIN).expect("sealed");
        let elsewhere = [
            ("customer", fixed_keys(customer(1, 3), 0x11, suite), place),
            ("org", fixed_keys(customer(2, 2), 0x11, suite), place),
            ("event", keys.clone(), ctx(&there, Field::Reason)),
            ("field", keys.clone(), ctx(&here, Field::FullName)),
            ("purpose", keys.clone(), SealContext { field: Field::Photo, ..place }),
            ("evidence", keys.clone(), SealContext { field: Field::Raw, ..place }),
            ("content type", keys.clone(), SealContext { content_type: "image/jpeg", ..place }),
            ("key", fixed_keys(customer(1, 2), 0x12, suite), place),
        ];
        for (what, keys, place) in elsewhere {
            assert_eq!(keys.open(&place, &sealed), Err(UnsealError::Tampered), "{suite:?}: {what}");
        }
    }
}

#[test]
fn an_envelope_of_one_suite_is_not_one_of_the_other() {
    let event = event(3);
    let ctx = ctx(&event, Field::Reason);
    let sealed = fixed_keys(customer(1, 2), 0x11, Suite::Aes256GcmSiv).seal(&ctx, PLAIN).expect("sealed");
    // The org's present suite decides what is sealed, never what opens.
    let keys = fixed_keys(customer(1, 2), 0x11, Suite::Aes256Gcm);
    assert_eq!(keys.open(&ctx, &sealed), Ok(open(PLAIN)));
    let mut bytes = sealed.as_bytes().to_vec();
    bytes[MAGIC.len() + 1] = 2;
    assert_eq!(keys.open(&ctx, &Sealed::from_envelope(bytes.into())), Err(UnsealError::Tampered));
}

#[test]
fn what_is_not_an_envelope_is_malformed() {
    let event = event(3);
    let ctx = ctx(&event, Field::Reason);
    let keys = fixed_keys(customer(1, 2), 0x11, Suite::Aes256GcmSiv);
    let sealed = keys.seal(&ctx, PLAIN).expect("sealed");
    let whole = sealed.as_bytes();
    let malformed = |bytes: &[u8]| {
        let sealed = Sealed::from_envelope(Bytes::copy_from_slice(bytes));
        assert_eq!(keys.open(&ctx, &sealed), Err(UnsealError::Malformed), "{} bytes", bytes.len());
    };
    for len in 0..whole.len() {
        malformed(&whole[..len]);
    }
    malformed(&[whole, &[0]].concat());
    malformed(&[0xff; 200]);
    let mut huge = whole.to_vec();
    huge[6..10].copy_from_slice(&u32::MAX.to_be_bytes());
    malformed(&huge);
    let padded = crate::padding::padded(PLAIN.len());
    let start = whole.len() - TAG - padded as usize;
    assert_eq!(&whole[start - 80..start - 76], &padded.to_be_bytes(), "the padded length stands there");
    huge.copy_from_slice(whole);
    huge[start - 80..start - 76].copy_from_slice(&u32::MAX.to_be_bytes());
    malformed(&huge);
}

#[test]
fn only_padding_that_sealing_writes_is_taken() {
    use crate::envelope::unpad;
    let ok: &[u8] = &[0, 0, 0, 5, 1, 2, 3, 4, 5, 0];
    assert_eq!(unpad(ok), Some(4..9));
    for bad in [
        [0_u8, 0, 0, 5, 1, 2, 3, 4, 5, 1].as_slice(),
        &[0, 0, 0, 7, 1, 2, 3, 4, 5, 0],
        &[0, 0, 0, 2, 1, 2, 0, 0, 0, 0],
        &[0xff, 0xff, 0xff, 0xff, 0, 0],
        &[0, 0, 0],
    ] {
        assert_eq!(unpad(bad), None, "{bad:?}");
    }
}
