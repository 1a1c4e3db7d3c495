//! What a case of the contract asks of the place it runs in, whichever engine that is: an org, a key and a customer,
//! the API, and what the installation keeps. A sandbox is one such place (`sandbox.rs`), an org of its own on two
//! instances of each program another (`../distributed/harness.rs`).

use std::path::PathBuf;

use domain::ports::{StoredRecord, Topic};
use engine::Config;
use event_codec::{RecordType, record_type};
use serde_json::Value;

use crate::client::{Api, text};
use crate::evidence::{self, KeptVerdict};
use crate::portraits;
use crate::process::ProgramOutput;

/// The folder of face models, as a setting in the environment.
pub const MODELS_SETTING: &str = "IDENTITY_FACE__MODELS_DIR";

/// An org, its key and a customer, and where they are served: the fields of a sandbox's `sandbox.json`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrgAccess {
    pub url: String,
    pub admin_url: String,
    pub org: String,
    pub key: String,
    pub customer: String,
}

/// An installation as far as a case of the contract knows it.
pub trait ContractHarness: Sized {
    /// With the settings that an operator gets by default, but for a long wait.
    fn start() -> impl Future<Output = Self>;

    /// One that nobody shares, so that it may be killed.
    fn alone() -> impl Future<Output = Self>;

    /// One that nobody shares, with these settings in its environment.
    fn with_settings(settings: &[(&str, &str)]) -> impl Future<Output = Self>;

    /// One that nobody shares, with the face models, whose callers wait long: none where they were not fetched.
    fn with_models() -> impl Future<Output = Option<Self>> {
        async {
            let folder = portraits::models()?;
            let folder = folder.to_str().expect("a path that is text");
            let settings = [(MODELS_SETTING, folder), ("IDENTITY_API__WAIT_DEFAULT_MS", "10000")];
            Some(Self::with_settings(&settings).await)
        }
    }

    fn info(&self) -> &OrgAccess;

    /// The settings, as the programs read them.
    fn config(&self) -> Config;

    /// The API with the org's key.
    fn api(&self) -> Api;

    /// Everything that the programs said.
    fn output(&self) -> String;

    /// A place for a test's own files.
    fn scratch(&self, name: &str) -> PathBuf;

    /// Power cut.
    fn kill9(&mut self) -> impl Future<Output = ()>;

    /// Starts again what was killed.
    fn restart(&mut self) -> impl Future<Output = ()>;

    /// `orgs …` on this installation.
    fn orgs(&self, arguments: &[&str]) -> impl Future<Output = ProgramOutput>;

    /// `staff …` on this installation.
    fn staff(&self, arguments: &[&str]) -> impl Future<Output = ProgramOutput>;

    /// `fallback …` on this installation.
    fn fallback(&self, arguments: &[&str]) -> impl Future<Output = ProgramOutput>;

    /// `compliance …` on this installation, beside whoever serves it.
    fn compliance(&self, arguments: &[&str]) -> impl Future<Output = ProgramOutput>;

    /// Waits until a key that `orgs` has just made works.
    fn until_it_works(&self, api: &Api) -> impl Future<Output = ()>;

    /// The management listener.
    fn admin(&self) -> Api {
        Api::new(&self.info().admin_url, "")
    }

    /// `host:port` of the API.
    fn address(&self) -> String {
        self.info().url.strip_prefix("http://").expect("plaintext on loopback").to_owned()
    }

    /// Every verdict of an org, in clear.
    fn kept(&self, org: &str) -> impl Future<Output = Vec<KeptVerdict>> {
        async { evidence::verdicts(&self.config(), org).await }
    }

    /// The records of the org.
    fn records(&self, topic: Topic) -> impl Future<Output = Vec<StoredRecord>> {
        async move { evidence::records(&self.config(), topic, &self.info().org).await }
    }

    /// The evidence of the org: what it has in the audit log but what is written whatever a case does meanwhile: records
    /// of reads, as a minute ends, and how an hour's secret was shared.
    fn evidence(&self) -> impl Future<Output = Vec<StoredRecord>> {
        async move {
            let mut records = self.records(Topic::Audit).await;
            records.retain(|record| {
                let kind = record_type(record);
                !matches!(
                    kind,
                    Some(
                        RecordType::PersonalDataRead
                            | RecordType::EvidenceSecretShared
                            | RecordType::SignerSetChanged
                    )
                )
            });
            records
        }
    }

    /// The folder of the signers that the installation makes for sandboxes.
    fn compliance_dir(&self) -> PathBuf {
        self.config().compliance_key_dir()
    }

    /// Gives an org of environment `live` its first signers.
    fn give_signers(&self, org: &str) -> impl Future<Output = ()> {
        async { evidence::give_signers(&self.config(), org).await }
    }

    /// `orgs …` that must succeed: the JSON it prints.
    fn orgs_json(&self, arguments: &[&str]) -> impl Future<Output = Value> {
        async { self.orgs(arguments).await.json() }
    }

    /// Another org; its id and its key, which already works.
    fn org(&self, flags: &[&str]) -> impl Future<Output = (String, Api)> {
        async move {
            let made = self.orgs_json(&[&["create", "--name", "Bank Lain"], flags].concat()).await;
            let api = self.api().with_key(text(&made["apiKey"]));
            self.until_it_works(&api).await;
            (text(&made["orgId"]).to_owned(), api)
        }
    }

    /// Another key of an org, which already works: its id and the API with it.
    fn key(&self, org: &str, flags: &[&str]) -> impl Future<Output = (String, Api)> {
        async move {
            let made = self.orgs_json(&[&["keys", "create", org], flags].concat()).await;
            let api = self.api().with_key(text(&made["apiKey"]));
            self.until_it_works(&api).await;
            (text(&made["keyId"]).to_owned(), api)
        }
    }
}
