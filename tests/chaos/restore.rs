//! The restore drill of docs/operations.md on the embedded engine: the steps are taken from the page as they
//! stand there. Lost key store, org keys and read model come back from a backup; what was erased after it stays
//! erased; what came after it is there again, from the log.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use domain::event::{CustomerErased, Event};
use domain::ids::{CustomerId, CustomerRef, EventId, OrgId};
use domain::outcome::{ErasureAnnounced, Outcome};
use domain::ports::{DataKey, EventLog as _, KeyRows as _, Topic};
use domain::sealed::{Purpose, Purposes};
use domain::time::Timestamp;
use event_codec::{Codec, Meta};
use serde_json::{Value, json};
use store_sqlite::{SqliteKeys, SqliteLog, SqliteLogOptions};

use system_tests::client::{Api, declined, text};
use system_tests::drill::steps;
use system_tests::harness::ContractHarness as _;
use system_tests::patience::until;
use system_tests::sandbox::Sandbox;

/// Runs the page's block of that name.
fn drill(name: &str, sandbox: &Sandbox) {
    let steps = steps(name);
    let mut shell = Command::new("bash");
    shell.args(["-euo", "pipefail", "-c", steps]).env("DATA", sandbox.folder());
    for place in ["BACKUP", "BACKUP_KMS"] {
        shell.env(place, sandbox.scratch(&place.to_lowercase()));
    }
    assert!(shell.status().expect("bash runs").success(), "{name}: {steps}");
}

/// Opens the key store beside the program, or of a program that stopped.
fn keys(folder: &Path) -> Arc<SqliteKeys> {
    SqliteKeys::open(&folder.join("keystore")).expect("a key store")
}

async fn has_keys(folder: PathBuf, customer: &CustomerRef) -> bool {
    let row = keys(&folder).get(customer).await.expect("read").expect("a key row");
    let active = row.keys.iter().filter(|key| matches!(key, DataKey::Active { .. })).count();
    assert!(active == 0 || active == row.keys.len(), "all go at once");
    active > 0
}

/// As compliance's eraser does: the fact, its announcement, then the keys.
async fn erase(folder: &Path, customer: &CustomerRef) {
    let log = SqliteLog::open(&folder.join("log"), SqliteLogOptions::default()).expect("a log");
    let (codec, meta) = (Codec::committed(), Meta { time: Timestamp::default(), traceparent: None });
    let (id, purposes) = (EventId::from_bytes([7; 16]), Purpose::ALL.into_iter().collect::<Purposes>());
    let event =
        Event::CustomerErased(CustomerErased { event_id: id.clone(), customer: customer.clone(), purposes });
    let outcome = Outcome::CustomerErased(ErasureAnnounced { id, customer: customer.clone(), purposes });
    let event = codec.event(&event, &meta).expect("encoded");
    log.append(Topic::Events, event).await.expect("appended");
    log.append(Topic::Outcomes, codec.outcome(&outcome, &meta).expect("encoded")).await.expect("appended");
    assert!(keys(folder).destroy(customer, purposes).await.expect("destroyed"));
}

async fn reasons(api: &Api, customer: &str) -> Vec<Value> {
    let kyc = api.kyc(customer).await;
    let rows = kyc["verifications"].as_array().expect("rows");
    rows.iter().map(|row| row["reason"].clone()).collect()
}

async fn gone(api: &Api, customer: &str) {
    let path = format!("/api/customers/{customer}");
    until("the erased customer's 404", async || (api.get(&path).await.status == 404).then_some(())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_restored_reads_again_and_what_was_erased_since_does_not() {
    let mut sandbox = Sandbox::start().await;
    let api = sandbox.api();
    let (kept, erased) = (api.customer("Siti Contoh").await, api.customer("Budi Contoh").await);
    for customer in [&kept, &erased] {
        api.verdict(&declined(customer, "Data ganda")).await.expect(200);
    }
    assert_eq!(sandbox.sigterm().await.code(), Some(0));
    drill("backup", &sandbox);

    sandbox.restart().await;
    let api = sandbox.api();
    api.verdict(&declined(&kept, "Kuota habis")).await.expect(200);
    let org = OrgId::parse(&sandbox.info().org).expect("an id");
    let whom = CustomerRef::new(org, CustomerId::parse(&erased).expect("an id"));
    erase(&sandbox.folder(), &whom).await;
    gone(&api, &erased).await;
    let before = api.rows("limit=100").await;
    assert_eq!(sandbox.sigterm().await.code(), Some(0));

    drill("restore", &sandbox);
    assert!(has_keys(sandbox.folder(), &whom).await, "the backup has the keys that were promised to be gone");
    sandbox.restart().await;
    assert!(!has_keys(sandbox.folder(), &whom).await, "nothing is served before they are gone again");
    assert!(sandbox.output().contains("keys of erased customers were still there"));
    let api = sandbox.api();
    gone(&api, &erased).await;
    assert_eq!(api.verdict(&declined(&erased, "Data ganda")).await.status, 404);
    until("what came after the backup", async || {
        (reasons(&api, &kept).await == [json!("Kuota habis"), json!("Data ganda")]).then_some(())
    })
    .await;
    until("the same rows as before", async || (api.rows("limit=100").await == before).then_some(())).await;
    // What is sealed from now on, under the restored keys, opens too.
    let id = api.verdict(&declined(&kept, "Tidak ditemukan")).await.expect(200)["verification"]["id"].clone();
    let row = api.get(&format!("/api/identity/verifications/{}", text(&id))).await.expect(200);
    assert_eq!(row["reason"], "Tidak ditemukan");

    let rows = api.rows("limit=100").await;
    assert_eq!(sandbox.sigterm().await.code(), Some(0));
    drill("rebuild", &sandbox);
    sandbox.restart().await;
    let api = sandbox.api();
    until("the read model, from the log", async || (api.rows("limit=100").await == rows).then_some(())).await;
    gone(&api, &erased).await;
}
