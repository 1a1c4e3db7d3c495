//! Matches beside a store that somebody changed, a reference that grew old, and more pictures than can wait. Real models
//! on portraits, in a sandbox.

use std::path::PathBuf;

use bytes::Bytes;
use domain::event::Offset;
use domain::ids::{CustomerId, CustomerRef, OrgId};
use domain::ports::FaceVectorRow;
use domain::rows::{EPOCH_LIMIT, Epoch, WriteTimestamp};
use domain::sealed::Sealed;
use engine::{Engine, Role};
use futures::{StreamExt as _, stream};
use serde_json::{Value, json};
use system_tests::client::Api;
use system_tests::face_calls::{ENROLMENTS, MATCH, compare, compare_at, match_by, until_read, verified_with};
use system_tests::harness::ContractHarness as _;
use system_tests::patience::until_within;
use system_tests::portraits::portrait_text;
use system_tests::sandbox::Sandbox;
use testkit::patience::PHOTOS_READ_WITHIN;

/// Puts that row before the customer's own, as whoever can write to the store may.
async fn put(engine: &Engine, row: &FaceVectorRow, number: u64) {
    let at = WriteTimestamp::upsert(Epoch(EPOCH_LIMIT - 1), Offset(number));
    engine.face_vectors.put(at, row).await.expect("an intruder's write");
}

/// The envelope with one bit of its last byte turned.
fn damaged(sealed: &Sealed) -> Sealed {
    let mut bytes = sealed.as_bytes().to_vec();
    *bytes.last_mut().expect("an envelope") ^= 1;
    Sealed::from_envelope(Bytes::from(bytes))
}

/// Neither a match nor none: an error, and no row.
async fn is_refused(api: &Api, customer: &str, what: &str) {
    let before = api.total(&format!("customerId={customer}&method=face_match")).await;
    let answer = compare(api, customer, &portrait_text("macron_2025")).await;
    answer.is_error(500, "internal error");
    assert_eq!(api.total(&format!("customerId={customer}&method=face_match")).await, before, "{what}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn vectors_that_were_swapped_or_altered_in_the_store_are_an_error_and_no_verdict() {
    let Some(sandbox) = Sandbox::with_models().await else { return };
    let api = sandbox.api();
    let (macron, obama) = (verified_with(&api, "macron_2014").await, verified_with(&api, "obama").await);
    let said = compare(&api, &macron, &portrait_text("macron_2025")).await.expect(200);
    assert_eq!(said["match"]["verdict"], "match", "{said}");
    let engine =
        Engine::open(&sandbox.config(), Role::Tool).await.expect("it opens beside whoever serves it");
    let org = OrgId::parse(&sandbox.info().org).expect("an org's id");
    let row = async |customer: &str| {
        let customer = CustomerRef::new(org.clone(), CustomerId::parse(customer).expect("a customer's id"));
        engine.face_vectors.of_customer(&customer, None).await.expect("read").swap_remove(0)
    };
    let (first, second) = (row(&macron).await, row(&obama).await);
    // Whoever has the other's face would pass as him.
    let swapped = |of: &FaceVectorRow, with: &FaceVectorRow| FaceVectorRow {
        vector: with.vector.clone(),
        crop: with.crop.clone(),
        ..of.clone()
    };
    put(&engine, &swapped(&first, &second), 1).await;
    put(&engine, &swapped(&second, &first), 1).await;
    is_refused(&api, &macron, "another customer's vector").await;
    is_refused(&api, &obama, "another customer's vector").await;
    let altered = FaceVectorRow { vector: first.vector.as_ref().map(damaged), ..first.clone() };
    put(&engine, &altered, 2).await;
    is_refused(&api, &macron, "an altered vector").await;
    let altered = FaceVectorRow { crop: first.crop.as_ref().map(damaged), ..first.clone() };
    put(&engine, &altered, 3).await;
    is_refused(&api, &macron, "an altered crop").await;
    // What is whole serves again.
    put(&engine, &first, 4).await;
    let said = compare(&api, &macron, &portrait_text("macron_2025")).await.expect(200);
    assert_eq!(said["match"]["verdict"], "match", "{said}");
    assert_eq!(api.kyc(&obama).await["customer"]["kycLevel"], "standard");
    engine.close().await;
}

/// Moves everything in a stopped sandbox's log two hours back, and has its read model made anew.
fn two_hours_pass(sandbox: &Sandbox) {
    let folder = std::fs::read_dir(sandbox.folder().join("log")).expect("the log's folder");
    let files: Vec<PathBuf> = folder.map(|entry| entry.expect("an entry").path()).collect();
    let file = files.iter().find(|path| path.extension().is_some_and(|kind| kind == "sqlite"));
    let log = rusqlite::Connection::open(file.expect("the log")).expect("the log");
    let guard = "SELECT sql FROM sqlite_master WHERE name = 'events_no_update'";
    let guard: String = log.query_row(guard, [], |row| row.get(0)).expect("what keeps events as they are");
    let moved = "UPDATE events SET appended_at = appended_at - 2 * 60 * 60 * 1000";
    log.execute_batch(&format!("DROP TRIGGER events_no_update; {moved}; {guard}")).expect("moved");
    std::fs::remove_dir_all(sandbox.folder().join("views")).expect("removed");
}

#[tokio::test]
async fn where_much_is_at_stake_a_selfie_is_good_for_an_hour_and_dukcapils_photo_for_ever() {
    let Some(mut sandbox) = Sandbox::with_models().await else { return };
    let api = sandbox.api();
    let (selfie, verified) = (api.customer("Budi Santoso").await, verified_with(&api, "macron_2014").await);
    let body = json!({ "customerId": selfie, "image": portrait_text("macron_2014") });
    api.post(ENROLMENTS, &[], &body).await.expect(201);
    until_read(&api, &selfie).await;
    let probe = portrait_text("macron_2025");
    for customer in [&selfie, &verified] {
        compare_at(&api, customer, &probe, "high").await.expect(200);
    }
    sandbox.sigterm().await;
    two_hours_pass(&sandbox);
    sandbox.restart().await;
    let api = sandbox.api();
    until_read(&api, &selfie).await;
    until_read(&api, &verified).await;
    let refused = compare_at(&api, &selfie, &probe, "high").await.expect(409);
    assert_eq!(refused["code"], "reference_too_weak", "{refused}");
    let said = compare_at(&api, &selfie, &probe, "medium").await.expect(200);
    assert_eq!(said["reference"]["source"], "onboarding_selfie", "{said}");
    let said = compare_at(&api, &verified, &probe, "high").await.expect(200);
    assert_eq!(said["match"]["riskLevel"], "high", "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_hundred_matches_at_once_some_are_told_to_come_again_and_none_is_lost() {
    let Some(sandbox) = Sandbox::with_models().await else { return };
    let api = sandbox.api();
    let customer = verified_with(&api, "macron_2014").await;
    let body = json!({ "customerId": customer, "image": portrait_text("macron_2025") });
    let keys: Vec<String> = (0..200).map(|number| format!("match-{number}")).collect();
    let (api, body) = (&api, &body);
    let sent = keys
        .iter()
        .map(|key| async move { (key, api.post(MATCH, &[("idempotency-key", key.as_str())], body).await) });
    let mut again = Vec::new();
    for (key, answer) in futures::future::join_all(sent).await {
        match answer.status {
            200 | 202 => {}
            503 => {
                assert!(answer.header("retry-after").is_some(), "{answer:?}");
                assert_eq!(answer.json()["code"], "overloaded", "{answer:?}");
                again.push(key);
            }
            _ => panic!("{answer:?}"),
        }
    }
    assert!((1..200).contains(&again.len()), "{} of 200 were told to come again", again.len());
    // A few at a time, as those do who were told so.
    let decided: Vec<Value> = stream::iter(again)
        .map(async |key: &String| {
            let answer = match_by(api, &[("idempotency-key", key.as_str())], body).await;
            assert!(matches!(answer.status, 200 | 202), "{answer:?}");
            answer.json()
        })
        .buffer_unordered(8)
        .collect()
        .await;
    assert!(decided.iter().all(|said| said["verification"]["id"].is_string()));
    until_within(PHOTOS_READ_WITHIN, "each of them once", async || {
        let total = api.total(&format!("customerId={customer}&method=face_match")).await;
        assert!(total <= 200, "{total}");
        (total == 200).then_some(())
    })
    .await;
    let matched = api.total(&format!("customerId={customer}&method=face_match&status=verified")).await;
    assert_eq!(matched, 200);
}
