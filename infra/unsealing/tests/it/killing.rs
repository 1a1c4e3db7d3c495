//! Killed (`kill -9`) before and after each step that lasts, of everything that signers do: run again, it ends the same.
//! The process that is killed is this test program, started once more for one work on one folder.

mod mortal;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use bytes::Bytes;
use domain::event::AuditRecord;
use domain::ids::{OrgId, UnsealRequestId, VerificationId};
use domain::orgs::{CapabilitySet, DirectoryRecord, Environment, RateLimits, Scope};
use domain::ports::Topic;
use engine::Engine;
use event_codec::Meta;
use org_directory::orgs::{NewOrg, Orgs};
use serde_json::{Value, json};
use unsealing::adopt::bring_over;
use unsealing::refusal::{ActError, Refusal};
use unsealing::signer_changes::{self, SignerChange};
use unsealing::unseal;
use vault::{EvidenceKeyPair, EvidenceSecret, SignerKeys};

use self::mortal::{Death, MortalLog, MortalNotes};
use crate::asking::{approved, asked, opened, order};
use crate::place::{Place, RAW, member, name, now, open_engine};

/// In the environment of a process that works: which folder, what, and at which step it is killed.
const DRILL: &str = "UNSEALING_DRILL";

/// More steps than any of the works has.
const STEPS_MAX: u32 = 60;

/// What is interrupted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Work {
    Init,
    Adopt,
    Change,
    Reshare,
    Ask,
    Approve,
    Open,
}

impl Work {
    const ALL: [Self; 7] =
        [Self::Init, Self::Adopt, Self::Change, Self::Reshare, Self::Ask, Self::Approve, Self::Open];

    fn word(self) -> String {
        format!("{self:?}")
    }
}

/// What a work needs to know, beside the installation's folder.
struct Story {
    folder: PathBuf,
    told: Value,
}

impl Story {
    fn read(folder: &Path) -> Self {
        let told = std::fs::read(folder.join("story.json")).expect("a story");
        Self { folder: folder.to_path_buf(), told: serde_json::from_slice(&told).expect("JSON") }
    }

    fn text(&self, field: &str) -> &str {
        self.told[field].as_str().unwrap_or_else(|| panic!("no {field}"))
    }

    fn org(&self) -> OrgId {
        OrgId::parse(self.text("org")).expect("an org")
    }

    fn request(&self) -> UnsealRequestId {
        UnsealRequestId::parse(self.text("request")).expect("a request")
    }

    fn keys(&self, name: &str) -> SignerKeys {
        SignerKeys::read(&self.folder.join(format!("{name}.key")), || None).expect("a signer's keys")
    }

    fn old_key(&self) -> PathBuf {
        self.folder.join("old-evidence.key")
    }

    async fn place(&self, engine: Engine) -> Place {
        let customer = self.text("customer");
        Place::again(
            &self.folder,
            engine,
            self.org(),
            customer,
            ["siti", "budi", "rina"].map(|of| self.keys(of)),
        )
    }
}

/// Does the work as the program does it.
async fn work(story: &Story, work: Work, place: &Place) -> Result<(), ActError> {
    let (ports, org) = (&place.ports, &place.org);
    let two = ["siti", "budi"].map(|of| story.keys(of));
    match work {
        Work::Init | Work::Adopt => {
            let signers = place.first_set().signers().to_vec();
            signer_changes::init(ports, org, Environment::Live, signers, 2).await?;
            if work == Work::Adopt {
                let orgs = Orgs::new(&place.engine);
                let all = orgs.list().await.map_err(|error| ActError::CouldNot(error.to_string()))?;
                let record = all.into_iter().find(|record| record.org == *org).expect("the org");
                bring_over(ports, &orgs, &record, &story.old_key()).await?;
            }
        }
        Work::Change => {
            let add = SignerChange::Add(member("dewi", &story.keys("dewi")));
            signer_changes::change(ports, org, &two, None, &add).await?;
        }
        Work::Reshare => {
            signer_changes::reshare(ports, org, &two).await?;
        }
        Work::Ask => {
            let verification = VerificationId::parse(story.text("verification")).expect("a verification");
            let (id, _) = unseal::request(ports, &two[0], &order(place, &verification)).await?;
            std::fs::write(story.folder.join("asked"), id.as_str()).expect("written");
        }
        Work::Approve => {
            unseal::approve(ports, &two[1], org, &story.request()).await?;
        }
        Work::Open => {
            unseal::open(ports, &two[0], org, &story.request(), &story.folder.join("raw")).await?;
        }
    }
    Ok(())
}

/// The process that is killed: it works only where it is told to, and is nothing by itself.
#[tokio::test]
async fn a_process_of_a_drill() {
    let Ok(told) = std::env::var(DRILL) else { return };
    let mut told = told.lines();
    let (folder, what, step) = (told.next(), told.next(), told.next().and_then(|step| step.parse().ok()));
    let story = Story::read(Path::new(folder.expect("a folder")));
    let what = Work::ALL.into_iter().find(|work| Some(work.word().as_str()) == what).expect("a work");
    let death = Death::at(step.expect("a step"));
    let mut engine = open_engine(&story.folder).await;
    engine.log = Arc::new(MortalLog(Arc::clone(&engine.log), Arc::clone(&death)));
    engine.notes = Arc::new(MortalNotes(Arc::clone(&engine.notes), death));
    let place = story.place(engine).await;
    let done = work(&story, what, &place).await;
    place.engine.close().await;
    match done {
        // It had been done before it was killed.
        Err(ActError::Refused(Refusal::Used)) if what == Work::Approve => {}
        done => done.expect("done"),
    }
}

/// Starts the process, to be killed at that step or (0) at none. Whether it did its work.
fn run(folder: &Path, work: Work, step: u32) -> bool {
    let output = Command::new(std::env::current_exe().expect("this program"))
        .args(["--exact", "killing::a_process_of_a_drill", "--nocapture"])
        .env(DRILL, format!("{}\n{}\n{step}", folder.display(), work.word()))
        .output()
        .expect("it starts");
    match output.status.code() {
        Some(0) => true,
        // By a signal.
        None => false,
        Some(_) => panic!("{work:?} at step {step}: {output:?}"),
    }
}

fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    // Folders with keys are their owner's alone.
    let mode = std::fs::metadata(from).expect("a folder").permissions();
    std::fs::set_permissions(to, mode).expect("a folder of ours");
    for entry in std::fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        if entry.file_type().expect("a type").is_dir() {
            copy_folder(&source, &target);
        } else {
            std::fs::copy(&source, &target).expect("copied");
        }
    }
}

/// Prepares a folder, then has the work killed at each of its steps, on a copy each time, and run again; what it came to
/// is looked at then.
async fn killed_at_each_step(
    what: Work,
    prepare: impl AsyncFn(&Place, &mut Value),
    look: impl AsyncFn(&Story, &Place),
) {
    let place = Place::without_signers().await;
    let mut told = json!({ "org": place.org.as_str(), "customer": place.customer.customer.as_str() });
    for (keys, of) in place.keys.iter().zip(["siti", "budi", "rina"]) {
        keys.write(&place.out(&format!("{of}.key")), None).expect("written");
    }
    SignerKeys::generate().write(&place.out("dewi.key"), None).expect("written");
    prepare(&place, &mut told).await;
    std::fs::write(place.out("story.json"), told.to_string()).expect("written");
    let (folder, engine) = (place.dir, place.engine);
    drop(place.ports);
    engine.close().await;
    let mut killed = 0;
    for step in 1..STEPS_MAX {
        let copy = tempfile::tempdir().expect("a folder");
        copy_folder(folder.path(), copy.path());
        let ended = run(copy.path(), what, step);
        if !ended {
            killed += 1;
            assert!(run(copy.path(), what, 0), "run again, it ends");
        }
        let story = Story::read(copy.path());
        let place = story.place(open_engine(copy.path()).await).await;
        look(&story, &place).await;
        place.engine.close().await;
        if ended {
            assert!(killed >= 4, "a record and a row at the least, before and after each");
            return;
        }
    }
    panic!("{what:?} has more steps than {STEPS_MAX}");
}

async fn opens(place: &Place, verification: &str, keys: [&SignerKeys; 2]) {
    let verification = VerificationId::parse(verification).expect("a verification");
    let (ports, org) = (&place.ports, &place.org);
    let (id, _) = unseal::request(ports, keys[0], &order(place, &verification)).await.expect("asked");
    unseal::approve(ports, keys[1], org, &id).await.expect("approved");
    let file = format!("{id}.raw");
    assert_eq!(opened(place, &id, keys[0], &file).await.expect("opened"), RAW);
}

#[tokio::test]
async fn the_first_signers_are_in_force_once_however_often_it_was_killed() {
    killed_at_each_step(
        Work::Init,
        async |_, _| {},
        async |_, place| {
            let set = place.ports.signers.in_force(&place.org).await.expect("read").expect("signers");
            assert_eq!(set, place.first_set());
            let recorded = place.audit().await.into_iter().map(|record| match record {
                AuditRecord::SignerSetChanged(changed) => changed.event_id,
                other => panic!("{other:?}"),
            });
            let recorded: Vec<_> = recorded.collect();
            assert!((1..=2).contains(&recorded.len()) && recorded.windows(2).all(|two| two[0] == two[1]));
        },
    )
    .await;
}

/// The org's record as an earlier build made it, with evidence of two hours that is sealed to its key.
async fn sealed_before(place: &Place, told: &mut Value) {
    let new = NewOrg {
        name: "Bank Contoh".to_owned(),
        environment: Environment::Live,
        capabilities: CapabilitySet::default(),
        limits: RateLimits::default(),
        scopes: vec![Scope::VerificationsWrite],
        key_dir: place.out("compliance"),
    };
    let mut record = Orgs::new(&place.engine).create(new).await.expect("an org").org;
    let pair = EvidenceKeyPair::generate();
    record.org = place.org.clone();
    (record.evidence_key_id, record.evidence_public_key) =
        (pair.key_id(), Bytes::copy_from_slice(pair.public().as_bytes()));
    let meta = Meta { time: now(), traceparent: None };
    let record = place.ports.codec.directory(&DirectoryRecord::Org(record), &meta).expect("encoded");
    place.ports.log.append(Topic::Orgs, record).await.expect("appended");
    pair.private().write(&place.out("old-evidence.key")).expect("written");
    let mut verdicts = Vec::new();
    for _ in 0..2 {
        let secret = EvidenceSecret::encapsulate(&place.org, &pair.key_id(), pair.public().as_bytes());
        verdicts.push(place.verdict_of_before(&secret.expect("a secret")).await.to_string());
    }
    told["verdicts"] = json!(verdicts);
}

#[tokio::test]
async fn what_was_sealed_before_is_shared_and_its_key_gone_however_often_it_was_killed() {
    killed_at_each_step(Work::Adopt, sealed_before, async |story, place| {
        assert!(!story.old_key().exists());
        let orgs = Orgs::new(&place.engine).list().await.expect("listed");
        assert!(orgs.iter().all(|record| !record.has_evidence_key()));
        for verdict in story.told["verdicts"].as_array().expect("two") {
            opens(place, verdict.as_str().expect("an id"), [&place.keys[0], &place.keys[1]]).await;
        }
    })
    .await;
}

/// With signers and two verdicts of two hours.
async fn two_hours(place: &Place, told: &mut Value) {
    place.give_signers(place.first_set()).await;
    let mut verdicts = Vec::new();
    for _ in 0..2 {
        let secret = place.secret().await;
        verdicts.push(place.verdict(&secret).await.to_string());
    }
    told["verdicts"] = json!(verdicts);
}

async fn with_dewi(place: &Place, told: &mut Value) {
    two_hours(place, told).await;
    let keys = ["siti", "budi", "dewi"];
    let keys = keys.map(|of| SignerKeys::read(&place.out(&format!("{of}.key")), || None).expect("keys"));
    let add = SignerChange::Add(member("dewi", &keys[2]));
    signer_changes::change(&place.ports, &place.org, &keys[..2], None, &add).await.expect("changed");
}

#[tokio::test]
async fn a_signer_is_added_once_however_often_it_was_killed() {
    killed_at_each_step(Work::Change, two_hours, async |_, place| {
        let set = place.ports.signers.in_force(&place.org).await.expect("read").expect("signers");
        assert!(set.signer(&name("dewi")).is_some() && set.signers().len() == 4, "{set:?}");
    })
    .await;
}

#[tokio::test]
async fn every_hour_is_shared_anew_however_often_it_was_killed() {
    killed_at_each_step(Work::Reshare, with_dewi, async |story, place| {
        let dewi = story.keys("dewi");
        for verdict in story.told["verdicts"].as_array().expect("two") {
            opens(place, verdict.as_str().expect("an id"), [&dewi, &place.keys[2]]).await;
        }
    })
    .await;
}

async fn one_verdict(place: &Place, told: &mut Value) -> VerificationId {
    place.give_signers(place.first_set()).await;
    let secret = place.secret().await;
    let verification = place.verdict(&secret).await;
    told["verification"] = verification.as_str().into();
    verification
}

#[tokio::test]
async fn what_was_asked_for_is_approved_and_opened_however_often_it_was_killed() {
    let prepare = async |place: &Place, told: &mut Value| {
        one_verdict(place, told).await;
    };
    killed_at_each_step(Work::Ask, prepare, async |story, place| {
        let id = std::fs::read_to_string(story.folder.join("asked")).expect("a request");
        let id = UnsealRequestId::parse(&id).expect("a request");
        unseal::approve(&place.ports, &place.keys[1], &place.org, &id).await.expect("approved");
        assert_eq!(opened(place, &id, &place.keys[0], "raw").await.expect("opened"), RAW);
    })
    .await;
}

#[tokio::test]
async fn what_was_approved_is_opened_however_often_it_was_killed() {
    let prepare = async |place: &Place, told: &mut Value| {
        let verification = one_verdict(place, told).await;
        told["request"] = asked(place, &verification).await.as_str().into();
    };
    killed_at_each_step(Work::Approve, prepare, async |story, place| {
        assert_eq!(opened(place, &story.request(), &place.keys[0], "raw").await.expect("opened"), RAW);
    })
    .await;
}

#[tokio::test]
async fn what_was_opened_is_there_once_however_often_it_was_killed() {
    let prepare = async |place: &Place, told: &mut Value| {
        let verification = one_verdict(place, told).await;
        told["request"] = approved(place, &verification).await.as_str().into();
    };
    killed_at_each_step(Work::Open, prepare, async |story, place| {
        assert_eq!(std::fs::read(story.folder.join("raw")).expect("there"), RAW);
        let left = std::fs::read_dir(&story.folder).expect("a folder").filter(|entry| {
            let entry = entry.as_ref().expect("an entry").file_name();
            entry.to_string_lossy().ends_with(".part")
        });
        assert_eq!(left.count(), 0);
        let again = opened(place, &story.request(), &place.keys[0], "other").await;
        assert!(matches!(again, Err(ActError::Refused(Refusal::Used))), "{again:?}");
    })
    .await;
}
