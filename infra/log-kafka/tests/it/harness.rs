//! The brokers, and what every test needs of them. Not here: what is tested.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use domain::ports::{EventLog, NewRecord, ReadBounds, StoredRecord, Topic};
use local_cluster::{InstalledTools, KafkaBrokers, KafkaOptions as ClusterOptions, ScramUser, TlsFiles};
use log_kafka::{KafkaLog, KafkaOptions, TopicPartitions};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rdkafka::admin::AdminClient;
use rdkafka::client::DefaultClientContext;
use rdkafka::config::ClientConfig;

/// Longer than anything takes that works, on a machine that is busy with other things.
pub(crate) const PATIENCE: Duration = Duration::from_secs(90);

/// Enough for rebalances and for spreading keys.
pub(crate) const PARTITIONS: u32 = 3;

pub(crate) const USER: &str = "ingest";
pub(crate) const PASSWORD: &str = "correct-horse-of-a-test";

/// The shared broker and the files that it and its clients were given.
pub(crate) struct Shared {
    pub(crate) bootstrap: String,
    pub(crate) sasl: String,
    pub(crate) mtls: String,
    pub(crate) files: PathBuf,
    _kafka: KafkaBrokers,
}

/// Whether brokers can be started here. Says so loudly when not, and does not let CI pass over it.
pub(crate) fn can_run() -> bool {
    let Err(missing) = InstalledTools::available() else { return true };
    assert!(std::env::var("CI").as_deref() != Ok("true"), "the Kafka tests cannot run: {missing}");
    eprintln!("NOT RUN: no Kafka was tested here: {missing}");
    false
}

/// Waits for the broker that all tests share; none where none can be started.
pub(crate) async fn shared() -> Option<&'static Shared> {
    static SHARED: OnceLock<Option<Shared>> = OnceLock::new();
    tokio::task::spawn_blocking(|| SHARED.get_or_init(start_shared).as_ref())
        .await
        .expect("the broker starts")
}

fn start_shared() -> Option<Shared> {
    if !can_run() {
        return None;
    }
    let files = tempfile::tempdir().expect("a folder").keep();
    let tls = certificates(&files);
    let scram = Some(ScramUser { name: USER.into(), password: PASSWORD.into() });
    let options = ClusterOptions { tls: Some(tls), scram, ..ClusterOptions::default() };
    let kafka = KafkaBrokers::start(options).expect("Kafka starts");
    Some(Shared {
        bootstrap: kafka.bootstrap(),
        sasl: kafka.sasl_bootstrap().expect("a SASL listener"),
        mtls: kafka.mtls_bootstrap().expect("an mTLS listener"),
        files,
        _kafka: kafka,
    })
}

/// `ca.pem`, `server.pem`, `client.pem` with their keys, and `stranger.pem`, an authority nobody knows.
fn certificates(folder: &std::path::Path) -> TlsFiles {
    let write = |name: &str, text: String| {
        let path = folder.join(name);
        std::fs::write(&path, text).expect("written");
        path
    };
    // OpenSSL takes a certificate whose issuer has the subject's name for a self-signed one.
    let named = |names: Vec<String>, subject: &str| {
        let mut params = CertificateParams::new(names).expect("names");
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(rcgen::DnType::CommonName, subject);
        params
    };
    let authority = |subject: &str| {
        let mut params = named(Vec::new(), subject);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        CertifiedIssuer::self_signed(params, KeyPair::generate().expect("a key")).expect("signed")
    };
    let ours = authority("our authority");
    write("stranger.pem", authority("a stranger").pem());
    let leaf = |subject: &str, names: Vec<String>| {
        let key = KeyPair::generate().expect("a key");
        let signed = named(names, subject).signed_by(&key, &ours).expect("signed").pem();
        (signed, key.serialize_pem())
    };
    let (server, server_key) = leaf("broker", vec!["localhost".into(), "127.0.0.1".into()]);
    let (client, client_key) = leaf("client", vec!["client".into()]);
    write("client.pem", client);
    write("client-key.pem", client_key);
    TlsFiles {
        certificate_chain: write("server.pem", server),
        private_key: write("server-key.pem", server_key),
        client_ca: write("ca.pem", ours.pem()),
    }
}

/// The broker that may be hurt, for one test at a time.
pub(crate) struct Outage {
    kafka: Arc<Mutex<KafkaBrokers>>,
    _turn: tokio::sync::MutexGuard<'static, ()>,
}

impl Outage {
    pub(crate) async fn take() -> Option<Self> {
        static TURN: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());
        static KAFKA: OnceLock<Option<Arc<Mutex<KafkaBrokers>>>> = OnceLock::new();
        let turn = TURN.lock().await;
        let start = || {
            let kafka =
                can_run().then(|| KafkaBrokers::start(ClusterOptions::default()).expect("Kafka starts"))?;
            Some(Arc::new(Mutex::new(kafka)))
        };
        let kafka = tokio::task::spawn_blocking(move || KAFKA.get_or_init(start).clone())
            .await
            .expect("the broker starts")?;
        Some(Self { kafka, _turn: turn })
    }

    fn locked(kafka: &Mutex<KafkaBrokers>) -> MutexGuard<'_, KafkaBrokers> {
        kafka.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn bootstrap(&self) -> String {
        Self::locked(&self.kafka).bootstrap()
    }

    async fn hurt(&self, how: fn(&mut KafkaBrokers) -> Result<(), local_cluster::ClusterError>) {
        let kafka = Arc::clone(&self.kafka);
        let done = tokio::task::spawn_blocking(move || how(&mut Self::locked(&kafka))).await;
        done.expect("no panic").expect("done");
    }

    pub(crate) async fn kill(&self) {
        self.hurt(|kafka| kafka.kill(0)).await;
    }

    pub(crate) async fn restart(&self) {
        self.hurt(|kafka| kafka.restart(0)).await;
    }

    pub(crate) async fn pause(&self) {
        self.hurt(|kafka| kafka.pause(0)).await;
    }

    pub(crate) async fn resume(&self) {
        self.hurt(|kafka| kafka.resume(0)).await;
    }
}

/// A prefix that no other test has.
pub(crate) fn fresh_prefix() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!("t{}-{}.", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

/// Settings for one broker, under a fresh prefix.
pub(crate) fn options(bootstrap: &str) -> KafkaOptions {
    let mut options = KafkaOptions::new(bootstrap);
    options.topic_prefix = fresh_prefix();
    options.replication_factor = 1;
    options.min_insync_replicas = 1;
    options.partitions = TopicPartitions {
        events: PARTITIONS,
        audit: PARTITIONS,
        outcomes: PARTITIONS,
        orgs: 1,
        dead_letters: 2,
    };
    options.timeouts.request = Duration::from_secs(30);
    options.timeouts.connect = Duration::from_secs(30);
    options.timeouts.delivery = Duration::from_secs(30);
    options.timeouts.session = Duration::from_secs(6);
    options
}

/// A connected log with its topics.
pub(crate) async fn open(options: KafkaOptions) -> Arc<KafkaLog> {
    let log = KafkaLog::connect(options).await.expect("connects");
    log.ensure_topics().await.expect("topics");
    log
}

/// rdkafka's own administrator, for what no program of ours does.
pub(crate) fn admin(bootstrap: &str) -> AdminClient<DefaultClientContext> {
    ClientConfig::new().set("bootstrap.servers", bootstrap).create().expect("an administrator")
}

pub(crate) fn record(key: &str, value: impl Into<Vec<u8>>) -> NewRecord {
    let headers = vec![("ce_id".to_owned(), Bytes::from_static(b"evt_test"))];
    NewRecord { key: Bytes::copy_from_slice(key.as_bytes()), headers, value: Bytes::from(value.into()) }
}

pub(crate) fn bounds(wait_max: Duration) -> ReadBounds {
    ReadBounds { records_max: 10_000, bytes_max: 32 * 1024 * 1024, wait_max }
}

pub(crate) fn text(record: &StoredRecord) -> String {
    String::from_utf8_lossy(record.value.as_deref().unwrap_or_default()).into_owned()
}

/// Everything that a topic holds, partition by partition.
pub(crate) async fn everything(log: &KafkaLog, topic: Topic) -> Vec<StoredRecord> {
    let mut all = Vec::new();
    for range in log.offsets(topic).await.expect("offsets") {
        let mut from = range.earliest;
        while from < range.end {
            let some = log.read(topic, range.partition, from, bounds(Duration::ZERO)).await.expect("read");
            from = domain::event::Offset(some.last().expect("something is there").source.offset.0 + 1);
            all.extend(some);
        }
    }
    all
}

/// Runs a test, but not for ever.
pub(crate) async fn within<T>(what: &str, test: impl Future<Output = T>) -> T {
    match tokio::time::timeout(PATIENCE, Box::pin(test)).await {
        Ok(done) => done,
        Err(_) => panic!("{what} did not happen in {PATIENCE:?}"),
    }
}

/// Asks again until the answer fits. The closure's own question must wait for something.
pub(crate) async fn until<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let began = Instant::now();
    let mut ticks = tokio::time::interval(Duration::from_millis(50));
    loop {
        assert!(began.elapsed() < PATIENCE, "{what} did not happen in {PATIENCE:?}");
        if let Some(answer) = ask().await {
            return answer;
        }
        ticks.tick().await;
    }
}
