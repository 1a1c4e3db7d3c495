//! The restore drill of docs/operations.md on Kafka and Cassandra: the steps are taken from the page as they
//! stand there. The node comes back as it was at the backup, the log is newer; what was erased since stays erased,
//! what came since is there again.

use std::process::Command;

use domain::event::{CustomerErased, Event};
use domain::ids::{CustomerId, CustomerRef, EventId, OrgId};
use domain::outcome::{ErasureAnnounced, Outcome};
use domain::ports::{DataKey, Topic};
use domain::sealed::{Purpose, Purposes};
use domain::time::Timestamp;
use engine::{Engine, Role};
use event_codec::Meta;
use local_cluster::{Cassandra, CassandraOptions, CommitLog, KafkaOptions};
use serde_json::json;
use tempfile::TempDir;

use system_tests::client::{Api, declined};
use system_tests::drill::steps;
use system_tests::installation::{Installation, Instance, servers_or_leave};
use system_tests::patience;
use system_tests::patience::until;

/// Runs the page's block of that name.
fn drill(name: &str, node: &TempDir, backup: &TempDir) {
    let steps = steps(name);
    let mut shell = Command::new("bash");
    shell.args(["-euo", "pipefail", "-c", steps]);
    shell.env("NODE", node.path()).env("BACKUP", backup.path().join("node"));
    assert!(shell.status().expect("bash runs").success(), "{name}: {steps}");
}

/// A tool's look at the installation, beside whoever serves it.
async fn tool(installation: &Installation) -> Engine {
    Box::pin(Engine::open(&installation.config(), Role::Tool)).await.expect("opened")
}

async fn has_keys(installation: &Installation, customer: &CustomerRef) -> bool {
    let engine = tool(installation).await;
    let row = engine.keys.get(customer).await.expect("read").expect("a key row");
    engine.close().await;
    row.keys.iter().any(|key| matches!(key, DataKey::Active { .. }))
}

/// As compliance's eraser does: the fact, its announcement, then the keys.
async fn erase(installation: &Installation, customer: &CustomerRef) {
    let engine = tool(installation).await;
    let meta = Meta { time: Timestamp::default(), traceparent: None };
    let (id, purposes) = (EventId::from_bytes([7; 16]), Purpose::ALL.into_iter().collect::<Purposes>());
    let event =
        Event::CustomerErased(CustomerErased { event_id: id.clone(), customer: customer.clone(), purposes });
    let outcome = Outcome::CustomerErased(ErasureAnnounced { id, customer: customer.clone(), purposes });
    let event = engine.codec.event(&event, &meta).expect("encoded");
    engine.log.append(Topic::Events, event).await.expect("appended");
    let outcome = engine.codec.outcome(&outcome, &meta).expect("encoded");
    engine.log.append(Topic::Outcomes, outcome).await.expect("appended");
    assert!(engine.keys.destroy(customer, purposes).await.expect("destroyed"));
    engine.close().await;
}

fn node_of(installation: &mut Installation) -> &mut Cassandra {
    installation.cassandra.as_mut().expect("a Cassandra of its own")
}

/// One of each program.
async fn start(installation: &Installation, key: &str) -> (Instance, Instance, Api) {
    let projector = installation.project(&[]).await;
    let serve = installation.serve(&[]).await;
    let api = Api::new(serve.url(), key);
    until("the org's key", async || (api.get("/api/auth/me").await.status == 200).then_some(())).await;
    (serve, projector, api)
}

async fn stop(mut serve: Instance, mut projector: Instance) {
    serve.sigterm().await;
    projector.sigterm().await;
}

async fn gone(api: &Api, customer: &str) {
    let path = format!("/api/customers/{customer}");
    until("the erased customer's 404", async || (api.get(&path).await.status == 404).then_some(())).await;
}

async fn post(api: &Api, customer: &str, reason: &str) {
    patience::verdict(api, &declined(customer, reason)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_restored_from_before_an_erasure_serves_what_was_kept_and_not_what_was_erased() {
    servers_or_leave();
    let (node, backup) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let cassandra = CassandraOptions {
        data_dir: Some(node.path().to_owned()),
        commit_log: CommitLog::EveryWrite,
        ..CassandraOptions::default()
    };
    let mut installation = Installation::start(KafkaOptions::default(), cassandra, Vec::new()).await;
    let (org, key) = installation.org("Bank Contoh").await;
    let (serve, projector, api) = start(&installation, &key).await;
    let kept = patience::customer(&api, "Siti Contoh").await;
    let erased = patience::customer(&api, "Budi Contoh").await;
    for customer in [&kept, &erased] {
        post(&api, customer, "Data ganda").await;
    }
    stop(serve, projector).await;
    node_of(&mut installation).stop().expect("stopped");
    drill("node-backup", &node, &backup);
    node_of(&mut installation).restart().expect("started");

    let (serve, projector, api) = start(&installation, &key).await;
    post(&api, &kept, "Kuota habis").await;
    let id = |text: &str| CustomerId::parse(text).expect("an id");
    let whom = CustomerRef::new(OrgId::parse(&org).expect("an id"), id(&erased));
    erase(&installation, &whom).await;
    gone(&api, &erased).await;
    let before = api.rows("limit=100").await;
    stop(serve, projector).await;

    node_of(&mut installation).stop().expect("stopped");
    drill("node-restore", &node, &backup);
    node_of(&mut installation).restart().expect("started");
    assert!(has_keys(&installation, &whom).await, "the backup has the keys that were promised to be gone");
    let (serve, projector, api) = start(&installation, &key).await;
    assert!(!has_keys(&installation, &whom).await, "nothing is served before they are gone again");
    assert!(projector.output().contains("keys of erased customers were still there"));
    gone(&api, &erased).await;
    until("what came after the backup", async || {
        let kyc = api.kyc(&kept).await;
        let reasons = [&kyc["verifications"][0]["reason"], &kyc["verifications"][1]["reason"]];
        (reasons == [&json!("Kuota habis"), &json!("Data ganda")]).then_some(())
    })
    .await;
    until("the same rows as before", async || (api.rows("limit=100").await == before).then_some(())).await;
    post(&api, &kept, "Tidak ditemukan").await;
    until("no lag", async || {
        (projector.metric("identity_projector_lag_records", "partition").await == Some(0.0)).then_some(())
    })
    .await;
    stop(serve, projector).await;
}
