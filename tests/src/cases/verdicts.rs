//! What a verdict answers and does (contract §2 and §3), on the good way.

use serde_json::{Value, json};

use crate::client::{Api, declined, fields, is_id, is_time, text, verified};
use crate::harness::ContractHarness;

/// Twelve calendar months later, clamped to the month's end: only 29 February moves.
fn a_year_later(time: &str) -> String {
    let year: u32 = time[..4].parse().expect("a year");
    let rest = time[4..].replacen("-02-29T", "-02-28T", 1);
    format!("{:04}{rest}", year + 1)
}

fn tier(kyc: &Value) -> &str {
    text(&kyc["customer"]["kycLevel"])
}

async fn fresh(api: &Api) -> String {
    let customer = api.customer("Budi Santoso").await;
    let kyc = api.kyc(&customer).await;
    assert_eq!((tier(&kyc), text(&kyc["customer"]["fullName"])), ("none", "Budi Santoso"));
    assert_eq!(kyc["eligible"], false);
    assert_eq!(kyc["customer"]["kycLastVerifiedAt"], Value::Null);
    assert_eq!(kyc["customer"]["kycExpiresAt"], Value::Null);
    assert_eq!((&kyc["verifications"], &kyc["history"]), (&json!([]), &json!([])));
    customer
}

pub async fn a_verified_verdict_is_a_row_an_enrolment_and_the_standard_tier<H: ContractHarness>() {
    let sandbox = H::start().await;
    let api = sandbox.api();
    let customer = sandbox.info().customer.clone();
    let mut body = verified(&customer);
    body["reason"] = json!("Data sesuai");
    body["raw"] = json!({"nik": "0000000000000000", "responseCode": "00"});
    let answer = api.verdict(&body).await;
    let said = answer.expect(200);
    let (verification, enrolment) = (&said["verification"]["id"], &said["enrolment"]["id"]);
    assert!(is_id("ver_", verification) && is_id("fe_", enrolment), "{said}");
    answer.is(
        200,
        &json!({
            "verification": {"id": verification, "status": "verified", "score": 100},
            "enrolment": {"id": enrolment, "source": "dukcapil", "fallbackStub": true},
        }),
    );

    // At once: a 200 says that the read model shows it.
    let rows = api.rows("method=nik_dukcapil").await;
    assert_eq!(rows.len(), 1, "{rows:?}");
    let created = rows[0]["createdAt"].clone();
    assert!(is_time(&created), "{rows:?}");
    let row = json!({
        "id": verification, "customerId": customer, "method": "nik_dukcapil", "status": "verified", "score": 100,
        "reason": "Data sesuai", "reasonCategory": null, "signals": [], "createdAt": created,
    });
    assert_eq!(rows[0], row);

    let mut whole = row.clone();
    whole["enrolment"] = json!({"id": enrolment, "source": "dukcapil", "fallbackStub": true});
    api.get(&format!("/api/identity/verifications/{}", text(verification))).await.is(200, &whole);

    let kyc = api.kyc(&customer).await;
    let change = kyc["history"][0]["id"].clone();
    assert!(is_id("kte_", &change), "{kyc}");
    assert_eq!(
        kyc,
        json!({
            "customer": {
                "id": customer, "fullName": kyc["customer"]["fullName"], "kycLevel": "standard",
                "kycLastVerifiedAt": created, "kycExpiresAt": a_year_later(text(&created)),
            },
            "eligible": true,
            "blockers": [],
            "assurance": { "path": "dukcapil", "recheck": null },
            "verifications": [{
                "id": verification, "method": "nik_dukcapil", "status": "verified", "score": 100,
                "reason": "Data sesuai", "createdAt": created,
            }],
            "history": [{
                "id": change, "fromTier": "none", "toTier": "standard", "actorUserId": null,
                "reason": "automatic on nik_dukcapil verify", "createdAt": created,
            }],
        })
    );
}

pub async fn a_declined_verdict_is_a_failed_row_and_changes_no_tier<H: ContractHarness>() {
    let sandbox = H::start().await;
    let api = sandbox.api();
    let customer = fresh(&api).await;
    let answer = api.verdict(&declined(&customer, "NIK tidak ditemukan")).await;
    let said = answer.expect(200);
    let verification = &said["verification"]["id"];
    assert!(is_id("ver_", verification), "{said}");
    answer.is(200, &json!({"verification": {"id": verification, "status": "failed"}, "enrolment": null}));

    let row = api.get(&format!("/api/identity/verifications/{}", text(verification))).await.expect(200);
    assert_eq!(
        (&row["status"], &row["score"], &row["enrolment"]),
        (&json!("failed"), &Value::Null, &Value::Null)
    );
    assert_eq!(
        (&row["reason"], &row["reasonCategory"]),
        (&json!("NIK tidak ditemukan"), &json!("not_found"))
    );
    let kyc = api.kyc(&customer).await;
    assert_eq!((tier(&kyc), &kyc["eligible"], &kyc["history"]), ("none", &json!(false), &json!([])));
    assert_eq!(kyc["verifications"][0]["reason"], "NIK tidak ditemukan");
    assert_eq!(kyc["customer"]["kycExpiresAt"], Value::Null);
    let listed = &api.rows("status=failed").await[0];
    assert_eq!((&listed["reasonCategory"], &listed["score"]), (&json!("not_found"), &Value::Null));
    // A photo that comes with a declined verdict is evidence, not an enrolment.
    let mut with_photo = verified(&customer);
    with_photo["valid"] = json!(false);
    let said = api.verdict(&with_photo).await.expect(200);
    assert_eq!((&said["verification"]["status"], &said["enrolment"]), (&json!("failed"), &Value::Null));
}

pub async fn a_tier_never_falls_and_a_second_success_only_renews_it<H: ContractHarness>() {
    let sandbox = H::start().await;
    let api = sandbox.api();
    let customer = fresh(&api).await;
    api.verdict(&verified(&customer)).await.expect(200);
    let first = api.kyc(&customer).await;
    api.verdict(&declined(&customer, "Nama tidak sesuai")).await.expect(200);
    let after_failure = api.kyc(&customer).await;
    assert_eq!(after_failure["customer"], first["customer"], "a failed row moved something");
    assert_eq!(after_failure["history"], first["history"]);
    assert_eq!(after_failure["verifications"].as_array().map(Vec::len), Some(2));
    assert_eq!(after_failure["verifications"][0]["status"], "failed", "newest first");

    api.verdict(&verified(&customer)).await.expect(200);
    let renewed = api.kyc(&customer).await;
    assert_eq!(tier(&renewed), "standard");
    assert_eq!(renewed["history"], first["history"], "one event per change");
    let row = &renewed["verifications"][0];
    assert_eq!(renewed["customer"]["kycLastVerifiedAt"], row["createdAt"]);
    assert_eq!(renewed["customer"]["kycExpiresAt"], a_year_later(text(&row["createdAt"])));
    assert_eq!(api.total(&format!("customerId={customer}")).await, 3);
}

pub async fn a_reason_shows_its_category_and_survives_as_it_was_sent<H: ContractHarness>() {
    let sandbox = H::start().await;
    let api = sandbox.api();
    let customer = fresh(&api).await;
    for (reason, category) in [
        (Some("NIK tidak ditemukan"), json!("not_found")),
        (Some("Nama tidak sesuai"), json!("mismatch")),
        (Some("The person is deceased"), json!("deceased")),
        (Some("Data ganda"), json!("duplicate_record")),
        (Some("Kuota habis"), json!("quota")),
        (Some("🤷 zzz"), json!("other")),
        (None, Value::Null),
    ] {
        let mut body = json!({"customerId": customer, "valid": false});
        if let Some(reason) = reason {
            body["reason"] = json!(reason);
        }
        api.verdict(&body).await.expect(200);
        let row = &api.rows("limit=1").await[0];
        assert_eq!((&row["reason"], &row["reasonCategory"]), (&json!(reason), &category), "{reason:?}");
    }
    // A match is not explained by a category, whatever its reason says.
    let mut body = verified(&customer);
    body["reason"] = json!("NIK tidak ditemukan");
    api.verdict(&body).await.expect(200);
    let row = &api.rows("limit=1").await[0];
    assert_eq!((&row["reason"], &row["reasonCategory"]), (&body["reason"], &Value::Null));
}

pub async fn kyc_answers_as_of_any_time<H: ContractHarness>() {
    let sandbox = H::start().await;
    let api = sandbox.api();
    let customer = fresh(&api).await;
    let registered = api.get(&format!("/api/customers/{customer}")).await.expect(200);
    api.verdict(&declined(&customer, "NIK tidak ditemukan")).await.expect(200);
    let failed_at = text(&api.rows("limit=1").await[0]["createdAt"]).to_owned();
    // Another millisecond, so that the two rows stand apart in time.
    crate::patience::until("another millisecond", async || {
        api.verdict(&declined(&customer, "Nama tidak sesuai")).await.expect(200);
        (text(&api.rows("limit=1").await[0]["createdAt"]) != failed_at).then_some(())
    })
    .await;
    api.verdict(&verified(&customer)).await.expect(200);
    let as_of =
        async |time: &str| api.get(&format!("/api/identity/kyc/{customer}?asOf={time}")).await.expect(200);
    let then = as_of(&failed_at).await;
    assert_eq!(tier(&then), "none");
    assert_eq!(
        then["verifications"].as_array().expect("rows").last().expect("inclusive")["createdAt"],
        failed_at
    );
    assert_eq!(then["history"], json!([]));
    let registered = text(&registered["createdAt"]);
    let before = as_of(registered).await;
    assert_eq!((tier(&before), &before["eligible"]), ("none", &json!(false)));
    assert_eq!(before["history"], json!([]));
    if registered < failed_at.as_str() {
        assert_eq!(before["verifications"], json!([]));
    }
    let now = api.kyc(&customer).await;
    let latest = as_of(text(&now["customer"]["kycLastVerifiedAt"])).await;
    assert_eq!(latest, now, "asOf is inclusive");
    let later = as_of("2099-01-01T00:00:00Z").await;
    assert_eq!(later["eligible"], json!(false), "expired by then");
    let earlier = api.get(&format!("/api/identity/kyc/{customer}?asOf=2020-01-01T00:00:00Z")).await;
    earlier.is_error(404, "not found");
    for bad in ["yesterday", "2026-13-01T00:00:00Z", ""] {
        api.get(&format!("/api/identity/kyc/{customer}?asOf={bad}")).await.names_fields(&["asOf"]);
    }
}

pub async fn a_dry_run_checks_everything_and_writes_nothing<H: ContractHarness>() {
    let sandbox = H::start().await;
    let api = sandbox.api();
    let customer = fresh(&api).await;
    let dry = "/api/identity/nik/dukcapil?dryRun=true";
    let key = [("idempotency-key", "dry")];
    api.post(dry, &key, &verified(&customer)).await.is(
        200,
        &json!({
            "dryRun": true, "verification": {"status": "verified"}, "enrolment": {"source": "dukcapil"},
            "kyc": {"from": "none", "to": "standard"},
        }),
    );
    api.post(dry, &[], &declined(&customer, "NIK tidak ditemukan")).await.is(
        200,
        &json!({
            "dryRun": true, "verification": {"status": "failed"}, "enrolment": null,
            "kyc": {"from": "none", "to": "none"},
        }),
    );
    api.post(dry, &[], &json!({"customerId": customer, "valid": true})).await.names_fields(&["photo"]);
    for nobodys in
        [verified("cus_00000000000000000000000000"), declined("cus_00000000000000000000000000", "x")]
    {
        api.post(dry, &[], &nobodys).await.is_error(404, "not found");
    }
    let perhaps = "/api/identity/nik/dukcapil?dryRun=yes";
    api.post(perhaps, &[], &declined(&customer, "x")).await.names_fields(&["dryRun"]);
    assert_eq!(api.total("").await, 0);
    assert_eq!(tier(&api.kyc(&customer).await), "none");

    // The key was not used up: the verdict itself is a first one.
    let real = api.post("/api/identity/nik/dukcapil", &key, &declined(&customer, "Data ganda")).await;
    real.expect(200);
    assert_eq!(real.header("idempotency-replayed"), None, "{real:?}");
    let kept = sandbox.kept(&sandbox.info().org).await;
    assert_eq!(kept.len(), 1, "a dry run was written");
    let evidence = sandbox.evidence().await;
    assert_eq!(evidence.len(), 1, "a dry run left evidence");
}

pub async fn no_endpoint_ever_returns_raw_or_a_photo<H: ContractHarness>() {
    let sandbox = H::start().await;
    let api = sandbox.api();
    let customer = sandbox.info().customer.clone();
    let mut body = verified(&customer);
    body["raw"] = json!({"marker": "RAW-MARKER-5521"});
    let photo = text(&body["photo"]).to_owned();
    let said = api.verdict(&body).await.expect(200);
    let verification = text(&said["verification"]["id"]);
    for path in [
        format!("/api/identity/verifications/{verification}"),
        format!("/api/identity/kyc/{customer}"),
        format!("/api/customers/{customer}"),
        "/api/identity/attempts".to_owned(),
        "/api/auth/me".to_owned(),
    ] {
        let shown = String::from_utf8(api.get(&path).await.body).expect("text");
        assert!(!shown.contains("RAW-MARKER-5521") && !shown.contains(&photo[..64]), "{path} shows it");
    }
    assert_eq!(fields(&said), ["enrolment", "verification"]);
}
