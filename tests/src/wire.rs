//! HTTP as bytes on a connection: for what no client would send, and when.

use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::client::Answer;
use crate::patience::DEADLINE;

/// Most bytes of an answer that a test would read.
const ANSWER_BYTES_MAX: usize = 8 * 1024 * 1024;

/// A connection.
pub struct Wire<S = TcpStream> {
    stream: S,
    read: Vec<u8>,
}

impl Wire {
    pub async fn open(address: &str) -> Self {
        let stream = TcpStream::connect(address).await.expect("a connection");
        stream.set_nodelay(true).expect("an option of TCP");
        Self::over(stream)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Wire<S> {
    /// Over a connection that is there.
    pub fn over(stream: S) -> Self {
        Self { stream, read: Vec::new() }
    }

    /// Sends all of it, or as much as the other side takes.
    pub async fn send(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        self.stream.write_all(bytes.as_ref()).await.is_ok()
    }

    /// Says that nothing more will come, and still listens.
    pub async fn half_close(&mut self) {
        self.stream.shutdown().await.expect("a half-closed connection");
    }

    /// The next answer; none when the connection ended first.
    pub async fn answer(&mut self) -> Option<Answer> {
        tokio::time::timeout(DEADLINE, self.next()).await.expect("an answer within the deadline")
    }

    /// The next answer if it comes within this time.
    pub async fn answer_within(&mut self, wait: Duration) -> Option<Answer> {
        tokio::time::timeout(wait, self.next()).await.ok().flatten()
    }

    /// Waits until the server asks for the body of a request with `Expect: 100-continue`: then it has begun.
    pub async fn body_is_asked_for(&mut self) {
        const CONTINUE: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";
        let asked = async {
            while self.read.len() < CONTINUE.len() {
                self.stream
                    .read_buf(&mut self.read)
                    .await
                    .ok()
                    .filter(|read| *read > 0)
                    .expect("an interim answer");
            }
        };
        tokio::time::timeout(DEADLINE, asked).await.expect("an interim answer within the deadline");
        assert!(self.read.starts_with(CONTINUE), "{:?}", String::from_utf8_lossy(&self.read));
        self.read.drain(..CONTINUE.len());
    }

    async fn next(&mut self) -> Option<Answer> {
        loop {
            if let Some((answer, used)) = parse(&self.read) {
                self.read.drain(..used);
                return Some(answer);
            }
            assert!(self.read.len() < ANSWER_BYTES_MAX, "an answer without an end");
            match self.stream.read_buf(&mut self.read).await {
                Ok(1..) => {}
                Ok(0) | Err(_) => return None,
            }
        }
    }
}

/// An answer at the front, and its bytes.
fn parse(bytes: &[u8]) -> Option<(Answer, usize)> {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    let head = std::str::from_utf8(&bytes[..end]).expect("a head in ASCII");
    let mut lines = head.split("\r\n");
    let status_line = lines.next().expect("a status line");
    assert!(status_line.starts_with("HTTP/1."), "not HTTP: {status_line}");
    let status = status_line.split(' ').nth(1).and_then(|code| code.parse().ok()).expect("a status");
    let mut headers = HeaderMap::new();
    for line in lines.filter(|line| !line.is_empty()) {
        let (name, value) = line.split_once(':').expect("a header");
        headers.append(
            name.parse::<HeaderName>().expect("a header's name"),
            HeaderValue::from_str(value.trim()).expect("a header's value"),
        );
    }
    if status == 100 {
        return parse(&bytes[end..]).map(|(answer, used)| (answer, used + end));
    }
    let length = headers.get("content-length").map_or(0, |value| {
        value.to_str().ok().and_then(|text| text.parse::<usize>().ok()).expect("a length")
    });
    let body = bytes.get(end..end + length)?.to_vec();
    Some((Answer { status, headers, body }, end + length))
}

/// The head of a JSON POST with these headers beside Host and Authorization.
pub fn post_head(path: &str, key: &str, headers: &[(&str, &str)]) -> String {
    let mut head = format!("POST {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {key}\r\n");
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str("\r\n");
    head
}

/// A whole JSON POST.
pub fn post(path: &str, key: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len().to_string();
    let headers = [("Content-Type", "application/json"), ("Content-Length", length.as_str())];
    [post_head(path, key, &headers).as_bytes(), body].concat()
}

/// A whole GET.
pub fn get(path: &str, key: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {key}\r\n\r\n")
}
