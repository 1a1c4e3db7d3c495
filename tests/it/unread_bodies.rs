//! Answers that are given before the request was read: they reach a client that sends everything first, and they
//! have the contract's form, even where what was sent is not HTTP. The connection ends in order behind each.

use system_tests::client::VERDICT;
use system_tests::harness::ContractHarness as _;
use system_tests::patience::{DEADLINE, until};
use system_tests::sandbox::Sandbox;
use system_tests::wire::post_head;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

const MIB: usize = 1024 * 1024;

const JSON: (&str, &str) = ("Content-Type", "application/json");

/// Sends all of it, half-closes the connection if wanted, and only then reads until the connection ends.
async fn heard_after(sandbox: &Sandbox, bytes: &[u8], half_close: bool) -> String {
    let mut stream = TcpStream::connect(sandbox.address()).await.expect("a connection");
    let mut heard = Vec::new();
    let whole = async {
        stream.write_all(bytes).await.expect("nobody resets a connection while it is sent to");
        if half_close {
            stream.shutdown().await.expect("half-closed");
        }
        stream.read_to_end(&mut heard).await.expect("nobody resets a connection while it is read from");
    };
    tokio::time::timeout(DEADLINE, whole).await.expect("an end within the deadline");
    String::from_utf8_lossy(&heard).into_owned()
}

#[track_caller]
fn is_ours(heard: &str, status: u16) {
    assert!(heard.starts_with(&format!("HTTP/1.1 {status} ")), "{heard}");
    assert!(heard.contains("x-request-id: req_"), "{heard}");
    assert!(heard.contains("\"error\":\"") && heard.contains("\"code\":\""), "{heard}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_before_the_body_is_read_is_never_lost() {
    let sandbox = Sandbox::start().await;
    let key = sandbox.info().key.clone();
    let length = (5 * MIB).to_string();
    let large = |head: String| [head.as_bytes(), &vec![b' '; 5 * MIB]].concat();
    let plain = large(post_head(VERDICT, &key, &[JSON, ("Content-Length", &length)]));
    let chunk = format!("{:x}\r\n{}\r\n", 64 * 1024, " ".repeat(64 * 1024));
    let head = post_head(VERDICT, &key, &[JSON, ("Transfer-Encoding", "chunked")]);
    let chunked = format!("{head}{}0\r\n\r\n", chunk.repeat(80)).into_bytes();
    let nobodys = large(format!("POST {VERDICT} HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n"));
    for (bytes, status) in [(plain, 413), (chunked, 413), (nobodys, 401)] {
        for half_close in [true, false] {
            let heard = heard_after(&sandbox, &bytes, half_close).await;
            is_ours(&heard, status);
            assert!(heard.contains("connection: close"), "{heard}");
        }
    }
    assert_eq!(sandbox.api().total("").await, 0);
    until("every body's bytes to be given back", async || {
        let page = String::from_utf8(sandbox.admin().get("/metrics").await.body).expect("text");
        let bytes = page.lines().find_map(|line| line.strip_prefix("identity_http_in_flight_bytes "));
        (bytes == Some("0")).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_one_byte_over_the_limit_is_413_with_and_without_its_length() {
    let sandbox = Sandbox::start().await;
    let key = sandbox.info().key.clone();
    for (extra, status) in [(0, 400), (1, 413)] {
        let body = " ".repeat(4 * MIB + extra);
        let length = body.len().to_string();
        let head = |framing| post_head(VERDICT, &key, &[JSON, ("Connection", "close"), framing]);
        let plain = format!("{}{body}", head(("Content-Length", &length)));
        let chunked =
            format!("{}{:x}\r\n{body}\r\n0\r\n\r\n", head(("Transfer-Encoding", "chunked")), body.len());
        for bytes in [plain, chunked] {
            is_ours(&heard_after(&sandbox, bytes.as_bytes(), false).await, status);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_http_gets_the_contracts_form_too() {
    let sandbox = Sandbox::start().await;
    let large = format!("GET / HTTP/1.1\r\nHost: x\r\nX-Large: {}\r\n\r\n", "x".repeat(300 * 1024));
    for (bytes, status) in [
        (b"not http at all\r\n\r\n".to_vec(), 400),
        (b"GET /\x01 HTTP/1.1\r\nHost: x\r\n\r\n".to_vec(), 400),
        (b"GET /%zz HTTP/1.1\r\nHost: x\r\nContent-Length: 1, 2\r\n\r\n".to_vec(), 400),
        (large.into_bytes(), 431),
    ] {
        is_ours(&heard_after(&sandbox, &bytes, false).await, status);
    }
}
