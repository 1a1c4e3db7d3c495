//! The directory on a real log, with faults in front of it.

use std::path::Path;
use std::sync::atomic::AtomicBool;

use domain::orgs::{Capability, Environment, RateLimits, Scope};
use domain::ports::{LogError, NewRecord, Topic};

use super::*;
use crate::api_key::{self, ApiKey};
use engine::Config;
use engine::{Engine, Role};
use service::clock;
use testkit::failing_log::FailingLog;

use super::down_kms::DownKms;
use crate::orgs::{CreatedOrg, NewOrg, OrgChange, Orgs};

/// Longer than anything here takes; a test that waits for it has failed.
const DEADLINE: Duration = Duration::from_secs(30);

async fn open(dir: &Path) -> Engine {
    Engine::open(&Config::sandbox(dir).expect("good settings"), Role::Tool).await.expect("opened")
}

async fn org(engine: &Engine, name: &str) -> CreatedOrg {
    let key_dir = engine.data_dir().expect("embedded").compliance();
    let new = NewOrg {
        name: name.to_owned(),
        environment: Environment::Sandbox,
        capabilities: [Capability::DukcapilEnabled].into_iter().collect(),
        limits: RateLimits::default(),
        scopes: Scope::STANDARD.to_vec(),
        key_dir,
    };
    Orgs::new(engine).create(new).await.expect("an org")
}

fn start(engine: &Engine) -> Directory {
    let (log, kms) = (Arc::clone(&engine.log), Arc::clone(&engine.kms));
    Directory::start(log, kms, engine.codec.clone(), CancellationToken::new()).0
}

async fn until(directory: &Directory, holds: impl Fn(&Directory) -> bool) {
    tokio::time::timeout(DEADLINE, directory.wait_for(holds)).await.expect("in time");
}

fn knows(directory: &Directory, key: &ApiKey) -> bool {
    directory.key_by_sha256(&key.sha256()).is_some()
}

#[tokio::test]
async fn what_is_in_the_log_is_known_at_the_start() {
    let dir = tempfile::tempdir().expect("a folder");
    let engine = open(dir.path()).await;
    let (one, other) = (org(&engine, "one").await, org(&engine, "other").await);
    let directory = start(&engine);
    assert!(!directory.is_current(DEADLINE), "nothing was read yet");
    until(&directory, |_| true).await;
    assert!(directory.is_current(DEADLINE));
    for created in [&one, &other] {
        let (key, entry) = directory.key_by_sha256(&created.key.text.sha256()).expect("known");
        assert_eq!(*key, created.key.record);
        assert_eq!(entry.record, created.org);
        let ids = OrgIds::unwrap(&*engine.kms, &created.org).await.expect("unwrapped");
        assert_eq!(entry.ids.external_id_hmac("7"), ids.external_id_hmac("7"));
    }
    let unknown = ApiKey::generate(Environment::Sandbox);
    assert!(matches!(directory.lookup(&unknown.sha256()), KeyLookup::Unknown));
    assert!(directory.org(&one.org.org).is_some());
    assert!(directory.org(&OrgId::from_bytes([9; 16])).is_none());
}

#[tokio::test]
async fn an_empty_log_is_known_too() {
    let dir = tempfile::tempdir().expect("a folder");
    let engine = open(dir.path()).await;
    let directory = start(&engine);
    tokio::time::timeout(DEADLINE, directory.wait_ready()).await.expect("in time");
    assert!(directory.is_current(DEADLINE));
}

#[tokio::test]
async fn changes_are_followed_also_those_of_another_program() {
    let dir = tempfile::tempdir().expect("a folder");
    let (engine, tool) = (open(dir.path()).await, open(dir.path()).await);
    let directory = start(&engine);
    until(&directory, |_| true).await;
    let created = org(&tool, "bank").await;
    until(&directory, |directory| knows(directory, &created.key.text)).await;

    let orgs = Orgs::new(&tool);
    let off =
        OrgChange { capabilities: [(Capability::DukcapilEnabled, false)].into(), ..OrgChange::default() };
    orgs.set(&created.org.org, off).await.expect("set");
    let id = &created.org.org;
    until(&directory, |d| {
        d.org(id).is_some_and(|entry| !entry.record.capabilities.contains(Capability::DukcapilEnabled))
    })
    .await;

    orgs.revoke_key(id, &created.key.record.id).await.expect("revoked");
    let digest = created.key.text.sha256();
    until(&directory, |d| {
        d.key_by_sha256(&digest).is_some_and(|(key, _)| !api_key::is_good(&key, clock::now()))
    })
    .await;
}

#[tokio::test]
async fn a_record_that_does_not_decode_is_skipped() {
    let dir = tempfile::tempdir().expect("a folder");
    let engine = open(dir.path()).await;
    let before = org(&engine, "before").await;
    let garbage = NewRecord { key: "org_/".into(), headers: Vec::new(), value: "not Avro".into() };
    engine.log.append(Topic::Orgs, garbage).await.expect("appended");
    // Somebody else's record under this org's key must not take its place.
    let thief = org(&engine, "thief").await;
    let meta = event_codec::Meta { time: clock::now(), traceparent: None };
    let mut stolen = engine
        .codec
        .directory(&domain::orgs::DirectoryRecord::Org(thief.org.clone()), &meta)
        .expect("encoded");
    stolen.key = format!("{}/", before.org.org).into();
    engine.log.append(Topic::Orgs, stolen).await.expect("appended");
    let after = org(&engine, "after").await;
    let directory = start(&engine);
    until(&directory, |directory| knows(directory, &after.key.text)).await;
    assert!(knows(&directory, &before.key.text));
    assert_eq!(directory.org(&before.org.org).expect("known").record, before.org);
}

#[tokio::test]
async fn while_the_kms_is_down_an_org_waits_and_its_key_is_not_unknown() {
    let dir = tempfile::tempdir().expect("a folder");
    let engine = open(dir.path()).await;
    let created = org(&engine, "bank").await;
    let kms = Arc::new(DownKms { kms: Arc::clone(&engine.kms), down: AtomicBool::new(true) });
    let (directory, _) = Directory::start(
        Arc::clone(&engine.log),
        Arc::clone(&kms) as _,
        engine.codec.clone(),
        CancellationToken::new(),
    );
    until(&directory, |_| true).await;
    let digest = created.key.text.sha256();
    assert!(matches!(directory.lookup(&digest), KeyLookup::Waiting));
    assert!(directory.key_by_sha256(&digest).is_none() && directory.org(&created.org.org).is_none());
    kms.down.store(false, Ordering::SeqCst);
    until(&directory, |directory| knows(directory, &created.key.text)).await;

    // Down again: a change that leaves the secret alone needs no KMS.
    kms.down.store(true, Ordering::SeqCst);
    let off =
        OrgChange { capabilities: [(Capability::DukcapilEnabled, false)].into(), ..OrgChange::default() };
    Orgs::new(&engine).set(&created.org.org, off).await.expect("set");
    let id = &created.org.org;
    until(&directory, |d| {
        d.org(id).is_some_and(|entry| !entry.record.capabilities.contains(Capability::DukcapilEnabled))
    })
    .await;
    assert!(knows(&directory, &created.key.text));
}

#[tokio::test]
async fn an_interrupted_log_is_followed_again_from_where_it_was_or_anew() {
    let dir = tempfile::tempdir().expect("a folder");
    let engine = open(dir.path()).await;
    let first = org(&engine, "first").await;
    let log = Arc::new(FailingLog::new(Arc::clone(&engine.log)));
    let (directory, _) = Directory::start(
        Arc::clone(&log) as _,
        Arc::clone(&engine.kms),
        engine.codec.clone(),
        CancellationToken::new(),
    );
    until(&directory, |_| true).await;
    for error in [LogError::Unavailable("away".to_owned()), LogError::Halted("compacted".to_owned())] {
        log.next_errors.lock().expect("not poisoned").push_back(error);
        let heard = async {
            while !log.next_errors.lock().expect("not poisoned").is_empty() {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(DEADLINE, heard).await.expect("in time");
        assert!(knows(&directory, &first.key.text), "what was known stays known");
        let next = org(&engine, "next").await;
        until(&directory, |directory| knows(directory, &next.key.text)).await;
        assert!(knows(&directory, &first.key.text), "also once it was read again");
    }
}

#[tokio::test]
async fn a_tombstone_takes_a_key_and_an_org() {
    let dir = tempfile::tempdir().expect("a folder");
    let engine = open(dir.path()).await;
    let created = org(&engine, "bank").await;
    let mut state =
        crate::directory_state::DirectoryState::read(&*engine.log, &engine.codec).await.expect("read");
    assert_eq!((state.orgs.len(), state.keys.len()), (1, 1));
    let source = domain::event::Source {
        topic_id: domain::event::TopicId([0; 16]),
        partition: domain::event::Partition(0),
        offset: domain::event::Offset(0),
    };
    let mut tombstone = |key: String| {
        let record = domain::ports::StoredRecord {
            source,
            appended_at: clock::now(),
            key: key.into(),
            headers: Vec::new(),
            value: None,
        };
        state.apply(&engine.codec, &record);
        (state.orgs.len(), state.keys.len())
    };
    assert_eq!(tombstone("nonsense".to_owned()), (1, 1));
    assert_eq!(tombstone(format!("{}/{}", created.org.org, created.key.record.id)), (1, 0));
    assert_eq!(tombstone(format!("{}/", created.org.org)), (0, 0));
}

#[tokio::test]
async fn when_it_no_longer_follows_it_is_no_longer_current() {
    let dir = tempfile::tempdir().expect("a folder");
    let engine = open(dir.path()).await;
    let cancel = CancellationToken::new();
    let (directory, task) = Directory::start(
        Arc::clone(&engine.log),
        Arc::clone(&engine.kms),
        engine.codec.clone(),
        cancel.clone(),
    );
    until(&directory, |_| true).await;
    cancel.cancel();
    task.await.expect("ended");
    assert!(directory.is_current(DEADLINE));
    while directory.is_current(Duration::ZERO) {
        tokio::task::yield_now().await;
    }
}
