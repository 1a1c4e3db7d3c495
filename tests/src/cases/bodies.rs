//! Bodies by their size, their type and their pace (contract §1 and §2), as bytes on a connection.

use std::time::Duration;

use crate::client::{VERDICT, declined};
use crate::harness::ContractHarness;
use crate::wire::{Wire, get, post, post_head};

/// A body's limit.
const LIMIT: usize = 4 * 1024 * 1024;

const JSON: (&str, &str) = ("Content-Type", "application/json");

/// A good verdict, padded with spaces to so many bytes.
fn padded(customer: &str, bytes: usize) -> Vec<u8> {
    let mut body = declined(customer, "Data ganda").to_string().into_bytes();
    body.resize(bytes, b' ');
    body
}

pub async fn a_body_of_the_limit_is_taken_and_one_byte_more_is_refused_before_it_is_read<
    H: ContractHarness,
>() {
    let sandbox = H::start().await;
    let (api, customer) = (sandbox.api(), sandbox.info().customer.clone());
    api.post_bytes(VERDICT, &[], padded(&customer, LIMIT)).await.expect(200);
    for length in [LIMIT + 1, usize::MAX / 2] {
        // Only the head is sent: the answer must not wait for the body.
        let mut wire = Wire::open(&sandbox.address()).await;
        let length = length.to_string();
        wire.send(post_head(VERDICT, api.key(), &[JSON, ("Content-Length", &length)])).await;
        let answer = wire.answer().await.expect("an answer");
        assert!(answer.expect(413)["error"].is_string(), "{answer:?}");
    }
    let mut wire = Wire::open(&sandbox.address()).await;
    let length = (LIMIT + 1).to_string();
    let head =
        post_head(VERDICT, api.key(), &[JSON, ("Content-Length", &length), ("Expect", "100-continue")]);
    wire.send(head).await;
    assert_eq!(wire.answer().await.expect("an answer").status, 413);
    assert_eq!(api.total("").await, 1);
}

pub async fn a_chunked_body_is_read_to_the_limit_and_no_further<H: ContractHarness>() {
    let sandbox = H::start().await;
    let (api, customer) = (sandbox.api(), sandbox.info().customer.clone());
    let head = post_head(VERDICT, api.key(), &[JSON, ("Transfer-Encoding", "chunked")]);
    let chunked = |body: &[u8]| {
        let mut bytes = head.clone().into_bytes();
        for chunk in body.chunks(64 * 1024) {
            bytes.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
            bytes.extend_from_slice(chunk);
            bytes.extend_from_slice(b"\r\n");
        }
        bytes.extend_from_slice(b"0\r\n\r\n");
        bytes
    };
    for (size, status) in [(1_000, 200), (LIMIT, 200), (LIMIT + 1, 413), (LIMIT + 1_000_000, 413)] {
        let mut wire = Wire::open(&sandbox.address()).await;
        wire.send(chunked(&padded(&customer, size))).await;
        let answer = wire.answer().await.unwrap_or_else(|| panic!("{size}: no answer"));
        assert_eq!(answer.status, status, "{size}: {answer:?}");
        answer.json();
    }
    assert_eq!(api.total("").await, 2);
}

pub async fn only_json_that_says_so_is_taken<H: ContractHarness>() {
    let sandbox = H::start().await;
    let (api, customer) = (sandbox.api(), sandbox.info().customer.clone());
    let body = declined(&customer, "Data ganda").to_string().into_bytes();
    let send = async |headers: &[(&str, &str)]| {
        api.send(reqwest::Method::POST, VERDICT, headers, Some(body.clone())).await
    };
    for kind in [
        "text/plain",
        "application/xml",
        "application/json; charset=latin1",
        "application/jsonx",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "json",
        "",
    ] {
        let answer = send(&[("content-type", kind)]).await;
        assert!(answer.expect(415)["error"].is_string(), "{kind}: {answer:?}");
    }
    let answer = send(&[]).await;
    answer.expect(415);
    for encoding in ["gzip", "br", "deflate", "zstd", "gzip, gzip"] {
        let answer = send(&[("content-type", "application/json"), ("content-encoding", encoding)]).await;
        answer.expect(415);
    }
    assert_eq!(api.total("").await, 0);
    for kind in [
        "application/json",
        "application/json; charset=utf-8",
        "application/json;charset=UTF-8",
        "Application/JSON",
        "application/json; charset=\"utf-8\"",
    ] {
        assert_eq!(send(&[("content-type", kind)]).await.status, 200, "{kind}");
    }
}

/// A sandbox that loses patience soon.
async fn impatient<H: ContractHarness>(progress_ms: &str, total_ms: &str) -> H {
    H::with_settings(&[
        ("IDENTITY_API__BODY_PROGRESS_TIMEOUT_MS", progress_ms),
        ("IDENTITY_API__BODY_TIMEOUT_MS", total_ms),
    ])
    .await
}

pub async fn a_stalled_body_is_a_408<H: ContractHarness>() {
    let sandbox = impatient::<H>("300", "20000").await;
    let api = sandbox.api();
    for (framing, start) in [
        (("Content-Length", "1000"), b"{\"customerId\":".as_slice()),
        (("Content-Length", "1000"), b"".as_slice()),
        (("Transfer-Encoding", "chunked"), b"5\r\n{\"cus\r\n".as_slice()),
    ] {
        let mut wire = Wire::open(&sandbox.address()).await;
        wire.send(post_head(VERDICT, api.key(), &[JSON, framing])).await;
        wire.send(start).await;
        let answer = wire.answer().await.expect("an answer");
        assert!(answer.expect(408)["error"].is_string(), "{answer:?}");
    }
    assert_eq!(api.total("").await, 0);
}

pub async fn a_body_that_drips_byte_by_byte_must_end_too<H: ContractHarness>() {
    let sandbox = impatient::<H>("5000", "1500").await;
    let api = sandbox.api();
    let body = padded(&sandbox.info().customer, 100_000);
    let mut wire = Wire::open(&sandbox.address()).await;
    wire.send(post_head(VERDICT, api.key(), &[JSON, ("Content-Length", "100000")])).await;
    let mut answer = None;
    for byte in &body {
        wire.send([*byte]).await;
        // Paced by listening: always within the time for progress.
        answer = wire.answer_within(Duration::from_millis(50)).await;
        if answer.is_some() {
            break;
        }
    }
    answer.expect("an answer before the body's end").expect(408);
    assert_eq!(api.total("").await, 0);
}

pub async fn a_connection_that_breaks_within_a_body_writes_nothing<H: ContractHarness>() {
    let sandbox = H::start().await;
    let (api, customer) = (sandbox.api(), sandbox.info().customer.clone());
    let whole = post(VERDICT, api.key(), declined(&customer, "Data ganda").to_string().as_bytes());
    for _ in 0..20 {
        let mut wire = Wire::open(&sandbox.address()).await;
        wire.send(&whole[..whole.len() - 1]).await;
    }
    // Cut off, but still listening: an answer that is an error, or none.
    let mut wire = Wire::open(&sandbox.address()).await;
    wire.send(&whole[..whole.len() - 1]).await;
    wire.half_close().await;
    if let Some(answer) = wire.answer().await {
        assert!(matches!(answer.status, 400 | 408), "{answer:?}");
    }
    assert_eq!(api.total("").await, 0);
}

pub async fn pipelined_requests_are_answered_in_their_order<H: ContractHarness>() {
    let sandbox = H::start().await;
    let (api, customer) = (sandbox.api(), sandbox.info().customer.clone());
    let body = declined(&customer, "Data ganda").to_string();
    let mut wire = Wire::open(&sandbox.address()).await;
    let all = [
        post(VERDICT, api.key(), body.as_bytes()),
        get("/api/identity/attempts", api.key()).into_bytes(),
        post(VERDICT, api.key(), b"{\"not\":\"one\"}"),
        post(VERDICT, api.key(), body.as_bytes()),
        get(&format!("/api/customers/{customer}"), api.key()).into_bytes(),
    ]
    .concat();
    wire.send(all).await;
    let mut answers = Vec::new();
    for _ in 0..5 {
        answers.push(wire.answer().await.expect("an answer to each"));
    }
    let statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
    assert_eq!(statuses, [200, 200, 400, 200, 200]);
    assert_eq!(answers[1].json()["total"], 1, "after the first, before the second");
    assert_eq!(answers[4].json()["id"], customer);
    assert_eq!(api.total("").await, 2);
}

pub async fn a_half_closed_connection_still_gets_its_answer<H: ContractHarness>() {
    let sandbox = H::start().await;
    let (api, customer) = (sandbox.api(), sandbox.info().customer.clone());
    let body = declined(&customer, "Data ganda").to_string();
    for request in
        [post(VERDICT, api.key(), body.as_bytes()), get("/api/identity/attempts", api.key()).into_bytes()]
    {
        let mut wire = Wire::open(&sandbox.address()).await;
        wire.send(request).await;
        wire.half_close().await;
        let answer = wire.answer().await.expect("an answer to a half-closed connection");
        assert_eq!(answer.status, 200, "{answer:?}");
    }
    assert_eq!(api.total("").await, 1);
}

pub async fn what_is_not_http_ends_with_a_400_or_the_connection_and_nothing_else<H: ContractHarness>() {
    let sandbox = H::start().await;
    let key = sandbox.info().key.clone();
    let smuggled = format!(
        "POST {VERDICT} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\nContent-Length: 5\r\n\
         Content-Length: 6\r\nContent-Type: application/json\r\n\r\n{{}}   "
    );
    let both = format!(
        "POST {VERDICT} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\nContent-Length: 5\r\n\
         Transfer-Encoding: chunked\r\nContent-Type: application/json\r\n\r\n0\r\n\r\n"
    );
    for bytes in [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".to_vec(),
        b"nonsense\r\n\r\n".to_vec(),
        b"GET / HTTP/9.9\r\n\r\n".to_vec(),
        format!("GET /{} HTTP/1.1\r\nHost: x\r\n\r\n", "a".repeat(200_000)).into_bytes(),
        format!("GET / HTTP/1.1\r\nHost: x\r\nX-Long: {}\r\n\r\n", "a".repeat(500_000)).into_bytes(),
        smuggled.into_bytes(),
        both.into_bytes(),
    ] {
        let mut wire = Wire::open(&sandbox.address()).await;
        wire.send(&bytes).await;
        wire.half_close().await;
        if let Some(answer) = wire.answer().await {
            assert!((400..500).contains(&answer.status), "{answer:?}");
        }
    }
    assert_eq!(sandbox.api().total("").await, 0);
}

pub async fn more_bytes_in_flight_than_the_budget_are_a_503_at_once<H: ContractHarness>() {
    let sandbox = H::with_settings(&[("IDENTITY_API__BYTES_IN_FLIGHT_MAX", "8388608")]).await;
    let (api, customer) = (sandbox.api(), sandbox.info().customer.clone());
    let body = padded(&customer, LIMIT);
    let length = LIMIT.to_string();
    let head = post_head(VERDICT, api.key(), &[JSON, ("Content-Length", &length)]);
    // Each holds what has come of it for as long as its body does not end.
    let mut holding = Vec::new();
    let mut refused = None;
    for _ in 0..4 {
        let mut wire = Wire::open(&sandbox.address()).await;
        wire.send(&head).await;
        wire.send(&body[..LIMIT - 1_000]).await;
        match wire.answer_within(Duration::from_secs(2)).await {
            None => holding.push(wire),
            Some(answer) => {
                refused = Some(answer);
                break;
            }
        }
    }
    let refused = refused.expect("the budget has an end");
    assert!(refused.expect(503)["error"].is_string(), "{refused:?}");
    assert!(refused.header("retry-after").is_some(), "{refused:?}");
    assert!(!holding.is_empty(), "the budget takes one largest body");
    // A GET needs no budget, and what was admitted ends well.
    assert_eq!(api.total("").await, 0);
    let admitted = holding.len() as u64;
    for mut wire in holding {
        wire.send(&body[LIMIT - 1_000..]).await;
        assert_eq!(wire.answer().await.expect("an answer").status, 200);
    }
    api.verdict(&declined(&customer, "Data ganda")).await.expect(200);
    assert_eq!(api.total("").await, admitted + 1);
}
