//! Secrets on a real engine, with faults in front of its log.

use std::path::Path;

use domain::event::Offset;
use domain::ports::ReadBounds;
use domain::signers::{Signer, SignerName};
use engine::{Config, Engine, Role};
use futures::future::join_all;
use testkit::failing_log::FailingLog;
use vault::SignerKeys;

use super::*;

const WITHIN: Duration = Duration::from_secs(60);

fn org(n: u8) -> OrgId {
    OrgId::from_bytes([n; 16])
}

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).expect("a time")
}

struct Place {
    _dir: tempfile::TempDir,
    engine: Engine,
    log: Arc<FailingLog>,
    secrets: EvidenceSecrets,
}

impl Place {
    async fn new() -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let engine = open(dir.path()).await;
        let log = Arc::new(FailingLog::new(Arc::clone(&engine.log)));
        let (sets, codec) = (SignerSets::of(&engine), engine.codec.clone());
        let secrets = EvidenceSecrets::new(sets, Arc::clone(&log) as _, codec, WITHIN);
        Self { _dir: dir, engine, log, secrets }
    }

    async fn give_signers(&self, org: &OrgId) -> SignerSet {
        let signer =
            |name: &str| SignerKeys::generate().public().named(SignerName::parse(name).expect("a name"));
        let signers: Vec<Signer> = ["a", "b", "c"].map(signer).into();
        let set = SignerSet::new(org.clone(), 1, None, 2, signers).expect("a set");
        let first = SignedSignerSet { set: set.clone(), signatures: Vec::new() };
        SignerSets::of(&self.engine).change(first).await.expect("the first signers");
        set
    }

    async fn secret(&self, n: u8, time: &str) -> Arc<EvidenceSecret> {
        self.secrets.secret(&org(n), at(time)).await.expect("a secret")
    }

    /// What the log says of shared secrets, with its place.
    async fn shared(&self) -> Vec<(domain::event::Source, EvidenceSecretShared)> {
        let bounds = ReadBounds { records_max: 100, bytes_max: 1 << 20, wait_max: Duration::ZERO };
        let (log, mut shared) = (&self.engine.log, Vec::new());
        for range in log.offsets(Topic::Audit).await.expect("offsets") {
            for record in log.read(Topic::Audit, range.partition, Offset(0), bounds).await.expect("read") {
                let decoded = self.engine.codec.decode_audit(&record).expect("a record");
                if let AuditRecord::EvidenceSecretShared(fact) = decoded {
                    shared.push((record.source, fact));
                }
            }
        }
        shared
    }
}

async fn open(dir: &Path) -> Engine {
    Engine::open(&Config::sandbox(dir).expect("good settings"), Role::Tool).await.expect("opened")
}

#[tokio::test]
async fn one_secret_per_org_and_hour() {
    let place = Place::new().await;
    place.give_signers(&org(1)).await;
    place.give_signers(&org(2)).await;
    let first = place.secret(1, "2026-11-23T10:00:00Z").await;
    assert!(Arc::ptr_eq(&first, &place.secret(1, "2026-11-23T10:59:59.999Z").await));
    let next = place.secret(1, "2026-11-23T11:00:00Z").await;
    assert_ne!(first.binding(), next.binding());
    let late = place.secret(1, "2026-11-23T10:59:59.999Z").await;
    assert!(Arc::ptr_eq(&next, &late), "a request that began before the hour makes no third one");
    assert_ne!(first.binding(), place.secret(2, "2026-11-23T10:00:00Z").await.binding());
    place.secrets.sweep(at("2026-11-23T11:30:00Z"));
    assert!(Arc::ptr_eq(&next, &place.secret(1, "2026-11-23T11:59:00Z").await), "it is this hour's");
    place.secrets.sweep(at("2026-11-23T12:00:00Z"));
    drop(late);
    assert_eq!(Arc::strong_count(&next), 1, "held by this test alone");
}

#[tokio::test]
async fn a_secret_is_in_the_log_before_it_is_used() {
    let place = Place::new().await;
    let set = place.give_signers(&org(1)).await;
    let secret = place.secret(1, "2026-11-23T10:15:00Z").await;
    let shared = place.shared().await;
    let [(source, fact)] = &shared[..] else { panic!("one record: {shared:?}") };
    assert_eq!(secret.binding().shared_at, Some(*source));
    assert_eq!(secret.binding().evidence_key_id, fact.secret.as_str());
    assert!(secret.binding().encapsulation.is_empty());
    assert_eq!(fact.hour, at("2026-11-23T10:00:00Z"));
    assert_eq!((fact.set_version, fact.set_sha256, fact.threshold), (1, signer_set_sha256(&set), 2));
    assert_eq!(fact.shares.len(), 3);

    for error in [LogError::Unavailable("away".into()), LogError::Unconfirmed("lost".into())] {
        place.log.append_errors.lock().expect("not poisoned").push_back(error);
        let refused = place.secrets.secret(&org(1), at("2026-11-23T11:00:00Z")).await;
        assert!(matches!(refused, Err(ApiError::Unavailable(_))), "{refused:?}");
    }
    assert_eq!(place.shared().await.len(), 1);
    place.secret(1, "2026-11-23T11:00:00Z").await;
    assert_eq!(place.shared().await.len(), 2);
}

#[tokio::test]
async fn of_many_at_once_one_makes_the_secret() {
    let place = Place::new().await;
    place.give_signers(&org(1)).await;
    let all = join_all((0..32).map(|_| place.secret(1, "2026-11-23T10:00:00Z"))).await;
    assert!(all.iter().all(|secret| Arc::ptr_eq(secret, &all[0])));
    assert_eq!(place.shared().await.len(), 1);
}

#[tokio::test]
async fn without_signers_nothing_is_sealed_and_the_answer_says_so() {
    let place = Place::new().await;
    let refused = place.secrets.check_signers(&org(1), Some("ops@bank.example")).await.expect_err("none");
    let body = refused.body();
    assert_eq!(body["code"], "capability_disabled");
    assert_eq!(body["details"]["capability"], "signers");
    assert_eq!(body["details"]["contact"], "ops@bank.example");
    let refused = place.secrets.secret(&org(1), at("2026-11-23T10:00:00Z")).await;
    assert!(matches!(refused, Err(ApiError::CapabilityDisabled { capability: "signers", .. })));
    place.give_signers(&org(1)).await;
    place.secrets.check_signers(&org(1), None).await.expect("seen at once");
}

/// Whoever may write the key store could begin the chain anew with signers of his own.
#[tokio::test]
async fn signers_that_do_not_follow_from_those_before_get_no_share() {
    let (place, other) = (Place::new().await, Place::new().await);
    place.give_signers(&org(1)).await;
    other.give_signers(&org(1)).await;
    place.secret(1, "2026-11-23T10:00:00Z").await;
    let name = format!("signers/{}", org(1));
    let theirs = other.engine.notes.note(&name).await.expect("read").expect("a note");
    let ours = place.engine.notes.note(&name).await.expect("read");
    assert!(place.engine.notes.change_note(&name, ours.as_deref(), &theirs).await.expect("changed"));
    let refused = place.secrets.secret(&org(1), at("2026-11-23T11:00:00Z")).await;
    assert!(matches!(refused, Err(ApiError::Unavailable(_))), "{refused:?}");
    assert_eq!(place.shared().await.len(), 1);
}
