//! The file of org keys: private, durable, shared by processes, and refused when it is not what it should be.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::org;
use crate::error::KmsError;
use crate::{FileKms, Kms as _};

fn place() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("kms/keys.json");
    (folder, path)
}

fn set_mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, PermissionsExt::from_mode(mode)).expect("set");
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).expect("there").permissions().mode() & 0o777
}

#[tokio::test]
async fn keys_outlive_the_program_and_nobody_else_can_read_them() {
    let (_folder, path) = place();
    let kms = FileKms::open(&path).expect("opened");
    assert_eq!(kms.current_version(&org(1)).await, Err(KmsError::UnknownKey { org: org(1), version: 0 }));
    assert_eq!(kms.create_org_key(&org(1)).await, Ok(1));
    assert_eq!(kms.create_org_key(&org(1)).await, Ok(1), "again is the same key");
    let wrapped = kms.wrap(&org(1), 1, b"b", b"key").await.expect("wrapped");
    drop(kms);
    assert_eq!((mode(&path), mode(path.parent().expect("a folder"))), (0o600, 0o700));
    for entry in std::fs::read_dir(path.parent().expect("a folder")).expect("listed") {
        assert_eq!(mode(&entry.expect("an entry").path()), 0o600);
    }
    let kms = FileKms::open(&path).expect("opened again");
    assert_eq!(kms.current_version(&org(1)).await, Ok(1));
    assert_eq!(kms.unwrap(&org(1), 1, b"b", &wrapped).await.expect("unwrapped").as_slice(), b"key");
}

#[tokio::test]
async fn a_key_that_another_process_made_is_found() {
    let (_folder, path) = place();
    let (one, two) = (FileKms::open(&path).expect("opened"), FileKms::open(&path).expect("opened"));
    one.create_org_key(&org(1)).await.expect("a key");
    two.create_org_key(&org(2)).await.expect("a key");
    let wrapped = one.wrap(&org(2), 1, b"b", b"key").await.expect("the other's key");
    assert_eq!(two.unwrap(&org(2), 1, b"b", &wrapped).await.expect("the same key").as_slice(), b"key");
    assert_eq!(two.current_version(&org(1)).await, Ok(1));
    let unknown = one.wrap(&org(2), 2, b"b", b"key").await;
    assert_eq!(unknown, Err(KmsError::UnknownKey { org: org(2), version: 2 }));
}

#[tokio::test]
async fn of_many_at_once_none_loses_a_key() {
    let (_folder, path) = place();
    let mut tasks = tokio::task::JoinSet::new();
    let handles = [(); 4].map(|()| Arc::new(FileKms::open(&path).expect("opened")));
    for n in 0..24_u8 {
        let kms = handles[usize::from(n % 4)].clone();
        // Each org twice, from two handles: both must come to the same key.
        tasks.spawn(async move {
            kms.create_org_key(&org(n / 2)).await.expect("a key");
            (n / 2, kms.wrap(&org(n / 2), 1, b"b", &[n / 2; 32]).await.expect("wrapped"))
        });
    }
    let wrapped = tasks.join_all().await;
    let kms = FileKms::open(&path).expect("opened");
    for (n, wrapped) in wrapped {
        let key = kms.unwrap(&org(n), 1, b"b", &wrapped).await.expect("unwrapped");
        assert_eq!(key.as_slice(), [n; 32]);
    }
}

#[tokio::test]
async fn older_versions_still_unwrap() {
    let (_folder, path) = place();
    let kms = FileKms::open(&path).expect("opened");
    kms.create_org_key(&org(1)).await.expect("a key");
    let old = kms.wrap(&org(1), 1, b"b", b"key").await.expect("wrapped");
    let mut content: serde_json::Value =
        serde_json::from_slice(&std::fs::read(&path).expect("read")).expect("JSON");
    let keys = &mut content["orgs"][org(1).as_str()];
    keys["keys"]["2"] = "A".repeat(43).into();
    keys["current"] = 2.into();
    std::fs::write(&path, content.to_string()).expect("written");
    assert_eq!(kms.current_version(&org(1)).await, Ok(2), "the change is seen");
    let new = kms.wrap(&org(1), 2, b"b", b"key").await.expect("wrapped");
    for (version, wrapped) in [(1, &old), (2, &new)] {
        assert!(kms.unwrap(&org(1), version, b"b", wrapped).await.is_ok());
        assert_eq!(kms.unwrap(&org(1), 3 - version, b"b", wrapped).await, Err(KmsError::Rejected));
    }
}

#[tokio::test]
async fn a_file_or_folder_open_to_others_is_refused() {
    let (_folder, path) = place();
    let folder = path.parent().expect("a folder").to_owned();
    FileKms::open(&path).expect("opened").create_org_key(&org(1)).await.expect("a key");
    for (path_to_open, wrong, right) in [(&path, 0o640, 0o600), (&folder, 0o755, 0o700)] {
        set_mode(path_to_open, wrong);
        let Err(KmsError::Corrupt(why)) = FileKms::open(&path) else { panic!("refused") };
        assert!(why.contains("open to others"), "{why}");
        set_mode(path_to_open, right);
    }
    FileKms::open(&path).expect("as it was");
}

#[test]
fn what_is_not_a_file_of_org_keys_is_refused_without_repeating_it() {
    let (_folder, path) = place();
    FileKms::open(&path).expect("the folder is made");
    let good = format!(r#"{{"current":1,"keys":{{"1":"{}"}}}}"#, "A".repeat(43));
    let file = |orgs: &str, format: u32| format!(r#"{{"format":{format},"orgs":{{{orgs}}}}}"#);
    for content in [
        String::new(),
        "null".into(),
        "SECRETSECRET".into(),
        file("", 2),
        file(&format!(r#""o":{}"#, good.replace("AAA", "SECRET")), 1),
        file(&format!(r#""o":{}"#, good.replace("current\":1", "current\":2")), 1),
        file(&format!(r#""o":{}"#, good.replace("current", "SECRET")), 1),
    ] {
        std::fs::write(&path, &content).expect("written");
        set_mode(&path, 0o600);
        let Err(KmsError::Corrupt(why)) = FileKms::open(&path) else { panic!("refused: {content}") };
        assert!(!why.contains("SECRET") && !why.contains("AAA"), "{why}");
    }
    std::fs::write(&path, file(&format!(r#""o":{good}"#), 1)).expect("written");
    FileKms::open(&path).expect("that one is good");
}

/// The file is looked at for what is not known yet; what is known serves on, so that a disk that went away stops
/// no request of an org that was served before.
#[tokio::test]
async fn keys_that_were_read_serve_without_the_file() {
    let (folder, path) = place();
    let (maker, reader) = (FileKms::open(&path).expect("opened"), FileKms::open(&path).expect("opened"));
    maker.create_org_key(&org(1)).await.expect("a key");
    let wrapped = reader.wrap(&org(1), 1, b"b", b"key").await.expect("the other's key");
    std::fs::rename(path.parent().expect("a folder"), folder.path().join("away")).expect("moved");
    for kms in [&maker, &reader] {
        assert_eq!(kms.unwrap(&org(1), 1, b"b", &wrapped).await.expect("unwrapped").as_slice(), b"key");
    }
}

/// Where the file should be and cannot be looked at is an outage; where there is none is an org without a key.
#[tokio::test]
async fn a_place_that_cannot_be_looked_at_is_an_outage() {
    let (folder, path) = place();
    let kms = FileKms::open(&path).expect("opened");
    assert_eq!(kms.current_version(&org(1)).await, Err(KmsError::UnknownKey { org: org(1), version: 0 }));
    let in_its_place = path.parent().expect("a folder");
    std::fs::rename(in_its_place, folder.path().join("away")).expect("moved");
    std::fs::write(in_its_place, "no folder").expect("written");
    assert!(matches!(kms.current_version(&org(1)).await, Err(KmsError::Unavailable(_))));
    assert!(matches!(kms.create_org_key(&org(1)).await, Err(KmsError::Unavailable(_))));
}
