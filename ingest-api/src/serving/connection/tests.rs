//! The bytes of a connection as the framework above and the client beyond see them. Heads, chunks and refusals
//! alone are tested where they stand.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};

use super::*;

const TIME: Duration = Duration::from_secs(10);

fn connection(time: Duration) -> (DuplexStream, Wire<DuplexStream>) {
    let (client, server) = duplex(1024 * 1024);
    (client, Wire::new(server, time))
}

/// What the framework reads before it has to wait, or to the end.
async fn passed(wire: &mut Wire<DuplexStream>) -> (String, bool) {
    let mut seen = Vec::new();
    loop {
        let mut piece = [0; 4096];
        let read = std::future::poll_fn(|cx| {
            let mut buf = ReadBuf::new(&mut piece);
            Poll::Ready(match Pin::new(&mut *wire).poll_read(cx, &mut buf) {
                Poll::Pending => None,
                Poll::Ready(read) => Some(read.map(|()| buf.filled().len())),
            })
        })
        .await;
        match read {
            None => return (String::from_utf8(seen).expect("text"), false),
            Some(Ok(0)) => return (String::from_utf8(seen).expect("text"), true),
            Some(read) => seen.extend_from_slice(&piece[..read.expect("no error")]),
        }
    }
}

async fn answer(wire: &mut Wire<DuplexStream>, text: &str) {
    wire.write_all(text.as_bytes()).await.expect("written");
    wire.link().answer_is_made();
    wire.flush().await.expect("flushed");
}

#[tokio::test]
async fn the_framework_sees_one_request_at_a_time() {
    let (mut client, mut wire) = connection(TIME);
    let get = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
    let post = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nabcde";
    let chunked = "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n";
    let all = [get, post, get, chunked, post];
    client.write_all(all.join("\r\n").as_bytes()).await.expect("sent");
    for request in all {
        assert_eq!(passed(&mut wire).await, (request.to_owned(), false));
        assert_eq!(passed(&mut wire).await, (String::new(), false), "the next waits for the answer");
        answer(&mut wire, "x").await;
    }
    drop(client);
    assert_eq!(passed(&mut wire).await, (String::new(), true));
}

#[tokio::test]
async fn nothing_comes_behind_a_request_that_ends_the_connection() {
    for ends in ["GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "GET / HTTP/1.0\r\n\r\n"] {
        let (mut client, mut wire) = connection(TIME);
        client.write_all(format!("{ends}GET / HTTP/1.1\r\nHost: x\r\n\r\n").as_bytes()).await.expect("sent");
        assert_eq!(passed(&mut wire).await.0, ends);
        assert!(wire.link().is_ending());
        answer(&mut wire, "x").await;
        assert_eq!(passed(&mut wire).await, (String::new(), true), "{ends}");
    }
    let (mut client, mut wire) = connection(TIME);
    let broken = "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n";
    client.write_all(broken.as_bytes()).await.expect("sent");
    assert_eq!(passed(&mut wire).await, (broken.to_owned(), false));
    client.write_all(b"xGET / HTTP/1.1\r\nHost: x\r\n\r\n").await.expect("sent");
    assert_eq!(passed(&mut wire).await, (String::new(), true));
    assert!(wire.link().is_ending());
}

#[tokio::test]
async fn a_body_is_asked_for_when_a_handler_reads_it_and_only_then() {
    let head = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n";
    let (mut client, mut wire) = connection(TIME);
    client.write_all(head.as_bytes()).await.expect("sent");
    assert!(!passed(&mut wire).await.0.contains("Expect"));
    wire.flush().await.expect("flushed");
    wire.link().body_is_wanted();
    wire.flush().await.expect("flushed");
    wire.flush().await.expect("flushed");
    client.write_all(b"{}").await.expect("sent");
    assert_eq!(passed(&mut wire).await.0, "{}");
    answer(&mut wire, "HTTP/1.1 200 OK\r\n\r\n").await;
    // Refused before it is read, and then one whose body came unasked.
    for (bytes, is_wanted) in [(head.to_owned(), false), (format!("{head}{{}}"), true)] {
        let (mut other, mut refusing) = connection(TIME);
        other.write_all(bytes.as_bytes()).await.expect("sent");
        passed(&mut refusing).await;
        if is_wanted {
            refusing.link().body_is_wanted();
        }
        answer(&mut refusing, "HTTP/1.1 400 Bad Request\r\n\r\n").await;
        drop(refusing);
        let mut heard = String::new();
        other.read_to_string(&mut heard).await.expect("heard");
        assert_eq!(heard, "HTTP/1.1 400 Bad Request\r\n\r\n");
    }
    drop(wire);
    let mut heard = String::new();
    client.read_to_string(&mut heard).await.expect("heard");
    assert_eq!(heard, "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n");
}

#[tokio::test]
async fn an_unread_body_takes_little_memory_until_a_handler_reads_it() {
    let (mut client, mut wire) = connection(TIME);
    let length = 4 * BODY_AHEAD_BYTES_MAX;
    client
        .write_all(format!("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n").as_bytes())
        .await
        .expect("sent");
    client.write_all(&vec![b' '; length]).await.expect("sent");
    let ahead = passed(&mut wire).await.0;
    assert!((BODY_AHEAD_BYTES_MAX..BODY_AHEAD_BYTES_MAX + 8_000).contains(&ahead.len()), "{}", ahead.len());
    wire.flush().await.expect("flushed");
    assert_eq!(passed(&mut wire).await.0, "");
    wire.link().body_is_wanted();
    let mut rest = 0;
    for _ in 0..10 {
        wire.flush().await.expect("flushed");
        let now = passed(&mut wire).await.0;
        assert!(now.len() < BODY_ROUND_BYTES + 8_000, "the framework has its turns");
        rest += now.len();
    }
    assert_eq!(ahead.find("\r\n\r\n").expect("a head") + 4 + length, ahead.len() + rest);
}

#[tokio::test]
async fn what_never_becomes_a_request_is_answered_in_our_words_and_heard_out() {
    let long = format!("GET / HTTP/1.1\r\nHost: x\r\nX: {}", "x".repeat(HEAD_BYTES_MAX + HEAD_READ_BYTES));
    for (bytes, status, text) in [
        ("nonsense\r\n\r\n", "400 Bad Request", "malformed request"),
        (long.as_str(), "431 Request Header Fields Too Large", "request header too large"),
        (
            "POST / HTTP/1.1\r\nHost: x\r\nUpgrade: x\r\nContent-Length: 1\r\n\r\n",
            "400 Bad Request",
            "a request with a body cannot ask for Upgrade",
        ),
        ("GET / HT", "408 Request Timeout", "request timeout"),
        ("", "408 Request Timeout", "request timeout"),
    ] {
        let (client, mut wire) = connection(Duration::from_millis(100));
        let (mut from_server, mut to_server) = tokio::io::split(client);
        let serving = tokio::spawn(async move {
            let mut seen = Vec::new();
            wire.read_to_end(&mut seen).await.expect("no error");
            assert!(seen.is_empty());
        });
        to_server.write_all(bytes.as_bytes()).await.expect("sent");
        let mut heard = String::new();
        from_server.read_to_string(&mut heard).await.expect("an answer");
        // Whoever is still sending is not cut off.
        to_server.write_all(&[b'x'; 100_000]).await.expect("nobody resets");
        to_server.shutdown().await.expect("closed");
        serving.await.expect("no panic");
        assert!(heard.starts_with(&format!("HTTP/1.1 {status}\r\n")), "{heard}");
        assert!(heard.contains("x-request-id: req_") && heard.contains("connection: close"), "{heard}");
        assert!(heard.contains(&format!("\"error\":\"{text}\"")), "{heard}");
    }
}

#[tokio::test]
async fn the_rest_of_a_body_that_was_answered_unread_ends_in_its_time() {
    let (mut client, mut wire) = connection(TIME);
    let head = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n";
    client.write_all(head.as_bytes()).await.expect("sent");
    assert_eq!(passed(&mut wire).await.0, head);
    answer(&mut wire, "x").await;
    client.write_all(b"123456789GET / HTTP/1.1\r\nHost: x\r\n\r\n").await.expect("sent");
    assert_eq!(passed(&mut wire).await, ("123456789GET / HTTP/1.1\r\nHost: x\r\n\r\n".to_owned(), false));
    // And where our half is closed with the answer, nothing follows.
    let (mut client, mut wire) = connection(TIME);
    client
        .write_all(format!("{head}123456789GET / HTTP/1.1\r\nHost: x\r\n\r\n").as_bytes())
        .await
        .expect("sent");
    assert_eq!(passed(&mut wire).await.0, format!("{head}123456789"));
    wire.link().half_close_after_this_answer();
    answer(&mut wire, "x").await;
    assert_eq!(passed(&mut wire).await, (String::new(), true));
}
