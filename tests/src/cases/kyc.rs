//! What a customer's KYC says beside the tier (sequence §4.4): what the identity rests on, and what speaks against serving
//! the customer; now and as of a moment.

use serde_json::{Value, json};

use crate::card_captures::{challenged, decided, drawn, honest, unlimited};
use crate::client::{Api, declined, is_id, text, verified};
use crate::face_calls::until_read;
use crate::harness::ContractHarness;
use crate::patience::until;
use crate::portraits::{portrait, portrait_text};

const FALLBACKS: &str = "/api/identity/fallbacks";

/// Declares that Dukcapil did not answer; the recheck.
async fn declare(api: &Api, customer: &str) -> Value {
    let attempted_at = chrono::Utc::now().to_rfc3339_opts(chrono::SecondsFormat::Millis, true);
    let body = json!({
        "customerId": customer, "from": "nik_dukcapil", "cause": "timeout", "attemptedAt": attempted_at,
        "attempts": 3,
    });
    api.post(FALLBACKS, &[], &body).await.expect(201)["fallback"]["recheckId"].clone()
}

/// Captures a genuine card with that portrait on it, until it counts.
async fn capture(api: &Api, customer: &str, portrait_name: &str) {
    let challenge = challenged(api, customer, 5, 300_000).await;
    let bundle = drawn(&challenge, customer, &honest(1, Some(portrait(portrait_name))));
    let said = decided(api, customer, &bundle).await.expect(200);
    assert_eq!(said["verification"]["status"], "verified", "{said}");
}

async fn as_of(api: &Api, customer: &str, moment: &Value) -> Value {
    api.get(&format!("/api/identity/kyc/{customer}?asOf={}", text(moment))).await.expect(200)
}

/// Path, status of the recheck, blockers; `eligible` is that there are none.
#[track_caller]
fn stands(kyc: &Value, path: &str, recheck: Option<&str>, blockers: &[&str]) {
    let assurance = &kyc["assurance"];
    let status = recheck.map_or(Value::Null, Value::from);
    assert_eq!((&assurance["path"], &assurance["recheck"]["status"]), (&json!(path), &status), "{kyc}");
    assert_eq!(
        (&kyc["blockers"], &kyc["eligible"]),
        (&json!(blockers), &json!(blockers.is_empty())),
        "{kyc}"
    );
}

/// When the newest row of the customer's was made.
fn newest(kyc: &Value) -> Value {
    kyc["verifications"][0]["createdAt"].clone()
}

pub async fn a_path_says_what_an_identity_rests_on<H: ContractHarness>() {
    let sandbox = H::start().await;
    let api = sandbox.api();
    let customer = api.customer("Budi Santoso").await;
    let kyc = api.kyc(&customer).await;
    stands(&kyc, "none", None, &["below_standard"]);
    assert_eq!(kyc["assurance"]["recheck"], Value::Null);
    let recheck = declare(&api, &customer).await;
    assert!(is_id("rc_", &recheck), "{recheck}");
    let kyc = api.kyc(&customer).await;
    stands(&kyc, "none", Some("open"), &["below_standard"]);
    assert_eq!(kyc["assurance"]["recheck"]["id"], recheck);
    // One that says that it did not look leaves it open.
    api.verdict(&declined(&customer, "Kuota habis")).await.expect(200);
    let open = api.kyc(&customer).await;
    stands(&open, "none", Some("open"), &["below_standard"]);
    until("a later millisecond", async || {
        api.verdict(&declined(&customer, "Kuota habis")).await.expect(200);
        (newest(&api.kyc(&customer).await) != newest(&open)).then_some(())
    })
    .await;
    api.verdict(&verified(&customer)).await.expect(200);
    let confirmed = api.kyc(&customer).await;
    stands(&confirmed, "dukcapil", Some("confirmed"), &[]);
    stands(&as_of(&api, &customer, &newest(&open)).await, "none", Some("open"), &["below_standard"]);
    assert_eq!(as_of(&api, &customer, &newest(&confirmed)).await, confirmed, "asOf is inclusive");
    stands(
        &as_of(&api, &customer, &json!("2099-01-01T00:00:00Z")).await,
        "dukcapil",
        Some("confirmed"),
        &["expired"],
    );
    // A denial of somebody for whom Dukcapil's yes stands takes nothing away.
    api.verdict(&declined(&customer, "NIK tidak ditemukan")).await.expect(200);
    stands(&api.kyc(&customer).await, "dukcapil", Some("confirmed"), &[]);
    // Another, with no recheck at all.
    let other = api.customer("Dewi Lestari").await;
    api.verdict(&verified(&other)).await.expect(200);
    stands(&api.kyc(&other).await, "dukcapil", None, &[]);
}

pub async fn a_card_alone_is_a_fallback_only_where_one_was_declared<H: ContractHarness>() {
    let Some(sandbox) = H::with_models().await else { return };
    let (org, api) = unlimited(&sandbox).await;
    let (plain, fallen_back) = (api.customer("Budi Santoso").await, api.customer("Dewi Lestari").await);
    capture(&api, &plain, "macron_2014").await;
    stands(&api.kyc(&plain).await, "ktp", None, &[]);
    declare(&api, &fallen_back).await;
    capture(&api, &fallen_back, "macron_2014").await;
    let before = api.kyc(&fallen_back).await;
    stands(&before, "ktp_fallback", Some("open"), &[]);
    // Dukcapil denies the person: the tier stays, and whoever is served by this signal no more says so.
    let denied = until("a later millisecond", async || {
        api.verdict(&declined(&fallen_back, "NIK tidak ditemukan")).await.expect(200);
        let kyc = api.kyc(&fallen_back).await;
        (newest(&kyc) != newest(&before)).then_some(kyc)
    })
    .await;
    stands(&denied, "ktp_fallback", Some("contradicted"), &[]);
    assert_eq!(denied["customer"]["kycLevel"], "standard");
    set_block_on(&sandbox, &org, &api, "fallback_contradicted").await;
    let blocked = api.kyc(&fallen_back).await;
    stands(&blocked, "ktp_fallback", Some("contradicted"), &["signal:fallback_contradicted"]);
    assert_eq!(blocked["customer"]["kycLevel"], "standard", "a signal changes no tier");
    stands(&as_of(&api, &fallen_back, &newest(&before)).await, "ktp_fallback", Some("open"), &[]);
    stands(&api.kyc(&plain).await, "ktp", None, &[]);
    // Dukcapil's yes after all: what is contradicted stays so, and the identity rests on Dukcapil.
    api.verdict(&verified(&fallen_back)).await.expect(200);
    stands(&api.kyc(&fallen_back).await, "dukcapil", Some("contradicted"), &["signal:fallback_contradicted"]);
}

async fn set_block_on<H: ContractHarness>(sandbox: &H, org: &str, api: &Api, codes: &str) {
    let set = sandbox.orgs(&["set", org, "--set", &format!("eligibility.blockOn={codes}")]).await;
    assert_eq!(set.code, Some(0), "{set:?}");
    let wanted = if codes.is_empty() { Value::Null } else { json!(codes.split(',').collect::<Vec<_>>()) };
    until("the setting to hold", async || {
        let me = api.get("/api/auth/me").await.expect(200);
        (me["settings"]["eligibility.blockOn"] == wanted).then_some(())
    })
    .await;
}

pub async fn a_signal_blocks_where_its_org_says_so_and_nowhere_else<H: ContractHarness>() {
    let sandbox = H::start().await;
    let (org, api) = sandbox.org(&["--dukcapil-enabled"]).await;
    let (customer, other) = (api.customer("Budi Santoso").await, api.customer("Dewi Lestari").await);
    for one in [&customer, &other] {
        declare(&api, one).await;
    }
    api.verdict(&declined(&customer, "NIK tidak ditemukan")).await.expect(200);
    for one in [&customer, &other] {
        api.verdict(&verified(one)).await.expect(200);
    }
    let path = "dukcapil";
    stands(&api.kyc(&customer).await, path, Some("contradicted"), &[]);
    for (codes, blockers) in [
        ("fallback_contradicted", &["signal:fallback_contradicted"][..]),
        ("valid_but_deceased,nik_changed", &[]),
        (
            "valid_but_deceased,fallback_contradicted,fallback_corrected,nik_changed",
            &["signal:fallback_contradicted", "signal:fallback_corrected"],
        ),
        ("", &[]),
    ] {
        set_block_on(&sandbox, &org, &api, codes).await;
        let kyc = api.kyc(&customer).await;
        stands(&kyc, path, Some("contradicted"), blockers);
        assert_eq!(kyc["customer"]["kycLevel"], "standard", "a signal changes no tier");
        stands(&api.kyc(&other).await, path, Some("confirmed"), &[]);
    }
}

pub async fn dukcapils_photo_and_the_cards_are_compared_at_reading<H: ContractHarness>() {
    let Some(sandbox) = H::with_models().await else { return };
    let (org, api) = unlimited(&sandbox).await;
    set_block_on(&sandbox, &org, &api, "reference_disagrees").await;
    for (photo, disagrees) in [("macron_2025", false), ("obama", true)] {
        let customer = api.customer("Budi Santoso").await;
        capture(&api, &customer, "macron_2014").await;
        let body = json!({ "customerId": customer, "valid": true, "photo": portrait_text(photo) });
        let verdict = api.verdict(&body).await.expect(200)["verification"]["id"].clone();
        until_read(&api, &customer).await;
        let row = api.get(&format!("/api/identity/verifications/{}", text(&verdict))).await.expect(200);
        let signals = row["signals"].as_array().expect("a list");
        let noticed = signals.iter().find(|signal| signal["code"] == "reference_disagrees");
        assert_eq!(noticed.map(|signal| &signal["severity"]), disagrees.then_some(&json!("high")), "{row}");
        let blockers: &[&str] = if disagrees { &["signal:reference_disagrees"] } else { &[] };
        let kyc = api.kyc(&customer).await;
        stands(&kyc, "dukcapil", None, blockers);
        assert_eq!(kyc["customer"]["kycLevel"], "standard");
    }
}
