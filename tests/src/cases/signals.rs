//! What a raw answer says against its verdict: the caller hears it at once, the row keeps it, nothing else changes
//! (sequence §5.1). Every raw body is tried beside the reader; here is what leaves it.

use serde_json::{Value, json};

use crate::client::{Answer, Api, VERDICT, declined, fields, text, verified};
use crate::harness::ContractHarness;

/// A body, what `X-Signals` says of it, and the codes and severities of its row.
type Noticed = (Value, Option<&'static str>, Vec<(&'static str, &'static str)>);

fn with_raw(mut body: Value, raw: Value) -> Value {
    body["raw"] = raw;
    body
}

fn answered(record: Value) -> Value {
    json!({ "content": [record], "quotaLimiter": 991 })
}

/// Codes and severities of a verification's signals; when each was noticed is there too.
async fn signals_of(api: &Api, answer: &Answer) -> Vec<(String, String)> {
    let id = text(&answer.expect(200)["verification"]["id"]).to_owned();
    let row = api.get(&format!("/api/identity/verifications/{id}")).await.expect(200);
    let signals = row["signals"].as_array().expect("signals").iter().map(|signal| {
        assert_eq!(fields(signal), ["code", "createdAt", "severity"], "{row}");
        (text(&signal["code"]).to_owned(), text(&signal["severity"]).to_owned())
    });
    signals.collect()
}

fn bodies(customer: &str) -> Vec<Noticed> {
    let valid = |record| with_raw(verified(customer), answered(record));
    let not = |raw| with_raw(declined(customer, "Data tidak sesuai"), raw);
    vec![
        (valid(json!({"NIK": "Sesuai", "NAMA_LGKP": "Sesuai (100)"})), None, vec![]),
        (verified(customer), Some("raw_missing"), vec![("raw_missing", "info")]),
        (
            valid(json!({"NIK": "Tidak Sesuai"})),
            Some("valid_but_mismatch"),
            vec![("valid_but_mismatch", "high")],
        ),
        (
            valid(json!({"ALAMAT": "Tidak Sesuai"})),
            Some("valid_but_mismatch"),
            vec![("valid_but_mismatch", "low")],
        ),
        (
            valid(json!({"RESPONSE_CODE": "11", "NAMA_LGKP": "Sesuai (12)"})),
            Some("valid_but_deceased, valid_but_low_score"),
            vec![("valid_but_deceased", "critical"), ("valid_but_low_score", "medium")],
        ),
        (
            valid(json!({"RESPONSE_CODE": 13})),
            Some("valid_but_not_found"),
            vec![("valid_but_not_found", "critical")],
        ),
        (
            with_raw(verified(customer), json!({"a": {"b": {"c": {"d": {}}}}})),
            Some("raw_unreadable"),
            vec![("raw_unreadable", "low")],
        ),
        (
            with_raw(verified(customer), json!({"x": "y".repeat(1_500_000)})),
            Some("raw_unreadable"),
            vec![("raw_unreadable", "low")],
        ),
        (declined(customer, "NIK tidak ditemukan"), None, vec![]),
        (
            not(answered(json!({"NIK": "Sesuai"}))),
            Some("invalid_but_match"),
            vec![("invalid_but_match", "medium")],
        ),
        (
            not(json!({"foto": format!("/9j/{}", "A".repeat(20_000))})),
            Some("photo_in_raw"),
            vec![("photo_in_raw", "medium")],
        ),
        (declined(customer, "Login gagal"), Some("not_a_verdict"), vec![("not_a_verdict", "high")]),
    ]
}

pub async fn what_a_raw_answer_says_against_its_verdict_is_heard_and_kept<H: ContractHarness>() {
    let sandbox = H::start().await;
    let api = sandbox.api();
    for valid_before in [false, true] {
        let customer = api.customer("Siti Aminah").await;
        if valid_before {
            api.verdict(&verified(&customer)).await.expect(200);
        }
        for (number, (body, header, rows)) in bodies(&customer).into_iter().enumerate() {
            let said = format!("{number}, {header:?}");
            let dry = api.post(&format!("{VERDICT}?dryRun=true"), &[], &body).await;
            dry.expect(200);
            assert_eq!(dry.header("x-signals"), header, "{said}");
            let key = format!("signals-{number}");
            let key = [("idempotency-key", key.as_str())];
            let tier = api.kyc(&customer).await["customer"]["kycLevel"].clone();
            let answer = api.post(VERDICT, &key, &body).await;
            assert_eq!(answer.header("x-signals"), header, "{said}");
            let rows: Vec<(String, String)> =
                rows.iter().map(|(code, severity)| ((*code).into(), (*severity).into())).collect();
            assert_eq!(signals_of(&api, &answer).await, rows, "{said}");
            let again = api.post(VERDICT, &key, &body).await;
            again.expect(200);
            assert_eq!(
                (again.header("idempotency-replayed"), again.header("x-signals")),
                (Some("true"), header)
            );
            // Whatever was noticed, the verdict does what it says.
            let now = api.kyc(&customer).await["customer"]["kycLevel"].clone();
            let wanted = if body["valid"] == true { json!("standard") } else { tier };
            assert_eq!(now, wanted, "{said}");
        }
    }
}

pub async fn a_202_says_what_was_noticed_too<H: ContractHarness>() {
    let sandbox = H::start().await;
    let api = sandbox.api();
    let customer = sandbox.info().customer.clone();
    let body = with_raw(verified(&customer), answered(json!({"NIK": "Tidak Sesuai"})));
    let answer = api.post(VERDICT, &[("prefer", "respond-async")], &body).await;
    answer.expect(202);
    assert_eq!(answer.header("x-signals"), Some("valid_but_mismatch"));
}

/// The fold alone knows that the customer was standard before: the row has it, the answer does not.
pub async fn a_death_after_standard_is_a_signal_and_takes_no_tier<H: ContractHarness>() {
    let sandbox = H::start().await;
    let api = sandbox.api();
    let customer = api.customer("Budi Santoso").await;
    let dead = declined(&customer, "Meninggal dunia");
    assert!(signals_of(&api, &api.verdict(&dead).await).await.is_empty(), "nobody was verified before");
    api.verdict(&verified(&customer)).await.expect(200);
    let answer = api.verdict(&dead).await;
    assert_eq!(answer.header("x-signals"), None);
    let wanted = ("deceased_after_verified".to_owned(), "critical".to_owned());
    assert_eq!(signals_of(&api, &answer).await, [wanted]);
    assert_eq!(api.kyc(&customer).await["customer"]["kycLevel"], "standard");
}
