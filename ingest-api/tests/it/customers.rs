//! Customers over HTTP.

use serde_json::{Value, json};

use crate::harness::{TestApp, VERDICTS, declined, hear, many, new_org};
use domain::event::Fingerprint;
use domain::ids::{CustomerId, CustomerRef, EventId};
use domain::orgs::Scope;
use domain::ports::PendingStep;
use domain::time::Timestamp;
use reqwest::Method;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_customer_is_registered_and_read_back() {
    let app = TestApp::start().await;
    let body = json!({ "fullName": "Contoh Nasabah", "externalId": "CIF 1/ä", "nickname": "S" });
    let made = app.post("/api/customers", &body).await;
    assert_eq!((made.status, made.header("x-ignored-fields")), (201, Some("nickname")), "{made:?}");
    let id = made.body["id"].as_str().expect("an id");
    assert_eq!(made.body["kycLevel"], "none");
    assert_eq!(made.body["createdAt"].as_str().map(str::len), Some(24));
    assert_eq!(app.get(&format!("/api/customers/{id}")).await.body, made.body);
    assert_eq!(app.get("/api/customers?externalId=CIF%201%2F%C3%A4").await.body, made.body);
    assert_eq!(app.get("/api/customers?externalId=other").await.status, 404);
    assert_eq!(app.get("/api/customers").await.field_errors("externalId"), 1);
    let plain = app.post("/api/customers", &json!({ "fullName": "Budi", "externalId": null })).await;
    assert_eq!((plain.status, &plain.body["externalId"]), (201, &Value::Null));
    for (bad, field) in [
        (json!({}), "fullName"),
        (json!({ "fullName": "" }), "fullName"),
        (json!({ "fullName": 1 }), "fullName"),
        (json!({ "fullName": "a", "externalId": 1 }), "externalId"),
    ] {
        let heard = app.post("/api/customers", &bad).await;
        assert_eq!((heard.status, heard.field_errors(field)), (400, 1), "{bad}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_orgs_customer_is_as_good_as_none() {
    let app = TestApp::start().await;
    let customer = app.customer().await;
    let theirs = new_org(&app.instance, Scope::STANDARD.to_vec(), many()).await;
    let key = theirs.key.text.expose();
    let verdict = app.request_as(key, Method::POST, VERDICTS).json(&declined(&customer));
    let heard = hear(verdict).await;
    assert_eq!((heard.status, heard.error()), (404, "not found"));
    for path in [format!("/api/customers/{customer}"), format!("/api/identity/kyc/{customer}")] {
        assert_eq!(hear(app.request_as(key, Method::GET, &path)).await.status, 404, "{path}");
    }
    let mine = app.post(VERDICTS, &declined(&customer)).await;
    let id = mine.body["verification"]["id"].as_str().expect("an id");
    let path = format!("/api/identity/verifications/{id}");
    let heard = hear(app.request_as(key, Method::GET, &path)).await;
    assert_eq!((heard.status, heard.header("retry-after")), (404, Some("1")));
    let path = format!("/api/identity/attempts?customerId={customer}");
    assert_eq!(hear(app.request_as(key, Method::GET, &path)).await.body["total"], 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kyc_as_of_a_time_is_as_it_was_then() {
    let app = TestApp::start().await;
    let customer = app.customer().await;
    let path = format!("/api/identity/kyc/{customer}");
    let made = app.get(&format!("/api/customers/{customer}")).await.body["createdAt"].clone();
    let made = made.as_str().expect("a time").to_owned();
    app.post(VERDICTS, &crate::harness::verified(&customer)).await;
    let now = app.get(&path).await.body;
    let verified_at = now["verifications"][0]["createdAt"].as_str().expect("a time").to_owned();
    assert_eq!(app.get(&format!("{path}?asOf={verified_at}")).await.body, now, "inclusive");
    if made < verified_at {
        let before = app.get(&format!("{path}?asOf={made}")).await.body;
        assert_eq!((&before["customer"]["kycLevel"], &before["eligible"]), (&json!("none"), &json!(false)));
        assert_eq!((&before["verifications"], &before["history"]), (&json!([]), &json!([])));
    }
    assert_eq!(app.get(&format!("{path}?asOf=2020-01-01T00:00:00Z")).await.status, 404);
    assert_eq!(app.get(&format!("{path}?asOf=then")).await.field_errors("asOf"), 1);
    let later = app.get(&format!("{path}?asOf=2099-01-01T00:00:00Z")).await.body;
    assert_eq!(later["eligible"], false, "expired by then");
}

/// A registration that claimed an external id and broke off before it had keys; another one that took its place, and
/// broke off too; then the first again. Its name is given up for ever, its key is not.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_whose_name_another_registration_took_and_gave_up_goes_on_under_its_next_name() {
    let app = TestApp::start().await;
    let state = &app.instance.app;
    let org = &app.org.org;
    let ids = &state.directory.org(&org.org).expect("the org").ids;
    for (number, body) in
        [json!({ "fullName": "Budi Santoso", "externalId": "CIF-1" }), json!({ "fullName": "Budi Santoso" })]
            .iter()
            .enumerate()
    {
        let (key, taken) = (format!("first-{number}"), format!("CIF-{}", number + 1));
        let name = ids.named(CustomerId::PREFIX, "/api/customers", None, &key);
        let customer = CustomerRef::new(org.org.clone(), CustomerId::from_bytes(name));
        let hmac = ids.external_id_hmac(&taken);
        state.external_ids.claim(&org.org, hmac, &customer.customer).await.expect("claimed");
        let fresh = state.vault.generate(&customer, org.suite).await.expect("keys");
        let other = EventId::from_bytes(vault::random_id());
        let fingerprint = Fingerprint([7; 32]);
        let stored = state.vault.store(fresh, other, fingerprint, Some(hmac), Timestamp::EPOCH).await;
        drop(stored.expect("stored"));
        let given_up = state.vault.advance_pending(&customer, Timestamp::EPOCH, PendingStep::Abandon).await;
        assert!(given_up.expect("asked"));
        let register =
            || app.request(Method::POST, "/api/customers").header("idempotency-key", &key).json(body);
        let made = hear(register()).await;
        assert_eq!(made.status, 201, "{made:?}");
        let again = hear(register()).await;
        assert_eq!((again.status, &again.body["id"]), (201, &made.body["id"]), "{again:?}");
        assert_ne!(made.body["id"], customer.customer.as_str());
    }
}
