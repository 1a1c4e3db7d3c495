//! Bodies that are not the JSON they claim to be (contract §1 and §2): 400, and nothing is written.

use crate::client::{Api, VERDICT};
use crate::harness::ContractHarness;

/// The start of a body that would be a verdict.
fn open(customer: &str) -> String {
    format!(r#"{{"customerId":"{customer}","valid":false,"#)
}

/// Everything that cannot be parsed.
fn malformed(customer: &str) -> Vec<(&'static str, Vec<u8>)> {
    let open = open(customer);
    let text = |rest: &str| format!("{open}{rest}").into_bytes();
    let whole = text(r#""reason":"x"}"#);
    vec![
        ("empty", Vec::new()),
        ("blank", b"  \n".to_vec()),
        ("truncated after a field", text(r#""reason":"x""#)),
        ("truncated in a string", text(r#""reason":"x"#)),
        ("truncated in raw", text(r#""raw":{"a":[1,2"#)),
        ("a BOM", [b"\xEF\xBB\xBF", whole.as_slice()].concat()),
        (
            "UTF-16",
            String::from_utf8(whole.clone())
                .expect("text")
                .encode_utf16()
                .flat_map(u16::to_le_bytes)
                .collect(),
        ),
        ("invalid UTF-8 in reason", [open.as_bytes(), b"\"reason\":\"\xC3\x28\"}"].concat()),
        ("invalid UTF-8 in raw", [open.as_bytes(), b"\"raw\":{\"a\":\"\xFF\"}}"].concat()),
        ("an overlong encoding", [open.as_bytes(), b"\"reason\":\"\xC0\xAF\"}"].concat()),
        ("a surrogate in UTF-8", [open.as_bytes(), b"\"raw\":{\"a\":\"\xED\xA0\x80\"}}"].concat()),
        ("NaN", text(r#""raw":{"a":NaN}}"#)),
        ("NaN for valid", format!(r#"{{"customerId":"{customer}","valid":NaN}}"#).into_bytes()),
        ("Infinity", text(r#""raw":{"a":-Infinity}}"#)),
        ("a leading zero", text(r#""raw":{"a":01}}"#)),
        ("a hexadecimal number", text(r#""raw":{"a":0x1}}"#)),
        ("a trailing comma", text(r#""raw":{"a":1,}}"#)),
        ("single quotes", text(r"'reason':'x'}")),
        ("a comment", text(r#""raw":{} /* no */}"#)),
        ("a bad escape", text(r#""raw":{"a":"\x41"}}"#)),
        ("a raw newline in a string", text("\"raw\":{\"a\":\"x\ny\"}}")),
        ("a raw newline in reason", text("\"reason\":\"x\ny\"}")),
        ("trailing bytes", [whole.as_slice(), b"x"].concat()),
        ("a second document", [whole.as_slice(), whole.as_slice()].concat()),
        ("a trailing NUL", [whole.as_slice(), b"\0"].concat()),
    ]
}

async fn writes_nothing(api: &Api, name: &str, total: u64) {
    assert_eq!(api.total("").await, total, "{name} was written");
}

pub async fn a_body_that_is_not_json_is_malformed_with_its_position<H: ContractHarness>() {
    let sandbox = H::start().await;
    let api = sandbox.api();
    for (name, body) in malformed(&sandbox.info().customer) {
        let answer = api.post_bytes(VERDICT, &[], body).await;
        assert_eq!(answer.status, 400, "{name}: {answer:?}");
        answer.is_malformed();
        writes_nothing(&api, name, 0).await;
    }
    let evidence = sandbox.evidence().await;
    assert!(evidence.is_empty(), "bad bodies left evidence");
}

pub async fn json_that_is_not_a_verdicts_object_is_a_400<H: ContractHarness>() {
    let sandbox = H::start().await;
    let api = sandbox.api();
    let open = open(&sandbox.info().customer);
    let bodies = [
        ("an array", "[]".to_owned()),
        ("null", "null".to_owned()),
        ("a string", "\"x\"".to_owned()),
        ("a number", "1".to_owned()),
        ("a field sent twice", format!(r#"{open}"reason":"x","reason":"x"}}"#)),
        ("a field sent twice, once escaped", format!(r#"{open}"reason":"x","re\u0061son":"y"}}"#)),
        ("an unknown field sent twice", format!(r#"{open}"other":1,"other":1}}"#)),
        ("a lone surrogate in reason", format!(r#"{open}"reason":"\ud800"}}"#)),
        ("a lone low surrogate in reason", format!(r#"{open}"reason":"\udc00x"}}"#)),
        ("surrogates the wrong way round", format!(r#"{open}"reason":"\udc00\ud800"}}"#)),
        ("a lone surrogate in a field's name", format!(r#"{open}"\ud800":1}}"#)),
    ];
    for (name, body) in bodies {
        let answer = api.post_bytes(VERDICT, &[], body.into_bytes()).await;
        let error = answer.expect(400)["error"].clone();
        assert!(error == "malformed JSON" || error == "validation failed", "{name}: {answer:?}");
        writes_nothing(&api, name, 0).await;
    }
}

pub async fn an_error_never_echoes_what_was_sent<H: ContractHarness>() {
    let sandbox = H::start().await;
    let api = sandbox.api();
    let customer = sandbox.info().customer.clone();
    for body in [
        r#"{"customerId":"ECHO-7788","valid":"ECHO-7788","photo":"ECHO-7788","raw":"ECHO-7788","reason":7788}"#.to_owned(),
        format!(r#"{{"customerId":"{customer}","valid":false,"reason":"ECHO-7788"#),
        r#"{"customerId":"ECHO-7788","valid":false}"#.to_owned(),
        format!(r#"{{"customerId":"{customer}","valid":false,"reason":"ECHO-7788","reason":"ECHO-7788"}}"#),
    ] {
        let answer = api.post_bytes(VERDICT, &[], body.into_bytes()).await;
        assert!(answer.status >= 400, "{answer:?}");
        assert!(!String::from_utf8_lossy(&answer.body).contains("7788"), "echoed: {answer:?}");
    }
    let answer = api.get("/api/identity/attempts?status=ECHO-7788").await;
    assert!(!String::from_utf8_lossy(&answer.body).contains("7788"), "echoed: {answer:?}");
}
