//! What only two instances can show: one `Idempotency-Key` at both at once, and what one answered the other
//! shows.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use tokio::task::JoinSet;

use system_tests::client::{Answer, Api, VERDICT, declined, text, verified};
use system_tests::harness::ContractHarness as _;
use system_tests::repeated_posts::a_hundred_posts_with_one_key;

use crate::harness::SharedOrg;

const CONNECTIONS: usize = 16;

/// Every instance shows one row, that one.
async fn one_row(each: &[Api], id: &Value, total: u64) {
    for api in each {
        assert_eq!(api.total("").await, total);
        let row = api.get(&format!("/api/identity/verifications/{}", text(id))).await.expect(200);
        assert_eq!(&row["id"], id);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_posts_with_one_key_split_over_two_instances_are_one_verdict() {
    let sandbox = SharedOrg::start().await;
    let each = sandbox.each();
    let body = verified(&sandbox.info().customer);
    let said = a_hundred_posts_with_one_key(&each, "one-for-both", &body).await;
    one_row(&each, &said["verification"]["id"], 1).await;
    let kyc = each[0].kyc(&sandbox.info().customer).await;
    assert_eq!(kyc["history"].as_array().map(Vec::len), Some(1), "{kyc}");
    assert_eq!(kyc, each[1].kyc(&sandbox.info().customer).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_bodies_with_one_key_on_two_instances_one_counts_and_the_other_hears_so() {
    let sandbox = SharedOrg::start().await;
    let each = sandbox.each();
    let customer = sandbox.info().customer.clone();
    for round in 0..5 {
        let mut tasks = JoinSet::new();
        for (number, api) in each.iter().enumerate() {
            for _ in 0..4 {
                let body = declined(&customer, ["Data ganda", "Kuota habis"][number]);
                let (api, key) = (api.clone(), format!("torn-{round}"));
                tasks.spawn(async move {
                    let headers = [("idempotency-key", key.as_str()), ("prefer", "wait=10")];
                    (number, api.post(VERDICT, &headers, &body).await)
                });
            }
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
        let id = accepted().next().expect("one won").1.json()["verification"]["id"].clone();
        one_row(&each, &id, round + 1).await;
    }
}

/// Nobody waited, so nobody could be refused: the verdict that lost is told of in its winner's signals.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_that_lost_after_its_202_is_a_signal_of_the_one_that_won() {
    let sandbox = SharedOrg::start().await;
    let each = sandbox.each();
    let customer = sandbox.info().customer.clone();
    let headers = [("idempotency-key", "both-async"), ("prefer", "respond-async")];
    let (first, second) = (declined(&customer, "Data ganda"), declined(&customer, "Kuota habis"));
    let (one, other) =
        tokio::join!(each[0].post(VERDICT, &headers, &first), each[1].post(VERDICT, &headers, &second),);
    let accepted: Vec<&Answer> =
        [&one, &other].into_iter().filter(|answer| matches!(answer.status, 200 | 202)).collect();
    assert!(!accepted.is_empty(), "{one:?} {other:?}");
    let id = accepted[0].json()["verification"]["id"].clone();
    assert!(accepted.iter().all(|answer| answer.json()["verification"]["id"] == id), "{one:?} {other:?}");
    let torn = accepted.len() == 2;
    let row = system_tests::patience::until("the row, with its signal", async || {
        let found = each[0].get(&format!("/api/identity/verifications/{}", text(&id))).await;
        if found.status == 404 {
            return None;
        }
        // Nobody was answered with 200 yet: its place in the totals comes after the row.
        if each[0].total("").await == 0 {
            return None;
        }
        let row = found.expect(200);
        (!torn || row["signals"].as_array().is_some_and(|signals| !signals.is_empty())).then_some(row)
    })
    .await;
    assert!(row["reason"] == "Data ganda" || row["reason"] == "Kuota habis", "{row}");
    one_row(&each, &id, 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_one_instance_answered_with_200_the_other_shows_at_once() {
    let sandbox = SharedOrg::start().await;
    let each = sandbox.each();
    for number in 0..20 {
        let (here, there) = (&each[number % 2], &each[1 - number % 2]);
        let customer = here.customer(&format!("Nasabah {number}")).await;
        let found = there.get(&format!("/api/customers/{customer}")).await.expect(200);
        assert_eq!(found["kycLevel"], "none");
        let said = there.post(VERDICT, &[("prefer", "wait=10")], &verified(&customer)).await.expect(200);
        let id = text(&said["verification"]["id"]);
        let row = here.get(&format!("/api/identity/verifications/{id}")).await.expect(200);
        assert_eq!(row["enrolment"]["id"], said["enrolment"]["id"]);
        let kyc = here.kyc(&customer).await;
        assert_eq!((&kyc["customer"]["kycLevel"], &kyc["eligible"]), (&json!("standard"), &json!(true)));
        assert_eq!(here.total("status=verified").await, number as u64 + 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_external_id_is_one_customers_on_both_instances_at_once() {
    let sandbox = SharedOrg::start().await;
    let each = sandbox.each();
    let mut tasks = JoinSet::new();
    for number in 0..CONNECTIONS {
        let api = each[number % 2].clone();
        tasks.spawn(async move {
            let body = json!({"fullName": format!("Budi {number}"), "externalId": "CIF-BOTH"});
            api.post("/api/customers", &[], &body).await
        });
    }
    let answers = tasks.join_all().await;
    let made: Vec<&Answer> = answers.iter().filter(|answer| answer.status == 201).collect();
    assert_eq!(made.len(), 1, "{answers:?}");
    let id = made[0].json()["id"].clone();
    for answer in answers.iter().filter(|answer| answer.status != 201) {
        assert_eq!(answer.expect(409)["details"], json!({"id": id}), "{answer:?}");
    }
    for api in &each {
        assert_eq!(api.get("/api/customers?externalId=CIF-BOTH").await.expect(200)["id"], id);
    }
}

/// With a key or without: one registers, the other hears that it is registered, and neither ever hears otherwise.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_registrations_with_one_body_at_both_instances_at_once_one_counts_and_both_keep_their_answers()
{
    let sandbox = SharedOrg::start().await;
    let each = sandbox.each();
    for round in 0..8 {
        let body = json!({"fullName": "Budi Santoso", "externalId": format!("BOTH-{round}")});
        let keys = [format!("first-{round}"), format!("second-{round}")];
        let keyed = [round % 4 != 3, round % 4 < 2];
        let ask = async |at: usize, number: usize| {
            let headers = [("idempotency-key", keys[number].as_str())];
            let headers = if keyed[number] { &headers[..] } else { &[] };
            system_tests::patience::until("an answer that is not a 503", async || {
                let answer = each[at].post("/api/customers", headers, &body).await;
                (answer.status != 503).then_some(answer)
            })
            .await
        };
        let (one, two) = tokio::join!(ask(0, 0), ask(1, 1));
        let (made, taken) = if one.status == 201 { (&one, &two) } else { (&two, &one) };
        let id = made.expect(201)["id"].clone();
        assert_eq!(taken.expect(409)["details"]["id"], id, "round {round}");
        for (number, before) in [&one, &two].into_iter().enumerate().filter(|(number, _)| keyed[*number]) {
            for at in 0..2 {
                let again = ask(at, number).await;
                assert_eq!((again.status, again.json()), (before.status, before.json()), "round {round}");
            }
        }
    }
}
