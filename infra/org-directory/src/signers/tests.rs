//! Signer sets on a real engine.

use domain::event::Offset;
use domain::ports::ReadBounds;
use engine::{Config, Role};
use vault::sign_signer_set;

use super::*;

async fn open(dir: &Path) -> Engine {
    Engine::open(&Config::sandbox(dir).expect("good settings"), Role::Tool).await.expect("opened")
}

fn org() -> OrgId {
    OrgId::from_bytes([1; 16])
}

fn name(text: &str) -> SignerName {
    SignerName::parse(text).expect("a name")
}

fn set(version: u32, previous: Option<&SignerSet>, keys: &[(&str, &SignerKeys)]) -> SignerSet {
    let named = keys.iter().map(|(text, keys)| keys.public().named(name(text))).collect();
    SignerSet::new(org(), version, previous.map(signer_set_sha256), 2, named).expect("a set")
}

/// The sets that the log has records of, in its order.
async fn recorded(engine: &Engine) -> Vec<SignedSignerSet> {
    let bounds = ReadBounds { records_max: 100, bytes_max: 1 << 20, wait_max: std::time::Duration::ZERO };
    let mut sets = Vec::new();
    for range in engine.log.offsets(Topic::Audit).await.expect("offsets") {
        for record in engine.log.read(Topic::Audit, range.partition, Offset(0), bounds).await.expect("read") {
            assert_eq!(record.key, format!("{}/", org()).as_bytes());
            match engine.codec.decode_audit(&record).expect("a record") {
                AuditRecord::SignerSetChanged(changed) => sets.push(changed.set),
                other => panic!("{other:?}"),
            }
        }
    }
    sets
}

#[tokio::test]
async fn a_set_is_in_the_log_before_it_is_in_force() {
    let dir = tempfile::tempdir().expect("a folder");
    let engine = open(dir.path()).await;
    let sets = SignerSets::of(&engine);
    assert_eq!(sets.in_force(&org()).await.expect("read"), None);
    let keys = [(); 3].map(|()| SignerKeys::generate());
    let [a, b, c] = &keys;
    let first = set(1, None, &[("a", a), ("b", b)]);
    let begun = SignedSignerSet { set: first.clone(), signatures: Vec::new() };
    sets.change(begun.clone()).await.expect("the first");
    sets.change(begun.clone()).await.expect("again is no error");
    assert_eq!(sets.in_force(&org()).await.expect("read"), Some(first.clone()));

    let other = SignedSignerSet { set: set(1, None, &[("a", a), ("c", c)]), signatures: Vec::new() };
    assert!(matches!(sets.change(other).await, Err(SignersError::AlreadyThere(_))));
    let second = set(2, Some(&first), &[("a", a), ("b", b), ("c", c)]);
    let signed = |by: &[(&str, &SignerKeys)]| SignedSignerSet {
        set: second.clone(),
        signatures: by.iter().map(|(text, keys)| sign_signer_set(keys, name(text), &second)).collect(),
    };
    let refused = sets.change(signed(&[("a", a)])).await;
    assert!(matches!(refused, Err(SignersError::NotTheNext(SignerChainError::NotSigned))), "{refused:?}");
    let next = signed(&[("a", a), ("b", b)]);
    sets.change(next.clone()).await.expect("signed by both");
    assert_eq!(sets.chain(&org()).await.expect("read"), [begun.clone(), next.clone()]);
    assert_eq!(recorded(&engine).await, [begun, next], "each change once, none that was refused");
}

#[tokio::test]
async fn what_stands_in_the_key_store_is_checked_when_it_is_read() {
    let dir = tempfile::tempdir().expect("a folder");
    let engine = open(dir.path()).await;
    let sets = SignerSets::of(&engine);
    let keys = [(); 3].map(|()| SignerKeys::generate());
    let [a, b, c] = &keys;
    let first = SignedSignerSet { set: set(1, None, &[("a", a), ("b", b)]), signatures: Vec::new() };
    sets.change(first.clone()).await.expect("the first");
    let unsigned =
        SignedSignerSet { set: set(2, Some(&first.set), &[("a", a), ("c", c)]), signatures: Vec::new() };
    let before = engine.notes.note(&note_name(&org())).await.expect("read").expect("a note");
    for (forged, is_corrupt) in [(encode(&[first, unsigned]), false), ("{}".to_owned(), true)] {
        let stands = engine.notes.note(&note_name(&org())).await.expect("read");
        engine.notes.change_note(&note_name(&org()), stands.as_deref(), &forged).await.expect("changed");
        match sets.in_force(&org()).await {
            Err(SignersError::Corrupt(_)) => assert!(is_corrupt),
            Err(SignersError::Chain(SignerChainError::NotSigned)) => assert!(!is_corrupt),
            other => panic!("{other:?}"),
        }
    }
    assert!(before.contains("\"sets\""));
}

#[test]
fn a_sandbox_makes_two_signers_and_finds_them_again() {
    let dir = tempfile::tempdir().expect("a folder");
    let key_dir = dir.path().join("compliance");
    let first = sandbox_signer_set(&org(), &key_dir).expect("made");
    assert_eq!(first.set.signers().len(), 2);
    for file in ["signer-1.key", "signer-2.key", "signer-1.pub", "signer-2.pub"] {
        assert!(key_dir.join(file).is_file(), "{file}");
    }
    // Interrupted after the private file.
    std::fs::remove_file(key_dir.join("signer-2.pub")).expect("removed");
    assert_eq!(sandbox_signer_set(&org(), &key_dir).expect("found"), first);
    let keys = SignerKeys::read(&key_dir.join("signer-2.key"), || None).expect("read");
    assert!(keys.public().are_of(&first.set.signers()[1]));
    let again = make_signer(&key_dir.join("signer-1.key"), None);
    assert!(matches!(again, Err(SignersError::File { .. })), "never written over");
}
