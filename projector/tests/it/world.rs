//! A data folder with an org, customers with real keys, events with real envelopes, and a projector in this
//! process.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use domain::classify::{CLASSIFIER_VERSION, ReasonCategory};
use domain::event::{
    AuditRef, CustomerRegistered, DukcapilVerdictReceived, Event, Fingerprint, Offset, Partition, Source,
    TopicId,
};
use domain::ids::{CustomerId, CustomerRef, EnrolmentId, EventId, OrgId, VerificationId, derived};
use domain::orgs::Suite;
use domain::outcome::Outcome;
use domain::ports::{FaceReader, FaceVectors, KeyRows, NewRecord, ReadBounds, StoredRecord, Topic};
use domain::rows::Generation;
use domain::sealed::{Field, Sealed, SealedMedia};
use domain::time::Timestamp;
use engine::{Config, Engine, Role};
use event_codec::Meta;
use projector::rebuild::{
    RebuildError, RebuildOptions, RebuildPatience, RebuildPhase, RebuildPorts, RebuildProgress,
    RebuildReport, rebuild,
};
use projector::{FacePorts, ProjectorPorts, ProjectorRunner, ProjectorSettings};
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use vault::{AlwaysCurrent, CustomerKeys, FileKms, OrgIds, SealContext, StoredKeys, Vault};

/// How long anything that must happen may take.
pub(crate) const DEADLINE: Duration = Duration::from_secs(90);

const META: Meta<'static> = Meta { time: Timestamp::EPOCH, traceparent: None };

/// Asks until it is so, or fails at the deadline.
pub(crate) async fn until(what: &str, so: impl AsyncFnMut() -> bool) {
    until_within(DEADLINE, what, so).await;
}

/// The same with a deadline of its own.
pub(crate) async fn until_within(deadline: Duration, what: &str, mut so: impl AsyncFnMut() -> bool) {
    let began = Instant::now();
    let mut ticks = tokio::time::interval(Duration::from_millis(10));
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if so().await {
            return;
        }
        assert!(began.elapsed() < deadline, "not within {deadline:?}: {what}");
    }
}

pub(crate) struct World {
    pub(crate) folder: TempDir,
    engine: Engine,
    pub(crate) vault: Vault,
    pub(crate) org: OrgId,
    pub(crate) customers: Vec<CustomerKeys>,
    named: AtomicU64,
}

impl World {
    /// With so many customers, all registered.
    pub(crate) async fn new(customers: usize) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let config = Config::sandbox(folder.path()).expect("settings");
        let engine = Engine::open(&config, Role::Tool).await.expect("an engine");
        let org = OrgId::from_bytes([7; 16]);
        engine.kms.create_org_key(&org).await.expect("an org key");
        let vault = engine.vault(Arc::new(AlwaysCurrent));
        let mut world = Self { folder, engine, vault, org, customers: Vec::new(), named: AtomicU64::new(0) };
        world.register(customers).await;
        world
    }

    /// So many more customers, of the org as it is now.
    async fn register(&mut self, customers: usize) {
        for _ in 0..customers {
            let keys = self.new_customer().await;
            self.append(&registered(&keys)).await;
            self.customers.push(keys);
        }
    }

    /// Another org, with so many customers after those that are there.
    pub(crate) async fn new_org(&mut self, customers: usize) -> OrgId {
        let org = OrgId::from_bytes(self.name("org"));
        self.engine.kms.create_org_key(&org).await.expect("an org key");
        let before = std::mem::replace(&mut self.org, org.clone());
        self.register(customers).await;
        self.org = before;
        org
    }

    /// A vault for projectors alone, which keeps no key, over those rows, or the installation's.
    pub(crate) fn asking_vault(&self, rows: Option<Arc<dyn KeyRows>>) -> Vault {
        let kms = FileKms::open(self.kms_file()).expect("the KMS");
        let rows = rows.unwrap_or_else(|| Arc::clone(&self.engine.keys));
        Vault::new(rows, Arc::new(kms), Arc::new(|| false))
    }

    pub(crate) fn key_rows(&self) -> Arc<dyn KeyRows> {
        Arc::clone(&self.engine.keys)
    }

    pub(crate) fn kms_file(&self) -> PathBuf {
        Config::sandbox(self.folder.path()).expect("settings").kms_file()
    }

    pub(crate) fn name(&self, kind: &str) -> [u8; 16] {
        derived(kind, "projector tests", self.named.fetch_add(1, Ordering::Relaxed))
    }

    async fn new_customer(&self) -> CustomerKeys {
        let id = CustomerRef::new(self.org.clone(), CustomerId::from_bytes(self.name("customer")));
        let fresh = self.vault.generate(&id, Suite::Aes256GcmSiv).await.expect("keys");
        let event_id = EventId::from_bytes(self.name("registration"));
        let stored = self
            .vault
            .store(fresh, event_id, Fingerprint([0; 32]), None, Timestamp::EPOCH)
            .await
            .expect("stored");
        let StoredKeys::New(keys) = stored else { panic!("a new customer") };
        self.vault.activate(&id).await.expect("active");
        keys
    }

    pub(crate) fn ports(&self) -> RebuildPorts {
        let operations = self.engine.operations.clone();
        let ports = ProjectorPorts {
            log: Arc::clone(&self.engine.log),
            projection: Arc::clone(&self.engine.projection),
            vault: self.vault.clone(),
            codec: self.engine.codec.clone(),
            nik_tags: Arc::new(OrgIds::from_secret(self.org.clone(), &[1; 32])),
            clock: Arc::new(|| Timestamp::EPOCH),
        };
        RebuildPorts { ports, generations: operations.generations, inspection: operations.inspection }
    }

    pub(crate) async fn append(&self, event: &Event) -> Source {
        self.append_record(self.engine.codec.event(event, &META).expect("an event of ours")).await
    }

    pub(crate) async fn append_record(&self, record: NewRecord) -> Source {
        self.engine.log.append(Topic::Events, record).await.expect("appended").source
    }

    /// A record of the customer that nobody can read.
    pub(crate) async fn append_garbage(&self, customer: &CustomerRef) -> Source {
        let key = customer.record_key().into();
        self.append_record(NewRecord { key, headers: Vec::new(), value: Bytes::from_static(b"\0\0\0") }).await
    }

    /// A verdict under a new name.
    pub(crate) fn verdict(&self, customer: usize, valid: bool) -> Event {
        self.verdict_named(customer, self.name("verdict"), u8::from(valid), valid)
    }

    /// A valid verdict under a new name, with that photo.
    pub(crate) fn verdict_with_photo(&self, customer: usize, photo: &[u8]) -> Event {
        let mut event = self.verdict(customer, true);
        if let Event::DukcapilVerdictReceived(verdict) = &mut event {
            let context =
                SealContext { event_id: &verdict.event_id, field: Field::Photo, content_type: "image/jpeg" };
            let sealed = self.customers[customer].seal(&context, photo).expect("keys that are there");
            verdict.photo = Some(SealedMedia::Inline(sealed));
        }
        event
    }

    pub(crate) fn verdict_named(&self, customer: usize, name: [u8; 16], body: u8, valid: bool) -> Event {
        let keys = &self.customers[customer];
        let event_id = EventId::from_bytes(name);
        Event::DukcapilVerdictReceived(DukcapilVerdictReceived {
            customer: keys.customer().clone(),
            verification_id: VerificationId::from_bytes(name),
            enrolment_id: valid.then(|| EnrolmentId::from_bytes(name)),
            valid,
            photo: valid.then(|| SealedMedia::Inline(seal(keys, &event_id, Field::Photo, "image/jpeg"))),
            photo_content_type: valid.then(|| "image/jpeg".to_owned()),
            // A valid one may have a reason too, and then there is an envelope that the first projection opens.
            reason: Some(seal(keys, &event_id, Field::Reason, "text/plain")),
            reason_category: (!valid).then_some(ReasonCategory::Mismatch),
            classifier_version: CLASSIFIER_VERSION,
            body_fingerprint: Fingerprint([body; 32]),
            policy_version: 1,
            audit: AuditRef {
                source: Source { topic_id: TopicId([2; 16]), partition: Partition(0), offset: Offset(0) },
                value_sha256: [0; 32],
            },
            raw_reading: None,
            event_id,
        })
    }

    /// So many verdicts over all customers: some declined, some sent twice, some with another body under a
    /// name that was used.
    pub(crate) async fn append_verdicts(&self, count: usize) {
        let appends = (0..count).map(|n| {
            let customer = n % self.customers.len();
            // A name is its customer's: the API derives it from the customer too.
            let retried = || derived("retry", &format!("customer {customer}"), n as u64 / 100);
            let event = match n % 10 {
                0 => self.verdict_named(customer, retried(), 1, true),
                1 => self.verdict_named(customer, retried(), 2, false),
                n => self.verdict(customer, n % 3 != 0),
            };
            async move { self.append(&event).await }
        });
        futures::future::join_all(appends).await;
    }

    /// A projector that follows the pointer, in this process.
    pub(crate) fn project(&self, instance: &str) -> Running {
        self.project_by(self.vault.clone(), instance)
    }

    /// The same, with another vault.
    pub(crate) fn project_by(&self, vault: Vault, instance: &str) -> Running {
        self.project_reading(vault, instance, None)
    }

    /// What was made of reference photos.
    pub(crate) fn face_vectors(&self) -> Arc<dyn FaceVectors> {
        Arc::clone(&self.engine.face_vectors)
    }

    /// The same, and behind it the second projection.
    pub(crate) fn project_reading(
        &self,
        vault: Vault,
        instance: &str,
        reader: Option<Arc<dyn FaceReader>>,
    ) -> Running {
        let faces = reader.map(|reader| FacePorts { reader, vectors: self.face_vectors() });
        let mut ports = self.ports();
        ports.ports.vault = vault;
        let settings = ProjectorSettings { poison_max: usize::MAX, ..ProjectorSettings::default() };
        let runner = ProjectorRunner::new(ports.ports, settings)
            .following(ports.generations, instance.to_owned())
            .reading_faces(faces);
        let cancel = CancellationToken::new();
        let token = cancel.clone();
        let task = tokio::spawn(async move { runner.run(token).await.expect("nothing needs an operator") });
        Running { cancel, task }
    }

    /// Until every partition is projected in every generation that is written.
    pub(crate) async fn caught_up(&self) {
        let ports = self.ports();
        until("everything is projected", async || {
            let pointer = ports.generations.pointer().await.expect("a pointer");
            let mut all = true;
            for generation in pointer.written() {
                let rows = ports.inspection.positions(generation).await.expect("positions");
                let next: BTreeMap<Partition, Offset> =
                    rows.into_iter().map(|row| (row.partition, row.next)).collect();
                for range in ports.ports.log.offsets(Topic::Events).await.expect("offsets") {
                    all &= next.get(&range.partition).map_or(0, |next| next.0) >= range.end.0;
                }
            }
            all
        })
        .await;
    }

    /// Projects everything there is, and ends.
    pub(crate) async fn project_all(&self) {
        let running = self.project("for a moment");
        self.caught_up().await;
        running.stop().await;
    }

    pub(crate) async fn live(&self) -> Generation {
        self.ports().generations.pointer().await.expect("a pointer").live
    }

    /// All of a topic.
    pub(crate) async fn all(&self, topic: Topic) -> Vec<StoredRecord> {
        let bounds =
            ReadBounds { records_max: 10_000, bytes_max: 256 * 1024 * 1024, wait_max: Duration::ZERO };
        let mut all = Vec::new();
        for range in self.engine.log.offsets(topic).await.expect("offsets") {
            let mut next = range.earliest;
            while next < range.end {
                let some = self.engine.log.read(topic, range.partition, next, bounds).await.expect("read");
                next = Offset(some.last().expect("there is one").source.offset.0 + 1);
                all.extend(some);
            }
        }
        all
    }

    /// Outcomes by id; none is published twice with another content.
    pub(crate) async fn outcomes(&self) -> BTreeMap<EventId, Outcome> {
        let mut outcomes = BTreeMap::new();
        for record in self.all(Topic::Outcomes).await {
            let outcome = self.engine.codec.decode_outcome(&record).expect("ours");
            if let Some(before) = outcomes.insert(outcome.id().clone(), outcome.clone()) {
                assert_eq!(before, outcome, "one id, two outcomes");
            }
        }
        outcomes
    }

    pub(crate) async fn rebuild(&self, options: RebuildOptions) -> Result<RebuildReport, RebuildError> {
        self.rebuild_watched(options, &Quiet, &CancellationToken::new()).await
    }

    pub(crate) async fn rebuild_watched(
        &self,
        options: RebuildOptions,
        progress: &dyn RebuildProgress,
        cancel: &CancellationToken,
    ) -> Result<RebuildReport, RebuildError> {
        let settings = ProjectorSettings { poison_max: usize::MAX, ..ProjectorSettings::default() };
        rebuild(&self.ports(), &settings, options, progress, cancel).await
    }
}

/// Quick where a test need not wait.
pub(crate) fn quick() -> RebuildOptions {
    let patience = RebuildPatience { grace: Duration::from_millis(1), ..RebuildPatience::default() };
    RebuildOptions { patience, ..RebuildOptions::default() }
}

pub(crate) struct Running {
    cancel: CancellationToken,
    task: JoinHandle<()>,
}

impl Running {
    pub(crate) async fn stop(self) {
        self.cancel.cancel();
        self.task.await.expect("ended");
    }

    /// Ends it where it stands, without a word.
    pub(crate) fn kill(self) {
        self.task.abort();
    }
}

pub(crate) struct Quiet;

impl RebuildProgress for Quiet {
    fn phase(&self, _: RebuildPhase, _: u64) {}
    fn events(&self, _: u64) {}
    fn compared(&self, _: u64) {}
    fn line(&self, _: &str) {}
}

pub(crate) fn seal(keys: &CustomerKeys, event_id: &EventId, field: Field, content_type: &str) -> Sealed {
    let context = SealContext { event_id, field, content_type };
    keys.seal(&context, b"synthetic").expect("keys that are there")
}

pub(crate) fn registered(keys: &CustomerKeys) -> Event {
    let event_id = keys.row().registration_event_id.clone();
    Event::CustomerRegistered(CustomerRegistered {
        full_name: seal(keys, &event_id, Field::FullName, "text/plain"),
        external_id: None,
        event_id,
        customer: keys.customer().clone(),
        body_fingerprint: Fingerprint([0; 32]),
    })
}
