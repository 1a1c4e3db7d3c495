//! The same `Idempotency-Key` again (contract §1): one effect, one answer, for ever.

use std::collections::BTreeSet;

use serde_json::json;
use tokio::task::JoinSet;

use crate::client::{VERDICT, declined, text, verified};
use crate::harness::ContractHarness;
use crate::repeated_posts::{a_hundred_posts_with_one_key, replayed};

const CONNECTIONS: usize = 16;

pub async fn a_hundred_posts_with_one_key_over_sixteen_connections_are_one_verdict<H: ContractHarness>() {
    let mut sandbox = H::alone().await;
    let customer = sandbox.info().customer.clone();
    let body = verified(&customer);
    let api = sandbox.api();
    let said = a_hundred_posts_with_one_key(std::slice::from_ref(&api), "one-for-all", &body).await;
    assert_eq!(api.total("").await, 1);
    assert_eq!(api.rows("").await[0]["id"], said["verification"]["id"]);

    // And for ever: after a restart too.
    sandbox.kill9().await;
    sandbox.restart().await;
    let again = sandbox.api().post(VERDICT, &[("idempotency-key", "one-for-all")], &body).await;
    again.is(200, &said);
    assert!(replayed(&again));
    assert_eq!(sandbox.api().total("").await, 1);
}

pub async fn the_same_key_with_another_body_is_refused<H: ContractHarness>() {
    let sandbox = H::start().await;
    let api = sandbox.api();
    let customer = sandbox.info().customer.clone();
    let key = [("idempotency-key", "k-1")];
    let first = api.post(VERDICT, &key, &declined(&customer, "Data ganda")).await.expect(200);
    let reused = "idempotency key reused with a different body";
    api.post(VERDICT, &key, &declined(&customer, "Kuota habis")).await.is_error(422, reused);
    api.post(VERDICT, &key, &verified(&customer)).await.is_error(422, reused);
    // Byte-identical, not equal in meaning.
    let spaced = declined(&customer, "Data ganda").to_string() + " ";
    api.post_bytes(VERDICT, &key, spaced.into_bytes()).await.is_error(422, reused);
    // The errors that come before it in the order of checks stay what they are.
    api.post(VERDICT, &key, &json!({"customerId": customer, "valid": 1})).await.names_fields(&["valid"]);
    let again = api.post(VERDICT, &key, &declined(&customer, "Data ganda")).await;
    again.is(200, &first);
    assert!(replayed(&again));
    assert_eq!(api.total("").await, 1);
}

pub async fn a_quoted_key_is_its_bare_content<H: ContractHarness>() {
    let sandbox = H::start().await;
    let api = sandbox.api();
    let body = declined(&sandbox.info().customer, "Data ganda");
    let bare = api.post(VERDICT, &[("idempotency-key", "2f5e-quoted")], &body).await;
    let quoted = api.post(VERDICT, &[("idempotency-key", "\"2f5e-quoted\"")], &body).await;
    assert!(!replayed(&bare) && replayed(&quoted));
    quoted.is(200, &bare.expect(200));
    assert_eq!(api.total("").await, 1);
}

pub async fn a_key_counts_for_one_customer_one_endpoint_and_one_org<H: ContractHarness>() {
    let sandbox = H::start().await;
    let api = sandbox.api();
    let key = [("idempotency-key", "shared")];
    let mut ids = BTreeSet::new();
    for customer in [sandbox.info().customer.clone(), api.customer("Budi Santoso").await] {
        let answer = api.post(VERDICT, &key, &declined(&customer, "Data ganda")).await;
        assert!(!replayed(&answer));
        ids.insert(text(&answer.expect(200)["verification"]["id"]).to_owned());
    }
    let registered = api.post("/api/customers", &key, &json!({"fullName": "Dewi Lestari"})).await;
    assert!(!replayed(&registered));
    registered.expect(201);
    let (_, other) = sandbox.org(&["--dukcapil-enabled"]).await;
    let theirs = other.post("/api/customers", &key, &json!({"fullName": "Dewi Lestari"})).await;
    assert!(!replayed(&theirs));
    assert_ne!(theirs.expect(201)["id"], registered.json()["id"]);
    let customer = text(&theirs.json()["id"]).to_owned();
    let answer = other.post(VERDICT, &key, &declined(&customer, "Data ganda")).await;
    assert!(!replayed(&answer));
    ids.insert(text(&answer.expect(200)["verification"]["id"]).to_owned());
    assert_eq!(ids.len(), 3);
}

pub async fn without_a_key_every_post_is_a_verdict_and_a_key_has_its_bounds<H: ContractHarness>() {
    let sandbox = H::start().await;
    let api = sandbox.api();
    let body = declined(&sandbox.info().customer, "Data ganda");
    let first = api.verdict(&body).await.expect(200);
    let second = api.verdict(&body).await.expect(200);
    assert_ne!(first["verification"]["id"], second["verification"]["id"]);
    for good in ["k".repeat(255), "!~\"x".to_owned(), format!("\"{}\"", "q".repeat(255))] {
        api.post(VERDICT, &[("idempotency-key", &good)], &body).await.expect(200);
    }
    let total = api.total("").await;
    for bad in
        ["k".repeat(256), String::new(), "with space".to_owned(), "\"\"".to_owned(), "tab\there".to_owned()]
    {
        let answer = api.post(VERDICT, &[("idempotency-key", &bad)], &body).await;
        assert_eq!(answer.expect(400)["error"], "validation failed", "{bad:?}: {answer:?}");
    }
    let twice = [("idempotency-key", "one"), ("idempotency-key", "two")];
    assert_eq!(api.post(VERDICT, &twice, &body).await.status, 400, "two keys are no key");
    assert_eq!(api.total("").await, total);
}

pub async fn of_two_bodies_with_one_key_at_once_one_counts_and_the_other_hears_so<H: ContractHarness>() {
    let sandbox = H::start().await;
    let customer = sandbox.info().customer.clone();
    for round in 0..5 {
        let mut tasks = JoinSet::new();
        for number in 0..CONNECTIONS {
            let body = declined(&customer, ["Data ganda", "Kuota habis"][number % 2]);
            let (api, key) = (sandbox.api(), format!("torn-{round}"));
            tasks.spawn(async move {
                let headers = [("idempotency-key", key.as_str()), ("prefer", "wait=10")];
                (number % 2, api.post(VERDICT, &headers, &body).await)
            });
        }
        let answers = tasks.join_all().await;
        let accepted = || answers.iter().filter(|(_, answer)| answer.status == 200);
        let won: BTreeSet<usize> = accepted().map(|(body, _)| *body).collect();
        assert_eq!(won.len(), 1, "{answers:?}");
        let said: BTreeSet<String> = accepted().map(|(_, answer)| answer.json().to_string()).collect();
        assert_eq!(said.len(), 1, "{answers:?}");
        for (body, answer) in &answers {
            if !won.contains(body) {
                answer.is_error(422, "idempotency key reused with a different body");
            }
        }
        assert_eq!(sandbox.api().total("").await, round + 1);
    }
}

pub async fn a_refused_request_uses_no_key_up<H: ContractHarness>() {
    let sandbox = H::start().await;
    let api = sandbox.api();
    let customer = sandbox.info().customer.clone();
    let key = [("idempotency-key", "second-try")];
    api.post(VERDICT, &key, &json!({"customerId": customer, "valid": true})).await.names_fields(&["photo"]);
    api.post_bytes(VERDICT, &key, b"{".to_vec()).await.is_malformed();
    let answer = api.post(VERDICT, &key, &verified(&customer)).await;
    answer.expect(200);
    assert!(!replayed(&answer), "{answer:?}");
    api.post("/api/customers", &key, &json!({"fullName": ""})).await.names_fields(&["fullName"]);
    let answer = api.post("/api/customers", &key, &json!({"fullName": "Budi Santoso"})).await;
    answer.expect(201);
    assert!(!replayed(&answer), "{answer:?}");
}
