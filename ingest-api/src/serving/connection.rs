//! Beneath the framework: the bytes of a connection. This layer finds where each request ends and gives the
//! framework one at a time, so that no request is executed that follows a request or an answer that ends the
//! connection, and answers keep their bodies and their order. What never becomes a request (not HTTP, a head that is
//! too large or too slow, a body with an upgrade) is answered here, in the contract's form. `100 Continue` is sent
//! here, once a handler reads the body. Bodies are forwarded unchanged and are not interpreted here.

mod chunks;
mod discard;
mod forwarded_request;
mod handle;
mod head;
mod refusal;

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use actix_web::http::StatusCode;
use bytes::{Buf as _, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until};

use self::discard::Discard;
use self::forwarded_request::ForwardedRequest;
pub use self::handle::ConnectionHandle;
use self::head::{HeadScan, RefusedHead};
use crate::limits::{BODY_AHEAD_BYTES_MAX, BODY_ROUND_BYTES, HEAD_BYTES_MAX, HEAD_READ_BYTES, LINGER};

const CONTINUE: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";

/// A client's connection, as the framework reads and writes it.
pub struct HttpConnection<T> {
    io: T,
    handle: ConnectionHandle,
    head_time: Duration,
    /// Bytes that were received and not forwarded yet: a head, and what was received with it.
    inbox: BytesMut,
    state: ReadState,
    /// Ends the time within which the present head must have been received.
    head_timer: Option<Pin<Box<Sleep>>>,
    /// Bytes of the body that were forwarded since the framework last flushed.
    round: usize,
    /// What is still to be written of `100 Continue`.
    interim: &'static [u8],
    /// The task that waits for bytes.
    reader: Option<Waker>,
    /// Forwarding the body is suspended until a handler reads it.
    is_gated: bool,
    is_half_closed: bool,
    discard: Option<Discard>,
}

/// What is being read, and what is done with it.
enum ReadState {
    /// Between two requests, or within a head, of which so many bytes were searched for its end.
    Head { seen: usize },
    /// A request is being forwarded to the framework.
    Forwarding(ForwardedRequest),
    /// A request was forwarded in whole; the next one must wait for its answer.
    AwaitingAnswer { closes: bool },
    /// A request is refused by this layer; its answer, and how much of it was written.
    Refusing { answer: Vec<u8>, written: usize },
    /// Nothing more is read from this connection.
    Ended,
}

impl<T> HttpConnection<T> {
    /// Wraps a connection, each of whose heads must be received within this time.
    pub fn new(io: T, head_time: Duration) -> Self {
        Self {
            io,
            handle: ConnectionHandle::default(),
            head_time,
            inbox: BytesMut::new(),
            state: ReadState::Head { seen: 0 },
            head_timer: Some(Box::pin(sleep_until(Instant::now() + head_time))),
            round: 0,
            interim: &[],
            reader: None,
            is_gated: false,
            is_half_closed: false,
            discard: None,
        }
    }

    /// The handle by which handlers and answers speak to this connection.
    pub fn handle(&self) -> ConnectionHandle {
        self.handle.clone()
    }

    /// Registers the task to be woken when the state changes.
    fn wait(&mut self, cx: &Context<'_>) {
        if self.reader.as_ref().is_none_or(|reader| !reader.will_wake(cx.waker())) {
            self.reader = Some(cx.waker().clone());
        }
    }

    fn wake(&mut self) {
        if let Some(reader) = self.reader.take() {
            reader.wake();
        }
    }

    fn refuse(&mut self, refused: &RefusedHead) {
        self.head_timer = None;
        self.state = ReadState::Refusing { answer: refusal::answer(refused, &self.inbox), written: 0 };
    }

    fn end(&mut self) {
        self.head_timer = None;
        self.state = ReadState::Ended;
        self.handle.set_ending();
    }

    /// Called when the answer to the request was written and flushed.
    fn answer_is_out(&mut self) {
        match &mut self.state {
            ReadState::AwaitingAnswer { closes } => {
                let closes = *closes;
                self.request_is_over(closes);
            }
            ReadState::Forwarding(request) => {
                request.unread = Some(Box::pin(sleep_until(Instant::now() + LINGER)));
            }
            ReadState::Head { .. } | ReadState::Refusing { .. } | ReadState::Ended => {}
        }
        self.wake();
    }

    /// Called when the request was forwarded and answered.
    fn request_is_over(&mut self, closes: bool) {
        if closes || self.handle.wants_half_close() {
            self.end();
        } else {
            self.state = ReadState::Head { seen: 0 };
        }
    }

    /// Looks for a head at the front of what was received.
    fn find_head(&mut self) {
        let ReadState::Head { seen } = &mut self.state else { return };
        if *seen == 0 {
            let blank = head::blank(&self.inbox);
            self.inbox.advance(blank);
        }
        // Each byte is parsed at most twice, however slowly they are received.
        let grown = self.inbox.len() >= 2 * *seen;
        let looks = grown
            || self.inbox.len() > HEAD_BYTES_MAX
            || head::may_end(&self.inbox[seen.saturating_sub(2)..]);
        if self.inbox.is_empty() || !looks {
            return;
        }
        match head::scan(&self.inbox) {
            HeadScan::Partial if self.inbox.len() > HEAD_BYTES_MAX => self.refuse_large(),
            HeadScan::Partial => *seen = self.inbox.len(),
            HeadScan::Refused(refused) => self.refuse(&refused),
            HeadScan::Whole(head) if head.length > HEAD_BYTES_MAX => self.refuse_large(),
            HeadScan::Whole(head) => {
                let mut length = head.length;
                if let Some(seen) = head.rewritten(&self.inbox) {
                    let behind = self.inbox.split_off(length);
                    length = seen.len();
                    self.inbox = BytesMut::from(seen.as_slice());
                    self.inbox.unsplit(behind);
                }
                self.head_timer = None;
                self.handle.begin();
                if head.closes {
                    self.handle.set_ending();
                }
                self.state = ReadState::Forwarding(ForwardedRequest {
                    head: length,
                    body: head.body,
                    closes: head.closes,
                    expects: head.expects,
                    passed: 0,
                    unread: None,
                });
            }
        }
    }

    fn refuse_large(&mut self) {
        self.refuse(&RefusedHead::Bare(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE));
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin> HttpConnection<T> {
    /// Reads until a head is complete or its time is over.
    fn poll_head(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.find_head();
        while let ReadState::Head { .. } = self.state {
            let mut bytes = [0; HEAD_READ_BYTES];
            let mut buf = ReadBuf::new(&mut bytes);
            if let Poll::Ready(read) = Pin::new(&mut self.io).poll_read(cx, &mut buf) {
                read?;
                if buf.filled().is_empty() {
                    self.end();
                    break;
                }
                self.inbox.extend_from_slice(buf.filled());
                self.find_head();
                continue;
            }
            if self.head_timer.is_none() && !self.inbox.is_empty() {
                self.head_timer = Some(Box::pin(sleep_until(Instant::now() + self.head_time)));
            }
            let late = self.head_timer.as_mut().is_some_and(|timer| timer.as_mut().poll(cx).is_ready());
            if !late {
                self.wait(cx);
                return Poll::Pending;
            }
            self.refuse(&RefusedHead::Bare(StatusCode::REQUEST_TIMEOUT));
        }
        Poll::Ready(Ok(()))
    }

    /// Forwards what was received of the request. When nothing is filled, the request has ended.
    fn poll_pass(&mut self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let ReadState::Forwarding(request) = &mut self.state else { return Poll::Ready(Ok(())) };
        if request.head > 0 {
            let n = request.head.min(buf.remaining());
            buf.put_slice(&self.inbox[..n]);
            self.inbox.advance(n);
            request.head -= n;
            return Poll::Ready(Ok(()));
        }
        if request.is_over() {
            let closes = request.closes;
            if request.unread.is_some() {
                self.request_is_over(closes);
            } else {
                self.state = ReadState::AwaitingAnswer { closes };
            }
            return Poll::Ready(Ok(()));
        }
        if let Some(until) = &mut request.unread {
            if until.as_mut().poll(cx).is_ready() {
                self.end();
                return Poll::Ready(Ok(()));
            }
        } else if request.passed >= BODY_AHEAD_BYTES_MAX && !self.handle.wants_body() {
            self.is_gated = true;
            self.wait(cx);
            return Poll::Pending;
        }
        if self.round >= BODY_ROUND_BYTES {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let before = buf.filled().len();
        ready!(request.poll_body(Pin::new(&mut self.io), cx, &mut self.inbox, buf))?;
        let n = buf.filled().len() - before;
        request.passed += n;
        self.round += n;
        if n == 0 {
            self.end();
        }
        Poll::Ready(Ok(()))
    }

    fn poll_refuse(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if let ReadState::Refusing { answer, written } = &mut self.state {
            while *written < answer.len() {
                let n = ready!(Pin::new(&mut self.io).poll_write(cx, &answer[*written..]))?;
                if n == 0 {
                    return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
                }
                *written += n;
            }
            ready!(self.poll_half_close(cx))?;
            ready!(self.poll_discard(cx, true));
            self.end();
        }
        Poll::Ready(Ok(()))
    }

    fn poll_half_close(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if !self.is_half_closed {
            ready!(Pin::new(&mut self.io).poll_flush(cx))?;
            ready!(Pin::new(&mut self.io).poll_shutdown(cx))?;
            self.is_half_closed = true;
        }
        Poll::Ready(Ok(()))
    }

    /// Reads on for a bounded time if the client is still sending.
    fn poll_discard(&mut self, cx: &mut Context<'_>, is_due: bool) -> Poll<()> {
        let is_due = is_due || !self.inbox.is_empty();
        self.discard.get_or_insert_with(|| Discard::begin(is_due)).poll(Pin::new(&mut self.io), cx)
    }

    /// Starts `100 Continue` if the client waits for it and a handler reads the body; writes what is left of it.
    fn poll_continue(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if let ReadState::Forwarding(request) = &mut self.state
            && request.expects
            && self.handle.wants_body()
        {
            request.expects = false;
            if request.passed == 0 && self.inbox.is_empty() {
                self.interim = CONTINUE;
            }
        }
        while !self.interim.is_empty() {
            let n = ready!(Pin::new(&mut self.io).poll_write(cx, self.interim))?;
            if n == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.interim = &self.interim[n..];
        }
        Poll::Ready(Ok(()))
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin> AsyncRead for HttpConnection<T> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buf.filled().len();
        loop {
            match &this.state {
                ReadState::Head { .. } => ready!(this.poll_head(cx))?,
                ReadState::Forwarding(_) => {
                    ready!(this.poll_pass(cx, buf))?;
                    if buf.filled().len() > before {
                        return Poll::Ready(Ok(()));
                    }
                }
                ReadState::AwaitingAnswer { .. } => {
                    this.wait(cx);
                    return Poll::Pending;
                }
                ReadState::Refusing { .. } => ready!(this.poll_refuse(cx))?,
                ReadState::Ended => return Poll::Ready(Ok(())),
            }
        }
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin> AsyncWrite for HttpConnection<T> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        if this.is_half_closed {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        // An interim answer that was begun must be written in whole before the answer.
        ready!(this.poll_continue(cx))?;
        Pin::new(&mut this.io).poll_write(cx, buf)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        this.round = 0;
        if this.is_gated && this.handle.wants_body() {
            this.is_gated = false;
            this.wake();
        }
        if this.is_half_closed {
            return Poll::Ready(Ok(()));
        }
        ready!(this.poll_continue(cx))?;
        ready!(Pin::new(&mut this.io).poll_flush(cx))?;
        if this.handle.take_answer() {
            this.answer_is_out();
            // The rest of the body has a time limit from now on, and nothing else polls the connection again.
            cx.waker().wake_by_ref();
        }
        if this.handle.wants_half_close() {
            return this.poll_half_close(cx);
        }
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(this.poll_half_close(cx))?;
        ready!(this.poll_discard(cx, false));
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests;
