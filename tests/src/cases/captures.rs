//! Captured cards (sequence §1.5–§1.10, §2.3): what a card that passes does, what a capture is without models, whose
//! challenge it answers, and that it is answered once. What is wrong with frames is `capture_bundles`.

use std::path::Path;

use capture_sim::CaptureBundle;
use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use crate::card_captures::{CAPTURE, challenged, decided, drawn, honest, is_refused, plain, unlimited};
use crate::client::{Api, fields, is_id, text};
use crate::face_calls::{compare, references, until_read};
use crate::harness::{ContractHarness, MODELS_SETTING};
use crate::patience::until;
use crate::portraits::{models, portrait, portrait_text};
use crate::repeated_posts::replayed;

/// The states of an answer's voters, by name.
fn votes(said: &Value) -> Vec<(String, String)> {
    let voters = |panel: &str| said[panel]["voters"].as_array().unwrap_or_else(|| panic!("{said}")).clone();
    let all = voters("antiSpoof").into_iter().chain(voters("tamper"));
    all.map(|voter| (text(&voter["name"]).to_owned(), text(&voter["state"]).to_owned())).collect()
}

#[track_caller]
fn votes_are(said: &Value, wanted: &[(&str, &str)]) {
    let votes = votes(said);
    for (name, state) in wanted {
        assert!(votes.iter().any(|(named, voted)| named == name && voted == state), "{name}: {said}");
    }
}

/// Whatever else is in the log or not: the customer's rows.
async fn rows(api: &Api, customer: &str) -> u64 {
    api.total(&format!("customerId={customer}")).await
}

pub async fn a_card_lifts_to_standard_and_its_portrait_to_premium<H: ContractHarness>() {
    let Some(sandbox) = H::with_models().await else { return };
    let api = sandbox.api();
    let customer = api.customer("Budi Santoso").await;
    let challenge = challenged(&api, &customer, 5, 300_000).await;
    let bundle = drawn(&challenge, &customer, &honest(1, Some(portrait("macron_2014"))));
    let answer = decided(&api, &customer, &bundle).await;
    let said = answer.expect(200);
    let names = ["antiSpoof", "enrolment", "guidance", "ktpBundle", "ocr", "tamper", "verification"];
    assert_eq!(fields(&said), names, "{said}");
    assert_eq!(said["verification"]["status"], "verified", "{said}");
    assert!(is_id("ver_", &said["verification"]["id"]) && is_id("ktpb_", &said["ktpBundle"]["id"]), "{said}");
    assert_eq!(
        (&said["ktpBundle"]["verdict"], &said["ktpBundle"]["assuranceTier"]),
        (&json!("passed"), &json!("standard"))
    );
    assert_eq!(
        (&said["antiSpoof"]["fused"], &said["tamper"]["fused"]),
        (&json!("live"), &json!("authentic"))
    );
    assert_eq!((&said["ocr"]["source"], &said["guidance"]), (&json!("server"), &json!([])), "{said}");
    let agreed = said["ocr"]["agreed"].as_array().expect("fields");
    assert!(agreed.contains(&json!("nik")), "{said}");
    votes_are(
        &said,
        &[
            ("card_geometry", "pass"),
            ("image_quality", "pass"),
            ("screen_recapture", "pass"),
            ("grey_copy", "pass"),
            ("flash_reflectance", "pass"),
            ("nik_read", "pass"),
            ("nik_consistency", "pass"),
            ("portrait_face", "pass"),
            ("hologram", "abstain"),
            ("font", "abstain"),
        ],
    );
    assert_eq!(said["enrolment"]["source"], "ktp_extract", "{said}");
    let printed = serde_json::to_string(&said).expect("JSON");
    for field in ["nik", "fullName"] {
        let text = &bundle.ocr_fields.as_ref().expect("fields")[field];
        assert!(!printed.contains(text.as_str()), "{field} is in an answer");
    }
    assert_eq!(api.kyc(&customer).await["customer"]["kycLevel"], "standard");

    // Matched against the card's portrait, years apart; then Dukcapil's photo is preferred.
    until_read(&api, &customer).await;
    let matched = compare(&api, &customer, &portrait_text("macron_2025")).await.expect(200);
    assert_eq!(
        (&matched["match"]["verdict"], &matched["reference"]["source"]),
        (&json!("match"), &json!("ktp_extract"))
    );
    let kyc = api.kyc(&customer).await;
    assert_eq!(kyc["customer"]["kycLevel"], "premium", "{kyc}");
    let verdict = json!({ "customerId": customer, "valid": true, "photo": portrait_text("macron_2014") });
    api.verdict(&verdict).await.expect(200);
    until_read(&api, &customer).await;
    assert_eq!(references(&api, &customer).await.len(), 2);
    let matched = compare(&api, &customer, &portrait_text("macron_2025")).await.expect(200);
    assert_eq!(matched["reference"]["source"], "dukcapil", "{matched}");
    let again = decided(&api, &customer, &bundle).await;
    // What was a stub is one no more, once its portrait is read.
    let mut then = said.clone();
    then["enrolment"]["fallbackStub"] = json!(false);
    again.is(200, &then);
    assert!(replayed(&again));
}

/// The models that find faces, and none that reads.
fn without_reader(folder: &Path) -> tempfile::TempDir {
    let some = tempfile::tempdir().expect("a folder");
    for entry in folder.read_dir().expect("the models") {
        let entry = entry.expect("an entry");
        let name = entry.file_name();
        if !name.to_string_lossy().to_lowercase().contains("ocr") {
            std::os::unix::fs::symlink(entry.path(), some.path().join(name)).expect("a link");
        }
    }
    some
}

pub async fn by_the_phones_word_alone_a_card_is_of_low_assurance<H: ContractHarness>() {
    let Some(folder) = models() else { return };
    let some = without_reader(&folder.canonicalize().expect("a folder"));
    let path = some.path().to_str().expect("a path that is text");
    let settings = [(MODELS_SETTING, path), ("IDENTITY_API__WAIT_DEFAULT_MS", "10000")];
    let sandbox = H::with_settings(&settings).await;
    let (org, api) = unlimited(&sandbox).await;
    let shown = async |name: &str| api.get("/api/auth/me").await.expect(200)["settings"][name].clone();
    for (change, status, tier) in
        [("ktp.textSource=client", "verified", "standard"), ("ktp.minAssurance=standard", "pending", "none")]
    {
        let set = sandbox.orgs(&["set", &org, "--set", change]).await;
        assert_eq!(set.code, Some(0), "{change}: {set:?}");
        let (name, value) = change.split_once('=').expect("a change");
        until("the setting to hold", async || (shown(name).await == value).then_some(())).await;
        let (_, api) = sandbox.key(&org, &[]).await;
        let customer = api.customer("Budi Santoso").await;
        let challenge = challenged(&api, &customer, 5, 300_000).await;
        let bundle = drawn(&challenge, &customer, &honest(1, Some(portrait("macron_2014"))));
        let said = decided(&api, &customer, &bundle).await.expect(200);
        assert_eq!(said["verification"]["status"], status, "{change}: {said}");
        assert_eq!(
            (&said["ktpBundle"]["assuranceTier"], &said["ocr"]["source"]),
            (&json!("low"), &json!("client"))
        );
        votes_are(&said, &[("nik_read", "pass"), ("nik_consistency", "pass"), ("portrait_face", "pass")]);
        assert_eq!(api.kyc(&customer).await["customer"]["kycLevel"], tier, "{change}");
    }
}

pub async fn without_models_a_capture_waits_for_a_person<H: ContractHarness>() {
    let sandbox = H::start().await;
    let (_, api) = unlimited(&sandbox).await;
    let mut pending = Vec::new();
    for seed in 1..=2 {
        let customer = api.customer("Budi Santoso").await;
        let challenge = challenged(&api, &customer, 5, 300_000).await;
        let bundle = drawn(&challenge, &customer, &honest(seed, None));
        let said = decided(&api, &customer, &bundle).await.expect(200);
        assert_eq!(said["verification"]["status"], "pending", "{said}");
        assert_eq!(
            (&said["ktpBundle"]["verdict"], &said["ktpBundle"]["assuranceTier"]),
            (&json!("requires_review"), &json!("low"))
        );
        votes_are(&said, &[("flash_reflectance", "pass"), ("portrait_face", "abstain")]);
        assert_eq!(said["enrolment"], Value::Null, "{said}");
        assert_eq!(api.kyc(&customer).await["customer"]["kycLevel"], "none");
        pending.push(said["verification"]["id"].clone());
    }
    pending.reverse();
    for filter in ["review=open", "status=pending", "method=ktp_capture"] {
        let listed = api.rows(filter).await;
        assert_eq!(listed.iter().map(|row| row["id"].clone()).collect::<Vec<_>>(), pending, "{filter}");
        assert_eq!(api.total(filter).await, 2, "{filter}");
    }
    assert_eq!(api.total("review=failed").await, 0);
    let detail = api.get(&format!("/api/identity/verifications/{}", text(&pending[0]))).await.expect(200);
    assert_eq!((&detail["method"], &detail["reasonCategory"]), (&json!("ktp_capture"), &json!("unclear")));
}

/// Changes of what is signed, each with its name. The bundle has colour times and fields.
fn changed(good: &CaptureBundle) -> Vec<(String, CaptureBundle)> {
    let mut all = Vec::new();
    let mut with = |name: &str, change: &dyn Fn(&mut CaptureBundle)| {
        let mut bundle = good.clone();
        change(&mut bundle);
        all.push((name.to_owned(), bundle));
    };
    for frame in 0..good.frames.len() {
        // Within the picture's own data, and no byte that a marker could begin with.
        let bytes = &good.frames[frame];
        for at in [bytes.len() / 2, bytes.len() - 40, bytes.len() - 12] {
            if bytes[at] < 0xfe && bytes[at - 1] != 0xff {
                with(&format!("frame {frame}, byte {at}"), &|bundle| bundle.frames[frame][at] ^= 1);
            }
        }
        with(&format!("time {frame}"), &|bundle| {
            let times = bundle.frame_times.as_mut().expect("times");
            times[frame] += 1;
        });
    }
    with("frames in another order", &|bundle| bundle.frames.swap(1, 2));
    with("a frame less", &|bundle| {
        bundle.frames.pop();
        bundle.frame_times.as_mut().expect("times").pop();
    });
    with("no frame times", &|bundle| bundle.frame_times = None);
    for color in 0..3 {
        with("a colour's time", &|bundle| bundle.color_times.as_mut().expect("times")[color] += 1);
    }
    with("no colour times", &|bundle| bundle.color_times = None);
    with("another moment", &|bundle| bundle.captured_at = "2026-01-01T00:00:00Z".to_owned());
    with("the moment in another spelling", &|bundle| {
        bundle.captured_at = bundle.captured_at.replace('Z', "+00:00");
    });
    for field in ["nik", "fullName", "village"] {
        with(field, &|bundle| {
            bundle.ocr_fields.as_mut().expect("fields").get_mut(field).expect("one").push('X');
        });
    }
    with("a field less", &|bundle| drop(bundle.ocr_fields.as_mut().expect("fields").remove("nik")));
    with("no fields", &|bundle| bundle.ocr_fields = None);
    let signature = good.signature.clone().expect("signed");
    for signature in
        [signature.to_uppercase(), format!("{signature}00"), signature[2..].to_owned(), "x".to_owned()]
    {
        with("signature", &|bundle| bundle.signature = Some(signature.clone()));
    }
    all
}

pub async fn whatever_was_changed_since_it_was_signed_is_refused_and_uses_nothing_up<H: ContractHarness>() {
    let sandbox = H::start().await;
    let (_, api) = unlimited(&sandbox).await;
    let customer = api.customer("Budi Santoso").await;
    let challenge = challenged(&api, &customer, 3, 300_000).await;
    let good = plain(&challenge, &customer);
    let all = changed(&good);
    assert!(all.len() > 20, "{}", all.len());
    for (name, bundle) in all {
        let answer = api.post(CAPTURE, &[], &bundle.to_json(&customer)).await;
        assert_eq!(answer.status, 422, "{name}: {answer:?}");
        is_refused(&answer, 422, "signature_invalid");
    }
    // One character of the nonce after the other: what is no nonce of ours is nobody's.
    for at in [0, 13, 22, 31, 33, 35, 55] {
        let mut bundle = good.clone();
        let other = if &bundle.nonce[at..=at] == "A" { "B" } else { "A" };
        bundle.nonce.replace_range(at..=at, other);
        bundle.sign(&challenge, &customer);
        is_refused(&api.post(CAPTURE, &[], &bundle.to_json(&customer)).await, 422, "challenge_mismatch");
    }
    assert_eq!(rows(&api, &customer).await, 0);
    assert!(!replayed(&decided(&api, &customer, &good).await));
    assert_eq!(rows(&api, &customer).await, 1);
}

pub async fn a_nonce_counts_for_its_customer_purpose_and_org_alone<H: ContractHarness>() {
    let sandbox = H::start().await;
    let (_, api) = unlimited(&sandbox).await;
    let (_, other_org) = sandbox.org(&[]).await;
    let (customer, other) = (api.customer("Budi Santoso").await, api.customer("Dewi Lestari").await);
    let theirs = other_org.customer("Budi Santoso").await;
    let challenge = challenged(&api, &customer, 3, 300_000).await;
    let mut bundle = plain(&challenge, &customer);
    for (api, customer) in [(&api, &other), (&other_org, &theirs)] {
        bundle.sign(&challenge, customer);
        is_refused(&api.post(CAPTURE, &[], &bundle.to_json(customer)).await, 422, "challenge_mismatch");
    }
    // Somebody else's customer does not exist, whatever the bundle is.
    other_org.post(CAPTURE, &[], &bundle.to_json(&customer)).await.is_error(404, "not found");
    let mut for_face = challenge.clone();
    for_face.purpose = "face".to_owned();
    bundle.sign(&for_face, &customer);
    is_refused(&api.post(CAPTURE, &[], &bundle.to_json(&customer)).await, 422, "signature_invalid");
    bundle.sign(&challenge, &customer);
    decided(&api, &customer, &bundle).await.expect(200);
    assert_eq!((rows(&api, &customer).await, rows(&api, &other).await), (1, 0));
    assert_eq!(rows(&other_org, &theirs).await, 0);
}

pub async fn a_used_challenge_has_its_answer_for_ever_and_no_other<H: ContractHarness>() {
    let mut sandbox = H::alone().await;
    let api = sandbox.api();
    let customer = api.customer("Budi Santoso").await;
    let unused = challenged(&api, &customer, 3, 30_000).await;
    let challenge = challenged(&api, &customer, 3, 30_000).await;
    let bundle = plain(&challenge, &customer);
    let mut other = bundle.clone();
    other.ocr_fields = None;
    other.sign(&challenge, &customer);
    let first = decided(&api, &customer, &bundle).await;
    let said = first.expect(200);
    assert!(!replayed(&first));
    let is_settled = async |api: &Api| {
        for key in [&[][..], &[("idempotency-key", "one")], &[("idempotency-key", "two")]] {
            let again = api.post(CAPTURE, key, &bundle.to_json(&customer)).await;
            again.is(200, &said);
            assert!(replayed(&again), "{again:?}");
        }
        let refused = api.post(CAPTURE, &[], &other.to_json(&customer)).await;
        is_refused(&refused, 409, "challenge_used");
        assert_eq!(refused.json()["details"], json!({ "verificationId": said["verification"]["id"] }));
    };
    is_settled(&api).await;
    sandbox.kill9().await;
    sandbox.restart().await;
    let api = sandbox.api();
    is_settled(&api).await;
    let expires: DateTime<Utc> = challenge.expires_at.parse().expect("a time");
    let over = expires + chrono::TimeDelta::milliseconds(2_500);
    until("the challenge to expire", async || (Utc::now() > over).then_some(())).await;
    is_settled(&api).await;
    let late = plain(&unused, &customer);
    is_refused(&api.post(CAPTURE, &[], &late.to_json(&customer)).await, 409, "challenge_expired");
    assert_eq!(rows(&api, &customer).await, 1);
}

pub async fn a_capture_is_neither_too_fast_nor_tried_first_and_a_202_says_nothing<H: ContractHarness>() {
    let sandbox = H::start().await;
    let (_, api) = unlimited(&sandbox).await;
    let customer = api.customer("Budi Santoso").await;
    let challenge = challenged(&api, &customer, 10, 300_000).await;
    let bundle = plain(&challenge, &customer);
    let body = bundle.to_json(&customer);
    is_refused(&api.post(CAPTURE, &[], &body).await, 422, "captured_too_fast");
    api.post(&format!("{CAPTURE}?dryRun=true"), &[], &body).await.names_fields(&["dryRun"]);
    assert_eq!(rows(&api, &customer).await, 0);
    let prefer = [("prefer", "respond-async")];
    let answer = until("the colours to have been shown", async || {
        let answer = api.post(CAPTURE, &prefer, &body).await;
        (answer.status != 422).then_some(answer)
    })
    .await;
    let said = answer.expect(202);
    assert_eq!((fields(&said), fields(&said["verification"])), (vec!["verification"], vec!["id"]), "{said}");
    let location = format!("/api/identity/verifications/{}", text(&said["verification"]["id"]));
    assert_eq!(answer.header("location"), Some(location.as_str()), "{answer:?}");
    let row = until("the row", async || {
        let row = api.get(&location).await;
        (row.status == 200).then(|| row.json())
    })
    .await;
    assert_eq!((&row["status"], &row["reasonCategory"]), (&json!("failed"), &json!("quality")), "{row}");
    let again = decided(&api, &customer, &bundle).await;
    assert_eq!(again.expect(200)["verification"]["id"], said["verification"]["id"]);
    assert!(replayed(&again));
}
