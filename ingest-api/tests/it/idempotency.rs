//! `Idempotency-Key`: one effect for ever, whoever comes when.

use domain::event::Offset;
use domain::ids::{CustomerId, CustomerRef};
use domain::rows::{Epoch, Generation, RowKey, ViewRow, ViewWrite, WriteTimestamp};
use futures::future::join_all;
use serde_json::json;

use crate::harness::{TestApp, declined, verified};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_key_and_body_is_one_verdict_and_another_body_is_refused() {
    let app = TestApp::start().await;
    let customer = app.customer().await;
    let body = verified(&customer).to_string();
    let first = app.verdict(body.clone(), &[("idempotency-key", "k 1".replace(' ', "-").as_str())]).await;
    assert_eq!((first.status, first.header("idempotency-replayed")), (200, None), "{first:?}");
    for key in ["k-1", "\"k-1\""] {
        let again = app.verdict(body.clone(), &[("idempotency-key", key)]).await;
        assert_eq!((again.status, again.header("idempotency-replayed")), (200, Some("true")));
        assert_eq!(again.body, first.body);
    }
    let other = app.verdict(declined(&customer).to_string(), &[("idempotency-key", "k-1")]).await;
    assert_eq!((other.status, other.error()), (422, "idempotency key reused with a different body"));
    assert_eq!(app.total().await, 1);
    // Its scope is the customer's.
    let another = app.customer().await;
    let heard = app.verdict(declined(&another).to_string(), &[("idempotency-key", "k-1")]).await;
    assert_eq!((heard.status, heard.header("idempotency-replayed")), (200, None));
    assert_eq!(app.total().await, 2);
    let bad = app.verdict(body, &[("idempotency-key", "a b")]).await;
    assert_eq!((bad.status, bad.field_errors("Idempotency-Key")), (400, 1));
}

/// A row stands a moment before its customer's state, and what says 200 promises the tier: on an engine that is
/// not atomic a repetition may fall in between.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_row_whose_customer_does_not_follow_yet_is_no_present_answer() {
    let app = TestApp::start().await;
    let customer = app.customer().await;
    let body = declined(&customer).to_string();
    let again = [("idempotency-key", "between"), ("prefer", "respond-async")];
    assert_eq!(app.verdict(body.clone(), &again[..1]).await.status, 200);
    assert_eq!(app.verdict(body.clone(), &again).await.status, 200, "it is there");

    // The state as it stood before the verdict.
    let engine = app.engine().await;
    let whom = CustomerRef::new(app.org.org.org.clone(), CustomerId::parse(&customer).expect("an id"));
    let found = engine.projection.load(Generation(1), &[RowKey::State(whom)]).await.expect("loaded");
    let Some(Some(ViewRow::State(mut state))) = found.into_iter().next() else { panic!("a state") };
    assert!(state.as_of.offset > Offset(0));
    state.as_of.offset = Offset(0);
    let at = WriteTimestamp::upsert(Epoch(state.as_of.epoch.0 + 1), Offset(0));
    let write = ViewWrite { at, row: ViewRow::State(state) };
    engine.projection.write(Generation(1), vec![write]).await.expect("written");

    let heard = app.verdict(body, &again).await;
    assert_eq!(heard.status, 202, "{heard:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_at_once_are_one_row_and_one_answer() {
    let app = TestApp::start().await;
    let customer = app.customer().await;
    let body = verified(&customer).to_string();
    let all = join_all((0..100).map(|_| app.verdict(body.clone(), &[("idempotency-key", "at-once")]))).await;
    let replayed = all.iter().filter(|heard| heard.header("idempotency-replayed").is_some()).count();
    assert_eq!(replayed, 99);
    for heard in &all {
        assert_eq!((heard.status, &heard.body), (200, &all[0].body));
    }
    assert_eq!(app.total().await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_bodies_at_once_one_wins_and_the_other_hears_so() {
    let app = TestApp::start().await;
    let customer = app.customer().await;
    let (one, other) = (verified(&customer).to_string(), declined(&customer).to_string());
    let key = [("idempotency-key", "race")];
    let (one, other) = tokio::join!(app.verdict(one, &key), app.verdict(other, &key));
    let mut statuses = [one.status, other.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 422]);
    assert_eq!(app.total().await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_retry_after_a_202_is_the_same_verdict() {
    let app = TestApp::start().await;
    let customer = app.customer().await;
    let body = verified(&customer).to_string();
    let headers = [("idempotency-key", "async"), ("prefer", "respond-async")];
    let first = app.verdict(body.clone(), &headers).await;
    assert_eq!(first.status, 202);
    let again = app.verdict(body, &[("idempotency-key", "async")]).await;
    assert_eq!((again.status, again.header("idempotency-replayed")), (200, Some("true")), "{again:?}");
    assert_eq!(again.body["verification"]["id"], first.body["verification"]["id"]);
    assert_eq!(app.total().await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_registration_is_repeated_under_its_key_and_refused_without_one() {
    let app = TestApp::start().await;
    let body = json!({ "fullName": "Contoh Nasabah", "externalId": "CIF-1" });
    let post = |body: serde_json::Value, key: &'static str| {
        let request = app.request(reqwest::Method::POST, "/api/customers").json(&body);
        let request = if key.is_empty() { request } else { request.header("idempotency-key", key) };
        crate::harness::hear(request)
    };
    let first = post(body.clone(), "r1").await;
    assert_eq!((first.status, first.header("idempotency-replayed")), (201, None), "{first:?}");
    let again = post(body.clone(), "r1").await;
    assert_eq!((again.status, again.header("idempotency-replayed")), (201, Some("true")), "{again:?}");
    assert_eq!(again.body, first.body);
    let other = post(json!({ "fullName": "Budi", "externalId": "CIF-2" }), "r1").await;
    assert_eq!(other.status, 422, "{other:?}");
    assert_eq!(app.get("/api/customers?externalId=CIF-2").await.status, 404);
    let taken = post(body.clone(), "").await;
    assert_eq!((taken.status, &taken.body["details"]["id"]), (409, &first.body["id"]));
    assert_eq!(post(body, "r2").await.status, 409);
    let at_once =
        join_all((0..16).map(|_| post(json!({ "fullName": "Budi", "externalId": "CIF-3" }), ""))).await;
    let made = at_once.iter().filter(|heard| heard.status == 201).count();
    let refused = at_once.iter().filter(|heard| heard.status == 409).count();
    assert_eq!((made, refused), (1, 15));
}
