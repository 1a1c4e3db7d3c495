//! Two instances that have not heard of one another's challenges give out one more than may be: the fold makes it void,
//! and nothing comes of a capture that answers it.

use system_tests::captures::issued_elsewhere;
use system_tests::card_captures::{CAPTURE, challenged, decided, is_refused, plain};
use system_tests::client::text;
use system_tests::harness::ContractHarness as _;
use system_tests::patience::until;
use system_tests::sandbox::Sandbox;

use crate::lagging::Lag;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_challenge_beyond_the_cap_is_void_and_the_fifth_is_good() {
    let sandbox = Sandbox::start().await;
    let api = sandbox.api();
    let customer = api.customer("Budi Santoso").await;
    let mut issued = Vec::new();
    for _ in 0..5 {
        issued.push(challenged(&api, &customer, 3, 300_000).await);
    }
    let beyond = issued_elsewhere(&sandbox, &customer).await;
    is_refused(&decided(&api, &customer, &plain(&beyond, &customer)).await, 409, "challenge_void");
    assert_eq!(api.total(&format!("customerId={customer}")).await, 0);
    decided(&api, &customer, &plain(&issued[4], &customer)).await.expect(200);
    assert_eq!(api.total(&format!("customerId={customer}")).await, 1);
}

/// Given a read model that shows no challenge yet, when a capture of one beyond the cap is accepted, then the fold refuses
/// it, and whoever asks again hears why.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_accepted_before_anybody_knew_is_refused_by_the_fold() {
    let sandbox = Sandbox::start().await;
    let api = sandbox.api();
    let customer = api.customer("Budi Santoso").await;
    for _ in 0..5 {
        challenged(&api, &customer, 3, 300_000).await;
    }
    let lag = Lag::of(&sandbox);
    let beyond = issued_elsewhere(&sandbox, &customer).await;
    let bundle = plain(&beyond, &customer);
    let accepted = until("the capture to be accepted", async || {
        let answer = api.post(CAPTURE, &[("prefer", "respond-async")], &bundle.to_json(&customer)).await;
        (answer.status == 202).then(|| answer.json())
    })
    .await;
    drop(lag);
    is_refused(&decided(&api, &customer, &bundle).await, 409, "challenge_void");
    let path = format!("/api/identity/verifications/{}", text(&accepted["verification"]["id"]));
    api.get(&path).await.expect(404);
    assert_eq!(api.total(&format!("customerId={customer}")).await, 0);
}
