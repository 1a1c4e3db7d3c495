//! What the cases of `../it/` call a sandbox, on the distributed engine: an org of its own on an installation
//! with two instances of each program, which all cases share. Writes go to one `serve` and reads to the other,
//! which is which in turn, so every case is also one of "200 from one, and the other shows it". What does not
//! belong here: servers and processes (`installation.rs`).

use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

use domain::ports::{StoredRecord, Topic};
use serde_json::Value;
use tempfile::TempDir;
use tokio::sync::OnceCell;

use crate::client::Api;
use crate::evidence::Kept;
use crate::installation::{Installation, Instance, settings};
pub(crate) use crate::process::{DEADLINE, Ran, run, until};

/// Partitions of `identity.events` by the settings' default: all of them have a projector before a case begins.
const PARTITIONS: usize = 12;

/// What all cases share.
pub(crate) struct Shared {
    pub(crate) installation: Installation,
    pub(crate) serves: [Instance; 2],
    pub(crate) projectors: [Instance; 2],
    /// An org whose new keys tell when an instance has heard of every change before them.
    marker: String,
    turn: AtomicUsize,
}

/// The installation, started by whoever needs it first.
pub(crate) async fn shared() -> &'static Shared {
    static SHARED: OnceCell<Shared> = OnceCell::const_new();
    SHARED.get_or_init(Shared::start).await
}

impl Shared {
    async fn start() -> Self {
        let installation = Installation::patient().await;
        // The first of all makes topics and tables; the programs find them, or each other making them.
        let (marker, _) = installation.org("Penanda").await;
        let (one, two, three, four) = tokio::join!(
            installation.serve(&[]),
            installation.serve(&[]),
            installation.project(&[]),
            installation.project(&[]),
        );
        let shared = Self {
            installation,
            serves: [one, two],
            projectors: [three, four],
            marker,
            turn: AtomicUsize::new(0),
        };
        until("both projectors to have their share", async || {
            let shares = shared.projectors.each_ref().map(|projector| {
                let heard = projector.output();
                let count = |word: &str| heard.matches(word).count();
                count("\"partition taken over\"").saturating_sub(count("\"partition handed over\""))
            });
            (shares.iter().sum::<usize>() == PARTITIONS && !shares.contains(&0)).then_some(())
        })
        .await;
        shared
    }
}

/// An org, its key and a customer; the same fields as a sandbox's `sandbox.json`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Info {
    pub(crate) url: String,
    pub(crate) admin_url: String,
    pub(crate) org: String,
    pub(crate) key: String,
    pub(crate) customer: String,
}

/// Settings in the environment of instances of a case's own.
#[derive(Debug, Clone, Default)]
pub(crate) struct Options {
    environment: Vec<(String, String)>,
}

impl Options {
    pub(crate) fn environment(pairs: &[(&str, &str)]) -> Self {
        Self { environment: settings(pairs) }
    }
}

/// An org of its own on the shared installation.
pub(crate) struct Sandbox {
    shared: &'static Shared,
    /// The pair of `serve` that only this case speaks to, where it has one.
    own: Option<Vec<Instance>>,
    options: Options,
    /// Which of the pair is written to.
    writes: usize,
    info: Info,
    scratch: TempDir,
}

impl Sandbox {
    /// On the shared pair of `serve`.
    pub(crate) async fn start() -> Self {
        Self::on(None, Options::default()).await
    }

    /// On a pair of `serve` that nobody shares, so that it may be killed.
    pub(crate) async fn alone() -> Self {
        Self::start_with(Options::default()).await
    }

    /// On such a pair, with these settings.
    pub(crate) async fn start_with(options: Options) -> Self {
        let own = pair(&shared().await.installation, &options).await;
        Self::on(Some(own), options).await
    }

    async fn on(own: Option<Vec<Instance>>, options: Options) -> Self {
        let shared = shared().await;
        let (org, key) = shared.installation.org("Bank Contoh").await;
        let mut sandbox = Self {
            shared,
            own,
            options,
            writes: written_to(shared),
            info: Info { url: String::new(), admin_url: String::new(), org, key, customer: String::new() },
            scratch: TempDir::with_prefix("identity-case-").expect("a folder"),
        };
        sandbox.find();
        sandbox.known(&sandbox.info.key).await;
        sandbox.info.customer = sandbox.api().customer("Nasabah Contoh").await;
        sandbox
    }

    fn serves(&self) -> &[Instance] {
        self.own.as_deref().unwrap_or(&self.shared.serves)
    }

    fn find(&mut self) {
        let written = &self.serves()[self.writes];
        (self.info.url, self.info.admin_url) = (written.url().to_owned(), written.admin_url.clone());
    }

    pub(crate) fn info(&self) -> &Info {
        &self.info
    }

    /// The API with the org's key: writes at one instance, reads at the other.
    pub(crate) fn api(&self) -> Api {
        Api::reading_at(&self.info.url, self.serves()[1 - self.writes].url(), &self.info.key)
    }

    /// The API with the org's key at each instance alone.
    pub(crate) fn each(&self) -> Vec<Api> {
        self.serves().iter().map(|serve| Api::new(serve.url(), &self.info.key)).collect()
    }

    /// The management listener of the instance that is written to.
    pub(crate) fn admin(&self) -> Api {
        Api::new(&self.info.admin_url, "")
    }

    /// `host:port` of the API that is written to.
    pub(crate) fn address(&self) -> String {
        self.info.url.strip_prefix("http://").expect("plaintext on loopback").to_owned()
    }

    /// Everything that its instances said.
    pub(crate) fn output(&self) -> String {
        self.serves().iter().map(Instance::output).collect()
    }

    /// Power cut, for both of its own instances.
    pub(crate) async fn kill9(&mut self) {
        for instance in self.own.as_mut().expect("only instances of its own are a case's to kill") {
            self.shared.installation.forget(instance);
            instance.kill9().await;
        }
    }

    /// Starts its own instances again.
    pub(crate) async fn restart(&mut self) {
        assert!(self.own.is_some(), "only instances of its own are a case's to start");
        self.own = Some(pair(&self.shared.installation, &self.options).await);
        self.find();
        self.known(&self.info.key).await;
    }

    /// Every verdict of an org, in clear.
    pub(crate) async fn kept(&self, org: &str) -> Vec<Kept> {
        self.shared.installation.kept(org).await
    }

    /// The records of this org.
    pub(crate) async fn records(&self, topic: Topic) -> Vec<StoredRecord> {
        self.shared.installation.records(topic, &self.info.org).await
    }

    /// Where the private half of an org's evidence key lies.
    pub(crate) fn compliance_key(&self, org: &str) -> PathBuf {
        self.shared.installation.config().compliance_key_dir().join(format!("{org}.key"))
    }

    /// A place for a test's own files.
    pub(crate) fn scratch(&self, name: &str) -> PathBuf {
        self.scratch.path().join(name)
    }

    /// `orgs …`; what it changed is known to both instances then.
    pub(crate) async fn orgs(&self, arguments: &[&str]) -> Ran {
        let ran = self.shared.installation.orgs(arguments).await;
        if ran.code == Some(0) {
            match arguments {
                ["create", ..] | ["keys", "create", ..] => self.known(&new_key(&ran)).await,
                ["set", ..] | ["keys", "revoke", ..] => {
                    let marked =
                        self.shared.installation.orgs(&["keys", "create", &self.shared.marker]).await;
                    self.known(&new_key(&marked)).await;
                }
                _ => {}
            }
        }
        ran
    }

    /// `orgs …` that must succeed: the JSON it prints.
    pub(crate) async fn orgs_json(&self, arguments: &[&str]) -> Value {
        self.orgs(arguments).await.json()
    }

    /// Another org; its id and its key, which already works.
    pub(crate) async fn org(&self, flags: &[&str]) -> (String, Api) {
        let made = self.orgs_json(&[&["create", "--name", "Bank Lain"], flags].concat()).await;
        let api = self.api().with_key(made["apiKey"].as_str().expect("a key"));
        (made["orgId"].as_str().expect("an id").to_owned(), api)
    }

    /// Another key of an org, which already works: its id and the API with it.
    pub(crate) async fn key(&self, org: &str, flags: &[&str]) -> (String, Api) {
        let made = self.orgs_json(&[&["keys", "create", org], flags].concat()).await;
        let api = self.api().with_key(made["apiKey"].as_str().expect("a key"));
        (made["keyId"].as_str().expect("an id").to_owned(), api)
    }

    /// Waits until every instance knows a key, and so every change before it: they stand in one partition.
    async fn known(&self, key: &str) {
        for serve in self.serves() {
            let api = Api::new(serve.url(), key);
            until("the key's work", async || (api.get("/api/auth/me").await.status == 200).then_some(()))
                .await;
        }
    }
}

/// Which instance is written to: as the case's name says (`cases.rs` is there once for each), else in turn.
fn written_to(shared: &Shared) -> usize {
    let thread = std::thread::current();
    match thread.name().and_then(|name| name.split("::").next()) {
        Some("writing_at_first") => 0,
        Some("writing_at_second") => 1,
        // libtest names threads after their tests, unless it has only one.
        _ => shared.turn.fetch_add(1, Ordering::Relaxed) % 2,
    }
}

/// Two `serve` of a case's own.
async fn pair(installation: &Installation, options: &Options) -> Vec<Instance> {
    let (one, two) =
        tokio::join!(installation.serve(&options.environment), installation.serve(&options.environment));
    vec![one, two]
}

fn new_key(ran: &Ran) -> String {
    ran.json()["apiKey"].as_str().expect("a key").to_owned()
}
