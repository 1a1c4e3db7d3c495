//! Spoken to over bare connections.

use async_trait::async_trait;
use bytes::Bytes;
use tokio::sync::mpsc;

use super::pages::PROMETHEUS;
use super::*;
use crate::{Readiness, UnreadyReason};

async fn ask(address: SocketAddr, request: &str) -> String {
    let mut stream = TcpStream::connect(address).await.expect("connected");
    let request = format!("{request} HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.expect("sent");
    let mut heard = String::new();
    stream.read_to_string(&mut heard).await.expect("answered");
    heard
}

#[tokio::test]
async fn it_shows_life_readiness_and_metrics_and_nothing_else() {
    let bound = BoundHealthListener::new(SocketAddr::from(([127, 0, 0, 1], 0)), None).expect("bound");
    let address = bound.address().expect("an address");
    let stop = CancellationToken::new();
    let readiness = Arc::new(Readiness::waiting_for([UnreadyReason::Dependencies], &stop));
    let sources = HealthSources::new(Arc::clone(&readiness), || "up 1\n".to_owned());
    let serving = bound.serve(sources, ClientTimes::default()).expect("it serves");
    assert_eq!(serving.url(), format!("http://{address}"));
    let status = async |request| ask(address, request).await[9..12].to_owned();
    assert_eq!(status("GET /livez").await, "200");
    let unready = ask(address, "GET /readyz").await;
    assert!(unready.contains(" 503 ") && unready.ends_with(r#""reasons":["dependencies"]}"#), "{unready}");
    readiness.settle(UnreadyReason::Dependencies);
    assert_eq!(status("GET /readyz").await, "200");
    let metrics = ask(address, "GET /metrics").await;
    assert!(metrics.contains(PROMETHEUS) && metrics.ends_with("up 1\n"), "{metrics}");
    let lost = ask(address, "GET /other").await;
    assert!(lost.contains("404") && lost.ends_with(r#""code":"route_not_found"}"#), "{lost}");
    let refused = ask(address, "POST /metrics").await;
    assert!(refused.contains("405") && refused.contains("allow: GET, HEAD"), "{refused}");
    assert!(refused.ends_with(r#""code":"method_not_allowed"}"#), "{refused}");
    stop.cancel();
    assert_eq!(status("GET /readyz").await, "503");
    serving.stop().await;
    assert!(TcpStream::connect(address).await.is_err(), "closed");
}

/// A listener that loses patience soon.
fn impatient(metrics: impl Fn() -> String + Send + Sync + 'static) -> (SocketAddr, HealthListener) {
    let bound = BoundHealthListener::new(SocketAddr::from(([127, 0, 0, 1], 0)), None).expect("bound");
    let time = Duration::from_millis(500);
    let address = bound.address().expect("an address");
    let readiness = Arc::new(Readiness::waiting_for([], &CancellationToken::new()));
    let sources = HealthSources::new(readiness, metrics);
    (address, bound.serve(sources, ClientTimes { head: time, progress: time }).expect("it serves"))
}

/// A time limit of a test: what it waits for comes at once, or never.
const WITHIN: Duration = Duration::from_secs(60);

#[tokio::test]
async fn connections_that_say_nothing_keep_no_probe_waiting_for_the_time_of_a_head() {
    let bound = BoundHealthListener::new(SocketAddr::from(([127, 0, 0, 1], 0)), None).expect("bound");
    let address = bound.address().expect("an address");
    let readiness = Arc::new(Readiness::waiting_for([], &CancellationToken::new()));
    let times = ClientTimes { head: Duration::from_secs(3_600), ..ClientTimes::default() };
    let _serving = bound.serve(HealthSources::new(readiness, String::new), times).expect("it serves");
    let mut silent = Vec::new();
    for _ in 0..2 * CONNECTIONS_MAX {
        silent.push(TcpStream::connect(address).await.expect("connected"));
    }
    let answer = tokio::time::timeout(WITHIN, ask(address, "GET /livez")).await.expect("an answer");
    assert!(answer.contains("alive"), "{answer}");
    // Those that came while there was room enough still have their time.
    let mut first = silent.swap_remove(0);
    first.write_all(b"GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await.expect("sent");
    let mut heard = String::new();
    first.read_to_string(&mut heard).await.expect("answered");
    assert!(heard.contains("alive"), "{heard}");
}

/// Writes again and again, at a pace, until the other side has ended the connection.
async fn drip_to_the_end(stream: &mut TcpStream) {
    for _ in 0..1_000 {
        if stream.write_all(b"x").await.is_err() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the connection goes on");
}

#[tokio::test]
async fn every_head_has_its_time_and_an_answer_must_be_read() {
    let (address, _serving) = impatient(|| "up 1\n".repeat(10_000_000));
    let live = "GET /livez HTTP/1.1\r\nHost: x\r\n\r\n";
    let mut stream = TcpStream::connect(address).await.expect("connected");
    stream.write_all(live.as_bytes()).await.expect("sent");
    stream.read_exact(&mut [0; 15]).await.expect("an answer");
    stream.write_all(b"GET /livez HTTP/1.1\r\nX: ").await.expect("sent");
    drip_to_the_end(&mut stream).await;
    let mut unread = TcpStream::connect(address).await.expect("connected");
    unread.write_all(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n").await.expect("sent");
    drip_to_the_end(&mut unread).await;
}

#[tokio::test]
async fn pipelined_answers_keep_their_bodies_and_an_upgrade_hides_none() {
    let (address, _serving) = impatient(String::new);
    let heard = ask(
        address,
        "GET /livez HTTP/1.1\r\nHost: x\r\n\r\nHEAD /livez HTTP/1.1\r\nHost: x\r\n\r\nGET /livez",
    )
    .await;
    let bodies: Vec<&str> = heard.split("\r\n\r\n").collect();
    assert!(bodies[1].starts_with("{\"status\":\"alive\"}HTTP/1.1 200"), "{heard}");
    assert!(bodies[2].starts_with("HTTP/1.1 200") && bodies[3] == "{\"status\":\"alive\"}", "{heard}");
    for upgrade in ["Upgrade: websocket", "Upgrade: h2c\r\nConnection: Upgrade"] {
        let request =
            format!("POST /livez HTTP/1.1\r\n{upgrade}\r\nContent-Length: 1\r\nHost: x\r\n\r\nxGET /livez");
        let heard = ask(address, &request).await;
        assert!(heard.starts_with("HTTP/1.1 400") && heard.contains("Upgrade"), "{heard}");
    }
}

#[tokio::test]
async fn a_head_that_does_not_end_is_told_so_and_a_connection_that_was_only_kept_is_not() {
    let (address, _serving) = impatient(String::new);
    for (request, answer) in [("GET /livez HTTP/1.1\r\nX: ", "HTTP/1.1 408 "), ("", "")] {
        let mut stream = TcpStream::connect(address).await.expect("connected");
        stream.write_all(request.as_bytes()).await.expect("sent");
        let mut heard = String::new();
        stream.read_to_string(&mut heard).await.expect("an end in order");
        assert!(heard.starts_with(answer) && heard.is_empty() == answer.is_empty(), "{heard}");
        let body = heard.split("\r\n\r\n").nth(1).unwrap_or_default();
        let length = format!("content-length: {}\r\n", body.len());
        assert!(heard.is_empty() || heard.contains(&length) && body.contains("head_stalled"), "{heard}");
    }
}

/// Pages that say what they were asked; one of them goes on until the listener closes.
struct EchoPages;

#[async_trait]
impl ProgramPages for EchoPages {
    async fn answer(&self, request: PageRequest<'_>) -> Option<PageAnswer> {
        if request.path == "/stream" {
            let (pieces, stream) = mpsc::channel(1);
            tokio::spawn(async move { while pieces.send(Bytes::from_static(b"piece\n")).await.is_ok() {} });
            return Some(PageAnswer::new(200, "text/event-stream", PageBody::Stream(stream)));
        }
        let status = if request.reads { 200 } else { 405 };
        let body = format!("{} {:?} {}", request.path, request.query, request.reads);
        let answer = PageAnswer::new(status, "text/plain", body);
        let headers = vec![("x-page", "echo".to_owned())];
        (request.path != "/other").then_some(PageAnswer { headers, ..answer })
    }
}

#[tokio::test]
async fn a_program_has_pages_of_its_own_but_none_in_the_place_of_health() {
    let bound = BoundHealthListener::new(SocketAddr::from(([127, 0, 0, 1], 0)), None).expect("bound");
    let address = bound.address().expect("an address");
    let readiness = Arc::new(Readiness::waiting_for([], &CancellationToken::new()));
    let sources = HealthSources::new(readiness, String::new).with_pages(Arc::new(EchoPages));
    let _serving = bound.serve(sources, ClientTimes::default()).expect("it serves");
    let shown = ask(address, "GET /p%20q?r=s").await;
    assert!(shown.contains(" 200 ") && shown.ends_with("/p%20q Some(\"r=s\") true"), "{shown}");
    assert!(shown.contains("x-page: echo\r\n"), "{shown}");
    assert!(shown.contains("content-type: text/plain\r\n"), "{shown}");
    let head = ask(address, "HEAD /page").await;
    assert!(head.contains("content-length: 15\r\n") && head.ends_with("\r\n\r\n"), "{head}");
    let refused = ask(address, "POST /page").await;
    assert!(refused.contains(" 405 ") && refused.contains("allow: GET, HEAD"), "{refused}");
    for (path, code) in [("GET /other", "route_not_found"), ("POST /livez", "method_not_allowed")] {
        let answer = ask(address, path).await;
        assert!(answer.contains(code), "{answer}");
    }
}

#[tokio::test]
async fn a_stream_comes_piece_by_piece_and_ends_in_order_when_the_listener_closes() {
    let bound = BoundHealthListener::new(SocketAddr::from(([127, 0, 0, 1], 0)), None).expect("bound");
    let address = bound.address().expect("an address");
    let readiness = Arc::new(Readiness::waiting_for([], &CancellationToken::new()));
    let sources = HealthSources::new(readiness, String::new).with_pages(Arc::new(EchoPages));
    let serving = bound.serve(sources, ClientTimes::default()).expect("it serves");
    let mut stream = TcpStream::connect(address).await.expect("connected");
    stream.write_all(b"GET /stream HTTP/1.1\r\nHost: here\r\n\r\n").await.expect("sent");
    let mut heard = Vec::new();
    while !heard.ends_with(b"6\r\npiece\n\r\n") {
        assert!(stream.read_buf(&mut heard).await.expect("read") > 0, "it goes on");
    }
    let rest = tokio::spawn(async move {
        stream.read_to_end(&mut heard).await.expect("an end in order");
        heard
    });
    tokio::time::timeout(WITHIN, serving.stop()).await.expect("nobody keeps it open");
    let heard = tokio::time::timeout(WITHIN, rest).await.expect("ended").expect("no panic");
    assert!(heard.ends_with(b"\r\n0\r\n\r\n"), "the last chunk says that it is the last");
}
