//! `POST /api/identity/nik/dukcapil`: what a good verdict does, and what bad input gets.

use data_encoding::BASE64;
use serde_json::{Value, json};

use crate::harness::{TestApp, VERDICTS, declined, photo, until, verified};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_verified_verdict_is_visible_when_it_is_answered() {
    let app = TestApp::start().await;
    let customer = app.customer().await;
    let heard = app.post(VERDICTS, &verified(&customer)).await;
    assert_eq!(heard.status, 200, "{heard:?}");
    let (verification, enrolment) = (&heard.body["verification"], &heard.body["enrolment"]);
    assert_eq!((&verification["status"], &verification["score"]), (&json!("verified"), &json!(100)));
    assert_eq!((&enrolment["source"], &enrolment["fallbackStub"]), (&json!("dukcapil"), &json!(true)));
    let id = verification["id"].as_str().expect("an id");

    let kyc = app.get(&format!("/api/identity/kyc/{customer}")).await.body;
    assert_eq!(kyc["customer"]["kycLevel"], "standard");
    assert_eq!(kyc["customer"]["fullName"], "Contoh Nasabah");
    assert_eq!(kyc["eligible"], true);
    assert_eq!(kyc["verifications"][0]["reason"], "Data sesuai");
    assert_eq!(kyc["history"][0]["reason"], "automatic on nik_dukcapil verify");
    assert_eq!(kyc["history"][0]["actorUserId"], Value::Null);

    let row = app.get(&format!("/api/identity/verifications/{id}")).await.body;
    assert_eq!(row["enrolment"]["id"], enrolment["id"]);
    assert_eq!((&row["method"], &row["reasonCategory"]), (&json!("nik_dukcapil"), &Value::Null));
    let attempts = app.get("/api/identity/attempts?method=nik_dukcapil").await.body;
    assert_eq!((&attempts["total"], &attempts["data"][0]["id"]), (&json!(1), &json!(id)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_declined_verdict_leaves_the_tier_and_shows_its_reason() {
    let app = TestApp::start().await;
    let customer = app.customer().await;
    let heard = app.post(VERDICTS, &declined(&customer)).await;
    assert_eq!(heard.status, 200, "{heard:?}");
    assert_eq!(heard.body["verification"]["status"], "failed");
    assert!(heard.body["verification"].get("score").is_none());
    assert_eq!(heard.body["enrolment"], Value::Null);
    let kyc = app.get(&format!("/api/identity/kyc/{customer}")).await.body;
    assert_eq!(kyc["customer"]["kycLevel"], "none");
    assert_eq!(kyc["verifications"][0]["reason"], "NIK tidak ditemukan");
    let attempts = app.get("/api/identity/attempts?status=failed").await.body;
    assert_eq!(attempts["data"][0]["reasonCategory"], "not_found");
    assert_eq!(attempts["data"][0]["score"], Value::Null);
    // A photo that comes with a declined verdict is evidence, not an enrolment.
    let mut with_photo = declined(&customer);
    with_photo["photo"] = json!(photo());
    let heard = app.post(VERDICTS, &with_photo).await;
    assert_eq!((heard.status, &heard.body["enrolment"]), (200, &Value::Null), "{heard:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_does_not_wait_gets_202_and_finds_it_at_its_location() {
    let app = TestApp::start().await;
    let customer = app.customer().await;
    let body = verified(&customer).to_string();
    let heard = app.verdict(body, &[("prefer", "respond-async")]).await;
    assert_eq!(heard.status, 202, "{heard:?}");
    assert_eq!(heard.header("preference-applied"), Some("respond-async"));
    assert_eq!(heard.body["enrolment"]["fallbackStub"], true);
    let location = heard.header("location").expect("a location").to_owned();
    assert!(location.starts_with("/api/identity/verifications/ver_"));
    until("the verdict is projected", || async {
        let heard = app.get(&location).await;
        assert!(heard.status == 200 || heard.header("retry-after").is_some(), "{heard:?}");
        heard.status == 200
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dry_run_checks_everything_and_writes_nothing() {
    let app = TestApp::start().await;
    let customer = app.customer().await;
    let path = format!("{VERDICTS}?dryRun=true");
    let heard = app.post(&path, &verified(&customer)).await;
    let expected = json!({
        "dryRun": true,
        "verification": { "status": "verified" },
        "enrolment": { "source": "dukcapil" },
        "kyc": { "from": "none", "to": "standard" },
    });
    assert_eq!((heard.status, &heard.body), (200, &expected));
    let heard = app.post(&path, &declined(&customer)).await;
    assert_eq!(heard.body["enrolment"], Value::Null);
    assert_eq!(heard.body["kyc"], json!({ "from": "none", "to": "none" }));
    assert_eq!(app.post(&path, &declined("cus_00000000000000000000000000")).await.status, 404);
    assert_eq!(app.post(&path, &json!({ "customerId": customer, "valid": true })).await.status, 400);
    assert_eq!(
        app.post(&format!("{VERDICTS}?dryRun=yes"), &declined(&customer)).await.field_errors("dryRun"),
        1
    );
    assert_eq!(app.total().await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bad_input_gets_a_clear_error_and_writes_nothing() {
    let app = TestApp::start().await;
    let customer = app.customer().await;
    let good = verified(&customer).to_string();
    let malformed: Vec<Vec<u8>> = vec![
        Vec::new(),
        good.as_bytes()[..good.len() - 1].to_vec(),
        [b"\xef\xbb\xbf", good.as_bytes()].concat(),
        good.replace("Data", "\u{fffd}")
            .into_bytes()
            .into_iter()
            .map(|b| if b == 0xbd { 0xff } else { b })
            .collect(),
        format!("{good}x").into_bytes(),
        good.replace("true", "NaN").into_bytes(),
    ];
    for body in malformed {
        let heard = app.verdict(body, &[]).await;
        assert_eq!((heard.status, heard.error()), (400, "malformed JSON"), "{heard:?}");
        let at = &heard.body["details"];
        assert!(at["line"].is_u64() && at["column"].is_u64() && at["offset"].is_u64(), "{heard:?}");
    }
    let deep = format!("{{\"a\":{}1{}}}", "[".repeat(10_000), "]".repeat(10_000));
    let large = format!("{{\"a\":\"{}\"}}", "x".repeat(1536 * 1024));
    let gif = BASE64.encode(b"GIF89a\x01\x00\x01\x00");
    for (field, from, to) in [
        ("customerId", format!("\"{customer}\""), "42".to_owned()),
        ("customerId", format!("\"{customer}\""), "\"\"".to_owned()),
        ("customerId", format!("\"{customer}\""), "null".to_owned()),
        ("valid", "true".to_owned(), "\"true\"".to_owned()),
        ("valid", "true".to_owned(), "1".to_owned()),
        ("valid", "true".to_owned(), "null".to_owned()),
        ("reason", "\"Data sesuai\"".to_owned(), "\"\\ud800\"".to_owned()),
        ("reason", "\"Data sesuai\"".to_owned(), format!("\"{}\"", "x".repeat(501))),
        ("reason", "\"Data sesuai\"".to_owned(), "\"a\\u0007b\"".to_owned()),
        ("raw", "{\"responseCode\":\"00\"}".to_owned(), "[]".to_owned()),
        ("raw", "{\"responseCode\":\"00\"}".to_owned(), "\"x\"".to_owned()),
        ("raw", "{\"responseCode\":\"00\"}".to_owned(), deep),
        ("raw", "{\"responseCode\":\"00\"}".to_owned(), large),
        ("photo", photo(), "***".to_owned()),
        ("photo", photo(), gif),
        ("photo", photo(), photo()[..photo().len() / 2].to_owned()),
        ("photo", format!("\"{}\"", photo()), "null".to_owned()),
        ("valid", "\"valid\":true".to_owned(), "\"valid\":true,\"valid\":true".to_owned()),
    ] {
        assert!(good.contains(&from), "{from}");
        let heard = app.verdict(good.replace(&from, &to), &[]).await;
        assert_eq!((heard.status, heard.error()), (400, "validation failed"), "{field}: {heard:?}");
        assert_eq!(heard.field_errors(field), 1, "{field}: {heard:?}");
        assert!(heard.body.to_string().len() < 400, "an error echoes nothing: {heard:?}");
    }
    for id in ["42", "cus_00000000000000000000000000", &"x".repeat(100_000)] {
        let heard = app.verdict(good.replace(&customer, id), &[]).await;
        assert_eq!((heard.status, heard.error()), (404, "not found"));
    }
    assert_eq!(app.total().await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn odd_but_good_input_is_taken() {
    let app = TestApp::start().await;
    let customer = app.customer().await;
    let raw = r#"{ "a":1e400 , "a" : 12345678901234567890123456789012345678901, "\u00e9":"\ud800" }"#;
    let lines = photo().as_bytes().chunks(76).map(String::from_utf8_lossy).collect::<Vec<_>>().join("\\n");
    for body in [
        format!(
            r#"{{"customerId":"{customer}","valid":true,"photo":"data:image/jpeg;base64,{}","raw":{raw}}}"#,
            photo()
        ),
        format!(r#"{{"customerId":"{customer}","valid":true,"photo":"{lines}","raw":null,"reason":null}}"#),
        format!(r#"{{"customerId":"{customer}","valid":true,"photo":"{}"}}"#, photo().trim_end_matches('=')),
    ] {
        let heard = app.verdict(body, &[]).await;
        assert_eq!(heard.status, 200, "{heard:?}");
    }
    let heard =
        app.verdict(format!(r#"{{"customerId":"{customer}","valid":false,"reson":"x","a b":1}}"#), &[]).await;
    assert_eq!((heard.status, heard.header("x-ignored-fields")), (200, Some("reson,a%20b")));
    assert_eq!(app.total().await, 4);
}
