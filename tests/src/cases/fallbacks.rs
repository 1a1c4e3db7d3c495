//! Failures of Dukcapil that a bank declares (sequence §4): what may be declared, the recheck that it opens, what settles one,
//! and that a capture declares as well.

use domain::ports::Topic;
use event_codec::{RecordType, record_type};
use serde_json::{Value, json};

use crate::card_captures::{CAPTURE, challenged, decided, is_refused, plain, unlimited};
use crate::client::{declined, fields, is_id, is_time, text, verified};
use crate::fallback_calls::{
    FALLBACKS, RECHECKS, attempt, close, declaration, declare, recheck, rechecks, rechecks_total, seconds_ago,
};
use crate::harness::ContractHarness;

const DAY_S: i64 = 24 * 60 * 60;

pub async fn a_declared_failure_opens_a_recheck_and_a_verdict_confirms_it<H: ContractHarness>() {
    let sandbox = H::start().await;
    let (_, api) = sandbox.org(&["--dukcapil-enabled"]).await;
    let customer = api.customer("Budi Santoso").await;
    let answer = api.post(FALLBACKS, &[], &declaration(&customer, 60)).await;
    let body = answer.expect(201);
    assert_eq!((fields(&body), fields(&body["fallback"])), (vec!["fallback"], vec!["id", "recheckId"]));
    assert!(is_id("fb_", &body["fallback"]["id"]) && is_id("rc_", &body["fallback"]["recheckId"]), "{body}");
    let opened = &body["fallback"]["recheckId"];
    assert_eq!(answer.header("location"), Some(format!("{RECHECKS}?customerId={customer}").as_str()));

    // A further failure counts for the same one.
    assert_eq!(declare(&api, &customer, 30).await, *opened);
    let row = recheck(&api, &customer).await;
    let all = [
        "attempts",
        "cause",
        "customerId",
        "how",
        "id",
        "kycLevel",
        "lastAttemptAt",
        "openedAt",
        "settledAt",
        "status",
        "verificationId",
    ];
    assert_eq!(fields(&row), all, "{row}");
    assert_eq!((&row["id"], &row["status"], &row["attempts"]), (opened, &json!("open"), &json!(6)));
    assert_eq!((&row["kycLevel"], &row["cause"]), (&json!("none"), &json!("timeout")));
    assert!(is_time(&row["openedAt"]) && is_time(&row["lastAttemptAt"]), "{row}");
    assert!(["settledAt", "how", "verificationId"].iter().all(|field| row[*field].is_null()), "{row}");

    let verdict = api.verdict(&verified(&customer)).await.expect(200);
    let row = recheck(&api, &customer).await;
    assert_eq!((&row["status"], &row["how"]), (&json!("confirmed"), &json!("verdict")), "{row}");
    assert_eq!(row["verificationId"], verdict["verification"]["id"]);
    assert_eq!(row["kycLevel"], "standard", "the tier that the customer has now");
    assert!(is_time(&row["settledAt"]), "{row}");

    // While a valid verdict stands nothing is owed: also of a failure of before it.
    assert_eq!(declare(&api, &customer, 3_600).await, Value::Null);
    assert_eq!(rechecks_total(&api, "").await, 1);
}

pub async fn a_declaration_has_its_bounds<H: ContractHarness>() {
    let sandbox = H::start().await;
    let (org, api) = sandbox.org(&["--dukcapil-enabled"]).await;
    let customer = api.customer("Budi Santoso").await;
    for (seconds, is_good) in
        [(-60, true), (-300, false), (7 * DAY_S - 60, true), (7 * DAY_S + 60, false), (8 * DAY_S, false)]
    {
        let answer = api.post(FALLBACKS, &[], &declaration(&customer, seconds)).await;
        if is_good { drop(answer.expect(201)) } else { answer.names_fields(&["attemptedAt"]) }
    }
    let with = |field: &str, value: Value| {
        let mut body = declaration(&customer, 0);
        body[field] = value;
        body
    };
    for (field, value) in [
        ("from", json!("nik_format")),
        ("cause", json!("slow")),
        ("httpStatus", json!(404)),
        ("attempts", json!(0)),
        ("attempts", json!(51)),
        ("elapsedMs", json!(-1)),
        ("attemptedAt", json!("today")),
    ] {
        api.post(FALLBACKS, &[], &with(field, value)).await.names_fields(&[field]);
    }
    let all = ["attemptedAt", "attempts", "cause", "customerId", "from"];
    api.post(FALLBACKS, &[], &json!({})).await.names_fields(&all);
    api.post(&format!("{FALLBACKS}?dryRun=true"), &[], &with("note", json!("x")))
        .await
        .names_fields(&["dryRun"]);
    let ignoring = api.post(FALLBACKS, &[], &with("note", json!("x"))).await;
    assert_eq!((ignoring.status, ignoring.header("x-ignored-fields")), (201, Some("note")));
    assert_eq!(rechecks_total(&api, "").await, 1, "whatever was refused opened none");

    // Who may not, and whose it is not.
    let (_, viewer) = sandbox.key(&org, &["--scopes", "verifications:view"]).await;
    let good = declaration(&customer, 0);
    viewer.post(FALLBACKS, &[], &good).await.is_error(403, "missing scope: verifications:write");
    let (_, other) = sandbox.org(&["--dukcapil-enabled"]).await;
    other.post(FALLBACKS, &[], &good).await.is_error(404, "not found");
    assert_eq!(rechecks_total(&other, &format!("customerId={customer}")).await, 0);
    let (_, off) = sandbox.org(&[]).await;
    let theirs = off.customer("Dewi Lestari").await;
    off.post(FALLBACKS, &[], &declaration(&theirs, 0)).await.is_error(403, "org capability disabled");
    for reading in [RECHECKS, "/api/identity/fallback/windows", "/api/identity/fallback/summary"] {
        off.get(reading).await.expect(200);
        let (_, writer) = sandbox.key(&org, &["--scopes", "verifications:write"]).await;
        writer.get(reading).await.is_error(403, "missing scope: verifications:view");
    }
}

pub async fn a_declaration_under_a_key_counts_once<H: ContractHarness>() {
    let sandbox = H::start().await;
    let (_, api) = sandbox.org(&["--dukcapil-enabled"]).await;
    let customer = api.customer("Budi Santoso").await;
    let (key, body) = ([("idempotency-key", "outage-1")], declaration(&customer, 5));
    let later =
        api.post(FALLBACKS, &[("idempotency-key", "later"), ("prefer", "respond-async")], &body).await;
    let accepted = later.expect(202);
    assert_eq!(fields(&accepted["fallback"]), ["id"], "the fold has not said what it opens: {accepted}");
    let first = api.post(FALLBACKS, &key, &body).await;
    let again = api.post(FALLBACKS, &key, &body).await;
    assert_eq!(again.expect(201), first.expect(201));
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    let other = declaration(&customer, 60);
    api.post(FALLBACKS, &key, &other).await.is_error(422, "idempotency key reused with a different body");
    let row = recheck(&api, &customer).await;
    assert_eq!(row["attempts"], 6, "two declarations: {row}");
    // The same key about somebody else is another declaration.
    let second = api.customer("Dewi Lestari").await;
    api.post(FALLBACKS, &key, &declaration(&second, 5)).await.expect(201);
    assert_eq!(rechecks_total(&api, "status=open").await, 2);
}

pub async fn what_contradicts_is_final_and_no_answer_leaves_it_open<H: ContractHarness>() {
    let sandbox = H::start().await;
    let (_, api) = sandbox.org(&["--dukcapil-enabled"]).await;
    let customer = api.customer("Budi Santoso").await;
    let first = declare(&api, &customer, 60).await;
    for no_answer in ["Kuota akses harian habis", "Sesuatu yang lain"] {
        api.verdict(&declined(&customer, no_answer)).await.expect(200);
        assert_eq!(recheck(&api, &customer).await["status"], "open", "{no_answer}");
    }
    let denied = api.verdict(&declined(&customer, "Data tidak ditemukan")).await.expect(200);
    let row = recheck(&api, &customer).await;
    assert_eq!((&row["status"], &row["how"]), (&json!("contradicted"), &json!("verdict")), "{row}");
    assert_eq!(row["verificationId"], denied["verification"]["id"]);
    let rows = api.rows(&format!("customerId={customer}")).await;
    let signal = |row: &Value, code: &str| {
        let signals = row["signals"].as_array().expect("signals");
        signals.iter().find(|signal| signal["code"] == code).map(|signal| signal["severity"].clone())
    };
    assert_eq!(signal(&rows[0], "fallback_contradicted"), Some(json!("critical")), "{rows:?}");

    // A later failure opens another one, which a valid verdict confirms; the contradiction stays.
    let second = declare(&api, &customer, 30).await;
    assert_ne!(first, second);
    api.verdict(&verified(&customer)).await.expect(200);
    let statuses: Vec<Value> = rechecks(&api, &format!("customerId={customer}&sort=oldest")).await;
    let statuses: Vec<_> = statuses.iter().map(|row| (row["id"].clone(), text(&row["status"]))).collect();
    assert_eq!(statuses, [(first, "contradicted"), (second, "confirmed")]);

    // Confirmed after all, with nothing open in between.
    let other = api.customer("Dewi Lestari").await;
    declare(&api, &other, 60).await;
    api.verdict(&declined(&other, "Data tidak ditemukan")).await.expect(200);
    api.verdict(&verified(&other)).await.expect(200);
    let rows = api.rows(&format!("customerId={other}")).await;
    assert!(signal(&rows[0], "fallback_corrected").is_some(), "{rows:?}");
    assert_eq!(recheck(&api, &other).await["status"], "contradicted", "final");
}

pub async fn a_recheck_is_closed_once_and_with_a_reason<H: ContractHarness>() {
    let sandbox = H::start().await;
    let (org, api) = sandbox.org(&["--dukcapil-enabled"]).await;
    let (_, keys) = sandbox.key(&org, &["--scopes", "reviews:write"]).await;
    let customer = api.customer("Budi Santoso").await;
    let opened = declare(&api, &customer, 60).await;
    let good = json!({ "reasonCode": "customer_left", "note": "Rekening ditutup kemarin." });
    // The key that declares does not close.
    close(&api, &opened, &[], &good).await.is_error(403, "missing scope: reviews:write");
    close(&keys, &opened, &[], &json!({ "reasonCode": "Left", "note": 1 }))
        .await
        .names_fields(&["note", "reasonCode"]);
    for nobodys in [json!("rc_00000000000000000000000000"), json!("nonsense")] {
        is_refused(&close(&keys, &nobodys, &[], &good).await, 404, "recheck_not_found");
    }
    let (other_org, _) = sandbox.org(&["--dukcapil-enabled"]).await;
    let (_, other) = sandbox.key(&other_org, &["--scopes", "reviews:write"]).await;
    is_refused(&close(&other, &opened, &[], &good).await, 404, "recheck_not_found");
    assert_eq!(recheck(&api, &customer).await["status"], "open");

    let key = [("idempotency-key", "close-1")];
    let told = close(&keys, &opened, &key, &good).await.expect(200);
    assert_eq!(fields(&told), ["by", "createdAt", "reasonCode"], "{told}");
    assert!(text(&told["by"]).starts_with("key_") && is_time(&told["createdAt"]), "{told}");
    let row = recheck(&api, &customer).await;
    assert_eq!((&row["status"], &row["how"]), (&json!("closed"), &json!("close")), "{row}");
    assert_eq!((&row["settledAt"], &row["verificationId"]), (&told["createdAt"], &Value::Null), "{row}");
    let again = close(&keys, &opened, &key, &good).await;
    assert_eq!(again.expect(200), told);
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    let reused = close(&keys, &opened, &key, &json!({ "reasonCode": "other" })).await;
    reused.is_error(422, "idempotency key reused with a different body");
    is_refused(&close(&keys, &opened, &[], &good).await, 409, "recheck_not_open");
    assert!(!sandbox.output().contains("Rekening ditutup"), "a note is in no log");

    // Final; and what a verdict has settled is not closed either.
    api.verdict(&verified(&customer)).await.expect(200);
    assert_eq!(recheck(&api, &customer).await["status"], "closed");
    let second = api.customer("Dewi Lestari").await;
    let confirmed = declare(&api, &second, 60).await;
    api.verdict(&verified(&second)).await.expect(200);
    is_refused(&close(&keys, &confirmed, &[], &good).await, 409, "recheck_not_open");
}

pub async fn a_capture_declares_as_well<H: ContractHarness>() {
    let sandbox = H::start().await;
    let (org, api) = unlimited(&sandbox).await;
    let customer = api.customer("Budi Santoso").await;
    let challenge = challenged(&api, &customer, 3, 300_000).await;
    let bundle = plain(&challenge, &customer);
    let mut body = bundle.to_json(&customer);
    // What is wrong within it is named with its path.
    body["fallback"] =
        json!({ "from": "nik_dukcapil", "cause": "tls", "attemptedAt": seconds_ago(8 * DAY_S) });
    api.post(CAPTURE, &[], &body).await.names_fields(&["fallback.attemptedAt", "fallback.attempts"]);
    body["fallback"] = attempt(8 * DAY_S);
    let refused = crate::patience::until("the colours to have been shown", async || {
        let answer = api.post(CAPTURE, &[], &body).await;
        (answer.status != 422).then_some(answer)
    })
    .await;
    refused.names_fields(&["fallback.attemptedAt"]);
    assert_eq!(rechecks_total(&api, "").await, 0);

    body["fallback"] = attempt(60);
    let sent = crate::patience::until_within(
        testkit::patience::PHOTOS_READ_WITHIN,
        "the capture to be decided",
        async || {
            let answer = api.post(CAPTURE, &[], &body).await;
            (answer.status == 200).then_some(answer)
        },
    )
    .await;
    let said = sent.expect(200);
    let row = recheck(&api, &customer).await;
    assert_eq!((&row["status"], &row["attempts"]), (&json!("open"), &json!(3)), "{row}");
    // The same body has its answer; the same bundle with another fallback, or without one, is another body.
    let again = api.post(CAPTURE, &[], &body).await;
    assert_eq!((again.expect(200)["verification"]["id"].clone()), said["verification"]["id"]);
    is_refused(&decided(&api, &customer, &bundle).await, 409, "challenge_used");
    body["fallback"] = attempt(61);
    is_refused(&api.post(CAPTURE, &[], &body).await, 409, "challenge_used");
    assert_eq!(recheck(&api, &customer).await["attempts"], 3, "none of them counted");
    // An auditor is told of it in a record of its own.
    let records = crate::evidence::records(&sandbox.config(), Topic::Audit, &org).await;
    let told = records.iter().filter(|record| record_type(record) == Some(RecordType::DukcapilAttemptFailed));
    assert_eq!(told.count(), 1);

    // Without the capability a card may be captured, and nothing be declared with it.
    let (_, off) = sandbox.org(&[]).await;
    let theirs = off.customer("Dewi Lestari").await;
    let challenge = challenged(&off, &theirs, 3, 300_000).await;
    let mut body = plain(&challenge, &theirs).to_json(&theirs);
    body["fallback"] = attempt(60);
    off.post(CAPTURE, &[], &body).await.is_error(403, "org capability disabled");
}
