//! Challenges of captures (sequence §1.6, §1.7, §2.2): what is given out, what is kept of it, and how often.

use chrono::{DateTime, Utc};
use domain::event::Event;
use domain::ports::Topic;
use event_codec::{Codec, RecordType, record_type};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::client::{Answer, Api, fields, is_id, is_time, text};
use crate::harness::ContractHarness;
use crate::patience::until;

pub const KTP: &str = "/api/identity/document/ktp/challenge";

async fn challenge(api: &Api, customer: &str) -> Answer {
    api.post(KTP, &[], &json!({ "customerId": customer })).await
}

/// The rules of generator `fc1` that whoever shows the colours can see.
fn keeps_rules(challenge: &Value) {
    let list = |name: &str| challenge[name].as_array().unwrap_or_else(|| panic!("{challenge}")).clone();
    let (colors, holds) = (list("colors"), list("holdMs"));
    assert_eq!(colors.len(), holds.len(), "{challenge}");
    let is_grey = |color: &Value| matches!(text(color), "#FFFFFF" | "#000000");
    for pair in colors.windows(2) {
        assert!(pair[0] != pair[1] && !(is_grey(&pair[0]) && is_grey(&pair[1])), "{challenge}");
    }
    assert!(colors.iter().any(is_grey), "{challenge}");
    let total: u64 = holds.iter().filter_map(Value::as_u64).sum();
    assert!(total <= 6_500 && holds.iter().all(|hold| (350..=650).contains(&hold.as_u64().unwrap_or(0))));
}

pub async fn a_challenge_says_what_to_show_and_keeps_no_secret<H: ContractHarness>() {
    let sandbox = H::start().await;
    let api = sandbox.api();
    let customer = api.customer("Budi Santoso").await;
    let before = Utc::now();
    let headers = [("prefer", "respond-async"), ("x-request-id", "a-challenge")];
    let answer = api.post(KTP, &headers, &json!({ "customerId": customer, "typo": 1 })).await;
    let said = answer.expect(201);
    assert_eq!(answer.header("preference-applied"), None, "{answer:?}");
    assert_eq!(answer.header("x-ignored-fields"), Some("typo"), "{answer:?}");
    assert_eq!(answer.header("cache-control"), Some("no-store"), "{answer:?}");
    assert_eq!(fields(&said), ["flashChallenge"]);
    let said = &said["flashChallenge"];
    let names = ["colors", "expiresAt", "hmacSecret", "holdMs", "id", "nonce", "purpose"];
    assert_eq!(fields(said), names, "{said}");
    assert!(is_id("fc_", &said["id"]) && is_time(&said["expiresAt"]), "{said}");
    assert_eq!((text(&said["purpose"]), text(&said["nonce"]).len()), ("ktp", 56), "{said}");
    assert_eq!(said["colors"].as_array().map(Vec::len), Some(5), "{said}");
    keeps_rules(said);
    let expires: DateTime<Utc> = text(&said["expiresAt"]).parse().expect("a time");
    let lasts = (expires - before).num_milliseconds();
    assert!((89_000..=100_000).contains(&lasts), "{lasts} ms");
    let (nonce, secret) = (text(&said["nonce"]), text(&said["hmacSecret"]));
    assert_eq!((secret.len(), secret.starts_with("qe_whsec_")), (41, true), "{said}");

    // Acknowledged before it was answered: the evidence of what was to be shown, and nothing that is secret.
    let codec = Codec::committed();
    let records = sandbox.records(Topic::Events).await;
    let issued: Vec<_> = records
        .iter()
        .filter(|record| record_type(record) == Some(RecordType::FlashChallengeIssued))
        .map(|record| codec.decode_event(record).expect("an event of ours"))
        .collect();
    let [Event::FlashChallengeIssued(issued)] = &issued[..] else { panic!("one challenge: {issued:?}") };
    assert_eq!(issued.challenge_id.as_str(), text(&said["id"]));
    assert_eq!(issued.customer.customer.as_str(), customer);
    let colors: Vec<&str> = issued.colors.iter().map(|color| color.as_str()).collect();
    assert_eq!((json!(colors), json!(issued.hold_ms)), (said["colors"].clone(), said["holdMs"].clone()));
    assert_eq!(issued.issued_at.millis() + i64::from(issued.ttl_ms), expires.timestamp_millis());
    for topic in Topic::ALL {
        for record in sandbox.records(topic).await {
            let value = record.value.unwrap_or_default();
            let has = |text: &str| memchr::memmem::find(&value, text.as_bytes()).is_some();
            assert!(!has(secret) && !has(nonce), "{topic:?} has it");
        }
    }
    until("the log line", async || sandbox.output().contains("a-challenge").then_some(())).await;
    let output = sandbox.output();
    assert!(!output.contains(secret) && !output.contains(nonce), "a log line has it");

    // No row and no tier.
    let kyc = api.kyc(&customer).await;
    assert_eq!(kyc["customer"]["kycLevel"], "none", "{kyc}");
    assert_eq!(api.total(&format!("customerId={customer}")).await, 0);
}

pub async fn a_challenge_is_asked_for_on_terms_and_never_twice_the_same<H: ContractHarness>() {
    let sandbox = H::start().await;
    let api = sandbox.api();
    let customer = api.customer("Budi Santoso").await;
    let longest = json!({ "customerId": customer, "steps": 10, "ttlMs": 300_000 });
    let key = [("idempotency-key", "the same")];
    let first = api.post(KTP, &key, &longest).await.expect(201);
    let again = api.post(KTP, &key, &longest).await;
    assert_eq!(again.header("idempotency-replayed"), None, "{again:?}");
    let again = again.expect(201);
    for challenge in [&first["flashChallenge"], &again["flashChallenge"]] {
        assert_eq!(challenge["colors"].as_array().map(Vec::len), Some(10), "{challenge}");
        keeps_rules(challenge);
    }
    for name in ["id", "nonce", "hmacSecret"] {
        assert_ne!(first["flashChallenge"][name], again["flashChallenge"][name], "{name}");
    }

    let wrong = json!({ "steps": 2, "ttlMs": "90000" });
    api.post(&format!("{KTP}?dryRun=true"), &[], &wrong).await.names_fields(&[
        "customerId",
        "dryRun",
        "steps",
        "ttlMs",
    ]);
    for nobody in ["cus_00000000000000000000000000", "42"] {
        challenge(&api, nobody).await.is_error(404, "not found");
    }
    let (_, other) = sandbox.org(&[]).await;
    challenge(&other, &customer).await.is_error(404, "not found");
    let (_, viewer) = sandbox.key(&sandbox.info().org, &["--scopes", "verifications:view"]).await;
    challenge(&viewer, &customer).await.is_error(403, "missing scope: verifications:write");
}

pub async fn five_challenges_within_ten_minutes_and_not_one_more<H: ContractHarness>() {
    let mut sandbox = H::alone().await;
    let api = sandbox.api();
    let (customer, other) = (api.customer("Budi Santoso").await, api.customer("Dewi Lestari").await);
    // All at once: whoever comes sixth is told so, whatever the read model shows by then.
    let mut asked = JoinSet::new();
    for _ in 0..12 {
        let (api, customer) = (api.clone(), customer.clone());
        asked.spawn(async move { challenge(&api, &customer).await });
    }
    let answers = asked.join_all().await;
    let issued = answers.iter().filter(|answer| answer.status == 201).count();
    assert_eq!(issued, 5, "{answers:?}");
    for answer in answers.iter().filter(|answer| answer.status != 201) {
        let body = answer.expect(429);
        assert_eq!(body, json!({ "error": "attempts exhausted", "code": "attempts_exhausted" }));
        let wait: u64 = answer.header("retry-after").expect("a time to wait").parse().expect("a number");
        assert!((500..=600).contains(&wait), "{wait} s");
    }
    // What is missing is said before, and nobody else is concerned.
    challenge(&api, "cus_00000000000000000000000000").await.is_error(404, "not found");
    challenge(&api, &other).await.expect(201);
    // It is the read model that remembers.
    sandbox.kill9().await;
    sandbox.restart().await;
    let api = sandbox.api();
    until("the challenges to be projected", async || {
        (challenge(&api, &customer).await.status == 429).then_some(())
    })
    .await;
}
