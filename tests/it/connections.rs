//! Connections and their requests (contract §1, Admission): one request after the other, upgrades, expectations,
//! and time limits of heads, bodies and answers, on both listeners. Many hostile ones at once are `hostile.rs`'s.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};

use system_tests::client::{VERDICT, declined};
use system_tests::harness::ContractHarness as _;
use system_tests::patience::{DEADLINE, until};
use system_tests::sandbox::{Options, Sandbox};
use system_tests::wire::{Wire, get, post, post_head};

const JSON: (&str, &str) = ("Content-Type", "application/json");

/// Sends bytes and hears everything until the connection ends.
async fn heard_to_the_end(address: &str, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    stream.write_all(bytes).await.expect("sent");
    let mut heard = Vec::new();
    let reading = stream.read_to_end(&mut heard);
    tokio::time::timeout(DEADLINE, reading).await.expect("an end within the deadline").expect("no reset");
    String::from_utf8_lossy(&heard).into_owned()
}

/// The statuses of answers, in their order; their bodies have no status line.
fn statuses(heard: &str) -> Vec<&str> {
    heard.split("HTTP/1.").skip(1).filter_map(|answer| answer.get(2..5)).collect()
}

fn closing(request: &str) -> String {
    request.replacen("\r\n", "\r\nConnection: close\r\n", 1)
}

/// A connection that takes little at once, and has asked for this.
pub(crate) async fn slow_reader(address: &str, request: &[u8]) -> TcpStream {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.set_recv_buffer_size(4 * 1024).expect("an option");
    let mut stream = socket.connect(address.parse().expect("an address")).await.expect("a connection");
    stream.write_all(request).await.expect("sent");
    stream
}

#[tokio::test]
async fn an_upgrade_hides_no_body() {
    let sandbox = Sandbox::start().await;
    let (api, customer) = (sandbox.api(), sandbox.info().customer.clone());
    let body = declined(&customer, "Data ganda").to_string();
    let length = body.len().to_string();
    for upgrade in [
        &[("Upgrade", "websocket")][..],
        &[("Upgrade", "websocket"), ("Connection", "Upgrade")],
        &[("upgrade", "h2c"), ("Connection", "keep-alive, upgrade")],
        &[("Upgrade", "")],
    ] {
        for framing in
            [("Content-Length", length.as_str()), ("Transfer-Encoding", "chunked"), ("Content-Length", "1")]
        {
            for path in [VERDICT, "/nowhere"] {
                let head = post_head(path, api.key(), &[upgrade, &[JSON, framing]].concat());
                // Behind it a whole verdict, which has no effect.
                let behind = post(VERDICT, api.key(), body.as_bytes());
                let bytes = [head.as_bytes(), body.as_bytes(), &behind].concat();
                let heard = heard_to_the_end(&sandbox.address(), &bytes).await;
                assert_eq!(statuses(&heard), ["400"], "{upgrade:?} {framing:?}: {heard}");
                assert!(heard.contains("\"error\":") && heard.contains("x-request-id: "), "{heard}");
            }
        }
    }
    assert_eq!(api.total("").await, 0);
    // Without a body it is ignored (RFC 9110, §7.8), and the connection goes on.
    let mut wire = Wire::open(&sandbox.address()).await;
    let plain = get("/api/auth/me", api.key());
    let asks = plain.replacen("\r\n", "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n", 1);
    for request in [asks.as_str(), &plain] {
        wire.send(request).await;
        assert_eq!(wire.answer().await.expect("an answer").status, 200);
    }
    let empty = post_head(VERDICT, api.key(), &[JSON, ("Content-Length", "0"), ("Upgrade", "websocket")]);
    wire.send(empty).await;
    wire.answer().await.expect("an answer").is_malformed();
}

#[tokio::test]
async fn pipelined_answers_keep_their_bodies_and_their_order() {
    let sandbox = Sandbox::start().await;
    let (api, customer) = (sandbox.api(), sandbox.info().customer.clone());
    let me = get("/api/auth/me", api.key());
    let head_me = me.replacen("GET", "HEAD", 1);
    let one = get(&format!("/api/customers/{customer}"), api.key());
    let all = format!("{me}{head_me}{one}{head_me}{head_me}{}", closing(&me));
    for admin in [false, true] {
        let (address, all) = if admin {
            let live = "GET /livez HTTP/1.1\r\nHost: x\r\n\r\n".to_owned();
            let head = live.replacen("GET", "HEAD", 1);
            let url = sandbox.info().admin_url.clone();
            let address = url.strip_prefix("http://").expect("plaintext").to_owned();
            (address, format!("{live}{head}{live}{head}{head}{}", closing(&live)))
        } else {
            (sandbox.address(), all.clone())
        };
        let heard = heard_to_the_end(&address, all.as_bytes()).await;
        let bodies: Vec<&str> = heard
            .split("HTTP/1.1 200 OK\r\n")
            .skip(1)
            .map(|answer| answer.split_once("\r\n\r\n").expect("a head").1)
            .collect();
        let with_body: Vec<bool> = bodies.iter().map(|body| !body.is_empty()).collect();
        assert_eq!(with_body, [true, false, true, false, false, true], "{heard}");
        assert_eq!(bodies[0], bodies[5], "{heard}");
        assert!(admin || bodies[2].contains(&customer), "{heard}");
    }
}

#[tokio::test]
async fn what_comes_behind_the_end_of_a_connection_has_no_effect() {
    let sandbox = Sandbox::start().await;
    let (api, customer) = (sandbox.api(), sandbox.info().customer.clone());
    let body = declined(&customer, "Data ganda").to_string();
    let verdict = String::from_utf8(post(VERDICT, api.key(), body.as_bytes())).expect("text");
    let me = get("/api/auth/me", api.key());
    let long = post_head(VERDICT, api.key(), &[JSON, ("Content-Length", "5000000")]);
    let chunked = post_head(VERDICT, api.key(), &[JSON, ("Transfer-Encoding", "chunked")]);
    for (ends, status) in [
        (closing(&me), "200"),
        (me.replacen("HTTP/1.1", "HTTP/1.0", 1), "200"),
        (long, "413"),
        (format!("{chunked}5\r\n{{}}   \r\nx"), "400"),
        ("nonsense\r\n\r\n".to_owned(), "400"),
        (me.replacen("Host: localhost\r\n", "", 1), "400"),
    ] {
        let heard =
            heard_to_the_end(&sandbox.address(), format!("{ends}{verdict}{verdict}").as_bytes()).await;
        assert_eq!(statuses(&heard), [status], "{ends}: {heard}");
        assert!(heard.contains("connection: close") || ends.contains("HTTP/1.0"), "{ends}: {heard}");
        assert_eq!(api.total("").await, 0, "{ends}");
    }
    // A verdict that ends its connection counts, and nothing behind it.
    let heard =
        heard_to_the_end(&sandbox.address(), format!("{}{verdict}{verdict}", closing(&verdict)).as_bytes())
            .await;
    assert_eq!(statuses(&heard), ["200"], "{heard}");
    assert_eq!(api.total("").await, 1);
}

#[tokio::test]
async fn nobody_is_asked_for_a_body_that_is_refused_anyway() {
    let sandbox = Sandbox::start().await;
    let (api, customer) = (sandbox.api(), sandbox.info().customer.clone());
    let (org, limited) = sandbox.org(&["--dukcapil-enabled", "--ingest-limit", "1"]).await;
    let (_, scopeless) = sandbox.key(&org, &["--scopes", "customers:view"]).await;
    let (_, disabled) = sandbox.org(&[]).await;
    limited.verdict(&declined(&customer, "Data ganda")).await.expect(404);
    let coded = ("Content-Encoding", "gzip");
    let text = ("Content-Type", "text/plain");
    for (key, headers, length, status) in [
        ("qe_sk_sandbox_x", &[JSON][..], "100", "401"),
        (scopeless.key(), &[JSON], "100", "403"),
        (disabled.key(), &[JSON], "100", "403"),
        (api.key(), &[text], "100", "415"),
        (api.key(), &[JSON, coded], "100", "415"),
        (api.key(), &[JSON], "5000000", "413"),
        (limited.key(), &[JSON], "100", "429"),
    ] {
        let expects = [("Content-Length", length), ("Expect", "100-continue")];
        let head = post_head(VERDICT, key, &[headers, &expects].concat());
        let heard = heard_to_the_end(&sandbox.address(), head.as_bytes()).await;
        assert_eq!(statuses(&heard), [status], "{heard}");
    }
    // One that is taken is asked for, once.
    let body = declined(&customer, "Data ganda").to_string();
    let length = body.len().to_string();
    let headers = [JSON, ("Content-Length", &length), ("Expect", "100-continue"), ("Connection", "close")];
    let mut stream = TcpStream::connect(&sandbox.address()).await.expect("a connection");
    stream.write_all(post_head(VERDICT, api.key(), &headers).as_bytes()).await.expect("sent");
    let mut asked = [0; 25];
    stream.read_exact(&mut asked).await.expect("an interim answer");
    assert_eq!(asked.as_slice(), b"HTTP/1.1 100 Continue\r\n\r\n");
    stream.write_all(body.as_bytes()).await.expect("sent");
    let mut heard = String::new();
    stream.read_to_string(&mut heard).await.expect("an answer");
    assert_eq!(statuses(&heard), ["200"], "{heard}");
}

#[tokio::test]
async fn a_content_coding_is_refused_with_what_would_be_taken() {
    let sandbox = Sandbox::start().await;
    let coded = [("content-type", "application/json"), ("content-encoding", "gzip")];
    let answer = sandbox.api().send(reqwest::Method::POST, VERDICT, &coded, Some(b"{}".to_vec())).await;
    assert!(answer.expect(415)["error"].is_string(), "{answer:?}");
    assert_eq!(answer.header("accept-encoding"), Some("identity"));
    let plain = [("content-type", "text/plain")];
    let answer = sandbox.api().send(reqwest::Method::POST, VERDICT, &plain, Some(b"{}".to_vec())).await;
    assert_eq!((answer.status, answer.header("accept-encoding")), (415, None));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_head_of_a_connection_has_its_time() {
    let sandbox =
        Sandbox::start_with(Options::environment(&[("IDENTITY_API__HEAD_TIMEOUT_MS", "700")])).await;
    let admin = sandbox.info().admin_url.strip_prefix("http://").expect("plaintext").to_owned();
    let me = get("/api/auth/me", sandbox.api().key());
    for (address, whole) in
        [(sandbox.address(), me), (admin, "GET /livez HTTP/1.1\r\nHost: x\r\n\r\n".to_owned())]
    {
        for before in [0, 1, 3] {
            let mut wire = Wire::open(&address).await;
            for _ in 0..before {
                wire.send(&whole).await;
                assert_eq!(wire.answer().await.expect("an answer").status, 200);
            }
            wire.send("GET /livez HTTP/1.1\r\nX-Slow: ").await;
            let mut answer = None;
            // Paced by listening; far more than the time for a head in all.
            for _ in 0..600 {
                if !wire.send("x").await {
                    break;
                }
                answer = wire.answer_within(Duration::from_millis(50)).await;
                if answer.is_some() {
                    break;
                }
            }
            let answer = answer.unwrap_or_else(|| panic!("{address} after {before}: no answer"));
            assert!(answer.expect(408)["error"].is_string(), "{answer:?}");
            assert!(wire.answer().await.is_none(), "the connection goes on");
        }
    }
}

#[tokio::test]
async fn a_body_keeps_a_least_rate() {
    let sandbox = Sandbox::start_with(Options::environment(&[
        ("IDENTITY_API__BODY_RATE_AFTER_MS", "700"),
        ("IDENTITY_API__BODY_BYTES_PER_SECOND_MIN", "100000"),
    ]))
    .await;
    let api = sandbox.api();
    for framing in [("Content-Length", "1000000"), ("Transfer-Encoding", "chunked")] {
        let mut wire = Wire::open(&sandbox.address()).await;
        wire.send(post_head(VERDICT, api.key(), &[JSON, framing])).await;
        let mut answer = None;
        for _ in 0..600 {
            wire.send("1\r\n \r\n").await;
            answer = wire.answer_within(Duration::from_millis(50)).await;
            if answer.is_some() {
                break;
            }
        }
        let answer = answer.expect("an answer long before the body's time is over");
        answer.is_error(408, "request body stalled");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_nobody_reads_ends_its_connection_and_one_that_is_read_slowly_does_not() {
    let sandbox =
        Sandbox::start_with(Options::environment(&[("IDENTITY_API__ANSWER_PROGRESS_TIMEOUT_MS", "1500")]))
            .await;
    let bundle = "GET /docs/swagger-ui-bundle.js HTTP/1.1\r\nHost: x\r\n\r\n";
    // More than the kernels of both sides would buffer between them.
    let many = bundle.repeat(20);
    let mut unread = slow_reader(&sandbox.address(), many.as_bytes()).await;
    let slow = async {
        let mut stream = slow_reader(&sandbox.address(), closing(bundle).as_bytes()).await;
        let (mut heard, mut piece) = (0, vec![0; 64 * 1024]);
        loop {
            match stream.read(&mut piece).await.expect("an answer to its end") {
                0 => break heard,
                n => heard += n,
            }
            // A pace, not a wait for something: each piece within the time.
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    assert!(slow.await > 1_000_000, "the whole bundle");
    // What is sent to a connection that was reset comes back as an error.
    until("the unread connection's end", async || unread.write_all(b" ").await.is_err().then_some(())).await;
}

#[tokio::test]
async fn the_page_of_the_api_can_be_switched_off() {
    let sandbox = Sandbox::start_with(Options::environment(&[("IDENTITY_API__DOCS", "false")])).await;
    for path in ["/docs", "/docs/", "/docs/swagger-ui-bundle.js"] {
        sandbox.api().get(path).await.expect(404);
    }
    assert_eq!(sandbox.api().get("/openapi.json").await.status, 200);
    let shown = Sandbox::start().await;
    assert_eq!(shown.api().get("/docs/swagger-ui-bundle.js").await.status, 200);
}
