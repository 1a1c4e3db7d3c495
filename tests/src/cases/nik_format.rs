//! Checks of a NIK's form (sequence §2.1, §5.2, §5.3). The rules of digits are tried beside the code; here is what a bank sees
//! of them, and what is kept. The NIKs are invented.

use domain::ports::Topic;
use serde_json::{Value, json};

use crate::client::{Answer, Api, fields, is_id, text};
use crate::harness::ContractHarness;
use crate::patience::until;

pub const NIK_FORMAT: &str = "/api/identity/nik/format";

fn body(customer: &str, nik: &str) -> Value {
    json!({ "customerId": customer, "nik": nik })
}

async fn check(api: &Api, customer: &str, nik: &str) -> Answer {
    api.post(NIK_FORMAT, &[], &body(customer, nik)).await
}

/// The row of an answer.
async fn row(api: &Api, answer: &Value) -> Value {
    let id = text(&answer["verification"]["id"]);
    api.get(&format!("/api/identity/verifications/{id}")).await.expect(200)
}

fn codes(row: &Value) -> Vec<(&str, &str)> {
    let signals = row["signals"].as_array().expect("signals");
    signals.iter().map(|signal| (text(&signal["code"]), text(&signal["severity"]))).collect()
}

pub async fn a_niks_form_is_a_row_and_lifts_to_basic_and_the_nik_is_nowhere<H: ContractHarness>() {
    let sandbox = H::start().await;
    let api = sandbox.api();
    let customer = api.customer("Siti Contoh").await;
    let said = json!({
        "customerId": customer,
        "nik": "3171996908450001",
        "birthDate": "1945-08-29",
        "sex": "female",
        "typo": 1,
    });
    let headers = [("x-request-id", "a-nik")];
    let answer = api.post(NIK_FORMAT, &headers, &said).await;
    assert_eq!(answer.header("x-ignored-fields"), Some("typo"), "{answer:?}");
    assert_eq!(answer.header("cache-control"), Some("no-store"), "{answer:?}");
    let said = answer.expect(200);
    assert_eq!(fields(&said), ["nik", "verification"]);
    assert_eq!(fields(&said["verification"]), ["id", "score", "status"]);
    assert!(is_id("ver_", &said["verification"]["id"]));
    assert_eq!(said["verification"]["status"], "verified");
    assert_eq!(said["verification"]["score"], 100);
    let found = json!({
        "structure": true,
        "province": "known",
        "regency": "known",
        "district": "unknown",
        "birthDateAgrees": true,
        "sexAgrees": true,
    });
    assert_eq!(said["nik"], found);
    let kyc = api.kyc(&customer).await;
    assert_eq!(kyc["customer"]["kycLevel"], "basic");
    assert_eq!(kyc["history"][0]["reason"], "automatic on nik_format verify");
    let shown = row(&api, &said).await;
    assert_eq!((&shown["method"], &shown["nik"]), (&json!("nik_format"), &found));
    assert_eq!(codes(&shown), [("nik_region_unknown", "info")]);

    // A NIK that cannot be one, and one that is somebody else's, are rows too, and take nothing away.
    for (nik, more, structure, category) in [
        ("3171013102990001", json!({}), false, "bad_format"),
        ("9971010102990001", json!({}), false, "bad_format"),
        ("3171010102990000", json!({}), false, "bad_format"),
        ("3171010102990001", json!({ "sex": "female" }), true, "mismatch"),
        ("3171010102990001", json!({ "birthDate": "1998-02-01" }), true, "mismatch"),
    ] {
        let mut said = body(&customer, nik);
        said.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        let answer = api.post(NIK_FORMAT, &[], &said).await.expect(200);
        assert_eq!(answer["verification"]["status"], "failed", "{nik}");
        assert_eq!(answer["verification"]["score"], Value::Null, "{nik}");
        assert_eq!(answer["nik"]["structure"], structure, "{nik}");
        assert_eq!(row(&api, &answer).await["reasonCategory"], category, "{nik}");
    }
    assert_eq!(api.kyc(&customer).await["customer"]["kycLevel"], "basic");

    until("the log line", async || sandbox.output().contains("a-nik").then_some(())).await;
    assert!(!sandbox.output().contains("3171996908450001"), "it is in what the programs say");
    for topic in Topic::ALL {
        for record in sandbox.records(topic).await {
            let value = record.value.unwrap_or_default();
            assert!(memchr::memmem::find(&value, b"3171996908450001").is_none(), "{topic:?} has it");
        }
    }
}

pub async fn niks_that_are_none_are_refused_and_leave_no_row<H: ContractHarness>() {
    let sandbox = H::start().await;
    let api = sandbox.api();
    let customer = sandbox.info().customer.clone();
    let before = api.total("").await;
    for nik in [
        json!("317101170845000"),
        json!("31710117084500011"),
        json!("3171 0117 0845 0001"),
        json!("３１７１０１１７０８４５０００１"),
        json!(3_171_011_708_450_001_u64),
        Value::Null,
    ] {
        let answer = api.post(NIK_FORMAT, &[], &json!({ "customerId": customer, "nik": nik })).await;
        answer.names_fields(&["nik"]);
        assert!(!String::from_utf8_lossy(&answer.body).contains("3171"), "{answer:?}");
    }
    let all = json!({ "nik": "x", "birthDate": "17-08-1945", "sex": "L" });
    api.post(NIK_FORMAT, &[], &all).await.names_fields(&["birthDate", "customerId", "nik", "sex"]);
    let dry = format!("{NIK_FORMAT}?dryRun=true");
    api.post(&dry, &[], &body(&customer, "3171011708450001")).await.names_fields(&["dryRun"]);
    check(&api, "cus_00000000000000000000000000", "3171011708450001").await.is_error(404, "not found");
    assert_eq!(api.total("").await, before);
}

pub async fn a_check_is_recorded_once_under_its_key_and_a_202_says_nothing<H: ContractHarness>() {
    let sandbox = H::start().await;
    let api = sandbox.api();
    let customer = api.customer("Budi Contoh").await;
    let key = [("idempotency-key", "nik-1")];
    let first = api.post(NIK_FORMAT, &key, &body(&customer, "3171011708450001")).await.expect(200);
    let again = api.post(NIK_FORMAT, &key, &body(&customer, "3171011708450001")).await;
    assert_eq!(again.header("idempotency-replayed"), Some("true"), "{again:?}");
    assert_eq!(again.expect(200), first);
    let other = api.post(NIK_FORMAT, &key, &body(&customer, "3171011708450002")).await;
    other.is_error(422, "idempotency key reused with a different body");
    let headers = [("prefer", "respond-async")];
    let accepted = api.post(NIK_FORMAT, &headers, &body(&customer, "3171011708450001")).await;
    let location = accepted.header("location").expect("a place").to_owned();
    let said = accepted.expect(202);
    assert_eq!((fields(&said), fields(&said["verification"])), (vec!["verification"], vec!["id"]));
    let seen = until("the row", async || {
        let answer = api.get(&location).await;
        (answer.status == 200).then(|| answer.json())
    })
    .await;
    assert_eq!(seen["status"], "verified");
}

pub async fn a_nik_of_two_customers_and_two_niks_of_one_are_signalled<H: ContractHarness>() {
    let sandbox = H::start().await;
    let api = sandbox.api();
    let (one, two) = (api.customer("Satu Contoh").await, api.customer("Dua Contoh").await);
    let (nik, another) = ("3273010203040506", "3273010203040507");
    let of_one = check(&api, &one, nik).await.expect(200);
    assert!(codes(&row(&api, &of_one).await).is_empty());
    // What cannot be a NIK is a slip and nobody's.
    check(&api, &one, "3273013203040506").await.expect(200);
    assert!(codes(&row(&api, &of_one).await).is_empty());

    let of_two = check(&api, &two, nik).await.expect(200);
    for (answer, other) in [(&of_one, &two), (&of_two, &one)] {
        let shown = row(&api, answer).await;
        assert_eq!(codes(&shown), [("nik_on_other_customer", "high")]);
        assert_eq!(shown["nikCustomers"], json!([other]));
    }
    // Who it is, a key hears that may look at customers; that there is one, every key that reads.
    let org = sandbox.info().org.clone();
    let (_, reader) = sandbox.key(&org, &["--scopes", "verifications:view"]).await;
    let shown = row(&reader, &of_one).await;
    assert_eq!((codes(&shown).len(), shown.get("nikCustomers")), (1, None));
    let listed = reader.rows(&format!("customerId={one}&status=verified")).await;
    assert_eq!(codes(&listed[0]), [("nik_on_other_customer", "high")]);
    // Another org's customer is nobody's other.
    let (_, elsewhere) = sandbox.org(&[]).await;
    let stranger = elsewhere.customer("Tiga Contoh").await;
    let of_stranger = check(&elsewhere, &stranger, nik).await.expect(200);
    assert!(codes(&row(&elsewhere, &of_stranger).await).is_empty());

    let changed = check(&api, &one, another).await.expect(200);
    assert_eq!(codes(&row(&api, &changed).await), [("nik_changed", "critical")]);
    let first = [("nik_changed", "critical"), ("nik_on_other_customer", "high")];
    assert_eq!(codes(&row(&api, &of_one).await), first);
}
