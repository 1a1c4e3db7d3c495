//! Cassandra down: ingest goes on for customers whose keys are at hand, and the projector catches up.

use serde_json::{Value, json};

use crate::client::{Api, VERDICT, declined, text, verified};
use crate::patience;
use crate::process::until;
use crate::rough;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_store_known_customers_are_202_others_503_and_the_projector_catches_up() {
    let mut rough = rough::take().await;
    let bank = rough.bank(2).await;
    let doors = bank.doors.all();
    let [known, unknown] = &bank.customers[..] else { panic!("two customers") };
    // Only the first instance has met the first customer's keys, and the second the other's.
    patience::verdict(&doors[0], &declined(known, "Data ganda")).await;
    rough.cassandra(local_cluster::Cassandra::kill);

    let key = [("idempotency-key", "no-store")];
    let answer = doors[0].post(VERDICT, &key, &verified(known)).await;
    let accepted = answer.expect(202);
    assert_eq!(accepted["enrolment"]["fallbackStub"], true);
    let location = answer.header("location").expect("a 202 has a location").to_owned();
    let refused = doors[0].post(VERDICT, &key, &verified(unknown)).await;
    assert!(
        refused.expect(503)["error"].is_string() && refused.header("retry-after").is_some(),
        "{refused:?}"
    );
    let body = json!({"fullName": "Budi Santoso", "externalId": "NO-STORE"});
    let registration = doors[0].post("/api/customers", &[("idempotency-key", "reg")], &body).await;
    assert!(registration.expect(503)["error"].is_string() && registration.header("retry-after").is_some());
    for path in [
        location.clone(),
        format!("/api/identity/kyc/{known}"),
        "/api/identity/attempts".to_owned(),
        format!("/api/customers/{known}"),
    ] {
        let answer = doors[1].get(&path).await;
        assert!(
            answer.expect(503)["error"].is_string() && answer.header("retry-after").is_some(),
            "{answer:?}"
        );
    }
    for serve in &rough.serves {
        assert_eq!(serve.admin().get("/readyz").await.status, 200);
    }

    rough.cassandra(local_cluster::Cassandra::restart);
    let row = in_the_end(&doors[1], &location).await;
    assert_eq!((&row["id"], &row["status"]), (&accepted["verification"]["id"], &json!("verified")));
    // The same key again: what was accepted is there once, what was refused counts now.
    let again = until("a present answer", async || {
        let again = doors[1].post(VERDICT, &key, &verified(known)).await;
        (again.status == 200).then_some(again)
    })
    .await;
    assert_eq!(again.json()["verification"]["id"], accepted["verification"]["id"]);
    until("the refused one", async || {
        (doors[1].post(VERDICT, &key, &verified(unknown)).await.status == 200).then_some(())
    })
    .await;
    let made = until("the registration", async || {
        let made = doors[1].post("/api/customers", &[("idempotency-key", "reg")], &body).await;
        (made.status == 201).then(|| made.json())
    })
    .await;
    let found = in_the_end(&doors[0], "/api/customers?externalId=NO-STORE").await;
    assert_eq!(text(&found["id"]), text(&made["id"]));
    for api in &doors {
        assert_eq!(api.total("").await, 3);
        assert_eq!(api.kyc(known).await["customer"]["kycLevel"], "standard");
    }
    rough.all_run();
}

/// Each instance comes back to the store by itself.
async fn in_the_end(api: &Api, path: &str) -> Value {
    until("an answer from the store", async || {
        let found = api.get(path).await;
        (found.status == 200).then(|| found.json())
    })
    .await
}
