//! Beneath HTTP's usual manners: bodies that are not read, slow ones, half-closed and pipelined connections,
//! and what is not HTTP at all.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::harness::{TestApp, VERDICTS, declined, raw};

const MIB: usize = 1024 * 1024;

fn head(app: &TestApp, rest: &str) -> String {
    format!(
        "POST {VERDICTS} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\n{rest}\r\n\r\n",
        app.key()
    )
}

/// Answers that are given before the body is read reach a client that sends everything before it reads.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_before_the_body_is_read_is_never_lost() {
    let app = TestApp::start().await;
    let mut plain = head(&app, &format!("content-length: {}", 5 * MIB)).into_bytes();
    plain.resize(plain.len() + 5 * MIB, b' ');
    let chunk = format!("{:x}\r\n{}\r\n", 64 * 1024, " ".repeat(64 * 1024));
    let chunked = format!("{}{}0\r\n\r\n", head(&app, "transfer-encoding: chunked"), chunk.repeat(80));
    let unauthorised = format!(
        "POST {VERDICTS} HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n{}",
        5 * MIB,
        " ".repeat(5 * MIB)
    );
    for (bytes, status) in [(plain, "413"), (chunked.into_bytes(), "413"), (unauthorised.into_bytes(), "401")]
    {
        for half_close in [true, false] {
            let heard = raw(app.address(), bytes.clone(), half_close).await;
            assert!(heard.starts_with(&format!("HTTP/1.1 {status} ")), "{heard}");
            assert!(heard.contains("connection: close") && heard.contains("x-request-id: "), "{heard}");
            assert!(heard.contains("\"error\":\"") && heard.contains("\"code\":\""), "{heard}");
        }
    }
    assert_eq!(app.instance.app.admission.bytes_in_flight(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_one_byte_over_the_limit_is_413_with_and_without_its_length() {
    let app = TestApp::start().await;
    for extra in [0, 1] {
        let body = " ".repeat(4 * MIB + extra);
        let status = if extra == 0 { "400" } else { "413" };
        let plain =
            format!("{}{body}", head(&app, &format!("connection: close\r\ncontent-length: {}", body.len())));
        let chunked = format!(
            "{}{:x}\r\n{body}\r\n0\r\n\r\n",
            head(&app, "connection: close\r\ntransfer-encoding: chunked"),
            body.len()
        );
        for bytes in [plain, chunked] {
            let heard = raw(app.address(), bytes.into_bytes(), false).await;
            assert!(heard.starts_with(&format!("HTTP/1.1 {status} ")), "{extra}: {heard}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_body_is_408() {
    let app = TestApp::with(|config| {
        config.api.body_progress_timeout = Duration::from_millis(300);
        config.api.body_timeout = Duration::from_millis(900);
    })
    .await;
    // Nothing comes.
    let stalled = raw(app.address(), head(&app, "content-length: 100").into_bytes(), false).await;
    assert!(stalled.starts_with("HTTP/1.1 408 ") && stalled.contains("request body stalled"), "{stalled}");
    // A byte comes again and again, but the end does not.
    let mut stream = TcpStream::connect(app.address()).await.expect("connected");
    stream.write_all(head(&app, "content-length: 1000").as_bytes()).await.expect("sent");
    let (mut reading, mut writing) = stream.split();
    let mut heard = vec![0; 4096];
    let trickle = async {
        let mut every = tokio::time::interval(Duration::from_millis(100));
        loop {
            every.tick().await;
            if writing.write_all(b" ").await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    };
    let n = tokio::select! {
        n = reading.read(&mut heard) => n.expect("an answer"),
        () = trickle => 0,
    };
    assert!(heard[..n].starts_with(b"HTTP/1.1 408 "), "{}", String::from_utf8_lossy(&heard[..n]));
    assert_eq!(app.instance.app.admission.bytes_in_flight(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pipelined_and_half_closed_requests_are_all_answered_in_order() {
    let app = TestApp::start().await;
    let customer = app.customer().await;
    let body = declined(&customer).to_string();
    let one = format!("{}{body}", head(&app, &format!("content-length: {}", body.len())));
    let bad = format!("{}{{", head(&app, "content-length: 1"));
    let heard = raw(app.address(), format!("{one}{bad}{one}").into_bytes(), true).await;
    let statuses: Vec<&str> =
        heard.split("HTTP/1.1 ").skip(1).map(|answer| answer.get(..3).unwrap_or_default()).collect();
    assert_eq!(statuses, ["200", "400", "200"], "{heard}");
    assert_eq!(app.total().await, 2);
    let chunks: String = body
        .as_bytes()
        .chunks(7)
        .map(|c| format!("{:x}\r\n{}\r\n", c.len(), String::from_utf8_lossy(c)))
        .collect();
    let chunked = format!("{}{chunks}0\r\n\r\n", head(&app, "transfer-encoding: chunked"));
    let heard = raw(app.address(), chunked.into_bytes(), true).await;
    assert!(heard.starts_with("HTTP/1.1 200 "), "{heard}");
    assert_eq!(app.total().await, 3);
    // Half-closed in the middle of its body.
    let cut = format!("{}{}", head(&app, &format!("content-length: {}", body.len())), &body[..10]);
    let heard = raw(app.address(), cut.into_bytes(), true).await;
    assert!(heard.starts_with("HTTP/1.1 400 ") && heard.contains("incomplete body"), "{heard}");
    assert_eq!(app.total().await, 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_http_gets_the_contracts_form_too() {
    let app = TestApp::start().await;
    let large = format!("GET / HTTP/1.1\r\nhost: x\r\nx-large: {}\r\n\r\n", "x".repeat(300 * 1024));
    for (bytes, status) in [
        (b"not http at all\r\n\r\n".to_vec(), "400"),
        (b"GET /\x01 HTTP/1.1\r\nhost: x\r\n\r\n".to_vec(), "400"),
        (b"GET /%zz HTTP/1.1\r\nhost: x\r\ncontent-length: 1, 2\r\n\r\n".to_vec(), "400"),
        (large.into_bytes(), "431"),
    ] {
        let heard = raw(app.address(), bytes, false).await;
        assert!(heard.starts_with(&format!("HTTP/1.1 {status} ")), "{heard}");
        assert!(
            heard.contains("x-request-id: req_")
                && heard.contains("\"error\":\"")
                && heard.contains("\"code\":\""),
            "{heard}"
        );
    }
}
