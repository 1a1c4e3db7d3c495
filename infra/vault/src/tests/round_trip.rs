//! What goes in comes out, at every size, and the envelope's size says no more than Padmé lets it.

use domain::orgs::Suite;
use domain::sealed::Field;
use proptest::prelude::{Just, Strategy, any, prop_assert_eq, prop_oneof, proptest};

use super::{SUITES, ctx, customer, event, fixed_keys, open};
use crate::aead::TAG;
use crate::envelope::Header;
use crate::error::VaultError;
use crate::limits::SEALED_PLAINTEXT_BYTES_MAX;
use crate::padding::padded;

fn plaintext() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..300),
        (0_usize..70_000, any::<u8>()).prop_map(|(len, byte)| vec![byte; len]),
        Just(Vec::new()),
    ]
}

proptest! {
    #[test]
    fn sealed_and_opened_again(
        plain in plaintext(),
        siv in any::<bool>(),
        photo in any::<bool>(),
        key in any::<u8>(),
    ) {
        let suite = if siv { Suite::Aes256GcmSiv } else { Suite::Aes256Gcm };
        let event = event(3);
        let ctx = ctx(&event, if photo { Field::Photo } else { Field::FullName });
        let keys = fixed_keys(customer(1, 2), key, suite);
        let sealed = keys.seal(&ctx, &plain).expect("sealed");
        let padded = padded(plain.len()) as usize;
        prop_assert_eq!(sealed.as_bytes().len(), Header::len(&format!("dk_{:026}", 0)) + padded + TAG);
        prop_assert_eq!(keys.open(&ctx, &sealed), Ok(open(&plain)));
    }

    #[test]
    fn nothing_that_comes_in_makes_opening_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let event = event(3);
        let ctx = ctx(&event, Field::Photo);
        let keys = fixed_keys(customer(1, 2), 1, Suite::Aes256GcmSiv);
        let mut framed = b"IDSE\x01\x01".to_vec();
        framed.extend_from_slice(&bytes);
        for bytes in [bytes, framed] {
            let sealed = domain::sealed::Sealed::from_envelope(bytes.into());
            proptest::prop_assert!(keys.open(&ctx, &sealed).is_err());
        }
    }
}

#[test]
fn no_two_envelopes_of_the_same_are_alike() {
    let event = event(3);
    let ctx = ctx(&event, Field::Reason);
    for suite in SUITES {
        let keys = fixed_keys(customer(1, 2), 1, suite);
        let [a, b] = [(); 2].map(|()| keys.seal(&ctx, b"same").expect("sealed"));
        let start = Header::len(&format!("dk_{:026}", 0));
        // Salt, commitment, nonce and ciphertext all differ.
        for range in [start - 76..start - 44, start - 44..start - 12, start - 12..start, start..start + 8] {
            assert_ne!(a.as_bytes()[range.clone()], b.as_bytes()[range]);
        }
    }
}

#[test]
fn the_largest_value_fits_and_one_byte_more_is_refused() {
    let event = event(3);
    let ctx = ctx(&event, Field::Photo);
    let keys = fixed_keys(customer(1, 2), 1, Suite::Aes256GcmSiv);
    let mut plain = vec![7; SEALED_PLAINTEXT_BYTES_MAX];
    let sealed = keys.seal(&ctx, &plain).expect("sealed");
    assert!(keys.open(&ctx, &sealed) == Ok(open(&plain)));
    plain.push(7);
    assert!(matches!(keys.seal(&ctx, &plain), Err(VaultError::Refused(_))));
}

#[test]
fn no_debug_output_shows_a_key() {
    let keys = fixed_keys(customer(1, 2), 0x41, Suite::Aes256GcmSiv);
    let shown = format!("{keys:?}");
    assert!(!shown.contains("AAAA") && !shown.contains("65, 65"), "{shown}");
}
