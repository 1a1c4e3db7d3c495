//! Signers' files, and which set may follow which.

use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt;

use domain::signers::{SignedSignerSet, SignerName, SignerSet};
use zeroize::Zeroizing;

use super::org;
use crate::signer::{SignerFileError, SignerKeys, SignerPublicKeys};
use crate::signer_sets::{SignerChainError, sign_signer_set, signer_set_in_force, signer_set_sha256};

pub(super) fn name(text: &str) -> SignerName {
    SignerName::parse(text).expect("a name")
}

/// A set of those signers, named a, b, c…
pub(super) fn set(
    org_n: u8,
    version: u32,
    previous: Option<&SignerSet>,
    threshold: u32,
    keys: &[&SignerKeys],
) -> SignerSet {
    let named = keys.iter().zip('a'..).map(|(keys, letter)| keys.public().named(name(&letter.to_string())));
    let previous = previous.map(signer_set_sha256);
    SignerSet::new(org(org_n), version, previous, threshold, named.collect()).expect("a set")
}

#[test]
fn a_signers_file_is_the_owners_alone_and_never_written_over() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("compliance/signer-1.key");
    let keys = SignerKeys::generate();
    keys.write(&path, None).expect("written");
    let mode = std::fs::metadata(&path).expect("there").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let read = SignerKeys::read(&path, || panic!("no passphrase is asked for")).expect("read");
    assert_eq!(read.public(), keys.public());
    assert_eq!(read.sign(b"m"), keys.sign(b"m"));
    let Err(SignerFileError::Io(error)) = SignerKeys::generate().write(&path, None) else {
        panic!("a key is never written over")
    };
    assert_eq!(error.kind(), ErrorKind::AlreadyExists);
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o640)).expect("set");
    assert!(matches!(SignerKeys::read(&path, || None), Err(SignerFileError::Io(_))), "open to others");
}

#[test]
fn a_file_under_a_passphrase_opens_with_that_one_only() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("signer-2.key");
    let keys = SignerKeys::generate();
    keys.write(&path, Some("kata sandi")).expect("written");
    let read = |passphrase: Option<&str>| {
        SignerKeys::read(&path, || passphrase.map(|text| Zeroizing::new(text.to_owned())))
    };
    assert_eq!(read(Some("kata sandi")).expect("read").public(), keys.public());
    assert!(matches!(read(Some("kata sandi ")), Err(SignerFileError::WrongPassphrase)));
    assert!(matches!(read(None), Err(SignerFileError::PassphraseWanted)));
    let text = std::fs::read_to_string(&path).expect("read");
    let flipped = text.replacen(&text[text.len() - 10..text.len() - 9], "_", 1);
    assert_ne!(text, flipped);
    std::fs::write(&path, flipped).expect("written");
    assert!(read(Some("kata sandi")).is_err());
}

#[test]
fn only_whole_and_usable_public_keys_are_taken() {
    let text = SignerKeys::generate().public().to_text();
    let zero = data_encoding::BASE64URL_NOPAD.encode(&[0; 32]);
    let [word, x25519, ed25519] =
        text.split_whitespace().collect::<Vec<_>>().try_into().expect("three words");
    for bad in [
        String::new(),
        format!("{word} {x25519}"),
        format!("{word} {x25519} {ed25519} {ed25519}"),
        format!("identity-signer-v1 {x25519} {ed25519}"),
        format!("{word} {x25519} {}", &ed25519[1..]),
        // RFC 7748 §6.1 and RFC 8032 §8.4: everybody has the same secret with the one, anybody signs for the other.
        format!("{word} {zero} {ed25519}"),
        format!("{word} {x25519} {zero}"),
    ] {
        assert!(SignerPublicKeys::parse(&bad).is_err(), "{bad:?}");
    }
}

#[test]
fn what_is_shown_of_signers_is_no_key() {
    let keys = SignerKeys::generate();
    let id = format!("{:?}", keys.public());
    assert_eq!(format!("{keys:?}"), id.replace("SignerPublicKeys", "SignerKeys"));
    assert_eq!(id.len(), "SignerPublicKeys()".len() + 16);
}

#[test]
fn a_set_follows_another_by_the_signatures_of_its_threshold() {
    let keys = [(); 4].map(|()| SignerKeys::generate());
    let [a, b, c, d] = &keys;
    let first = set(1, 1, None, 2, &[a, b, c]);
    let next = set(1, 2, Some(&first), 2, &[a, b, d]);
    let signed = |set: &SignerSet, by: &[(&SignerKeys, &str)]| SignedSignerSet {
        set: set.clone(),
        signatures: by.iter().map(|(keys, by)| sign_signer_set(keys, name(by), set)).collect(),
    };
    let begun = signed(&first, &[]);
    let in_force =
        |next: SignedSignerSet| signer_set_in_force(&[begun.clone(), next]).map(|set| set.version());
    assert_eq!(signer_set_in_force(&[]), Err(SignerChainError::Empty));
    assert_eq!(signer_set_in_force(std::slice::from_ref(&begun)), Ok(&first));
    assert_eq!(in_force(signed(&next, &[(a, "a"), (c, "c")])), Ok(2));
    let not_signed = Err(SignerChainError::NotSigned);
    for (case, by) in [
        ("nobody", &[] as &[_]),
        ("one", &[(a, "a")]),
        ("one twice", &[(a, "a"), (a, "a")]),
        ("one under two names", &[(a, "a"), (a, "b")]),
        // The name is d's only in the set that is not in force yet.
        ("one who is not in it yet", &[(a, "a"), (d, "d")]),
        ("the new one under an old name", &[(a, "a"), (d, "c")]),
    ] {
        assert_eq!(in_force(signed(&next, by)), not_signed, "{case}");
    }
    let mut flipped = signed(&next, &[(a, "a"), (b, "b")]);
    flipped.signatures[1].signature[5] ^= 1;
    assert_eq!(in_force(flipped), not_signed);
    let not_the_next = Err(SignerChainError::NotTheNext);
    let by_two: &[_] = &[(a, "a"), (b, "b")];
    for other in [
        set(2, 2, Some(&first), 2, &[a, b, d]),
        set(1, 3, Some(&first), 2, &[a, b, d]),
        set(1, 2, Some(&set(1, 1, None, 2, &[a, b])), 2, &[a, b, d]),
    ] {
        assert_eq!(in_force(signed(&other, by_two)), not_the_next);
    }
    // A threshold that is lowered is signed by the one that stands.
    let three = set(1, 2, Some(&first), 3, &[a, b, c]);
    let lower = set(1, 3, Some(&three), 2, &[a, b, c]);
    let chain = |by: &[(&SignerKeys, &str)]| {
        signer_set_in_force(&[begun.clone(), signed(&three, by_two), signed(&lower, by)])
            .map(|set| set.threshold())
    };
    assert_eq!(chain(by_two), not_signed);
    assert_eq!(chain(&[(a, "a"), (b, "b"), (c, "c")]), Ok(2));
}
