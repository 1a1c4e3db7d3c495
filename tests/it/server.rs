//! `ingest-api serve` on settings of its own: written, started, ready. Where it listens is what it says in its
//! log, so that no port is guessed.

use std::path::PathBuf;

use serde_json::Value;
use tempfile::TempDir;

use system_tests::client::{Api, text};
use system_tests::patience::until;
use system_tests::process::{Process, Program, Ran, command, run};

/// A folder with settings in it.
pub(crate) struct Place {
    folder: TempDir,
}

impl Place {
    /// The embedded engine beneath the folder, and whatever else is to be set; `{folder}` is the folder.
    pub(crate) fn new(more: &str) -> Self {
        let folder = TempDir::with_prefix("identity-serve-").expect("a folder");
        let place = Self { folder };
        place.write("identity.toml", &place.settings(more));
        place
    }

    fn settings(&self, more: &str) -> String {
        let path = self.folder.path().display().to_string();
        let engine = format!("[engine]\nkind = \"embedded\"\ndata_dir = \"{path}/data\"\n");
        engine + &more.replace("{folder}", &path)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn config(&self) -> String {
        self.path("identity.toml").to_str().expect("a path").to_owned()
    }

    /// Puts a file there all at once, in another's place if need be.
    pub(crate) fn write(&self, name: &str, content: &str) {
        let beside = self.path(&format!("{name}.new"));
        std::fs::write(&beside, content).expect("a file");
        std::fs::rename(&beside, self.path(name)).expect("its place");
    }

    /// `orgs …` on these settings.
    pub(crate) async fn orgs(&self, words: &[&str]) -> Ran {
        let config = self.config();
        run(["orgs"].iter().chain(words).copied().chain(["--config", config.as_str()])).await
    }

    /// A new org's key.
    pub(crate) async fn key(&self) -> String {
        let ran = self.orgs(&["create", "--name", "Bank Contoh", "--dukcapil-enabled"]).await;
        assert_eq!(ran.code, Some(0), "{ran:?}");
        let made: Value = serde_json::from_str(&ran.stdout).expect("JSON");
        text(&made["apiKey"]).to_owned()
    }

    /// Serves until it is ready.
    pub(crate) async fn serve(&self, flags: &[&str], environment: &[(&str, &str)]) -> Server {
        let mut starting = command(Program::IngestApi, &[]);
        starting.args(["serve", "--config", &self.config()]).args(flags).envs(environment.iter().copied());
        let mut process = Process::spawn(starting);
        let ready = until("readiness", async || {
            if let Some(status) = process.has_ended() {
                panic!("serve ended before it was ready: {status}");
            }
            let said = process.stderr();
            said.lines()
                .filter_map(|line| serde_json::from_str::<Value>(line).ok())
                .find(|line| line["message"] == "ready")
        })
        .await;
        let (url, admin_url) = (text(&ready["url"]).to_owned(), text(&ready["admin_url"]).to_owned());
        Server { process, url, admin_url }
    }
}

/// A running server.
pub(crate) struct Server {
    pub(crate) process: Process,
    pub(crate) url: String,
    pub(crate) admin_url: String,
}

impl Server {
    pub(crate) fn api(&self, key: &str) -> Api {
        Api::new(&self.url, key)
    }
}
