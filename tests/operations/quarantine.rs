//! `projector quarantine list|show|drain`.

use bytes::Bytes;
use domain::ports::{NewRecord, Topic};
use engine::{Engine, Role};
use serde_json::{Value, json};

use crate::world::{World, world};
use system_tests::client::{VERDICT, verified};
use system_tests::patience;
use system_tests::patience::until;

/// A record of the customer that nobody can read.
async fn append_garbage(world: &World, customer: &str) {
    let engine = Engine::open(&world.installation.config(), Role::Tool).await.expect("an engine");
    let key = world.reference(customer).record_key().into();
    let value = Bytes::from_static(b"\0\0\0");
    let record = NewRecord { key, headers: Vec::new(), value };
    engine.log.append(Topic::Events, record).await.expect("appended");
    engine.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_quarantined_customer_is_listed_shown_and_drained() {
    let world = world().await;
    let customer = patience::customer(&world.each[0], "Nasabah Karantina").await;
    append_garbage(&world, &customer).await;
    let accepted = world.each[1].post(VERDICT, &[("prefer", "respond-async")], &verified(&customer)).await;
    accepted.expect(202);
    let name = world.reference(&customer).record_key();
    let quarantine =
        async |words: &[&str]| world.projector(&[&["quarantine"], words, &["--json"]].concat()).await;

    let listed = until("both to wait", async || {
        let listed = quarantine(&["list"]).await.json();
        let ours = listed.as_array()?.iter().find(|of| of["customerId"] == customer.as_str())?.clone();
        (ours["waiting"] == 2).then_some(ours)
    })
    .await;
    assert_eq!((&listed["orgId"], &listed["cause"]), (&json!(world.org), &json!("not_decodable")));
    assert_eq!(world.each[0].kyc(&customer).await["customer"]["kycLevel"], "none", "its verdict waits");

    let shown = quarantine(&["show", &name]).await.json();
    assert_eq!(shown["events"][0]["unappliable"], "not_decodable");
    assert_eq!(shown["events"][1]["unappliable"], Value::Null);

    let refused = quarantine(&["drain", &name]).await;
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(refused.stderr.contains("1 of 2 events that wait cannot be applied"), "{refused:?}");
    let released = quarantine(&["drain", &name, "--skip-unappliable"]).await.json();
    assert_eq!((&released["applied"], &released["deadLettered"]), (&json!(1), &json!(1)), "{released}");
    for api in &world.each {
        assert_eq!(api.kyc(&customer).await["customer"]["kycLevel"], "standard");
    }
    let listed = quarantine(&["list"]).await.json();
    let listed = listed.as_array().expect("a list");
    assert!(listed.iter().all(|of| of["customerId"] != customer.as_str()), "{listed:?}");
    let again = quarantine(&["drain", &name]).await;
    assert!(again.code == Some(1) && again.stderr.contains("is not quarantined"), "{again:?}");
}
