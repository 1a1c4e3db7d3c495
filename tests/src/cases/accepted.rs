//! What looks odd and is right: raw is kept byte for byte as it was sent (contract §2), and compliance can
//! open it.

use crate::client::{VERDICT, text};
use crate::harness::ContractHarness;

const RAWS: [&str; 14] = [
    "{}",
    "{ }",
    r#"{"n":1e400,"m":-1E-999,"z":-0,"f":1.0000000000000000000000000000000001}"#,
    r#"{"n":12345678901234567890123456789012345678901,"m":-98765432109876543210987654321098765432109}"#,
    r#"{"a":1,"a":2,"a":{"b":1,"b":2}}"#,
    "{\t\"a\" :\r\n  [ 1 ,2,\n3 ]\n , \"b\":{ } }",
    r#"{"z":1,"a":2,"M":3}"#,
    r#"{"e":"\u0041\/\b\f\n\r\t\"\\","\u006bey":"\ud83d\ude00"}"#,
    "{\"emoji\":\"😀👩\u{200d}👩\u{200d}👧\",\"rtl\":\"\u{202e}abc\",\"ñ\":\"é e\u{301}\"}",
    r#"{"nested":{"raw":{"customerId":"x","valid":true}}}"#,
    r#"{"":"","null":null,"yes":true,"no":false,"list":[null,[],{}]}"#,
    r#"{"nul":"\u0000","last":"\uffff\ufdd0"}"#,
    r#"{"brackets":"}]{[\"","comment":"/* // */"}"#,
    "{\"bom inside\":\"\u{feff}\",\"separators\":\"\u{2028}\u{2029}\u{7f}\"}",
];

pub async fn raw_is_kept_byte_for_byte_and_opens_with_two_signers_shares<H: ContractHarness>() {
    let sandbox = H::start().await;
    let api = sandbox.api();
    let customer = sandbox.info().customer.clone();
    let mut wanted = Vec::new();
    for raw in RAWS {
        for body in [
            format!(r#"{{"customerId":"{customer}","valid":false,"raw":{raw}}}"#),
            format!("{{ \"raw\" : {raw} , \"valid\"\n:false,\"customerId\":\"{customer}\" }}\r\n"),
        ] {
            let answer = api.post_bytes(VERDICT, &[], body.into_bytes()).await;
            assert_eq!(answer.status, 200, "{raw}: {answer:?}");
            wanted.push((text(&answer.json()["verification"]["id"]).to_owned(), raw));
        }
    }
    let without = api.verdict(&crate::client::declined(&customer, "Data ganda")).await.expect(200);
    let kept = sandbox.kept(&sandbox.info().org).await;
    assert_eq!(kept.len(), wanted.len() + 1);
    let find = |id: &str| kept.iter().find(|kept| kept.verification == id).expect("it is kept");
    for (verification, raw) in wanted {
        let found = find(&verification);
        assert_eq!(found.customer, customer);
        assert_eq!(found.raw.as_deref().map(String::from_utf8_lossy).as_deref(), Some(raw));
    }
    let plain = find(text(&without["verification"]["id"]));
    assert_eq!((&plain.raw, plain.reason.as_deref()), (&None, Some("Data ganda")));
}
