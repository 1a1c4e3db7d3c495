//! What an erasure does to answers.

use std::sync::Arc;

use domain::event::{CustomerErased, Event};
use domain::ids::{CustomerId, CustomerRef, EventId};
use domain::ports::Topic;
use domain::sealed::{Purpose, Purposes};
use domain::time::Timestamp;
use event_codec::Meta;
use serde_json::Value;

use crate::harness::{TestApp, VERDICTS, declined, until, verified};

/// Erases as the eraser does: the event, then the keys; and waits until the read model knows.
async fn erase(app: &TestApp, customer: &str, purposes: &[Purpose]) {
    let id = CustomerId::parse(customer).expect("an id");
    let customer = CustomerRef::new(app.org.org.org.clone(), id);
    let purposes: Purposes = purposes.iter().copied().collect();
    let event = Event::CustomerErased(CustomerErased {
        event_id: EventId::from_bytes(vault::random_id()),
        customer: customer.clone(),
        purposes,
    });
    let state = &app.instance.app;
    let record = state.codec.event(&event, &Meta { time: Timestamp::default(), traceparent: None });
    state.log.append(Topic::Events, record.expect("encoded")).await.expect("appended");
    assert!(state.vault.destroy(&customer, purposes).await.expect("destroyed"));
    until("the erasure is projected", || {
        let (state, customer) = (Arc::clone(state), customer.clone());
        async move {
            let generation = state.views.generation().await.expect("a generation");
            let seen = state.views.customer(generation, &customer).await.expect("a state");
            seen.is_some_and(|seen| seen.erased == purposes)
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_erased_customer_is_404_and_its_rows_stay_without_their_reason() {
    let app = TestApp::start().await;
    let customer = app.customer().await;
    let id = app.post(VERDICTS, &declined(&customer)).await.body["verification"]["id"].clone();
    erase(&app, &customer, &[Purpose::Profile]).await;
    for path in [format!("/api/customers/{customer}"), format!("/api/identity/kyc/{customer}")] {
        assert_eq!(app.get(&path).await.status, 404, "{path}");
    }
    assert_eq!(app.post(VERDICTS, &declined(&customer)).await.status, 404);
    let attempts = app.get("/api/identity/attempts").await.body;
    assert_eq!(attempts["total"], 1);
    assert_eq!(attempts["data"][0]["reason"], Value::Null);
    assert_eq!(attempts["data"][0]["reasonCategory"], "not_found");
    let id = id.as_str().expect("an id");
    let row = app.get(&format!("/api/identity/verifications/{id}")).await;
    assert_eq!((row.status, &row.body["reason"]), (200, &Value::Null));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_withdrawn_biometric_consent_refuses_photos_only() {
    let app = TestApp::start().await;
    let customer = app.customer().await;
    assert_eq!(app.post(VERDICTS, &verified(&customer)).await.status, 200);
    erase(&app, &customer, &[Purpose::Biometric]).await;
    let heard = app.post(VERDICTS, &verified(&customer)).await;
    assert_eq!((heard.status, heard.error()), (409, "biometric consent withdrawn"));
    assert_eq!(app.post(VERDICTS, &declined(&customer)).await.status, 200);
    assert_eq!(app.get(&format!("/api/customers/{customer}")).await.status, 200);
}
