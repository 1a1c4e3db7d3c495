//! A key store that is older than the log, on the real embedded engine.

use std::path::{Path, PathBuf};

use bytes::Bytes;
use domain::event::{CustomerErased, Event};
use domain::outcome::ErasureAnnounced;
use domain::ports::{Claimed, KeyRow, NewRecord, ReviewKeyRow, Topic};
use domain::time::Timestamp;
use event_codec::Meta;
use store_sqlite::{SqliteLog, SqliteLogOptions};
use tempfile::TempDir;
use testkit::samples::Samples;

use super::*;
use crate::config::Config;
use crate::engine::Role;
use testkit::failing_log::FailingLog;

fn meta() -> Meta<'static> {
    Meta { time: Timestamp::default(), traceparent: None }
}

/// A folder of the embedded engine with one customer's keys.
struct World {
    folder: TempDir,
    /// The key store's folder as it was before the customer.
    before: TempDir,
    row: KeyRow,
    samples: Samples,
}

impl World {
    async fn new() -> Self {
        let samples = Samples::fresh();
        let row = samples.key_row(&samples.customer(0), 0);
        let [folder, before] = [(), ()].map(|()| tempfile::tempdir().expect("a folder"));
        let world = Self { folder, before, row, samples };
        world.open(Role::Tool).await.close().await;
        copy(&world.keystore(), world.before.path());
        let engine = world.open(Role::Server).await;
        engine.keys.create(world.row.clone()).await.expect("created");
        let claimed =
            engine.external_ids.claim(&world.org(), world.hmac(), &world.row.customer.customer).await;
        assert_eq!(claimed, Ok(Claimed::Ours));
        engine.close().await;
        world
    }

    fn org(&self) -> domain::ids::OrgId {
        self.row.customer.org.clone()
    }

    fn hmac(&self) -> [u8; 32] {
        self.row.external_id_hmac.expect("an external id")
    }

    async fn open(&self, role: Role) -> Engine {
        self.try_open(role).await.expect("opened")
    }

    async fn try_open(&self, role: Role) -> Result<Engine, OpenError> {
        Engine::open(&Config::sandbox(self.folder.path()).expect("settings"), role).await
    }

    fn keystore(&self) -> PathBuf {
        self.folder.path().join("keystore")
    }

    /// As the eraser does, but for its note in the audit log.
    async fn erase(&self, topics: &[Topic], purposes: Purposes) {
        let engine = self.open(Role::Tool).await;
        let (id, customer) = (self.samples.event_id(7), self.row.customer.clone());
        let fact = CustomerErased { event_id: id.clone(), customer: customer.clone(), purposes };
        let said = ErasureAnnounced { id, customer, purposes };
        for topic in topics {
            let record = match topic {
                Topic::Events => engine.codec.event(&Event::CustomerErased(fact.clone()), &meta()),
                _ => engine.codec.outcome(&Outcome::CustomerErased(said.clone()), &meta()),
            };
            engine.log.append(*topic, record.expect("encoded")).await.expect("appended");
        }
        engine.keys.destroy(&self.row.customer, purposes).await.expect("destroyed");
        if purposes.contains(Purpose::Profile) {
            let customer = &self.row.customer;
            engine.external_ids.release(&customer.org, self.hmac(), &customer.customer).await.expect("free");
        }
        engine.close().await;
    }

    /// A hundred days later.
    async fn expire(&self) -> u64 {
        let log = SqliteLog::open(&self.folder.path().join("log"), SqliteLogOptions::default());
        log.expect("opened").enforce_retention(days_later(100)).await.expect("enforced").expired
    }

    /// Which purposes' keys a server would serve.
    async fn served(&self) -> Vec<Purpose> {
        let engine = self.open(Role::Server).await;
        let row = engine.keys.get(&self.row.customer).await.expect("read").expect("there");
        engine.close().await;
        let active = |purpose: &Purpose| matches!(row.key(*purpose), DataKey::Active { .. });
        Purpose::ALL.into_iter().filter(active).collect()
    }
}

/// What a process started now would apply erasures with, its reads watched: on a key store of several nodes.
fn started(engine: &Engine) -> (Erasures, Arc<FailingLog>) {
    let watched = Arc::new(FailingLog::new(Arc::clone(&engine.log)));
    let erasures = Erasures { log: Arc::clone(&watched) as _, is_one_file: false, ..Erasures::of(engine) };
    (erasures, watched)
}

fn days_later(days: i64) -> Timestamp {
    Timestamp::from_millis(service::clock::now().millis() + days * 24 * 3_600 * 1_000)
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("made");
    for entry in std::fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        std::fs::copy(entry.path(), to.join(entry.file_name())).expect("copied");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restored_key_store_applies_what_was_erased_since_before_it_serves() {
    let world = World::new().await;
    let backup = tempfile::tempdir().expect("a folder");
    copy(&world.keystore(), backup.path());
    world.erase(&[Topic::Events, Topic::Outcomes], [Purpose::Profile].into_iter().collect()).await;
    assert_eq!(world.served().await, [Purpose::Biometric, Purpose::Evidence]);

    std::fs::remove_dir_all(world.keystore()).expect("lost");
    copy(backup.path(), &world.keystore());
    let tool = world.open(Role::Tool).await;
    let row = tool.keys.get(&world.row.customer).await.expect("read");
    assert_eq!(row.as_ref(), Some(&world.row), "the backup has the key that was promised to be gone");
    tool.close().await;

    assert_eq!(world.served().await, [Purpose::Biometric, Purpose::Evidence]);
    let tool = world.open(Role::Tool).await;
    let owner = tool.external_ids.lookup(&world.org(), world.hmac()).await.expect("read");
    assert_eq!(owner, None, "the external id may be registered again");
    tool.close().await;
}

/// Whatever was erased: a review copy shows the card and the portrait.
#[tokio::test(flavor = "multi_thread")]
async fn review_copies_of_an_erased_customer_are_destroyed_and_nobody_elses() {
    let world = World::new().await;
    let engine = world.open(Role::Server).await;
    let (erased, other) = (world.samples.review_key(0, 0, 0), world.samples.review_key(1, 1, 1));
    for row in [&erased, &other] {
        engine.review_keys.create_review_key(row.clone()).await.expect("created");
    }
    engine.close().await;
    world.erase(&[Topic::Events, Topic::Outcomes], [Purpose::Evidence].into_iter().collect()).await;
    assert_eq!(world.served().await, [Purpose::Profile, Purpose::Biometric]);
    let tool = world.open(Role::Tool).await;
    let read = async |row: &ReviewKeyRow| {
        let found = tool.review_keys.review_key(&row.customer.org, &row.verification).await;
        found.expect("read").expect("the row stays")
    };
    let destroyed = DataKey::Destroyed { key_id: erased.key.key_id().to_owned() };
    assert_eq!(read(&erased).await, ReviewKeyRow { key: destroyed, ..erased.clone() });
    assert_eq!(read(&other).await, other);
    tool.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_store_older_than_the_outcomes_learns_from_the_events() {
    let world = World::new().await;
    let backup = tempfile::tempdir().expect("a folder");
    copy(&world.keystore(), backup.path());
    world.erase(&[Topic::Events, Topic::Outcomes], [Purpose::Evidence].into_iter().collect()).await;
    assert_eq!(world.expire().await, 1, "the outcome");
    std::fs::remove_dir_all(world.keystore()).expect("lost");
    copy(backup.path(), &world.keystore());
    assert_eq!(world.served().await, [Purpose::Profile, Purpose::Biometric]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_read_is_noted_and_not_read_again() {
    let world = World::new().await;
    world.erase(&[Topic::Outcomes], [Purpose::Biometric].into_iter().collect()).await;
    let engine = world.open(Role::Tool).await;
    let (first, watched) = started(&engine);
    first.apply().await.expect("applied");
    assert_eq!(watched.reads(), [(Topic::Outcomes, 0)]);
    first.apply().await.expect("applied");
    assert_eq!(watched.reads().len(), 1, "the same process read it already");
    let text = first.note().await.expect("read").1;

    let (restarted, watched) = started(&engine);
    restarted.apply().await.expect("applied");
    assert_eq!(watched.reads().len(), 1, "the note is fresh: a snapshot's rows may be older than it");
    assert_eq!(restarted.note().await.expect("read").1, text, "nothing new, nothing noted");

    for clock in [(|| days_later(1)) as fn() -> Timestamp, || days_later(2)] {
        Erasures { clock, ..started(&engine).0 }.apply().await.expect("applied");
    }
    let (restarted, watched) = started(&engine);
    restarted.apply().await.expect("applied");
    assert_eq!(watched.reads(), [], "a day later the marks are trusted");
    engine.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_key_store_of_one_file_the_newest_marks_count() {
    let world = World::new().await;
    world.erase(&[Topic::Outcomes], [Purpose::Biometric].into_iter().collect()).await;
    let engine = world.open(Role::Tool).await;
    let (first, watched) = started(&engine);
    Erasures { is_one_file: true, ..first }.apply().await.expect("applied");
    assert_eq!(watched.reads(), [(Topic::Outcomes, 0)]);
    let (restarted, watched) = started(&engine);
    Erasures { is_one_file: true, ..restarted }.apply().await.expect("applied");
    assert_eq!(watched.reads(), [], "a start does not grow with the log");
    engine.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_came_before_an_orderly_end_is_not_read_at_the_next_start() {
    let world = World::new().await;
    let server = world.open(Role::Server).await;
    world.erase(&[Topic::Outcomes], [Purpose::Biometric].into_iter().collect()).await;
    server.close().await;
    let engine = world.open(Role::Tool).await;
    let (restarted, watched) = started(&engine);
    Erasures { is_one_file: true, ..restarted }.apply().await.expect("applied");
    assert_eq!(watched.reads(), []);
    engine.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_are_older_than_the_note_beside_them_are_found() {
    let world = World::new().await;
    let backup = tempfile::tempdir().expect("a folder");
    copy(&world.keystore(), backup.path());
    world.erase(&[Topic::Events, Topic::Outcomes], [Purpose::Profile].into_iter().collect()).await;
    let engine = world.open(Role::Tool).await;
    started(&engine).0.apply().await.expect("applied");
    let younger = engine.notes.note(NOTE).await.expect("read").expect("noted");
    engine.close().await;

    std::fs::remove_dir_all(world.keystore()).expect("lost");
    copy(backup.path(), &world.keystore());
    let engine = world.open(Role::Tool).await;
    let older = engine.notes.note(NOTE).await.expect("read");
    assert!(engine.notes.change_note(NOTE, older.as_deref(), &younger).await.expect("changed"));
    // As nodes give it whose snapshots were not taken at one moment.
    started(&engine).0.apply().await.expect("applied");
    engine.close().await;
    assert_eq!(world.served().await, [Purpose::Biometric, Purpose::Evidence]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_whose_row_the_backup_lacks_gets_a_destroyed_one() {
    let world = World::new().await;
    world.erase(&[Topic::Events, Topic::Outcomes], [Purpose::Profile].into_iter().collect()).await;
    std::fs::remove_dir_all(world.keystore()).expect("lost");
    copy(world.before.path(), &world.keystore());
    assert_eq!(world.served().await, [], "there, and nothing in it");

    let engine = world.open(Role::Server).await;
    let again = engine.keys.create(world.row.clone()).await.expect("answered");
    assert!(matches!(again, Created::Existing(_)), "the registration, repeated, cannot make keys");
    engine.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_that_fails_is_tried_again_where_it_stands() {
    let world = World::new().await;
    world.erase(&[Topic::Outcomes], [Purpose::Biometric].into_iter().collect()).await;
    let engine = world.open(Role::Tool).await;
    let (erasures, watched) = started(&engine);
    watched.fail_read(Topic::Outcomes, LogError::Unavailable("a new leader".to_owned()));
    erasures.apply().await.expect("applied");
    assert_eq!(watched.reads(), [(Topic::Outcomes, 0), (Topic::Outcomes, 0)]);
    engine.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pass_over_the_events_is_noted_and_not_begun_again() {
    let world = World::new().await;
    let purposes: Purposes = [Purpose::Evidence].into_iter().collect();
    world.erase(&[Topic::Events, Topic::Outcomes], purposes).await;
    assert_eq!(world.expire().await, 1);
    world.erase(&[Topic::Outcomes], purposes).await;
    let engine = world.open(Role::Tool).await;
    let (erasures, watched) = started(&engine);
    watched.fail_read(Topic::Outcomes, LogError::Halted("the process ends here".to_owned()));
    erasures.apply().await.expect_err("broken off");
    assert_eq!(watched.reads(), [(Topic::Events, 0), (Topic::Outcomes, 1)]);

    let (restarted, watched) = started(&engine);
    restarted.apply().await.expect("applied");
    assert_eq!(watched.reads(), [(Topic::Outcomes, 1)]);
    let (restarted, watched) = started(&engine);
    restarted.apply().await.expect("applied");
    assert_eq!(watched.reads(), [], "after such a pass the marks count at once");
    engine.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn outcomes_that_go_while_the_events_are_read_end_nothing() {
    let world = World::new().await;
    let purposes: Purposes = [Purpose::Evidence].into_iter().collect();
    world.erase(&[Topic::Events, Topic::Outcomes], purposes).await;
    assert_eq!(world.expire().await, 1);
    world.erase(&[Topic::Outcomes], purposes).await;
    let engine = world.open(Role::Tool).await;
    let (erasures, watched) = started(&engine);
    let log = SqliteLog::open(&world.folder.path().join("log"), SqliteLogOptions::default()).expect("opened");
    watched.at_next_read(Box::pin(async move {
        assert_eq!(log.enforce_retention(days_later(100)).await.expect("enforced").expired, 1);
    }));
    erasures.apply().await.expect("applied");
    assert_eq!(watched.reads(), [(Topic::Events, 0)]);
    engine.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erasure_of_a_later_build_stops_the_start() {
    let world = World::new().await;
    let engine = world.open(Role::Tool).await;
    let later = NewRecord {
        key: Bytes::from(world.row.customer.record_key()),
        headers: vec![
            ("ce_type".to_owned(), Bytes::from_static(b"identity.CustomerErased.v2")),
            ("schema-fingerprint".to_owned(), Bytes::from_static(&[9; 32])),
        ],
        value: Bytes::from_static(&[0, 0, 0, 0, 99, 1]),
    };
    engine.log.append(Topic::Outcomes, later).await.expect("appended");
    engine.close().await;
    let refused = world.try_open(Role::Server).await.expect_err("must not serve").to_string();
    assert!(
        refused.contains("identity.outcomes") && refused.contains("this build does not know"),
        "{refused}"
    );
}
