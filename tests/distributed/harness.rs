//! The harness of the contract's cases on the distributed engine: an org of its own on an installation with two
//! instances of each program, which all cases share. Writes go to one `serve` and reads to the other, so every case
//! is also one of "200 from one, and the other shows it". What does not belong here: servers and processes
//! (the library's `installation.rs`).

use std::path::PathBuf;

use engine::Config;
use system_tests::client::Api;
use system_tests::harness::{ContractHarness, MODELS_SETTING, OrgAccess};
use system_tests::installation::{Installation, Instance, settings};
use system_tests::patience::until;
use system_tests::portraits;
use system_tests::process::{Program, ProgramOutput};
use tempfile::TempDir;
use tokio::sync::OnceCell;

/// Partitions of `identity.events` by the settings' default: all of them have a projector before a case begins.
const PARTITIONS: usize = 12;

/// What all cases share.
pub(crate) struct Shared {
    pub(crate) installation: Installation,
    pub(crate) serves: [Instance; 2],
    pub(crate) projectors: [Instance; 2],
    /// An org whose new keys tell when an instance has heard of every change before them.
    marker: String,
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
        // The projectors of all cases read photos; whether an instance of `serve` relies on that is the case's.
        let models = portraits::models();
        let models =
            models.as_ref().and_then(|folder| folder.to_str()).map(|folder| (MODELS_SETTING, folder));
        let faces = settings(models.as_slice());
        let (one, two, three, four) = tokio::join!(
            installation.serve(&[]),
            installation.serve(&[]),
            installation.project(&faces),
            installation.project(&faces),
        );
        let shared = Self { installation, serves: [one, two], projectors: [three, four], marker };
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

/// An org of its own on the shared installation. Its case writes at one instance and reads at the other: half of the
/// cases this way round and half the other, since two instances that are the same are told apart by nothing else.
pub(crate) struct SharedOrg {
    shared: &'static Shared,
    /// At which of the two it writes.
    written: usize,
    /// The pair of `serve` that only this case speaks to, where it has one.
    own: Option<Vec<Instance>>,
    /// Settings in the environment of such a pair.
    settings: Vec<(String, String)>,
    info: OrgAccess,
    scratch: TempDir,
}

impl SharedOrg {
    async fn on(own: Option<Vec<Instance>>, settings: Vec<(String, String)>) -> Self {
        let shared = shared().await;
        let (org, key) = shared.installation.org("Bank Contoh").await;
        let info =
            OrgAccess { url: String::new(), admin_url: String::new(), org, key, customer: String::new() };
        let scratch = TempDir::with_prefix("identity-case-").expect("a folder");
        let mut here = Self { shared, written: written(), own, settings, info, scratch };
        here.find();
        here.known(&here.info.key).await;
        here.info.customer = here.api().customer("Nasabah Contoh").await;
        here
    }

    fn serves(&self) -> &[Instance] {
        self.own.as_deref().unwrap_or(&self.shared.serves)
    }

    fn find(&mut self) {
        let written = &self.serves()[self.written];
        (self.info.url, self.info.admin_url) = (written.url().to_owned(), written.admin_url.clone());
    }

    /// The API with the org's key at each instance alone.
    pub(crate) fn each(&self) -> Vec<Api> {
        self.serves().iter().map(|serve| Api::new(serve.url(), &self.info.key)).collect()
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

impl ContractHarness for SharedOrg {
    /// On the shared pair of `serve`.
    async fn start() -> Self {
        Self::on(None, Vec::new()).await
    }

    /// On a pair of `serve` that nobody shares.
    async fn alone() -> Self {
        Self::with_settings(&[]).await
    }

    async fn with_settings(pairs: &[(&str, &str)]) -> Self {
        let settings = settings(pairs);
        let own = pair(&shared().await.installation, &settings).await;
        Self::on(Some(own), settings).await
    }

    fn info(&self) -> &OrgAccess {
        &self.info
    }

    fn config(&self) -> Config {
        self.shared.installation.config()
    }

    /// Writes at one instance, reads at the other.
    fn api(&self) -> Api {
        Api::reading_at(&self.info.url, self.serves()[1 - self.written].url(), &self.info.key)
    }

    fn output(&self) -> String {
        self.serves().iter().map(Instance::output).collect()
    }

    fn scratch(&self, name: &str) -> PathBuf {
        self.scratch.path().join(name)
    }

    /// For both of its own instances.
    async fn kill9(&mut self) {
        for instance in self.own.as_mut().expect("only instances of its own are a case's to kill") {
            self.shared.installation.forget(instance);
            instance.kill9().await;
        }
    }

    async fn restart(&mut self) {
        assert!(self.own.is_some(), "only instances of its own are a case's to start");
        self.own = Some(pair(&self.shared.installation, &self.settings).await);
        self.find();
        self.known(&self.info.key).await;
    }

    /// What it changed is known to both instances then.
    async fn orgs(&self, arguments: &[&str]) -> ProgramOutput {
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

    async fn staff(&self, arguments: &[&str]) -> ProgramOutput {
        self.shared.installation.staff(arguments).await
    }

    async fn fallback(&self, arguments: &[&str]) -> ProgramOutput {
        let words = [&["fallback"], arguments].concat();
        self.shared.installation.tool(Program::IngestApi, &words).await
    }

    async fn compliance(&self, arguments: &[&str]) -> ProgramOutput {
        self.shared.installation.tool(Program::Compliance, arguments).await
    }

    /// `orgs` has waited for it.
    async fn until_it_works(&self, _: &Api) {}
}

/// The same at every run of a case: by its name, which the test harness gives its thread.
fn written() -> usize {
    let thread = std::thread::current();
    let name = thread.name().expect("a case runs on the thread that has its name");
    name.bytes().map(usize::from).sum::<usize>() % 2
}

/// Two `serve` of a case's own.
async fn pair(installation: &Installation, settings: &[(String, String)]) -> Vec<Instance> {
    let (one, two) = tokio::join!(installation.serve(settings), installation.serve(settings));
    vec![one, two]
}

fn new_key(ran: &ProgramOutput) -> String {
    ran.json()["apiKey"].as_str().expect("a key").to_owned()
}
