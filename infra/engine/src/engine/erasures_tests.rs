//! A key store that is older than the log, on the real embedded engine.

use std::path::{Path, PathBuf};

use bytes::Bytes;
use domain::event::CustomerErased;
use domain::outcome::ErasureAnnounced;
use domain::ports::{Claimed, KeyRow, NewRecord, Topic};
use domain::time::Timestamp;
use event_codec::Meta;
use store_sqlite::{SqliteLog, SqliteLogOptions};
use tempfile::TempDir;
use testkit::samples::Samples;

use super::*;
use crate::config::Config;
use crate::engine::Role;

fn meta() -> Meta<'static> {
    Meta { time: Timestamp::default(), traceparent: None }
}

/// A folder of the embedded engine with one customer's keys.
struct World {
    folder: TempDir,
    row: KeyRow,
    samples: Samples,
}

impl World {
    async fn new() -> Self {
        let samples = Samples::fresh();
        let row = samples.key_row(&samples.customer(0), 0);
        let world = Self { folder: tempfile::tempdir().expect("a folder"), row, samples };
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

    /// Which purposes' keys a server would serve.
    async fn served(&self) -> Vec<Purpose> {
        let engine = self.open(Role::Server).await;
        let row = engine.keys.get(&self.row.customer).await.expect("read").expect("there");
        engine.close().await;
        let active = |purpose: &Purpose| matches!(row.key(*purpose), DataKey::Active { .. });
        Purpose::ALL.into_iter().filter(active).collect()
    }
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

#[tokio::test(flavor = "multi_thread")]
async fn a_key_store_older_than_the_outcomes_learns_from_the_events() {
    let world = World::new().await;
    let backup = tempfile::tempdir().expect("a folder");
    copy(&world.keystore(), backup.path());
    world.erase(&[Topic::Events, Topic::Outcomes], [Purpose::Evidence].into_iter().collect()).await;
    // A hundred days later.
    let log = SqliteLog::open(&world.folder.path().join("log"), SqliteLogOptions::default()).expect("opened");
    let later = Timestamp::from_millis(chrono::Utc::now().timestamp_millis() + 100 * 24 * 3_600 * 1_000);
    let gone = log.enforce_retention(later).await.expect("enforced");
    assert_eq!(gone.expired, 1, "the outcome");
    drop(log);
    std::fs::remove_dir_all(world.keystore()).expect("lost");
    copy(backup.path(), &world.keystore());
    assert_eq!(world.served().await, [Purpose::Profile, Purpose::Biometric]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_read_is_noted_and_not_read_again() {
    let world = World::new().await;
    world.erase(&[Topic::Outcomes], [Purpose::Biometric].into_iter().collect()).await;
    let engine = world.open(Role::Server).await;
    let erasures = Erasures::of(&engine);
    let (marks, text) = erasures.marks().await.expect("read");
    let ends = engine.log.offsets(Topic::Outcomes).await.expect("asked");
    let topic = engine.log.describe(Topic::Outcomes).await.expect("described");
    assert_eq!(marks[&hex(topic.id)].values().sum::<u64>(), 1);
    assert_eq!(marks[&hex(topic.id)].len(), ends.len());
    erasures.apply().await.expect("applied");
    assert_eq!(erasures.marks().await.expect("read").1, text, "nothing new, nothing noted");
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
