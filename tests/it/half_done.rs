//! States between two steps that no request from outside can time, made beside the running sandbox: a row whose
//! customer does not follow yet, a registration whose name was given up.

use std::sync::Arc;

use domain::event::{Fingerprint, Offset};
use domain::ids::{CustomerId, CustomerRef, EventId, OrgId};
use domain::ports::PendingStep;
use domain::rows::{Epoch, Generation, RowKey, ViewRow, ViewWrite, WriteTimestamp};
use domain::time::Timestamp;
use engine::{Engine, Role};
use org_directory::orgs::Orgs;
use serde_json::json;
use system_tests::client::{VERDICT, declined};
use system_tests::harness::ContractHarness as _;
use system_tests::sandbox::Sandbox;
use vault::{AlwaysCurrent, OrgIds};

const CUSTOMERS: &str = "/api/customers";

async fn beside(sandbox: &Sandbox) -> Engine {
    Engine::open(&sandbox.config(), Role::Tool).await.expect("the engine opens beside whoever serves it")
}

/// A row stands a moment before its customer's state, and what says 200 promises the tier: on an engine that is
/// not atomic a repetition may fall in between.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_row_whose_customer_does_not_follow_yet_is_no_present_answer() {
    let sandbox = Sandbox::start().await;
    let api = sandbox.api();
    let customer = api.customer("Contoh Nasabah").await;
    let body = declined(&customer, "NIK tidak ditemukan");
    let again = [("idempotency-key", "between"), ("prefer", "respond-async")];
    api.post(VERDICT, &again[..1], &body).await.expect(200);
    api.post(VERDICT, &again, &body).await.expect(200);

    // The state as it stood before the verdict.
    let engine = beside(&sandbox).await;
    let org = OrgId::parse(&sandbox.info().org).expect("an org's id");
    let whom = CustomerRef::new(org, CustomerId::parse(&customer).expect("an id"));
    let found = engine.projection.load(Generation(1), &[RowKey::State(whom)]).await.expect("loaded");
    let Some(Some(ViewRow::State(mut state))) = found.into_iter().next() else { panic!("a state") };
    assert!(state.as_of.offset > Offset(0));
    state.as_of.offset = Offset(0);
    let at = WriteTimestamp::upsert(Epoch(state.as_of.epoch.0 + 1), Offset(0));
    let write = ViewWrite { at, row: ViewRow::State(state) };
    engine.projection.write(Generation(1), vec![write]).await.expect("written");
    engine.close().await;

    api.post(VERDICT, &again, &body).await.expect(202);
}

/// A registration that claimed an external id and broke off before it had keys; another one that took its place, and
/// broke off too; then the first again. Its name is given up for ever, its key is not.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_whose_name_another_registration_took_and_gave_up_goes_on_under_its_next_name() {
    let sandbox = Sandbox::start().await;
    let (api, engine) = (sandbox.api(), beside(&sandbox).await);
    let orgs = Orgs::new(&engine).list().await.expect("the orgs");
    let org = orgs.iter().find(|org| org.org.as_str() == sandbox.info().org).expect("the sandbox's org");
    let ids = OrgIds::unwrap(&*engine.kms, org).await.expect("the org's id secret");
    let vault = engine.vault(Arc::new(AlwaysCurrent));
    for (number, body) in
        [json!({"fullName": "Budi Santoso", "externalId": "CIF-1"}), json!({"fullName": "Budi Santoso"})]
            .iter()
            .enumerate()
    {
        let (key, taken) = (format!("first-{number}"), format!("CIF-{}", number + 1));
        let name = ids.named(CustomerId::PREFIX, CUSTOMERS, None, &key);
        let customer = CustomerRef::new(org.org.clone(), CustomerId::from_bytes(name));
        let hmac = ids.external_id_hmac(&taken);
        engine.external_ids.claim(&org.org, hmac, &customer.customer).await.expect("claimed");
        let fresh = vault.generate(&customer, org.suite).await.expect("keys");
        let other = EventId::from_bytes(vault::random_id());
        let fingerprint = Fingerprint([7; 32]);
        let stored = vault.store(fresh, other, fingerprint, Some(hmac), Timestamp::EPOCH).await;
        drop(stored.expect("stored"));
        let given_up = vault.advance_pending(&customer, Timestamp::EPOCH, PendingStep::Abandon).await;
        assert!(given_up.expect("asked"));
        let headers = [("idempotency-key", key.as_str())];
        let made = api.post(CUSTOMERS, &headers, body).await.expect(201);
        let again = api.post(CUSTOMERS, &headers, body).await.expect(201);
        assert_eq!(again["id"], made["id"]);
        assert_ne!(made["id"], customer.customer.as_str());
    }
    engine.close().await;
}
