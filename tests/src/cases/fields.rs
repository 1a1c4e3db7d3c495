//! Fields that are wrong (contract §2): 400 names them, all at once, and nothing is written.

use data_encoding::BASE64;
use serde_json::{Value, json};

use crate::client::{VERDICT, declined, text, verified};
use crate::harness::ContractHarness;
use crate::photos;

/// Sends each body; each must name exactly these fields, and none be written.
async fn refused<H: ContractHarness>(
    bodies: impl IntoIterator<Item = (String, Value, &'static [&'static str])>,
) {
    let sandbox = H::start().await;
    let api = sandbox.api();
    for (name, mut body, fields) in bodies {
        if body["customerId"] == "the customer" {
            body["customerId"] = json!(sandbox.info().customer);
        }
        println!("{name}");
        api.verdict(&body).await.names_fields(fields);
    }
    assert_eq!(api.total("").await, 0, "something was written");
    let evidence = sandbox.evidence().await;
    assert!(evidence.is_empty(), "something left evidence");
}

pub async fn valid_is_a_json_boolean_and_nothing_else<H: ContractHarness>() {
    let bodies = [
        json!("true"),
        json!("false"),
        json!(1),
        json!(0),
        json!(1.0),
        Value::Null,
        json!([true]),
        json!({}),
    ];
    let mut all: Vec<(String, Value, &[&str])> = bodies
        .into_iter()
        .map(|valid| {
            (
                format!("valid {valid}"),
                json!({"customerId": "the customer", "valid": valid}),
                &["valid"] as &[_],
            )
        })
        .collect();
    all.push(("valid missing".into(), json!({"customerId": "the customer"}), &["valid"]));
    refused::<H>(all).await;
}

pub async fn a_customer_id_is_a_text_of_ours<H: ContractHarness>() {
    let sandbox = H::start().await;
    let api = sandbox.api();
    for id in [json!(5), Value::Null, json!(true), json!(["x"]), json!({"id": "x"})] {
        api.verdict(&json!({"customerId": id, "valid": false})).await.names_fields(&["customerId"]);
    }
    api.verdict(&json!({"valid": false})).await.names_fields(&["customerId"]);
    // Required: an empty one is none.
    let empty = api.verdict(&declined("", "x")).await;
    assert!(matches!(empty.status, 400 | 404), "{empty:?}");
    let known = sandbox.info().customer.clone();
    // An id we never minted is 404, whatever it looks like.
    for odd in [
        "cus_00000000000000000000000000".to_owned(),
        known.to_lowercase(),
        format!("{known} "),
        format!("{known}0"),
        known.replacen("cus_", "ver_", 1),
        "../../etc/passwd".to_owned(),
        "'; DROP TABLE customers; --".to_owned(),
        "cus_\u{0}".to_owned(),
        "😀".repeat(26),
        "x".repeat(100_000),
    ] {
        let answer = api.verdict(&declined(&odd, "x")).await;
        if odd.len() > 1_000 || odd.chars().any(char::is_control) {
            assert!(matches!(answer.status, 400 | 404), "{:.40}: {answer:?}", odd);
        } else {
            answer.is_error(404, "not found");
        }
    }
    assert_eq!(api.total("").await, 0);
}

pub async fn raw_is_an_object_of_bounded_depth<H: ContractHarness>() {
    let mut bodies: Vec<(String, Value, &[&str])> =
        [json!([]), json!("{}"), json!(1), json!(true), json!([{"a": 1}])]
            .into_iter()
            .map(|raw| {
                (
                    format!("raw {raw}"),
                    json!({"customerId": "the customer", "valid": false, "raw": raw}),
                    &["raw"] as &[_],
                )
            })
            .collect();
    bodies.push((
        "all at once".into(),
        json!({"valid": "x", "photo": 5, "raw": [], "reason": 7}),
        &["customerId", "photo", "raw", "reason", "valid"],
    ));
    refused::<H>(bodies).await;
}

/// An object nested so many deep.
fn nested(levels: usize) -> String {
    format!("{}1{}", r#"{"a":"#.repeat(levels), "}".repeat(levels))
}

pub async fn raw_nests_128_deep_and_no_deeper<H: ContractHarness>() {
    let sandbox = H::start().await;
    let api = sandbox.api();
    let body = |raw: &str| {
        format!(r#"{{"customerId":"{}","valid":false,"raw":{raw}}}"#, sandbox.info().customer).into_bytes()
    };
    let arrays = |levels: usize| format!(r#"{{"a":{}{}}}"#, "[".repeat(levels - 1), "]".repeat(levels - 1));
    for deep in [nested(129), arrays(129), nested(10_000), arrays(10_000), nested(200_000)] {
        let answer = api.post_bytes(VERDICT, &[], body(&deep)).await;
        answer.names_fields(&["raw"]);
    }
    assert_eq!(api.total("").await, 0);
    for bearable in [nested(128), arrays(128)] {
        api.post_bytes(VERDICT, &[], body(&bearable)).await.expect(200);
    }
    // Wide is not deep.
    let wide = format!(r#"{{"a":[{}]}}"#, vec!["[]"; 10_000].join(","));
    api.post_bytes(VERDICT, &[], body(&wide)).await.expect(200);
}

pub async fn an_unknown_field_however_deep_is_no_way_round_the_bounds<H: ContractHarness>() {
    let sandbox = H::start().await;
    let api = sandbox.api();
    let customer = &sandbox.info().customer;
    let body = format!(r#"{{"customerId":"{customer}","valid":false,"other":{}}}"#, nested(100_000));
    let answer = api.post_bytes(VERDICT, &[], body.into_bytes()).await;
    assert!(matches!(answer.status, 200 | 400), "{answer:?}");
    assert_eq!(api.get("/api/auth/me").await.status, 200, "the sandbox lives");
}

pub async fn raw_is_a_megabyte_and_a_half_and_no_more<H: ContractHarness>() {
    let sandbox = H::start().await;
    let api = sandbox.api();
    let raw_of = |bytes: usize| format!(r#"{{"a":"{}"}}"#, "x".repeat(bytes - r#"{"a":""}"#.len()));
    let body = |raw: &str| {
        format!(r#"{{"customerId":"{}","valid":false,"raw":{raw}}}"#, sandbox.info().customer).into_bytes()
    };
    let limit = 1536 * 1024;
    assert_eq!(raw_of(limit).len(), limit);
    api.post_bytes(VERDICT, &[], body(&raw_of(limit + 1))).await.names_fields(&["raw"]);
    assert_eq!(api.total("").await, 0);
    api.post_bytes(VERDICT, &[], body(&raw_of(limit))).await.expect(200);
}

pub async fn a_reason_is_at_most_500_characters_without_control_characters<H: ContractHarness>() {
    let sandbox = H::start().await;
    let api = sandbox.api();
    let customer = sandbox.info().customer.clone();
    for bad in [
        json!("x".repeat(501)),
        json!("é".repeat(501)),
        json!("a\u{0}b"),
        json!("a\u{7}b"),
        json!("a\u{7f}b"),
        json!("a\u{85}b"),
        json!("a\rb"),
        json!(5),
        json!(true),
        json!(["x"]),
        json!({}),
    ] {
        let body = json!({"customerId": customer, "valid": false, "reason": bad});
        api.verdict(&body).await.names_fields(&["reason"]);
    }
    assert_eq!(api.total("").await, 0);
    for good in [
        "x".repeat(500),
        "😀".repeat(500),
        format!("   {}   ", "x".repeat(500)),
        "tab\tand\nnewline".to_owned(),
        "Ñandú — “kutip” \\ / \u{202e}".to_owned(),
    ] {
        api.verdict(&declined(&customer, &good)).await.expect(200);
        assert_eq!(text(&api.rows("limit=1").await[0]["reason"]), good.trim());
    }
    // Kept whatever `valid` says.
    let mut body = verified(&customer);
    body["reason"] = json!("Data sesuai");
    api.verdict(&body).await.expect(200);
    assert_eq!(api.rows("limit=1").await[0]["reason"], "Data sesuai");
}

pub async fn null_is_absent_for_the_optional_fields<H: ContractHarness>() {
    let sandbox = H::start().await;
    let api = sandbox.api();
    let customer = sandbox.info().customer.clone();
    let nulls = json!({"customerId": customer, "valid": false, "photo": null, "raw": null, "reason": null});
    api.verdict(&nulls).await.expect(200);
    let row = &api.rows("limit=1").await[0];
    assert_eq!((&row["reason"], &row["reasonCategory"]), (&Value::Null, &Value::Null));
    let mut without_photo = nulls;
    without_photo["valid"] = json!(true);
    api.verdict(&without_photo).await.names_fields(&["photo"]);
}

pub async fn a_wrong_field_is_named_once_and_no_value_is_echoed<H: ContractHarness>() {
    let sandbox = H::start().await;
    let (api, customer) = (sandbox.api(), sandbox.info().customer.clone());
    let photo = BASE64.encode(&photos::jpeg());
    let gif = BASE64.encode(b"GIF89a\x01\x00\x01\x00");
    let half = photo[..photo.len() / 2].to_owned();
    let deep = format!("{{\"a\":{}1{}}}", "[".repeat(10_000), "]".repeat(10_000));
    let large = format!("{{\"a\":\"{}\"}}", "x".repeat(1536 * 1024));
    let (id, raw) = (format!("\"{customer}\""), r#"{"responseCode":"00"}"#);
    let good =
        format!(r#"{{"customerId":{id},"valid":true,"photo":"{photo}","reason":"Data sesuai","raw":{raw}}}"#);
    for (field, from, to) in [
        ("customerId", id.as_str(), "42"),
        ("customerId", &id, "\"\""),
        ("customerId", &id, "null"),
        ("valid", "true", "\"true\""),
        ("valid", "true", "1"),
        ("valid", "true", "null"),
        ("reason", "Data sesuai", "\\ud800"),
        ("reason", "Data sesuai", &"x".repeat(501)),
        ("reason", "Data sesuai", "a\\u0007b"),
        ("raw", raw, "[]"),
        ("raw", raw, "\"x\""),
        ("raw", raw, &deep),
        ("raw", raw, &large),
        ("photo", &photo, "***"),
        ("photo", &photo, &gif),
        ("photo", &photo, &half),
        ("photo", &format!("\"{photo}\""), "null"),
        ("valid", "\"valid\":true", "\"valid\":true,\"valid\":true"),
    ] {
        assert!(good.contains(from), "{from}");
        let answer = api.post_bytes(VERDICT, &[], good.replace(from, to).into_bytes()).await;
        answer.names_fields(&[field]);
        let texts = answer.json()["details"]["fieldErrors"][field].as_array().map(Vec::len);
        assert_eq!(texts, Some(1), "{answer:?}");
        assert!(answer.body.len() < 400, "an error echoes nothing: {answer:?}");
    }
    for unknown in ["42", "cus_00000000000000000000000000", &"x".repeat(100_000)] {
        let body = good.replace(&customer, unknown).into_bytes();
        api.post_bytes(VERDICT, &[], body).await.is_error(404, "not found");
    }
    assert_eq!(api.total("").await, 0);
}

pub async fn unknown_fields_are_ignored_and_named<H: ContractHarness>() {
    let sandbox = H::start().await;
    let api = sandbox.api();
    let customer = sandbox.info().customer.clone();
    let plain = api.verdict(&declined(&customer, "Data ganda")).await;
    assert_eq!(plain.header("x-ignored-fields"), None, "{plain:?}");
    let mut body = declined(&customer, "Data ganda");
    body["reasn"] = json!("typo");
    body["naïve, né\n"] = json!(1);
    let answer = api.verdict(&body).await;
    answer.expect(200);
    let named = answer.header("x-ignored-fields").expect("ignored fields are named").to_owned();
    assert!(named.is_ascii() && named.contains("reasn"), "{named}");
    assert!(named.contains("na%C3%AFve") && named.to_uppercase().contains("%0A"), "percent-encoded: {named}");
    let two = format!(r#"{{"customerId":"{customer}","valid":false,"reson":"x","a b":1}}"#);
    let answer = api.post_bytes(VERDICT, &[], two.into_bytes()).await;
    assert_eq!((answer.status, answer.header("x-ignored-fields")), (200, Some("reson,a%20b")));
    let mut many = declined(&customer, "Data ganda");
    for number in 0..50 {
        many[format!("unknown{number:02}")] = json!(number);
    }
    let answer = api.verdict(&many).await;
    let named = answer.header("x-ignored-fields").expect("ignored fields are named");
    assert_eq!(named.matches("unknown").count(), 8, "at most 8 names: {named}");
    let mut long = declined(&customer, "Data ganda");
    for number in 0..8 {
        long[format!("{}{number}", "n".repeat(300))] = json!(number);
    }
    let answer = api.verdict(&long).await;
    assert!(answer.header("x-ignored-fields").is_none_or(|named| named.len() <= 512), "{answer:?}");
    answer.expect(200);
}
