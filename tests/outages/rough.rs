//! The installation that may be hurt, by one test at a time: its servers, two instances of each program, and
//! what a bank has on it. What does not belong here: what is done to it.

use std::sync::{Arc, PoisonError, RwLock};

use local_cluster::{CassandraOptions, CommitLog, Kafka, KafkaOptions, ScramUser, TlsFiles};
use serde_json::json;
use tokio::sync::{Mutex, MutexGuard, OnceCell};

use system_tests::client::{Api, text};
use system_tests::installation::{Installation, Instance, settings};
use system_tests::patience::until;
use system_tests::process::Program;

/// The user of Kafka's SASL listener.
pub(crate) const USER: &str = "ingest";
pub(crate) const PASSWORD: &str = "correct-horse-of-a-test";

pub(crate) struct Rough {
    pub(crate) installation: Installation,
    pub(crate) serves: Vec<Instance>,
    pub(crate) projectors: Vec<Instance>,
    /// The authority of Kafka's TLS listeners.
    pub(crate) tls: TlsFiles,
    _files: tempfile::TempDir,
}

/// Waits for the turn. Whatever an earlier test left ended is started again.
pub(crate) async fn take() -> MutexGuard<'static, Rough> {
    static ROUGH: OnceCell<Mutex<Rough>> = OnceCell::const_new();
    let rough = ROUGH.get_or_init(async || Mutex::new(Rough::start().await)).await;
    let mut rough = rough.lock().await;
    for at in 0..2 {
        if rough.serves[at].process.has_ended().is_some() {
            rough.serve_again(at).await;
        }
        if rough.projectors[at].process.has_ended().is_some() {
            rough.project_again(at).await;
        }
    }
    rough
}

impl Rough {
    async fn start() -> Self {
        system_tests::installation::servers_or_leave();
        let files = tempfile::tempdir().expect("a folder");
        let tls = self_signed(files.path());
        let scram = Some(ScramUser { name: USER.into(), password: PASSWORD.into() });
        let kafka = KafkaOptions { tls: Some(tls.clone()), scram, ..KafkaOptions::default() };
        // One node that is killed must forget nothing.
        let cassandra = CassandraOptions {
            password_auth: true,
            commit_log: CommitLog::EveryWrite,
            ..CassandraOptions::default()
        };
        let login = settings(&[
            ("IDENTITY_CQL__USER", "cassandra"),
            ("IDENTITY_CQL__PASSWORD", "cassandra"),
            // A busy machine is not an outage: what is projected late is a 200 late, not a 202.
            ("IDENTITY_API__WAIT_DEFAULT_MS", "5000"),
        ]);
        let installation = Installation::start(kafka, cassandra, login).await;
        // Makes topics and tables, which the programs then find.
        installation.orgs(&["list", "--json"]).await.json();
        let (one, two, three, four) = tokio::join!(
            installation.serve(&[]),
            installation.serve(&[]),
            installation.project(&[]),
            installation.project(&[]),
        );
        Self { installation, serves: vec![one, two], projectors: vec![three, four], tls, _files: files }
    }

    /// Starts that `serve` again after it has ended.
    pub(crate) async fn serve_again(&mut self, at: usize) {
        self.installation.forget(&self.serves[at]);
        self.serves[at] = self.installation.serve(&[]).await;
    }

    /// Starts that projector again after it has ended.
    pub(crate) async fn project_again(&mut self, at: usize) {
        self.installation.forget(&self.projectors[at]);
        self.projectors[at] = self.installation.project(&[]).await;
    }

    /// Nothing of ours has ended.
    pub(crate) fn all_run(&mut self) {
        for instance in self.serves.iter_mut().chain(&mut self.projectors) {
            assert!(instance.process.has_ended().is_none(), "a program ended: {}", instance.output());
        }
    }

    /// Does something to Kafka, which blocks.
    pub(crate) fn kafka(&mut self, act: impl FnOnce(&mut Kafka) -> Result<(), local_cluster::Error>) {
        tokio::task::block_in_place(|| act(&mut self.installation.kafka)).expect("done to Kafka");
    }

    /// Does something to Cassandra, which blocks.
    pub(crate) fn cassandra(
        &mut self,
        act: impl FnOnce(&mut local_cluster::Cassandra) -> Result<(), local_cluster::Error>,
    ) {
        let cassandra = self.installation.cassandra.as_mut().expect("its own");
        tokio::task::block_in_place(|| act(cassandra)).expect("done to Cassandra");
    }

    /// A bank of its own, known to both instances, with so many customers.
    pub(crate) async fn bank(&self, customers: usize) -> Bank {
        let (org, key) = self.installation.org("Bank Contoh").await;
        let bank = Bank { org, key, doors: Doors::default(), customers: Vec::new() };
        self.open(&bank);
        for api in bank.doors.all() {
            until("the key's work", async || (api.get("/api/auth/me").await.status == 200).then_some(()))
                .await;
        }
        let mut made = Vec::new();
        for number in 0..customers {
            made.push(bank.customer(number).await);
        }
        Bank { customers: made, ..bank }
    }

    /// Tells a bank's backend where the API is now.
    pub(crate) fn open(&self, bank: &Bank) {
        let apis = self.serves.iter().map(|serve| Api::new(serve.url(), &bank.key)).collect();
        *bank.doors.0.write().unwrap_or_else(PoisonError::into_inner) = apis;
    }
}

/// An org, its key and customers, and how its backend finds the API.
pub(crate) struct Bank {
    pub(crate) org: String,
    pub(crate) key: String,
    pub(crate) doors: Doors,
    pub(crate) customers: Vec<String>,
}

impl Bank {
    /// A customer, registered at one instance in turn; a projector may still be on its way after what an
    /// earlier test did to it.
    async fn customer(&self, number: usize) -> String {
        let doors = self.doors.all();
        let body = json!({"fullName": format!("Nasabah {number}")});
        let answer = doors[number % 2].post("/api/customers", &[("prefer", "wait=10")], &body).await;
        assert!(matches!(answer.status, 201 | 202), "{answer:?}");
        let id = text(&answer.json()["id"]).to_owned();
        let path = format!("/api/customers/{id}");
        // Where it was registered: the other instance is not to meet its keys by this.
        let door = &doors[number % 2];
        until("the customer", async || (door.get(&path).await.status == 200).then_some(())).await;
        id
    }
}

/// The instances of the API; an instance that was started again has another address.
#[derive(Clone, Default)]
pub(crate) struct Doors(Arc<RwLock<Vec<Api>>>);

impl Doors {
    pub(crate) fn all(&self) -> Vec<Api> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// An org's books as `projector status` shows them; they must balance.
pub(crate) async fn books(installation: &Installation, org: &str) -> Books {
    let status = installation.tool(Program::Projector, &["status", "--json"]).await.json();
    let all = status["books"].as_array().expect("books");
    let of = all.iter().find(|of| of["orgId"] == org).unwrap_or_else(|| panic!("no books: {status}"));
    assert_eq!(of["balance"], true, "{of}");
    let count = |name: &str| of[name].as_u64().unwrap_or_else(|| panic!("{name}: {of}"));
    Books {
        read: count("read"),
        applied: count("applied"),
        duplicate: count("duplicate"),
        dead_lettered: count("deadLettered"),
        parked: count("parked"),
    }
}

/// What became of an org's events.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Books {
    pub(crate) read: u64,
    pub(crate) applied: u64,
    pub(crate) duplicate: u64,
    pub(crate) dead_lettered: u64,
    pub(crate) parked: u64,
}

/// A certificate for loopback that is its own authority.
fn self_signed(folder: &std::path::Path) -> TlsFiles {
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned(), "localhost".to_owned()])
        .expect("a certificate");
    let write = |name: &str, text: String| {
        let path = folder.join(name);
        std::fs::write(&path, text).expect("written");
        path
    };
    let certificate = write("broker.pem", made.cert.pem());
    TlsFiles {
        private_key: write("broker-key.pem", made.signing_key.serialize_pem()),
        client_ca: certificate.clone(),
        certificate_chain: certificate,
    }
}
