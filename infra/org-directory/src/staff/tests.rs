//! Accounts on a real folder.

use std::path::Path;

use domain::staff::{SessionDigest, StaffSession};
use domain::time::Timestamp;
use engine::{Config, Role};

use super::*;
use crate::sandbox::prepare_org;

async fn open(dir: &Path) -> Engine {
    Engine::open(&Config::sandbox(dir).expect("good settings"), Role::Tool).await.expect("opened")
}

fn name(text: &str) -> StaffUserName {
    StaffUserName::parse(text).expect("a name")
}

async fn signed_in(engine: &Engine, account: &StaffAccount) -> SessionDigest {
    let digest = SessionDigest([7; 32]);
    let session = StaffSession {
        digest,
        user: account.user.clone(),
        account_version: account.version,
        created_at: Timestamp::from_millis(0),
        last_seen_at: Timestamp::from_millis(0),
        expires_at: Timestamp::from_millis(1_000),
    };
    engine.staff_sessions.insert_session(session).await.expect("inserted");
    digest
}

#[tokio::test]
async fn an_account_is_of_the_only_org_or_of_the_one_that_is_named() {
    let dir = tempfile::tempdir().expect("a folder");
    let engine = open(dir.path()).await;
    let staff = StaffDirectory::new(&engine);
    let password = StaffPassword::generate();
    let add = async |user: &str, org: Option<&OrgId>| {
        staff.add(name(user), StaffRole::Analyst, org, &password).await
    };
    assert!(matches!(add("ana", None).await, Err(StaffError::WhichOrg(_))), "there is no org");
    let org = prepare_org(&engine, 0).await.expect("prepared").org.org;
    let account = add("ana", None).await.expect("added");
    assert_eq!((account.org.clone(), account.version, account.is_disabled), (org.clone(), 1, false));
    assert!(matches!(add("ana", Some(&org)).await, Err(StaffError::UserTaken(_))));
    let nowhere = OrgId::from_bytes([9; 16]);
    assert!(matches!(add("budi", Some(&nowhere)).await, Err(StaffError::NoSuchOrg(_))));
    let listed = staff.list(None).await.expect("listed");
    let names: Vec<_> = listed.iter().map(|account| account.user.as_str()).collect();
    assert_eq!(names, ["admin", "ana"], "the sandbox's own, too");
    assert_eq!(listed[1], account);
    assert_eq!(staff.list(Some(&org)).await.expect("listed"), listed);
    assert_eq!(staff.list(Some(&nowhere)).await.expect("listed"), []);
}

#[tokio::test]
async fn disabling_and_resetting_end_what_was_before() {
    let dir = tempfile::tempdir().expect("a folder");
    let engine = open(dir.path()).await;
    prepare_org(&engine, 0).await.expect("prepared");
    let staff = StaffDirectory::new(&engine);
    let (first, second) = (StaffPassword::generate(), StaffPassword::generate());
    let account = staff.add(name("ana"), StaffRole::Admin, None, &first).await.expect("added");
    assert!(staff.is_in_force(&account, &first).await.expect("asked"));
    assert!(!staff.is_in_force(&account, &second).await.expect("asked"));

    let digest = signed_in(&engine, &account).await;
    let disabled = staff.disable(&account.user).await.expect("disabled");
    assert!(disabled.is_disabled && disabled.version == 2);
    assert!(!staff.is_in_force(&disabled, &first).await.expect("asked"));
    assert_eq!(engine.staff_sessions.session(&digest).await.expect("read"), None);

    let reset = staff.reset(&account.user, &second).await.expect("reset");
    assert!(!reset.is_disabled && reset.version == 3 && reset.role == StaffRole::Admin);
    assert!(staff.is_in_force(&reset, &second).await.expect("asked"));
    assert!(!staff.is_in_force(&reset, &first).await.expect("asked"), "the old password is gone");
    let nobody = staff.disable(&name("nobody")).await;
    assert!(matches!(nobody, Err(StaffError::NoSuchUser(_))), "{nobody:?}");
}

#[test]
fn a_chosen_password_is_long_enough_and_one_line() {
    for good in ["x".repeat(15).as_str(), &"é".repeat(256), "kata sandi yang panjang"] {
        assert_eq!(StaffPassword::parse(good).expect("a password").expose(), good);
    }
    for bad in ["", &"x".repeat(14), &"x".repeat(257), "two lines of it\nare none", "a tab\tis not typed"] {
        assert!(StaffPassword::parse(bad).is_none(), "{bad:?}");
    }
    assert_eq!(format!("{:?}", StaffPassword::generate()), "StaffPassword(…)");
}
