//! Kafka down while customers are registered: whoever met a 503 may correct the body afterwards, on either instance.

use serde_json::{Value, json};

use crate::rough;
use system_tests::client::{Answer, Api, text};
use system_tests::patience::until;

const CUSTOMERS: &str = "/api/customers";

fn named(full_name: &str, external_id: &str) -> Value {
    json!({"fullName": full_name, "externalId": external_id})
}

async fn register(api: &Api, key: &str, body: &Value) -> Answer {
    api.post(CUSTOMERS, &[("idempotency-key", key)], body).await
}

/// A broker that is killed loses what was not sent; one that is frozen may take it when it wakes. Both ways no
/// answer names a customer that nobody can read, and the external id is somebody's in the end.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_registration_that_met_a_503_gives_way_or_is_there_and_each_key_keeps_its_answer() {
    let mut rough = rough::take().await;
    let bank = rough.bank(0).await;
    let doors = bank.doors.all();
    for how in ["killed", "frozen"] {
        match how {
            "killed" => rough.kafka(|kafka| kafka.kill(0)),
            _ => rough.kafka(|kafka| kafka.pause(0)),
        }
        let (wrong, right) = (named("Budi Santso", how), named("Budi Santoso", how));
        let keys = [format!("{how}-wrong"), format!("{how}-right")];
        register(&doors[0], &keys[0], &wrong).await.expect(503);
        register(&doors[1], &keys[1], &right).await.expect(503);
        match how {
            "killed" => rough.kafka(|kafka| kafka.restart(0)),
            _ => rough.kafka(|kafka| kafka.resume(0)),
        }
        let corrected = settled(&doors[1], &keys[1], &right).await;
        let first = settled(&doors[0], &keys[0], &wrong).await;
        let (made, taken) = if corrected.status == 201 { (&corrected, &first) } else { (&first, &corrected) };
        let id = made.expect(201)["id"].clone();
        assert_eq!(taken.expect(409)["details"]["id"], id, "{how}");
        for api in &doors {
            let found = api.get(&format!("{CUSTOMERS}?externalId={how}")).await.expect(200);
            assert_eq!((&found["id"], &found["fullName"]), (&id, &made.json()["fullName"]));
            for (key, body, before) in [(&keys[0], &wrong, &first), (&keys[1], &right, &corrected)] {
                let again = settled(api, key, body).await;
                assert_eq!((again.status, again.json()), (before.status, before.json()), "{how}");
            }
        }
    }
    rough.all_run();
}

/// Until it is neither a 503 nor on its way.
async fn settled(api: &Api, key: &str, body: &Value) -> Answer {
    let answer = until("an answer", async || {
        let answer = register(api, key, body).await;
        (!matches!(answer.status, 202 | 503)).then_some(answer)
    })
    .await;
    if answer.status == 409 {
        let id = text(&answer.json()["details"]["id"]).to_owned();
        api.get(&format!("{CUSTOMERS}/{id}")).await.expect(200);
    }
    answer
}
