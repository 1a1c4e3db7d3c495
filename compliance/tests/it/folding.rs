//! `state` and `what-if`: the log folded again.

use compliance::customer_state::customer_kyc;
use compliance::refold::RefoldError;
use compliance::what_if::{WhatIf, WhatIfResult};
use domain::ids::CustomerRef;
use domain::policy::Tier;
use domain::sealed::{Purpose, Purposes};
use domain::time::Timestamp;
use serde_json::{Value, json};

use crate::world::{Counted, Verdict, World, org};

async fn state(world: &World, customer: &CustomerRef, as_of: Timestamp) -> Option<Value> {
    let found = customer_kyc(&world.ports(), customer, as_of, &()).await;
    found.expect("the log answers").map(|kyc| kyc.body())
}

/// After everything.
fn end() -> Timestamp {
    Timestamp::parse("2100-01-01T00:00:00Z").expect("a time")
}

async fn what_if(world: &World, asked: WhatIf) -> WhatIfResult {
    asked.run(&world.ports(), &()).await.expect("the log answers")
}

#[tokio::test]
async fn a_state_has_the_rows_up_to_its_moment_newest_first() {
    let world = World::new(2);
    let customer = world.customer(&org(1)).await;
    let registered = world.log.all(domain::ports::Topic::Events)[0].appended_at;
    let declined = world.verdict(&customer, &Verdict::new(false)).await.appended_at;
    let verified = world.verdict(&customer, &Verdict::new(true)).await.appended_at;
    let before = |at: Timestamp| Timestamp::from_millis(at.millis() - 1);
    assert_eq!(state(&world, &customer, before(registered)).await, None);
    for (as_of, rows, tier) in [
        (registered, 0, "none"),
        (before(declined), 0, "none"),
        (declined, 1, "none"),
        (verified, 2, "standard"),
        (end(), 2, "standard"),
    ] {
        let body = state(&world, &customer, as_of).await.expect("registered");
        assert_eq!(body["verifications"].as_array().map(Vec::len), Some(rows), "{as_of:?}: {body}");
        assert_eq!(body["customer"]["kycLevel"], tier, "{as_of:?}");
    }
    let body = state(&world, &customer, verified).await.expect("registered");
    assert_eq!((&body["verifications"][0]["status"], &body["eligible"]), (&json!("verified"), &json!(true)));
    assert_eq!(body["verifications"][1]["reason"], json!({"sealed": true}));
    assert_eq!(body["customer"]["fullName"], json!({"sealed": true}));
    assert_eq!(body["history"][0]["reason"], "automatic on nik_dukcapil verify");
    assert_eq!(state(&world, &customer, end()).await.expect("registered")["eligible"], false, "it expired");
}

#[tokio::test]
async fn a_repetition_makes_no_row_and_an_erased_customers_texts_are_erased() {
    let world = World::new(1);
    let customer = world.customer(&org(1)).await;
    let verdict = Verdict::new(false);
    for fingerprint in [1, 1, 2] {
        world.verdict(&customer, &Verdict { fingerprint, ..verdict.clone() }).await;
    }
    let body = state(&world, &customer, end()).await.expect("registered");
    assert_eq!(body["verifications"].as_array().map(Vec::len), Some(1), "{body}");
    world.erase(&customer, Purposes::NONE.with(Purpose::Profile)).await;
    world.verdict(&customer, &Verdict::new(true)).await;
    let body = state(&world, &customer, end()).await.expect("registered");
    assert_eq!(body["verifications"].as_array().map(Vec::len), Some(1), "what came after is refused: {body}");
    assert_eq!(body["verifications"][0]["reason"], json!({"erased": true}));
    assert_eq!(body["customer"]["fullName"], json!({"erased": true}));
}

#[tokio::test]
async fn what_waits_for_a_release_has_its_rows_once_it_is_released() {
    let world = World::new(1);
    let customer = world.customer(&org(1)).await;
    world.verdict(&customer, &Verdict::new(false)).await;
    world.noise(&customer).await;
    let waiting = world.verdict(&customer, &Verdict::new(true)).await;
    let body = state(&world, &customer, end()).await.expect("registered");
    assert_eq!(
        (&body["customer"]["kycLevel"], body["verifications"].as_array().map(Vec::len)),
        (&json!("none"), Some(1))
    );
    world.release(&customer).await;
    let body = state(&world, &customer, end()).await.expect("registered");
    assert_eq!(body["customer"]["kycLevel"], "standard");
    assert_eq!(body["verifications"][0]["createdAt"], waiting.appended_at.rfc3339(), "as of its own time");
    world.verdict(&customer, &Verdict::new(true)).await;
    let body = state(&world, &customer, end()).await.expect("registered");
    assert_eq!(body["verifications"].as_array().map(Vec::len), Some(3), "the quarantine is over: {body}");
}

#[tokio::test]
async fn a_policy_that_this_build_does_not_know_stops_the_fold() {
    let world = World::new(1);
    let customer = world.customer(&org(1)).await;
    world.verdict(&customer, &Verdict { policy_version: 99, ..Verdict::new(true) }).await;
    let stopped = customer_kyc(&world.ports(), &customer, end(), &()).await;
    assert!(matches!(stopped, Err(RefoldError::Stopped(_))), "{stopped:?}");
}

/// A story in which policy 2, which asks for liveness, moves those who were matched, and nobody else.
async fn story(world: &World) -> Vec<CustomerRef> {
    let mut moved = Vec::new();
    for number in 0..60 {
        let customer = world.customer(&org(1)).await;
        if number % 3 != 0 {
            world.verdict(&customer, &Verdict::new(true)).await;
        }
        if number % 4 == 0 {
            world.matched(&customer).await;
        }
        if number % 3 != 0 && number % 4 == 0 {
            moved.push(customer);
        }
    }
    moved.sort();
    moved
}

#[tokio::test]
async fn another_policy_moves_exactly_those_whom_it_would_have_moved() {
    let world = World::new(3);
    let moved = story(&world).await;
    let gone = world.customer(&org(1)).await;
    world.verdict(&gone, &Verdict::new(true)).await;
    world.matched(&gone).await;
    world.erase(&gone, Purposes::NONE.with(Purpose::Profile)).await;
    let result = what_if(&world, WhatIf::new(2, None)).await;
    assert_eq!(result.customers, 60, "whoever is erased is nobody's customer");
    assert_eq!(result.moved, [((Tier::Premium, Tier::Standard), moved.len() as u64)].into());
    let named: Vec<_> = result.sample.iter().cloned().collect();
    assert_eq!(named, moved.iter().map(|customer| customer.customer.clone()).collect::<Vec<_>>());
    let body = result.body();
    assert_eq!(body["moved"], json!([{"from": "premium", "to": "standard", "count": moved.len()}]));
    let same = what_if(&world, WhatIf::new(1, None)).await;
    assert_eq!((same.customers, same.moved.len(), same.sample.len()), (60, 0, 0));
    let nobodys = what_if(&world, WhatIf::new(2, Some(org(2)))).await;
    assert_eq!(nobodys, WhatIfResult::default());
}

/// What came under another policy is folded as it came; and a policy that asks for less moves upwards.
#[tokio::test]
async fn each_event_is_folded_as_it_came_beside_as_it_would_have_been() {
    let world = World::new(1);
    let customer = world.customer(&org(1)).await;
    world.verdict(&customer, &Verdict { policy_version: 3, ..Verdict::new(true) }).await;
    world.noise(&customer).await;
    world.matched(&customer).await;
    world.release(&customer).await;
    let result = what_if(&world, WhatIf::new(2, None)).await;
    assert_eq!(
        result.moved,
        [((Tier::Premium, Tier::Standard), 1)].into(),
        "the match waited for its release"
    );
}

#[tokio::test]
async fn little_memory_takes_more_passes_and_comes_to_the_same() {
    let world = World::new(2);
    story(&world).await;
    let whole = what_if(&world, WhatIf::new(2, None)).await;
    for rows_max in [1, 7, 40] {
        let heard = Counted::default();
        let asked = WhatIf::new(2, None).with_rows_max(rows_max);
        let records = asked.records(&world.ports()).await.expect("the log answers");
        let parts = asked.run(&world.ports(), &heard).await.expect("the log answers");
        assert_eq!((parts, heard.records()), (whole.clone(), records), "{rows_max}");
    }
}
