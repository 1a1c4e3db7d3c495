//! What an erasure does to answers.

use std::sync::Arc;

use domain::event::{CustomerErased, Event};
use domain::ids::{CustomerId, CustomerRef, EventId};
use domain::outcome::{ErasureAnnounced, Outcome};
use domain::ports::{DataKey, Topic};
use domain::sealed::{Purpose, Purposes};
use domain::time::Timestamp;
use event_codec::Meta;
use serde_json::{Value, json};

use crate::harness::{TestApp, VERDICTS, declined, hear, until, verified};

/// Says that it is erased, as the eraser does before it destroys a key: in the events and in the outcomes.
async fn announce(app: &TestApp, customer: &str, purposes: &[Purpose]) -> (CustomerRef, Purposes) {
    let id = CustomerId::parse(customer).expect("an id");
    let customer = CustomerRef::new(app.org.org.org.clone(), id);
    let purposes: Purposes = purposes.iter().copied().collect();
    let id = EventId::from_bytes(vault::random_id());
    let meta = Meta { time: Timestamp::default(), traceparent: None };
    let event =
        Event::CustomerErased(CustomerErased { event_id: id.clone(), customer: customer.clone(), purposes });
    let outcome = Outcome::CustomerErased(ErasureAnnounced { id, customer: customer.clone(), purposes });
    let state = &app.instance.app;
    let event = state.codec.event(&event, &meta).expect("encoded");
    state.log.append(Topic::Events, event).await.expect("appended");
    let outcome = state.codec.outcome(&outcome, &meta).expect("encoded");
    state.log.append(Topic::Outcomes, outcome).await.expect("appended");
    (customer, purposes)
}

/// Erases as the eraser does: the event, then the keys; and waits until the read model knows.
async fn erase(app: &TestApp, customer: &str, purposes: &[Purpose]) {
    let (customer, purposes) = announce(app, customer, purposes).await;
    let state = &app.instance.app;
    assert!(state.vault.destroy(&customer, purposes).await.expect("destroyed"));
    until("the erasure is projected", || {
        let (state, customer) = (Arc::clone(state), customer.clone());
        async move {
            let generation = state.views.generation().await.expect("a generation");
            let seen = state.views.customer(generation, &customer).await.expect("a state");
            seen.is_some_and(|seen| purposes.iter().all(|purpose| seen.erased.contains(purpose)))
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

/// The eraser has said it and has not come to the keys yet, or was interrupted: nothing of it is shown any more.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_announced_as_erased_is_shown_no_more_while_its_keys_are_there() {
    let app = TestApp::start().await;
    let registration = json!({ "fullName": "Contoh Nasabah", "externalId": "CIF-11" });
    let register = async || {
        let request = app.request(reqwest::Method::POST, "/api/customers").header("idempotency-key", "reg");
        hear(request.json(&registration)).await
    };
    let customer = register().await.body["id"].as_str().expect("an id").to_owned();
    let id = app.post(VERDICTS, &declined(&customer)).await.body["verification"]["id"].clone();
    let id = id.as_str().expect("an id");
    assert_eq!(register().await.status, 201);

    announce(&app, &customer, &[Purpose::Biometric]).await;
    until("the photo's key counts as gone", async || {
        app.post(VERDICTS, &verified(&customer)).await.status == 409
    })
    .await;
    assert_eq!(app.get("/api/identity/attempts").await.body["data"][0]["reason"], "NIK tidak ditemukan");

    announce(&app, &customer, &[Purpose::Profile]).await;
    let verification = format!("/api/identity/verifications/{id}");
    until("the reason is gone", async || app.get(&verification).await.body["reason"].is_null()).await;
    assert_eq!(app.get("/api/identity/attempts").await.body["data"][0]["reason"], Value::Null);
    for path in [format!("/api/customers/{customer}"), format!("/api/identity/kyc/{customer}")] {
        until("the customer is gone", async || app.get(&path).await.status == 404).await;
    }
    assert_eq!(app.post(VERDICTS, &declined(&customer)).await.status, 404);
    let again = register().await;
    assert_eq!(again.status, 404, "{again:?}");
    // The keys are there still: it is all the announcement's doing.
    let engine = app.engine().await;
    let who = CustomerRef::new(app.org.org.org.clone(), CustomerId::parse(&customer).expect("an id"));
    let row = engine.keys.get(&who).await.expect("read").expect("a row");
    assert!(matches!(row.key(Purpose::Profile), DataKey::Active { .. }));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_verdict_that_was_answered_before_a_withdrawal_is_answered_again() {
    for (purpose, refused) in [
        (Purpose::Biometric, "biometric consent withdrawn"),
        (Purpose::Evidence, "evidence consent withdrawn"),
    ] {
        let app = TestApp::start().await;
        let customer = app.customer().await;
        let body = verified(&customer).to_string();
        let key = [("idempotency-key", "once")];
        let first = app.verdict(body.clone(), &key).await;
        assert_eq!(first.status, 200, "{first:?}");
        erase(&app, &customer, &[purpose]).await;

        let again = app.verdict(body.clone(), &key).await;
        assert_eq!((again.status, again.header("idempotency-replayed")), (200, Some("true")), "{again:?}");
        assert_eq!(again.body["verification"], first.body["verification"]);
        // Its present answer: an erased photo is no reference any more.
        let erased = purpose == Purpose::Biometric;
        assert_eq!(again.body["enrolment"].is_null(), erased, "{again:?}");
        assert_eq!(app.total().await, 1);

        // A first one is refused, with or without a key, and so is a dry run.
        for (key, query) in [(&[("idempotency-key", "other")][..], ""), (&[], ""), (&key[..], "?dryRun=true")]
        {
            let path = format!("{VERDICTS}{query}");
            let mut request = app.request(reqwest::Method::POST, &path);
            for (name, value) in key {
                request = request.header(*name, *value);
            }
            let heard = hear(request.header("content-type", "application/json").body(body.clone())).await;
            assert_eq!((heard.status, heard.error()), (409, refused), "{query}");
        }
        // Another body under the key is told from the first as long as there is a key to tell it with.
        let other = app.verdict(body.replace("Data sesuai", "Data lain"), &key).await;
        assert_eq!(other.status, if erased { 422 } else { 200 }, "{other:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_that_tells_an_external_id_outlives_its_profile() {
    let app = TestApp::start().await;
    let registration = json!({ "fullName": "Contoh Nasabah", "externalId": "CIF-15" });
    let customer = app.post("/api/customers", &registration).await.body["id"].clone();
    let customer = customer.as_str().expect("an id");
    let (who, purposes) = announce(&app, customer, &[Purpose::Profile]).await;
    let engine = app.engine().await;
    let hmac = engine.keys.get(&who).await.expect("read").expect("a row").external_id_hmac.expect("an HMAC");
    engine.external_ids.release(&who.org, hmac, &who.customer).await.expect("given free");
    assert!(app.instance.app.vault.destroy(&who, purposes).await.expect("destroyed"));
    assert_eq!(engine.keys.get(&who).await.expect("read").expect("a row").external_id_hmac, None);
    engine.close().await;
    let data = app.instance.engine.data_dir().expect("embedded").keystore();
    for file in std::fs::read_dir(data).expect("a folder") {
        let bytes = std::fs::read(file.expect("a file").path()).expect("read");
        assert!(!bytes.windows(32).any(|window| window == hmac), "it is in the store's files");
    }
    assert_eq!(app.post("/api/customers", &registration).await.status, 201);
}
