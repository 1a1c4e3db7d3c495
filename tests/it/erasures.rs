//! What an erasure does to answers. Erased is as compliance's eraser does it, beside the running sandbox: the fact
//! in the events, its announcement in the outcomes, then the keys.

use std::sync::Arc;

use domain::event::{CustomerErased, Event};
use domain::ids::{CustomerId, CustomerRef, EventId, OrgId};
use domain::outcome::{ErasureAnnounced, Outcome};
use domain::ports::{DataKey, Topic};
use domain::sealed::{Purpose, Purposes};
use domain::time::Timestamp;
use engine::{Engine, Role};
use event_codec::Meta;
use serde_json::{Value, json};
use system_tests::client::{Answer, Api, VERDICT, declined, text, verified};
use system_tests::harness::ContractHarness as _;
use system_tests::patience::until;
use system_tests::sandbox::Sandbox;
use vault::AlwaysCurrent;

const CUSTOMERS: &str = "/api/customers";

/// The sandbox's folder, opened beside it.
pub(crate) async fn beside(sandbox: &Sandbox) -> Engine {
    Engine::open(&sandbox.config(), Role::Tool).await.expect("the engine opens beside whoever serves it")
}

pub(crate) fn named(sandbox: &Sandbox, customer: &str) -> CustomerRef {
    let org = OrgId::parse(&sandbox.info().org).expect("an org's id");
    CustomerRef::new(org, CustomerId::parse(customer).expect("a customer's id"))
}

/// Says that it is erased, as the eraser does before it destroys a key.
async fn announce(engine: &Engine, customer: &CustomerRef, purposes: Purposes) {
    let customer = customer.clone();
    let id = EventId::from_bytes(vault::random_id());
    let meta = Meta { time: Timestamp::default(), traceparent: None };
    let event =
        Event::CustomerErased(CustomerErased { event_id: id.clone(), customer: customer.clone(), purposes });
    let outcome = Outcome::CustomerErased(ErasureAnnounced { id, customer, purposes });
    let event = engine.codec.event(&event, &meta).expect("encoded");
    engine.log.append(Topic::Events, event).await.expect("appended");
    let outcome = engine.codec.outcome(&outcome, &meta).expect("encoded");
    engine.log.append(Topic::Outcomes, outcome).await.expect("appended");
}

/// Erases one purpose, and waits until the read model knows.
pub(crate) async fn erase(sandbox: &Sandbox, customer: &str, purpose: Purpose) {
    let (engine, customer) = (beside(sandbox).await, named(sandbox, customer));
    let purposes: Purposes = [purpose].into_iter().collect();
    announce(&engine, &customer, purposes).await;
    let vault = engine.vault(Arc::new(AlwaysCurrent));
    assert!(vault.destroy(&customer, purposes).await.expect("destroyed"));
    until("the erasure to be projected", async || {
        let generation = engine.views.generation().await.expect("a generation");
        let seen = engine.views.customer(generation, &customer).await.expect("a state");
        seen.is_some_and(|seen| seen.erased.contains(purpose)).then_some(())
    })
    .await;
    drop(vault);
    engine.close().await;
}

/// Waits until the API answers so: what is announced it hears on its own way.
async fn until_status(api: &Api, path: &str, status: u16) {
    until("the API to hear of the erasure", async || (api.get(path).await.status == status).then_some(()))
        .await;
}

/// A first verdict with a photo, until it is refused.
async fn until_refused(api: &Api, customer: &str) -> Answer {
    until("a refusal", async || {
        let answer = api.post(&format!("{VERDICT}?dryRun=true"), &[], &with_raw(customer)).await;
        (answer.status != 200).then_some(answer)
    })
    .await
}

/// A verified verdict with something for the evidence.
fn with_raw(customer: &str) -> Value {
    let mut body = verified(customer);
    (body["raw"], body["reason"]) = (json!({"responseCode": "00"}), json!("Data sesuai"));
    body
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_erased_customer_is_404_and_its_rows_stay_without_their_reason() {
    let sandbox = Sandbox::start().await;
    let api = sandbox.api();
    let customer = api.customer("Contoh Nasabah").await;
    let said = api.verdict(&declined(&customer, "NIK tidak ditemukan")).await.expect(200);
    erase(&sandbox, &customer, Purpose::Profile).await;
    for path in [format!("{CUSTOMERS}/{customer}"), format!("/api/identity/kyc/{customer}")] {
        until_status(&api, &path, 404).await;
    }
    api.verdict(&declined(&customer, "NIK tidak ditemukan")).await.is_error(404, "not found");
    assert_eq!(api.total("").await, 1);
    let row = &api.rows("").await[0];
    assert_eq!((&row["reason"], &row["reasonCategory"]), (&Value::Null, &json!("not_found")));
    let path = format!("/api/identity/verifications/{}", text(&said["verification"]["id"]));
    assert_eq!(api.get(&path).await.expect(200)["reason"], Value::Null);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_withdrawn_biometric_consent_refuses_photos_only() {
    let sandbox = Sandbox::start().await;
    let api = sandbox.api();
    let customer = api.customer("Contoh Nasabah").await;
    api.verdict(&verified(&customer)).await.expect(200);
    erase(&sandbox, &customer, Purpose::Biometric).await;
    until_refused(&api, &customer).await.is_error(409, "biometric consent withdrawn");
    api.verdict(&verified(&customer)).await.is_error(409, "biometric consent withdrawn");
    api.verdict(&declined(&customer, "NIK tidak ditemukan")).await.expect(200);
    api.get(&format!("{CUSTOMERS}/{customer}")).await.expect(200);
}

/// The eraser has said it and has not come to the keys yet, or was interrupted: nothing of it is shown any more.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_announced_as_erased_is_shown_no_more_while_its_keys_are_there() {
    let sandbox = Sandbox::start().await;
    let (api, engine) = (sandbox.api(), beside(&sandbox).await);
    let registration = json!({"fullName": "Contoh Nasabah", "externalId": "CIF-11"});
    let register = async || api.post(CUSTOMERS, &[("idempotency-key", "reg")], &registration).await;
    let customer = text(&register().await.expect(201)["id"]).to_owned();
    let who = named(&sandbox, &customer);
    let said = api.verdict(&declined(&customer, "NIK tidak ditemukan")).await.expect(200);
    register().await.expect(201);

    announce(&engine, &who, [Purpose::Biometric].into_iter().collect()).await;
    until_refused(&api, &customer).await.is_error(409, "biometric consent withdrawn");
    assert_eq!(api.rows("").await[0]["reason"], "NIK tidak ditemukan");

    announce(&engine, &who, [Purpose::Profile].into_iter().collect()).await;
    let path = format!("/api/identity/verifications/{}", text(&said["verification"]["id"]));
    until("the reason to be gone", async || {
        api.get(&path).await.expect(200)["reason"].is_null().then_some(())
    })
    .await;
    assert_eq!(api.rows("").await[0]["reason"], Value::Null);
    for path in [format!("{CUSTOMERS}/{customer}"), format!("/api/identity/kyc/{customer}")] {
        until_status(&api, &path, 404).await;
    }
    api.verdict(&declined(&customer, "NIK tidak ditemukan")).await.is_error(404, "not found");
    register().await.is_error(404, "not found");
    // The keys are there still: it is all the announcement's doing.
    let row = engine.keys.get(&who).await.expect("read").expect("a row");
    assert!(matches!(row.key(Purpose::Profile), DataKey::Active { .. }));
    engine.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_verdict_that_was_answered_before_a_withdrawal_is_answered_again() {
    let sandbox = Sandbox::start().await;
    let api = sandbox.api();
    for (purpose, refused) in [
        (Purpose::Biometric, "biometric consent withdrawn"),
        (Purpose::Evidence, "evidence consent withdrawn"),
    ] {
        let customer = api.customer("Contoh Nasabah").await;
        let body = with_raw(&customer);
        let key = [("idempotency-key", "once")];
        let first = api.post(VERDICT, &key, &body).await.expect(200);
        let total = api.total("").await;
        erase(&sandbox, &customer, purpose).await;
        until_refused(&api, &customer).await.is_error(409, refused);

        let again = api.post(VERDICT, &key, &body).await;
        assert_eq!(again.header("idempotency-replayed"), Some("true"), "{again:?}");
        let said = again.expect(200);
        assert_eq!(said["verification"], first["verification"]);
        // Its present answer: an erased photo is no reference any more.
        let erased = purpose == Purpose::Biometric;
        assert_eq!(said["enrolment"].is_null(), erased, "{again:?}");
        assert_eq!(api.total("").await, total);

        // A first one is refused, with or without a key, and so is a dry run.
        for (key, query) in [(&[("idempotency-key", "other")][..], ""), (&[], ""), (&key[..], "?dryRun=true")]
        {
            api.post(&format!("{VERDICT}{query}"), key, &body).await.is_error(409, refused);
        }
        // Another body under the key is told from the first as long as there is a key to tell it with.
        let mut other = body.clone();
        other["reason"] = json!("Data lain");
        let other = api.post(VERDICT, &key, &other).await;
        assert_eq!(other.status, if erased { 422 } else { 200 }, "{other:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_that_tells_an_external_id_outlives_its_profile() {
    let sandbox = Sandbox::start().await;
    let api = sandbox.api();
    let registration = json!({"fullName": "Contoh Nasabah", "externalId": "CIF-15"});
    let made = api.post(CUSTOMERS, &[], &registration).await.expect(201);
    let (engine, who) = (beside(&sandbox).await, named(&sandbox, text(&made["id"])));
    let purposes: Purposes = [Purpose::Profile].into_iter().collect();
    announce(&engine, &who, purposes).await;
    let hmac = engine.keys.get(&who).await.expect("read").expect("a row").external_id_hmac.expect("an HMAC");
    engine.external_ids.release(&who.org, hmac, &who.customer).await.expect("given free");
    let destroyed = engine.vault(Arc::new(AlwaysCurrent)).destroy(&who, purposes).await;
    assert!(destroyed.expect("destroyed"));
    assert_eq!(engine.keys.get(&who).await.expect("read").expect("a row").external_id_hmac, None);
    engine.close().await;
    for file in std::fs::read_dir(sandbox.folder().join("keystore")).expect("a folder") {
        let bytes = std::fs::read(file.expect("a file").path()).expect("read");
        assert!(!bytes.windows(32).any(|window| window == hmac), "it is in the store's files");
    }
    api.post(CUSTOMERS, &[], &registration).await.expect(201);
}
