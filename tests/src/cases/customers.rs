//! Customers (contract §4): registering and finding them.

use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::client::{Answer, is_id, is_time, text};
use crate::harness::ContractHarness;

const CUSTOMERS: &str = "/api/customers";

pub async fn a_customer_is_registered_and_found_at_once<H: ContractHarness>() {
    let sandbox = H::start().await;
    let api = sandbox.api();
    let body = json!({"fullName": "Siti Nurhaliza binti Ömer 😀", "externalId": "CIF/0001 ä?&"});
    let answer = api.post(CUSTOMERS, &[], &body).await;
    let made = answer.expect(201);
    assert!(is_id("cus_", &made["id"]) && is_time(&made["createdAt"]), "{made}");
    let wanted = json!({
        "id": made["id"], "fullName": body["fullName"], "externalId": body["externalId"],
        "kycLevel": "none", "createdAt": made["createdAt"],
    });
    assert_eq!(made, wanted);
    api.get(&format!("{CUSTOMERS}/{}", text(&made["id"]))).await.is(200, &wanted);
    api.get(&format!("{CUSTOMERS}?externalId=CIF%2F0001%20%C3%A4%3F%26")).await.is(200, &wanted);
    api.verdict(&crate::client::verified(text(&made["id"]))).await.expect(200);
    let raised = api.get(&format!("{CUSTOMERS}/{}", text(&made["id"]))).await.expect(200);
    assert_eq!(raised["kycLevel"], "standard");

    for without in [json!({"fullName": "Budi"}), json!({"fullName": "Budi", "externalId": null})] {
        let made = api.post(CUSTOMERS, &[], &without).await.expect(201);
        assert_eq!((&made["externalId"], &made["fullName"]), (&Value::Null, &json!("Budi")));
    }
}

pub async fn an_external_id_is_one_customers<H: ContractHarness>() {
    let sandbox = H::start().await;
    let api = sandbox.api();
    let mut tasks = JoinSet::new();
    for number in 0..16 {
        let api = api.clone();
        tasks.spawn(async move {
            api.post(CUSTOMERS, &[], &json!({"fullName": format!("Budi {number}"), "externalId": "CIF-7"}))
                .await
        });
    }
    let answers: Vec<Answer> = tasks.join_all().await;
    let made: Vec<&Answer> = answers.iter().filter(|answer| answer.status == 201).collect();
    assert_eq!(made.len(), 1, "{answers:?}");
    let id = made[0].json()["id"].clone();
    for answer in answers.iter().filter(|answer| answer.status != 201) {
        let body = answer.expect(409);
        assert_eq!(body["details"], json!({"id": id}), "{answer:?}");
        assert!(body["error"].is_string());
    }
    let again = api.post(CUSTOMERS, &[], &json!({"fullName": "Other", "externalId": "CIF-7"})).await;
    assert_eq!(again.expect(409)["details"]["id"], id);
    let found = api.get(&format!("{CUSTOMERS}?externalId=CIF-7")).await.expect(200);
    assert_eq!(found["id"], id);
    assert_eq!(found["fullName"], made[0].json()["fullName"]);
}

pub async fn a_registration_is_idempotent<H: ContractHarness>() {
    let mut sandbox = H::alone().await;
    let api = sandbox.api();
    let key = [("idempotency-key", "reg-1")];
    let mut bodies = Vec::new();
    for body in
        [json!({"fullName": "Budi Santoso", "externalId": "CIF-9"}), json!({"fullName": "Dewi Lestari"})]
    {
        let key = [("idempotency-key", text(&body["fullName"]).split(' ').next().expect("a name"))];
        let mut tasks = JoinSet::new();
        for _ in 0..12 {
            let (api, body, key) = (api.clone(), body.clone(), key[0].1.to_owned());
            tasks.spawn(async move { api.post(CUSTOMERS, &[("idempotency-key", &key)], &body).await });
        }
        let answers = tasks.join_all().await;
        let first = answers[0].expect(201);
        for answer in &answers {
            assert_eq!(answer.expect(201), first);
        }
        let replayed = answers.iter().filter(|answer| answer.header("idempotency-replayed") == Some("true"));
        assert_eq!(replayed.count(), 11);
        bodies.push((key[0].1.to_owned(), body, first));
    }
    api.post(CUSTOMERS, &key, &json!({"fullName": "Budi"})).await.expect(201);
    let other = api.post(CUSTOMERS, &key, &json!({"fullName": "Not Budi"})).await;
    other.is_error(422, "idempotency key reused with a different body");

    sandbox.kill9().await;
    sandbox.restart().await;
    for (key, body, first) in bodies {
        let again = sandbox.api().post(CUSTOMERS, &[("idempotency-key", &key)], &body).await;
        assert_eq!(again.expect(201), first);
        assert_eq!(again.header("idempotency-replayed"), Some("true"));
    }
}

pub async fn a_bad_registration_names_its_fields<H: ContractHarness>() {
    let sandbox = H::start().await;
    let api = sandbox.api();
    for bad in [
        json!(""),
        json!("   "),
        json!("\t\n"),
        json!("x".repeat(100_000)),
        json!("a\u{0}b"),
        json!("a\nb"),
        json!(5),
        json!(true),
        Value::Null,
        json!(["x"]),
        json!({}),
    ] {
        let answer = api.post(CUSTOMERS, &[], &json!({"fullName": bad})).await;
        answer.names_fields(&["fullName"]);
    }
    for bad in [json!(""), json!("x".repeat(100_000)), json!("a\u{0}b"), json!(5), json!(["x"])] {
        let answer = api.post(CUSTOMERS, &[], &json!({"fullName": "Budi", "externalId": bad})).await;
        answer.names_fields(&["externalId"]);
    }
    api.post(CUSTOMERS, &[], &json!({"externalId": 5})).await.names_fields(&["externalId", "fullName"]);
    api.post_bytes(CUSTOMERS, &[], b"{".to_vec()).await.is_malformed();
    let twice = br#"{"fullName":"a","fullName":"b"}"#.to_vec();
    assert_eq!(api.post_bytes(CUSTOMERS, &[], twice).await.status, 400);
    api.get(&format!("{CUSTOMERS}?externalId=x&other=1")).await.names_fields(&["other"]);
    assert_eq!(api.get(CUSTOMERS).await.status, 400, "a search for nothing");
    api.get(&format!("{CUSTOMERS}?externalId=nobody")).await.is_error(404, "not found");
    for id in ["cus_00000000000000000000000000", "nonsense", "ver_00000000000000000000000000"] {
        api.get(&format!("{CUSTOMERS}/{id}")).await.is_error(404, "not found");
        api.get(&format!("/api/identity/kyc/{id}")).await.is_error(404, "not found");
    }
    // Names are trimmed of nothing but space around them.
    let made = api.post(CUSTOMERS, &[], &json!({"fullName": "  Budi  Santoso "})).await.expect(201);
    assert_eq!(made["fullName"], "Budi  Santoso");
}
