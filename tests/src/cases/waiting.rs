//! 200 or 202, as the caller prefers (contract §2).

use serde_json::json;

use crate::client::{VERDICT, declined, is_id, text, verified};
use crate::harness::ContractHarness;
use crate::patience::until;

pub async fn respond_async_answers_202_with_a_location_that_fills<H: ContractHarness>() {
    let sandbox = H::start().await;
    let api = sandbox.api();
    let customer = sandbox.info().customer.clone();
    // The projector may be faster than the answer: then it is a 200, and the next one may be a 202.
    let answer = until("a 202", async || {
        let answer = api.post(VERDICT, &[("prefer", "respond-async")], &verified(&customer)).await;
        assert_eq!(answer.header("preference-applied"), Some("respond-async"), "{answer:?}");
        assert!(matches!(answer.status, 200 | 202), "{answer:?}");
        (answer.status == 202).then_some(answer)
    })
    .await;
    let said = answer.json();
    let verification = &said["verification"]["id"];
    assert!(is_id("ver_", verification) && is_id("fe_", &said["enrolment"]["id"]), "{said}");
    answer.is(
        202,
        &json!({
            "verification": {"id": verification, "status": "verified", "score": 100},
            "enrolment": {"id": said["enrolment"]["id"], "source": "dukcapil", "fallbackStub": true},
        }),
    );
    let location = answer.header("location").expect("a 202 has a location").to_owned();
    assert_eq!(location, format!("/api/identity/verifications/{}", text(verification)));
    let row = until("the row", async || {
        let found = api.get(&location).await;
        if found.status == 404 {
            let after = found.header("retry-after").expect("every 404 of that path has Retry-After");
            assert!(after.parse::<u64>().is_ok(), "{found:?}");
            found.is_error(404, "not found");
            return None;
        }
        Some(found.expect(200))
    })
    .await;
    assert_eq!((&row["id"], &row["status"]), (verification, &json!("verified")));
    assert_eq!(row["enrolment"]["id"], said["enrolment"]["id"]);
}

pub async fn a_wait_is_echoed_and_bounded<H: ContractHarness>() {
    let sandbox = H::start().await;
    let api = sandbox.api();
    let customer = sandbox.info().customer.clone();
    for (prefer, applied) in [
        ("wait=10", "wait=10"),
        ("wait=5", "wait=5"),
        ("Wait=7", "wait=7"),
        ("respond-async, wait=10", "respond-async"),
    ] {
        let answer = api.post(VERDICT, &[("prefer", prefer)], &declined(&customer, "Data ganda")).await;
        assert!(matches!(answer.status, 200 | 202), "{answer:?}");
        let echoed = answer.header("preference-applied").unwrap_or_else(|| panic!("{prefer}: no echo"));
        assert!(echoed.to_ascii_lowercase().contains(applied), "{prefer}: {echoed}");
    }
    // Above the bound: not refused, and not promised.
    let answer = api.post(VERDICT, &[("prefer", "wait=3600")], &declined(&customer, "Data ganda")).await;
    assert!(matches!(answer.status, 200 | 202), "{answer:?}");
    assert_ne!(answer.header("preference-applied"), Some("wait=3600"), "waits are at most 10 s");
    // A preference that we do not know is no error (RFC 7240, section 2).
    let answer =
        api.post(VERDICT, &[("prefer", "handling=lenient")], &declined(&customer, "Data ganda")).await;
    assert_eq!(answer.header("preference-applied"), None, "{answer:?}");
}

pub async fn every_404_of_a_verification_says_when_to_ask_again<H: ContractHarness>() {
    let sandbox = H::start().await;
    let api = sandbox.api();
    for id in ["ver_00000000000000000000000000", "ver_x", "nonsense"] {
        let answer = api.get(&format!("/api/identity/verifications/{id}")).await;
        answer.is_error(404, "not found");
        assert!(answer.header("retry-after").is_some(), "{id}: {answer:?}");
    }
}

pub async fn a_registration_can_be_asynchronous_too<H: ContractHarness>() {
    let sandbox = H::start().await;
    let api = sandbox.api();
    let mut number = 0;
    let answer = until("a 202", async || {
        number += 1;
        let body = json!({"fullName": "Budi Santoso", "externalId": format!("ASYNC-{number}")});
        let answer = api.post("/api/customers", &[("prefer", "respond-async")], &body).await;
        assert!(matches!(answer.status, 201 | 202), "{answer:?}");
        // A very fast projector may never give us a 202.
        (answer.status == 202 || number == 50).then_some(answer)
    })
    .await;
    let id = text(&answer.json()["id"]).to_owned();
    until("the customer", async || {
        (api.get(&format!("/api/customers/{id}")).await.status == 200).then_some(())
    })
    .await;
}
