//! Cassandra down: ingest goes on for customers whose keys are at hand, and the projector catches up.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::rough;
use system_tests::client::{Api, VERDICT, declined, text, verified};
use system_tests::patience;
use system_tests::patience::until;

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

/// The whole answer keeps the caller's wait and a second (contract §2), whatever the store's own limit is; what is
/// asserted is far enough above it for a busy machine, and below that limit.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_a_store_that_stands_still_what_is_accepted_is_answered_when_its_caller_has_waited() {
    let mut rough = rough::take().await;
    let bank = rough.bank(1).await;
    let (door, customer) = (bank.doors.all()[0].clone(), bank.customers[0].clone());
    patience::verdict(&door, &declined(&customer, "Data ganda")).await;
    let registered = json!({"fullName": "Budi Santoso"});
    let registration = [("idempotency-key", "still-registered"), ("prefer", "wait=1")];
    let made = until("a registration", async || {
        let made = door.post("/api/customers", &registration, &registered).await;
        (made.status == 201).then(|| made.json())
    })
    .await;
    // Its keys are at hand from now on.
    patience::verdict(&door, &declined(text(&made["id"]), "Data ganda")).await;
    rough.cassandra(local_cluster::Cassandra::pause);
    let mut late = Vec::new();
    for (key, wait) in [
        (None, "wait=1"),
        (Some("still"), "wait=1"),
        (Some("still"), "wait=1"),
        (None, "wait=0"),
        (Some("at-once"), "wait=0"),
    ] {
        let headers: Vec<_> =
            key.map(|key| ("idempotency-key", key)).into_iter().chain([("prefer", wait)]).collect();
        let began = Instant::now();
        let answer = door.post(VERDICT, &headers, &declined(&customer, "Data ganda")).await;
        late.push((key, wait, began.elapsed(), answer.status));
    }
    let began = Instant::now();
    let again = door.post("/api/customers", &registration, &registered).await;
    late.push((Some("registration"), "wait=1", began.elapsed(), again.status));
    rough.cassandra(local_cluster::Cassandra::resume);
    for (_, _, took, status) in &late {
        assert!(*status == 202 && *took < STORE_LIMIT, "{late:?}");
    }
    rough.all_run();
}

/// How long the store itself may take for one request, by default.
const STORE_LIMIT: Duration = Duration::from_secs(5);

/// Each instance comes back to the store by itself.
async fn in_the_end(api: &Api, path: &str) -> Value {
    until("an answer from the store", async || {
        let found = api.get(path).await;
        (found.status == 200).then(|| found.json())
    })
    .await
}
