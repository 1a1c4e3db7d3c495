//! Beneath HTTP: the bytes of a connection. What is not HTTP at all (a bad request line, a head that is too
//! large or does not end) is answered by actix itself, with a bare head; this wrapper gives those answers the
//! contract's body and a request id, and reads on a little before the connection closes, so that a client that
//! is still sending is not cut off by a reset before it can read its answer.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};

use actix_web::http::StatusCode;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until};

use crate::errors::bare_body;
use crate::limits::{DISCARD_BYTES_MAX, DISCARD_TIME};
use crate::request_id::RequestName;

/// A bare head is shorter than this: a status line and three headers.
const BARE_HEAD_BYTES_MAX: usize = 256;

/// Asks a connection to close our half of it.
#[derive(Debug, Clone, Default)]
pub struct HalfClose(Arc<AtomicBool>);

impl HalfClose {
    /// Once everything that is written so far is out.
    pub fn after_this_answer(&self) {
        self.0.store(true, Ordering::Release);
    }
}

/// A connection.
pub struct Wire<T> {
    io: T,
    state: State,
    half_close: HalfClose,
    is_half_closed: bool,
}

enum State {
    /// Bytes pass as they are.
    Pass,
    /// A bare head of `replaces` bytes is being answered in our words.
    Answer { bytes: Vec<u8>, written: usize, replaces: usize },
    /// The answer is out; what still comes in is thrown away.
    Discard { until: Pin<Box<Sleep>>, left: usize, replaces: usize },
    /// The connection is as good as closed.
    Done { replaces: usize },
}

impl<T> Wire<T> {
    /// Wraps a connection.
    pub fn new(io: T) -> Self {
        Self { io, state: State::Pass, half_close: HalfClose::default(), is_half_closed: false }
    }

    /// For whoever answers on this connection.
    pub fn half_close(&self) -> HalfClose {
        self.half_close.clone()
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Wire<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(cx, buf)
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin> Wire<T> {
    fn poll_answer(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        loop {
            match &mut self.state {
                State::Pass => return Poll::Ready(Ok(0)),
                State::Answer { bytes, written, replaces } => {
                    while *written < bytes.len() {
                        let n = ready!(Pin::new(&mut self.io).poll_write(cx, &bytes[*written..]))?;
                        if n == 0 {
                            return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
                        }
                        *written += n;
                    }
                    ready!(Pin::new(&mut self.io).poll_flush(cx))?;
                    ready!(Pin::new(&mut self.io).poll_shutdown(cx))?;
                    self.is_half_closed = true;
                    let until = Box::pin(sleep_until(Instant::now() + DISCARD_TIME));
                    self.state = State::Discard { until, left: DISCARD_BYTES_MAX, replaces: *replaces };
                }
                State::Discard { until, left, replaces } => {
                    let mut scratch = [0; 8192];
                    let mut buf = ReadBuf::new(&mut scratch);
                    let over = if *left == 0 || until.as_mut().poll(cx).is_ready() {
                        true
                    } else {
                        match ready!(Pin::new(&mut self.io).poll_read(cx, &mut buf)) {
                            Ok(()) => buf.filled().is_empty(),
                            Err(_) => true,
                        }
                    };
                    *left = left.saturating_sub(buf.filled().len());
                    if over {
                        self.state = State::Done { replaces: *replaces };
                    }
                }
                State::Done { replaces } => {
                    let replaces = *replaces;
                    self.state = State::Pass;
                    return Poll::Ready(Ok(replaces));
                }
            }
        }
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Wire<T> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        if matches!(self.state, State::Pass) {
            match bare_head(buf) {
                None => return Pin::new(&mut self.io).poll_write(cx, buf),
                // Answers before it in the same buffer go first.
                Some((start, _)) if start > 0 => return Pin::new(&mut self.io).poll_write(cx, &buf[..start]),
                Some((_, status)) => {
                    let bytes = answer(status);
                    self.state = State::Answer { bytes, written: 0, replaces: buf.len() };
                }
            }
        }
        self.poll_answer(cx)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.is_half_closed {
            return Poll::Ready(Ok(()));
        }
        ready!(Pin::new(&mut self.io).poll_flush(cx))?;
        if self.half_close.0.load(Ordering::Acquire) {
            return self.poll_shutdown(cx);
        }
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if !self.is_half_closed {
            ready!(Pin::new(&mut self.io).poll_shutdown(cx))?;
            self.is_half_closed = true;
        }
        Poll::Ready(Ok(()))
    }
}

/// Where a bare head of an error stands at the end of the buffer, and its status. Ours all have a content
/// type, also where the answer to a HEAD leaves the content out, so a head without one is actix's.
fn bare_head(buf: &[u8]) -> Option<(usize, StatusCode)> {
    if !buf.ends_with(b"\r\n\r\n") {
        return None;
    }
    let from = buf.len().saturating_sub(BARE_HEAD_BYTES_MAX);
    let start = from + memchr::memmem::rfind(&buf[from..], b"HTTP/1.1 ")?;
    let head = &buf[start..];
    let status = std::str::from_utf8(head.get(9..12)?).ok()?.parse().ok()?;
    let status = StatusCode::from_u16(status).ok()?;
    let is_error = status.is_client_error() || status.is_server_error();
    let has_type = memchr::memmem::find(head, b"content-type").is_some();
    (is_error && !has_type).then_some((start, status))
}

fn answer(status: StatusCode) -> Vec<u8> {
    let name = RequestName::mint();
    let body = bare_body(status).to_string();
    let reason = status.canonical_reason().unwrap_or_default();
    tracing::info!(status = status.as_u16(), request_id = name.as_str(), "a request that is not HTTP");
    metrics::counter!("identity_http_malformed_total", "status" => status.as_str().to_owned()).increment(1);
    format!(
        "HTTP/1.1 {} {reason}\r\ncontent-length: {}\r\ncontent-type: application/json\r\n\
         x-request-id: {}\r\nconnection: close\r\n\r\n{body}",
        status.as_u16(),
        body.len(),
        name.as_str(),
    )
    .into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    const BARE: &[u8] = b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";

    #[test]
    fn only_a_bare_error_head_is_found() {
        assert_eq!(bare_head(BARE), Some((0, StatusCode::BAD_REQUEST)));
        let after = [b"{\"a\":1}".as_slice(), BARE].concat();
        assert_eq!(bare_head(&after), Some((7, StatusCode::BAD_REQUEST)));
        for other in [
            b"HTTP/1.1 100 Continue\r\n\r\n".as_slice(),
            b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n",
            b"HTTP/1.1 404 Not Found\r\ncontent-type: application/json\r\ncontent-length: 21\r\n\r\n",
            b"{\"error\":\"not found\"}",
            b"\r\n\r\n",
            b"",
        ] {
            assert_eq!(bare_head(other), None, "{}", String::from_utf8_lossy(other));
        }
    }

    #[tokio::test]
    async fn a_bare_head_gets_a_body_and_a_client_that_still_sends_is_heard_out() {
        let (client, server) = tokio::io::duplex(1024);
        let (mut from_server, mut to_server) = tokio::io::split(client);
        let serving = tokio::spawn(async move {
            let mut wire = Wire::new(server);
            wire.write_all(b"{\"a\":1}").await.expect("written");
            wire.write_all(BARE).await.expect("written");
        });
        let sending = tokio::spawn(async move {
            to_server.write_all(&[b'x'; 100_000]).await.expect("nobody resets");
            to_server.shutdown().await.expect("closed");
        });
        let mut heard = String::new();
        from_server.read_to_string(&mut heard).await.expect("an answer");
        serving.await.expect("no panic");
        sending.await.expect("no panic");
        assert!(heard.starts_with("{\"a\":1}HTTP/1.1 400 Bad Request\r\n"), "{heard}");
        assert!(heard.contains("x-request-id: req_"), "{heard}");
        assert!(heard.ends_with("{\"error\":\"malformed request\"}"), "{heard}");
    }
}
