//! An instance in a folder of its own, an org, a key, and words to talk to it with.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::time::{Duration, Instant};

use data_encoding::BASE64;
use domain::orgs::{Capability, Environment, RateBucket, RateLimits, Scope};
use engine::config::Config;
use engine::{Engine, Role};
use ingest_api::compose::Instance;
use ingest_api::sandbox::SAMPLE_PHOTO;
use org_directory::orgs::{CreatedOrg, EvidenceKey, NewOrg, OrgChange, Orgs};
use reqwest::{Client, Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};
use service::telemetry::metrics;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

/// How long a condition may take to become true before the test has failed.
const DEADLINE: Duration = Duration::from_secs(20);

/// Limits that no test but those of limits comes near.
pub(crate) fn many() -> RateLimits {
    RateBucket::ALL.into_iter().map(|bucket| (bucket, 0)).collect()
}

/// A running instance.
pub(crate) struct TestApp {
    pub(crate) instance: Instance,
    pub(crate) org: CreatedOrg,
    pub(crate) client: Client,
    dir: TempDir,
}

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Heard {
    pub(crate) status: u16,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) body: Value,
}

impl Heard {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    pub(crate) fn error(&self) -> &str {
        self.body["error"].as_str().unwrap_or_default()
    }

    pub(crate) fn field_errors(&self, field: &str) -> usize {
        self.body["details"]["fieldErrors"][field].as_array().map_or(0, Vec::len)
    }
}

impl TestApp {
    pub(crate) async fn start() -> Self {
        Self::with(|_| {}).await
    }

    pub(crate) async fn with(change: impl FnOnce(&mut Config)) -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let mut config = Config::sandbox(&dir.path().join("data")).expect("settings");
        config.api.listen = "127.0.0.1:0".parse().expect("an address");
        config.api.admin_listen = config.api.listen.clone();
        config.api.workers = 2;
        // A test that says nothing of waiting is not about it.
        config.api.wait_default = config.api.wait_max;
        change(&mut config);
        let stop = CancellationToken::new();
        let instance = Box::pin(Instance::start(&config, metrics().expect("metrics"), &stop))
            .await
            .expect("an instance");
        let org = new_org(&instance, Scope::STANDARD.to_vec(), many()).await;
        Self { instance, org, client: Client::new(), dir }
    }

    /// The same data folder, from beside it.
    pub(crate) async fn engine(&self) -> Engine {
        let config = Config::sandbox(&self.dir.path().join("data")).expect("settings");
        Engine::open(&config, Role::Tool).await.expect("an engine")
    }

    pub(crate) fn key(&self) -> &str {
        self.org.key.text.expose()
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.request_as(self.key(), method, path)
    }

    pub(crate) fn request_as(&self, key: &str, method: Method, path: &str) -> RequestBuilder {
        let url = format!("{}{path}", self.instance.url);
        self.client.request(method, url).bearer_auth(key)
    }

    pub(crate) async fn get(&self, path: &str) -> Heard {
        hear(self.request(Method::GET, path)).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Heard {
        hear(self.request(Method::POST, path).json(body)).await
    }

    /// Posts a verdict as these bytes, with these headers.
    pub(crate) async fn verdict(&self, body: impl Into<Vec<u8>>, headers: &[(&str, &str)]) -> Heard {
        let mut request = self.request(Method::POST, VERDICTS).header("content-type", "application/json");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        hear(request.body(body.into())).await
    }

    /// A new customer's id.
    pub(crate) async fn customer(&self) -> String {
        let heard = self.post("/api/customers", &json!({ "fullName": "Contoh Nasabah" })).await;
        assert_eq!(heard.status, 201, "{heard:?}");
        heard.body["id"].as_str().expect("an id").to_owned()
    }

    pub(crate) async fn change_org(&self, change: OrgChange) {
        let orgs = Orgs::new(&self.instance.engine);
        let record = orgs.set(&self.org.org.org, change).await.expect("changed");
        let heard = self
            .instance
            .app
            .directory
            .wait_for(|directory| directory.org(&record.org).is_some_and(|entry| entry.record == record));
        tokio::time::timeout(DEADLINE, heard).await.expect("the directory follows");
    }

    /// The raw connection's address.
    pub(crate) fn address(&self) -> &str {
        self.instance.url.strip_prefix("http://").expect("plaintext")
    }

    /// How many verifications the org has.
    pub(crate) async fn total(&self) -> u64 {
        self.get("/api/identity/attempts").await.body["total"].as_u64().expect("a total")
    }
}

pub(crate) const VERDICTS: &str = "/api/identity/nik/dukcapil";

/// Makes an org with a key, and waits until the instance knows it.
pub(crate) async fn new_org(instance: &Instance, scopes: Vec<Scope>, limits: RateLimits) -> CreatedOrg {
    let key_dir = instance.engine.data_dir().expect("embedded").compliance();
    let new = NewOrg {
        name: "Bank Contoh".to_owned(),
        environment: Environment::Sandbox,
        capabilities: [Capability::DukcapilEnabled].into_iter().collect(),
        limits,
        scopes,
        evidence: EvidenceKey::Generate { key_dir },
    };
    let created = Orgs::new(&instance.engine).create(new).await.expect("an org");
    let digest = created.key.text.sha256();
    let heard = instance.app.directory.wait_for(|directory| directory.key_by_sha256(&digest).is_some());
    tokio::time::timeout(DEADLINE, heard).await.expect("the directory follows");
    created
}

pub(crate) async fn hear(request: RequestBuilder) -> Heard {
    let response = request.send().await.expect("an answer");
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let text = response.text().await.expect("a body");
    let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
    let heard = Heard { status, headers, body };
    assert!(heard.header("x-request-id").is_some(), "{heard:?}");
    if StatusCode::from_u16(status).is_ok_and(|status| status.as_u16() >= 400) {
        assert!(!heard.error().is_empty() && heard.body["code"].is_string(), "{heard:?}");
    }
    heard
}

pub(crate) fn photo() -> String {
    BASE64.encode(SAMPLE_PHOTO)
}

pub(crate) fn verified(customer: &str) -> Value {
    json!({ "customerId": customer, "valid": true, "photo": photo(), "reason": "Data sesuai", "raw": { "responseCode": "00" } })
}

pub(crate) fn declined(customer: &str) -> Value {
    json!({ "customerId": customer, "valid": false, "reason": "NIK tidak ditemukan" })
}

/// Asks again until it holds.
pub(crate) async fn until<F: Future<Output = bool>>(what: &str, holds: impl Fn() -> F) {
    let deadline = Instant::now() + DEADLINE;
    while !holds().await {
        assert!(Instant::now() < deadline, "never came true: {what}");
        tokio::task::yield_now().await;
    }
}

/// Sends bytes as they are, then hears what comes until the connection ends. Half-closes after sending if
/// wanted.
pub(crate) async fn raw(address: &str, bytes: Vec<u8>, half_close: bool) -> String {
    let address = address.to_owned();
    tokio::task::spawn_blocking(move || {
        let mut stream = TcpStream::connect(address).expect("connected");
        stream.set_read_timeout(Some(DEADLINE)).expect("set");
        stream.write_all(&bytes).expect("nobody resets while we send");
        if half_close {
            stream.shutdown(Shutdown::Write).expect("half-closed");
        }
        let mut heard = Vec::new();
        stream.read_to_end(&mut heard).expect("nobody resets while we read");
        String::from_utf8_lossy(&heard).into_owned()
    })
    .await
    .expect("no panic")
}
