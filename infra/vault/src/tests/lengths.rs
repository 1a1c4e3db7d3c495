//! Lengths at their bounds: what an envelope may be, what a file of keys may be.

use std::sync::Arc;

use domain::orgs::Suite;
use domain::sealed::{Field, Purpose, Sealed};
use zeroize::Zeroizing;

use super::{ctx, customer, event, open, org};
use crate::aead::TAG;
use crate::customer_keys::{DataKeys, KeySet, PurposeKey};
use crate::envelope::Header;
use crate::error::{KmsError, UnsealError};
use crate::limits::{KEY_ID_BYTES_MAX, KMS_FILE_BYTES_MAX, SEALED_PLAINTEXT_BYTES_MAX};
use crate::padding::padme;
use crate::{FileKms, Kms as _};

fn keys_named(key_id: &str) -> DataKeys {
    let purpose = |_| PurposeKey { key_id: key_id.to_owned(), key: Some(Zeroizing::new(vec![0x11; 32])) };
    let set = Arc::new(KeySet::new(customer(1, 2), Purpose::ALL.map(purpose)));
    DataKeys { set, suite: Suite::Aes256GcmSiv }
}

#[test]
fn a_keys_name_has_its_bound() {
    let event = event(3);
    let ctx = ctx(&event, Field::Reason);
    for (bytes, taken) in [(1, true), (29, true), (63, true), (64, true), (65, false), (200, false)] {
        assert_eq!(bytes <= KEY_ID_BYTES_MAX, taken);
        let keys = keys_named(&"k".repeat(bytes));
        let sealed = keys.seal(&ctx, b"x").expect("sealed");
        let wanted = if taken { Ok(open(b"x")) } else { Err(UnsealError::Malformed) };
        assert_eq!(keys.open(&ctx, &sealed), wanted, "{bytes} bytes");
    }
}

/// An envelope whose parts contradict each other is told from one that was tampered with: only the latter is one.
#[test]
fn a_ciphertext_has_the_one_length_that_sealing_gives_it() {
    let event = event(3);
    let ctx = ctx(&event, Field::Reason);
    let keys = keys_named("key");
    let answer = |stated: usize, is: usize| {
        let header = Header {
            suite: Suite::Aes256GcmSiv,
            key_id: "key",
            padded_len: u32::try_from(stated).expect("a length"),
            salt: [1; 32],
            commitment: [2; 32],
            nonce: [3; 12],
        };
        let mut envelope = Vec::new();
        header.write(&mut envelope);
        envelope.resize(envelope.len() + is + TAG, 0);
        keys.open(&ctx, &Sealed::from_envelope(envelope.into()))
    };
    let largest = padme((4 + SEALED_PLAINTEXT_BYTES_MAX) as u32) as usize;
    let beyond = padme(largest as u32 + 1) as usize;
    assert!(largest < beyond && beyond < 2 * largest);
    for (case, stated, is, wanted) in [
        ("a length of padding", 104, 104, UnsealError::Tampered),
        ("a larger one", 1024, 1024, UnsealError::Tampered),
        ("the largest", largest, largest, UnsealError::Tampered),
        ("no length of padding", 100, 100, UnsealError::Malformed),
        ("more than is stated", 104, 112, UnsealError::Malformed),
        ("less than is stated", 112, 104, UnsealError::Malformed),
        ("nothing", 0, 0, UnsealError::Malformed),
        ("no room for the inner length", 2, 2, UnsealError::Malformed),
        ("no room, and another length than is stated", 104, 2, UnsealError::Malformed),
        ("larger than anything that is sealed", beyond, beyond, UnsealError::Malformed),
    ] {
        assert_eq!(keys.open(&ctx, &keys.seal(&ctx, b"x").expect("sealed")), Ok(open(b"x")));
        assert_eq!(answer(stated, is), Err(wanted), "{case}");
    }
}

/// A destroyed key's own envelopes are erased; another key's were never this customer's.
#[test]
fn a_destroyed_key_is_no_excuse_for_another_keys_envelope() {
    let event = event(3);
    let ctx = ctx(&event, Field::Reason);
    let sealed = keys_named("ours").seal(&ctx, b"x").expect("sealed");
    let destroyed = |key_id: &str| {
        let purpose = |_| PurposeKey { key_id: key_id.to_owned(), key: None };
        let set = Arc::new(KeySet::new(customer(1, 2), Purpose::ALL.map(purpose)));
        DataKeys { set, suite: Suite::Aes256GcmSiv }.open(&ctx, &sealed)
    };
    let erased = Ok(domain::sealed::Opened::Erased);
    assert_eq!(destroyed("ours"), erased);
    assert_eq!(destroyed("another"), Err(UnsealError::Tampered));
    // Lost in a restore, with its name: any that the customer had.
    assert_eq!(destroyed(""), erased);
    // A key that is there but has no name is no such thing.
    assert_eq!(keys_named("").open(&ctx, &sealed), Err(UnsealError::Tampered));
}

/// A file of org keys in which one org's name fills what is left: as long as it is to be.
fn file_of(bytes: u64) -> String {
    let file = |name: &str| {
        let key = "A".repeat(43);
        format!(r#"{{"format":1,"orgs":{{"{name}":{{"current":1,"keys":{{"1":"{key}"}}}}}}}}"#)
    };
    let rest = usize::try_from(bytes).expect("a length") - file("").len();
    file(&"o".repeat(rest))
}

#[tokio::test]
async fn the_file_of_org_keys_has_its_bound() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("kms/keys.json");
    FileKms::open(&path).expect("the folder is made").create_org_key(&org(1)).await.expect("a key");
    let one_key =
        format!(r#","{}":{{"current":1,"keys":{{"1":"{}"}}}}"#, org(1), "A".repeat(43)).len() as u64;
    for (room, made) in [(one_key, true), (one_key - 1, false)] {
        std::fs::write(&path, file_of(KMS_FILE_BYTES_MAX - room)).expect("written");
        let kms = FileKms::open(&path).expect("it is not full yet");
        let answer = kms.create_org_key(&org(1)).await;
        if made {
            assert_eq!(answer, Ok(1));
            assert_eq!(std::fs::metadata(&path).expect("there").len(), KMS_FILE_BYTES_MAX);
            FileKms::open(&path).expect("what was written is read again");
        } else {
            assert!(matches!(answer, Err(KmsError::Corrupt(why)) if why.contains("full")));
            let unknown = KmsError::UnknownKey { org: org(1), version: 0 };
            assert_eq!(kms.current_version(&org(1)).await, Err(unknown), "nothing was made");
        }
    }
    std::fs::write(&path, vec![b' '; KMS_FILE_BYTES_MAX as usize + 1]).expect("written");
    let Err(KmsError::Corrupt(why)) = FileKms::open(&path) else { panic!("no file of ours") };
    assert!(why.contains("larger"), "{why}");
}
