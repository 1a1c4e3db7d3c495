//! The format, fixed for ever: answers that were computed by other code that follows the page
//! `docs/decisions/0002-sealing.md`: Python's `hmac`, `hashlib` and `cryptography` (OpenSSL), HPKE's
//! key schedule written out from RFC 9180. Keys are all 0x11, salts 0x44, nonces 0x55.

use bytes::Bytes;
use data_encoding::HEXLOWER;
use domain::event::RawBinding;
use domain::ids::{CustomerId, crockford};
use domain::nik::Nik;
use domain::orgs::Suite;
use domain::sealed::{Field, Purpose, Purposes, Sealed};

use super::{ctx, customer, event, fixed_keys, open, org};
use crate::evidence::EvidencePrivateKey;
use crate::kms::{data_key_binding, unwrap_under};
use crate::org_ids::OrgIds;

const SALT: [u8; 32] = [0x44; 32];
const NONCE: [u8; 12] = [0x55; 12];
const ENCAPSULATION: &str = "7b0d47d93427f8311160781c7c733fd89f88970aef490d8aa0ee19a4cb8a1b14";

fn hex(text: &str) -> Vec<u8> {
    HEXLOWER.decode(text.as_bytes()).expect("hex")
}

/// The answer for a reason of 20 bytes: as it is sealed now, and as it was while only Padmé padded it.
const REASONS: [(Suite, &str, &str); 2] = [
    (
        Suite::Aes256GcmSiv,
        "4944534501010000001d646b5f303430473230383130343047323038313034304732303831303400000048\
             44444444444444444444444444444444444444444444444444444444444444445736e5567251ecf773626467\
             483a9c07401004b73bbf7c2f1932bd79889bc6ac5555555555555555555555558a907914f6090781ec245dd7\
             f0b01fa5b307f78d05c2d1aa33b0ff6f92b684272e177fa14c75d5322b783c3ec722fdd032f52a30d1fc9978\
             1ee268fd49b90fb0a1183e4e0fbd1467b0e3494c26f1c82df24bac496a333125",
        "4944534501010000001d646b5f303430473230383130343047323038313034304732303831303400000018\
             44444444444444444444444444444444444444444444444444444444444444445736e5567251ecf773626467\
             483a9c07401004b73bbf7c2f1932bd79889bc6ac5555555555555555555555555b66dd57d480911a5a8d1c18\
             fec5bc307d9e3955a4e3ded7a37cb15b7b92d7e8001dfcf9388573f5",
    ),
    (
        Suite::Aes256Gcm,
        "4944534501020000001d646b5f303430473230383130343047323038313034304732303831303400000048\
             44444444444444444444444444444444444444444444444444444444444444441357f28feaa975a95e0335fb\
             a6f1e7b4c0c9bc0a25c06ccc076104922c5bf52d55555555555555555555555574b412814ada385a8e404dca\
             b969bf1453c485c7aac6f9be3467e1e1a3a30e42adc7c55b3904885717e684f294a7422e6fa0833e8820cbb1\
             c2c5f0cf2142dcfcd80edbf0c7b05b003f0199331c383317e66b12fd6bcd1a9c",
        "4944534501020000001d646b5f303430473230383130343047323038313034304732303831303400000018\
             44444444444444444444444444444444444444444444444444444444444444441357f28feaa975a95e0335fb\
             a6f1e7b4c0c9bc0a25c06ccc076104922c5bf52d55555555555555555555555574b412814ada385a8e404dca\
             b969bf1453c485c7aac6f9bec4f9574e5c21f04b4a644f7416cc1a32",
    ),
];

#[test]
fn envelopes_of_both_suites() {
    let event = event(3);
    let ctx = ctx(&event, Field::Reason);
    for (suite, now, before) in REASONS {
        let keys = fixed_keys(customer(1, 2), 0x11, suite);
        let plain = b"data tidak ditemukan";
        let sealed = keys.seal_with(&ctx, None, plain, SALT, NONCE).expect("sealed");
        assert_eq!(HEXLOWER.encode(sealed.as_bytes()), now);
        for kept in [now, before] {
            let kept = Sealed::from_envelope(Bytes::from(hex(kept)));
            assert_eq!(keys.open(&ctx, &kept), Ok(open(plain)));
        }
    }
}

#[test]
fn raw_with_an_encapsulated_secret() {
    let private = EvidencePrivateKey::from_bytes(&[0x22; 32]).expect("a key");
    assert_eq!(private.key_id(), "Zc9cmx3l1B91jLZ_");
    let binding = RawBinding {
        evidence_key_id: private.key_id(),
        encapsulation: Bytes::from(hex(ENCAPSULATION)),
        shared_at: None,
    };
    let secret = private.secret(&org(1), &binding).expect("the secret");
    assert_eq!(HEXLOWER.encode(&secret), "5bc8cdb4859137a05ba21e82ae1b48ca77622ec369149a64f6208ec845f292c7");
    let sealed = Sealed::from_envelope(Bytes::from(hex(
        "4944534501010000001d646b5f30343047323038313034304732303831303430473230383130340000001044\
             4444444444444444444444444444444444444444444444444444444444444414cf47d8c8e9de4da30dc1c6d5\
             cebe6098fd5717cd20c482997f9627dc1990b955555555555555555555555508d7a1ba12874dae5f80d4d442\
             e666882bb41d887ac60022905c2551cf06ea48",
    )));
    let event = event(3);
    let ctx = ctx(&event, Field::Raw);
    let keys = fixed_keys(customer(1, 2), 0x11, Suite::Aes256GcmSiv);
    assert_eq!(
        super::evidence::open_with(&keys, &ctx, &binding, &private, &sealed),
        Ok(open(br#"{"a":1e400}"#))
    );
}

#[test]
fn fingerprints_and_names() {
    let keys = fixed_keys(customer(1, 2), 0x11, Suite::Aes256GcmSiv);
    let fingerprint = keys.fingerprint(b"body").expect("a fingerprint");
    assert_eq!(
        HEXLOWER.encode(&fingerprint.0),
        "ba889787cb0377781e4fd20fb8ac86a3e8f467eea1f9f3569c82eab9c01560c4"
    );
    let purposes = Purposes::NONE.with(Purpose::Biometric).with(Purpose::Evidence);
    let fingerprint = keys.fingerprint_under(purposes, b"body").expect("a fingerprint");
    assert_eq!(
        HEXLOWER.encode(&fingerprint.0),
        "0cbb71ded91105162222161055ae1d73efbbad2b2a1b7a3e5b08a69faad0ccc0"
    );
    let ids = OrgIds::from_secret(org(1), &[0x77; 32]);
    let cus = CustomerId::from_bytes([2; 16]);
    let verdict = ids.named("ver_", "/api/identity/nik/dukcapil", Some(&cus), "key-1");
    assert_eq!(HEXLOWER.encode(&verdict), "51232e7c3ac7f9651a80a9a3ac6f1eec");
    let registered = ids.named("cus_", "/api/customers", None, "key-1");
    assert_eq!(HEXLOWER.encode(&registered), "8c89573e9551957da1c08d84060e28fd");
    assert_eq!(
        HEXLOWER.encode(&ids.external_id_hmac("CIF-42")),
        "c52ec14c1e5ba3e1c0929a0c81e5a341cc24cd2254b6b8e46a550eea6196dfdd"
    );
}

/// As other code (Python's `hmac`) makes it. Another org's is another.
#[test]
fn the_tag_of_a_nik() {
    let nik = Nik::parse("3171011708450001").expect("sixteen digits");
    let tag = OrgIds::from_secret(org(1), &[0x77; 32]).nik_tag(&nik);
    assert_eq!(HEXLOWER.encode(&tag.0), "d975ce25bb9043b2f7eaa9553805b9192b8008ecac699dd7e3b748e9ea530d23");
    assert_ne!(OrgIds::from_secret(org(2), &[0x77; 32]).nik_tag(&nik), tag);
    assert_ne!(OrgIds::from_secret(org(1), &[0x78; 32]).nik_tag(&nik), tag);
}

#[test]
fn a_wrapped_data_key() {
    let wrapped =
        hex("01444444444444444444444444444444444444444444444444444444444444444444abf4bd232bee479e45d7\
             18e816635092cb076899a5d531287b1c4dcbbb09fd5555555555555555555555553f9eebb88bc90beeac134b\
             78237aee3e313940f530a5ba3800f8dcb986ad8a32b0d515b5d33715dcbbe7ffdd3a0fae78");
    let binding =
        data_key_binding(&customer(1, 2), Purpose::Biometric, &format!("dk_{}", crockford([4; 16])), 7);
    let key = unwrap_under(&[0x88; 32], &org(1), 7, &binding, &wrapped).expect("it unwraps");
    assert_eq!(key.as_slice(), &[0x11; 32]);
}
