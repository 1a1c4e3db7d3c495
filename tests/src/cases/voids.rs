//! Verifications that are declared void (sequence §2.8): what the tier falls to, what stays as it was, and who is told what.

use serde_json::{Value, json};

use crate::client::{Api, declined, fields, is_time, text, verified};
use crate::face_calls::{compare, references, until_read, verified_with};
use crate::harness::ContractHarness;
use crate::patience::until;
use crate::portraits::portrait_text;

fn void_of(verification: &Value) -> String {
    format!("/api/identity/verifications/{}/void", text(verification))
}

/// The API with a key of the org that decides of verifications and nothing else.
async fn voiding<H: ContractHarness>(sandbox: &H) -> Api {
    let org = sandbox.info().org.clone();
    sandbox.key(&org, &["--scopes", "reviews:write"]).await.1
}

fn reason(code: &str) -> Value {
    json!({ "reasonCode": code })
}

pub async fn a_void_verdict_counts_no_more_and_what_was_before_stays<H: ContractHarness>() {
    let sandbox = H::start().await;
    let (api, keys) = (sandbox.api(), voiding(&sandbox).await);
    let customer = api.customer("Dibatalkan Satu").await;
    let first = api.verdict(&verified(&customer)).await.expect(200)["verification"]["id"].clone();
    let second = api.verdict(&verified(&customer)).await.expect(200)["verification"]["id"].clone();
    let before = api.kyc(&customer).await;
    let rows = api.rows(&format!("customerId={customer}")).await;
    let times: Vec<&str> = rows.iter().rev().map(|row| text(&row["createdAt"])).collect();
    assert_eq!(before["customer"]["kycLastVerifiedAt"], times[1], "{before}");

    // The newer of two: the tier stays, and its date is the older one's.
    let note = json!({ "reasonCode": "wrong_customer", "note": "Salah orang sama sekali." });
    let key = [("Idempotency-Key", "void-1")];
    let answer = keys.post(&void_of(&second), &key, &note).await;
    let told = answer.expect(200);
    assert_eq!(fields(&told), ["by", "createdAt", "reasonCode"], "{told}");
    assert_eq!(told["reasonCode"], "wrong_customer");
    assert!(text(&told["by"]).starts_with("key_") && is_time(&told["createdAt"]), "{told}");
    let kyc = api.kyc(&customer).await;
    assert_eq!(kyc["customer"]["kycLevel"], "standard", "{kyc}");
    assert_eq!(kyc["customer"]["kycLastVerifiedAt"], times[0], "{kyc}");
    assert_eq!(kyc["history"], before["history"], "the tier is what it was");

    // The last one that stands: nothing is left, and the history says which one it was.
    keys.post(&void_of(&first), &[], &reason("caller_error")).await.expect(200);
    let kyc = api.kyc(&customer).await;
    let last = &kyc["customer"];
    assert_eq!((&last["kycLevel"], &last["kycLastVerifiedAt"]), (&json!("none"), &Value::Null), "{kyc}");
    assert_eq!((&last["kycExpiresAt"], &kyc["eligible"]), (&Value::Null, &json!(false)), "{kyc}");
    let history = kyc["history"].as_array().expect("a history");
    assert_eq!(history.len(), before["history"].as_array().expect("a history").len() + 1, "it only grows");
    assert_eq!(history[0]["reason"], format!("voided {}", text(&first)), "{kyc}");
    assert_eq!((&history[0]["fromTier"], &history[0]["toTier"]), (&json!("standard"), &json!("none")));

    // The rows stay, with their status and in every total, and show it wherever they are shown.
    let detail = api.get(&format!("/api/identity/verifications/{}", text(&second))).await.expect(200);
    assert_eq!((&detail["status"], &detail["voided"]), (&json!("verified"), &told), "{detail}");
    assert_eq!(api.total(&format!("customerId={customer}&status=verified")).await, 2);
    for row in api.rows(&format!("customerId={customer}")).await {
        assert_eq!(fields(&row["voided"]), ["by", "createdAt", "reasonCode"], "{row}");
    }
    assert_eq!(kyc["verifications"][0]["voided"], told, "{kyc}");

    // As of a moment before, everything is as it was.
    let as_of = api.get(&format!("/api/identity/kyc/{customer}?asOf={}", times[1])).await.expect(200);
    assert_eq!(
        (&as_of["customer"], &as_of["verifications"]),
        (&before["customer"], &before["verifications"])
    );
    assert_eq!(as_of["history"], before["history"]);

    // The same again is the same answer; another body under the key, and another void, are told so.
    let again = keys.post(&void_of(&second), &key, &note).await;
    assert_eq!(again.expect(200), told);
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    let other = keys.post(&void_of(&second), &key, &reason("fraud")).await;
    other.is_error(422, "idempotency key reused with a different body");
    for body in [&note, &reason("fraud")] {
        assert_eq!(keys.post(&void_of(&second), &[], body).await.expect(409)["code"], "already_voided");
    }
    // A new verdict counts as ever.
    api.verdict(&verified(&customer)).await.expect(200);
    assert_eq!(api.kyc(&customer).await["customer"]["kycLevel"], "standard");
    assert!(!sandbox.output().contains("Salah orang"), "a note is in no log");
}

pub async fn a_void_is_refused_in_the_contracts_order<H: ContractHarness>() {
    let sandbox = H::start().await;
    let (api, keys) = (sandbox.api(), voiding(&sandbox).await);
    let customer = api.customer("Dibatalkan Dua").await;
    let good = reason("fraud");
    let stands = api.verdict(&verified(&customer)).await.expect(200)["verification"]["id"].clone();
    // The org's own key writes verifications, and so decides nothing.
    let missing = api.post(&void_of(&stands), &[], &good).await.expect(403);
    assert_eq!(missing["error"], "missing scope: reviews:write");
    keys.post(&void_of(&stands), &[], &json!({})).await.names_fields(&["reasonCode"]);
    keys.post(&void_of(&stands), &[], &json!({ "reasonCode": "retake", "note": 1 }))
        .await
        .names_fields(&["note", "reasonCode"]);
    keys.post(&format!("{}?dryRun=true", void_of(&stands)), &[], &good).await.names_fields(&["dryRun"]);
    for nobodys in [json!("ver_00000000000000000000000000"), json!("nonsense")] {
        let answer = keys.post(&void_of(&nobodys), &[], &good).await;
        assert_eq!(answer.expect(404)["code"], "verification_not_found");
    }
    // Another org's is one that there is not.
    let (org, _) = sandbox.org(&[]).await;
    let (_, other) = sandbox.key(&org, &["--scopes", "reviews:write"]).await;
    assert_eq!(other.post(&void_of(&stands), &[], &good).await.expect(404)["code"], "verification_not_found");
    // What failed does not count, and so need not be made void.
    let failed = api.verdict(&declined(&customer, "NIK tidak ditemukan")).await.expect(200);
    let failed = keys.post(&void_of(&failed["verification"]["id"]), &[], &good).await;
    assert_eq!(failed.expect(409)["code"], "not_voidable");
    assert_eq!(api.kyc(&customer).await["customer"]["kycLevel"], "standard", "nothing of it had an effect");
}

/// Whoever is not the first is told so, or told nothing but that theirs is in the log.
pub async fn of_voids_that_race_one_counts<H: ContractHarness>() {
    let sandbox = H::start().await;
    let (api, keys) = (sandbox.api(), voiding(&sandbox).await);
    let customer = api.customer("Dibatalkan Tiga").await;
    let id = api.verdict(&verified(&customer)).await.expect(200)["verification"]["id"].clone();
    let path = void_of(&id);
    let good = reason("fraud");
    let race = (0..6).map(|_| keys.post(&path, &[], &good));
    let answers = futures::future::join_all(race).await;
    let counted = answers.iter().filter(|answer| answer.status == 200).count();
    assert!(counted <= 1, "{answers:?}");
    assert!(answers.iter().all(|answer| [200, 202, 409].contains(&answer.status)), "{answers:?}");
    until("the void to be shown", async || {
        let detail = api.get(&format!("/api/identity/verifications/{}", text(&id))).await.expect(200);
        detail.get("voided").map(|_| ())
    })
    .await;
    let kyc = api.kyc(&customer).await;
    assert_eq!(kyc["history"].as_array().map(Vec::len), Some(2), "up once and down once: {kyc}");
}

pub async fn a_void_reference_is_compared_with_no_more<H: ContractHarness>() {
    let Some(sandbox) = H::with_models().await else { return };
    let (api, keys) = (sandbox.api(), voiding(&sandbox).await);
    let customer = verified_with(&api, "macron_2014").await;
    until_read(&api, &customer).await;
    compare(&api, &customer, &portrait_text("macron_2025")).await.expect(200);
    assert_eq!(api.kyc(&customer).await["customer"]["kycLevel"], "premium");
    let verdict = api.rows(&format!("customerId={customer}&method=nik_dukcapil")).await[0]["id"].clone();
    keys.post(&void_of(&verdict), &[], &reason("wrong_customer")).await.expect(200);
    let kyc = api.kyc(&customer).await;
    assert_eq!(kyc["customer"]["kycLevel"], "none", "neither the verdict counts nor the match: {kyc}");
    let answer = compare(&api, &customer, &portrait_text("macron_2025")).await;
    assert_eq!(answer.expect(409)["code"], "no_face_reference");
    // It is shown all the same, and another verdict brings another one.
    assert_eq!(references(&api, &customer).await.len(), 1);
}
