//! Face references and matches with real models on real portraits (sequence §2.6): one person years apart, another
//! person, repetitions, waits. What is in the pictures is `face_pictures`.

use data_encoding::BASE64;
use serde_json::{Value, json};
use testkit::patience::PHOTOS_READ_WITHIN;

use crate::client::{fields, is_id, is_time, text};
use crate::face_calls::{ENROLMENTS, MATCH, compare, match_by, references, until_read, verified_with};
use crate::harness::ContractHarness;
use crate::patience::{until, until_within};
use crate::photos;
use crate::portraits::{commented, portrait, portrait_text};

/// The names of the only cosine that any answer may show.
const MATCH_FIELDS: [&str; 5] = ["bound", "model", "riskLevel", "threshold", "verdict"];

fn tiers(kyc: &Value) -> Vec<&str> {
    let history = kyc["history"].as_array().expect("a history");
    history.iter().rev().map(|change| text(&change["toTier"])).collect()
}

pub async fn a_match_years_apart_lifts_to_premium_and_another_person_changes_nothing<H: ContractHarness>() {
    let Some(sandbox) = H::with_models().await else { return };
    let api = sandbox.api();
    let customer = verified_with(&api, "macron_2014").await;
    let rows = api.rows(&format!("customerId={customer}")).await;
    let verdict = api.get(&format!("/api/identity/verifications/{}", text(&rows[0]["id"]))).await.expect(200);
    assert_eq!(verdict["enrolment"]["fallbackStub"], false, "{verdict}");
    assert_eq!((&verdict["match"], &verdict["reference"]), (&Value::Null, &Value::Null), "{verdict}");

    let other = compare(&api, &customer, &portrait_text("obama")).await.expect(200);
    assert_eq!(
        (&other["match"]["verdict"], &other["verification"]["status"]),
        (&json!("no_match"), &json!("failed"))
    );
    assert_eq!(tiers(&api.kyc(&customer).await), ["standard"]);

    let answer = compare(&api, &customer, &portrait_text("macron_2025")).await;
    let said = answer.expect(200);
    assert_eq!(fields(&said), ["match", "reference", "signals", "verification"], "{said}");
    assert_eq!(fields(&said["match"]), MATCH_FIELDS, "{said}");
    assert_eq!(fields(&said["verification"]), ["id", "score", "status"], "{said}");
    assert!(is_id("ver_", &said["verification"]["id"]), "{said}");
    assert_eq!(said["verification"]["status"], "verified", "{said}");
    let score = said["verification"]["score"].as_u64().expect("a score");
    assert!((50..=100).contains(&score) && score.is_multiple_of(10), "{said}");
    assert_eq!(said["match"]["verdict"], "match");
    assert_eq!((&said["match"]["riskLevel"], &said["match"]["bound"]), (&json!("medium"), &json!(false)));
    assert_eq!(said["match"]["threshold"], 0.45, "{said}");
    assert_eq!((&said["reference"]["source"], &said["signals"]), (&json!("dukcapil"), &json!([])));
    assert_eq!(said["reference"]["id"], verdict["enrolment"]["id"]);
    assert!(is_time(&said["reference"]["enrolledAt"]), "{said}");

    // At once, in the tier, the rows and the detail.
    let kyc = api.kyc(&customer).await;
    assert_eq!(kyc["customer"]["kycLevel"], "premium", "{kyc}");
    assert_eq!(tiers(&kyc), ["standard", "premium"]);
    assert_eq!(kyc["history"][0]["reason"], "automatic on face_match verify");
    let detail = api.get(&format!("/api/identity/verifications/{}", text(&said["verification"]["id"]))).await;
    let detail = detail.expect(200);
    assert_eq!((&detail["method"], &detail["score"]), (&json!("face_match"), &said["verification"]["score"]));
    assert_eq!((&detail["match"], &detail["reference"]), (&said["match"], &said["reference"]));
    assert_eq!((&detail["enrolment"], &detail["reason"]), (&Value::Null, &Value::Null));
    // The probe enrols nothing, and what it was declined for is a category.
    assert_eq!(references(&api, &customer).await.len(), 1);
    let failed = api.rows(&format!("customerId={customer}&method=face_match&status=failed")).await;
    assert_eq!(failed.len(), 1, "{failed:?}");
    assert_eq!(failed[0]["reasonCategory"], "no_match");
}

pub async fn an_org_makes_matches_stricter_by_its_settings_and_never_looser<H: ContractHarness>() {
    let Some(sandbox) = H::with_models().await else { return };
    let (org, api) = sandbox.org(&["--dukcapil-enabled"]).await;
    let customer = verified_with(&api, "macron_2014").await;
    let shown = async |name: &str| api.get("/api/auth/me").await.expect(200)["settings"][name].clone();
    let models = [("match.low", 0.4), ("match.medium", 0.45), ("match.high", 0.5)];
    for (name, threshold) in models {
        assert_eq!(shown(name).await, threshold, "{name} is the model's where the org has not chosen");
    }
    for (change, threshold, verdict, status) in [
        ("match.medium=0.99", 0.99, "no_match", "failed"),
        // What is below the model's is taken, and changes nothing.
        ("match.medium=0.1", 0.45, "match", "verified"),
        ("match.medium=0.55", 0.55, "match", "verified"),
        ("match.medium=", 0.45, "match", "verified"),
    ] {
        let set = sandbox.orgs(&["set", &org, "--set", change]).await;
        assert_eq!(set.code, Some(0), "{change}: {set:?}");
        until("the setting to hold", async || (shown("match.medium").await == threshold).then_some(())).await;
        // Whoever knows a key that was made later knows of the change, too: the instance that is written to.
        let (_, api) = sandbox.key(&org, &[]).await;
        let said = compare(&api, &customer, &portrait_text("macron_2025")).await.expect(200);
        assert_eq!(
            (&said["match"]["threshold"], &said["match"]["verdict"], &said["verification"]["status"]),
            (&json!(threshold), &json!(verdict), &json!(status)),
            "{change}: {said}"
        );
        // The row keeps what it was decided by, whatever is set afterwards.
        let path = format!("/api/identity/verifications/{}", text(&said["verification"]["id"]));
        assert_eq!(api.get(&path).await.expect(200)["match"]["threshold"], threshold);
        for (name, threshold) in [models[0], models[2]] {
            assert_eq!(shown(name).await, threshold, "{change} changes no other level");
        }
    }
    let failed = api.rows(&format!("customerId={customer}&method=face_match&status=failed")).await;
    assert_eq!(failed.len(), 1, "{failed:?}");
    assert_eq!(failed[0]["reasonCategory"], "no_match");
    // Nobody else's.
    let theirs = sandbox.api().get("/api/auth/me").await.expect(200);
    assert_eq!(theirs["settings"]["match.medium"], 0.45, "{theirs}");
}

pub async fn whoever_tries_picture_after_picture_is_stopped_for_a_while<H: ContractHarness>() {
    let Some(sandbox) = H::with_models().await else { return };
    let api = sandbox.api();
    let customer = verified_with(&api, "macron_2014").await;
    let key = [("idempotency-key", "try-1")];
    let body = |name: &str| json!({ "customerId": customer, "image": portrait_text(name) });
    let first = match_by(&api, &key, &body("obama")).await.expect(200);
    assert_eq!(first["match"]["verdict"], "no_match");
    for _ in 1..5 {
        let said = compare(&api, &customer, &portrait_text("obama")).await.expect(200);
        assert_eq!(said["match"]["verdict"], "no_match");
    }
    for name in ["sunak", "macron_2025"] {
        let refused = compare(&api, &customer, &portrait_text(name)).await;
        assert_eq!(
            refused.expect(429),
            json!({ "error": "attempts exhausted", "code": "attempts_exhausted" })
        );
        let after: u64 = refused.header("retry-after").and_then(|text| text.parse().ok()).expect("seconds");
        assert!((1_000..=1_800).contains(&after), "{refused:?}");
    }
    // What was answered before still is; a key that is used again for another picture is not what stops that one.
    match_by(&api, &key, &body("obama")).await.is(200, &first);
    assert_eq!(match_by(&api, &key, &body("sunak")).await.expect(429)["code"], "attempts_exhausted");
    // Nobody else's.
    let other = verified_with(&api, "macron_2014").await;
    compare(&api, &other, &portrait_text("macron_2025")).await.expect(200);
}

pub async fn a_match_is_recorded_once_under_its_key_and_for_its_org_alone<H: ContractHarness>() {
    let Some(sandbox) = H::with_models().await else { return };
    let api = sandbox.api();
    let customer = verified_with(&api, "macron_2025").await;
    let body = json!({ "customerId": customer, "image": portrait_text("macron_2014"), "riskLevel": "high" });
    let key = [("idempotency-key", "match-1")];
    let first = match_by(&api, &key, &body).await;
    let said = first.expect(200);
    assert_eq!((first.header("idempotency-replayed"), &said["match"]["riskLevel"]), (None, &json!("high")));
    let again = match_by(&api, &key, &body).await;
    again.is(200, &said);
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    let mut other = body.clone();
    other["riskLevel"] = "low".into();
    let refused = match_by(&api, &key, &other).await;
    refused.is_error(422, "idempotency key reused with a different body");
    assert_eq!(api.total(&format!("customerId={customer}&method=face_match")).await, 1);
    // The same key names another thing at another endpoint, and nothing at another org.
    let image = json!({ "customerId": customer, "image": portrait_text("macron_2014") });
    api.post(ENROLMENTS, &key, &image).await.expect(201);
    let (_, stranger) = sandbox.org(&["--dukcapil-enabled"]).await;
    match_by(&stranger, &key, &body).await.is_error(404, "not found");
    stranger.get(&format!("{ENROLMENTS}?customerId={customer}")).await.is_error(404, "not found");
}

pub async fn a_reference_is_enrolled_listed_and_matched_but_carries_no_tier<H: ContractHarness>() {
    let Some(sandbox) = H::with_models().await else { return };
    let api = sandbox.api();
    let customer = api.customer("Budi Santoso").await;
    let none = compare(&api, &customer, &portrait_text("macron_2014")).await.expect(409);
    assert_eq!(none["code"], "no_face_reference", "{none}");
    let body = json!({ "customerId": customer, "image": portrait_text("macron_2025") });
    let key = [("idempotency-key", "reference-1")];
    let first = api.post(ENROLMENTS, &key, &body).await;
    let said = first.expect(201);
    assert_eq!(fields(&said["enrolment"]), ["fallbackStub", "id", "source"], "{said}");
    assert_eq!(said["enrolment"]["source"], "onboarding_selfie");
    assert_eq!(first.header("location"), Some(format!("{ENROLMENTS}?customerId={customer}").as_str()));
    let again = api.post(ENROLMENTS, &key, &body).await;
    assert_eq!(again.expect(201)["enrolment"]["id"], said["enrolment"]["id"]);
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    let mut other = body.clone();
    other["image"] = portrait_text("obama").into();
    assert_eq!(api.post(ENROLMENTS, &key, &other).await.status, 422);
    // One that shows nobody is taken, and says why no match relies on it.
    let nobody = json!({ "customerId": customer, "image": BASE64.encode(&photos::png()) });
    api.post(ENROLMENTS, &[], &nobody).await.expect(201);

    let rows = until_read(&api, &customer).await;
    assert_eq!(rows.len(), 2, "newest first: {rows:?}");
    for row in &rows {
        let named = ["cause", "createdAt", "fallbackStub", "id", "model", "quality", "source"];
        assert_eq!(fields(row), named, "{row}");
        assert!(is_id("fe_", &row["id"]) && is_time(&row["createdAt"]), "{row}");
        assert!(text(&row["model"]).starts_with("sface-2021dec-int8bq@"), "{row}");
    }
    assert_eq!((&rows[0]["cause"], &rows[0]["quality"]), (&json!("no_face"), &Value::Null));
    assert_eq!((&rows[1]["cause"], &rows[1]["id"]), (&Value::Null, &said["enrolment"]["id"]));
    let quality = rows[1]["quality"].as_f64().expect("a quality");
    assert!((0.2..=1.0).contains(&quality), "{rows:?}");
    let list = format!("{ENROLMENTS}?customerId={customer}&limit=1");
    let page = api.get(&list).await.expect(200);
    assert_eq!(
        (&page["total"], &page["meta"]["pages"], &page["data"][0]["id"]),
        (&json!(2), &json!(2), &rows[0]["id"])
    );
    let next = api.get(&format!("{list}&cursor={}", text(&page["meta"]["next"]))).await.expect(200);
    assert_eq!((&next["data"][0]["id"], &next["meta"]["next"]), (&rows[1]["id"], &Value::Null));

    let said = compare(&api, &customer, &portrait_text("macron_2014")).await.expect(200);
    assert_eq!(
        (&said["match"]["verdict"], &said["reference"]["source"]),
        (&json!("match"), &json!("onboarding_selfie"))
    );
    assert_eq!(api.kyc(&customer).await["customer"]["kycLevel"], "none");
}

pub async fn a_reference_whose_photo_is_not_read_yet_is_waited_for<H: ContractHarness>() {
    let Some(sandbox) = H::with_models().await else { return };
    let api = sandbox.api();
    // A verdict that nobody waits for, and a match at once: its photo takes a tenth of a second to read at least.
    let seen = until_within(PHOTOS_READ_WITHIN, "a match that came too early", async || {
        let customer = api.customer("Budi Santoso").await;
        let body = json!({ "customerId": customer, "valid": true, "photo": portrait_text("macron_2014") });
        let answer = api.post(crate::client::VERDICT, &[("prefer", "respond-async")], &body).await;
        assert_eq!(answer.json()["enrolment"]["fallbackStub"], true, "no vector stands yet: {answer:?}");
        loop {
            let answer = compare(&api, &customer, &portrait_text("macron_2025")).await;
            if matches!(answer.status, 200 | 202) {
                return None;
            }
            let code = text(&answer.expect(409)["code"]).to_owned();
            if code == "reference_pending" {
                assert!(answer.header("retry-after").is_some(), "{answer:?}");
                return Some(customer);
            }
            assert_eq!(code, "no_face_reference", "{answer:?}");
        }
    })
    .await;
    until_within(PHOTOS_READ_WITHIN, "the match", async || {
        (compare(&api, &seen, &portrait_text("macron_2025")).await.status == 200).then_some(())
    })
    .await;
}

pub async fn two_hundred_photos_at_once_are_all_read_and_hold_nobody_up<H: ContractHarness>() {
    let Some(sandbox) = H::with_models().await else { return };
    let api = sandbox.api();
    let customer = api.customer("Budi Santoso").await;
    let photo = portrait("macron_2014");
    let verdicts = (0..200_u8).map(|number| {
        // Each another file: a comment of its own.
        let photo = commented(&photo, &[number]);
        let body = json!({ "customerId": customer, "valid": true, "photo": BASE64.encode(&photo) });
        let api = api.clone();
        async move { api.verdict(&body).await }
    });
    for answer in futures::future::join_all(verdicts).await {
        assert!(matches!(answer.status, 200 | 202), "{answer:?}");
    }
    until_within(PHOTOS_READ_WITHIN, "two hundred vectors", async || {
        let mut read = 0;
        for page in 1..=2 {
            let list = api.get(&format!("{ENROLMENTS}?customerId={customer}&limit=100&page={page}")).await;
            let list = list.expect(200);
            let rows = list["data"].as_array().expect("rows").clone();
            read += rows.iter().filter(|row| row["fallbackStub"] == false).count();
        }
        (read == 200).then_some(())
    })
    .await;
}

pub async fn without_models_nothing_matches_and_everything_says_so<H: ContractHarness>() {
    let sandbox = H::start().await;
    let api = sandbox.api();
    let customer = api.customer("Budi Santoso").await;
    let image = BASE64.encode(&photos::jpeg());
    let enrolled =
        api.post(ENROLMENTS, &[], &json!({ "customerId": customer, "image": image })).await.expect(201);
    assert_eq!(enrolled["enrolment"]["fallbackStub"], true, "{enrolled}");
    let rows = references(&api, &customer).await;
    assert_eq!(rows.len(), 1);
    assert_eq!(
        (&rows[0]["cause"], &rows[0]["model"], &rows[0]["quality"], &rows[0]["fallbackStub"]),
        (&json!("no_model"), &Value::Null, &Value::Null, &json!(true))
    );
    let refused = compare(&api, &customer, &image).await.expect(409);
    assert_eq!(refused["code"], "no_face_model", "{refused}");
    let me = api.get("/api/auth/me").await.expect(200);
    let none = json!({ "detector": null, "embedder": null, "textReader": null, "passiveNet": null });
    assert_eq!(me["models"], none, "{me}");
    let ready = sandbox.admin().get("/readyz").await.expect(200);
    assert_eq!(
        (&ready["status"], &ready["detail"]["faceModels"]),
        (&json!("ready"), &json!("none")),
        "{ready}"
    );
}

pub async fn a_match_is_a_write_like_others_and_takes_no_dry_run<H: ContractHarness>() {
    let sandbox = H::start().await;
    let api = sandbox.api();
    let customer = sandbox.info().customer.clone();
    let image = BASE64.encode(&photos::jpeg());
    let body = json!({ "customerId": customer, "image": image });
    for path in [MATCH, ENROLMENTS] {
        api.post(&format!("{path}?dryRun=true"), &[], &body).await.names_fields(&["dryRun"]);
        api.post(path, &[], &json!({})).await.names_fields(&["customerId", "image"]);
        api.post(path, &[], &json!({ "customerId": "cus_00000000000000000000000000", "image": image }))
            .await
            .is_error(404, "not found");
        api.with_key("").post(path, &[], &body).await.is_error(401, "missing or invalid Bearer");
        let (_, viewer) = sandbox.key(&sandbox.info().org, &["--scopes", "verifications:view"]).await;
        viewer.post(path, &[], &body).await.is_error(403, "missing scope: verifications:write");
    }
    let both = json!({
        "customerId": customer, "image": image, "livenessVerificationId": "ver_00000000000000000000000000",
    });
    api.post(MATCH, &[], &both).await.names_fields(&["livenessVerificationId"]);
    let liveness =
        json!({ "customerId": customer, "livenessVerificationId": "ver_00000000000000000000000000" });
    let pending = api.post(MATCH, &[], &liveness).await;
    assert_eq!(pending.expect(409)["code"], "liveness_pending");
    assert!(pending.header("retry-after").is_some(), "{pending:?}");
    api.get(&format!("{ENROLMENTS}?customerId=")).await.names_fields(&["customerId"]);
    assert_eq!(api.total("").await, 0);
}
