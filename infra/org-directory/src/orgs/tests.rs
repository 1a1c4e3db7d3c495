//! Orgs and keys on a real engine.

use std::path::Path;

use domain::signers::THRESHOLD_MIN;

use super::*;
use engine::Config;
use engine::Role;
use testkit::failing_log::FailingLog;

async fn open(dir: &Path) -> Engine {
    Engine::open(&Config::sandbox(dir).expect("good settings"), Role::Tool).await.expect("opened")
}

fn new(dir: &Path) -> NewOrg {
    NewOrg {
        name: "Bank Contoh".to_owned(),
        environment: Environment::Live,
        capabilities: CapabilitySet::default(),
        limits: RateLimits::default(),
        scopes: vec![Scope::VerificationsWrite],
        key_dir: dir.join("compliance"),
    }
}

#[tokio::test]
async fn an_org_and_its_key_are_in_the_log_when_they_are_shown() {
    let dir = tempfile::tempdir().expect("a folder");
    let engine = open(dir.path()).await;
    let created = Orgs::new(&engine).create(new(dir.path())).await.expect("an org");
    engine.close().await;
    let engine = open(dir.path()).await;
    let orgs = Orgs::new(&engine);
    assert_eq!(orgs.list().await.expect("listed"), std::slice::from_ref(&created.org));
    let id = &created.org.org;
    assert_eq!(orgs.keys(id).await.expect("listed"), std::slice::from_ref(&created.key.record));
    assert_eq!(created.key.record.key_sha256, created.key.text.sha256());
    assert!(created.key.text.expose().starts_with("qe_sk_live_"));
    assert!(created.org.strict_scopes && !created.org.capabilities.contains(Capability::DukcapilEnabled));

    assert!(!created.org.has_evidence_key());
    vault::OrgIds::unwrap(&*engine.kms, &created.org).await.expect("the id secret");
}

#[tokio::test]
async fn a_sandboxs_org_has_two_signers_and_a_live_one_none_yet() {
    let dir = tempfile::tempdir().expect("a folder");
    let engine = open(dir.path()).await;
    let (orgs, sets) = (Orgs::new(&engine), SignerSets::of(&engine));
    let live = orgs.create(new(dir.path())).await.expect("an org").org.org;
    assert_eq!(sets.in_force(&live).await.expect("read"), None);
    assert_eq!(std::fs::read_dir(dir.path().join("compliance")).expect("there").count(), 0);

    let sandbox = || NewOrg { environment: Environment::Sandbox, ..new(dir.path()) };
    let first = orgs.create(sandbox()).await.expect("an org").org.org;
    let set = sets.in_force(&first).await.expect("read").expect("signers");
    assert_eq!((set.version(), set.threshold(), set.signers().len()), (1, THRESHOLD_MIN, 2));
    let second = orgs.create(sandbox()).await.expect("an org").org.org;
    let of_second = sets.in_force(&second).await.expect("read").expect("signers");
    assert_eq!(of_second.signers(), set.signers(), "the same two people for every sandbox of the folder");
}

#[tokio::test]
async fn a_change_changes_what_it_names_and_nothing_else() {
    let dir = tempfile::tempdir().expect("a folder");
    let engine = open(dir.path()).await;
    let orgs = Orgs::new(&engine);
    let created = orgs.create(new(dir.path())).await.expect("an org");
    let change = OrgChange {
        capabilities: [(Capability::DukcapilEnabled, true)].into(),
        strict_scopes: Some(false),
        limits: [(RateBucket::NikDukcapil, 0)].into(),
        suite: Some(Suite::Aes256Gcm),
        ..OrgChange::default()
    };
    let changed = orgs.set(&created.org.org, change).await.expect("set");
    let wanted = OrgRecord {
        capabilities: [Capability::DukcapilEnabled].into_iter().collect(),
        strict_scopes: false,
        limits: [(RateBucket::NikDukcapil, 0)].into_iter().collect(),
        suite: Suite::Aes256Gcm,
        ..created.org
    };
    assert_eq!(changed, wanted);
    assert_eq!(orgs.list().await.expect("listed"), [wanted]);
    let nobody = OrgId::from_bytes([1; 16]);
    let refused = orgs.set(&nobody, OrgChange::default()).await;
    assert!(matches!(refused, Err(OrgsError::NoSuchOrg(org)) if org == nobody));
}

/// An older tool beside newer instances: what it does not know it does not take away.
#[tokio::test]
async fn a_change_keeps_what_a_later_build_has_granted() {
    let dir = tempfile::tempdir().expect("a folder");
    let engine = open(dir.path()).await;
    let orgs = Orgs::new(&engine);
    let capabilities = CapabilitySet::from_words(["laterEnabled".to_owned()]);
    let limits = RateLimits::from_names([("later_bucket".to_owned(), 7)]);
    let new = NewOrg { capabilities, limits, ..new(dir.path()) };
    let mut created = orgs.create(new).await.expect("an org");
    created.org.settings = OrgSettings::from_texts([("later.setting".to_owned(), "some text".to_owned())]);
    orgs.append(&DirectoryRecord::Org(created.org.clone())).await.expect("appended");
    let change = OrgChange {
        capabilities: [(Capability::DukcapilEnabled, true)].into(),
        limits: [(RateBucket::Get, 5)].into(),
        settings: [
            (OrgSetting::MatchLow, Some(SettingValue::Share { milli: 500 })),
            (OrgSetting::MatchHigh, None),
        ]
        .into(),
        ..OrgChange::default()
    };
    orgs.set(&created.org.org, change).await.expect("set");
    let listed = orgs.list().await.expect("listed").remove(0);
    assert_eq!(listed.capabilities.words().collect::<Vec<_>>(), ["dukcapilEnabled", "laterEnabled"]);
    assert_eq!(listed.limits.names().collect::<Vec<_>>(), [("get", 5), ("later_bucket", 7)]);
    let settings = [("later.setting", "some text"), ("match.low", "0.5")];
    assert_eq!(listed.settings.texts().collect::<Vec<_>>(), settings);
}

#[tokio::test]
async fn keys_are_made_listed_and_revoked() {
    let dir = tempfile::tempdir().expect("a folder");
    let engine = open(dir.path()).await;
    let orgs = Orgs::new(&engine);
    let created = orgs.create(new(dir.path())).await.expect("an org");
    let other = orgs.create(new(dir.path())).await.expect("an org");
    let id = &created.org.org;
    let expires = Some(Timestamp::from_millis(4_000_000_000_000));
    let second = orgs.create_key(id, vec![Scope::Read], expires).await.expect("a key");
    assert_eq!(second.record.expires_at, expires);
    assert_eq!(orgs.keys(id).await.expect("listed").len(), 2);

    let revoked = orgs.revoke_key(id, &second.record.id).await.expect("revoked");
    assert!(revoked.revoked_at.is_some());
    let again = orgs.revoke_key(id, &second.record.id).await.expect("again is no error");
    assert_eq!(again, revoked);
    let states: Vec<_> = orgs.keys(id).await.expect("listed");
    assert_eq!(states.iter().filter(|key| key.revoked_at.is_some()).count(), 1);

    let refused = orgs.revoke_key(id, &other.key.record.id).await;
    assert!(matches!(refused, Err(OrgsError::NoSuchKey(..))), "another org's key is nobody's");
    let refused = orgs.create_key(&OrgId::from_bytes([1; 16]), Vec::new(), None).await;
    assert!(matches!(refused, Err(OrgsError::NoSuchOrg(_))));
}

#[tokio::test]
async fn an_append_that_is_not_confirmed_is_tried_again_and_then_reported() {
    let dir = tempfile::tempdir().expect("a folder");
    let mut engine = open(dir.path()).await;
    let log = Arc::new(FailingLog::new(Arc::clone(&engine.log)));
    engine.log = Arc::clone(&log) as _;
    let fail = |errors: &[LogError]| log.append_errors.lock().expect("not poisoned").extend(errors.to_vec());
    let (away, lost) = (LogError::Unavailable("away".to_owned()), LogError::Unconfirmed("lost".to_owned()));

    fail(&[away.clone(), lost]);
    Orgs::new(&engine).create(new(dir.path())).await.expect("the third try");

    fail(&[away.clone(), away.clone(), away.clone()]);
    let refused = Orgs::new(&engine).create(new(dir.path())).await;
    assert!(matches!(refused, Err(OrgsError::Log(_))), "{refused:?}");
    assert_eq!(Orgs::new(&engine).list().await.expect("listed").len(), 1);

    let halted = LogError::Halted("made anew".to_owned());
    fail(std::slice::from_ref(&halted));
    let refused = Orgs::new(&engine).create(new(dir.path())).await;
    assert!(matches!(refused, Err(OrgsError::Log(error)) if error == halted));
}
