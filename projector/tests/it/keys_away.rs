//! What keeps a key away holds up its own org, and nobody else, until it is here again.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::event::Event;
use domain::ids::OrgId;
use domain::outcome::Outcome;
use domain::ports::Topic;
use domain::rows::HeldOrg;
use projector::status::status;
use testkit::keys_away::{AwayKeyRows, RowsAway};

use crate::world::{World, quick, until};

/// How many verifications each org has in the outcomes.
async fn verified_of(world: &World) -> BTreeMap<OrgId, usize> {
    let mut of = BTreeMap::new();
    for outcome in world.outcomes().await.into_values() {
        if let Outcome::VerificationCreated(row) = outcome {
            *of.entry(row.customer.org).or_default() += 1;
        }
    }
    of
}

/// Until the orgs have so many.
async fn until_verified(world: &World, wanted: &[(&OrgId, usize)]) {
    until("the outcomes are there", async || {
        let of = verified_of(world).await;
        wanted.iter().all(|(org, count)| of.get(org).copied().unwrap_or(0) == *count)
    })
    .await;
}

async fn held(world: &World) -> Vec<HeldOrg> {
    let status = status(&world.ports()).await.expect("a status");
    assert!(status.balances(), "{status:?}");
    status.partitions.into_iter().flat_map(|of| of.held).collect()
}

/// Nothing was taken for poison, and a replay comes to the same.
async fn all_is_well(world: &World) {
    until("nobody waits", async || held(world).await.is_empty()).await;
    assert!(world.all(Topic::DeadLetters).await.is_empty(), "nothing was poison");
    let report = world.rebuild(quick()).await.expect("rebuilt");
    let comparison = report.comparison.expect("compared");
    assert_eq!((comparison.different, comparison.beyond), (0, 0), "{:?}", comparison.shown);
    let status = status(&world.ports()).await.expect("a status");
    let read: u64 = status.books.iter().map(|of| of.books.read).sum();
    assert_eq!(read, world.all(Topic::Events).await.len() as u64);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_org_whose_kms_key_is_missing_waits_alone_and_is_healed_by_the_file() {
    let mut world = World::new(4).await;
    let (ours, other) = (world.org.clone(), world.new_org(4).await);
    let whole = std::fs::read_to_string(world.kms_file()).expect("a file of org keys");
    let mut without: serde_json::Value = serde_json::from_str(&whole).expect("JSON");
    without["orgs"].as_object_mut().expect("orgs").remove(ours.as_str()).expect("its key");
    std::fs::write(world.kms_file(), without.to_string()).expect("written");

    // Opened without the key, as after a restart.
    let running = world.project_by(world.asking_vault(None), "one");
    for round in 1..=3 {
        for customer in 0..8 {
            world.append(&world.verdict(customer, true)).await;
        }
        until_verified(&world, &[(&other, 4 * round), (&ours, 0)]).await;
    }
    world.caught_up().await;
    let waiting = held(&world).await;
    assert!(!waiting.is_empty() && waiting.iter().all(|held| held.org == ours), "{waiting:?}");

    std::fs::write(world.kms_file(), whole).expect("written");
    until_verified(&world, &[(&other, 12), (&ours, 12)]).await;
    all_is_well(&world).await;
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_are_damaged_or_missing_are_waited_for_over_restarts() {
    let mut world = World::new(4).await;
    let (ours, other) = (world.org.clone(), world.new_org(4).await);
    let rows = Arc::new(AwayKeyRows::new(world.key_rows()));
    for (round, how) in [(1, RowsAway::Damaged), (2, RowsAway::Missing)] {
        rows.set(&ours, Some(how));
        for _ in 0..2 {
            // The second goes on from what the first has left.
            let running = world.project_by(world.asking_vault(Some(rows.clone())), "one");
            for customer in 0..8 {
                world.append(&world.verdict(customer, customer % 3 != 0)).await;
            }
            world.caught_up().await;
            running.stop().await;
        }
        assert!(held(&world).await.iter().all(|held| held.org == ours), "{how:?}");
        until_verified(&world, &[(&other, 8 * round), (&ours, 8 * (round - 1))]).await;
        rows.set(&ours, None);
        let running = world.project_by(world.asking_vault(Some(rows.clone())), "one");
        until_verified(&world, &[(&other, 8 * round), (&ours, 8 * round)]).await;
        until("nobody waits", async || held(&world).await.is_empty()).await;
        running.stop().await;
    }
    let running = world.project("one");
    all_is_well(&world).await;
    running.stop().await;
}

/// Only an envelope that its own key does not open is poison, and what needs no key waits for none.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_tampered_with_is_poison_once_its_key_is_here() {
    let world = World::new(2).await;
    let rows = Arc::new(AwayKeyRows::new(world.key_rows()));
    rows.set(&world.org, Some(RowsAway::Missing));
    let running = world.project_by(world.asking_vault(Some(rows.clone())), "one");
    let mut event = world.verdict(0, false);
    let Event::DukcapilVerdictReceived(verdict) = &mut event else { panic!("a verdict") };
    // Sealed for another event.
    let Event::DukcapilVerdictReceived(moved) = world.verdict(0, false) else { panic!("a verdict") };
    verdict.reason = moved.reason;
    world.append(&event).await;
    world.append(&world.verdict(1, true)).await;
    world.caught_up().await;
    assert!(world.all(Topic::DeadLetters).await.is_empty(), "nothing is known of it yet");
    rows.set(&world.org, None);
    until("it is a dead letter", async || world.all(Topic::DeadLetters).await.len() == 1).await;
    until_verified(&world, &[(&world.org, 1)]).await;
    running.stop().await;
}
