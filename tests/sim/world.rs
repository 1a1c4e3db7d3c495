//! Keys, customers and projectors of one simulation.

use std::future::Future;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use domain::event::Fingerprint;
use domain::ids::{CustomerId, CustomerRef, EventId, OrgId};
use domain::orgs::Suite;
use domain::time::Timestamp;
use event_codec::Codec;
use projector::rebuild::{
    RebuildError, RebuildOptions, RebuildPhase, RebuildPorts, RebuildProgress, RebuildReport, rebuild,
};
use projector::{FacePorts, ProjectorPorts, ProjectorRunner, ProjectorSettings};
use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;
use testkit::byte_reader::ByteReader;
use testkit::faults::{
    FaultRates, FaultSource, FaultyFaceVectors, FaultyGenerations, FaultyLog, FaultyProjection, NO_FAULTS,
};
use testkit::keys_away::{AwayKeyRows, RowsAway};
use testkit::memory::{MemoryFaceVectors, MemoryKeys, MemoryLog, MemoryViews};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use vault::{AlwaysCurrent, CustomerKeys, FileKms, Kms, OrgIds, StoredKeys, Vault};

/// Customers of one simulation.
const CUSTOMERS: std::ops::RangeInclusive<usize> = 1..=4;

/// On the simulation's clock, far above what forty events take: a partition that stands still fails.
pub(crate) const CATCH_UP_MAX: Duration = Duration::from_secs(60);

pub(crate) struct Customer {
    pub(crate) keys: CustomerKeys,
    pub(crate) id: CustomerRef,
}

pub(crate) struct World {
    /// The projectors'.
    vault: Vault,
    rows: Arc<AwayKeyRows>,
    pub(crate) orgs: Vec<OrgId>,
    pub(crate) codec: Codec,
    pub(crate) customers: Vec<Customer>,
}

/// Two orgs' keys serve all simulations: they are the slow part of making one.
fn kms() -> (Arc<dyn Kms>, [OrgId; 2]) {
    static KMS: OnceLock<(tempfile::TempDir, Arc<dyn Kms>)> = OnceLock::new();
    let (_, kms) = KMS.get_or_init(|| {
        let folder = tempfile::tempdir().expect("a folder");
        let kms = FileKms::open(folder.path().join("kms/org-keys.json")).expect("a KMS");
        (folder, Arc::new(kms))
    });
    (Arc::clone(kms), [1, 2].map(|n| OrgId::from_bytes([n; 16])))
}

impl World {
    /// With `keys_go` an org's keys may be away for a while: then no projector keeps any.
    pub(crate) async fn new(rng: &mut ChaCha8Rng, keys_go: bool) -> Self {
        let (kms, orgs) = kms();
        for org in &orgs {
            kms.create_org_key(org).await.expect("an org key");
        }
        let rows = Arc::new(AwayKeyRows::new(Arc::new(MemoryKeys::default())));
        let vault = Vault::new(Arc::clone(&rows) as _, Arc::clone(&kms), Arc::new(AlwaysCurrent));
        let mut customers = Vec::new();
        for _ in 0..rng.random_range(CUSTOMERS) {
            let org = &orgs[rng.random_range(0..orgs.len())];
            let id = CustomerRef::new(org.clone(), CustomerId::from_bytes(rng.random()));
            let fresh = vault.generate(&id, Suite::Aes256GcmSiv).await.expect("keys");
            let event_id = EventId::from_bytes(rng.random());
            let stored = vault
                .store(fresh, event_id, Fingerprint([0; 32]), None, Timestamp::EPOCH)
                .await
                .expect("stored");
            let StoredKeys::New(keys) = stored else { panic!("a new customer") };
            vault.activate(&id).await.expect("active");
            customers.push(Customer { keys, id });
        }
        let asked = Vault::new(Arc::clone(&rows) as _, kms, Arc::new(|| false));
        let vault = if keys_go { asked } else { vault };
        Self { vault, rows, orgs: orgs.into(), codec: Codec::committed(), customers }
    }

    /// An org's keys go, or come back.
    pub(crate) fn keys_go(&self, rng: &mut ChaCha8Rng) {
        let how = [None, Some(RowsAway::Damaged), Some(RowsAway::Missing)];
        let org = &self.orgs[rng.random_range(0..self.orgs.len())];
        self.rows.set(org, how[rng.random_range(0..how.len())]);
    }

    /// All keys are here.
    pub(crate) fn keys_come(&self) {
        self.orgs.iter().for_each(|org| self.rows.set(org, None));
    }

    /// Ports without faults.
    pub(crate) fn faultless(&self, log: &MemoryLog, views: &MemoryViews) -> ProjectorPorts {
        self.ports(log, views, &FaultSource::new(0, NO_FAULTS))
    }

    /// A projector's ports, with faults.
    fn ports(&self, log: &MemoryLog, views: &MemoryViews, faults: &FaultSource) -> ProjectorPorts {
        let faults = faults.clone();
        ProjectorPorts {
            log: Arc::new(FaultyLog { inner: Arc::new(log.clone()), faults: faults.clone() }),
            projection: Arc::new(FaultyProjection { inner: Arc::new(views.clone()), faults }),
            vault: self.vault.clone(),
            codec: self.codec.clone(),
            nik_tags: Arc::new(OrgIds::from_secret(self.orgs[0].clone(), &[1; 32])),
            clock: Arc::new(|| Timestamp::from_millis(0)),
        }
    }

    /// A projector with faults, until it crashes.
    pub(crate) fn project(
        &self,
        log: &MemoryLog,
        views: &MemoryViews,
        seed: u64,
        rates: FaultRates,
        following: bool,
    ) -> impl Future<Output = ()> + Send + 'static {
        self.project_reading(log, views, seed, rates, following, None)
    }

    /// The same, and behind it the second projection.
    pub(crate) fn project_reading(
        &self,
        log: &MemoryLog,
        views: &MemoryViews,
        seed: u64,
        rates: FaultRates,
        following: bool,
        faces: Option<(&MemoryFaceVectors, &Arc<ByteReader>)>,
    ) -> impl Future<Output = ()> + Send + 'static {
        let faults = FaultSource::new(seed, rates);
        let faces = faces.map(|(vectors, reader)| FacePorts {
            reader: Arc::clone(reader) as _,
            vectors: Arc::new(FaultyFaceVectors { inner: Arc::new(vectors.clone()), faults: faults.clone() }),
        });
        let ports = self.ports(log, views, &faults);
        let mut runner = ProjectorRunner::new(ports, settings(seed)).reading_faces(faces);
        if following {
            let generations = FaultyGenerations { inner: Arc::new(views.clone()), faults: faults.clone() };
            runner = runner.following(Arc::new(generations), format!("projector-{seed}"));
        }
        async move {
            tokio::select! {
                biased;
                ended = runner.run(CancellationToken::new()) => ended.expect("nothing here needs an operator"),
                () = faults.crashed() => {}
            }
        }
    }

    /// A rebuild with faults; none when it crashed.
    pub(crate) fn rebuild(
        &self,
        log: &MemoryLog,
        views: &MemoryViews,
        seed: u64,
        rates: FaultRates,
        keep: bool,
    ) -> impl Future<Output = Option<Result<RebuildReport, RebuildError>>> + Send + 'static {
        let faults = FaultSource::new(seed, rates);
        let generations = FaultyGenerations { inner: Arc::new(views.clone()), faults: faults.clone() };
        let ports = RebuildPorts {
            ports: self.ports(log, views, &faults),
            generations: Arc::new(generations),
            inspection: Arc::new(views.clone()),
        };
        async move {
            let (options, cancel) =
                (RebuildOptions { keep, ..RebuildOptions::default() }, CancellationToken::new());
            let settings = settings(seed);
            tokio::select! {
                biased;
                ended = rebuild(&ports, &settings, options, &Quiet, &cancel) => Some(ended),
                () = faults.crashed() => None,
            }
        }
    }

    /// A projector without faults, until everything is projected into every generation that is written.
    pub(crate) async fn catch_up(&self, log: &MemoryLog, views: &MemoryViews, seed: u64) {
        let began = Instant::now();
        let mut projector = tokio::spawn(self.project(log, views, seed, NO_FAULTS, true));
        while !crate::at_end(log, views).await {
            assert!(began.elapsed() < CATCH_UP_MAX, "a partition stands still");
            tokio::select! {
                biased;
                ended = &mut projector => panic!("the projector ended: {ended:?}"),
                () = tokio::time::sleep(Duration::from_millis(1)) => {}
            }
        }
        projector.abort();
        let _ = projector.await;
    }
}

fn settings(seed: u64) -> ProjectorSettings {
    ProjectorSettings {
        batch_records_max: 1 + (seed % 9) as usize,
        poll_wait: Duration::from_millis(5),
        poison_max: usize::MAX,
        ..ProjectorSettings::default()
    }
}

/// Nobody looks.
struct Quiet;

impl RebuildProgress for Quiet {
    fn phase(&self, _: RebuildPhase, _: u64) {}
    fn events(&self, _: u64) {}
    fn compared(&self, _: u64) {}
    fn line(&self, _: &str) {}
}
