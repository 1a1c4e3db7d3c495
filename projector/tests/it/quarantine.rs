//! Quarantine, through the program.

use std::sync::Arc;

use domain::event::Fingerprint;
use domain::ids::{CustomerId, CustomerRef, EventId};
use domain::orgs::Suite;
use domain::ports::Topic;
use domain::time::Timestamp;
use serde_json::Value;
use testkit::memory::MemoryKeys;
use vault::StoredKeys;

use crate::cli::{Ran, projector};
use crate::world::{World, registered, until};

fn json(ran: &Ran) -> Value {
    assert_eq!(ran.code, Some(0), "{ran:?}");
    serde_json::from_str(&ran.stdout).expect("JSON")
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_applied_is_listed_shown_and_released_only_when_told() {
    let world = World::new(2).await;
    let customer = world.customers[0].customer().clone();
    world.append_garbage(&customer).await;
    world.append(&world.verdict(0, true)).await;
    let running = world.project("one");
    world.caught_up().await;

    let run = async |words: &[&str]| {
        let folder = world.folder.path().to_str().expect("a path");
        projector(&[&["quarantine"], words, &["--json", "--data-dir", folder]].concat()).await
    };
    let listed = json(&run(&["list"]).await);
    assert_eq!(listed.as_array().map(Vec::len), Some(1));
    assert_eq!(
        (&listed[0]["customerId"], &listed[0]["cause"], &listed[0]["waiting"]),
        (&customer.customer.as_str().into(), &"not_decodable".into(), &2.into())
    );
    let name = customer.record_key();
    let shown = json(&run(&["show", &name]).await);
    assert_eq!(shown["events"][0]["unappliable"], "not_decodable");
    assert_eq!(shown["events"][1]["unappliable"], Value::Null);

    let appended = world.all(Topic::Events).await.len();
    let refused = run(&["drain", &name]).await;
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(refused.stderr.contains("1 of 2 events that wait cannot be applied"), "{refused:?}");
    assert_eq!(world.all(Topic::Events).await.len(), appended, "nothing was appended");

    let released = json(&run(&["drain", &name, "--skip-unappliable"]).await);
    assert_eq!((&released["applied"], &released["deadLettered"]), (&1.into(), &1.into()));
    assert_eq!(json(&run(&["list"]).await), Value::Array(Vec::new()));
    let other = run(&["drain", &name]).await;
    assert!(other.code == Some(1) && other.stderr.contains("is not quarantined"), "{other:?}");
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_this_build_can_apply_is_drained() {
    let world = World::new(1).await;
    let id = CustomerRef::new(world.org.clone(), CustomerId::from_bytes(world.name("customer")));
    let event_id = EventId::from_bytes(world.name("registration"));
    let fresh = world.vault.generate(&id, Suite::Aes256GcmSiv).await.expect("keys");
    let stored =
        world.vault.store(fresh, event_id.clone(), Fingerprint([0; 32]), None, Timestamp::EPOCH).await;
    let StoredKeys::New(keys) = stored.expect("stored") else { panic!("a new customer") };
    // A projector by a key store that has other keys of this customer: none of its envelopes opens.
    let others = world.asking_vault(Some(Arc::new(MemoryKeys::default())));
    let wrong = others.generate(&id, Suite::Aes256GcmSiv).await.expect("keys");
    drop(others.store(wrong, event_id, Fingerprint([0; 32]), None, Timestamp::EPOCH).await.expect("stored"));
    world.append(&registered(&keys)).await;
    let running = world.project_by(others, "another key store's");
    until("it is a dead letter", async || world.all(Topic::DeadLetters).await.len() == 1).await;
    running.stop().await;
    let running = world.project("one");
    world.caught_up().await;

    let folder = world.folder.path().to_str().expect("a path");
    let words = ["quarantine", "drain", "--all", "--json", "--data-dir", folder];
    let drained = json(&projector(&words).await);
    assert_eq!((&drained["customerId"], &drained["applied"]), (&id.customer.as_str().into(), &1.into()));
    let ports = world.ports();
    until("it is registered", async || {
        let key = domain::rows::RowKey::State(id.clone());
        let row = ports.ports.projection.load(world.live().await, &[key]).await.expect("loaded").remove(0);
        matches!(row, Some(domain::rows::ViewRow::State(s)) if s.registration.is_some() && s.quarantine.is_none())
    })
    .await;
    running.stop().await;
}
